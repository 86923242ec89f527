//! proptest strategies for DAGs, CPDAGs, models and data; needs the feature `proptest`.
//!
//! Every strategy shrinks towards what is easiest to understand: fewer variables, fewer edges, the
//! variables in causal order, small weights, few samples. In the manifest of the crate under test:
//!
//! ```toml
//! [dev-dependencies]
//! causal-pc = { version = "0.1", features = ["proptest"] }
//! proptest = "1"
//! ```
//!
//! A property of a search, here the one of this crate, then reads:
//!
//! ```
//! use causal_pc::graph::cpdag_of_dag;
//! use causal_pc::{Alpha, DSeparation, PcOptions, pc, strategies};
//! use proptest::prelude::*;
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig::with_cases(32))]
//!     # /*
//!     #[test]
//!     # */
//!     fn the_oracle_leads_to_the_cpdag(dag in strategies::dags(1..=7, 0.4)) {
//!         let oracle = DSeparation::new(&dag).unwrap();
//!         let options = PcOptions::new(Alpha::new(0.05).unwrap());
//!         let found = pc(&oracle, &options).unwrap();
//!         prop_assert_eq!(found.graph, cpdag_of_dag(&dag).unwrap());
//!     }
//! }
//! # the_oracle_leads_to_the_cpdag();
//! ```
//!
//! [`awkward_samples`] is for tests of independence, which must answer or refuse whatever data they
//! are given; [`random_tests`] is for searches, which must keep their promises whatever a test says.

use std::fmt;
use std::ops::{Deref, RangeInclusive};

use ndarray::Array2;
use proptest::prelude::*;

use crate::graph::{Edge, MixedGraph, cpdag_of_dag};
use crate::synthetic::{DiscreteNet, DiscreteNetOptions, LinearOptions, LinearSem, RandomTest};
use crate::words::counted;

/// Samples, `[n_samples, n_variables]`, that are short when a failing case is printed: their shape
/// and the first few rows. They dereference to the array.
#[derive(Clone, PartialEq)]
pub struct Samples<A>(pub Array2<A>);

impl<A> Deref for Samples<A> {
    type Target = Array2<A>;

    fn deref(&self) -> &Array2<A> {
        &self.0
    }
}

impl<A: fmt::Debug> fmt::Debug for Samples<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ROWS: usize = 3;
        const COLUMNS: usize = 12;
        let (n, p) = self.0.dim();
        write!(
            f,
            "{samples} of {variables}:",
            samples = counted(n, "sample"),
            variables = counted(p, "variable")
        )?;
        for row in self.0.rows().into_iter().take(ROWS) {
            let cells: Vec<String> = row.iter().take(COLUMNS).map(|v| format!("{v:?}")).collect();
            write!(
                f,
                " [{}{}]",
                cells.join(", "),
                if p > COLUMNS { ", ..." } else { "" }
            )?;
        }
        f.write_str(if n > ROWS { " ..." } else { "" })
    }
}

/// Random DAGs whose number of variables is in the range and in which each pair is joined with the
/// given probability.
///
/// Shrinks to fewer variables, fewer edges, and variables in topological order.
///
/// # Panics
///
/// If the probability is not between 0 and 1.
pub fn dags(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
) -> impl Strategy<Value = MixedGraph> + Clone {
    let most = *n_variables.end();
    let joined = prop::collection::vec(prop::bool::weighted(edge_probability), n_pairs(most));
    let all: Vec<usize> = (0..most).collect();
    let order = Just(all.clone()).prop_shuffle();
    // A subsequence loses any of its members in shrinking, and with it a variable and its edges.
    let kept = prop::sample::subsequence(all, n_variables);
    (kept, joined, order).prop_map(|(kept, joined, order)| {
        let mut labels: Vec<usize> = kept.iter().map(|&v| order[v]).collect();
        labels.sort_unstable();
        let label = |v: usize| labels.partition_point(|&label| label < order[v]);
        let mut dag = MixedGraph::new(kept.len());
        for (at, &late) in kept.iter().enumerate() {
            for &early in &kept[..at] {
                if joined[n_pairs(late) + early] {
                    dag.add_edge(Edge::directed(label(early), label(late)));
                }
            }
        }
        dag
    })
}

/// CPDAGs: those of [`dags`].
///
/// # Panics
///
/// If the probability is not between 0 and 1.
pub fn cpdags(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
) -> impl Strategy<Value = MixedGraph> + Clone {
    let dags = dags(n_variables, edge_probability);
    dags.prop_filter_map("every DAG has a CPDAG", |dag| cpdag_of_dag(&dag).ok())
}

