//! Whether an intervention moves a node the same way on new data.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::numbers::{mean, share};

/// How often an intervention raised or lowered a node or left it unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DirectionCounts {
    /// Number of cases in which the value rose.
    pub raised: usize,
    /// Number of cases in which the value fell.
    pub lowered: usize,
    /// Number of cases in which the value stayed exactly the same.
    pub unchanged: usize,
}

/// Which direction of a dyad counts as its noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoiseRule {
    /// The smallest of the three proportions raised, lowered and unchanged: what the paper's released
    /// code computes.
    #[default]
    SmallestOfThree,
    /// The smaller of the proportions raised and lowered: what the paper's text says.
    SmallerOfRaisedAndLowered,
}

/// Why dyads could not be counted or set side by side.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DyadError {
    /// The two rows that are compared have different lengths.
    #[error(
        "expected as many values after the intervention as before it ({before}), found {after}"
    )]
    Lengths {
        /// Number of values before.
        before: usize,
        /// Number of values after.
        after: usize,
    },
    /// A value is not a number, so that it has no direction.
    #[error("case {case}: {before} before and {after} after the intervention have no direction")]
    NotANumber {
        /// Which pair, from 0.
        case: usize,
        /// The value before, as printed.
        before: String,
        /// The value after, as printed.
        after: String,
    },
    /// The counts of train and test have different shapes.
    #[error(
        "expected test counts of the shape of the training counts ({} x {}), found {} x {}",
        .train.0, .train.1, .test.0, .test.1
    )]
    Shapes {
        /// Shape of the training counts, `(interventions, nodes)`.
        train: (usize, usize),
        /// Shape of the test counts, `(interventions, nodes)`.
        test: (usize, usize),
    },
    /// An intervention or a node to select does not exist.
    #[error("{what} {index} is not in the table, which has {len}")]
    OutOfRange {
        /// "intervention" or "node".
        what: &'static str,
        /// The index asked for.
        index: usize,
        /// How many there are.
        len: usize,
    },
}

impl DirectionCounts {
    /// Counts pairs (before, after).
    ///
    /// Numbers are compared exactly.
    ///
    /// # Errors
    /// [`DyadError::NotANumber`] with the place of the pair.
    ///
    /// # Example
    /// ```
    /// use digraph_metrics::DirectionCounts;
    ///
    /// let counted = DirectionCounts::count([(0.0, 0.5), (0.0, 0.0), (1.0, 0.5), (0.0, 1.0)])?;
    /// assert_eq!(counted, DirectionCounts { raised: 2, lowered: 1, unchanged: 1 });
    /// # Ok::<(), digraph_metrics::DyadError>(())
    /// ```
    pub fn count(pairs: impl IntoIterator<Item = (f64, f64)>) -> Result<Self, DyadError> {
        let mut counts = Self::default();
        for (case, (before, after)) in pairs.into_iter().enumerate() {
            match after.partial_cmp(&before) {
                Some(std::cmp::Ordering::Greater) => counts.raised += 1,
                Some(std::cmp::Ordering::Less) => counts.lowered += 1,
                Some(std::cmp::Ordering::Equal) => counts.unchanged += 1,
                None => {
                    let (before, after) = (before.to_string(), after.to_string());
                    return Err(DyadError::NotANumber {
                        case,
                        before,
                        after,
                    });
                }
            }
        }
        Ok(counts)
    }

    /// Counts two rows of values, `[cases]` each, the same case at the same place.
    ///
    /// # Errors
    /// [`DyadError::Lengths`] where the rows differ in length, [`DyadError::NotANumber`] as in
    /// [`count`](Self::count).
    pub fn count_rows(
        before: ArrayView1<'_, f64>,
        after: ArrayView1<'_, f64>,
    ) -> Result<Self, DyadError> {
        if before.len() != after.len() {
            return Err(DyadError::Lengths {
                before: before.len(),
                after: after.len(),
            });
        }
        Self::count(before.iter().copied().zip(after.iter().copied()))
    }

    /// Number of cases.
    #[must_use]
    pub fn total(self) -> usize {
        self.raised + self.lowered + self.unchanged
    }

    /// The proportions raised, lowered and unchanged, which add up to 1; `None` without cases.
    #[must_use]
    pub fn proportions(self) -> Option<[f64; 3]> {
        let of_all = |count| share(count, self.total());
        Some([
            of_all(self.raised)?,
            of_all(self.lowered)?,
            of_all(self.unchanged)?,
        ])
    }

