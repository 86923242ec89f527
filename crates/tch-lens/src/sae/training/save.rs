//! A trained autoencoder in SAELens's layout.

use std::fs;
use std::path::Path;

use serde_json::json;
use tch::{Kind, TchError, Tensor, no_grad};

use super::network::NAMES;
use super::{SaeTrainer, Sparsity};
use crate::sae::layout::saelens::{CONFIG, WEIGHTS};
use crate::{HookPoint, LoadError};

impl SaeTrainer {
    /// Writes `cfg.json` and `sae_weights.safetensors` into a folder, which is made if there is none: a top-k autoencoder, or
    /// for batch-top-k a jumprelu one with one threshold for all features. The scale of the training is in the weights, so that
    /// it reads activations as they are. `prepends_bos` says whether the texts that these come from begin with the model's token for
    /// that ([`Tokenizer::adds_bos`](crate::Tokenizer::adds_bos)).
    ///
    /// # Errors
    /// Files that cannot be written; libtorch's failures.
    pub fn save(
        &self,
        folder: &Path,
        model: &str,
        point: HookPoint,
        prepends_bos: bool,
    ) -> Result<(), LoadError> {
        let read = |path: &Path, source| LoadError::Read {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(|source| read(folder, source))?;
        let options = &self.options;
        let mut config = json!({
            "architecture": "topk",
            "d_in": self.data.d_in(),
            "d_sae": options.d_sae,
            "dtype": "float32",
            "device": "cpu",
            "apply_b_dec_to_input": true,
            "normalize_activations": "none",
            "reshape_activations": if matches!(point, HookPoint::Z(_)) { "hook_z" } else { "none" },
            "metadata": {
                // Of the layout: without it sae-lens takes the keys for those before version 6, and drops these.
                "sae_lens_version": "6.0.0",
                "model_name": model,
                "hook_name": point.to_string(),
                "hook_head_index": null,
                "prepend_bos": prepends_bos,
            },
        });
        match options.sparsity {
            Sparsity::TopK => {
                config["k"] = options.k.into();
                config["rescale_acts_by_decoder_norm"] = false.into();
            }
            Sparsity::BatchTopK => config["architecture"] = "jumprelu".into(),
        }
        let weights = folder.join(WEIGHTS);
        let part = folder.join(format!("{WEIGHTS}.part"));
        let torch = |source: TchError| LoadError::Torch {
            doing: format!("writing {}", weights.display()),
            source: source.into(),
        };
        let tensors = no_grad(|| self.unscaled()).map_err(torch)?;
        Tensor::write_safetensors(&tensors, &part).map_err(torch)?;
        fs::rename(&part, &weights).map_err(|source| read(&weights, source))?;
        let path = folder.join(CONFIG);
        let text = format!("{config:#}\n");
        fs::write(&path, text).map_err(|source| read(&path, source))
    }

    /// The weights for activations as they are: with `a` the scale, `f = (a x - b_dec) W_enc + b_enc` is `a` times
    /// `(x - b_dec / a) W_enc + b_enc / a`.
    fn unscaled(&self) -> Result<Vec<(&'static str, Tensor)>, TchError> {
        let back = |x: &Tensor| x.f_div_scalar(self.scale);
        let network = &self.network;
        let tensors = [
            network.w_enc.f_detach_copy()?,
            back(&network.b_enc)?,
            network.w_dec.f_detach_copy()?,
            back(&network.b_dec)?,
        ];
        let mut named = Vec::with_capacity(5);
        for (name, tensor) in NAMES.into_iter().zip(tensors) {
            named.push((name, tensor.f_to_device(tch::Device::Cpu)?.f_contiguous()?));
        }
        if self.options.sparsity == Sparsity::BatchTopK {
            let size = [self.options.d_sae as i64];
            let one = self.threshold / self.scale;
            let all = Tensor::f_full(size, one, (Kind::Float, tch::Device::Cpu))?;
            named.push(("threshold", all));
        }
        Ok(named)
    }
}
