//! The nominated features of a target in the order of PROMETHEE, and what such an order foretells of single test roles.

use std::cmp::Ordering;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use value_causal::bench::SteeringChanges;
use value_causal::discovery::decide::{Criterion, Flows, Outranking, Preference, promethee};
use value_causal::ndarray::{Array2, ArrayView1, Axis};
use value_causal::psychometrics::ranks::average_overlap;

use super::record::{Aim, By, Candidate, Foretold, Function, Ranking, RankingOf, Target};
use super::side_effects::of_feature;

/// What is compared of a feature, all of it on the training rows, and more of it is better: the mean gain, how little it moves
/// other values, and the share of the roles that it moves the wanted way less those that it moves the other.
const CRITERIA: usize = 3;

/// A nominated feature: its number, its place among the interventions, and its criteria.
struct Ranked {
    feature: u64,
    place: usize,
    criteria: [f64; CRITERIA],
}

/// Ranks what was nominated for one aim; `None` where fewer than two are to be ranked.
pub(super) fn ranking(
    candidates: &[Candidate],
    (value, aim): (usize, Aim),
    test: &SteeringChanges,
    seed: u64,
) -> Option<Ranking> {
    let ranked: Vec<Ranked> = candidates
        .iter()
        .filter_map(|candidate| Ranked::of(candidate, test))
        .collect();
    let actions = Array2::from_shape_fn((ranked.len(), CRITERIA), |(row, at)| {
        ranked[row].criteria[at]
    });
    let all = Function::ALL.into_iter().map(|function| {
        let flows = promethee(actions.view(), &function.criteria(&actions)).ok()?;
        Some((function, flows))
    });
    let all: Vec<(Function, Flows)> = all.collect::<Option<_>>()?;
    let roles = OfRoles::of(&ranked, (value, aim), test, seed);
    let orders: Vec<Vec<usize>> = all.iter().map(|(_, flows)| flows.ranking()).collect();
    Some(Ranking {
        by: all
            .iter()
            .map(|(function, flows)| recorded(*function, flows, &ranked))
            .collect(),
        foretold: roles.foretold(&orders),
    })
}

impl Ranked {
    fn of(candidate: &Candidate, test: &SteeringChanges) -> Option<Self> {
        let (By::Feature(feature), true) = (candidate.by, candidate.nominated) else {
            return None;
        };
        let (train, side_effects) = (candidate.train?, candidate.side_effects.as_ref()?.train?);
        let roles = train.n_roles() as f64;
        let numbers = test.interventions().iter().map(super::evidence::number);
        Some(Self {
            feature,
            place: numbers
                .into_iter()
                .position(|number| number == Some(feature))?,
            criteria: [
                candidate.gain,
                -side_effects.mean,
                (train.toward as f64 - train.away as f64) / roles,
            ],
        })
    }
}

impl Function {
    /// With thresholds in units of each criterion's standard deviation over the actions; equal weights.
    fn criteria(self, actions: &Array2<f64>) -> Vec<Criterion> {
        let columns = actions.columns().into_iter();
        columns
            .map(|column| Criterion {
                weight: 1.0,
                preference: self.preference(column.std(0.0)),
            })
            .collect()
    }

    /// Without spread there are no differences, whatever the thresholds are.
    fn preference(self, spread: f64) -> Preference {
        let s = if spread > 0.0 { spread } else { 1.0 };
        let (indifference, strict) = (0.5 * s, 2.0 * s);
        match self {
            Self::Usual => Preference::Usual,
            Self::UShape => Preference::UShape { indifference },
            Self::VShape => Preference::VShape { strict },
            Self::Level => Preference::Level {
                indifference,
                strict,
            },
            Self::Linear => Preference::Linear {
                indifference,
                strict,
            },
            Self::Gaussian => Preference::Gaussian { inflection: s },
        }
    }
}

