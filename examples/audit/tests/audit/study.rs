//! The audit of a study's own measurements: a journal of made-up answers, finished as run_study finishes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use audit::own::{self, OwnStudy};
use audit::planner::{By, Candidate};
use audit::{Audit, Settings, Waiting, report};
use program::{Failure, Interruption};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use study::file::StudyFile;
use study::finish::finish;
use study::{
    Answered, Asked, Materials, Meter, ModelFiles, Outcome, Plan, Respondent, Speed, Watch, ask,
    journal_of, manifest,
};
use tempfile::TempDir;
use value_causal::bench::journal::{Design, Journal, Shard, Unjudged, prompt_hash};
use value_causal::bench::{Keying, OrientationTable, Setting};

use super::few;

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

/// Answers by the role's leaning to the value, which feature 11 raises and feature 12 lowers, and instructions to Calm
/// move; Wit goes with Calm.
struct MadeUp {
    design: Design,
    rng: ChaCha8Rng,
}

impl Respondent for MadeUp {
    fn answer(
        &mut self,
        questions: &mut dyn Iterator<Item = Result<Asked, Failure>>,
        each: &mut dyn FnMut(Outcome) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for asked in questions {
            let asked = asked?;
            let item = self.design.item(asked.question);
            let row = &self.design.rows()[asked.question.row];
            let role = row.setting.role.clone();
            let seed = role.unwrap_or_default().bytes().map(u64::from).sum();
            let mut role = ChaCha8Rng::seed_from_u64(seed);
            let traits: [f64; 3] = role.random();
            let leaning = match item.value.as_str() {
                "Calm" => traits[0],
                "Wit" => 0.8 * traits[0] + 0.2 * traits[1],
                "Pride" => 2.0,
                _ => traits[2],
            };
            let pushed = match row.setting.feature() {
                Some(11) => 0.3,
                Some(_) => -0.3,
                None => match (row.part.as_str(), item.value.as_str()) {
                    ("inclined: Calm", "Calm" | "Wit") => 0.6,
                    ("disinclined: Calm", "Calm" | "Wit") => -0.6,
                    _ => 0.0,
                },
            };
            let most = if leaning > 1.0 { 1.0 } else { 0.95 };
            let inclined = self.rng.random_bool((leaning + pushed).clamp(0.05, most));
            let yes = inclined == (item.keying == Keying::Positive);
            let text = asked.prompt.text.clone();
            each(Ok(Answered {
                question: asked.question,
                prompt_hash: prompt_hash(&text),
                text: if yes { "Yes." } else { "No." }.to_owned(),
                prompt_tokens: 1,
                new_tokens: 1,
                seconds: 0.0,
            }))?;
        }
        Ok(())
    }
}

