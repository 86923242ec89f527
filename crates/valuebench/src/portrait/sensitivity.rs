use super::{PortraitRatings, Variant};
use crate::stats::mean;

/// How much a model's ratings depend on how it is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    /// Share of items that the three wordings, options forward, do not all rate alike.
    pub wording: f64,
    /// Mean difference between two wordings.
    pub wording_difference: f64,
    /// Mean difference between two variants, wordings and orders alike.
    pub difference_over_all: f64,
    /// For each wording, the share of items that both orders of the options do not rate alike;
    /// `None` where no item was answered in both.
    pub order: [Option<f64>; 3],
    /// Their mean.
    pub order_mean: f64,
    /// Mean difference between both orders, averaged over the wordings.
    pub order_difference: f64,
    /// Number of items that were answered in both orders of at least two wordings.
    pub n_items: usize,
}

/// Of one model's ratings of all items. Of an item those wordings count that were answered in both
/// orders; `None` where no item has two.
///
/// ```
/// use valuebench::portrait::{PortraitRatings, sensitivity};
///
/// let ratings = [[4, 4, 4, 5, 4, 4], [2, 2, 3, 3, 2, 2]].map(|of| PortraitRatings(of.map(Some)));
/// let found = sensitivity(&ratings).unwrap();
/// assert_eq!(found.wording, 0.5); // the second item
/// assert_eq!(found.order, [Some(0.0), Some(0.5), Some(0.0)]); // the first item, by the second wording
/// ```
pub fn sensitivity(ratings: &[PortraitRatings]) -> Option<Sensitivity> {
    let mut of_wording = Vec::new();
    let (mut wording, mut all) = (Vec::new(), Vec::new());
    let mut orders: [Vec<f64>; Variant::WORDINGS] = Default::default();
    for PortraitRatings(ratings) in ratings {
        let (both, _) = ratings.as_chunks::<2>();
        let both = both
            .iter()
            .enumerate()
            .filter_map(|(wording, both)| match both {
                [Some(forward), Some(reversed)] => Some((wording, [*forward, *reversed])),
                _ => None,
            });
        let both: Vec<(usize, [i32; 2])> = both.collect();
        for &(wording, [forward, reversed]) in &both {
            orders[wording].push(f64::from(forward.abs_diff(reversed)));
        }
        let forward: Vec<i32> = both.iter().map(|(_, [forward, _])| *forward).collect();
        let every: Vec<i32> = both.iter().flat_map(|(_, both)| *both).collect();
        if forward.len() >= 2 {
            of_wording.push(f64::from(u8::from(
                forward.iter().any(|&r| r != forward[0]),
            )));
            wording.push(mean_difference(&forward));
        }
        if every.len() >= 2 {
            all.push(mean_difference(&every));
        }
    }
    let unlike = |differences: &[f64]| {
        let unlike = differences.iter().filter(|&&difference| difference > 0.0);
        unlike.count() as f64 / differences.len() as f64
    };
    let answered: Vec<&Vec<f64>> = orders.iter().filter(|order| !order.is_empty()).collect();
    let over_wordings = |of: &dyn Fn(&[f64]) -> f64| {
        let of: Vec<f64> = answered.iter().map(|order| of(order)).collect();
        mean(&of)
    };
    (!wording.is_empty()).then(|| Sensitivity {
        wording: mean(&of_wording),
        wording_difference: mean(&wording),
        difference_over_all: mean(&all),
        order: [0, 1, 2].map(|at: usize| (!orders[at].is_empty()).then(|| unlike(&orders[at]))),
        order_mean: over_wordings(&unlike),
        order_difference: over_wordings(&mean),
        n_items: wording.len(),
    })
}

/// Over all pairs, of at least two ratings.
fn mean_difference(ratings: &[i32]) -> f64 {
    let pairs = (0..ratings.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let differences: Vec<f64> = pairs
        .map(|(a, b)| f64::from(ratings[a].abs_diff(ratings[b])))
        .collect();
    mean(&differences)
}
