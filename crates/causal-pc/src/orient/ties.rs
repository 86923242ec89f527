//! Colliders among variables that no evidence tells apart.
//!
//! Variables are coloured by their evidence, and colours refined by those of the neighbours until
//! nothing changes (colour refinement, B. Weisfeiler and A. Leman, 1968). One variable of several of
//! a colour goes first, and so on until an order is complete, in which the best DAG is sought. Of its
//! colliders those stay whose likes, by colours and evidence, are all colliders of that DAG: where a
//! tie is complete, the answer is symmetric, and what would need a choice is left undirected.
//!
//! No DAG may extend the symmetric graph, as over a ring of four variables with the same evidence
//! everywhere: each DAG over it has a collider somewhere. Then it is left as it is, and only the rule
//! that keeps cycles away (Meek's R2) goes on from it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use petgraph::unionfind::UnionFind;

use super::best::{Problem, in_order};
use super::reason::Triple;
use crate::graph::MixedGraph;

/// These colliders, but those that do not depend on the order of the variables wherever it mattered:
/// in connected parts of the skeleton with variables that are `tied`. Besides, the triples of parts
/// that no DAG extends so.
///
/// O(triples + edges) unless there is such a part; of that, O(v² (t + e)) at worst for v variables.
pub(super) fn settled(
    problem: &Problem<'_>,
    tied: &[bool],
    mut colliders: Vec<bool>,
) -> (Vec<bool>, HashSet<Triple>) {
    let mut open = HashSet::new();
    let all_as_said = |at: usize| is_as_said(problem.triples[at].1, colliders[at]);
    if !tied.contains(&true) || (0..colliders.len()).all(all_as_said) {
        return (colliders, open);
    }
    let parts = UnionFind::new(problem.n_variables);
    let parts = problem.edges.iter().fold(parts, |mut parts, &(a, b)| {
        parts.union(a, b);
        parts
    });
    let parts = parts.into_labeling();
    let with_ties: BTreeSet<usize> = (0..tied.len())
        .filter(|&v| tied[v])
        .map(|v| parts[v])
        .collect();
    let torn = (0..colliders.len()).filter(|&at| !all_as_said(at));
    let torn: BTreeSet<usize> = torn.map(|at| parts[problem.triples[at].0.y]).collect();
    for &part in with_ties.intersection(&torn) {
        let part = Part::new(problem, |v| parts[v] == part);
        let (symmetric, is_extended) = part.colliders(problem);
        for (&at, is_collider) in part.at.iter().zip(symmetric) {
            colliders[at] = is_collider;
            if !is_extended {
                open.insert(problem.triples[at].0);
            }
        }
    }
    (colliders, open)
}

/// Whether a triple is what its support says.
fn is_as_said(support: f64, is_collider: bool) -> bool {
    support != 0.0 && (support > 0.0) == is_collider
}

/// A connected part of the skeleton, its variables numbered by themselves.
struct Part {
    /// The whole problem's number of each variable.
    variables: Vec<usize>,
    edges: Vec<(usize, usize)>,
    strengths: Vec<f64>,
    /// The place of each triple in the whole problem.
    at: Vec<usize>,
    triples: Vec<(Triple, f64, f64)>,
}

impl Part {
    fn new(problem: &Problem<'_>, is_in: impl Fn(usize) -> bool) -> Self {
        let variables: Vec<usize> = (0..problem.n_variables).filter(|&v| is_in(v)).collect();
        let own = |v: usize| variables.partition_point(|&other| other < v);
        let edges = problem.edges.iter().zip(problem.strengths);
        let (edges, strengths) = edges
            .filter(|&(&(a, _), _)| is_in(a))
            .map(|(&(a, b), &strength)| ((own(a), own(b)), strength))
            .unzip();
        let triples = problem.triples.iter().enumerate();
        let (at, triples) = triples
            .filter(|(_, (triple, ..))| is_in(triple.y))
            .map(|(at, &(Triple { x, y, z }, support, tie))| {
                (at, (Triple::new(own(x), own(y), own(z)), support, tie))
            })
            .unzip();
        Self {
            edges,
            strengths,
            at,
            triples,
            variables,
        }
    }

    /// Whether each triple is a collider, and whether some DAG has exactly these colliders.
    fn colliders(&self, whole: &Problem<'_>) -> (Vec<bool>, bool) {
        let must = |from: usize, to: usize| (whole.must)(self.variables[from], self.variables[to]);
        let problem = Problem {
            n_variables: self.variables.len(),
            by_name: None,
            edges: &self.edges,
            strengths: &self.strengths,
            triples: &self.triples,
            must: &must,
            parallel: whole.parallel,
        };
        let links = links(&problem);
        let colours = refined(&links, vec![0; self.variables.len()]);
        let chosen = in_order(&problem, &order(&links, &colours));
        let symmetric = whole_kinds(&problem, &colours, &chosen);
        let is_extended = extends(&problem, &symmetric);
        (symmetric, is_extended)
    }
}

