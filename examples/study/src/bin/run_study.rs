//! A whole study from its file: roles and questions to a steered model, answers into a journal, and all that follows.

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use program::{Failure, Interruption, Unsaid, counted, exit_code, make_folder, say};
use study::chat::in_chat;
use study::file::{JudgedBy, StudyFile};
use study::finish::{check_names, finish};
use study::lens::LensRespondent;
use study::pace::{self, spread};
use study::served::{ServedRespondent, chat_judge, failure, judge_by_chat};
use study::{
    Asking, Foresight, Materials, Meter, ModelFiles, Plan, Respondent, StudyArguments, Watch, ask,
    describe, duration, journal_of, judge_thoughts_by_rules, manifest,
};
use value_causal::bench::chat::ChatClient;
use value_causal::bench::journal::{Aspect, Journal, JournalError, Question, Shard, Verdict};

/// Run a study from its file: ask a model the questionnaire under every role, steered feature and instruction, and make
/// orientation tables, figures, tables and a report of its answers.
///
/// Every answer is kept in a journal at once, so a run that was stopped, by whatever, goes on where it was when it is
/// started again with the same arguments. A question that gets no answer, because the model's numbers overflow or a served
/// answer is too long, fails alone: it is counted, named at the end, and asked again by the next run; until none is
/// missing, the run ends with an error. A study too long for one machine is run in shards, one call each with
/// --shard 1/N to N/N, on any machines that share the folder or bring their journals together afterwards; merge_study
/// then makes what a single run makes.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    #[command(flatten)]
    arguments: StudyArguments,

    /// Only every N-th setting, from the I-th on, into a journal of its own.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,

    /// Say what would be done, what could be seen in it, and how long it would take, judged by answers that are not kept,
    /// and stop.
    #[arg(long)]
    plan: bool,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let (study, data) = args.arguments.load()?;
    let (out, shard) = (&args.arguments.out, args.shard);
    let materials = in_chat(Materials::read(&study, &data)?, &study, &data)?;
    // Before they are opened: the journal is to name the model that answers.
    let files = match args.plan {
        true => ModelFiles::default(),
        false => ModelFiles::of(&study, &data)?,
    };
    let Opened {
        mut respondent,
        features,
        served,
    } = open(&study, &data, &materials)?;
    if study.steering.is_some() {
        study.check_published(&features)?;
    }
    let plan = Plan::new(&study, &materials, &features)?;
    plan.check(&*respondent)?;
    say(describe(&study, &plan, shard).trim_end())?;
    if args.plan {
        match Foresight::of(&study, &materials, &features) {
            Ok(foresight) => say(foresight.to_string().trim_end())?,
            Err(why) => say(format_args!("Nothing can be foreseen: {why}."))?,
        }
        let pace = pace_of(&plan, &mut *respondent, shard, served.is_some())?;
        let threads = served.is_none().then(LensRespondent::threads);
        return Ok(say_time(plan.design.n_questions(shard), &pace, threads)?);
    }

    // What cannot be written, and a judge that cannot be had, are known before anything is asked.
    check_names(out)?;
    let server = match study.judging.judge {
        JudgedBy::Chat => Some(study.judging.server.clone().unwrap_or_default().client()?),
        JudgedBy::Rules => None,
    };
    let interruption = Interruption::watched()?;
    let path = journal_of(out, shard);
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    files.check()?;
    let manifest = manifest(&study, &materials, &files, served.as_deref())?;
    let mut journal = Journal::open(&path, &manifest, &plan.design, shard)?;
    materials.keep_made_roles(&study, out)?;
    let watch = Watch {
        interruption: &interruption,
        files: &files,
    };
    let asking = ask_all(&plan, &mut journal, &mut *respondent, &watch)?;
    let judged = judge(&study, &mut journal, server, &interruption);
    say_unjudged(&journal, study.judging.judges_thoughts())?;
    judged?;
    if args.arguments.answers {
        journal.write_csv(path.with_extension("answers.csv"))?;
    }
    if shard != Shard::WHOLE {
        let (path, of) = (path.display(), shard.of());
        say(format_args!(
            "{path}: complete. Once all {of} shards are, run merge_study."
        ))?;
        return Ok(());
    }
    // A rate is that of the run only if this process asked most of it.
    let most = 2 * asking.answers >= plan.design.n_questions(shard);
    let rate = asking.rate().filter(|_| most);
    for file in finish(&study, &data, &journal, out, rate)? {
        say(out.join(file).display())?;
    }
    Ok(())
}

/// Whoever answers.
struct Opened {
    respondent: Box<dyn Respondent>,
    features: Vec<u64>,
    /// The name of a served model.
    served: Option<String>,
}

fn open(study: &StudyFile, data: &Path, materials: &Materials) -> Result<Opened, Failure> {
    if let Some(served) = study.model.served {
        let client = study.model.server.clone().unwrap_or_default().client()?;
        return Ok(Opened {
            served: Some(client.model().to_owned()),
            features: Vec::new(),
            respondent: Box::new(ServedRespondent::new(
                client,
                served,
                study.judging.max_new_tokens,
            )?),
        });
    }
    let respondent = LensRespondent::open(study, data)?;
    Ok(Opened {
        features: respondent.features(materials)?,
        respondent: Box::new(respondent),
        served: None,
    })
}

/// Takes up what the rules left open as the answers came, and thoughts.
fn judge(
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
fn say_unjudged(journal: &Journal, thoughts: bool) -> Result<(), Failure> {
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
        match recorded.thought {
            Some(Verdict::Judged { .. }) => {}
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

/// Asks what is pending: first, where there is no answer yet, a question of each of some settings, which tell whether the
/// model answers at all; then samples from all over, which tell how long the rest takes.
fn ask_all(
    plan: &Plan,
    journal: &mut Journal,
    respondent: &mut dyn Respondent,
    watch: &Watch<'_>,
) -> Result<Asking, Failure> {
    let mut pending = journal.pending()?;
    let there = plan.design.n_questions(journal.shard()) - pending.len();
    if there > 0 {
        let to_come = pending.len();
        say(format_args!(
            "{} there already, {to_come} to come.",
            counted_are(there, "answer")
        ))?;
    }
    if pending.is_empty() {
        return Ok(Asking::default());
    }
    let mut all = Asking::default();
    let mut ask = |questions: &[Question], rate: Option<f64>| {
        let meter = Meter::new(questions.len(), "answers").at(rate);
        ask(plan, journal, respondent, questions, meter, watch)
    };
    if there == 0 {
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
    all.check(plan)?;
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

/// `1 answer is`, `2 answers are`.
fn counted_are(n: usize, what: &str) -> String {
    let are = if n == 1 { "is" } else { "are" };
    format!("{} {are}", counted(n, what))
}

fn say_time(answers: usize, pace: &Asking, threads: Option<i32>) -> Result<(), Unsaid> {
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
fn pace_of(
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
