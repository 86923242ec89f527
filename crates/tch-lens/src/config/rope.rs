//! The rotary embedding of each layer.

use super::check::Checker;
use super::family::{Architecture, Family};
use super::raw::{Raw, RawRope};
use crate::LoadError;

/// How a layer turns its queries and keys by their positions.
#[derive(Debug, Clone, PartialEq)]
pub struct RopeConfig {
    /// Base of the wavelengths.
    pub theta: f64,
    /// How many numbers of each head are turned, the first ones; even.
    pub dims: usize,
    /// How the rotations are slowed for long texts.
    pub scaling: Option<RopeScaling>,
    /// By what turned queries and keys are multiplied.
    pub amplitude: f64,
    /// How queries grow with their position.
    pub query_growth: Option<QueryGrowth>,
}

/// How rotations are slowed for texts that are longer than those of the first training.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RopeScaling {
    /// All alike.
    Linear {
        /// By how much.
        factor: f64,
    },
    /// Llama 3.1's: slow rotations are slowed, fast ones kept.
    Llama3 {
        /// By how much the slowest rotations are slowed.
        factor: f64,
        /// Wavelengths above the original context over this are slowed in full.
        low_freq_factor: f64,
        /// Wavelengths below the original context over this stay as they are.
        high_freq_factor: f64,
        /// Tokens of context before the stretching.
        original_context: f64,
    },
    /// YaRN: rotations that turn less than `beta_slow` times in the original context are slowed, those that turn more than
    /// `beta_fast` times kept, and those between by their place.
    Yarn {
        /// By how much the slowest rotations are slowed.
        factor: f64,
        /// Turns in the original context from which rotations stay as they are.
        beta_fast: f64,
        /// Turns up to which they are slowed in full.
        beta_slow: f64,
        /// Tokens of context before the stretching.
        original_context: f64,
        /// Whether both ends of the range between are rounded to whole rotations.
        truncate: bool,
    },
    /// LongRoPE's: each by its own factor, which is another one for texts beyond the original context. Keys that were
    /// turned before a text grew that long would have to be turned anew, so the original context is the model's here.
    Long {
        /// For each rotation, in texts up to the original context.
        factors: Vec<f64>,
        /// Tokens of context before the stretching.
        original_context: f64,
    },
}

/// Queries at position `p` are multiplied by `1 + beta ln(1 + floor(p / context))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueryGrowth {
    /// How much they grow.
    pub beta: f64,
    /// Tokens in which they stay as they are.
    pub context: f64,
}

/// For each layer its rotary embedding; none where it has none.
pub(super) struct Ropes<'a> {
    pub(super) architecture: Architecture,
    pub(super) family: &'a Family,
    pub(super) raw: &'a Raw,
    pub(super) d_head: usize,
    pub(super) check: &'a Checker<'a>,
}

