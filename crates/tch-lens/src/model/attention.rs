//! Multi-head attention over a batch's own keys and over prefixes that its rows share.

use tch::{Device, Kind, TchError, Tensor};

use super::linear::Linear;
use super::mask::Mask;
use super::norm::RmsNorm;
use super::pass::{Memory, PassState};
use crate::config::QkNorm;
use crate::hook::{HookPoint, Hooks};
use crate::{Error, ModelConfig, native};

#[derive(Debug)]
pub(crate) struct Attention {
    pub(crate) q: Linear,
    pub(crate) k: Linear,
    pub(crate) v: Linear,
    pub(crate) o: Linear,
    pub(crate) n_heads: i64,
    pub(crate) n_kv_heads: i64,
    pub(crate) d_head: i64,
    pub(crate) scale: f64,
    pub(crate) soft_cap: Option<f64>,
    pub(crate) window: Option<usize>,
    norms: Option<QkNorms>,
}

/// The norms of queries and keys before they are turned.
#[derive(Debug)]
pub(crate) struct QkNorms {
    pub(crate) q: RmsNorm,
    pub(crate) k: RmsNorm,
    pub(crate) over: QkNorm,
}

impl QkNorms {
    /// `x` `[batch, pos, head, d_head]`, normed.
    fn apply(over: QkNorm, norm: &RmsNorm, x: &Tensor) -> Result<Tensor, TchError> {
        match over {
            QkNorm::EachHead => norm.apply(x),
            QkNorm::AllHeads => norm.apply(&x.f_flatten(2, 3)?)?.f_view(x.size().as_slice()),
        }
    }
}

impl Attention {
    pub(crate) fn new(
        config: &ModelConfig,
        layer: usize,
        [q, k, v, o]: [Linear; 4],
        norms: Option<QkNorms>,
    ) -> Self {
        Self {
            q,
            k,
            v,
            o,
            n_heads: config.n_heads as i64,
            n_kv_heads: config.n_kv_heads as i64,
            d_head: config.d_head as i64,
            scale: config.attention_scale,
            soft_cap: config.attention_soft_cap,
            window: config.windows[layer],
            norms,
        }
    }

    /// `x` `[batch, pos, d_model]`, normed, to what attention writes, of the same shape.
    pub(crate) fn apply(
        &self,
        x: &Tensor,
        layer: usize,
        pass: &mut PassState<'_>,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let (batch, pos) = (x.size()[0], x.size()[1]);
        let heads = |x: Tensor, n: i64| x.f_view([batch, pos, n, self.d_head]);
        let [q, k, v] = Linear::apply_all([&self.q, &self.k, &self.v], x)?;
        let q = hooks.visit(HookPoint::Q(layer), heads(q, self.n_heads)?)?;
        let k = hooks.visit(HookPoint::K(layer), heads(k, self.n_kv_heads)?)?;
        let v = hooks.visit(HookPoint::V(layer), heads(v, self.n_kv_heads)?)?;
        let (q, k) = self.normed(q, k)?;
        let rotation = pass.rotations.of(layer);
        let turned = |x: Tensor| match rotation {
            Some(rotation) => rotation.apply(&x),
            None => Ok(x),
        };
        let q = hooks.visit(HookPoint::RotQ(layer), turned(q)?)?;
        let k = hooks.visit(HookPoint::RotK(layer), turned(k)?)?;
        let q = match rotation {
            Some(rotation) => rotation.grow(q)?,
            None => q,
        };

        let (k, v) = pass
            .memory
            .remember(layer, k.f_transpose(1, 2)?, v.f_transpose(1, 2)?)?;
        let q = q.f_transpose(1, 2)?;
        let mask = pass.masks.of(self.window);
        let looked_at =
            hooks.wants(HookPoint::AttnScores(layer)) || hooks.wants(HookPoint::Pattern(layer));
        let plain = self.soft_cap.is_none() && !looked_at;
        let ours = if plain && !pass.masks.narrow(self.window) {
            self.decoding(&q, &k, &v, layer, pass)?
        } else {
            None
        };
        let z = match ours {
            Some(z) => z,
            None if plain && pass.groups.is_empty() => self.fused(&q, &k, &v, mask)?,
            None => self.in_steps(&q, &k, &v, mask, layer, pass, hooks)?,
        };
        let z = hooks.visit(HookPoint::Z(layer), z.f_transpose(1, 2)?.f_contiguous()?)?;
        self.out(&z, layer, hooks)
    }

    fn normed(&self, q: Tensor, k: Tensor) -> Result<(Tensor, Tensor), TchError> {
        let Some(norms) = &self.norms else {
            return Ok((q, k));
        };
        let normed = |norm, x| QkNorms::apply(norms.over, norm, x);
        Ok((normed(&norms.q, &q)?, normed(&norms.k, &k)?))
    }

