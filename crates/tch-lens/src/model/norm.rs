//! Root-mean-square norm.

use tch::{Kind, TchError, Tensor};

use crate::Error;
use crate::config::NormWeight;
use crate::hook::{HookPoint, Hooks};

/// `x / sqrt(mean(x^2) + eps) * weight` over the last dimension.
#[derive(Debug)]
pub(crate) struct RmsNorm {
    weight: Tensor,
    eps: f64,
    /// The weights are applied in 32 bits, and `x` has fewer.
    wide: bool,
}

impl RmsNorm {
    /// With the stored weights, applied as the architecture does it.
    pub(crate) fn new(weight: Tensor, eps: f64, applied: NormWeight) -> Result<Self, TchError> {
        let wide = applied != NormWeight::Plain && weight.kind() != Kind::Float;
        let weight = match applied {
            NormWeight::Plain => weight,
            NormWeight::Wide => weight.f_to_kind(Kind::Float)?,
            NormWeight::OnePlus => weight.f_to_kind(Kind::Float)?.f_add_scalar(1.0)?,
        };
        Ok(Self { weight, eps, wide })
    }

    /// The normalised and weighted `x`.
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let shape = self.weight.size();
        if self.wide {
            x.f_to_kind(Kind::Float)?
                .f_rms_norm(shape, Some(&self.weight), self.eps)?
                .f_to_kind(x.kind())
        } else {
            x.f_rms_norm(shape, Some(&self.weight), self.eps)
        }
    }

    /// The same, with what is normalised and not weighted yet at hook point `at`.
    pub(crate) fn apply_at(
        &self,
        x: &Tensor,
        at: HookPoint,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        if !hooks.wants(at) {
            return Ok(self.apply(x)?);
        }
        let normalized = hooks.visit(at, self.normalized(x)?)?;
        Ok(self.weigh(&normalized)?)
    }

    /// `x` over its root mean square, before the weights.
    fn normalized(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_rms_norm(self.weight.size(), None::<&Tensor>, self.eps)
    }

    /// The weights applied to what [`normalized`](Self::normalized) gave.
    fn weigh(&self, normalized: &Tensor) -> Result<Tensor, TchError> {
        if self.wide {
            normalized
                .f_to_kind(Kind::Float)?
                .f_mul(&self.weight)?
                .f_to_kind(normalized.kind())
        } else {
            normalized.f_mul(&self.weight)
        }
    }
}
