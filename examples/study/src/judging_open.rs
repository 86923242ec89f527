//! What is left to judge once all is answered.

use value_causal::bench::Scale;
use value_causal::bench::chat::ChatClient;
use value_causal::bench::journal::{Aspect, Journal, JournalError, Verdict};

use super::asking::judge_thoughts_by_rules;
use super::file::StudyFile;
use super::meter::Meter;
use super::served::{chat_judge, failure, judge_by_chat};
use super::whole_run::counted_are;
use program::{Failure, Interruption, say};

/// Takes up what the rules left open as the answers came, and thoughts.
///
/// # Errors
/// The journal or the server fails, or the run is to end.
pub fn judge_open(
    study: &StudyFile,
    journal: &mut Journal,
    server: Option<ChatClient>,
    interruption: &Interruption,
) -> Result<(), Failure> {
    match server {
        Some(client) => {
            let name = client.model().to_owned();
            // One for each, as a model may judge answers and not thoughts.
            let judge = chat_judge(client.clone(), &study.judging);
            let answers = |n| Meter::new(n, "answers judged");
            judge_by_chat(
                journal,
                Aspect::Answer,
                &judge,
                &name,
                answers,
                interruption,
            )?;
            if study.judging.judges_thoughts() {
                let judge = chat_judge(client, &study.judging);
                let thoughts = |n| Meter::new(n, "thoughts judged");
                judge_by_chat(
                    journal,
                    Aspect::Thought,
                    &judge,
                    &name,
                    thoughts,
                    interruption,
                )?;
            }
        }
        None if study.judging.judges_thoughts() => judge_thoughts_by_rules(journal)?,
        None => {}
    }
    Ok(())
}

/// What no judge decided, and why not; and what counts as unsure because its judging failed.
///
/// # Errors
/// The journal or standard output fails.
pub fn say_unjudged(journal: &Journal, thoughts: bool) -> Result<(), Failure> {
    let open = journal.tally()?.unjudged;
    if open > 0 {
        say(format_args!(
            "{} unjudged (judging.open says what they count for).",
            counted_are(open, "answer")
        ))?;
    }
    let mut failed = [
        ("answers", Reasons::default()),
        ("thoughts", Reasons::default()),
    ];
    let mut unjudged = Reasons::default();
    journal.for_each(|recorded| {
        let [(_, answers), (_, of_thoughts)] = &mut failed;
        answers.add(failure(&recorded.response.verdict));
        if let Some(verdict) = &recorded.thought {
            of_thoughts.add(failure(verdict));
        }
        // Thoughts on items that are rated are not judged.
        if journal.design().item(recorded.response.question).scale != Scale::YesNo {
            return Ok(());
        }
        match recorded.thought {
            Some(Verdict::Judged { .. } | Verdict::Rated { .. }) => {}
            None if recorded.response.verdict.is_read_off() => {}
            Some(Verdict::Unjudged { reason }) => unjudged.add(Some(&reason)),
            None => unjudged.n += 1,
        }
        Ok::<_, JournalError>(())
    })?;
    for (what, Reasons { n, first }) in failed {
        if let Some(first) = first {
            say(format_args!(
                "{n} {what} count as unsure because their judging failed, the first because {first}."
            ))?;
        }
    }
    if thoughts && unjudged.n > 0 {
        let why = unjudged
            .first
            .map_or("no judge has seen them".to_owned(), |reason| {
                format!("the first because {reason}")
            });
        say(format_args!(
            "{} unjudged: {why}.",
            counted_are(unjudged.n, "thought")
        ))?;
    }
    Ok(())
}

/// How many there are, and why the first.
#[derive(Default)]
struct Reasons {
    n: usize,
    first: Option<String>,
}

impl Reasons {
    fn add(&mut self, reason: Option<&str>) {
        if let Some(reason) = reason {
            self.n += 1;
            self.first.get_or_insert_with(|| reason.to_owned());
        }
    }
}
