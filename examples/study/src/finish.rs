//! What is made of a complete journal: orientation tables, table 2, statistics of items, figures, tables, the report.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;

use serde_json::{Value, json};
use value_causal::bench::journal::{
    Consistency, Journal, JournalError, Steering, Unjudged, Verdict,
};
use value_causal::bench::{Inclination, OrientationTable, Scale, Setting};

use super::analysed::Analysed;
use super::asked::items_asked;
use super::centred::{Centred, CentredTables};
use super::compared::{Compared, Speed};
use super::file::{Analysis, JudgingMode, Open, RESOLUTION, StudyFile};
use super::found::{Findings, Found, speed};
use super::instructed::InstructedTables;
use super::item_counts::item_counts;
use super::judging::as_in_fast_mode;
use super::obedience::Obedience;
use super::orientations::orientations;
use super::plan::{LOWER, RAISE, TEST, TRAIN, WRITTEN};
use super::rated::{Ends, all_rated};
use super::read_off::ReadOff;
use crate::planted::Truth;
use measurement::{Items, Searched};
use program::{Failure, make_folder, remark, remark_on_earlier, save_text};
use reproduce::experiment::GraphRows;
use reproduce::judged::{few_draws, judged};
use reproduce::measurements::Tables as MeasuredTables;
use reproduce::observed::{FILES as OBSERVED, Observed};
use reproduce::reproduction::write;
use reproduce::results::Results;
use reproduce::text::escaped;

/// The orientation tables of a study.
pub struct Tables {
    /// Training roles and items.
    pub train: OrientationTable,
    /// Test roles and items.
    pub test: OrientationTable,
    /// Each value under the instruction that inclines to it, where there are instructions.
    pub raise: Option<OrientationTable>,
    /// Each value under the instruction that disinclines from it.
    pub lower: Option<OrientationTable>,
    /// All values under every instruction, where all were asked.
    pub instructed: Option<InstructedTables>,
    /// Which items the training roles were asked.
    pub items: Items,
}

/// What is written beside figures, tables of the paper and the report.
const OWN_FILES: [&str; 13] = [
    "train.csv",
    "test.csv",
    "test_raise.csv",
    "test_lower.csv",
    "train_centred.csv",
    "test_centred.csv",
    "table_2.md",
    "items.csv",
    "experiment.toml",
    "references.toml",
    "truth.json",
    "run.json",
    "study.json",
];

/// Refuses a folder in which something else has a name that the study will write once all is asked.
///
/// # Errors
/// What has such a name is a folder, a pipe or a device.
pub fn check_names(out: &Path) -> Result<(), Failure> {
    let others = OBSERVED.into_iter().chain(["results.json"]);
    for name in OWN_FILES.into_iter().chain(others) {
        let path = out.join(name);
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            let path = path.display();
            return Err(format!(
                "{path}: expected a file or nothing, found a folder, a pipe or a device"
            )
            .into());
        }
    }
    Ok(())
}

