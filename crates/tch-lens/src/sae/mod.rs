//! Sparse autoencoders: activations as sums of many directions, few of them at a time.
//!
//! [`Sae::open`] reads the layouts in which they are published. Of the 13,857 that SAELens 6.54.12 lists, 12,431 can be
//! opened as they are, and 1,382 more, which are pickled, once `scripts/sae_layouts/convert.py` has written them anew:
//!
//! | layout | what is opened | architectures | SAELens lists |
//! |---|---|---|---:|
//! | Gemma Scope 2 | folder with `params.safetensors` | jumprelu; transcoders, with skip connections too | 8,784 |
//! | Gemma Scope | `params.npz`, or its folder | jumprelu; transcoders | 2,859 |
//! | SAELens, before and after version 6 | folder with `cfg.json` and `sae_weights.safetensors` | standard, jumprelu, gated, topk, batchtopk; transcoders | 292 |
//! | circuit-tracer | `layer_N.safetensors` | transcoders | 208 |
//! | Llama Scope | folder with `hyperparams.json` and `checkpoints/final.safetensors`, or `config.json` and `sae_weights.safetensors` | jumprelu | 288 |
//! | sparsify | folder with `cfg.json` and `sae.safetensors` | topk; transcoders, with skip connections too | – |
//! | dictionary_learning | converted from `ae.pt` | standard, jumprelu, gated, topk | 838 |
//! | Qwen Scope | converted from `layerN.sae.pt` | topk | 544 |
//! | others (cross-layer, temporal, single pickled files) | not opened | | 44 |
//!
//! A transcoder reads at one hook point ([`Sae::hook_name`], mostly `blocks.N.mlp.hook_in`) and decodes to another
//! ([`Sae::hook_name_out`]); [`Sae::predict`] does both, and steers go along its rows of `W_dec` at the second alone.
//!
//! [`Sae::encode`] gives the features' activations and [`Sae::decode`] the sum of directions that stands for them; what
//! that sum misses is the [`Sae::error`]. To change one feature and keep the error, [`Sae::feature`] and [`Sae::write`]
//! need neither all features nor the reconstruction. [`top_features`] ranks, and [`training`] makes an
//! autoencoder where none is published. The formulas are those of
//! [SAELens](https://decoderesearch.github.io/SAELens) 6.54, whose readers of the other layouts are followed as well, and, for
//! its own layout, [sparsify](https://github.com/EleutherAI/sparsify) 1.3, with which this module is compared number by number.
//!
//! ```
//! use tch_lens::sae::{Sae, SaeOptions, top_features};
//! use tch_lens::tch::Tensor;
//!
//! // An autoencoder of two dimensions and three features, in SAELens's layout.
//! let folder = tempfile::tempdir()?;
//! std::fs::write(
//!     folder.path().join("cfg.json"),
//!     r#"{"d_in": 2, "d_sae": 3, "hook_name": "blocks.5.hook_resid_post", "apply_b_dec_to_input": false}"#,
//! )?;
//! let rows = Tensor::from_slice2(&[[1.0_f32, 0.0], [0.0, 1.0], [-1.0, 0.0]]);
//! let weights = [
//!     ("W_enc", rows.tr().contiguous()),
//!     ("b_enc", Tensor::from_slice(&[0.0_f32, 0.0, 0.0])),
//!     ("W_dec", rows),
//!     ("b_dec", Tensor::from_slice(&[0.0_f32, 0.5])),
//! ];
//! Tensor::write_safetensors(&weights, folder.path().join("sae_weights.safetensors"))?;
//!
//! let sae = Sae::open(folder.path(), &SaeOptions::default())?;
//! let x = Tensor::from_slice2(&[[2.0_f32, 3.0]]); // [tokens, d_in]
//! let acts = sae.encode(&x)?; // [tokens, d_sae]
//! assert_eq!(top_features(&acts, 2)?, [(1, 3.0), (0, 2.0)]);
//! assert_eq!(sae.decode(&acts)?, Tensor::from_slice2(&[[2.0_f32, 3.5]]));
//!
//! // Feature 1 at three times its activation, everything else as it was.
//! let act = sae.feature(&x, 1)?;
//! assert_eq!(sae.write(&x, 1, &(&act * 2.0))?, Tensor::from_slice2(&[[2.0_f32, 9.0]]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod encoder;
mod fits;
mod fold;
mod layout;
mod means;
mod normalise;
mod options;
mod ranking;
pub mod training;

