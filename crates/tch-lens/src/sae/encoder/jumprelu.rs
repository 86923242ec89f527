use tch::{TchError, Tensor};

use super::Affine;

/// `relu(h)` where `h = in W_enc + b_enc` is above a threshold.
#[derive(Debug)]
pub(in crate::sae) struct JumpRelu {
    pub(in crate::sae) affine: Affine,
    /// `[d_sae]`.
    pub(in crate::sae) threshold: Tensor,
}

impl JumpRelu {
    pub(super) fn encode(&self, input: &Tensor) -> Result<Tensor, TchError> {
        let mut h = self.affine.apply(input)?;
        let off = h.f_le_tensor(&self.threshold)?;
        h.f_relu_()?.f_masked_fill_(&off, 0.0)
    }

    pub(super) fn only(&self, feature: i64) -> Result<Self, TchError> {
        Ok(Self {
            affine: self.affine.only(feature)?,
            threshold: self.threshold.f_narrow(0, feature, 1)?,
        })
    }

    pub(super) fn scale_features(&mut self, scales: &Tensor) -> Result<(), TchError> {
        self.affine.scale_features(scales)?;
        self.threshold = self.threshold.f_mul(scales)?;
        Ok(())
    }
}
