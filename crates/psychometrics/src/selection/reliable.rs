use ndarray::{Array2, Axis};

use super::SelectionError;
use crate::moments::covariances;
use crate::reliability::{ReliabilityError, alpha_of_covariances};
use crate::scores::Scores;

/// The most sets that are gone through: some seconds' work.
const MOST_SETS: u128 = 3_000_000;

/// How the most reliable items are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemSearch {
    /// All sets of that many items.
    Exhaustive,
    /// The best pair, then one item after the other, each the best beside those that are chosen.
    Greedy,
}

/// Items chosen for their reliability.
#[derive(Clone, Debug, PartialEq)]
pub struct ReliableItems {
    /// Their columns, ascending.
    pub items: Vec<usize>,
    /// Cronbach's alpha of their sum, on the data that they were chosen by: an optimist's number.
    pub alpha: f64,
}

/// The `size` items (columns) whose sum has the highest alpha, the first of equals.
///
/// # Errors
/// [`SelectionError::Size`] for fewer than two items or more than there are,
/// [`SelectionError::ManySets`] where an exhaustive search would not end,
/// [`SelectionError::Reliability`] where no set varies.
///
/// # Complexity
/// `O(n k²)` for `n` cases of `k` items, and `O(size²)` for each set that is looked at.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::{Scores, selection::{ItemSearch, most_reliable}};
///
/// // The third item goes its own way.
/// let cells = array![[1.0, 2.0, 3.0, 1.0], [2.0, 3.0, 1.0, 2.0], [4.0, 4.0, 2.0, 5.0]];
/// let found = most_reliable(&Scores::new(cells.view())?, 3, ItemSearch::Exhaustive)?;
/// assert_eq!(found.items, [0, 1, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn most_reliable(
    scores: &Scores<'_>,
    size: usize,
    search: ItemSearch,
) -> Result<ReliableItems, SelectionError> {
    let there = scores.n_variables();
    if size < 2 || size > there {
        let asked = size;
        return Err(SelectionError::Size { asked, there });
    }
    let mut best = Best {
        covariances: covariances(scores.cells()),
        found: None,
    };
    match search {
        ItemSearch::Exhaustive => {
            check_number(there, size)?;
            best.of_all_sets(there, size);
        }
        ItemSearch::Greedy => {
            best.of_all_sets(there, 2);
            for _ in 2..size {
                best.with_one_more(there);
            }
        }
    }
    let (mut items, alpha) = best.found.ok_or(ReliabilityError::EqualScores)?;
    items.sort_unstable();
    Ok(ReliableItems { items, alpha })
}

struct Best {
    covariances: Array2<f64>,
    /// The items with their alpha.
    found: Option<(Vec<usize>, f64)>,
}

impl Best {
    /// In lexicographic order, so that the first of equals is kept.
    fn of_all_sets(&mut self, there: usize, size: usize) {
        let mut set: Vec<usize> = (0..size).collect();
        loop {
            self.offer(&set);
            let place = (0..size).rev().find(|&at| set[at] < there - size + at);
            let Some(place) = place else { return };
            set[place] += 1;
            for at in place + 1..size {
                set[at] = set[at - 1] + 1;
            }
        }
    }

    fn with_one_more(&mut self, there: usize) {
        let Some((chosen, _)) = self.found.take() else {
            return;
        };
        for item in (0..there).filter(|item| !chosen.contains(item)) {
            self.offer(&[&chosen[..], &[item]].concat());
        }
    }

    fn offer(&mut self, set: &[usize]) {
        let part = self.covariances.select(Axis(0), set).select(Axis(1), set);
        let Ok(alpha) = alpha_of_covariances(part.view()) else {
            return;
        };
        if self.found.as_ref().is_none_or(|(_, most)| alpha > *most) {
            self.found = Some((set.to_vec(), alpha));
        }
    }
}

fn check_number(there: usize, size: usize) -> Result<(), SelectionError> {
    let size = size.min(there - size) as u128;
    let mut sets = 1_u128;
    for step in 1..=size {
        sets = sets.saturating_mul(there as u128 - size + step) / step;
    }
    match sets <= MOST_SETS {
        true => Ok(()),
        false => Err(SelectionError::ManySets {
            sets,
            most: MOST_SETS,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn sets_are_counted_before_they_are_gone_through() {
        assert!(check_number(24, 12).is_ok()); // 2,704,156
        let error = check_number(40, 20).unwrap_err();
        assert!(error.to_string().starts_with("137846528820 sets of items"));
        assert!(check_number(4_000, 2_000).is_err());
        let wide = Array2::from_shape_fn((3, 40), |(row, column)| {
            ((row + 1) * (column + 2) % 7) as f64
        });
        let scores = Scores::new(wide.view()).unwrap();
        assert!(most_reliable(&scores, 20, ItemSearch::Exhaustive).is_err());
        let found = most_reliable(&scores, 20, ItemSearch::Greedy).unwrap();
        assert_eq!(found.items.len(), 20);
    }

    #[test]
    fn sizes_and_items_that_leave_nothing_to_choose_are_refused() {
        let cells = array![[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]];
        let scores = Scores::new(cells.view()).unwrap();
        let message = |size| {
            most_reliable(&scores, size, ItemSearch::Greedy)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(1),
            "1 items of 2: at least 2 can be chosen, at most all"
        );
        assert_eq!(
            message(3),
            "3 items of 2: at least 2 can be chosen, at most all"
        );
        assert_eq!(message(2), "the scores of all cases are equal");
    }
}
