use super::SelectionError;

/// The numbers of the scores, the highest first; of equal ones the first first.
///
/// # Errors
/// [`SelectionError::NotANumber`] for NaN.
pub fn descending(scores: &[f64]) -> Result<Vec<usize>, SelectionError> {
    if let Some(place) = scores.iter().position(|score| score.is_nan()) {
        let (what, found) = ("score", scores[place]);
        return Err(SelectionError::NotANumber { what, place, found });
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    // Stable, so that equal ones keep their order.
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    Ok(order)
}

/// The items with the highest scores of each group, at most `per_group` of it, in ascending order.
///
/// What is chosen by a score looks better by it than it is: judge the choice by other data.
///
/// # Errors
/// [`SelectionError::Groups`] where there is not one group for each score, and as [`descending`].
///
/// # Complexity
/// `O(n log n + n groups)`.
///
/// # Example
/// ```
/// use psychometrics::selection::balanced_top;
///
/// let chosen = balanced_top(&[0.3, 0.9, 0.8, 0.1], &["care", "care", "care", "power"], 2)?;
/// assert_eq!(chosen, [1, 2, 3]);
/// # Ok::<(), psychometrics::selection::SelectionError>(())
/// ```
pub fn balanced_top<G: PartialEq>(
    scores: &[f64],
    groups: &[G],
    per_group: usize,
) -> Result<Vec<usize>, SelectionError> {
    if groups.len() != scores.len() {
        let (groups, scores) = (groups.len(), scores.len());
        return Err(SelectionError::Groups { groups, scores });
    }
    let mut counts: Vec<(&G, usize)> = Vec::new();
    let mut chosen = descending(scores)?;
    chosen.retain(|&item| {
        let found = counts.iter().position(|(group, _)| **group == groups[item]);
        let at = found.unwrap_or_else(|| {
            counts.push((&groups[item], 0));
            counts.len() - 1
        });
        counts[at].1 += 1;
        counts[at].1 <= per_group
    });
    chosen.sort_unstable();
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_scores_the_first_are_chosen() {
        assert_eq!(balanced_top(&[1.0; 4], &[0; 4], 2).unwrap(), [0, 1]);
        assert_eq!(balanced_top(&[1.0; 4], &[0; 4], 0).unwrap(), [0; 0]);
        assert_eq!(descending(&[0.0, 2.0, 2.0]).unwrap(), [1, 2, 0]);
    }

    #[test]
    fn scores_that_are_none_are_named() {
        let message = |scores: &[f64]| {
            balanced_top(scores, &["a", "a"], 1)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(&[1.0, f64::NAN]),
            "score 1 is NaN: expected a number"
        );
        assert_eq!(message(&[1.0]), "2 groups for 1 scores");
    }
}
