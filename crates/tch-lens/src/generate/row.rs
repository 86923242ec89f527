//! A request while it runs.

use tch::Tensor;

use super::request::{Completion, Request};
use crate::lm::request as refused;
use crate::sampling::{Sampler, next_tokens};
use crate::steer::Steer;
use crate::stop::{Finish, Stopper};
use crate::{Error, Lm};

/// A request's prompt, the tokens chosen so far, and what chooses and ends them.
#[derive(Debug)]
pub(crate) struct Row<T> {
    pub(crate) prompt: Vec<i64>,
    pub(crate) steers: Vec<Steer>,
    pub(crate) tokens: Vec<i64>,
    pub(crate) finish: Option<Finish>,
    sampler: Sampler,
    stopper: Stopper,
    request: Request<T>,
}

impl<T> Row<T> {
    pub(crate) fn new(lm: &Lm, request: Request<T>) -> Result<Self, Error> {
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
            finish: None,
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
        self.finish = None;
        self.sampler = Sampler::new(&self.request.sampling, self.request.seed, &self.prompt);
        self.stopper = Stopper::new(lm, &self.request.stop)?;
        Ok(())
    }

    fn accept(&mut self, token: i64) -> Result<(), Error> {
        self.tokens.push(token);
        self.finish = self.stopper.accept(token)?;
        Ok(())
    }

    pub(crate) fn complete(self) -> Result<Completion<T>, Error> {
        Ok(Completion {
            tag: self.request.tag,
            text: self.stopper.into_text()?,
            finish: self.finish.unwrap_or(Finish::Length),
            tokens: self.tokens,
            prompt_tokens: self.prompt.len(),
        })
    }
}

/// One more token for each row, from its logits `[row, d_vocab]`.
pub(crate) fn advance<T>(logits: &Tensor, rows: &mut [&mut Row<T>]) -> Result<(), Error> {
    let tokens = {
        let mut samplers: Vec<&mut Sampler> = rows.iter_mut().map(|row| &mut row.sampler).collect();
        next_tokens(logits, &mut samplers)?
    };
    rows.iter_mut()
        .zip(tokens)
        .try_for_each(|(row, token)| row.accept(token))
}
