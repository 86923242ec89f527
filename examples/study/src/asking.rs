use std::ops::AddAssign;
use std::time::{Duration, Instant};

use value_causal::bench::journal::{Aspect, Journal, LONGEST_ANSWER, Question, Response, Verdict};
use value_causal::bench::{Answer, Scale};

use super::judging::{by_likelihood, by_rules};
use super::meter::Meter;
use super::pace::Work;
use super::{Answered, ModelFiles, Outcome, Questions, Respondent, Unanswered};
use program::{Failure, Interruption};

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Answers recorded.
    pub answers: usize,
    /// In this time.
    pub time: Duration,
    /// Questions that got no answer: nothing is recorded of them, so the next run asks them again.
    pub unanswered: usize,
    /// The first of them.
    pub first_unanswered: Option<Unanswered>,
    /// What the answers of each setting took.
    pub work: Work,
}

impl AddAssign for Asking {
    fn add_assign(&mut self, more: Self) {
        self.answers += more.answers;
        self.time += more.time;
        self.unanswered += more.unanswered;
        self.first_unanswered = self.first_unanswered.take().or(more.first_unanswered);
        self.work += more.work;
    }
}

impl Asking {
    /// Questions that were asked.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.answers + self.unanswered
    }

    /// Questions per second; none where nothing was asked.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.questions() > 0).then(|| self.questions() as f64 / self.time.as_secs_f64())
    }

    /// Counts what came of a question.
    pub fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Ok(answered) => {
                self.answers += 1;
                self.work.add(answered);
            }
            Err(unanswered) => {
                self.unanswered += 1;
                self.work.add_unanswered(unanswered.question.row);
                self.first_unanswered
                    .get_or_insert_with(|| unanswered.clone());
            }
        }
    }

    /// That questions got no answer: how many, and the first one with its reason.
    ///
    /// # Errors
    /// [`Missing`], if there are such questions.
    pub fn check(&self, plan: &dyn Questions) -> Result<(), Missing> {
        let Some(first) = &self.first_unanswered else {
            return Ok(());
        };
        let question = plan.design().item(first.question).question.clone();
        let setting = &plan.design().rows()[first.question.row].setting;
        Err(Missing {
            unanswered: self.unanswered,
            of: self.questions(),
            question,
            setting: setting.to_string(),
            reason: first.reason.clone(),
        })
    }
}

/// Questions that got no answer, where others may have theirs.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "{unanswered} of {of} questions got no answer, the first {question:?} ({setting}): {reason}; they are not in the \
     journal, and the same command asks them again"
)]
pub struct Missing {
    unanswered: usize,
    of: usize,
    question: String,
    setting: String,
    reason: String,
}

/// Answers are recorded together, once there are so many or so much time has passed: each time costs a wait for the
/// disk, and a kill costs what was not recorded yet.
pub(super) const TOGETHER: usize = 256;
pub(super) const AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// What may end a run between two answers.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    /// Somebody wants it to.
    pub interruption: &'a Interruption,
    /// The model is no longer the one that the journal names.
    pub files: &'a ModelFiles,
}

/// Asks `questions` and records each answer with what the rules, or its likelihoods, make of it. Questions that get no answer,
/// or one that is longer than [`LONGEST_ANSWER`], are counted and not recorded.
///
/// # Errors
/// The respondent or the journal fails, or the run is to end; what was answered before stays. Where a file of the model was
/// changed, what came since it was last looked at is not recorded.
pub fn ask(
    plan: &dyn Questions,
    journal: &mut Journal,
    respondent: &mut dyn Respondent,
    questions: &[Question],
    mut meter: Meter,
    watch: &Watch<'_>,
) -> Result<Asking, Failure> {
    let started = Instant::now();
    let mut asking = Asking::default();
    let mut waiting: Vec<Response> = Vec::new();
    let mut since = Instant::now();
    let mut asked = questions.iter().map(|&question| plan.asked(question));
    let outcome = respondent.answer(&mut asked, &mut |outcome| {
        let outcome = outcome.and_then(short_enough);
        asking.count(&outcome);
        match outcome {
            Ok(answered) => waiting.push(response(answered, plan)),
            Err(_) => meter.fail(),
        }
        if waiting.len() >= TOGETHER || since.elapsed() >= AT_LEAST_EVERY {
            watch.files.check()?;
            journal.record(&waiting)?;
            meter.add(waiting.len());
            waiting.clear();
            since = Instant::now();
        }
        Ok(watch.interruption.check()?)
    });
    // What is there is kept, also where the respondent broke off.
    let unchanged = watch.files.check();
    let kept = unchanged.and_then(|()| Ok(journal.record(&waiting)?));
    meter.finish();
    outcome?;
    kept?;
    asking.time = started.elapsed();
    Ok(asking)
}

/// A journal takes no longer ones.
fn short_enough(answered: Answered) -> Outcome {
    match answered.text.len() {
        ..=LONGEST_ANSWER => Ok(answered),
        bytes => Err(Unanswered {
            question: answered.question,
            reason: format!("expected an answer of at most {LONGEST_ANSWER} bytes, found {bytes}"),
        }),
    }
}

fn response(answered: Answered, plan: &dyn Questions) -> Response {
    let scale = &plan.design().item(answered.question).scale;
    Response {
        verdict: match plan.is_read_off(answered.question) {
            true => by_likelihood(scale, &answered.text),
            false => by_rules(scale, &answered.text),
        },
        question: answered.question,
        prompt_hash: answered.prompt_hash,
        text: answered.text,
        prompt_tokens: answered.prompt_tokens,
        new_tokens: answered.new_tokens,
        seconds: answered.seconds,
    }
}

/// Judges by the rules the thoughts that nobody has judged, but for those on items that are rated. Rules decide only a
/// thought that begins with its verdict; the others stay unjudged.
///
/// # Errors
/// The journal fails.
pub fn judge_thoughts_by_rules(journal: &mut Journal) -> Result<(), Failure> {
    let mut unjudged = journal.unjudged(Aspect::Thought)?;
    unjudged.retain(|answer| journal.design().item(answer.question).scale == Scale::YesNo);
    for answers in unjudged.chunks(TOGETHER) {
        let verdict = |text| by_rules(&Scale::YesNo, Answer::of(text).thought);
        let verdicts: Vec<(Question, Verdict)> = answers
            .iter()
            .map(|answer| (answer.question, verdict(&answer.text)))
            .collect();
        journal.judge(Aspect::Thought, &verdicts)?;
    }
    Ok(())
}
