//! Whether a graph predicts more than graphs like it do by chance.

use ndarray::Array2;
use petgraph::graph::DiGraph;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::change_rates::ChangeRates;
use crate::expectations::Expectations;
use crate::numbers::mean;
use crate::rewiring::Wiring;
use crate::steering::{Expected, SteeringError, Unexpected};

/// What a graph is held against: how graphs that predict nothing are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Null {
    /// The same graph with its nodes mixed up: keeps its shape, and breaks its tie to the nodes.
    Relabelling,
    /// Another graph in which every node has as many edges in, out and both ways as before: keeps
    /// which nodes have many causes and many effects, and breaks which ones they are.
    ///
    /// Two edges of a kind exchange an end, again and again (20 trials for each edge). One-way
    /// edges make no cycle, unless those of the graph do, and no two nodes are joined twice. The
    /// chain walks from the graph to a place all draws start from, and from there once for each
    /// draw: so the graph is one of equals under the null hypothesis however slowly the chain mixes
    /// (J. Besag and P. Clifford, "Generalized Monte Carlo significance tests", Biometrika 76,
    /// 1989).
    Rewiring,
}

impl Null {
    /// The expectations of `n_draws` graphs drawn like `graph`; the same seed gives the same.
    ///
    /// # Complexity
    /// `O(n_draws |V|²)` to relabel, `O(n_draws |E|³)` at worst to rewire.
    #[must_use]
    pub fn draw<N, E>(
        self,
        graph: &DiGraph<N, E>,
        expected: Expected,
        unexpected: Unexpected,
        n_draws: usize,
        seed: u64,
    ) -> Vec<Expectations> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        match self {
            Self::Relabelling => {
                let whole = Expectations::of(graph, expected, unexpected);
                let mut order: Vec<usize> = (0..graph.node_count()).collect();
                let draw = |_| {
                    order.shuffle(&mut rng);
                    whole.relabelled(&order)
                };
                (0..n_draws).map(draw).collect()
            }
            Self::Rewiring => {
                let mut start = Wiring::of(graph);
                start.walk(&mut rng);
                let draw = |_| {
                    let mut wiring = start.clone();
                    wiring.walk(&mut rng);
                    Expectations::of(&wiring.graph(), expected, unexpected)
                };
                (0..n_draws).map(draw).collect()
            }
        }
    }
}

/// What [`gap_test`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct GapTest {
    /// The gap of the graph as it is, see [`SteeringEffects::gap`](crate::SteeringEffects::gap);
    /// over several tables of effects the mean of those that have one.
    pub gap: f64,
    /// The gap of each graph drawn, in the order drawn. Draws that leave no gap (nodes that never
    /// changed stand where the graph has its edges) are left out.
    pub draws: Vec<f64>,
    /// Number of draws left out.
    pub n_without_gap: usize,
}

impl GapTest {
    /// Number of graphs drawn with a gap at least as large.
    ///
    /// A gap that falls short by rounding only (1e-12) counts as as large.
    #[must_use]
    pub fn n_as_large(&self) -> usize {
        let as_large = |gap: &&f64| **gap >= self.gap - 1e-12;
        self.draws.iter().filter(as_large).count()
    }

    /// The one-sided p-value, `(1 + n_as_large) / (1 + draws)`, in (0, 1].
    ///
    /// The graph itself counts as one of the draws, so that under the null hypothesis the p-value
    /// is at most `p` with probability at most `p`, for any number of draws (B. Phipson and G. K.
    /// Smyth, SAGMB 9, 2010).
    #[must_use]
    pub fn p_value(&self) -> f64 {
        (1 + self.n_as_large()) as f64 / (1 + self.draws.len()) as f64
    }

    /// Standard error of the p-value that comes from the number of draws alone,
    /// `√(p (1 - p) / (1 + draws))`: how much another seed would alter it.
    #[must_use]
    pub fn monte_carlo_error(&self) -> f64 {
        let p = self.p_value();
        (p * (1.0 - p) / (1 + self.draws.len()) as f64).sqrt()
    }
}

