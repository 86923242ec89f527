use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::{Array1, ArrayView1};

use super::subsets::{check_number, subsets};
use super::{DecisionError, Objective};
use crate::effects::{Action, LinearModel};

/// How far rounding may carry a solution over a bound.
const ROUNDING: f64 = 1e-12;

/// Variables to set, and what one case would then be.
#[derive(Clone, Debug, PartialEq)]
pub struct BestSetting {
    /// The variables, ascending, each with the number to set it to.
    pub set: Vec<(usize, f64)>,
    /// All variables of the case, had these been set, `[n_variables]`.
    pub values: Array1<f64>,
    /// The weighted squared deviation from the objective that is left.
    pub squared_deviation: f64,
}

/// The numbers within `bounds` to which `variables` are best set, so that one case (its noise kept)
/// comes as close as it can to the objective: bounded least squares.
///
/// Exact: what is set acts linearly, so the best numbers solve the least squares of some variables
/// with the others at a bound, and all ways to choose these are tried. O(3^k k^3) for k variables.
///
/// # Errors
///
/// [`DecisionError`] for bounds that are none, too many variables, another number of variables in
/// the objective than in the model, and whatever [`LinearModel::counterfactual`] refuses.
pub fn best_setting(
    model: &LinearModel,
    case: ArrayView1<'_, f64>,
    objective: &Objective,
    variables: &[usize],
    bounds: [f64; 2],
) -> Result<BestSetting, DecisionError> {
    let [low, high] = bounds;
    if !(low < high && low.is_finite() && high.is_finite()) {
        return Err(DecisionError::Bounds { low, high });
    }
    check_number(variables.len(), variables.len(), 3)?;
    DecisionError::check_length("targets", model.n_variables(), objective.target().len())?;
    let had = |numbers: &[f64]| {
        let actions = variables.iter().zip(numbers);
        let actions: Vec<_> = actions.map(|(&v, &x)| (v, Action::Set(x))).collect();
        model.counterfactual(case, &actions)
    };
    let k = variables.len();
    let at_zero = had(&vec![0.0; k])?;
    let mut effects = Vec::with_capacity(k);
    for at in 0..k {
        let mut numbers = vec![0.0; k];
        numbers[at] = 1.0;
        effects.push(had(&numbers)? - &at_zero);
    }
    let weights = objective.weights();
    let product = |a: &Array1<f64>, b: &Array1<f64>| (a * b * weights).sum();
    let left = &objective.target() - &at_zero;
    let problem = Bounded {
        matrix: DMatrix::from_fn(k, k, |a, b| product(&effects[a], &effects[b])),
        right: DVector::from_fn(k, |a, _| product(&effects[a], &left)),
        bounds,
    };
    let numbers = problem.solve();
    let values = had(&numbers)?;
    let mut set: Vec<(usize, f64)> = variables.iter().copied().zip(numbers).collect();
    set.sort_by_key(|&(variable, _)| variable);
    Ok(BestSetting {
        set,
        squared_deviation: objective.squared_deviation(values.view())?,
        values,
    })
}

/// The fewest variables, at most `most`, that bring one case within a weighted squared deviation of
/// `threshold`; of as few the set that comes closest, the first of equals. `None` where no set does:
/// what is wanted cannot be had. No variable where the case is close enough as it is.
///
/// Exact: all sets are tried, fewer variables first. O(sets 3^most p).
///
/// # Errors
///
/// As [`best_setting`].
pub fn smallest_setting(
    model: &LinearModel,
    case: ArrayView1<'_, f64>,
    objective: &Objective,
    threshold: f64,
    most: usize,
    bounds: [f64; 2],
) -> Result<Option<BestSetting>, DecisionError> {
    let p = model.n_variables();
    let most = most.min(p);
    check_number(p, most, 3)?;
    for size in 0..=most {
        let mut best: Option<BestSetting> = None;
        for set in subsets(p, size) {
            let found = best_setting(model, case, objective, &set, bounds)?;
            let is_closer = |best: &BestSetting| found.squared_deviation < best.squared_deviation;
            if found.squared_deviation <= threshold && best.as_ref().is_none_or(is_closer) {
                best = Some(found);
            }
        }
        if best.is_some() {
            return Ok(best);
        }
    }
    Ok(None)
}

/// Least squares: the x between the bounds with the least `x' A x - 2 b' x`.
struct Bounded {
    matrix: DMatrix<f64>,
    right: DVector<f64>,
    bounds: [f64; 2],
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Between,
    At(f64),
}

