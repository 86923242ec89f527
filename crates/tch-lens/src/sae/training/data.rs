//! The activations that an autoencoder is trained on.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Kind, TchError, Tensor};

use crate::error::{Doing, request};
use crate::{At, Error, HookPoint, Lm, Prompt, Reading};

/// Activations in one or several groups, each with its share of every batch.
#[derive(Debug)]
pub struct TrainingData {
    groups: Vec<(Tensor, f64)>,
}

impl TrainingData {
    /// One group: activations `[token, d_in]`, which stay where they are.
    ///
    /// # Errors
    /// Another shape, no activation, numbers that are not finite.
    pub fn new(activations: Tensor) -> Result<Self, Error> {
        Self { groups: Vec::new() }.and(activations, 1.0)
    }

    /// A further group, `weight` times as many of which are in a batch as of the first: of positions that are rare and matter.
    ///
    /// # Errors
    /// As [`new`](Self::new); another width or device than the first group's; a weight that is not a number above 0.
    pub fn and(mut self, activations: Tensor, weight: f64) -> Result<Self, Error> {
        let name = "activations to train on";
        let [n, width] = activations.size()[..] else {
            let found = format!("{:?}", activations.size());
            return Err(request(name, "shape [token, d_in]", found));
        };
        if n == 0 || width == 0 {
            return Err(request(
                name,
                "at least one of them",
                format!("[{n}, {width}]"),
            ));
        }
        if !(weight > 0.0 && weight.is_finite()) {
            return Err(request("a group's weight", "a number above 0", weight));
        }
        if let Some((first, _)) = self.groups.first() {
            let (expected, device) = (first.size()[1], first.device());
            if expected != width || device != activations.device() {
                let expected = format!("width {expected} on {device:?}, as the first group");
                let found = format!("{width} on {:?}", activations.device());
                return Err(request(name, expected, found));
            }
        }
        let activations = activations
            .f_to_kind(Kind::Float)
            .doing(|| "preparing activations".to_owned())?;
        let finite = activations
            .f_isfinite()
            .and_then(|each| each.f_all())
            .and_then(|all| all.f_int64_value(&[]))
            .doing(|| "looking at activations".to_owned())?;
        if finite == 0 {
            return Err(request(name, "finite numbers", "NaN or infinity"));
        }
        self.groups.push((activations, weight));
        Ok(self)
    }

    /// Activations in all groups.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.iter().map(|(x, _)| x.size()[0] as usize).sum()
    }

    /// Whether there are none, which cannot be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their width.
    #[must_use]
    pub fn d_in(&self) -> usize {
        self.groups.first().map_or(0, |(x, _)| x.size()[1] as usize)
    }

    /// The mean `[d_in]` of the first group, and what brings its activations to a length of sqrt(d_in) about it.
    pub(super) fn mean_and_scale(&self) -> Result<(Tensor, f64), TchError> {
        let x = &self.groups[0].0;
        let mean = x.f_mean_dim([0i64].as_slice(), false, Kind::Float)?;
        let length = x
            .f_sub(&mean)?
            .f_norm_scalaropt_dim(2.0, [1i64].as_slice(), false)?
            .f_mean(Kind::Double)?
            .f_double_value(&[])?;
        let scale = (mean.size()[0] as f64).sqrt() / length;
        Ok((mean, if scale.is_finite() { scale } else { 1.0 }))
    }

    /// `size` activations for a step, which depend on the seed and the step alone.
    pub(super) fn batch(&self, seed: u64, step: usize, size: usize) -> Result<Tensor, TchError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(step as u64);
        let total: f64 = self.groups.iter().map(|(_, weight)| weight).sum();
        let mut drawn = Vec::with_capacity(self.groups.len());
        let (mut weights, mut before) = (0.0, 0);
        for (x, weight) in &self.groups {
            weights += weight;
            let until = (size as f64 * weights / total).round() as usize;
            let n = x.size()[0];
            let rows: Vec<i64> = (before..until).map(|_| rng.random_range(0..n)).collect();
            before = until;
            let rows = Tensor::f_from_slice(&rows)?.f_to_device(x.device())?;
            drawn.push(x.f_index_select(0, &rows)?);
        }
        Tensor::f_cat(&drawn, 0)
    }
}

/// The activations `[token, d_in]` at a hook point over rows of token ids, in order; the first `skip` tokens of each row
/// are left out: a first token, alike in all texts, has activations much larger than all others and nothing to tell.
///
/// # Errors
/// A hook point without one vector per position; rows that the model refuses; libtorch's failures.
pub fn activations(
    lm: &Lm,
    point: HookPoint,
    rows: &[Vec<i64>],
    skip: usize,
) -> Result<Tensor, Error> {
    let long = rows.iter().filter(|ids| ids.len() > skip);
    let readings: Vec<Reading> = long
        .map(|ids| Reading::new(Prompt::Tokens(ids.clone())).at(At::Every(skip)))
        .collect();
    if readings.is_empty() {
        let expected = format!("a row of more than {skip} tokens");
        return Err(request("the rows to train on", expected, "none"));
    }
    let mut read = lm.read(&readings, &[point.to_string()])?;
    match read.activations.remove(&point) {
        Some(activations) => Ok(activations.f_to_device(lm.device())?),
        None => Err(request(
            "the hook point to train at",
            "one that is read",
            point,
        )),
    }
}

/// Standard normal numbers that depend on the seed alone, whatever the device.
pub(super) fn normal(seed: u64, shape: [i64; 2]) -> Result<Tensor, TchError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let n = (shape[0] * shape[1]) as usize;
    let numbers: Vec<f32> = StandardNormal.sample_iter(&mut rng).take(n).collect();
    Tensor::f_from_slice(&numbers)?.f_view(shape)
}
