//! The test for clustered rows and the null distribution of the number of edges: against definitions,
//! on data with and without structure, and on the released table.

use std::path::Path;

use causal_pc::ci::{ClusterRobust, ClusterRobustOptions, FisherZOptions, TooFew};
use causal_pc::data::Missing;
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use causal_pc::{
    Alpha, BootstrapOptions, CiTest, Clusters, ColliderRule, FisherZ, Knowledge, NullOptions,
    PcOptions, bootstrap, edge_null, pc,
};
use ndarray::{Array2, Axis, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

fn options() -> PcOptions {
    PcOptions::new(Alpha::new(0.05).unwrap()).threads(1)
}

fn normal(rng: &mut ChaCha8Rng, shape: (usize, usize)) -> Array2<f64> {
    Array2::from_shape_simple_fn(shape, || StandardNormal.sample(rng))
}

const ROLES: usize = 101;
const FEATURES: usize = 25;

/// Each row's role, then each row's feature.
fn design() -> [Vec<usize>; 2] {
    let rows = 0..ROLES * FEATURES;
    [
        rows.clone().map(|row| row / FEATURES).collect(),
        rows.map(|row| row % FEATURES).collect(),
    ]
}

fn by_roles() -> Clusters {
    Clusters::new(design()[0].clone())
}

fn two_ways() -> Clusters {
    by_roles().and(design()[1].clone()).unwrap()
}

/// Columns that have nothing to do with one another, in the shares of variance of the released table:
/// the role with its items 0.61, the feature 0.07 if it has effects, the rest noise.
fn no_structure(p: usize, seed: u64, feature_effects: bool) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let [of_role, of_feature] = [
        normal(&mut rng, (ROLES, p)),
        normal(&mut rng, (FEATURES, p)),
    ];
    let mut table = normal(&mut rng, (ROLES * FEATURES, p)) * 0.32f64.sqrt();
    let [role, feature] = design();
    for ((row, v), cell) in table.indexed_iter_mut() {
        *cell += 0.61f64.sqrt() * of_role[(role[row], v)];
        if feature_effects {
            *cell += 0.07f64.sqrt() * of_feature[(feature[row], v)];
        }
    }
    table
}

/// The statistic by its definition.
fn plain_t(data: &Array2<f64>, labels: &[Vec<usize>], x: usize, y: usize, given: &[usize]) -> f64 {
    let n = data.nrows();
    let centred = |v: usize| {
        let mean = data.column(v).sum() / n as f64;
        data.column(v).mapv(|value| value - mean)
    };
    // Gram and Schmidt, twice for good measure.
    let mut basis: Vec<ndarray::Array1<f64>> = Vec::new();
    let left = |v: usize, basis: &[ndarray::Array1<f64>]| {
        let mut column = centred(v);
        for _ in 0..2 {
            for other in basis {
                let part = column.dot(other);
                column.scaled_add(-part, other);
            }
        }
        column
    };
    for &v in given {
        let column = left(v, &basis);
        let norm = column.dot(&column).sqrt();
        basis.push(column / norm);
    }
    let q = left(x, &basis) * left(y, &basis);
    let squares = |labels: Vec<(usize, usize)>| {
        let mut sums = std::collections::HashMap::new();
        labels
            .into_iter()
            .zip(&q)
            .for_each(|(label, q)| *sums.entry(label).or_insert(0.0) += q);
        (
            sums.len(),
            sums.values().map(|sum: &f64| sum * sum).sum::<f64>(),
        )
    };
    let of = |way: usize| squares(labels[way].iter().map(|&label| (label, 0)).collect());
    let (mut n_clusters, mut variance) = of(0);
    if labels.len() == 2 {
        let (other, second) = of(1);
        let (_, cells) = squares(
            labels[0]
                .iter()
                .copied()
                .zip(labels[1].iter().copied())
                .collect(),
        );
        variance = (variance + second - cells).max(variance).max(second);
        n_clusters = n_clusters.min(other);
    }
    let g = n_clusters as f64;
    q.sum() / variance.sqrt() * ((g - 1.0) / g).sqrt()
}

/// `ln P(|T| >= t)` by the tail of an independent implementation.
fn log_p(t: f64, dof: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, StudentsT};
    (2.0 * StudentsT::new(0.0, 1.0, dof).unwrap().sf(t.abs())).ln()
}

