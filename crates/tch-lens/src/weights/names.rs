//! Under which names a checkpoint holds a language model's tensors.

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

/// The names in one checkpoint.
#[derive(Debug)]
pub(crate) struct Names {
    prefix: &'static str,
    head: Option<&'static str>,
    /// The embedding is stored as the output layer alone.
    embedding_in_head: bool,
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

    /// The stored name of a tensor that [`ModelConfig::tensors`] lists.
    pub(crate) fn stored(&self, name: &str) -> String {
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
