//! Which features to steer: what each does to the model's predictions.
//!
//! | | asks | |
//! |---|---|---|
//! | [`Sae::mean_activations`](crate::sae::Sae::mean_activations) | is the feature more active in one set of texts? | no pass beside the reading |
//! | [`input_scores`] | is it most active at the tokens that it speaks for? | no pass beside the reading |
//! | [`output_scores`] | does raising it make these tokens likely? | a row for each feature |
//! | [`ablation_effects`] | what does a metric lose without it, at one token? | a row for each feature and token |
//! | [`attribution`] | the same for all features and tokens, to first order | a pass back, or some, for all |
//!
//! [`linear_effects`] is a linear model of what directions do to features.
//!
//! Input and output scores are those of Arad et al. (2025), who found that features with a high output score steer two to
//! three times as well; attribution with the reconstruction's error held is that of Marks et al. (2024,
//! [feature-circuits](https://github.com/saprmarks/feature-circuits)).

mod effects;
mod linear;
mod scores;

use tch::Tensor;

use crate::error::Within;
use crate::{Error, Lm, Request, Steer};
pub use effects::{Attribution, ablation_effects, attribution};
pub use linear::linear_effects;
pub use scores::{OutputScoring, input_scores, lens_tokens, output_scores};

/// The next logits `[row, d_vocab]` of one prompt under each of these steers, handed on batch by batch.
fn steered_logits(
    lm: &Lm,
    tokens: &[i64],
    steers: impl ExactSizeIterator<Item = Steer>,
    mut take: impl FnMut(Tensor) -> Result<(), Error>,
) -> Result<(), Error> {
    let most = if lm.device().is_cuda() { 8192 } else { 1024 };
    let rows = (most / tokens.len().max(1)).clamp(1, 64);
    let requests: Vec<Request> = steers
        .map(|steer| Request::new(tokens.to_vec()).steer(steer))
        .collect();
    for batch in requests.chunks(rows) {
        let logits = lm
            .next_logits(batch)
            .within(|| format!("running {} steered prompts", batch.len()))?;
        take(logits)?;
    }
    Ok(())
}
