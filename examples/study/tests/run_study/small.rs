//! Studies of a few hundred answers: on a model of random weights, whose answers are all open, and on the organism,
//! whose tables vary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use value_causal::bench::OrientationTable;
use value_causal::bench::journal::{Journal, JournalError, Recorded};

pub struct Small {
    folder: tempfile::TempDir,
}

const OPEN: &str = r#"
name = "Tiny"

[model]
folder = "MODELS/gemma1"

[questionnaire]
file = "questions.csv"
train = 0.5
seed = 3

[roles]
made = { seed = 5, train = 3, test = 2 }

[prompt.template]
file = "prompt.txt"

[sampling]
train = 0.7

[steering]
sae = "SAES/gemma1/old_gemma_it_style"
features = { top = 2 }
mode = "add"
dose = 30.0

[instructions]
ask = "own"

[judging]
max_new_tokens = 6
open = "unsure"
"#;

const VARIED: &str = r#"
name = "Three values"

[model]
folder = "ORGANISM/model"

[questionnaire]
file = "ORGANISM/questionnaire.csv"
values = ["Power", "Security", "Courage"]
train = 0.5
seed = 3

[roles]
made = { seed = 5, train = 3, test = 2 }

[prompt.template]
file = "ORGANISM/template.txt"

[sampling]
train = 0.7

[steering]
sae = "ORGANISM/sae"
features = { top = 2 }
mode = "add"
dose = 12.0

[instructions]
ask = "own"

[judging]
max_new_tokens = 24
open = "unsure"
"#;

impl Small {
    /// A study whose answers vary, with more settings at its end.
    pub fn varied(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let organism = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/organism");
        let text = VARIED.replace("ORGANISM", organism.to_str().unwrap());
        fs::write(folder.path().join("study.toml"), text + more).unwrap();
        Self { folder }
    }

    /// A study whose answers are all open.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm");
        let text = OPEN
            .replace("MODELS", lm.join("models").to_str().unwrap())
            .replace("SAES", lm.join("saes").to_str().unwrap());
        fs::write(folder.path().join("study.toml"), text).unwrap();
        let template =
            "Answer according to your values.\n{{ hint }}Question: {{ question }}\nThought:";
        fs::write(folder.path().join("prompt.txt"), template).unwrap();
        let mut csv = "questionnaire,item,value,agreement,question\n".to_owned();
        for (value, what) in [("Calm", "rest"), ("Wit", "joke"), ("Zeal", "work")] {
            for i in 0..6 {
                let sign = if i % 2 == 0 { 1 } else { -1 };
                csv += &format!("T,I {what} {i}.,{value},{sign},Should I {what} {i} times?\n");
            }
        }
        fs::write(folder.path().join("questions.csv"), csv).unwrap();
        Self { folder }
    }

    /// The same without steering, for a served model.
    pub fn served() -> Self {
        let study = Self::open();
        let text = fs::read_to_string(study.file()).unwrap();
        let (before, after) = text.split_once("[steering]").unwrap();
        let (_, after) = after.split_once("[instructions]").unwrap();
        let (name, after_model) = before.split_once("folder = ").unwrap();
        let (_, before) = after_model.split_once('\n').unwrap();
        let text = format!("{name}served = \"message\"\n{before}[instructions]{after}");
        fs::write(study.file(), text).unwrap();
        study
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("study.toml")
    }

    pub fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.file()).unwrap();
        assert!(text.contains(from));
        fs::write(self.file(), text.replace(from, to)).unwrap();
    }

    /// Runs to the end and returns what it says.
    pub fn finish(&self, arguments: &[&str]) -> String {
        let output = run_study(self, arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

pub fn run_study(study: &Small, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_run_study"));
    command
        .arg(study.file())
        .arg("--out")
        .arg(study.out())
        .args(arguments)
        // The model is tiny: more threads would only wait for each other.
        .env("OMP_NUM_THREADS", "1");
    command
}

pub fn merge_study(study: &Small) -> Output {
    Command::new(env!("CARGO_BIN_EXE_merge_study"))
        .arg(study.file())
        .arg("--out")
        .arg(study.out())
        .output()
        .unwrap()
}

/// The orientation tables, byte by byte. In each of them rows differ, so that equal tables say something.
pub fn csvs(out: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let names = ["train.csv", "test.csv", "test_raise.csv", "test_lower.csv"];
    names
        .iter()
        .map(|name| {
            let table = OrientationTable::from_path(out.join(name)).unwrap();
            let matrix = table.matrix();
            assert!(
                matrix.outer_iter().any(|row| row != matrix.row(0)),
                "{name}"
            );
            (*name, fs::read(out.join(name)).unwrap())
        })
        .collect()
}

/// Every answer with its judgements, but for the time that it took.
pub fn answers(out: &Path) -> Vec<Recorded> {
    let journal = Journal::of_file(out.join("study.journal")).unwrap();
    let mut all = Vec::new();
    journal
        .for_each(|mut recorded| {
            recorded.response.seconds = 0.0;
            all.push(recorded);
            Ok::<_, JournalError>(())
        })
        .unwrap();
    assert_eq!(all.len(), journal.tally().unwrap().planned);
    all
}
