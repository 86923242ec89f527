//! A whole study from its file: roles and questions to a steered model, answers into a journal, and all that follows.

use std::process::ExitCode;

use clap::Parser;
use program::{Failure, Interruption, exit_code, make_folder, say};
use study::chat::in_chat;
use study::file::JudgedBy;
use study::finish::{check_names, finish};
use study::judging_open::{judge_open, say_unjudged};
use study::lens::LensRespondent;
use study::opened::Opened;
use study::whole_run::{ask_all, pace_of, say_time};
use study::{
    Foresight, Materials, ModelFiles, Plan, Questions, StudyArguments, Watch, describe, journal_of,
    manifest,
};
use value_causal::bench::journal::{Journal, Shard};

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
    } = Opened::open(&study, &data, &materials)?;
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
    let speed = ask_all(&plan, &mut journal, &mut *respondent, &watch)?;
    let judged = judge_open(&study, &mut journal, server, &interruption);
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
    for file in finish(&study, &data, &journal, out, speed)? {
        say(out.join(file).display())?;
    }
    Ok(())
}
