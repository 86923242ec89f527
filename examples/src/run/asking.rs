use std::time::{Duration, Instant};

use value_causal::bench::journal::{Aspect, Journal, Question, Response, Verdict};
use value_causal::bench::{Answer, Judge, Judgement};

use super::judging::by_rules;
use super::meter::Meter;
use super::{Answered, Asked, Plan, Respondent};
use crate::Failure;
use crate::console::with_causes;

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asking {
    /// Answers recorded.
    pub answers: usize,
    /// In this time.
    pub time: Duration,
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
const TOGETHER: usize = 256;
const AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// Asks `questions` and records each answer with what the rules make of it.
///
/// # Errors
/// The respondent or the journal fails; what was recorded before stays.
pub fn ask(
    plan: &Plan,
    journal: &mut Journal,
    respondent: &mut dyn Respondent,
    questions: &[Question],
) -> Result<Asking, Failure> {
    let started = Instant::now();
    let mut meter = Meter::new(questions.len());
    let mut waiting: Vec<Response> = Vec::new();
    let mut since = Instant::now();
    let mut asked = questions.iter().map(|&question| {
        let prompt = plan.prompt(question)?;
        let feature = plan.design.rows()[question.row].setting.feature();
        Ok(Asked {
            question,
            prompt,
            feature,
        })
    });
    let outcome = respondent.answer(&mut asked, &mut |answered| {
        waiting.push(response(answered));
        if waiting.len() >= TOGETHER || since.elapsed() >= AT_LEAST_EVERY {
            journal.record(&waiting)?;
            meter.add(waiting.len());
            waiting.clear();
            since = Instant::now();
        }
        Ok(())
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

/// Takes up what is unjudged: whole answers, or their thoughts, which the rules see first. `judge`, if there is one,
/// gets what the rules leave open, and `name` is recorded with what it says; where it fails the answer stays unjudged
/// with its words. Returns how many are unjudged after it.
///
/// # Errors
/// The journal fails.
pub fn judge_open<J: Judge>(
    journal: &mut Journal,
    aspect: Aspect,
    judge: Option<(&J, &str)>,
) -> Result<usize, Failure> {
    let mut open = 0;
    for answers in journal.unjudged(aspect)?.chunks(TOGETHER) {
        let verdicts: Vec<(Question, Verdict)> = answers
            .iter()
            .map(|answer| {
                let text = match aspect {
                    Aspect::Answer => answer.text.as_str(),
                    Aspect::Thought => Answer::of(&answer.text).thought,
                };
                let verdict = match (by_rules(text), judge) {
                    (Verdict::Unjudged { .. }, Some((judge, name))) => asked_of(judge, name, text),
                    (verdict, _) => verdict,
                };
                open += usize::from(matches!(verdict, Verdict::Unjudged { .. }));
                (answer.question, verdict)
            })
            .collect();
        journal.judge(aspect, &verdicts)?;
    }
    Ok(open)
}

fn asked_of<J: Judge>(judge: &J, name: &str, text: &str) -> Verdict {
    match judge.judge(text) {
        Ok(Judgement::Decided(stance)) => Verdict::Judged {
            stance,
            judge: name.to_owned(),
        },
        Ok(Judgement::Open) => Verdict::Unjudged {
            reason: format!("{name} leaves it open"),
        },
        Err(error) => Verdict::Unjudged {
            reason: with_causes(&error),
        },
    }
}
