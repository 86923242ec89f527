//! Why the graph of a search is what it is, by name and in sentences.

use std::fmt;

use serde::Serialize;

use crate::discovery::Discovery;
use crate::graph::MixedGraph;
use crate::orient::{Reason, Triple, TripleFinding, TripleVerdict};
use crate::separating_sets::{SeparatedBy, Separation};
use crate::words::counted;

impl Discovery {
    /// Why each edge is gone, why each arrow points as it does, and what the tests said of each
    /// unshielded triple.
    ///
    /// Printed, it has a sentence with the variables' names for each removed edge, for each arrowhead,
    /// and for each triple on which the tests are undecided or the graph departs from them. Each part
    /// can also be asked for by itself, and serialised; then it lists every triple.
    ///
    /// ```
    /// use causal_pc::{Alpha, DSeparation, Edge, MixedGraph, PcOptions, pc};
    ///
    /// // 0 -> 2 <- 1, 2 -> 3
    /// let edges = [Edge::directed(0, 2), Edge::directed(1, 2), Edge::directed(2, 3)];
    /// let test = DSeparation::new(&MixedGraph::from_edges(4, edges)?)?;
    /// let found = pc(&test, &PcOptions::new(Alpha::new(0.05)?))?;
    /// assert_eq!(
    ///     found.explain().to_string(),
    ///     "X0 and X1: no edge, independent given {}, p = 1, depth 0\n\
    ///      X0 and X3: no edge, independent given {X2}, p = 1, depth 1\n\
    ///      X1 and X3: no edge, independent given {X2}, p = 1, depth 1\n\
    ///      X0 -> X2: X0 and X1 are not adjacent and meet in X2\n\
    ///      X1 -> X2: X0 and X1 are not adjacent and meet in X2\n\
    ///      X2 -> X3: else X0 and X3, not adjacent, would meet in X2 (Meek's rule 1)\n"
    /// );
    /// assert_eq!(found.explain().removed_edge(3, 0).unwrap().separation.sets, [[2]]);
    /// assert!(found.explain().arrow(3, 2).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self) -> Explanation<'_> {
        Explanation { discovery: self }
    }
}

/// Why a graph is what it is: see [`Discovery::explain`].
///
/// As serde data `{removed_edges, arrows, triples}`, three lists.
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'a> {
    discovery: &'a Discovery,
}

impl<'a> Explanation<'a> {
    /// Every pair without an edge, ascending. O(p²) for all of them.
    pub fn removed_edges(&self) -> impl Iterator<Item = RemovedEdge<'a>> + use<'a> {
        let graph = &self.discovery.graph;
        let all = self.discovery.separating_sets.iter();
        all.map(move |((a, b), separation)| RemovedEdge {
            graph,
            a,
            b,
            separation,
        })
    }

    /// What separated two variables; none if they are adjacent. O(log p).
    pub fn removed_edge(&self, a: usize, b: usize) -> Option<RemovedEdge<'a>> {
        Some(RemovedEdge {
            graph: &self.discovery.graph,
            a: a.min(b),
            b: a.max(b),
            separation: self.discovery.separating_sets.get(a, b)?,
        })
    }

    /// Every arrowhead, ascending by the edge's ends: one for `->`, two for `<->`.
    pub fn arrows(&self) -> impl Iterator<Item = Arrow<'a>> + use<'a> {
        let graph = &self.discovery.graph;
        let all = self.discovery.reasons.iter();
        all.map(move |(&(from, to), reason)| Arrow {
            graph,
            from,
            to,
            reason,
        })
    }

    /// Why the edge between `from` and `to` has an arrowhead at `to`; none if it has not.
    /// O(log edges).
    pub fn arrow(&self, from: usize, to: usize) -> Option<Arrow<'a>> {
        Some(Arrow {
            graph: &self.discovery.graph,
            from,
            to,
            reason: self.discovery.why_arrow(from, to)?,
        })
    }

    /// Every unshielded triple, by middle, then by its ends.
    pub fn triples(&self) -> impl Iterator<Item = JudgedTriple<'a>> + use<'a> {
        let discovery = self.discovery;
        let all = discovery.triples.iter();
        all.map(move |finding| JudgedTriple { discovery, finding })
    }
}

