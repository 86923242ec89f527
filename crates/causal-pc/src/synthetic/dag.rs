use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Geometric};

use super::SyntheticError;
use crate::graph::{Edge, MixedGraph};

/// How [`random_dag`] draws.
///
/// Whatever the model, the order of the variables in the graph is random, so an index says nothing
/// about causes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum DagModel {
    /// Every pair is joined with the same probability, so that a variable has `expected_degree`
    /// neighbours on average (Erdős and Rényi 1959). A degree above p - 1 gives the complete DAG.
    ErdosRenyi {
        /// Mean number of neighbours.
        expected_degree: f64,
    },
    /// Variables come one by one, and each is given `parents_per_variable` causes among the earlier
    /// ones (all of them while they are fewer), a cause being chosen in proportion to one plus its
    /// degree so far (Barabási and Albert 1999). Few hubs have many effects.
    ScaleFree {
        /// Causes of each variable.
        parents_per_variable: usize,
    },
    /// Variables stand in layers of equal size, up to one; edges run from a layer to the next, each
    /// with the same probability, so that a variable has `expected_degree` neighbours on average.
    /// A degree that the layers do not allow gives all edges between them.
    Layered {
        /// Number of layers.
        n_layers: usize,
        /// Mean number of neighbours.
        expected_degree: f64,
    },
}

/// A random DAG. The same arguments give the same graph on every platform (ChaCha8).
///
/// O(p + edges), times log degree.
///
/// ```
/// use causal_pc::synthetic::{DagModel, random_dag};
///
/// let dag = random_dag(100, DagModel::ErdosRenyi { expected_degree: 3.0 }, 7)?;
/// assert!(dag.is_dag());
/// assert_eq!(dag, random_dag(100, DagModel::ErdosRenyi { expected_degree: 3.0 }, 7)?);
/// # Ok::<(), causal_pc::synthetic::SyntheticError>(())
/// ```
///
/// # Errors
///
/// [`SyntheticError::Parameter`] for a negative, infinite or undefined degree, or no layers.
pub fn random_dag(
    n_variables: usize,
    model: DagModel,
    seed: u64,
) -> Result<MixedGraph, SyntheticError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..n_variables).collect();
    order.shuffle(&mut rng);
    let pairs = match model {
        DagModel::ErdosRenyi { expected_degree } => {
            erdos_renyi(n_variables, checked_degree(expected_degree)?, &mut rng)
        }
        DagModel::ScaleFree {
            parents_per_variable,
        } => scale_free(n_variables, parents_per_variable, &mut rng),
        DagModel::Layered {
            n_layers,
            expected_degree,
        } => {
            let layers = layer_bounds(n_variables, n_layers)?;
            layered(
                n_variables,
                &layers,
                checked_degree(expected_degree)?,
                &mut rng,
            )
        }
    };
    let mut dag = MixedGraph::new(n_variables);
    for (early, late) in pairs {
        dag.add_edge(Edge::directed(order[early], order[late]));
    }
    Ok(dag)
}

fn checked_degree(expected_degree: f64) -> Result<f64, SyntheticError> {
    if expected_degree.is_finite() && expected_degree >= 0.0 {
        return Ok(expected_degree);
    }
    let expected = "a finite number of at least 0";
    Err(SyntheticError::parameter(
        "expected_degree",
        expected,
        expected_degree,
    ))
}

/// Pairs of positions in the order, the earlier first.
fn erdos_renyi(n: usize, degree: f64, rng: &mut impl Rng) -> Vec<(usize, usize)> {
    let n_pairs = n * n.saturating_sub(1) / 2;
    let mut late = 1;
    let mut before = 0; // pairs whose later position is below `late`
    let chosen = choose_each(n_pairs, degree * n as f64 / 2.0, rng);
    let to_pair = |index: usize| {
        while index >= before + late {
            before += late;
            late += 1;
        }
        (index - before, late)
    };
    chosen.into_iter().map(to_pair).collect()
}

fn scale_free(n: usize, parents: usize, rng: &mut impl Rng) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut tickets = Vec::new(); // each variable once, and once per edge
    for late in 0..n {
        let mut causes: Vec<usize> = Vec::new();
        while causes.len() < parents.min(late) {
            let cause = tickets[rng.random_range(0..tickets.len())];
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        tickets.extend(causes.iter().copied());
        tickets.extend(std::iter::repeat_n(late, causes.len() + 1));
        pairs.extend(causes.into_iter().map(|cause| (cause, late)));
    }
    pairs
}

/// Where each layer starts, and where the last one ends.
fn layer_bounds(n: usize, n_layers: usize) -> Result<Vec<usize>, SyntheticError> {
    if n_layers == 0 {
        return Err(SyntheticError::parameter("n_layers", "at least 1", 0.0));
    }
    let n_layers = n_layers.min(n.max(1));
    Ok((0..=n_layers).map(|layer| layer * n / n_layers).collect())
}