use std::path::Path;

use tch::{Device, Kind, TchError, Tensor};

use crate::error::Doing;
use crate::hub::located_sae;
use crate::{Error, LoadError};
pub use encoder::SaeArchitecture;
pub(crate) use layout::files as layout_files;
use layout::{Parts, Target};
pub(crate) use means::rows_of;
use normalise::{Normalisation, WayBack};
pub use options::SaeOptions;
pub use ranking::top_features;

/// A sparse autoencoder, ready to run.
///
/// Activations have the shape `[.., d_in]`, lie on the autoencoder's device and may be of any floating-point type; it
/// computes in the precision that it was opened with. Activations of a hook point with heads, such as `hook_z`, may have
/// either of two shapes: `[.., d_in]` with all heads in the last dimension, or `[.., head, d_head]`. What is written back to
/// the hook point has the shape in which the activations came.
///
/// A transcoder ([`is_transcoder`](Self::is_transcoder)) reads the activations of one hook point and predicts those of
/// another, which [`predict`](Self::predict) does. [`reconstruct`](Self::reconstruct), [`error`](Self::error) and [`write`](Self::write), which compare or mix both,
/// give an error for it.
pub struct Sae {
    parts: Parts,
    d_in: i64,
    d_sae: i64,
    kind: Kind,
    device: Device,
}

impl std::fmt::Debug for Sae {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sae")
            .field("architecture", &self.architecture())
            .field("d_in", &self.d_in)
            .field("d_sae", &self.d_sae)
            .field("origin", &self.parts.origin)
            .finish_non_exhaustive()
    }
}

impl Sae {
    /// The autoencoder in a file or folder, or of a [name](crate::hub): `release/id` as SAELens has it, or
    /// `org/name/path`; the [module](self) says which layouts there are. On the CPU and in the
    /// precision of the file, weights stay in the mapped file, which must not change while the autoencoder is in use.
    ///
    /// A `batchtopk` training checkpoint is read as SAELens saves it for inference: as jumprelu with its one threshold,
    /// so that an activation's features do not depend on what else is encoded with it. Of an autoencoder by SAELens's name, the
    /// scale of activations that SAELens lists for it is folded in where its files call for one, unless
    /// [`SaeOptions::activation_scale`] gives another.
    ///
    /// # Errors
    /// A file is missing, damaged or hostile; a setting or tensor is missing, of another type, shape or value than the
    /// layout has; the architecture or one of its options is not known; an option cannot be had for this
    /// autoencoder. Each names file and field or tensor, what was expected and what was found.
    pub fn open(path: impl AsRef<Path>, options: &SaeOptions) -> Result<Self, LoadError> {
        let found = located_sae(path.as_ref())?;
        let path = &*found.path;
        let target = Target {
            kind: options.precision.kind(),
            device: options.device,
        };
        let mut parts = layout::open(path, target)?;
        if found.normalisation == Some(Normalisation::ConstantNorm.name()) {
            parts.normalisation = Normalisation::ConstantNorm;
        }
        let refused = |field: &str, expected: &str, found: String| LoadError::Setting {
            path: path.to_owned(),
            field: field.into(),
            expected: expected.into(),
            found,
        };
        let doing = || format!("preparing {}", path.display());
        let known = found.scale.filter(|_| parts.wants_scale);
        if let Some(scale) = options.activation_scale.or(known) {
            if !parts.wants_scale {
                let expected = "expected_average_only_in, because an activation scale was given";
                let found = parts.normalisation.name().to_owned();
                return Err(refused("normalize_activations", expected, found));
            }
            if !(scale.is_finite() && scale > 0.0) {
                let expected = "a positive number";
                return Err(refused("activation scale", expected, scale.to_string()));
            }
            fold::activation_scale(&mut parts, scale).loading(doing)?;
        }
        if options.fold_decoder_norms {
            if !parts.can_fold_norms {
                let expected =
                    "an autoencoder that chooses its features in units of the decoder's norms";
                let found = format!("{} that does not", parts.encoder.architecture());
                return Err(refused("decoder norms to be folded", expected, found));
            }
            fold::decoder_norms(&mut parts).loading(doing)?;
        }
        let (d_in, d_sae) = parts.encoder.weight().size2().loading(doing)?;
        Ok(Self {
            parts,
            d_in,
            d_sae,
            kind: target.kind,
            device: target.device,
        })
    }