/// A line for each removed edge, then for each arrowhead, then for each triple on which the tests are
/// undecided or the graph departs from them.
impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.removed_edges()
            .try_for_each(|removed| writeln!(f, "{removed}"))?;
        self.arrows().try_for_each(|arrow| writeln!(f, "{arrow}"))?;
        self.triples()
            .filter(|triple| triple.is_open() || triple.finding.is_given_up())
            .try_for_each(|triple| writeln!(f, "{triple}"))
    }
}

/// Two variables without an edge between them.
///
/// As serde data `{pair, sets, p_value, depth, by}` with names; `p_value` is null for a pair that
/// was never tested.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RemovedEdge<'a> {
    graph: &'a MixedGraph,
    /// The variable with the smaller number.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// What separated them.
    pub separation: Separation,
}

impl<'a> RemovedEdge<'a> {
    /// The sets by name, each once.
    fn sets(&self) -> Vec<Vec<&'a str>> {
        let named = |set: &Vec<usize>| set.iter().map(|&v| name(self.graph, v)).collect();
        let mut sets: Vec<Vec<&str>> = self.separation.sets.iter().map(named).collect();
        sets.dedup();
        sets
    }
}

/// `A and B: no edge, independent given {C, D}, p = 0.31, depth 2`.
impl fmt::Display for RemovedEdge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = [self.a, self.b].map(|v| name(self.graph, v));
        let (p, depth) = (self.separation.p_value, self.separation.depth);
        if self.separation.by == SeparatedBy::Knowledge {
            return write!(f, "{a} and {b}: no edge, forbidden and never tested");
        }
        let sets = self.sets();
        let sets: Vec<String> = sets
            .iter()
            .map(|set| format!("{{{}}}", set.join(", ")))
            .collect();
        write!(
            f,
            "{a} and {b}: no edge, independent given {}, p = {}, depth {depth}",
            sets.join(" and "),
            Rounded(p)
        )
    }
}

impl Serialize for RemovedEdge<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            pair: [&'a str; 2],
            sets: Vec<Vec<&'a str>>,
            p_value: Option<f64>,
            depth: usize,
            by: SeparatedBy,
        }
        let Separation {
            p_value, depth, by, ..
        } = self.separation;
        let named = Named {
            pair: [self.a, self.b].map(|v| name(self.graph, v)),
            sets: self.sets(),
            p_value: Some(p_value).filter(|p| !p.is_nan()),
            depth,
            by,
        };
        named.serialize(serializer)
    }
}

/// An arrowhead at `to`, on the edge between `from` and `to`.
///
/// As serde data `{from, to, reason, rule}`: names, a sentence, and the [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Arrow<'a> {
    graph: &'a MixedGraph,
    /// Where the arrow comes from.
    pub from: usize,
    /// Where it points.
    pub to: usize,
    /// Why.
    pub reason: &'a Reason,
}

impl Arrow<'_> {
    /// Why the arrow is there, with the variables' names.
    pub fn sentence(&self) -> String {
        let named = |v: usize| name(self.graph, v);
        let (from, to) = (named(self.from), named(self.to));
        match *self.reason {
            Reason::Collider(Triple { x, z, .. }) => {
                format!(
                    "{} and {} are not adjacent and meet in {to}",
                    named(x),
                    named(z)
                )
            }
            Reason::Knowledge => "background knowledge leaves no other direction".to_owned(),
            Reason::MeekR1 { a } => format!(
                "else {} and {to}, not adjacent, would meet in {from} (Meek's rule 1)",
                named(a)
            ),
            Reason::MeekR2 { b } => format!(
                "else {from} -> {} -> {to} would close a cycle (Meek's rule 2)",
                named(b)
            ),
            Reason::MeekR3 { b, c } => format!(
                "else {from} would close a cycle with {b} or {c}, or they would meet in it \
                 (Meek's rule 3)",
                b = named(b),
                c = named(c)
            ),
            Reason::MeekR4 { b, c } => format!(
                "else {b} -> {c} -> {to} would force a cycle, or {b} and {to}, not adjacent, \
                 would meet in {from} (Meek's rule 4)",
                b = named(b),
                c = named(c)
            ),
        }
    }
}

