use super::ReliabilityError;
use super::alpha::at_least_two;
use crate::moments::{mean, population_variance, totals};
use crate::scores::Scores;

/// The coefficients of Kuder and Richardson for answers that are right (1) or wrong (0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KuderRichardson {
    /// KR-20, alpha with population variances.
    pub kr20: f64,
    /// KR-21, as if all variables were equally hard; never above KR-20.
    pub kr21: f64,
}

/// KR-20 and KR-21 of a table of zeros and ones.
///
/// # Errors
/// [`ReliabilityError::NotBinary`] with the cell that is neither 0 nor 1,
/// [`ReliabilityError::FewVariables`] below two variables, [`ReliabilityError::EqualScores`] where
/// the sum does not vary.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::{Scores, reliability::kuder_richardson};
///
/// let cells = array![[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0]];
/// let found = kuder_richardson(&Scores::new(cells.view())?)?;
/// assert!((found.kr20 - 0.75).abs() < 1e-12 && (found.kr21 - 0.6).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// G. F. Kuder and M. W. Richardson, "The theory of the estimation of test reliability",
/// Psychometrika 2 (1937).
pub fn kuder_richardson(scores: &Scores<'_>) -> Result<KuderRichardson, ReliabilityError> {
    at_least_two(scores.n_variables())?;
    let cells = scores.cells();
    let is_wrong = |cell: &f64| *cell != 0.0 && *cell != 1.0;
    if let Some(((case, variable), found)) = cells.indexed_iter().find(|(_, cell)| is_wrong(cell)) {
        return Err(ReliabilityError::NotBinary {
            case,
            variable: scores.variable(variable),
            found: *found,
        });
    }
    let totals = totals(cells);
    let variance = population_variance(totals.view());
    if variance == 0.0 {
        return Err(ReliabilityError::EqualScores);
    }
    let k = scores.n_variables() as f64;
    let shares = cells.columns().into_iter().map(mean);
    let own: f64 = shares.map(|share| share * (1.0 - share)).sum();
    let right = mean(totals.view());
    let factor = k / (k - 1.0);
    Ok(KuderRichardson {
        kr20: factor * (1.0 - own / variance),
        kr21: factor * (1.0 - right * (k - right) / (k * variance)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn what_is_neither_right_nor_wrong_is_named() {
        let cells = array![[1.0, 0.0], [0.0, 2.0]];
        let scores = Scores::named(cells.view(), ["first", "second"]).unwrap();
        assert_eq!(
            kuder_richardson(&scores).unwrap_err().to_string(),
            "case 1, variable 1 (second): 2 is neither 0 nor 1"
        );
    }
}
