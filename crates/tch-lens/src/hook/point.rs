//! The places of a model that can be read and edited, under the names that TransformerLens gives them where it has one.

use std::fmt;

use crate::{Error, ModelConfig};

/// A place in the model whose activation can be read or edited; the number is the layer, from 0.
///
/// Printed as, and parsed from, the names of TransformerLens, but for `hook_gate`. Shapes: `pos` counts the tokens of one pass, `key_pos`
/// all tokens that a query can see, shared prefix and cache included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HookPoint {
    /// `hook_embed` `[batch, pos, d_model]`: the embedding, after Gemma's and Granite's scaling.
    Embed,
    /// `blocks.N.hook_resid_pre` `[batch, pos, d_model]`: the residual stream before the layer.
    ResidPre(usize),
    /// `blocks.N.attn.hook_q` `[batch, pos, head, d_head]`: queries, before their norm and the rotation.
    Q(usize),
    /// `blocks.N.attn.hook_k` `[batch, pos, kv_head, d_head]`: keys, before their norm and the rotation.
    K(usize),
    /// `blocks.N.attn.hook_v` `[batch, pos, kv_head, d_head]`: values.
    V(usize),
    /// `blocks.N.attn.hook_rot_q` `[batch, pos, head, d_head]`: queries, rotated.
    RotQ(usize),
    /// `blocks.N.attn.hook_rot_k` `[batch, pos, kv_head, d_head]`: keys, rotated.
    RotK(usize),
    /// `blocks.N.attn.hook_attn_scores` `[batch, head, pos, key_pos]`: scaled, soft-capped where the model does, masked
    /// with minus infinity.
    AttnScores(usize),
    /// `blocks.N.attn.hook_pattern` `[batch, head, pos, key_pos]`: attention probabilities.
    Pattern(usize),
    /// `blocks.N.attn.hook_z` `[batch, pos, head, d_head]`: what each head has gathered.
    Z(usize),
    /// `blocks.N.attn.hook_result` `[batch, pos, head, d_model]`: what each head writes.
    HeadOut(usize),
    /// `blocks.N.hook_attn_out` `[batch, pos, d_model]`: what attention adds, after the post-norm and multiplier
    /// of the architectures that have them.
    AttnOut(usize),
    /// `blocks.N.hook_resid_mid` `[batch, pos, d_model]`: the residual stream between attention and MLP.
    ResidMid(usize),
    /// `blocks.N.ln2.hook_normalized` `[batch, pos, d_model]`: what the norm before the MLP gives before its weights are
    /// applied; in OLMo, which has none there, the norm after it.
    MlpNormalized(usize),
    /// `blocks.N.mlp.hook_in` `[batch, pos, d_model]`: what the MLP reads.
    MlpIn(usize),
    /// `blocks.N.mlp.hook_pre` `[batch, pos, d_mlp]`: the gate, before the activation function.
    MlpPre(usize),
    /// `blocks.N.mlp.hook_pre_linear` `[batch, pos, d_mlp]`: the other branch, `up`.
    MlpPreLinear(usize),
    /// `blocks.N.mlp.hook_gate` `[batch, pos, d_mlp]`: the gate, after the activation function. A name of this crate's
    /// own: TransformerLens has none.
    MlpGate(usize),
    /// `blocks.N.mlp.hook_post` `[batch, pos, d_mlp]`: activated gate times the other branch.
    MlpPost(usize),
    /// `blocks.N.hook_mlp_out` `[batch, pos, d_model]`: what the MLP adds, likewise.
    MlpOut(usize),
    /// `blocks.N.hook_resid_post` `[batch, pos, d_model]`: the residual stream after the layer.
    ResidPost(usize),
    /// `ln_final.hook_normalized` `[batch, pos, d_model]`: the last residual stream over its root mean square, before
    /// the norm's weights.
    Final,
}

