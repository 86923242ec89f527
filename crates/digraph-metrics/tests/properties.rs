//! What holds for every graph and every table of changes, against naive implementations.

mod naive;

use std::collections::BTreeSet;

use digraph_metrics::{
    ChangeRates, DirectionCounts, Expected, Export, NoiseRule, ReductionError, Unexpected, compare,
    connected, predecessors, reachability, reduce_in_order, steering_effects,
    structural_intervention_distance, successors, transitive_reduction, unrelated,
};
use ndarray::{Array2, Axis};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use proptest::array::uniform3;
use proptest::collection::vec;
use proptest::prelude::*;

type Graph = DiGraph<(), usize>;
type Edges = Vec<(usize, usize)>;

/// The graph with these edges in this order; each edge weighs its place in the order.
fn graph(n_nodes: usize, edges: &[(usize, usize)]) -> Graph {
    let mut graph = DiGraph::new();
    for _ in 0..n_nodes {
        graph.add_node(());
    }
    for (at, &(source, target)) in edges.iter().enumerate() {
        graph.add_edge(NodeIndex::new(source), NodeIndex::new(target), at);
    }
    graph
}

fn edges(graph: &Graph) -> Edges {
    graph
        .edge_references()
        .map(|e| (e.source().index(), e.target().index()))
        .collect()
}

fn indices(nodes: &[NodeIndex]) -> Vec<usize> {
    nodes.iter().map(|node| node.index()).collect()
}

/// Any edges among up to `max_nodes` nodes: cycles, self-loops and parallel edges included.
fn any_edges(max_nodes: usize, max_edges: usize) -> impl Strategy<Value = (usize, Edges)> {
    (1..=max_nodes).prop_flat_map(move |n| (Just(n), vec((0..n, 0..n), 0..=max_edges)))
}

/// Edges without self-loops over a given number of nodes.
fn loopless(n_nodes: usize, max_edges: usize) -> impl Strategy<Value = Edges> {
    vec((0..n_nodes, 0..n_nodes), 0..=max_edges).prop_map(|edges| {
        edges
            .into_iter()
            .filter(|(source, target)| source != target)
            .collect()
    })
}

/// The edges of an acyclic graph over a given number of nodes, in any order.
fn acyclic(n_nodes: usize, max_edges: usize) -> impl Strategy<Value = Edges> {
    (permutation(n_nodes), loopless(n_nodes, max_edges)).prop_map(|(order, edges)| {
        edges
            .into_iter()
            .map(|(a, b)| (order[a.min(b)], order[a.max(b)]))
            .collect()
    })
}

fn permutation(n: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..n).collect::<Vec<_>>()).prop_shuffle()
}

fn relabelled(edges: &[(usize, usize)], names: &[usize]) -> Edges {
    edges
        .iter()
        .map(|&(source, target)| (names[source], names[target]))
        .collect()
}

/// Changes as `[interventions, nodes]`.
fn changes(n_nodes: usize) -> impl Strategy<Value = Array2<bool>> {
    (0_usize..12).prop_flat_map(move |rows| {
        vec(any::<bool>(), rows * n_nodes)
            .prop_map(move |cells| Array2::from_shape_vec((rows, n_nodes), cells).unwrap())
    })
}

/// Column `names[i]` of the result is column `i` of the table.
fn columns_moved(table: &Array2<bool>, names: &[usize]) -> Array2<bool> {
    let mut moved = table.clone();
    for (from, &to) in names.iter().enumerate() {
        moved.column_mut(to).assign(&table.column(from));
    }
    moved
}

