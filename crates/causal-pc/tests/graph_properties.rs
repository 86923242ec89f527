//! What holds for every graph, shown on random ones.

use std::collections::BTreeSet;

use causal_pc::graph::{Edge, MixedGraph, cpdag_of_dag};
use causal_pc::synthetic::{DagModel, random_dag};
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
}