fn recorded(function: Function, flows: &Flows, ranked: &[Ranked]) -> RankingOf {
    let order = flows.ranking();
    let pairs = (0..ranked.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let incomparable =
        pairs.filter(|&(a, b)| flows.compare(a, b) == Some(Outranking::Incomparable));
    RankingOf {
        function,
        features: order.iter().map(|&at| ranked[at].feature).collect(),
        plus: order.iter().map(|&at| flows.plus[at]).collect(),
        minus: order.iter().map(|&at| flows.minus[at]).collect(),
        incomparable: incomparable
            .map(|(a, b)| [ranked[a].feature, ranked[b].feature])
            .collect(),
    }
}

/// What each test role gained by each ranked feature, and what else that moved: `[roles, features]`.
struct OfRoles {
    gains: Array2<f64>,
    others: Array2<f64>,
    /// Places in an order that was drawn, by which equal ones go.
    drawn: Vec<usize>,
}

impl OfRoles {
    /// Of the roles in which all of these features were steered.
    fn of(
        ranked: &[Ranked],
        (value, aim): (usize, Aim),
        test: &SteeringChanges,
        seed: u64,
    ) -> Self {
        let changes = ranked.iter().map(|ranked| of_feature(test, ranked.place));
        let changes: Vec<_> = changes.collect();
        let n_roles = test.matrix().dim().1;
        let is_known = |role: &usize| {
            changes
                .iter()
                .all(|changes| changes.row(*role).iter().all(|c| !c.is_nan()))
        };
        let known: Vec<usize> = (0..n_roles).filter(is_known).collect();
        let table = |of: &dyn Fn(ArrayView1<'_, f64>) -> f64| {
            Array2::from_shape_fn((known.len(), ranked.len()), |(role, at)| {
                of(changes[at].row(known[role]))
            })
        };
        let mut drawn: Vec<usize> = (0..ranked.len()).collect();
        drawn.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        Self {
            gains: table(&|row| aim.sign() * row[value]),
            others: table(&|row| row.mapv(f64::abs).sum() - row[value].abs()),
            drawn,
        }
    }

    /// By gain, of equal ones by what else was moved, then as drawn.
    fn order(&self, gains: ArrayView1<'_, f64>, others: ArrayView1<'_, f64>) -> Vec<usize> {
        let mut order = self.drawn.clone();
        order.sort_by(|&a, &b| {
            let by_gain = gains[b].partial_cmp(&gains[a]).unwrap_or(Ordering::Equal);
            by_gain.then(others[a].partial_cmp(&others[b]).unwrap_or(Ordering::Equal))
        });
        order
    }

    /// The overlap of orders with each role's own, on average; `None` for fewer than two roles.
    fn foretold(&self, orders: &[Vec<usize>]) -> Option<Foretold> {
        let (n_roles, n) = self.gains.dim();
        if n_roles < 2 {
            return None;
        }
        let own = |role: usize| self.order(self.gains.row(role), self.others.row(role));
        let own: Vec<Vec<usize>> = (0..n_roles).map(own).collect();
        let everyone_else = |role: usize| {
            let rest: Vec<usize> = (0..n_roles).filter(|&other| other != role).collect();
            let sum = |table: &Array2<f64>| table.select(Axis(0), &rest).sum_axis(Axis(0));
            self.order(sum(&self.gains).view(), sum(&self.others).view())
        };
        let mean = |of: &dyn Fn(usize) -> Vec<usize>| -> Option<f64> {
            let overlaps = (0..n_roles).map(|role| average_overlap(&own[role], &of(role)).ok());
            Some(overlaps.sum::<Option<f64>>()? / n_roles as f64)
        };
        let of_orders = orders.iter().map(|order| mean(&|_| order.clone()));
        let of_orders = of_orders.collect::<Option<Vec<_>>>()?;
        Some(Foretold {
            features: n,
            roles: n_roles,
            by: Function::ALL.into_iter().zip(of_orders).collect(),
            random_order: (n as f64 + 1.0) / (2.0 * n as f64),
            everyone_else: mean(&everyone_else)?,
        })
    }
}

impl Foretold {
    /// Over the targets that have one, each counted once.
    pub(super) fn mean(targets: &[Target]) -> Option<Self> {
        let rankings = targets.iter().filter_map(|target| target.ranking.as_ref());
        let all: Vec<&Self> = rankings
            .filter_map(|ranking| ranking.foretold.as_ref())
            .collect();
        let mean = |of: &dyn Fn(&Self) -> f64| {
            all.iter().map(|one| of(one)).sum::<f64>() / all.len() as f64
        };
        let of_function = |function| (function, mean(&|one| one.by[&function]));
        Some(Self {
            features: all.iter().map(|one| one.features).sum(),
            roles: all.iter().map(|one| one.roles).max()?,
            by: Function::ALL.into_iter().map(of_function).collect(),
            random_order: mean(&|one| one.random_order),
            everyone_else: mean(&|one| one.everyone_else),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::ndarray::array;

    fn of_roles(gains: Array2<f64>) -> OfRoles {
        OfRoles {
            others: Array2::zeros(gains.dim()),
            drawn: (0..gains.ncols()).collect(),
            gains,
        }
    }

    #[test]
    fn roles_that_agree_are_foretold_by_everyone_else() {
        // Three roles with one order, and one with the opposite.
        let roles = of_roles(array![
            [3.0, 2.0, 1.0],
            [3.0, 2.0, 1.0],
            [3.0, 2.0, 1.0],
            [1.0, 2.0, 3.0]
        ]);
        let orders = vec![vec![0, 1, 2]; 6];
        let found = roles.foretold(&orders).unwrap();
        // The opposite order of three shares nothing, half and all: (0 + 1/2 + 1) / 3.
        let expected = (3.0 + 0.5) / 4.0;
        assert!((found.everyone_else - expected).abs() < 1e-12, "{found:?}");
        assert!(
            found
                .by
                .values()
                .all(|overlap| (overlap - expected).abs() < 1e-12)
        );
        assert!((found.random_order - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(of_roles(array![[1.0, 2.0]]).foretold(&[]), None);
    }

    #[test]
    fn of_equal_gains_what_moves_less_goes_first() {
        let mut roles = of_roles(array![[1.0, 1.0, 2.0]]);
        roles.others = array![[0.5, 0.2, 0.9]];
        assert_eq!(
            roles.order(roles.gains.row(0), roles.others.row(0)),
            [2, 1, 0]
        );
    }

    #[test]
    fn thresholds_follow_the_spread_and_none_is_no_threshold() {
        let actions = array![[0.0, 0.3], [1.0, 0.3]];
        for function in Function::ALL {
            let flows = promethee(actions.view(), &function.criteria(&actions)).unwrap();
            assert_eq!(flows.ranking()[0], 1, "{function:?}");
        }
    }
}
