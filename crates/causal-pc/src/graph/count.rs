use std::collections::{BTreeSet, HashMap};

use fixedbitset::FixedBitSet;
use num_bigint::BigUint;

use super::{MixedGraph, NotExtendable};

impl MixedGraph {
    /// The number of DAGs that extend the graph: for a CPDAG the size of its Markov equivalence
    /// class.
    ///
    /// Groups of variables joined by undirected edges are counted apart and their counts multiplied.
    /// A group without directed edges inside, the only kind a CPDAG has, is counted by picking
    /// cliques in polynomial time (Wienöbst, Bannach and Liśkiewicz 2021, "Polynomial-time
    /// algorithms for counting and sampling Markov equivalent DAGs", algorithm 1): groups of
    /// hundreds of variables take moments. A group with directed edges inside, which background
    /// knowledge makes, is split by the two directions of an edge again and again until it is gone
    /// or of the first kind; no algorithm is known that avoids exponential time there (the problem
    /// is #P-hard, Wienöbst et al. 2023).
    ///
    /// ```
    /// use causal_pc::graph::MixedGraph;
    ///
    /// let complete = MixedGraph::complete_undirected(40);
    /// // 40!, one DAG for each order of the variables
    /// assert_eq!(
    ///     complete.class_size()?.to_string(),
    ///     "815915283247897734345611269596115894272000000000"
    /// );
    /// # Ok::<(), causal_pc::graph::NotExtendable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotExtendable`] if no DAG extends the graph: the count is 0.
    pub fn class_size(&self) -> Result<BigUint, NotExtendable> {
        let graph = self.maximally_directed()?;
        let all: Vec<usize> = (0..graph.n_variables()).collect();
        Ok(count_within(&graph, &all))
    }
}

/// The ways to direct the undirected edges among `variables` in a graph closed under Meek's rules.
fn count_within(graph: &MixedGraph, variables: &[usize]) -> BigUint {
    let groups = components(variables, |v| graph.undirected_neighbors(v));
    groups
        .iter()
        .filter(|group| group.len() > 1)
        .map(|group| count_group(graph, group))
        .product()
}

fn count_group(graph: &MixedGraph, group: &[usize]) -> BigUint {
    let is_inside = |v: &usize| group.binary_search(v).is_ok();
    if !group
        .iter()
        .any(|&v| graph.children(v).any(|child| is_inside(&child)))
    {
        return Chordal::new(graph, group).count();
    }
    let ends = group
        .iter()
        .find_map(|&a| Some((a, graph.undirected_neighbors(a).next()?)));
    let Some((a, b)) = ends else { return one() };
    let directed = |from, to| {
        let mut graph = graph.clone();
        graph.direct_and_close(from, to);
        count_within(&graph, group)
    };
    directed(a, b) + directed(b, a)
}