    /// The features' activations `[.., d_sae]`, in the autoencoder's precision, of activations `x` `[.., d_in]`.
    ///
    /// # Complexity
    /// `O(d_in d_sae)` per activation; [`Sae::decode`] likewise.
    ///
    /// # Errors
    /// `x` has another width or device; libtorch fails.
    pub fn encode(&self, x: &Tensor) -> Result<Tensor, Error> {
        let x = self.rows(x)?;
        self.prepare(&x)
            .and_then(|(input, _)| self.parts.encoder.encode(&input))
            .doing(|| "encoding".into())
    }

    /// The activations `[.., d_out]`, in the autoencoder's precision, that stand for features' activations
    /// `[.., d_sae]`.
    ///
    /// # Errors
    /// `acts` have another width or device; libtorch fails; the autoencoder normalises each activation (`layer_norm`,
    /// `constant_norm_rescale`), or is a transcoder that also adds of its input, so that the way back needs what
    /// [`Sae::decode_like`] takes.
    pub fn decode(&self, acts: &Tensor) -> Result<Tensor, Error> {
        if self.parts.normalisation != Normalisation::None {
            return Err(Error::Request {
                what: "decode".into(),
                expected: "an autoencoder that decodes without the activations that were encoded (see decode_like)"
                    .into(),
                found: format!("normalize_activations {}", self.parts.normalisation.name()),
            });
        }
        if self.parts.skip.is_some() {
            return Err(Error::Request {
                what: "decode".into(),
                expected: "a coder that decodes without the activations that were encoded (see decode_like)"
                    .into(),
                found: "a transcoder with a skip connection".into(),
            });
        }
        self.check("acts", acts, self.d_sae)?;
        self.linear_decode(acts).doing(|| "decoding".into())
    }

    /// [`Sae::decode`] with what it needs of `x` `[.., d_in]`, which was encoded: the normalisation is undone, and a
    /// transcoder's skip connection added. In the type of `x`.
    ///
    /// # Errors
    /// As [`Sae::decode`] and [`Sae::encode`], except that every normalisation can be undone and every skip connection
    /// added.
    pub fn decode_like(&self, acts: &Tensor, x: &Tensor) -> Result<Tensor, Error> {
        self.check("acts", acts, self.d_sae)?;
        let rows = self.rows(x)?;
        self.decoded(acts, &rows)
            .and_then(|decoded| match self.is_transcoder() {
                true => decoded.f_to_kind(x.kind()),
                false => self.like(&decoded, x),
            })
            .doing(|| "decoding".into())
    }

    /// What is decoded of `x` `[.., d_in]` encoded, `[.., d_out]`, in the type of `x`: of an autoencoder its
    /// [reconstruction](Self::reconstruct), of a transcoder what it predicts of the place where it writes.
    ///
    /// # Errors
    /// As [`Sae::encode`].
    pub fn predict(&self, x: &Tensor) -> Result<Tensor, Error> {
        self.decode_like(&self.encode(x)?, x)
    }

    /// What the autoencoder makes of `x` `[.., d_in]`: encoded and decoded, in the type of `x`.
    ///
    /// # Errors
    /// As [`Sae::encode`].
    pub fn reconstruct(&self, x: &Tensor) -> Result<Tensor, Error> {
        self.check_one_activation("reconstruct")?;
        let rows = self.rows(x)?;
        self.reconstruction(&rows)
            .and_then(|reconstruction| self.like(&reconstruction, x))
            .doing(|| "reconstructing".into())
    }

    /// What the autoencoder misses: `x` less its reconstruction, `[.., d_in]`, in the type of `x`.
    ///
    /// # Errors
    /// As [`Sae::encode`].
    pub fn error(&self, x: &Tensor) -> Result<Tensor, Error> {
        self.check_one_activation("error")?;
        let rows = self.rows(x)?;
        let error = || {
            let reconstruction = self.reconstruction(&rows)?;
            self.like(&rows.f_to_kind(self.kind)?.f_sub(&reconstruction)?, x)
        };
        error().doing(|| "taking the error of the reconstruction".into())
    }

    /// The activation `[..]` of one feature, in the autoencoder's precision: that column of [`Sae::encode`], up to
    /// rounding, without the others where the architecture allows it, which is everywhere but in topk.
    ///
    /// # Complexity
    /// `O(d_in)` per activation; in topk that of [`Sae::encode`].
    ///
    /// # Errors
    /// There is no such feature; else as [`Sae::encode`].
    pub fn feature(&self, x: &Tensor, feature: usize) -> Result<Tensor, Error> {
        let feature = self.check_feature(feature)?;
        let x = self.rows(x)?;
        self.prepare(&x)
            .and_then(|(input, _)| self.parts.encoder.feature(&input, feature))
            .doing(|| format!("encoding feature {feature}"))
    }

