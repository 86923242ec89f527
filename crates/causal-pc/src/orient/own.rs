//! The orientation of every search that follows no other implementation.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use super::best::{self, Problem, coarse};
use super::evidence;
use super::meek::Closure;
use super::pattern::Pattern;
use super::reason::{Reason, Triple, TripleFinding, TripleVerdict};
use super::{Orientation, undirected};
use crate::ci::CiTest;
use crate::data::Variable;
use crate::error::PcError;
use crate::graph::MixedGraph;
use crate::knowledge::{KnowledgeError, cycle};
use crate::options::{ColliderConflict, Evidence, Ties, Validity};
use crate::separating_sets::SeparatingSets;
use crate::skeleton::{Adjacency, Search};

/// Orients a skeleton.
pub(crate) fn orient<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    adjacency: &Adjacency,
    separating_sets: &SeparatingSets,
) -> Result<Orientation, PcError> {
    let (mut triples, n_tests) = evidence::findings(search, adjacency, separating_sets)?;
    let start = Start::new(search, adjacency)?;
    let options = search.options;
    let (graph, reasons) = if options.conflict == ColliderConflict::StrongerEvidence
        && options.validity == Validity::Extendable
    {
        start.best(search, adjacency, &triples)?
    } else {
        let found = start.clone().placed(search, &triples);
        if options.validity == Validity::Extendable && !found.0.is_extendable() {
            start.best(search, adjacency, &triples)?
        } else {
            found
        }
    };
    for finding in &mut triples {
        let Triple { x, y, z } = finding.triple;
        finding.is_collider = has_arrow(&graph, x, y) && has_arrow(&graph, z, y);
    }
    Ok(Orientation {
        graph,
        reasons,
        triples,
        n_tests,
    })
}

/// A skeleton that is not finished, with no arrows but those that knowledge decides: which triples are unshielded is not
/// known yet.
pub(crate) fn by_knowledge<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    adjacency: &Adjacency,
) -> Result<Orientation, PcError> {
    let Start { graph, reasons } = Start::new(search, adjacency)?;
    Ok(Orientation {
        graph,
        reasons,
        triples: Vec::new(),
        n_tests: 0,
    })
}

type Oriented = (MixedGraph, BTreeMap<(usize, usize), Reason>);

/// The skeleton with the arrows that knowledge decides.
#[derive(Clone)]
struct Start {
    graph: MixedGraph,
    reasons: BTreeMap<(usize, usize), Reason>,
}

impl Start {
    fn new<T: CiTest + ?Sized>(
        search: &Search<'_, T>,
        adjacency: &Adjacency,
    ) -> Result<Self, PcError> {
        let knowledge = &search.options.knowledge;
        let (mut graph, mut reasons) = (undirected(adjacency), BTreeMap::new());
        if knowledge.is_empty() {
            return Ok(Self { graph, reasons });
        }
        for (a, b) in adjacency.pairs() {
            for (from, to) in [(a, b), (b, a)] {
                if knowledge.directs(from, to) {
                    graph.add_directed(from, to);
                    reasons.insert((from, to), Reason::Knowledge);
                }
            }
        }
        match cycle(graph.n_variables(), reasons.keys().copied()) {
            None => Ok(Self { graph, reasons }),
            Some(cycle) => {
                let named = |v| Variable::new(v, search.test.names());
                let cycle = cycle.into_iter().map(named).collect();
                Err(KnowledgeError::OnlyACycle { cycle }.into())
            }
        }
    }

    /// Colliders one after another, then Meek's rules.
    fn placed<T: CiTest + ?Sized>(
        mut self,
        search: &Search<'_, T>,
        triples: &[TripleFinding],
    ) -> Oriented {
        let options = search.options;
        let mut colliders: Vec<&TripleFinding> = triples
            .iter()
            .filter(|f| f.verdict == TripleVerdict::Collider)
            .collect();
        let strength = |f: &TripleFinding| (coarse(f.support), coarse(tie(f, options.evidence)));
        let by_name = by_name(search);
        let place = |f: &TripleFinding| {
            let Triple { x, y, z } = f.triple;
            let [x, y, z] = [x, y, z].map(|v| by_name.as_ref().map_or(v, |places| places[v]));
            (y, x.min(z), x.max(z))
        };
        // What is placed earlier and later is settled by names, too.
        colliders.sort_by_key(|f| place(f));
        if options.conflict == ColliderConflict::StrongerEvidence {
            colliders.sort_by(|f, g| {
                let ((of_f, tie_f), (of_g, tie_g)) = (strength(f), strength(g));
                of_g.total_cmp(&of_f).then(tie_g.total_cmp(&tie_f))
            });
        }
        let mut pattern = Pattern {
            graph: &mut self.graph,
            reasons: &mut self.reasons,
        };
        if options.conflict == ColliderConflict::StrongerEvidence && by_name.is_none() {
            for equal in colliders.chunk_by(|f, g| strength(f) == strength(g)) {
                pattern.place_equal(equal.iter().map(|finding| finding.triple));
            }
        } else {
            for finding in colliders {
                pattern.place(finding.triple, options.conflict);
            }
        }
        let ambiguous = triples
            .iter()
            .filter(|f| f.verdict == TripleVerdict::Ambiguous);
        let ambiguous: HashSet<Triple> = ambiguous.map(|f| f.triple).collect();
        self.close(search, &ambiguous)
    }

