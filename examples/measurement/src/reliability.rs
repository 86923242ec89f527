//! How much of an orientation is more than the accident of its items.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use value_causal::bench::{OrientationTable, Setting};
use value_causal::ndarray::ArrayView1;
use value_causal::psychometrics::reliability::{AskedItems, CaseMoments, Pool};

use crate::Settings;

/// Which items the training roles were asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// How they were chosen.
    pub drawn: Drawn,
    /// By value the number of items that a role was asked; of values that are not there it is told from the orientations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asked: BTreeMap<String, usize>,
    /// By value the number of items that they were chosen from.
    #[serde(default)]
    pub pool: BTreeMap<String, usize>,
    /// By value what the single answers tell of the reliability where all roles were asked the same items, which a table does
    /// not tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reliability: BTreeMap<String, OfAnswers>,
}

/// Cronbach's alpha over the unsteered training roles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfAnswers {
    /// The coefficient.
    pub alpha: f64,
    /// Feldt's 95 % interval.
    pub interval: [f64; 2],
}

/// How items were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drawn {
    /// By each role for itself.
    OfItsOwn,
    /// Once, for all roles.
    Shared,
}

/// The reliability of one value over the unsteered roles.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueReliability {
    /// The value.
    pub value: String,
    /// Items asked of a role; if nobody says, told from the orientations, which are multiples of 1 / items, and their parity.
    pub asked: usize,
    /// Items that they were drawn from, where that is known.
    pub pool: Option<usize>,
    /// For the items of the pool: would a role rank the same, had it been asked all of them? None where the pool is not
    /// known.
    pub for_the_pool: Option<f64>,
    /// For any items of the kind.
    pub for_the_domain: f64,
    /// 95 % interval: of the first if it is known, of the second otherwise. From resamples of roles, or Feldt's where it is
    /// told by single answers.
    pub interval: [f64; 2],
    /// Share of the variance between roles that comes from the draw of items. None where the pool is not known.
    pub draw_share: Option<f64>,
}

/// Variance between unsteered roles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BetweenRoles {
    /// Mean over values, in training.
    pub train: f64,
    /// In the test.
    pub test: f64,
    /// Share of all of it in training that comes from the draw of items, where the pools are known.
    pub draw_share: Option<f64>,
}

/// What the table tells of the quality of its orientations.
///
/// *Assumed*: answers are yes or no, so that a role's scores of a value vary by 1 less the square of their mean; a table that
/// has the mean standard deviation of scores corrects for unsure answers by one factor for all (`unsure_factor`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliabilities {
    /// Unsteered training roles.
    pub n_roles: usize,
    /// By which the variance of scores is smaller than without unsure answers.
    pub unsure_factor: f64,
    /// By value. Values whose roles do not differ are not there; where all roles were asked the same items, none but those of
    /// which the single answers tell it ([`Items::reliability`]).
    pub values: Vec<ValueReliability>,
    /// Mean over the values of the reliability for the pool, or, where that is not known, for the domain.
    pub mean: Option<f64>,
    /// What roles differ by.
    pub between_roles: BetweenRoles,
}

impl ValueReliability {
    /// The reliability that the interval is of.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        self.for_the_pool.unwrap_or(self.for_the_domain)
    }
}

