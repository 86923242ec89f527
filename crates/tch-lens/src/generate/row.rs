//! A request while it runs.

use tch::Tensor;

use super::request::{Completion, Request};
use crate::error::request as refused;
use crate::sampling::{Sampler, no_numbers, try_next_tokens};
use crate::steer::Steer;
use crate::stop::{Finish, Stopper};
use crate::{Error, Lm};

/// A request's prompt, the tokens chosen so far, and what chooses and ends them.
#[derive(Debug)]
pub(crate) struct Row<T> {
    pub(crate) prompt: Vec<i64>,
    pub(crate) steers: Vec<Steer>,
    pub(crate) tokens: Vec<i64>,
    /// Why the row has ended, or failed; none while it runs.
    end: Option<Result<Finish, Error>>,
    /// Which of the requests it is, counted from 0.
    number: usize,
    sampler: Sampler,
    stopper: Stopper,
    request: Request<T>,
}

impl<T> Row<T> {
    pub(crate) fn new(lm: &Lm, number: usize, request: Request<T>) -> Result<Self, Error> {
        Self::prepared(lm, number, request).map_err(|error| numbered(number, error))
    }

    fn prepared(lm: &Lm, number: usize, request: Request<T>) -> Result<Self, Error> {
        let prepared = lm.prepare(&request.prompt, &request.steers)?;
        let (prompt, most) = (prepared.prompt, request.stop.max_new_tokens());
        let context = lm.config().n_ctx;
        if most == 0 || prompt.len() + most > context {
            let expected = format!(
                "from 1 to {}, as the model's context of {context} allows",
                context - prompt.len()
            );
            return Err(refused("the number of new tokens", expected, most));
        }
        let sampler = Sampler::new(&request.sampling, request.seed, &prompt);
        let stopper = Stopper::new(lm, &request.stop)?;
        Ok(Self {
            prompt,
            steers: prepared.steers,
            tokens: Vec::new(),
            end: None,
            number,
            sampler,
            stopper,
            request,
        })
    }

    /// The most tokens that the row can come to, prompt included, less the last one, which nothing reads.
    pub(crate) fn most_tokens(&self) -> usize {
        self.prompt.len() + self.request.stop.max_new_tokens() - 1
    }

    /// The token that the next pass reads.
    pub(crate) fn last(&self) -> i64 {
        self.tokens.last().copied().unwrap_or(0)
    }

    /// Back to the beginning.
    pub(crate) fn restart(&mut self, lm: &Lm) -> Result<(), Error> {
        self.tokens.clear();
        self.end = None;
        self.sampler = Sampler::new(&self.request.sampling, self.request.seed, &self.prompt);
        self.stopper = Stopper::new(lm, &self.request.stop)?;
        Ok(())
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Takes the next token; without one the row has failed.
    fn accept(&mut self, token: Option<i64>) {
        let end = match token {
            Some(token) => {
                self.tokens.push(token);
                self.stopper.accept(token)
            }
            None => {
                let what = format!("the logits of new token {}", self.tokens.len());
                Err(no_numbers(&what))
            }
        };
        self.end = end.transpose();
    }

    /// What has come of the request.
    pub(crate) fn complete(self) -> Result<Completion<T>, Error> {
        let number = self.number;
        self.completed().map_err(|error| numbered(number, error))
    }

    fn completed(self) -> Result<Completion<T>, Error> {
        Ok(Completion {
            tag: self.request.tag,
            finish: self.end.unwrap_or(Ok(Finish::Length))?,
            text: self.stopper.into_text()?,
            tokens: self.tokens,
            prompt_tokens: self.prompt.len(),
        })
    }
}

/// Says which of several requests an error is about.
fn numbered(number: usize, error: Error) -> Error {
    Error::InRequest {
        number,
        source: Box::new(error),
    }
}

/// One more token for each row, from its logits `[row, d_vocab]`. A row whose logits are no numbers ends with that error.
pub(crate) fn advance<T>(logits: &Tensor, rows: &mut [&mut Row<T>]) -> Result<(), Error> {
    let tokens = {
        let mut samplers: Vec<&mut Sampler> = rows.iter_mut().map(|row| &mut row.sampler).collect();
        try_next_tokens(logits, &mut samplers)?
    };
    for (row, token) in rows.iter_mut().zip(tokens) {
        row.accept(token);
    }
    Ok(())
}
