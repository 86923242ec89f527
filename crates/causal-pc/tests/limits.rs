//! What a search refuses, and what it promises where numbers tie, round, or time runs out.

use std::time::Duration;

use causal_pc::ci::{ChiSquare, DiscreteOptions, FisherZOptions, GSquare, MinimumCount};
use causal_pc::data::Missing;
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, RandomTest, random_dag};
use causal_pc::{
    Alpha, CiTest, ColliderRule, FdrControl, FisherZ, GivenUpFor, Knowledge, PcOptions, PcStage,
    SkeletonSearch, Ties, Validity, edge_strengths, pc,
};
use ndarray::{Array2, Axis, array};
use proptest::prelude::*;

fn options(alpha: f64) -> PcOptions {
    PcOptions::new(Alpha::new(alpha).unwrap())
}

fn samples(p: usize, n: usize, seed: u64) -> Array2<f64> {
    let model = DagModel::ErdosRenyi {
        expected_degree: 2.0,
    };
    let dag = random_dag(p, model, seed).unwrap();
    LinearSem::random(&dag, LinearOptions::new(), seed)
        .unwrap()
        .sample(n, seed)
}

/// Correlations taken pair by pair, each over a random part of the rows.
fn pairwise(data: &Array2<f64>, seed: u64) -> Array2<f64> {
    let p = data.ncols();
    let mut matrix = Array2::eye(p);
    for i in 0..p {
        for j in i + 1..p {
            let kept = |row: &usize| (row * 31 + i * 17 + j * 7 + seed as usize).is_multiple_of(3);
            let rows: Vec<usize> = (0..data.nrows()).filter(kept).collect();
            let part = data.select(Axis(0), &rows);
            let r = FisherZ::from_samples(&part).unwrap().correlation()[(i, j)];
            (matrix[(i, j)], matrix[(j, i)]) = (r, r);
        }
    }
    matrix
}

#[test]
fn matrices_that_no_data_have_are_refused_by_their_smallest_eigenvalue() {
    let refused = |matrix: &Array2<f64>| {
        FisherZ::from_correlation(matrix, 100, FisherZOptions::new())
            .unwrap_err()
            .to_string()
    };
    let r = array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]];
    let text = refused(&r);
    assert!(
        text.contains("not positive semidefinite") && text.contains("-8.000e-1"),
        "{text}"
    );
    let (mut n_refused, mut n_taken) = (0, 0);
    for seed in 0..40 {
        let n = if seed % 2 == 0 { 24 } else { 3_000 };
        let matrix = pairwise(&samples(8, n, seed), seed);
        match FisherZ::from_correlation(&matrix, n, FisherZOptions::new()) {
            Ok(test) => {
                n_taken += 1;
                pc(&test, &options(0.05)).unwrap();
            }
            Err(error) => {
                n_refused += 1;
                assert!(
                    error.to_string().contains("not positive semidefinite"),
                    "{error}"
                );
            }
        }
    }
    assert!(
        n_refused > 5 && n_taken > 0,
        "{n_refused} refused, {n_taken} taken"
    );
    // Whole data have such correlations, also when columns are sums of others.
    let mut data = samples(6, 50, 1);
    let sum = &data.column(0) + &data.column(1);
    data.column_mut(5).assign(&sum);
    let whole = FisherZ::from_samples(&data)
        .unwrap()
        .correlation()
        .to_owned();
    FisherZ::from_correlation(&whole, 50, FisherZOptions::new()).unwrap();
}

#[test]
fn columns_of_too_many_levels_are_refused_by_name() {
    let real = Array2::from_shape_fn((200, 2), |(i, v)| ((i * (v + 3)) as f64 * 0.7).sin());
    let copy = Array2::from_shape_fn((200, 2), |(i, _)| i);
    let names = DiscreteOptions::new().names(["size", "weight"]);
    for error in [
        GSquare::with_options(&real, names.clone()).unwrap_err(),
        ChiSquare::with_options(&real, names.clone()).unwrap_err(),
        GSquare::with_options(&copy, names.clone()).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(
            text.contains("variable 0 (size) has 200 levels in 200 samples"),
            "{text}"
        );
        assert!(text.contains("max_levels"), "{text}");
    }
    GSquare::with_options(&copy, names.clone().max_levels(200)).unwrap();
    let text = GSquare::with_options(&copy, names.max_levels(10))
        .unwrap_err()
        .to_string();
    assert!(text.contains("at most 10 are allowed"), "{text}");
}