fn assert_close(a: Option<f64>, b: Option<f64>) {
    match (a, b) {
        (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{a} is not {b}"),
        _ => assert_eq!(a, b),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_closure_is_warshalls((n, list) in any_edges(9, 30)) {
        let closure = reachability(&graph(n, &list));
        let expected = naive::closure(n, &list);
        for (from, row) in expected.iter().enumerate() {
            for (to, &reached) in row.iter().enumerate() {
                prop_assert_eq!(closure.reaches(NodeIndex::new(from), NodeIndex::new(to)), reached);
            }
        }
    }

    #[test]
    fn node_sets_follow_from_the_closure((n, list) in any_edges(9, 20)) {
        let graph = graph(n, &list);
        let down = naive::closure(n, &list);
        let joined = naive::closure(n, &naive::both_ways(&list));
        for node in graph.node_indices() {
            let v = node.index();
            let those = |holds: &dyn Fn(usize) -> bool| -> Vec<usize> {
                (0..n).filter(|&u| u != v && holds(u)).collect()
            };
            prop_assert_eq!(indices(&successors(&graph, node)), those(&|u| down[v][u]));
            prop_assert_eq!(indices(&predecessors(&graph, node)), those(&|u| down[u][v]));
            prop_assert_eq!(indices(&connected(&graph, node)), those(&|u| joined[v][u]));
            let alone = those(&|u| !down[v][u] && !down[u][v]);
            prop_assert_eq!(indices(&unrelated(&graph, node)), alone);
        }
    }

    #[test]
    fn the_greedy_reduction_is_that_of_the_literal_procedure((n, list) in any_edges(8, 40)) {
        let reduced = edges(&reduce_in_order(&graph(n, &list)));
        prop_assert_eq!(reduced, naive::reduce_in_order(n, &list));
    }

    #[test]
    fn the_greedy_reduction_keeps_reachability_and_is_minimal((n, list) in any_edges(9, 40)) {
        let full = graph(n, &list);
        let reduced = reduce_in_order(&full);
        prop_assert_eq!(reachability(&reduced), reachability(&full));
        for edge in reduced.edge_indices() {
            let mut less = reduced.clone();
            less.remove_edge(edge);
            prop_assert_ne!(reachability(&less), reachability(&full));
        }
        for edge in reduced.edge_references() {
            prop_assert_eq!(list[*edge.weight()], (edge.source().index(), edge.target().index()));
        }
    }

    #[test]
    fn on_dags_both_reductions_agree(
        (n, list) in (1_usize..=10).prop_flat_map(|n| (Just(n), acyclic(n, 40)))
    ) {
        let full = graph(n, &list);
        let reduced = transitive_reduction(&full).unwrap();
        prop_assert_eq!(reachability(&reduced), reachability(&full));
        let set = |list: Edges| list.into_iter().collect::<BTreeSet<_>>();
        let (unique, greedy) = (edges(&reduced), edges(&reduce_in_order(&full)));
        prop_assert_eq!(unique.len(), greedy.len());
        prop_assert_eq!(set(unique), set(greedy));
    }

    #[test]
    fn a_cycle_that_is_named_is_one((n, list) in any_edges(9, 20)) {
        let full = graph(n, &list);
        let acyclic = (0..n).all(|v| !naive::closure(n, &list)[v][v]);
        match transitive_reduction(&full) {
            Ok(_) => prop_assert!(acyclic),
            Err(ReductionError::Cycle { nodes }) => {
                prop_assert!(!nodes.is_empty());
                for (at, &node) in nodes.iter().enumerate() {
                    prop_assert!(full.contains_edge(node, nodes[(at + 1) % nodes.len()]));
                }
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn rates_lie_in_0_to_1_and_are_the_naive_ones(
        table in (1_usize..7).prop_flat_map(changes)
    ) {
        let rates = ChangeRates::from_changes(table.view());
        for affected in 0..table.ncols() {
            for given in 0..table.ncols() {
                let rate = rates.rate(affected, given);
                prop_assert_eq!(rate, naive::rate(&table, affected, given));
                prop_assert!(rate.is_none_or(|rate| (0.0..=1.0).contains(&rate)));
                let share = rates.n_changed_together(affected, given) as f64;
                prop_assert_eq!(rate, rate.map(|_| share / rates.n_changes(given) as f64));
            }
        }
    }

    #[test]
    fn the_order_of_interventions_plays_no_part(
        (table, order) in (1_usize..7).prop_flat_map(changes)
            .prop_flat_map(|table| (Just(table.clone()), permutation(table.nrows())))
    ) {
        let shuffled = table.select(Axis(0), &order);
        prop_assert_eq!(
            ChangeRates::from_changes(table.view()),
            ChangeRates::from_changes(shuffled.view())
        );
    }

    #[test]
    fn steering_effects_are_the_naive_ones(
        ((n, list), table) in any_edges(7, 14)
            .prop_flat_map(|(n, list)| (Just((n, list)), changes(n)))
    ) {
        let rates = ChangeRates::from_changes(table.view());
        for expected in [Expected::Successors, Expected::Connected] {
            for unexpected in [Unexpected::NonSuccessors, Unexpected::Unrelated] {
                let found =
                    steering_effects(&graph(n, &list), &rates, expected, unexpected).unwrap();
                let naive = naive::steering_effects(&list, &table, expected, unexpected);
                for (node, numbers) in found.nodes.iter().zip(&naive) {
                    assert_close(node.expected, numbers.0);
                    assert_close(node.unexpected, numbers.1);
                }
                let (mean, std) = naive::mean_and_std(naive.iter().filter_map(|node| node.0));
                assert_close(found.expected.map(|summary| summary.mean), mean);
                assert_close(found.expected.map(|summary| summary.std), std);
            }
        }
    }

    #[test]
    fn relabelling_moves_the_numbers_along(
        ((n, list), table, names) in any_edges(7, 14)
            .prop_flat_map(|(n, list)| (Just((n, list)), changes(n), permutation(n)))
    ) {
        let effects = |list: &[(usize, usize)], table: &Array2<bool>| {
            let rates = ChangeRates::from_changes(table.view());
            let (expected, unexpected) = (Expected::default(), Unexpected::default());
            steering_effects(&graph(n, list), &rates, expected, unexpected).unwrap()
        };
        let plain = effects(&list, &table);
        let moved = effects(&relabelled(&list, &names), &columns_moved(&table, &names));
        for node in &plain.nodes {
            let other = &moved.nodes[names[node.node.index()]];
            prop_assert_eq!(node.n_changes, other.n_changes);
            assert_close(node.expected, other.expected);
            assert_close(node.unexpected, other.unexpected);
        }
        assert_close(plain.gap(), moved.gap());
        let full = graph(n, &list);
        let pairs = reachability(&full).pair_count();
        prop_assert_eq!(reachability(&graph(n, &relabelled(&list, &names))).pair_count(), pairs);
    }

    #[test]
    fn comparison_is_symmetric_and_zero_for_equal_graphs_only(
        (n, a, b, c) in (1_usize..7)
            .prop_flat_map(|n| (Just(n), loopless(n, 9), loopless(n, 9), loopless(n, 9)))
    ) {
        let compare = |a: &[(usize, usize)], b: &[(usize, usize)]| {
            compare(&graph(n, a), &graph(n, b)).unwrap()
        };
        let (forth, back) = (compare(&a, &b), compare(&b, &a));
        prop_assert_eq!(forth.shd, back.shd);
        let parts = [(forth.skeleton, back.skeleton), (forth.arrowheads, back.arrowheads)];
        for (forth, back) in parts {
            prop_assert_eq!(forth.f1(), back.f1());
            prop_assert_eq!(forth.precision(), back.recall());
            prop_assert!(forth.precision().is_none_or(|share| (0.0..=1.0).contains(&share)));
        }
        let set = |list: &[(usize, usize)]| list.iter().copied().collect::<BTreeSet<_>>();
        prop_assert_eq!(forth.shd == 0, set(&a) == set(&b));
        prop_assert_eq!(forth.shd, naive::shd(n, &a, &b));
        prop_assert!(compare(&a, &c).shd <= forth.shd + compare(&b, &c).shd);
    }

    #[test]
    fn relabelling_both_graphs_changes_no_comparison(
        (n, a, b, names) in (1_usize..7)
            .prop_flat_map(|n| (Just(n), acyclic(n, 9), acyclic(n, 9), permutation(n)))
    ) {
        let plain = [graph(n, &a), graph(n, &b)];
        let moved = [a, b].map(|list| graph(n, &relabelled(&list, &names)));
        prop_assert_eq!(compare(&plain[0], &plain[1]), compare(&moved[0], &moved[1]));
        prop_assert_eq!(
            structural_intervention_distance(&plain[0], &plain[1]),
            structural_intervention_distance(&moved[0], &moved[1])
        );
    }

    #[test]
    fn the_intervention_distance_is_the_one_by_its_definition(
        (n, truth, estimate) in (1_usize..=6)
            .prop_flat_map(|n| (Just(n), acyclic(n, 12), acyclic(n, 12)))
    ) {
        let found = structural_intervention_distance(&graph(n, &truth), &graph(n, &estimate));
        prop_assert_eq!(found, Ok(naive::intervention_distance(n, &truth, &estimate)));
    }

    #[test]
    fn superfluous_edges_cost_no_intervention_distance(
        (n, edges, kept) in (1_usize..=8)
            .prop_flat_map(|n| (Just(n), acyclic(n, 20), vec(any::<bool>(), 20)))
    ) {
        let truth: Edges =
            edges.iter().zip(kept).filter(|(_, kept)| *kept).map(|(edge, _)| *edge).collect();
        let distance = structural_intervention_distance(&graph(n, &truth), &graph(n, &edges));
        prop_assert_eq!(distance, Ok(0));
    }

    #[test]
    fn proportions_give_a_cosine_and_a_noise(
        a in uniform3(0_usize..50), b in uniform3(0_usize..50), k in 1_usize..9
    ) {
        let counts = |[raised, lowered, unchanged]: [usize; 3]| DirectionCounts { raised, lowered, unchanged };
        let (x, y) = (counts(a), counts(b));
        let cosine = x.cosine(y);
        prop_assert_eq!(cosine.is_none(), x.total() == 0 || y.total() == 0);
        prop_assert!(cosine.is_none_or(|cosine| (0.0..=1.0).contains(&cosine)));
        assert_close(cosine, y.cosine(x));
        assert_close(cosine, counts(a.map(|count| k * count)).cosine(y));
        let smallest = x.noise(NoiseRule::SmallestOfThree);
        let smaller = x.noise(NoiseRule::SmallerOfRaisedAndLowered);
        prop_assert!(smallest <= smaller);
        prop_assert!(smallest.is_none_or(|noise| noise <= 1.0 / 3.0));
    }

    #[test]
    fn json_keeps_every_label_and_edge(
        (labels, list) in vec(any::<String>(), 1..6).prop_flat_map(|labels| {
            let n = labels.len();
            (Just(labels), vec((0..n, 0..n), 0..9))
        })
    ) {
        let mut next = labels.iter();
        let labelled = graph(labels.len(), &list).map(|_, ()| next.next().unwrap(), |_, at| *at);
        let text = Export::new(&labelled).with_edge_labels(usize::to_string).to_json().unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let nodes = read["nodes"].as_array().unwrap();
        let found: Vec<&str> = nodes.iter().map(|node| node["label"].as_str().unwrap()).collect();
        prop_assert_eq!(found, labels);
        for (at, (edge, ends)) in read["edges"].as_array().unwrap().iter().zip(&list).enumerate() {
            prop_assert_eq!(&edge["source"], ends.0);
            prop_assert_eq!(&edge["target"], ends.1);
            prop_assert_eq!(&edge["label"], &at.to_string());
        }
        let distinct: BTreeSet<_> = list.iter().collect();
        prop_assert_eq!(read["multigraph"].as_bool(), Some(distinct.len() < list.len()));
    }
}
