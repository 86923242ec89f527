//! Adam with moments that can be stored.
//!
//! libtorch's optimisers keep theirs to themselves, so a training that goes on after a stop would go another way.

use tch::{TchError, Tensor};

const FIRST: f64 = 0.9;
const SECOND: f64 = 0.999;
/// Small against any gradient: activations are scaled.
const EPSILON: f64 = 6.25e-10;

/// The moments of each parameter, in the order of the parameters.
#[derive(Debug)]
pub(super) struct Adam {
    pub(super) first: Vec<Tensor>,
    pub(super) second: Vec<Tensor>,
}

impl Adam {
    pub(super) fn new<'a>(parameters: impl Iterator<Item = &'a Tensor>) -> Result<Self, TchError> {
        let zeros = parameters
            .map(|parameter| Ok((parameter.f_zeros_like()?, parameter.f_zeros_like()?)))
            .collect::<Result<Vec<_>, TchError>>()?;
        let (first, second) = zeros.into_iter().unzip();
        Ok(Self { first, second })
    }

    /// Moves each parameter by its gradient, which is then forgotten; `step` counts from 1.
    pub(super) fn step<'a>(
        &mut self,
        parameters: impl Iterator<Item = &'a Tensor>,
        rate: f64,
        step: usize,
    ) -> Result<(), TchError> {
        let step = step as f64;
        let (in_first, in_second) = (1.0 - FIRST.powf(step), 1.0 - SECOND.powf(step));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for (parameter, (first, second)) in parameters.zip(moments) {
            let mut gradient = parameter.f_grad()?;
            let _ = first.f_lerp_(&gradient, 1.0 - FIRST)?;
            let _ = second
                .f_mul_scalar_(SECOND)?
                .f_addcmul_(&gradient, &gradient)?;
            let size = second
                .f_div_scalar(in_second * (1.0 - SECOND).recip())?
                .f_sqrt_()?
                .f_add_scalar_(EPSILON)?;
            let move_by = first.f_div(&size)?.f_mul_scalar_(-rate / in_first)?;
            let _ = parameter.shallow_clone().f_add_(&move_by)?;
            let _ = gradient.f_zero_()?;
        }
        Ok(())
    }
}
