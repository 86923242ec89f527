//! From activations to features: one file per architecture.

mod affine;
mod gated;
mod jumprelu;
mod standard;
mod topk;

use std::fmt;

use tch::{TchError, Tensor};

pub(super) use affine::Affine;
pub(super) use gated::Gated;
pub(super) use jumprelu::JumpRelu;
pub(super) use standard::Standard;
pub(super) use topk::TopK;

/// How an autoencoder gets from activations to features; `h` is `in W_enc + b_enc`, and `in` the normalised activation,
/// less `b_dec` where the autoencoder was trained so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SaeArchitecture {
    /// `relu(h)`.
    Standard,
    /// `relu(h)` where `h` is above the feature's threshold, else 0.
    JumpRelu,
    /// `relu(in (W_enc exp(r_mag)) + b_mag)` where `in W_enc + b_gate` is positive, else 0.
    Gated,
    /// `relu(h)` of the k features with the largest `h`, else 0.
    TopK,
}

impl fmt::Display for SaeArchitecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::JumpRelu => "jumprelu",
            Self::Gated => "gated",
            Self::TopK => "topk",
        })
    }
}

#[derive(Debug)]
pub(super) enum Encoder {
    Standard(Standard),
    JumpRelu(JumpRelu),
    Gated(Gated),
    TopK(TopK),
}

impl Encoder {
    pub(super) fn architecture(&self) -> SaeArchitecture {
        match self {
            Self::Standard(_) => SaeArchitecture::Standard,
            Self::JumpRelu(_) => SaeArchitecture::JumpRelu,
            Self::Gated(_) => SaeArchitecture::Gated,
            Self::TopK(_) => SaeArchitecture::TopK,
        }
    }

    /// `[.., d_in]` to `[.., d_sae]`.
    pub(super) fn encode(&self, input: &Tensor) -> Result<Tensor, TchError> {
        match self {
            Self::Standard(standard) => standard.encode(input),
            Self::JumpRelu(jumprelu) => jumprelu.encode(input),
            Self::Gated(gated) => gated.encode(input),
            Self::TopK(topk) => topk.encode(input),
        }
    }

    /// `[.., d_in]` to `[..]`: one column of [`Encoder::encode`], computed alone where the others do not matter.
    pub(super) fn feature(&self, input: &Tensor, feature: i64) -> Result<Tensor, TchError> {
        let column = match self {
            Self::Standard(standard) => standard.only(feature)?.encode(input)?,
            Self::JumpRelu(jumprelu) => jumprelu.only(feature)?.encode(input)?,
            Self::Gated(gated) => gated.only(feature)?.encode(input)?,
            Self::TopK(topk) => return topk.encode(input)?.f_select(-1, feature),
        };
        column.f_squeeze_dim(-1)
    }

    /// `W_enc` `[d_in, d_sae]`.
    pub(super) fn weight(&self) -> &Tensor {
        match self {
            Self::Standard(standard) => &standard.affine.weight,
            Self::JumpRelu(jumprelu) => &jumprelu.affine.weight,
            Self::Gated(gated) => &gated.gate.weight,
            Self::TopK(topk) => &topk.affine.weight,
        }
    }

    /// As if activations were multiplied by `scale` first.
    pub(super) fn scale_input(&mut self, scale: f64) -> Result<(), TchError> {
        match self {
            Self::Standard(standard) => standard.affine.scale_input(scale),
            Self::JumpRelu(jumprelu) => jumprelu.affine.scale_input(scale),
            Self::Gated(gated) => gated.gate.scale_input(scale),
            Self::TopK(topk) => topk.affine.scale_input(scale),
        }
    }

    /// Every feature's activation times its entry of `scales` `[d_sae]`, all positive.
    pub(super) fn scale_features(&mut self, scales: &Tensor) -> Result<(), TchError> {
        match self {
            Self::Standard(standard) => standard.affine.scale_features(scales),
            Self::JumpRelu(jumprelu) => jumprelu.scale_features(scales),
            Self::Gated(gated) => gated.scale_features(scales),
            Self::TopK(topk) => topk.affine.scale_features(scales),
        }
    }

    /// `h` in units of `norms` `[d_sae]`, all positive. Thresholds are in these units already.
    pub(super) fn rescale(&mut self, norms: &Tensor) -> Result<(), TchError> {
        match self {
            Self::JumpRelu(jumprelu) => jumprelu.affine.scale_features(norms),
            _ => self.scale_features(norms),
        }
    }
}
