//! Why the graph is what it is, in sentences.

use serde::Serialize;
use value_causal::discovery::{Discovery, Reason, Separation, Triple, TripleFinding, Verdict};

/// Everything there is to say about a search.
#[derive(Serialize)]
pub struct Explanation<'a> {
    /// Every pair without an edge.
    pub separated: Vec<Separated<'a>>,
    /// Every arrowhead.
    pub arrowheads: Vec<Arrowhead<'a>>,
    /// What the tests said of each unshielded triple.
    pub triples: Vec<Judged<'a>>,
}

/// A pair without an edge, and what separated it.
#[derive(Serialize)]
pub struct Separated<'a> {
    pair: [&'a str; 2],
    sets: Vec<Vec<&'a str>>,
    /// The largest p-value; null if the pair was forbidden and so never tested.
    p_value: Option<f64>,
    depth: usize,
}

/// An arrowhead at `to`.
#[derive(Serialize)]
pub struct Arrowhead<'a> {
    from: &'a str,
    to: &'a str,
    reason: String,
}

/// An unshielded triple, its middle second.
#[derive(Serialize)]
pub struct Judged<'a> {
    triple: [&'a str; 3],
    verdict: Verdict,
    log_p_with_middle: Option<f64>,
    log_p_without_middle: Option<f64>,
    given_up: bool,
}

impl<'a> Explanation<'a> {
    pub fn new(discovery: &'a Discovery) -> Self {
        let names = Names(discovery.graph.names());
        let separated = discovery.separating_sets.iter();
        let arrowheads = discovery
            .reasons
            .iter()
            .map(|(&(from, to), reason)| Arrowhead {
                from: names.of(from),
                to: names.of(to),
                reason: names.sentence(from, to, reason),
            });
        Self {
            separated: separated
                .map(|((a, b), by)| names.separated(a, b, &by))
                .collect(),
            arrowheads: arrowheads.collect(),
            triples: discovery
                .triples
                .iter()
                .map(|finding| names.judged(finding))
                .collect(),
        }
    }
}

impl std::fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Separated {
            pair: [a, b],
            sets,
            p_value,
            depth,
        } in &self.separated
        {
            let Some(p) = p_value else {
                writeln!(f, "{a} and {b}: no edge is allowed, none was tested")?;
                continue;
            };
            let sets: Vec<_> = sets
                .iter()
                .map(|set| format!("{{{}}}", set.join(", ")))
                .collect();
            let sets = sets.join(" and ");
            writeln!(
                f,
                "{a} and {b}: independent given {sets}, p = {p:.3e}, depth {depth}"
            )?;
        }
        for Arrowhead { from, to, reason } in &self.arrowheads {
            writeln!(f, "{from} -> {to}: {reason}")?;
        }
        for Judged {
            triple: [x, y, z],
            verdict,
            ..
        } in self.triples.iter().filter(|t| t.given_up)
        {
            let wanted = if *verdict == Verdict::Collider {
                "a"
            } else {
                "no"
            };
            writeln!(
                f,
                "{x}, {y}, {z}: the tests say {wanted} collider; given up for stronger evidence"
            )?;
        }
        Ok(())
    }
}

struct Names<'a>(&'a [String]);

impl<'a> Names<'a> {
    fn of(&self, variable: usize) -> &'a str {
        &self.0[variable]
    }

    fn separated(&self, a: usize, b: usize, by: &Separation) -> Separated<'a> {
        let named = |set: &Vec<usize>| set.iter().map(|&v| self.of(v)).collect();
        Separated {
            pair: [self.of(a), self.of(b)],
            sets: by.sets.iter().map(named).collect(),
            p_value: Some(by.p_value).filter(|p| !p.is_nan()),
            depth: by.depth,
        }
    }

    fn judged(&self, finding: &TripleFinding) -> Judged<'a> {
        let Triple { x, y, z } = finding.triple;
        Judged {
            triple: [x, y, z].map(|v| self.of(v)),
            verdict: finding.verdict,
            log_p_with_middle: finding.log_p_with,
            log_p_without_middle: finding.log_p_without,
            given_up: finding.is_given_up(),
        }
    }

    fn sentence(&self, from: usize, to: usize, reason: &Reason) -> String {
        let (from_name, to_name) = (self.of(from), self.of(to));
        match *reason {
            Reason::Collider(Triple { x, z, .. }) => {
                let other = self.of(if x == from { z } else { x });
                format!("{from_name} and {other}, not adjacent, meet in {to_name}")
            }
            Reason::Knowledge => "background knowledge leaves no other direction".to_owned(),
            Reason::MeekR1 { a } => {
                let a = self.of(a);
                format!("else {a} and {to_name} would meet in {from_name} (Meek's rule 1)")
            }
            Reason::MeekR2 { b } => {
                let b = self.of(b);
                format!("else there would be a cycle through {b} (Meek's rule 2)")
            }
            Reason::MeekR3 { b, c } => {
                let (b, c) = (self.of(b), self.of(c));
                format!(
                    "else {b} or {c} would close a cycle or both meet in {from_name} (Meek's rule 3)"
                )
            }
            Reason::MeekR4 { b, c } => {
                let (b, c) = (self.of(b), self.of(c));
                format!(
                    "else {b} and {c} would leave only a cycle or a new collider (Meek's rule 4)"
                )
            }
            _ => "for a reason that this program cannot name".to_owned(),
        }
    }
}
