//! That an output folder does not hold another experiment's files.

use std::fs;
use std::path::Path;

use serde_json::Value;

use program::Failure;
use reproduce::Loaded;
use reproduce::results::Results;

/// The numbers that `reproduce` and `run_study` leave.
const RESULTS: &str = "results.json";

/// Numbers that differ by less do so because another processor computed them.
const NEAR: f64 = 1e-6;

/// Refuses to write beside the figures and the report of other measurements or other choices, with which an audit's files
/// would be taken for one.
///
/// # Errors
/// The folder holds such files; the results of this experiment cannot be computed.
pub fn check(out: &Path, loaded: &Loaded) -> Result<(), Failure> {
    let there = fs::read(out.join(RESULTS)).ok();
    let Some(there) = there.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else {
        return Ok(());
    };
    let ours = serde_json::to_value(Results::compute(&loaded.experiment, &loaded.study)?)?;
    match is_near(&there, &ours) {
        true => Ok(()),
        false => Err(format!(
            "{}: expected no files of another experiment, found a {RESULTS} that is not of {}: name another folder with --out",
            out.display(),
            loaded.experiment.name
        )
        .into()),
    }
}

fn is_near(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| is_near(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_near(a, b))
        }
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= NEAR,
            _ => a == b,
        },
        _ => a == b,
    }
}
