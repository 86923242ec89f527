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
        let input = match &self.attention_norms.before {
            Some(norm) => norm.apply(&resid)?,
            None => resid.shallow_clone(),
        };
        let out = self.attention.apply(&input, layer, pass, hooks)?;
        let out = match &self.attention_norms.after {
            Some(norm) => norm.apply(&out)?,
            None => out,
        };
        let out = self.scaled(out)?;
        let out = hooks.visit(HookPoint::AttnOut(layer), out)?;
        hooks.visit(HookPoint::ResidMid(layer), resid.f_add(&out)?)
    }

    fn think(
        &self,
        resid: Tensor,
        layer: usize,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let Norms { before, after } = &self.mlp_norms;
        let normalized = HookPoint::MlpNormalized(layer);
        let input = match before {
            Some(norm) => norm.apply_at(&resid, normalized, hooks)?,
            None => resid.shallow_clone(),
        };
        let input = hooks.visit(HookPoint::MlpIn(layer), input)?;
        let out = self.mlp.apply(&input, layer, hooks)?;
        let out = match after {
            Some(norm) if before.is_none() => norm.apply_at(&out, normalized, hooks)?,
            Some(norm) => norm.apply(&out)?,
            None => out,
        };
        let out = self.scaled(out)?;
        let out = hooks.visit(HookPoint::MlpOut(layer), out)?;
        hooks.visit(HookPoint::ResidPost(layer), resid.f_add(&out)?)
    }

    /// What attention or the MLP adds to the residual stream.
    fn scaled(&self, out: Tensor) -> Result<Tensor, TchError> {
        if self.residual_scale == 1.0 {
            return Ok(out);
        }
        out.f_mul_scalar(self.residual_scale)
    }
}
