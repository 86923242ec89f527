//! Linear probes: what of two kinds an activation is, and along which direction they differ.

mod file;
mod fit;

use tch::{Kind, Tensor};

use crate::error::request;
use crate::{Error, SteeringDirection};

/// A logistic regression: `sigma(w x + b)` is the probability that `x` is of the first of two kinds.
///
/// [`fit`](Self::fit) finds the optimum, not a point near it, so that two programs that fit the same rows agree. Its
/// numbers are held in 64 bits.
///
/// ```
/// use tch_lens::Probe;
/// use tch_lens::tch::Tensor;
///
/// let x = Tensor::from_slice2(&[[0.0, 1.0], [0.2, 3.0], [1.0, 1.0], [1.2, 3.0]]);
/// let labels = [false, false, true, true];
/// let probe = Probe::fit(&x, &labels, 1.0)?;
/// assert_eq!(probe.accuracy(&x, &labels)?, 1.0);
/// let along = probe.direction()?; // [2], of unit length
/// assert!(along.double_value(&[0]) > 0.99);
/// # Ok::<(), tch_lens::Error>(())
/// ```
#[derive(Debug)]
pub struct Probe {
    /// `[width]`, 64 bits, on the CPU.
    weights: Tensor,
    bias: f64,
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        Self {
            weights: self.weights.shallow_clone(),
            bias: self.bias,
        }
    }
}

impl Probe {
    /// The probe of those weights `[width]` and that bias, from wherever.
    ///
    /// # Errors
    /// Another shape; numbers that are not finite.
    pub fn new(weights: &Tensor, bias: f64) -> Result<Self, Error> {
        if weights.dim() != 1 || weights.numel() == 0 {
            let found = format!("{:?}", weights.size());
            return Err(request("a probe's weights", "shape [width]", found));
        }
        let weights = weights
            .f_detach_copy()?
            .f_to_device(tch::Device::Cpu)?
            .f_to_kind(Kind::Double)?;
        let finite = weights.f_isfinite()?.f_all()?.f_int64_value(&[])? != 0;
        if !finite || !bias.is_finite() {
            return Err(request("a probe", "finite numbers", "NaN or infinity"));
        }
        Ok(Self { weights, bias })
    }

    /// The weights `w` `[width]`, in 64 bits on the CPU. A copy.
    ///
    /// # Errors
    /// libtorch's failures.
    pub fn weights(&self) -> Result<Tensor, Error> {
        Ok(self.weights.f_detach_copy()?)
    }

    /// The bias `b`.
    #[must_use]
    pub fn bias(&self) -> f64 {
        self.bias
    }

    /// The width of the activations that it reads.
    #[must_use]
    pub fn width(&self) -> usize {
        self.weights.numel()
    }

    /// `w x + b` `[..]`, in 64 bits, of activations `x` `[.., width]`.
    ///
    /// # Errors
    /// Another width.
    pub fn score(&self, x: &Tensor) -> Result<Tensor, Error> {
        if x.size().last() != Some(&(self.width() as i64)) {
            let expected = format!("shape [.., {}]", self.width());
            let found = format!("{:?}", x.size());
            return Err(request("activations for a probe", expected, found));
        }
        let weights = self.weights.f_to_device(x.device())?;
        let along = x.f_to_kind(Kind::Double)?.f_matmul(&weights)?;
        Ok(along.f_add_scalar(self.bias)?)
    }

    /// The probability `sigma(w x + b)` `[..]`, in 64 bits, of activations `x` `[.., width]`.
    ///
    /// # Errors
    /// Another width.
    pub fn probability(&self, x: &Tensor) -> Result<Tensor, Error> {
        Ok(self.score(x)?.f_sigmoid()?)
    }

    /// The share of rows `x` `[n, width]` whose score is above 0 where the label is true, and not where it is not.
    ///
    /// # Errors
    /// Another shape; no rows; another number of labels.
    pub fn accuracy(&self, x: &Tensor, labels: &[bool]) -> Result<f64, Error> {
        let scores = self.scores_of(x, labels)?;
        let right = scores.iter().zip(labels);
        let right = right.filter(|(score, label)| (**score > 0.0) == **label);
        Ok(right.count() as f64 / labels.len() as f64)
    }

    /// The mean of `-ln` of the probability that rows `x` `[n, width]` are what their labels say, in nats.
    ///
    /// # Errors
    /// As [`accuracy`](Self::accuracy).
    pub fn log_loss(&self, x: &Tensor, labels: &[bool]) -> Result<f64, Error> {
        let scores = self.scores_of(x, labels)?;
        let losses = scores.iter().zip(labels).map(|(score, label)| {
            let margin = if *label { *score } else { -score };
            // ln(1 + exp(-margin)), without overflow.
            (-margin).max(0.0) + (-margin.abs()).exp().ln_1p()
        });
        Ok(losses.sum::<f64>() / labels.len() as f64)
    }

    /// The weights at unit length `[width]`, in 64 bits: the direction along which the first kind lies.
    ///
    /// # Errors
    /// Weights that are all 0.
    pub fn direction(&self) -> Result<Tensor, Error> {
        Ok(self.weights.f_div_scalar(self.length()?)?)
    }

    /// [`direction`](Self::direction) to steer along.
    ///
    /// # Errors
    /// Weights that are all 0.
    pub fn steering_direction(&self) -> Result<SteeringDirection, Error> {
        SteeringDirection::vector(&self.direction()?)
    }

    /// What there is along the [direction](Self::direction) of an activation that is given this probability:
    /// `(logit(p) - b) / |w|`.
    ///
    /// # Errors
    /// A probability that is not between 0 and 1, both excluded; weights that are all 0.
    pub fn value_at(&self, probability: f64) -> Result<f64, Error> {
        Ok((logit(probability)? - self.bias) / self.length()?)
    }

    fn length(&self) -> Result<f64, Error> {
        let length = self.weights.f_norm()?.f_double_value(&[])?;
        if length > 0.0 {
            return Ok(length);
        }
        Err(request("a probe's weights", "a length above 0", length))
    }

    fn scores_of(&self, x: &Tensor, labels: &[bool]) -> Result<Vec<f64>, Error> {
        check_rows(x, labels)?;
        Ok(Vec::<f64>::try_from(&self.score(x)?)?)
    }
}

/// `ln(p / (1 - p))`.
pub(crate) fn logit(probability: f64) -> Result<f64, Error> {
    if probability > 0.0 && probability < 1.0 {
        return Ok((probability / (1.0 - probability)).ln());
    }
    let expected = "above 0 and below 1";
    Err(request("a probability", expected, probability))
}

/// Refuses what is not one label for each of some rows.
fn check_rows(x: &Tensor, labels: &[bool]) -> Result<(), Error> {
    match x.size()[..] {
        [n, width] if n > 0 && width > 0 && n == labels.len() as i64 => Ok(()),
        _ => Err(request(
            "a probe's rows",
            format!("shape [{}, width], as there are labels", labels.len()),
            format!("{:?}", x.size()),
        )),
    }
}
