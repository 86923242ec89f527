//! Which files of a repository are opened, and which of them are there.

use super::cache::Snapshot;
use super::name::is_path;
use crate::sae::layout_files;
use crate::weights::{INDEX, SINGLE, shards};

/// Files of a checkpoint that are opened together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files {
    beside: &'static [&'static str],
    one_of: &'static [&'static str],
    folder: Option<&'static str>,
}

pub(crate) const CONFIG: Files = Files {
    beside: &["generation_config.json"],
    one_of: &["config.json"],
    folder: None,
};
pub(crate) const TOKENIZER: Files = Files {
    beside: &["tokenizer_config.json", "special_tokens_map.json"],
    one_of: &["tokenizer.json"],
    folder: None,
};
pub(crate) const CHAT: Files = Files {
    beside: &[
        "tokenizer_config.json",
        "special_tokens_map.json",
        "chat_template.jinja",
    ],
    one_of: &[],
    folder: Some("additional_chat_templates/"),
};
pub(crate) const WEIGHTS: Files = Files {
    beside: &[],
    one_of: &[SINGLE, INDEX],
    folder: None,
};

/// Files that are wanted of a repository.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Those that are opened where there are any.
    pub(super) beside: Vec<String>,
    /// The first of these that is there is opened; if there are names here, one must be.
    pub(super) one_of: Vec<String>,
    /// The beginning of the names of more files that are opened where there are any. They are fetched before the last of
    /// `beside`, so that whoever has that has these.
    #[cfg_attr(not(feature = "hub"), allow(dead_code))]
    pub(super) folder: Option<&'static str>,
}

impl Files {
    pub(super) fn wanted(self) -> Wanted {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Wanted {
            beside: owned(self.beside),
            one_of: owned(self.one_of),
            folder: self.folder,
        }
    }
}

impl Wanted {
    /// Those of the autoencoder in a file or folder of a repository.
    pub(super) fn sae(path: &str) -> Self {
        if layout_files::is_file(path) {
            return Self {
                beside: Vec::new(),
                one_of: vec![path.to_owned()],
                folder: None,
            };
        }
        let within = |names: &[&str]| {
            let full = |name: &&str| match path {
                "" => (*name).to_owned(),
                _ => format!("{path}/{name}"),
            };
            names.iter().map(full).collect()
        };
        Self {
            beside: within(&layout_files::CONFIGS),
            one_of: within(&layout_files::WEIGHTS),
            folder: None,
        }
    }

    /// Whether nothing is left to ask for.
    pub(super) fn is_whole(&self, snapshot: &Snapshot) -> bool {
        let known = |file: &String| snapshot.has(file) || snapshot.lacks(file);
        self.beside.iter().all(known) && self.is_usable(snapshot)
    }

    /// Whether what must be there is.
    pub(super) fn is_usable(&self, snapshot: &Snapshot) -> bool {
        match self.one_of.iter().find(|file| snapshot.has(file)) {
            Some(file) => shards_of(snapshot, file)
                .iter()
                .all(|shard| snapshot.has(shard)),
            None => self.one_of.is_empty() && snapshot.folder.exists(),
        }
    }
}

/// The files that an index of a checkpoint in shards names: none where the file is no index, or is damaged, which is told when
/// it is opened.
pub(super) fn shards_of(snapshot: &Snapshot, file: &str) -> Vec<String> {
    if file != INDEX {
        return Vec::new();
    }
    let named = shards(&snapshot.folder.join(file)).unwrap_or_default();
    named.into_iter().filter(|shard| is_path(shard)).collect()
}
