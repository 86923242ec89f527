//! What is asked of a model, and what comes back.

use std::ops::Range;

use crate::error::request as refused;
use crate::sampling::Sampling;
use crate::steer::{Place, Steer};
use crate::stop::{Finish, Stop};
use crate::tokenizer::Encoded;
use crate::{Error, Lm};

/// A prompt as text, or as tokens already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Text, encoded with the tokens that the model's tokenizer puts in front; a text that begins with BOS spelt out, as
    /// chat templates write it, gets no second one.
    Text(String),
    /// Token ids, taken as they are.
    Tokens(Vec<i64>),
}

impl From<&str> for Prompt {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<i64>> for Prompt {
    fn from(tokens: Vec<i64>) -> Self {
        Self::Tokens(tokens)
    }
}

/// A prompt to go on with, and how. `tag` is the caller's own and comes back with the completion.
///
/// In 32 bits the result depends on the request alone, not on what else is in the batch; in 16 bits sums round
/// differently with the size of the batch, and near ties may fall the other way.
#[derive(Debug, Clone)]
pub struct Request<T = ()> {
    /// What is read.
    pub prompt: Prompt,
    /// What is done to the activations, in this order where two meet.
    pub steers: Vec<Steer>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// When to stop.
    pub stop: Stop,
    /// Where the random draws start.
    pub seed: u64,
    /// The caller's own.
    pub tag: T,
}

impl Request {
    /// Greedy, unsteered, until the model's end tokens or the default number of tokens (see [`Stop`]), seed 0.
    pub fn new(prompt: impl Into<Prompt>) -> Self {
        Self {
            prompt: prompt.into(),
            steers: Vec::new(),
            sampling: Sampling::default(),
            stop: Stop::default(),
            seed: 0,
            tag: (),
        }
    }
}

impl<T> Request<T> {
    /// Adds a steer.
    #[must_use]
    pub fn steer(mut self, steer: Steer) -> Self {
        self.steers.push(steer);
        self
    }

    /// How tokens are chosen. Default: the most probable one.
    #[must_use]
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// When to stop.
    #[must_use]
    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Where the random draws start. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The caller's own value, which comes back with the completion.
    #[must_use]
    pub fn tag<U>(self, tag: U) -> Request<U> {
        let Self {
            prompt,
            steers,
            sampling,
            stop,
            seed,
            tag: _,
        } = self;
        Request {
            prompt,
            steers,
            sampling,
            stop,
            seed,
            tag,
        }
    }
}

/// What a model made of a request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Completion<T = ()> {
    /// The request's own.
    pub tag: T,
    /// The new text, without special tokens and without the stop string that ended it unless [`Stop`] says otherwise.
    /// Empty if the model has no tokenizer.
    pub text: String,
    /// The new tokens, the end token included where one came.
    pub tokens: Vec<i64>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
}

/// Where a steer acts, shown as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steered {
    /// Token positions in the prompt.
    pub tokens: Range<usize>,
    /// The tokens there.
    pub pieces: Vec<String>,
}

/// A prompt as tokens, with steers that speak of tokens.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) prompt: Vec<i64>,
    pub(crate) steers: Vec<Steer>,
}

impl Lm {
    /// Where each steer of a request acts in its prompt: for every steer the token ranges, with their tokens.
    ///
    /// # Errors
    /// As [`generate`](Self::generate) for that request.
    pub fn steered<T>(&self, request: &Request<T>) -> Result<Vec<Vec<Steered>>, Error> {
        let Prepared { prompt, steers } = self.prepare(&request.prompt, &request.steers)?;
        let shown = |range: &Range<usize>| {
            let pieces = self.tokenizer()?.pieces(&prompt[range.clone()])?;
            Ok(Steered {
                tokens: range.clone(),
                pieces,
            })
        };
        steers
            .iter()
            .map(|steer| match &steer.place {
                Place::Tokens(ranges) => ranges.iter().map(shown).collect(),
                Place::Everywhere | Place::Bytes(_) => Ok(vec![shown(&(0..prompt.len()))?]),
            })
            .collect()
    }

    /// Encodes the prompt and turns byte ranges into token ranges.
    pub(crate) fn prepare(&self, prompt: &Prompt, steers: &[Steer]) -> Result<Prepared, Error> {
        let encoded: Option<Encoded> = match prompt {
            Prompt::Text(text)
                if steers
                    .iter()
                    .any(|steer| matches!(steer.place, Place::Bytes(_))) =>
            {
                Some(self.tokenizer()?.encode_prompt_with_offsets(text)?)
            }
            _ => None,
        };
        let tokens = match (prompt, &encoded) {
            (Prompt::Tokens(tokens), _) => tokens.clone(),
            (Prompt::Text(_), Some(encoded)) => encoded.ids.clone(),
            (Prompt::Text(text), None) => self.tokenizer()?.encode_prompt(text)?,
        };
        self.check_row("the prompt", &tokens)?;
        let steers = steers
            .iter()
            .map(|steer| {
                self.check_steer(steer)?;
                let mut steer = steer.clone();
                if let Place::Bytes(bytes) = &steer.place {
                    let Some(encoded) = &encoded else {
                        let found = "a prompt of token ids";
                        return Err(refused("a steer at bytes", "a prompt of text", found));
                    };
                    steer.place = Place::Tokens(vec![encoded.token_range(bytes.clone())?]);
                }
                if let Place::Tokens(ranges) = &steer.place
                    && let Some(range) = ranges
                        .iter()
                        .find(|range| range.is_empty() || range.end > tokens.len())
                {
                    let expected =
                        format!("not empty and within the prompt's {} tokens", tokens.len());
                    return Err(refused(
                        "a steered token range",
                        expected,
                        format!("{range:?}"),
                    ));
                }
                Ok(steer)
            })
            .collect::<Result<_, _>>()?;
        Ok(Prepared {
            prompt: tokens,
            steers,
        })
    }
}