impl Ropes<'_> {
    /// Which layers have one.
    pub(super) fn rotated(&self, n_layers: usize) -> Result<Vec<bool>, LoadError> {
        if self.architecture != Architecture::SmolLm3 {
            return Ok(vec![true; n_layers]);
        }
        let Some(listed) = &self.raw.no_rope_layers else {
            let interval = self.raw.no_rope_layer_interval.unwrap_or(4);
            let interval = self.check.size("no_rope_layer_interval", Some(interval))?;
            let rotated = |layer: usize| !layer.is_multiple_of(interval);
            return Ok((1..=n_layers).map(rotated).collect());
        };
        if listed.len() < n_layers {
            let expected = format!("an entry for each of {n_layers} layers");
            let found = format!("{} entries", listed.len());
            return Err(self.check.wrong("no_rope_layers", expected, found));
        }
        Ok(listed[..n_layers]
            .iter()
            .map(|&rotated| rotated != 0)
            .collect())
    }

    /// That of the layers that see all, and that of those with a window.
    pub(super) fn both(&self) -> Result<[RopeConfig; 2], LoadError> {
        // transformers, too, takes the older key first where both are there.
        let given = self.raw.rope_scaling.as_ref();
        let given = given.or(self.raw.rope_parameters.as_ref());
        let none = RawRope::default();
        let given = given.unwrap_or(&none);
        let theta = self.raw.rope_theta.unwrap_or(self.family.rope_theta);
        let of = |kind: &Option<Box<RawRope>>| kind.as_deref().map(|rope| self.one(rope, theta));
        let full = of(&given.full_attention).unwrap_or_else(|| self.one(given, theta))?;
        // Of these two the scaling is that of the layers that see all.
        let apart = matches!(
            self.architecture,
            Architecture::Gemma3 | Architecture::Olmo3
        );
        let local = self
            .family
            .local_theta
            .map(|local| self.raw.rope_local_base_freq.unwrap_or(local));
        let theta = local.unwrap_or(theta);
        let sliding = given
            .sliding_attention
            .as_deref()
            .map(|rope| self.one(rope, theta));
        let sliding = match sliding {
            Some(sliding) => sliding?,
            None if apart => self.one(&none, theta)?,
            None => full.clone(),
        };
        Ok([full, sliding])
    }

    fn one(&self, rope: &RawRope, theta: f64) -> Result<RopeConfig, LoadError> {
        let check = self.check;
        let theta = check.positive("rope_theta", rope.rope_theta.unwrap_or(theta))?;
        let share = rope
            .partial_rotary_factor
            .or(self.raw.partial_rotary_factor);
        let share = check.positive("partial_rotary_factor", share.unwrap_or(1.0))?;
        let dims = (self.d_head as f64 * share) as usize;
        if !(2..=self.d_head).contains(&dims) || !dims.is_multiple_of(2) {
            let expected = format!("an even number of the {} of a head", self.d_head);
            let found = format!("{share}, which makes {dims}");
            return Err(check.wrong("partial_rotary_factor", expected, found));
        }
        let (scaling, amplitude) = self.scaling(rope, dims)?;
        let beta = rope.llama_4_scaling_beta.filter(|&beta| beta != 0.0);
        let query_growth = match beta {
            Some(beta) => Some(QueryGrowth {
                beta: check.positive("llama_4_scaling_beta", beta)?,
                context: self.original_context(rope)?,
            }),
            None => None,
        };
        Ok(RopeConfig {
            theta,
            dims,
            scaling,
            amplitude,
            query_growth,
        })
    }

    fn scaling(
        &self,
        rope: &RawRope,
        dims: usize,
    ) -> Result<(Option<RopeScaling>, f64), LoadError> {
        let check = self.check;
        let named = rope.rope_type.as_deref().or(rope.r#type.as_deref());
        let long = self.architecture == Architecture::Phi3 && matches!(named, Some("su" | "yarn"));
        let factor = || check.given("rope_scaling.factor", rope.factor);
        match named.filter(|_| !long).or(long.then_some("longrope")) {
            None | Some("default") => Ok((None, 1.0)),
            Some("linear") => Ok((Some(RopeScaling::Linear { factor: factor()? }), 1.0)),
            Some("llama3") => Ok((Some(self.llama3(rope, factor()?)?), 1.0)),
            Some("yarn") => self.yarn(rope),
            Some("longrope") => self.long(rope, dims),
            Some(other) => Err(check.wrong(
                "rope_scaling.rope_type",
                "\"default\", \"linear\", \"llama3\", \"longrope\" or \"yarn\"",
                format!("\"{other}\""),
            )),
        }
    }

    fn llama3(&self, rope: &RawRope, factor: f64) -> Result<RopeScaling, LoadError> {
        let given = |name: &str, value| self.check.given(&format!("rope_scaling.{name}"), value);
        let low_freq_factor = given("low_freq_factor", rope.low_freq_factor)?;
        let high_freq_factor = given("high_freq_factor", rope.high_freq_factor)?;
        if high_freq_factor <= low_freq_factor {
            let expected = format!("above low_freq_factor, {low_freq_factor}");
            let field = "rope_scaling.high_freq_factor";
            return Err(self.check.wrong(field, expected, high_freq_factor));
        }
        Ok(RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_context: given(
                "original_max_position_embeddings",
                rope.original_max_position_embeddings,
            )?,
        })
    }

    fn yarn(&self, rope: &RawRope) -> Result<(Option<RopeScaling>, f64), LoadError> {
        let positive = |name: &str, value: f64| {
            let field = format!("rope_scaling.{name}");
            self.check.positive(&field, value)
        };
        let original_context = self.original_context(rope)?;
        let factor = rope.factor.unwrap_or(self.n_ctx()? / original_context);
        let factor = positive("factor", factor)?;
        let beta_slow = positive("beta_slow", rope.beta_slow.unwrap_or(1.0))?;
        let beta_fast = positive("beta_fast", rope.beta_fast.unwrap_or(32.0))?;
        let grown = |by: f64| 0.1 * by * factor.max(1.0).ln() + 1.0;
        let amplitude = match (rope.attention_factor, rope.mscale, rope.mscale_all_dim) {
            (Some(given), _, _) => given,
            (None, Some(one), Some(all)) if one != 0.0 && all != 0.0 => grown(one) / grown(all),
            _ => grown(1.0),
        };
        let scaling = RopeScaling::Yarn {
            factor,
            beta_fast,
            beta_slow,
            original_context,
            truncate: rope.truncate.unwrap_or(true),
        };
        Ok((Some(scaling), positive("attention_factor", amplitude)?))
    }

    fn long(&self, rope: &RawRope, dims: usize) -> Result<(Option<RopeScaling>, f64), LoadError> {
        let check = self.check;
        let field = "rope_scaling.short_factor";
        let factors = rope.short_factor.clone().unwrap_or_default();
        if factors.len() != dims / 2 {
            let expected = format!("{} numbers, one for each rotation", dims / 2);
            return Err(check.wrong(field, expected, format!("{} numbers", factors.len())));
        }
        for &factor in &factors {
            check.positive(field, factor)?;
        }
        let original = self.original_context(rope)?;
        let factor = match rope.factor {
            Some(factor) => factor,
            None => self.n_ctx()? / original,
        };
        let amplitude = match rope.attention_factor {
            Some(given) => given,
            None if factor <= 1.0 => 1.0,
            None => (1.0 + factor.ln() / original.ln()).sqrt(),
        };
        let amplitude = check.positive("rope_scaling.attention_factor", amplitude)?;
        let scaling = RopeScaling::Long {
            factors,
            original_context: original,
        };
        Ok((Some(scaling), amplitude))
    }

    /// Tokens that a text may have, as config.json says.
    fn n_ctx(&self) -> Result<f64, LoadError> {
        let n_ctx = self.raw.max_position_embeddings.or(self.family.n_ctx);
        Ok(self.check.size("max_position_embeddings", n_ctx)? as f64)
    }

    /// Those that it had in the first training.
    fn original_context(&self, rope: &RawRope) -> Result<f64, LoadError> {
        let default = (self.architecture == Architecture::Phi3).then_some(4096.0);
        let given = self.raw.original_max_position_embeddings.or(default);
        match given.or(rope.original_max_position_embeddings) {
            Some(given) => self
                .check
                .positive("original_max_position_embeddings", given),
            None => self.n_ctx(),
        }
    }
}
