//! What the tests say of each unshielded triple.

use rayon::prelude::*;

use super::largest::{Middle, TripleSets};
use super::reason::{Triple, TripleFinding, TripleVerdict};
use super::unshielded;
use crate::ci::{CiTest, Next, SetScan};
use crate::error::PcError;
use crate::options::{ColliderRule, RetestedSets};
use crate::progress::PcStage;
use crate::separating_sets::{SeparatedBy, SeparatingSets, Separation};
use crate::skeleton::{Adjacency, Search, binomial};

/// The findings by middle, first end and second end, and the number of tests they took.
pub(super) fn findings<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    adjacency: &Adjacency,
    separating_sets: &SeparatingSets,
) -> Result<(Vec<TripleFinding>, u64), PcError> {
    let pairs = by_pair(unshielded(adjacency));
    let steps = search.watch.stage(PcStage::Colliders, pairs.len());
    let judge = |pair: &Pair| {
        let separation = separating_sets.get(pair.x, pair.z);
        let judged = Judge {
            search,
            adjacency,
            separation,
        }
        .judge(pair);
        steps.step().and(judged)
    };
    let judged: Vec<Result<(Vec<TripleFinding>, u64), PcError>> =
        if search.runs_parallel(4 * pairs.len()) {
            pairs.par_iter().map(judge).collect()
        } else {
            pairs.iter().map(judge).collect()
        };
    let (mut findings, mut n_tests) = (Vec::new(), 0);
    for judged in judged {
        let (of_pair, tests) = judged?;
        findings.extend(of_pair);
        n_tests += tests;
    }
    let key = |f: &TripleFinding| (f.triple.y, f.triple.x, f.triple.z);
    if search.runs_parallel(findings.len()) {
        findings.par_sort_unstable_by_key(key);
    } else {
        findings.sort_unstable_by_key(key);
    }
    Ok((findings, n_tests))
}

/// The support of a triple of which nothing is known: it is no collider unless others make it one.
const UNTESTED: f64 = -1e-6;

/// A pair that is not adjacent, and its common neighbours.
struct Pair {
    x: usize,
    z: usize,
    middles: Vec<usize>,
}

impl Pair {
    fn ends(&self) -> (usize, usize) {
        (self.x, self.z)
    }
}

fn by_pair(mut triples: Vec<Triple>) -> Vec<Pair> {
    triples.sort_unstable_by_key(|t| (t.x, t.z, t.y));
    let mut pairs: Vec<Pair> = Vec::new();
    for Triple { x, y, z } in triples {
        match pairs.last_mut() {
            Some(pair) if (pair.x, pair.z) == (x, z) => pair.middles.push(y),
            _ => pairs.push(Pair {
                x,
                z,
                middles: vec![y],
            }),
        }
    }
    pairs
}

/// Judges the triples of one pair.
struct Judge<'a, T: ?Sized> {
    search: &'a Search<'a, T>,
    adjacency: &'a Adjacency,
    separation: Option<Separation>,
}

type Judged = Result<(Vec<TripleFinding>, u64), PcError>;

