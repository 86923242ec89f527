//! The audit of a study's own measurements: a journal of made-up answers, finished as run_study finishes it.

use std::fs;
use std::path::Path;

use examples::audit::{Settings, report};
use examples::run::file::StudyFile;
use examples::run::finish::{experiment_of, finish};
use examples::run::{Answered, Asked, Materials, Plan, Respondent, ask, journal_of};
use examples::{Arguments, Failure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use value_causal::bench::Agreement;
use value_causal::bench::journal::{Design, Journal, Manifest, Shard, prompt_hash};

use super::{audit, few};

const STUDY: &str = r#"
name = "Made up"

[model]
folder = "never opened"

[questionnaire]
file = "questions.csv"
train = 0.5

[roles]
made = { seed = 5, train = 12, test = 6 }

[steering]
sae = "never opened"
features = [11, 12]
mode = "add"
dose = 30.0

[instructions]
ask = "own"

[judging]
max_new_tokens = 6

[analysis]
references = "references.toml"
figures = { reference = "guess", self_generated = [], hierarchy = "guess" }
"#;

const REFERENCES: &str = r#"
[[reference]]
key = "guess"
title = "A guess"
short = "guess"
edges = [["Calm", "Wit"]]
"#;

/// Answers by the role's leaning to the value, which feature 11 raises and feature 12 lowers; Wit goes with Calm.
struct MadeUp {
    design: Design,
    rng: ChaCha8Rng,
}

impl Respondent for MadeUp {
    fn answer(
        &mut self,
        questions: &mut dyn Iterator<Item = Result<Asked, Failure>>,
        each: &mut dyn FnMut(Answered) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for asked in questions {
            let asked = asked?;
            let item = self.design.item(asked.question);
            let role = self.design.rows()[asked.question.row].setting.role.clone();
            let seed = role.unwrap_or_default().bytes().map(u64::from).sum();
            let mut role = ChaCha8Rng::seed_from_u64(seed);
            let traits: [f64; 3] = role.random();
            let leaning = match item.value.as_str() {
                "Calm" => traits[0],
                "Wit" => 0.8 * traits[0] + 0.2 * traits[1],
                _ => traits[2],
            };
            let pushed = match asked.feature {
                Some(11) => 0.3,
                Some(_) => -0.3,
                None => 0.0,
            };
            let inclined = self.rng.random_bool((leaning + pushed).clamp(0.05, 0.95));
            let yes = inclined == (item.agreement == Agreement::Positive);
            let text = asked.prompt.text.clone();
            each(Answered {
                question: asked.question,
                prompt_hash: prompt_hash(&text),
                text: if yes { "Yes." } else { "No." }.to_owned(),
                prompt_tokens: 1,
                new_tokens: 1,
                seconds: 0.0,
            })?;
        }
        Ok(())
    }
}

fn write_study(folder: &Path) {
    let mut csv = "questionnaire,item,value,agreement,question\n".to_owned();
    for (value, what) in [("Calm", "rest"), ("Wit", "joke"), ("Zeal", "work")] {
        for i in 0..8 {
            let sign = if i % 2 == 0 { 1 } else { -1 };
            csv += &format!("T,I {what} {i}.,{value},{sign},Should I {what} {i} times?\n");
        }
    }
    for (name, text) in [
        ("study.toml", STUDY),
        ("references.toml", REFERENCES),
        ("questions.csv", &csv),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn a_study_s_own_journal_is_audited() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (folder.path(), folder.path().join("out"));
    write_study(data);
    let refused = experiment_of(&out).unwrap_err().to_string();
    assert!(
        refused.contains("expected the folder of a study"),
        "{refused}"
    );

    let study = StudyFile::read(&data.join("study.toml")).unwrap();
    let materials = Materials::read(&study, data).unwrap();
    let plan = Plan::new(&study, &materials, &[11, 12]).unwrap();
    let path = journal_of(&out, Shard::WHOLE);
    fs::create_dir_all(&out).unwrap();
    let mut journal =
        Journal::open(&path, &Manifest::default(), &plan.design, Shard::WHOLE).unwrap();
    let refused = experiment_of(&out).unwrap_err().to_string();
    assert!(
        refused.contains("there is a journal and no experiment.toml"),
        "{refused}"
    );
    let mut made_up = MadeUp {
        design: plan.design.clone(),
        rng: ChaCha8Rng::seed_from_u64(1),
    };
    let questions = journal.pending().unwrap();
    ask(&plan, &mut journal, &mut made_up, &questions).unwrap();
    finish(&study, data, &journal, &out, None).unwrap();

    let arguments = Arguments {
        experiment: Some(experiment_of(&out).unwrap()),
        data: None,
        out: out.clone(),
    };
    let settings = Settings {
        draws: 20,
        resamples: 10,
        ..few()
    };
    let audit = audit(&arguments.load().unwrap(), &settings);
    assert_eq!(audit.experiment, "Made up");
    assert_eq!(audit.values, ["Calm", "Wit", "Zeal"]);
    assert_eq!(
        audit.baseline_counts.role.n, 7,
        "six roles and the empty one"
    );
    let files: Vec<&str> = audit
        .manifest
        .inputs
        .iter()
        .map(|i| i.file.as_str())
        .collect();
    assert!(files.contains(&"train.csv") && files.contains(&"experiment.toml"));
    let page = report::html(&audit).unwrap();
    assert!(page.contains("Made up: how far the conclusions hold"));
}