/// A DAG and its CPDAG in which background knowledge has directed some more edges, as in the DAG.
///
/// The graph is not closed under Meek's rules. Shrinks as [`dags`], and to less knowledge.
///
/// # Panics
///
/// If a probability is not between 0 and 1.
pub fn dags_with_knowledge(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
    known_probability: f64,
) -> impl Strategy<Value = (MixedGraph, MixedGraph)> + Clone {
    let n_known = n_pairs(*n_variables.end());
    let known = prop::collection::vec(prop::bool::weighted(known_probability), n_known);
    let all = (dags(n_variables, edge_probability), known);
    all.prop_filter_map("every DAG has a CPDAG", |(dag, known)| {
        let mut graph = cpdag_of_dag(&dag).ok()?;
        for (edge, known) in dag.edges().zip(known) {
            if known {
                graph.add_edge(edge);
            }
        }
        Some((dag, graph))
    })
}

/// Graphs whose pairs are joined by any kind of edge or none, with no regard to cycles or
/// extensions. Shrinks to fewer variables and fewer arrowheads and edges.
pub fn mixed_graphs(
    n_variables: RangeInclusive<usize>,
) -> impl Strategy<Value = MixedGraph> + Clone {
    let kinds = prop::collection::vec(0..6_u8, n_pairs(*n_variables.end()));
    (n_variables, kinds).prop_map(|(n, kinds)| {
        let pairs = (0..n).flat_map(|b| (0..b).map(move |a| (a, b)));
        let mut graph = MixedGraph::new(n);
        for ((a, b), kind) in pairs.zip(kinds) {
            match kind {
                0 | 1 => {}
                2 => graph.add_undirected(a, b),
                3 => graph.add_directed(a, b),
                4 => graph.add_directed(b, a),
                _ => graph.add_bidirected(a, b),
            }
        }
        graph
    })
}

/// Linear-Gaussian models over [`dags`], with weights of absolute value 0.25 to 1 and noise of
/// standard deviation 0.5 to 2. Shrinks as they do, and to weights and noise of small size. For
/// other weights and noise see [`linear_sems_with`].
///
/// # Panics
///
/// If the probability is not between 0 and 1.
pub fn linear_sems(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
) -> impl Strategy<Value = LinearSem> + Clone {
    let options = LinearOptions::new().noise_sd(0.5, 2.0);
    linear_sems_with(n_variables, edge_probability, options)
}

/// As [`linear_sems`], with weights and noise drawn from the ranges of the options.
///
/// # Panics
///
/// If the probability is not between 0 and 1, or a range of the options is empty.
pub fn linear_sems_with(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
    options: LinearOptions,
) -> impl Strategy<Value = LinearSem> + Clone {
    let most = *n_variables.end();
    let within = |(low, high): (f64, f64)| low..=high;
    let sign = prop::bool::weighted(if options.negative { 0.5 } else { 0.0 });
    let weight = (within(options.weight), sign);
    let weights = prop::collection::vec(
        weight.prop_map(|(size, negative): (f64, bool)| if negative { -size } else { size }),
        n_pairs(most),
    );
    let noise = prop::collection::vec(within(options.noise_sd), most);
    let all = (dags(n_variables, edge_probability), weights, noise);
    all.prop_filter_map("every DAG has a model", |(dag, weights, noise)| {
        let mut weights = weights.into_iter();
        LinearSem::new(&dag, |_, _| weights.next().unwrap_or(0.5), |v| noise[v]).ok()
    })
}

/// A linear-Gaussian model and samples of it, `[n_samples, n_variables]`. Shrinks as
/// [`linear_sems`], and to fewer samples, which are the first of those there were.
///
/// # Panics
///
/// If the probability is not between 0 and 1.
pub fn linear_data(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
    n_samples: RangeInclusive<usize>,
) -> impl Strategy<Value = (LinearSem, Samples<f64>)> + Clone {
    let options = LinearOptions::new().noise_sd(0.5, 2.0);
    linear_data_with(n_variables, edge_probability, n_samples, options)
}

/// As [`linear_data`], from models of [`linear_sems_with`].
///
/// # Panics
///
/// If the probability is not between 0 and 1, or a range of the options is empty.
pub fn linear_data_with(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
    n_samples: RangeInclusive<usize>,
    options: LinearOptions,
) -> impl Strategy<Value = (LinearSem, Samples<f64>)> + Clone {
    let sems = linear_sems_with(n_variables, edge_probability, options);
    (sems, n_samples, any::<u64>().no_shrink()).prop_map(|(sem, n, seed)| {
        let samples = sem.sample(n, seed);
        (sem, Samples(samples))
    })
}

