//! The decoder: embedding, layers, final norm and output layer.

mod attention;
mod block;
mod linear;
mod mask;
mod mlp;
mod norm;
pub(crate) mod pass;
mod rope;

use tch::{Device, Kind, TchError, Tensor};

use crate::cache::{Group, KvCache};
use crate::config::NormPlacement;
use crate::error::{Doing, Within};
use crate::hook::{HookPoint, Hooks};
use crate::{Error, LoadError, ModelConfig};
use attention::{Attention, QkNorms};
use block::{Block, Norms};
use linear::Linear;
use mlp::Mlp;
use norm::RmsNorm;
use pass::{Memory, PassState};
use rope::Ropes;

/// A decoder-only transformer of one of the known architectures.
#[derive(Debug)]
pub(crate) struct Decoder {
    pub(crate) config: ModelConfig,
    embedding: Tensor,
    embedding_scale: f64,
    ropes: Ropes,
    blocks: Vec<Block>,
    final_norm: RmsNorm,
    output: Linear,
    window: Option<usize>,
    pub(crate) kind: Kind,
    pub(crate) device: Device,
}

/// Where the weights come from: a name and a shape to a tensor of the model's precision, on its device.
pub(crate) type Source<'a> = dyn FnMut(&str, &[i64]) -> Result<Tensor, LoadError> + 'a;

impl Decoder {
    pub(crate) fn new(
        config: ModelConfig,
        kind: Kind,
        device: Device,
        source: &mut Source<'_>,
    ) -> Result<Self, LoadError> {
        let shapes: std::collections::HashMap<_, _> = config.tensors().into_iter().collect();
        let mut get = |name: &str| match shapes.get(name) {
            Some(shape) => source(name, shape).map(Some),
            None => Ok(None),
        };
        let norm = |weight: Tensor| {
            RmsNorm::new(weight, config.norm_eps, config.norm_weight)
                .loading(|| "preparing a norm".to_owned())
        };
        let mut blocks = Vec::with_capacity(config.n_layers);
        for layer in 0..config.n_layers {
            let mut named = |rest: &str| get(&format!("model.layers.{layer}.{rest}"));
            let mut linear = |name: &str| -> Result<Linear, LoadError> {
                let weight = expect(named(&format!("{name}.weight"))?);
                Ok(Linear {
                    weight,
                    bias: named(&format!("{name}.bias"))?,
                })
            };
            let attention = [
                linear("self_attn.q_proj")?,
                linear("self_attn.k_proj")?,
                linear("self_attn.v_proj")?,
                linear("self_attn.o_proj")?,
            ];
            let mlp = Mlp {
                gate: linear("mlp.gate_proj")?,
                up: linear("mlp.up_proj")?,
                down: linear("mlp.down_proj")?,
                activation: config.activation,
            };
            let mut normed = |name: &str| -> Result<Option<RmsNorm>, LoadError> {
                let weight = named(&format!("{name}.weight"))?;
                weight.map(norm).transpose()
            };
            let qk_norms = match (
                normed("self_attn.q_norm")?,
                normed("self_attn.k_norm")?,
                config.qk_norm,
            ) {
                (Some(q), Some(k), Some(over)) => Some(QkNorms { q, k, over }),
                _ => None,
            };
            let after_attention = normed("post_attention_layernorm")?;
            // Where a block has no other norm before the MLP, it is this one, whatever its name.
            let (after_attention, before_mlp) = match config.norms {
                NormPlacement::Before => (None, after_attention),
                _ => (after_attention, normed("pre_feedforward_layernorm")?),
            };
            blocks.push(Block {
                attention: Attention::new(&config, layer, attention, qk_norms),
                attention_norms: Norms {
                    before: normed("input_layernorm")?,
                    after: after_attention,
                },
                mlp,
                mlp_norms: Norms {
                    before: before_mlp,
                    after: normed("post_feedforward_layernorm")?,
                },
                residual_scale: config.residual_scale,
            });
        }
        let embedding = expect(get("model.embed_tokens.weight")?);
        let output = get("lm_head.weight")?.unwrap_or_else(|| embedding.shallow_clone());
        let final_norm = norm(expect(get("model.norm.weight")?))?;
        let ropes = Ropes::new(&config, kind, device)
            .loading(|| "preparing the rotary embedding".to_owned())?;
        // Gemma keeps the scale as a tensor of the model's precision.
        let embedding_scale = if config.architecture.is_gemma() {
            rounded(config.embedding_scale, kind)
        } else {
            config.embedding_scale
        };
        let window = config.windows.iter().copied().flatten().next();
        Ok(Self {
            config,
            embedding,
            embedding_scale,
            ropes,
            blocks,
            final_norm,
            output: Linear {
                weight: output,
                bias: None,
            },
            window,
            kind,
            device,
        })
    }