/// What ties a variable to others: a kind, the place of its evidence among all, and the others.
type Link = (Kind, usize, [usize; 2]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Edge,
    MustLeave,
    MustEnter,
    Middle,
    End,
}

/// The links of each variable.
fn links(problem: &Problem<'_>) -> Vec<Vec<Link>> {
    let mut links = vec![Vec::new(); problem.n_variables];
    let strengths = places(problem.strengths.iter().map(|&strength| [strength, 0.0]));
    for (&(a, b), strength) in problem.edges.iter().zip(strengths) {
        for (v, w) in [(a, b), (b, a)] {
            let kind = match ((problem.must)(v, w), (problem.must)(w, v)) {
                (true, _) => Kind::MustLeave,
                (_, true) => Kind::MustEnter,
                _ => Kind::Edge,
            };
            links[v].push((kind, strength, [w, w]));
        }
    }
    for (&(Triple { x, y, z }, ..), evidence) in problem.triples.iter().zip(evidence(problem)) {
        links[y].push((Kind::Middle, evidence, [x, z]));
        links[x].push((Kind::End, evidence, [y, z]));
        links[z].push((Kind::End, evidence, [y, x]));
    }
    links
}

/// The place of each triple's evidence among all.
fn evidence(problem: &Problem<'_>) -> Vec<usize> {
    places(
        problem
            .triples
            .iter()
            .map(|&(_, support, tie)| [support, tie]),
    )
}

/// For each pair of numbers its place among the different ones.
fn places(values: impl Iterator<Item = [f64; 2]>) -> Vec<usize> {
    let values: Vec<[f64; 2]> = values.collect();
    let compare = |a: &[f64; 2], b: &[f64; 2]| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]));
    let mut sorted = values.clone();
    sorted.sort_unstable_by(compare);
    sorted.dedup_by(|a, b| compare(a, b).is_eq());
    let place = |value: &[f64; 2]| sorted.partition_point(|other| compare(other, value).is_lt());
    values.iter().map(place).collect()
}

/// Colours that tell apart what the colours of neighbours tell apart, ordered as those given.
fn refined(links: &[Vec<Link>], mut colours: Vec<usize>) -> Vec<usize> {
    let mut n_colours = 0;
    loop {
        let coloured = |&(kind, evidence, [a, b]): &Link| {
            let (a, b) = (colours[a], colours[b]);
            let ordered = if kind == Kind::Middle {
                (a.min(b), a.max(b))
            } else {
                (a, b)
            };
            (kind, evidence, ordered)
        };
        let seen = |v: usize| {
            let mut near: Vec<_> = links[v].iter().map(coloured).collect();
            near.sort_unstable();
            (colours[v], near)
        };
        let seen: Vec<_> = (0..links.len()).map(seen).collect();
        let mut distinct: Vec<_> = seen.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let finer = |view| distinct.partition_point(|&other| other < view);
        colours = seen.iter().map(finer).collect();
        if distinct.len() == n_colours {
            return colours;
        }
        n_colours = distinct.len();
    }
}

/// The variables by colour; of those of one colour one goes first, and what that tells apart counts
/// for the others.
fn order(links: &[Vec<Link>], colours: &[usize]) -> Vec<usize> {
    let mut colours = colours.to_vec();
    loop {
        let mut order: Vec<usize> = (0..colours.len()).collect();
        order.sort_by_key(|&v| colours[v]);
        let Some(pair) = order
            .windows(2)
            .find(|pair| colours[pair[0]] == colours[pair[1]])
        else {
            return order;
        };
        let first = |v: usize| 2 * colours[v] + usize::from(v != pair[0]);
        colours = refined(links, (0..colours.len()).map(first).collect());
    }
}

/// The triples whose likes are all chosen.
fn whole_kinds(problem: &Problem<'_>, colours: &[usize], chosen: &[bool]) -> Vec<bool> {
    let evidence = evidence(problem);
    let kind = |at: usize| {
        let Triple { x, y, z } = problem.triples[at].0;
        let (x, z) = (colours[x], colours[z]);
        (evidence[at], colours[y], x.min(z), x.max(z))
    };
    let mut is_whole = BTreeMap::new();
    for (at, &is_chosen) in chosen.iter().enumerate() {
        *is_whole.entry(kind(at)).or_insert(true) &= is_chosen;
    }
    (0..chosen.len()).map(|at| is_whole[&kind(at)]).collect()
}

/// Whether some DAG has exactly these colliders.
fn extends(problem: &Problem<'_>, colliders: &[bool]) -> bool {
    let mut graph = MixedGraph::new(problem.n_variables);
    for &(a, b) in problem.edges {
        graph.add_undirected(a, b);
        for (from, to) in [(a, b), (b, a)] {
            if (problem.must)(from, to) {
                graph.add_directed(from, to);
            }
        }
    }
    for ((Triple { x, y, z }, ..), _) in
        problem.triples.iter().zip(colliders).filter(|(_, is)| **is)
    {
        graph.add_directed(*x, *y);
        graph.add_directed(*z, *y);
    }
    graph.is_extendable()
}
