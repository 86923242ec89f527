//! The respondent that this project is about: a language model on libtorch, steered at a hook point.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use value_causal::bench::Prompt;
use value_causal::bench::journal::{Likelihoods, Question, prompt_hash};
use value_causal::lens::sae::{Sae, SaeOptions, top_features};
use value_causal::lens::{
    Completion, Dose, Engine, EngineOptions, Error, HookPoint, Lm, LoadOptions, Passes, Request,
    Steer, SteeringDirection, Stop, device, tch,
};

use super::file::{Features, JudgingMode, Mode, SteeredPasses, Steering, StudyFile, YesAndNo};
use super::judging::is_decided;
use super::{Answered, Asked, Materials, Outcome, Respondent, Unanswered};
use program::Failure;

/// A language model, with its autoencoder where features are steered.
pub struct LensRespondent {
    lm: Lm,
    steered: Option<Steered>,
    how: How,
    options: EngineOptions,
}

/// How answers come about.
enum How {
    Written(Stop),
    ReadOff(YesAndNo),
}

struct Steered {
    sae: Rc<Sae>,
    at: HookPoint,
    steering: Steering,
    directions: HashMap<u64, SteeringDirection>,
}

impl LensRespondent {
    /// Opens what `study` names in `data`.
    ///
    /// # Errors
    /// The device is not there; model or autoencoder cannot be opened or do not go together.
    pub fn open(study: &StudyFile, data: &Path) -> Result<Self, Failure> {
        let lm = open_model(study, data)?;
        let steered = study.steering.as_ref().map(|steering| {
            let options = SaeOptions::default().device(lm.device());
            let sae = Sae::open(data.join(&steering.sae), &options)?;
            let at = match (&steering.at, sae.hook_name()) {
                (Some(name), _) => lm
                    .hook_point(name)
                    .map_err(|error| of("steering.at", &error))?,
                (None, Some(name)) => lm.hook_point(name)?,
                (None, None) => {
                    let sae = steering.sae.display();
                    return Err(format!("{sae} names no hook point: set steering.at").into());
                }
            };
            sae.fits(lm.config(), at)?;
            Ok::<_, Failure>(Steered {
                sae: Rc::new(sae),
                at,
                steering: steering.clone(),
                directions: HashMap::new(),
            })
        });
        let judging = &study.judging;
        let stop = Stop::after(judging.max_new_tokens);
        let mut options = EngineOptions::default().share_prefixes(study.batch.share_prefixes);
        if let Some(rows) = study.batch.rows {
            options = options.max_rows(rows);
        }
        if let Some(mib) = study.batch.memory {
            options = options.memory(mib.saturating_mul(1 << 20));
        }
        Ok(Self {
            lm,
            steered: steered.transpose()?,
            how: match (judging.mode, &judging.likelihood) {
                (JudgingMode::Likelihood, Some(words)) => How::ReadOff(words.clone()),
                (JudgingMode::Fast, _) => How::Written(stop.when(is_decided)),
                (JudgingMode::Exact | JudgingMode::Likelihood, _) => How::Written(stop),
            },
            options,
        })
    }

    /// Threads that the model computes on.
    #[must_use]
    pub fn threads() -> i32 {
        tch::get_num_threads()
    }

    /// The features to steer, the most active first where they are ranked.
    ///
    /// # Errors
    /// The steered phrase is not whole tokens of the prompt; fewer features are active than asked for; a listed feature is
    /// not there, or the dose is beyond the model's precision.
    pub fn features(&self, materials: &Materials) -> Result<Vec<u64>, Failure> {
        let Some(steered) = &self.steered else {
            return Ok(Vec::new());
        };
        let features = match &steered.steering.features {
            Features::List(features) => {
                for &feature in features {
                    let direction = steered.sae.direction(usize::try_from(feature)?);
                    let _checked = direction.map_err(|error| of("steering.features", &error))?;
                }
                features.clone()
            }
            Features::Top { top } => {
                let prompt = materials.ranking_prompt()?;
                let ranked = self.ranked(steered, &prompt, *top)?;
                if ranked.len() < *top {
                    let found = ranked.len();
                    return Err(format!(
                        "steering.features: expected {top} that are active over {:?}, found {found}",
                        prompt.steered_text()
                    )
                    .into());
                }
                ranked
            }
        };
        for &feature in &features {
            let direction = SteeringDirection::feature(&steered.sae, usize::try_from(feature)?)?;
            let fits = self.lm.check_steer(&steered.change(&direction));
            fits.map_err(|error| of("steering", &error))?;
        }
        Ok(features)
    }

