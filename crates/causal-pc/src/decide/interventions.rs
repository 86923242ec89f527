use ndarray::{ArrayView1, ArrayView2};

use super::{DecisionError, Objective, cheapest_set};

/// Interventions that were chosen by their measured effects.
#[derive(Clone, Debug, PartialEq)]
pub struct ChosenInterventions {
    /// Their numbers, ascending; none where nothing is worth its price.
    pub interventions: Vec<usize>,
    /// The weighted deviation that is expected to be left, and the prices.
    pub cost: f64,
    /// What it costs to do nothing: the deviation as it is.
    pub cost_of_none: f64,
    /// The best intervention alone and what it costs, worth it or not; `None` where there is none.
    pub best_single: Option<(usize, f64)>,
}

/// The interventions, at most `most` together, that leave the least deviation plus prices; of equal
/// ones the fewest, then the first. None is a choice too.
///
/// `start` is where the variables are, `[n_variables]`; `effects` by how much each intervention was
/// measured to move them, `[n_interventions, n_variables]`; `prices`, `[n_interventions]`, are in
/// units of deviation. Effects of several are taken to add up, which should be measured before it is
/// believed. O(sets n_variables): all are tried.
///
/// ```
/// use causal_pc::decide::{Objective, choose_interventions};
/// use ndarray::array;
///
/// let wanted = Objective::new(array![1.0, 0.0], array![1.0, 1.0])?;
/// let effects = array![[0.9, 0.4], [0.0, -0.4], [1.0, 0.0]];
/// let start = array![0.0, 0.0];
/// let at = |prices: [f64; 3]| {
///     let prices = ndarray::arr1(&prices);
///     choose_interventions(start.view(), effects.view(), prices.view(), &wanted, 2)
/// };
/// assert_eq!(at([0.1, 0.1, 0.1])?.interventions, [2]);
/// assert_eq!(at([0.1, 0.1, 0.5])?.interventions, [0, 1]);
/// assert!(at([2.0, 2.0, 2.0])?.interventions.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`DecisionError`] where numbers do not fit each other, an effect, a start or a price is not
/// finite, and for more sets than can be gone through.
pub fn choose_interventions(
    start: ArrayView1<'_, f64>,
    effects: ArrayView2<'_, f64>,
    prices: ArrayView1<'_, f64>,
    objective: &Objective,
    most: usize,
) -> Result<ChosenInterventions, DecisionError> {
    let n = effects.nrows();
    DecisionError::check_length("effects on variables", start.len(), effects.ncols())?;
    DecisionError::check_length("prices", n, prices.len())?;
    let numbers = [
        ("start of variable", start.iter().collect::<Vec<_>>()),
        ("effect", effects.iter().collect()),
        ("price", prices.iter().collect()),
    ];
    for (what, numbers) in numbers {
        DecisionError::check_numbers(what, "a finite number", numbers, f64::is_finite)?;
    }
    let cost_of_none = objective.deviation(start)?;
    let cost_of = |set: &[usize]| {
        let mut values = start.to_owned();
        set.iter().for_each(|&at| values += &effects.row(at));
        let prices = set.iter().map(|&at| prices[at]).sum::<f64>();
        Some(objective.deviation(values.view()).ok()? + prices)
    };
    let cheapest = cheapest_set(n, most, cost_of)?;
    let (interventions, cost) = cheapest.unwrap_or((Vec::new(), cost_of_none));
    let single = cheapest_set(n, 1, |set| cost_of(set).filter(|_| !set.is_empty()))?;
    Ok(ChosenInterventions {
        interventions,
        cost,
        cost_of_none,
        best_single: single.map(|(set, cost)| (set[0], cost)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn numbers_that_do_not_fit_are_named() {
        let wanted = Objective::new(array![1.0], array![1.0]).unwrap();
        let message = |effects: Array2<f64>, prices: &[f64], most| {
            let (start, prices) = (array![0.0], ndarray::arr1(prices));
            let found =
                choose_interventions(start.view(), effects.view(), prices.view(), &wanted, most);
            found.unwrap_err().to_string()
        };
        assert_eq!(
            message(array![[1.0, 2.0]], &[1.0], 1),
            "effects on variables: expected 1, found 2"
        );
        assert_eq!(
            message(array![[1.0]], &[], 1),
            "prices: expected 1, found 0"
        );
        assert_eq!(
            message(array![[f64::NAN]], &[1.0], 1),
            "effect 0: expected a finite number, found NaN"
        );
        assert!(message(Array2::zeros((200, 1)), &[0.0; 200], 4).contains("possibilities"));
    }
}
