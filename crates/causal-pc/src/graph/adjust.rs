use ndarray::{Array2, ArrayRef2};
use thiserror::Error;

use super::{MixedGraph, NotExtendable};

/// How the total effect of `x` on `y` is found if `x` has certain parents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Adjustment {
    /// Adjusting for these variables, the parents of `x`, ascending (the back-door criterion; Pearl
    /// 2009, theorem 3.2.5).
    Parents(Vec<usize>),
    /// There is none: `y` is a parent of `x`.
    NoEffect,
}

/// Why effects could not be computed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum EffectError {
    /// No DAG extends the graph.
    #[error(transparent)]
    NotExtendable(#[from] NotExtendable),
    /// A variable does not exist, or is both cause and effect.
    #[error("the effect of variable {x} on {y} is undefined for {n_variables} variables")]
    Variables {
        /// The cause asked about.
        x: usize,
        /// The effect asked about.
        y: usize,
        /// Variables in the graph.
        n_variables: usize,
    },
    /// The covariance has not a row and a column for each variable.
    #[error("the covariance is {rows} by {columns}; the graph has {n_variables} variables")]
    Shape {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// Variables in the graph.
        n_variables: usize,
    },
    /// The regression has no unique solution.
    #[error("the covariance of variables {variables:?} is singular or not a number")]
    Singular {
        /// The cause and its parents.
        variables: Vec<usize>,
    },
}

impl MixedGraph {
    /// The sets of parents that `x` has among the DAGs that extend the graph, each once.
    ///
    /// The undirected edges at `x` are directed one after the other, with what follows by Meek's
    /// rules, so every set is reached and none that no DAG has (for a CPDAG these are the sets of
    /// the local IDA, Maathuis, Kalisch and Bühlmann 2009; with background knowledge those of the
    /// semi-local IDA, Perković, Kalisch and Maathuis 2017). O(sets x edges x degree^2). First comes
    /// the set with the fewest of the undirected neighbours of smallest index.
    ///
    /// ```
    /// use causal_pc::graph::{Edge, MixedGraph};
    ///
    /// // 0 -- 1 -- 2: both neighbours of 1 as parents would make a collider.
    /// let chain = MixedGraph::from_edges(3, [Edge::undirected(0, 1), Edge::undirected(1, 2)])?;
    /// assert_eq!(chain.possible_parents(1)?, [vec![], vec![2], vec![0]]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotExtendable`] if no DAG extends the graph.
    pub fn possible_parents(&self, x: usize) -> Result<Vec<Vec<usize>>, NotExtendable> {
        let mut pending = vec![self.maximally_directed()?];
        let mut sets = Vec::new();
        while let Some(mut graph) = pending.pop() {
            while let Some(near) = first_undirected(&graph, x) {
                let mut other = graph.clone();
                other.direct_and_close(near, x);
                pending.push(other);
                graph.direct_and_close(x, near);
            }
            sets.push(graph.parents(x).collect());
        }
        Ok(sets)
    }

    /// How the total effect of `x` on `y` is found by adjusting for parents, for each set of parents
    /// that `x` may have; the same answer once. With a single answer the effect is identified.
    ///
    /// ```
    /// use causal_pc::graph::{Adjustment, Edge, MixedGraph};
    ///
    /// // 0 -> 2 <- 1, 2 -> 3: all is directed, so the one answer holds in every DAG.
    /// let edges = [(0, 2), (1, 2), (2, 3)].map(|(a, b)| Edge::directed(a, b));
    /// let graph = MixedGraph::from_edges(4, edges)?;
    /// assert_eq!(graph.adjustments(2, 3)?, [Adjustment::Parents(vec![0, 1])]);
    /// assert_eq!(graph.adjustments(3, 2)?, [Adjustment::NoEffect]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EffectError`] if no DAG extends the graph, or for a variable that does not exist or an
    /// effect on itself.
    pub fn adjustments(&self, x: usize, y: usize) -> Result<Vec<Adjustment>, EffectError> {
        let n_variables = self.n_variables();
        if x == y || x >= n_variables || y >= n_variables {
            return Err(EffectError::Variables { x, y, n_variables });
        }
        let mut answers: Vec<Adjustment> = Vec::new();
        for parents in self.possible_parents(x)? {
            let answer = match parents.contains(&y) {
                true => Adjustment::NoEffect,
                false => Adjustment::Parents(parents),
            };
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    /// The total effects of `x` on `y` that a linear model with this covariance may have, one for
    /// each of [`MixedGraph::adjustments`] and in their order: by how much `y` changes when `x` is
    /// set one unit higher (IDA, Maathuis, Kalisch and Bühlmann 2009).
    ///
    /// `covariance` is `[n_variables, n_variables]`; of correlations the effects are in standard
    /// deviations. The least absolute value is a lower bound of the effect's size.
    ///
    /// # Errors
    ///
    /// [`EffectError`] as for the adjustments, if the covariance has another shape, or if it is
    /// singular for a variable and its parents.
    pub fn possible_effects(
        &self,
        covariance: &ArrayRef2<f64>,
        x: usize,
        y: usize,
    ) -> Result<Vec<f64>, EffectError> {
        let (rows, columns, n_variables) =
            (covariance.nrows(), covariance.ncols(), self.n_variables());
        if rows != n_variables || columns != n_variables {
            return Err(EffectError::Shape {
                rows,
                columns,
                n_variables,
            });
        }
        let effect = |adjustment: Adjustment| match adjustment {
            Adjustment::NoEffect => Ok(0.0),
            Adjustment::Parents(parents) => regression(covariance, x, y, parents),
        };
        self.adjustments(x, y)?.into_iter().map(effect).collect()
    }
}

fn first_undirected(graph: &MixedGraph, x: usize) -> Option<usize> {
    graph.undirected_neighbors(x).next()
}

/// The coefficient of `x` in the regression of `y` on `parents` and `x`.
fn regression(
    covariance: &ArrayRef2<f64>,
    x: usize,
    y: usize,
    mut parents: Vec<usize>,
) -> Result<f64, EffectError> {
    parents.push(x);
    let variables = parents;
    let n = variables.len();
    // Cholesky's factor of the covariance of parents, x and y. With x and y last, the coefficient
    // is the ratio of the last two entries below and on the diagonal in x's column.
    let mut factor = Array2::<f64>::zeros((n + 1, n));
    for i in 0..=n {
        let v = variables.get(i).copied().unwrap_or(y);
        for j in 0..=i.min(n - 1) {
            let done: f64 = (0..j).map(|k| factor[[i, k]] * factor[[j, k]]).sum();
            let rest = covariance[[v, variables[j]]] - done;
            if i > j {
                factor[[i, j]] = rest / factor[[j, j]];
            } else if rest > 1e-13 * covariance[[v, v]] {
                factor[[i, i]] = rest.sqrt();
            } else {
                return Err(EffectError::Singular { variables });
            }
        }
    }
    Ok(factor[[n, n - 1]] / factor[[n - 1, n - 1]])
}