    /// The share of cases that went the minor way, see [`NoiseRule`]; `None` without cases.
    #[must_use]
    pub fn noise(self, rule: NoiseRule) -> Option<f64> {
        let [raised, lowered, unchanged] = self.proportions()?;
        Some(match rule {
            NoiseRule::SmallestOfThree => raised.min(lowered).min(unchanged),
            NoiseRule::SmallerOfRaisedAndLowered => raised.min(lowered),
        })
    }

    /// Cosine of the angle between the two proportion vectors, in [0, 1]; `None` where either has
    /// no cases.
    ///
    /// # Example
    /// ```
    /// use digraph_metrics::DirectionCounts;
    ///
    /// let train = DirectionCounts { raised: 3, lowered: 4, unchanged: 0 };
    /// let test = DirectionCounts { raised: 6, lowered: 8, unchanged: 0 };
    /// assert!((train.cosine(test).unwrap() - 1.0).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn cosine(self, other: Self) -> Option<f64> {
        let (a, b) = (self.proportions()?, other.proportions()?);
        let dot = |x: [f64; 3], y: [f64; 3]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        Some((dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())).min(1.0))
    }
}

impl Add for DirectionCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            raised: self.raised + other.raised,
            lowered: self.lowered + other.lowered,
            unchanged: self.unchanged + other.unchanged,
        }
    }
}

impl AddAssign for DirectionCounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for DirectionCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// The directions of every dyad (intervention, node) in training and in test data.
///
/// Rows are interventions, columns nodes. It answers what the paper's tables 1, 4 and 5 show: per
/// dyad the [`cosine`](Self::cosine), per intervention the
/// [`mean_similarity`](Self::mean_similarity), per node the [`noise_ratio`](Self::noise_ratio).
/// Made by [`dyads`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dyads {
    train: Array2<DirectionCounts>,
    test: Array2<DirectionCounts>,
}

/// Sets the directions of training and test data, `[interventions, nodes]` each, side by side.
///
/// # Errors
/// [`DyadError::Shapes`] where they differ in shape.
///
/// # Example
/// ```
/// use digraph_metrics::{DirectionCounts, NoiseRule, dyads};
/// use ndarray::array;
///
/// let train = array![[DirectionCounts { raised: 8, lowered: 0, unchanged: 2 }]];
/// let test = array![[DirectionCounts { raised: 4, lowered: 0, unchanged: 1 }]];
/// let dyads = dyads(train, test)?;
/// assert!((dyads.cosine(0, 0).unwrap() - 1.0).abs() < 1e-12);
/// assert_eq!(dyads.noise_ratio(0, NoiseRule::SmallestOfThree), Some(0.0));
/// # Ok::<(), digraph_metrics::DyadError>(())
/// ```
pub fn dyads(
    train: Array2<DirectionCounts>,
    test: Array2<DirectionCounts>,
) -> Result<Dyads, DyadError> {
    if train.dim() != test.dim() {
        return Err(DyadError::Shapes {
            train: train.dim(),
            test: test.dim(),
        });
    }
    Ok(Dyads { train, test })
}

impl Dyads {
    /// The training counts, `[interventions, nodes]`.
    #[must_use]
    pub fn train(&self) -> ArrayView2<'_, DirectionCounts> {
        self.train.view()
    }

    /// The test counts, `[interventions, nodes]`.
    #[must_use]
    pub fn test(&self) -> ArrayView2<'_, DirectionCounts> {
        self.test.view()
    }

    /// Cosine between the training and the test proportions of one dyad.
    ///
    /// `None` where either has no cases, or out of range.
    #[must_use]
    pub fn cosine(&self, intervention: usize, node: usize) -> Option<f64> {
        let at = [intervention, node];
        self.train.get(at)?.cosine(*self.test.get(at)?)
    }

    /// Mean cosine over the nodes of one intervention that have one.
    ///
    /// `None` where none has, or out of range.
    #[must_use]
    pub fn mean_similarity(&self, intervention: usize) -> Option<f64> {
        mean((0..self.train.ncols()).filter_map(|node| self.cosine(intervention, node)))
    }

    /// Mean noise of one node over the interventions that have training cases, see [`NoiseRule`].
    ///
    /// `None` where none has, or out of range.
    #[must_use]
    pub fn noise_ratio(&self, node: usize, rule: NoiseRule) -> Option<f64> {
        let counts = (0..self.train.nrows()).filter_map(|row| self.train.get([row, node]));
        mean(counts.filter_map(|counts| counts.noise(rule)))
    }

    /// The table of some interventions and nodes only, in the order named.
    ///
    /// Means are then taken over these alone, as in the paper's table 1.
    ///
    /// # Errors
    /// [`DyadError::OutOfRange`] with the index that is not in the table.
    pub fn select(&self, interventions: &[usize], nodes: &[usize]) -> Result<Self, DyadError> {
        in_range("intervention", interventions, self.train.nrows())?;
        in_range("node", nodes, self.train.ncols())?;
        let part = |table: &Array2<DirectionCounts>| {
            Array2::from_shape_fn((interventions.len(), nodes.len()), |(row, column)| {
                table[[interventions[row], nodes[column]]]
            })
        };
        Ok(Self {
            train: part(&self.train),
            test: part(&self.test),
        })
    }
}

