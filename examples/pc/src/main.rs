//! `pc FILE.csv`: searches the causal graph behind a table with the PC algorithm and prints it.
//!
//! The way: `arguments` are the command line, with `choices` for its enums; `csv_table` reads the file; `settings` makes a
//! test of independence and the search's options, with the tiers of `knowledge`; `estimate` predicts how
//! long that takes, `search` searches, `resampled` and `null`
//! repeat that on resamples and on tables without structure; `answer` prints and draws.

mod answer;
mod arguments;
mod choices;
mod csv_table;
mod estimate;
mod knowledge;
mod null;
mod resampled;
mod search;
mod settings;

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use crate::csv_table::CsvTable;
use clap::Parser;
use program::{Failure, exit_code, remark};

use crate::arguments::Arguments;
use crate::choices::TestKind;
use crate::search::search;

fn main() -> ExitCode {
    exit_code(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    settings::check(arguments)?;
    check_outputs(arguments)?;
    // This thread is one of those that work: a search of a tenth of a second would else wait for the
    // system to spread them over the cores.
    rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.search.threads)
        .use_current_thread()
        .build_global()?;
    let file = &arguments.file;
    let table = CsvTable::read(&content(file)?, &settings::table(arguments))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let is_number = |name: &String| name.parse::<f64>().is_ok();
    if !arguments.table.no_header && table.names.iter().all(is_number) {
        remark(format_args!(
            "note: every name in the first line of {} is a number; if it is a sample, say --no-header",
            file.display()
        ));
    }
    let answer = match arguments.test.kind {
        TestKind::Fisherz | TestKind::Spearman | TestKind::Nonparanormal
            if !arguments.clusters.cluster.is_empty() =>
        {
            search(table, arguments, settings::cluster_robust)
        }
        TestKind::Fisherz | TestKind::Spearman | TestKind::Nonparanormal => {
            search(table, arguments, settings::fisher_z)
        }
        TestKind::Gsq => search(table, arguments, settings::g_square),
        TestKind::Chisq => search(table, arguments, settings::chi_square),
        TestKind::Mixed => search(table, arguments, settings::mixed),
        #[cfg(feature = "lapack")]
        TestKind::Kci => search(table, arguments, settings::kci),
    }?;
    answer.write(&arguments.output)
}

/// Refuses an output that would write over the table, or over another output.
fn check_outputs(arguments: &Arguments) -> Result<(), Failure> {
    let is_device = |path: &Path| path.metadata().is_ok_and(|found| !found.is_file());
    let same = |a: &Path, b: &Path| {
        a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    let output = &arguments.output;
    let outputs = [
        ("--csv", &output.csv),
        ("--gml", &output.gml),
        ("--dot", &output.dot),
        ("--svg", &output.svg),
    ];
    let mut taken = vec![("FILE", arguments.file.as_path())];
    for (option, path) in outputs {
        let Some(path) = path.as_deref().filter(|path| !is_device(path)) else {
            continue;
        };
        if let Some((other, _)) = taken.iter().find(|(_, other)| same(path, other)) {
            let path = path.display();
            return Err(format!("{option} {path} would write over that of {other}").into());
        }
        taken.push((option, path));
    }
    Ok(())
}

/// The text of a file in UTF-8, or that of standard input for `-`. A file that begins with the mark of
/// UTF-16, as some spreadsheets write, is taken for that.
fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        return Ok(in_utf8(bytes));
    }
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(in_utf8(bytes))
}

fn in_utf8(bytes: Vec<u8>) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match bytes[..] {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return bytes,
    };
    let units = bytes[2..]
        .chunks_exact(2)
        .map(|pair| unit([pair[0], pair[1]]));
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.collect::<String>().into_bytes()
}
