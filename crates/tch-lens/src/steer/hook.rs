//! The steers of a batch's rows as hooks: what can be carried out together is.

use tch::Tensor;

use super::edit::{Spot, edit};
use super::{Passes, Place, Steer};
use crate::hook::{Hook, Pass, PassKind};
use crate::{Error, HookPoint};

/// One hook per hook point that any of the rows steers or looks at in such a pass. `rows[i]` belongs to row `i` of
/// [`Pass::rows`].
pub(crate) fn steer_hooks<'a>(rows: &[&'a [Steer]], kind: PassKind) -> Vec<SteerHook<'a>> {
    let mut hooks: Vec<SteerHook<'a>> = Vec::new();
    for steer in rows.iter().copied().flatten() {
        for point in steer.points(kind).into_iter().flatten() {
            if hooks.iter().all(|hook| hook.point != point) {
                let rows = rows.to_vec();
                hooks.push(SteerHook { point, rows });
            }
        }
    }
    hooks
}

#[derive(Debug)]
pub(crate) struct SteerHook<'a> {
    point: HookPoint,
    rows: Vec<&'a [Steer]>,
}

impl Hook for SteerHook<'_> {
    fn at(&self) -> HookPoint {
        self.point
    }

    fn apply(&mut self, activation: Tensor, pass: &Pass<'_>) -> Result<Tensor, Error> {
        let shape = activation.size();
        let columns = shape[1];
        let mut flat = activation.f_reshape([shape[0] * columns, -1])?;
        let row_of = |flat: &Tensor, row: usize| {
            flat.f_narrow(0, row as i64 * columns, pass.lengths[row] as i64)
        };
        let prompt = pass.kind == PassKind::Prompt;
        // First the first steer of each row, then the second, and so on: the order of a row's steers is kept.
        for turn in 0.. {
            let steers = self.rows.iter().enumerate();
            let steers: Vec<(usize, &Steer)> = steers
                .filter_map(|(row, steers)| {
                    let here = |steer: &&Steer| steer.point == self.point;
                    Some((row, steers.iter().filter(here).nth(turn)?))
                })
                .collect();
            if steers.is_empty() {
                break;
            }
            for (row, steer) in &steers {
                if prompt && steer.depends_on_prompt() {
                    steer.measure(&row_of(&flat, *row)?)?;
                }
            }
            flat = apply_turn(flat, &groups(&steers, pass, columns))?;
        }
        for (row, steers) in self.rows.iter().enumerate().filter(|_| prompt) {
            let looking = steers.iter().filter(|steer| {
                steer.point != self.point && steer.gate.point() == Some(self.point)
            });
            for steer in looking {
                steer.decide(&row_of(&flat, row)?)?;
            }
        }
        Ok(flat.f_view(shape.as_slice())?)
    }
}

/// The positions that are steered, by what can be carried out together.
fn groups<'a>(steers: &[(usize, &'a Steer)], pass: &Pass<'_>, columns: i64) -> Vec<Vec<Spot<'a>>> {
    let mut groups: Vec<Vec<Spot<'a>>> = Vec::new();
    for &(row, steer) in steers {
        let start = pass.starts[row];
        let first = match steer.place {
            Place::From(first) => first,
            _ => 0,
        };
        let spots = steer.columns(pass, row).map(|column| Spot {
            steer,
            at: row as i64 * columns + column as i64,
            nth: (start + column - first) as i64,
        });
        let group = groups.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|spot| spot.steer.goes_with(steer))
        });
        match group {
            Some(group) => group.extend(spots),
            None => {
                let group: Vec<Spot<'a>> = spots.collect();
                if !group.is_empty() {
                    groups.push(group);
                }
            }
        }
    }
    groups
}

fn apply_turn(flat: Tensor, groups: &[Vec<Spot<'_>>]) -> Result<Tensor, Error> {
    if let [group] = groups
        && group.len() as i64 == flat.size()[0]
    {
        return edit(&flat, group);
    }
    let (mut edited, mut places) = (Vec::new(), Vec::new());
    for group in groups {
        let at: Vec<i64> = group.iter().map(|spot| spot.at).collect();
        let at = Tensor::f_from_slice(&at)?.f_to_device(flat.device())?;
        edited.push(edit(&flat.f_index_select(0, &at)?, group)?);
        places.push(at);
    }
    if edited.is_empty() {
        return Ok(flat);
    }
    Ok(flat.f_index_copy(0, &Tensor::f_cat(&places, 0)?, &Tensor::f_cat(&edited, 0)?)?)
}

impl Steer {
    fn acts_in(&self, kind: PassKind) -> bool {
        match self.passes {
            Passes::Prompt => kind == PassKind::Prompt,
            Passes::Decode => kind == PassKind::Decode,
            Passes::Every => true,
        }
    }

    /// Where it needs a hook in such a pass.
    fn points(&self, kind: PassKind) -> [Option<HookPoint>; 2] {
        if self.is_idle() {
            return [None, None];
        }
        let looks = kind == PassKind::Prompt && self.measures();
        [
            (looks || self.acts_in(kind)).then_some(self.point),
            self.gate.point().filter(|_| looks),
        ]
    }

    /// The columns of the pass in which the row is steered.
    fn columns(&self, pass: &Pass<'_>, row: usize) -> impl Iterator<Item = usize> + '_ {
        let steered = if self.acts_in(pass.kind) && self.is_on() {
            pass.lengths[row]
        } else {
            0
        };
        let start = pass.starts[row];
        let rows = self.rows();
        (0..steered).filter(move |column| {
            let token = start + column;
            let (placed, first) = match &self.place {
                Place::Tokens(ranges) => (ranges.iter().any(|range| range.contains(&token)), 0),
                Place::From(first) => (token >= *first, *first),
                Place::Last => (column + 1 == steered, 0),
                // Bytes are turned into tokens before a row is run.
                Place::Everywhere | Place::Bytes(_) | Place::FromByte(_) => (true, 0),
            };
            placed && rows.is_none_or(|rows| token - first < rows)
        })
    }
}
