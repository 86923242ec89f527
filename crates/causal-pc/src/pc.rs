//! The search from a test to a graph.

use std::ops::ControlFlow;

use crate::ci::CiTest;
use crate::discovery::Discovery;
use crate::error::PcError;
use crate::graph::MixedGraph;
use crate::options::{ColliderConflict, ColliderRule, Manner, PcOptions};
use crate::orient::{self, Orientation};
use crate::progress::{Listener, PcProgress, PcStage, Watch};
use crate::skeleton::{self, Search, Skeleton};

/// Searches the causal graph behind a test of conditional independence.
///
/// Finds which variables are adjacent, by testing pairs given ever larger sets of neighbours; then
/// which unshielded triples are colliders; then what follows for other edges. Without hidden common
/// causes and selection, with a test that is right whenever asked and a distribution faithful to
/// its DAG, the result is the CPDAG of that DAG, whatever the options. With samples, tests err:
/// false edges come with larger alpha, lost edges with smaller, and wrong arrows with either; how
/// contradictions among tests are resolved is up to the options.
///
/// With p variables of largest degree d in the course of the search, the number of tests is at
/// worst of the order p² dᵈ, for sparse graphs a few times p². Results are the same with any number
/// of threads.
///
/// ```
/// use causal_pc::{Alpha, Edge, MixedGraph, PcOptions, ci::DSeparation, pc};
///
/// // 0 -> 2 <- 1, 2 -> 3, asked from the graph itself
/// let edges = [Edge::directed(0, 2), Edge::directed(1, 2), Edge::directed(2, 3)];
/// let dag = MixedGraph::from_edges(4, edges)?;
/// let found = pc(&DSeparation::new(&dag)?, &PcOptions::new(Alpha::new(0.05)?))?;
/// assert_eq!(found.graph, dag);
/// assert_eq!(found.separating_sets.get(0, 3).unwrap().sets, [[2]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// P. Spirtes, C. Glymour and R. Scheines, *Causation, Prediction, and Search*, 2nd ed., MIT Press
/// 2000, section 5.4.2; D. Colombo and M. H. Maathuis, "Order-independent constraint-based causal
/// structure learning", JMLR 15 (2014).
///
/// # Errors
///
/// [`PcError`] if a test fails, a p-value is undefined, or the background knowledge contradicts
/// itself.
pub fn pc<T: CiTest + ?Sized>(test: &T, options: &PcOptions) -> Result<Discovery, PcError> {
    pc_watched(test, options, None)
}

/// As [`pc`], and tells `listener` how far it is.
///
/// The listener is called about a hundred times in each stage, from whichever thread is at work.
/// When it breaks, the search ends with [`PcError::Cancelled`].
///
/// ```
/// use causal_pc::{Alpha, MixedGraph, PcError, PcOptions, ci::DSeparation, pc_with_progress};
/// use std::ops::ControlFlow;
///
/// let test = DSeparation::new(&MixedGraph::new(10))?;
/// let options = PcOptions::new(Alpha::new(0.05)?);
/// let stopped = pc_with_progress(&test, &options, &|progress| {
///     println!("{:?}: {} of {}", progress.stage, progress.done, progress.total);
///     ControlFlow::Break(())
/// });
/// assert!(matches!(stopped, Err(PcError::Cancelled)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`pc`], and [`PcError::Cancelled`].
pub fn pc_with_progress<T: CiTest + ?Sized>(
    test: &T,
    options: &PcOptions,
    listener: &(dyn Fn(&PcProgress) -> ControlFlow<()> + Sync),
) -> Result<Discovery, PcError> {
    pc_watched(test, options, Some(listener))
}

fn pc_watched<T: CiTest + ?Sized>(
    test: &T,
    options: &PcOptions,
    listener: Option<Listener<'_>>,
) -> Result<Discovery, PcError> {
    check(test, options)?;
    match options.threads {
        Some(1) | None => run(test, options, listener),
        Some(threads) if threads == rayon::current_num_threads() => run(test, options, listener),
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.map_err(|error| PcError::Threads {
                threads,
                reason: error.to_string(),
            })?;
            pool.install(|| run(test, options, listener))
        }
    }
}