#[test]
fn one_of_a_thing_is_no_plural() {
    let none = Array2::<u8>::zeros((0, 2));
    let said = GSquare::from_samples(&none).unwrap_err().to_string();
    assert_eq!(said, "expected at least 1 row, found 0");
    let few = Array2::from_shape_fn((3, 2), |(i, v)| (i * (v + 2)) as f64);
    let said = FisherZ::from_samples(&few).unwrap_err().to_string();
    assert_eq!(said, "expected at least 4 rows, found 3");
}

/// Columns that are taken depend on their own copies, significantly so.
#[test]
fn a_column_that_is_taken_is_told_from_an_independent_one() {
    let (mut n_taken, mut n_refused) = (0, 0);
    for levels in 3..40 {
        for n in [20, 27, 50, 100, 360, 1_000] {
            for minimum in [
                MinimumCount::None,
                MinimumCount::PerDegreeOfFreedom(1.0),
                MinimumCount::PerDegreeOfFreedom(10.0),
            ] {
                let twice = [
                    Array2::from_shape_fn((n, 2), |(i, _)| (i * i + i / 3) % levels),
                    Array2::from_shape_fn((n, 2), |(i, _)| i % levels),
                    Array2::from_shape_fn((n, 2), |(i, _)| i.saturating_sub(n - levels.min(n))),
                ];
                for twice in twice {
                    let options = DiscreteOptions::new().minimum_count(minimum);
                    let g = GSquare::with_options(&twice, options.clone());
                    assert_eq!(g.is_ok(), ChiSquare::with_options(&twice, options).is_ok());
                    let Ok(test) = g else {
                        n_refused += 1;
                        continue;
                    };
                    n_taken += 1;
                    let (found, p) = (test.n_levels(0), test.p_value(0, 1, &[]).unwrap());
                    let told = found.is_some_and(|found| found <= 2) || p <= 0.05;
                    assert!(told, "{found:?} levels in {n} rows, {minimum:?}: p = {p}");
                }
            }
        }
    }
    assert!(n_taken > 500 && n_refused > 500, "{n_taken} {n_refused}");
    // What pcalg does is a preset.
    let many = Array2::from_shape_fn((20, 2), |(i, _)| i);
    GSquare::with_options(&many, DiscreteOptions::like_pcalg()).unwrap();
}

#[test]
fn knowledge_of_tiers_that_do_not_exist_is_refused() {
    let test = RandomTest::new(4, 1);
    let knowledge = Knowledge::new()
        .tiers([vec![0], vec![1]])
        .forbid_within_tier(2);
    let error = pc(&test, &options(0.05).knowledge(knowledge)).unwrap_err();
    assert!(error.to_string().contains("tier 2"), "{error}");
    pc(
        &test,
        &options(0.05).knowledge(Knowledge::new().forbid_within_tier(0)),
    )
    .unwrap_err();
}

#[test]
fn without_samples_nobody_is_told_to_limit_the_depth() {
    let nan = f64::NAN;
    let data = array![
        [1.0, nan, 1.0],
        [2.0, nan, 3.0],
        [nan, 1.0, 2.0],
        [nan, 3.0, 5.0],
        [4.0, nan, 4.0]
    ];
    let missing = FisherZOptions::new().missing(Missing::TestwiseDeletion);
    let test = FisherZ::with_options(&data, missing).unwrap();
    let text = test.p_value(0, 1, &[]).unwrap_err().to_string();
    assert!(
        text.starts_with("0 samples") && !text.contains("depth"),
        "{text}"
    );
}