    /// `x` `[.., d_in]` with the activation of one feature larger by `delta` `[..]`, and everything else as it was, the
    /// error of the reconstruction included; in the type of `x`. It is what encoding, changing that activation, decoding
    /// and adding the error give.
    ///
    /// # Complexity
    /// `O(d_in)` per activation.
    ///
    /// # Errors
    /// There is no such feature; `delta` does not go with the shape of `x`; else as [`Sae::encode`].
    pub fn write(&self, x: &Tensor, feature: usize, delta: &Tensor) -> Result<Tensor, Error> {
        self.check_one_activation("write")?;
        let feature = self.check_feature(feature)?;
        let rows = self.rows(x)?;
        let shape = rows.size();
        let (leading, found) = (&shape[..shape.len() - 1], delta.size());
        if found != leading {
            return Err(Error::Request {
                what: "delta".into(),
                expected: format!("shape {leading:?}"),
                found: format!("{found:?}"),
            });
        }
        let write = || {
            let (_, back) = self.normalise(&rows)?;
            let step = delta
                .f_to_kind(self.kind)?
                .f_unsqueeze(-1)?
                .f_mul(&self.contribution(feature)?)?;
            let written = back.stretch(step)?.f_add(&rows.f_to_kind(self.kind)?)?;
            self.like(&written, x)
        };
        write().doing(|| format!("writing feature {feature}"))
    }

    /// The feature's direction `[d_out]`, its row of `W_dec`: not always of unit length. A copy.
    ///
    /// # Errors
    /// There is no such feature; libtorch fails.
    pub fn direction(&self, feature: usize) -> Result<Tensor, Error> {
        let index = self.check_feature(feature)?;
        copied(self.parts.w_dec.f_select(0, index))
            .doing(|| format!("reading the direction of feature {feature}"))
    }

    /// The direction `[d_in]` that the feature is read along, its column of `W_enc`. A copy.
    ///
    /// # Errors
    /// There is no such feature; libtorch fails.
    pub fn encoder_direction(&self, feature: usize) -> Result<Tensor, Error> {
        let index = self.check_feature(feature)?;
        copied(self.parts.encoder.weight().f_select(1, index))
            .doing(|| format!("reading the encoder's direction of feature {feature}"))
    }

    /// How it gets from activations to features.
    #[must_use]
    pub fn architecture(&self) -> SaeArchitecture {
        self.parts.encoder.architecture()
    }

    /// Width of the activations that it reads.
    #[must_use]
    pub fn d_in(&self) -> usize {
        usize::try_from(self.d_in).unwrap_or(0)
    }

    /// Width of the activations that it decodes to.
    #[must_use]
    pub fn d_out(&self) -> usize {
        self.parts.b_dec.size().last().map_or(0, |&n| n as usize)
    }

    /// Whether it decodes to another activation than it encodes: to what comes out of a module that it reads the input of.
    #[must_use]
    pub fn is_transcoder(&self) -> bool {
        self.parts.is_transcoder
    }

    /// How many features it has.
    #[must_use]
    pub fn d_sae(&self) -> usize {
        usize::try_from(self.d_sae).unwrap_or(0)
    }

    /// The model that it was trained on, if its files say so.
    #[must_use]
    pub fn model_name(&self) -> Option<&str> {
        self.parts.origin.model_name.as_deref()
    }

    /// The hook point whose activations it encodes, by TransformerLens's name, if its files say so.
    #[must_use]
    pub fn hook_name(&self) -> Option<&str> {
        self.parts.origin.hook_name.as_deref()
    }

    /// The hook point whose activations it decodes to, if its files say so: of a transcoder another one than
    /// [`hook_name`](Self::hook_name).
    #[must_use]
    pub fn hook_name_out(&self) -> Option<&str> {
        let origin = &self.parts.origin;
        let name = if self.is_transcoder() {
            &origin.hook_name_out
        } else {
            &origin.hook_name
        };
        name.as_deref()
    }

    /// The layer that it was trained on, if its files say so.
    #[must_use]
    pub fn hook_layer(&self) -> Option<usize> {
        self.parts.origin.hook_layer
    }