/// `A -> B: ` or `A <-> B, the arrowhead at B: `, and the sentence.
impl fmt::Display for Arrow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = [self.from, self.to].map(|v| name(self.graph, v));
        if self.graph.is_bidirected(self.from, self.to) {
            write!(f, "{from} <-> {to}, the arrowhead at {to}: ")?;
        } else {
            write!(f, "{from} -> {to}: ")?;
        }
        f.write_str(&self.sentence())
    }
}

impl Serialize for Arrow<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            from: &'a str,
            to: &'a str,
            reason: String,
            rule: &'a Reason,
        }
        let named = Named {
            from: name(self.graph, self.from),
            to: name(self.graph, self.to),
            reason: self.sentence(),
            rule: self.reason,
        };
        named.serialize(serializer)
    }
}

/// An unshielded triple, and what the tests said of it.
///
/// As serde data `{triple, verdict, log_p_with_middle, log_p_without_middle, is_collider,
/// given_up, given_up_for}`, the triple as three names with the middle second; logarithms are null
/// where they were not sought or the p-value is 0, and `given_up_for` is null or the end of the
/// sentence "given up ...".
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct JudgedTriple<'a> {
    discovery: &'a Discovery,
    /// What the tests said, and what became of the triple.
    pub finding: &'a TripleFinding,
}

impl<'a> JudgedTriple<'a> {
    fn names(&self) -> [&'a str; 3] {
        let Triple { x, y, z } = self.finding.triple;
        [x, y, z].map(|v| name(&self.discovery.graph, v))
    }

    /// Whether the tests left open whether it is a collider.
    pub fn is_open(&self) -> bool {
        self.finding.verdict == TripleVerdict::Ambiguous
    }

    /// What the triple was given up for; none if it was not.
    pub fn given_up_for(&self) -> Option<GivenUpFor> {
        if !self.finding.is_given_up() {
            return None;
        }
        let Triple { x, y, z } = self.finding.triple;
        // The arrows that make the triple other than the tests said.
        let arrows = match self.finding.verdict {
            TripleVerdict::Collider => [(y, x), (y, z)],
            TripleVerdict::NonCollider | TripleVerdict::Ambiguous => [(x, y), (z, y)],
        };
        let standing = arrows.iter().filter_map(|&(from, to)| {
            let reason = self.discovery.why_arrow(from, to)?;
            match *reason {
                Reason::Knowledge => Some(GivenUpFor::Knowledge),
                Reason::Collider(triple) if triple == self.finding.triple => None,
                Reason::Collider(triple) => Some(GivenUpFor::Collider(triple)),
                _ => Some(GivenUpFor::Arrow { from, to }),
            }
        });
        let rival = || self.rival().map(GivenUpFor::Tie);
        Some(
            standing
                .min()
                .or_else(rival)
                .unwrap_or(GivenUpFor::Acyclicity),
        )
    }

    /// A collider that was given up too, by the same evidence, and wants an edge the other way.
    fn rival(&self) -> Option<Triple> {
        let finding = self.finding;
        let Triple { x, y, z } = finding.triple;
        let evidence = |finding: &TripleFinding| {
            let rounded = |log_p: Option<f64>| log_p.map(|log_p| log_p as f32);
            let (with, without) = (finding.log_p_with, finding.log_p_without);
            (finding.support as f32, rounded(with), rounded(without))
        };
        let is_rival = |other: &&TripleFinding| {
            let Triple {
                x: a,
                y: middle,
                z: b,
            } = other.triple;
            other.verdict == TripleVerdict::Collider
                && finding.verdict == TripleVerdict::Collider
                && other.is_given_up()
                && [x, z].contains(&middle)
                && [a, b].contains(&y)
                && evidence(other) == evidence(finding)
        };
        let rival = self.discovery.triples.iter().find(is_rival)?;
        Some(rival.triple)
    }

