//! How much speaks for the edges that a search left.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ci::CiTest;
use crate::discovery::Discovery;
use crate::error::PcError;
use crate::options::PcOptions;
use crate::progress::Watch;
use crate::skeleton::{Adjacency, Search, largest};

/// How much speaks for an edge: see [`edge_strengths`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EdgeStrength {
    /// The end with the smaller number.
    pub a: usize,
    /// The other end.
    pub b: usize,
    /// The largest p-value of the pair's tests: what came nearest to removing the edge.
    pub p_value: f64,
    /// Its natural logarithm, exact where the p-value itself is too small for `f64`; minus infinity
    /// if every p-value is 0.
    #[serde(skip)]
    pub log_p_value: f64,
    /// The set that has it.
    pub given: Vec<usize>,
    /// How strongly the ends hang together given that set, if the test has a measure of it (see
    /// [`CiTest::association`]); a partial correlation for Fisher's z.
    pub association: Option<f64>,
}

/// How much speaks for each edge of a graph that [`pc`](crate::pc()) found: the largest p-value over
/// the sets of either end's neighbours, up to the largest size that the search came to, in the order
/// of the graph's edges.
///
/// The search found each of these sets dependent, but remembered none of their p-values, since most
/// users need none; they are computed again here. Edges that knowledge requires were never tested
/// and are left out. The p-value is one of many: it is no error probability of the edge.
///
/// ```
/// use causal_pc::synthetic::LinearSem;
/// use causal_pc::{Alpha, Edge, FisherZ, MixedGraph, PcOptions, edge_strengths, pc};
///
/// let chain = MixedGraph::from_edges(3, [Edge::directed(0, 1), Edge::directed(1, 2)])?;
/// let samples = LinearSem::new(&chain, |_, _| 0.5, |_| 1.0)?.sample(500, 1);
/// let test = FisherZ::from_samples(&samples)?;
/// let options = PcOptions::new(Alpha::new(0.01)?);
/// let strengths = edge_strengths(&test, &pc(&test, &options)?, &options)?;
/// assert_eq!((strengths[0].a, strengths[0].b), (0, 1));
/// assert!(strengths[0].p_value < 0.01 && strengths[0].association.unwrap() > 0.3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`PcError`] if a test fails.
pub fn edge_strengths<T: CiTest + ?Sized>(
    test: &T,
    found: &Discovery,
    options: &PcOptions,
) -> Result<Vec<EdgeStrength>, PcError> {
    let search = Search::new(test, options, Watch::new(None, None));
    let adjacency = adjacency_of(found);
    let max_depth = found.n_tests_by_depth.len().saturating_sub(1);
    let strength = |&(a, b): &(usize, usize)| {
        let largest = largest(&search, &adjacency, (a, b), max_depth)?;
        let association = test.association(a, b, &largest.given);
        Ok(EdgeStrength {
            a,
            b,
            p_value: largest.log_p.exp(),
            log_p_value: largest.log_p,
            association: association.map_err(|error| search.failed(a, b, error))?,
            given: largest.given,
        })
    };
    let open = |&(a, b): &(usize, usize)| search.is_open(a, b);
    let pairs: Vec<(usize, usize)> = adjacency.pairs().into_iter().filter(open).collect();
    if search.runs_parallel(pairs.len() * max_depth) {
        pairs.par_iter().map(strength).collect()
    } else {
        pairs.iter().map(strength).collect()
    }
}

fn adjacency_of(found: &Discovery) -> Adjacency {
    let mut later = vec![Vec::new(); found.skeleton.n_variables()];
    for edge in found.skeleton.edges() {
        later[edge.a].push(edge.b);
    }
    Adjacency::from_later(later)
}
