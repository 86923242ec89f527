//! The preset `like_pcalg` beside pcalg's semantics written down a second time, plainly: adjacency
//! matrices, one loop for each sentence.
//!
//! pcalg 2.7, `pc(..., skel.method = "stable.fast", u2pd = "relaxed")`, with `conservative`,
//! `maj.rule` and `solve.confl`.

use std::collections::BTreeSet;

use causal_pc::ci::{CiTest, FisherZ, FisherZOptions};
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, RandomTest, random_dag};
use causal_pc::{Alpha, ColliderConflict, ColliderRule, Mark, PcOptions, pc};

type Pair = (usize, usize);
/// `[from][to]`: 1 in both places for an undirected edge, 1 in one for an arrow, 2 in both for `<->`.
type Marks = Vec<Vec<u8>>;

/// The choices of pcalg's `pc` that the preset follows.
#[derive(Clone, Copy, Debug)]
struct Choices {
    rule: Rule,
    solves_conflicts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    SeparatingSet,
    Conservative,
    Majority,
}

struct Reference<'a> {
    n: usize,
    p_value: &'a dyn Fn(usize, usize, &[usize]) -> f64,
    alpha: f64,
    adjacent: Vec<BTreeSet<usize>>,
    separating: Vec<(Pair, Vec<usize>)>,
    n_tests: Vec<u64>,
}

impl<'a> Reference<'a> {
    fn new(n: usize, alpha: f64, p_value: &'a dyn Fn(usize, usize, &[usize]) -> f64) -> Self {
        let others = |v| (0..n).filter(|&w| w != v).collect();
        Self {
            n,
            p_value,
            alpha,
            adjacent: (0..n).map(others).collect(),
            separating: Vec::new(),
            n_tests: Vec::new(),
        }
    }

    fn is_independent(&self, x: usize, y: usize, given: &[usize]) -> bool {
        let mut given = given.to_vec();
        given.sort_unstable();
        let p = (self.p_value)(x.min(y), x.max(y), &given);
        p.is_nan() || p >= self.alpha
    }

    /// Depth after depth; what is separated goes at the end of each.
    fn find_skeleton(&mut self) {
        for depth in 0.. {
            let frozen = self.adjacent.clone();
            let degree = |v: usize| frozen[v].len();
            if depth > 0 && (0..self.n).all(|v| degree(v) <= depth) {
                return;
            }
            let mut n_tests = 0;
            for x in 0..self.n {
                for &y in frozen[x].range(x + 1..) {
                    // The end with more neighbours first, and the first of both if they are equal.
                    let (u, v) = if degree(x) < degree(y) {
                        (y, x)
                    } else {
                        (x, y)
                    };
                    let sets = sets_of_pair(&frozen, u, v, depth);
                    let hit = sets.iter().position(|set| self.is_independent(x, y, set));
                    n_tests += hit.map_or(sets.len(), |at| at + 1) as u64;
                    if let Some(at) = hit {
                        let mut set = sets[at].clone();
                        set.sort_unstable();
                        self.separating.push(((x, y), set));
                        self.adjacent[x].remove(&y);
                        self.adjacent[y].remove(&x);
                    }
                }
            }
            self.n_tests.push(n_tests);
        }
    }

    /// Triples that may be colliders, and those that are ambiguous.
    fn judge(&self, rule: Rule) -> (BTreeSet<[usize; 3]>, BTreeSet<[usize; 3]>) {
        let (mut colliders, mut ambiguous) = (BTreeSet::new(), BTreeSet::new());
        for y in 0..self.n {
            for &x in &self.adjacent[y] {
                for &z in self.adjacent[y].range(x + 1..) {
                    if self.adjacent[x].contains(&z) {
                        continue;
                    }
                    let (with, without) = self.votes(rule, x, y, z);
                    if with + without == 0 {
                        ambiguous.insert([x, y, z]);
                    } else if with == 0 || (rule == Rule::Majority && without > with) {
                        colliders.insert([x, y, z]);
                    } else if without != 0 && !(rule == Rule::Majority && with > without) {
                        ambiguous.insert([x, y, z]);
                    }
                }
            }
        }
        (colliders, ambiguous)
    }

    /// How many sets that make x and z independent hold y, and how many do not.
    fn votes(&self, rule: Rule, x: usize, y: usize, z: usize) -> (u32, u32) {
        let mut votes = (0, 0);
        let mut vote = |set: &[usize]| match set.contains(&y) {
            true => votes.0 += 1,
            false => votes.1 += 1,
        };
        if rule == Rule::SeparatingSet {
            let of_pair = |(pair, _): &&(Pair, Vec<usize>)| *pair == (x, z);
            vote(&self.separating.iter().find(of_pair).expect("apart").1);
            return votes;
        }
        for end in [x, z] {
            let around: Vec<usize> = self.adjacent[end].iter().copied().collect();
            for size in 0..=around.len() {
                for set in combinations(&around, size) {
                    if self.is_independent(x, z, &set) {
                        vote(&set);
                    }
                }
            }
        }
        votes
    }