    fn ranked(&self, steered: &Steered, prompt: &Prompt, top: usize) -> Result<Vec<u64>, Failure> {
        let encoded = self.lm.tokenizer()?.encode_with_offsets(&prompt.text)?;
        let tokens = encoded.token_range(prompt.steered.clone())?;
        let names = [steered.at.to_string()];
        let read = self.lm.run_with_cache(&[encoded.ids], &names, &mut [])?;
        let row = read.activations[&steered.at].get(0);
        let (start, n) = (i64::try_from(tokens.start)?, i64::try_from(tokens.len())?);
        let acts = steered.sae.encode(&row.narrow(0, start, n))?;
        let ranked = top_features(&acts, top)?;
        Ok(ranked
            .into_iter()
            .map(|(feature, _)| feature as u64)
            .collect())
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
    Ok(Lm::open(data.join(folder), &load)?)
}

/// What is wrong with a setting of the study file, by its name there.
fn of(setting: &str, error: &dyn Display) -> String {
    format!("{setting}: {error}")
}

impl Steered {
    /// What is done along a direction, wherever it is.
    fn change(&self, direction: &SteeringDirection) -> Steer {
        let Steering { mode, dose, .. } = self.steering;
        let steer = match mode {
            Mode::Add => Steer::add(self.at, direction, Dose::Absolute(dose)),
            Mode::AddOfNorm => Steer::add(self.at, direction, Dose::OfNorm(dose)),
            Mode::Scale => Steer::scale(self.at, direction, dose),
            Mode::Clamp => Steer::clamp(self.at, direction, dose),
            Mode::Ablate => Steer::ablate(self.at, direction),
        };
        steer
            .keep_error(self.steering.keep_error)
            .passes(match self.steering.passes {
                SteeredPasses::Prompt => Passes::Prompt,
                SteeredPasses::Decode => Passes::Decode,
                SteeredPasses::Every => Passes::Every,
            })
    }

