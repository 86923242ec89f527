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
    let k = given.len();
    let variable = |at: usize| match at.checked_sub(k) {
        None => given[at],
        Some(0) => x,
        Some(_) => y,
    };
    let mean = |i: usize, j: usize| {
        let (a, b) = (variable(i), variable(j));
        Double::mean(corr(a, b), corr(b, a))
    };
    let mut few = [Double::default(); triangular(FEW)];
    let mut many = Vec::new();
    let entries = if k + 2 <= FEW {
        &mut few[..triangular(k + 2)]
    } else {
        many.resize(triangular(k + 2), Double::default());
        &mut many[..]
    };
    let mut rows = Triangle { n: k + 2, entries };
    rows.fill(mean);
    (0..k).for_each(|i| rows.eliminate(i));
    let (xx, xy, yy) = (rows.get(k, k), rows.get(k + 1, k), rows.get(k + 1, k + 1));
    let scale = xx * yy;
    Partial {
        r: (xy.high / scale.high.sqrt()).clamp(-1.0, 1.0),
        one_minus_r2: (scale - xy * xy).high / scale.high,
        weakest: rows.weakest(),
    }
}

/// So many variables need no allocation.
const FEW: usize = 8;

/// The number of entries of a triangle with its diagonal.
const fn triangular(n: usize) -> usize {
    n * (n + 1) / 2
}

/// The lower triangle of a symmetric matrix, row after row.
struct Triangle<'a> {
    n: usize,
    entries: &'a mut [Double],
}

impl Triangle<'_> {
    fn fill(&mut self, entry: impl Fn(usize, usize) -> Double) {
        for row in 0..self.n {
            for column in 0..=row {
                self.entries[triangular(row) + column] = entry(row, column);
            }
        }
    }

    fn get(&self, row: usize, column: usize) -> Double {
        self.entries[triangular(row) + column]
    }

    /// Conditions the variables after `k` on variable `k`. Its column is left as it is.
    fn eliminate(&mut self, k: usize) {
        let (pivot, one) = (self.get(k, k), Double::from(1.0));
        let inverse = if pivot == one { one } else { one / pivot };
        for row in k + 1..self.n {
            let factor = self.get(row, k) * inverse;
            for column in k + 1..=row {
                let at = triangular(row) + column;
                self.entries[at] = self.entries[at] - factor * self.get(column, k);
            }
        }
    }

    /// The smallest of the diagonal.
    fn weakest(&self) -> Weakest {
        let mut weakest = Weakest {
            at: 0,
            one_minus_r2: f64::INFINITY,
        };
        for at in 0..self.n {
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
