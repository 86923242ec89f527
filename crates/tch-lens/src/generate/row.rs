//! A request while it runs.

use tch::Tensor;

use super::pick;
use super::request::{Completion, Prompt, Request};
use super::scoring::{Scoring, log_probabilities};
use crate::error::{Doing, request as refused};
use crate::sampling::{Sampler, no_numbers, try_next_tokens};
use crate::steer::Steer;
use crate::stop::{Finish, Stopper};
use crate::{Error, Lm};

/// A request's prompt, the tokens after it so far, and what chooses and ends them.
#[derive(Debug)]
pub(crate) struct Row<T> {
    pub(crate) prompt: Vec<i64>,
    pub(crate) steers: Vec<Steer>,
    /// The new tokens; where candidates are scored, what has been read of them.
    pub(crate) tokens: Vec<i64>,
    /// Why the row has ended, or failed; none while it runs.
    end: Option<Result<Finish, Error>>,
    /// Which of the requests it is, counted from 0.
    number: usize,
    goal: Goal,
    request: Request<T>,
}

#[derive(Debug)]
enum Goal {
    Write(Box<(Sampler, Stopper)>),
    Score(Scoring),
}

impl Goal {
    fn new<T>(lm: &Lm, request: &Request<T>, prompt: &[i64]) -> Result<Self, Error> {
        let Some(candidates) = &request.candidates else {
            let sampler = Sampler::new(&request.sampling, request.seed, prompt);
            let stopper = Stopper::new(lm, &request.stop)?;
            return Ok(Self::Write(Box::new((sampler, stopper))));
        };
        if candidates.is_empty() {
            return Err(refused("the candidates", "at least one", "none"));
        }
        let candidates = candidates.iter().enumerate().map(|(i, candidate)| {
            let tokens = match (candidate, &request.prompt) {
                (Prompt::Tokens(tokens), _) => tokens.clone(),
                (Prompt::Text(text), Prompt::Text(before)) => {
                    lm.tokenizer()?.encode_continuation(before, text)?
                }
                (Prompt::Text(text), Prompt::Tokens(_)) => lm.tokenizer()?.encode_plain(text)?,
            };
            lm.check_row(&format!("candidate {i}"), &tokens)?;
            Ok(tokens)
        });
        Ok(Self::Score(Scoring::new(
            candidates.collect::<Result<_, Error>>()?,
        )))
    }

    /// The most tokens that can follow the prompt.
    fn most_new_tokens<T>(&self, request: &Request<T>) -> usize {
        match self {
            Self::Write(_) => request.stop.max_new_tokens(),
            Self::Score(scoring) => scoring.longest(),
        }
    }
}

impl<T> Row<T> {
    pub(crate) fn new(lm: &Lm, number: usize, request: Request<T>) -> Result<Self, Error> {
        Self::prepared(lm, number, request).map_err(|error| numbered(number, error))
    }

    fn prepared(lm: &Lm, number: usize, request: Request<T>) -> Result<Self, Error> {
        let prepared = lm.prepare(&request.prompt, &request.steers)?;
        let prompt = prepared.prompt;
        let goal = Goal::new(lm, &request, &prompt)?;
        let most = goal.most_new_tokens(&request);
        let context = lm.config().n_ctx;
        if most == 0 || prompt.len() + most > context {
            let expected = format!(
                "from 1 to {}, as the model's context of {context} allows",
                context - prompt.len()
            );
            return Err(refused("the number of new tokens", expected, most));
        }
        Ok(Self {
            prompt,
            steers: prepared.steers,
            tokens: Vec::new(),
            end: None,
            number,
            goal,
            request,
        })
    }

    /// The most tokens that the row can come to, prompt included, less the last one, which nothing reads.
    pub(crate) fn most_tokens(&self) -> usize {
        self.prompt.len() + self.goal.most_new_tokens(&self.request) - 1
    }

    /// The token that the next pass reads.
    pub(crate) fn last(&self) -> i64 {
        self.tokens.last().copied().unwrap_or(0)
    }

    /// How many tokens, the prompt's included, the next pass builds on. What the cache holds beyond them is of another
    /// candidate.
    pub(crate) fn kept(&self) -> usize {
        self.prompt.len() + self.tokens.len() - 1
    }

    /// Back to the beginning.
    pub(crate) fn restart(&mut self, lm: &Lm) -> Result<(), Error> {
        self.tokens.clear();
        self.end = None;
        match &mut self.goal {
            Goal::Write(_) => self.goal = Goal::new(lm, &self.request, &self.prompt)?,
            Goal::Score(scoring) => scoring.restart(),
        }
        Ok(())
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Takes the next token; without one the row has failed.
    fn accept(&mut self, token: Option<i64>) {
        let Goal::Write(goal) = &mut self.goal else {
            return;
        };
        let end = match token {
            Some(token) => {
                self.tokens.push(token);
                goal.1.accept(token)
            }
            None => Err(self.without_numbers()),
        };
        self.end = end.transpose();
    }

    /// Takes log-probabilities of what candidates go on with; without them the row has failed.
    fn accept_scores(&mut self, found: Option<&[f64]>) {
        let (Goal::Score(scoring), Some(found)) = (&mut self.goal, found) else {
            self.end = Some(Err(self.without_numbers()));
            return;
        };
        scoring.accept(found);
        match scoring.stem() {
            Some(stem) => self.tokens = stem.to_vec(),
            None => self.end = Some(Ok(Finish::Scored)),
        }
    }

    fn without_numbers(&self) -> Error {
        no_numbers(&format!("the logits of new token {}", self.tokens.len()))
    }

    /// What has come of the request.
    pub(crate) fn complete(self) -> Result<Completion<T>, Error> {
        let number = self.number;
        self.completed().map_err(|error| numbered(number, error))
    }

    fn completed(self) -> Result<Completion<T>, Error> {
        let (text, tokens, log_probabilities) = match self.goal {
            Goal::Write(goal) => (goal.1.into_text()?, self.tokens, Vec::new()),
            Goal::Score(scoring) => (String::new(), Vec::new(), scoring.into_log_probabilities()),
        };
        Ok(Completion {
            tag: self.request.tag,
            finish: self.end.unwrap_or(Ok(Finish::Length))?,
            text,
            tokens,
            log_probabilities,
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

/// One more token for each row, from its logits `[row, d_vocab]`, or what they say of its candidates. A row whose logits
/// are no numbers ends with that error. Gives how many rows write a token.
pub(crate) fn advance<T>(logits: &Tensor, rows: &mut [&mut Row<T>]) -> Result<usize, Error> {
    let (writing, scoring): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|&row| matches!(rows[row].goal, Goal::Write(_)));
    if !writing.is_empty() {
        let samplers = rows.iter_mut().filter_map(|row| match &mut row.goal {
            Goal::Write(goal) => Some(&mut goal.0),
            Goal::Score(_) => None,
        });
        let tokens = try_next_tokens(&pick(logits, &writing)?, &mut samplers.collect::<Vec<_>>())?;
        for (&row, token) in writing.iter().zip(tokens) {
            rows[row].accept(token);
        }
    }
    if !scoring.is_empty() {
        let wanted = scoring.iter().filter_map(|&row| match &rows[row].goal {
            Goal::Write(_) => None,
            Goal::Score(scoring) => Some(scoring.wanted()),
        });
        let found = log_probabilities(&pick(logits, &scoring)?, &wanted.collect::<Vec<_>>())
            .doing(|| "scoring candidates".to_owned())?;
        for (&row, found) in scoring.iter().zip(found) {
            rows[row].accept_scores(found.as_deref());
        }
    }
    Ok(writing.len())
}
