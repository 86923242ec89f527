//! What is made of a complete journal: orientation tables, table 2, statistics of items, figures, tables, the report.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};
use value_causal::bench::journal::{
    Answers, Consistency, Journal, JournalError, Unjudged, Verdict,
};
use value_causal::bench::{Direction, OrientationTable};

use super::choices::best_features;
use super::file::{Analysis, JudgingMode, Open, StudyFile};
use super::found::{Findings, Found};
use super::instructed::InstructedTables;
use super::judging::as_in_fast_mode;
use super::obedience::Obedience;
use super::plan::{LOWER, RAISE, TEST, TRAIN};
use crate::experiment::{Experiment, Figures, GraphRows};
use crate::organism::truth::Truth;
use crate::reproduction::reproduce;
use crate::source::Source;
use crate::{Arguments, Failure, make_folder, remark, save_text};

/// Name of the experiment file among what is written.
pub(crate) const EXPERIMENT: &str = "experiment.toml";

/// The orientation tables of a study.
pub(crate) struct Tables {
    pub(crate) train: OrientationTable,
    pub(crate) test: OrientationTable,
    /// Each value under its own instruction, where there are instructions.
    pub(crate) raise: Option<OrientationTable>,
    pub(crate) lower: Option<OrientationTable>,
    /// All values under every instruction, where all were asked.
    pub(crate) instructed: Option<InstructedTables>,
}

/// Writes everything that follows from a complete journal into `out` and returns the names of the files. `rate` is the
/// answers per second of the run, where one process did most of it.
///
/// # Errors
/// The journal lacks answers or judgements; the tables cannot be analysed; a file cannot be read or written.
pub fn finish(
    study: &StudyFile,
    data: &Path,
    journal: &Journal,
    out: &Path,
    rate: Option<f64>,
) -> Result<Vec<String>, Failure> {
    make_folder(out)?;
    let tables = Tables::of(journal, unjudged(study))?;
    let mut files = tables.write(out)?;
    let consistency =
        [Answers::Unsteered, Answers::Steered].map(|which| journal.consistency(None, which));
    let [before, after] = consistency;
    let (before, after) = (before?, after?);
    save_text(
        &out.join("table_2.md"),
        &table_2(&study.name, before, after),
    )?;
    save_text(&out.join("items.csv"), &items(journal)?)?;
    files.extend(["table_2.md", "items.csv"].map(str::to_owned));

    let mut facts = facts(study, journal, (before, after))?;
    let study_json = out.join("study.json");
    let mut findings = Findings {
        found: Found::new(journal.progress()?.answered, rate, &study_json),
        ..Findings::default()
    };
    if let Some(analysis) = &study.analysis {
        if tables.can_be_analysed(study) {
            let experiment = write_experiment(study, analysis, data, &tables, out)?;
            let arguments = Arguments {
                experiment: Some(out.join(EXPERIMENT)),
                data: None,
                out: out.to_owned(),
            };
            files.push(EXPERIMENT.to_owned());
            let instructed = tables.instructed.as_ref();
            findings.discover(&experiment, &tables.train, &tables.test, instructed)?;
            if let Some(truth) = organism(analysis, data)? {
                findings.obey(Obedience::measured(journal, &truth)?);
            }
            files.extend(reproduce(&arguments, &findings.markdown()?)?);
        } else {
            remark(
                "note: figures and report are left out: they want both steering and instructions",
            );
        }
    }
    if let Some(chance) = findings.relabelled {
        facts.insert("relabelled_expected".to_owned(), json!(chance.expected));
        facts.insert("relabelled_unexpected".to_owned(), json!(chance.unexpected));
    }
    save_text(
        &out.join("run.json"),
        &(serde_json::to_string_pretty(&facts)? + "\n"),
    )?;
    save_text(
        &study_json,
        &(serde_json::to_string_pretty(&findings.found)? + "\n"),
    )?;
    files.extend(["run.json", "study.json"].map(str::to_owned));
    Ok(files)
}

/// What an answer without a judgement counts for.
pub(crate) fn unjudged(study: &StudyFile) -> Unjudged {
    match study.judging.open {
        Open::Unjudged => Unjudged::Refuse,
        Open::Unsure => Unjudged::AsUnsure,
    }
}

