//! The structural intervention distance of acyclic graphs.

use std::fmt::Debug;

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::compare::{CompareError, same_nodes};
use crate::reachability::{Reachability, reachability};

/// Number of ordered pairs (i, j) for which the estimate infers the effect of setting i on j
/// wrongly, whatever the distribution.
///
/// The estimate infers it by adjusting for the parents that it gives i; where it takes j for a
/// parent of i, it infers no effect. The structural intervention distance counts the pairs for
/// which this is not guaranteed to be right in the true graph. It speaks of what a graph is used
/// for: a missing edge can cost much, a superfluous one often nothing. It is **not symmetric**, and
/// it is 0 where the truth is a subgraph of the estimate.
///
/// # Arguments
/// Two acyclic graphs over the same nodes, matched by index. Parallel edges count once, weights
/// play no part.
///
/// # Returns
/// A number between 0 and `|V| (|V| - 1)`.
///
/// # Errors
/// [`CompareError`] where the graphs differ in the number or the names of their nodes, or where one
/// has a cycle. A CPDAG with undirected edges (both directions) is refused for that reason: for it
/// the distance is a range, which is not computed here.
///
/// # Complexity
/// `O(|V|² (|V| + |E|))`: for each pair one search for an open path.
///
/// # Literature
/// J. Peters, P. Bühlmann: Structural intervention distance for evaluating causal graphs. Neural
/// Computation 27, 2015. Whether the parents are a valid adjustment set is decided by B. van der
/// Zander, M. Liśkiewicz, J. Textor: Constructing separators and adjustment sets in ancestral
/// graphs. UAI 2014.
///
/// # Example
/// The example of Peters and Bühlmann, figure 2: both estimates have an SHD of 1.
/// ```
/// use digraph_metrics::structural_intervention_distance;
/// use petgraph::graph::DiGraph;
///
/// // causes 0 → 1, each with an edge to the effects 2, 3 and 4
/// let effects = [(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4)];
/// let with = |edge| DiGraph::<(), ()>::from_edges(effects.into_iter().chain(edge));
/// let truth = with(vec![(0, 1)]);
/// let superfluous = with(vec![(0, 1), (2, 3)]);
/// let reversed = with(vec![(1, 0)]);
/// assert_eq!(structural_intervention_distance(&truth, &superfluous)?, 0);
/// assert_eq!(structural_intervention_distance(&truth, &reversed)?, 8);
/// # Ok::<(), digraph_metrics::CompareError>(())
/// ```
pub fn structural_intervention_distance<N, M, E, F>(
    truth: &DiGraph<N, E>,
    estimate: &DiGraph<M, F>,
) -> Result<usize, CompareError>
where
    N: PartialEq<M> + Debug,
    M: Debug,
{
    same_nodes(truth, estimate)?;
    acyclic("true", truth)?;
    acyclic("estimated", estimate)?;
    let truth = Truth::of(truth);
    let wrong_from = |from: NodeIndex| {
        let mut is_parent = vec![false; truth.parents.len()];
        for parent in estimate.neighbors_directed(from, petgraph::Incoming) {
            is_parent[parent.index()] = true;
        }
        let wrong =
            |&to: &usize| to != from.index() && truth.is_wrong(from.index(), to, &is_parent);
        (0..truth.parents.len()).filter(wrong).count()
    };
    Ok(estimate.node_indices().map(wrong_from).sum())
}

fn acyclic<N, E>(name: &'static str, graph: &DiGraph<N, E>) -> Result<(), CompareError> {
    match toposort(graph, None) {
        Ok(_) => Ok(()),
        Err(cycle) => Err(CompareError::Cycle {
            graph: name,
            node: cycle.node_id().index(),
        }),
    }
}

/// The true graph, with what is asked of it again and again.
struct Truth {
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
    closure: Reachability,
}

impl Truth {
    fn of<N, E>(graph: &DiGraph<N, E>) -> Self {
        let neighbours = |direction| {
            let of = |node| {
                graph
                    .neighbors_directed(node, direction)
                    .map(NodeIndex::index)
            };
            graph
                .node_indices()
                .map(|node| of(node).collect())
                .collect()
        };
        Self {
            parents: neighbours(petgraph::Incoming),
            children: neighbours(petgraph::Outgoing),
            closure: reachability(graph),
        }
    }

