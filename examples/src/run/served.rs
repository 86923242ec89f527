//! A judge behind an OpenAI-compatible server, for what the rules leave open and for thoughts.

use std::sync::atomic::AtomicBool;

use value_causal::bench::Answer;
use value_causal::bench::chat::{self, ChatJudge, JudgedBy, Statement};
use value_causal::bench::journal::{Aspect, Journal, Question, ToJudge, Verdict};

use super::asking::TOGETHER;
use crate::Failure;

/// Lets `judge` judge that aspect of all answers that nobody has judged. Where it fails they stay unjudged, with its
/// words, and can be taken up again.
///
/// # Errors
/// The journal fails.
pub fn judge_by_chat(
    journal: &mut Journal,
    aspect: Aspect,
    judge: &ChatJudge,
    name: &str,
) -> Result<(), Failure> {
    for answers in journal.unjudged(aspect)?.chunks(TOGETHER) {
        let statements: Vec<Statement<'_>> = answers
            .iter()
            .map(|answer| statement(journal, aspect, answer))
            .collect();
        let judged = judge.judge_all(&statements, &AtomicBool::new(false), |_, _| ());
        let verdicts: Vec<(Question, Verdict)> = answers
            .iter()
            .zip(judged)
            .map(|(answer, verdict)| (answer.question, recorded(verdict, name)))
            .collect();
        journal.judge(aspect, &verdicts)?;
    }
    Ok(())
}

fn statement<'a>(journal: &'a Journal, aspect: Aspect, answer: &'a ToJudge) -> Statement<'a> {
    match aspect {
        Aspect::Answer => Statement::Response(&answer.text),
        Aspect::Thought => Statement::Thought {
            thought: Answer::of(&answer.text).thought,
            question: &journal.design().item(answer.question).question,
        },
    }
}

fn recorded(verdict: chat::Verdict, name: &str) -> Verdict {
    match verdict {
        chat::Verdict::Judged { stance, by } => Verdict::Judged {
            stance,
            judge: match by {
                JudgedBy::Rules => "rules".to_owned(),
                JudgedBy::Model(_) => name.to_owned(),
                JudgedBy::Failure(failure) => format!("unsure, because {failure}"),
            },
        },
        chat::Verdict::Unjudged(failure) => Verdict::Unjudged {
            reason: failure.to_string(),
        },
    }
}
