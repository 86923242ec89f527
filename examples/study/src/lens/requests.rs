//! A question as requests to an engine, and what comes back as its answer.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use value_causal::bench::journal::{Likelihoods, Question, RatingLikelihoods, prompt_hash};
use value_causal::bench::{Prompt, Scale};
use value_causal::lens::{Completion, Lm, Request};

use super::{How, Steers};
use crate::file::YesAndNo;
use crate::{Answered, Asked};
use program::Failure;

/// What comes back with a completion.
pub(super) struct Tag {
    pub(super) question: Question,
    pub(super) prompt_hash: [u8; 32],
    pub(super) taken: Instant,
    pub(super) read_off: bool,
    /// Which of so many forms of the question.
    form: (usize, usize),
    /// How it is answered.
    scale: Scale,
}

/// What has been read off of a question: the log-probabilities of its candidates, by form, as far as they are there.
#[derive(Default)]
struct Forms {
    found: BTreeMap<usize, Vec<f64>>,
    prompt_tokens: u64,
}

/// Forms of questions that wait for their others.
#[derive(Default)]
pub(super) struct Waiting(HashMap<Question, Forms>);

impl Waiting {
    /// The answer, once all its forms are there.
    pub(super) fn add(
        &mut self,
        words: &YesAndNo,
        completion: &Completion<Tag>,
    ) -> Option<Answered> {
        let tag = &completion.tag;
        let (form, forms) = tag.form;
        let waiting = self.0.entry(tag.question).or_default();
        let found = completion.log_probabilities.clone();
        waiting.found.insert(form, found);
        waiting.prompt_tokens += completion.prompt_tokens as u64;
        if waiting.found.len() < forms {
            return None;
        }
        let Forms {
            found,
            prompt_tokens,
        } = self.0.remove(&tag.question)?;
        let found: Vec<Vec<f64>> = found.into_values().collect();
        Some(Answered {
            question: tag.question,
            prompt_hash: tag.prompt_hash,
            text: read_off(words, &tag.scale, &found),
            prompt_tokens,
            new_tokens: 0,
            seconds: tag.taken.elapsed().as_secs_f64(),
        })
    }
}

/// What is read off, as an answer's text, of the log-probabilities of an item's candidates in each form.
fn read_off(words: &YesAndNo, scale: &Scale, forms: &[Vec<f64>]) -> String {
    match scale {
        Scale::YesNo => {
            let sum = |likely: &[f64]| likely.iter().map(|log_p| log_p.exp()).sum::<f64>();
            let both = forms.iter().map(|form| form.split_at(words.yes.len()));
            let (yes, no) = both.map(|(yes, no)| (sum(yes), sum(no))).unzip();
            Likelihoods { yes, no }.to_string()
        }
        Scale::Ratings(scale) => RatingLikelihoods::of(scale, forms).to_string(),
    }
}

/// One request, or one for each form in which an answer is read off.
pub(super) fn requests(
    lm: &Lm,
    steers: &mut dyn Steers,
    how: &How,
    asked: Asked,
) -> Result<Vec<Request<Tag>>, Failure> {
    let prompts: Vec<&Prompt> = [&asked.prompt].into_iter().chain(&asked.turned).collect();
    let texts: String = prompts.iter().map(|prompt| prompt.text.as_str()).collect();
    let (prompt_hash, taken, forms) = (prompt_hash(&texts), Instant::now(), prompts.len());
    let request = |(form, prompt): (usize, &Prompt)| {
        let steers = steers.of(lm, &asked, prompt)?;
        let request = Request::new(prompt.text.clone());
        let request = match &how.words {
            Some(words) if asked.read_off => request.score(words.candidates(&asked.scale)),
            _ => request.stop(how.stop.clone()),
        };
        let request = request.tag(Tag {
            question: asked.question,
            prompt_hash,
            taken,
            read_off: asked.read_off,
            form: (form, forms),
            scale: asked.scale.clone(),
        });
        Ok(steers.into_iter().fold(request, Request::steer))
    };
    prompts.into_iter().enumerate().map(request).collect()
}
