//! The costs of all steers, kept in a file as they are measured, so that a run that is stopped goes on where it was.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use value_causal::bench::Prompt;

use crate::cost::{Cost, Ruler};
use crate::file::ComparisonFile;
use crate::steers::{Compared, Planned};
use program::{Failure, Interruption, remark, steps};

/// A line of the file: first what it is of, then one for each steer.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Of { of: String },
    Cost { steer: String, cost: Cost },
}

/// The cost of each steer, in the order of `planned`. What `path` holds of the same comparison (`of`) is not measured
/// again; what it holds of another is written over, with a note.
///
/// # Errors
/// As [`Ruler::cost`]; the file cannot be read or written; the run is to end.
pub fn measure(
    path: &Path,
    of: &str,
    (file, planned, compared): (&ComparisonFile, &[Planned], &Compared),
    (ruler, prompts): (&Ruler<'_>, &[Prompt]),
    interruption: &Interruption,
) -> Result<Vec<Cost>, Failure> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let (known, whole) = known(path, of)?.unwrap_or_default();
    let mut out = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(named)?;
    out.set_len(whole).map_err(named)?;
    if whole == 0 {
        let head = serde_json::to_string(&Line::Of { of: of.to_owned() })?;
        writeln!(out, "{head}").map_err(named)?;
    }
    let progress = steps(planned.len() as u64).with_message("costs measured");
    let mut costs = Vec::with_capacity(planned.len());
    for (number, one) in planned.iter().enumerate() {
        interruption.check()?;
        let steer = one.name(file);
        let cost = match known.get(&steer) {
            Some(cost) => *cost,
            None => {
                let cost = ruler.cost(compared, (number, &one.told(file)), prompts)?;
                let line = serde_json::to_string(&Line::Cost { steer, cost })?;
                writeln!(out, "{line}").map_err(named)?;
                cost
            }
        };
        costs.push(cost);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(costs)
}

/// What a file holds, and the bytes of its whole lines.
type Known = (HashMap<String, Cost>, u64);

/// What the file holds of this comparison; none where it holds nothing of it. A last line that is not whole does not count.
fn known(path: &Path, of: &str) -> Result<Option<Known>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(named)?;
    let mut lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let head = lines
        .next()
        .and_then(|line| serde_json::from_str(line).ok());
    if !matches!(head, Some(Line::Of { of: found }) if found == of) {
        remark(format_args!(
            "note: {} is of another comparison and is written over",
            path.display()
        ));
        return Ok(None);
    }
    let costs = lines.filter_map(|line| match serde_json::from_str(line) {
        Ok(Line::Cost { steer, cost }) => Some((steer, cost)),
        _ => None,
    });
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    Ok(Some((costs.collect(), whole as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_another_comparison_or_half_written_ones_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("costs.jsonl");
        assert!(known(&path, "a").unwrap().is_none());
        let line = |steer: &str| {
            let (steer, cost) = (steer.to_owned(), Cost::default());
            serde_json::to_string(&Line::Cost { steer, cost }).unwrap()
        };
        fs::write(
            &path,
            format!("{{\"of\":\"a\"}}\n{}\n{}", line("x"), line("y")),
        )
        .unwrap();
        let (found, whole) = known(&path, "a").unwrap().unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["x"]);
        assert_eq!(whole as usize, 11 + line("x").len() + 1);
        assert!(known(&path, "b").unwrap().is_none());
    }
}
