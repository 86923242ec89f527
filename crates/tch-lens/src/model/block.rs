//! One layer: attention and MLP around the residual stream.

use tch::{TchError, Tensor};

use super::attention::Attention;
use super::mlp::Mlp;
use super::norm::RmsNorm;
use super::pass::PassState;
use crate::Error;
use crate::error::Within;
use crate::hook::{HookPoint, Hooks};

/// The norms around attention or the MLP: of what it reads, and of what it adds.
#[derive(Debug)]
pub(crate) struct Norms {
    pub(crate) before: Option<RmsNorm>,
    pub(crate) after: Option<RmsNorm>,
}

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) attention: Attention,
    pub(crate) attention_norms: Norms,
    pub(crate) mlp: Mlp,
    pub(crate) mlp_norms: Norms,
    /// By what both are multiplied before they are added.
    pub(crate) residual_scale: f64,
}

impl Block {
    /// The residual stream `[batch, pos, d_model]` after the layer.
    pub(crate) fn apply(
        &self,
        resid: Tensor,
        layer: usize,
        pass: &mut PassState<'_>,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let resid = hooks.visit(HookPoint::ResidPre(layer), resid)?;
        let resid = self
            .attend(resid, layer, pass, hooks)
            .within(|| format!("computing attention, layer {layer}"))?;
        self.think(resid, layer, hooks)
            .within(|| format!("computing the MLP, layer {layer}"))
    }

    fn attend(
        &self,
        resid: Tensor,
        layer: usize,
        pass: &mut PassState<'_>,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let input = normed(self.attention_norms.before.as_ref(), &resid)?;
        let out = self.attention.apply(&input, layer, pass, hooks)?;
        let out = self.added(self.attention_norms.after.as_ref(), out)?;
        let out = hooks.visit(HookPoint::AttnOut(layer), out)?;
        hooks.visit(HookPoint::ResidMid(layer), resid.f_add(&out)?)
    }

    fn think(
        &self,
        resid: Tensor,
        layer: usize,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let input = normed(self.mlp_norms.before.as_ref(), &resid)?;
        let out = self.mlp.apply(&input, layer, hooks)?;
        let out = self.added(self.mlp_norms.after.as_ref(), out)?;
        let out = hooks.visit(HookPoint::MlpOut(layer), out)?;
        hooks.visit(HookPoint::ResidPost(layer), resid.f_add(&out)?)
    }

    /// What is added to the residual stream of what attention or the MLP has computed.
    fn added(&self, norm: Option<&RmsNorm>, out: Tensor) -> Result<Tensor, TchError> {
        let out = normed(norm, &out)?;
        if self.residual_scale == 1.0 {
            return Ok(out);
        }
        out.f_mul_scalar(self.residual_scale)
    }
}

fn normed(norm: Option<&RmsNorm>, x: &Tensor) -> Result<Tensor, TchError> {
    match norm {
        Some(norm) => norm.apply(x),
        None => Ok(x.shallow_clone()),
    }
}
