use value_causal::discovery::graph::{Edge, cpdag_of_dag};
use value_causal::discovery::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use value_causal::bench::Setting;
use value_causal::discovery::effects::Action;
use value_causal::ndarray::{Array2, Array3, s};

use super::*;

/// Roles drawn from a linear model; feature f shifts one value, and its effects follow.
///
/// `[settings, values]`: for each role the unsteered row and one row for each feature, where a value
/// that the shift does not reach keeps its number.
fn study(sem: &LinearSem, roles: &str, n_roles: usize, seed: u64) -> OrientationTable {
    let (p, model) = (sem.n_variables(), LinearModel::from(sem));
    let scale = 0.1;
    let (mut settings, mut rows) = (Vec::new(), Vec::new());
    for (role, traits) in sem.sample(n_roles, seed).rows().into_iter().enumerate() {
        let name = format!("{roles} {role}");
        settings.push(Setting::of_role(&*name));
        rows.extend(traits.iter().map(|x| (x * scale).clamp(-1.0, 1.0)));
        for feature in 0..p {
            settings.push(Setting::steered(&*name, feature as u64));
            let shift = if (role + feature) % 3 == 0 { -1.0 } else { 1.0 };
            let steered = model
                .counterfactual(traits, &[(feature, Action::Shift(shift))])
                .unwrap();
            rows.extend(steered.iter().map(|x| (x * scale).clamp(-1.0, 1.0)));
        }
    }
    let shape = (settings.len(), p);
    let orientations = Array2::from_shape_vec(shape, rows).unwrap();
    OrientationTable::new(sem.dag().names().to_vec(), settings, orientations, None).unwrap()
}

fn sem(seed: u64) -> LinearSem {
    let model = DagModel::ErdosRenyi {
        expected_degree: 2.5,
    };
    let dag = random_dag(7, model, seed).unwrap();
    LinearSem::random(&dag, LinearOptions::new().weight(0.5, 1.0), seed).unwrap()
}

/// All pairs of one that moved and one that stayed, one after the other.
fn auc_by_pairs(triples: &[(usize, bool, f64)], same_other: bool) -> f64 {
    let (mut right, mut all) = (0.0, 0.0);
    for &(effect, _, size) in triples.iter().filter(|(_, moved, _)| *moved) {
        for &(other, _, smaller) in triples.iter().filter(|(_, moved, _)| !moved) {
            if !same_other || effect == other {
                all += 1.0;
                right += if size > smaller {
                    1.0
                } else {
                    0.5 * f64::from(u8::from(size == smaller))
                };
            }
        }
    }
    right / all
}

fn random_held_out(seed: u64) -> (HeldOut, Array3<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (cases, p) = (24, 4);
    let before = Array2::from_shape_fn((cases, p), |_| {
        f64::from(rng.random_range(-2..=2_i32)) / 4.0
    });
    let after = before.mapv(|x| x + f64::from(rng.random_range(-1..=1_i32)) / 2.0);
    let predicted =
        Array3::from_shape_fn((cases, p, p), |_| f64::from(rng.random_range(-3..=3_i32)));
    let roles = (0..cases).map(|case| case % 6).collect();
    (
        HeldOut {
            before,
            after,
            roles,
            acted: None,
        },
        predicted,
    )
}

#[test]
fn scores_are_those_counted_one_by_one() {
    for seed in 0..20 {
        let (held_out, predicted) = random_held_out(seed);
        let (mut triples, mut errors, mut squares) = (Vec::new(), 0.0, 0.0);
        let (mut signs, mut right) = (0.0, 0.0);
        let change = |case: usize, v: usize| held_out.after[[case, v]] - held_out.before[[case, v]];
        for case in 0..24 {
            for cause in (0..4).filter(|&cause| change(case, cause) != 0.0) {
                for effect in (0..4).filter(|&effect| effect != cause) {
                    let (guess, change) = (predicted[[case, cause, effect]], change(case, effect));
                    triples.push((effect, change != 0.0, guess.abs()));
                    errors += (guess - change) * (guess - change);
                    squares += change * change;
                    if guess * change != 0.0 {
                        signs += 1.0;
                        right += f64::from(u8::from(guess * change > 0.0));
                    }
                }
            }
        }
        let score = score(&held_out, &Predicted::Changes(predicted), 20, 1).unwrap();
        let near = |found: Option<Estimate>, expected: f64| {
            let found = found.unwrap();
            assert!(
                (found.value - expected).abs() < 1e-12,
                "{found:?} {expected}"
            );
            assert!(found.low <= found.high);
        };
        assert_eq!(
            (score.n, score.n_moved),
            (triples.len(), triples.iter().filter(|t| t.1).count())
        );
        near(score.auc, auc_by_pairs(&triples, false));
        near(score.auc_same_other, auc_by_pairs(&triples, true));
        near(score.sign_agreement, right / signs);
        near(score.explained, 1.0 - errors / squares);
    }
}