/// Discrete networks over [`dags`] with 2 to 4 levels each. Shrinks as they do.
///
/// Tables grow with the number of parents: keep to ten variables or so.
///
/// # Panics
///
/// If the probability is not between 0 and 1.
pub fn discrete_nets(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
) -> impl Strategy<Value = DiscreteNet> + Clone {
    let all = (
        dags(n_variables, edge_probability),
        any::<u64>().no_shrink(),
    );
    all.prop_filter_map("a variable has too many parents", |(dag, seed)| {
        DiscreteNet::random(&dag, &DiscreteNetOptions::new(), seed).ok()
    })
}

/// A discrete network and samples of it, `[n_samples, n_variables]`. Shrinks as [`discrete_nets`],
/// and to fewer samples.
///
/// # Panics
///
/// If the probability is not between 0 and 1.
pub fn discrete_data(
    n_variables: RangeInclusive<usize>,
    edge_probability: f64,
    n_samples: RangeInclusive<usize>,
) -> impl Strategy<Value = (DiscreteNet, Samples<u16>)> + Clone {
    let nets = discrete_nets(n_variables, edge_probability);
    (nets, n_samples, any::<u64>().no_shrink()).prop_map(|(net, n, seed)| {
        let samples = net.sample(n, seed);
        (net, Samples(samples))
    })
}

/// Data that trip careless code, `[n_samples, n_variables]`: columns that are constant, equal to
/// another, sums of two others, of few levels, huge, tiny, or in part missing (NaN). Never infinite.
/// Shrinks to fewer samples and plain columns.
pub fn awkward_samples(
    n_variables: RangeInclusive<usize>,
    n_samples: RangeInclusive<usize>,
) -> impl Strategy<Value = Samples<f64>> + Clone {
    let (most, longest) = (*n_variables.end(), *n_samples.end());
    let columns = prop::collection::vec(awkward_columns(longest), most);
    (n_variables, n_samples, columns).prop_map(|(p, n, columns)| {
        let mut samples = Array2::zeros((n, p));
        for (v, column) in columns.iter().take(p).enumerate() {
            for row in 0..n {
                let earlier = |back: usize| match v.checked_sub(back) {
                    Some(other) => samples[[row, other]],
                    None => 1.0,
                };
                samples[[row, v]] = match column {
                    Awkward::Values(values) => values[row],
                    Awkward::Copy(scale) => scale * earlier(1),
                    Awkward::Sum => clamped(earlier(1) + earlier(2)),
                };
            }
        }
        Samples(samples)
    })
}

/// Tests whose p-values are arbitrary: see [`RandomTest`]. Shrinks to fewer variables.
pub fn random_tests(
    n_variables: RangeInclusive<usize>,
) -> impl Strategy<Value = RandomTest> + Clone {
    let all = (
        n_variables,
        any::<u64>().no_shrink(),
        (0.1..0.95_f64).no_shrink(),
    );
    all.prop_map(|(n, seed, dependent)| RandomTest::new(n, seed).dependent(dependent, 0.05))
}

#[derive(Clone, Debug)]
enum Awkward {
    Values(Vec<f64>),
    Copy(f64),
    Sum,
}

fn awkward_columns(n: usize) -> impl Strategy<Value = Awkward> + Clone {
    let values = |value| prop::collection::vec(value, n).prop_map(Awkward::Values);
    let plain = (-1.0..1.0).boxed();
    let levels = (0..4_u8).prop_map(f64::from).boxed();
    let some_missing = prop_oneof![3 => -1.0..1.0, 1 => Just(f64::NAN)].boxed();
    let huge = (-1.0..1.0).prop_map(|value: f64| value * 1e300).boxed();
    let tiny = (-1.0..1.0).prop_map(|value: f64| value * 1e-300).boxed();
    let offset = (0..3_u8)
        .prop_map(|value| 1e9 + f64::from(value) * 1e-6)
        .boxed();
    prop_oneof![
        6 => values(plain),
        4 => values(levels),
        2 => values(some_missing),
        1 => values(huge),
        1 => values(tiny),
        1 => values(offset),
        1 => values(Just(3.0).boxed()),
        2 => prop::sample::select(vec![1.0, -2.0, 1e-3]).prop_map(Awkward::Copy),
        2 => Just(Awkward::Sum),
    ]
}

fn clamped(value: f64) -> f64 {
    if value.is_nan() {
        value
    } else {
        value.clamp(f64::MIN, f64::MAX)
    }
}