    fn orient(&self, choices: Choices) -> Marks {
        let (colliders, ambiguous) = self.judge(choices.rule);
        let mut marks = vec![vec![0; self.n]; self.n];
        for (v, around) in self.adjacent.iter().enumerate() {
            around.iter().for_each(|&w| marks[v][w] = 1);
        }
        for y in 0..self.n {
            for &x in &self.adjacent[y] {
                for &z in &self.adjacent[y] {
                    if x != z && colliders.contains(&[x.min(z), y, x.max(z)]) {
                        point(&mut marks, x, y, choices);
                        point(&mut marks, z, y, choices);
                    }
                }
            }
        }
        loop {
            let before = marks.clone();
            for rule in [first_rule, second_rule, third_rule] {
                rule(&mut marks, &ambiguous, choices);
            }
            if marks == before {
                return marks;
            }
        }
    }
}

/// The sets that a pair is tested with: those of u's neighbours, then those of v's that have a member
/// which is no neighbour of u. Of v's neighbours those that are not u's come first.
fn sets_of_pair(adjacent: &[BTreeSet<usize>], u: usize, v: usize, size: usize) -> Vec<Vec<usize>> {
    let of_u: Vec<usize> = adjacent[u].iter().copied().filter(|&w| w != v).collect();
    let mut sets = combinations(&of_u, size);
    let others = adjacent[v].iter().copied().filter(|&w| w != u);
    let (common, own): (Vec<usize>, Vec<usize>) = others.partition(|w| adjacent[u].contains(w));
    if size > 0 {
        let new = |set: &Vec<usize>| own.contains(&set[0]);
        sets.extend(
            combinations(&[own.clone(), common].concat(), size)
                .into_iter()
                .filter(new),
        );
    }
    sets
}

/// All choices of so many, in lexicographic order of their places.
fn combinations(of: &[usize], size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, &first) in of.iter().enumerate() {
        for mut rest in combinations(&of[at + 1..], size - 1) {
            rest.insert(0, first);
            all.push(rest);
        }
    }
    all
}

fn point(marks: &mut Marks, from: usize, to: usize, choices: Choices) {
    if choices.solves_conflicts && marks[from][to] != 1 {
        (marks[from][to], marks[to][from]) = (2, 2);
    } else {
        (marks[from][to], marks[to][from]) = (1, 0);
    }
}

/// Pairs by column, then by row.
fn pairs(n: usize) -> impl Iterator<Item = Pair> {
    (0..n).flat_map(move |b| (0..n).map(move |a| (a, b)))
}

fn is_line(marks: &Marks, a: usize, b: usize) -> bool {
    marks[a][b] == 1 && marks[b][a] == 1
}

fn is_arrow(marks: &Marks, a: usize, b: usize) -> bool {
    marks[a][b] == 1 && marks[b][a] == 0
}

fn is_apart(marks: &Marks, a: usize, b: usize) -> bool {
    marks[a][b] == 0 && marks[b][a] == 0
}

/// Makes `a - b` an arrow. Where conflicts are solved, an arrow of this sweep that points the other
/// way makes it `<->`.
fn turn(marks: &mut Marks, a: usize, b: usize, choices: Choices) {
    if !choices.solves_conflicts || is_line(marks, a, b) {
        (marks[a][b], marks[b][a]) = (1, 0);
    } else if is_arrow(marks, b, a) {
        (marks[a][b], marks[b][a]) = (2, 2);
    }
}

type Ambiguous = BTreeSet<[usize; 3]>;

/// a -> b - c, a and c apart. A rule looks at the graph as it was when its sweep began where
/// conflicts are solved, and else as it is.
fn first_rule(marks: &mut Marks, ambiguous: &Ambiguous, choices: Choices) {
    let n = marks.len();
    let mut seen = marks.clone();
    let arrows: Vec<Pair> = pairs(n).filter(|&(a, b)| is_arrow(marks, a, b)).collect();
    for (a, b) in arrows {
        for c in 0..n {
            let sure = !ambiguous.contains(&[a.min(c), b, a.max(c)]);
            if c != a && is_line(&seen, b, c) && is_apart(&seen, a, c) && sure {
                turn(marks, b, c, choices);
            }
        }
        if !choices.solves_conflicts {
            seen.clone_from(marks);
        }
    }
}

