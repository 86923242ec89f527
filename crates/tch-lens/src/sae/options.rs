//! How a sparse autoencoder is opened.

use tch::Device;

use crate::Precision;

/// How a sparse autoencoder is opened: where it runs, in which precision, and what is folded into its weights.
///
/// ```
/// use tch_lens::Precision;
/// use tch_lens::sae::SaeOptions;
///
/// let options = SaeOptions::default().precision(Precision::Bf16).fold_decoder_norms(true);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SaeOptions {
    pub(super) device: Device,
    pub(super) precision: Precision,
    pub(super) activation_scale: Option<f64>,
    pub(super) fold_decoder_norms: bool,
}

impl Default for SaeOptions {
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            precision: Precision::F32,
            activation_scale: None,
            fold_decoder_norms: false,
        }
    }
}

impl SaeOptions {
    /// Where it runs. Default: the CPU.
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// In which precision it computes, whatever the precision of the file and of the activations. Default: f32.
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// By what the activations were multiplied in training, for autoencoders whose `normalize_activations` is
    /// `expected_average_only_in`; it is folded into the weights (`W_enc` times the scale, `W_dec` and `b_dec` over it),
    /// as SAELens's `fold_activation_norm_scaling_factor` does. Others refuse it. Default: none, so that such an
    /// autoencoder reads activations as they are, as SAELens does where it knows no factor.
    pub fn activation_scale(mut self, scale: f64) -> Self {
        self.activation_scale = Some(scale);
        self
    }

    /// Whether the rows of `W_dec` are brought to unit length, and the encoder takes up their norms, so that activations
    /// of different features compare: SAELens's `fold_W_dec_norm`. Top-k autoencoders that do not rescale by the
    /// decoder's norms refuse it, because it would change which features are chosen. Default: no.
    pub fn fold_decoder_norms(mut self, fold: bool) -> Self {
        self.fold_decoder_norms = fold;
        self
    }
}
