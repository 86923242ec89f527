//! Variables on a circle: neighbours go together, opposites go against each other.

use std::f64::consts::TAU;

use thiserror::Error;

use crate::Correlations;
use crate::linalg::{eigen, to_dense};
use crate::moments::below_diagonal;

/// Why variables have no circle.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CircumplexError {
    /// There are too few variables.
    #[error("{found} variables: a circle takes at least 4")]
    FewVariables {
        /// Number of variables.
        found: usize,
    },
    /// All pairs are equally correlated, so that distance can explain nothing.
    #[error("all correlations are equal")]
    Equal,
}

/// Where correlations place variables on a circle, and how far they follow the circle that theory
/// says: the order in which the variables come.
///
/// # Example
/// ```
/// use ndarray::Array2;
/// use psychometrics::{Correlations, circumplex::Circumplex};
///
/// // Six variables on a circle, each step 60 degrees.
/// let cosine = |(a, b): (usize, usize)| (60.0 * (a as f64 - b as f64)).to_radians().cos();
/// let matrix = Array2::from_shape_fn((6, 6), cosine);
/// let circle = Circumplex::of(&Correlations::from_matrix(matrix.view(), 100)?)?;
/// assert_eq!(circle.order, [0, 1, 2, 3, 4, 5]);
/// assert!((circle.angles[1].to_degrees() - 60.0).abs() < 1e-6);
/// assert!(circle.r_with_distance < -0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// L. Guttman, "A new approach to factor analysis: the radex", 1954; for values S. H. Schwartz,
/// "Universals in the content and structure of values", Advances in Experimental Social Psychology
/// 25 (1992).
#[derive(Clone, Debug, PartialEq)]
pub struct Circumplex {
    /// `[variables]`, in radians from 0 below 2π: where each lies in the plane of the first two
    /// principal axes, from variable 0, in the direction in which variable 1 comes sooner.
    pub angles: Vec<f64>,
    /// The variables as they come on that circle, from variable 0.
    pub order: Vec<usize>,
    /// Correlation, over all pairs, of their correlation with their distance in steps along the
    /// circle of theory. Near -1 where the circle holds.
    pub r_with_distance: f64,
    /// Mean correlation of the pairs at distance 1, 2, ... up to half of the circle.
    pub mean_r_by_distance: Vec<f64>,
}

impl Circumplex {
    /// Of variables that stand in the order that theory says.
    ///
    /// # Errors
    /// [`CircumplexError`] below four variables, and where all pairs are equally correlated.
    ///
    /// # Complexity
    /// `O(p³)`.
    pub fn of(correlations: &Correlations) -> Result<Self, CircumplexError> {
        let matrix = correlations.matrix();
        let p = matrix.nrows();
        if p < 4 {
            return Err(CircumplexError::FewVariables { found: p });
        }
        let pairs: Vec<(f64, usize)> = below_diagonal(matrix).zip(distances(p)).collect();
        let angles = angles(correlations);
        let mut order: Vec<usize> = (0..p).collect();
        order.sort_by(|&a, &b| angles[a].total_cmp(&angles[b]));
        let mean_at = |distance: usize| {
            let at = pairs.iter().filter(|(_, d)| *d == distance).map(|(r, _)| r);
            at.clone().sum::<f64>() / at.count() as f64
        };
        Ok(Self {
            r_with_distance: r_with_distance(&pairs).ok_or(CircumplexError::Equal)?,
            mean_r_by_distance: (1..=p / 2).map(mean_at).collect(),
            angles,
            order,
        })
    }
}

/// The steps between the variables of each pair below the diagonal, the shorter way round.
fn distances(p: usize) -> impl Iterator<Item = usize> {
    (0..p).flat_map(move |a| (0..a).map(move |b| (a - b).min(p - (a - b))))
}

fn angles(correlations: &Correlations) -> Vec<f64> {
    let found = eigen(to_dense(correlations.matrix()));
    let scale = [0, 1].map(|axis: usize| found.values[axis].max(0.0).sqrt());
    let angle = |variable: usize| {
        let [x, y] = [0, 1].map(|axis: usize| scale[axis] * found.vectors[(variable, axis)]);
        y.atan2(x)
    };
    let from_first = |variable: usize| (angle(variable) - angle(0)).rem_euclid(TAU) % TAU;
    let mut angles: Vec<f64> = (0..correlations.matrix().nrows()).map(from_first).collect();
    // A plane may be seen from both sides: by which way are there fewer between the first two?
    let between = |comes_before: &dyn Fn(f64) -> bool| {
        angles[1..]
            .iter()
            .filter(|angle| comes_before(**angle))
            .count()
    };
    let second = angles[1];
    if between(&|angle| angle > second) < between(&|angle| angle < second) {
        angles[1..]
            .iter_mut()
            .for_each(|angle| *angle = (TAU - *angle) % TAU);
    }
    angles
}

/// Pearson's; `None` where the correlations do not vary.
fn r_with_distance(pairs: &[(f64, usize)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let mean_r = pairs.iter().map(|(r, _)| r).sum::<f64>() / n;
    let mean_d = pairs.iter().map(|(_, d)| *d as f64).sum::<f64>() / n;
    let (mut both, mut own_r, mut own_d) = (0.0, 0.0, 0.0);
    for &(r, d) in pairs {
        let (r, d) = (r - mean_r, d as f64 - mean_d);
        both += r * d;
        own_r += r * r;
        own_d += d * d;
    }
    (own_r > 1e-24 * n).then(|| both / (own_r * own_d).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn circle_of(p: usize, place: impl Fn(usize) -> f64) -> Result<Circumplex, CircumplexError> {
        let cosine = |(a, b)| 0.5 * f64::cos(place(a) - place(b)) + if a == b { 0.5 } else { 0.0 };
        let matrix = Array2::from_shape_fn((p, p), cosine);
        Circumplex::of(&Correlations::from_matrix(matrix.view(), 50).unwrap())
    }

    #[test]
    fn exchanged_neighbours_are_seen_and_sides_play_no_part() {
        let steps = [0.0, 1.0, 3.0, 2.0, 4.0, 5.0];
        let straight = circle_of(6, |at| at as f64 * TAU / 6.0).unwrap();
        for side in [1.0, -1.0] {
            let found = circle_of(6, |at| side * steps[at] * TAU / 6.0 + 0.3).unwrap();
            assert_eq!(found.order, [0, 1, 3, 2, 4, 5]);
            assert!((found.angles[4] - 4.0 * TAU / 6.0).abs() < 1e-9);
            assert!(found.r_with_distance > straight.r_with_distance + 0.1);
        }
    }

    #[test]
    fn what_has_no_circle_is_refused() {
        let few = circle_of(3, |at| at as f64).unwrap_err().to_string();
        assert_eq!(few, "3 variables: a circle takes at least 4");
        assert_eq!(circle_of(5, |_| 0.0), Err(CircumplexError::Equal));
    }
}