/// The edges of the skeleton alone, on this thread; an error if time is up before.
pub(crate) fn skeleton_edges<T: CiTest + ?Sized>(
    test: &T,
    options: &PcOptions,
    listener: Listener<'_>,
) -> Result<usize, PcError> {
    check(test, options)?;
    let search = Search::new(
        test,
        options,
        Watch::new(Some(listener), options.time_limit),
    );
    let found = skeleton::search(&search)?;
    match found.unfinished {
        None => Ok(found.adjacency.pairs().len()),
        Some(_) => Err(PcError::Cancelled),
    }
}

/// Refuses names, options and knowledge that do not fit the test or each other.
fn check<T: CiTest + ?Sized>(test: &T, options: &PcOptions) -> Result<(), PcError> {
    let (expected, names) = (test.n_variables(), test.names());
    if let Some(found) = names
        .map(<[String]>::len)
        .filter(|&found| found != expected)
    {
        return Err(PcError::NameCount { expected, found });
    }
    options.check()?;
    Ok(options.knowledge.check(expected, names)?)
}

fn run<T: CiTest + ?Sized>(
    test: &T,
    options: &PcOptions,
    listener: Option<Listener<'_>>,
) -> Result<Discovery, PcError> {
    let search = Search::new(test, options, Watch::new(listener, options.time_limit));
    let found = skeleton::search(&search)?;
    let (orientation, unfinished) = oriented(&search, &found)?;
    let Orientation {
        graph,
        reasons,
        triples,
        n_tests,
    } = orientation;
    Ok(Discovery {
        graph: named(graph, test.names()),
        skeleton: named(orient::undirected(&found.adjacency), test.names()),
        separating_sets: found.separating_sets,
        reasons,
        triples,
        n_tests: found.n_tests_by_depth.iter().sum(),
        n_tests_by_depth: found.n_tests_by_depth,
        n_tests_for_colliders: n_tests,
        unfinished,
    })
}

/// The skeleton oriented as the options say; when time is up before, without further tests, and by knowledge alone if it
/// is not finished. And where time was up.
fn oriented<T: CiTest + ?Sized>(
    search: &Search<'_, T>,
    found: &Skeleton,
) -> Result<(Orientation, Option<PcStage>), PcError> {
    let orient = match search.options.manner {
        Manner::Own => orient::orient,
        Manner::CausalLearn => orient::causal_learn::orient,
        Manner::Pcalg => orient::pcalg::orient,
    };
    if let Some(depth) = found.unfinished {
        let orientation = orient::by_knowledge(search, &found.adjacency)?;
        return Ok((orientation, Some(PcStage::Skeleton { depth })));
    }
    let stage = match orient(search, &found.adjacency, &found.separating_sets) {
        Err(PcError::Cancelled) if search.watch.is_late() => PcStage::Colliders,
        finished => return Ok((finished?, None)),
    };
    let options = search.options;
    let conflict = match (options.manner, options.conflict) {
        // causal-learn tests sets again to order colliders.
        (Manner::CausalLearn, ColliderConflict::StrongerEvidence) => ColliderConflict::KeepFirst,
        (_, conflict) => conflict,
    };
    let untested = PcOptions {
        collider_rule: ColliderRule::SeparatingSet,
        conflict,
        time_limit: None,
        ..options.clone()
    };
    let search = Search::new(search.test, &untested, Watch::new(None, None));
    let orientation = orient(&search, &found.adjacency, &found.separating_sets)?;
    Ok((orientation, Some(stage)))
}

fn named(mut graph: MixedGraph, names: Option<&[String]>) -> MixedGraph {
    if let Some(names) = names {
        graph
            .set_names(names.to_vec())
            .expect("the names were counted before");
    }
    graph
}