/// a -> c -> b, a - b.
fn second_rule(marks: &mut Marks, _: &Ambiguous, choices: Choices) {
    let n = marks.len();
    let mut seen = marks.clone();
    let lines: Vec<Pair> = pairs(n).filter(|&(a, b)| is_line(marks, a, b)).collect();
    for (a, b) in lines {
        for c in 0..n {
            if is_arrow(&seen, a, c) && is_arrow(&seen, c, b) {
                turn(marks, a, b, choices);
            }
        }
        if !choices.solves_conflicts {
            seen.clone_from(marks);
        }
    }
}

/// a - b, a - c -> b, a - d -> b, c and d apart.
fn third_rule(marks: &mut Marks, ambiguous: &Ambiguous, choices: Choices) {
    let n = marks.len();
    let mut seen = marks.clone();
    let lines: Vec<Pair> = pairs(n).filter(|&(a, b)| is_line(marks, a, b)).collect();
    for (a, b) in lines {
        let between: Vec<usize> = (0..n)
            .filter(|&c| is_line(&seen, a, c) && is_arrow(&seen, c, b))
            .collect();
        let works = |pair: &Vec<usize>| {
            let (c, d) = (pair[0], pair[1]);
            is_apart(&seen, c, d) && !ambiguous.contains(&[c, a, d])
        };
        if combinations(&between, 2).iter().any(works) {
            turn(marks, a, b, choices);
            if !choices.solves_conflicts {
                seen.clone_from(marks);
            }
        }
    }
}

fn all_choices() -> Vec<Choices> {
    let rules = [Rule::SeparatingSet, Rule::Conservative, Rule::Majority];
    let both = |rule| {
        [false, true].map(|solves_conflicts| Choices {
            rule,
            solves_conflicts,
        })
    };
    rules.into_iter().flat_map(both).collect()
}

/// Compares edges, marks, separating sets and numbers of tests; how many arrows there are.
fn compare<T: CiTest>(test: &T, alpha: f64, what: &str) -> usize {
    let n = test.n_variables();
    let p_value = |x: usize, y: usize, given: &[usize]| match test.p_value(x, y, given) {
        Ok(p) => p,
        Err(error) => panic!("{error}"),
    };
    let mut reference = Reference::new(n, alpha, &p_value);
    reference.find_skeleton();
    reference.separating.sort();
    let mut n_arrows = 0;
    for choices in all_choices() {
        let what = format!("{what}, {choices:?}");
        let found = pc(test, &options(alpha, choices)).unwrap();
        let sets = found.separating_sets.iter();
        let sets: Vec<(Pair, Vec<usize>)> = sets
            .map(|(pair, separation)| (pair, separation.sets.concat()))
            .collect();
        assert_eq!(sets, reference.separating, "{what}");
        assert_eq!(found.n_tests_by_depth, reference.n_tests, "{what}");
        let mut marks = vec![vec![0; n]; n];
        for edge in found.graph.edges() {
            let (a, b) = (edge.a, edge.b);
            (marks[a][b], marks[b][a]) = match (edge.mark_a, edge.mark_b) {
                (Mark::Tail, Mark::Arrow) => (1, 0),
                (Mark::Arrow, Mark::Tail) => (0, 1),
                (Mark::Arrow, Mark::Arrow) => (2, 2),
                _ => (1, 1),
            };
        }
        assert_eq!(marks, reference.orient(choices), "{what}");
        n_arrows += found.reasons.len();
    }
    n_arrows
}

fn options(alpha: f64, choices: Choices) -> PcOptions {
    let rule = match choices.rule {
        Rule::SeparatingSet => ColliderRule::SeparatingSet,
        Rule::Conservative => ColliderRule::Conservative,
        Rule::Majority => ColliderRule::Majority,
    };
    let options = PcOptions::like_pcalg(Alpha::new(alpha).unwrap()).collider_rule(rule);
    match choices.solves_conflicts {
        true => options.collider_conflict(ColliderConflict::Bidirected),
        false => options,
    }
}

#[test]
fn arbitrary_answers_lead_to_the_same_graphs() {
    let mut n_arrows = 0;
    for seed in 0..1000 {
        let test = RandomTest::new(3 + seed as usize % 6, seed).dependent(0.7, 0.1);
        n_arrows += compare(&test, 0.1, &format!("seed {seed}"));
    }
    assert!(n_arrows > 5_000, "{n_arrows}");
}

#[test]
fn samples_lead_to_the_same_graphs() {
    for seed in 0..100 {
        let model = DagModel::ErdosRenyi {
            expected_degree: 3.0,
        };
        let dag = random_dag(5 + seed as usize % 8, model, seed).unwrap();
        let sem = LinearSem::random(&dag, LinearOptions::new(), seed).unwrap();
        let samples = sem.sample(150, seed);
        let test = FisherZ::with_options(samples.view(), FisherZOptions::like_pcalg()).unwrap();
        compare(&test, 0.05, &format!("seed {seed}"));
    }
}
