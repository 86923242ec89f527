use std::fmt;
use std::sync::Arc;

use super::edge::{Edge, Mark, write_edge};
use super::error::GraphError;
use serde::{Deserialize, Serialize};

/// A graph whose edges carry a [`Mark`] at each end: a CPDAG, a DAG, a pattern with conflicts.
///
/// At most one edge joins a pair, and no variable is joined to itself. Variables are numbered from
/// 0 and named, by default `X0`, `X1`, ... Adjacency is stored sparsely, each variable's
/// neighbours ascending, so memory is O(p + edges) and the questions about one pair take
/// O(log degree).
///
/// Equality compares names and edges. As serde data a graph is its `names` and its `edges`.
///
/// ```
/// use causal_pc::graph::{Mark, MixedGraph};
///
/// // 0 -> 2 <- 1 and 2 -- 3
/// let mut graph = MixedGraph::new(4);
/// graph.add_directed(0, 2);
/// graph.add_directed(1, 2);
/// graph.add_undirected(2, 3);
///
/// assert_eq!(graph.mark_at(2, 0), Some(Mark::Arrow));
/// assert_eq!(graph.parents(2).collect::<Vec<_>>(), [0, 1]);
/// assert_eq!(graph.neighbors(2).collect::<Vec<_>>(), [0, 1, 3]);
/// assert_eq!(graph.to_string(), "X0 -> X2\nX1 -> X2\nX2 -- X3\n");
/// ```
///
/// # Panics
///
/// Methods that add or remove edges panic, as indexing a slice does, if a variable does not exist,
/// and adding panics if both ends are the same variable. [`MixedGraph::from_edges`] checks instead.
/// The methods that only ask answer `None` or `false`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Listed", into = "Listed")]
pub struct MixedGraph {
    names: Arc<[String]>,
    links: Vec<Vec<Link>>,
    n_edges: usize,
}

impl MixedGraph {
    /// A graph without edges; the variables are named `X0`, `X1`, ...
    pub fn new(n_variables: usize) -> Self {
        Self::with_names((0..n_variables).map(|i| format!("X{i}")).collect())
    }

    /// A graph without edges over the variables named.
    pub fn with_names(names: Vec<String>) -> Self {
        let links = vec![Vec::new(); names.len()];
        Self {
            names: names.into(),
            links,
            n_edges: 0,
        }
    }

    /// A graph without edges over the same variables.
    #[must_use]
    pub fn without_edges(&self) -> Self {
        Self {
            names: self.names.clone(),
            links: vec![Vec::new(); self.links.len()],
            n_edges: 0,
        }
    }

    /// The graph with every edge made undirected.
    #[must_use]
    pub fn skeleton(&self) -> Self {
        let mut skeleton = self.clone();
        for link in skeleton.links.iter_mut().flatten() {
            (link.near, link.far) = (Mark::Tail, Mark::Tail);
        }
        skeleton
    }

    /// The graph in which every pair is joined by an undirected edge.
    pub fn complete_undirected(n_variables: usize) -> Self {
        let mut graph = Self::new(n_variables);
        for (a, links) in graph.links.iter_mut().enumerate() {
            let others = (0..n_variables).filter(|&b| b != a);
            links.extend(others.map(|b| Link::new(b, Mark::Tail, Mark::Tail)));
        }
        graph.n_edges = n_variables * n_variables.saturating_sub(1) / 2;
        graph
    }

    /// A graph from a list of edges, checked.
    ///
    /// # Errors
    ///
    /// [`GraphError`] if an edge names an unknown variable, joins a variable to itself, or joins a
    /// pair that an earlier edge joins.
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// let graph = MixedGraph::from_edges(3, [Edge::directed(2, 0), Edge::undirected(0, 1)])?;
    /// assert!(graph.is_directed(2, 0));
    /// assert!(MixedGraph::from_edges(2, [Edge::directed(0, 2)]).is_err());
    /// # Ok::<(), causal_pc::graph::GraphError>(())
    /// ```
    pub fn from_edges(
        n_variables: usize,
        edges: impl IntoIterator<Item = Edge>,
    ) -> Result<Self, GraphError> {
        let mut graph = Self::new(n_variables);
        for edge in edges {
            graph.try_add(edge)?;
        }
        Ok(graph)
    }

