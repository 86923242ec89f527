//! What holds of every search, whatever the graph, the data or the p-values.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{LazyLock, Mutex};

use causal_pc::ci::{
    Bound, CiTest, FisherZ, FisherZOptions, GSquare, Next, SetOutcome, SetScan, Singular,
};
use causal_pc::graph::cpdag_of_dag;
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use causal_pc::{
    Alpha, ColliderConflict, ColliderRule, DSeparation, Discovery, Edge, FdrControl, Knowledge,
    Mark, MeekRules, MixedGraph, PcError, PcOptions, Reason, RetestedSets, SeparatedBy, SetSearch,
    SkeletonSearch, Triple, UndefinedP, Validity, pc,
};
use ndarray::{Array2, Axis};
use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

const RULES: [ColliderRule; 5] = [
    ColliderRule::SeparatingSet,
    ColliderRule::Conservative,
    ColliderRule::Majority,
    ColliderRule::MaxP,
    ColliderRule::DefiniteMaxP,
];

const CONFLICTS: [ColliderConflict; 4] = [
    ColliderConflict::Overwrite,
    ColliderConflict::KeepFirst,
    ColliderConflict::Bidirected,
    ColliderConflict::StrongerEvidence,
];

fn options(alpha: f64) -> PcOptions {
    PcOptions::new(Alpha::new(alpha).unwrap()).threads(1)
}

/// A DAG on up to so many variables, with up to four neighbours for each on average.
fn dag(most: usize) -> impl Strategy<Value = MixedGraph> {
    (1..=most, 0.0..4.0f64, any::<u64>()).prop_map(|(n, expected_degree, seed)| {
        random_dag(n, DagModel::ErdosRenyi { expected_degree }, seed).unwrap()
    })
}

/// Samples of a linear model on a random DAG.
fn samples(most: usize) -> impl Strategy<Value = Array2<f64>> {
    (dag(most), 20..200usize, any::<u64>()).prop_map(|(dag, n, seed)| {
        LinearSem::random(&dag, LinearOptions::new(), seed)
            .unwrap()
            .sample(n, seed)
    })
}

fn order(n: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..n).collect::<Vec<_>>()).prop_shuffle()
}

/// p-values that a hash of the question gives: no graph is behind them.
struct Noise {
    n: usize,
    seed: u64,
    /// Whether p-values take only a few values, so that there are ties.
    coarse: bool,
    asked: Mutex<BTreeSet<(usize, usize)>>,
    names: Option<Vec<String>>,
}

impl Noise {
    fn new(n: usize, seed: u64, coarse: bool) -> Self {
        let asked = Mutex::default();
        Self {
            n,
            seed,
            coarse,
            asked,
            names: None,
        }
    }

    /// With names, which settle exact ties.
    fn named(mut self) -> Self {
        self.names = Some((0..self.n).map(|v| format!("v{v}")).collect());
        self
    }
}

impl CiTest for Noise {
    type Error = Infallible;

    fn n_variables(&self) -> usize {
        self.n
    }

    fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Infallible> {
        assert!(x != y && !given.contains(&x) && !given.contains(&y));
        assert!(
            given.windows(2).all(|pair| pair[0] < pair[1]),
            "{given:?} ascends"
        );
        self.asked.lock().unwrap().insert((x.min(y), x.max(y)));
        let mut hasher = DefaultHasher::new();
        (self.seed, x.min(y), x.max(y), given).hash(&mut hasher);
        let unit = (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64;
        Ok(if self.coarse {
            (unit * 4.0).floor() / 4.0
        } else {
            unit
        })
    }
}

/// A test that answers the same questions under other numbers.
struct Renumbered<'a, T> {
    test: &'a T,
    /// For each new number the old one.
    old: &'a [usize],
}

impl<T: CiTest> CiTest for Renumbered<'_, T> {
    type Error = T::Error;

    fn n_variables(&self) -> usize {
        self.test.n_variables()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, T::Error> {
        let mut given: Vec<usize> = given.iter().map(|&v| self.old[v]).collect();
        given.sort_unstable();
        self.test.p_value(self.old[x], self.old[y], &given)
    }
}

/// A test with names.
struct Named<T> {
    test: T,
    names: Vec<String>,
}