    /// Whether the texts that it was trained on begin with the model's token for that; true where its files do not say.
    #[must_use]
    pub fn prepend_bos(&self) -> bool {
        self.parts.origin.prepend_bos
    }

    pub(crate) fn device(&self) -> Device {
        self.device
    }

    fn normalise(&self, x: &Tensor) -> Result<(Tensor, WayBack), TchError> {
        self.parts.normalisation.apply(&x.f_to_kind(self.kind)?)
    }

    /// What the encoder reads, and the way back from what the decoder writes.
    fn prepare(&self, x: &Tensor) -> Result<(Tensor, WayBack), TchError> {
        let (normalised, back) = self.normalise(x)?;
        let input = if self.parts.subtract_b_dec {
            normalised.f_sub(&self.parts.b_dec)?
        } else {
            normalised
        };
        Ok((input, back))
    }

    fn linear_decode(&self, acts: &Tensor) -> Result<Tensor, TchError> {
        let acts = acts.f_to_kind(self.kind)?;
        let acts = match &self.parts.gain {
            Some(gain) => acts.f_mul(gain)?,
            None => acts,
        };
        acts.f_matmul(&self.parts.w_dec)?.f_add_(&self.parts.b_dec)
    }

    /// Activations decoded as the rows `x` ask for, which were encoded.
    fn decoded(&self, acts: &Tensor, x: &Tensor) -> Result<Tensor, TchError> {
        let (_, back) = self.normalise(x)?;
        let decoded = back.undo(self.linear_decode(acts)?)?;
        match &self.parts.skip {
            Some(skip) => decoded.f_add(&x.f_to_kind(self.kind)?.f_linear(skip, None::<&Tensor>)?),
            None => Ok(decoded),
        }
    }

    fn reconstruction(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let (input, back) = self.prepare(x)?;
        back.undo(self.linear_decode(&self.parts.encoder.encode(&input)?)?)
    }

    /// What one unit of a feature's activation adds to a reconstruction, before the normalisation is undone.
    fn contribution(&self, feature: i64) -> Result<Tensor, TchError> {
        let row = self.parts.w_dec.f_select(0, feature)?;
        match &self.parts.gain {
            Some(gain) => row.f_mul(&gain.f_select(0, feature)?),
            None => Ok(row),
        }
    }

    fn check_feature(&self, feature: usize) -> Result<i64, Error> {
        i64::try_from(feature)
            .ok()
            .filter(|index| *index < self.d_sae)
            .ok_or_else(|| Error::Request {
                what: "feature".into(),
                expected: format!("a number below {}", self.d_sae),
                found: feature.to_string(),
            })
    }

    /// `x` as `[.., d_in]`.
    fn rows(&self, x: &Tensor) -> Result<Tensor, Error> {
        let shape = x.size();
        let apart = match shape[..] {
            [.., heads, d_head] => d_head != self.d_in && heads * d_head == self.d_in,
            _ => false,
        };
        if apart && self.parts.flattens_heads {
            return Ok(x.f_flatten(-2, -1)?);
        }
        self.check("activations", x, self.d_in)?;
        Ok(x.shallow_clone())
    }

    /// `rows` in the type, and with its heads as they are in, `x`.
    fn like(&self, rows: &Tensor, x: &Tensor) -> Result<Tensor, TchError> {
        rows.f_to_kind(x.kind())?.f_view(x.size().as_slice())
    }

    fn check_one_activation(&self, what: &str) -> Result<(), Error> {
        if !self.is_transcoder() {
            return Ok(());
        }
        Err(Error::Request {
            what: what.into(),
            expected: "an autoencoder that decodes to what it encodes".into(),
            found: "a transcoder".into(),
        })
    }

    fn check(&self, what: &str, tensor: &Tensor, width: i64) -> Result<(), Error> {
        let (shape, device) = (tensor.size(), tensor.device());
        if shape.last() == Some(&width) && device == self.device {
            return Ok(());
        }
        Err(Error::Request {
            what: what.into(),
            expected: format!("shape [.., {width}] on {:?}", self.device),
            found: format!("{shape:?} on {device:?}"),
        })
    }
}

/// What leaves the autoencoder is a copy: its own tensors may lie in a file that is unmapped with it.
fn copied(view: Result<Tensor, TchError>) -> Result<Tensor, TchError> {
    let view = view?;
    view.f_to_dtype(view.kind(), false, true)
}
