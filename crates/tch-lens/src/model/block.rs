//! One layer: attention and MLP around the residual stream.

use tch::Tensor;

use super::attention::Attention;
use super::mlp::Mlp;
use super::norm::RmsNorm;
use super::pass::PassState;
use crate::Error;
use crate::error::Within;
use crate::hook::{HookPoint, Hooks};

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) attention_norm: RmsNorm,
    pub(crate) attention: Attention,
    /// Gemma 2: after attention, before adding.
    pub(crate) attention_post_norm: Option<RmsNorm>,
    pub(crate) mlp_norm: RmsNorm,
    pub(crate) mlp: Mlp,
    /// Gemma 2: after the MLP, before adding.
    pub(crate) mlp_post_norm: Option<RmsNorm>,
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
        let out = self
            .attention
            .apply(&self.attention_norm.apply(&resid)?, layer, pass, hooks)?;
        let out = normed(self.attention_post_norm.as_ref(), out)?;
        let out = hooks.visit(HookPoint::AttnOut(layer), out)?;
        hooks.visit(HookPoint::ResidMid(layer), resid.f_add(&out)?)
    }

    fn think(
        &self,
        resid: Tensor,
        layer: usize,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let out = self
            .mlp
            .apply(&self.mlp_norm.apply(&resid)?, layer, hooks)?;
        let out = normed(self.mlp_post_norm.as_ref(), out)?;
        let out = hooks.visit(HookPoint::MlpOut(layer), out)?;
        hooks.visit(HookPoint::ResidPost(layer), resid.f_add(&out)?)
    }
}

fn normed(norm: Option<&RmsNorm>, x: Tensor) -> Result<Tensor, Error> {
    match norm {
        Some(norm) => Ok(norm.apply(&x)?),
        None => Ok(x),
    }
}
