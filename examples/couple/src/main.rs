//! Plans that meet an objective about a model's values, searched and measured on the model itself.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use couple::asking::{Asker, Found};
use couple::causes::Fitted;
use couple::levers::Levers;
use couple::questions::Words;
use couple::{Coupled, ObjectiveFile, couple, picture, report};
use program::{Failure, Interruption, exit_code, save_picture, save_text, say};
use study::chat::in_chat;
use study::opened::Opened;
use study::{Materials, ModelFiles, manifest, read_study};

/// Find what to do to a model so that its values are where an objective file wants them, and measure whether they then are.
///
/// The model of the study that the file names, in this process or served, is asked as it is and under every role, instruction,
/// feature and steer that may be taken; then under those that are expected to meet each objective together, until one
/// does or nothing better is to be expected. "None" is an answer. Every answer is kept at once: started again with the same
/// arguments, a run that was stopped goes on where it was, and an objective that was changed costs only what is new.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    /// Objective file (TOML).
    objectives: PathBuf,

    /// Folder that the paths in the study file are relative to; that of the study file unless given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Orientations of a study (its train.csv): a causal model is fitted to them, which says what would have to be set.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,

    /// Folder for journals and outcome; it is made if it does not exist.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let file = ObjectiveFile::read(&args.objectives)?;
    let beside = args.objectives.parent().unwrap_or(Path::new(""));
    let (study, data) = read_study(&beside.join(&file.study), args.data.as_deref())?;
    let materials = in_chat(Materials::read(&study, &data)?, &study, &data)?;
    let fitted = args
        .table
        .as_deref()
        .map(|table| Fitted::read(table, materials.items.values(), file.causes));
    let fitted = fitted.transpose()?;
    // Before they are opened: the journals are to name the model that answers.
    let files = ModelFiles::of(&study, &data)?;
    let Opened {
        respondent,
        features,
        served,
    } = Opened::open(&study, &data, &materials)?;
    let manifest = manifest(&study, &materials, &files, served.as_deref())?;
    let steered = study.steering.is_some().then_some(features.as_slice());
    let levers = Levers::of(&file, &materials, steered).map_err(|why| named(args, &why))?;
    let words = Words::new(&study, materials, levers)?;
    check(&file, &words).map_err(|why| named(args, &why))?;
    let mut asker = Asker {
        study: &study,
        words: &words,
        respondent,
        manifest,
        files: &files,
        interruption: &Interruption::watched()?,
        folder: args.out.join("asked"),
        found: Found::new(),
        answers: 0,
    };
    let coupled = couple(&file, fitted.as_ref(), &mut asker)?;
    write(&coupled, &args.out)
}

fn named(args: &Args, why: &Failure) -> String {
    format!("{}: {why}", args.objectives.display())
}

/// Refuses names in objectives that there are not, and more sets of levers than can be gone through, before anything is asked.
fn check(file: &ObjectiveFile, words: &Words) -> Result<(), Failure> {
    words.levers().check_number(file.most)?;
    for wanted in &file.objectives {
        wanted
            .check(words.materials())
            .map_err(|why| format!("objective {:?}: {why}", wanted.name))?;
    }
    Ok(())
}

fn write(coupled: &Coupled, out: &Path) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(coupled)? + "\n";
    save_text(&out.join("couple.json"), &json)?;
    save_text(&out.join("couple.md"), &report::markdown(coupled)?)?;
    let mut files = vec!["couple.json".to_owned(), "couple.md".to_owned()];
    for (name, picture) in picture::pictures(coupled)? {
        save_picture(&out.join(&name), picture.svg(), &picture.png()?)?;
        files.extend(["svg", "png"].map(|kind| format!("{name}.{kind}")));
    }
    for outcome in &coupled.objectives {
        say(report::sentence(outcome))?;
    }
    for file in files {
        say(out.join(file).display())?;
    }
    Ok(())
}
