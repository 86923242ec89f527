use std::ops::AddAssign;
use std::time::{Duration, Instant};

use value_causal::bench::Answer;
use value_causal::bench::journal::{Aspect, Journal, Question, Response, Verdict};

use super::judging::by_rules;
use super::meter::Meter;
use super::{Answered, Plan, Respondent};
use program::{Failure, Interruption};

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asking {
    /// Answers recorded.
    pub answers: usize,
    /// In this time.
    pub time: Duration,
}

impl AddAssign for Asking {
    fn add_assign(&mut self, more: Self) {
        self.answers += more.answers;
        self.time += more.time;
    }
}

impl Asking {
    /// Answers per second; none where nothing was asked.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.answers > 0).then(|| self.answers as f64 / self.time.as_secs_f64())
    }
}

/// Answers are recorded together, once there are so many or so much time has passed: each time costs a wait for the
/// disk, and a kill costs what was not recorded yet.
pub(super) const TOGETHER: usize = 256;
pub(super) const AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// Asks `questions` and records each answer with what the rules make of it.
///
/// # Errors
/// The respondent or the journal fails, or the run is to end; what was answered before stays.
pub fn ask(
    plan: &Plan,
    journal: &mut Journal,
    respondent: &mut dyn Respondent,
    questions: &[Question],
    interruption: &Interruption,
) -> Result<Asking, Failure> {
    let started = Instant::now();
    let mut meter = Meter::new(questions.len(), "answers");
    let mut waiting: Vec<Response> = Vec::new();
    let mut since = Instant::now();
    let mut asked = questions.iter().map(|&question| plan.asked(question));
    let outcome = respondent.answer(&mut asked, &mut |answered| {
        waiting.push(response(answered));
        if waiting.len() >= TOGETHER || since.elapsed() >= AT_LEAST_EVERY {
            journal.record(&waiting)?;
            meter.add(waiting.len());
            waiting.clear();
            since = Instant::now();
        }
        Ok(interruption.check()?)
    });
    // What is there is kept, also where the respondent broke off.
    let kept = journal.record(&waiting);
    meter.finish();
    outcome?;
    kept?;
    Ok(Asking {
        answers: questions.len(),
        time: started.elapsed(),
    })
}

fn response(answered: Answered) -> Response {
    Response {
        verdict: by_rules(&answered.text),
        question: answered.question,
        prompt_hash: answered.prompt_hash,
        text: answered.text,
        prompt_tokens: answered.prompt_tokens,
        new_tokens: answered.new_tokens,
        seconds: answered.seconds,
    }
}

/// Judges by the rules the thoughts that nobody has judged. Rules decide only a thought that begins with its verdict; the
/// others stay unjudged.
///
/// # Errors
/// The journal fails.
pub fn judge_thoughts_by_rules(journal: &mut Journal) -> Result<(), Failure> {
    for answers in journal.unjudged(Aspect::Thought)?.chunks(TOGETHER) {
        let verdicts: Vec<(Question, Verdict)> = answers
            .iter()
            .map(|answer| (answer.question, by_rules(Answer::of(&answer.text).thought)))
            .collect();
        journal.judge(Aspect::Thought, &verdicts)?;
    }
    Ok(())
}