fn write_study(folder: &Path, ask: &str) {
    let mut csv = "questionnaire,item,value,agreement,question\n".to_owned();
    for (value, what) in [("Calm", "rest"), ("Wit", "joke"), ("Zeal", "work")] {
        for i in 0..8 {
            let sign = if i % 2 == 0 { 1 } else { -1 };
            csv += &format!("T,I {what} {i}.,{value},{sign},Should I {what} {i} times?\n");
        }
    }
    let asked = format!("ask = {ask:?}");
    for (name, text) in [
        ("study.toml", &*STUDY.replace("ask = \"own\"", &asked)),
        ("references.toml", REFERENCES),
        ("questions.csv", &csv),
        ("never opened", "but counted among what answers depend on"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}

/// A study with an open journal in the folder `out`.
struct Asking {
    folder: TempDir,
    study: StudyFile,
    plan: Plan,
    journal: Journal,
}

impl Asking {
    fn new(ask: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_study(folder.path(), ask);
        Self::of(folder)
    }

    /// The study that is written in `folder`.
    fn of(folder: TempDir) -> Self {
        let data = folder.path();
        let study = StudyFile::read(&data.join("study.toml")).unwrap();
        let materials = Materials::read(&study, data).unwrap();
        let plan = Plan::new(&study, &materials, &[11, 12]).unwrap();
        let path = journal_of(&data.join("out"), Shard::WHOLE);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let files = ModelFiles::of(&study, data).unwrap();
        let manifest = manifest(&study, &materials, &files, None).unwrap();
        let journal = Journal::open(&path, &manifest, &plan.design, Shard::WHOLE).unwrap();
        Self {
            study,
            plan,
            journal,
            folder,
        }
    }

    /// Asks all but the last `n` questions.
    fn all_but(&mut self, n: usize) {
        let questions = self.journal.pending().unwrap();
        let mut made_up = MadeUp {
            design: self.plan.design.clone(),
            rng: ChaCha8Rng::seed_from_u64(1),
        };
        let some = &questions[..questions.len() - n];
        let watch = Watch {
            interruption: &Interruption::default(),
            files: &ModelFiles::default(),
        };
        let meter = Meter::new(some.len(), "answers");
        let asked = ask(
            &self.plan,
            &mut self.journal,
            &mut made_up,
            some,
            meter,
            &watch,
        );
        assert_eq!(asked.unwrap().answers, some.len());
    }

    /// Ends it as `run_study` does, and closes the journal.
    fn finish(self) -> (TempDir, StudyFile) {
        let (data, out) = (self.folder.path(), self.folder.path().join("out"));
        finish(&self.study, data, &self.journal, &out, Speed::default()).unwrap();
        self.close()
    }

    fn close(self) -> (TempDir, StudyFile) {
        self.journal.close().unwrap();
        (self.folder, self.study)
    }
}

/// Values lie mixed in the file, differ in their number of items, and one is always affirmed.
#[test]
fn a_study_of_mixed_values_is_audited_without_the_value_that_never_varies() {
    let folder = tempfile::tempdir().unwrap();
    write_study(folder.path(), "all");
    let mut csv = "questionnaire,item,value,agreement,question\n".to_owned();
    for i in 0..10 {
        for (value, what, n) in [
            ("Zeal", "work", 7),
            ("Wit", "joke", 10),
            ("Calm", "rest", 9),
            ("Pride", "boast", 8),
        ] {
            if i < n {
                let sign = if i % 2 == 0 { 1 } else { -1 };
                csv += &format!("T,I {what} {i}.,{value},{sign},Should I {what} {i} times?\n");
            }
        }
    }
    fs::write(folder.path().join("questions.csv"), csv).unwrap();
    let mut asking = Asking::of(folder);
    asking.all_but(0);
    let (folder, study) = asking.finish();
    let (data, out) = (folder.path(), folder.path().join("out"));
    let table = |name| OrientationTable::from_path(out.join(name)).unwrap();
    assert_eq!(
        table("train.csv").values(),
        ["Zeal", "Wit", "Calm", "Pride"]
    );
    assert_eq!(table("test.csv").values(), table("train.csv").values());
    let found = audited(data);
    let left_out: Vec<&str> = found.left_out.iter().map(|left| &*left.value).collect();
    assert_eq!(left_out, ["Pride"]);
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains("Pride (1 in all"), "{report}");
    let page = report::html(&found).unwrap();
    assert!(page.contains("Pride"), "the page names it");
    // The journal alone gives the same.
    let alone = own::of_journal(&out, (&study, data), &data.join("audited")).unwrap();
    let finished = own::finished(&out).unwrap();
    assert_eq!(alone.loaded.study.left_out, found.left_out);
    assert_eq!(
        alone.loaded.study.train.matrix(),
        finished.loaded.study.train.matrix()
    );
}

fn refused(folder: &Path) -> String {
    let Err(refused) = own::finished(&folder.join("out")) else {
        panic!("expected a refusal");
    };
    refused.to_string()
}

fn audited(folder: &Path) -> Audit {
    let settings = Settings {
        draws: 20,
        resamples: 10,
        ..few()
    };
    let OwnStudy { loaded, answers } = own::finished(&folder.join("out")).unwrap();
    Audit::compute(&loaded, answers.as_ref(), &settings, &Waiting::silent()).unwrap()
}

fn instructions(audit: &Audit) -> Vec<&Candidate> {
    let targets = audit.plan.targets.iter();
    let all = targets.flat_map(|target| &target.candidates);
    all.filter(|candidate| candidate.by == By::Instruction)
        .collect()
}

#[test]
fn a_study_s_own_journal_is_audited() {
    let mut asking = Asking::new("own");
    asking.all_but(0);
    let (folder, _) = asking.finish();
    let audit = audited(folder.path());
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
    for file in ["train.csv", "experiment.toml", "study.journal"] {
        assert!(files.contains(&file), "{file}");
    }
    let page = report::html(&audit).unwrap();
    assert!(page.contains("Made up: how far the conclusions hold"));
    // Four training items of each value, and five parts of thirteen roles.
    for target in &audit.plan.targets {
        let by_item = target.cross_validated_by_item.as_ref().unwrap();
        assert_eq!(by_item.chosen.len(), 4);
        let both = target.cross_validated_by_role_and_item.as_ref().unwrap();
        assert_eq!(both.chosen.len(), 20);
    }
    assert_eq!(
        page.matches("<th scope=\"row\">training items</th>")
            .count(),
        6
    );
    assert!(!page.contains("cross-validated by role only"));
    // Of each instruction only its own value was asked.
    let instructions = instructions(&audit);
    assert_eq!(instructions.len(), 6);
    assert!(instructions.iter().all(|c| c.side_effects.is_none()));
    assert!(page.contains("side effects of instructions are not known"));
    assert!(page.contains(">not known</td>"));
}

#[test]
fn side_effects_of_instructions_are_those_in_the_journal() {
    let mut asking = Asking::new("all");
    asking.all_but(0);
    let table = |part: &str| {
        OrientationTable::from_journal(&asking.journal, part, Unjudged::Refuse).unwrap()
    };
    let (test, under) = (table("test"), table("inclined: Calm"));
    let unsteered = test.select(Setting::is_unsteered);
    let changes = &under.matrix() - &unsteered.matrix();
    assert_eq!(under.settings(), unsteered.settings());
    let n_roles = changes.nrows() as f64;
    let expected: f64 = [1, 2]
        .map(|other| changes.column(other).iter().map(|c| c.abs()).sum::<f64>() / n_roles / 2.0)
        .iter()
        .sum();
    let wit = changes.column(1).sum() / n_roles;

    let (folder, _) = asking.finish();
    let audit = audited(folder.path());
    let page = report::html(&audit).unwrap();
    assert!(!page.contains("are not known") && !page.contains(">not known</td>"));
    let instructions = instructions(&audit);
    assert!(instructions.iter().all(|c| c.side_effects.is_some()));
    let found = instructions[0].side_effects.as_ref().unwrap();
    assert!((found.test.mean - expected).abs() < 1e-12);
    assert!(found.train.is_none() && found.predicted.is_some());
    assert_eq!(found.most_moved[0].value, "Wit");
    assert!((found.most_moved[0].change - wit).abs() < 1e-12 && wit > 0.2);
    // The tables stay in the released form: each value under its own instruction.
    let own = folder.path().join("out/test_raise.csv");
    let own = OrientationTable::from_path(own).unwrap();
    assert_eq!(own.matrix().column(0), under.matrix().column(0));
    assert_ne!(own.matrix().column(1), under.matrix().column(1));
}

/// Every file below a folder.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    });
    files.collect()
}

