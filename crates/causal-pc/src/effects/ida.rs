use ndarray::ArrayRef2;
use num_bigint::BigUint;

use super::adjust::{Adjustment, EffectError};
use super::regression::Regression;
use crate::graph::MixedGraph;

/// One total effect that a cause may have.
#[derive(Clone, Debug, PartialEq)]
pub struct PossibleEffect {
    /// By how much the effect changes when the cause is set one unit higher.
    pub value: f64,
    /// What was adjusted for.
    pub adjustment: Adjustment,
    /// How often it stands in the multiset: for [`Ida::global`] the number of DAGs of the class, for
    /// [`Ida::local`] the number of sets of parents of the cause, that give this effect.
    pub multiplicity: BigUint,
}

/// The total effects that each variable may have on each other, over all DAGs that extend a graph
/// (IDA, Maathuis, Kalisch and Bühlmann 2009).
///
/// In a linear model the total effect of `x` on `y` is the coefficient of `x` in the regression of
/// `y` on `x` and the parents of `x`, and 0 if `y` is one of these. DAGs of a class differ in the
/// parents, so there is an effect for each set of parents.
///
/// ```
/// use causal_pc::effects::Ida;
/// use causal_pc::graph::{Edge, MixedGraph, cpdag_of_dag};
/// use causal_pc::synthetic::LinearSem;
///
/// // 0 -> 1 -> 2, each effect one half; its class is 0 -- 1 -- 2, of three DAGs.
/// let dag = MixedGraph::from_edges(3, [Edge::directed(0, 1), Edge::directed(1, 2)])?;
/// let sem = LinearSem::new(&dag, |_, _| 0.5, |_| 1.0)?;
/// let effects = Ida::global(&cpdag_of_dag(&dag)?, &sem.covariance())?;
///
/// // 1 -> 2 in the two DAGs without 2 -> 1; in the third there is no effect.
/// assert_eq!(effects.bounds(1, 2), (0.0, 0.5));
/// assert!((effects.mean(1, 2) - 2.0 / 3.0 * 0.5).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ida {
    n_variables: usize,
    /// For `cause * n_variables + effect`, empty on the diagonal.
    effects: Vec<Vec<PossibleEffect>>,
}

impl Ida {
    /// With a multiset that counts each set of parents once: no more than a look at the neighbours
    /// of each variable, so also for graphs of thousands of variables.
    ///
    /// `covariance` is `[n_variables, n_variables]`; of correlations the effects are in standard
    /// deviations. O(p sets (edges degree^2 + degree^3 + p degree^2)), sets being the number of sets
    /// of parents of a variable.
    ///
    /// # Errors
    ///
    /// [`EffectError`] if no DAG extends the graph (it has a cycle, say, or a bidirected edge), if
    /// the covariance has another shape, or if it is singular for a variable and its parents.
    pub fn local(graph: &MixedGraph, covariance: &ArrayRef2<f64>) -> Result<Self, EffectError> {
        Self::new(graph, covariance, |_| Ok(BigUint::from(1_u8)))
    }

    /// With a multiset that counts each DAG of the class once, without listing them: as
    /// [`Ida::local`], and for each set of parents one [`MixedGraph::class_size`].
    ///
    /// # Errors
    ///
    /// As [`Ida::local`].
    pub fn global(graph: &MixedGraph, covariance: &ArrayRef2<f64>) -> Result<Self, EffectError> {
        Self::new(graph, covariance, |part| Ok(part.class_size()?))
    }

    fn new(
        graph: &MixedGraph,
        covariance: &ArrayRef2<f64>,
        count: impl Fn(&MixedGraph) -> Result<BigUint, EffectError>,
    ) -> Result<Self, EffectError> {
        graph.check_covariance(covariance)?;
        let n_variables = graph.n_variables();
        let mut effects = vec![Vec::new(); n_variables * n_variables];
        for x in 0..n_variables {
            let of_cause = &mut effects[x * n_variables..][..n_variables];
            for part in graph.parts_by_parents(x)? {
                let multiplicity = count(&part)?;
                let parents: Vec<usize> = part.parents(x).collect();
                let regression = regression_on(covariance, &parents, x)?;
                for y in (0..n_variables).filter(|&y| y != x) {
                    let no_effect = parents.contains(&y);
                    let found = match no_effect {
                        true => (0.0, Adjustment::NoEffect),
                        false => (
                            regression.last_coefficient(y),
                            Adjustment::Parents(parents.clone()),
                        ),
                    };
                    add(&mut of_cause[y], found, &multiplicity);
                }
            }
        }
        Ok(Self {
            n_variables,
            effects,
        })
    }

    /// Number of variables.
    pub fn n_variables(&self) -> usize {
        self.n_variables
    }

    /// The effects that `cause` may have on `effect`, in the order of
    /// [`MixedGraph::adjustments`]; none for a variable on itself or one that does not exist.
    pub fn effects(&self, cause: usize, effect: usize) -> &[PossibleEffect] {
        let exist = cause < self.n_variables && effect < self.n_variables;
        match exist {
            true => &self.effects[cause * self.n_variables + effect],
            false => &[],
        }
    }

    /// The least and the largest possible effect; NaN for a variable on itself.
    pub fn bounds(&self, cause: usize, effect: usize) -> (f64, f64) {
        let values = self.effects(cause, effect).iter().map(|e| e.value);
        values.fold((f64::NAN, f64::NAN), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    }

    /// The least absolute value among the possible effects: a lower bound of the effect's size; NaN
    /// for a variable on itself.
    pub fn least_size(&self, cause: usize, effect: usize) -> f64 {
        let values = self.effects(cause, effect).iter().map(|e| e.value.abs());
        values.fold(f64::NAN, f64::min)
    }

    /// The mean over the multiset: for [`Ida::global`] over the DAGs of the class; NaN for a
    /// variable on itself.
    pub fn mean(&self, cause: usize, effect: usize) -> f64 {
        let effects = self.effects(cause, effect);
        let total: BigUint = effects.iter().map(|e| &e.multiplicity).sum();
        if effects.is_empty() {
            return f64::NAN;
        }
        let weighted = effects
            .iter()
            .map(|e| e.value * share(&e.multiplicity, &total));
        weighted.sum()
    }
}

/// The regression on `parents` and then `x`.
pub(super) fn regression_on<'a>(
    covariance: &'a ArrayRef2<f64>,
    parents: &[usize],
    x: usize,
) -> Result<Regression<'a>, EffectError> {
    let variables: Vec<usize> = parents.iter().copied().chain([x]).collect();
    Regression::new(covariance, variables.clone()).ok_or(EffectError::Singular { variables })
}

fn add(
    effects: &mut Vec<PossibleEffect>,
    (value, adjustment): (f64, Adjustment),
    multiplicity: &BigUint,
) {
    match effects.iter_mut().find(|e| e.adjustment == adjustment) {
        Some(known) => known.multiplicity += multiplicity,
        None => effects.push(PossibleEffect {
            value,
            adjustment,
            multiplicity: multiplicity.clone(),
        }),
    }
}

/// `part / total` of numbers that may be too large for floating point.
fn share(part: &BigUint, total: &BigUint) -> f64 {
    let parts = (part << 53_u32) / total;
    let digits = parts.iter_u64_digits().next().unwrap_or_default();
    digits as f64 / (1_u64 << 53) as f64
}
