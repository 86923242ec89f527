//! What a steer does to activations `[n, d_model]`, position by position.

use tch::{Device, Kind, TchError, Tensor};

use super::{Along, Change, Dose, Steer};
use crate::Error;

impl Steer {
    /// The edited `x`.
    pub(super) fn edit(&self, x: &Tensor) -> Result<Tensor, Error> {
        match &self.direction.0 {
            Along::Feature(sae, feature) if !matches!(self.change, Change::Add(_)) => {
                let old = sae.feature(x, *feature)?;
                let change = self.changed(&old)?.f_sub(&old)?;
                let written = sae.write(x, *feature, &change)?;
                if self.keeps_error {
                    Ok(written)
                } else {
                    Ok(sae.reconstruct(x)?.f_add(&written.f_sub(x)?)?)
                }
            }
            Along::Feature(sae, _) if !self.keeps_error => {
                Ok(sae.reconstruct(x)?.f_add(&self.push(x)?)?)
            }
            _ => Ok(x.f_add(&self.push(x)?)?),
        }
    }

    /// If it adds the same vector everywhere: that vector `[d_model]`.
    pub(super) fn constant(&self, kind: Kind, device: Device) -> Result<Option<Tensor>, Error> {
        let feature = matches!(self.direction.0, Along::Feature(..));
        match self.change {
            Change::Add(Dose::Absolute(dose)) if self.keeps_error || !feature => Ok(Some(
                self.vector(device)?.f_mul_scalar(dose)?.f_to_kind(kind)?,
            )),
            _ => Ok(None),
        }
    }

    /// What is added along a vector, or along a feature's direction without asking the SAE.
    fn push(&self, x: &Tensor) -> Result<Tensor, Error> {
        let vector = self.vector(x.device())?;
        let wide = x.f_to_kind(Kind::Float)?;
        let unit = || vector.f_div(&vector.f_norm()?);
        let along = |unit: &Tensor| wide.f_matmul(unit)?.f_unsqueeze(-1);
        let push = match self.change {
            Change::Add(Dose::Absolute(dose)) => vector.f_mul_scalar(dose)?,
            Change::Add(Dose::OfNorm(share)) => {
                let length = wide.f_norm_scalaropt_dim(2.0, [-1].as_slice(), true)?;
                length.f_mul_scalar(share)?.f_mul(&unit()?)?
            }
            Change::Scale(factor) => {
                let unit = unit()?;
                along(&unit)?.f_mul_scalar(factor - 1.0)?.f_mul(&unit)?
            }
            Change::Clamp(value) => {
                let unit = unit()?;
                along(&unit)?.f_neg()?.f_add_scalar(value)?.f_mul(&unit)?
            }
        };
        Ok(push.f_to_kind(x.kind())?)
    }

    /// The direction `[d_model]` as it is, in 32 bits.
    fn vector(&self, device: Device) -> Result<Tensor, Error> {
        Ok(match &self.direction.0 {
            Along::Vector(vector) => vector.f_to_device(device)?,
            Along::Feature(sae, feature) => sae
                .direction(*feature)?
                .f_to_device(device)?
                .f_to_kind(Kind::Float)?,
        })
    }

    /// A feature's new activation, scaled or clamped.
    fn changed(&self, old: &Tensor) -> Result<Tensor, TchError> {
        match self.change {
            Change::Scale(factor) => old.f_mul_scalar(factor),
            Change::Clamp(value) => old.f_full_like(value),
            Change::Add(_) => Ok(old.shallow_clone()),
        }
    }
}
