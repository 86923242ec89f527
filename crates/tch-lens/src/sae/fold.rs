//! Weights changed once, when an autoencoder is opened. Tensors are replaced and never written to: they may lie in a
//! mapped file.

use tch::{TchError, Tensor};

use super::layout::Parts;

/// What SAELens puts under norms before it divides by them.
const SMALLEST_NORM: f64 = 1e-8;

/// As if activations were multiplied by `scale` before, and reconstructions divided by it after.
pub(super) fn activation_scale(parts: &mut Parts, scale: f64) -> Result<(), TchError> {
    parts.encoder.scale_input(scale)?;
    parts.w_dec = parts.w_dec.f_div_scalar(scale)?;
    parts.b_dec = parts.b_dec.f_div_scalar(scale)?;
    Ok(())
}

/// Rows of `W_dec` of unit length, their gain included; the encoder takes up what they lose.
pub(super) fn decoder_norms(parts: &mut Parts) -> Result<(), TchError> {
    let rows = match parts.gain.take() {
        Some(gain) => parts.w_dec.f_mul(&gain.f_unsqueeze(-1)?)?,
        None => parts.w_dec.shallow_clone(),
    };
    let norms = row_norms(&rows)?;
    parts.encoder.scale_features(&norms)?;
    parts.w_dec = rows.f_div(&norms.f_unsqueeze(-1)?)?;
    Ok(())
}

/// Activations in units of the norms of `W_dec`'s rows, which decoding takes away again.
pub(super) fn rescale_by_decoder_norms(parts: &mut Parts) -> Result<(), TchError> {
    let norms = row_norms(&parts.w_dec)?;
    parts.encoder.rescale(&norms)?;
    parts.gain = Some(match parts.gain.take() {
        Some(gain) => gain.f_div(&norms)?,
        None => norms.f_reciprocal()?,
    });
    Ok(())
}

fn row_norms(matrix: &Tensor) -> Result<Tensor, TchError> {
    matrix
        .f_norm_scalaropt_dim(2.0, -1, false)?
        .f_clamp_min(SMALLEST_NORM)
}
