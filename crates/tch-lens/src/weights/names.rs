//! Under which names a checkpoint holds a language model's tensors.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::Weights;
use crate::{LoadError, ModelConfig};

/// What checkpoints put before the names of layers, embedding and final norm, the usual one first. A model that was saved
/// without its output layer has nothing there; one that also sees has its language model within.
const PREFIXES: [&str; 4] = [
    "model.",
    "",
    "language_model.model.",
    "model.language_model.",
];
const HEADS: [&str; 2] = ["lm_head.weight", "language_model.lm_head.weight"];
const HEAD: &str = "lm_head.weight";
const EMBEDDING: &str = "model.embed_tokens.weight";

/// A part of a tensor in which Phi's checkpoints hold what others hold in tensors of their own.
#[derive(Debug)]
struct Part {
    name: &'static str,
    whole: &'static str,
    rows: Range<i64>,
    /// Those of the whole.
    of: i64,
}

/// The names in one checkpoint.
#[derive(Debug)]
pub(crate) struct Names {
    prefix: &'static str,
    head: Option<&'static str>,
    /// The embedding is stored as the output layer alone.
    embedding_in_head: bool,
    parts: Vec<Part>,
}

impl Names {
    /// The names in these weights, and what `config` must be set to for them: a checkpoint that says that its output layer
    /// is its embedding, and holds another one, is computed with the one that it holds, as transformers does it.
    pub(crate) fn find(weights: &Weights, config: &mut ModelConfig) -> Result<Self, LoadError> {
        let holds =
            |prefix: &&str| weights.contains(&format!("{prefix}layers.0.mlp.down_proj.weight"));
        let prefix = PREFIXES.into_iter().find(holds).unwrap_or(PREFIXES[0]);
        let head = HEADS.into_iter().find(|head| weights.contains(head));
        let mut names = Self {
            prefix,
            head,
            embedding_in_head: false,
            parts: parts(weights, prefix, config),
        };
        let embedding = names.stored(EMBEDDING);
        match head {
            Some(head) if config.tied_embeddings && weights.contains(&embedding) => {
                config.tied_embeddings = weights.same(&embedding, head)?;
            }
            Some(_) if config.tied_embeddings => names.embedding_in_head = true,
            None if !config.tied_embeddings && weights.contains(&embedding) => {
                let reason = format!(
                    "has no \"{HEAD}\", and tie_word_embeddings of config.json says that the output layer is not the \
                     embedding: a model that was saved without its output layer has no logits"
                );
                return Err(super::refused(&weights.path, reason));
            }
            _ => {}
        }
        Ok(names)
    }

    /// A tensor that [`ModelConfig::tensors`] lists, with that shape.
    pub(crate) fn get(
        &self,
        weights: &Weights,
        name: &str,
        shape: &[i64],
        (kind, device): (Kind, Device),
    ) -> Result<Tensor, LoadError> {
        let part = self.parts.iter().find(|part| name.contains(part.name));
        let Some(part) = part else {
            return weights.get(&self.stored(name), shape, kind, device);
        };
        let whole = self.stored(&name.replace(part.name, part.whole));
        let shape: Vec<i64> = std::iter::once(part.of)
            .chain(shape[1..].iter().copied())
            .collect();
        weights.rows(&whole, &shape, Some(part.rows.clone()), kind, device)
    }

    fn stored(&self, name: &str) -> String {
        match (name, self.head) {
            (EMBEDDING, Some(head)) if self.embedding_in_head => head.to_owned(),
            (HEAD, Some(head)) => head.to_owned(),
            _ => match name.strip_prefix(PREFIXES[0]) {
                Some(rest) => format!("{}{rest}", self.prefix),
                None => name.to_owned(),
            },
        }
    }
}

/// What these weights hold as parts of other tensors.
fn parts(weights: &Weights, prefix: &str, config: &ModelConfig) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut split = |whole: &'static str, named: &[(&'static str, usize)]| {
        if !weights.contains(&format!("{prefix}layers.0.{whole}.weight")) {
            return;
        }
        let of = named.iter().map(|(_, rows)| *rows as i64).sum();
        let mut first = 0;
        for &(name, rows) in named {
            let rows = first..first + rows as i64;
            first = rows.end;
            parts.push(Part {
                name,
                whole,
                rows,
                of,
            });
        }
    };
    let (q, kv) = (
        config.n_heads * config.d_head,
        config.n_kv_heads * config.d_head,
    );
    split(
        "self_attn.qkv_proj",
        &[
            ("self_attn.q_proj", q),
            ("self_attn.k_proj", kv),
            ("self_attn.v_proj", kv),
        ],
    );
    let mlp = config.d_mlp;
    split(
        "mlp.gate_up_proj",
        &[("mlp.gate_proj", mlp), ("mlp.up_proj", mlp)],
    );
    parts
}
