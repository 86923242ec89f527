//! How good an autoencoder is where it stands in for a model's activations.

use tch::{Kind, TchError, Tensor};

use crate::error::{Doing, request};
use crate::hook::Pass;
use crate::sae::Sae;
use crate::{Error, HookPoint, Lm};

/// What an autoencoder keeps of a model's activations, measured on texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// The share of the activations' variance that the reconstruction has.
    pub explained: f64,
    /// Active features per activation.
    pub l0: f64,
    /// Features that were never active.
    pub never_active: usize,
    /// Cross-entropy of the next token, in nats, of the model itself.
    pub cross_entropy: f64,
    /// The same with the reconstruction in the place of the activation.
    pub cross_entropy_reconstructed: f64,
    /// The same with zeros there.
    pub cross_entropy_ablated: f64,
    /// Tokens that this is a mean of.
    pub tokens: usize,
}

impl Quality {
    /// The share of what the activation does for the cross-entropy that the reconstruction does, too; none where zeros do
    /// as well as the activation.
    #[must_use]
    pub fn loss_recovered(&self) -> Option<f64> {
        let cost = self.cross_entropy_ablated - self.cross_entropy;
        let left = self.cross_entropy_ablated - self.cross_entropy_reconstructed;
        (cost > 0.0).then(|| left / cost)
    }
}

/// Measures an autoencoder on rows of token ids, each of at least two. The first `skip` tokens of a row keep their activation
/// in every run, and count in no number but the cross-entropies.
///
/// # Errors
/// Rows that the model refuses or that are too short; an autoencoder that does not fit the hook point; libtorch's failures.
pub fn quality(
    lm: &Lm,
    sae: &Sae,
    point: HookPoint,
    rows: &[Vec<i64>],
    skip: usize,
) -> Result<Quality, Error> {
    sae.fits(lm.config(), point)?;
    if let Some((row, ids)) = rows.iter().enumerate().find(|(_, ids)| ids.len() < 2) {
        let found = format!("{} in row {row}", ids.len());
        return Err(request("a text to measure on", "at least 2 tokens", found));
    }
    let x = super::activations(lm, point, rows, skip)?;
    let doing = || "measuring an autoencoder".to_owned();
    let of_acts = || -> Result<(f64, usize), TchError> {
        let acts = sae
            .encode(&x)
            .map_err(|error| TchError::Torch(error.to_string()))?;
        let active = acts.f_gt(0.0)?;
        let l0 = active.f_sum(Kind::Double)?.f_double_value(&[])? / x.size()[0] as f64;
        let ever = active.f_any_dim(0, false)?.f_sum(Kind::Int64)?;
        Ok((l0, sae.d_sae() - ever.f_int64_value(&[])? as usize))
    };
    let (l0, never_active) = of_acts().doing(doing)?;
    let reconstruction = sae.reconstruct(&x)?;
    let explained = || -> Result<f64, TchError> {
        let missed = x.f_sub(&reconstruction)?.f_square()?.f_sum(Kind::Double)?;
        let mean = x.f_mean_dim([0i64].as_slice(), true, Kind::Float)?;
        let all = x.f_sub(&mean)?.f_square()?.f_sum(Kind::Double)?;
        Ok(1.0 - missed.f_double_value(&[])? / all.f_double_value(&[])?)
    };
    let explained = explained().doing(doing)?;
    let mut total = [0.0; 3];
    let mut tokens = 0;
    for row in rows {
        let row = std::slice::from_ref(row);
        let clean = lm.forward(row, &mut [])?;
        let mut put = (point, |x: Tensor, _: &Pass<'_>| {
            let written = sae.reconstruct(&x)?;
            Ok(after(&x, &written, skip)?)
        });
        let reconstructed = lm.forward(row, &mut [&mut put])?;
        let mut none = (point, |x: Tensor, _: &Pass<'_>| {
            let zeros = x.f_zeros_like()?;
            Ok(after(&x, &zeros, skip)?)
        });
        let ablated = lm.forward(row, &mut [&mut none])?;
        for (sum, logits) in total.iter_mut().zip([clean, reconstructed, ablated]) {
            *sum += cross_entropy(&logits, &row[0]).doing(doing)?;
        }
        tokens += row[0].len() - 1;
    }
    let [
        cross_entropy,
        cross_entropy_reconstructed,
        cross_entropy_ablated,
    ] = total.map(|sum| sum / tokens as f64);
    Ok(Quality {
        explained,
        l0,
        never_active,
        cross_entropy,
        cross_entropy_reconstructed,
        cross_entropy_ablated,
        tokens,
    })
}

/// `x` `[1, pos, ..]` up to a position, `written` from there on.
fn after(x: &Tensor, written: &Tensor, skip: usize) -> Result<Tensor, TchError> {
    let length = x.size()[1];
    let skip = (skip as i64).min(length);
    let kept = x.f_narrow(1, 0, skip)?;
    Tensor::f_cat(&[kept, written.f_narrow(1, skip, length - skip)?], 1)
}

/// The sum over a row's tokens but the first of minus the log-probability, in nats.
fn cross_entropy(logits: &Tensor, ids: &[i64]) -> Result<f64, TchError> {
    let n = ids.len() as i64 - 1;
    let next = Tensor::f_from_slice(&ids[1..])?.f_to_device(logits.device())?;
    let log_p = logits
        .f_get(0)?
        .f_narrow(0, 0, n)?
        .f_log_softmax(-1, Kind::Float)?;
    log_p
        .f_gather(1, &next.f_unsqueeze(1)?, false)?
        .f_sum(Kind::Double)?
        .f_neg()?
        .f_double_value(&[])
}