impl Reliabilities {
    pub(crate) fn compute(
        train: &OrientationTable,
        test: &OrientationTable,
        items: Option<&Items>,
        settings: &Settings,
    ) -> Self {
        let roles = train.select(Setting::is_unsteered);
        let unsure_factor = unsure_factor(&roles);
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        let mut draw = Vec::new();
        let mut values = Vec::new();
        for (value, column) in roles.values().iter().zip(roles.matrix().columns()) {
            if let Some(found) = items.and_then(|items| items.told_by_answers(value)) {
                values.push(found);
                draw.push(None);
                continue;
            }
            let known = items.and_then(|items| items.asked.get(value).copied());
            let Some(asked) = known
                .filter(|&asked| asked > 1)
                .or_else(|| items_asked(column))
            else {
                continue;
            };
            let cases = cases(column, asked, unsure_factor);
            let of = Of {
                items,
                value,
                asked,
            };
            if let Some((found, from_draw)) = of.found(&cases, settings.resamples, &mut rng) {
                draw.push(from_draw);
                values.push(found);
            }
        }
        let between = |table: &OrientationTable| {
            let variances = table.matrix().columns().into_iter().map(variance).collect();
            mean(variances)
        };
        let of_draw: Option<Vec<f64>> = draw.into_iter().collect();
        let all: f64 = roles.matrix().columns().into_iter().map(variance).sum();
        Self {
            n_roles: roles.n_settings(),
            unsure_factor,
            mean: (!values.is_empty())
                .then(|| mean(values.iter().map(ValueReliability::estimate).collect())),
            values,
            between_roles: BetweenRoles {
                train: between(&roles),
                test: between(&test.select(Setting::is_unsteered)),
                draw_share: of_draw
                    .filter(|d| !d.is_empty())
                    .map(|d| d.iter().sum::<f64>() / all),
            },
        }
    }
}

impl Items {
    fn told_by_answers(&self, value: &str) -> Option<ValueReliability> {
        let OfAnswers { alpha, interval } = *self.reliability.get(value)?;
        Some(ValueReliability {
            value: value.to_owned(),
            asked: self.asked.get(value).copied().unwrap_or_default(),
            pool: self.pool.get(value).copied(),
            for_the_pool: None,
            for_the_domain: alpha,
            interval,
            draw_share: None,
        })
    }
}

/// What is asked of one value.
struct Of<'a> {
    items: Option<&'a Items>,
    value: &'a String,
    asked: usize,
}

impl Of<'_> {
    /// The reliability, and the variance between roles that the draw of items makes.
    fn found(
        &self,
        cases: &[CaseMoments],
        resamples: usize,
        rng: &mut ChaCha8Rng,
    ) -> Option<(ValueReliability, Option<f64>)> {
        let all = AskedItems::from_moments(cases.iter().copied()).ok()?;
        let drawn = self.items.map(|items| items.drawn);
        // Items that all roles share differ in how many say yes to them, and a table does not tell how.
        if drawn == Some(Drawn::Shared) {
            return None;
        }
        let pool = self
            .items
            .and_then(|items| items.pool.get(self.value).copied());
        let pool = pool.filter(|&pool| pool >= self.asked);
        let of_pool = match drawn {
            Some(Drawn::OfItsOwn) => pool.map(Pool::Items),
            _ => None,
        };
        let for_the_domain = all.reliability(Pool::Domain).ok()?;
        let for_the_pool = of_pool.and_then(|pool| all.reliability(pool).ok());
        let from_draw = of_pool.and_then(|pool| all.error_variance(pool).ok());
        let mut again: Vec<f64> = (0..resamples)
            .filter_map(|_| {
                let drawn = (0..cases.len()).map(|_| cases[rng.random_range(0..cases.len())]);
                let drawn = AskedItems::from_moments(drawn.collect::<Vec<_>>()).ok()?;
                drawn.reliability(of_pool.unwrap_or(Pool::Domain)).ok()
            })
            .collect();
        again.sort_by(f64::total_cmp);
        let estimate = for_the_pool.unwrap_or(for_the_domain);
        let at = |share: f64| {
            let place = (share * (again.len() as f64 - 1.0)).round() as usize;
            again.get(place).copied().unwrap_or(estimate)
        };
        let found = ValueReliability {
            value: self.value.clone(),
            asked: self.asked,
            pool,
            for_the_pool,
            for_the_domain,
            interval: [at(0.025), at(0.975)],
            draw_share: for_the_pool.map(|reliability| 1.0 - reliability),
        };
        Some((found, from_draw))
    }
}

