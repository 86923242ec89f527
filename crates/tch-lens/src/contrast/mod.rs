//! Directions from two sets of activations, and random ones to hold them against.
//!
//! Rows are activations `[n, width]`, as [`Lm::read`](crate::Lm::read) gives them; where they are pairs, row `i` of both sets
//! is the same text with one thing about it changed, so that all else falls out of the difference. Directions are
//! `[width]`, in 64 bits, on the CPU, and go into [`SteeringDirection::vector`](crate::SteeringDirection::vector).
//!
//! | | |
//! |---|---|
//! | [`mean_difference`] | the mean of one set less that of the other, at its length: contrastive activation addition (Rimsky et al. 2024), mass-mean shift (Li et al. 2023), DiffMean |
//! | [`principal_direction`] | the direction of most variance, after one of four [`Centring`]s: representation engineering (Zou et al. 2023) |
//! | [`random`], [`random_orthogonal`] | controls: as long as the direction, and with nothing else of it |
//! | [`Probe::direction`](crate::Probe::direction) | the weights of a logistic regression |
//!
//! Who comes from [repeng](https://github.com/vgel/repeng) finds `ControlVector.train(.., method="pca_center")`, a direction
//! for each layer, and `model.set_control(vector, 1.5)`; to reset is to ask without the steers:
//!
//! ```
//! use tch_lens::contrast::{Centring, principal_direction};
//! use tch_lens::{HookPoint, Lm, LoadOptions, Passes, Reading, Request, Steer, SteeringDirection, Stop};
//!
//! # let model = "../../fixtures/lm/models/gemma1";
//! let lm = Lm::open(model, &LoadOptions::default())?;
//! let names: Vec<String> = (1..3).map(|layer| HookPoint::ResidPost(layer).to_string()).collect();
//! // DatasetEntry(positive=.., negative=..): the same text with one thing about it changed.
//! let read = |how: &str| {
//!     let texts = ["I think", "The rain", "My home"].map(|end| format!("Act as if you are {how}. {end}"));
//!     lm.read(&texts.map(Reading::new), &names)
//! };
//! let (happy, sad) = (read("extremely happy")?.activations, read("extremely sad")?.activations);
//! let mut request = Request::new("How are you?").stop(Stop::after(8));
//! for (point, happy) in &happy {
//!     let found = principal_direction(happy, &sad[point], Centring::Pairs)?;
//!     let control = SteeringDirection::vector(&found.direction)?;
//!     request = request.steer(Steer::add(*point, &control, 1.5).passes(Passes::Every));
//! }
//! println!("{}", lm.generate(vec![request], &mut [])?[0].text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Who comes from [steering-vectors](https://github.com/steering-vectors/steering-vectors) or CAA finds
//! `train_steering_vector(model, tokenizer, samples, layers=[2], read_token_index=-2)`, and
//! `steering_vector.apply(model, multiplier=2, min_token_index=5)`:
//!
//! ```
//! use tch_lens::contrast::mean_difference;
//! use tch_lens::{At, Lm, LoadOptions, Passes, Reading, Request, Steer, SteeringDirection, Stop};
//!
//! # let model = "../../fixtures/lm/models/gemma1";
//! let lm = Lm::open(model, &LoadOptions::default())?;
//! let point = lm.hook_point("blocks.2.hook_resid_post")?;
//! let read = |answer: &str| {
//!     let asked = ["Is the sky green? (A) Yes (B) No", "Is snow warm? (A) Yes (B) No"];
//!     let texts = asked.map(|question| format!("{question} Answer: ({answer})"));
//!     // At the answer's letter, before its bracket.
//!     lm.read(&texts.map(|text| Reading::new(text).at(At::FromEnd(1))), &[point.to_string()])
//! };
//! let (positive, negative) = (read("A")?.activations, read("B")?.activations);
//! let vector = mean_difference(&positive[&point], &negative[&point])?;
//! let steer = Steer::add(point, &SteeringDirection::vector(&vector)?, 2.0)
//!     .from_token(5)
//!     .passes(Passes::Every);
//! let request = Request::new("Question: Is snow warm?\nAnswer:").steer(steer).stop(Stop::after(8));
//! println!("{}", lm.generate(vec![request], &mut [])?[0].text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod principal;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::error::request;
pub use principal::{Centring, Principal, principal_direction};