fn layered(n: usize, bounds: &[usize], degree: f64, rng: &mut impl Rng) -> Vec<(usize, usize)> {
    let blocks: Vec<Block> = bounds.windows(3).map(Block::new).collect();
    let n_pairs = blocks.iter().map(Block::n_pairs).sum();
    let mut at = 0;
    let mut before = 0; // pairs in the blocks before `at`
    let to_pair = |index: usize| {
        while index >= before + blocks[at].n_pairs() {
            before += blocks[at].n_pairs();
            at += 1;
        }
        blocks[at].pair(index - before)
    };
    choose_each(n_pairs, degree * n as f64 / 2.0, rng)
        .into_iter()
        .map(to_pair)
        .collect()
}

/// Two layers that follow each other: `start..middle` and `middle..end`.
struct Block {
    start: usize,
    middle: usize,
    end: usize,
}

impl Block {
    fn new(bounds: &[usize]) -> Self {
        Self {
            start: bounds[0],
            middle: bounds[1],
            end: bounds[2],
        }
    }

    fn n_pairs(&self) -> usize {
        (self.middle - self.start) * (self.end - self.middle)
    }

    fn pair(&self, index: usize) -> (usize, usize) {
        let width = self.end - self.middle;
        (self.start + index / width, self.middle + index % width)
    }
}

/// Chooses each of `total` things with the same probability, so that `expected` are chosen on
/// average: their indices, ascending. O(chosen), by jumping from one to the next.
fn choose_each(total: usize, expected: f64, rng: &mut impl Rng) -> Vec<usize> {
    let probability = expected / total as f64;
    if total == 0 || probability <= 0.0 {
        return Vec::new();
    }
    if probability >= 1.0 {
        return (0..total).collect();
    }
    let Ok(gaps) = Geometric::new(probability) else {
        return Vec::new();
    };
    let mut chosen = Vec::new();
    let mut next = gaps.sample(rng);
    while next < total as u64 {
        chosen.push(next as usize);
        next = next.saturating_add(gaps.sample(rng)).saturating_add(1);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 400;

    fn mean_degree(model: DagModel) -> f64 {
        let edges = (0..20).map(|seed| random_dag(N, model, seed).unwrap().n_edges());
        2.0 * edges.sum::<usize>() as f64 / (20 * N) as f64
    }

    #[test]
    fn expected_degrees_are_met() {
        let flat = DagModel::ErdosRenyi {
            expected_degree: 3.0,
        };
        let layers = DagModel::Layered {
            n_layers: 5,
            expected_degree: 3.0,
        };
        let hubs = DagModel::ScaleFree {
            parents_per_variable: 2,
        };
        // 20 graphs hold about 12,000 edges: three standard deviations are about 0.08.
        assert!((mean_degree(flat) - 3.0).abs() < 0.08);
        assert!((mean_degree(layers) - 3.0).abs() < 0.08);
        assert_eq!(mean_degree(hubs), 2.0 * (2 * N - 3) as f64 / N as f64);
    }

    #[test]
    fn dense_models_give_every_edge_they_can() {
        for n in 0..8 {
            let dag = random_dag(
                n,
                DagModel::ErdosRenyi {
                    expected_degree: 99.0,
                },
                1,
            )
            .unwrap();
            assert_eq!(dag.n_edges(), n * n.saturating_sub(1) / 2);
            assert!(dag.is_dag());
        }
        let model = DagModel::Layered {
            n_layers: 3,
            expected_degree: 99.0,
        };
        assert_eq!(random_dag(10, model, 1).unwrap().n_edges(), 3 * 3 + 3 * 4);
        let model = DagModel::Layered {
            n_layers: 30,
            expected_degree: 99.0,
        };
        assert_eq!(random_dag(10, model, 1).unwrap().n_edges(), 9);
    }

    #[test]
    fn scale_free_graphs_have_hubs() {
        let dag = random_dag(
            N,
            DagModel::ScaleFree {
                parents_per_variable: 2,
            },
            3,
        )
        .unwrap();
        let most = (0..N).map(|v| dag.degree(v)).max().unwrap();
        assert!(dag.is_dag() && most > 20, "largest degree {most}");
    }

    #[test]
    fn bad_parameters_are_named() {
        for degree in [-1.0, f64::NAN, f64::INFINITY] {
            let error = random_dag(
                3,
                DagModel::ErdosRenyi {
                    expected_degree: degree,
                },
                0,
            );
            assert!(error.unwrap_err().to_string().contains("expected_degree"));
        }
        let model = DagModel::Layered {
            n_layers: 0,
            expected_degree: 1.0,
        };
        assert!(
            random_dag(3, model, 0)
                .unwrap_err()
                .to_string()
                .contains("n_layers")
        );
    }
}
