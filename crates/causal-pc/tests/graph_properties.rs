//! What holds for every graph, shown on random ones.

use std::collections::BTreeSet;

use causal_pc::effects::Adjustment;
use causal_pc::graph::{BigUint, Edge, MixedGraph, cpdag_of_dag};
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use causal_pc::{CiTest, DSeparation};
use proptest::prelude::*;

fn dag(n: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = MixedGraph> {
    (n, 0.0..6.0f64, any::<u64>()).prop_map(|(n, expected_degree, seed)| {
        random_dag(n, DagModel::ErdosRenyi { expected_degree }, seed).unwrap()
    })
}

/// Separation by the definition of Lauritzen et al. (1990): in the moral graph of the ancestors.
fn separated_by_moralisation(dag: &MixedGraph, x: usize, y: usize, given: &[usize]) -> bool {
    let kept = dag.ancestors(&[&[x, y], given].concat());
    let mut joined = BTreeSet::new();
    for &v in &kept {
        let family: Vec<usize> = dag.parents(v).chain([v]).collect();
        for &a in &family {
            for &b in &family {
                joined.insert((a, b));
            }
        }
    }
    let mut reached = BTreeSet::from([x]);
    loop {
        let next: Vec<usize> = kept
            .iter()
            .copied()
            .filter(|v| !given.contains(v) && !reached.contains(v))
            .filter(|&v| reached.iter().any(|&u| joined.contains(&(u, v))))
            .collect();
        if next.is_empty() {
            return !reached.contains(&y);
        }
        reached.extend(next);
    }
}

/// The v-structures and what Meek's rules R1 to R3 make of them: the CPDAG by another way.
fn cpdag_by_rules(dag: &MixedGraph) -> MixedGraph {
    let n = dag.n_variables();
    let mut graph = MixedGraph::new(n);
    for edge in dag.edges() {
        graph.add_undirected(edge.a, edge.b);
    }
    for v in 0..n {
        for a in dag.parents(v) {
            if dag.parents(v).any(|b| b != a && !dag.is_adjacent(a, b)) {
                graph.add_directed(a, v);
            }
        }
    }
    loop {
        let forced = |a: usize, b: usize| {
            let rule_1 = || graph.parents(a).any(|c| !graph.is_adjacent(c, b));
            let rule_2 = || graph.children(a).any(|c| graph.is_directed(c, b));
            let between: Vec<usize> = graph
                .undirected_neighbors(a)
                .filter(|&c| graph.is_directed(c, b))
                .collect();
            let rule_3 = || {
                between
                    .iter()
                    .any(|&c| between.iter().any(|&d| c != d && !graph.is_adjacent(c, d)))
            };
            rule_1() || rule_2() || rule_3()
        };
        let found = graph
            .edges()
            .filter(Edge::is_undirected)
            .flat_map(|edge| [(edge.a, edge.b), (edge.b, edge.a)])
            .find(|&(a, b)| forced(a, b));
        match found {
            Some((a, b)) => graph.add_directed(a, b),
            None => return graph,
        }
    }
}

/// The DAGs that extend a graph, by trying every way to direct its undirected edges.
fn extensions_by_trial(graph: &MixedGraph) -> Vec<MixedGraph> {
    let open: Vec<Edge> = graph.edges().filter(Edge::is_undirected).collect();
    let fixed = Parents::of(graph);
    let mut dags = Vec::new();
    for choice in 0..1_u32 << open.len() {
        let directed = |(at, edge): (usize, &Edge)| match choice >> at & 1 {
            0 => (edge.a, edge.b),
            _ => (edge.b, edge.a),
        };
        let arrows: Vec<(usize, usize)> = open.iter().enumerate().map(directed).collect();
        let mut parents = fixed.clone();
        arrows
            .iter()
            .for_each(|&(from, to)| parents.0[to] |= 1 << from);
        if parents.are_acyclic()
            && parents.unshielded_colliders(graph) == fixed.unshielded_colliders(graph)
        {
            let mut dag = graph.clone();
            arrows
                .iter()
                .for_each(|&(from, to)| dag.add_directed(from, to));
            dags.push(dag);
        }
    }
    dags
}

/// The parents of each variable as bits.
#[derive(Clone, PartialEq)]
struct Parents(Vec<u32>);

impl Parents {
    fn of(graph: &MixedGraph) -> Self {
        let bits = |v| graph.parents(v).map(|parent| 1 << parent).sum();
        Self((0..graph.n_variables()).map(bits).collect())
    }

    fn are_acyclic(&self) -> bool {
        let mut gone = 0_u32;
        for _ in 0..self.0.len() {
            for (v, parents) in self.0.iter().enumerate() {
                gone |= u32::from(parents & !gone == 0) << v;
            }
        }
        gone.count_ones() as usize == self.0.len()
    }

    /// For each variable those pairs of its parents, as bits, that are not adjacent.
    fn unshielded_colliders(&self, graph: &MixedGraph) -> Vec<u64> {
        let n = self.0.len();
        let adjacent = |a: usize| graph.neighbors(a).fold(1_u32 << a, |bits, b| bits | 1 << b);
        let adjacent: Vec<u32> = (0..n).map(adjacent).collect();
        let apart = |parents: u32, a: usize| u64::from(parents & !adjacent[a]) << (n * a);
        let colliders = |&parents: &u32| {
            (0..n)
                .filter(|a| parents >> a & 1 == 1)
                .map(|a| apart(parents, a))
                .sum()
        };
        self.0.iter().map(colliders).collect()
    }
}

/// The edges on which all graphs agree, directed; the others undirected.
fn agreement(graphs: &[MixedGraph]) -> MixedGraph {
    let mut common = graphs[0].clone();
    for edge in graphs[0].edges() {
        if graphs
            .iter()
            .any(|graph| graph.edge(edge.a, edge.b) != Some(edge))
        {
            common.add_undirected(edge.a, edge.b);
        }
    }
    common
}

/// A graph whose edges are of any kind but bidirected, with no regard to whether a DAG extends it.
fn partially_directed(n: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = MixedGraph> {
    (n, prop::collection::vec(0..5, 15)).prop_map(|(n, kinds)| {
        let mut graph = MixedGraph::new(n);
        let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b)));
        for ((a, b), kind) in pairs.zip(kinds) {
            match kind {
                0 => graph.add_directed(a, b),
                1 => graph.add_directed(b, a),
                2 | 3 => graph.add_undirected(a, b),
                _ => {}
            }
        }
        graph
    })
}

