//! The levels of each choice.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use value_causal::metrics::{Expected, Unexpected};

use crate::search::{all_features, published_features};
use crate::settings::{SetKind, Settings};
use reproduce::Loaded;

/// Which features' rows count.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureSet {
    /// How the set was made.
    pub kind: SetKind,
    /// Its name in tables, such as `all but 1025`.
    pub name: Arc<str>,
    /// The features.
    pub features: Arc<BTreeSet<u64>>,
}

/// What becomes of undirected edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undirected {
    /// They go both ways, as published.
    BothWays,
    /// They are left out.
    Dropped,
    /// Each member of the equivalence class directs them in its own way, and effects are averaged
    /// over the members.
    ClassAveraged,
}

impl Undirected {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::BothWays, Self::Dropped, Self::ClassAveraged];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BothWays => "both ways",
            Self::Dropped => "dropped",
            Self::ClassAveraged => "class averaged",
        }
    }
}

/// Which values count as expected to change, and which as expected to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    connected: bool,
    unrelated: bool,
}

impl Definition {
    /// Successors against all others.
    pub const PUBLISHED: Self = Self {
        connected: false,
        unrelated: false,
    };

    /// All four.
    pub const ALL: [Self; 4] = [
        Self::PUBLISHED,
        Self {
            connected: false,
            unrelated: true,
        },
        Self {
            connected: true,
            unrelated: false,
        },
        Self {
            connected: true,
            unrelated: true,
        },
    ];

    /// Which values count as expected to change.
    #[must_use]
    pub fn expected(self) -> Expected {
        match self.connected {
            true => Expected::Connected,
            false => Expected::Successors,
        }
    }

    /// Which values count as expected to stay.
    #[must_use]
    pub fn unexpected(self) -> Unexpected {
        match self.unrelated {
            true => Unexpected::Unrelated,
            false => Unexpected::NonSuccessors,
        }
    }

    /// Name of the first in tables.
    #[must_use]
    pub fn expected_name(self) -> &'static str {
        match self.connected {
            true => "connected",
            false => "successors",
        }
    }

    /// Name of the second in tables.
    #[must_use]
    pub fn unexpected_name(self) -> &'static str {
        match self.unrelated {
            true => "unrelated",
            false => "non-successors",
        }
    }
}

/// The levels to try, the experiment's own among them, ascending.
pub(super) fn alphas(own: f64, others: &[f64]) -> Vec<f64> {
    let mut alphas = others.to_vec();
    alphas.push(own);
    alphas.sort_by(f64::total_cmp);
    alphas.dedup();
    alphas
}

/// The sets of features to try, each once, the published one first.
pub(super) fn feature_sets(loaded: &Loaded, settings: &Settings) -> Vec<FeatureSet> {
    let (published, all) = (published_features(loaded), all_features(loaded));
    let set = |kind, name: String, features: BTreeSet<u64>| FeatureSet {
        kind,
        name: name.into(),
        features: Arc::new(features),
    };
    let but_one = |kind, whole: &BTreeSet<u64>, name: &str| {
        let without = |&left_out: &u64| {
            let rest = whole.iter().copied().filter(|&f| f != left_out).collect();
            set(kind, format!("{name} but {left_out}"), rest)
        };
        // A set of one feature has nothing left to compare without it.
        let features = whole.iter().filter(|_| whole.len() > 1);
        features.map(without).collect::<Vec<_>>()
    };
    let mut sets = vec![
        set(
            SetKind::Published,
            "published".to_owned(),
            published.clone(),
        ),
        set(SetKind::All, "all".to_owned(), all.clone()),
    ];
    sets.extend(but_one(SetKind::PublishedButOne, &published, "published"));
    sets.extend(but_one(SetKind::AllButOne, &all, "all"));
    let known: Vec<u64> = all.into_iter().collect();
    let size = published.len().min(known.len());
    sets.extend((0..settings.random_sets).map(|place| {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(place as u64);
        let chosen = index::sample(&mut rng, known.len(), size).into_iter();
        let features = chosen.map(|at| known[at]).collect();
        set(SetKind::Random, format!("random {}", place + 1), features)
    }));
    let mut seen = HashSet::new();
    sets.retain(|set| {
        settings.feature_sets.contains(&set.kind) && seen.insert(Arc::clone(&set.features))
    });
    sets
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use reproduce::Arguments;

    #[test]
    fn no_set_of_features_counts_twice() {
        let arguments = Arguments {
            experiment: None,
            data: None,
            out: PathBuf::new(),
        };
        let mut loaded = arguments.load().unwrap();
        let n = all_features(&loaded).len();
        loaded.experiment.features.published = all_features(&loaded).into_iter().collect();
        let sets = feature_sets(&loaded, &Settings::default());
        // Random sets as large as the published one are the published one.
        assert_eq!(sets.len(), 1 + n);
        assert_eq!(sets[0].kind, SetKind::Published);
        let distinct: HashSet<_> = sets.iter().map(|set| &set.features).collect();
        assert_eq!(distinct.len(), sets.len());
    }
}
