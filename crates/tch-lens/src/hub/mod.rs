//! Models and autoencoders by name, from the cache of Hugging Face's hub and from the hub itself.
//!
//! Wherever this crate opens the files of a model or an autoencoder, a name may stand in the place of a path:
//!
//! | what | name |
//! |---|---|
//! | a model | `org/name`, `org/name@revision` |
//! | an autoencoder, as SAELens lists it | `release/id`, `release@revision/id` |
//! | an autoencoder in any repository | `org/name/path`, `org/name@revision/path` |
//!
//! A revision is a branch, a tag or a commit; without one it is `main`. A file or folder of that path goes before the name;
//! `hf://` in front of it says that a name is meant.
//!
//! Names are looked up in the cache of the hub, where Python's `huggingface_hub` keeps what it fetched: `HF_HUB_CACHE`, else
//! `hub` in `HF_HOME`, else `~/.cache/huggingface/hub`. What is there is opened without the network, and a branch stays at the
//! commit at which it was fetched. With the feature `hub`, files that are missing are fetched into the same cache, and no more
//! than are opened:
//!
//! | variable | what it says |
//! |---|---|
//! | `HF_TOKEN`, or the file that `hf auth login` leaves | who asks, for private and gated models |
//! | `HF_ENDPOINT` | another hub than `https://huggingface.co` |
//! | `HF_HUB_OFFLINE` | 1: nothing is fetched |
//! | `HF_HUB_DISABLE_PROGRESS_BARS` | 1: nothing is said on standard error of files on their way |
//!
//! An interrupted download is taken up where it was, and weights are compared with the checksum that the hub has of them.
//!
//! | file | what it does |
//! |---|---|
//! | `name.rs` | names as text; `releases.rs`, `releases.txt`: SAELens's releases, made by `scripts/sae_layouts/releases.py` |
//! | `wanted.rs` | which files of a repository are opened |
//! | `cache.rs` | the cache's folders |
//! | `environment.rs` | the variables |
//! | `fetch/` | the hub's protocol, with the feature `hub`: `client.rs` asks, `download.rs` brings a file into the cache |
//! | `progress.rs`, `error.rs` | how far a download is, and what can go wrong |

mod cache;
mod environment;
mod error;
#[cfg(feature = "hub")]
mod fetch;
mod name;
mod progress;
mod releases;
#[cfg(all(test, feature = "hub", unix))]
mod tests;
mod wanted;

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::LoadError;
use cache::{Cache, Snapshot};
pub use error::HubError;
use error::Why;
use name::{Repository, SaeName};
pub use progress::Progress;
use wanted::Wanted;
pub(crate) use wanted::{CHAT, CONFIG, Files, TOKENIZER, WEIGHTS};

/// The hub, and its cache on this machine.
///
/// ```no_run
/// use tch_lens::hub::Hub;
/// use tch_lens::{Lm, LoadOptions};
///
/// let hub = Hub::from_env()?.on_progress(|progress| println!("{progress}"));
/// let lm = Lm::open(hub.model("HuggingFaceTB/SmolLM2-135M-Instruct")?, &LoadOptions::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Hub {
    cache: Cache,
    #[cfg_attr(not(feature = "hub"), allow(dead_code))]
    access: environment::Access,
    offline: bool,
    #[cfg_attr(not(feature = "hub"), allow(dead_code))]
    progress: Arc<dyn Fn(&Progress<'_>) + Send + Sync>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("cache", &self.cache.folder)
            .field("access", &self.access)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

/// Where an autoencoder of a name lies, and what its files do not say.
#[derive(Debug)]
pub(crate) struct FoundSae<'a> {
    pub(crate) path: Cow<'a, Path>,
    /// By what activations were multiplied in training.
    pub(crate) scale: Option<f64>,
    /// How activations are normalised, by SAELens's name for it.
    pub(crate) normalisation: Option<&'static str>,
}

impl Hub {
    /// The hub and cache that the environment names; the [module](self) lists its variables.
    ///
    /// # Errors
    /// A variable holds what it cannot; there is neither `HF_HOME` nor a home folder.
    pub fn from_env() -> Result<Self, HubError> {
        environment::hub(|name| std::env::var_os(name))
    }