    fn sets_with_and_without(&self) -> String {
        let middle = self.names()[1];
        match (self.finding.n_with, self.finding.n_without) {
            (Some(0), Some(0)) => " (no set makes the ends independent any more)".to_owned(),
            (Some(with), Some(without)) => format!(
                " (the ends are independent given {} with {middle} and {without} without)",
                counted(with, "set")
            ),
            _ if self.is_untested() => " (knowledge kept the ends from being tested)".to_owned(),
            _ => String::new(),
        }
    }

    fn is_untested(&self) -> bool {
        let Triple { x, z, .. } = self.finding.triple;
        let separation = self.discovery.separating_sets.get(x, z);
        separation.is_some_and(|separation| separation.by == SeparatedBy::Knowledge)
    }

    /// Why an open triple is a collider of the graph all the same.
    fn taken_sentence(&self) -> Option<String> {
        if !self.is_open() || !self.finding.is_collider {
            return None;
        }
        let Triple { x, y, z } = self.finding.triple;
        let because = |from: usize| {
            let arrow = Arrow {
                graph: &self.discovery.graph,
                from,
                to: y,
                reason: self.discovery.why_arrow(from, y)?,
            };
            match *arrow.reason {
                Reason::Collider(triple) if triple == self.finding.triple => None,
                _ => Some(format!(
                    "{} -> {}: {}",
                    name(arrow.graph, from),
                    name(arrow.graph, y),
                    arrow.sentence()
                )),
            }
        };
        let reasons: Vec<String> = [x, z].into_iter().filter_map(because).collect();
        Some(match reasons.is_empty() {
            true => {
                "taken as a collider because the graph that fits the other triples best has it as one"
                    .to_owned()
            }
            false => format!("taken as a collider because {}", reasons.join(", and ")),
        })
    }

    fn given_up_sentence(&self) -> Option<String> {
        let named = |v: usize| name(&self.discovery.graph, v);
        Some(match self.given_up_for()? {
            GivenUpFor::Knowledge => "given up for background knowledge".to_owned(),
            GivenUpFor::Collider(Triple { x, y, z }) => format!(
                "given up for the collider {} -> {} <- {}",
                named(x),
                named(y),
                named(z)
            ),
            GivenUpFor::Arrow { from, to } => format!(
                "given up for the arrow {} -> {}, which follows from others",
                named(from),
                named(to)
            ),
            GivenUpFor::Tie(Triple { x, y, z }) => format!(
                "given up since exactly as much speaks for the collider {} -> {} <- {}, which wants \
                 an edge the other way",
                named(x),
                named(y),
                named(z)
            ),
            GivenUpFor::Acyclicity => {
                "given up for a graph without cycles and without further colliders".to_owned()
            }
        })
    }
}

/// Why the graph departs from what the tests say of a triple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GivenUpFor {
    /// Background knowledge directs one of its edges.
    Knowledge,
    /// This collider wants one of its edges the other way.
    Collider(Triple),
    /// This arrow follows from others by Meek's rules.
    Arrow {
        /// Where the arrow comes from.
        from: usize,
        /// Where it points.
        to: usize,
    },
    /// No arrow stands against it alone: with it there would be a directed cycle, or another
    /// unshielded collider that the tests speak against.
    Acyclicity,
    /// Exactly as much speaks for this collider, which wants one of the edges the other way and was
    /// given up, too: see [`Ties::Open`](crate::Ties::Open).
    Tie(Triple),
}

/// `A - B - C: the tests say a collider`, and whether that was given up.
impl fmt::Display for JudgedTriple<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y, z] = self.names();
        let said = match self.finding.verdict {
            TripleVerdict::Collider => "the tests say a collider",
            TripleVerdict::NonCollider => "the tests say no collider",
            TripleVerdict::Ambiguous => "the tests leave open whether it is a collider",
        };
        write!(f, "{x} - {y} - {z}: {said}")?;
        if self.is_open() {
            f.write_str(&self.sets_with_and_without())?;
        }
        match self.given_up_sentence().or_else(|| self.taken_sentence()) {
            Some(sentence) => write!(f, "; {sentence}"),
            None => Ok(()),
        }
    }
}

