//! Every figure and table of the paper from measured value orientations, with the report.

use std::path::Path;

use program::{Failure, remark, remove_stale, save_text, steps};

use crate::Loaded;
use crate::outputs::{ALL_STEMS, outputs, table_1, write_all};
use crate::report::markdown;
use crate::results::Results;

/// Analyses the measurements and writes everything into `out`, as [`write()`] does.
///
/// # Errors
/// The measurements cannot be analysed; a file cannot be written.
pub fn reproduce(loaded: &Loaded, out: &Path) -> Result<Vec<String>, Failure> {
    write(
        loaded,
        &Results::compute(&loaded.experiment, &loaded.study)?,
        out,
        "",
    )
}

/// Writes `results.json`, every figure and table, and last `report.md`, with what `told` says of how the measurements came
/// about. Returns the names of the files.
///
/// # Errors
/// A file cannot be written.
pub fn write(
    loaded: &Loaded,
    results: &Results,
    out: &Path,
    told: &str,
) -> Result<Vec<String>, Failure> {
    let outputs = outputs(&loaded.experiment);
    let steps = steps(outputs.len() as u64);
    for note in &loaded.study.notes {
        steps.suspend(|| remark(format_args!("note: {note}")));
    }
    // The report is written last and marks a whole folder, so an earlier run's must go first.
    let report_file = out.join("report.md");
    remove_stale(&report_file)?;
    // Nor may figures of another experiment lie beside it that this one does not have.
    for stem in ALL_STEMS {
        if !outputs
            .iter()
            .any(|output| output.stem(&loaded.experiment) == stem)
        {
            for ending in ["svg", "png", "csv", "md"] {
                remove_stale(&out.join(format!("{stem}.{ending}")))?;
            }
        }
    }
    let json = serde_json::to_string_pretty(results)?;
    save_text(&out.join("results.json"), &(json + "\n"))?;

    let mut files = vec!["results.json".to_owned()];
    files.extend(write_all(&outputs, loaded, results, out, &|stem| {
        steps.set_message(format!("drew {stem}"));
        steps.inc(1);
    })?);

    let table_1 = table_1(&loaded.experiment, results)?;
    let report = markdown(
        &loaded.experiment,
        &loaded.study,
        results,
        &table_1,
        told,
        &files,
    )?;
    save_text(&report_file, &report)?;
    steps.finish_and_clear();
    files.push("report.md".to_owned());
    Ok(files)
}
