//! Where a model or an autoencoder lies that a study names: below the data folder, or where there is no such path and it is a
//! name of Hugging Face's hub, in the hub's cache.

use std::path::{Path, PathBuf};

use program::Failure;

/// What is named.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A model.
    Model,
    /// An autoencoder.
    Sae,
}

/// Its files; what the hub's cache lacks of them is fetched.
///
/// # Errors
/// It is a name, and cannot be had.
#[cfg(feature = "lens")]
pub fn fetched(data: &Path, named: &Path, kind: Kind) -> Result<PathBuf, Failure> {
    use value_causal::lens::hub::Hub;
    match name(data, named) {
        None => Ok(data.join(named)),
        Some(name) => in_hub(&Hub::from_env()?, name, kind),
    }
}

/// The same; a program without models knows no names.
///
/// # Errors
/// None.
#[cfg(not(feature = "lens"))]
pub fn fetched(data: &Path, named: &Path, _kind: Kind) -> Result<PathBuf, Failure> {
    Ok(data.join(named))
}

/// Where its files are, if they are here.
#[must_use]
pub fn here(data: &Path, named: &Path, kind: Kind) -> PathBuf {
    #[cfg(feature = "lens")]
    if let (Some(name), Ok(hub)) = (name(data, named), value_causal::lens::hub::Hub::from_env())
        && let Ok(found) = in_hub(&hub.offline(), name, kind)
    {
        return found;
    }
    let _ = kind;
    data.join(named)
}

/// What is to be opened: the path below `data`, or the name.
#[cfg(feature = "lens")]
#[must_use]
pub fn opened(data: &Path, named: &Path) -> PathBuf {
    match name(data, named) {
        None => data.join(named),
        // Whatever lies in the folder in which the program was started.
        Some(name) => format!("hf://{name}").into(),
    }
}

#[cfg(feature = "lens")]
fn name<'a>(data: &Path, named: &'a Path) -> Option<&'a str> {
    let is_name = !data.join(named).exists() && value_causal::lens::hub::is_name(named);
    named.to_str().filter(|_| is_name)
}

#[cfg(feature = "lens")]
fn in_hub(hub: &value_causal::lens::hub::Hub, name: &str, kind: Kind) -> Result<PathBuf, Failure> {
    Ok(match kind {
        Kind::Model => hub.model(name)?,
        Kind::Sae => hub.sae(name)?,
    })
}