#[test]
fn a_journal_alone_gives_the_tables_of_the_finished_study() {
    let mut asking = Asking::new("all");
    asking.all_but(0);
    let (folder, study) = asking.close();
    let (data, out) = (folder.path(), folder.path().join("out"));
    let told = refused(data);
    assert!(
        told.contains("answers are there and no experiment.toml") && told.contains("--study-file"),
        "{told}"
    );

    let before = contents(&out);
    let audited = data.join("audited");
    let alone = own::of_journal(&out, (&study, data), &audited).unwrap();
    assert_eq!(contents(&out), before, "nothing is written to the study");
    let journal = Journal::of_file(out.join("study.journal")).unwrap();
    finish(&study, data, &journal, &out, Speed::default()).unwrap();
    drop(journal);
    let finished = own::finished(&out).unwrap();
    assert_eq!(alone.loaded.inputs, finished.loaded.inputs);
    assert!(alone.answers.unwrap().instructed.is_some());
    let made = contents(&audited.join("study"));
    assert_eq!(made.len(), 6);
    let finished = contents(&out);
    assert!(made.iter().all(|(name, bytes)| finished[name] == *bytes));

    fs::remove_file(data.join("never opened")).unwrap();
    let elsewhere = own::of_journal(&out, (&study, data), &audited).unwrap();
    let note = elsewhere.loaded.study.notes.last().unwrap();
    assert!(note.contains("never opened is not here"), "{note}");

    // Another study file is refused, and tables that the journal does not give.
    let mut other = study.clone();
    other.judging.max_new_tokens = 7;
    let Err(refused_other) = own::of_journal(&out, (&other, data), &audited) else {
        panic!("expected a refusal");
    };
    let told = refused_other.to_string();
    assert!(told.contains("judging.max_new_tokens"), "{told}");
    let mut other = study;
    other.analysis = None;
    let Err(refused_other) = own::of_journal(&out, (&other, data), &audited) else {
        panic!("expected a refusal");
    };
    let told = refused_other.to_string();
    assert!(told.contains("nothing to audit"), "{told}");
    let lower = fs::read_to_string(out.join("test_lower.csv")).unwrap();
    let raise = fs::read_to_string(out.join("test_raise.csv")).unwrap();
    assert_ne!(lower, raise);
    fs::write(out.join("test_lower.csv"), raise).unwrap();
    let told = refused(data);
    assert!(
        told.contains("test_lower.csv: expected what study.journal beside it gives"),
        "{told}"
    );
}

#[test]
fn what_an_unfinished_study_lacks_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let told = refused(folder.path());
    assert!(told.contains("expected the folder of a study"), "{told}");
    fs::create_dir_all(folder.path().join("out/shards")).unwrap();
    let told = refused(folder.path());
    assert!(told.contains("found the journals of shards"), "{told}");

    let mut asking = Asking::new("own");
    asking.all_but(5);
    let planned = asking.plan.design.n_questions(Shard::WHOLE);
    let (folder, study) = asking.close();
    let (data, out) = (folder.path(), folder.path().join("out"));
    let counts = format!("{} of {planned} answers are there, 5 missing", planned - 5);
    let told = refused(data);
    assert!(
        told.contains(&counts) && told.contains("run_study"),
        "{told}"
    );
    let Err(incomplete) = own::of_journal(&out, (&study, data), &data.join("audited")) else {
        panic!("expected a refusal");
    };
    assert!(incomplete.to_string().contains(&counts));
}
