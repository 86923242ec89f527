//! The steers of a batch's rows as hooks: positions with the same edit are edited together.

use tch::Tensor;

use super::{Passes, Place, Steer};
use crate::hook::{Hook, Pass, PassKind};
use crate::{Error, HookPoint};

/// One hook per hook point that any of the rows steers in such a pass. `rows[i]` belongs to row `i` of [`Pass::rows`].
pub(crate) fn steer_hooks<'a>(rows: &[&'a [Steer]], kind: PassKind) -> Vec<SteerHook<'a>> {
    let mut hooks: Vec<SteerHook<'a>> = Vec::new();
    for steer in rows
        .iter()
        .copied()
        .flatten()
        .filter(|steer| steer.acts_in(kind))
    {
        if hooks.iter().all(|hook| hook.point != steer.point) {
            hooks.push(SteerHook {
                point: steer.point,
                rows: rows.to_vec(),
            });
        }
    }
    hooks
}

#[derive(Debug)]
pub(crate) struct SteerHook<'a> {
    point: HookPoint,
    rows: Vec<&'a [Steer]>,
}

/// Positions, as `row * columns + column`, that one edit is for.
type Job<'a> = (&'a Steer, Vec<i64>);

impl Hook for SteerHook<'_> {
    fn at(&self) -> HookPoint {
        self.point
    }

    fn apply(&mut self, activation: Tensor, pass: &Pass<'_>) -> Result<Tensor, Error> {
        let shape = activation.size();
        let mut flat = activation.f_reshape([shape[0] * shape[1], -1])?;
        for jobs in self.turns(pass, shape[1]) {
            flat = apply_turn(flat, &jobs)?;
        }
        Ok(flat.f_view(shape.as_slice())?)
    }
}

impl<'a> SteerHook<'a> {
    /// First the first steer of each row, then the second, and so on: the order of a row's steers is kept.
    fn turns(&self, pass: &Pass<'_>, columns: i64) -> Vec<Vec<Job<'a>>> {
        let mut turns: Vec<Vec<Job<'a>>> = Vec::new();
        for (row, steers) in self.rows.iter().enumerate() {
            for (turn, steer) in steers
                .iter()
                .filter(|steer| steer.point == self.point)
                .enumerate()
            {
                if turns.len() <= turn {
                    turns.push(Vec::new());
                }
                let at = steer
                    .columns(pass, row)
                    .map(|column| row as i64 * columns + column as i64);
                match turns[turn]
                    .iter_mut()
                    .find(|(other, _)| other.same_edit(steer))
                {
                    Some((_, positions)) => positions.extend(at),
                    None => turns[turn].push((steer, at.collect())),
                }
            }
        }
        turns
            .iter_mut()
            .for_each(|jobs| jobs.retain(|(_, positions)| !positions.is_empty()));
        turns.retain(|jobs| !jobs.is_empty());
        turns
    }
}

fn apply_turn(mut flat: Tensor, jobs: &[Job<'_>]) -> Result<Tensor, Error> {
    let mut constants = Vec::new();
    let mut which = Vec::new();
    let mut positions = Vec::new();
    for (steer, at) in jobs {
        if let Some(vector) = steer.constant(flat.kind(), flat.device())? {
            which.extend(std::iter::repeat_n(constants.len() as i64, at.len()));
            positions.extend_from_slice(at);
            constants.push(vector);
            continue;
        }
        flat = if at.len() as i64 == flat.size()[0] {
            steer.edit(&flat)?
        } else {
            let at = Tensor::f_from_slice(at)?.f_to_device(flat.device())?;
            flat.f_index_copy(0, &at, &steer.edit(&flat.f_index_select(0, &at)?)?)?
        };
    }
    if constants.is_empty() {
        return Ok(flat);
    }
    let index = |x: &[i64]| Tensor::f_from_slice(x)?.f_to_device(flat.device());
    let vectors = Tensor::f_stack(&constants, 0)?.f_index_select(0, &index(&which)?)?;
    Ok(flat.f_index_add(0, &index(&positions)?, &vectors)?)
}

impl Steer {
    fn acts_in(&self, kind: PassKind) -> bool {
        match self.passes {
            Passes::Prompt => kind == PassKind::Prompt,
            Passes::Decode => kind == PassKind::Decode,
            Passes::Every => true,
        }
    }

    /// The columns of the pass in which the row is steered.
    fn columns(&self, pass: &Pass<'_>, row: usize) -> impl Iterator<Item = usize> + '_ {
        let steered = if self.acts_in(pass.kind) {
            pass.lengths[row]
        } else {
            0
        };
        let start = pass.starts[row];
        (0..steered).filter(move |column| match &self.place {
            Place::Tokens(ranges) => ranges.iter().any(|range| range.contains(&(start + column))),
            // Ranges of bytes are turned into tokens before a row is run.
            Place::Everywhere | Place::Bytes(_) => true,
        })
    }

    /// Whether both change an activation in the same way, wherever that is.
    fn same_edit(&self, other: &Self) -> bool {
        self.direction.same(&other.direction)
            && self.change == other.change
            && self.keeps_error == other.keeps_error
    }
}