    /// Hears of files on their way, in the place of the lines on standard error.
    #[must_use]
    pub fn on_progress(mut self, hear: impl Fn(&Progress<'_>) + Send + Sync + 'static) -> Self {
        self.progress = Arc::new(hear);
        self
    }

    /// Fetches nothing.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// The folder of the model of that name with all files that this crate opens: configuration, tokenizer, chat templates
    /// and weights. What is missing in the cache is fetched, with the feature `hub`.
    ///
    /// # Errors
    /// It is no name; the model is not there, gated or without such files; neither cache nor hub can be had. Each error says
    /// what to do.
    pub fn model(&self, name: &str) -> Result<PathBuf, HubError> {
        let repository = Repository::parse(name).ok_or_else(|| HubError::no_name(name))?;
        let mut folder = PathBuf::new();
        for files in [CONFIG, TOKENIZER, CHAT, WEIGHTS] {
            folder = self.snapshot(&repository, &files.wanted())?.folder;
        }
        Ok(folder)
    }

    /// The file or folder of the autoencoder of that name, likewise.
    ///
    /// # Errors
    /// As for [`model`](Self::model); SAELens's release has no such autoencoder; its files are pickled.
    pub fn sae(&self, name: &str) -> Result<PathBuf, HubError> {
        let name = SaeName::parse(name).ok_or_else(|| HubError::no_name(name))??;
        self.sae_place(&name)
    }

    fn sae_place(&self, name: &SaeName) -> Result<PathBuf, HubError> {
        let snapshot = self.snapshot(&name.repository, &Wanted::sae(&name.path))?;
        Ok(snapshot.folder.join(&name.path))
    }

    /// A snapshot with all files that are wanted of a repository.
    fn snapshot(&self, repository: &Repository, wanted: &Wanted) -> Result<Snapshot, HubError> {
        let cached = self.cache.snapshot(repository);
        if let Some(snapshot) = &cached
            && wanted.is_whole(snapshot)
        {
            return Ok(snapshot.clone());
        }
        let usable = cached.clone().filter(|found| wanted.is_usable(found));
        match self.fetched(repository, cached, wanted) {
            // What may be there beside the files that must be was never asked for.
            Err(error) if error.is_absence() => usable.ok_or(error),
            found => found,
        }
    }

    #[cfg(feature = "hub")]
    fn fetched(
        &self,
        repository: &Repository,
        cached: Option<Snapshot>,
        wanted: &Wanted,
    ) -> Result<Snapshot, HubError> {
        if self.offline {
            return Err(self.not_in_cache(repository, Why::Offline));
        }
        fetch::fetch(self, repository, cached, wanted)
    }

    #[cfg(not(feature = "hub"))]
    fn fetched(
        &self,
        repository: &Repository,
        _cached: Option<Snapshot>,
        _wanted: &Wanted,
    ) -> Result<Snapshot, HubError> {
        let why = if self.offline {
            Why::Offline
        } else {
            Why::NoClient
        };
        Err(self.not_in_cache(repository, why))
    }

    fn not_in_cache(&self, repository: &Repository, why: Why) -> HubError {
        HubError::NotInCache {
            name: repository.to_string(),
            cache: self.cache.folder.clone(),
            why,
        }
    }
}

/// Whether a path that is not there could be the name of a model or an autoencoder.
#[must_use]
pub fn is_name(path: &Path) -> bool {
    let text = path.to_str();
    text.is_some_and(|text| Repository::parse(text).is_some() || SaeName::parse(text).is_some())
}

/// The folder of a checkpoint with some of its files: `path` itself, or that of the model of that name.
pub(crate) fn located(path: &Path, files: Files) -> Result<Cow<'_, Path>, LoadError> {
    let name = path.to_str().filter(|_| !path.exists());
    match name.and_then(Repository::parse) {
        None => Ok(Cow::Borrowed(path)),
        Some(repository) => {
            let snapshot = Hub::from_env()?.snapshot(&repository, &files.wanted())?;
            Ok(Cow::Owned(snapshot.folder))
        }
    }
}

/// Where the autoencoder of a path or name lies.
pub(crate) fn located_sae(path: &Path) -> Result<FoundSae<'_>, LoadError> {
    let name = path.to_str().filter(|_| !path.exists());
    let Some(name) = name.and_then(SaeName::parse).transpose()? else {
        return Ok(FoundSae {
            path: Cow::Borrowed(path),
            scale: None,
            normalisation: None,
        });
    };
    Ok(FoundSae {
        path: Cow::Owned(Hub::from_env()?.sae_place(&name)?),
        scale: name.scale,
        normalisation: name.normalisation,
    })
}
