//! Plans for the organism, whose planted truth says what can be had; objective files that are none; any respondent.

mod files;
mod organism;
mod planted;
mod real_server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/organism");
    fixtures.join(name)
}

/// A folder with an objective file, a study file, and what comes of them.
struct Case {
    folder: tempfile::TempDir,
}

/// A study of the organism with few items, which nobody has to run.
const STUDY: &str = r#"
name = "Organism"

[model]
folder = "model"
precision = "f32"

[questionnaire]
file = "questionnaire.csv"
definitions = "definitions.csv"
train = 0.34
seed = 1

[roles]
train = "roles_train.json"
test = "roles_test.json"

[prompt.template]
file = "template.txt"

[steering]
sae = "sae"
features = [83, 26]
mode = "add"
dose = 12.0

[judging]
max_new_tokens = 24
open = "unsure"
"#;

impl Case {
    fn new(objectives: &str, study: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("objectives.toml"), objectives).unwrap();
        fs::write(folder.path().join("study.toml"), study).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_couple"));
        command
            .arg(self.path("objectives.toml"))
            .arg("--data")
            .arg(fixture(""))
            .arg("--out")
            .arg(self.path("out"))
            .args(arguments)
            // The model is tiny: more threads would only wait for each other.
            .env("OMP_NUM_THREADS", "1");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs to the end and returns what it says.
    fn finish(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn found(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path("out/couple.json")).unwrap()).unwrap()
    }
}
