//! Models behind an OpenAI-compatible server: as respondents to role prompts and instructions, and as judges for what the
//! rules leave open and for thoughts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use value_causal::bench::chat::{
    ChatClient, ChatError, ChatJudge, ChatRespondent, ChatSampling, ChatVerdict, JudgeFailure,
    JudgedBy, PromptAs, Statement,
};
use value_causal::bench::journal::{
    Aspect, Journal, JournalError, Question, ToJudge, Verdict, prompt_hash,
};
use value_causal::bench::{Answer, Prompt};

use super::asking::{AT_LEAST_EVERY, TOGETHER};
use super::file::{Judging, Like, Served};
use super::meter::Meter;
use super::{Answered, Asked, Outcome, Respondent, Unanswered};
use program::{Failure, Interruption};

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
        let sampling = ChatSampling::greedy(u32::try_from(max_new_tokens)?);
        Ok(Self {
            respondent: ChatRespondent::new(client, sampling).with_prompts(match served {
                Served::Message => PromptAs::Message,
                Served::Text => PromptAs::Text,
            }),
        })
    }
}

impl Respondent for ServedRespondent {
    /// Token counts are 0 where the server gives none. A reply that is too long fails its question alone; any other failure
    /// ends the run once the questions under way are answered, and the next run takes them up.
    fn answer(
        &mut self,
        questions: &mut dyn Iterator<Item = Result<Asked, Failure>>,
        each: &mut dyn FnMut(Outcome) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        loop {
            let asked: Vec<Asked> = questions.take(TOGETHER).collect::<Result<_, _>>()?;
            if asked.is_empty() {
                return Ok(());
            }
            let prompts: Vec<Prompt> = asked.iter().map(|asked| asked.prompt.clone()).collect();
            let stop = AtomicBool::new(false);
            let mut failure: Option<Failure> = None;
            // Each is handed over as it comes: it may have been paid for.
            self.respondent.answer_all(&prompts, &stop, |n, reply| {
                let asked = &asked[n];
                let handed_over = match reply {
                    Ok(reply) => each(Ok(Answered {
                        question: asked.question,
                        prompt_hash: prompt_hash(&asked.prompt.text),
                        text: reply.text.clone(),
                        prompt_tokens: reply.prompt_tokens.unwrap_or(0),
                        new_tokens: reply.completion_tokens.unwrap_or(0),
                        seconds: reply.took.as_secs_f64(),
                    })),
                    Err(error @ ChatError::TooLarge { .. }) => each(Err(Unanswered {
                        question: asked.question,
                        reason: error.to_string(),
                    })),
                    Err(error) => Err(error.clone().into()),
                };
                if let Err(error) = handed_over {
                    stop.store(true, Ordering::Relaxed);
                    failure.get_or_insert(error);
                }
            });
            if let Some(error) = failure {
                return Err(error);
            }
        }
    }
}

/// The judge that a study file describes.
pub fn chat_judge(client: ChatClient, judging: &Judging) -> ChatJudge {
    let judge = match judging.like {
        Like::Paper => ChatJudge::new(client),
        Like::Released => ChatJudge::like_released(client),
    };
    match &judging.sampling {
        None => judge,
        Some(sampling) => judge.with_sampling(ChatSampling {
            temperature: sampling.temperature,
            max_tokens: sampling.max_tokens,
            extra: sampling.extra.clone(),
            ..ChatSampling::default()
        }),
    }
}

/// Lets `judge` judge that aspect of all answers that nobody has judged; `meter` is made for their number. Where it fails
/// they stay unjudged, with its words, and can be taken up again; a judge like the released one makes them unsure.
///
/// # Errors
/// The journal fails; the server refuses, cannot be reached, or cannot be had for one answer after all retries (which a
/// judge like the released one calls unsure), in which case no other is asked. What was judged before stays.
pub fn judge_by_chat(
    journal: &mut Journal,
    aspect: Aspect,
    judge: &ChatJudge,
    name: &str,
    meter: impl FnOnce(usize) -> Meter,
    interruption: &Interruption,
) -> Result<(), Failure> {
    let unjudged = journal.unjudged(aspect)?;
    let judge = &match has_judged(journal, aspect, name)? {
        true => judge.clone().with_judgements_before(),
        false => judge.clone(),
    };
    let mut meter = meter(unjudged.len());
    let outcome = unjudged.chunks(TOGETHER).try_for_each(|answers| {
        judge_together(journal, aspect, judge, name, answers, &mut meter)?;
        Ok(interruption.check()?)
    });
    meter.finish();
    outcome
}

