//! Conditions under which a row is steered at all, decided once, on its prompt.

use std::rc::Rc;

use tch::{Kind, Tensor};

use super::direction::finite;
use crate::error::request;
use crate::probe::{Probe, logit};
use crate::{Error, HookPoint, ModelConfig};

/// Whether a row is steered: decided in the prompt pass and kept for the tokens that follow.
///
/// Where it is shut the row keeps every bit. A row whose gate is decided by its prompt shares no prefix with others.
#[derive(Debug, Clone)]
pub struct Gate {
    test: Test,
    inverted: bool,
}

#[derive(Debug, Clone)]
enum Test {
    Open,
    Measured {
        point: HookPoint,
        score: Rc<Score>,
        limit: f64,
    },
}

#[derive(Debug)]
enum Score {
    /// Of the prompt's last token.
    Probe(Probe),
    /// Of the mean over the prompt's tokens; `[width]`, 64 bits.
    Cosine(Tensor),
}

impl Gate {
    /// Open, or shut: a decision that was made elsewhere.
    #[must_use]
    pub fn fixed(open: bool) -> Self {
        Self {
            test: Test::Open,
            inverted: !open,
        }
    }

    /// Open where the probe gives the prompt's last token, as it is at `point` after the row's edits there, more than this
    /// probability. At the steer's own point: after those of the row's steers that come before it.
    ///
    /// # Errors
    /// A probability that is not between 0 and 1, both excluded.
    pub fn probe(point: HookPoint, probe: &Probe, probability: f64) -> Result<Self, Error> {
        let score = Score::Probe(probe.clone());
        Ok(Self::measured(point, score, logit(probability)?))
    }

    /// Open where the mean `h` of the prompt's tokens at `point` lies along the condition vector `c` `[width]`:
    /// `cos(h, tanh(c (c h) / (c c)))` above the threshold. Conditional activation steering decides so (Lee et al. 2024,
    /// [activation-steering](https://github.com/IBM/activation-steering)), at the input of a layer, `hook_resid_pre`; there,
    /// "larger" means [`inverted`](Self::inverted).
    ///
    /// # Errors
    /// Another shape; numbers that are not finite; a vector of zeros; a threshold that is not finite.
    pub fn cosine(point: HookPoint, condition: &Tensor, threshold: f64) -> Result<Self, Error> {
        let what = "a gate's condition vector";
        let condition = finite(what, "shape [width]", 1, condition)?;
        if condition.f_norm()?.f_double_value(&[])? == 0.0 {
            return Err(request(what, "a length above 0", 0));
        }
        if !threshold.is_finite() {
            return Err(request("a gate's threshold", "a finite number", threshold));
        }
        Ok(Self::measured(point, Score::Cosine(condition), threshold))
    }

    fn measured(point: HookPoint, score: Score, limit: f64) -> Self {
        let score = Rc::new(score);
        Self {
            test: Test::Measured {
                point,
                score,
                limit,
            },
            inverted: false,
        }
    }

    /// Shut where it was open, and open where it was shut.
    #[must_use]
    pub fn inverted(mut self) -> Self {
        self.inverted = !self.inverted;
        self
    }

    /// Where it looks at the prompt; none for a fixed one.
    pub(super) fn point(&self) -> Option<HookPoint> {
        match self.test {
            Test::Open => None,
            Test::Measured { point, .. } => Some(point),
        }
    }

    /// What a fixed gate says; none for one that is measured.
    pub(super) fn known(&self) -> Option<bool> {
        match self.test {
            Test::Open => Some(!self.inverted),
            Test::Measured { .. } => None,
        }
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        self.inverted == other.inverted
            && match (&self.test, &other.test) {
                (Test::Open, Test::Open) => true,
                (
                    Test::Measured {
                        point: p,
                        score: a,
                        limit: x,
                    },
                    Test::Measured {
                        point: q,
                        score: b,
                        limit: y,
                    },
                ) => p == q && Rc::ptr_eq(a, b) && x == y,
                _ => false,
            }
    }

    /// Decides on a prompt `[tokens, width]`.
    pub(super) fn decide(&self, prompt: &Tensor) -> Result<bool, Error> {
        let Test::Measured { score, limit, .. } = &self.test else {
            return Ok(!self.inverted);
        };
        let found = match score.as_ref() {
            Score::Probe(probe) => probe.score(&prompt.f_get(-1)?)?,
            Score::Cosine(condition) => similarity(condition, prompt)?,
        };
        Ok((found.f_double_value(&[])? > *limit) != self.inverted)
    }

    pub(super) fn check(&self, config: &ModelConfig, steered_at: HookPoint) -> Result<(), Error> {
        let Test::Measured { point, score, .. } = &self.test else {
            return Ok(());
        };
        HookPoint::parse(&point.to_string(), config.n_layers)?;
        let width = match score.as_ref() {
            Score::Probe(probe) => probe.width(),
            Score::Cosine(condition) => condition.size()[0] as usize,
        };
        match point.width(config) {
            Some(there) if there == width => {}
            there => {
                let expected = there.map_or_else(
                    || "a hook point with one vector per position".to_owned(),
                    |there| format!("width {there}, as at {point}"),
                );
                return Err(request("a gate's vector", expected, width));
            }
        }
        if *point == steered_at || point.is_before(steered_at, config.n_layers) {
            return Ok(());
        }
        Err(request(
            "a gate's hook point",
            format!("{steered_at}, where the steer is, or one before it"),
            point,
        ))
    }
}

fn similarity(condition: &Tensor, prompt: &Tensor) -> Result<Tensor, Error> {
    let prompt = prompt.f_to_kind(Kind::Double)?;
    let mean = prompt.f_mean_dim([0_i64].as_slice(), false, Kind::Double)?;
    let condition = condition.f_to_device(prompt.device())?;
    let share = condition
        .f_dot(&mean)?
        .f_div(&condition.f_dot(&condition)?)?;
    let projected = condition.f_mul(&share)?.f_tanh()?;
    let lengths = mean.f_norm()?.f_mul(&projected.f_norm()?)?;
    Ok(mean.f_dot(&projected)?.f_div(&lengths)?)
}
