//! The sets that separated pairs of variables.

use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Deserializer, Serialize};

/// Why a pair is not adjacent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Separation {
    /// The conditioning sets found, each ascending. One set where the search stops at the first
    /// hit. Where all sets are tried, one or two: the members of all sets found among the
    /// neighbours of the pair's smaller variable, then of the larger's.
    pub sets: Vec<Vec<usize>>,
    /// The p-value given the set; where all sets are tried, the largest met. NaN if the pair was
    /// never tested.
    #[serde(deserialize_with = "nan_if_null")]
    pub p_value: f64,
    /// Size of the sets found.
    pub depth: usize,
    /// What keeps the pair apart.
    pub by: SeparatedBy,
}

/// What keeps a pair apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SeparatedBy {
    /// A test found the pair independent given the set.
    Test,
    /// Background knowledge forbids the edge; the pair was never tested.
    Knowledge,
}

/// What separated each pair that is not adjacent.
///
/// Pairs separated by the empty set, most of them in large graphs, take eight bytes each. As serde
/// data this is a list of `{a, b, sets, p_value, depth, by}`, and equal sets are those with equal
/// lists.
#[derive(Clone, Debug, Default)]
pub struct SeparatingSets {
    n_variables: usize,
    /// p-values of pairs that are marginally independent, row after row above the diagonal; 0 or
    /// [`Self::FORBIDDEN`] elsewhere.
    marginal: Vec<f64>,
    /// How many times the empty set is listed for each of them.
    marginal_copies: usize,
    /// For each variable the later ones from which some other set separates it, ascending.
    others: Vec<Vec<(usize, Separation)>>,
}

impl SeparatingSets {
    /// Marks a pair that knowledge forbids among the p-values.
    pub(crate) const FORBIDDEN: f64 = -1.0;

    /// No pair is separated yet.
    pub(crate) fn new(n_variables: usize, marginal_copies: usize) -> Self {
        Self {
            n_variables,
            marginal: vec![0.0; n_variables * n_variables.saturating_sub(1) / 2],
            marginal_copies,
            others: vec![Vec::new(); n_variables],
        }
    }

    /// What separated `a` and `b`; none if they are adjacent. O(log p).
    pub fn get(&self, a: usize, b: usize) -> Option<Separation> {
        let pair = (a.min(b), a.max(b));
        if let Some(found) = self.other(pair) {
            return Some(found.clone());
        }
        let p_value = *self.marginal.get(self.index(pair)?)?;
        let forbidden = p_value == Self::FORBIDDEN;
        (p_value != 0.0).then(|| Separation {
            sets: vec![Vec::new(); self.marginal_copies],
            p_value: if forbidden { f64::NAN } else { p_value },
            depth: 0,
            by: if forbidden {
                SeparatedBy::Knowledge
            } else {
                SeparatedBy::Test
            },
        })
    }

    /// Whether some set that separated `a` and `b` contains `member`.
    pub fn contains(&self, a: usize, b: usize, member: usize) -> bool {
        let found = self.other((a.min(b), a.max(b)));
        found.is_some_and(|found| found.sets.iter().any(|set| set.contains(&member)))
    }

    /// Number of pairs separated.
    pub fn len(&self) -> usize {
        let marginal = self.marginal.iter().filter(|&&p| p != 0.0).count();
        marginal + self.others.iter().map(Vec::len).sum::<usize>()
    }

    /// Whether no pair is separated.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every separated pair `(a, b)`, `a < b`, ascending.
    pub fn iter(&self) -> impl Iterator<Item = ((usize, usize), Separation)> + '_ {
        let n = self.n_variables;
        (0..n)
            .flat_map(move |a| (a + 1..n).map(move |b| (a, b)))
            .filter_map(|pair| Some((pair, self.get(pair.0, pair.1)?)))
    }

    /// Each row `a` of the p-values of pairs `(a, a + 1..)`.
    pub(crate) fn marginal_rows(&mut self) -> Vec<&mut [f64]> {
        let mut rest = self.marginal.as_mut_slice();
        let mut rows = Vec::with_capacity(self.n_variables);
        for a in 0..self.n_variables {
            let (row, after) = rest.split_at_mut(self.n_variables - a - 1);
            rows.push(row);
            rest = after;
        }
        rows
    }

    pub(crate) fn insert(&mut self, a: usize, b: usize, separation: Separation) {
        let (a, b) = (a.min(b), a.max(b));
        let row = &mut self.others[a];
        match row.binary_search_by_key(&b, |(later, _)| *later) {
            Ok(at) => row[at].1 = separation,
            Err(at) => row.insert(at, (b, separation)),
        }
    }

    /// From a list; none if a pair is not `a < b < n_variables`.
    pub(crate) fn from_entries(n_variables: usize, entries: Vec<Entry>) -> Option<Self> {
        let mut all = Self::new(n_variables, 1);
        let is_marginal =
            |entry: &Entry| entry.separation.by == SeparatedBy::Test && entry.separation.depth == 0;
        if let Some(entry) = entries.iter().find(|entry| is_marginal(entry)) {
            all.marginal_copies = entry.separation.sets.len();
        }
        for entry in entries {
            let at = all.index((entry.a, entry.b))?;
            match entry.separation.by {
                SeparatedBy::Knowledge => all.marginal[at] = Self::FORBIDDEN,
                SeparatedBy::Test => all.insert(entry.a, entry.b, entry.separation),
            }
        }
        Some(all)
    }

    fn other(&self, (a, b): (usize, usize)) -> Option<&Separation> {
        let row = self.others.get(a)?;
        let at = row.binary_search_by_key(&b, |(later, _)| *later).ok()?;
        Some(&row[at].1)
    }

    fn index(&self, (a, b): (usize, usize)) -> Option<usize> {
        let n = self.n_variables;
        (a < b && b < n).then(|| a * (2 * n - a - 1) / 2 + b - a - 1)
    }
}

/// One pair of the list.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    a: usize,
    b: usize,
    #[serde(flatten)]
    separation: Separation,
}

/// JSON has no NaN.
fn nan_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl PartialEq for SeparatingSets {
    fn eq(&self, other: &Self) -> bool {
        let same = |(pair, a): ((usize, usize), Separation), (other_pair, b): (_, Separation)| {
            // The p-value of a pair that was never tested is NaN, which equals nothing.
            let same_p = a.p_value == b.p_value || (a.p_value.is_nan() && b.p_value.is_nan());
            pair == other_pair && same_p && (&a.sets, a.depth, a.by) == (&b.sets, b.depth, b.by)
        };
        self.n_variables == other.n_variables
            && self.len() == other.len()
            && self.iter().zip(other.iter()).all(|(a, b)| same(a, b))
    }
}

impl Serialize for SeparatingSets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for ((a, b), separation) in self.iter() {
            list.serialize_element(&Entry { a, b, separation })?;
        }
        list.end()
    }
}
