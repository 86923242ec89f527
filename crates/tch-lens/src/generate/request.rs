//! What is asked of a model, and what comes back.

use std::ops::Range;

use crate::error::request as refused;
use crate::sampling::Sampling;
use crate::steer::{Place, Steer};
use crate::stop::{Finish, Stop};
use crate::tokenizer::Encoded;
use crate::words::counted;
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

/// A prompt to go on with, and how; or continuations of it to [`score`](Self::score). `tag` is the caller's own and comes
/// back with the completion.
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
    /// Continuations to score, in the place of writing one.
    pub candidates: Option<Vec<Prompt>>,
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
            candidates: None,
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

    /// Nothing is written: the completion has the natural logarithm of the probability of each of `candidates`, at least
    /// one, in [`Completion::log_probabilities`]. Sampling, stop and seed say nothing then.
    ///
    /// A candidate's probability is that of writing its tokens, one after the other, behind the prompt's, with these
    /// steers: [`Passes::Decode`](crate::Passes::Decode) acts on them as it does on tokens that are written. The prompt
    /// is read once, and so is what candidates begin with alike; a candidate of `n` tokens costs at most `n - 1` passes
    /// more.
    ///
    /// A text's tokens are those that it has behind the prompt in one text, without special tokens around it
    /// ([`Tokenizer::encode_continuation`](crate::Tokenizer::encode_continuation)). So a candidate mostly begins with
    /// its space (`" yes"`), and the prompt ends without one. Empty candidates are refused.
    ///
    /// ```no_run
    /// use tch_lens::{Lm, LoadOptions, Request};
    ///
    /// let lm = Lm::open("SmolLM2-135M-Instruct", &LoadOptions::default())?;
    /// let asked = Request::new("Question: Is snow white?\nAnswer:").score([" yes", " no"]);
    /// let scored = lm.generate(vec![asked], &mut [])?;
    /// let p: Vec<f64> = scored[0].log_probabilities.iter().map(|x| x.exp()).collect();
    /// println!("P(yes) {:.3}, P(no) {:.3}", p[0], p[1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn score(mut self, candidates: impl IntoIterator<Item = impl Into<Prompt>>) -> Self {
        self.candidates = Some(candidates.into_iter().map(Into::into).collect());
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
            candidates,
            tag: _,
        } = self;
        Request {
            prompt,
            steers,
            sampling,
            stop,
            seed,
            candidates,
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
    /// The natural logarithm of the probability of each candidate, in their order; empty unless the request
    /// [scores](Request::score) some.
    pub log_probabilities: Vec<f64>,
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
                place => {
                    let (first, end) = match place {
                        Place::From(first) => (*first, prompt.len()),
                        Place::Last => (prompt.len() - 1, prompt.len()),
                        _ => (0, prompt.len()),
                    };
                    let rows = steer.rows().map_or(end, |rows| first.saturating_add(rows));
                    Ok(vec![shown(&(first..end.min(rows)))?])
                }
            })
            .collect()
    }

    /// Encodes the prompt and turns byte ranges into token ranges.
    pub(crate) fn prepare(&self, prompt: &Prompt, steers: &[Steer]) -> Result<Prepared, Error> {
        let encoded: Option<Encoded> = match prompt {
            Prompt::Text(text)
                if steers
                    .iter()
                    .any(|steer| matches!(steer.place, Place::Bytes(_) | Place::FromByte(_))) =>
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
                let mut steer = steer.for_a_row();
                let of_bytes = |bytes: Range<usize>| match &encoded {
                    Some(encoded) => encoded.token_range(bytes),
                    None => Err(refused(
                        "a steer at bytes",
                        "a prompt of text",
                        "a prompt of token ids",
                    )),
                };
                match &steer.place {
                    Place::Bytes(bytes) => {
                        steer.place = Place::Tokens(vec![of_bytes(bytes.clone())?]);
                    }
                    Place::FromByte(byte) => {
                        let first = of_bytes(*byte..byte.saturating_add(1))?.start;
                        steer.place = Place::From(first);
                    }
                    Place::From(first) if *first >= tokens.len() => {
                        let expected = format!("below the prompt's {} tokens", tokens.len());
                        return Err(refused("a steer's first token", expected, first));
                    }
                    _ => {}
                }
                if let Place::Tokens(ranges) = &steer.place
                    && let Some(range) = ranges
                        .iter()
                        .find(|range| range.is_empty() || range.end > tokens.len())
                {
                    let expected = format!(
                        "not empty and within the prompt's {}",
                        counted(tokens.len(), "token")
                    );
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
