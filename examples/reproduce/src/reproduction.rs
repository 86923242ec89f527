//! Every figure and table of the paper from measured value orientations, with the report.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use measurement::Measurement;
use serde_json::Value;

use program::{Failure, remark, remark_on_earlier, remove_stale, save_text, steps};

use crate::Loaded;
use crate::judged::{OfFigures, few_draws, judged};
use crate::outputs::{ALL_STEMS, Output, outputs, table_1, write_all};
use crate::report::markdown;
use crate::results::Results;

const REPORT: &str = "report.md";
/// What an audit leaves.
const AUDIT: &str = "audit.json";

/// Analyses the measurements and writes everything into `out`, as [`write()`] does.
///
/// # Errors
/// The folder holds the audit of another experiment; the measurements cannot be analysed; a file cannot be written.
pub fn reproduce(loaded: &Loaded, out: &Path) -> Result<Vec<String>, Failure> {
    check_audit(loaded, out)?;
    let results = Results::compute(&loaded.experiment, &loaded.study)?;
    let measurement = judged(loaded, &few_draws(&loaded.experiment));
    write(loaded, (&results, &measurement), out, "")
}

/// Refuses to write beside the audit of other files.
fn check_audit(loaded: &Loaded, out: &Path) -> Result<(), Failure> {
    let audit = fs::read(out.join(AUDIT)).ok();
    let audit = audit.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let Some(inputs) = audit
        .as_ref()
        .and_then(|audit| audit["manifest"]["inputs"].as_array())
    else {
        return Ok(());
    };
    let theirs: BTreeSet<Option<&str>> = inputs
        .iter()
        .map(|input| input["sha256"].as_str())
        .collect();
    let ours = loaded
        .inputs
        .iter()
        .map(|input| Some(input.sha256.as_str()));
    match theirs == ours.collect() {
        true => Ok(()),
        false => Err(format!(
            "{}: expected no files of another experiment, found an {AUDIT} that is not of {}: name another folder with --out",
            out.display(),
            loaded.experiment.name
        )
        .into()),
    }
}

/// Writes `results.json`, every figure and table, and last `report.md`, with what `told` says of how the measurements came
/// about. Returns the names of the files.
///
/// # Errors
/// A file cannot be written.
pub fn write(
    loaded: &Loaded,
    (results, measurement): (&Results, &Measurement),
    out: &Path,
    told: &str,
) -> Result<Vec<String>, Failure> {
    let table_1 = table_1(&loaded.experiment, results)?;
    let mut outputs = outputs(&loaded.experiment);
    if table_1.is_as_large_as(&results.steering_table) {
        outputs.retain(|&output| output != Output::FullTable);
    }
    let steps = steps(outputs.len() as u64);
    for note in &loaded.study.notes {
        steps.suspend(|| remark(format_args!("note: {note}")));
    }
    // Figures of another experiment may not lie beside this one's.
    let is_ours = |stem: &&'static str| {
        let mut ours = outputs.iter().map(|output| output.stem(&loaded.experiment));
        ours.any(|our| our == *stem)
    };
    let (ours, others): (Vec<_>, Vec<_>) = ALL_STEMS.into_iter().partition(is_ours);
    let files_of = |stems: Vec<&'static str>| {
        let endings = ["svg", "png", "csv", "md"];
        let all = stems.into_iter();
        all.flat_map(move |stem| endings.map(|ending| format!("{stem}.{ending}")))
    };
    let others: Vec<String> = files_of(others).collect();
    let written = ["results.json", REPORT].map(str::to_owned);
    let written = written.into_iter().chain(files_of(ours));
    remark_on_earlier(out, &others, "are not of this experiment, and are removed");
    remark_on_earlier(out, written, "are written over");
    for file in &others {
        remove_stale(&out.join(file))?;
    }
    // The report is written last and marks a whole folder, so an earlier run's must go first.
    match out.join(REPORT) {
        report if report.is_symlink() => save_text(&report, "")?,
        report => remove_stale(&report)?,
    }
    let json = serde_json::to_string_pretty(results)?;
    save_text(&out.join("results.json"), &(json + "\n"))?;

    let mut files = vec!["results.json".to_owned()];
    files.extend(write_all(&outputs, loaded, results, out, &|stem| {
        steps.set_message(format!("drew {stem}"));
        steps.inc(1);
    })?);

    let of_figures = OfFigures::judged(loaded);
    let report = markdown(
        loaded,
        (results, measurement, of_figures.as_ref()),
        &table_1,
        told,
        &files,
    )?;
    save_text(&out.join(REPORT), &report)?;
    steps.finish_and_clear();
    files.push(REPORT.to_owned());
    Ok(files)
}
