//! Whether an autoencoder and a model belong together.

use super::Sae;
use crate::{Error, HookPoint};

impl Sae {
    /// Whether the autoencoder can be used at hook point `at` of a model of `n_layers` layers whose residual stream has
    /// the width `d_model`: the width is that of its input, and hook point and layer are those that its settings name,
    /// as far as they name them. The residual stream after a layer and before the next one are one place.
    ///
    /// # Errors
    /// What differs, with both values.
    pub fn fits(&self, d_model: usize, n_layers: usize, at: HookPoint) -> Result<(), Error> {
        if at.is_residual_width() && self.d_in() != d_model {
            return Err(refused(format!(
                "it reads activations of width {}, and those at {at} have width {d_model}",
                self.d_in()
            )));
        }
        if let Some(layer) = self.hook_layer()
            && layer >= n_layers
        {
            return Err(refused(format!(
                "it was trained on layer {layer}, and the model has layers 0 to {}",
                n_layers.saturating_sub(1)
            )));
        }
        let trained_at = self
            .hook_name()
            .and_then(|name| HookPoint::parse(name, n_layers).ok());
        match (trained_at, self.hook_layer()) {
            (Some(trained_at), _) if place(trained_at) != place(at) => Err(refused(format!(
                "it was trained at {trained_at}, and is asked for at {at}"
            ))),
            (None, Some(layer)) if !at_layer(at, layer) => Err(refused(format!(
                "it was trained on layer {layer}, and is asked for at {at}"
            ))),
            _ => Ok(()),
        }
    }
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
