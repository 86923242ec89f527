//! Steering: pushing activations along a feature's direction, or any other, while the model reads or writes.
//!
//! | | along a feature of an SAE | along a vector `v`, of unit length `u` |
//! |---|---|---|
//! | [`add`](Steer::add) | `x + dose W_dec[f]` | `x + dose v` |
//! | [`scale`](Steer::scale) | feature's activation times the factor | `x + (factor - 1) (x u) u` |
//! | [`clamp`](Steer::clamp) | feature's activation set to the value | `x + (value - x u) u` |
//! | [`ablate`](Steer::ablate) | feature's activation set to 0 | `x - (x u) u` |
//! | [`at_least`](Steer::at_least) | `clamp` where it was less | `x + max(0, value - x u) u` |
//! | [`at_most`](Steer::at_most) | `clamp` where it was more | `x + min(0, value - x u) u` |
//! | [`turn`](Steer::turn) | | `x - P x + abs(P x) (cos t b1 + sin t b2)` in a plane of `b1` and `b2`, onto which `P` projects |
//!
//! A vector may be one [head's](SteeringDirection::head), or single [numbers](SteeringDirection::numbers) of the activation,
//! each on its own, or another one for each [token](SteeringDirection::rows). A steer acts at the
//! [tokens](Steer::at_tokens), [bytes](Steer::at_bytes) and [passes](Steer::passes) that it is told, and, with a [`Gate`],
//! for some prompts only. Steers at one hook point come in the request's order, and later layers see what earlier ones
//! changed. A dose of 0, a floor already met and a gate that is shut leave every bit of a row.
//!
//! The released experiment of Kang et al. (2025) is `add` with dose 100 at the tokens of " your values", in the prompt
//! pass; "a 100-fold increase", as the paper's text has it, is `scale` with factor 100.

mod check;
mod direction;
mod edit;
mod gate;
mod hook;

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use crate::probe::Probe;
use crate::{Error, HookPoint};
use direction::Along;
pub use direction::SteeringDirection;
pub use gate::Gate;
pub(crate) use hook::steer_hooks;

/// How far [`Steer::add`] goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Dose {
    /// This many times the direction as it is: `W_dec[f]` need not be of unit length.
    Absolute(f64),
    /// This share of the length that the activation has at the position, along the direction's unit vector.
    OfNorm(f64),
}

impl From<f64> for Dose {
    fn from(dose: f64) -> Self {
        Self::Absolute(dose)
    }
}

/// Which passes are steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Passes {
    /// The prompt's, as in the released experiment.
    Prompt,
    /// Those of new tokens.
    Decode,
    /// All.
    Every,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Add(Dose),
    Scale(f64),
    Clamp(f64),
    AtLeast(f64),
    AtMost(f64),
    Turn(Turn),
}

/// A rotation in a plane to that angle.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Turn {
    degrees: f64,
    /// Only positions that lie along the plane's first vector.
    along_first: bool,
}

/// Where in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    Everywhere,
    Tokens(Vec<Range<usize>>),
    Bytes(Range<usize>),
    /// From this token on.
    From(usize),
    /// From the token on that covers this byte.
    FromByte(usize),
    /// The last position of each pass.
    Last,
}

/// An edit of one row's activations at one hook point.
///
/// Cheap to clone. By default: every position, the prompt pass only, with the SAE's error term, for every prompt.
#[derive(Debug, Clone)]
pub struct Steer {
    point: HookPoint,
    direction: SteeringDirection,
    change: Change,
    keeps_error: bool,
    pub(crate) place: Place,
    passes: Passes,
    gate: Gate,
    measured_once: bool,
    held: Rc<Held>,
}

/// What a row's prompt has decided, for the passes that follow.
#[derive(Debug, Default)]
struct Held {
    open: Cell<Option<bool>>,
    amount: Cell<Option<f64>>,
}

impl Steer {
    /// Adds the direction, `dose` times.
    pub fn add(point: HookPoint, direction: &SteeringDirection, dose: impl Into<Dose>) -> Self {
        Self::new(point, direction, Change::Add(dose.into()))
    }