fn in_range(what: &'static str, indices: &[usize], len: usize) -> Result<(), DyadError> {
    match indices.iter().find(|&&index| index >= len) {
        Some(&index) => Err(DyadError::OutOfRange { what, index, len }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    const fn directions(raised: usize, lowered: usize, unchanged: usize) -> DirectionCounts {
        DirectionCounts {
            raised,
            lowered,
            unchanged,
        }
    }

    #[test]
    fn the_two_noise_rules_differ_where_few_stay() {
        let counts = directions(4, 5, 1);
        assert_eq!(counts.noise(NoiseRule::SmallestOfThree), Some(0.1));
        assert_eq!(
            counts.noise(NoiseRule::SmallerOfRaisedAndLowered),
            Some(0.4)
        );
    }

    #[test]
    fn without_cases_there_is_no_number() {
        let none = DirectionCounts::default();
        assert_eq!(none.proportions(), None);
        assert_eq!(none.noise(NoiseRule::default()), None);
        assert_eq!(none.cosine(directions(1, 0, 0)), None);
        let table = dyads(
            array![[none, directions(1, 0, 1)]],
            array![[none, directions(1, 0, 0)]],
        )
        .unwrap();
        assert_eq!(table.cosine(0, 0), None);
        assert_eq!(table.mean_similarity(0), table.cosine(0, 1));
        assert_eq!(table.noise_ratio(0, NoiseRule::default()), None);
        assert_eq!(table.mean_similarity(1), None);
        assert_eq!(table.noise_ratio(2, NoiseRule::default()), None);
    }

    #[test]
    fn counts_add_up() {
        let sum: DirectionCounts = [directions(1, 2, 3), directions(4, 5, 6)].into_iter().sum();
        assert_eq!(sum, directions(5, 7, 9));
        assert_eq!(sum.total(), 21);
    }

    #[test]
    fn a_selection_takes_its_own_means() {
        let train = array![
            [directions(1, 0, 1), directions(0, 1, 1)],
            [directions(2, 1, 1), directions(1, 1, 2)],
        ];
        let test = array![
            [directions(1, 0, 0), directions(0, 0, 1)],
            [directions(1, 1, 1), directions(2, 0, 0)],
        ];
        let all = dyads(train, test).unwrap();
        let part = all.select(&[1], &[1, 0]).unwrap();
        assert_eq!(
            part.train(),
            array![[directions(1, 1, 2), directions(2, 1, 1)]]
        );
        assert_eq!(part.cosine(0, 1), all.cosine(1, 0));
        assert_eq!(part.noise_ratio(0, NoiseRule::default()), Some(0.25));
        assert_eq!(all.noise_ratio(1, NoiseRule::default()), Some(0.125));
    }

    #[test]
    fn bad_input_is_refused_with_what_was_found() {
        let message = |error: DyadError| error.to_string();
        assert_eq!(
            message(DirectionCounts::count([(0.0, 1.0), (f64::NAN, 1.0)]).unwrap_err()),
            "case 1: NaN before and 1 after the intervention have no direction"
        );
        assert_eq!(
            message(DirectionCounts::count_rows(array![1.0].view(), array![].view()).unwrap_err()),
            "expected as many values after the intervention as before it (1), found 0"
        );
        let row = Array2::from_elem((1, 2), DirectionCounts::default());
        assert_eq!(
            message(dyads(row.clone(), Array2::default((3, 2))).unwrap_err()),
            "expected test counts of the shape of the training counts (1 x 2), found 3 x 2"
        );
        let table = dyads(row.clone(), row).unwrap();
        assert_eq!(
            message(table.select(&[0], &[0, 2]).unwrap_err()),
            "node 2 is not in the table, which has 2"
        );
        assert_eq!(
            message(table.select(&[1], &[0]).unwrap_err()),
            "intervention 1 is not in the table, which has 1"
        );
    }
}
