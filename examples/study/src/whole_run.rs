//! All that is pending asked, and how long it takes.

use std::collections::HashSet;
use std::time::Instant;

use value_causal::bench::journal::{Journal, Question, Shard};

use super::asking::{Asking, Watch, ask};
use super::compared::Speed;
use super::meter::{Meter, duration};
use super::pace::{self, spread};
use super::{Plan, Questions, Respondent};
use program::{Failure, Unsaid, counted, say};

/// Asks what is pending: what is read off, then what is written. A speed is that of the run only if this process asked most
/// of it.
///
/// # Errors
/// As [`ask`]; a question that got no answer, once all others have theirs.
pub fn ask_all(
    plan: &Plan,
    journal: &mut Journal,
    respondent: &mut dyn Respondent,
    watch: &Watch<'_>,
) -> Result<Speed, Failure> {
    let (pending, all) = (journal.pending()?, plan.design.n_questions(journal.shard()));
    let there = all - pending.len();
    if there > 0 {
        let to_come = pending.len();
        say(format_args!(
            "{} there already, {to_come} to come.",
            counted_are(there, "answer")
        ))?;
    }
    let (read_off, written): (Vec<_>, Vec<_>) = pending
        .into_iter()
        .partition(|&question| plan.is_read_off(question));
    let mut ask = |questions| ask_these(plan, journal, respondent, questions, there == 0, watch);
    let (read_off, written) = (ask(read_off)?, ask(written)?);
    let speed = |asking: &Asking, of: usize| asking.rate().filter(|_| 2 * asking.answers >= of);
    let n_read_off = plan.n_read_off(journal.shard());
    let told = Speed {
        read_off: speed(&read_off, n_read_off),
        written: speed(&written, all - n_read_off),
        all: None,
    };
    let mut asking = read_off;
    asking += written;
    asking.check(plan)?;
    Ok(Speed {
        all: speed(&asking, all),
        ..told
    })
}

/// Asks these: first, where it is not known, a question of each of some settings, which tell whether the model answers at
/// all; then samples from all over, which tell how long the rest takes.
fn ask_these(
    plan: &Plan,
    journal: &mut Journal,
    respondent: &mut dyn Respondent,
    mut pending: Vec<Question>,
    is_new: bool,
    watch: &Watch<'_>,
) -> Result<Asking, Failure> {
    let mut all = Asking::default();
    if pending.is_empty() {
        return Ok(all);
    }
    let mut ask = |questions: &[Question], rate: Option<f64>| {
        let meter = Meter::new(questions.len(), "answers").at(rate);
        ask(plan, journal, respondent, questions, meter, watch)
    };
    if is_new {
        let tried: Vec<Question> = spread(&by_row(&pending))
            .take(TRIED)
            .map(|row| row[0])
            .collect();
        all += ask(&tried, None)?;
        if all.answers == 0 {
            all.check(plan)?;
        }
        without(&mut pending, &tried);
    }
    let rows = by_row(&pending);
    let most = pace::FIRST.max(pending.len() / 8);
    let sample = pace::sample(spread(&rows).map(<[Question]>::to_vec), most);
    let mut asked = 0;
    let pace = pace::pace(sample.len(), |new| {
        asked = new.end;
        let asking = ask(&sample[new], None)?;
        all += asking.clone();
        Ok(asking)
    })?;
    without(&mut pending, &sample[..asked]);
    if !pending.is_empty() {
        say_time(pending.len(), &pace, None)?;
        all += ask(&pending, pace.rate())?;
    }
    let time = duration(all.time.as_secs_f64());
    let rate = all.rate().unwrap_or(f64::NAN);
    say(format_args!(
        "{} in {time}, {rate:.1} per second.",
        counted(all.answers, "answer")
    ))?;
    Ok(all)
}

/// Settings of which a question each tells whether a model answers at all.
const TRIED: usize = 8;

fn by_row(questions: &[Question]) -> Vec<&[Question]> {
    questions.chunk_by(|a, b| a.row == b.row).collect()
}

fn without(pending: &mut Vec<Question>, asked: &[Question]) {
    let asked: HashSet<&Question> = asked.iter().collect();
    pending.retain(|question| !asked.contains(question));
}

/// Says how long so many answers take at this pace, on so many threads.
///
/// # Errors
/// Standard output fails.
pub fn say_time(answers: usize, pace: &Asking, threads: Option<i32>) -> Result<(), Unsaid> {
    let Some(rate) = pace.rate() else {
        return say("There is nothing to ask.");
    };
    let seconds = answers as f64 / rate;
    let range = pace.work.spread().map_or(String::new(), |spread| {
        let (least, most) = (seconds / (1.0 + spread), seconds * (1.0 + spread));
        format!(" ({} to {})", duration(least), duration(most))
    });
    let threads = match threads {
        None => String::new(),
        Some(1) => ", on one thread".to_owned(),
        Some(n) => format!(", on {n} threads"),
    };
    say(format_args!(
        "Estimated time for {}: {}{range}, at the {rate:.1} per second of {} from {} all over the plan{threads}.",
        counted(answers, "answer"),
        duration(seconds),
        pace.questions(),
        counted(pace.work.settings(), "setting"),
    ))
}

/// How fast answers come that nobody keeps.
///
/// # Errors
/// The respondent fails, or answers nothing.
pub fn pace_of(
    plan: &Plan,
    respondent: &mut dyn Respondent,
    shard: Shard,
    served: bool,
) -> Result<Asking, Failure> {
    // Served answers may have to be paid for.
    let most = if served { pace::FIRST } else { 1 << 16 };
    let rows: Vec<usize> = (0..plan.design.rows().len())
        .filter(|&row| shard.holds(row))
        .collect();
    let items = |row: usize| plan.design.rows()[row].items.iter();
    let all = spread(&rows).map(|row| items(row).map(|&item| Question { row, item }).collect());
    let sample: Vec<Question> = pace::sample(all, most);
    pace::pace(sample.len(), |new| {
        // From the first on: what was asked before is asked again, so that the sample is as large as can be.
        let sample = &sample[..new.end];
        let (started, mut asking) = (Instant::now(), Asking::default());
        let mut asked = sample.iter().map(|&question| plan.asked(question));
        respondent.answer(&mut asked, &mut |outcome| {
            asking.count(&outcome);
            Ok(())
        })?;
        asking.time = started.elapsed();
        if asking.answers == 0 {
            asking.check(plan)?;
        }
        Ok(asking)
    })
}

/// `1 answer is`, `2 answers are`.
pub(super) fn counted_are(n: usize, what: &str) -> String {
    let are = if n == 1 { "is" } else { "are" };
    format!("{} {are}", counted(n, what))
}