impl Serialize for JudgedTriple<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            triple: [&'a str; 3],
            verdict: TripleVerdict,
            log_p_with_middle: Option<f64>,
            log_p_without_middle: Option<f64>,
            is_collider: bool,
            given_up: bool,
            given_up_for: Option<String>,
        }
        let finite = |log_p: Option<f64>| log_p.filter(|log_p| log_p.is_finite());
        let named = Named {
            triple: self.names(),
            verdict: self.finding.verdict,
            log_p_with_middle: finite(self.finding.log_p_with),
            log_p_without_middle: finite(self.finding.log_p_without),
            is_collider: self.finding.is_collider,
            given_up: self.finding.is_given_up(),
            given_up_for: self.given_up_sentence(),
        };
        named.serialize(serializer)
    }
}

impl Serialize for Explanation<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut lists = serializer.serialize_struct("Explanation", 3)?;
        lists.serialize_field("removed_edges", &List(|| self.removed_edges()))?;
        lists.serialize_field("arrows", &List(|| self.arrows()))?;
        lists.serialize_field("triples", &List(|| self.triples()))?;
        lists.end()
    }
}

/// Serialises items one by one: of ten thousand variables fifty million pairs have no edge.
struct List<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for List<F> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// A p-value to three digits.
struct Rounded(f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let p = self.0;
        if p == 0.0 || p == 1.0 {
            write!(f, "{p}")
        } else if p < 1e-3 {
            write!(f, "{p:.2e}")
        } else {
            write!(f, "{p:.3}")
        }
    }
}

