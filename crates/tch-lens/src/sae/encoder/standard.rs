use tch::{TchError, Tensor};

use super::Affine;

/// `relu(in W_enc + b_enc)`.
#[derive(Debug)]
pub(in crate::sae) struct Standard {
    pub(in crate::sae) affine: Affine,
}

impl Standard {
    pub(super) fn encode(&self, input: &Tensor) -> Result<Tensor, TchError> {
        self.affine.apply(input)?.f_relu_()
    }

    pub(super) fn only(&self, feature: i64) -> Result<Self, TchError> {
        Ok(Self {
            affine: self.affine.only(feature)?,
        })
    }
}
