use ndarray::ArrayRef2;
use thiserror::Error;

use super::regression::Regression;
use crate::graph::{MixedGraph, NotExtendable};
use crate::words::counted;

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
    #[error("the effect of variable {x} on {y} is undefined for {variables}", variables = counted(n_variables, "variable"))]
    Variables {
        /// The cause asked about.
        x: usize,
        /// The effect asked about.
        y: usize,
        /// Variables in the graph.
        n_variables: usize,
    },
    /// No cause is given.
    #[error("a joint effect needs at least one cause")]
    NoCauses,
    /// A cause is given twice.
    #[error("variable {x} is given twice as a cause")]
    RepeatedCause {
        /// The cause.
        x: usize,
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
        let parts = self.parts_by_parents(x)?;
        Ok(parts.iter().map(|part| part.parents(x).collect()).collect())
    }

    /// The graph closed under Meek's rules, once for each set of parents that `x` has among the DAGs
    /// that extend it: with no undirected edge left at `x`. Each of these DAGs extends exactly one.
    pub(crate) fn parts_by_parents(&self, x: usize) -> Result<Vec<Self>, NotExtendable> {
        let mut pending = vec![self.maximally_directed()?];
        let mut parts = Vec::new();
        while let Some(mut graph) = pending.pop() {
            while let Some(near) = first_undirected(&graph, x) {
                let mut other = graph.clone();
                other.direct_and_close(near, x);
                pending.push(other);
                graph.direct_and_close(x, near);
            }
            parts.push(graph);
        }
        Ok(parts)
    }

    /// How the total effect of `x` on `y` is found by adjusting for parents, for each set of parents
    /// that `x` may have; the same answer once. With a single answer the effect is identified.
    ///
    /// ```
    /// use causal_pc::effects::Adjustment;
    /// use causal_pc::graph::{Edge, MixedGraph};
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
    /// deviations. The least absolute value is a lower bound of the effect's size. For all pairs at
    /// once, and how many DAGs stand behind each number, see [`Ida`](crate::effects::Ida).
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
        self.check_covariance(covariance)?;
        let effect = |adjustment: Adjustment| match adjustment {
            Adjustment::NoEffect => Ok(0.0),
            Adjustment::Parents(parents) => {
                let variables: Vec<usize> = parents.into_iter().chain([x]).collect();
                let regression = Regression::new(covariance, variables.clone());
                let regression = regression.ok_or(EffectError::Singular { variables })?;
                Ok(regression.last_coefficient(y))
            }
        };
        self.adjustments(x, y)?.into_iter().map(effect).collect()
    }

    /// Checks that the covariance has a row and a column for each variable.
    pub(crate) fn check_covariance(&self, covariance: &ArrayRef2<f64>) -> Result<(), EffectError> {
        let (rows, columns, n_variables) =
            (covariance.nrows(), covariance.ncols(), self.n_variables());
        if rows == n_variables && columns == n_variables {
            return Ok(());
        }
        Err(EffectError::Shape {
            rows,
            columns,
            n_variables,
        })
    }
}

fn first_undirected(graph: &MixedGraph, x: usize) -> Option<usize> {
    graph.undirected_neighbors(x).next()
}
