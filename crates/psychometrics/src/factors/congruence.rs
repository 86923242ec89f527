use ndarray::{Array2, ArrayView2};

use super::FactorError;

/// Tucker's congruence coefficients φ of the factors of two solutions, `[factors, other factors]`:
/// the cosines between their columns of loadings, both over the same variables.
///
/// From about 0.95 two factors count as equal, from 0.85 as similar (U. Lorenzo-Seva and J. M. F.
/// ten Berge, Methodology 2, 2006). The sign follows those of the factors, which are arbitrary. NaN
/// for a factor without loadings.
///
/// # Errors
/// [`FactorError::Variables`] where the two have different numbers of variables.
///
/// # Example
/// ```
/// use ndarray::array;
/// use psychometrics::factors::congruence;
///
/// let one = array![[0.6], [0.8]];
/// let other = array![[0.3, 0.8], [0.4, -0.6]];
/// let phi = congruence(one.view(), other.view())?;
/// assert!((phi[[0, 0]] - 1.0).abs() < 1e-12 && phi[[0, 1]].abs() < 1e-12);
/// # Ok::<(), psychometrics::factors::FactorError>(())
/// ```
///
/// L. R. Tucker, "A method for synthesis of factor analysis studies" (1951).
pub fn congruence(
    loadings: ArrayView2<'_, f64>,
    other: ArrayView2<'_, f64>,
) -> Result<Array2<f64>, FactorError> {
    if loadings.nrows() != other.nrows() {
        return Err(FactorError::Variables {
            loadings: loadings.nrows(),
            correlations: other.nrows(),
        });
    }
    let shape = (loadings.ncols(), other.ncols());
    Ok(Array2::from_shape_fn(shape, |(a, b)| {
        let (a, b) = (loadings.column(a), other.column(b));
        a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_factor_without_loadings_is_congruent_to_none() {
        let nothing = array![[0.0], [0.0]];
        assert!(congruence(nothing.view(), nothing.view()).unwrap()[[0, 0]].is_nan());
        assert!(congruence(nothing.view(), array![[1.0]].view()).is_err());
    }
}
