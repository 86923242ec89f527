//! Folders with data that is not in this repository. Some tests compare with it; .ci/run sets the variables.

use anyhow::{Result, bail};
use std::ffi::OsString;
use std::path::Path;

/// Every variable that a test of this workspace reads, and what lies in its folder.
const INPUTS: &str = "\
VALUE_CAUSAL_RELEASED: the paper's released orientation tables (CSV)
VALUE_CAUSAL_EXPECTED: the numbers that the released tables must give
VALUE_CAUSAL_PLAYERS: the paper's released roles (JSON)
VALUEBENCH_DATA: ValueBench's questionnaire (CSV)
CAUSAL_PC_ORACLES: runs of other causal-discovery packages
CAUSAL_PC_CASES: unusual tables with their right graphs
VALUE_CAUSAL_LM_GOLDENS: samples drawn by the paper's own code
TCH_LENS_GOLDENS: models, autoencoders and runs of transformers and sae-lens
TCH_LENS_ARCHITECTURES: small models of newer architectures and runs of transformers
TCH_LENS_STEERING: runs of other steering packages
TCH_LENS_CASES: unusual model, tokenizer and autoencoder files with their right results
PSYCHOMETRICS_ORACLES: reliabilities, factors, questionnaires and decisions by other packages
VALUE_CAUSAL_MEASUREMENT: measurement models with their right results";

/// What the tests can compare with, one line for each variable.
pub struct Inputs {
    /// Those that are set.
    pub given: Vec<String>,
    /// Those that are not.
    pub missing: Vec<String>,
}

fn inputs() -> impl Iterator<Item = (&'static str, &'static str)> {
    INPUTS.lines().filter_map(|line| line.split_once(": "))
}

/// Looks at the variables.
///
/// # Errors
/// If one is set to something that is not a folder: the tests that read it would fail one by one.
pub fn look(value_of: impl Fn(&str) -> Option<OsString>) -> Result<Inputs> {
    let (mut given, mut missing) = (Vec::new(), Vec::new());
    for (variable, holds) in inputs() {
        let Some(value) = value_of(variable) else {
            missing.push(format!(
                "{variable} is not set: nothing was compared with {holds}"
            ));
            continue;
        };
        let folder = Path::new(&value);
        let shown = folder.display();
        if !folder.is_absolute() || !folder.is_dir() {
            bail!(
                "{variable} must be the absolute path of the folder with {holds}; found \"{shown}\""
            );
        }
        given.push(format!("{variable}: {holds}, from {shown}"));
    }
    Ok(Inputs { given, missing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_variables_are_listed_and_wrong_ones_refused() {
        let none = look(|_| None).expect("unset is fine");
        assert_eq!((none.given.len(), none.missing.len()), (0, 13));
        let all = look(|_| Some(env!("CARGO_MANIFEST_DIR").into())).expect("a folder is fine");
        assert_eq!((all.given.len(), all.missing.len()), (13, 0));
        for wrong in ["/no/such/folder", "relative", ""] {
            let refused = look(|_| Some(wrong.into())).err().expect("no folder");
            let text = refused.to_string();
            assert!(
                text.contains("VALUE_CAUSAL_RELEASED") && text.contains(wrong),
                "{text}"
            );
        }
    }

    #[test]
    fn continuous_integration_sets_every_variable() {
        let script = include_str!("../../../.ci/run");
        for (variable, _) in inputs() {
            assert!(
                script.contains(&format!("point_to {variable} ")),
                "{variable}"
            );
        }
        assert_eq!(script.matches("\npoint_to ").count(), inputs().count());
    }
}