    /// Number of variables.
    pub fn n_variables(&self) -> usize {
        self.links.len()
    }

    /// Number of edges of every kind.
    pub fn n_edges(&self) -> usize {
        self.n_edges
    }

    /// The variables' names, by index.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Renames the variables.
    ///
    /// # Errors
    ///
    /// [`GraphError::NameCount`] unless there is one name for each variable.
    pub fn set_names(&mut self, names: Vec<String>) -> Result<(), GraphError> {
        let (expected, found) = (self.n_variables(), names.len());
        if expected != found {
            return Err(GraphError::NameCount { expected, found });
        }
        self.names = names.into();
        Ok(())
    }

    /// The first variable of that name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The mark at `end` of the edge between `end` and `other`, if they are adjacent.
    pub fn mark_at(&self, end: usize, other: usize) -> Option<Mark> {
        self.link(end, other).map(|link| link.near)
    }

    /// The edge between `a` and `b`, if they are adjacent.
    pub fn edge(&self, a: usize, b: usize) -> Option<Edge> {
        self.link(a, b).map(|link| link.edge(a))
    }

    /// Whether any edge joins `a` and `b`.
    pub fn is_adjacent(&self, a: usize, b: usize) -> bool {
        self.link(a, b).is_some()
    }

    /// Whether the graph holds `a -> b`.
    pub fn is_directed(&self, a: usize, b: usize) -> bool {
        self.link(a, b).is_some_and(Link::points_away)
    }

    /// Whether the graph holds `a -- b`.
    pub fn is_undirected(&self, a: usize, b: usize) -> bool {
        self.link(a, b).is_some_and(Link::is_undirected)
    }

    /// Whether the graph holds `a <-> b`.
    pub fn is_bidirected(&self, a: usize, b: usize) -> bool {
        self.link(a, b)
            .is_some_and(|link| link.near == Mark::Arrow && link.far == Mark::Arrow)
    }

    /// Sets `a -- b`, in place of any edge between them.
    pub fn add_undirected(&mut self, a: usize, b: usize) {
        self.add_edge(Edge::undirected(a, b));
    }

    /// Sets `a -> b`, in place of any edge between them.
    pub fn add_directed(&mut self, a: usize, b: usize) {
        self.add_edge(Edge::directed(a, b));
    }

    /// Sets `a <-> b`, in place of any edge between them.
    pub fn add_bidirected(&mut self, a: usize, b: usize) {
        self.add_edge(Edge::bidirected(a, b));
    }

    /// Sets an edge, in place of any edge between its ends.
    pub fn add_edge(&mut self, edge: Edge) {
        let Edge {
            a,
            b,
            mark_a,
            mark_b,
        } = edge;
        assert!(a != b, "edge {edge} joins variable {a} to itself");
        let n = self.n_variables();
        assert!(a < n && b < n, "edge {edge}: the graph has {n} variables");
        let is_new = put(&mut self.links[a], Link::new(b, mark_a, mark_b));
        put(&mut self.links[b], Link::new(a, mark_b, mark_a));
        self.n_edges += usize::from(is_new);
    }

    /// Removes the edge between `a` and `b` and returns it, if they are adjacent.
    pub fn remove_edge(&mut self, a: usize, b: usize) -> Option<Edge> {
        let at = find(&self.links[a], b).ok()?;
        let link = self.links[a].remove(at);
        if let Ok(at) = find(&self.links[b], a) {
            self.links[b].remove(at);
        }
        self.n_edges -= 1;
        Some(link.edge(a))
    }