/// The most items that a value is thought to have.
const MOST_ITEMS: usize = 100;

/// Rows whose number of unsure answers is odd are at most this share of all, or the number of items is another.
const MOST_ODD: f64 = 0.4;

/// The least number of which all orientations are multiples of its inverse. Twice as many where that would take an odd
/// number of unsure answers too often: 0 and 1/3 are not both the mean of three answers that are yes or no.
fn items_asked(column: ArrayView1<'_, f64>) -> Option<usize> {
    let scores = |items: usize| column.iter().map(move |x| x * items as f64);
    let fits = |items: &usize| scores(*items).all(|s| (s - s.round()).abs() < 1e-6);
    let odd = |items: usize| {
        let odd = scores(items).filter(|s| (s.round() as i64 - items as i64) % 2 != 0);
        odd.count() as f64 / column.len() as f64
    };
    let least = (2..=MOST_ITEMS).find(fits)?;
    let is_half = odd(least) > MOST_ODD;
    Some(if is_half { 2 * least } else { least })
}

fn cases(column: ArrayView1<'_, f64>, asked: usize, unsure_factor: f64) -> Vec<CaseMoments> {
    let (m, factor) = (asked as f64, unsure_factor);
    let case = |&mean: &f64| CaseMoments {
        mean,
        variance: (1.0 - mean * mean).max(0.0) * factor * m / (m - 1.0),
        n: asked,
    };
    column.iter().map(case).collect()
}

/// The mean standard deviation of the scores, over that without unsure answers, squared; 1 where the table has none.
fn unsure_factor(roles: &OrientationTable) -> f64 {
    let Some(stds) = roles.stds() else {
        return 1.0;
    };
    let without = roles
        .score_variances_if_none_unsure()
        .mapv(|v| v.max(0.0).sqrt());
    match (stds.mean(), without.mean()) {
        (Some(found), Some(without)) if without > 0.0 && found.is_finite() => {
            (found / without).powi(2)
        }
        _ => 1.0,
    }
}

fn variance(column: ArrayView1<'_, f64>) -> f64 {
    match column.len() {
        ..2 => 0.0,
        _ => column.var(1.0),
    }
}

fn mean(numbers: Vec<f64>) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::ndarray::array;

    #[test]
    fn the_number_of_items_is_told_from_the_orientations() {
        let sixths = array![2.0 / 3.0, -1.0, 1.0 / 3.0, 0.0];
        assert_eq!(items_asked(sixths.view()), Some(6));
        assert_eq!(
            items_asked(array![1.0, 1.0 / 3.0, -1.0 / 3.0].view()),
            Some(3)
        );
        assert_eq!(items_asked(array![0.25, -0.5].view()), Some(8));
        assert_eq!(items_asked(array![0.5_f64.sqrt()].view()), None);
    }

    #[test]
    fn what_single_answers_tell_is_the_reliability_of_shared_items() {
        let settings = ["x", "y", "z"].map(Setting::of_role).to_vec();
        let cells = array![[0.5], [0.0], [-0.5]];
        let table = OrientationTable::new(vec!["A".to_owned()], settings, cells, None).unwrap();
        let told = OfAnswers {
            alpha: 0.8,
            interval: [0.5, 0.9],
        };
        let mut items = Items {
            drawn: Drawn::Shared,
            asked: [("A".to_owned(), 4)].into(),
            pool: BTreeMap::new(),
            reliability: [("A".to_owned(), told)].into(),
        };
        let settings = Settings::new(0.05);
        let found = Reliabilities::compute(&table, &table, Some(&items), &settings);
        assert_eq!(
            (found.mean, found.values[0].interval),
            (Some(0.8), [0.5, 0.9])
        );
        items.reliability.clear();
        let untold = Reliabilities::compute(&table, &table, Some(&items), &settings);
        assert_eq!((untold.mean, untold.values.len()), (None, 0));
    }
}
