use tch::{TchError, Tensor};

/// `input weight + bias`. The tensors may lie in a mapped file: they are replaced and never written to.
#[derive(Debug)]
pub(in crate::sae) struct Affine {
    /// `[d_in, d_sae]`.
    pub(in crate::sae) weight: Tensor,
    /// `[d_sae]`.
    pub(in crate::sae) bias: Tensor,
}

impl Affine {
    pub(super) fn apply(&self, input: &Tensor) -> Result<Tensor, TchError> {
        input.f_matmul(&self.weight)?.f_add_(&self.bias)
    }

    /// The columns of one feature.
    pub(super) fn only(&self, feature: i64) -> Result<Self, TchError> {
        Ok(Self {
            weight: self.weight.f_narrow(1, feature, 1)?,
            bias: self.bias.f_narrow(0, feature, 1)?,
        })
    }

    pub(super) fn scale_input(&mut self, scale: f64) -> Result<(), TchError> {
        self.weight = self.weight.f_mul_scalar(scale)?;
        Ok(())
    }

    pub(super) fn scale_features(&mut self, scales: &Tensor) -> Result<(), TchError> {
        self.weight = self.weight.f_mul(scales)?;
        self.bias = self.bias.f_mul(scales)?;
        Ok(())
    }
}
