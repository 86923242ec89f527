//! The shards of a study put together.

use std::process::ExitCode;

use clap::Parser;
use program::{Failure, exit_code, remark, say};
use study::finish::finish;
use study::{
    Materials, Speed, StudyArguments, is_of_study, journal_of, journals_of_shards, same_study,
};
use value_causal::bench::journal::{Journal, Shard, merge};

/// Merge the journals of a study's shards and make what a single run makes of them.
///
/// The journals lie in the study's folder, below `shards`, where run_study --shard leaves them. All shards must be there
/// and complete, each once and all of the same study, that of the study file. Where the whole study's journal is there
/// already it is taken, if the shards' journals are of its study. Needs no model; one that is here is compared with the
/// one that was asked.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    #[command(flatten)]
    arguments: StudyArguments,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse().arguments))
}

fn run(arguments: &StudyArguments) -> Result<(), Failure> {
    let (study, data) = arguments.load()?;
    let materials = Materials::read(&study, &data)?;
    let out = &arguments.out;
    let whole = journal_of(out, Shard::WHOLE);
    let folder = out.join("shards");
    let shards = journals_of_shards(&folder)?;
    let compare = |journal: &Journal| {
        for file in is_of_study(journal, &study, &materials, &data)? {
            remark(format_args!(
                "note: {} is not here, so it was not compared with the journals'",
                file.display()
            ));
        }
        Ok::<_, Failure>(())
    };
    let journal = if whole.exists() {
        let journal = Journal::of_file(&whole)?;
        compare(&journal)?;
        for shard in shards {
            same_study(&journal, &Journal::of_file(shard)?)?;
        }
        journal
    } else {
        let Some(first) = shards.first() else {
            let folder = folder.display();
            return Err(format!("{folder}: expected the journals of shards, found none").into());
        };
        compare(&Journal::of_file(first)?)?;
        merge(&whole, &shards)?
    };
    journal.complete()?;
    materials.keep_made_roles(&study, out)?;
    if arguments.answers {
        journal.write_csv(whole.with_extension("answers.csv"))?;
    }
    for file in finish(&study, &data, &journal, out, Speed::default())? {
        say(out.join(file).display())?;
    }
    Ok(())
}