    /// Multiplies what there is along the direction.
    #[must_use]
    pub fn scale(point: HookPoint, direction: &SteeringDirection, factor: f64) -> Self {
        Self::new(point, direction, Change::Scale(factor))
    }

    /// Sets what there is along the direction.
    #[must_use]
    pub fn clamp(point: HookPoint, direction: &SteeringDirection, value: f64) -> Self {
        Self::new(point, direction, Change::Clamp(value))
    }

    /// Takes away what there is along the direction.
    #[must_use]
    pub fn ablate(point: HookPoint, direction: &SteeringDirection) -> Self {
        Self::clamp(point, direction, 0.0)
    }

    /// Sets what there is along the direction where it is less: a floor. Elsewhere the activation keeps every bit.
    #[must_use]
    pub fn at_least(point: HookPoint, direction: &SteeringDirection, value: f64) -> Self {
        Self::new(point, direction, Change::AtLeast(value))
    }

    /// Sets what there is along the direction where it is more: a ceiling. Elsewhere the activation keeps every bit.
    #[must_use]
    pub fn at_most(point: HookPoint, direction: &SteeringDirection, value: f64) -> Self {
        Self::new(point, direction, Change::AtMost(value))
    }

    /// Moves the activation along the probe's weights, as little as it takes for the probe to give it at least this
    /// probability: a floor of `(logit(p) - b) / |w|` along `w`. At every position by itself; with
    /// [`measured_once`](Self::measured_once), and in [every pass](Passes::Every), as in the released code of controlled value
    /// vector activation (Jin et al. 2025, [ConVA](https://github.com/hr-jin/ConVA)).
    ///
    /// # Errors
    /// A probability that is not between 0 and 1, both excluded.
    pub fn at_least_probability(
        point: HookPoint,
        probe: &Probe,
        probability: f64,
    ) -> Result<Self, Error> {
        let (direction, value) = (probe.steering_direction()?, probe.value_at(probability)?);
        Ok(Self::at_least(point, &direction, value))
    }

    /// The other way round: as little as it takes for the probe to give at most this probability.
    ///
    /// # Errors
    /// As [`at_least_probability`](Self::at_least_probability).
    pub fn at_most_probability(
        point: HookPoint,
        probe: &Probe,
        probability: f64,
    ) -> Result<Self, Error> {
        let (direction, value) = (probe.steering_direction()?, probe.value_at(probability)?);
        Ok(Self::at_most(point, &direction, value))
    }

    /// Turns the activation's part in the [plane](SteeringDirection::plane) to this angle from the plane's first vector, its
    /// length and everything outside of the plane as they were: angular steering (Vu and Nguyen 2025,
    /// [angular-steering](https://github.com/lone17/angular-steering)), which is released after the norms.
    #[must_use]
    pub fn turn(point: HookPoint, plane: &SteeringDirection, degrees: f64) -> Self {
        let along_first = false;
        Self::new(
            point,
            plane,
            Change::Turn(Turn {
                degrees,
                along_first,
            }),
        )
    }

    /// [`turn`](Self::turn), but only at positions that lie along the plane's first vector (`x b1 > 0`), which is called
    /// adaptive. All others keep every bit.
    #[must_use]
    pub fn turn_what_is_along(point: HookPoint, plane: &SteeringDirection, degrees: f64) -> Self {
        let along_first = true;
        Self::new(
            point,
            plane,
            Change::Turn(Turn {
                degrees,
                along_first,
            }),
        )
    }

    fn new(point: HookPoint, direction: &SteeringDirection, change: Change) -> Self {
        let (direction, place, passes) = (direction.clone(), Place::Everywhere, Passes::Prompt);
        Self {
            point,
            direction,
            change,
            keeps_error: true,
            place,
            passes,
            gate: Gate::fixed(true),
            measured_once: false,
            held: Rc::default(),
        }
    }