    fn steer(&mut self, feature: u64, prompt: &Prompt) -> Result<Steer, Failure> {
        let direction = match self.directions.get(&feature) {
            Some(direction) => direction.clone(),
            None => {
                let direction = SteeringDirection::feature(&self.sae, usize::try_from(feature)?)?;
                self.directions.insert(feature, direction.clone());
                direction
            }
        };
        let steer = self.change(&direction);
        // The span lies in the prompt; who steers new tokens steers all of them.
        Ok(match self.steering.passes {
            SteeredPasses::Prompt => steer.at_bytes(prompt.steered.clone()),
            SteeredPasses::Decode | SteeredPasses::Every => steer,
        })
    }
}

/// What comes back with a completion.
struct Tag {
    question: Question,
    prompt_hash: [u8; 32],
    taken: Instant,
    /// Which of so many forms of the question.
    form: (usize, usize),
}

/// What has been read off of a question: the probabilities of yes and no, by form, as far as they are there.
#[derive(Default)]
struct Forms {
    found: BTreeMap<usize, (f64, f64)>,
    prompt_tokens: u64,
}

/// Forms of questions that wait for their others.
#[derive(Default)]
struct Waiting(HashMap<Question, Forms>);

impl Waiting {
    /// The answer, once all its forms are there.
    fn add(&mut self, words: &YesAndNo, completion: &Completion<Tag>) -> Option<Answered> {
        let tag = &completion.tag;
        let mut likely = completion.log_probabilities.iter().map(|log_p| log_p.exp());
        let yes = likely.by_ref().take(words.yes.len()).sum();
        let (form, forms) = tag.form;
        let waiting = self.0.entry(tag.question).or_default();
        waiting.found.insert(form, (yes, likely.sum()));
        waiting.prompt_tokens += completion.prompt_tokens as u64;
        if waiting.found.len() < forms {
            return None;
        }
        let Forms {
            found,
            prompt_tokens,
        } = self.0.remove(&tag.question)?;
        let (yes, no) = found.into_values().unzip();
        Some(Answered {
            question: tag.question,
            prompt_hash: tag.prompt_hash,
            text: Likelihoods { yes, no }.to_string(),
            prompt_tokens,
            new_tokens: 0,
            seconds: tag.taken.elapsed().as_secs_f64(),
        })
    }
}

/// Tokens that a tokenizer may put around a text.
const AROUND: usize = 16;

impl Respondent for LensRespondent {
    fn check(&self, asked: &Asked) -> Result<(), Failure> {
        let context = self.lm.config().n_ctx;
        let most = match &self.how {
            How::Written(stop) => stop.max_new_tokens(),
            // A token is a byte at least.
            How::ReadOff(YesAndNo { yes, no, .. }) => {
                let words = yes.iter().chain(no).map(String::len);
                words.max().unwrap_or(0)
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
                let (setting, of) = match self.how {
                    How::Written(_) => ("judging.max_new_tokens", ""),
                    How::ReadOff(_) => ("judging.likelihood", " bytes of each word"),
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
            steered,
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
                let requests = requests(steered.as_mut(), how, asked)?;
                let numbers = requests.iter().map(|_| question);
                taken.borrow_mut().extend(numbers);
                Ok(requests)
            });
            made.map_err(|error| *failure.borrow_mut() = Some(error))
                .ok()
        });
        let (mut waiting, mut failed) = (Waiting::default(), HashSet::new());
        for completion in Engine::new(lm, options.clone()).run(requests.flatten()) {
            each(match (completion, &*how) {
                (Ok(completion), How::ReadOff(words)) => match waiting.add(words, &completion) {
                    Some(answered) => Ok(answered),
                    None => continue,
                },
                (Ok(completion), How::Written(_)) => Ok(Answered {
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

/// One request, or one for each form in which an answer is read off.
fn requests(
    mut steered: Option<&mut Steered>,
    how: &How,
    asked: Asked,
) -> Result<Vec<Request<Tag>>, Failure> {
    let Asked {
        question,
        prompt,
        turned,
        feature,
    } = asked;
    let prompts: Vec<Prompt> = [prompt].into_iter().chain(turned).collect();
    let texts: String = prompts.iter().map(|prompt| prompt.text.as_str()).collect();
    let (prompt_hash, taken, forms) = (prompt_hash(&texts), Instant::now(), prompts.len());
    let request = |(form, prompt): (usize, Prompt)| {
        let steer = match (steered.as_deref_mut(), feature) {
            (Some(steered), Some(feature)) => Some(steered.steer(feature, &prompt)?),
            (None, Some(feature)) => {
                return Err(
                    format!("feature {feature} cannot be steered without an autoencoder").into(),
                );
            }
            (_, None) => None,
        };
        let request = Request::new(prompt.text);
        let request = match how {
            How::Written(stop) => request.stop(stop.clone()),
            How::ReadOff(YesAndNo { yes, no, .. }) => request.score(yes.iter().chain(no).cloned()),
        };
        let request = request.tag(Tag {
            question,
            prompt_hash,
            taken,
            form: (form, forms),
        });
        Ok(steer.into_iter().fold(request, Request::steer))
    };
    prompts.into_iter().enumerate().map(request).collect()
}
