//! Which features are most active.

use tch::{Kind, Tensor};

use crate::Error;
use crate::error::Doing;

/// The `k` features with the largest activation over the tokens of `acts` `[tokens, d_sae]`, largest first, each with
/// that activation.
///
/// Only features that are not zero at some token are ranked, so there may be fewer than `k`. Of equal ones the first to
/// appear comes first: the earlier token, then the smaller index. This is the ranking by which the published
/// value-steering experiments chose their features.
///
/// # Errors
/// `acts` is not a matrix, or holds something that is not a number.
///
/// # Complexity
/// Time `O(tokens d_sae + n log n)` for `n` active features.
///
/// ```
/// use tch_lens::sae::top_features;
/// use tch_lens::tch::Tensor;
///
/// let acts = Tensor::from_slice2(&[[0.0, 3.0, 0.0, 1.0], [2.0, 0.0, 0.0, 3.0]]);
/// assert_eq!(top_features(&acts, 2)?, [(1, 3.0), (3, 3.0)]);
/// assert_eq!(top_features(&acts, 9)?, [(1, 3.0), (3, 3.0), (0, 2.0)]);
/// # Ok::<(), tch_lens::Error>(())
/// ```
pub fn top_features(acts: &Tensor, k: usize) -> Result<Vec<(usize, f64)>, Error> {
    let [_, d_sae] = acts.size()[..] else {
        return Err(refused("[tokens, d_sae]", format!("{:?}", acts.size())));
    };
    let doing = || "ranking features".to_owned();
    let flat = acts
        .f_to_kind(Kind::Double)
        .and_then(|acts| acts.f_reshape(-1))
        .doing(doing)?;
    let flat = Vec::<f64>::try_from(&flat).doing(doing)?;
    let d_sae = usize::try_from(d_sae).unwrap_or(0).max(1);
    let mut place: Vec<Option<usize>> = vec![None; d_sae];
    let mut ranked: Vec<(usize, f64)> = Vec::new();
    for (i, act) in flat.into_iter().enumerate().filter(|(_, act)| *act != 0.0) {
        let (token, feature) = (i / d_sae, i % d_sae);
        if act.is_nan() {
            let found = format!("NaN at token {token}, feature {feature}");
            return Err(refused("numbers", found));
        }
        match place[feature] {
            Some(place) => ranked[place].1 = act.max(ranked[place].1),
            None => {
                place[feature] = Some(ranked.len());
                ranked.push((feature, act));
            }
        }
    }
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked.truncate(k);
    Ok(ranked)
}

fn refused(expected: &str, found: String) -> Error {
    Error::Request {
        what: "activations to rank".into(),
        expected: expected.into(),
        found,
    }
}