/// Writes everything that follows from a complete journal into `out` and returns the names of the files. `known` is how fast
/// the run was, where one process did most of it.
///
/// # Errors
/// The journal is damaged or gone, or lacks answers or judgements; the tables cannot be analysed; a file cannot be read or written.
pub fn finish(
    study: &StudyFile,
    data: &Path,
    journal: &Journal,
    out: &Path,
    known: Speed,
) -> Result<Vec<String>, Failure> {
    journal.verify()?;
    make_folder(out)?;
    let tables = Tables::of(journal, unjudged(study))?;
    remark_on_earlier(out, OWN_FILES, "are written over");
    let mut files = tables.write(out)?;
    if let Some(centred) = CentredTables::of(study, journal, unjudged(study))? {
        for (name, table) in [
            ("train_centred.csv", &centred.train),
            ("test_centred.csv", &centred.test),
        ] {
            table.write_csv(out.join(name))?;
            files.push(name.to_owned());
        }
    }
    let mode = study.judging.mode;
    // Only who writes has thoughts.
    let writing = (mode == JudgingMode::Both).then_some(WRITTEN);
    let consistency =
        [Steering::Without, Steering::With].map(|which| journal.consistency(writing, which));
    let [before, after] = consistency;
    let (before, after) = (before?, after?);
    let design = journal.design();
    let table = match (mode, all_rated(design.items())) {
        (JudgingMode::Likelihood, _) => nothing_for_table_2(
            &study.name,
            "answers were read off from their likelihood, and no thought was written that could differ from them",
        ),
        (_, true) => nothing_for_table_2(
            &study.name,
            "answers are ratings, and no judge tells which rating a thought speaks for",
        ),
        (_, false) => table_2(&study.name, before, after),
    };
    save_text(&out.join("table_2.md"), &table)?;
    save_text(&out.join("items.csv"), &item_counts(journal)?)?;
    files.extend(["table_2.md", "items.csv"].map(str::to_owned));

    let mut facts = facts(study, journal, (before, after))?;
    let study_json = out.join("study.json");
    let answers = journal.tally()?.answered;
    let speed = speed(answers, known, &study_json);
    let mut findings = Findings {
        found: Found::new(answers, speed.all),
        ..Findings::default()
    };
    findings.found.ends = Ends::of(design.items());
    findings.found.orientations = orientations(journal, unjudged(study))?;
    findings.found.centred = Centred::of(study, journal, unjudged(study))?;
    findings.found.read_off = mode.reads_off().then(|| ReadOff::of(journal)).transpose()?;
    findings.found.compared = writing
        .map(|_| Compared::of(journal, unjudged(study), &speed))
        .transpose()?;
    if let Some(analysis) = &study.analysis {
        if let Some(measured) = tables.measured(study) {
            let measured = (measured, tables.items.clone());
            let analysed = Analysed::new(study, analysis, data, measured, out)?;
            files.extend(analysed.write_choices(out)?);
            let loaded = &analysed.loaded;
            let results = Results::compute(&loaded.experiment, &loaded.study)?;
            findings.discover(loaded, &results, tables.instructed.as_ref())?;
            if let Some(truth) = organism(analysis, data)? {
                findings.obey(Obedience::measured(journal, &truth)?);
            }
            let measurement = judged(loaded, &few_draws(&loaded.experiment));
            findings.judge(&measurement);
            let told = findings.markdown()?;
            files.extend(write(loaded, (&results, &measurement), out, &told)?);
        } else {
            files.extend(observed(study, analysis, &tables, &mut findings, out)?);
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

/// Of a study without steering or without instructions: verdict and graph, which rows alone tell.
fn observed(
    study: &StudyFile,
    analysis: &Analysis,
    tables: &Tables,
    findings: &mut Findings,
    out: &Path,
) -> Result<Vec<String>, Failure> {
    let published = |setting: &Setting| {
        let among = |feature| {
            let published = analysis.published.as_ref();
            published.is_none_or(|published| published.contains(&feature))
        };
        setting.feature().is_none_or(among)
    };
    let observed = Observed {
        name: &study.name,
        train: &tables.train.select(published),
        test: &tables.test,
        searched: match analysis.rows {
            GraphRows::Published => Searched::All,
            GraphRows::Unsteered => Searched::Unsteered,
        },
        items: &tables.items,
        alpha: analysis.alpha,
        by: analysis.test,
    };
    let measurement = observed.judged();
    findings.judge(&measurement);
    remark(
        "note: a verdict and a graph are made of the rows; other figures are left out: they want both steering and \
         instructions",
    );
    remark_on_earlier(out, OBSERVED, "are written over");
    match observed.graph(&measurement) {
        Ok(graph) => observed.write(&measurement, &graph, &findings.markdown()?, out),
        Err(error) => {
            remark(format_args!("note: the graph is left out, too: {error}"));
            Ok(Vec::new())
        }
    }
}

/// What an answer without a judgement counts for.
pub fn unjudged(study: &StudyFile) -> Unjudged {
    match study.judging.open {
        Open::Unjudged => Unjudged::Refuse,
        Open::Unsure => Unjudged::AsUnsure,
    }
}

impl Tables {
    /// Of a complete journal, whose manifest says in which steps orientations are told.
    ///
    /// # Errors
    /// The journal lacks answers or judgements.
    pub fn of(journal: &Journal, unjudged: Unjudged) -> Result<Self, Failure> {
        let parts = journal.design().parts();
        let resolution = resolution(journal);
        let part = |name: &str| {
            let table = OrientationTable::from_journal(journal, name, unjudged)?;
            Ok::<_, JournalError>(match resolution {
                Some(parts) => table.rounded(parts),
                None => table,
            })
        };
        let test = part(TEST)?;
        let instructed = InstructedTables::of(journal, test.values(), part)?;
        let of_own = |name: &str, inclination: Inclination| {
            if parts.contains(&name) {
                return Ok(Some(part(name)?));
            }
            let own = instructed
                .as_ref()
                .map(|all| all.own(test.values(), inclination));
            let named = |error| format!("{}, {inclination}: {error}", journal.path().display());
            Ok::<_, Failure>(own.transpose().map_err(named)?)
        };
        Ok(Self {
            train: part(TRAIN)?,
            raise: of_own(RAISE, Inclination::Inclined)?,
            lower: of_own(LOWER, Inclination::Disinclined)?,
            instructed,
            items: items_asked(&journal.item_scores(TRAIN, unjudged)?),
            test,
        })
    }

    /// What figures, report and audit work on, which is there where a study has both steering and instructions.
    pub fn measured(&self, study: &StudyFile) -> Option<MeasuredTables> {
        study.steering.as_ref()?;
        Some(MeasuredTables {
            train: self.train.clone(),
            test: self.test.clone(),
            raise: self.raise.clone()?,
            lower: self.lower.clone()?,
        })
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

/// Where nothing is written.
fn nothing_for_table_2(name: &str, why: &str) -> String {
    let name = escaped(name);
    format!("# Table 2: thought against answer, {name}\n\nThis study cannot say it: {why}.\n")
}

fn resolution(journal: &Journal) -> Option<NonZeroU32> {
    journal.manifest().get(RESOLUTION)?.parse().ok()
}

fn table_2(name: &str, before: Consistency, after: Consistency) -> String {
    let mut text = format!(
        "# Table 2: thought against answer, {}\n\nShare of answers whose thought and answer, judged apart, differ; \
         of those where both could be judged.\n\n| | differ | judged | not judged |\n|---|---|---|---|\n",
        escaped(name)
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

type Facts = BTreeMap<String, Value>;

/// `run.json`: of the run itself what is not in `study.json`.
fn facts(
    study: &StudyFile,
    journal: &Journal,
    (before, after): (Consistency, Consistency),
) -> Result<Facts, Failure> {
    let exact = study.judging.mode == JudgingMode::Exact;
    let facts = json!({
        "unjudged": journal.tally()?.unjudged,
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
        // Where items are rated there is no such mode.
        if journal.design().item(recorded.response.question).scale != Scale::YesNo {
            return Ok(());
        }
        n += 1;
        differ += usize::from(exact != as_in_fast_mode(&recorded.response.text));
        Ok::<_, JournalError>(())
    })?;
    Ok((n > 0).then(|| differ as f64 / n as f64))
}

/// What an organism should answer, where the truth is that of one.
///
/// # Errors
/// The file cannot be read or used.
pub fn organism(analysis: &Analysis, data: &Path) -> Result<Option<Truth>, Failure> {
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
