//! What is done to activations before they are encoded, and undone after they are decoded.

use tch::{TchError, Tensor};

/// What keeps a constant activation from being divided by zero; SAELens's value.
const LAYER_NORM_EPS: f64 = 1e-5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Normalisation {
    None,
    /// Each activation less its mean, over its standard deviation.
    LayerNorm,
    /// Each activation brought to the length `sqrt(d_in)`.
    ConstantNorm,
}

impl Normalisation {
    /// SAELens's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::LayerNorm => "layer_norm",
            Self::ConstantNorm => "constant_norm_rescale",
        }
    }

    /// The activations `[.., d_in]` normalised, and the way back.
    pub(super) fn apply(self, x: &Tensor) -> Result<(Tensor, WayBack), TchError> {
        match self {
            Self::None => Ok((x.shallow_clone(), WayBack::default())),
            Self::LayerNorm => {
                let mean = x.f_mean_dim(-1, true, None)?;
                let centred = x.f_sub(&mean)?;
                let deviation = centred.f_std_dim(-1, true, true)?;
                let normalised = centred.f_div(&deviation.f_add_scalar(LAYER_NORM_EPS)?)?;
                let back = WayBack {
                    scale: Some(deviation),
                    shift: Some(mean),
                };
                Ok((normalised, back))
            }
            Self::ConstantNorm => {
                let d_in = x.size().last().map_or(1.0, |n| *n as f64);
                let scale = x
                    .f_norm_scalaropt_dim(2.0, -1, true)?
                    .f_div_scalar(d_in.sqrt())?;
                let normalised = x.f_div(&scale)?;
                let back = WayBack {
                    scale: Some(scale),
                    shift: None,
                };
                Ok((normalised, back))
            }
        }
    }
}

/// What a normalisation has taken out of each activation, both `[.., 1]`.
#[derive(Debug, Default)]
pub(super) struct WayBack {
    scale: Option<Tensor>,
    shift: Option<Tensor>,
}

impl WayBack {
    /// A reconstruction `[.., d_in]` at the scale and place of the activations.
    pub(super) fn undo(&self, reconstruction: Tensor) -> Result<Tensor, TchError> {
        let scaled = self.stretch(reconstruction)?;
        match &self.shift {
            Some(shift) => scaled.f_add(shift),
            None => Ok(scaled),
        }
    }

    /// A difference of reconstructions `[.., d_in]` at the scale of the activations.
    pub(super) fn stretch(&self, difference: Tensor) -> Result<Tensor, TchError> {
        match &self.scale {
            Some(scale) => difference.f_mul(scale),
            None => Ok(difference),
        }
    }
}