impl<T: CiTest + ?Sized> Judge<'_, T> {
    fn judge(&self, pair: &Pair) -> Judged {
        let triples = pair.middles.iter().map(|&y| Triple::new(pair.x, y, pair.z));
        if self.is_untested() {
            let unknown = |triple| TripleFinding::new(triple, TripleVerdict::Ambiguous, UNTESTED);
            return Ok((triples.map(unknown).collect(), 0));
        }
        match self.search.options.collider_rule {
            ColliderRule::SeparatingSet => Ok((
                triples
                    .map(|triple| self.by_separating_set(triple))
                    .collect(),
                0,
            )),
            ColliderRule::Conservative | ColliderRule::Majority => self.by_votes(pair),
            ColliderRule::MaxP | ColliderRule::DefiniteMaxP => self.by_largest(triples),
        }
    }

    /// Whether knowledge kept the pair from ever being tested.
    fn is_untested(&self) -> bool {
        let by = self.separation.as_ref().map(|separation| separation.by);
        by == Some(SeparatedBy::Knowledge)
    }

    /// By the sets that separated the pair in the search of the skeleton. The p-value breaks ties.
    fn by_separating_set(&self, triple: Triple) -> TripleFinding {
        let Some(separation) = &self.separation else {
            return TripleFinding::new(triple, TripleVerdict::Ambiguous, 0.0);
        };
        let with = separation.sets.iter().any(|set| set.contains(&triple.y));
        let mut finding = if with {
            TripleFinding::new(triple, TripleVerdict::NonCollider, -1.0)
        } else {
            TripleFinding::new(triple, TripleVerdict::Collider, 1.0)
        };
        let log_p = Some(separation.p_value.ln());
        if with {
            finding.log_p_with = log_p;
        } else {
            finding.log_p_without = log_p;
        }
        finding
    }

    /// By counting the sets that make the pair independent.
    fn by_votes(&self, pair: &Pair) -> Judged {
        let mut votes = Votes::new(&pair.middles);
        let (x, z) = pair.ends();
        let longest = self.degree(x).max(self.degree(z));
        let (mut n_tests, mut size) = (0, 0);
        // Where no set up to the limit separates the pair any more, the first size that does counts.
        while size <= longest
            && (size <= self.max_size() || self.goes_on(votes.all > 0, pair.ends(), size))
        {
            n_tests += self.count(pair, size, &mut votes)?;
            size += 1;
        }
        let mut findings = Vec::with_capacity(pair.middles.len());
        for (&y, &with) in pair.middles.iter().zip(&votes.with) {
            let triple = Triple::new(pair.x, y, pair.z);
            let mut finding = self.judge_votes(triple, with, votes.all - with);
            if finding.verdict == TripleVerdict::Collider && self.search.orders_by_strength() {
                finding.log_p_with = Some(self.largest_with(triple)?);
            }
            findings.push(finding);
        }
        Ok((findings, n_tests))
    }

    fn judge_votes(&self, triple: Triple, with: u64, without: u64) -> TripleFinding {
        let support = (without as f64 - with as f64) / (without + with).max(1) as f64;
        let majority = self.search.options.collider_rule == ColliderRule::Majority;
        let verdict = if with + without == 0 {
            TripleVerdict::Ambiguous
        } else if with == 0 || (majority && with < without) {
            TripleVerdict::Collider
        } else if without == 0 || (majority && without < with) {
            TripleVerdict::NonCollider
        } else {
            TripleVerdict::Ambiguous
        };
        let agreed = majority || verdict != TripleVerdict::Ambiguous;
        let support = match (with + without, agreed) {
            (0, _) => UNTESTED,
            (_, true) => support,
            (_, false) => 0.0,
        };
        TripleFinding {
            n_with: Some(with),
            n_without: Some(without),
            ..TripleFinding::new(triple, verdict, support)
        }
    }

    /// Whether to look for larger sets: none was found, there is no other limit, and they are not
    /// too many.
    fn goes_on(&self, found: bool, (x, z): (usize, usize), size: usize) -> bool {
        const TOO_MANY: f64 = 1e6;
        let many = binomial(self.degree(x), size) + binomial(self.degree(z), size);
        let allowed = self.search.options.max_depth.is_none_or(|max| size <= max);
        !found && allowed && many <= TOO_MANY
    }

    fn degree(&self, v: usize) -> usize {
        self.adjacency.neighbors(v).len()
    }

    /// Counts the sets of one size, of either end's neighbours, that make the pair independent.
    fn count(&self, pair: &Pair, size: usize, votes: &mut Votes<'_>) -> Result<u64, PcError> {
        let sides = [pair.x, pair.z].map(|end| self.adjacency.neighbors(end));
        let shared: Vec<bool> = sides[1]
            .iter()
            .map(|&v| self.adjacency.contains(pair.x, v))
            .collect();
        let mut n_tests = 0;
        for (side, done) in [(sides[0], &[][..]), (sides[1], &shared)] {
            if size == 0 && !done.is_empty() {
                continue;
            }
            let sets = SetScan {
                x: pair.x,
                y: pair.z,
                always: &[],
                candidates: side,
                size,
                done,
            };
            n_tests += self.search.scan(&sets, self.search.bound, &mut |given| {
                votes.count(given);
                Ok(Next::Continue)
            })?;
        }
        Ok(n_tests)
    }

    /// By the largest p-values with and without the middle.
    fn by_largest(&self, triples: impl Iterator<Item = Triple>) -> Judged {
        let (mut findings, mut n_tests) = (Vec::new(), 0);
        let bound = self.search.bound;
        for triple in triples {
            let mut sets = TripleSets::new(self.search, self.adjacency, triple);
            let ends = (triple.x, triple.z);
            for size in 0..=sets.longest() {
                let log_p = sets.with.log_p.max(sets.without.log_p);
                if size > self.max_size() && !self.goes_on(bound.admits_log(log_p), ends, size) {
                    break;
                }
                sets.raise(Middle::With, size)?;
                sets.raise(Middle::Without, size)?;
            }
            n_tests += sets.n_tests;
            findings.push(self.judge_largest(triple, sets.with.log_p, sets.without.log_p));
        }
        Ok((findings, n_tests))
    }

    fn judge_largest(&self, triple: Triple, with: f64, without: f64) -> TripleFinding {
        /// A ratio of p-values of e³ counts as full support: beyond it, larger ratios tell more of
        /// the strength of edges than of the triple.
        const FULL: f64 = 3.0;
        let log_alpha = self.search.options.alpha.value().ln();
        let definite = self.search.options.collider_rule == ColliderRule::DefiniteMaxP;
        let support = if with == without {
            0.0
        } else {
            ((without - with) / FULL).clamp(-1.0, 1.0)
        };
        let verdict = if definite && with > log_alpha && without > log_alpha {
            TripleVerdict::Ambiguous
        } else if without > with {
            TripleVerdict::Collider
        } else {
            TripleVerdict::NonCollider
        };
        let is_ambiguous = verdict == TripleVerdict::Ambiguous;
        TripleFinding {
            log_p_with: Some(with),
            log_p_without: Some(without),
            ..TripleFinding::new(triple, verdict, if is_ambiguous { 0.0 } else { support })
        }
    }

    /// The logarithm of the largest p-value with the middle. Its tests were all made before.
    fn largest_with(&self, triple: Triple) -> Result<f64, PcError> {
        let mut sets = TripleSets::new(self.search, self.adjacency, triple);
        for size in 0..=self.max_size().min(sets.longest()) {
            sets.raise(Middle::With, size)?;
        }
        Ok(sets.with.log_p)
    }

    /// The largest set to test again.
    fn max_size(&self) -> usize {
        let found = self
            .separation
            .as_ref()
            .map_or(0, |separation| separation.depth);
        let size = match self.search.options.retested_sets {
            RetestedSets::UpTo(size) => size.max(found),
            RetestedSets::All => usize::MAX,
        };
        size.min(self.search.options.max_depth.unwrap_or(usize::MAX))
    }
}

/// How many sets made a pair independent: all of them, and those with each of its middles.
struct Votes<'a> {
    middles: &'a [usize],
    all: u64,
    with: Vec<u64>,
}

impl<'a> Votes<'a> {
    fn new(middles: &'a [usize]) -> Self {
        Self {
            middles,
            all: 0,
            with: vec![0; middles.len()],
        }
    }

    fn count(&mut self, given: &[usize]) {
        self.all += 1;
        for v in given {
            if let Ok(at) = self.middles.binary_search(v) {
                self.with[at] += 1;
            }
        }
    }
}
