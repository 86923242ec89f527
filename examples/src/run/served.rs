//! Models behind an OpenAI-compatible server: as respondents to role prompts and instructions, and as judges for what the
//! rules leave open and for thoughts.

use std::sync::atomic::AtomicBool;

use value_causal::bench::chat::{
    self, ChatClient, ChatJudge, ChatRespondent, JudgedBy, PromptAs, Sampling, Statement,
};
use value_causal::bench::journal::{Aspect, Journal, Question, ToJudge, Verdict, prompt_hash};
use value_causal::bench::{Answer, Prompt};

use super::asking::TOGETHER;
use super::file::Served;
use super::{Answered, Asked, Respondent};
use crate::Failure;

/// A served model that answers as it is, in roles and under instructions.
pub struct ServedRespondent {
    respondent: ChatRespondent,
}

impl ServedRespondent {
    /// The model that `client` asks, for answers of at most `max_new_tokens`, the likeliest ones.
    ///
    /// # Errors
    /// More tokens than a server can be asked for.
    pub fn new(client: ChatClient, served: Served, max_new_tokens: usize) -> Result<Self, Failure> {
        let sampling = Sampling::greedy(u32::try_from(max_new_tokens)?);
        Ok(Self {
            respondent: ChatRespondent::new(client, sampling).with_prompts(match served {
                Served::Message => PromptAs::Message,
                Served::Text => PromptAs::Text,
            }),
        })
    }
}

impl Respondent for ServedRespondent {
    /// Token counts are 0 where the server gives none. A question that fails ends the run once those asked with it are
    /// answered; the next run takes it up.
    fn answer(
        &mut self,
        questions: &mut dyn Iterator<Item = Result<Asked, Failure>>,
        each: &mut dyn FnMut(Answered) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        loop {
            let asked: Vec<Asked> = questions.take(TOGETHER).collect::<Result<_, _>>()?;
            if asked.is_empty() {
                return Ok(());
            }
            let prompts: Vec<Prompt> = asked.iter().map(|asked| asked.prompt.clone()).collect();
            let stop = AtomicBool::new(false);
            let replies = self.respondent.answer_all(&prompts, &stop, |_, _| ());
            let mut failure = None;
            for (asked, reply) in asked.iter().zip(replies) {
                match reply {
                    Ok(reply) => each(Answered {
                        question: asked.question,
                        prompt_hash: prompt_hash(&asked.prompt.text),
                        text: reply.text,
                        prompt_tokens: reply.prompt_tokens.unwrap_or(0),
                        new_tokens: reply.completion_tokens.unwrap_or(0),
                        seconds: reply.took.as_secs_f64(),
                    })?,
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            if let Some(error) = failure {
                return Err(error.into());
            }
        }
    }
}

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
