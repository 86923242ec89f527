//! What the cache lacks, from the hub.

mod client;
mod download;

use super::cache::Snapshot;
use super::name::Repository;
use super::wanted::{Wanted, shards_of};
use super::{Hub, HubError};
use crate::sae::layout_files;
use client::{Client, Listing};

/// Brings what is wanted of a repository into the cache.
///
/// A commit that the cache has for the revision is kept to, so that what is fetched at two times is of one commit.
pub(super) fn fetch(
    hub: &Hub,
    repository: &Repository,
    cached: Option<Snapshot>,
    wanted: &Wanted,
) -> Result<Snapshot, HubError> {
    let client = Client::new(&hub.access, repository)?;
    let revision = cached.map_or_else(|| repository.revision.clone(), |found| found.commit);
    let listing = client.listing(&revision)?;
    let snapshot = hub.cache.at(repository, &listing.commit);
    hub.cache.keep_revision(repository, &listing.commit)?;
    let fetching = Fetching {
        hub,
        client,
        listing,
        snapshot,
    };
    fetching.all_of(wanted)?;
    Ok(fetching.snapshot)
}

struct Fetching<'a> {
    hub: &'a Hub,
    client: Client<'a>,
    listing: Listing,
    snapshot: Snapshot,
}

impl Fetching<'_> {
    fn all_of(&self, wanted: &Wanted) -> Result<(), HubError> {
        // A mistake in the choice is told before anything is fetched.
        let chosen = wanted.one_of.iter().find(|file| self.listing.has(file));
        if chosen.is_none() && !wanted.one_of.is_empty() {
            return Err(self.lacks(wanted));
        }
        if let Some(folder) = wanted.folder {
            for file in self
                .listing
                .files
                .iter()
                .filter(|file| file.starts_with(folder))
            {
                self.one(file)?;
            }
        }
        for file in &wanted.beside {
            match self.listing.has(file) {
                true => self.one(file)?,
                false => self.snapshot.keep_absence(file)?,
            }
        }
        let Some(chosen) = chosen else { return Ok(()) };
        self.one(chosen)?;
        for shard in shards_of(&self.snapshot, chosen) {
            self.one(&shard)?;
        }
        Ok(())
    }

    fn one(&self, file: &str) -> Result<(), HubError> {
        match self.snapshot.has(file) {
            true => Ok(()),
            false => download::download(self.hub, &self.client, &self.snapshot, file),
        }
    }

    fn lacks(&self, wanted: &Wanted) -> HubError {
        let folder = parent(&wanted.one_of[0]);
        let names: Vec<&str> = wanted
            .one_of
            .iter()
            .map(|file| name(file, folder))
            .collect();
        let there = self
            .listing
            .files
            .iter()
            .filter(|file| file.starts_with(folder));
        let there: Vec<&str> = there
            .map(|file| name(file, folder))
            .take(MOST_NAMED)
            .collect();
        let pickled = there.iter().any(|file| layout_files::is_pickled(file));
        let note = match pickled {
            true => {
                ", of which some are pickled (scripts/sae_layouts/convert.py makes safetensors of some autoencoders)"
            }
            false => "",
        };
        HubError::Lacks {
            name: [&self.client.name(), folder]
                .join("/")
                .trim_end_matches('/')
                .to_owned(),
            expected: names.join(" or "),
            found: match there.is_empty() {
                true => "no file there".to_owned(),
                false => there.join(", ") + note,
            },
        }
    }
}

/// The folder of a file, with its last `/`.
fn parent(file: &str) -> &str {
    file.rfind('/').map_or("", |end| &file[..=end])
}

fn name<'a>(file: &'a str, folder: &str) -> &'a str {
    file.strip_prefix(folder).unwrap_or(file)
}

/// As many files are named of a folder that lacks what is wanted.
const MOST_NAMED: usize = 12;
