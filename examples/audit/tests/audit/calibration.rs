//! Whether the tests against chance are honest: on synthetic studies whose graph knows nothing of
//! what changes their p-values must be uniform, and where it does know they should be small.
//!
//! The limits are what an honest test would miss once in a hundred times.
//!
//! The full size, with figures printed:
//! `cargo test --release -p audit --test audit -- --ignored --nocapture p_values`

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use value_causal::discovery::graph::{MixedGraph, UndirectedEdges};
use value_causal::discovery::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use value_causal::discovery::{Alpha, FisherZ, PcOptions, pc};
use value_causal::metrics::{
    ChangeRates, Expectations, Expected, Null, Unexpected, gap_test, reachability,
};
use value_causal::ndarray::{Array2, Axis};
use value_causal::petgraph::graph::{DiGraph, NodeIndex};

const NODES: usize = 9;

fn model(seed: u64) -> LinearSem {
    let sparse = DagModel::ErdosRenyi {
        expected_degree: 2.0,
    };
    let dag = random_dag(NODES, sparse, seed).unwrap();
    LinearSem::random(&dag, LinearOptions::new(), seed).unwrap()
}

/// The graph that PC finds in samples of the model.
fn discovered(model: &LinearSem, seed: u64) -> DiGraph<String, ()> {
    let test = FisherZ::from_samples(model.sample(400, seed).view()).unwrap();
    let found = pc(&test, &PcOptions::new(Alpha::new(0.05).unwrap())).unwrap();
    found.graph.to_digraph(UndirectedEdges::BothWays)
}

/// What 30 pushes on single nodes change: the node, and each descendant three times in four; now
/// and then any other node; some nodes more often than others.
fn changes(dag: &MixedGraph, rng: &mut ChaCha8Rng) -> Array2<bool> {
    let reached = reachability(&dag.to_digraph(UndirectedEdges::Drop));
    let fickle: Vec<f64> = (0..NODES).map(|_| rng.random_range(0.05..0.35)).collect();
    let mut table = Array2::from_elem((30, NODES), false);
    for mut row in table.rows_mut() {
        let pushed = rng.random_range(0..NODES);
        for node in 0..NODES {
            let along = reached.reaches(NodeIndex::new(pushed), NodeIndex::new(node));
            row[node] =
                node == pushed || rng.random_bool(fickle[node]) || along && rng.random_bool(0.75);
        }
    }
    table
}

/// The p-value of the gap of one study: PC on samples of a model, held against what pushes on the
/// nodes of the same model change, or, where the graph shall know nothing, of a model whose nodes
/// are called otherwise.
fn p_value(null: Null, knows: bool, effects: Effects, seed: u64) -> Option<f64> {
    let model = model(seed);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let graph = discovered(&model, seed);
    let mut changes = changes(model.dag(), &mut rng);
    if !knows {
        let mut order: Vec<usize> = (0..NODES).collect();
        order.shuffle(&mut rng);
        changes = changes.select(Axis(1), &order);
    }
    let effects = [effects(&ChangeRates::from_changes(changes.view()))];
    let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
    let draws = null.draw(&graph, expected, unexpected, 99, seed);
    let whole = Expectations::of(&graph, expected, unexpected);
    Some(gap_test(&whole, &draws, &effects).ok()?.p_value())
}

type Effects = fn(&ChangeRates) -> Array2<f64>;
const MEASURES: [(&str, Effects); 2] = [
    ("rate", ChangeRates::rate_matrix),
    ("lift", ChangeRates::lift_matrix),
];

/// The p-values of the studies that have a gap.
fn p_values(null: Null, knows: bool, effects: Effects, n_studies: u64) -> Vec<f64> {
    let of = |seed| p_value(null, knows, effects, seed);
    (0..n_studies).into_par_iter().filter_map(of).collect()
}

/// The Kolmogorov-Smirnov distance of p-values of 99 draws from the uniform distribution on 1/100,
/// ..., 1.
fn distance(p_values: &[f64]) -> f64 {
    let n = p_values.len() as f64;
    let at = |step: i32| {
        let level = f64::from(step) / 100.0;
        let below = p_values.iter().filter(|&&p| p <= level + 1e-9).count();
        (below as f64 / n - level).abs()
    };
    (1..=100).map(at).fold(0.0, f64::max)
}

fn share_below(p_values: &[f64], level: f64) -> f64 {
    p_values.iter().filter(|&&p| p <= level + 1e-9).count() as f64 / p_values.len() as f64
}

/// Uniform p-values where the graph knows nothing, small ones where it does.
fn calibrate(n_studies: u64) {
    for (name, effects) in MEASURES {
        let null = p_values(Null::Relabelling, false, effects, n_studies);
        let n = null.len() as f64;
        assert!(
            n > 0.8 * n_studies as f64,
            "{n} of {n_studies} studies have a gap"
        );
        // Reached by chance once in a hundred times.
        let limit = 1.628 / n.sqrt();
        let found = distance(&null);
        println!(
            "{name}, nothing known, relabelling: {n} studies, distance {found:.3} (1 % beyond \
             {limit:.3}), p <= 0.05 in {:.3}",
            share_below(&null, 0.05)
        );
        assert!(found < limit, "{name}: {found} {limit}");
        // Relabelling should tell the graph from chance more often than not. Few graphs have the
        // degrees of a graph of nine nodes, so that rewiring finds less: more than chance would.
        for (null_name, null, [share, z]) in [
            ("relabelling", Null::Relabelling, [0.5, -2.326]),
            ("rewiring", Null::Rewiring, [0.05, 2.326]),
        ] {
            let found = p_values(null, true, effects, n_studies);
            let least = share + z * (share * (1.0 - share) / found.len() as f64).sqrt();
            let power = share_below(&found, 0.05);
            println!("{name}, planted, {null_name}: p <= 0.05 in {power:.3} (at least {least:.3})");
            assert!(power > least, "{name} {null_name}: {power} {least}");
        }
    }
}

#[test]
fn p_values_are_uniform_under_the_null_and_small_otherwise() {
    calibrate(60);
}

#[test]
#[ignore = "minutes in a debug build: cargo xtask test --only test-calibrations"]
fn p_values_over_500_studies() {
    calibrate(500);
}