/// Writes the tables of a complete journal and their experiment file into `out`, and nothing else. Returns the path of the
/// experiment file.
///
/// # Errors
/// The study has no steering, no instructions or no analysis; a file cannot be read or written.
pub(crate) fn write_measurements(
    study: &StudyFile,
    data: &Path,
    tables: &Tables,
    out: &Path,
) -> Result<PathBuf, Failure> {
    let analysis = study.analysis.as_ref();
    let Some(analysis) = analysis.filter(|_| tables.can_be_analysed(study)) else {
        let name = &study.name;
        return Err(format!(
            "study {name:?}: expected steering, instructions and an analysis, without which there is nothing to audit"
        )
        .into());
    };
    make_folder(out)?;
    tables.write(out)?;
    write_experiment(study, analysis, data, tables, out)?;
    Ok(out.join(EXPERIMENT))
}

impl Tables {
    /// Of a complete journal.
    ///
    /// # Errors
    /// The journal lacks answers or judgements.
    pub(crate) fn of(journal: &Journal, unjudged: Unjudged) -> Result<Self, Failure> {
        let parts = journal.design().parts();
        let part = |name: &str| OrientationTable::from_journal(journal, name, unjudged);
        let test = part(TEST)?;
        let instructed = InstructedTables::of(journal, test.values(), unjudged)?;
        let of_own = |name: &str, direction: Direction| {
            if parts.contains(&name) {
                return Ok(Some(part(name)?));
            }
            let own = instructed
                .as_ref()
                .map(|all| all.own(test.values(), direction));
            let named = |error| format!("{}, {direction}: {error}", journal.path().display());
            Ok::<_, Failure>(own.transpose().map_err(named)?)
        };
        Ok(Self {
            train: part(TRAIN)?,
            raise: of_own(RAISE, Direction::Inclined)?,
            lower: of_own(LOWER, Direction::Disinclined)?,
            instructed,
            test,
        })
    }

    /// Figures, report and audit want both steering and instructions.
    fn can_be_analysed(&self, study: &StudyFile) -> bool {
        self.raise.is_some() && study.steering.is_some()
    }

    fn write(&self, out: &Path) -> Result<Vec<String>, Failure> {
        let all = [
            ("train.csv", Some(&self.train)),
            ("test.csv", Some(&self.test)),
            ("test_raise.csv", self.raise.as_ref()),
            ("test_lower.csv", self.lower.as_ref()),
        ];
        let mut files = Vec::new();
        for (name, table) in all {
            if let Some(table) = table {
                table.write_csv(out.join(name))?;
                files.push(name.to_owned());
            }
        }
        Ok(files)
    }
}

fn table_2(name: &str, before: Consistency, after: Consistency) -> String {
    let mut text = format!(
        "# Table 2: thought against answer, {name}\n\nShare of answers whose thought and answer, judged apart, differ; \
         of those where both could be judged.\n\n| | differ | judged | not judged |\n|---|---|---|---|\n"
    );
    for (row, found) in [("Before steering", before), ("After steering", after)] {
        let share = found
            .disagreement()
            .map_or("n/a".to_owned(), |share| format!("{share:.3}"));
        let _ = writeln!(
            text,
            "| {row} | {share} | {} | {} |",
            found.judged(),
            found.unjudged
        );
    }
    text
}

/// How each item was answered, by part.
fn items(journal: &Journal) -> Result<String, Failure> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "part",
        "value",
        "agreement",
        "question",
        "yes",
        "no",
        "unsure",
        "unjudged",
    ])?;
    for part in [TRAIN, TEST] {
        for found in journal.item_statistics(part)? {
            let item = &journal.design().items()[found.item];
            out.write_record([
                part,
                &item.value,
                &item.agreement.to_string(),
                &item.question,
                &found.yes.to_string(),
                &found.no.to_string(),
                &found.unsure.to_string(),
                &found.unjudged.to_string(),
            ])?;
        }
    }
    Ok(String::from_utf8(
        out.into_inner().map_err(|error| error.to_string())?,
    )?)
}

type Facts = BTreeMap<String, Value>;

