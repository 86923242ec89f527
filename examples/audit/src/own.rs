//! The measurements of a study of one's own: from the folder that it was finished in, or from its journal alone.

use std::path::{Path, PathBuf};

use value_causal::bench::OrientationTable;
use value_causal::bench::journal::{Journal, Shard, Unjudged};

use program::Failure;
use reproduce::source::Input;
use reproduce::{Arguments, Loaded};
use study::file::StudyFile;
use study::finish::{Tables, unjudged};
use study::{Analysed, Answers, EXPERIMENT, Materials, is_of_study, journal_of};

/// Where in the audit's folder the tables go that are made of a journal.
const TABLES: &str = "study";

/// A study of one's own.
pub struct OwnStudy {
    /// Its choices and its tables.
    pub loaded: Loaded,
    /// Its single answers, where its journal is there.
    pub answers: Option<Answers>,
}

/// Reads the study that `run_study` or `merge_study` finished in `folder`: its tables, and its journal if that is there.
///
/// # Errors
/// It is not finished, and what is missing; its tables are not those of the journal; a file cannot be read.
pub fn finished(folder: &Path) -> Result<OwnStudy, Failure> {
    let experiment = folder.join(EXPERIMENT);
    let path = journal_of(folder, Shard::WHOLE);
    if !experiment.is_file() {
        return Err(unfinished(folder)?.into());
    }
    let mut loaded = load(experiment)?;
    let mut answers = None;
    if path.is_file() {
        let journal = complete(&path)?;
        // Had answers been refused for want of a judgement, there would be no tables.
        let tables = Tables::of(&journal, Unjudged::AsUnsure)?;
        check(&loaded, &tables, folder)?;
        // The single answers tell more than an experiment file of before did.
        loaded.experiment.items = Some(tables.items.clone());
        answers = Some(answers_of(
            &mut loaded,
            journal,
            tables,
            Unjudged::AsUnsure,
        )?);
    }
    Ok(OwnStudy { loaded, answers })
}

/// Makes the tables of the complete journal in `folder`, in the way of the study file, and writes them into a folder within
/// `out`. Nothing is written to `folder`.
///
/// # Errors
/// There is no journal; it lacks answers or judgements, or is of another study; the study has nothing to analyse; a file
/// cannot be read or written.
pub fn of_journal(
    folder: &Path,
    (study, data): (&StudyFile, &Path),
    out: &Path,
) -> Result<OwnStudy, Failure> {
    let path = journal_of(folder, Shard::WHOLE);
    if !path.is_file() {
        return Err(unfinished(folder)?.into());
    }
    let journal = complete(&path)?;
    let materials = Materials::read(study, data)?;
    let not_here = is_of_study(&journal, study, &materials, data)?;
    let open = unjudged(study);
    let tables = Tables::of(&journal, open)?;
    let out = out.join(TABLES);
    let (Some(analysis), Some(measured)) = (&study.analysis, tables.measured(study)) else {
        let name = &study.name;
        return Err(format!(
            "study {name:?}: expected steering, instructions and an analysis, without which there is nothing to audit"
        )
        .into());
    };
    let measured = (measured, tables.items.clone());
    let analysed = Analysed::new(study, analysis, data, measured, &out)?;
    analysed.write(&out)?;
    let mut loaded = analysed.loaded;
    let answers = answers_of(&mut loaded, journal, tables, open)?;
    let notes = not_here.iter().map(|file| {
        let file = file.display();
        format!("{file} is not here, so it was not compared with the journal's")
    });
    loaded.study.notes.extend(notes);
    Ok(OwnStudy {
        loaded,
        answers: Some(answers),
    })
}

fn load(experiment: PathBuf) -> Result<Loaded, Failure> {
    let arguments = Arguments {
        experiment: Some(experiment),
        data: None,
        out: PathBuf::new(),
    };
    arguments.load()
}

/// What the journal tells beyond the tables; the journal is one of the inputs.
fn answers_of(
    loaded: &mut Loaded,
    journal: Journal,
    tables: Tables,
    unjudged: Unjudged,
) -> Result<Answers, Failure> {
    let answers = Answers::of(&journal, tables.instructed, unjudged)?;
    let path = journal.path().to_owned();
    // Closed it is one file, without a log beside it.
    journal.close()?;
    loaded.inputs.push(Input::of_file(&path)?);
    Ok(answers)
}

/// The journal of a whole study in which nothing is missing.
fn complete(path: &Path) -> Result<Journal, Failure> {
    let journal = Journal::of_file(path)?;
    let shown = path.display();
    if journal.shard() != Shard::WHOLE {
        let shard = journal.shard();
        return Err(format!(
            "{shown}: expected the journal of a whole study, found that of shard {shard}; merge_study puts shards together"
        )
        .into());
    }
    let tally = journal.tally()?;
    if tally.answered < tally.planned {
        let missing = tally.planned - tally.answered;
        return Err(format!(
            "{shown}: {} of {} answers are there, {missing} missing; run_study, called as before, goes on where it \
             stopped",
            tally.answered, tally.planned
        )
        .into());
    }
    journal.verify()?;
    Ok(journal)
}

/// What a folder without tables or without a journal lacks, and what makes it.
fn unfinished(folder: &Path) -> Result<String, Failure> {
    let shown = folder.display();
    let path = journal_of(folder, Shard::WHOLE);
    if path.is_file() {
        let answers = complete(&path)?.tally()?.planned;
        return Ok(format!(
            "{shown}: all {answers} answers are there and no {EXPERIMENT}: name the study file, with --study-file FILE \
             and --data DIR as run_study has them, or have merge_study write the tables; it takes the same arguments \
             and --out {shown}"
        ));
    }
    let shards = folder.join("shards");
    if shards.is_dir() {
        return Ok(format!(
            "{shown}: expected study.journal, found the journals of shards: merge_study puts them together"
        ));
    }
    Ok(format!(
        "{shown}: expected the folder of a study, found neither study.journal nor {EXPERIMENT}"
    ))
}

/// Refuses tables that are not what the journal gives.
fn check(loaded: &Loaded, tables: &Tables, folder: &Path) -> Result<(), Failure> {
    let (files, study) = (&loaded.experiment.files, &loaded.study);
    let of_journal = [
        (&files.train, &study.train, Some(&tables.train)),
        (&files.test, &study.test, Some(&tables.test)),
        (&files.raise, &study.raise, tables.raise.as_ref()),
        (&files.lower, &study.lower, tables.lower.as_ref()),
    ];
    let same = |a: &OrientationTable, b: &OrientationTable| {
        a.values() == b.values() && a.settings() == b.settings() && a.matrix() == b.matrix()
    };
    for (file, found, expected) in of_journal {
        if !expected.is_some_and(|expected| same(found, expected)) {
            let file = folder.join(file);
            return Err(format!(
                "{}: expected what study.journal beside it gives, found other orientations: run merge_study again, or \
                 audit the tables as they are with --experiment {}",
                file.display(),
                folder.join(EXPERIMENT).display()
            )
            .into());
        }
    }
    Ok(())
}