#[test]
fn rank_correlation_is_over_pairs_of_values() {
    let mut after = Array2::from_elem((8, 3), 0.0);
    after.column_mut(0).fill(1.0); // value 0 moves always, 1 in half of the cases, 2 in a quarter
    after.slice_mut(s![..4, 1]).fill(1.0);
    after.slice_mut(s![..2, 2]).fill(1.0);
    let before = Array2::zeros((8, 3));
    let held_out = HeldOut {
        before,
        after,
        roles: (0..8).collect(),
        acted: None,
    };
    // Shares: 0->1 0.5, 0->2 0.25, 1->0 1, 1->2 0.5, 2->0 1, 2->1 1.
    let shares = [[0.0, 0.5, 0.25], [1.0, 0.0, 0.5], [1.0, 1.0, 0.0]];
    let ranked = |of: &dyn Fn(f64) -> f64| {
        let predicted = held_out.by_rates(|cause, effect| of(shares[cause][effect]));
        score(&held_out, &predicted, 0, 0).unwrap()
    };
    let same = ranked(&|share| share * 7.0);
    assert!((same.rank_correlation.unwrap().value - 1.0).abs() < 1e-12);
    assert_eq!((same.sign_agreement, same.explained), (None, None));
    let opposite = ranked(&|share| 2.0 - share);
    assert!((opposite.rank_correlation.unwrap().value + 1.0).abs() < 1e-12);
    assert_eq!(ranked(&|_| 1.0).rank_correlation, None); // all alike: no order to speak of
    assert_eq!(ranked(&|_| 1.0).auc.unwrap().value, 0.5);
}

#[test]
fn the_model_predicts_what_moves_with_the_value_acted_upon() {
    for seed in 0..4 {
        let sem = sem(seed);
        let train = study(&sem, "train", 120, seed).select(Setting::is_unsteered);
        let test = study(&sem, "test", 20, 90 + seed);
        let moments = Moments::from_samples(train.matrix()).unwrap();
        let model = LinearModel::fit_moments(sem.dag(), &moments).unwrap();
        let mut held_out = HeldOut::of(&test);
        held_out.acted = Some((0..20 * 7).map(|case| case % 7).collect());
        let covariance = &moments.covariance;
        let slope = |a, b| covariance[[a, b]] / covariance[[a, a]];
        let scored = |predicted| score(&held_out, &predicted, 50, 1).unwrap();
        let found = scored(held_out.by_model(&model).unwrap());
        let rival = scored(held_out.by_slopes(slope));
        let value = |estimate: Option<Estimate>| estimate.unwrap().value;
        assert!(value(found.auc) > 0.999, "{found:?}");
        assert!(value(found.explained) > 0.95, "{found:?}");
        // Association also sees common causes, and causes as effects.
        assert!(value(rival.auc) < 0.99, "{rival:?}");
        assert!(value(rival.explained) < 0.9, "{rival:?}");
    }
}

#[test]
fn rivals_are_scored_on_the_same_cases() {
    let sem = sem(1);
    let (train, test) = (study(&sem, "train", 60, 1), study(&sem, "test", 20, 2));
    let found = effects(sem.dag(), [&train, &train, &test], 20, 1).unwrap();
    assert_eq!((&*found.n_dags, found.pairs.len()), ("1", 42));
    let scores: Vec<&Score> = found.held_out.values().collect();
    assert!(scores.len() == 8 && scores.iter().all(|score| score.n == scores[0].n));
    let same_other = |by: &str| found.held_out[by].auc_same_other.unwrap().value;
    assert_eq!(same_other("base_rate"), 0.5);
    assert!(same_other("train_co_change") > 0.6 && same_other("linear_model") > 0.55);
    assert!(found.held_out["train_co_change"].sign_agreement.is_none());
    // Successors are reached by any path, here by Warshall's algorithm.
    let mut reached = Array2::from_shape_fn((7, 7), |(from, to)| sem.dag().is_directed(from, to));
    let direct = reached.clone();
    for via in 0..7 {
        for (from, to) in (0..49).map(|pair| (pair / 7, pair % 7)) {
            reached[[from, to]] |= reached[[from, via]] && reached[[via, to]];
        }
    }
    assert_ne!(reached, direct);
    let held_out = HeldOut::of(&test);
    let by_path = held_out.by_rates(|from, to| f64::from(u8::from(reached[[from, to]])));
    let by_path = score(&held_out, &by_path, 20, 1).unwrap();
    assert_eq!(found.held_out["successors"], by_path);
}