    /// The variables joined to `a` by an edge of any kind, ascending.
    pub fn neighbors(&self, a: usize) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.links_of(a).iter().map(|link| link.to as usize)
    }

    /// The variables `x` with `x -> a`, ascending.
    pub fn parents(&self, a: usize) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.where_link(a, Link::points_here)
    }

    /// The variables `x` with `a -> x`, ascending.
    pub fn children(&self, a: usize) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.where_link(a, Link::points_away)
    }

    /// The variables `x` with `a -- x`, ascending.
    pub fn undirected_neighbors(
        &self,
        a: usize,
    ) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.where_link(a, Link::is_undirected)
    }

    /// Number of edges of any kind at `a`.
    pub fn degree(&self, a: usize) -> usize {
        self.links_of(a).len()
    }

    /// All edges, each with `a < b`, ascending by `(a, b)`.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + Clone + '_ {
        let rows = self.links.iter().enumerate();
        rows.flat_map(|(a, links)| {
            let first = links.partition_point(|link| (link.to as usize) < a);
            links[first..].iter().map(move |link| link.edge(a))
        })
    }

    /// An edge printed with the names of its ends: `A -> B`, `A -- B`, `A <-> B`.
    ///
    /// A variable that the graph does not have is printed as its index.
    ///
    /// ```
    /// use causal_pc::graph::MixedGraph;
    ///
    /// let mut graph = MixedGraph::with_names(vec!["Power".into(), "Care".into()]);
    /// graph.add_directed(1, 0);
    /// let edge = graph.edges().next().unwrap();
    /// assert_eq!(graph.display_edge(&edge).to_string(), "Care -> Power");
    /// ```
    pub fn display_edge(&self, edge: &Edge) -> impl fmt::Display + '_ {
        let edge = *edge;
        Shown(move |f: &mut fmt::Formatter<'_>| {
            write_edge(
                f,
                &edge,
                &self.name_or_index(edge.a),
                &self.name_or_index(edge.b),
            )
        })
    }

    fn name_or_index(&self, variable: usize) -> String {
        self.names
            .get(variable)
            .cloned()
            .unwrap_or_else(|| variable.to_string())
    }

    pub(super) fn try_add(&mut self, edge: Edge) -> Result<(), GraphError> {
        let n_variables = self.n_variables();
        if edge.a >= n_variables || edge.b >= n_variables {
            return Err(GraphError::UnknownVariable { edge, n_variables });
        }
        if edge.a == edge.b {
            return Err(GraphError::SelfLoop { edge });
        }
        if let Some(first) = self.edge(edge.a, edge.b) {
            return Err(GraphError::RepeatedPair {
                first,
                second: edge,
            });
        }
        self.add_edge(edge);
        Ok(())
    }

    fn links_of(&self, a: usize) -> &[Link] {
        self.links.get(a).map_or(&[], Vec::as_slice)
    }

    fn link(&self, a: usize, b: usize) -> Option<&Link> {
        let links = self.links_of(a);
        find(links, b).ok().map(|at| &links[at])
    }

    fn where_link(
        &self,
        a: usize,
        keep: fn(&Link) -> bool,
    ) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.links_of(a)
            .iter()
            .filter(move |link| keep(link))
            .map(|link| link.to as usize)
    }
}

/// One line per edge, ascending by `(a, b)`, each as [`MixedGraph::display_edge`] prints it.
impl fmt::Display for MixedGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.edges()
            .try_for_each(|edge| writeln!(f, "{}", self.display_edge(&edge)))
    }
}

impl fmt::Debug for MixedGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edges: Vec<_> = self.edges().map(|edge| edge.to_string()).collect();
        f.debug_struct("MixedGraph")
            .field("names", &self.names)
            .field("edges", &edges)
            .finish()
    }
}

/// One edge as one of its ends sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Link {
    to: u32,
    near: Mark,
    far: Mark,
}

impl Link {
    fn new(to: usize, near: Mark, far: Mark) -> Self {
        Self {
            to: u32::try_from(to).expect("at most 2^32 variables"),
            near,
            far,
        }
    }

    fn edge(&self, from: usize) -> Edge {
        Edge {
            a: from,
            b: self.to as usize,
            mark_a: self.near,
            mark_b: self.far,
        }
    }

    fn points_away(&self) -> bool {
        self.near == Mark::Tail && self.far == Mark::Arrow
    }

    fn points_here(&self) -> bool {
        self.near == Mark::Arrow && self.far == Mark::Tail
    }

    fn is_undirected(&self) -> bool {
        self.near == Mark::Tail && self.far == Mark::Tail
    }
}

