//! The gated MLP.

use tch::{TchError, Tensor};

use super::linear::Linear;
use crate::Error;
use crate::config::GateActivation;
use crate::hook::{HookPoint, Hooks};

#[derive(Debug)]
pub(crate) struct Mlp {
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    pub(crate) activation: GateActivation,
}

impl Mlp {
    /// `[batch, pos, d_model]` to the same.
    pub(crate) fn apply(
        &self,
        x: &Tensor,
        layer: usize,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let [gate, up] = Linear::apply_all([&self.gate, &self.up], x)?;
        let gate = hooks.visit(HookPoint::MlpPre(layer), gate)?;
        let up = hooks.visit(HookPoint::MlpPreLinear(layer), up)?;
        let gate = hooks.visit(HookPoint::MlpGate(layer), self.activate(&gate)?)?;
        let post = hooks.visit(HookPoint::MlpPost(layer), gate.f_mul(&up)?)?;
        Ok(self.down.apply(&post)?)
    }

    fn activate(&self, gate: &Tensor) -> Result<Tensor, TchError> {
        match self.activation {
            GateActivation::Silu => gate.f_silu(),
            GateActivation::Gelu => gate.f_gelu("none"),
            GateActivation::GeluTanh => gate.f_gelu("tanh"),
        }
    }
}
