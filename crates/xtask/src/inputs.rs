//! Data that is not part of the repository: some checks compare with it, and its folders come from
//! the environment.

use crate::command::Failure;
use std::ffi::OsString;
use std::path::Path;

/// A folder that some tests read, named by an environment variable.
struct Input {
    variable: &'static str,
    holds: &'static str,
}

/// Every variable that a test of this workspace reads.
const INPUTS: &[Input] = &[
    Input {
        variable: "VALUE_CAUSAL_RELEASED",
        holds: "the paper's released orientation tables (CSV)",
    },
    Input {
        variable: "VALUE_CAUSAL_EXPECTED",
        holds: "the numbers that the released tables must give",
    },
    Input {
        variable: "VALUE_CAUSAL_PLAYERS",
        holds: "the paper's released roles (JSON)",
    },
    Input {
        variable: "VALUEBENCH_DATA",
        holds: "ValueBench's questionnaire (CSV)",
    },
    Input {
        variable: "CAUSAL_PC_ORACLES",
        holds: "runs of other causal-discovery packages",
    },
    Input {
        variable: "VALUE_CAUSAL_LM_GOLDENS",
        holds: "samples drawn by the paper's own code",
    },
    Input {
        variable: "TCH_LENS_GOLDENS",
        holds: "models, autoencoders and runs of transformers and sae-lens",
    },
    Input {
        variable: "TCH_LENS_ARCHITECTURES",
        holds: "small models of newer architectures and runs of transformers",
    },
    Input {
        variable: "TCH_LENS_STEERING",
        holds: "runs of other steering packages",
    },
    Input {
        variable: "TCH_LENS_CASES",
        holds: "unusual model, tokenizer and autoencoder files with their right results",
    },
    Input {
        variable: "CAUSAL_PC_CASES",
        holds: "unusual tables with their right graphs",
    },
    Input {
        variable: "PSYCHOMETRICS_ORACLES",
        holds: "reliabilities, factors and agreements by other packages",
    },
    Input {
        variable: "VALUE_CAUSAL_MEASUREMENT",
        holds: "measurement models with their right results",
    },
];

/// What the tests can compare with, one line for each variable.
#[derive(Debug)]
pub struct Inputs {
    /// One line for each variable that is set.
    pub given: Vec<String>,
    /// One line for each variable that is not.
    pub missing: Vec<String>,
}

/// Looks at the environment.
///
/// # Errors
/// If a variable is set to something that is not a folder: the tests that read it would fail one by
/// one.
pub fn look() -> Result<Inputs, Failure> {
    look_with(|variable| std::env::var_os(variable))
}

fn look_with(value_of: impl Fn(&str) -> Option<OsString>) -> Result<Inputs, Failure> {
    let mut inputs = Inputs {
        given: Vec::new(),
        missing: Vec::new(),
    };
    for Input { variable, holds } in INPUTS {
        let Some(value) = value_of(variable) else {
            inputs.missing.push(format!(
                "{variable} is not set: nothing was compared with {holds}"
            ));
            continue;
        };
        let folder = Path::new(&value);
        if !folder.is_absolute() || !folder.is_dir() {
            return Err(Failure::told(format!(
                "{variable} must be the absolute path of the folder with {holds}; found \"{}\"",
                folder.display()
            )));
        }
        inputs
            .given
            .push(format!("{variable}: {holds}, from {}", folder.display()));
    }
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_variables_are_listed_and_wrong_ones_refused() {
        let none = look_with(|_| None).expect("unset is fine");
        assert_eq!((none.given.len(), none.missing.len()), (0, INPUTS.len()));

        let here = std::env::current_dir()
            .expect("tests run in a folder")
            .into_os_string();
        let all = look_with(|_| Some(here.clone())).expect("a folder is fine");
        assert_eq!((all.given.len(), all.missing.len()), (INPUTS.len(), 0));

        for wrong in ["/no/such/folder", "relative", ""] {
            let text = look_with(|_| Some(wrong.into()))
                .expect_err(wrong)
                .to_string();
            assert!(
                text.contains("VALUE_CAUSAL_RELEASED") && text.contains(wrong),
                "{text}"
            );
        }
    }
}
