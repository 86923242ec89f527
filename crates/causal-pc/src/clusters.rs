//! Rows that belong together: the answers of one person, the measurements of one day.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which rows belong together, in one way or in two.
///
/// Rows with equal labels are one cluster. Two ways cross: answers belong together by the person who
/// gave them and by the question that was asked.
///
/// ```
/// use causal_pc::Clusters;
///
/// let clusters = Clusters::new(["ann", "ann", "bob", "bob"]).and([1, 2, 1, 2])?;
/// assert_eq!((clusters.n_ways(), clusters.n_rows(), clusters.n_clusters()), (2, 4, 2));
/// # Ok::<(), causal_pc::ClustersError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Clusters {
    first: Labels,
    second: Option<Labels>,
}

/// [`Clusters`] as they are stored.
#[derive(Deserialize)]
struct Stored {
    first: Labels,
    second: Option<Labels>,
}

impl TryFrom<Stored> for Clusters {
    type Error = ClustersError;

    fn try_from(Stored { first, second }: Stored) -> Result<Self, ClustersError> {
        let first = Self {
            first,
            second: None,
        };
        match second {
            None => Ok(first),
            Some(second) => first.and(second.of_row),
        }
    }
}

/// Labels that are not as many as rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a cluster label for each row ({expected}), found {found}")]
pub struct ClustersError {
    /// Rows.
    pub expected: usize,
    /// Labels given.
    pub found: usize,
}

/// The number of each row's cluster, in the order of the labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<usize>", into = "Vec<usize>")]
pub(crate) struct Labels {
    pub(crate) of_row: Vec<usize>,
    pub(crate) n: usize,
}

impl From<Vec<usize>> for Labels {
    fn from(labels: Vec<usize>) -> Self {
        Self::new(labels)
    }
}

impl From<Labels> for Vec<usize> {
    fn from(labels: Labels) -> Self {
        labels.of_row
    }
}

impl Labels {
    pub(crate) fn new<K: Ord>(labels: impl IntoIterator<Item = K>) -> Self {
        let labels: Vec<K> = labels.into_iter().collect();
        let mut numbers: BTreeMap<&K, usize> = labels.iter().map(|label| (label, 0)).collect();
        (0..)
            .zip(numbers.values_mut())
            .for_each(|(number, slot)| *slot = number);
        Self {
            n: numbers.len(),
            of_row: labels.iter().map(|label| numbers[label]).collect(),
        }
    }
}

impl Clusters {
    /// One label for each row.
    pub fn new<K: Ord>(labels: impl IntoIterator<Item = K>) -> Self {
        Self {
            first: Labels::new(labels),
            second: None,
        }
    }

    /// The clusters in a second way, in the place of any that were given before.
    ///
    /// # Errors
    ///
    /// [`ClustersError`] unless there is one label for each row.
    pub fn and<K: Ord>(self, labels: impl IntoIterator<Item = K>) -> Result<Self, ClustersError> {
        let second = Labels::new(labels);
        let (expected, found) = (self.n_rows(), second.of_row.len());
        if found != expected {
            return Err(ClustersError { expected, found });
        }
        Ok(Self {
            second: Some(second),
            ..self
        })
    }

    /// 1 or 2.
    pub fn n_ways(&self) -> usize {
        1 + usize::from(self.second.is_some())
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.first.of_row.len()
    }

    /// Number of clusters; of two ways the smaller number.
    pub fn n_clusters(&self) -> usize {
        let second = self.second.as_ref().map_or(usize::MAX, |second| second.n);
        self.first.n.min(second)
    }

    /// The clusters of rows drawn from these, of which some may repeat: what a resample's test needs.
    ///
    /// A row that was drawn again is in another cluster of the first way, as if another person had
    /// given the same answers; the second way stays. So bootstrap the clusters of the first way.
    ///
    /// # Panics
    ///
    /// If a row does not exist.
    #[must_use]
    pub fn of_rows(&self, rows: &[usize]) -> Self {
        let mut times: HashMap<usize, usize> = HashMap::new();
        let first = rows.iter().map(|&row| {
            let time = times.entry(row).or_insert(0);
            *time += 1;
            (self.first.of_row[row], *time)
        });
        let first = Labels::new(first);
        let second = self.second.as_ref();
        let second = second.map(|second| Labels::new(rows.iter().map(|&row| second.of_row[row])));
        Self { first, second }
    }

    pub(crate) fn check(&self, expected: usize) -> Result<(), ClustersError> {
        let found = self.n_rows();
        if found == expected {
            return Ok(());
        }
        Err(ClustersError { expected, found })
    }

    pub(crate) fn first(&self) -> &Labels {
        &self.first
    }

    pub(crate) fn second(&self) -> Option<&Labels> {
        self.second.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_drawn_again_is_another_cluster() {
        let clusters = Clusters::new(["a", "a", "b"]).and([1, 2, 1]).unwrap();
        let drawn = clusters.of_rows(&[0, 1, 0, 1, 2]);
        assert_eq!(drawn.first.of_row, [0, 0, 1, 1, 2]);
        assert_eq!(drawn.second.unwrap().of_row, [0, 1, 0, 1, 0]);
        let error = Clusters::new([1, 2]).and([1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a cluster label for each row (2), found 1"
        );
    }
}