#[test]
fn an_intervention_predicts_means_whatever_the_case_was() {
    let sem = sem(3);
    let held_out = HeldOut::of(&study(&sem, "test", 6, 4));
    let model = LinearModel::from(&sem);
    let Predicted::Changes(predicted) = held_out.by_intervention(&model).unwrap() else {
        panic!("changes have a sign")
    };
    let means = model.expected_under(&[]).unwrap();
    for ((case, cause, effect), &change) in predicted.indexed_iter() {
        let after = held_out.before[[case, effect]] + change;
        let expected = if effect == cause {
            held_out.after[[case, cause]]
        } else {
            let set = held_out.after[[case, cause]] - means[cause];
            means[effect] + sem.total_effect(cause, effect) * set
        };
        assert!((after - expected).abs() < 1e-9, "{case} {cause} {effect}");
    }
}

#[test]
fn a_constant_value_leaves_a_reason_instead_of_effects() {
    let sem = sem(1);
    let (train, test) = (study(&sem, "train", 30, 1), study(&sem, "test", 5, 2));
    let mut orientations = train.matrix().to_owned();
    orientations.column_mut(2).fill(0.5);
    let settings = train.settings().to_vec();
    let values = train.values().to_vec();
    let train = OrientationTable::new(values, settings, orientations, None).unwrap();
    let found = OfGraph::new(extendable(&train, 0.05), [&train, &train, &test], 5, 1);
    assert!(found.edges.is_empty() && found.effects.is_none());
    let reason = found.reason.unwrap();
    assert!(
        reason.contains("X2") && reason.contains("constant"),
        "{reason}"
    );
}

#[test]
fn bounds_hold_the_true_effects() {
    let sem = sem(2);
    let train = study(&sem, "train", 2_000, 5).select(Setting::is_unsteered);
    let test = study(&sem, "test", 5, 6);
    let cpdag = cpdag_of_dag(sem.dag()).unwrap();
    let found = effects(&cpdag, [&train, &train, &test], 10, 1).unwrap();
    assert_eq!(found.n_dags, cpdag.class_size().unwrap().to_string());
    for pair in &found.pairs {
        let at = |name: &str| sem.dag().index_of(name).unwrap();
        let truth = sem.total_effect(at(&pair.cause), at(&pair.effect));
        // 2,000 rows: standard errors are about 0.03.
        assert!(
            pair.low - 0.15 < truth && truth < pair.high + 0.15,
            "{pair:?} {truth}"
        );
        assert!(pair.low <= pair.mean && pair.mean <= pair.high);
        assert!(pair.multiset.iter().any(|c| c.value == pair.low));
    }
}

#[test]
fn intervals_do_not_depend_on_the_number_of_threads() {
    let (held_out, predicted) = random_held_out(3);
    let predicted = Predicted::Changes(predicted);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| score(&held_out, &predicted, 100, 7).unwrap())
    };
    assert_eq!(with(1), with(3));
    assert_ne!(with(1), score(&held_out, &predicted, 100, 8).unwrap());
}

#[test]
fn graphs_and_data_that_do_not_fit_say_why() {
    let sem = sem(1);
    let (train, test) = (study(&sem, "train", 30, 1), study(&sem, "test", 5, 2));
    let round = [(0, 1), (1, 2), (2, 0)].map(|(a, b)| Edge::directed(a, b));
    let round = MixedGraph::from_edges(7, round).unwrap();
    let message = effects(&round, [&train, &train, &test], 5, 1)
        .unwrap_err()
        .to_string();
    assert!(message.contains("cycle X0 -> X1 -> X2 -> X0"), "{message}");
    let (held_out, predicted) = random_held_out(1);
    let narrow = predicted.slice_move(s![.., .., ..3]);
    let message = score(&held_out, &Predicted::Changes(narrow), 5, 1)
        .unwrap_err()
        .to_string();
    assert!(message.contains("24 cases of 4 values"), "{message}");
}
