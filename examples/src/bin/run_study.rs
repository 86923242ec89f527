//! A whole study from its file: roles and questions to a steered model, answers into a journal, and all that follows.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use examples::run::file::{JudgedBy, StudyFile};
use examples::run::finish::finish;
use examples::run::lens::LensRespondent;
use examples::run::served::{ServedRespondent, chat_judge, judge_by_chat};
use examples::run::{
    Answered, Asked, Asking, Materials, Meter, Plan, Respondent, StudyArguments, ask, describe,
    duration, journal_of, judge_thoughts_by_rules, manifest,
};
use examples::{Failure, exit_code};
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

    /// Say what would be done and how long it would take, judged by a few answers that are not kept, and stop.
    #[arg(long)]
    plan: bool,
}

/// Questions by which the time is estimated.
const SAMPLE: usize = 64;

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
    let plan = Plan::new(&study, &materials, &features)?;
    print!("{}", describe(&study, &plan, shard));
    if args.plan {
        let questions = plan.design.rows().iter().enumerate();
        let of_shard = questions.filter(|(row, _)| shard.holds(*row));
        let all = of_shard.flat_map(|(row, planned)| {
            planned
                .items
                .iter()
                .map(move |&item| Question { row, item })
        });
        let sample: Vec<Question> = all.take(SAMPLE).collect();
        let rate = rate(&plan, &mut *respondent, &sample)?;
        say_time(plan.design.n_questions(shard), rate);
        return Ok(());
    }

    // A judge that cannot be had is known before anything is asked.
    let server = match study.judging.judge {
        JudgedBy::Chat => Some(study.judging.server.clone().unwrap_or_default().client()?),
        JudgedBy::Rules => None,
    };
    let path = journal_of(out, shard);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let manifest = manifest(&study, &materials, &data, served.as_deref())?;
    let mut journal = Journal::open(&path, &manifest, &plan.design, shard)?;
    if study.roles.made.is_some() {
        let [train, test] = materials.write_roles(out)?;
        println!(
            "The roles made are in {} and {}.",
            train.display(),
            test.display()
        );
    }
    let asking = ask_all(&plan, &mut journal, &mut *respondent)?;
    let judged = judge(&study, &mut journal, server);
    say_unjudged(&journal, study.judging.thoughts)?;
    judged?;
    if args.arguments.answers {
        journal.write_csv(path.with_extension("answers.csv"))?;
    }
    if shard != Shard::WHOLE {
        println!(
            "{}: complete. Once all {} shards are, run merge_study.",
            path.display(),
            shard.of()
        );
        return Ok(());
    }
    // A rate is that of the run only if this process asked most of it.
    let most = 2 * asking.answers >= plan.design.n_questions(shard);
    let rate = asking.rate().filter(|_| most);
    for file in finish(&study, &data, &journal, out, rate)? {
        println!("{}", out.join(file).display());
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
) -> Result<(), Failure> {
    match server {
        Some(client) => {
            let name = client.model().to_owned();
            let judge = chat_judge(client, study.judging.like);
            let answers = |n| Meter::new(n, "answers judged");
            judge_by_chat(journal, Aspect::Answer, &judge, &name, answers)?;
            if study.judging.thoughts {
                let thoughts = |n| Meter::new(n, "thoughts judged");
                judge_by_chat(journal, Aspect::Thought, &judge, &name, thoughts)?;
            }
        }
        None if study.judging.thoughts => judge_thoughts_by_rules(journal)?,
        None => {}
    }
    Ok(())
}

/// What no judge decided, and why not.
fn say_unjudged(journal: &Journal, thoughts: bool) -> Result<(), Failure> {
    let open = journal.progress()?.unjudged;
    if open > 0 {
        println!("{open} answers are unjudged (judging.open says what they count for).");
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
        println!("{open} thoughts are unjudged: {why}.");
    }
    Ok(())
}

/// Asks what is pending: a sample first, which tells how long the rest takes.
fn ask_all(
    plan: &Plan,
    journal: &mut Journal,
    respondent: &mut dyn Respondent,
) -> Result<Asking, Failure> {
    let pending = journal.pending()?;
    let there = plan.design.n_questions(journal.shard()) - pending.len();
    if there > 0 {
        println!(
            "{there} answers are there already, {} are to come.",
            pending.len()
        );
    }
    if pending.is_empty() {
        return Ok(Asking::default());
    }
    let (sample, rest) = pending.split_at(SAMPLE.min(pending.len()));
    let first = ask(plan, journal, respondent, sample)?;
    say_time(rest.len(), first.rate().unwrap_or(f64::NAN));
    let then = ask(plan, journal, respondent, rest)?;
    let both = Asking {
        answers: first.answers + then.answers,
        time: first.time + then.time,
    };
    println!(
        "{} answers in {}, {:.1} per second.",
        both.answers,
        duration(both.time.as_secs_f64()),
        both.rate().unwrap_or(f64::NAN)
    );
    Ok(both)
}

fn say_time(answers: usize, rate: f64) {
    println!(
        "Estimated time for {answers} answers, at the {rate:.1} per second of the first {SAMPLE}: {}. \
         Fuller batches are faster.",
        duration(answers as f64 / rate)
    );
}

fn rate(plan: &Plan, respondent: &mut dyn Respondent, sample: &[Question]) -> Result<f64, Failure> {
    let started = std::time::Instant::now();
    let mut asked = sample.iter().map(|&question| {
        Ok(Asked {
            question,
            prompt: plan.prompt(question)?,
            feature: plan.design.rows()[question.row].setting.feature(),
        })
    });
    respondent.answer(&mut asked, &mut |_: Answered| Ok(()))?;
    Ok(sample.len() as f64 / started.elapsed().as_secs_f64())
}
