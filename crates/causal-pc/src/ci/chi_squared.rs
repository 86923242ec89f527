//! The upper tail of the chi-squared distribution, with full relative precision.

use std::f64::consts::PI;

/// `P(X >= statistic)` for a chi-squared variable; 1 without degrees of freedom.
pub(super) fn upper_tail(statistic: f64, dof: f64) -> f64 {
    match tail(0.5 * statistic, 0.5 * dof) {
        Tail::Lower(p) => 1.0 - p,
        Tail::LogUpper(log_q) => log_q.exp(),
    }
}

/// The natural logarithm of [`upper_tail`], exact far below the smallest `f64`.
pub(super) fn log_upper_tail(statistic: f64, dof: f64) -> f64 {
    match tail(0.5 * statistic, 0.5 * dof) {
        Tail::Lower(p) => (-p).ln_1p(),
        Tail::LogUpper(log_q) => log_q,
    }
}

/// `ln P(X >= x)` for a gamma variable of this shape and scale 1.
#[cfg(feature = "lapack")]
pub(super) fn log_gamma_upper_tail(x: f64, shape: f64) -> f64 {
    log_upper_tail(2.0 * x, 2.0 * shape)
}

/// One of the regularised incomplete gamma functions, the one without cancellation.
enum Tail {
    Lower(f64),
    LogUpper(f64),
}

/// The series for the lower function below `a + 1`, the continued fraction for the upper one above
/// (Abramowitz and Stegun 1964, 6.5.29 and 6.5.31).
fn tail(x: f64, a: f64) -> Tail {
    if x.is_nan() || a.is_nan() {
        Tail::LogUpper(f64::NAN)
    } else if x <= 0.0 || a <= 0.0 {
        Tail::Lower(0.0)
    } else if x.is_infinite() {
        Tail::LogUpper(f64::NEG_INFINITY)
    } else if x < a + 1.0 {
        Tail::Lower(log_term(x, a).exp() * lower_series(x, a))
    } else {
        Tail::LogUpper((log_term(x, a) + (a * upper_fraction(x, a)).ln()).min(0.0))
    }
}

/// `1 + x / (a + 1) + x^2 / ((a + 1)(a + 2)) + ...`
fn lower_series(x: f64, a: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, a);
    while term > sum * 0.1 * f64::EPSILON {
        k += 1.0;
        term *= x / k;
        sum += term;
    }
    sum
}

/// `1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...)))`, evaluated forwards
/// as Lentz (1976) does; with `x >= a + 1` no denominator vanishes.
fn upper_fraction(x: f64, a: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (f64::INFINITY, 1.0 / b);
    let mut fraction = d;
    let mut k = 0.0;
    loop {
        k += 1.0;
        b += 2.0;
        let numerator = -k * (k - a);
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        let change = c * d;
        fraction *= change;
        let goes_on = (change - 1.0).abs() > f64::EPSILON;
        if !goes_on {
            return fraction;
        }
    }
}

/// `ln(x^a e^-x / gamma(a + 1))`, for large `a` by the deviance form of Loader (2000), "Fast and
/// accurate computation of binomial probabilities", which avoids the difference of large numbers.
fn log_term(x: f64, a: f64) -> f64 {
    if a < 15.0 {
        return a * x.ln() - x - log_factorial(a);
    }
    -stirling_error(a) - deviance(a, x) - 0.5 * (2.0 * PI * a).ln()
}

/// `ln gamma(a + 1)` for `a < 15`, for a whole or half number, half of the degrees of freedom, from
/// the product.
fn log_factorial(a: f64) -> f64 {
    let mut product = match a.fract() {
        0.0 => 1.0,
        0.5 => 0.5 * PI.sqrt(),
        _ => return libm::lgamma(a + 1.0),
    };
    let mut k = a;
    while k > 0.5 {
        product *= k;
        k -= 1.0;
    }
    product.ln()
}

/// `ln(a!) - ln(sqrt(2 pi a) (a / e)^a)` for `a >= 15`.
fn stirling_error(a: f64) -> f64 {
    let a2 = a * a;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * a2)) / a2) / a2) / a2)
        / a
}

/// `a ln(a / x) + x - a`.
fn deviance(a: f64, x: f64) -> f64 {
    let difference = a - x;
    if difference.abs() >= 0.1 * (a + x) {
        return a * (a / x).ln() - difference;
    }
    let v = difference / (a + x);
    let (mut sum, mut term, mut odd) = (difference * v, 2.0 * a * v, 1.0);
    loop {
        term *= v * v;
        odd += 2.0;
        let next = sum + term / odd;
        if next == sum {
            return next;
        }
        sum = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ln` of the upper tail from 60-digit arithmetic: statistic, degrees of freedom, value.
    const EXACT: [(f64, f64, f64); 24] = [
        (0.001, 1.0, -0.025550779355950622),
        (0.5, 1.0, -0.7350111298370844),
        (2.9, 1.0, -2.423854231529681),
        (3.1, 1.0, -2.547306095305926),
        (30.0, 1.0, -16.95731815812879),
        (2000.0, 1.0, -1004.0267419589519),
        (1.0, 3.0, -0.22157982843984866),
        (4.99, 3.0, -1.7571791620896624),
        (40.0, 3.0, -18.35722809332235),
        (0.01, 4.0, -1.2458488960926388e-05),
        (6.0, 4.0, -1.6137056388801094),
        (9.0, 4.0, -2.7952519077615747),
        (700.0, 4.0, -344.1392137765341),
        (12.0, 13.0, -0.6393337388961831),
        (14.0, 13.0, -0.9839167431679011),
        (300.0, 13.0, -128.06697182549024),
        (25.0, 28.0, -0.4654773380639952),
        (29.0, 31.0, -0.5634648637487057),
        (96.0, 96.0, -0.7322960699175027),
        (600.0, 96.0, -168.55528057159458),
        (900.0, 1000.0, -0.010775081338570533),
        (1100.0, 1000.0, -4.225747378926617),
        (10300.0, 10000.0, -4.037692954770577),
        (1000400.0, 1000000.0, -0.9455071958129054),
    ];

    #[test]
    fn tails_agree_with_sixty_digit_arithmetic() {
        for (statistic, dof, exact) in EXACT {
            let found = log_upper_tail(statistic, dof);
            // The error of a logarithm is the relative error of the tail.
            let bound = 2e-14 + 4.0 * f64::EPSILON * exact.abs();
            assert!(
                (found - exact).abs() <= bound,
                "{statistic} {dof}: {found} {exact}"
            );
            assert_eq!(upper_tail(statistic, dof) > 0.0, exact > -745.0);
        }
    }

    #[test]
    fn two_degrees_of_freedom_are_an_exponential() {
        for i in 0..4000 {
            let statistic = 0.01 + 0.37 * f64::from(i);
            let error = log_upper_tail(statistic, 2.0) + 0.5 * statistic;
            assert!(
                error.abs() < 1e-15 * (10.0 + statistic),
                "{statistic}: {error}"
            );
        }
    }

    #[test]
    fn edges_of_the_range_are_answered() {
        assert_eq!(upper_tail(0.0, 3.0), 1.0);
        assert_eq!(upper_tail(7.0, 0.0), 1.0);
        assert_eq!(upper_tail(f64::INFINITY, 3.0), 0.0);
        assert_eq!(log_upper_tail(f64::INFINITY, 3.0), f64::NEG_INFINITY);
        assert!(upper_tail(f64::NAN, 3.0).is_nan());
    }
}