    fn is_ancestor(&self, node: usize, of: usize) -> bool {
        self.closure
            .reaches(NodeIndex::new(node), NodeIndex::new(of))
    }

    fn is_ancestor_or_self(&self, node: usize, of: usize) -> bool {
        node == of || self.is_ancestor(node, of)
    }

    /// Whether adjusting for the set is not valid for the effect of `from` on `to`.
    fn is_wrong(&self, from: usize, to: usize, adjusted: &[bool]) -> bool {
        if adjusted[to] {
            return self.is_ancestor(from, to);
        }
        let nodes = 0..adjusted.len();
        // Nodes other than `from` on a directed path between the two.
        let on_path: Vec<bool> = nodes
            .clone()
            .map(|w| self.is_ancestor(from, w) && self.is_ancestor_or_self(w, to))
            .collect();
        let blocks_effect = |z: usize| {
            adjusted[z]
                && nodes
                    .clone()
                    .any(|w| on_path[w] && self.is_ancestor_or_self(w, z))
        };
        nodes.clone().any(blocks_effect) || self.has_open_path(from, to, adjusted, &on_path)
    }

    /// Whether `from` and `to` are d-connected given the set once the first edge of every directed
    /// path between them is taken out.
    ///
    /// A search over (node, whether it was entered by an edge that points to it).
    fn has_open_path(&self, from: usize, to: usize, given: &[bool], on_path: &[bool]) -> bool {
        let n_nodes = given.len();
        let removed = |tail: usize, head: usize| tail == from && on_path[head];
        let given_or_ancestor: Vec<bool> = (0..n_nodes)
            .map(|v| (0..n_nodes).any(|z| given[z] && self.is_ancestor_or_self(v, z)))
            .collect();
        let mut seen = vec![[false; 2]; n_nodes];
        let mut stack = vec![(from, false)];
        while let Some((node, into)) = stack.pop() {
            if node == to {
                return true;
            }
            if std::mem::replace(&mut seen[node][usize::from(into)], true) {
                continue;
            }
            let to_parents = if into {
                given_or_ancestor[node]
            } else {
                !given[node]
            };
            if to_parents {
                let parents = self.parents[node]
                    .iter()
                    .filter(|&&tail| !removed(tail, node));
                stack.extend(parents.map(|&parent| (parent, false)));
            }
            if !given[node] {
                let children = self.children[node]
                    .iter()
                    .filter(|&&head| !removed(node, head));
                stack.extend(children.map(|&child| (child, true)));
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_estimate_errs_on_every_confounded_or_reversed_effect() {
        // 0 → 1 → 2: without edges the estimate infers no-adjustment effects; those against the
        // arrows are wrong (association is taken for effect).
        let truth = DiGraph::<(), ()>::from_edges([(0, 1), (1, 2)]);
        let estimate = truth.filter_map(|_, ()| Some(()), |_, ()| None::<()>);
        assert_eq!(structural_intervention_distance(&truth, &estimate), Ok(3));
        assert_eq!(structural_intervention_distance(&estimate, &truth), Ok(0));
    }

    #[test]
    fn cycles_and_undirected_edges_are_refused() {
        let truth = DiGraph::<(), ()>::from_edges([(0, 1)]);
        let estimate = DiGraph::<(), ()>::from_edges([(0, 1), (1, 0)]);
        let error = structural_intervention_distance(&truth, &estimate).unwrap_err();
        assert!(matches!(
            error,
            CompareError::Cycle {
                graph: "estimated",
                node: 0 | 1
            }
        ));
        let error = structural_intervention_distance(&estimate, &truth).unwrap_err();
        assert!(matches!(
            error,
            CompareError::Cycle {
                graph: "true",
                node: 0 | 1
            }
        ));
        assert!(
            error
                .to_string()
                .starts_with("the true graph has a cycle through node ")
        );
    }
}
