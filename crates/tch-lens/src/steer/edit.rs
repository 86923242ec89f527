//! What steers do to activations `[n, width]`, position by position.

use tch::{Device, Kind, TchError, Tensor};

use super::direction::Along;
use super::{Change, Dose, Steer, Turn};
use crate::Error;
use crate::error::request;

/// A position that is steered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) steer: &'a Steer,
    /// Where it is in the pass: `row * columns + column`.
    pub(super) at: i64,
    /// How many tokens it is behind the first that the steer could act on.
    pub(super) nth: i64,
}

/// Which steers are carried out together.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// The same vector at every position.
    Shift,
    /// Along a vector, by what there is along it.
    Line(LineChange),
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum LineChange {
    OfNorm,
    Scale,
    Clamp,
    AtLeast,
    AtMost,
}

/// The steers of `spots`, which are carried out together, at their positions `x` `[n, width]`.
pub(super) fn edit(x: &Tensor, spots: &[Spot<'_>]) -> Result<Tensor, Error> {
    let Some(first) = spots.first() else {
        return Ok(x.shallow_clone());
    };
    match first.steer.way() {
        Way::Shift => shift(x, spots),
        Way::Line(change) => along_lines(x, spots, change),
        Way::Own => first.steer.own_edit(x),
    }
}

/// Adds each position's vector, times its dose.
fn shift(x: &Tensor, spots: &[Spot<'_>]) -> Result<Tensor, Error> {
    let (width, device) = (x.size()[1], x.device());
    let mut first_of = Vec::new();
    let mut next = 0;
    let vectors = Lines::of(spots, |steer| {
        let vectors = steer.shift_vectors(width, device)?;
        first_of.push(next);
        next += vectors.size()[0];
        Ok(vectors)
    })?;
    let which = spots.iter().zip(&vectors.which);
    let which: Vec<i64> = which
        .map(|(spot, &line)| {
            let rows = matches!(spot.steer.direction.0, Along::Rows(_));
            first_of[line as usize] + if rows { spot.nth } else { 0 }
        })
        .collect();
    let doses = numbers(spots)?
        .f_to_device(device)?
        .f_to_kind(Kind::Float)?;
    let push = vectors
        .pick(&which)?
        .f_mul(&doses.f_unsqueeze(-1)?)?
        .f_to_kind(x.kind())?;
    Ok(x.f_add(&without_effect_on_zeros(push)?)?)
}

/// Moves each position along its line, as far as the change asks.
fn along_lines(x: &Tensor, spots: &[Spot<'_>], change: LineChange) -> Result<Tensor, Error> {
    let (width, device) = (x.size()[1], x.device());
    let lines = Lines::of(spots, |steer| {
        Ok(steer.unit(width, device)?.f_unsqueeze(0)?)
    })?;
    let units = lines.pick(&lines.which)?;
    let x64 = x.f_to_kind(Kind::Double)?;
    let numbers = numbers(spots)?.f_to_device(device)?;
    let seen = if change == LineChange::OfNorm {
        let masks = Lines::of(spots, |steer| {
            Ok(steer.reach(width, device)?.f_unsqueeze(0)?)
        })?;
        x64.f_mul(&masks.pick(&masks.which)?)?
    } else {
        x64.shallow_clone()
    };
    let far = how_far(&seen, &units, &numbers, change)?;
    let push = units.f_mul(&far.f_unsqueeze(-1)?)?;
    Ok(x64
        .f_add(&without_effect_on_zeros(push)?)?
        .f_to_kind(x.kind())?)
}

/// How far to go along the unit vectors `[n or 1, width]` from `x` `[n, width]`.
fn how_far(
    x: &Tensor,
    units: &Tensor,
    numbers: &Tensor,
    change: LineChange,
) -> Result<Tensor, TchError> {
    if change == LineChange::OfNorm {
        return x
            .f_norm_scalaropt_dim(2.0, [-1].as_slice(), false)?
            .f_mul(numbers);
    }
    let along = x
        .f_mul(units)?
        .f_sum_dim_intlist([-1].as_slice(), false, Kind::Double)?;
    match change {
        LineChange::Scale => along.f_mul(&numbers.f_sub_scalar(1.0)?),
        LineChange::AtLeast => numbers.f_sub(&along)?.f_clamp_min(0.0),
        LineChange::AtMost => numbers.f_sub(&along)?.f_clamp_max(0.0),
        LineChange::Clamp | LineChange::OfNorm => numbers.f_sub(&along),
    }
}

/// Zeros as negative zeros, which leave every bit of what they are added to.
fn without_effect_on_zeros(push: Tensor) -> Result<Tensor, TchError> {
    let zeros = push.f_eq(0.0)?;
    push.f_masked_fill(&zeros, -0.0)
}

/// Each spot's number: dose, factor, value, or what was measured.
fn numbers(spots: &[Spot<'_>]) -> Result<Tensor, TchError> {
    let numbers: Vec<f64> = spots.iter().map(|spot| spot.steer.number()).collect();
    Tensor::f_from_slice(&numbers)
}

/// The vectors of several spots, each direction's once.
struct Lines {
    /// Those of all directions, one after the other.
    vectors: Tensor,
    /// For each spot, which of the directions is its.
    which: Vec<i64>,
}

impl Lines {
    fn of<'a>(
        spots: &[Spot<'a>],
        mut vectors: impl FnMut(&'a Steer) -> Result<Tensor, Error>,
    ) -> Result<Self, Error> {
        let mut steers: Vec<&Steer> = Vec::new();
        let mut stacked = Vec::new();
        let mut which: Vec<i64> = Vec::with_capacity(spots.len());
        let mut last: Option<&Steer> = None;
        for Spot { steer, .. } in spots {
            // A row's positions come together.
            if let (Some(last), Some(&line)) = (last, which.last())
                && std::ptr::eq(last, *steer)
            {
                which.push(line);
                continue;
            }
            last = Some(steer);
            let known = steers.iter().position(|known| {
                known.direction.same(&steer.direction) && known.measured_once == steer.measured_once
            });
            which.push(known.unwrap_or(steers.len()) as i64);
            if known.is_none() {
                steers.push(steer);
                stacked.push(vectors(steer)?);
            }
        }
        Ok(Self {
            vectors: Tensor::f_cat(&stacked, 0)?,
            which,
        })
    }

    /// These of the vectors `[n, width]`; `[1, width]` where there is only one.
    fn pick(&self, which: &[i64]) -> Result<Tensor, TchError> {
        if self.vectors.size()[0] == 1 {
            return Ok(self.vectors.shallow_clone());
        }
        let which = Tensor::f_from_slice(which)?.f_to_device(self.vectors.device())?;
        self.vectors.f_index_select(0, &which)
    }
}

impl Steer {
    /// Whether both can be carried out together.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        match (self.way(), other.way()) {
            (Way::Own, Way::Own) => self.same_edit(other),
            (one, another) => one == another,
        }
    }

    fn way(&self) -> Way {
        let line = match (&self.direction.0, self.change) {
            _ if self.measured_once => return Way::Shift,
            (Along::Feature(..), _) if !self.keeps_error => return Way::Own,
            (_, Change::Add(Dose::Absolute(_))) => return Way::Shift,
            (_, Change::Add(Dose::OfNorm(_))) => return Way::Line(LineChange::OfNorm),
            (Along::Line(_), change) => LineChange::of(change),
            _ => None,
        };
        line.map_or(Way::Own, Way::Line)
    }

    /// Dose, factor or value; what was measured where that counts.
    fn number(&self) -> f64 {
        if let Some(amount) = self.held.amount.get().filter(|_| self.measured_once) {
            return amount;
        }
        self.stated()
    }

    /// The same as it was asked for.
    pub(super) fn stated(&self) -> f64 {
        match self.change {
            Change::Add(Dose::Absolute(x) | Dose::OfNorm(x))
            | Change::Scale(x)
            | Change::Clamp(x)
            | Change::AtLeast(x)
            | Change::AtMost(x)
            | Change::Turn(Turn { degrees: x, .. }) => x,
        }
    }

    /// How many tokens rows reach; none for other directions.
    pub(crate) fn rows(&self) -> Option<usize> {
        match &self.direction.0 {
            Along::Rows(rows) => Some(rows.size()[0] as usize),
            _ => None,
        }
    }

    /// Decides on a row's prompt `[tokens, width]` at the steer's own hook point.
    pub(super) fn measure(&self, prompt: &Tensor) -> Result<(), Error> {
        if self.gate.point() == Some(self.point) {
            self.decide(prompt)?;
        }
        if let Some(change) = LineChange::of(self.change).filter(|_| self.measured_once) {
            let last = prompt.f_narrow(0, -1, 1)?.f_to_kind(Kind::Double)?;
            let (width, device) = (last.size()[1], last.device());
            let last = match change {
                LineChange::OfNorm => last.f_mul(&self.reach(width, device)?)?,
                _ => last,
            };
            let number = Tensor::f_from_slice(&[self.stated()])?.f_to_device(device)?;
            let far = how_far(&last, &self.unit(width, device)?, &number, change)?;
            self.held.amount.set(Some(far.f_double_value(&[0])?));
        }
        Ok(())
    }

    /// Opens or shuts the gate, by a row's prompt `[tokens, width]` at the gate's hook point.
    pub(super) fn decide(&self, prompt: &Tensor) -> Result<(), Error> {
        self.held.open.set(Some(self.gate.decide(prompt)?));
        Ok(())
    }

    /// Whether the row is steered, as far as its prompt has decided.
    pub(super) fn is_on(&self) -> bool {
        let open = self.gate.known().or(self.held.open.get());
        let idle = self.measured_once && self.held.amount.get() == Some(0.0);
        open == Some(true) && !idle && !self.is_idle()
    }

    /// The vectors `[n, width]`, in 32 bits, one of which a dose of 1 adds.
    fn shift_vectors(&self, width: i64, device: Device) -> Result<Tensor, Error> {
        let vector = match &self.direction.0 {
            Along::Rows(rows) => return Ok(rows.f_to_device(device)?),
            Along::Line(line) if self.measured_once => {
                spread(&line.unit.f_to_kind(Kind::Float)?, line.head, width)?
            }
            Along::Line(line) => spread(&line.vector, line.head, width)?,
            Along::Numbers(numbers) => Tensor::f_zeros([width], (Kind::Float, Device::Cpu))?
                .f_index_copy(0, &numbers.indices, &numbers.amounts)?,
            Along::Feature(..) | Along::Plane(_) => self.feature_direction()?,
        };
        Ok(vector.f_to_device(device)?.f_unsqueeze(0)?)
    }

    /// The unit vector `[width]` that it goes along, in 64 bits.
    fn unit(&self, width: i64, device: Device) -> Result<Tensor, Error> {
        let unit = match &self.direction.0 {
            Along::Line(line) => spread(&line.unit, line.head, width)?,
            _ => {
                let vector = self.feature_direction()?.f_to_kind(Kind::Double)?;
                vector.f_div(&vector.f_norm()?)?
            }
        };
        Ok(unit.f_to_device(device)?)
    }

    /// 1 for each number `[width]` of the activation that the direction is part of, and 0 for the others.
    fn reach(&self, width: i64, device: Device) -> Result<Tensor, TchError> {
        match &self.direction.0 {
            Along::Line(line) => {
                spread(&line.unit.f_ones_like()?, line.head, width)?.f_to_device(device)
            }
            _ => Tensor::f_ones([width], (Kind::Double, device)),
        }
    }

    /// A feature's direction `[width]` as it is, in 32 bits.
    fn feature_direction(&self) -> Result<Tensor, Error> {
        match &self.direction.0 {
            Along::Feature(sae, feature) => Ok(sae.direction(*feature)?.f_to_kind(Kind::Float)?),
            _ => Err(request("a steer", "a direction", "none")),
        }
    }

    /// Edits that no others go with.
    fn own_edit(&self, x: &Tensor) -> Result<Tensor, Error> {
        match &self.direction.0 {
            Along::Feature(sae, feature) => {
                if let Change::Add(_) = self.change {
                    let mut kept = self.clone();
                    kept.keeps_error = true;
                    let steer = &kept;
                    let (at, nth) = (0, 0);
                    let spots = vec![Spot { steer, at, nth }; x.size()[0] as usize];
                    let push = edit(x, &spots)?.f_sub(x)?;
                    return Ok(sae.reconstruct(x)?.f_add(&push)?);
                }
                let old = sae.feature(x, *feature)?;
                let change = self.changed(&old)?.f_sub(&old)?;
                let written = sae.write(x, *feature, &change)?;
                if self.keeps_error {
                    let changed = change.f_ne(0.0)?.f_unsqueeze(-1)?;
                    Ok(written.f_where_self(&changed, x)?)
                } else {
                    Ok(sae.reconstruct(x)?.f_add(&written.f_sub(x)?)?)
                }
            }
            Along::Numbers(numbers) => {
                let indices = numbers.indices.f_to_device(x.device())?;
                let old = x.f_index_select(-1, &indices)?;
                Ok(x.f_index_copy(-1, &indices, &self.changed(&old)?)?)
            }
            Along::Plane(plane) => self.turned(x, &plane.f_to_device(x.device())?),
            Along::Line(_) | Along::Rows(_) => Ok(x.shallow_clone()),
        }
    }

    /// Single numbers as the change leaves them.
    fn changed(&self, old: &Tensor) -> Result<Tensor, TchError> {
        match self.change {
            Change::Scale(factor) => old.f_mul_scalar(factor),
            Change::Clamp(value) => old.f_full_like(value),
            Change::AtLeast(value) => old.f_full_like(value)?.f_where_self(&old.f_lt(value)?, old),
            Change::AtMost(value) => old.f_full_like(value)?.f_where_self(&old.f_gt(value)?, old),
            Change::Add(_) | Change::Turn(_) => Ok(old.shallow_clone()),
        }
    }

    fn turned(&self, x: &Tensor, plane: &Tensor) -> Result<Tensor, Error> {
        let Change::Turn(turn) = self.change else {
            return Ok(x.shallow_clone());
        };
        let x64 = x.f_to_kind(Kind::Double)?;
        let part = x64.f_matmul(&plane.f_tr()?)?;
        let length = part.f_norm_scalaropt_dim(2.0, [-1].as_slice(), true)?;
        let (sin, cos) = turn.degrees.to_radians().sin_cos();
        let aim = Tensor::f_from_slice(&[cos, sin])?.f_to_device(x.device())?;
        let moved = length.f_mul(&aim)?.f_sub(&part)?.f_matmul(plane)?;
        let turned = x64.f_add(&moved)?.f_to_kind(x.kind())?;
        if !turn.along_first {
            return Ok(turned);
        }
        let along = part.f_narrow(-1, 0, 1)?.f_gt(0.0)?;
        Ok(turned.f_where_self(&along, x)?)
    }
}

impl LineChange {
    fn of(change: Change) -> Option<Self> {
        match change {
            Change::Add(Dose::OfNorm(_)) => Some(Self::OfNorm),
            Change::Scale(_) => Some(Self::Scale),
            Change::Clamp(_) => Some(Self::Clamp),
            Change::AtLeast(_) => Some(Self::AtLeast),
            Change::AtMost(_) => Some(Self::AtMost),
            Change::Add(Dose::Absolute(_)) | Change::Turn(_) => None,
        }
    }
}

/// A vector of the whole activation, or of one head among zeros, as `[width]`.
fn spread(vector: &Tensor, head: Option<usize>, width: i64) -> Result<Tensor, TchError> {
    let Some(head) = head else {
        return Ok(vector.shallow_clone());
    };
    let n = vector.size()[0];
    let before = head as i64 * n;
    vector.f_constant_pad_nd([before, width - before - n])
}
