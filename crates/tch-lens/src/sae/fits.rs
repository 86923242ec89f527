//! Whether an autoencoder and a model belong together.

use super::Sae;
use super::layout::module_place;
use crate::{Error, HookPoint, ModelConfig};

impl Sae {
    /// Whether the autoencoder can be read and written at hook point `at` of a model with that configuration: the width of
    /// its input is that of the activations there, and the place is the one that its settings name, by TransformerLens's
    /// name or as `model.layers.N`. The residual stream after a layer and before the next one are one place. Where the
    /// settings name a layer alone, the layer counts; where they name nothing, the width alone does.
    ///
    /// # Errors
    /// What differs, with both values; the settings name a place that this crate does not know, or one head of several; a
    /// transcoder, which reads another place than it writes.
    pub fn fits(&self, config: &ModelConfig, at: HookPoint) -> Result<(), Error> {
        if self.is_transcoder() {
            return Err(refused(
                "it is a transcoder: it reads what goes into a module and writes what comes out, so there is no place at \
                 which it could do both"
                    .to_owned(),
            ));
        }
        self.reads_at(config, at)
    }

    /// Whether the activations at `at` are those that the autoencoder or transcoder encodes.
    ///
    /// # Errors
    /// As [`fits`](Self::fits), but for transcoders.
    pub fn reads_at(&self, config: &ModelConfig, at: HookPoint) -> Result<(), Error> {
        self.belongs_at(config, at, (self.d_in(), self.hook_name()))
    }

    /// Whether the activations at `at` are those that the autoencoder or transcoder decodes to.
    ///
    /// # Errors
    /// As [`fits`](Self::fits), but for transcoders.
    pub fn writes_at(&self, config: &ModelConfig, at: HookPoint) -> Result<(), Error> {
        self.belongs_at(config, at, (self.d_out(), self.hook_name_out()))
    }

    fn belongs_at(
        &self,
        config: &ModelConfig,
        at: HookPoint,
        (d, name): (usize, Option<&str>),
    ) -> Result<(), Error> {
        if let Some(head) = self.parts.origin.head {
            return Err(refused(format!(
                "it was trained on head {head} alone (hook_head_index)"
            )));
        }
        match at.width(config) {
            Some(width) if width == d => {}
            Some(width) => {
                return Err(refused(format!(
                    "its activations have width {d}, and those at {at} have width {width}"
                )));
            }
            None => {
                return Err(refused(format!(
                    "{at} has no vector of activations at each position"
                )));
            }
        }
        let n_layers = config.n_layers;
        if let Some(layer) = self.hook_layer()
            && layer >= n_layers
        {
            return Err(refused(format!(
                "it was trained on layer {layer}, and the model has layers 0 to {}",
                n_layers.saturating_sub(1)
            )));
        }
        match (name, self.hook_layer()) {
            (Some(name), _) => {
                let trained_at = trained_at(name, n_layers).ok_or_else(|| {
                    refused(format!(
                        "it was trained at \"{name}\", which is no hook point of this crate, and is asked for at {at}"
                    ))
                })?;
                if place(trained_at) == place(at) {
                    Ok(())
                } else {
                    Err(refused(format!(
                        "it was trained at {trained_at}, and is asked for at {at}"
                    )))
                }
            }
            (None, Some(layer)) if !at_layer(at, layer) => Err(refused(format!(
                "it was trained on layer {layer}, and is asked for at {at}"
            ))),
            (None, _) => Ok(()),
        }
    }
}

/// The hook point of that name, in TransformerLens's words or in those of transformers' modules.
fn trained_at(name: &str, n_layers: usize) -> Option<HookPoint> {
    HookPoint::parse(name, n_layers)
        .ok()
        .or_else(|| HookPoint::parse(&module_place(name)?, n_layers).ok())
}

fn place(point: HookPoint) -> HookPoint {
    match point {
        HookPoint::ResidPre(layer) if layer > 0 => HookPoint::ResidPost(layer - 1),
        other => other,
    }
}

fn at_layer(point: HookPoint, layer: usize) -> bool {
    point.layer() == Some(layer) || place(point).layer() == Some(layer)
}

fn refused(reason: String) -> Error {
    Error::Fit { reason }
}
