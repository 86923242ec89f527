//! Matrix times vector, plus bias.

use tch::{TchError, Tensor};

/// A linear layer: `x W^T + b`, with `weight` `[out, in]` as checkpoints store it.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) weight: Tensor,
    pub(crate) bias: Option<Tensor>,
}

impl Linear {
    /// `[.., in]` to `[.., out]`.
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_linear(&self.weight, self.bias.as_ref())
    }
}
