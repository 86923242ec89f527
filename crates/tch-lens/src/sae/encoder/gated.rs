use tch::{TchError, Tensor};

use super::Affine;

/// `relu(in (W_enc exp(r_mag)) + b_mag)` where `in W_enc + b_gate` is positive.
#[derive(Debug)]
pub(in crate::sae) struct Gated {
    /// `W_enc` and `b_gate`.
    pub(in crate::sae) gate: Affine,
    /// `exp(r_mag)` `[d_sae]`.
    pub(in crate::sae) magnification: Tensor,
    /// `[d_sae]`.
    pub(in crate::sae) b_mag: Tensor,
}

impl Gated {
    pub(super) fn encode(&self, input: &Tensor) -> Result<Tensor, TchError> {
        // Both paths share W_enc, and so one product.
        let mut product = input.f_matmul(&self.gate.weight)?;
        let mut magnitude = self.b_mag.f_addcmul(&product, &self.magnification)?;
        let off = product.f_add_(&self.gate.bias)?.f_le(0.0)?;
        magnitude.f_relu_()?.f_masked_fill_(&off, 0.0)
    }

    pub(super) fn only(&self, feature: i64) -> Result<Self, TchError> {
        Ok(Self {
            gate: self.gate.only(feature)?,
            magnification: self.magnification.f_narrow(0, feature, 1)?,
            b_mag: self.b_mag.f_narrow(0, feature, 1)?,
        })
    }

    pub(super) fn scale_features(&mut self, scales: &Tensor) -> Result<(), TchError> {
        self.gate.scale_features(scales)?;
        self.b_mag = self.b_mag.f_mul(scales)?;
        Ok(())
    }
}