/// Holds the gap of a graph against those of graphs drawn from a null.
///
/// Rates of changing together are alike for many pairs of nodes, and a node that changes often
/// seems predicted by any graph. So a gap between expected and unexpected effects says little by
/// itself; where many graphs that know nothing have a gap as large, the graph predicts nothing
/// beyond what they keep of it.
///
/// # Arguments
/// * `graph`: its expectations.
/// * `null`: those of the graphs drawn, see [`Null::draw`].
/// * `effects`: matrices `[affected, given]` such as [`ChangeRates::rate_matrix`] or
///   [`ChangeRates::lift_matrix`]. Over several, one for each baseline say, the gap is the mean of
///   their gaps; a draw is the same graph for all of them.
///
/// # Errors
/// [`SteeringError::NodeCounts`] where graph and effects differ in their number of nodes,
/// [`SteeringError::NoGap`] where the graph has no gap in any of the matrices.
///
/// # Complexity
/// `O(n_draws |V|²)` for each matrix.
///
/// # Assumptions
/// Under the null hypothesis the graph is as likely as any of those drawn.
pub fn gap_test(
    graph: &Expectations,
    null: &[Expectations],
    effects: &[Array2<f64>],
) -> Result<GapTest, SteeringError> {
    let nodes = graph.n_nodes();
    if let Some(other) = effects.iter().find(|matrix| matrix.dim() != (nodes, nodes)) {
        let (graph, rates) = (nodes, other.nrows());
        return Err(SteeringError::NodeCounts { graph, rates });
    }
    let gap_of = |expectations: &Expectations| {
        let gaps = effects
            .iter()
            .map(|matrix| expectations.means(matrix.view()).gap());
        mean(gaps.flatten())
    };
    let Some(gap) = gap_of(graph) else {
        let counts = effects.iter().map(|matrix| graph.n_with(matrix.view()));
        let (with_expected, with_unexpected) = counts.max().unwrap_or_default();
        return Err(SteeringError::NoGap {
            nodes,
            with_expected,
            with_unexpected,
        });
    };
    let draws: Vec<f64> = null.iter().filter_map(gap_of).collect();
    Ok(GapTest {
        gap,
        n_without_gap: null.len() - draws.len(),
        draws,
    })
}