/// Whether a judge of that name has judged that aspect of an answer.
fn has_judged(journal: &Journal, aspect: Aspect, name: &str) -> Result<bool, JournalError> {
    let mut found = false;
    journal.for_each(|recorded| {
        let verdict = match aspect {
            Aspect::Answer => Some(&recorded.response.verdict),
            Aspect::Thought => recorded.thought.as_ref(),
        };
        found |= matches!(verdict, Some(Verdict::Judged { judge, .. }) if judge == name);
        Ok::<_, JournalError>(())
    })?;
    Ok(found)
}

fn judge_together(
    journal: &mut Journal,
    aspect: Aspect,
    judge: &ChatJudge,
    name: &str,
    answers: &[ToJudge],
    meter: &mut Meter,
) -> Result<(), Failure> {
    let design = journal.design();
    let questions: Vec<String> = answers
        .iter()
        .map(|answer| design.item(answer.question).question.clone())
        .collect();
    let both = answers.iter().zip(&questions);
    let statements: Vec<Statement<'_>> = both
        .map(|(answer, question)| statement(aspect, answer, question))
        .collect();
    let stop = AtomicBool::new(false);
    let mut waiting: Vec<(Question, Verdict)> = Vec::new();
    let mut since = Instant::now();
    let mut failure: Option<Failure> = None;
    judge.judge_all(&statements, &stop, |n, verdict| {
        if let ChatVerdict::Unjudged(why @ JudgeFailure::GaveUp { .. }) = verdict {
            stop.store(true, Ordering::Relaxed);
            failure.get_or_insert_with(|| why.clone().into());
            return;
        }
        let (error, is_judged) = match verdict {
            ChatVerdict::Unjudged(JudgeFailure::Chat(error)) => (Some(error), false),
            ChatVerdict::Judged {
                by: JudgedBy::Failure(JudgeFailure::Chat(error)),
                ..
            } => (Some(error), true),
            _ => (None, false),
        };
        let last = error.filter(|error| is_final(error, is_judged));
        // What nobody was asked about keeps its reason, and what ends the run is no judgement.
        if error != Some(&ChatError::Stopped) && !(is_judged && last.is_some()) {
            waiting.push((answers[n].question, recorded(verdict, name)));
            meter.add(1);
        }
        let mut outcome = Ok(());
        if since.elapsed() >= AT_LEAST_EVERY {
            outcome = journal.judge(aspect, &waiting).map_err(Failure::from);
            waiting.clear();
            since = Instant::now();
        }
        if let (Ok(()), Some(error)) = (&outcome, last) {
            outcome = Err(error.clone().into());
        }
        if let Err(error) = outcome {
            stop.store(true, Ordering::Relaxed);
            failure.get_or_insert(error);
        }
    });
    journal.judge(aspect, &waiting)?;
    failure.map_or(Ok(()), Err)
}

/// Whether the next question would fare no better. Where failures are judged, only one that no question escapes.
fn is_final(error: &ChatError, is_judged: bool) -> bool {
    match error {
        ChatError::GaveUp { last, .. } => !is_judged || matches!(**last, ChatError::Connect { .. }),
        ChatError::Status { status, .. } => matches!(status, 401 | 403 | 404),
        _ => false,
    }
}

fn statement<'a>(aspect: Aspect, answer: &'a ToJudge, question: &'a str) -> Statement<'a> {
    match aspect {
        Aspect::Answer => Statement::Response(&answer.text),
        Aspect::Thought => Statement::Thought {
            thought: Answer::of(&answer.text).thought,
            question,
        },
    }
}

/// How a judge's name begins in a journal where its failure is taken for unsure.
const FAILED: &str = "unsure, because ";

/// Why the judging failed that a judge like the released one took for unsure.
#[must_use]
pub fn failure(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Judged { judge, .. } => judge.strip_prefix(FAILED),
        Verdict::Rated { .. } | Verdict::Unjudged { .. } => None,
    }
}

fn recorded(verdict: &ChatVerdict, name: &str) -> Verdict {
    match verdict {
        ChatVerdict::Judged { stance, by } => Verdict::Judged {
            stance: *stance,
            judge: match by {
                JudgedBy::Rules => "rules".to_owned(),
                JudgedBy::Model(_) => name.to_owned(),
                JudgedBy::Failure(failure) => format!("{FAILED}{failure}"),
            },
        },
        ChatVerdict::Unjudged(failure) => Verdict::Unjudged {
            reason: failure.to_string(),
        },
    }
}
