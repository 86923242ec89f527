//! What a steer must be to fit a model.

use tch::{Kind, Tensor};

use super::direction::Along;
use super::{Change, Dose, Passes, Place, Steer};
use crate::error::request;
use crate::{Error, HookPoint, ModelConfig};

impl Steer {
    /// Refuses what a model with that configuration cannot do in that precision.
    pub(crate) fn check(&self, config: &ModelConfig, kind: Kind) -> Result<(), Error> {
        HookPoint::parse(&self.point.to_string(), config.n_layers)?;
        let Some(width) = self.point.width(config) else {
            let expected = "a hook point with one vector per position";
            return Err(request("the steered hook point", expected, self.point));
        };
        self.check_number(kind)?;
        let in_prompt = matches!(self.place, Place::Tokens(_) | Place::Bytes(_))
            || matches!(self.direction.0, Along::Rows(_));
        if self.passes == Passes::Decode && in_prompt {
            let expected = "Passes::Prompt or Passes::Every: new tokens lie in no range";
            return Err(request(
                "the passes of a steer at tokens of the prompt",
                expected,
                "Passes::Decode",
            ));
        }
        self.check_change()?;
        self.check_direction(config, width)?;
        self.gate.check(config, self.point)
    }

    /// Refuses changes that the direction does not know.
    fn check_change(&self) -> Result<(), Error> {
        let absolute = matches!(self.change, Change::Add(Dose::Absolute(_)));
        let of_norm = matches!(self.change, Change::Add(Dose::OfNorm(_)));
        let turn = matches!(self.change, Change::Turn(_));
        let (what, fits, expected) = match self.direction.0 {
            Along::Plane(_) => ("a steer in a plane", turn, "Steer::turn"),
            Along::Rows(_) => (
                "a steer along rows",
                absolute && matches!(self.place, Place::Everywhere | Place::From(_)),
                "Steer::add with Dose::Absolute, everywhere or from a token on",
            ),
            Along::Numbers(_) => (
                "a steer along single numbers",
                !turn && !of_norm,
                "any change but Dose::OfNorm and Steer::turn",
            ),
            Along::Line(_) | Along::Feature(..) => (
                "a steer along a direction",
                !turn,
                "any change but Steer::turn, which wants a plane",
            ),
        };
        if !fits {
            return Err(request(what, expected, "another change or place"));
        }
        if self.measured_once && (absolute || !matches!(self.direction.0, Along::Line(_))) {
            let expected = "a vector or a head, and a change that asks what there is along it";
            return Err(request("a steer measured once", expected, "another"));
        }
        Ok(())
    }

    /// Refuses a direction that is not of the hook point.
    fn check_direction(&self, config: &ModelConfig, width: usize) -> Result<(), Error> {
        let vector = |what: &str, found: Vec<i64>, width: usize| {
            if found.last() == Some(&(width as i64)) {
                return Ok(());
            }
            Err(request(
                what,
                format!("shape [{width}] at {}", self.point),
                format!("{found:?}"),
            ))
        };
        match &self.direction.0 {
            Along::Feature(sae, _) if sae.is_transcoder() => {
                self.check_transcoder()?;
                sae.writes_at(config, self.point)
            }
            Along::Feature(sae, _) => sae.fits(config, self.point),
            Along::Line(line) => match (line.head, self.point.heads(config)) {
                (None, _) => vector("a steering vector", line.vector.size(), width),
                (Some(head), Some(heads)) if head < heads => {
                    vector("a head's vector", line.vector.size(), width / heads)
                }
                (Some(head), heads) => Err(request(
                    "the steered head",
                    format!("a head below {} at {}", heads.unwrap_or(0), self.point),
                    head,
                )),
            },
            Along::Numbers(numbers) if numbers.largest < width => Ok(()),
            Along::Numbers(numbers) => Err(request(
                "a steered number",
                format!("below {width} at {}", self.point),
                numbers.largest,
            )),
            Along::Rows(rows) => vector("a steering row", rows.size(), width),
            Along::Plane(plane) => vector("a vector of a steering plane", plane.size(), width),
        }
    }

    /// Refuses a number that, or whose product with the direction, the model's precision would make infinite.
    fn check_number(&self, kind: Kind) -> Result<(), Error> {
        let number = self.stated();
        let (largest, name) = match kind {
            Kind::Half => (65_504.0, "16-bit floats"),
            Kind::BFloat16 => (3.389_531_389_251_535e38, "bfloat16"),
            _ => (f64::from(f32::MAX), "32 bits"),
        };
        let reach = match (self.change, &self.direction.0) {
            (Change::Add(Dose::Absolute(_)), Along::Line(line)) => largest_of(&line.vector)?,
            (Change::Add(Dose::Absolute(_)), Along::Rows(rows)) => largest_of(rows)?,
            (Change::Add(Dose::Absolute(_)), Along::Numbers(numbers)) => {
                largest_of(&numbers.amounts)?
            }
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
