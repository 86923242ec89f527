use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use value_causal::bench::journal::Shard;

use super::file::StudyFile;
use program::Failure;

/// The options that running and merging a study share.
#[derive(Args, Clone, Debug)]
pub struct StudyArguments {
    /// Study file (TOML).
    pub study: PathBuf,

    /// Folder that the paths in the study file are relative to; that of the study file unless given.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Folder for the journal and for what is made of it; it is made if it does not exist.
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,

    /// Write every answer into a file beside the journal, too: study.answers.csv, or of the shard's name.
    #[arg(long)]
    pub answers: bool,
}

impl StudyArguments {
    /// Reads the study file.
    ///
    /// # Errors
    /// It cannot be read or used; the data folder is not there.
    pub fn load(&self) -> Result<(StudyFile, PathBuf), Failure> {
        read_study(&self.study, self.data.as_deref())
    }
}

/// A study file, and the folder that its paths are relative to: `data`, or the file's own.
///
/// # Errors
/// The file cannot be read or used; the folder is not there.
pub fn read_study(file: &Path, data: Option<&Path>) -> Result<(StudyFile, PathBuf), Failure> {
    let study = StudyFile::read(file)?;
    let beside = file.parent().unwrap_or(Path::new(""));
    let data = data.unwrap_or(beside).to_owned();
    if !data.as_os_str().is_empty() && !data.is_dir() {
        return Err(format!("{}: expected a folder", data.display()).into());
    }
    Ok((study, data))
}

/// Where a shard's journal lies in a study's folder; the whole study's is `study.journal`.
#[must_use]
pub fn journal_of(out: &Path, shard: Shard) -> PathBuf {
    match shard {
        Shard::WHOLE => out.join("study.journal"),
        _ => out
            .join("shards")
            .join(format!("{}-of-{}.journal", shard.index(), shard.of())),
    }
}

/// The journals in a folder, by name; none where there is no folder.
///
/// # Errors
/// The folder cannot be read.
pub fn journals_of_shards(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder).map_err(named)? {
        let path = entry.map_err(named)?.path();
        if path.extension().is_some_and(|ending| ending == "journal") {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}
