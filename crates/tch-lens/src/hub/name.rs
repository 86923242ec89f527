//! Names of models and autoencoders, as text.

use std::fmt;

use super::HubError;
use super::releases;

const MAIN: &str = "main";
/// The longest part of a name that the hub allows.
const LONGEST: usize = 96;

/// A repository of the hub at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// `org/name`.
    pub(super) id: String,
    pub(super) revision: String,
}

impl Repository {
    /// `org/name[@revision]`; none where the text is no such name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (id, revision) = at_revision(without_scheme(text));
        Self::new(id, revision)
    }

    fn new(id: &str, revision: &str) -> Option<Self> {
        let (org, name) = id.split_once('/')?;
        let good = is_part(org) && is_part(name) && is_path(revision);
        good.then(|| Self {
            id: id.to_owned(),
            revision: revision.to_owned(),
        })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision.as_str() {
            MAIN => f.write_str(&self.id),
            revision => write!(f, "{}@{revision}", self.id),
        }
    }
}

/// An autoencoder in a repository.
#[derive(Debug, PartialEq)]
pub(super) struct SaeName {
    pub(super) repository: Repository,
    /// Its file or folder there; empty for the whole repository.
    pub(super) path: String,
    pub(super) scale: Option<f64>,
    pub(super) normalisation: Option<&'static str>,
}

impl SaeName {
    /// `release[@revision]/id` of a release that SAELens knows, or `org/name[@revision][/path]`; none where the text is no such
    /// name, and an error where the release has no such autoencoder.
    pub(super) fn parse(text: &str) -> Option<Result<Self, HubError>> {
        let text = without_scheme(text);
        let (first, rest) = text.split_once('/')?;
        let (release, revision) = at_revision(first);
        if let Some(release) = releases::find(release) {
            return is_path(revision).then(|| Self::of_release(&release, revision, rest));
        }
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (name, revision) = at_revision(name);
        let repository = Repository::new(&format!("{first}/{name}"), revision)?;
        let named = path.is_empty() || is_path(path);
        named.then(|| {
            Ok(Self {
                repository,
                path: path.to_owned(),
                scale: None,
                normalisation: None,
            })
        })
    }

    fn of_release(release: &releases::Release, revision: &str, id: &str) -> Result<Self, HubError> {
        let listed = release.listed(id).filter(|listed| is_path(&listed.path));
        let listed = listed.ok_or_else(|| HubError::NotListed {
            release: release.name.to_owned(),
            id: id.to_owned(),
            known: release.known().join(", "),
        })?;
        Ok(Self {
            repository: Repository {
                id: release.repository.to_owned(),
                revision: revision.to_owned(),
            },
            path: listed.path,
            scale: listed.scale,
            normalisation: release.normalisation,
        })
    }
}

fn without_scheme(text: &str) -> &str {
    text.strip_prefix("hf://").unwrap_or(text)
}

fn at_revision(text: &str) -> (&str, &str) {
    text.split_once('@').unwrap_or((text, MAIN))
}

fn is_part(part: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let outer = |c: char| c == '.' || c == '-';
    (1..=LONGEST).contains(&part.len())
        && part.bytes().all(letters)
        && !part.starts_with(outer)
        && !part.ends_with(outer)
        && !part.contains("..")
        && !part.contains("--")
}

/// Whether a path stays within the folder that it is in, on every system. Revisions have this form, too.
pub(super) fn is_path(path: &str) -> bool {
    let stays = |part: &str| !["", ".", ".."].contains(&part);
    path.split('/').all(stays) && !path.contains(|c: char| c == '\\' || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sae(text: &str) -> Option<(String, String)> {
        let name = SaeName::parse(text)?.unwrap();
        Some((name.repository.to_string(), name.path))
    }

    #[test]
    fn names_are_told_from_paths() {
        let read = |text: &str| Repository::parse(text).map(|name| (name.id, name.revision));
        let two = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            read("google/gemma-3-270m"),
            two("google/gemma-3-270m", "main")
        );
        assert_eq!(read("hf://a/b.c@refs/pr/3"), two("a/b.c", "refs/pr/3"));
        assert_eq!(read("a/b@0123abc"), two("a/b", "0123abc"));
        for path in [
            "gemma",
            "a/b/c",
            "./a",
            "../a",
            "a/..",
            "/a/b",
            "a/",
            "a/b@",
            "a/b@../c",
            "a/b@/c",
            "a b/c",
            "a/b--c",
            "a/-b",
            "a/b\n",
            "a\\b/c",
            "a/b@c\u{7}",
        ] {
            assert_eq!(read(path), None, "{path:?}");
        }
    }

    #[test]
    fn autoencoders_are_named_by_release_or_by_repository() {
        let two = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            sae("gemma-scope-2b-pt-res-canonical/layer_12/width_16k/canonical"),
            two(
                "google/gemma-scope-2b-pt-res",
                "layer_12/width_16k/average_l0_82"
            )
        );
        assert_eq!(
            sae("gemma-scope-2-270m-pt-att@v1/layer_12_width_16k_l0_big"),
            two(
                "google/gemma-scope-2-270m-pt@v1",
                "attn_out/layer_12_width_16k_l0_big"
            )
        );
        assert_eq!(sae("a/b@v2/c/d"), two("a/b@v2", "c/d"));
        assert_eq!(sae("a/b"), two("a/b", ""));
        for path in ["a", "a/b/../c", "a/b/c/", "a/b//c", "../a/b"] {
            assert!(SaeName::parse(path).is_none(), "{path}");
        }
    }

    #[test]
    fn an_autoencoder_that_a_release_does_not_have_is_refused() {
        let refused = |text: &str| SaeName::parse(text).unwrap().unwrap_err().to_string();
        let why = refused("gemma-scope-2b-pt-res-canonical/layer_12/width_17k/canonical");
        assert!(
            why.contains("gemma-scope-2b-pt-res-canonical has no \"layer_12/width_17k/canonical\""),
            "{why}"
        );
        assert!(why.contains("layer_*/width_*k/canonical"), "{why}");
        let why = refused("gpt2-small-resid-post-v5-32k/blocks.../hook_resid_post");
        assert!(why.contains("blocks.*.hook_resid_post"), "{why}");
    }
}