    fn out(&self, z: &Tensor, layer: usize, hooks: &mut Hooks<'_, '_>) -> Result<Tensor, Error> {
        if !hooks.wants(HookPoint::HeadOut(layer)) {
            return Ok(self.o.apply(&z.f_flatten(2, 3)?)?);
        }
        let d_model = self.o.weight.size()[0];
        let weight = self
            .o
            .weight
            .f_view([d_model, self.n_heads, self.d_head])?
            .f_permute([1, 2, 0])?;
        let result = z.f_unsqueeze(3)?.f_matmul(&weight)?.f_squeeze_dim(3)?;
        let result = hooks.visit(HookPoint::HeadOut(layer), result)?;
        let sum = result.f_sum_dim_intlist([2].as_slice(), false, result.kind())?;
        Ok(match &self.o.bias {
            Some(bias) => sum.f_add(bias)?,
            None => sum,
        })
    }

    /// The attention of a decode pass, where there is a kernel for it.
    fn decoding(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        layer: usize,
        pass: &PassState<'_>,
    ) -> Result<Option<Tensor>, TchError> {
        if q.device() != Device::Cpu {
            return Ok(None);
        }
        let Some(lengths) = pass.memory.seen() else {
            return Ok(None);
        };
        let prefixes = pass.prefixes(lengths.len(), layer);
        native::attention(q, (k, v), &lengths, &prefixes, self.scale)
    }

    /// libtorch's own attention. `q` `[batch, head, pos, d_head]`, `k`, `v` `[batch, kv_head, key_pos, d_head]`.
    fn fused(&self, q: &Tensor, k: &Tensor, v: &Tensor, mask: &Mask) -> Result<Tensor, TchError> {
        let sdpa = |q: &Tensor, mask: Option<&Tensor>, causal, grouped| {
            Tensor::f_scaled_dot_product_attention(q, k, v, mask, 0.0, causal, self.scale, grouped)
        };
        if q.size()[2] > 1 {
            let own = mask.own.as_ref().filter(|_| !mask.causal);
            return sdpa(q, own, mask.causal, self.n_heads != self.n_kv_heads);
        }
        // The heads that share keys stand in for positions, so that no key is copied.
        let z = sdpa(&self.fold(q)?, mask.own.as_ref(), false, false)?;
        self.unfold(&z, 1)
    }

    /// The same in matrix products, for soft caps, shared prefixes and those who look at scores.
    #[expect(clippy::too_many_arguments)]
    fn in_steps(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        mask: &Mask,
        layer: usize,
        pass: &PassState<'_>,
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let pos = q.size()[2];
        let q = self.fold(q)?;
        let own = self.unfold(&q.f_matmul(&k.f_transpose(2, 3)?)?, pos)?;
        let own = self.finish_scores(own, mask.own.as_ref())?;
        let scores = match self.prefix_scores(&q, pos, mask, layer, pass)? {
            Some(prefix) => Tensor::f_cat(&[prefix, own], 3)?,
            None => own,
        };
        let scores = hooks.visit(HookPoint::AttnScores(layer), scores)?;
        let pattern = scores.f_softmax(-1, Kind::Float)?.f_to_kind(q.kind())?;
        let pattern = hooks.visit(HookPoint::Pattern(layer), pattern)?;

        let n_prefix = pattern.size()[3] - k.size()[2];
        let own = self
            .fold(&pattern.f_narrow(3, n_prefix, k.size()[2])?)?
            .f_matmul(v)?;
        let mut z = self.unfold(&own, pos)?;
        for group in &pass.groups {
            let prefix = &group.prefix.layers[layer].1;
            let pattern = group.pick(&pattern.f_narrow(3, 0, group.prefix.length as i64)?)?;
            let part = self.split(&self.join(&pattern)?.f_matmul(prefix)?, pos)?;
            z = group.add(&z, &part)?;
        }
        Ok(z)
    }

