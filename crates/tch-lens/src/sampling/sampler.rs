//! What one row brings to the choice of its next token.

use std::collections::HashMap;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{Counted, Sampling};

/// The sampling settings of one row, and its tokens so far as far as they matter. It goes with its row from batch to batch.
#[derive(Debug, Clone)]
pub struct Sampler {
    pub(super) settings: Sampling,
    seed: u64,
    /// How often each token of the row has been seen; empty without penalties.
    seen: HashMap<i64, Seen>,
    /// Tokens chosen so far.
    step: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    in_prompt: u32,
    generated: u32,
}

/// What penalties do to the logit of one token.
pub(super) struct Penalty {
    pub(super) token: i64,
    /// Positive logits are divided by it, negative ones multiplied.
    pub(super) factor: f32,
    /// Then it is taken away.
    pub(super) taken: f32,
}

impl Sampler {
    /// For a row whose prompt has the tokens `prompt`; draws start from `seed`. Linear in the prompt if there are penalties.
    #[must_use]
    pub fn new(settings: &Sampling, seed: u64, prompt: &[i64]) -> Self {
        let mut seen: HashMap<i64, Seen> = HashMap::new();
        if settings.has_penalties() {
            for &token in prompt {
                seen.entry(token).or_default().in_prompt += 1;
            }
        }
        Self {
            settings: settings.clone(),
            seed,
            seen,
            step: 0,
        }
    }

    /// Whether the row wants the largest of the logits as they are.
    pub(super) fn is_plain(&self) -> bool {
        self.settings.is_greedy() && !self.settings.has_penalties()
    }

    pub(super) fn accept(&mut self, token: i64) {
        self.step += 1;
        if self.settings.has_penalties() {
            self.seen.entry(token).or_default().generated += 1;
        }
    }

    pub(super) fn penalties(&self) -> impl Iterator<Item = Penalty> {
        let settings = &self.settings;
        self.seen.iter().map(|(&token, seen)| {
            let count = match settings.counted {
                Counted::Generated => seen.generated,
                Counted::PromptAndGenerated => seen.generated + seen.in_prompt,
            };
            let present = if count > 0 {
                settings.presence_penalty
            } else {
                0.0
            };
            Penalty {
                token,
                factor: settings.repetition_penalty as f32,
                taken: (settings.frequency_penalty * f64::from(count) + present) as f32,
            }
        })
    }

    /// The number in [0, 1) that decides this step's draw.
    pub(super) fn uniform(&self) -> f64 {
        let mut generator = ChaCha12Rng::seed_from_u64(self.seed);
        generator.set_stream(self.step);
        (generator.next_u64() >> 11) as f64 * 2f64.powi(-53)
    }
}
