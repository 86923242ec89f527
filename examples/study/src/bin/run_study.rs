//! A whole study from its file: roles and questions to a steered model, answers into a journal, and all that follows.

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use program::{Failure, Interruption, Unsaid, exit_code, make_folder, say};
use study::file::{JudgedBy, StudyFile};
use study::finish::finish;
use study::lens::LensRespondent;
use study::pace::{self, spread};
use study::served::{ServedRespondent, chat_judge, judge_by_chat};
use study::{
    Asking, Materials, Meter, Plan, Respondent, StudyArguments, ask, describe, duration,
    journal_of, judge_thoughts_by_rules, manifest,
};
use value_causal::bench::chat::ChatClient;
use value_causal::bench::journal::{Aspect, Journal, JournalError, Question, Shard, Verdict};

/// Run a study from its file: ask a model the questionnaire under every role, steered feature and instruction, and make
/// orientation tables, figures, tables and a report of its answers.
///
/// Every answer is kept in a journal at once, so a run that was stopped, by whatever, goes on where it was when it is
/// started again with the same arguments. A study too long for one machine is run in shards, one call each with
/// --shard 1/N to N/N, on any machines that share the folder or bring their journals together afterwards; merge_study
/// then makes what a single run makes.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    arguments: StudyArguments,

    /// Only every N-th setting, from the I-th on, into a journal of its own.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,

    /// Say what would be done and how long it would take, judged by answers that are not kept, and stop.
    #[arg(long)]
    plan: bool,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let (study, data) = args.arguments.load()?;
    let (out, shard) = (&args.arguments.out, args.shard);
    let materials = Materials::read(&study, &data)?;
    let Opened {
        mut respondent,
        features,
        served,
    } = open(&study, &data, &materials)?;
    if study.steering.is_some() {
        study.check_published(&features)?;
    }
    let plan = Plan::new(&study, &materials, &features)?;
    say(describe(&study, &plan, shard).trim_end())?;
    if args.plan {
        let pace = pace_of(&plan, &mut *respondent, shard, served.is_some())?;
        return Ok(say_time(plan.design.n_questions(shard), pace)?);
    }

    // A judge that cannot be had is known before anything is asked.
    let server = match study.judging.judge {
        JudgedBy::Chat => Some(study.judging.server.clone().unwrap_or_default().client()?),
        JudgedBy::Rules => None,
    };
    let path = journal_of(out, shard);
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let manifest = manifest(&study, &materials, &data, served.as_deref())?;
    let mut journal = Journal::open(&path, &manifest, &plan.design, shard)?;
    materials.keep_made_roles(&study, out)?;
    let interruption = Interruption::watched()?;
    let asking = ask_all(&plan, &mut journal, &mut *respondent, &interruption)?;
    let judged = judge(&study, &mut journal, server, &interruption);
    say_unjudged(&journal, study.judging.thoughts)?;
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
            let judge = chat_judge(client, &study.judging);
            let answers = |n| Meter::new(n, "answers judged");
            judge_by_chat(
                journal,
                Aspect::Answer,
                &judge,
                &name,
                answers,
                interruption,
            )?;
            if study.judging.thoughts {
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
        None if study.judging.thoughts => judge_thoughts_by_rules(journal)?,
        None => {}
    }
    Ok(())
}

/// What no judge decided, and why not.
fn say_unjudged(journal: &Journal, thoughts: bool) -> Result<(), Failure> {
    let open = journal.tally()?.unjudged;
    if open > 0 {
        say(format_args!(
            "{open} answers are unjudged (judging.open says what they count for)."
        ))?;
    }
    if !thoughts {
        return Ok(());
    }
    let (mut open, mut first) = (0_usize, None);
    journal.for_each(|recorded| {
        match recorded.thought {
            Some(Verdict::Judged { .. }) => return Ok::<_, JournalError>(()),
            Some(Verdict::Unjudged { reason }) => _ = first.get_or_insert(reason),
            None => {}
        }
        open += 1;
        Ok(())
    })?;
    if open > 0 {
        let why = first.map_or("no judge has seen them".to_owned(), |reason| {
            format!("the first because {reason}")
        });
        say(format_args!("{open} thoughts are unjudged: {why}."))?;
    }
    Ok(())
}

/// Asks what is pending: first samples from all over, which tell how long the rest takes.
fn ask_all(
    plan: &Plan,
    journal: &mut Journal,
    respondent: &mut dyn Respondent,
    interruption: &Interruption,
) -> Result<Asking, Failure> {
    let mut pending = journal.pending()?;
    let there = plan.design.n_questions(journal.shard()) - pending.len();
    if there > 0 {
        let to_come = pending.len();
        say(format_args!(
            "{there} answers are there already, {to_come} are to come."
        ))?;
    }
    if pending.is_empty() {
        return Ok(Asking::default());
    }
    let rows: Vec<&[Question]> = pending.chunk_by(|a, b| a.row == b.row).collect();
    let most = pace::FIRST.max(pending.len() / 8);
    let sample: Vec<Question> = spread(&rows).flatten().copied().take(most).collect();
    let mut all = Asking::default();
    let pace = pace::pace(sample.len(), |new| {
        let asking = ask(plan, journal, respondent, &sample[new], interruption)?;
        all += asking;
        Ok(asking)
    })?;
    let asked: HashSet<&Question> = sample[..all.answers].iter().collect();
    pending.retain(|question| !asked.contains(question));
    if !pending.is_empty() {
        say_time(pending.len(), pace)?;
        all += ask(plan, journal, respondent, &pending, interruption)?;
    }
    let time = duration(all.time.as_secs_f64());
    let rate = all.rate().unwrap_or(f64::NAN);
    say(format_args!(
        "{} answers in {time}, {rate:.1} per second.",
        all.answers
    ))?;
    Ok(all)
}

fn say_time(answers: usize, pace: Asking) -> Result<(), Unsaid> {
    let Some(rate) = pace.rate() else {
        return say("There is nothing to ask.");
    };
    let time = duration(answers as f64 / rate);
    say(format_args!(
        "Estimated time for {answers} answers: {time}, at the {rate:.1} per second of {} from all over the plan.",
        pace.answers
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
    let all = spread(&rows).flat_map(|row| items(row).map(move |&item| Question { row, item }));
    let sample: Vec<Question> = all.take(most).collect();
    pace::pace(sample.len(), |new| {
        // From the first on: what was asked before is asked again, so that the sample is as large as can be.
        let sample = &sample[..new.end];
        let started = Instant::now();
        let mut asked = sample.iter().map(|&question| plan.asked(question));
        respondent.answer(&mut asked, &mut |_| Ok(()))?;
        Ok(Asking {
            answers: sample.len(),
            time: started.elapsed(),
        })
    })
}