impl<T: CiTest> CiTest for Named<T> {
    type Error = T::Error;

    fn n_variables(&self) -> usize {
        self.test.n_variables()
    }

    fn names(&self) -> Option<&[String]> {
        Some(&self.names)
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, T::Error> {
        self.test.p_value(x, y, given)
    }
}

/// The graph with every variable under its old number.
fn renumbered(graph: &MixedGraph, old: &[usize]) -> MixedGraph {
    let edges = graph.edges().map(|edge| Edge {
        a: old[edge.a],
        b: old[edge.b],
        ..edge
    });
    MixedGraph::from_edges(graph.n_variables(), edges).unwrap()
}

fn unnamed(graph: &MixedGraph) -> MixedGraph {
    MixedGraph::from_edges(graph.n_variables(), graph.edges()).unwrap()
}

/// The graphs of named noise in its own order and in another, under the same numbers.
fn in_both_orders(
    n: usize,
    old: &[usize],
    (seed, coarse): (u64, bool),
    options: &PcOptions,
) -> [MixedGraph; 2] {
    let test = Noise::new(n, seed, coarse).named();
    let other = Named {
        test: Renumbered { test: &test, old },
        names: old.iter().map(|v| format!("v{v}")).collect(),
    };
    let first = pc(&test, options).unwrap();
    let second = pc(&other, options).unwrap();
    [unnamed(&first.graph), renumbered(&second.graph, old)]
}

/// Conservative colliders leave triples open, and two of Meek's rules then turn an edge in opposite
/// directions.
#[test]
fn names_settle_which_of_meeks_rules_goes_first() {
    let options = options(0.843492372790461)
        .collider_rule(ColliderRule::Conservative)
        .collider_conflict(ColliderConflict::Overwrite);
    let noise = (4028002429805187692, false);
    let [first, second] = in_both_orders(5, &[3, 4, 0, 1, 2], noise, &options);
    assert_eq!(first, second);
}

/// That every arrow has a reason that holds, and nothing else has one.
fn check_reasons(found: &Discovery) -> Result<(), TestCaseError> {
    let graph = &found.graph;
    let mut arrows = BTreeSet::new();
    for edge in graph.edges() {
        if edge.mark_b == Mark::Arrow {
            arrows.insert((edge.a, edge.b));
        }
        if edge.mark_a == Mark::Arrow {
            arrows.insert((edge.b, edge.a));
        }
    }
    let explained: BTreeSet<(usize, usize)> = found.reasons.keys().copied().collect();
    prop_assert_eq!(arrows, explained);
    for (&(from, to), reason) in &found.reasons {
        let holds = match *reason {
            Reason::Collider(Triple { x, y, z }) => {
                y == to && (x == from || z == from) && !graph.is_adjacent(x, z)
            }
            Reason::MeekR1 { a } => graph.is_adjacent(a, from) && !graph.is_adjacent(a, to),
            Reason::MeekR2 { b } => graph.is_adjacent(from, b) && graph.is_adjacent(b, to),
            Reason::MeekR3 { b, c } => {
                graph.is_adjacent(from, b)
                    && graph.is_adjacent(from, c)
                    && graph.is_adjacent(b, to)
                    && graph.is_adjacent(c, to)
                    && !graph.is_adjacent(b, c)
            }
            Reason::MeekR4 { b, c } => {
                graph.is_adjacent(from, b)
                    && graph.is_adjacent(b, c)
                    && graph.is_adjacent(c, to)
                    && !graph.is_adjacent(b, to)
            }
            _ => true,
        };
        prop_assert!(holds, "{} -> {} by {:?} in {}", from, to, reason, graph);
    }
    Ok(())
}

/// That a pair is adjacent, or it is said why not.
fn check_separations(found: &Discovery) -> Result<(), TestCaseError> {
    let n = found.graph.n_variables();
    for a in 0..n {
        for b in a + 1..n {
            let separation = found.separating_sets.get(a, b);
            prop_assert_eq!(separation.is_none(), found.graph.is_adjacent(a, b));
            prop_assert_eq!(
                found.skeleton.is_undirected(a, b),
                found.graph.is_adjacent(a, b)
            );
        }
    }
    prop_assert_eq!(
        found.separating_sets.len() + found.graph.n_edges(),
        n * n.saturating_sub(1) / 2
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_oracle_gives_the_cpdag_under_every_rule(
        dag in dag(12),
        conflict in prop::sample::select(&CONFLICTS),
        original in any::<bool>(),
        as_found in any::<bool>(),
        all in any::<bool>(),
        retest_all in any::<bool>(),
    ) {
        let test = DSeparation::new(&dag).unwrap();
        let truth = cpdag_of_dag(&dag).unwrap();
        let mut options = options(0.05).collider_conflict(conflict);
        if original {
            options = options.skeleton_search(SkeletonSearch::Original);
        } else if all {
            options = options.set_search(SetSearch::All);
        }
        if as_found {
            options = options.validity(Validity::AsFound);
        }
        if retest_all {
            options = options.retested_sets(RetestedSets::All);
        }
        for rule in RULES {
            let found = pc(&test, &options.clone().collider_rule(rule)).unwrap();
            prop_assert_eq!(&found.graph, &truth, "{:?}", rule);
            prop_assert_eq!(found.given_up().count(), 0);
            check_reasons(&found)?;
            check_separations(&found)?;
        }
        for preset in [PcOptions::like_causal_learn, PcOptions::like_pcalg] {
            let found = pc(&test, &preset(Alpha::new(0.05).unwrap())).unwrap();
            prop_assert_eq!(&found.graph, &truth);
            check_reasons(&found)?;
        }
        let control = options.skeleton_search(SkeletonSearch::Stable).set_search(SetSearch::FirstHit);
        let found = pc(&test, &control.fdr_control(FdrControl::BenjaminiYekutieli)).unwrap();
        prop_assert_eq!(&found.graph, &truth);
    }

    #[test]
    fn the_oracle_and_knowledge_give_all_that_follows(
        dag in dag(6),
        known in prop::collection::vec(0..4u8, 15),
        rule in prop::sample::select(&RULES),
        conflict in prop::sample::select(&CONFLICTS),
        as_found in any::<bool>(),
    ) {
        let mut knowledge = Knowledge::new();
        let mut told = cpdag_of_dag(&dag).unwrap();
        for (edge, kind) in dag.edges().zip(known) {
            let (from, to) = edge.direction().unwrap();
            match kind {
                0 => knowledge = knowledge.forbid(to, from),
                1 => knowledge = knowledge.require(from, to),
                _ => continue,
            }
            told.add_directed(from, to);
        }
        let mut options = options(0.05).knowledge(knowledge).collider_rule(rule).collider_conflict(conflict);
        if as_found {
            options = options.validity(Validity::AsFound);
        }
        let found = pc(&DSeparation::new(&dag).unwrap(), &options).unwrap();
        let mut class = told.class_dags().unwrap();
        let mut common = class.next().unwrap();
        for other in class {
            for edge in dag.edges() {
                if common.edge(edge.a, edge.b) != other.edge(edge.a, edge.b) {
                    common.add_undirected(edge.a, edge.b);
                }
            }
        }
        prop_assert_eq!(&found.graph, &common);
        check_reasons(&found)?;
    }

    #[test]
    fn the_default_does_not_depend_on_the_order_of_variables(
        (data, old) in samples(9).prop_flat_map(|data| {
            let n = data.ncols();
            (Just(data), order(n))
        }),
        alpha in prop::sample::select(&[0.01, 0.05, 0.3]),
    ) {
        let moved = data.select(Axis(1), &old);
        let first = pc(&FisherZ::from_samples(data.view()).unwrap(), &options(alpha)).unwrap();
        let second = pc(&FisherZ::from_samples(moved.view()).unwrap(), &options(alpha)).unwrap();
        prop_assert_eq!(unnamed(&first.graph), renumbered(&second.graph, &old));
        prop_assert_eq!(first.given_up().count(), second.given_up().count());
    }

    #[test]
    fn order_does_not_matter_for_noise_either(
        (n, old) in (2..=9usize).prop_flat_map(|n| (Just(n), order(n))),
        seed in any::<u64>(),
        alpha in 0.01..0.9f64,
    ) {
        let test = Noise::new(n, seed, false);
        let other = Renumbered { test: &test, old: &old };
        let first = pc(&test, &options(alpha)).unwrap();
        let second = pc(&other, &options(alpha)).unwrap();
        prop_assert_eq!(first.graph, renumbered(&second.graph, &old));
    }

    /// Also where colliders are placed one after another.
    #[test]
    fn named_variables_may_come_in_any_order(
        (n, old) in (2..=8usize).prop_flat_map(|n| (Just(n), order(n))),
        seed in any::<u64>(),
        coarse in any::<bool>(),
        rule in prop::sample::select(&RULES[1..]),
        conflict in prop::sample::select(&CONFLICTS),
        alpha in 0.01..0.9f64,
    ) {
        let options = options(alpha).collider_rule(rule).collider_conflict(conflict);
        let [first, second] = in_both_orders(n, &old, (seed, coarse), &options);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn the_stable_skeleton_does_not_depend_on_order_under_any_rule(
        (n, old) in (2..=8usize).prop_flat_map(|n| (Just(n), order(n))),
        seed in any::<u64>(),
        coarse in any::<bool>(),
        rule in prop::sample::select(&RULES),
        conflict in prop::sample::select(&CONFLICTS),
        all in any::<bool>(),
        fdr_control in prop::sample::select(&[FdrControl::EachTest, FdrControl::BenjaminiHochberg]),
        alpha in 0.01..0.9f64,
    ) {
        let test = Noise::new(n, seed, coarse);
        let other = Renumbered { test: &test, old: &old };
        let options = options(alpha)
            .collider_rule(rule)
            .collider_conflict(conflict)
            .fdr_control(fdr_control)
            .set_search(if all { SetSearch::All } else { SetSearch::FirstHit });
        let first = pc(&test, &options).unwrap();
        let second = pc(&other, &options).unwrap();
        prop_assert_eq!(&first.skeleton, &renumbered(&second.skeleton, &old));
        check_separations(&first)?;
        check_reasons(&first)?;
    }

    #[test]
    fn the_default_is_acyclic_and_extendable_whatever_the_p_values(
        n in 1..=9usize,
        seed in any::<u64>(),
        coarse in any::<bool>(),
        rule in prop::sample::select(&RULES),
        conflict in prop::sample::select(&CONFLICTS),
        alpha in 0.01..0.9f64,
    ) {
        let test = Noise::new(n, seed, coarse).named();
        for options in [
            options(alpha),
            options(alpha).collider_rule(rule).collider_conflict(conflict),
        ] {
            let found = pc(&test, &options).unwrap();
            prop_assert!(found.graph.is_acyclic(), "{}", found.graph);
            prop_assert!(found.graph.is_extendable(), "{}", found.graph);
            check_reasons(&found)?;
            check_separations(&found)?;
        }
        let found = pc(&test, &options(alpha)).unwrap();
        prop_assert!(found.graph.is_cpdag(), "{}", found.graph);
    }

    #[test]
    fn other_options_survive_noise(
        n in 1..=8usize,
        seed in any::<u64>(),
        rule in prop::sample::select(&RULES),
        conflict in prop::sample::select(&CONFLICTS),
        original in any::<bool>(),
        r4 in any::<bool>(),
        max_depth in prop::option::of(0..3usize),
        alpha in 0.01..0.9f64,
    ) {
        let test = Noise::new(n, seed, false);
        let level = Alpha::new(alpha).unwrap();
        let start = [
            options(alpha).validity(Validity::AsFound),
            PcOptions::like_causal_learn(level),
            PcOptions::like_pcalg(level),
        ];
        for mut options in start {
            options = options.collider_rule(rule).collider_conflict(conflict);
            if original {
                options = options
                    .set_search(SetSearch::FirstHit)
                    .skeleton_search(SkeletonSearch::Original);
            }
            options = options.meek_rules(if r4 { MeekRules::All } else { MeekRules::WithoutR4 });
            if let Some(depth) = max_depth {
                options = options.max_depth(depth);
            }
            if options.check().is_err() {
                prop_assert!(matches!(pc(&test, &options), Err(PcError::Options(_))));
                continue;
            }
            let found = pc(&test, &options).unwrap();
            check_separations(&found)?;
            check_reasons(&found)?;
            prop_assert_eq!(found.n_tests, found.n_tests_by_depth.iter().sum::<u64>());
            if let Some(depth) = max_depth {
                prop_assert!(found.n_tests_by_depth.len() <= depth + 1);
            }
        }
    }

    #[test]
    fn knowledge_is_obeyed(
        (n, rank) in (2..=8usize).prop_flat_map(|n| (Just(n), order(n))),
        seed in any::<u64>(),
        edges in prop::collection::vec((0..8usize, 0..8usize, 0..4u8), 0..12),
        tiered in any::<bool>(),
        unlinked in any::<bool>(),
        rule in prop::sample::select(&RULES),
        conflict in prop::sample::select(&CONFLICTS),
        original in any::<bool>(),
        like_causal_learn in any::<bool>(),
        alpha in 0.01..0.9f64,
    ) {
        // Everything known agrees with one order of the variables.
        let mut knowledge = Knowledge::new();
        if tiered {
            knowledge = knowledge.tiers([rank[..n / 2].to_vec(), rank[n / 2..].to_vec()]);
            if unlinked {
                knowledge = knowledge.forbid_within_tier(1);
            }
        }
        let place = |v: usize| rank.iter().position(|&w| w == v).unwrap();
        let (mut forbidden, mut required) = (BTreeSet::new(), BTreeSet::new());
        for (a, b, kind) in edges.into_iter().filter(|&(a, b, _)| a < n && b < n && a != b) {
            let (from, to) = if place(a) < place(b) { (a, b) } else { (b, a) };
            match kind {
                0 => { forbidden.insert((to, from)); }
                1 => { required.insert((from, to)); }
                2 => forbidden.extend([(from, to), (to, from)]),
                _ => {}
            }
        }
        required.retain(|&(a, b)| !knowledge.forbids(a, b));
        forbidden.retain(|&(a, b)| !required.contains(&(a, b)));
        for &(a, b) in &forbidden {
            knowledge = knowledge.forbid(a, b);
        }
        for &(a, b) in &required {
            knowledge = knowledge.require(a, b);
        }
        let test = Noise::new(n, seed, false).named();
        let level = Alpha::new(alpha).unwrap();
        let mut options = if like_causal_learn {
            PcOptions::like_causal_learn(level).set_search(SetSearch::FirstHit)
        } else {
            options(alpha).collider_rule(rule).collider_conflict(conflict)
        };
        options = options.knowledge(knowledge.clone());
        if original {
            options = options.skeleton_search(SkeletonSearch::Original);
        }
        let found = pc(&test, &options).unwrap();
        check_reasons(&found)?;
        check_separations(&found)?;
        for edge in found.graph.edges() {
            for (from, to) in [(edge.a, edge.b), (edge.b, edge.a)] {
                if knowledge.forbids(from, to) {
                    prop_assert!(found.graph.is_directed(to, from), "{}", found.graph);
                }
            }
        }
        for &(from, to) in &required {
            prop_assert!(found.graph.is_directed(from, to), "{}", found.graph);
        }
        for &(a, b) in test.asked.lock().unwrap().iter() {
            prop_assert!(!knowledge.forbids_pair(a, b) && !knowledge.requires_pair(a, b));
        }
        for ((a, b), separation) in found.separating_sets.iter() {
            prop_assert_eq!(
                separation.by == SeparatedBy::Knowledge,
                knowledge.forbids_pair(a, b)
            );
        }
        if !like_causal_learn {
            prop_assert!(found.graph.is_acyclic() && found.graph.is_extendable());
        }
    }

    #[test]
    fn scans_of_fisher_z_answer_as_single_tests_do(
        data in samples(9),
        copies in prop::collection::vec((0..9usize, 0..9usize, 0.0..1e-3f64), 0..3),
        pick in any::<prop::sample::Index>(),
        size in 0..5usize,
        always in any::<bool>(),
        marks in any::<u16>(),
        alpha in 0.001..0.6f64,
        raise in any::<bool>(),
    ) {
        let mut data = data;
        for &(a, b, noise) in &copies {
            // Columns that others nearly determine.
            let (a, b) = (a % data.ncols(), b % data.ncols());
            let copy = &data.column(b) * 2.0 + &data.column(a) * noise;
            data.push_column(copy.view()).unwrap();
        }
        prop_assume!(data.ncols() >= 2 && data.nrows() > 16);
        let options = FisherZOptions::new().singular(Singular::KeepEdge);
        let test = FisherZ::with_options(data.view(), options).unwrap();
        let n = data.ncols();
        let (x, y) = (pick.index(n - 1), n - 1);
        let mut candidates: Vec<usize> = (0..n).filter(|&v| v != x && v != y).collect();
        let fixed: Vec<usize> = if always { candidates.pop().into_iter().collect() } else { vec![] };
        let done: Vec<bool> = (0..candidates.len()).map(|at| marks >> at & 1 == 1).collect();
        let sets = SetScan { x, y, always: &fixed, candidates: &candidates, size, done: &done };
        let quick = scanned(&test, &sets, Bound::above(alpha), raise);
        let slow = scanned(&OneByOne(&test), &sets, Bound::above(alpha), raise);
        prop_assert_eq!(quick, slow);
    }

    #[test]
    fn undefined_p_values_are_read_as_told(seed in any::<u64>(), n in 2..7usize) {
        let test = Undefined(Noise::new(n, seed, false));
        let refused = pc(&test, &options(0.2));
        let refused = matches!(refused, Err(PcError::UndefinedP { .. }));
        prop_assert!(refused);
        let kept = pc(&test, &options(0.2).undefined_p(UndefinedP::Dependent)).unwrap();
        let dropped = pc(&test, &options(0.2).undefined_p(UndefinedP::Independent)).unwrap();
        prop_assert!(kept.graph.is_adjacent(0, 1));
        prop_assert!(!dropped.graph.is_adjacent(0, 1));
    }
}

/// Pools of 1, 2 and 8 threads.
static POOLS: LazyLock<[ThreadPool; 3]> = LazyLock::new(|| {
    [1, 2, 8].map(|threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads")
    })
});

/// What a search writes or complains of, if that is the same in every pool.
fn same_in_every_pool<T: CiTest>(test: &T, options: &PcOptions) -> Result<Vec<u8>, TestCaseError> {
    let answer = || match pc(test, options) {
        Ok(found) => serde_json::to_vec(&found).unwrap(),
        Err(error) => error.to_string().into_bytes(),
    };
    let [one, two, eight] = [0, 1, 2].map(|pool| POOLS[pool].install(answer));
    prop_assert_eq!(&one, &two);
    prop_assert_eq!(&one, &eight);
    Ok(one)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn threads_change_nothing(
        seed in any::<u64>(),
        // Fewer pairs are searched on one thread, whatever the pool.
        n in 23..27usize,
        rule in prop::sample::select(&RULES),
        all in any::<bool>(),
        fdr_control in prop::sample::select(&[FdrControl::EachTest, FdrControl::BenjaminiHochberg]),
        preset in 0..3u8,
        alpha in prop::sample::select(&[0.01, 0.1]),
    ) {
        let dag = random_dag(n, DagModel::ErdosRenyi { expected_degree: 2.0 }, seed).unwrap();
        let data = LinearSem::random(&dag, LinearOptions::new(), seed).unwrap().sample(60, seed);
        let level = Alpha::new(alpha).unwrap();
        let options = match preset {
            0 => PcOptions::like_causal_learn(level),
            1 => PcOptions::like_pcalg(level),
            _ => PcOptions::new(level)
                .collider_rule(rule)
                .fdr_control(fdr_control)
                .set_search(if all { SetSearch::All } else { SetSearch::FirstHit }),
        };
        let test = FisherZ::from_samples(data.view()).unwrap();
        let bytes = same_in_every_pool(&test, &options)?;
        let of_its_own = pc(&test, &options.clone().threads(2)).unwrap();
        prop_assert_eq!(bytes, serde_json::to_vec(&of_its_own).unwrap());
        let levels = data.mapv(|value| value.round().clamp(-1.0, 1.0) as i8);
        same_in_every_pool(&GSquare::from_samples(levels.view()).unwrap(), &options.clone().max_depth(2))?;
        let complaint = same_in_every_pool(&Fragile { test: &test, seed }, &options)?;
        prop_assert!(complaint.starts_with(b"testing"));
    }
}

/// Graphs whose colliders, too, are worth several threads.
#[test]
fn threads_change_nothing_in_large_graphs() {
    for seed in 0..3 {
        let model = DagModel::ErdosRenyi {
            expected_degree: 5.0,
        };
        let dag = random_dag(150, model, seed).unwrap();
        let sem = LinearSem::random(&dag, LinearOptions::new(), seed).unwrap();
        let test = FisherZ::from_samples(sem.sample(400, seed).view()).unwrap();
        for rule in [ColliderRule::SeparatingSet, ColliderRule::Majority] {
            let options = PcOptions::new(Alpha::new(0.05).unwrap()).collider_rule(rule);
            let found = pc(&test, &options).unwrap();
            let large = found.graph.n_edges().min(found.triples.len());
            assert!(large >= 256, "{large}");
            same_in_every_pool(&test, &options).unwrap();
        }
    }
}

/// The property above, on graphs that need each rule: otherwise it would say little.
#[test]
fn every_rule_finds_work_where_something_is_known() {
    let mut needed = [0; 4];
    for seed in 0..1000 {
        let model = DagModel::ErdosRenyi {
            expected_degree: 3.5,
        };
        let dag = random_dag(6, model, seed).unwrap();
        let known = dag.edges().nth(seed as usize % 5);
        let mut knowledge = Knowledge::new();
        if let Some((from, to)) = known.and_then(|edge| edge.direction()) {
            knowledge = knowledge.require(from, to);
        }
        let truth = DSeparation::new(&dag).unwrap();
        let options = options(0.05).knowledge(knowledge);
        let found = pc(&truth, &options).unwrap();
        for reason in found.reasons.values() {
            match reason {
                Reason::MeekR1 { .. } => needed[0] += 1,
                Reason::MeekR2 { .. } => needed[1] += 1,
                Reason::MeekR3 { .. } => needed[2] += 1,
                Reason::MeekR4 { .. } => needed[3] += 1,
                _ => {}
            }
        }
    }
    assert!(needed.iter().all(|&n| n >= 10), "{needed:?}");
}

type Heard = (Vec<Vec<usize>>, u64);

fn scanned<T: CiTest>(test: &T, sets: &SetScan<'_>, bound: Bound, raise: bool) -> Heard
where
    T::Error: std::fmt::Debug,
{
    let mut heard = Vec::new();
    let tested = test.scan(sets, bound, &mut |given, verdict| {
        assert_eq!(verdict, SetOutcome::Independent);
        heard.push(given.to_vec());
        if raise { Next::Raise } else { Next::Continue }
    });
    (heard, tested.unwrap())
}

/// A test without scans of its own.
struct OneByOne<'a>(&'a FisherZ);

impl CiTest for OneByOne<'_> {
    type Error = <FisherZ as CiTest>::Error;

    fn n_variables(&self) -> usize {
        self.0.n_variables()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Self::Error> {
        self.0.p_value(x, y, given)
    }

    fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Self::Error> {
        self.0.log_p_value(x, y, given)
    }
}

/// NaN for the pair of 0 and 1, dependence for all others.
struct Undefined(Noise);

impl CiTest for Undefined {
    type Error = Infallible;

    fn n_variables(&self) -> usize {
        self.0.n
    }

    fn p_value(&self, x: usize, y: usize, _: &[usize]) -> Result<f64, Infallible> {
        Ok(if x.max(y) == 1 { f64::NAN } else { 0.0 })
    }
}

/// Fails for some pairs.
struct Fragile<'a> {
    test: &'a FisherZ,
    seed: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("no answer for {0} and {1}")]
struct NoAnswer(usize, usize);

impl CiTest for Fragile<'_> {
    type Error = NoAnswer;

    fn n_variables(&self) -> usize {
        self.test.n_variables()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, NoAnswer> {
        let last = self.n_variables() - 1;
        if (x + y + self.seed as usize % 7).is_multiple_of(11) || x.max(y) == last {
            return Err(NoAnswer(x.min(y), x.max(y)));
        }
        Ok(self.test.p_value(x, y, given).unwrap())
    }
}