/// A name within a layer, and what makes the hook point of a layer's number.
type InLayer = (&'static str, fn(usize) -> HookPoint);

const IN_LAYER: [InLayer; 20] = [
    ("hook_resid_pre", HookPoint::ResidPre),
    ("attn.hook_q", HookPoint::Q),
    ("attn.hook_k", HookPoint::K),
    ("attn.hook_v", HookPoint::V),
    ("attn.hook_rot_q", HookPoint::RotQ),
    ("attn.hook_rot_k", HookPoint::RotK),
    ("attn.hook_attn_scores", HookPoint::AttnScores),
    ("attn.hook_pattern", HookPoint::Pattern),
    ("attn.hook_z", HookPoint::Z),
    ("attn.hook_result", HookPoint::HeadOut),
    ("hook_attn_out", HookPoint::AttnOut),
    ("hook_resid_mid", HookPoint::ResidMid),
    ("ln2.hook_normalized", HookPoint::MlpNormalized),
    ("mlp.hook_in", HookPoint::MlpIn),
    ("mlp.hook_pre", HookPoint::MlpPre),
    ("mlp.hook_pre_linear", HookPoint::MlpPreLinear),
    ("mlp.hook_gate", HookPoint::MlpGate),
    ("mlp.hook_post", HookPoint::MlpPost),
    ("hook_mlp_out", HookPoint::MlpOut),
    ("hook_resid_post", HookPoint::ResidPost),
];

const EMBED: &str = "hook_embed";
const FINAL: &str = "ln_final.hook_normalized";

impl HookPoint {
    /// The hook point of that name in a model of `n_layers` layers.
    ///
    /// # Errors
    /// No such name, or no such layer; the error lists what there is.
    ///
    /// ```
    /// use tch_lens::HookPoint;
    ///
    /// assert_eq!(HookPoint::parse("blocks.12.hook_resid_post", 18)?, HookPoint::ResidPost(12));
    /// assert_eq!(HookPoint::ResidPost(12).to_string(), "blocks.12.hook_resid_post");
    /// let error = HookPoint::parse("blocks.18.hook_resid_post", 18).unwrap_err().to_string();
    /// assert!(error.contains("blocks.N.hook_resid_post"), "{error}");
    /// assert!(error.ends_with("with N from 0 to 17"), "{error}");
    /// # Ok::<(), tch_lens::Error>(())
    /// ```
    pub fn parse(name: &str, n_layers: usize) -> Result<Self, Error> {
        Self::named(name)
            .filter(|point| point.layer().is_none_or(|layer| layer < n_layers))
            .ok_or_else(|| Error::UnknownHookPoint {
                name: name.to_owned(),
                available: available(n_layers),
            })
    }

    /// Every hook point of a model of `n_layers` layers, in the order in which a pass meets them.
    pub fn all(n_layers: usize) -> impl Iterator<Item = Self> {
        let layers =
            (0..n_layers).flat_map(|layer| IN_LAYER.iter().map(move |(_, point)| point(layer)));
        std::iter::once(Self::Embed)
            .chain(layers)
            .chain(std::iter::once(Self::Final))
    }

    /// The layer it is in; none for the embedding and the final norm.
    #[must_use]
    pub fn layer(self) -> Option<usize> {
        match self {
            Self::Embed | Self::Final => None,
            Self::ResidPre(layer)
            | Self::Q(layer)
            | Self::K(layer)
            | Self::V(layer)
            | Self::RotQ(layer)
            | Self::RotK(layer)
            | Self::AttnScores(layer)
            | Self::Pattern(layer)
            | Self::Z(layer)
            | Self::HeadOut(layer)
            | Self::AttnOut(layer)
            | Self::ResidMid(layer)
            | Self::MlpNormalized(layer)
            | Self::MlpIn(layer)
            | Self::MlpPre(layer)
            | Self::MlpPreLinear(layer)
            | Self::MlpGate(layer)
            | Self::MlpPost(layer)
            | Self::MlpOut(layer)
            | Self::ResidPost(layer) => Some(layer),
        }
    }

    /// Numbers per position where the activation is `[batch, pos, ..]` and so can be steered as one vector per position:
    /// the heads of queries, keys, values and `z` one after the other. None for scores, patterns and what each head
    /// writes.
    #[must_use]
    pub fn width(self, config: &ModelConfig) -> Option<usize> {
        match self {
            Self::Q(_) | Self::RotQ(_) | Self::Z(_) => Some(config.n_heads * config.d_head),
            Self::K(_) | Self::V(_) | Self::RotK(_) => Some(config.n_kv_heads * config.d_head),
            Self::MlpPre(_) | Self::MlpPreLinear(_) | Self::MlpGate(_) | Self::MlpPost(_) => {
                Some(config.d_mlp)
            }
            Self::AttnScores(_) | Self::Pattern(_) | Self::HeadOut(_) => None,
            _ => Some(config.d_model),
        }
    }

    /// How many heads there are where the activation is `[batch, pos, head, d_head]`.
    pub(crate) fn heads(self, config: &ModelConfig) -> Option<usize> {
        match self {
            Self::Q(_) | Self::RotQ(_) | Self::Z(_) => Some(config.n_heads),
            Self::K(_) | Self::V(_) | Self::RotK(_) => Some(config.n_kv_heads),
            _ => None,
        }
    }

    /// Whether a pass meets this point before it meets the other, in a model of `n_layers` layers.
    pub(crate) fn is_before(self, other: Self, n_layers: usize) -> bool {
        Self::all(n_layers)
            .take_while(|point| *point != other)
            .any(|point| point == self)
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            EMBED => return Some(Self::Embed),
            FINAL => return Some(Self::Final),
            _ => {}
        }
        let (layer, rest) = name.strip_prefix("blocks.")?.split_once('.')?;
        let canonical = !layer.is_empty()
            && layer.bytes().all(|b| b.is_ascii_digit())
            && (layer == "0" || !layer.starts_with('0'));
        let layer = layer.parse().ok().filter(|_| canonical)?;
        IN_LAYER
            .iter()
            .find(|(known, _)| *known == rest)
            .map(|(_, point)| point(layer))
    }
}