/// The mean of the rows of `positive` less that of `negative`: `[width]`.
///
/// # Errors
/// Other shapes than `[n, width]` and `[m, width]`; numbers that are not finite.
///
/// ```
/// use tch_lens::contrast::mean_difference;
/// use tch_lens::tch::Tensor;
///
/// let positive = Tensor::from_slice2(&[[3.0, 1.0], [5.0, 1.0]]);
/// let negative = Tensor::from_slice2(&[[1.0, 1.0], [1.0, 1.0]]);
/// assert_eq!(mean_difference(&positive, &negative)?, Tensor::from_slice(&[3.0, 0.0]));
/// # Ok::<(), tch_lens::Error>(())
/// ```
pub fn mean_difference(positive: &Tensor, negative: &Tensor) -> Result<Tensor, Error> {
    let (positive, negative) = two_sets(positive, negative)?;
    let mean = |x: &Tensor| x.f_mean_dim([0_i64].as_slice(), false, Kind::Double);
    Ok(mean(&positive)?.f_sub(&mean(&negative)?)?)
}

/// A random direction of the same length, every direction alike: normal draws from ChaCha12, seeded.
///
/// # Errors
/// Another shape than `[width]`; numbers that are not finite.
pub fn random(direction: &Tensor, seed: u64) -> Result<Tensor, Error> {
    let direction = rows("a direction", 1, direction)?;
    as_long(&normal(&direction, seed)?, &direction)
}

/// [`random`], but at a right angle to the direction.
///
/// # Errors
/// As [`random`]; a direction of zeros or of width 1, to which nothing is at a right angle.
pub fn random_orthogonal(direction: &Tensor, seed: u64) -> Result<Tensor, Error> {
    let direction = rows("a direction", 1, direction)?;
    let length = direction.f_norm()?.f_double_value(&[])?;
    if length == 0.0 || direction.numel() < 2 {
        let expected = "a length above 0, and a width above 1";
        return Err(request("a direction", expected, format!("{direction:?}")));
    }
    let unit = direction.f_div_scalar(length)?;
    let mut across = normal(&direction, seed)?;
    // Twice: what rounding left the first time is gone the second.
    for _ in 0..2 {
        across = across.f_sub(&unit.f_mul(&across.f_dot(&unit)?)?)?;
    }
    as_long(&across, &direction)
}

fn normal(like: &Tensor, seed: u64) -> Result<Tensor, Error> {
    let mut generator = ChaCha12Rng::seed_from_u64(seed);
    let draws: Vec<f64> = StandardNormal
        .sample_iter(&mut generator)
        .take(like.numel())
        .collect();
    Ok(Tensor::f_from_slice(&draws)?)
}

fn as_long(x: &Tensor, direction: &Tensor) -> Result<Tensor, Error> {
    Ok(x.f_mul(&direction.f_norm()?.f_div(&x.f_norm()?)?)?)
}

/// Both sets in 64 bits, of one width.
fn two_sets(positive: &Tensor, negative: &Tensor) -> Result<(Tensor, Tensor), Error> {
    let positive = rows("the positive rows", 2, positive)?;
    let negative = rows("the negative rows", 2, negative)?;
    if positive.size()[1] != negative.size()[1] {
        let expected = format!("shape [n, {}], as the positive ones", positive.size()[1]);
        let found = format!("{:?}", negative.size());
        return Err(request("the negative rows", expected, found));
    }
    Ok((positive, negative))
}

fn rows(what: &str, dimensions: usize, x: &Tensor) -> Result<Tensor, Error> {
    if x.dim() != dimensions || x.numel() == 0 {
        let expected = if dimensions == 1 {
            "[width]"
        } else {
            "[n, width]"
        };
        let found = format!("{:?}", x.size());
        return Err(request(what, format!("shape {expected}, not empty"), found));
    }
    let x = x
        .f_detach()?
        .f_to_device(Device::Cpu)?
        .f_to_kind(Kind::Double)?;
    if x.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
        return Err(request(what, "finite numbers", "NaN or infinity"));
    }
    Ok(x)
}
