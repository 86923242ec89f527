//! What the environment says of hub and cache, by the variables of Python's `huggingface_hub`.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::Cache;
use super::{Hub, HubError, progress};

const ENDPOINT: &str = "https://huggingface.co";

/// Which hub is asked, and by whom.
#[derive(Clone, Default)]
#[cfg_attr(not(feature = "hub"), allow(dead_code))]
pub(super) struct Access {
    pub(super) endpoint: String,
    /// Without the white space around it; never shown.
    pub(super) token: Option<String>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("endpoint", &self.endpoint)
            .field("token", &self.token.as_ref().map(|_| "[token]"))
            .finish()
    }
}

/// The hub that variables describe.
pub(super) fn hub(value_of: impl Fn(&str) -> Option<OsString>) -> Result<Hub, HubError> {
    let set = |name: &str| value_of(name).filter(|value| !value.is_empty());
    let text = |name: &str| {
        let value = set(name).map(OsString::into_string).transpose();
        value.map_err(|_| HubError::variable(name, "text in Unicode", "something else"))
    };
    let yes = |name: &str| -> Result<bool, HubError> {
        let value = text(name)?.unwrap_or_default().to_uppercase();
        Ok(["1", "ON", "YES", "TRUE"].contains(&value.as_str()))
    };
    let home = home(&set);
    let cache = match (
        set("HF_HUB_CACHE").or_else(|| set("HUGGINGFACE_HUB_CACHE")),
        &home,
    ) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => home.join("hub"),
        (None, None) => {
            return Err(HubError::variable(
                "HF_HUB_CACHE",
                "the folder of the hub's cache",
                "nothing, and no HOME",
            ));
        }
    };
    let endpoint = text("HF_ENDPOINT")?.unwrap_or_else(|| ENDPOINT.to_owned());
    let given = text("HF_TOKEN")?.or(text("HUGGING_FACE_HUB_TOKEN")?);
    let file = set("HF_TOKEN_PATH").map(PathBuf::from);
    let file = file.or(home.map(|home| home.join("token")));
    let silent = yes("HF_HUB_DISABLE_PROGRESS_BARS")?;
    Ok(Hub {
        cache: Cache { folder: cache },
        access: Access {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: token(given, file.as_deref())?,
        },
        offline: yes("HF_HUB_OFFLINE")? || yes("TRANSFORMERS_OFFLINE")?,
        progress: match (silent, stderr().is_terminal()) {
            (true, _) => Arc::new(|_| {}),
            (false, true) => Arc::new(progress::on_terminal),
            (false, false) => Arc::new(progress::in_lines),
        },
    })
}

fn home(set: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let cache = || {
        let user = set("HOME").or_else(|| set("USERPROFILE"));
        let cache = set("XDG_CACHE_HOME").map(PathBuf::from);
        cache.or_else(|| Some(Path::new(&user?).join(".cache")))
    };
    set("HF_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(cache()?.join("huggingface")))
}

/// The token that is given, or that in the file that `hf auth login` leaves.
fn token(given: Option<String>, file: Option<&Path>) -> Result<Option<String>, HubError> {
    let token = match (given, file.map(|file| (file, fs::read_to_string(file)))) {
        (Some(token), _) | (None, Some((_, Ok(token)))) => token,
        (None, Some((file, Err(error)))) if !is_missing(&error) => {
            return Err(HubError::at(file, error));
        }
        (None, _) => return Ok(None),
    };
    let token = token.trim();
    if token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok((!token.is_empty()).then(|| token.to_owned()));
    }
    let found = "others (not shown, as it is secret)";
    Err(HubError::variable(
        "HF_TOKEN",
        "visible ASCII characters",
        found,
    ))
}

fn is_missing(error: &io::Error) -> bool {
    [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Hub, HubError> {
        let found = |name: &str| variables.iter().find(|(variable, _)| *variable == name);
        hub(|name| found(name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        let cache = |variables: &[(&str, &str)]| of(variables).unwrap().cache.folder;
        let home = ("HOME", "/home/a");
        assert_eq!(cache(&[home]), Path::new("/home/a/.cache/huggingface/hub"));
        assert_eq!(
            cache(&[home, ("XDG_CACHE_HOME", "/x")]),
            Path::new("/x/huggingface/hub")
        );
        assert_eq!(cache(&[home, ("HF_HOME", "/h")]), Path::new("/h/hub"));
        assert_eq!(
            cache(&[("HF_HUB_CACHE", "/c"), ("HF_HOME", "/h")]),
            Path::new("/c")
        );
        assert_eq!(
            cache(&[("HF_HUB_CACHE", ""), ("HF_HOME", "/h")]),
            Path::new("/h/hub")
        );
        let why = of(&[]).unwrap_err().to_string();
        assert!(why.contains("HF_HUB_CACHE: expected"), "{why}");
    }

    #[test]
    fn access_is_read_and_the_token_never_shown() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().to_str().unwrap();
        fs::write(home.path().join("token"), "hf_of_the_file\n").unwrap();
        let hub = of(&[("HF_HOME", folder)]).unwrap();
        assert_eq!(hub.access.token.as_deref(), Some("hf_of_the_file"));
        assert_eq!(hub.access.endpoint, "https://huggingface.co");
        let given = [
            ("HF_HOME", folder),
            ("HF_TOKEN", " hf_secret\n"),
            ("HF_ENDPOINT", "https://m/"),
            ("HF_HUB_OFFLINE", "true"),
        ];
        let hub = of(&given).unwrap();
        assert_eq!(hub.access.token.as_deref(), Some("hf_secret"));
        assert_eq!(
            (hub.access.endpoint.as_str(), hub.offline),
            ("https://m", true)
        );
        assert!(!format!("{hub:?}").contains("secret"), "{hub:?}");
        let why = of(&[("HF_HOME", folder), ("HF_TOKEN", "hf sec")])
            .unwrap_err()
            .to_string();
        assert!(why.contains("HF_TOKEN") && !why.contains("hf sec"), "{why}");
    }
}