/// Digits that two numbers share.
fn digits(found: f64, exact: f64) -> f64 {
    -((found - exact) / exact).abs().max(1e-17).log10()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// x2 = x1 + noise, x3 = x1 + x2 + noise: the condition number grows as the noise shrinks. What the
    /// documentation promises of correlations from samples, against ones taken in exact arithmetic.
    #[test]
    fn digits_from_samples_fall_with_the_condition_number_as_promised(
        exponent in 0.5..5.5f64,
        n_rows in 50..400usize,
        seed in 0..1_000_000usize,
    ) {
        let noise = 10f64.powf(-exponent);
        // Dyadic numbers, so that products and sums below are exact in integers.
        let unit = 2f64.powi(-20);
        let draw = |i: usize, k: usize| {
            let hash = (i * 7919 + k * 104_729 + 13 + seed).wrapping_mul(2_654_435_761) % 1_000_003;
            hash as i128 % 2001 - 1000
        };
        let scale = (noise / unit).round() as i128;
        let whole = (1.0 / unit) as i128;
        let columns: Vec<[i128; 3]> = (0..n_rows)
            .map(|i| {
                let x = draw(i, 0) * whole;
                let y = x + draw(i, 1) * scale;
                [x, x + y + draw(i, 2) * scale, y]
            })
            .collect();
        let data = Array2::from_shape_fn((n_rows, 3), |(i, v)| columns[i][v] as f64);
        let moment = |a: usize, b: usize| -> i128 {
            let sum = |v: usize| columns.iter().map(|row| row[v]).sum::<i128>();
            n_rows as i128 * columns.iter().map(|row| row[a] * row[b]).sum::<i128>() - sum(a) * sum(b)
        };
        let test = FisherZ::from_samples(&data).unwrap();
        let found = test.partial_correlation(0, 1, &[2]).unwrap();
        let exact = exact_partial(&moment);
        let condition = 1.0 / (noise * noise);
        let promised = 14.0 - condition.log10();
        prop_assert!(
            digits(found, exact) >= promised - 0.5,
            "noise {noise}: {found} {exact}, promised {promised}"
        );
    }
}

/// The partial correlation of 0 and 1 given 2 from exact moments, in integers of 512 bits.
fn exact_partial(moment: &impl Fn(usize, usize) -> i128) -> f64 {
    use causal_pc::graph::BigUint;
    let big = |value: i128| (BigUint::from(value.unsigned_abs()), value < 0);
    // s_ab s_cc - s_ac s_bc
    let minor = |a: usize, b: usize| -> (BigUint, bool) {
        let product = |p: i128, q: i128| {
            let ((p, minus_p), (q, minus_q)) = (big(p), big(q));
            (p * q, minus_p != minus_q)
        };
        let first = product(moment(a, b), moment(2, 2));
        let (second, minus) = product(moment(a, 2), moment(b, 2));
        match (first, (second, !minus)) {
            ((p, sign_p), (q, sign_q)) if sign_p == sign_q => (p + q, sign_p),
            ((p, sign_p), (q, _)) if p >= q => (p - q, sign_p),
            ((p, sign_p), (q, _)) => (q - p, !sign_p),
        }
    };
    let float = |(value, minus): (BigUint, bool)| {
        let shift = value.bits().saturating_sub(64);
        let top: u64 = (value >> shift).try_into().unwrap();
        let size = top as f64 * 2f64.powi(shift as i32);
        if minus { -size } else { size }
    };
    float(minor(0, 1)) / (float(minor(0, 0)).sqrt() * float(minor(1, 1)).sqrt())
}

/// All orders of four variables.
fn orders() -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for code in 0..256 {
        let order: Vec<usize> = (0..4).map(|at| (code >> (2 * at)) & 3).collect();
        if (0..4).all(|v| order.contains(&v)) {
            all.push(order);
        }
    }
    all
}

