//! Speed of the greedy reduction, the closure and the steering effects.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use digraph_metrics::{
    ChangeRates, Expected, Unexpected, reachability, reduce_in_order, steering_effects,
};
use ndarray::Array2;
use petgraph::graph::DiGraph;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// (nodes, edges): the published graph's size, then larger ones.
const SIZES: [(u32, usize); 3] = [(17, 47), (200, 2_000), (1_000, 20_000)];

fn random_graph((n_nodes, n_edges): (u32, usize)) -> DiGraph<(), ()> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut graph = DiGraph::from_edges(
        (0..n_edges).map(|_| (rng.random_range(0..n_nodes), rng.random_range(0..n_nodes))),
    );
    while graph.node_count() < n_nodes as usize {
        graph.add_node(());
    }
    graph
}

fn random_rates(n_nodes: u32, n_interventions: usize) -> ChangeRates {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let shape = (n_interventions, n_nodes as usize);
    ChangeRates::from_changes(Array2::from_shape_simple_fn(shape, || rng.random()).view())
}

fn metrics(criterion: &mut Criterion) {
    for size in SIZES {
        let graph = random_graph(size);
        let rates = random_rates(size.0, 25);
        let id = |name: &str| format!("{name}/{} nodes, {} edges", size.0, size.1);
        criterion.bench_function(&id("reachability"), |bencher| {
            bencher.iter(|| reachability(black_box(&graph)));
        });
        criterion.bench_function(&id("reduce_in_order"), |bencher| {
            bencher.iter(|| reduce_in_order(black_box(&graph)));
        });
        criterion.bench_function(&id("steering_effects"), |bencher| {
            let (expected, unexpected) = (Expected::default(), Unexpected::default());
            bencher.iter(|| steering_effects(black_box(&graph), &rates, expected, unexpected));
        });
    }
}

criterion_group!(benches, metrics);
criterion_main!(benches);
