//! How well changes were predicted, whoever predicted them.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::effects::{Action, LinearModel};
use value_causal::ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView3, Axis, s};

use program::Failure;
use reproduce::correlation::pearson;

/// A number with its interval over resampled roles, 95%.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// On the data as they are.
    pub value: f64,
    /// 2.5% of the resamples are below.
    pub low: f64,
    /// 2.5% are above.
    pub high: f64,
}

/// How well changes were predicted, over all (case, moved value, other value); see [`score`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Number of (case, moved value, other value).
    pub n: usize,
    /// In how many of them the other value moved too.
    pub n_moved: usize,
    /// Area under the ROC curve: whether the size of the predicted change tells others that moved
    /// from others that stayed.
    pub auc: Option<Estimate>,
    /// The same, where only pairs are compared in which the other value is the same one. A prediction
    /// that knows nothing but how often each value moves has 0.5 here.
    pub auc_same_other: Option<Estimate>,
    /// Spearman's correlation, over pairs of values, of the mean predicted size with the share of
    /// cases in which the other moved too.
    pub rank_correlation: Option<Estimate>,
    /// Where the other moved and a change was predicted: the share with the right sign. `None` for
    /// what predicts no sign.
    pub sign_agreement: Option<Estimate>,
    /// 1 less the sum of squared errors over that of predicting no change: above 0 is better than
    /// that. `None` for what predicts no size.
    pub explained: Option<Estimate>,
}

/// Steered cases beside what they were before, by role.
#[derive(Clone, Debug)]
pub struct HeldOut {
    /// `[cases, values]`
    pub before: Array2<f64>,
    /// `[cases, values]`
    pub after: Array2<f64>,
    /// The role of each case, from 0: what is resampled.
    pub roles: Vec<usize>,
    /// The value that was acted upon in each case, where that is known; without it each value that
    /// moved counts in turn.
    pub acted: Option<Vec<usize>>,
}

/// What was predicted: `[cases, values, values]`, for a case and the value that moved, of every
/// other value.
#[derive(Clone, Debug)]
pub enum Predicted {
    /// The change, with its sign and in its unit.
    Changes(Array3<f64>),
    /// How likely a change is, or how large: only the order counts.
    Inclinations(Array3<f64>),
}

impl HeldOut {
    /// The steered rows of a table whose role has an unsteered row.
    #[must_use]
    pub fn of(table: &OrientationTable) -> Self {
        let mut places: BTreeMap<Setting, usize> = BTreeMap::new();
        let (mut rows, mut bases, mut roles) = (Vec::new(), Vec::new(), Vec::new());
        for (row, setting) in table.settings().iter().enumerate() {
            let unsteered = setting.unsteered();
            let (Some(base), false) = (table.position(&unsteered), setting.is_unsteered()) else {
                continue;
            };
            let next = places.len();
            roles.push(*places.entry(unsteered).or_insert(next));
            rows.push(row);
            bases.push(base);
        }
        Self {
            before: table.matrix().select(Axis(0), &bases),
            after: table.matrix().select(Axis(0), &rows),
            roles,
            acted: None,
        }
    }

    fn n_values(&self) -> usize {
        self.before.ncols()
    }

    fn counts(&self, case: usize, cause: usize) -> bool {
        let acted = self.acted.as_ref();
        self.change(case, cause) != 0.0 && acted.is_none_or(|acted| acted[case] == cause)
    }

    fn change(&self, case: usize, value: usize) -> f64 {
        self.after[[case, value]] - self.before[[case, value]]
    }

    /// Whether each value moved in each case, `[cases, values]`.
    pub(super) fn moved(&self) -> Array2<bool> {
        Array2::from_shape_fn(self.before.dim(), |at| self.after[at] != self.before[at])
    }

    /// By counterfactuals: each case as it was before, had the value that moved been set to what it
    /// is after.
    pub(super) fn by_model(&self, model: &LinearModel) -> Result<Predicted, Failure> {
        self.by_levels(|before, action| Ok(model.counterfactual(before, &[action])?))
    }

    /// By interventions: the mean of each value under do(the value that moved is what it is after),
    /// whatever else the case was before.
    pub(super) fn by_intervention(&self, model: &LinearModel) -> Result<Predicted, Failure> {
        self.by_levels(|_, action| Ok(model.expected_under(&[action])?))
    }