/// The connected parts of `variables`, each ascending.
fn components<I: Iterator<Item = usize>>(
    variables: &[usize],
    neighbors: impl Fn(usize) -> I,
) -> Vec<Vec<usize>> {
    let mut unseen: BTreeSet<usize> = variables.iter().copied().collect();
    let mut parts = Vec::new();
    while let Some(first) = unseen.pop_first() {
        let (mut part, mut at) = (vec![first], 0);
        while at < part.len() {
            let near = neighbors(part[at]).filter(|v| unseen.remove(v));
            let near: Vec<usize> = near.collect();
            part.extend(near);
            at += 1;
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts
}

/// A connected chordal graph, and the counts of those of its subgraphs that came up.
struct Chordal {
    adjacent: Vec<FixedBitSet>,
    known: HashMap<Vec<usize>, BigUint>,
    factorials: Vec<BigUint>,
}

impl Chordal {
    fn new(graph: &MixedGraph, group: &[usize]) -> Self {
        let n = group.len();
        let mut adjacent = vec![FixedBitSet::with_capacity(n); n];
        for (at, &v) in group.iter().enumerate() {
            let near = graph
                .undirected_neighbors(v)
                .filter_map(|u| group.binary_search(&u).ok());
            adjacent[at].extend(near);
        }
        let mut factorials = vec![one()];
        for k in 1..=n {
            factorials.push(&factorials[k - 1] * k);
        }
        Self {
            adjacent,
            known: HashMap::new(),
            factorials,
        }
    }

    fn count(mut self) -> BigUint {
        let all: Vec<usize> = (0..self.adjacent.len()).collect();
        self.count_part(&all)
    }

    /// The acyclic orientations without an unshielded collider of the connected subgraph on `part`:
    /// the sum over its maximal cliques of those that begin with the clique.
    fn count_part(&mut self, part: &[usize]) -> BigUint {
        if part.len() == 1 {
            return one();
        }
        if let Some(known) = self.known.get(part) {
            return known.clone();
        }
        let tree = self.clique_tree(part);
        let mut sum = BigUint::default();
        for at in 0..tree.len() {
            let clique = &tree[at].members;
            let mut product = self.orders_without_prefix(clique.len(), &flowers(&tree, at));
            for rest in self.parts_after(part, clique) {
                product *= self.count_part(&rest);
            }
            sum += product;
        }
        self.known.insert(part.to_vec(), sum.clone());
        sum
    }

    /// The maximal cliques of the subgraph as a tree, parents before children, found by maximum
    /// cardinality search (Blair and Peyton 1993).
    fn clique_tree(&self, part: &[usize]) -> Vec<Clique> {
        let mut tree: Vec<Clique> = Vec::new();
        let mut clique_of = vec![0; self.adjacent.len()];
        let mut n_visited_near = vec![0; self.adjacent.len()];
        let (mut open, mut visited) = (part.to_vec(), Vec::new());
        let mut n_last = 0;
        while let Some(next) = (0..open.len()).max_by_key(|&at| n_visited_near[open[at]]) {
            let v = open.swap_remove(next);
            if tree.is_empty() || n_visited_near[v] <= n_last {
                let is_near = |u: &usize| self.adjacent[v].contains(*u);
                let members: Vec<usize> = visited.iter().copied().filter(is_near).collect();
                let parent = members.last().map(|&u| clique_of[u]);
                tree.push(Clique { members, parent });
            }
            clique_of[v] = tree.len() - 1;
            tree[clique_of[v]].members.push(v);
            visited.push(v);
            n_last = n_visited_near[v];
            self.adjacent[v].ones().for_each(|u| n_visited_near[u] += 1);
        }
        tree.iter_mut()
            .for_each(|clique| clique.members.sort_unstable());
        tree
    }

    /// The parts that stay undirected once the edges of `clique` come first, all others are
    /// directed away from it, and Meek's rules are applied.
    fn parts_after(&self, part: &[usize], clique: &[usize]) -> Vec<Vec<usize>> {
        let mut classes = Partition::new(self.adjacent.len(), part, clique);
        let mut parts = Vec::new();
        while let Some((class, is_new)) = classes.first() {
            if is_new {
                parts.extend(components(class, |v| self.adjacent[v].ones()));
            }
            classes.take_and_refine(&self.adjacent);
        }
        parts
    }

    /// The orders of `n` things in which none of the nested sets, given by their sizes ascending,
    /// comes first.
    fn orders_without_prefix(&self, n: usize, nested: &[usize]) -> BigUint {
        let mut without: Vec<BigUint> = Vec::new();
        for (at, &size) in nested.iter().chain([&n]).enumerate() {
            let begin_so = (0..at).map(|i| &without[i] * &self.factorials[size - nested[i]]);
            let begin_so: BigUint = begin_so.sum();
            without.push(&self.factorials[size] - begin_so);
        }
        without.pop().unwrap_or_else(one)
    }
}

/// Vertices in ordered classes, refined as in lexicographic breadth-first search: a vertex is taken
/// from the first class, and of every class its neighbours go before the others.
struct Partition {
    /// The classes' numbers in order.
    order: Vec<usize>,
    /// By number the vertices left, and whether they were not yet in a class that came first.
    classes: Vec<(Vec<usize>, bool)>,
    class_of: Vec<Option<usize>>,
}

impl Partition {
    /// The clique first, then the others.
    fn new(n: usize, part: &[usize], clique: &[usize]) -> Self {
        let is_other = |v: &usize| clique.binary_search(v).is_err();
        let others: Vec<usize> = part.iter().copied().filter(is_other).collect();
        let mut class_of = vec![None; n];
        clique.iter().for_each(|&v| class_of[v] = Some(0));
        others.iter().for_each(|&v| class_of[v] = Some(1));
        Self {
            order: vec![0, 1],
            classes: vec![(clique.to_vec(), false), (others, true)],
            class_of,
        }
    }

    /// The first class that is not empty, and whether it comes first for the first time.
    fn first(&mut self) -> Option<(&[usize], bool)> {
        self.order
            .retain(|&class| !self.classes[class].0.is_empty());
        let (class, is_new) = &mut self.classes[*self.order.first()?];
        Some((class, std::mem::take(is_new)))
    }

    fn take_and_refine(&mut self, adjacent: &[FixedBitSet]) {
        let Some(v) = self
            .order
            .first()
            .and_then(|&first| self.classes[first].0.pop())
        else {
            return;
        };
        self.class_of[v] = None;
        let mut touched: Vec<usize> = adjacent[v]
            .ones()
            .filter_map(|u| self.class_of[u])
            .collect();
        touched.sort_unstable();
        touched.dedup();
        for class in touched {
            self.split(class, &adjacent[v]);
        }
    }

    fn split(&mut self, class: usize, near: &FixedBitSet) {
        let members = std::mem::take(&mut self.classes[class].0);
        let (near, far): (Vec<_>, Vec<_>) = members.into_iter().partition(|&u| near.contains(u));
        if far.is_empty() {
            self.classes[class].0 = near;
            return;
        }
        let new = self.classes.len();
        near.iter().for_each(|&u| self.class_of[u] = Some(new));
        self.classes[class].0 = far;
        self.classes.push((near, self.classes[class].1));
        let at = self
            .order
            .iter()
            .position(|&c| c == class)
            .unwrap_or_default();
        self.order.insert(at, new);
    }
}

struct Clique {
    /// Ascending.
    members: Vec<usize>,
    parent: Option<usize>,
}

/// The sizes, ascending, of the distinct intersections of neighbouring cliques on the way from the
/// root to the clique that lie within the clique.
fn flowers(tree: &[Clique], at: usize) -> Vec<usize> {
    let end = &tree[at].members;
    let mut sets: Vec<Vec<usize>> = Vec::new();
    let mut step = at;
    while let Some(parent) = tree[step].parent {
        let shared = intersection(&tree[step].members, &tree[parent].members);
        if intersection(&shared, end).len() == shared.len() && !sets.contains(&shared) {
            sets.push(shared);
        }
        step = parent;
    }
    let mut sizes: Vec<usize> = sets.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    sizes
}

fn one() -> BigUint {
    BigUint::from(1_u8)
}

fn intersection(a: &[usize], b: &[usize]) -> Vec<usize> {
    a.iter()
        .copied()
        .filter(|v| b.binary_search(v).is_ok())
        .collect()
}
