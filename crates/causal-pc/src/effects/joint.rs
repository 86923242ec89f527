use ndarray::ArrayRef2;
use num_bigint::BigUint;

use super::adjust::EffectError;
use super::ida::regression_on;
use crate::graph::MixedGraph;

/// One joint effect that several causes may have.
#[derive(Clone, Debug, PartialEq)]
pub struct JointEffect {
    /// For each cause, by how much the effect changes when this cause is set one unit higher and the
    /// others are held.
    pub values: Vec<f64>,
    /// The parents of each cause in this part of the class.
    pub parents: Vec<Vec<usize>>,
    /// The number of DAGs that extend the graph and give the causes these parents.
    pub n_dags: BigUint,
}

/// The effects that `causes`, all set at the same time, may have on `effect`, over all DAGs that
/// extend the graph: joint IDA (Nandy, Maathuis and Richardson 2017), over the sets of parents that
/// the causes can have together.
///
/// The total effect of a cause runs over the directed paths from it. Sorted by the last cause on the
/// path, these give the total effect as a sum of total effects on the other causes times joint
/// effects (the recursive regressions of that paper), which is solved from the last cause to the
/// first. `covariance` is `[n_variables, n_variables]`. O(sets (edges degree^2 + causes degree^3)),
/// and one [`MixedGraph::class_size`] for each set.
///
/// ```
/// use causal_pc::effects::joint_effects;
/// use causal_pc::graph::{Edge, MixedGraph};
/// use causal_pc::synthetic::LinearSem;
///
/// // 0 -> 1 -> 2 and 0 -> 2: with 1 held, 0 acts by its own edge only.
/// let edges = [(0, 1), (1, 2), (0, 2)].map(|(a, b)| Edge::directed(a, b));
/// let dag = MixedGraph::from_edges(3, edges)?;
/// let sem = LinearSem::new(&dag, |from, to| [0.5, 0.25][to - from - 1], |_| 1.0)?;
/// let effects = joint_effects(&dag, &sem.covariance(), &[0, 1], 2)?;
/// assert!((effects[0].values[0] - 0.25).abs() < 1e-12);
/// assert!((effects[0].values[1] - 0.5).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`EffectError`] as for [`Ida`](super::Ida), without causes, for a variable that does not exist,
/// a cause that occurs twice, or an effect among the causes.
pub fn joint_effects(
    graph: &MixedGraph,
    covariance: &ArrayRef2<f64>,
    causes: &[usize],
    effect: usize,
) -> Result<Vec<JointEffect>, EffectError> {
    graph.check_covariance(covariance)?;
    check(graph, causes, effect)?;
    let mut parts = vec![graph.clone()];
    for &x in causes {
        let finer: Result<Vec<_>, _> = parts.iter().map(|p| p.parts_by_parents(x)).collect();
        parts = finer?.into_iter().flatten().collect();
    }
    let joint = |part: MixedGraph| {
        Ok(JointEffect {
            values: in_part(&part, covariance, causes, effect)?,
            parents: causes.iter().map(|&x| part.parents(x).collect()).collect(),
            n_dags: part.class_size()?,
        })
    };
    parts.into_iter().map(joint).collect()
}

fn check(graph: &MixedGraph, causes: &[usize], effect: usize) -> Result<(), EffectError> {
    let n_variables = graph.n_variables();
    if causes.is_empty() {
        return Err(EffectError::NoCauses);
    }
    for (at, &x) in causes.iter().enumerate() {
        if x == effect || x >= n_variables || effect >= n_variables {
            return Err(EffectError::Variables {
                x,
                y: effect,
                n_variables,
            });
        }
        if causes[..at].contains(&x) {
            return Err(EffectError::RepeatedCause { x });
        }
    }
    Ok(())
}

/// The joint effect in the DAGs of one part, which agree on the parents of all causes.
fn in_part(
    part: &MixedGraph,
    covariance: &ArrayRef2<f64>,
    causes: &[usize],
    effect: usize,
) -> Result<Vec<f64>, EffectError> {
    // These DAGs also agree on which cause is an ancestor of which: whether the total effect, the
    // same function of the covariance in all of them, vanishes. So any of them gives the order.
    let dag = part.consistent_extension()?;
    let order = dag.check_dag().unwrap_or_default();
    let mut by_order: Vec<usize> = (0..causes.len()).collect();
    by_order.sort_by_key(|&at| order.iter().position(|&v| v == causes[at]));
    let mut values = vec![0.0; causes.len()];
    for (rank, &at) in by_order.iter().enumerate().rev() {
        let x = causes[at];
        let parents: Vec<usize> = dag.parents(x).collect();
        let below = dag.descendants(&[x]);
        let regression = regression_on(covariance, &parents, x)?;
        let total = |y: usize| match below.binary_search(&y) {
            Ok(_) => regression.last_coefficient(y),
            Err(_) => 0.0,
        };
        let later = by_order[rank + 1..].iter();
        let through: f64 = later
            .map(|&other| total(causes[other]) * values[other])
            .sum();
        values[at] = total(effect) - through;
    }
    Ok(values)
}
