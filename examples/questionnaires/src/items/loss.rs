use ndarray::{ArrayView1, ArrayView2, Axis};
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use value_causal::bench::ItemScores;
use value_causal::psychometrics::PartialScores;
use value_causal::psychometrics::ranks::spearman;
use value_causal::psychometrics::reliability::pairwise_alpha;

use super::Roles;
use super::adaptive::order_kept;

/// How many random choices of items are averaged.
const RANDOM: usize = 200;

/// How near the mean of some of a value's items comes to that of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Spearman's correlation over the roles; none where a side has no order.
    pub r: Option<f64>,
    /// Mean absolute difference.
    pub gap: f64,
}

/// What a questionnaire of some of a value's items loses against one of all.
pub struct Loss {
    /// Number of the value's items.
    pub items: usize,
    /// Number of those chosen.
    pub kept: usize,
    /// The chosen items, over the roles that they were chosen by.
    pub choosing: Fit,
    /// The same over the others.
    pub held_out: Fit,
    /// As many items at random, over the others: the mean of many choices.
    pub random: Fit,
    /// As many questions of an adaptive test, over the others: the correlation alone, or why there is none.
    pub adaptive: Result<f64, String>,
    /// Cronbach's alpha of all items and of the chosen ones, over the others.
    pub alpha: [Option<f64>; 2],
}

impl Loss {
    /// Of the items of one value, of which those at the places `chosen` are kept. Rows are what the roles answered unsteered.
    #[must_use]
    pub fn of(scores: &ItemScores, chosen: &[usize], roles: &Roles, seed: u64) -> Self {
        let rows = |of: &[String]| {
            scores.select(|setting| {
                setting.is_unsteered()
                    && setting.role.as_ref().is_some_and(|role| of.contains(role))
            })
        };
        let (choosing, held_out) = (rows(&roles.choosing), rows(&roles.held_out));
        let (choosing, held_out) = (choosing.matrix(), held_out.matrix());
        let all: Vec<usize> = (0..scores.items().len()).collect();
        let adaptive = order_kept(choosing, held_out, chosen.len());
        Self {
            items: all.len(),
            kept: chosen.len(),
            choosing: fit(choosing, chosen),
            held_out: fit(held_out, chosen),
            random: random(held_out, chosen.len(), seed),
            adaptive: adaptive.map_err(|why| why.to_string()),
            alpha: [&all[..], chosen].map(|items| alpha(held_out, items)),
        }
    }
}

fn alpha(rows: ArrayView2<'_, f64>, items: &[usize]) -> Option<f64> {
    let cells = rows.select(Axis(1), items);
    pairwise_alpha(&PartialScores::new(cells.view()).ok()?).ok()
}

fn fit(rows: ArrayView2<'_, f64>, chosen: &[usize]) -> Fit {
    let means = |row: ArrayView1<'_, f64>| {
        let some = row.select(Axis(0), chosen);
        Some((mean(row)?, mean(some.view())?))
    };
    let (all, some): (Vec<f64>, Vec<f64>) = rows.rows().into_iter().filter_map(means).unzip();
    let gaps = all.iter().zip(&some).map(|(all, some)| (all - some).abs());
    Fit {
        r: spearman(&all, &some).ok(),
        gap: gaps.sum::<f64>() / all.len() as f64,
    }
}

fn random(rows: ArrayView2<'_, f64>, n: usize, seed: u64) -> Fit {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let fits: Vec<Fit> = (0..RANDOM)
        .map(|_| fit(rows, &sample(&mut rng, rows.ncols(), n).into_vec()))
        .collect();
    let ordered: Vec<f64> = fits.iter().filter_map(|fit| fit.r).collect();
    let r = ordered.iter().sum::<f64>() / ordered.len() as f64;
    Fit {
        r: (!ordered.is_empty()).then_some(r),
        gap: fits.iter().map(|fit| fit.gap).sum::<f64>() / RANDOM as f64,
    }
}

/// Of the numbers that are there; none where none is.
pub(super) fn mean(numbers: ArrayView1<'_, f64>) -> Option<f64> {
    let there = || numbers.iter().filter(|number| !number.is_nan());
    let n = there().count();
    (n > 0).then(|| there().sum::<f64>() / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use value_causal::bench::{Item, Setting};

    #[test]
    fn a_part_is_held_against_the_whole() {
        let rows = array![
            [1.0, 1.0, 1.0, -1.0],
            [1.0, -1.0, -1.0, -1.0],
            [-1.0, -1.0, f64::NAN, -1.0]
        ];
        let found = fit(rows.view(), &[0, 1]);
        assert_eq!(found.r, Some(1.0));
        // 0.5 to 1, -0.5 to 0, -1 to -1.
        assert!((found.gap - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(fit(rows.view(), &[3]).r, None);
        assert_eq!(random(rows.view(), 4, 1).gap, 0.0);
    }

    #[test]
    fn rows_are_those_of_the_roles_unsteered() {
        let item = |n: usize| Item {
            value: "A".to_owned(),
            question: n.to_string(),
            ..Item::default()
        };
        let answers = |n: usize| {
            (0..6)
                .map(|item| Some(f64::from(u8::from((n * 7 + item * n) % 5 > 2))))
                .collect()
        };
        let mut rows: Vec<(Setting, Vec<Option<f64>>)> = (0..10)
            .map(|n| (Setting::of_role(&*n.to_string()), answers(n)))
            .collect();
        rows.push((Setting::steered("0", 1), vec![Some(0.0); 6]));
        rows.push((Setting::of_role(None), vec![Some(0.0); 6]));
        let scores = ItemScores::of((0..6).map(item).collect(), rows).unwrap();
        let roles = Roles::split(&scores, 0.5, 1).unwrap();
        let found = Loss::of(&scores, &[0, 1, 2], &roles, 1);
        assert_eq!((found.items, found.kept), (6, 3));
        let all = Loss::of(&scores, &[0, 1, 2, 3, 4, 5], &roles, 1);
        assert_eq!(
            (all.choosing.r, all.choosing.gap, all.held_out.gap),
            (Some(1.0), 0.0, 0.0)
        );
        assert_eq!(all.alpha[0], all.alpha[1]);
    }
}