#[test]
fn the_statistic_is_that_of_the_definition() {
    for seed in 0..20 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut data = normal(&mut rng, (60, 6));
        let sum = &data.column(0) * 0.8 + data.column(1) + &data.column(2) * 0.01;
        data.column_mut(2).assign(&sum);
        // Clusters of unequal size, one of a single row, and cells that some rows share.
        let labels = [
            (0..60)
                .map(|row| (row * row / 40) % 11 + usize::from(row == 59) * 20)
                .collect::<Vec<_>>(),
            (0..60).map(|row| row * 7 % 8).collect(),
        ];
        let one = Clusters::new(labels[0].clone());
        let both = one.clone().and(labels[1].clone()).unwrap();
        for (clusters, n_ways) in [(one, 1), (both, 2)] {
            let dof = (clusters.n_clusters() - 1) as f64;
            let test = ClusterRobust::from_samples(&data, clusters).unwrap();
            for (x, y, given) in [
                (0, 1, vec![]),
                (0, 2, vec![1]),
                (3, 5, vec![0, 1, 2]),
                (4, 2, vec![0]),
            ] {
                let exact = log_p(plain_t(&data, &labels[..n_ways], x, y, &given), dof);
                for (x, y) in [(x, y), (y, x)] {
                    let found = test.log_p_value(x, y, &given).unwrap();
                    assert!(
                        (found - exact).abs() < 1e-9 * exact.abs().max(1.0),
                        "{found} {exact}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_missing_is_left_out_cluster_by_cluster() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let data = normal(&mut rng, (40, 3));
    let labels: Vec<usize> = (0..40).map(|row| row / 4).collect();
    let mut gaps = data.clone();
    gaps.slice_mut(s![4..8, 1]).fill(f64::NAN); // a whole cluster
    gaps[(13, 2)] = f64::NAN;
    let missing = ClusterRobustOptions::new().missing(Missing::TestwiseDeletion);
    let test = ClusterRobust::with_options(&gaps, Clusters::new(labels.clone()), missing).unwrap();
    let kept: Vec<usize> = (0..40)
        .filter(|row| !(4..8).contains(row) && *row != 13)
        .collect();
    let whole = data.select(Axis(0), &kept);
    let whole_labels: Vec<usize> = kept.iter().map(|&row| labels[row]).collect();
    let expected = ClusterRobust::from_samples(&whole, Clusters::new(whole_labels)).unwrap();
    let (found, expected) = (
        test.p_value(0, 1, &[2]).unwrap(),
        expected.p_value(0, 1, &[2]).unwrap(),
    );
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    ClusterRobust::from_samples(&gaps, Clusters::new(labels)).unwrap_err();
}

#[test]
fn too_few_clusters_are_refused_or_stated() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let data = normal(&mut rng, (40, 5));
    let clusters = || Clusters::new((0..40).map(|row| row / 10));
    let test = ClusterRobust::from_samples(&data, clusters()).unwrap();
    test.p_value(0, 1, &[2, 3]).unwrap();
    let text = test.p_value(0, 1, &[2, 3, 4]).unwrap_err().to_string();
    assert!(
        text.starts_with("4 clusters cannot test 0 and 1 given 3 variables; at least 5"),
        "{text}"
    );
    let drop = ClusterRobustOptions::new().too_few(TooFew::DropEdge);
    let test = ClusterRobust::with_options(&data, clusters(), drop).unwrap();
    assert_eq!(test.p_value(0, 1, &[2, 3, 4]).unwrap(), 1.0);
    let text = ClusterRobust::from_samples(&data, Clusters::new([1, 2]))
        .unwrap_err()
        .to_string();
    assert_eq!(text, "expected a cluster label for each row (40), found 2");
}

#[test]
fn constants_copies_and_sums_are_met_as_by_fishers_z() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut data = normal(&mut rng, (50, 4));
    let sum = &data.column(0) + &data.column(1);
    data.column_mut(3).assign(&sum);
    let clusters = || Clusters::new((0..50).map(|row| row / 5));
    let test = ClusterRobust::from_samples(&data, clusters()).unwrap();
    let text = test.p_value(2, 3, &[0, 1]).unwrap_err().to_string();
    assert!(
        text.contains("variable 3 is a linear combination of 0, 1"),
        "{text}"
    );
    data.column_mut(2).fill(7.0);
    let text = ClusterRobust::from_samples(&data, clusters())
        .unwrap_err()
        .to_string();
    assert!(text.contains("variable 2 is constant"), "{text}");
    let policy = ClusterRobustOptions::new().constant(causal_pc::ci::Singular::DropEdge);
    let test = ClusterRobust::with_options(&data, clusters(), policy).unwrap();
    assert_eq!(test.p_value(2, 0, &[1]).unwrap(), 1.0);
}

/// A cluster for each row: the ordinary test's neighbour where rows are independent and normal.
#[test]
fn with_a_cluster_for_each_row_the_test_is_near_fishers_z() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut data = normal(&mut rng, (20_000, 3));
    let sum = &data.column(0) * 0.02 + data.column(1);
    data.column_mut(1).assign(&sum);
    let each = ClusterRobust::from_samples(&data, Clusters::new(0..20_000)).unwrap();
    let fisher = FisherZ::from_samples(&data).unwrap();
    for (x, y, given) in [(0, 1, vec![]), (0, 1, vec![2]), (1, 2, vec![0])] {
        let (a, b) = (
            each.log_p_value(x, y, &given).unwrap(),
            fisher.log_p_value(x, y, &given).unwrap(),
        );
        assert!((a - b).abs() < 0.05 * b.abs() + 0.02, "{a} {b}");
    }
}

#[test]
fn every_rule_knowledge_and_the_bootstrap_take_the_test() {
    let data = no_structure(5, 9, true).slice(s![..500, ..]).to_owned();
    let clusters = Clusters::new((0..500).map(|row| row / 25));
    let test = ClusterRobust::from_samples(&data, clusters.clone()).unwrap();
    for rule in [
        ColliderRule::SeparatingSet,
        ColliderRule::Conservative,
        ColliderRule::Majority,
        ColliderRule::MaxP,
        ColliderRule::DefiniteMaxP,
    ] {
        let known = Knowledge::new().require(0, 1).forbid_pair(2, 3);
        let found = pc(&test, &options().collider_rule(rule).knowledge(known)).unwrap();
        assert!(found.graph.is_directed(0, 1) && !found.graph.is_adjacent(2, 3));
    }
    let fit = |rows: &[usize]| {
        ClusterRobust::from_samples(&data.select(Axis(0), rows), clusters.of_rows(rows))
    };
    let resampling = BootstrapOptions::new(30).clusters((0..500).map(|row| row / 25));
    let found = bootstrap(500, fit, &options(), &resampling).unwrap();
    assert_eq!(found.n_resamples(), 30);
}

fn n_edges<T: CiTest>(test: &T) -> usize {
    pc(test, &options().collider_rule(ColliderRule::SeparatingSet))
        .unwrap()
        .graph
        .n_edges()
}

/// Data sets to draw; the environment may ask for more (500 for the figures in the documentation).
fn n_sets(default: u64) -> u64 {
    let asked = std::env::var("CAUSAL_PC_CALIBRATION").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// How often a pair counts as dependent at 0.05 where there is no structure, and the edges found.
#[test]
fn the_level_holds_where_rows_hang_together() {
    let n = n_sets(24);
    for (feature_effects, crossed, low, high) in [
        (false, false, 0.04, 0.06),
        (true, true, 0.02, 0.06),
        (false, true, 0.02, 0.06),
        (true, false, 0.04, 0.06),
    ] {
        let (mut dependent, mut edges, mut naive) = (0, 0, 0);
        for seed in 0..n {
            let data = no_structure(17, 1_000 + seed, feature_effects);
            let clusters = if crossed { two_ways() } else { by_roles() };
            let test = ClusterRobust::from_samples(&data, clusters).unwrap();
            let pairs = (0..17).flat_map(|a| (a + 1..17).map(move |b| (a, b)));
            dependent += pairs
                .filter(|&(a, b)| test.p_value(a, b, &[]).unwrap() <= 0.05)
                .count();
            edges += n_edges(&test);
            naive += n_edges(&FisherZ::from_samples(&data).unwrap());
        }
        let per_set = |count: usize| count as f64 / n as f64;
        let level = per_set(dependent) / 136.0;
        println!(
            "feature effects {feature_effects}, two ways {crossed}, {n} sets: level {level:.4}, \
             edges {:.2}, by Fisher's z {:.2}",
            per_set(edges),
            per_set(naive)
        );
        // Three standard errors of the number of sets that are drawn by default.
        let slack = 3.0 * (0.05 * 0.95 / (136.0 * n as f64)).sqrt();
        assert!((low - slack..=high + slack).contains(&level), "{level}");
        assert!(per_set(edges) <= 8.0 && per_set(naive) > 40.0);
    }
}

/// A planted graph, in rows that are independent and in rows that hang together by role.
#[test]
fn a_planted_graph_is_found() {
    let n = n_sets(10);
    let model = DagModel::ErdosRenyi {
        expected_degree: 2.0,
    };
    let (mut hits, mut hits_naive) = (0, 0);
    let (mut right, mut found, mut right_naive, mut found_naive) = (0, 0, 0, 0);
    for seed in 0..n {
        let dag = random_dag(17, model, seed).unwrap();
        let sem = LinearSem::random(&dag, LinearOptions::new(), seed).unwrap();
        let truth = dag.skeleton();
        let count = |graph: &causal_pc::MixedGraph| {
            let edges = graph
                .edges()
                .filter(|e| truth.is_adjacent(e.a, e.b))
                .count();
            (edges, graph.n_edges())
        };
        let graph = |test: &dyn Fn() -> causal_pc::MixedGraph| count(&test());
        // Independent rows, numbered as if they came in clusters.
        let data = sem.sample(ROLES * FEATURES, seed);
        let robust = ClusterRobust::from_samples(&data, by_roles()).unwrap();
        let naive = FisherZ::from_samples(&data).unwrap();
        hits += graph(&|| pc(&robust, &options()).unwrap().graph).0;
        hits_naive += graph(&|| pc(&naive, &options()).unwrap().graph).0;
        // Each role has one case, and its rows are that case with a little noise.
        let cases = sem.sample(ROLES, seed + 1_000);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rows =
            cases.select(Axis(0), &design()[0]) + normal(&mut rng, (ROLES * FEATURES, 17)) * 0.1;
        let robust = ClusterRobust::from_samples(&rows, by_roles()).unwrap();
        let naive = FisherZ::from_samples(&rows).unwrap();
        let at = PcOptions::new(Alpha::new(0.05).unwrap()).threads(1);
        let (r, f) = graph(&|| pc(&robust, &at).unwrap().graph);
        (right, found) = (right + r, found + f);
        let (r, f) = graph(&|| pc(&naive, &at.clone().max_depth(4)).unwrap().graph);
        (right_naive, found_naive) = (right_naive + r, found_naive + f);
    }
    let share = |a: usize, b: usize| a as f64 / b as f64;
    println!(
        "independent rows: {hits} edges, by Fisher's z {hits_naive}; clusters: precision {:.3} of {found}, \
         by Fisher's z {:.3} of {found_naive}",
        share(right, found),
        share(right_naive, found_naive)
    );
    assert!(share(hits, hits_naive) >= 0.95);
    assert!(share(right, found) >= 0.8 && share(right_naive, found_naive) <= 0.5);
}

#[test]
fn the_null_is_the_same_with_any_number_of_threads_and_says_what_cannot_be_mixed() {
    let data = no_structure(4, 3, false);
    let null = |threads: usize| {
        let options = NullOptions::new(20)
            .seed(5)
            .clusters(two_ways())
            .threads(threads);
        edge_null(
            &data,
            |draw| FisherZ::from_samples(draw),
            &self::options(),
            &options,
        )
        .unwrap()
    };
    let one = null(1);
    assert_eq!(one, null(2));
    assert_eq!(one.null.len(), 20);
    assert_eq!(one.pairs.len(), 6);
    assert!(
        one.pairs
            .iter()
            .all(|pair| pair.p_value <= pair.q_value && pair.q_value <= 1.0)
    );
    let refused = |options: NullOptions| {
        edge_null(
            &data,
            |draw| FisherZ::from_samples(draw),
            &self::options(),
            &options,
        )
        .unwrap_err()
        .to_string()
    };
    let all_one = Clusters::new(vec![0; data.nrows()]);
    assert!(refused(NullOptions::new(3).clusters(all_one)).contains("none can be exchanged"));
    assert!(refused(NullOptions::new(0)).contains("draws is 0"));
    assert!(refused(NullOptions::new(3).clusters(Clusters::new([1]))).contains("found 1"));
    assert!(refused(NullOptions::new(3).matched_by([1])).contains("found 1"));
    let twice = NullOptions::new(3)
        .clusters(two_ways())
        .matched_by(vec![0; data.nrows()]);
    assert!(refused(twice).contains("other way"));
}

/// The values of a released table, its roles and its features.
fn released(folder: &Path) -> (Array2<f64>, Vec<String>, Vec<String>) {
    let text = std::fs::read_to_string(folder.join("ans_gemma_train_formal.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let other = ["steer_dim", "player_name", "stds", "scstds"];
    let is_value = |name: &str| !other.contains(&name) && !name.ends_with(":scstd");
    let places: Vec<usize> = (0..header.len())
        .filter(|&at| is_value(header[at]))
        .collect();
    let column = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let labels = |name: &str| {
        rows.iter()
            .map(|row| row[column(name)].to_owned())
            .collect()
    };
    let values = Array2::from_shape_fn((rows.len(), places.len()), |(i, j)| {
        rows[i][places[j]].parse().unwrap()
    });
    (values, labels("player_name"), labels("steer_dim"))
}

#[test]
fn the_released_table_holds_no_graph_that_its_rows_could_show() {
    let Some(folder) = std::env::var_os("VALUE_CAUSAL_RELEASED") else {
        println!("left out: VALUE_CAUSAL_RELEASED is not set");
        return;
    };
    let (data, roles, features) = released(Path::new(&folder));
    assert_eq!(data.dim(), (2_525, 17));
    assert_eq!(n_edges(&FisherZ::from_samples(&data).unwrap()), 56);
    let by_roles = Clusters::new(&roles);
    let both = by_roles.clone().and(&features).unwrap();
    assert_eq!(
        n_edges(&ClusterRobust::from_samples(&data, by_roles.clone()).unwrap()),
        12
    );
    assert_eq!(
        n_edges(&ClusterRobust::from_samples(&data, both.clone()).unwrap()),
        5
    );
    let n = n_sets(60) as usize;
    let mixed_roles = || {
        NullOptions::new(n)
            .seed(1)
            .clusters(by_roles.clone())
            .matched_by(&features)
    };
    let null = edge_null(
        &data,
        |draw| FisherZ::from_samples(draw),
        &options(),
        &mixed_roles(),
    )
    .unwrap();
    let dependent = null
        .pairs
        .iter()
        .filter(|pair| pair.p_value <= 0.05)
        .count();
    println!(
        "roles mixed, {n} draws: {:.2} +- {:.2} edges by Fisher's z, p {:.3}; {dependent} pairs dependent",
        null.mean(),
        null.standard_deviation(),
        null.p_value()
    );
    let error = null.standard_deviation() / (n as f64).sqrt();
    assert!(
        (54.0 - 3.0 * error..=55.5 + 3.0 * error).contains(&null.mean()),
        "{}",
        null.mean()
    );
    assert!(null.p_value() > 0.2);
    assert!(null.pairs.iter().all(|pair| pair.q_value > 0.05));
    let robust =
        |draw: ndarray::ArrayView2<'_, f64>| ClusterRobust::from_samples(draw, by_roles.clone());
    let null = edge_null(&data, robust, &options(), &mixed_roles()).unwrap();
    assert_eq!(null.n_edges, 12);
    println!(
        "by roles: {:.2} +- {:.2}",
        null.mean(),
        null.standard_deviation()
    );
    assert!((5.0..8.0).contains(&null.mean()));
    let robust =
        |draw: ndarray::ArrayView2<'_, f64>| ClusterRobust::from_samples(draw, both.clone());
    let null = edge_null(
        &data,
        robust,
        &options(),
        &NullOptions::new(n).clusters(both.clone()),
    )
    .unwrap();
    println!(
        "by roles and features: {:.2} +- {:.2}",
        null.mean(),
        null.standard_deviation()
    );
    assert!((2.0..5.0).contains(&null.mean()));
}

#[test]
fn a_stated_effective_number_of_samples_takes_the_place_of_n() {
    let data = no_structure(4, 11, false);
    let stated = FisherZOptions::new().effective_samples(250.0);
    let test = FisherZ::with_options(&data, stated).unwrap();
    let full = FisherZ::from_samples(&data).unwrap();
    let same = FisherZ::from_correlation(full.correlation(), 250, FisherZOptions::new()).unwrap();
    for given in [&[][..], &[2], &[2, 3]] {
        assert_eq!(
            test.p_value(0, 1, given).unwrap(),
            same.p_value(0, 1, given).unwrap()
        );
    }
    assert_eq!(
        pc(&test, &options()).unwrap(),
        pc(&same, &options()).unwrap()
    );
    for refused in [0.0, -1.0, f64::NAN] {
        let options = FisherZOptions::new().effective_samples(refused);
        FisherZ::with_options(&data, options).unwrap_err();
    }
}