    /// By what each value is after an action, less what it was before.
    fn by_levels(
        &self,
        after: impl Fn(ArrayView1<'_, f64>, (usize, Action)) -> Result<Array1<f64>, Failure>,
    ) -> Result<Predicted, Failure> {
        let p = self.n_values();
        let mut changes = Array3::zeros((self.roles.len(), p, p));
        for (case, before) in self.before.rows().into_iter().enumerate() {
            for cause in 0..p {
                let set = Action::Set(self.after[[case, cause]]);
                let mut of_cause = changes.slice_mut(s![case, cause, ..]);
                of_cause.assign(&(&after(before, (cause, set))? - &before));
            }
        }
        Ok(Predicted::Changes(changes))
    }

    /// By a number for each pair, times the change of the value that moved.
    pub(super) fn by_slopes(&self, slope: impl Fn(usize, usize) -> f64) -> Predicted {
        let p = self.n_values();
        let slopes = Array2::from_shape_fn((p, p), |(cause, effect)| slope(cause, effect));
        let shape = (self.roles.len(), p, p);
        Predicted::Changes(Array3::from_shape_fn(shape, |(case, cause, effect)| {
            slopes[[cause, effect]] * self.change(case, cause)
        }))
    }

    /// By a number for each pair.
    pub(super) fn by_rates(&self, rate: impl Fn(usize, usize) -> f64) -> Predicted {
        let shape = (self.roles.len(), self.n_values(), self.n_values());
        let rate = |(_, cause, effect)| rate(cause, effect);
        Predicted::Inclinations(Array3::from_shape_fn(shape, rate))
    }
}

/// Holds what was predicted against what happened.
///
/// Each case, each value that moved in it (or was acted upon), and each other value count once. Intervals are those of
/// a bootstrap that draws roles with all their cases; resamples without a number are left out. The
/// same seed gives the same intervals, whatever the number of threads.
///
/// # Errors
/// If the arrays do not belong together.
pub fn score(
    held_out: &HeldOut,
    predicted: &Predicted,
    n_resamples: usize,
    seed: u64,
) -> Result<Score, Failure> {
    let (Predicted::Changes(array) | Predicted::Inclinations(array)) = predicted;
    let (cases, p) = held_out.before.dim();
    if array.dim() != (cases, p, p) || held_out.after.dim() != (cases, p) {
        let (after, found) = (held_out.after.dim(), array.dim());
        return Err(format!(
            "{cases} cases of {p} values before: expected as many after, and {cases} x {p} x {p} \
             predicted changes, found {after:?} and {found:?}"
        )
        .into());
    }
    let n_acted = held_out.acted.as_ref().map_or(cases, Vec::len);
    if held_out.roles.len() != cases || n_acted != cases {
        let n_roles = held_out.roles.len();
        return Err(format!("{cases} cases, {n_roles} roles, {n_acted} values acted upon").into());
    }
    let signed = matches!(predicted, Predicted::Changes(_));
    let tally = Tally::new(held_out, array.view());
    let whole = tally.measures(&vec![1.0; tally.n_roles]);
    let resampled: Vec<Measures> = (0..n_resamples)
        .into_par_iter()
        .map(|draw| tally.measures(&drawn_roles(tally.n_roles, seed, draw)))
        .collect();
    let estimate = |at: usize| estimate(whole[at], resampled.iter().map(|measures| measures[at]));
    let only_signed = |at| if signed { estimate(at) } else { None };
    Ok(Score {
        n: tally.triples.len(),
        n_moved: tally.triples.iter().filter(|triple| triple.moved).count(),
        auc: estimate(0),
        auc_same_other: estimate(1),
        rank_correlation: estimate(2),
        sign_agreement: only_signed(3),
        explained: only_signed(4),
    })
}

/// How often each role is drawn.
fn drawn_roles(n_roles: usize, seed: u64, draw: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(draw as u64);
    let mut weights = vec![0.0; n_roles];
    for _ in 0..n_roles {
        weights[rng.random_range(0..n_roles)] += 1.0;
    }
    weights
}

fn estimate(value: f64, resampled: impl Iterator<Item = f64>) -> Option<Estimate> {
    let mut resampled: Vec<f64> = resampled.filter(|number| number.is_finite()).collect();
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * resampled.len().saturating_sub(1) as f64;
        resampled
            .get(place.round() as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    let (low, high) = (at(0.025), at(0.975));
    value.is_finite().then_some(Estimate { value, low, high })
}

/// AUC, AUC among the same other, rank correlation, sign agreement, explained; NaN for none.
type Measures = [f64; 5];

/// One case, value that moved, and other value.
#[derive(Clone, Copy)]
struct Triple {
    role: usize,
    effect: usize,
    pair: usize,
    moved: bool,
    size: f64,
}

/// What a role adds to the sums over all its cases.
#[derive(Clone, Default)]
struct Sums {
    right_signs: f64,
    signs: f64,
    squared_error: f64,
    squared: f64,
}

struct Tally {
    n_roles: usize,
    n_pairs: usize,
    triples: Vec<Triple>,
    /// Triples by the size predicted, ascending.
    by_size: Vec<usize>,
    /// The same, others of one value together.
    by_effect_and_size: Vec<usize>,
    by_role: Vec<Sums>,
}

impl Tally {
    fn new(held_out: &HeldOut, predicted: ArrayView3<'_, f64>) -> Self {
        let p = held_out.n_values();
        let n_roles = held_out.roles.iter().max().map_or(0, |&last| last + 1);
        let mut triples = Vec::new();
        let mut by_role = vec![Sums::default(); n_roles];
        for (case, &role) in held_out.roles.iter().enumerate() {
            for cause in (0..p).filter(|&cause| held_out.counts(case, cause)) {
                for effect in (0..p).filter(|&effect| effect != cause) {
                    let guess = predicted[[case, cause, effect]];
                    let change = held_out.change(case, effect);
                    by_role[role].add(guess, change);
                    triples.push(Triple {
                        role,
                        effect,
                        pair: cause * p + effect,
                        moved: change != 0.0,
                        size: guess.abs(),
                    });
                }
            }
        }
        let mut by_size: Vec<usize> = (0..triples.len()).collect();
        by_size.sort_by(|&a, &b| triples[a].size.total_cmp(&triples[b].size));
        let mut by_effect_and_size = by_size.clone();
        by_effect_and_size.sort_by_key(|&at| triples[at].effect);
        Self {
            n_roles,
            n_pairs: p * p,
            triples,
            by_size,
            by_effect_and_size,
            by_role,
        }
    }

    fn measures(&self, weights: &[f64]) -> Measures {
        let sum = |of: fn(&Sums) -> f64| -> f64 {
            self.by_role
                .iter()
                .zip(weights)
                .map(|(sums, weight)| weight * of(sums))
                .sum()
        };
        [
            self.auc(&self.by_size, |_, _| true, weights),
            self.auc(
                &self.by_effect_and_size,
                |a, b| a.effect == b.effect,
                weights,
            ),
            self.rank_correlation(weights),
            sum(|sums| sums.right_signs) / sum(|sums| sums.signs),
            1.0 - sum(|sums| sums.squared_error) / sum(|sums| sums.squared),
        ]
    }

    /// The share of pairs of one that moved and one that stayed, comparable with each other, in
    /// which the first was predicted the larger change; half for ties. Comparable triples stand
    /// together in `order`.
    fn auc(
        &self,
        order: &[usize],
        comparable: impl Fn(&Triple, &Triple) -> bool,
        weights: &[f64],
    ) -> f64 {
        let (mut right, mut all) = (0.0, 0.0);
        for group in order.chunk_by(|&a, &b| comparable(&self.triples[a], &self.triples[b])) {
            let (mut stayed, mut moved) = (0.0, 0.0);
            for tied in group.chunk_by(|&a, &b| self.triples[a].size == self.triples[b].size) {
                let (mut stayed_here, mut moved_here) = (0.0, 0.0);
                for &at in tied {
                    let triple = &self.triples[at];
                    match triple.moved {
                        true => moved_here += weights[triple.role],
                        false => stayed_here += weights[triple.role],
                    }
                }
                right += moved_here * (stayed + stayed_here / 2.0);
                stayed += stayed_here;
                moved += moved_here;
            }
            all += moved * stayed;
        }
        right / all
    }

    fn rank_correlation(&self, weights: &[f64]) -> f64 {
        let mut pairs = vec![(0.0, 0.0, 0.0); self.n_pairs];
        for triple in &self.triples {
            let weight = weights[triple.role];
            let (size, moved, all) = &mut pairs[triple.pair];
            *size += weight * triple.size;
            *moved += weight * f64::from(u8::from(triple.moved));
            *all += weight;
        }
        let seen = pairs.into_iter().filter(|(.., all)| *all > 0.0);
        let (sizes, shares): (Vec<f64>, Vec<f64>) = seen
            .map(|(size, moved, all)| (size / all, moved / all))
            .unzip();
        pearson(&mean_ranks(&sizes), &mean_ranks(&shares))
    }
}

impl Sums {
    fn add(&mut self, guess: f64, change: f64) {
        if guess != 0.0 && change != 0.0 {
            self.signs += 1.0;
            self.right_signs += f64::from(u8::from((guess > 0.0) == (change > 0.0)));
        }
        self.squared_error += (guess - change).powi(2);
        self.squared += change.powi(2);
    }
}

/// Ranks from 1; equal numbers share their mean rank.
fn mean_ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| numbers[a] == numbers[b]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&at| ranks[at] = rank);
        before += tied.len();
    }
    ranks
}
