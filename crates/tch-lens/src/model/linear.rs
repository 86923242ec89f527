//! Matrix times vector, plus bias.

use tch::{TchError, Tensor};

use crate::native;

/// A linear layer: `x W^T + b`, with `weight` `[out, in]` as checkpoints store it.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) weight: Tensor,
    pub(crate) bias: Option<Tensor>,
}

impl Linear {
    /// `[.., in]` to `[.., out]`.
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let [out] = Self::apply_all([self], x)?;
        Ok(out)
    }

    /// One input through several layers.
    pub(crate) fn apply_all<const N: usize>(
        layers: [&Self; N],
        x: &Tensor,
    ) -> Result<[Tensor; N], TchError> {
        if let Some(mut outs) = native::products(x, layers.map(|layer| &layer.weight))? {
            for (layer, out) in layers.iter().zip(&mut outs) {
                if let Some(bias) = &layer.bias {
                    *out = out.f_add_(bias)?;
                }
            }
            return Ok(outs);
        }
        let mut outs = Vec::with_capacity(N);
        for layer in layers {
            outs.push(x.f_linear(&layer.weight, layer.bias.as_ref())?);
        }
        Ok(outs.try_into().expect("one product for each layer"))
    }
}