/// [`gap_test`] of one table of change rates against relabelled graphs.
///
/// # Arguments
/// As for [`steering_effects`](crate::steering_effects), with the number of draws and the seed. The
/// same seed gives the same draws.
///
/// # Errors
/// As [`gap_test`].
///
/// # Example
/// ```
/// use digraph_metrics::{ChangeRates, Expected, Unexpected, relabelling_test};
/// use ndarray::array;
/// use petgraph::graph::DiGraph;
///
/// //  0 → 1    2 → 3: the pairs change together, and only they
/// let graph = DiGraph::<(), ()>::from_edges([(0, 1), (2, 3)]);
/// let changes = array![[true, true, false, false], [false, false, true, true]];
/// let rates = ChangeRates::from_changes(changes.view());
/// let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
/// let test = relabelling_test(&graph, &rates, expected, unexpected, 2000, 1)?;
/// // one in three ways to pair four nodes up is the right one
/// assert!((0.30..0.37).contains(&test.p_value()));
/// assert!(test.monte_carlo_error() < 0.011);
/// # Ok::<(), digraph_metrics::SteeringError>(())
/// ```
pub fn relabelling_test<N, E>(
    graph: &DiGraph<N, E>,
    rates: &ChangeRates,
    expected: Expected,
    unexpected: Unexpected,
    n_draws: usize,
    seed: u64,
) -> Result<GapTest, SteeringError> {
    let whole = Expectations::of(graph, expected, unexpected);
    let null = Null::Relabelling.draw(graph, expected, unexpected, n_draws, seed);
    gap_test(&whole, &null, &[rates.rate_matrix()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand::RngExt;

    fn rates() -> ChangeRates {
        let changes = array![
            [true, true, false, false],
            [false, true, true, false],
            [true, true, false, true],
            [true, false, true, true],
        ];
        ChangeRates::from_changes(changes.view())
    }

    fn test(graph: &DiGraph<(), ()>, n_draws: usize, seed: u64) -> GapTest {
        let (expected, unexpected) = (Expected::default(), Unexpected::default());
        relabelling_test(graph, &rates(), expected, unexpected, n_draws, seed).unwrap()
    }

    #[test]
    fn the_mean_over_all_relabellings_of_one_edge_is_the_mean_rate() {
        let mut graph = DiGraph::from_edges([(0, 1)]);
        graph.add_node(());
        graph.add_node(());
        let found = test(&graph, 20_000, 3);
        // Each of the 12 ordered pairs is as likely as the edge, each of the 4 nodes as its tail:
        // the mean expected effect is the mean of all rates; that of the unexpected ones too.
        let mean = found.draws.iter().sum::<f64>() / found.draws.len() as f64;
        assert!(mean.abs() < 0.01, "{mean}");
        assert_eq!((found.draws.len(), found.n_without_gap), (20_000, 0));
    }

    #[test]
    fn the_seed_fixes_the_draws() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 0), (2, 3), (3, 2)]);
        let found = test(&graph, 50, 1);
        assert_eq!(found, test(&graph, 50, 1));
        assert_ne!(found.draws, test(&graph, 50, 2).draws);
        // A third of the relabellings give the graph itself, however the sums round.
        assert!(found.n_as_large() >= 10 && found.p_value() <= 1.0);
    }

    #[test]
    fn over_several_tables_the_gap_is_the_mean() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (2, 3)]);
        let (expected, unexpected) = (Expected::default(), Unexpected::default());
        let whole = Expectations::of(&graph, expected, unexpected);
        let nothing = Array2::from_elem((4, 4), f64::NAN);
        let effects = [rates().rate_matrix(), rates().lift_matrix(), nothing];
        for null in [Null::Relabelling, Null::Rewiring] {
            let draws = null.draw(&graph, expected, unexpected, 20, 4);
            let both = gap_test(&whole, &draws, &effects).unwrap();
            let [rate, lift] = [0, 1].map(|i| gap_test(&whole, &draws, &effects[i..=i]).unwrap());
            assert_eq!(both.gap, (rate.gap + lift.gap) / 2.0);
            for i in 0..20 {
                assert_eq!(both.draws[i], (rate.draws[i] + lift.draws[i]) / 2.0);
            }
        }
    }

    /// A graph drawn from all of its degrees, held against its own chain from where it stands.
    #[test]
    fn p_values_of_rewiring_are_uniform_for_graphs_that_know_degrees_alone() {
        let edges = [
            (0, 1),
            (0, 2),
            (1, 3),
            (2, 3),
            (3, 4),
            (5, 4),
            (1, 5),
            (6, 2),
            (6, 5),
        ];
        let graph = DiGraph::<(), ()>::from_edges(edges);
        let (n_studies, n_draws) = (300, 19);
        let mut counts = [0.0; 20];
        for seed in 0..n_studies {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let effects = Array2::from_shape_simple_fn((7, 7), || rng.random_range(0.0..1.0));
            let mut observed = Wiring::of(&graph);
            observed.walk(&mut rng);
            let observed = observed.graph();
            let (expected, unexpected) = (Expected::default(), Unexpected::default());
            let draws = Null::Rewiring.draw(&observed, expected, unexpected, n_draws, seed);
            let whole = Expectations::of(&observed, expected, unexpected);
            let found = gap_test(&whole, &draws, &[effects]).unwrap();
            counts[found.n_as_large()] += 1.0 / n_studies as f64;
        }
        let mut share = 0.0;
        for (as_large, count) in counts.iter().enumerate() {
            share += count;
            let level = (1.0 + as_large as f64) / 20.0;
            // One in a hundred goes beyond 1.63 / sqrt(300) by chance.
            assert!((share - level).abs() < 0.094, "{share} at {level}");
        }
    }

    #[test]
    fn without_a_gap_there_is_nothing_to_test() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 0)]);
        let rates = ChangeRates::from_changes(array![[true, true]].view());
        let (expected, unexpected) = (Expected::default(), Unexpected::default());
        let error = relabelling_test(&graph, &rates, expected, unexpected, 10, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no gap to test: of all nodes (2) 2 with an expected effect, 0 with an unexpected one"
        );
        let other = ChangeRates::from_changes(array![[true]].view());
        let error = relabelling_test(&graph, &other, expected, unexpected, 10, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected change rates of all nodes of the graph (2), found those of 1"
        );
    }
}
