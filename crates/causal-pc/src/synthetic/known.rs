use crate::graph::{Edge, MixedGraph};

/// A small DAG whose CPDAG and independences are written down, not computed.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownAnswer {
    /// What the structure is called.
    pub name: &'static str,
    /// The DAG.
    pub dag: MixedGraph,
    /// Its CPDAG.
    pub cpdag: MixedGraph,
    /// Some pairs and sets that separate them.
    pub separations: Vec<(usize, usize, Vec<usize>)>,
    /// Some pairs and sets that do not.
    pub connections: Vec<(usize, usize, Vec<usize>)>,
}

/// The structures that every search must get right: chain, fork, collider, the triggers of Meek's
/// rules, M, and the network Asia of Lauritzen and Spiegelhalter (1988).
///
/// ```
/// use causal_pc::graph::cpdag_of_dag;
/// use causal_pc::synthetic::known_answers;
///
/// for known in known_answers() {
///     assert_eq!(cpdag_of_dag(&known.dag)?, known.cpdag, "{}", known.name);
/// }
/// # Ok::<(), causal_pc::graph::NotADag>(())
/// ```
pub fn known_answers() -> Vec<KnownAnswer> {
    vec![
        known(
            "chain",
            &["0 -> 1", "1 -> 2"],
            &["0 -- 1", "1 -- 2"],
            &["0 2 | 1"],
            &["0 2 |"],
        ),
        known(
            "fork",
            &["1 -> 0", "1 -> 2"],
            &["0 -- 1", "1 -- 2"],
            &["0 2 | 1"],
            &["0 2 |"],
        ),
        known(
            "collider",
            &["0 -> 1", "2 -> 1"],
            &["0 -> 1", "2 -> 1"],
            &["0 2 |"],
            &["0 2 | 1"],
        ),
        known(
            "shielded collider",
            &["0 -> 1", "2 -> 1", "0 -> 2"],
            &["0 -- 1", "1 -- 2", "0 -- 2"],
            &[],
            &["0 1 | 2", "0 2 | 1", "1 2 | 0"],
        ),
        known(
            "collider with an effect (rule 1)",
            &["0 -> 2", "1 -> 2", "2 -> 3"],
            &["0 -> 2", "1 -> 2", "2 -> 3"],
            &["0 1 |", "0 3 | 2", "1 3 | 2"],
            &["0 1 | 2", "0 1 | 3", "0 3 | 1"],
        ),
        known(
            "a cycle to avoid (rule 2)",
            &["0 -> 1", "3 -> 1", "1 -> 2", "0 -> 2"],
            &["0 -> 1", "3 -> 1", "1 -> 2", "0 -> 2"],
            &["0 3 |", "2 3 | 0 1"],
            &["2 3 | 1", "0 3 | 2"],
        ),
        known(
            "kite (rule 3)",
            &["0 -> 1", "0 -> 2", "0 -> 3", "1 -> 3", "2 -> 3"],
            &["0 -- 1", "0 -- 2", "0 -> 3", "1 -> 3", "2 -> 3"],
            &["1 2 | 0"],
            &["1 2 |", "1 2 | 0 3"],
        ),
        known(
            "M",
            &["0 -> 2", "0 -> 3", "1 -> 3", "1 -> 4"],
            &["0 -- 2", "0 -> 3", "1 -> 3", "1 -- 4"],
            &["2 4 |", "2 4 | 0 3", "0 1 |"],
            &["2 4 | 3", "2 3 | 1"],
        ),
        known(
            "Asia",
            // 0 asia, 1 tuberculosis, 2 smoking, 3 cancer, 4 bronchitis, 5 either, 6 x-ray,
            // 7 dyspnoea
            &[
                "0 -> 1", "2 -> 3", "2 -> 4", "1 -> 5", "3 -> 5", "5 -> 6", "5 -> 7", "4 -> 7",
            ],
            &[
                "0 -- 1", "2 -- 3", "2 -- 4", "1 -> 5", "3 -> 5", "5 -> 6", "5 -> 7", "4 -> 7",
            ],
            &["0 2 |", "1 3 |", "6 7 | 4 5", "0 6 | 1", "3 4 | 2"],
            &["1 3 | 6", "0 2 | 7", "6 7 | 4", "3 4 | 2 7"],
        ),
    ]
}

fn known(
    name: &'static str,
    dag: &[&str],
    cpdag: &[&str],
    separations: &[&str],
    connections: &[&str],
) -> KnownAnswer {
    let n = 1 + numbers(&dag.join(" "))
        .into_iter()
        .max()
        .unwrap_or_default();
    let questions = |texts: &[&str]| texts.iter().map(|text| question(text)).collect();
    KnownAnswer {
        name,
        dag: graph(n, dag),
        cpdag: graph(n, cpdag),
        separations: questions(separations),
        connections: questions(connections),
    }
}

fn graph(n: usize, edges: &[&str]) -> MixedGraph {
    let mut graph = MixedGraph::new(n);
    for text in edges {
        let ends = numbers(text);
        graph.add_edge(match text.contains("->") {
            true => Edge::directed(ends[0], ends[1]),
            false => Edge::undirected(ends[0], ends[1]),
        });
    }
    graph
}

/// `x y | given`
fn question(text: &str) -> (usize, usize, Vec<usize>) {
    let all = numbers(text);
    (all[0], all[1], all[2..].to_vec())
}

fn numbers(text: &str) -> Vec<usize> {
    text.split(' ')
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::DSeparation;
    use crate::graph::cpdag_of_dag;

    #[test]
    fn the_answers_written_down_are_those_computed() {
        for known in known_answers() {
            assert_eq!(
                cpdag_of_dag(&known.dag).unwrap(),
                known.cpdag,
                "{}",
                known.name
            );
            let oracle = DSeparation::new(&known.dag).unwrap();
            for (questions, expected) in [(&known.separations, true), (&known.connections, false)] {
                for (x, y, given) in questions {
                    let found = oracle.are_separated(&[*x], &[*y], given).unwrap();
                    assert_eq!(found, expected, "{}: {x} {y} given {given:?}", known.name);
                }
            }
        }
    }
}