fn name(graph: &MixedGraph, variable: usize) -> &str {
    &graph.names()[variable]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::DSeparation;
    use crate::graph::Edge;
    use crate::knowledge::Knowledge;
    use crate::options::{Alpha, ColliderConflict, ColliderRule, PcOptions, Validity};
    use crate::pc::pc;
    use crate::synthetic::RandomTest;

    fn options() -> PcOptions {
        PcOptions::new(Alpha::new(0.05).unwrap())
    }

    /// The search on d-separation in a graph of these edges, with variables named a, b, c, ...
    fn found(n: usize, edges: &[Edge], options: &PcOptions) -> Discovery {
        let mut dag = MixedGraph::from_edges(n, edges.iter().copied()).unwrap();
        let names = ('a'..).take(n).map(String::from).collect();
        dag.set_names(names).unwrap();
        pc(&DSeparation::new(&dag).unwrap(), options).unwrap()
    }

    #[test]
    fn meek_rules_name_their_variables() {
        // b -> d <- c with b - a - c undirected: the third rule gives a -> d
        let kite = [(0, 1), (0, 2), (0, 3), (1, 3), (2, 3)];
        let kite = kite.map(|(a, b)| Edge::directed(a, b));
        let text = found(4, &kite, &options()).explain().to_string();
        assert!(
            text.contains("a -> d: else a would close a cycle with b or c"),
            "{text}"
        );
        // a -> b -> c is known: the second rule gives a -> c
        let triangle = [(0, 1), (1, 2), (0, 2)].map(|(a, b)| Edge::directed(a, b));
        let known = Knowledge::new().require(0, 1).require(1, 2);
        let text = found(3, &triangle, &options().knowledge(known))
            .explain()
            .to_string();
        assert!(
            text.contains("a -> b: background knowledge leaves no other direction"),
            "{text}"
        );
        assert!(
            text.contains("a -> c: else a -> b -> c would close a cycle (Meek's rule 2)"),
            "{text}"
        );
    }

    #[test]
    fn the_fourth_rule_names_its_variables() {
        // b -> c -> d is known, a - b, a - c and a - d are open, b and d not adjacent
        let edges = [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)].map(|(a, b)| Edge::directed(a, b));
        let known = Knowledge::new().require(1, 2).require(2, 3);
        let found = found(4, &edges, &options().knowledge(known));
        assert_eq!(found.why_arrow(0, 3), Some(&Reason::MeekR4 { b: 1, c: 2 }));
        let arrow = found.explain().arrow(0, 3).unwrap();
        assert_eq!(
            arrow.to_string(),
            "a -> d: else b -> c -> d would force a cycle, or b and d, not adjacent, would meet \
             in a (Meek's rule 4)"
        );
    }

    #[test]
    fn forbidden_pairs_and_small_p_values_are_told() {
        let known = Knowledge::new().forbid(0, 1).forbid(1, 0);
        let found = found(2, &[Edge::directed(0, 1)], &options().knowledge(known));
        let explained = found.explain();
        assert_eq!(
            explained.to_string(),
            "a and b: no edge, forbidden and never tested\n"
        );
        let json = serde_json::to_value(explained).unwrap();
        assert_eq!(json["removed_edges"][0]["by"], "knowledge");
        assert!(json["removed_edges"][0]["p_value"].is_null());
        assert_eq!(Rounded(1.234e-7).to_string(), "1.23e-7");
        assert_eq!(Rounded(0.0519).to_string(), "0.052");
    }

    /// The tests leave it open; what else was found makes it a collider, and that is said.
    #[test]
    fn an_open_triple_that_is_a_collider_says_why() {
        let options = options().collider_rule(ColliderRule::Conservative);
        let (mut n_taken, mut by_others) = (0, 0);
        for seed in 0..100 {
            for validity in [Validity::AsFound, Validity::Extendable] {
                let options = options.clone().validity(validity);
                let found = pc(&RandomTest::new(7, seed).dependent(0.85, 0.05), &options).unwrap();
                for triple in found.explain().triples().filter(JudgedTriple::is_open) {
                    let text = triple.to_string();
                    let is_told = text.contains("; taken as a collider because ");
                    assert_eq!(is_told, triple.finding.is_collider, "{text}");
                    n_taken += usize::from(is_told);
                    by_others += usize::from(text.contains(" -> "));
                    assert!(!text.contains("given 1 sets"), "{text}");
                }
            }
        }
        assert!(n_taken > 10 && by_others > 3, "{n_taken} {by_others}");
    }

    #[test]
    fn everything_is_explained_whatever_the_tests_say() {
        let presets = [
            options(),
            PcOptions::like_causal_learn(Alpha::new(0.05).unwrap()),
            PcOptions::like_pcalg(Alpha::new(0.05).unwrap()),
            options()
                .collider_conflict(ColliderConflict::Bidirected)
                .validity(Validity::AsFound),
        ];
        let (mut n_given_up, mut n_open) = (0, 0);
        for seed in 0..50 {
            for options in &presets {
                let found = pc(&RandomTest::new(7, seed).dependent(0.85, 0.05), options).unwrap();
                let explained = found.explain();
                let arrowheads = found.graph.edges().map(|edge| {
                    usize::from(edge.mark_a == crate::Mark::Arrow)
                        + usize::from(edge.mark_b == crate::Mark::Arrow)
                });
                assert_eq!(explained.arrows().count(), arrowheads.sum::<usize>());
                let n_removed = explained.removed_edges().count();
                assert_eq!(n_removed + found.graph.n_edges(), 21);
                let given_up = found.given_up().count();
                n_given_up += given_up;
                let open = explained.triples().filter(JudgedTriple::is_open).count();
                n_open += open;
                let lines = explained.to_string().lines().count();
                assert_eq!(
                    lines,
                    n_removed + explained.arrows().count() + given_up + open
                );
                let causes = explained
                    .triples()
                    .filter_map(|triple| triple.given_up_for());
                assert_eq!(causes.count(), given_up);
                let json = serde_json::to_value(explained).unwrap();
                assert_eq!(json["removed_edges"].as_array().unwrap().len(), n_removed);
                assert_eq!(
                    json["triples"].as_array().unwrap().len(),
                    found.triples.len()
                );
            }
        }
        assert!(n_given_up > 50 && n_open > 50, "{n_given_up} {n_open}");
    }
}