    /// The pattern of the best DAG, then Meek's rules: its CPDAG, with what knowledge adds.
    fn best<T: CiTest + ?Sized>(
        mut self,
        search: &Search<'_, T>,
        adjacency: &Adjacency,
        triples: &[TripleFinding],
    ) -> Result<Oriented, PcError> {
        let options = search.options;
        let edges = adjacency.pairs();
        // Their tests were made before; the variables' order is to depend on nothing else.
        let strength = |&(a, b): &(usize, usize)| {
            if search.is_open(a, b) {
                search.log_p(a, b, &[]).map(coarse)
            } else {
                Ok(0.0)
            }
        };
        let strengths: Vec<Result<f64, PcError>> = if search.runs_parallel(edges.len()) {
            edges.par_iter().map(strength).collect()
        } else {
            edges.iter().map(strength).collect()
        };
        let strengths = strengths
            .into_iter()
            .collect::<Result<Vec<f64>, PcError>>()?;
        let weighed = |f: &TripleFinding| {
            (
                f.triple,
                coarse(f.support),
                coarse(tie(f, options.evidence)),
            )
        };
        let weighed: Vec<(Triple, f64, f64)> = triples.iter().map(weighed).collect();
        let must = |from: usize, to: usize| self.reasons.contains_key(&(from, to));
        let (colliders, open) = best::orient(&Problem {
            n_variables: adjacency.n_variables(),
            by_name: by_name(search).as_deref(),
            edges: &edges,
            strengths: &strengths,
            triples: &weighed,
            must: &must,
            parallel: search.runs_parallel(triples.len()),
        });
        let mut pattern = Pattern {
            graph: &mut self.graph,
            reasons: &mut self.reasons,
        };
        for (finding, _) in triples.iter().zip(colliders).filter(|&(_, is)| is) {
            pattern.place(finding.triple, ColliderConflict::KeepFirst);
        }
        Ok(self.close(search, &open))
    }

    fn close<T: CiTest + ?Sized>(
        mut self,
        search: &Search<'_, T>,
        ambiguous: &HashSet<Triple>,
    ) -> Oriented {
        let by_name = by_name(search);
        let closure = Closure {
            rules: search.options.meek,
            places: by_name.as_deref(),
            ambiguous,
        };
        closure.close(&mut self.graph, &mut self.reasons);
        (self.graph, self.reasons)
    }
}

/// For each variable its place among all by name, if names settle ties.
fn by_name<T: CiTest + ?Sized>(search: &Search<'_, T>) -> Option<Vec<usize>> {
    let by_name = search.options.ties == Ties::ByName;
    let names = search.test.names().filter(|_| by_name)?;
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|&a, &b| names[a].cmp(&names[b]).then(a.cmp(&b)));
    let mut places = vec![0; order.len()];
    for (place, variable) in order.into_iter().enumerate() {
        places[variable] = place;
    }
    Some(places)
}

/// What breaks ties between equally supported colliders: large first.
fn tie(finding: &TripleFinding, evidence: Evidence) -> f64 {
    let with = finding.log_p_with.map_or(0.0, |log_p| -log_p);
    let without = finding.log_p_without.unwrap_or(0.0);
    match evidence {
        Evidence::Ratio => with + without,
        Evidence::SmallWithMiddle => with,
        Evidence::LargeWithoutMiddle => without,
    }
}

fn has_arrow(graph: &MixedGraph, from: usize, to: usize) -> bool {
    graph.mark_at(to, from) == Some(crate::graph::Mark::Arrow)
}

impl<T: CiTest + ?Sized> Search<'_, T> {
    /// Whether colliders are ordered by the strength of their evidence.
    pub(super) fn orders_by_strength(&self) -> bool {
        self.options.conflict == ColliderConflict::StrongerEvidence
            || self.options.validity == Validity::Extendable
    }
}