impl Bounded {
    fn solve(&self) -> Vec<f64> {
        let [low, high] = self.bounds;
        let choices = [Place::Between, Place::At(low), Place::At(high)];
        let k = self.right.len();
        let mut best: Option<(f64, DVector<f64>)> = None;
        for way in 0..3_usize.pow(u32::try_from(k).unwrap_or(u32::MAX)) {
            let mut left = way;
            let places: Vec<Place> = (0..k)
                .map(|_| {
                    let place = choices[left % 3];
                    left /= 3;
                    place
                })
                .collect();
            let Some(found) = self.with(&places) else {
                continue;
            };
            let height = found.dot(&(&self.matrix * &found)) - 2.0 * found.dot(&self.right);
            if best.as_ref().is_none_or(|(least, _)| height < *least) {
                best = Some((height, found));
            }
        }
        // With all at a bound there is always a solution.
        best.map_or_else(Vec::new, |(_, found)| found.iter().copied().collect())
    }

    /// The least squares of those that are between, if they are; `None` too where many are equally
    /// good, for then some with fewer between are as good.
    fn with(&self, places: &[Place]) -> Option<DVector<f64>> {
        let [low, high] = self.bounds;
        let mut found = DVector::from_iterator(
            places.len(),
            places.iter().map(|place| match place {
                Place::Between => 0.0,
                Place::At(bound) => *bound,
            }),
        );
        let between: Vec<usize> = (0..places.len())
            .filter(|&at| places[at] == Place::Between)
            .collect();
        let right = &self.right - &self.matrix * &found;
        let matrix = self.matrix.select_rows(&between).select_columns(&between);
        let solved = match between.is_empty() {
            true => DVector::zeros(0),
            false => Cholesky::new(matrix)?.solve(&right.select_rows(&between)),
        };
        for (&at, &x) in between.iter().zip(&solved) {
            let is_within = x >= low - ROUNDING && x <= high + ROUNDING;
            if !is_within {
                return None;
            }
            found[at] = x.clamp(low, high);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, MixedGraph};
    use crate::synthetic::LinearSem;
    use ndarray::array;

    fn chain() -> LinearModel {
        let edges = [Edge::directed(0, 1), Edge::directed(1, 2)];
        let dag = MixedGraph::from_edges(3, edges).unwrap();
        LinearModel::from(&LinearSem::new(&dag, |_, _| 0.5, |_| 1.0).unwrap())
    }

    #[test]
    fn nothing_is_set_where_nothing_has_to_be_and_none_said_where_nothing_helps() {
        let (model, case) = (chain(), array![0.1, 0.1, 0.1]);
        let near = Objective::new(array![0.1, 0.1, 0.2], array![1.0, 1.0, 1.0]).unwrap();
        let smallest = |wanted: &Objective, threshold| {
            smallest_setting(&model, case.view(), wanted, threshold, 3, [-1.0, 1.0]).unwrap()
        };
        let found = smallest(&near, 0.02).unwrap();
        assert_eq!((found.set, found.values), (vec![], case.clone()));
        // Nothing leaves the bounds.
        let far = Objective::new(array![0.0, 0.0, 3.0], array![0.0, 0.0, 1.0]).unwrap();
        assert_eq!(smallest(&far, 3.9), None);
        let found = smallest(&far, 4.0).unwrap();
        assert_eq!(found.set, [(2, 1.0)]);
    }

    #[test]
    fn a_variable_that_does_not_matter_may_be_set_to_anything_within_the_bounds() {
        let (model, case) = (chain(), array![0.0, 0.0, 0.0]);
        let wanted = Objective::new(array![0.0, 0.0, 0.4], array![0.0, 0.0, 1.0]).unwrap();
        let found = best_setting(&model, case.view(), &wanted, &[2, 0], [-1.0, 1.0]).unwrap();
        assert!(found.squared_deviation < 1e-24);
        assert!(found.set.iter().all(|(_, x)| (-1.0..=1.0).contains(x)));
        assert_eq!(found.set[0].0, 0);
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let (model, case) = (chain(), array![0.0, 0.0, 0.0]);
        let wanted = Objective::new(array![0.0, 0.0, 0.4], array![0.0, 0.0, 1.0]).unwrap();
        let message = |variables: &[usize], bounds| {
            let found = best_setting(&model, case.view(), &wanted, variables, bounds);
            found.unwrap_err().to_string()
        };
        assert!(message(&[0], [1.0, 1.0]).starts_with("bounds: expected a low and a higher"));
        assert!(message(&[3], [-1.0, 1.0]).contains("variable 3; there are 3"));
        assert!(message(&[1, 1], [-1.0, 1.0]).contains("two actions"));
        let many: Vec<usize> = (0..30).collect();
        assert!(message(&many, [-1.0, 1.0]).contains("possibilities"));
        let short = Objective::new(array![0.0], array![1.0]).unwrap();
        assert!(best_setting(&model, case.view(), &short, &[0], [-1.0, 1.0]).is_err());
    }
}
