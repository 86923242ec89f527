//! The direction of most variance.

use tch::{Kind, Tensor};

use super::two_sets;
use crate::Error;
use crate::error::request;

/// How near the two greatest eigenvalues may be, as a share of the greatest, before neither direction stands out.
const LEAST_GAP: f64 = 1e-6;

/// What is taken off before the direction of most variance is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Centring {
    /// Each pair's middle, off both of its rows (`pca_center` of repeng). The same direction as
    /// [`Differences`](Self::Differences).
    Pairs,
    /// Nothing, off the pairs' differences: a difference that all pairs share counts.
    Differences,
    /// The mean difference, off the pairs' differences: the default (`pca_diff`) of
    /// [repeng](https://github.com/vgel/repeng). It takes away the very difference that all pairs share, and finds how
    /// pairs differ from one another instead; [`Principal::caveat`] says so.
    CentredDifferences,
    /// The mean of all rows, off each: pairs do not count, and what varies most between texts may be anything.
    Global,
}

/// A direction of most variance.
#[derive(Debug)]
#[non_exhaustive]
pub struct Principal {
    /// `[width]`, of unit length, in 64 bits: more pairs have their positive row farther along it than their negative one.
    /// Where as many have it the other way round, the mean difference decides.
    pub direction: Tensor,
    /// The two greatest eigenvalues of the sum of the rows' outer products; the second is 0 where there is one dimension.
    pub eigenvalues: [f64; 2],
    /// The cosine between the direction and the mean difference; NaN where that is 0.
    pub cosine_with_mean_difference: f64,
    centring: Centring,
}

impl Principal {
    /// What must be said beside a direction that was found with this centring; none where nothing must.
    #[must_use]
    pub fn caveat(&self) -> Option<&'static str> {
        match self.centring {
            Centring::Pairs | Centring::Differences => None,
            Centring::CentredDifferences => Some(
                "the mean difference was taken off first, so that the direction is one in which pairs differ from one \
                 another, not one in which the positive rows differ from the negative ones",
            ),
            Centring::Global => Some(
                "pairs did not count, so that the direction is the one in which all texts vary most, whatever that is",
            ),
        }
    }
}

/// The direction of most variance of pairs of rows `[n, width]`.
///
/// # Errors
/// Sets of other shapes or sizes; numbers that are not finite; no direction that stands out: rows that do not vary, or whose
/// two greatest eigenvalues are the same to a millionth.
///
/// # Complexity
/// With `m` the less of width and rows, of which there are `n` or `2 n`: `O(n width m + m^3)`.
pub fn principal_direction(
    positive: &Tensor,
    negative: &Tensor,
    centring: Centring,
) -> Result<Principal, Error> {
    let (positive, negative) = two_sets(positive, negative)?;
    if positive.size() != negative.size() {
        let (expected, found) = (positive.size(), negative.size());
        let expected = format!("shape {expected:?}: a row for each positive one");
        return Err(request("the negative rows", expected, format!("{found:?}")));
    }
    let differences = positive.f_sub(&negative)?;
    let mean = |x: &Tensor| x.f_mean_dim([0_i64].as_slice(), true, Kind::Double);
    let mean_difference = mean(&differences)?;
    let rows = match centring {
        Centring::Pairs => {
            let half = differences.f_mul_scalar(0.5)?;
            Tensor::f_cat(&[&half, &half.f_neg()?], 0)?
        }
        Centring::Differences => differences.shallow_clone(),
        Centring::CentredDifferences => differences.f_sub(&mean_difference)?,
        Centring::Global => {
            let all = Tensor::f_cat(&[&positive, &negative], 0)?;
            all.f_sub(&mean(&all)?)?
        }
    };
    let scale = positive.f_abs()?.f_max()?.f_double_value(&[])?;
    let (direction, eigenvalues) = first_eigenvector(&rows, scale)?;
    let along = differences.f_matmul(&direction)?;
    let count = |x: Tensor| x.f_sum(Kind::Int64)?.f_int64_value(&[]);
    let more = count(along.f_gt(0.0)?)? - count(along.f_lt(0.0)?)?;
    let mean_along = mean_difference.f_view([-1])?.f_dot(&direction)?;
    let mean_along = mean_along.f_double_value(&[])?;
    let turned = if more == 0 {
        mean_along < 0.0
    } else {
        more < 0
    };
    let sign = if turned { -1.0 } else { 1.0 };
    let length = mean_difference.f_norm()?.f_double_value(&[])?;
    Ok(Principal {
        direction: direction.f_mul_scalar(sign)?,
        eigenvalues,
        cosine_with_mean_difference: sign * mean_along / length,
        centring,
    })
}

/// The unit eigenvector of the greatest eigenvalue of `rows^T rows`, found from the smaller of the two Gram matrices.
fn first_eigenvector(rows: &Tensor, scale: f64) -> Result<(Tensor, [f64; 2]), Error> {
    let (n, width) = rows.size2()?;
    let transposed = rows.f_tr()?;
    let gram = if n < width {
        rows.f_matmul(&transposed)?
    } else {
        transposed.f_matmul(rows)?
    };
    let (values, vectors) = gram.f_linalg_eigh("L")?;
    let m = values.size()[0];
    let first = values.f_double_value(&[m - 1])?;
    let second = if m > 1 {
        values.f_double_value(&[m - 2])?
    } else {
        0.0
    };
    let rounding = 1e-14 * scale * scale * (n * width) as f64;
    if first.is_nan() || first <= rounding {
        let found = format!("a greatest eigenvalue of {first:e}");
        return Err(request("a principal direction", "rows that vary", found));
    }
    if first - second <= LEAST_GAP * first {
        let found = format!("eigenvalues {first} and {second}");
        let expected = "one direction that stands out";
        return Err(request("a principal direction", expected, found));
    }
    let vector = vectors.f_select(1, m - 1)?;
    let vector = if n < width {
        transposed.f_matmul(&vector)?
    } else {
        vector
    };
    Ok((vector.f_div(&vector.f_norm()?)?, [first, second.max(0.0)]))
}
