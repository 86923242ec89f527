//! Rotary position embedding, in the halves layout of Hugging Face checkpoints.

use std::f32::consts::PI;

use tch::{Device, Kind, TchError, Tensor};

use crate::config::{ModelConfig, RopeScaling};

/// The rotation speeds `[d_head / 2]`, in 32 bits as every implementation has them.
#[derive(Debug)]
pub(crate) struct Rope {
    speeds: Tensor,
    kind: Kind,
}

/// Cosines and sines `[batch, pos, 1, d_head]` of one pass, the sines of the first half negated.
#[derive(Debug)]
pub(crate) struct Rotation {
    cos: Tensor,
    sin: Tensor,
}

impl Rope {
    pub(crate) fn new(config: &ModelConfig, kind: Kind, device: Device) -> Result<Self, TchError> {
        let d_head = config.d_head as i64;
        let exponents = Tensor::f_arange_start_step(0, d_head, 2, (Kind::Float, Device::Cpu))?
            .f_div_scalar(d_head)?;
        let speeds = Tensor::f_pow_scalar(config.rope_theta, &exponents)?.f_reciprocal()?;
        let speeds = match config.rope_scaling {
            Some(scaling) => stretched(&speeds, scaling)?,
            None => speeds,
        };
        Ok(Self {
            speeds: speeds.f_to_device(device)?,
            kind,
        })
    }

    /// The rotation for tokens at `positions` `[batch, pos]`.
    pub(crate) fn at(&self, positions: &Tensor) -> Result<Rotation, TchError> {
        let half = positions
            .f_to_kind(Kind::Float)?
            .f_unsqueeze(-1)?
            .f_mul(&self.speeds)?;
        let (cos, sin) = (half.f_cos()?, half.f_sin()?);
        let both = |first: &Tensor, second: &Tensor| {
            Tensor::f_cat(&[first, second], -1)?
                .f_unsqueeze(2)?
                .f_to_kind(self.kind)
        };
        Ok(Rotation {
            cos: both(&cos, &cos)?,
            sin: both(&sin.f_neg()?, &sin)?,
        })
    }
}

impl Rotation {
    /// `x` `[batch, pos, head, d_head]`, rotated.
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let turned = x.f_roll([x.size()[3] / 2], [3])?;
        x.f_mul(&self.cos)?.f_addcmul_(&turned, &self.sin)
    }
}

/// Llama 3.1: slow rotations slowed by the factor, fast ones kept, those between interpolated.
fn stretched(speeds: &Tensor, scaling: RopeScaling) -> Result<Tensor, TchError> {
    let mut values = Vec::<f32>::try_from(speeds)?;
    let [factor, low, high, context] = [
        scaling.factor,
        scaling.low_freq_factor,
        scaling.high_freq_factor,
        scaling.original_context,
    ]
    .map(|x| x as f32);
    for speed in &mut values {
        let wavelength = 2.0 * PI / *speed;
        if wavelength > context / low {
            *speed /= factor;
        } else if wavelength >= context / high {
            let smooth = (context / wavelength - low) / (high - low);
            *speed = (1.0 - smooth) * *speed / factor + smooth * *speed;
        }
    }
    Tensor::f_from_slice(&values)
}
