//! What an autoencoder of a study's model is trained on: the study's own prompts, their steered phrase, and texts.

use std::ops::Range;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use value_causal::bench::journal::Question;
use value_causal::lens::sae::training::{TrainingData, activations};
use value_causal::lens::tch::Tensor;
use value_causal::lens::{Error, HookPoint, Lm};

use super::Plan;
use program::Failure;

/// Tokens of a piece of a text.
const PIECE: usize = 256;
/// Rows that are kept to measure on.
const HELD_OUT: usize = 16;

/// Rows of token ids.
#[derive(Debug, Default)]
pub struct Rows {
    /// To train on.
    pub train: Vec<Vec<i64>>,
    /// To measure on.
    pub held_out: Vec<Vec<i64>>,
}

/// Prompts of random questions of a study.
#[derive(Debug, Default)]
pub struct Prompts {
    /// Their tokens.
    pub rows: Rows,
    /// In each of the training rows, the tokens of the steered phrase.
    pub phrases: Vec<Range<usize>>,
}

impl Prompts {
    /// Draws prompts until they have so many tokens.
    ///
    /// # Errors
    /// A prompt cannot be rendered, or its steered phrase is not whole tokens.
    pub fn draw(lm: &Lm, plan: &Plan, tokens: usize, seed: u64) -> Result<Self, Failure> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rows = plan.design.rows();
        let mut draw = || -> Result<(Vec<i64>, Range<usize>), Failure> {
            let row = rng.random_range(0..rows.len());
            let item = rows[row].items.choose(&mut rng);
            let item = *item.ok_or("a row of the study asks nothing")?;
            let prompt = plan.prompt(Question { row, item })?;
            let encoded = lm.tokenizer()?.encode_prompt_with_offsets(&prompt.text)?;
            let phrase = encoded.token_range(prompt.steered)?;
            Ok((encoded.ids, phrase))
        };
        let mut prompts = Self::default();
        for _ in 0..HELD_OUT {
            prompts.rows.held_out.push(draw()?.0);
        }
        let mut there = 0;
        while there < tokens {
            let (ids, phrase) = draw()?;
            there += ids.len();
            prompts.rows.train.push(ids);
            prompts.phrases.push(phrase);
        }
        Ok(prompts)
    }
}

impl Rows {
    /// A text in pieces of equal length, each with what the tokenizer puts before a text, until they have so many tokens;
    /// every sixteenth of the first ones is kept to measure on.
    ///
    /// # Errors
    /// The text cannot be turned into tokens; it is shorter than a few pieces.
    pub fn of_text(lm: &Lm, text: &str, tokens: usize) -> Result<Self, Failure> {
        let tokenizer = lm.tokenizer()?;
        let before = tokenizer.encode("")?;
        let ids = tokenizer.encode(text)?;
        let ids = ids.strip_prefix(before.as_slice()).unwrap_or(&ids);
        let length = PIECE.min(lm.config().n_ctx).saturating_sub(before.len());
        let mut rows = Self::default();
        for (at, piece) in ids.chunks_exact(length.max(1)).enumerate() {
            if rows.train.len() * length >= tokens {
                break;
            }
            let row = [before.as_slice(), piece].concat();
            let kept = at % 16 == 0 && rows.held_out.len() < HELD_OUT;
            if kept {
                rows.held_out.push(row);
            } else {
                rows.train.push(row);
            }
        }
        if rows.train.is_empty() {
            let found = ids.len();
            return Err(format!("expected at least {} tokens, found {found}", 2 * length).into());
        }
        Ok(rows)
    }
}

/// The activations at `point`: of the prompts, of their steered phrases as often (where `phrase` is not 0, that many times
/// as often), and of the texts as often as of the prompts. The first token of a row is left out.
///
/// # Errors
/// The model fails; the hook point has no single vector per position.
pub fn data(
    lm: &Lm,
    point: HookPoint,
    prompts: &Prompts,
    phrase: f64,
    texts: &Rows,
) -> Result<TrainingData, Error> {
    let all = activations(lm, point, &prompts.rows.train, 1)?;
    let mut places = Vec::new();
    let mut begin = 0;
    for (ids, phrase) in prompts.rows.train.iter().zip(&prompts.phrases) {
        // Positions in `all`, which lacks each row's first token.
        let within = phrase.start.max(1) - 1..phrase.end.max(1) - 1;
        places.extend(within.map(|at| (begin + at) as i64));
        begin += ids.len() - 1;
    }
    let mut data = TrainingData::new(all.shallow_clone())?;
    if phrase > 0.0 && !places.is_empty() {
        let places = Tensor::f_from_slice(&places)?.f_to_device(all.device())?;
        data = data.and(all.f_index_select(0, &places)?, phrase)?;
    }
    if !texts.train.is_empty() {
        data = data.and(activations(lm, point, &texts.train, 1)?, 1.0)?;
    }
    Ok(data)
}