fn n_pairs(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::CiTest;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    /// The smallest value that still fails.
    fn shrunk<S: Strategy>(strategy: &S, fails: impl Fn(&S::Value) -> bool) -> S::Value {
        let mut runner = TestRunner::deterministic();
        let mut tree = loop {
            let tree = strategy.new_tree(&mut runner).unwrap();
            if fails(&tree.current()) {
                break tree;
            }
        };
        while tree.simplify() {
            while !fails(&tree.current()) {
                if !tree.complicate() {
                    return tree.current();
                }
            }
        }
        tree.current()
    }

    #[test]
    fn a_dag_shrinks_to_what_fails() {
        let has_collider = |dag: &MixedGraph| {
            (0..dag.n_variables()).any(|v| {
                let parents: Vec<usize> = dag.parents(v).collect();
                parents
                    .iter()
                    .any(|&a| parents.iter().any(|&b| a != b && !dag.is_adjacent(a, b)))
            })
        };
        let smallest = shrunk(&dags(1..=9, 0.5), has_collider);
        assert_eq!(smallest.to_string(), "X0 -> X2\nX1 -> X2\n");
        assert_eq!(smallest.n_variables(), 3);
    }

    #[test]
    fn data_shrink_to_few_samples_and_variables() {
        let many = |(sem, samples): &(LinearSem, Samples<f64>)| {
            sem.n_variables() >= 3 && samples.nrows() >= 17
        };
        let (sem, samples) = shrunk(&linear_data(1..=8, 0.5, 1..=100), many);
        assert_eq!((sem.n_variables(), samples.dim()), (3, (17, 3)));
        assert_eq!(sem.dag().n_edges(), 0);
    }

    /// What proptest prints of a failing case.
    #[test]
    fn a_failing_case_is_short() {
        let mut runner = TestRunner::deterministic();
        let linear = linear_data(40..=40, 0.1, 1_000..=1_000)
            .new_tree(&mut runner)
            .unwrap();
        let discrete = discrete_data(10..=10, 0.2, 1_000..=1_000)
            .new_tree(&mut runner)
            .unwrap();
        let awkward = awkward_samples(40..=40, 1_000..=1_000)
            .new_tree(&mut runner)
            .unwrap();
        for text in [
            format!("{:#?}", linear.current()),
            format!("{:#?}", discrete.current()),
            format!("{:#?}", awkward.current()),
        ] {
            assert!(text.len() < 8_000, "{} bytes: {text}", text.len());
        }
    }

    #[test]
    fn weights_and_noise_are_those_asked_for() {
        let options = LinearOptions::new()
            .weight(0.8, 0.9)
            .negative(false)
            .noise_sd(3.0, 3.0);
        let mut runner = TestRunner::deterministic();
        for _ in 0..50 {
            let strategy = linear_sems_with(2..=6, 0.6, options);
            let sem = strategy.new_tree(&mut runner).unwrap().current();
            assert!(sem.noise_sd().iter().all(|&sd| sd == 3.0));
            let mut edges = sem.dag().edges().filter_map(|edge| edge.direction());
            assert!(edges.all(|(a, b)| (0.8..=0.9).contains(&sem.weight(a, b))));
        }
    }

    proptest! {
        #[test]
        fn values_are_what_they_are_called(
            dag in dags(0..=8, 0.4),
            cpdag in cpdags(0..=8, 0.4),
            (truth, graph) in dags_with_knowledge(1..=8, 0.5, 0.3),
            mixed in mixed_graphs(0..=6),
            (net, levels) in discrete_data(1..=6, 0.3, 0..=30),
            samples in awkward_samples(1..=6, 1..=20),
            test in random_tests(2..=9),
        ) {
            prop_assert!(dag.is_dag() && dag.n_variables() <= 8);
            prop_assert!(cpdag.is_cpdag());
            prop_assert!(graph.is_extendable());
            prop_assert_eq!(graph.skeleton(), truth.skeleton());
            let agrees = |edge: Edge| {
                let found = graph.edge(edge.a, edge.b).unwrap();
                found.is_undirected() || found == edge
            };
            prop_assert!(truth.edges().all(agrees));
            prop_assert!(mixed.n_variables() <= 6);
            prop_assert_eq!(levels.ncols(), net.n_levels().len());
            prop_assert!(samples.iter().all(|value| !value.is_infinite()));
            prop_assert!((0.0..=1.0).contains(&test.p_value(0, 1, &[]).unwrap()));
        }
    }
}