fn lines(graph: &causal_pc::MixedGraph) -> Vec<String> {
    let mut lines: Vec<String> = graph
        .edges()
        .map(|edge| {
            let (a, b) = edge.direction().unwrap_or((edge.a, edge.b));
            let (a, b) = (&graph.names()[a], &graph.names()[b]);
            match edge.direction() {
                Some(_) => format!("{a} -> {b}"),
                None => format!("{} -- {}", a.min(b), a.max(b)),
            }
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn exact_ties_are_settled_by_name_not_by_order() {
    // a - b - c - d with b and c both colliders by the same evidence; and variants of the weights.
    for (outer, inner) in [(0.5, 0.5), (0.4, 0.3), (0.6, 0.4), (0.55, 0.55)] {
        let r = array![
            [1.0, outer, 0.0, 0.0],
            [outer, 1.0, inner, 0.0],
            [0.0, inner, 1.0, outer],
            [0.0, 0.0, outer, 1.0]
        ];
        let names = ["a", "b", "c", "d"];
        let found: Vec<Vec<String>> = orders()
            .into_iter()
            .map(|order| {
                let moved = r.select(Axis(0), &order).select(Axis(1), &order);
                let names = FisherZOptions::new().names(order.iter().map(|&v| names[v]));
                let test = FisherZ::from_correlation(&moved, 200, names).unwrap();
                lines(&pc(&test, &options(0.05)).unwrap().graph)
            })
            .collect();
        assert_eq!(found.len(), 24);
        assert!(
            found.iter().all(|graph| *graph == found[0]),
            "{outer} {inner}: {found:?}"
        );
        assert!(
            found[0].iter().any(|line| line.contains("->")),
            "{:?}",
            found[0]
        );
    }
}

/// The graph with `old[v]` for the number of each variable v.
fn moved(graph: &causal_pc::MixedGraph, old: &[usize]) -> causal_pc::MixedGraph {
    let edges = graph.edges().map(|edge| causal_pc::Edge {
        a: old[edge.a],
        b: old[edge.b],
        ..edge
    });
    causal_pc::MixedGraph::from_edges(old.len(), edges).unwrap()
}

#[test]
fn a_complete_tie_without_names_is_left_undirected_and_told() {
    let r = array![
        [1.0, 0.4, 0.0, 0.0],
        [0.4, 1.0, 0.3, 0.0],
        [0.0, 0.3, 1.0, 0.4],
        [0.0, 0.0, 0.4, 1.0]
    ];
    for order in orders() {
        let moved = r.select(Axis(0), &order).select(Axis(1), &order);
        let test = FisherZ::from_correlation(&moved, 200, FisherZOptions::new()).unwrap();
        let found = pc(&test, &options(0.05)).unwrap();
        assert!(found.graph.n_edges() == 3 && found.graph.edges().all(|edge| edge.is_undirected()));
        let causes: Vec<_> = found
            .explain()
            .triples()
            .filter_map(|t| t.given_up_for())
            .collect();
        assert!(
            matches!(causes[..], [GivenUpFor::Tie(_), GivenUpFor::Tie(_)]),
            "{causes:?}"
        );
        assert!(
            found
                .explain()
                .to_string()
                .contains("exactly as much speaks for the collider")
        );
    }
    // Arrows that no choice decides stay: two such paths beside a collider of its own.
    let test = FisherZ::from_correlation(
        &array![
            [1.0, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.4, 1.0, 0.3, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.3, 1.0, 0.4, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.5],
            [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5],
            [0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 1.0]
        ],
        200,
        FisherZOptions::new(),
    )
    .unwrap();
    let graph = pc(&test, &options(0.05)).unwrap().graph;
    assert!(graph.is_directed(4, 6) && graph.is_directed(5, 6));
    assert_eq!(
        graph.edges().filter(causal_pc::Edge::is_undirected).count(),
        3
    );
}

/// A test of few p-values, so that there are ties.
struct Tied {
    names: Option<Vec<String>>,
    old: Vec<usize>,
    seed: u64,
}

impl CiTest for Tied {
    type Error = std::convert::Infallible;

    fn n_variables(&self) -> usize {
        self.old.len()
    }

    fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Self::Error> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut given: Vec<usize> = given.iter().map(|&v| self.old[v]).collect();
        given.sort_unstable();
        let (x, y) = (self.old[x], self.old[y]);
        let mut hasher = DefaultHasher::new();
        (self.seed, x.min(y), x.max(y), given).hash(&mut hasher);
        Ok([0.0, 0.0, 0.001, 0.3, 0.6][(hasher.finish() % 5) as usize])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn ties_of_any_kind_are_settled_by_name(
        (n, old) in (2..8usize).prop_flat_map(|n| (Just(n), Just((0..n).collect::<Vec<_>>()).prop_shuffle())),
        seed in any::<u64>(),
        rule in prop::sample::select(&[ColliderRule::Majority, ColliderRule::MaxP, ColliderRule::Conservative]),
    ) {
        let tied = |old: Vec<usize>| Tied {
            names: Some(old.iter().map(|v| format!("v{}", (v * 5) % 8)).collect()),
            old,
            seed,
        };
        let options = options(0.05).collider_rule(rule);
        let first = pc(&tied((0..n).collect()), &options).unwrap();
        let second = pc(&tied(old), &options).unwrap();
        prop_assert_eq!(lines(&first.graph), lines(&second.graph));
    }

    #[test]
    fn without_names_reordered_variables_give_the_reordered_graph(
        (n, old) in (2..9usize).prop_flat_map(|n| (Just(n), Just((0..n).collect::<Vec<_>>()).prop_shuffle())),
        seed in any::<u64>(),
        rule in prop::sample::select(&[ColliderRule::Majority, ColliderRule::MaxP, ColliderRule::Conservative]),
        validity in prop::sample::select(&[Validity::Extendable, Validity::AsFound]),
        named in any::<bool>(),
    ) {
        let options = options(0.05).collider_rule(rule).validity(validity).ties(match named {
            true => Ties::Open,
            false => Ties::ByName,
        });
        let tied = |old: Vec<usize>| Tied {
            names: named.then(|| old.iter().map(|v| format!("v{v}")).collect()),
            old,
            seed,
        };
        let first = pc(&tied((0..n).collect()), &options).unwrap();
        let second = pc(&tied(old.clone()), &options).unwrap();
        let moved = |graph: &causal_pc::MixedGraph| moved(graph, &old);
        // As found, a graph that is no pattern is closed in the order of its edges.
        if validity == Validity::AsFound {
            prop_assert_eq!(moved(&second.skeleton).edges().collect::<Vec<_>>(), first.skeleton.edges().collect::<Vec<_>>());
            let placed = |found: &causal_pc::Discovery, old: &[usize]| -> Vec<(usize, usize)> {
                let of_collider = found.reasons.iter().filter(|(_, reason)| matches!(reason, causal_pc::Reason::Collider(_)));
                let mut arrows: Vec<_> = of_collider.map(|(&(a, b), _)| (old[a], old[b])).collect();
                arrows.sort_unstable();
                arrows
            };
            let same: Vec<usize> = (0..n).collect();
            prop_assert_eq!(placed(&first, &same), placed(&second, &old));
        } else {
            prop_assert_eq!(moved(&second.graph).edges().collect::<Vec<_>>(), first.graph.edges().collect::<Vec<_>>());
        }
    }

    #[test]
    fn tied_correlations_without_names_give_the_reordered_graph(
        (n, old) in (3..8usize).prop_flat_map(|n| (Just(n), Just((0..n).collect::<Vec<_>>()).prop_shuffle())),
        cells in prop::collection::vec(prop::sample::select(&[0.0, 0.0, 0.3, 0.4]), 28),
    ) {
        let r = Array2::from_shape_fn((n, n), |(i, j)| {
            let (low, high) = (i.min(j), i.max(j));
            if i == j { 1.0 } else { cells[high * (high - 1) / 2 + low] }
        });
        let search = |r: &Array2<f64>| {
            let test = FisherZ::from_correlation(r, 200, FisherZOptions::new()).ok()?;
            Some(pc(&test, &options(0.05)).unwrap().graph)
        };
        let second = search(&r.select(Axis(0), &old).select(Axis(1), &old));
        if let (Some(first), Some(second)) = (search(&r), second) {
            prop_assert!(first.directed_cycle().is_none());
            prop_assert_eq!(moved(&second, &old).edges().collect::<Vec<_>>(), first.edges().collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_search_that_runs_out_of_time_ends_with_what_is_known() {
    let test = RandomTest::new(40, 7).dependent(0.9, 0.05);
    for options in [
        options(0.05),
        options(0.05).skeleton_search(SkeletonSearch::Original),
        options(0.05).fdr_control(FdrControl::BenjaminiHochberg),
        PcOptions::like_causal_learn(Alpha::new(0.05).unwrap()),
        PcOptions::like_pcalg(Alpha::new(0.05).unwrap()),
    ] {
        let found = pc(&test, &options.clone().time_limit(Duration::ZERO)).unwrap();
        assert!(matches!(
            found.unfinished,
            Some(PcStage::Skeleton { depth: 1.. })
        ));
        let marginal = pc(
            &test,
            &options
                .clone()
                .max_depth(0)
                .collider_rule(ColliderRule::SeparatingSet),
        )
        .unwrap();
        if options == PcOptions::new(Alpha::new(0.05).unwrap()) {
            assert_eq!(found.skeleton, marginal.skeleton);
            assert_eq!(found.graph, found.skeleton, "nothing is directed yet");
        }
    }
    let easy = RandomTest::new(5, 7);
    let unlimited = pc(&easy, &options(0.05)).unwrap();
    let limited = pc(&easy, &options(0.05).time_limit(Duration::from_secs(3_600))).unwrap();
    assert_eq!((unlimited.unfinished, &limited), (None, &unlimited));
}

/// Every pair depends on every set: thirty variables have 10^9 sets of each.
#[test]
fn a_time_limit_ends_the_test_of_a_single_pair() {
    let r = Array2::from_shape_fn((30, 30), |(i, j)| if i == j { 1.0 } else { 0.5 });
    let test = FisherZ::from_correlation(&r, 100_000, FisherZOptions::new()).unwrap();
    let start = std::time::Instant::now();
    for options in [
        options(0.05),
        options(0.05).skeleton_search(SkeletonSearch::Original),
        options(0.05).fdr_control(FdrControl::BenjaminiHochberg),
    ] {
        let found = pc(&test, &options.time_limit(Duration::from_millis(300))).unwrap();
        assert!(found.unfinished.is_some());
    }
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

/// Variable 0 depends on all others, which are independent of each other, but on the first not given
/// one set of six.
struct Star;

impl CiTest for Star {
    type Error = std::convert::Infallible;

    fn n_variables(&self) -> usize {
        28
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Self::Error> {
        let separates = [x, y].contains(&1) && given == [3, 7, 9, 12, 20, 26];
        Ok(if x.min(y) > 0 || separates { 0.5 } else { 0.0 })
    }
}

#[test]
fn a_scan_in_parts_finds_what_the_whole_finds() {
    let options = options(0.05)
        .max_depth(6)
        .collider_rule(ColliderRule::SeparatingSet);
    let whole = pc(&Star, &options).unwrap();
    let parts = pc(&Star, &options.time_limit(Duration::from_secs(3_600))).unwrap();
    assert_eq!(whole.separating_sets.get(0, 1).unwrap().depth, 6);
    assert_eq!(parts, whole);
}

#[test]
fn strengths_are_the_largest_p_values_that_the_search_met() {
    for seed in 0..20 {
        let data = samples(8, 150, seed);
        let test = FisherZ::from_samples(&data).unwrap();
        let options = options(0.05).max_depth(2);
        let found = pc(&test, &options).unwrap();
        let strengths = edge_strengths(&test, &found, &options).unwrap();
        assert_eq!(strengths.len(), found.graph.n_edges());
        for (strength, edge) in strengths.iter().zip(found.graph.edges()) {
            assert_eq!((strength.a, strength.b), (edge.a, edge.b));
            assert!(strength.p_value <= 0.05);
            let again = test.p_value(edge.a, edge.b, &strength.given).unwrap();
            assert!((again - strength.p_value).abs() <= 1e-12 * again);
            assert_eq!(
                strength.association,
                test.association(edge.a, edge.b, &strength.given).unwrap()
            );
            for end in [edge.a, edge.b] {
                let other = edge.a + edge.b - end;
                let near: Vec<usize> = found
                    .skeleton
                    .neighbors(end)
                    .filter(|&v| v != other)
                    .collect();
                for (at, &v) in near.iter().enumerate() {
                    for &w in &near[at..] {
                        let given = if v == w { vec![v] } else { vec![v, w] };
                        assert!(
                            test.p_value(edge.a, edge.b, &given).unwrap()
                                <= strength.p_value * (1.0 + 1e-9)
                        );
                    }
                }
            }
        }
    }
}

/// A ring of four, none of whose triples is a collider by the tests: no DAG is like that.
struct Square {
    names: Option<Vec<String>>,
}

impl CiTest for Square {
    type Error = std::convert::Infallible;

    fn n_variables(&self) -> usize {
        4
    }

    fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Self::Error> {
        let apart = (x + y).is_multiple_of(2) && given.len() == 2;
        Ok(if apart { 0.5 } else { 0.0 })
    }
}

/// One triple given up for each cause.
#[test]
fn a_triple_that_was_given_up_names_its_one_cause() {
    // 0 -> 2 <- 1 by the tests, but knowledge has 2 -> 0.
    let dag = causal_pc::MixedGraph::from_edges(
        3,
        [
            causal_pc::Edge::directed(0, 2),
            causal_pc::Edge::directed(1, 2),
        ],
    )
    .unwrap();
    let truth = causal_pc::DSeparation::new(&dag).unwrap();
    let found = pc(
        &truth,
        &options(0.05).knowledge(Knowledge::new().require(2, 0)),
    )
    .unwrap();
    let given_up: Vec<_> = found
        .explain()
        .triples()
        .filter_map(|t| t.given_up_for())
        .collect();
    assert_eq!(given_up, [GivenUpFor::Knowledge]);
    let text = found.explain().to_string();
    assert!(text.contains("given up for background knowledge"), "{text}");
    assert!(
        !text.contains("stronger") && !text.contains("cycle"),
        "{text}"
    );
    let mut met = std::collections::BTreeSet::new();
    for seed in 0..300 {
        let found = pc(
            &RandomTest::new(7, seed).dependent(0.8, 0.05),
            &options(0.05),
        )
        .unwrap();
        let all = found.explain();
        met.extend(
            all.triples()
                .filter_map(|t| t.given_up_for())
                .map(|cause| match cause {
                    GivenUpFor::Collider(_) => 1,
                    GivenUpFor::Arrow { .. } => 2,
                    GivenUpFor::Acyclicity => 3,
                    _ => 0,
                }),
        );
    }
    assert!(met.contains(&1) && met.contains(&2), "{met:?}");
    let names = Some(["a", "b", "c", "d"].map(str::to_owned).to_vec());
    let found = pc(&Square { names }, &options(0.05)).unwrap();
    assert!(found.graph.is_extendable());
    let causes: Vec<_> = found
        .explain()
        .triples()
        .filter_map(|t| t.given_up_for())
        .collect();
    assert_eq!(causes, [GivenUpFor::Acyclicity], "{}", found.explain());
    // Without names nothing says which triple to give up.
    let graph = pc(&Square { names: None }, &options(0.05)).unwrap().graph;
    assert!(graph.n_edges() == 4 && graph.edges().all(|edge| edge.is_undirected()));
    assert!(!graph.is_extendable());
}