/// `run.json`: of the run itself what is not in `study.json`.
fn facts(
    study: &StudyFile,
    journal: &Journal,
    (before, after): (Consistency, Consistency),
) -> Result<Facts, Failure> {
    let exact = study.judging.mode == JudgingMode::Exact;
    let facts = json!({
        "unjudged": journal.progress()?.unjudged,
        "judging": study.judging.mode,
        "fast_would_differ": if exact { fast_would_differ(journal)? } else { None },
        "thought_against_answer": {
            "unsteered": before.disagreement(), "unsteered_judged": before.judged(),
            "steered": after.disagreement(), "steered_judged": after.judged(),
        },
    });
    Ok(serde_json::from_value(facts)?)
}

/// The share of answers that the fast mode would judge in another way.
fn fast_would_differ(journal: &Journal) -> Result<Option<f64>, Failure> {
    let (mut n, mut differ) = (0_usize, 0_usize);
    journal.for_each(|recorded| {
        let exact = match recorded.response.verdict {
            Verdict::Judged { stance, judge } if judge == "rules" => Some(stance),
            _ => None,
        };
        n += 1;
        differ += usize::from(exact != as_in_fast_mode(&recorded.response.text));
        Ok::<_, JournalError>(())
    })?;
    Ok((n > 0).then(|| differ as f64 / n as f64))
}

/// An experiment file, as the program `reproduce` reads it.
#[derive(Serialize)]
struct Written<'a> {
    name: &'a str,
    alpha: f64,
    references: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    truth: Option<&'static str>,
    files: BTreeMap<&'static str, &'static str>,
    baselines: BTreeMap<&'static str, &'a str>,
    features: WrittenFeatures,
    choices: BTreeMap<&'static str, BTreeMap<String, u64>>,
    figures: &'a Figures,
}

#[derive(Serialize)]
struct WrittenFeatures {
    published: Vec<u64>,
    rows: GraphRows,
}

/// What an organism should answer, where the truth is that of one.
fn organism(analysis: &Analysis, data: &Path) -> Result<Option<Truth>, Failure> {
    let Some(truth) = &analysis.truth else {
        return Ok(None);
    };
    let path = data.join(truth);
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| named(&error))?;
    let members: Value = serde_json::from_str(&text).map_err(|error| named(&error))?;
    if members.get("noises").is_none() {
        return Ok(None);
    }
    Ok(Some(
        Truth::from_json(&text).map_err(|error| named(&error))?,
    ))
}

/// Writes the tables' experiment file and what it names, and reads it back.
fn write_experiment(
    study: &StudyFile,
    analysis: &Analysis,
    data: &Path,
    tables: &Tables,
    out: &Path,
) -> Result<Experiment, Failure> {
    let copy = |from: &Path, name: &'static str| {
        let path = data.join(from);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        save_text(&out.join(name), &text)?;
        Ok::<_, Failure>(name)
    };
    let first = tables
        .test
        .settings()
        .iter()
        .find_map(|setting| setting.role.as_deref());
    let sae = analysis
        .sae_role
        .as_deref()
        .or(first)
        .ok_or("the study has no named test role")?;
    let published = match &analysis.published {
        Some(features) => features.clone(),
        None => crate::study::steered_features(&tables.train),
    };
    let written = Written {
        name: &study.name,
        alpha: analysis.alpha,
        references: copy(&analysis.references, "references.toml")?,
        truth: analysis
            .truth
            .as_ref()
            .map(|truth| copy(truth, "truth.json"))
            .transpose()?,
        files: [
            ("train", "train.csv"),
            ("test", "test.csv"),
            ("raise", "test_raise.csv"),
            ("lower", "test_lower.csv"),
        ]
        .into(),
        baselines: [("role", "first"), ("sae", sae)].into(),
        features: WrittenFeatures {
            published,
            rows: analysis.rows,
        },
        choices: [
            ("raise", best_features(&tables.train, true)),
            ("lower", best_features(&tables.train, false)),
        ]
        .into(),
        figures: &analysis.figures,
    };
    save_text(&out.join(EXPERIMENT), &toml::to_string(&written)?)?;
    Ok(Experiment::read(
        &Source::Folder(out.to_owned()),
        EXPERIMENT,
    )?)
}
