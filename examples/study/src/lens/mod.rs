//! The respondent that this project is about: a language model on libtorch, steered at its hook points.
//!
//! - this file: the respondent, and what may steer it; `features`: features of an autoencoder, as a study file says
//! - `requests`: a question as requests to an engine, and its answer

mod features;
mod requests;

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Display;
use std::path::Path;

use value_causal::bench::Prompt;
use value_causal::lens::{Engine, EngineOptions, Error, Lm, LoadOptions, Steer, Stop, device, tch};

use super::file::{JudgingMode, StudyFile, YesAndNo};
use super::judging::is_decided;
use super::place::opened;
use super::{Answered, Asked, Outcome, Respondent, Unanswered};
pub use features::StudiedFeatures;
use program::Failure;
use requests::{Waiting, requests};

/// What is done to a model while it answers.
pub trait Steers {
    /// Refuses a question that cannot be steered as it says.
    ///
    /// # Errors
    /// What cannot be done.
    fn check(&self, _asked: &Asked) -> Result<(), Failure> {
        Ok(())
    }

    /// The steers of a question whose prompt, or whose turned one, is `prompt`, put to `lm`.
    ///
    /// # Errors
    /// The question cannot be steered so.
    fn of(&mut self, lm: &Lm, asked: &Asked, prompt: &Prompt) -> Result<Vec<Steer>, Failure>;
}

/// A language model, with what steers it: unless told otherwise the features of a study.
pub struct LensRespondent<S = StudiedFeatures> {
    lm: Lm,
    steers: S,
    how: How,
    options: EngineOptions,
}

/// How answers come about.
struct How {
    /// Where they are written: when they end.
    stop: Stop,
    /// Where they are read off: the spellings.
    words: Option<YesAndNo>,
}

impl LensRespondent {
    /// Opens what `study` names in `data`.
    ///
    /// # Errors
    /// The device is not there; model or autoencoder cannot be opened or do not go together.
    pub fn open(study: &StudyFile, data: &Path) -> Result<Self, Failure> {
        let lm = open_model(study, data)?;
        let steers = StudiedFeatures::open(study, data, &lm)?;
        Ok(Self::steered_by(lm, study, steers))
    }

    /// Threads that the model computes on.
    #[must_use]
    pub fn threads() -> i32 {
        tch::get_num_threads()
    }
}

impl<S: Steers> LensRespondent<S> {
    /// A model that answers as `study` says, steered by something else than its features.
    pub fn steered_by(lm: Lm, study: &StudyFile, steers: S) -> Self {
        let judging = &study.judging;
        let stop = Stop::after(judging.max_new_tokens);
        let mut options = EngineOptions::default().share_prefixes(study.batch.share_prefixes);
        if let Some(rows) = study.batch.rows {
            options = options.max_rows(rows);
        }
        if let Some(mib) = study.batch.memory {
            options = options.memory(mib.saturating_mul(1 << 20));
        }
        Self {
            lm,
            steers,
            how: How {
                stop: match judging.mode {
                    JudgingMode::Fast => stop.when(is_decided),
                    _ => stop,
                },
                words: judging.words(),
            },
            options,
        }
    }

    /// The model.
    pub fn model(&self) -> &Lm {
        &self.lm
    }
}

/// The model that `study` names in `data`.
///
/// # Errors
/// The device is not there; the model cannot be opened.
pub fn open_model(study: &StudyFile, data: &Path) -> Result<Lm, Failure> {
    let device = device(&study.model.device).map_err(|error| of("model.device", &error))?;
    let mut load = LoadOptions::default().device(device);
    if let Some(precision) = &study.model.precision {
        let precision = precision
            .parse()
            .map_err(|error| of("model.precision", &error));
        load = load.precision(precision?);
    }
    if let Some(theta) = study.model.rope_theta {
        load = load.rope_theta(theta);
    }
    let folder = study
        .model
        .folder
        .as_ref()
        .ok_or("the study names no folder of a model")?;
    Ok(Lm::open(opened(data, folder), &load)?)
}

/// What is wrong with a setting of the study file, by its name there.
fn of(setting: &str, error: &dyn Display) -> String {
    format!("{setting}: {error}")
}

/// Tokens that a tokenizer may put around a text.
const AROUND: usize = 16;

impl<S: Steers> Respondent for LensRespondent<S> {
    fn check(&self, asked: &Asked) -> Result<(), Failure> {
        self.steers.check(asked)?;
        let context = self.lm.config().n_ctx;
        let words = self.how.words.as_ref().filter(|_| asked.read_off);
        let most = match words {
            None => self.how.stop.max_new_tokens(),
            // A token is a byte at least.
            Some(words) => {
                let candidates = words.candidates(&asked.scale);
                candidates.iter().map(String::len).max().unwrap_or(0)
            }
        };
        let text = &asked.prompt.text;
        // A token is a byte of the text at least, but for some that a tokenizer rewrites, so that most prompts need not be
        // encoded.
        if text.len().saturating_add(AROUND).saturating_add(most) <= context {
            return Ok(());
        }
        let tokens = self.lm.tokenizer()?.encode_prompt(text)?.len();
        match context.saturating_sub(tokens) {
            room if room >= most => Ok(()),
            room => {
                let (setting, of) = match words {
                    None => ("judging.max_new_tokens", ""),
                    Some(_) => ("judging.likelihood", " bytes of each word"),
                };
                Err(format!(
                    "{setting}: expected at most {room}{of}, as the prompt is {tokens} tokens of the model's context of \
                     {context}, found {most}"
                )
                .into())
            }
        }
    }

    fn answer(
        &mut self,
        questions: &mut dyn Iterator<Item = Result<Asked, Failure>>,
        each: &mut dyn FnMut(Outcome) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Self {
            lm,
            steers,
            how,
            options,
        } = self;
        // The engine takes requests, not failures: the first one ends its iterator, and the run after it.
        let failure = RefCell::new(None);
        // By number, as the engine counts.
        let taken = RefCell::new(Vec::new());
        let requests = questions.map_while(|asked| {
            let made = asked.and_then(|asked| {
                let question = asked.question;
                let requests = requests(lm, steers, how, asked)?;
                let numbers = requests.iter().map(|_| question);
                taken.borrow_mut().extend(numbers);
                Ok(requests)
            });
            made.map_err(|error| *failure.borrow_mut() = Some(error))
                .ok()
        });
        let (mut waiting, mut failed) = (Waiting::default(), HashSet::new());
        for completion in Engine::new(lm, options.clone()).run(requests.flatten()) {
            each(match (completion, &how.words) {
                (Ok(completion), Some(words)) if completion.tag.read_off => {
                    match waiting.add(words, &completion) {
                        Some(answered) => Ok(answered),
                        None => continue,
                    }
                }
                (Ok(completion), _) => Ok(Answered {
                    question: completion.tag.question,
                    prompt_hash: completion.tag.prompt_hash,
                    text: completion.text,
                    prompt_tokens: completion.prompt_tokens as u64,
                    new_tokens: completion.tokens.len() as u64,
                    seconds: completion.tag.taken.elapsed().as_secs_f64(),
                }),
                (Err(Error::InRequest { number, source }), _) => {
                    let question = taken.borrow()[number];
                    // Once, whichever of its forms fail.
                    if !failed.insert(question) {
                        continue;
                    }
                    Err(Unanswered {
                        question,
                        reason: source.to_string(),
                    })
                }
                (Err(error), _) => return Err(error.into()),
            })?;
        }
        failure.into_inner().map_or(Ok(()), Err)
    }
}
