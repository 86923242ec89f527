//! One partial correlation, to full precision.

use super::double::Double;

/// What is left of a pair once the conditioning set is accounted for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partial {
    /// The partial correlation.
    pub(super) r: f64,
    /// `1 - r²`, with its own precision where r is near 1.
    pub(super) one_minus_r2: f64,
    /// Which variable is least free of others.
    weakest: Weakest,
}

/// The smallest `1 - R²` of a variable given those before it in the order set, x, y; y is not
/// regressed on x.
#[derive(Clone, Copy, Debug)]
struct Weakest {
    at: usize,
    one_minus_r2: f64,
}

/// A variable that others determine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Determined {
    /// The member of the set at this position, by those before it.
    Member(usize),
    /// x, by the set.
    X,
    /// y, by the set.
    Y,
    /// y, by the set and x.
    YByX,
}

impl Partial {
    /// For a matrix that was inverted as a whole.
    pub(super) fn from_r(r: f64) -> Self {
        let weakest = Weakest {
            at: 0,
            one_minus_r2: 1.0,
        };
        Self {
            r,
            one_minus_r2: (1.0 - r) * (1.0 + r),
            weakest,
        }
    }

    /// The absolute value of Fisher's z, `atanh r`.
    pub(super) fn fisher_z(&self) -> f64 {
        let r = self.r.abs();
        if r < 0.5 {
            return 0.5 * (2.0 * r / (1.0 - r)).ln_1p();
        }
        0.5 * ((1.0 + r) * (1.0 + r) / self.one_minus_r2).ln()
    }

    /// The variable that others determine up to this `1 - R²`, and its `1 - R²`, if there is one.
    pub(super) fn determined(&self, tolerance: f64, n_given: usize) -> Option<(Determined, f64)> {
        let Weakest { at, one_minus_r2 } = self.weakest;
        let free = |rest: f64| rest > tolerance;
        if !free(one_minus_r2) {
            let variable = match at.checked_sub(n_given) {
                None => Determined::Member(at),
                Some(0) => Determined::X,
                Some(_) => Determined::Y,
            };
            return Some((variable, one_minus_r2));
        }
        (!free(self.one_minus_r2)).then_some((Determined::YByX, self.one_minus_r2))
    }
}

/// The partial correlation of `x` and `y` given `given`, from correlations `corr(i, j)`.
///
/// Where rounding has left `corr(i, j)` and `corr(j, i)` apart, their mean counts.
///
/// Eliminates the conditioning set by a square-root-free Cholesky factorisation in doubled
/// precision, so that the result is that of exact arithmetic on these correlations, rounded, for
/// condition numbers up to about 1e15. O((k + 2)³ / 6) multiplications for k conditioning
/// variables.
pub(super) fn partial(
    corr: impl Fn(usize, usize) -> f64,
    x: usize,
    y: usize,
    given: &[usize],
) -> Partial {
    if given.is_empty() {
        return Partial::from_r(Double::mean(corr(x, y), corr(y, x)).high);
    }
    let order: Vec<usize> = given.iter().copied().chain([x, y]).collect();
    let mut rows = Triangle::new(corr, &order);
    let k = given.len();
    for i in 0..k {
        rows.eliminate(i, order.len());
    }
    let (xx, xy, yy) = (rows.get(k, k), rows.get(k + 1, k), rows.get(k + 1, k + 1));
    let scale = xx * yy;
    Partial {
        r: (xy.high / scale.high.sqrt()).clamp(-1.0, 1.0),
        one_minus_r2: ((scale - xy * xy) / scale).high,
        weakest: rows.weakest(order.len()),
    }
}

/// The lower triangle of a symmetric matrix, row after row.
struct Triangle(Vec<Double>);

impl Triangle {
    fn new(corr: impl Fn(usize, usize) -> f64, order: &[usize]) -> Self {
        let mut entries = Vec::with_capacity(order.len() * (order.len() + 1) / 2);
        for (i, &a) in order.iter().enumerate() {
            let mean = |&b: &usize| Double::mean(corr(a, b), corr(b, a));
            entries.extend(order[..=i].iter().map(mean));
        }
        Self(entries)
    }

    fn get(&self, row: usize, column: usize) -> Double {
        self.0[row * (row + 1) / 2 + column]
    }

    /// Conditions the variables after `k` on variable `k`. Its column is left as it is.
    fn eliminate(&mut self, k: usize, n: usize) {
        let pivot = self.get(k, k);
        for row in k + 1..n {
            let factor = self.get(row, k) / pivot;
            for column in k + 1..=row {
                let at = row * (row + 1) / 2 + column;
                self.0[at] = self.0[at] - factor * self.get(column, k);
            }
        }
    }

    /// The smallest of the diagonal.
    fn weakest(&self, n: usize) -> Weakest {
        let mut weakest = Weakest {
            at: 0,
            one_minus_r2: f64::INFINITY,
        };
        for at in 0..n {
            let rest = self.get(at, at).high;
            // Not a number once something before it was zero: then that one counts.
            if rest < weakest.one_minus_r2 {
                weakest = Weakest {
                    at,
                    one_minus_r2: rest,
                };
            }
        }
        weakest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_screened_off() {
        // 0 - 1 - 2 with r01 = 0.5, r12 = 0.25 and r02 = 0.125, all exact in binary
        let corr = |i: usize, j: usize| match (i.min(j), i.max(j)) {
            (0, 1) => 0.5,
            (1, 2) => 0.25,
            (0, 2) => 0.125,
            _ => 1.0,
        };
        assert_eq!(partial(corr, 0, 2, &[1]).r, 0.0);
        assert_eq!(partial(corr, 0, 2, &[]).r, 0.125);
        assert_eq!(partial(corr, 0, 2, &[1]).weakest.one_minus_r2, 0.75);
        assert_eq!(partial(corr, 0, 2, &[1]).determined(0.7, 1), None);
    }

    #[test]
    fn fisher_z_is_atanh() {
        for r in [-0.999_999, -0.7, -0.1, 1e-9, 0.3, 0.5, 0.9] {
            let found = partial(|i, j| if i == j { 1.0 } else { r }, 0, 1, &[]).fisher_z();
            assert!((found / f64::abs(r).atanh() - 1.0).abs() < 1e-10, "{r}");
        }
    }

    #[test]
    fn the_determined_variable_is_found() {
        let equal = |_: usize, _: usize| 1.0;
        let found =
            |x, y, given: &[usize]| partial(equal, x, y, given).determined(1e-13, given.len());
        assert_eq!(found(0, 1, &[]), Some((Determined::YByX, 0.0)));
        assert_eq!(found(0, 1, &[2]), Some((Determined::X, 0.0)));
        assert_eq!(found(0, 1, &[2, 3]), Some((Determined::Member(1), 0.0)));
    }
}
