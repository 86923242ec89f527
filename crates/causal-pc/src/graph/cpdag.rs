use super::{MixedGraph, NotADag};

/// The CPDAG of a DAG: an edge is directed where every Markov equivalent DAG directs it so, and
/// undirected where they differ. Names are kept.
///
/// Edges are labelled compelled or reversible by the algorithm of Chickering (1995), "A
/// transformational characterization of equivalent Bayesian network structures". O(edges x
/// degree), times log degree.
///
/// ```
/// use causal_pc::graph::{Edge, MixedGraph, cpdag_of_dag};
///
/// // The collider 0 -> 2 <- 1 and what follows from it, 2 -> 3 -> 4, is compelled,
/// // while 5 -> 6 could as well be 6 -> 5.
/// let edges = [(0, 2), (1, 2), (2, 3), (3, 4), (5, 6)];
/// let dag = MixedGraph::from_edges(7, edges.map(|(a, b)| Edge::directed(a, b)))?;
/// let cpdag = cpdag_of_dag(&dag)?;
/// assert!(cpdag.is_directed(3, 4) && cpdag.is_undirected(5, 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`NotADag`] if an edge is not directed or the edges form a cycle.
pub fn cpdag_of_dag(dag: &MixedGraph) -> Result<MixedGraph, NotADag> {
    let order = dag.check_dag()?;
    let mut rank = vec![0; order.len()];
    for (at, &v) in order.iter().enumerate() {
        rank[v] = at;
    }
    let mut compelled: Vec<Vec<usize>> = vec![Vec::new(); order.len()];
    for &head in &order {
        if let Some(latest) = dag.parents(head).max_by_key(|&v| rank[v]) {
            compelled[head] = compelled_parents(dag, head, latest, &compelled[latest]);
        }
    }
    Ok(with_reversible_edges_undirected(dag, &compelled))
}

/// The parents of `head` whose edge is compelled, ascending, given those of its topologically
/// latest parent.
///
/// Chickering's loop settles all edges into `head` when it comes to the first of them in his
/// order, the one from the latest parent, so one look at that edge is enough.
fn compelled_parents(
    dag: &MixedGraph,
    head: usize,
    latest: usize,
    into_latest: &[usize],
) -> Vec<usize> {
    let unshielded = |&w: &usize| !dag.is_directed(w, head);
    let collides = |v: usize| v != latest && !dag.is_directed(v, latest);
    if into_latest.iter().any(unshielded) || dag.parents(head).any(collides) {
        dag.parents(head).collect()
    } else {
        into_latest.to_vec()
    }
}

fn with_reversible_edges_undirected(dag: &MixedGraph, compelled: &[Vec<usize>]) -> MixedGraph {
    let mut cpdag = dag.clone();
    for (head, compelled) in compelled.iter().enumerate() {
        for tail in dag.parents(head) {
            if compelled.binary_search(&tail).is_err() {
                cpdag.add_undirected(tail, head);
            }
        }
    }
    cpdag
}