    /// The residual stream `[row, pos, d_model]` after the last layer for a batch of prompts `ids` `[row, pos]`, padded
    /// on the right.
    pub(crate) fn prompt(
        &self,
        ids: &Tensor,
        groups: &[Group],
        memory: Memory<'_>,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let (rows, tokens) = (ids.size()[0] as usize, ids.size()[1] as usize);
        let options = (self.kind, self.device);
        let mut pass = PassState::prompt(
            &self.ropes,
            rows,
            tokens,
            self.window,
            groups,
            memory,
            options,
        )?;
        self.layers(ids, &mut pass, hooks)
    }

    /// The residual stream `[slot, 1, d_model]` after the last layer for one more token in each slot, `ids` `[slot, 1]`.
    /// The cache's lengths are left for the caller to advance.
    pub(crate) fn decode(
        &self,
        ids: &Tensor,
        groups: &[Group],
        cache: &mut KvCache,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let mut pass = PassState::decode(
            &self.ropes,
            cache,
            self.window,
            groups,
            (self.kind, self.device),
        )?;
        self.layers(ids, &mut pass, hooks)
    }

    fn layers(
        &self,
        ids: &Tensor,
        pass: &mut PassState<'_>,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let mut resid = self
            .embed(ids, hooks)
            .within(|| "embedding the tokens".to_owned())?;
        for (layer, block) in self.blocks.iter().enumerate() {
            resid = block.apply(resid, layer, pass, hooks)?;
        }
        Ok(resid)
    }

    fn embed(&self, ids: &Tensor, hooks: &mut Hooks<'_, '_>) -> Result<Tensor, Error> {
        let mut x = Tensor::f_embedding(&self.embedding, ids, -1, false, false)?;
        if self.embedding_scale != 1.0 {
            x = x.f_mul_scalar(self.embedding_scale)?;
        }
        hooks.visit(HookPoint::Embed, x)
    }

    /// Logits `[.., d_vocab]` from the residual stream `[.., d_model]` after the last layer, in the model's precision.
    pub(crate) fn logits(
        &self,
        resid: &Tensor,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        self.normed(resid, hooks)
            .and_then(|x| Ok(self.unembed(&x)?))
            .within(|| "computing the logits".to_owned())
    }

    /// Logits `[row, 1, d_vocab]` of the positions `last` `[row, 1, d_model]` alone. A hook at the final norm sees all.
    pub(crate) fn last_logits(
        &self,
        resid: &Tensor,
        last: &Tensor,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let logits = if hooks.wants(HookPoint::Final) {
            self.normed(resid, hooks)
                .and_then(|x| Ok(self.unembed(&x.f_gather(1, last, false)?)?))
        } else {
            let resid = resid.f_gather(1, last, false)?;
            self.normed(&resid, hooks)
                .and_then(|x| Ok(self.unembed(&x)?))
        };
        logits.within(|| "computing the logits".to_owned())
    }

    fn normed(&self, resid: &Tensor, hooks: &mut Hooks<'_, '_>) -> Result<Tensor, Error> {
        self.final_norm.apply_at(resid, HookPoint::Final, hooks)
    }

    fn unembed(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let mut logits = self.output.apply(x)?;
        if self.config.logit_divisor != 1.0 {
            logits = logits.f_div_scalar(self.config.logit_divisor)?;
        }
        match self.config.logit_soft_cap {
            Some(cap) => logits.f_div_scalar(cap)?.f_tanh()?.f_mul_scalar(cap),
            None => Ok(logits),
        }
    }
}

/// What `ModelConfig::tensors` lists for every architecture.
fn expect<T>(tensor: Option<T>) -> T {
    tensor.expect("a tensor that every architecture has")
}

/// A number as that precision rounds it.
fn rounded(number: f64, kind: Kind) -> f64 {
    Tensor::from(number as f32).to_kind(kind).double_value(&[])
}
