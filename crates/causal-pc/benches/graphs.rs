//! What is done with graphs: the class of a DAG, extensions, listing, counting, d-separation.

use std::hint::black_box;

use causal_pc::graph::{MixedGraph, cpdag_of_dag};
use causal_pc::synthetic::{DagModel, random_dag};
use causal_pc::{CiTest, DSeparation};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn sparse(n: usize) -> MixedGraph {
    random_dag(
        n,
        DagModel::ErdosRenyi {
            expected_degree: 3.0,
        },
        1,
    )
    .unwrap()
}

fn classes(c: &mut Criterion) {
    let mut group = c.benchmark_group("sparse graph of degree 3");
    for n in [100, 1_000, 10_000] {
        let dag = sparse(n);
        let cpdag = cpdag_of_dag(&dag).unwrap();
        group.bench_with_input(BenchmarkId::new("cpdag_of_dag", n), &dag, |b, dag| {
            b.iter(|| cpdag_of_dag(dag).unwrap());
        });
        group.bench_with_input(
            BenchmarkId::new("consistent_extension", n),
            &cpdag,
            |b, g| {
                b.iter(|| g.consistent_extension().unwrap());
            },
        );
        group.bench_with_input(BenchmarkId::new("is_cpdag", n), &cpdag, |b, g| {
            b.iter(|| g.is_cpdag());
        });
        group.bench_with_input(BenchmarkId::new("class_size", n), &cpdag, |b, g| {
            b.iter(|| g.class_size().unwrap());
        });
    }
}

fn listing(c: &mut Criterion) {
    let complete = MixedGraph::complete_undirected(7);
    c.bench_function("list the 5,040 DAGs over 7 variables", |b| {
        b.iter(|| complete.class_dags().unwrap().count());
    });
}

fn separation(c: &mut Criterion) {
    let mut group = c.benchmark_group("d-separation of all pairs given two variables");
    for n in [30, 100] {
        let oracle = DSeparation::new(&sparse(n)).unwrap();
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter(|| {
                for x in 2..n {
                    for y in x + 1..n {
                        black_box(oracle.p_value(x, y, &[0, 1]).unwrap());
                    }
                }
            });
        });
    }
}

criterion_group!(benches, classes, listing, separation);
criterion_main!(benches);
