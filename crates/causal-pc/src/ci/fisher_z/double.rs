//! Arithmetic with about 32 digits: an unevaluated sum of two `f64`.
//!
//! T. J. Dekker, "A floating-point technique for extending the available precision", Numerische
//! Mathematik 18 (1971).

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `high + low`, with `low` below half a unit in the last place of `high`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Double {
    pub(super) high: f64,
    low: f64,
}

impl Double {
    /// The mean of two numbers, exactly.
    pub(super) fn mean(a: f64, b: f64) -> Self {
        let (high, low) = two_sum(0.5 * a, 0.5 * b);
        Self { high, low }
    }
}

impl From<f64> for Double {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Neg for Double {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            high: -self.high,
            low: -self.low,
        }
    }
}

impl Add for Double {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (sum, error) = two_sum(self.high, other.high);
        let (low, low_error) = two_sum(self.low, other.low);
        let (high, rest) = fast_two_sum(sum, error + low);
        let (high, low) = fast_two_sum(high, rest + low_error);
        Self { high, low }
    }
}

impl Sub for Double {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (product, error) = two_product(self.high, other.high);
        let cross = self.high * other.low + self.low * other.high;
        let (high, low) = fast_two_sum(product, error + cross);
        Self { high, low }
    }
}

impl Div for Double {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * first.into();
        let second = rest.high / other.high;
        let rest = rest - other * second.into();
        let (high, low) = fast_two_sum(first, second);
        Self { high, low } + (rest.high / other.high).into()
    }
}

/// The sum and its rounding error.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// As [`two_sum`], for `|a| >= |b|`.
fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// The product and its rounding error.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    let ((a1, a2), (b1, b2)) = (split(a), split(b));
    (product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2)
}

/// Two halves of 26 bits each.
fn split(a: f64) -> (f64, f64) {
    let shifted = 134_217_729.0 * a;
    let high = shifted - (shifted - a);
    (high, a - high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_are_exact_to_thirty_digits() {
        let third = Double::from(1.0) / Double::from(3.0);
        let gap = third + third + third - Double::from(1.0);
        assert!(gap.high.abs() < 1e-31, "{gap:?}");
    }

    #[test]
    fn squares_of_differences_cancel() {
        // (1 + e)² - 1 - 2e = e²
        let e = 2f64.powi(-40);
        let one_more = Double::from(1.0 + e);
        let rest = one_more * one_more - Double::from(1.0) - Double::from(2.0 * e);
        assert_eq!(rest.high, e * e);
    }
}
