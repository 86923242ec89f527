use tch::{TchError, Tensor};

use super::Affine;

/// `relu(h)` of the k features with the largest `h = in W_enc + b_enc`.
#[derive(Debug)]
pub(in crate::sae) struct TopK {
    pub(in crate::sae) affine: Affine,
    /// From 1 to `d_sae`.
    pub(in crate::sae) k: i64,
}

impl TopK {
    pub(super) fn encode(&self, input: &Tensor) -> Result<Tensor, TchError> {
        let h = self.affine.apply(input)?;
        let (mut values, features) = h.f_topk(self.k, -1, true, false)?;
        h.f_zeros_like()?
            .f_scatter_(-1, &features, &values.f_relu_()?)
    }
}
