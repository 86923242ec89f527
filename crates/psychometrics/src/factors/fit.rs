/// How well a factor model fits, by the indices in common use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactorFit {
    /// Degrees of freedom, `((p - k)² - p - k) / 2`.
    pub df: usize,
    /// Discrepancy times `n - 1 - (2p + 5) / 6 - 2k / 3` (Bartlett's correction).
    pub chi2: f64,
    /// Probability of a chi2 at least as large where the model holds.
    pub p_value: f64,
    /// Root mean square error of approximation, `√(max(chi2 - df, 0) / (df (n - 1)))`; 0 without
    /// degrees of freedom.
    pub rmsea: f64,
    /// Standardised root mean square residual, over the correlations below the diagonal.
    pub srmr: f64,
    /// Comparative fit index against the model without factors, in [0, 1].
    pub cfi: f64,
    /// `chi2 - df ln n`; the least of several models is preferred.
    pub bic: f64,
}

/// What the indices are computed from.
pub(super) struct Ingredients {
    pub(super) n_cases: usize,
    pub(super) n_variables: usize,
    pub(super) n_factors: usize,
    pub(super) log_determinant: f64,
}

impl Ingredients {
    /// `None` where there are more parameters than correlations.
    pub(super) fn degrees_of_freedom(n_variables: usize, n_factors: usize) -> Option<usize> {
        let free = n_variables.checked_sub(n_factors)?;
        Some((free * free).checked_sub(n_variables + n_factors)? / 2)
    }

    /// By which the discrepancy is multiplied.
    pub(super) fn factor(&self, n_factors: usize) -> f64 {
        let p = self.n_variables as f64;
        self.n_cases as f64 - 1.0 - (2.0 * p + 5.0) / 6.0 - 2.0 * n_factors as f64 / 3.0
    }

    pub(super) fn indices(&self, df: usize, discrepancy: f64, srmr: f64) -> FactorFit {
        let chi2 = self.factor(self.n_factors) * discrepancy;
        let excess = (chi2 - df as f64).max(0.0);
        let pairs = (self.n_variables * (self.n_variables - 1) / 2) as f64;
        let excess_without = self.factor(0) * -self.log_determinant - pairs;
        let cases = self.n_cases as f64;
        FactorFit {
            df,
            chi2,
            p_value: crate::correlation::chi2_upper_tail(chi2, df),
            rmsea: match df {
                0 => 0.0,
                _ => (excess / (df as f64 * (cases - 1.0))).sqrt(),
            },
            srmr,
            // A model that fits as badly as none has no better index than 0.
            cfi: 1.0 - excess / excess_without.max(excess).max(1e-12),
            bic: chi2 - df as f64 * cases.ln(),
        }
    }
}