    /// Only at the tokens of these ranges, counted from the prompt's first, BOS included. Default: every token.
    ///
    /// New tokens lie in no range: with one, [`Passes::Every`] does what [`Passes::Prompt`] does, and
    /// [`Passes::Decode`] is refused.
    #[must_use]
    pub fn at_tokens(mut self, ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        self.place = Place::Tokens(ranges.into_iter().collect());
        self
    }

    /// Only at the tokens that cover these bytes of the prompt's text. Default: every token. For new tokens see
    /// [`at_tokens`](Self::at_tokens).
    #[must_use]
    pub fn at_bytes(mut self, range: Range<usize>) -> Self {
        self.place = Place::Bytes(range);
        self
    }

    /// Only from this token on, counted from the prompt's first, BOS included; new tokens, in the passes that are steered,
    /// too. Contrastive activation addition steers from the end of the instruction on (Rimsky et al. 2024,
    /// [CAA](https://github.com/nrimsky/CAA)).
    #[must_use]
    pub fn from_token(mut self, token: usize) -> Self {
        self.place = Place::From(token);
        self
    }

    /// [`from_token`](Self::from_token) with the token that covers this byte of the prompt's text.
    #[must_use]
    pub fn from_byte(mut self, byte: usize) -> Self {
        self.place = Place::FromByte(byte);
        self
    }

    /// Only at the last position of each pass: the prompt's last token, and each new one as it is read. What earlier
    /// positions predict cannot feel it, so that a loss on text that is read as a prompt shows no cost, as in the released
    /// code of inference-time intervention.
    #[must_use]
    pub fn at_last(mut self) -> Self {
        self.place = Place::Last;
        self
    }

    /// In these passes. Default: [`Passes::Prompt`].
    #[must_use]
    pub fn passes(mut self, passes: Passes) -> Self {
        self.passes = passes;
        self
    }

    /// Whether what the SAE cannot express stays in the activation. Without it the activation becomes the SAE's edited
    /// reconstruction. Says nothing about vectors. Default: it stays.
    #[must_use]
    pub fn keep_error(mut self, keep: bool) -> Self {
        self.keeps_error = keep;
        self
    }

    /// Only in rows whose prompt opens the gate. Default: in all.
    #[must_use]
    pub fn gate(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// How far the direction is from what is wanted is measured once, at the prompt's last token with all earlier edits in
    /// it, and that much is added at every steered position of every steered pass. For vectors and heads, and all changes
    /// that ask what there is along them. Default: each position is measured by itself.
    #[must_use]
    pub fn measured_once(mut self) -> Self {
        self.measured_once = true;
        self
    }

    /// The hook point.
    #[must_use]
    pub fn point(&self) -> HookPoint {
        self.point
    }

    /// Whether both do the same to the same positions; directions are the same if they are clones of one.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.point == other.point
            && self.same_edit(other)
            && self.place == other.place
            && self.passes == other.passes
            && self.gate.same(&other.gate)
            && self.measured_once == other.measured_once
    }

    /// Whether both change an activation in the same way, wherever that is.
    fn same_edit(&self, other: &Self) -> bool {
        self.direction.same(&other.direction)
            && self.change == other.change
            && self.keeps_error == other.keeps_error
    }

    /// The steer for one row, with nothing decided yet.
    pub(crate) fn for_a_row(&self) -> Self {
        let mut own = self.clone();
        own.held = Rc::default();
        own
    }

    /// Whether what it does at a prompt's beginning depends on how the prompt goes on.
    pub(crate) fn depends_on_prompt(&self) -> bool {
        self.measures() && !self.is_idle()
    }

    /// Whether a row's prompt decides on something.
    fn measures(&self) -> bool {
        self.measured_once || self.gate.known().is_none()
    }

    /// Whether it never changes anything.
    fn is_idle(&self) -> bool {
        let feature = matches!(self.direction.0, Along::Feature(..));
        let nothing = matches!(
            self.change,
            Change::Add(Dose::Absolute(0.0) | Dose::OfNorm(0.0)) | Change::Scale(1.0)
        );
        self.gate.known() == Some(false) || nothing && (self.keeps_error || !feature)
    }
}
