//! The upper tail of the F distribution, with full relative precision.

use libm::lgamma;

/// `ln P(F >= f)` of the test that lowers a residual sum of squares by `numerator` degrees of
/// freedom, given the ratio `ratio` of the sum after to the sum before and the `denominator` degrees
/// of freedom left.
///
/// With `f = (1 - ratio) / ratio * denominator / numerator` this is the regularised incomplete beta
/// function at `ratio`.
pub(super) fn log_upper_tail(ratio: f64, numerator: f64, denominator: f64) -> f64 {
    log_incomplete_beta(ratio, 0.5 * denominator, 0.5 * numerator)
}

/// `ln I_x(a, b)` (DLMF 8.17.22, and 8.17.4 where that converges slowly).
fn log_incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let log_term = a * x.ln() + b * (-x).ln_1p() - log_beta(a, b);
    if x < (a + 1.0) / (a + b + 2.0) {
        (log_term - a.ln() + fraction(x, a, b).ln()).min(0.0)
    } else {
        (-(log_term.exp() / b * fraction(1.0 - x, b, a)).min(1.0)).ln_1p()
    }
}

/// `ln B(a, b)`; for large `a` from the ratio of gamma functions, without their difference.
fn log_beta(a: f64, b: f64) -> f64 {
    let (small, large) = (a.min(b), a.max(b));
    if large < 100.0 {
        return lgamma(a) + lgamma(b) - lgamma(a + b);
    }
    // ln gamma(z) = (z - 1/2) ln z - z + ln(2 pi) / 2 + 1 / (12 z) - ...
    let sum = small + large;
    let log_ratio =
        (large - 0.5) * (-small / sum).ln_1p() - small * sum.ln() + small + stirling_error(large)
            - stirling_error(sum);
    lgamma(small) + log_ratio
}

fn stirling_error(z: f64) -> f64 {
    let z2 = z * z;
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * z2)) / z2) / z
}

/// The continued fraction of the incomplete beta function, evaluated forwards (Lentz 1976).
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    let mut m = 0.0;
    loop {
        m += 1.0;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        let goes_on = (change - 1.0).abs() > f64::EPSILON && m < 1e6;
        if !goes_on {
            return fraction;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ln I_x(a, b)` from 60-digit arithmetic: x, a, b, value.
    const EXACT: [(f64, f64, f64, f64); 17] = [
        (0.9, 5.0, 0.5, -1.149980591068652),
        (0.999, 50.0, 0.5, -0.28452835735595494),
        (0.99, 500.0, 0.5, -6.484215912783661),
        (0.5, 500.0, 0.5, -349.90793121379227),
        (0.2, 2500.0, 1.5, -4019.673347661579),
        (0.9995, 2500.0, 1.5, -0.7441606642012595),
        (0.9, 2500.0, 5.0, -244.47505584996802),
        (0.999999, 50000.0, 0.5, -0.2852448129042137),
        (0.1, 50000.0, 2.0, -115118.54020971156),
        (0.7, 99.0, 30.0, -3.209134923187673),
        (0.8, 120.0, 30.0, -0.726298780472668),
        (0.75, 90.5, 30.5, -0.6791582928721033),
        (0.01, 1.5, 0.5, -7.761791455567199),
        (0.99, 1.5, 0.5, -0.13594736981189012),
        (0.3, 0.5, 3.5, -0.13567124266993813),
        (0.9999, 40.0, 7.0, -5.334233516789784e-21),
        (0.96, 800.0, 40.0, -0.16012444262263378),
    ];

    #[test]
    fn tails_agree_with_sixty_digit_arithmetic() {
        for (x, a, b, exact) in EXACT {
            let found = log_incomplete_beta(x, a, b);
            let bound = 2e-13 + 1e-14 * exact.abs();
            assert!(
                (found - exact).abs() <= bound,
                "{x} {a} {b}: {found} {exact}"
            );
        }
    }

    #[test]
    fn one_against_two_degrees_of_freedom_has_a_closed_form() {
        // I_x(1, b) = 1 - (1 - x)^b and I_x(a, 1) = x^a
        for i in 1..100 {
            let x = 0.01 * f64::from(i);
            assert!((log_incomplete_beta(x, 7.5, 1.0) - 7.5 * x.ln()).abs() < 1e-13);
            let exact = (1.0 - (1.0 - x).powf(2.5)).ln();
            assert!((log_incomplete_beta(x, 1.0, 2.5) - exact).abs() < 1e-13);
        }
        assert_eq!(log_upper_tail(0.0, 1.0, 9.0), f64::NEG_INFINITY);
        assert_eq!(log_upper_tail(1.0, 1.0, 9.0), 0.0);
        assert!(log_upper_tail(f64::NAN, 1.0, 9.0).is_nan());
    }
}
