//! The search from a test to a graph.

use crate::ci::CiTest;
use crate::discovery::{Discovery, PcError};
use crate::graph::MixedGraph;
use crate::options::PcOptions;
use crate::orient;
use crate::skeleton::{self, Adjacency};

/// Searches the graph behind a test of conditional independence.
///
/// # Errors
///
/// [`PcError`] if a test fails or a p-value is undefined.
pub fn pc<T: CiTest + ?Sized>(test: &T, options: &PcOptions) -> Result<Discovery, PcError> {
    match options.threads {
        Some(1) | None => run(test, options),
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.map_err(|error| PcError::Threads {
                threads,
                reason: error.to_string(),
            })?;
            pool.install(|| run(test, options))
        }
    }
}

fn run<T: CiTest + ?Sized>(test: &T, options: &PcOptions) -> Result<Discovery, PcError> {
    let search = skeleton::Search::new(test, options);
    let found = skeleton::search(&search)?;
    let mut graph =
        orient::causal_learn::orient(&search, &found.adjacency, &found.separating_sets)?;
    let mut skeleton = undirected(&found.adjacency);
    if let Some(names) = test.names() {
        // A test's names are as many as its variables; should they not be, numbers must do.
        let _ = graph.set_names(names.to_vec());
        let _ = skeleton.set_names(names.to_vec());
    }
    Ok(Discovery {
        graph,
        skeleton,
        separating_sets: found.separating_sets,
        n_tests: found.n_tests_by_depth.iter().sum(),
        n_tests_by_depth: found.n_tests_by_depth,
    })
}

fn undirected(adjacency: &Adjacency) -> MixedGraph {
    let mut graph = MixedGraph::new(adjacency.n_variables());
    for (a, b) in adjacency.pairs() {
        graph.add_undirected(a, b);
    }
    graph
}
