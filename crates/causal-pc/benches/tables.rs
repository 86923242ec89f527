//! Tests for discrete and mixed data, and a whole search and bootstrap over them.

use std::hint::black_box;

use causal_pc::ci::VariableKind::{Continuous, Discrete};
use causal_pc::ndarray::{Array2, Axis};
use causal_pc::synthetic::{
    DagModel, DiscreteNet, DiscreteNetOptions, LinearOptions, LinearSem, random_dag,
};
use causal_pc::{
    Alpha, BootstrapOptions, CiTest, FisherZ, GSquare, MixedTest, PcOptions, bootstrap, pc,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// 37 variables of 2 to 4 levels, 5,000 samples.
fn samples() -> Array2<u16> {
    let dag = random_dag(
        37,
        DagModel::ErdosRenyi {
            expected_degree: 2.5,
        },
        1,
    )
    .unwrap();
    DiscreteNet::random(&dag, &DiscreteNetOptions::new(), 1)
        .unwrap()
        .sample(5_000, 1)
}

fn one_thread() -> PcOptions {
    PcOptions::new(Alpha::new(0.05).unwrap()).threads(1)
}

/// All pairs of ten variables given the same others.
fn all_pairs(test: &impl CiTest, given: &[usize]) {
    for x in 0..10 {
        for y in x + 1..10 {
            black_box(test.p_value(x, y, given).unwrap());
        }
    }
}

fn g_square(c: &mut Criterion) {
    let samples = samples();
    c.bench_function("G2: code 37 columns of 5,000", |b| {
        b.iter(|| GSquare::from_samples(samples.view()).unwrap());
    });
    let test = GSquare::from_samples(samples.view()).unwrap();
    let mut group = c.benchmark_group("G2: 45 tests by size of the set");
    for size in 0..5 {
        let given: Vec<usize> = (20..20 + size).collect();
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| all_pairs(&test, &given));
        });
    }
    group.finish();
    c.bench_function("G2: the search", |b| {
        b.iter(|| pc(&test, &one_thread()).unwrap());
    });
}

fn mixed(c: &mut Criterion) {
    let mut samples = samples().mapv(f64::from);
    let dag = random_dag(
        37,
        DagModel::ErdosRenyi {
            expected_degree: 2.5,
        },
        2,
    )
    .unwrap();
    let numbers = LinearSem::random(&dag, LinearOptions::new(), 2)
        .unwrap()
        .sample(5_000, 2);
    for v in (0..37).step_by(2) {
        samples.column_mut(v).assign(&numbers.column(v));
    }
    let kinds: Vec<_> = (0..37)
        .map(|v| if v % 2 == 0 { Continuous } else { Discrete })
        .collect();
    let test = MixedTest::from_samples(samples.view(), &kinds).unwrap();
    let mut group = c.benchmark_group("mixed data, a test given a number and a level");
    for (name, x, y) in [
        ("two numbers", 0, 2),
        ("a number and a level", 0, 1),
        ("two levels", 1, 3),
    ] {
        group.bench_function(name, |b| b.iter(|| test.p_value(x, y, &[10, 11]).unwrap()));
    }
}

fn resampling(c: &mut Criterion) {
    let dag = random_dag(
        17,
        DagModel::ErdosRenyi {
            expected_degree: 5.0,
        },
        1,
    )
    .unwrap();
    let samples = LinearSem::random(&dag, LinearOptions::new(), 1)
        .unwrap()
        .sample(2_525, 1);
    let fit = |rows: &[usize]| FisherZ::from_samples(samples.select(Axis(0), rows).view());
    let mut group = c.benchmark_group("50 resamples of 2,525 by 17");
    group.sample_size(10);
    for threads in [1, 2] {
        let options = BootstrapOptions::new(50).threads(threads);
        group.bench_function(BenchmarkId::new("threads", threads), |b| {
            b.iter(|| bootstrap(samples.nrows(), fit, &one_thread(), &options).unwrap());
        });
    }
}

criterion_group!(benches, g_square, mixed, resampling);
criterion_main!(benches);
