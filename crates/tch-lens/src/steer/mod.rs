//! Steering: pushing activations along a feature's direction, or any other, while the model reads or writes.
//!
//! | | along a feature of an SAE | along a vector `v`, of unit length `u` |
//! |---|---|---|
//! | [`add`](Steer::add) | `x + dose W_dec[f]` | `x + dose v` |
//! | [`scale`](Steer::scale) | feature's activation times the factor | `x + (factor - 1) (x u) u` |
//! | [`clamp`](Steer::clamp) | feature's activation set to the value | `x + (value - x u) u` |
//! | [`ablate`](Steer::ablate) | feature's activation set to 0 | `x - (x u) u` |
//!
//! The released experiment of Kang et al. (2025) is `add` with dose 100 at the tokens of " your values", in the prompt
//! pass; "a 100-fold increase", as the paper's text has it, is `scale` with factor 100.

mod edit;
mod hook;

use std::ops::Range;
use std::rc::Rc;

use tch::{Kind, Tensor};

use crate::error::request;
use crate::sae::Sae;
use crate::{Error, HookPoint, ModelConfig};
pub(crate) use hook::steer_hooks;

/// What steering pushes along.
#[derive(Debug, Clone)]
pub struct SteeringDirection(Along);

#[derive(Debug, Clone)]
enum Along {
    /// `[d_model]`, 32 bits.
    Vector(Rc<Tensor>),
    Feature(Rc<Sae>, usize),
}

impl SteeringDirection {
    /// A vector `[d_model]` of any floating-point type, on any device.
    ///
    /// # Errors
    /// Another shape; numbers that are not finite; a vector of zeros.
    pub fn vector(vector: &Tensor) -> Result<Self, Error> {
        if vector.dim() != 1 {
            return Err(request(
                "a steering vector",
                "shape [d_model]",
                format!("{:?}", vector.size()),
            ));
        }
        let vector = vector.f_detach_copy()?.f_to_kind(Kind::Float)?;
        let norm = norm(&vector)?;
        if !norm.is_finite() || norm == 0.0 {
            return Err(request(
                "a steering vector's length",
                "a finite number above 0",
                norm,
            ));
        }
        Ok(Self(Along::Vector(Rc::new(vector))))
    }

    /// A feature of a sparse autoencoder.
    ///
    /// # Errors
    /// No such feature.
    pub fn feature(sae: &Rc<Sae>, feature: usize) -> Result<Self, Error> {
        let _checked = sae.direction(feature)?;
        Ok(Self(Along::Feature(sae.clone(), feature)))
    }

    fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Along::Vector(a), Along::Vector(b)) => Rc::ptr_eq(a, b),
            (Along::Feature(a, f), Along::Feature(b, g)) => Rc::ptr_eq(a, b) && f == g,
            _ => false,
        }
    }
}

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
}

/// Where in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    Everywhere,
    Tokens(Vec<Range<usize>>),
    Bytes(Range<usize>),
}

/// An edit of one row's activations at one hook point.
///
/// Cheap to clone. By default: every position, the prompt pass only, with the SAE's error term.
#[derive(Debug, Clone)]
pub struct Steer {
    point: HookPoint,
    direction: SteeringDirection,
    change: Change,
    keeps_error: bool,
    pub(crate) place: Place,
    passes: Passes,
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

    fn new(point: HookPoint, direction: &SteeringDirection, change: Change) -> Self {
        let (direction, place, passes) = (direction.clone(), Place::Everywhere, Passes::Prompt);
        Self {
            point,
            direction,
            change,
            keeps_error: true,
            place,
            passes,
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

    /// The hook point.
    #[must_use]
    pub fn point(&self) -> HookPoint {
        self.point
    }

    /// Whether both do the same to the same positions; directions are the same if they are clones of one.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.point == other.point
            && self.direction.same(&other.direction)
            && self.change == other.change
            && self.keeps_error == other.keeps_error
            && self.place == other.place
            && self.passes == other.passes
    }

    /// Refuses what a model with that configuration cannot do in that precision.
    pub(crate) fn check(&self, config: &ModelConfig, kind: Kind) -> Result<(), Error> {
        HookPoint::parse(&self.point.to_string(), config.n_layers)?;
        let Some(width) = self.point.width(config) else {
            let expected = "a hook point with one vector per position";
            return Err(request("the steered hook point", expected, self.point));
        };
        self.check_number(kind)?;
        if self.passes == Passes::Decode && self.place != Place::Everywhere {
            let expected = "Passes::Prompt or Passes::Every: new tokens lie in no range";
            return Err(request(
                "the passes of a steer at tokens of the prompt",
                expected,
                "Passes::Decode",
            ));
        }
        match &self.direction.0 {
            Along::Feature(sae, _) if sae.is_transcoder() => {
                self.check_transcoder()?;
                sae.writes_at(config, self.point)
            }
            Along::Feature(sae, _) => sae.fits(config, self.point),
            Along::Vector(vector) if vector.size() == [width as i64] => Ok(()),
            Along::Vector(vector) => Err(request(
                "a steering vector",
                format!("shape [{width}] at {}", self.point),
                format!("{:?}", vector.size()),
            )),
        }
    }

    /// Refuses a number that, or whose product with the direction, the model's precision would make infinite.
    fn check_number(&self, kind: Kind) -> Result<(), Error> {
        let number = match self.change {
            Change::Add(Dose::Absolute(x) | Dose::OfNorm(x))
            | Change::Scale(x)
            | Change::Clamp(x) => x,
        };
        let (largest, name) = match kind {
            Kind::Half => (65_504.0, "16-bit floats"),
            Kind::BFloat16 => (3.389_531_389_251_535e38, "bfloat16"),
            _ => (f64::from(f32::MAX), "32 bits"),
        };
        let reach = match (self.change, &self.direction.0) {
            (Change::Add(Dose::Absolute(_)), Along::Vector(vector)) => largest_of(vector)?,
            (Change::Add(Dose::Absolute(_)), Along::Feature(sae, feature)) => {
                largest_of(&sae.direction(*feature)?)?
            }
            _ => 1.0,
        };
        // Written so that NaN is refused, too.
        if number.abs() * reach.max(1.0) <= largest {
            return Ok(());
        }
        let expected = if reach <= 1.0 {
            format!("a number that {name} can hold, at most {largest:e}")
        } else {
            format!(
                "at most {:e}, as times the direction's largest number, {reach}, {name} can hold no more",
                largest / reach
            )
        };
        Err(request(
            "the steering dose",
            expected,
            format!("{number:e}"),
        ))
    }

    /// What is at a transcoder's output is no activation that it reads, so there is nothing to scale, set or reconstruct.
    fn check_transcoder(&self) -> Result<(), Error> {
        match self.change {
            Change::Add(_) if self.keeps_error => Ok(()),
            _ => Err(request(
                "a steer along a transcoder's feature",
                "Steer::add with the error kept: it reads another activation than it writes",
                "another change",
            )),
        }
    }
}

fn largest_of(vector: &Tensor) -> Result<f64, tch::TchError> {
    vector
        .f_abs()?
        .f_max()?
        .f_to_kind(Kind::Double)?
        .f_double_value(&[])
}

fn norm(vector: &Tensor) -> Result<f64, tch::TchError> {
    vector
        .f_to_kind(Kind::Double)?
        .f_norm()?
        .f_double_value(&[])
}
