//! What one test costs by the size of its set, alone and in a scan; correlations; Meek's rules.

use std::hint::black_box;
use std::time::{Duration, Instant};

use causal_pc::ci::{Bound, Next, SetScan};
use causal_pc::ndarray::Array2;
use causal_pc::synthetic::{
    DagModel, DiscreteNet, DiscreteNetOptions, LinearOptions, LinearSem, random_dag,
};
use causal_pc::{CiTest, FisherZ, GSquare, MixedGraph};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn sparse(n: usize) -> MixedGraph {
    let model = DagModel::ErdosRenyi {
        expected_degree: 3.0,
    };
    random_dag(n, model, 1).unwrap()
}

fn samples(p: usize, n: usize) -> Array2<f64> {
    let model = LinearSem::random(&sparse(p), LinearOptions::new(), 1).unwrap();
    model.sample(n, 1)
}

/// Scans all sets of a size out of ten variables, pair after pair, without stopping; the time is
/// that of so many tests.
fn scans(test: &impl CiTest, size: usize, n_tests: u64) -> Duration {
    let candidates: Vec<usize> = (20..30).collect();
    let (mut tested, start) = (0, Instant::now());
    for pair in 0.. {
        if tested >= n_tests {
            break;
        }
        let sets = SetScan {
            x: pair % 10,
            y: 10 + pair / 10 % 10,
            always: &[],
            candidates: &candidates,
            size,
            done: &[],
        };
        let go_on = &mut |_: &[usize], _| Next::Continue;
        tested += test
            .scan(black_box(&sets), Bound::above(0.05), go_on)
            .unwrap();
    }
    start
        .elapsed()
        .mul_f64(n_tests as f64 / tested.max(1) as f64)
}

/// The time of so many p-values given sets of a size.
fn p_values(test: &impl CiTest, size: usize, n_tests: u64) -> Duration {
    let given: Vec<usize> = (20..20 + size).collect();
    let start = Instant::now();
    for at in 0..n_tests as usize {
        black_box(test.p_value(at % 10, 10 + at / 10 % 10, &given).unwrap());
    }
    start.elapsed()
}

fn tests(c: &mut Criterion, name: &str, test: &impl CiTest) {
    let mut group = c.benchmark_group(format!("{name}: one test of a scan by size of the set"));
    for size in 0..5 {
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_custom(|n_tests| scans(test, size, n_tests));
        });
    }
    group.finish();
    let mut group = c.benchmark_group(format!("{name}: one p-value by size of the set"));
    for size in 0..5 {
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_custom(|n_tests| p_values(test, size, n_tests));
        });
    }
}

fn fisher_z(c: &mut Criterion) {
    let test = FisherZ::from_samples(samples(100, 1_000).view()).unwrap();
    tests(c, "Fisher-Z", &test);
}

fn g_square(c: &mut Criterion) {
    let net = DiscreteNet::random(&sparse(37), &DiscreteNetOptions::new(), 1).unwrap();
    let test = GSquare::from_samples(net.sample(5_000, 1).view()).unwrap();
    tests(c, "G2 of 5,000 samples", &test);
}

fn correlations(c: &mut Criterion) {
    let mut group = c.benchmark_group("Fisher-Z: the correlations");
    group.sample_size(20);
    for (p, n) in [(17, 2_525), (100, 5_000), (1_000, 500)] {
        let samples = samples(p, n);
        group.bench_function(BenchmarkId::from_parameter(format!("{p} x {n}")), |b| {
            b.iter(|| FisherZ::from_samples(samples.view()).unwrap());
        });
    }
}

/// The skeleton of a DAG with its unshielded colliders alone.
fn pattern(dag: &MixedGraph) -> MixedGraph {
    let mut pattern = dag.skeleton();
    for y in 0..dag.n_variables() {
        let parents: Vec<usize> = dag.parents(y).collect();
        for (at, &x) in parents.iter().enumerate() {
            for &z in parents[at + 1..]
                .iter()
                .filter(|&&z| !dag.is_adjacent(x, z))
            {
                pattern.add_directed(x, y);
                pattern.add_directed(z, y);
            }
        }
    }
    pattern
}

fn meek(c: &mut Criterion) {
    let mut group = c.benchmark_group("Meek's rules on the pattern of a sparse graph");
    for n in [100, 1_000, 10_000] {
        let pattern = pattern(&sparse(n));
        group.bench_with_input(BenchmarkId::from_parameter(n), &pattern, |b, pattern| {
            b.iter(|| {
                let mut graph = pattern.clone();
                graph.apply_meek_rules();
                graph
            });
        });
    }
}

criterion_group!(benches, fisher_z, g_square, correlations, meek);
criterion_main!(benches);