/// A graph as serde sees it.
#[derive(Serialize, Deserialize)]
#[serde(rename = "MixedGraph")]
struct Listed {
    names: Vec<String>,
    edges: Vec<Edge>,
}

impl From<MixedGraph> for Listed {
    fn from(graph: MixedGraph) -> Self {
        Self {
            edges: graph.edges().collect(),
            names: graph.names.to_vec(),
        }
    }
}

impl TryFrom<Listed> for MixedGraph {
    type Error = GraphError;

    fn try_from(listed: Listed) -> Result<Self, GraphError> {
        let mut graph = Self::with_names(listed.names);
        for edge in listed.edges {
            graph.try_add(edge)?;
        }
        Ok(graph)
    }
}

struct Shown<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Shown<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

fn find(links: &[Link], to: usize) -> Result<usize, usize> {
    links.binary_search_by(|link| (link.to as usize).cmp(&to))
}

/// Inserts or replaces; whether it inserted.
fn put(links: &mut Vec<Link>, link: Link) -> bool {
    match find(links, link.to as usize) {
        Ok(at) => links[at] = link,
        Err(at) => {
            links.insert(at, link);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_replaces_the_one_before() {
        let mut graph = MixedGraph::new(3);
        graph.add_undirected(2, 0);
        graph.add_directed(2, 0);
        assert_eq!(graph.n_edges(), 1);
        assert!(graph.is_directed(2, 0) && !graph.is_directed(0, 2));
        assert_eq!(graph.mark_at(0, 2), Some(Mark::Arrow));
        graph.add_bidirected(0, 2);
        assert!(graph.is_bidirected(2, 0) && !graph.is_directed(2, 0));
        let edge = graph.remove_edge(2, 0).unwrap();
        assert!(edge.is_bidirected());
        assert_eq!(graph.n_edges(), 0);
        assert_eq!(graph.remove_edge(2, 0), None);
        assert_eq!(graph, MixedGraph::new(3));
    }

    #[test]
    fn the_complete_graph_has_every_pair_once() {
        let graph = MixedGraph::complete_undirected(4);
        let pairs: Vec<_> = graph.edges().map(|edge| (edge.a, edge.b)).collect();
        assert_eq!(pairs, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
        assert_eq!(graph.n_edges(), 6);
        assert_eq!(MixedGraph::complete_undirected(0).n_edges(), 0);
    }

    #[test]
    fn questions_about_unknown_variables_are_answered() {
        let graph = MixedGraph::complete_undirected(2);
        assert!(!graph.is_adjacent(0, 7) && !graph.is_adjacent(7, 0));
        assert_eq!(graph.mark_at(7, 7), None);
        assert_eq!(graph.neighbors(9).count(), 0);
    }

    #[test]
    fn serde_goes_round_and_refuses_bad_graphs() {
        let mut graph = MixedGraph::with_names(vec!["a".into(), "b".into(), "c".into()]);
        graph.add_directed(2, 1);
        graph.add_bidirected(0, 1);
        let json = serde_json::to_string(&graph).unwrap();
        assert_eq!(serde_json::from_str::<MixedGraph>(&json).unwrap(), graph);
        for (edges, message) in [
            (
                r#"{"a":0,"b":3,"mark_a":"tail","mark_b":"arrow"}"#,
                "edge 0 -> 3",
            ),
            (
                r#"{"a":1,"b":1,"mark_a":"tail","mark_b":"tail"}"#,
                "to itself",
            ),
            (
                r#"{"a":0,"b":1,"mark_a":"tail","mark_b":"tail"},{"a":1,"b":0,"mark_a":"tail","mark_b":"tail"}"#,
                "same pair",
            ),
        ] {
            let json = format!(r#"{{"names":["a","b","c"],"edges":[{edges}]}}"#);
            let error = serde_json::from_str::<MixedGraph>(&json).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn names_are_counted() {
        let error = MixedGraph::new(2).set_names(vec!["a".into()]).unwrap_err();
        assert_eq!(
            error,
            GraphError::NameCount {
                expected: 2,
                found: 1
            }
        );
    }
}
