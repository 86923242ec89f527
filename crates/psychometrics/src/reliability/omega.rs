use super::ReliabilityError;
use crate::correlation::Correlations;
use crate::factors::FactorModel;
use crate::moments::variance;
use crate::scores::Scores;

/// McDonald's omega total from one factor: `(Σ λ)² / ((Σ λ)² + Σ ψ)`, loadings and unique variances
/// in the units of the variables.
///
/// The factor is fitted to the correlations by maximum likelihood, see [`FactorModel::fit`]. Where
/// it fits, omega is the reliability of the sum, also of variables that measure unequally well.
///
/// # Errors
/// [`ReliabilityError::Correlation`] or [`ReliabilityError::Factor`] where no factor can be fitted;
/// three variables are the fewest.
///
/// R. P. McDonald, "Test theory: a unified treatment" (1999).
pub fn omega_total(scores: &Scores<'_>) -> Result<f64, ReliabilityError> {
    let model = FactorModel::fit(&Correlations::of(scores)?, 1)?;
    let (mut common, mut unique) = (0.0, 0.0);
    for (index, column) in scores.cells().columns().into_iter().enumerate() {
        let variance = variance(column);
        common += model.loadings[[index, 0]] * variance.sqrt();
        unique += model.uniquenesses[index] * variance;
    }
    let common = common * common;
    Ok(common / (common + unique))
}