impl fmt::Display for HookPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer() {
            None => f.write_str(if *self == Self::Embed { EMBED } else { FINAL }),
            Some(layer) => {
                let known = IN_LAYER.iter().find(|(_, point)| point(layer) == *self);
                write!(f, "blocks.{layer}.{}", known.map_or("", |(name, _)| name))
            }
        }
    }
}

fn available(n_layers: usize) -> String {
    let in_layers = IN_LAYER.iter().map(|(name, _)| format!("blocks.N.{name}"));
    let names: Vec<String> = std::iter::once(EMBED.to_owned())
        .chain(in_layers)
        .chain(std::iter::once(FINAL.to_owned()))
        .collect();
    let last = n_layers.saturating_sub(1);
    format!("{}, with N from 0 to {last}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for point in HookPoint::all(3) {
            assert_eq!(HookPoint::parse(&point.to_string(), 3).unwrap(), point);
        }
        assert_eq!(HookPoint::all(3).count(), 2 + 3 * 20);
    }

    #[test]
    fn other_names_are_refused_with_a_list() {
        for name in [
            "",
            "blocks",
            "blocks.",
            "blocks.1",
            "blocks.x.hook_q",
            "blocks.01.hook_resid_post",
            "blocks.+1.hook_resid_post",
            "blocks.3.hook_resid_post",
            "hook_embed ",
            "blocks.1.hook_q",
        ] {
            let error = HookPoint::parse(name, 3).unwrap_err().to_string();
            assert!(
                error.contains(&format!("\"{name}\""))
                    && error.contains("blocks.N.attn.hook_pattern")
                    && error.ends_with("with N from 0 to 2"),
                "{error}"
            );
        }
    }
}
