//! A study's tables with the choices of its analysis: what the program `reproduce` would read from an experiment file.

use std::fs;
use std::path::Path;

use measurement::Items;
use program::{Failure, save_text};
use reproduce::Loaded;
use reproduce::experiment::{
    Baselines, Choices, Experiment, Features, Files, LittleVaried, PaperTables, Reference,
    RoleBaseline, Truth,
};
use reproduce::measurements::{Study, Tables, steered_features};
use reproduce::source::{Input, Source};
use value_causal::bench::OrientationTable;

use crate::choices::best_features;
use crate::file::{Analysis, StudyFile};

/// Name of the experiment file among what is written.
pub const EXPERIMENT: &str = "experiment.toml";
const REFERENCES: &str = "references.toml";
const TRUTH: &str = "truth.json";

/// The names of the tables' files: train, test, raise, lower.
const TABLES: [&str; 4] = ["train.csv", "test.csv", "test_raise.csv", "test_lower.csv"];

/// A study that can be analysed, in memory, and the files that say the same.
pub struct Analysed {
    /// The choices and the tables.
    pub loaded: Loaded,
    /// Names and texts of the experiment file and of the files that it names beside the tables.
    choices: Vec<(&'static str, String)>,
    /// Names and texts of the tables.
    tables: Vec<(&'static str, String)>,
}

impl Analysed {
    /// The tables of `study` with the items that its training roles were asked, whose files are relative to `data`, checked against its analysis. Errors name the tables
    /// as files in `out`.
    ///
    /// # Errors
    /// A file that the analysis names cannot be read or used; the tables lack what it speaks of.
    pub fn new(
        study: &StudyFile,
        analysis: &Analysis,
        data: &Path,
        (tables, items): (Tables, Items),
        out: &Path,
    ) -> Result<Self, Failure> {
        let source = Source::Folder(data.to_owned());
        let references = name_of(&analysis.references)?;
        let truth = analysis.truth.as_deref().map(name_of).transpose()?;
        let experiment = Experiment {
            test: analysis.test,
            little_varied: LittleVaried::LeaveOut,
            name: study.name.clone(),
            alpha: analysis.alpha,
            references_file: REFERENCES.to_owned(),
            truth_file: truth.map(|_| TRUTH.to_owned()),
            files: files(),
            baselines: Baselines {
                role: RoleBaseline::First,
                sae: sae_role(analysis, &tables.test)?,
            },
            features: Features {
                published: match &analysis.published {
                    Some(features) => features.clone(),
                    None => steered_features(&tables.train),
                },
                rows: analysis.rows,
            },
            choices: Choices {
                raise: best_features(&tables.train, true),
                lower: best_features(&tables.train, false),
            },
            figures: analysis.figures.clone(),
            items: Some(items),
            paper: None,
            references: Reference::read_all(&source, references)?,
            truth: truth.map(|name| Truth::read(&source, name)).transpose()?,
            paper_tables: PaperTables::default(),
        };
        experiment.check(&out.join(EXPERIMENT))?;
        let mut choices = vec![
            (EXPERIMENT, toml::to_string(&experiment)?),
            (REFERENCES, text(data, &analysis.references)?),
        ];
        if let Some(truth) = &analysis.truth {
            choices.push((TRUTH, text(data, truth)?));
        }
        let Tables {
            train,
            test,
            raise,
            lower,
        } = &tables;
        let texts = [train, test, raise, lower].map(OrientationTable::to_csv);
        let texts: Vec<_> = TABLES.into_iter().zip(texts).collect();
        let inputs = choices.iter().chain(&texts);
        let inputs = inputs.map(|(name, text)| Input::of_bytes(name, text.as_bytes()));
        let loaded = Loaded {
            inputs: inputs.collect(),
            study: Study::new(&experiment, tables, &Source::Folder(out.to_owned()))?,
            experiment,
        };
        Ok(Self {
            loaded,
            choices,
            tables: texts,
        })
    }

    /// Writes the experiment file, and copies of the files that it names beside the tables, into `out`. Returns their names.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_choices(&self, out: &Path) -> Result<Vec<String>, Failure> {
        write(&self.choices, out)
    }

    /// Writes all that `reproduce` would read into `out`. Returns the names of the files.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, out: &Path) -> Result<Vec<String>, Failure> {
        let mut files = write(&self.choices, out)?;
        files.extend(write(&self.tables, out)?);
        Ok(files)
    }
}

fn write(files: &[(&'static str, String)], out: &Path) -> Result<Vec<String>, Failure> {
    for (name, text) in files {
        save_text(&out.join(name), text)?;
    }
    Ok(files.iter().map(|(name, _)| (*name).to_owned()).collect())
}

fn files() -> Files {
    let [train, test, raise, lower] = TABLES.map(str::to_owned);
    Files {
        lower,
        raise,
        test,
        train,
    }
}

/// The role whose steered rows are compared with its unsteered one: the named one, or the first of the test.
fn sae_role(analysis: &Analysis, test: &OrientationTable) -> Result<String, Failure> {
    let mut roles = test.settings().iter().filter_map(|s| s.role.as_deref());
    let role = analysis.sae_role.as_deref().or_else(|| roles.next());
    Ok(role.ok_or("the study has no named test role")?.to_owned())
}

fn name_of(path: &Path) -> Result<&str, Failure> {
    let named = path.to_str();
    Ok(named.ok_or_else(|| format!("{}: expected a path in UTF-8", path.display()))?)
}

fn text(data: &Path, file: &Path) -> Result<String, Failure> {
    let path = data.join(file);
    Ok(fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?)
}
