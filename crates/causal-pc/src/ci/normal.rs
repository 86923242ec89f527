//! Two-sided tails of the standard normal distribution, with full relative precision.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use libm::erfc;
use statrs::function::erf::erfc_inv;

/// Beyond this the tail nears the smallest `f64`, and its logarithm is taken from a series.
const FAR: f64 = 36.0;

/// `2 (1 - Φ(z))` for `z >= 0`.
pub(super) fn two_sided_p(z: f64) -> f64 {
    erfc(z * FRAC_1_SQRT_2)
}

/// `ln(2 (1 - Φ(z)))` for `z >= 0`, exact far beyond where the tail itself vanishes.
pub(super) fn log_two_sided_p(z: f64) -> f64 {
    if z < FAR {
        return two_sided_p(z).ln();
    }
    if z.is_infinite() {
        return f64::NEG_INFINITY;
    }
    let z2 = z * z;
    -0.5 * z2 - z.ln() + 0.5 * (2.0 / PI).ln() + mills_series(1.0 / z2).ln_1p()
}

/// The `z >= 0` with `ln(2 (1 - Φ(z))) = log_p`.
pub(super) fn two_sided_quantile(log_p: f64) -> f64 {
    if log_p >= 0.0 {
        return 0.0;
    }
    if log_p == f64::NEG_INFINITY {
        return f64::INFINITY;
    }
    let mut z = if log_p > -600.0 {
        SQRT_2 * erfc_inv(log_p.exp())
    } else {
        (-2.0 * log_p).sqrt()
    };
    for _ in 0..50 {
        let step = newton_step(z, log_p);
        z = (z + step).max(0.0);
        if step.abs() <= 1e-15 * z {
            break;
        }
    }
    z
}

/// Newton's step towards `log_two_sided_p(z) = log_p`.
fn newton_step(z: f64, log_p: f64) -> f64 {
    let log_tail = log_two_sided_p(z);
    let log_density = 0.5 * (2.0 / PI).ln() - 0.5 * z * z;
    (log_tail - log_p) / (log_density - log_tail).exp()
}

/// `-t + 3 t² - 15 t³ + ...` with `t = 1/z²`: Mills' ratio times z, less one.
fn mills_series(t: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 0.0;
    for k in 0..8 {
        term *= -t * f64::from(2 * k + 1);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ln erfc(z / √2)` by 50-digit arithmetic.
    const LOG_TAILS: [(f64, f64); 7] = [
        (0.001, -7.982_029_070_198_694e-4),
        (1.0, -1.147_874_464_449_318_2),
        (5.0, -14.371_851_213_428_78),
        (20.0, -203.224_008_190_537_32),
        (36.0, -651.810_080_413_238_5),
        (40.0, -803.915_294_833_193_9),
        (1000.0, -500_007.133_547_631_6),
    ];

    #[test]
    fn tails_agree_with_long_arithmetic() {
        for (z, expected) in LOG_TAILS {
            let found = log_two_sided_p(z);
            assert!(
                (found - expected).abs() < 3e-15 * expected.abs().max(1.0),
                "{z}: {found} {expected}"
            );
        }
    }

    #[test]
    fn the_quantile_inverts_the_tail() {
        for z in [1e-6, 0.1, 1.96, 8.0, 30.0, 35.9, 36.1, 50.0, 1e4] {
            let back = two_sided_quantile(log_two_sided_p(z));
            assert!((back / z - 1.0).abs() < 1e-9, "{z} came back as {back}");
        }
        assert_eq!(two_sided_quantile(0.0), 0.0);
        assert_eq!(two_sided_quantile(f64::NEG_INFINITY), f64::INFINITY);
    }
}
