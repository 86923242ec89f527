use std::path::PathBuf;

use clap::Args;

use crate::experiment::Experiment;
use crate::measurements::Study;
use crate::source::{Input, PLANTED, Source, SourceError};
use program::Failure;

/// The options that all figure and table programs share.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Experiment file (TOML): which measurements to read and how to analyse them.
    /// Those of the paper lie in examples/experiments/.
    /// Without it the planted study is used, which the program carries.
    #[arg(long, value_name = "FILE", group = "described")]
    pub experiment: Option<PathBuf>,

    /// Folder with the measured files that the experiment file names.
    #[arg(long, value_name = "DIR", requires = "described")]
    pub data: Option<PathBuf>,

    /// Folder to write to; it is made if it does not exist.
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
}

/// An experiment file and its measurements.
pub struct Loaded {
    /// The choices.
    pub experiment: Experiment,
    /// The measurements.
    pub study: Study,
    /// The files that all was read from.
    pub inputs: Vec<Input>,
}

impl Arguments {
    /// Reads the experiment file and the measurements that these options name.
    ///
    /// # Errors
    /// If a file is missing or malformed; the error names it, with line and column where there is
    /// one.
    pub fn load(&self) -> Result<Loaded, Failure> {
        let Some(file) = &self.experiment else {
            let experiment = Experiment::read(&PLANTED, "experiment.toml")?;
            let study = Study::read(&experiment, &PLANTED)?;
            let inputs = inputs(&experiment, (&PLANTED, "experiment.toml"), &PLANTED)?;
            return Ok(Loaded {
                experiment,
                study,
                inputs,
            });
        };
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| format!("{}: expected the path of a TOML file", file.display()))?;
        let beside = Source::beside(file);
        let experiment = Experiment::read(&beside, name)?;
        if let Some(folder) = self.data.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(format!(
                "{}: expected a folder with measured files",
                folder.display()
            )
            .into());
        }
        let data = self.data.clone().map_or(beside.clone(), Source::Folder);
        let train = data.label(&experiment.files.train);
        if self.data.is_none() && !train.exists() {
            let train = train.display();
            return Err(format!(
                "{train} does not exist: name the measured files' folder with --data"
            )
            .into());
        }
        let study = Study::read(&experiment, &data)?;
        let inputs = inputs(&experiment, (&beside, name), &data)?;
        Ok(Loaded {
            experiment,
            study,
            inputs,
        })
    }
}

impl Loaded {
    /// The same of the values that the graph is over.
    ///
    /// # Errors
    /// Never for tables that could be read.
    pub fn of_graph(&self) -> Result<Self, Failure> {
        Ok(Self {
            experiment: self.experiment.clone(),
            study: self.study.of_graph()?,
            inputs: self.inputs.clone(),
        })
    }
}

/// Every file that an experiment is read from: its own in one place, the measured ones in another.
fn inputs(
    experiment: &Experiment,
    (beside, name): (&Source, &str),
    data: &Source,
) -> Result<Vec<Input>, SourceError> {
    let own = [name, experiment.references_file.as_str()].into_iter();
    let own = own.chain(experiment.truth_file.as_deref());
    let papers = experiment.paper.iter();
    let own = own.chain(papers.flat_map(|p| [p.full_table_file.as_str(), &p.table_1_file]));
    let files = &experiment.files;
    let measured = [&files.train, &files.test, &files.raise, &files.lower].into_iter();
    own.map(|file| beside.input(file))
        .chain(measured.map(|file| data.input(file)))
        .collect()
}