/// A CPDAG in which some edges are directed as in one of its DAGs, and that DAG.
fn with_knowledge(
    n: std::ops::RangeInclusive<usize>,
) -> impl Strategy<Value = (MixedGraph, MixedGraph)> {
    (dag(n), prop::collection::vec(prop::bool::weighted(0.2), 60)).prop_map(|(dag, known)| {
        let mut graph = cpdag_of_dag(&dag).unwrap();
        for (edge, known) in dag.edges().zip(known) {
            if known {
                graph.add_edge(edge);
            }
        }
        (graph, dag)
    })
}

fn sorted(mut dags: Vec<MixedGraph>) -> Vec<String> {
    dags.sort_by_key(ToString::to_string);
    dags.iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn d_separation_is_separation_in_the_moral_graph(
        dag in dag(2..=9),
        roles in prop::collection::vec(0..3, 9),
    ) {
        let oracle = DSeparation::new(&dag).unwrap();
        let n = dag.n_variables();
        for x in 0..n {
            for y in (0..n).filter(|&y| y != x) {
                let given: Vec<usize> =
                    (0..n).filter(|&v| v != x && v != y && roles[v] == 0).collect();
                let p = oracle.p_value(x, y, &given).unwrap();
                let expected = separated_by_moralisation(&dag, x, y, &given);
                prop_assert_eq!(p, f64::from(u8::from(expected)));
            }
        }
    }

    #[test]
    fn the_cpdag_is_what_the_rules_make_of_the_v_structures(dag in dag(0..=12)) {
        prop_assert_eq!(cpdag_of_dag(&dag).unwrap(), cpdag_by_rules(&dag));
    }

    #[test]
    fn the_cpdag_is_what_all_equivalent_dags_agree_on(dag in dag(1..=6)) {
        let cpdag = cpdag_of_dag(&dag).unwrap();
        let mut equivalent = extensions_by_trial(&cpdag);
        prop_assert!(equivalent.contains(&dag));
        prop_assert_eq!(agreement(&equivalent), cpdag.clone());
        equivalent.retain(|other| cpdag_of_dag(other).unwrap() != cpdag);
        prop_assert!(equivalent.is_empty());
        prop_assert!(cpdag.is_cpdag());
    }

    #[test]
    fn extensions_of_any_graph_are_found_exactly_when_there_are_some(
        graph in partially_directed(1..=6),
    ) {
        let all = extensions_by_trial(&graph);
        match graph.consistent_extension() {
            Ok(dag) => prop_assert!(all.contains(&dag)),
            Err(_) => prop_assert!(all.is_empty()),
        }
        prop_assert_eq!(graph.is_extendable(), !all.is_empty());
        let listed = graph.class_dags().map_or(Vec::new(), Iterator::collect);
        prop_assert_eq!(sorted(listed), sorted(all.clone()));
        let size = graph.class_size().unwrap_or_default();
        prop_assert_eq!(size, BigUint::from(all.len()));
        let is_cpdag = all.first().is_some_and(|dag| cpdag_of_dag(dag).unwrap() == graph);
        prop_assert_eq!(graph.is_cpdag(), is_cpdag);
    }

    #[test]
    fn the_rules_direct_what_all_extensions_agree_on((graph, _) in with_knowledge(1..=6)) {
        let mut closed = graph.clone();
        closed.apply_meek_rules();
        prop_assert_eq!(&closed, &agreement(&extensions_by_trial(&graph)));
        let mut again = closed.clone();
        again.apply_meek_rules();
        prop_assert_eq!(again, closed);
    }

    #[test]
    fn counting_is_listing((graph, _) in with_knowledge(1..=9)) {
        let listed: Vec<MixedGraph> = graph.class_dags().unwrap().take(3_000).collect();
        let size = graph.class_size().unwrap();
        if listed.len() < 3_000 {
            prop_assert_eq!(size, BigUint::from(listed.len()));
        } else {
            prop_assert!(size >= BigUint::from(listed.len()));
        }
        let distinct: BTreeSet<String> = listed.iter().map(ToString::to_string).collect();
        prop_assert_eq!(distinct.len(), listed.len());
    }

    #[test]
    fn chordal_graphs_are_counted_as_they_are_listed(dag in dag(1..=8)) {
        // Joining the parents of every variable makes the skeleton chordal.
        let mut graph = dag.skeleton();
        for &v in dag.topological_order().unwrap().iter().rev() {
            let order = dag.topological_order().unwrap();
            let rank = |u: usize| order.iter().position(|&w| w == u);
            let earlier: Vec<usize> = graph.neighbors(v).filter(|&u| rank(u) < rank(v)).collect();
            for (at, &a) in earlier.iter().enumerate() {
                earlier[at + 1..].iter().for_each(|&b| graph.add_undirected(a, b));
            }
        }
        prop_assume!(graph.n_edges() <= 16);
        let listed = graph.class_dags().unwrap().count();
        prop_assert_eq!(graph.class_size().unwrap(), BigUint::from(listed));
    }

    #[test]
    fn possible_parents_are_those_in_the_class((graph, _) in with_knowledge(1..=6)) {
        let all = extensions_by_trial(&graph);
        for x in 0..graph.n_variables() {
            let expected: BTreeSet<Vec<usize>> =
                all.iter().map(|dag| dag.parents(x).collect()).collect();
            let found = graph.possible_parents(x).unwrap();
            prop_assert_eq!(found.len(), expected.len());
            prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }

    #[test]
    fn the_true_effect_is_among_the_possible_ones(
        (graph, dag) in with_knowledge(2..=7),
        seed in any::<u64>(),
    ) {
        let sem = LinearSem::random(&dag, LinearOptions::new(), seed).unwrap();
        let covariance = sem.covariance();
        for x in 0..graph.n_variables() {
            for y in (0..graph.n_variables()).filter(|&y| y != x) {
                let ways = graph.adjustments(x, y).unwrap();
                let effects = graph.possible_effects(&covariance, x, y).unwrap();
                let truth = match dag.is_directed(y, x) {
                    true => Adjustment::NoEffect,
                    false => Adjustment::Parents(dag.parents(x).collect()),
                };
                let at = ways.iter().position(|way| *way == truth);
                let found = at.map(|at| effects[at]);
                let error = found.map(|effect| (effect - sem.total_effect(x, y)).abs());
                prop_assert!(error.is_some_and(|error| error < 1e-9), "{:?}", ways);
            }
        }
    }
}

#[test]
fn sizes_known_in_closed_form() {
    let path =
        |n: usize| MixedGraph::from_edges(n, (1..n).map(|v| Edge::undirected(v - 1, v))).unwrap();
    let star =
        |n: usize| MixedGraph::from_edges(n, (1..n).map(|v| Edge::undirected(0, v))).unwrap();
    // A tree has one DAG for each choice of its root.
    assert_eq!(path(400).class_size().unwrap(), BigUint::from(400_u32));
    assert_eq!(star(400).class_size().unwrap(), BigUint::from(400_u32));
    let factorial = (1..=60_u32).map(BigUint::from).product::<BigUint>();
    assert_eq!(
        MixedGraph::complete_undirected(60).class_size().unwrap(),
        factorial
    );
    assert_eq!(
        MixedGraph::new(5).class_size().unwrap(),
        BigUint::from(1_u32)
    );
    // Two cliques that share all but one variable each, 5 and 6. Of the 7! orders, those are the
    // same DAG that exchange 5 and 6 next to each other.
    let mut lens = MixedGraph::complete_undirected(7);
    lens.remove_edge(5, 6);
    let listed = lens.class_dags().unwrap().count();
    assert_eq!(lens.class_size().unwrap(), BigUint::from(listed));
}

#[test]
fn a_graph_that_nothing_extends_says_why() {
    let mut graph = MixedGraph::new(4);
    graph.add_bidirected(1, 2);
    assert!(
        graph
            .consistent_extension()
            .unwrap_err()
            .to_string()
            .contains("X1 <-> X2")
    );
    let square = [(0, 1), (1, 2), (2, 3), (0, 3)].map(|(a, b)| Edge::undirected(a, b));
    let square = MixedGraph::from_edges(5, square).unwrap();
    let message = square.class_dags().unwrap_err().to_string();
    assert!(
        message.contains("among X0, X1, X2, X3 every choice"),
        "{message}"
    );
    let round = [(0, 1), (1, 2), (2, 0)].map(|(a, b)| Edge::directed(a, b));
    let round = MixedGraph::from_edges(3, round).unwrap();
    let message = round.class_size().unwrap_err().to_string();
    assert!(message.contains("cycle X0 -> X1 -> X2 -> X0"), "{message}");
}

#[test]
fn effects_need_a_covariance_that_fits() {
    let graph = MixedGraph::complete_undirected(3);
    let ones = ndarray::Array2::<f64>::ones((3, 3));
    let message = graph.possible_effects(&ones, 0, 1).unwrap_err().to_string();
    assert!(message.contains("singular"), "{message}");
    let narrow = ones.slice(ndarray::s![.., ..2]);
    let message = graph
        .possible_effects(&narrow, 0, 1)
        .unwrap_err()
        .to_string();
    assert!(message.contains("3 by 2"), "{message}");
    assert!(graph.adjustments(1, 1).is_err() && graph.adjustments(0, 3).is_err());
}