    /// Scores of each group's rows over its prefix, in one tensor `[batch, head, pos, longest prefix]`.
    fn prefix_scores(
        &self,
        q: &Tensor,
        pos: i64,
        mask: &Mask,
        layer: usize,
        pass: &PassState<'_>,
    ) -> Result<Option<Tensor>, TchError> {
        let Some(longest) = pass.groups.iter().map(|group| group.prefix.length).max() else {
            return Ok(None);
        };
        let mut all = None;
        for (group, mask) in pass.groups.iter().zip(&mask.prefixes) {
            let keys = &group.prefix.layers[layer].0;
            let joined = self.join(&self.unfold(&group.pick(q)?, pos)?)?;
            let scores = self.split(&joined.f_matmul(&keys.f_transpose(1, 2)?)?, pos)?;
            let scores = self.finish_scores(scores, mask.as_ref())?;
            if group.is_all && group.prefix.length == longest {
                return Ok(Some(scores));
            }
            let shape = [q.size()[0], self.n_heads, pos, longest as i64];
            let all = match &mut all {
                Some(all) => all,
                None => all.insert(Tensor::f_full(
                    shape,
                    f64::NEG_INFINITY,
                    (q.kind(), q.device()),
                )?),
            };
            let _ = all
                .f_narrow(3, 0, group.prefix.length as i64)?
                .f_index_copy_(0, &group.rows, &scores)?;
        }
        Ok(all)
    }

    /// Scaled, capped and masked, in place.
    fn finish_scores(&self, mut scores: Tensor, mask: Option<&Tensor>) -> Result<Tensor, TchError> {
        scores = scores.f_mul_scalar_(self.scale)?;
        if let Some(cap) = self.soft_cap {
            scores = scores.f_div_scalar_(cap)?.f_tanh_()?;
            // A gradient needs what tanh gave.
            scores = if scores.requires_grad() {
                scores.f_mul_scalar(cap)?
            } else {
                scores.f_mul_scalar_(cap)?
            };
        }
        match mask {
            Some(mask) => scores.f_add_(mask),
            None => Ok(scores),
        }
    }

    /// `[batch, head, pos, x]` to `[batch, kv_head, heads of each * pos, x]`.
    fn fold(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let [batch, _, pos, last] = shape(x);
        x.f_reshape([
            batch,
            self.n_kv_heads,
            self.n_heads / self.n_kv_heads * pos,
            last,
        ])
    }

    /// Back from [`fold`](Self::fold).
    fn unfold(&self, x: &Tensor, pos: i64) -> Result<Tensor, TchError> {
        let [batch, _, _, last] = shape(x);
        x.f_reshape([batch, self.n_heads, pos, last])
    }

    /// `[row, head, pos, x]` to `[kv_head, row * heads of each * pos, x]`, so that all rows meet one prefix at once.
    fn join(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let [rows, _, pos, last] = shape(x);
        let per_key = self.n_heads / self.n_kv_heads;
        x.f_reshape([rows, self.n_kv_heads, per_key * pos, last])?
            .f_transpose(0, 1)?
            .f_reshape([self.n_kv_heads, rows * per_key * pos, last])
    }

    /// Back from [`join`](Self::join).
    fn split(&self, x: &Tensor, pos: i64) -> Result<Tensor, TchError> {
        let size = x.size();
        let per_key = self.n_heads / self.n_kv_heads;
        let rows = size[1] / (per_key * pos);
        x.f_view([self.n_kv_heads, rows, per_key * pos, size[2]])?
            .f_transpose(0, 1)?
            .f_reshape([rows, self.n_heads, pos, size[2]])
    }
}

fn shape(x: &Tensor) -> [i64; 4] {
    let size = x.size();
    [size[0], size[1], size[2], size[3]]
}

impl Memory<'_> {
    /// The own keys and values that this pass looks at, `[batch, kv_head, key_pos, d_head]`, after putting away those
    /// of its tokens.
    fn remember(
        &mut self,
        layer: usize,
        k: Tensor,
        v: Tensor,
    ) -> Result<(Tensor, Tensor), TchError> {
        match self {
            Self::Fresh => {}
            Self::Fill { cache, slots } => {
                let (keys, values) = &mut cache.layers[layer];
                // The row that was here before may have left NaN behind this prompt, which no mask hides.
                let _ = keys.f_index_fill_(0, slots, 0.0)?;
                let _ = values.f_index_fill_(0, slots, 0.0)?;
                let pos = k.size()[2];
                let _ = keys.f_narrow(2, 0, pos)?.f_index_copy_(0, slots, &k)?;
                let _ = values.f_narrow(2, 0, pos)?.f_index_copy_(0, slots, &v)?;
            }
            Self::Extend {
                cache,
                slots,
                at,
                keys: n,
            } => {
                let (keys, values) = &mut cache.layers[layer];
                let indices = [Some(&*slots), None, Some(&*at)];
                let _ = keys.f_index_put_(&indices, &k.f_select(2, 0)?, false)?;
                let _ = values.f_index_put_(&indices, &v.f_select(2, 0)?, false)?;
                return Ok((keys.f_narrow(2, 0, *n)?, values.f_narrow(2, 0, *n)?));
            }
        }
        Ok((k, v))
    }
}
