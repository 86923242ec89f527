use ndarray::{Array1, ArrayView1, ArrayView2};
use thiserror::Error;

use super::moments::Moments;
use super::regression::Regression;
use crate::data::{DataError, Variable, listed};
use crate::graph::{MixedGraph, NotADag};
use crate::synthetic::LinearSem;

/// What is done to a variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// It is set to this number, whatever its causes say.
    Set(f64),
    /// This much is added to what its causes make of it.
    Shift(f64),
}

/// Why a linear model could not be fitted or asked.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The graph is not a DAG.
    #[error(transparent)]
    NotADag(#[from] NotADag),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Data, moments or a case have not one number for each variable.
    #[error("{what}: expected as many variables as in the graph ({expected}), found {found}")]
    Variables {
        /// What was given.
        what: &'static str,
        /// Variables in the graph.
        expected: usize,
        /// Variables found.
        found: usize,
    },
    /// There are not enough rows for the parents of a variable.
    #[error(
        "{rows} rows; variable {variable} has {n_parents} parents, which takes at least {needed}"
    )]
    TooFewRows {
        /// Rows in the data.
        rows: usize,
        /// The variable.
        variable: Variable,
        /// Its parents.
        n_parents: usize,
        /// The least number of rows that determine its equation and its noise.
        needed: usize,
    },
    /// The equation of a variable has no unique solution.
    #[error(
        "the equation of variable {variable}: the covariance of its parents {} is singular or not \
         a number",
        listed(parents)
    )]
    Singular {
        /// The variable.
        variable: Variable,
        /// Its parents.
        parents: Vec<Variable>,
    },
    /// An action is on a variable that does not exist.
    #[error("an action on variable {found}; there are {n_variables}")]
    UnknownVariable {
        /// The variable asked for.
        found: usize,
        /// Variables in the model.
        n_variables: usize,
    },
    /// Two actions are on one variable.
    #[error("two actions on variable {variable}")]
    RepeatedAction {
        /// The variable.
        variable: Variable,
    },
    /// An action or a case has a number that is not finite.
    #[error("{what} of variable {variable}: expected a finite number, found {found}")]
    NotFinite {
        /// "the action" or "the case".
        what: &'static str,
        /// The variable.
        variable: Variable,
        /// The number.
        found: f64,
    },
}

/// A linear structural equation model over a DAG: each variable is an intercept, plus the weighted
/// sum of its parents, plus independent noise of mean 0.
///
/// It answers the two questions of an intervention. *What would be, on average?*
/// [`expected_under`](Self::expected_under). *What would this case have been?*
/// [`counterfactual`](Self::counterfactual): the noise of the case is found from what was observed
/// (abduction), the equations of some variables are changed (action), and the others are worked out
/// with the same noise (prediction; Pearl 2009, theorem 7.1.7).
///
/// ```
/// use causal_pc::effects::{Action, LinearModel};
/// use causal_pc::graph::{Edge, MixedGraph};
/// use causal_pc::synthetic::LinearSem;
/// use ndarray::array;
///
/// // 0 -> 1 -> 2, each effect one half
/// let edges = [Edge::directed(0, 1), Edge::directed(1, 2)];
/// let dag = MixedGraph::from_edges(3, edges)?;
/// let known = LinearSem::new(&dag, |_, _| 0.5, |_| 1.0)?;
/// let model = LinearModel::fit(&dag, known.sample(10_000, 1).view())?;
/// assert!((model.total_effects(0)[2] - 0.25).abs() < 0.05);
///
/// // A case, had 1 been 3: 0 is a cause and stays, 2 moves along and keeps its noise.
/// let model = LinearModel::from(&known);
/// let case = array![1.0, 1.0, 2.0];
/// let had = model.counterfactual(case.view(), &[(1, Action::Set(3.0))])?;
/// assert_eq!(had, array![1.0, 3.0, 3.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A graph with a cycle, an undirected or a bidirected edge is refused; of a CPDAG, fit a DAG of its
/// class ([`MixedGraph::consistent_extension`], or each of [`MixedGraph::class_dags`]).
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel {
    dag: MixedGraph,
    /// Topological.
    order: Vec<usize>,
    intercepts: Vec<f64>,
    /// For each variable its parents with their weights.
    causes: Vec<Vec<(usize, f64)>>,
    noise_sd: Vec<f64>,
}

impl LinearModel {
    /// Fits each variable on its parents by least squares. `samples` is `[n_samples, n_variables]`.
    ///
    /// O(n p^2 + p parents^3).
    ///
    /// # Errors
    ///
    /// [`ModelError`] if the graph is no DAG, if the data has another number of variables, values
    /// that are missing or infinite, too few rows, or parents that determine each other.
    pub fn fit<'a, A: Copy + Into<f64> + Sync + 'a>(
        dag: &MixedGraph,
        samples: impl Into<ArrayView2<'a, A>>,
    ) -> Result<Self, ModelError> {
        dag.check_dag()?;
        let samples = samples.into();
        check_length("the data", dag, samples.ncols())?;
        Self::fit_moments(dag, &Moments::from_samples(samples)?)
    }

    /// As [`fit`](Self::fit), from means and covariance. O(p parents^3).
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_moments(dag: &MixedGraph, moments: &Moments) -> Result<Self, ModelError> {
        let order = dag.check_dag()?;
        check_length("the means", dag, moments.means.len())?;
        check_length("the covariance, rows", dag, moments.covariance.nrows())?;
        check_length("the covariance, columns", dag, moments.covariance.ncols())?;
        let p = order.len();
        let (mut intercepts, mut noise_sd) = (moments.means.to_vec(), vec![0.0; p]);
        let mut causes = vec![Vec::new(); p];
        for v in 0..p {
            let parents: Vec<usize> = dag.parents(v).collect();
            check_rows(dag, v, parents.len(), moments.n_samples)?;
            let regression = Regression::new(&moments.covariance, parents.clone());
            let regression = regression.ok_or_else(|| singular(dag, v, &parents))?;
            let (weights, left) = regression.of(v);
            noise_sd[v] = left.max(0.0).sqrt();
            causes[v] = parents.into_iter().zip(weights).collect();
            let explained = causes[v]
                .iter()
                .map(|&(w, weight)| weight * moments.means[w]);
            intercepts[v] -= explained.sum::<f64>();
        }
        Ok(Self {
            dag: dag.clone(),
            order,
            intercepts,
            causes,
            noise_sd,
        })
    }

    /// The graph of the model.
    pub fn dag(&self) -> &MixedGraph {
        &self.dag
    }

    /// Number of variables.
    pub fn n_variables(&self) -> usize {
        self.order.len()
    }

    /// What each variable is on average if its parents are 0.
    pub fn intercepts(&self) -> &[f64] {
        &self.intercepts
    }

    /// The parents of `v` with their weights; none if it does not exist.
    pub fn causes(&self, v: usize) -> &[(usize, f64)] {
        self.causes.get(v).map_or(&[], Vec::as_slice)
    }

    /// The standard deviation of each variable's noise; of a fit, that of the residuals, with n - 1
    /// as divisor.
    pub fn noise_sd(&self) -> &[f64] {
        &self.noise_sd
    }

    /// By how much each variable changes when `cause` is set one unit higher, 1 for itself, 0 for
    /// whatever it is no cause of. O(p + edges).
    pub fn total_effects(&self, cause: usize) -> Vec<f64> {
        let mut actions = vec![None; self.n_variables()];
        if let Some(action) = actions.get_mut(cause) {
            *action = Some(Action::Shift(1.0));
        }
        self.changes(&vec![0.0; self.n_variables()], &actions)
    }

    /// The mean of each variable, `[n_variables]`, if these things are done: do(...). Without
    /// actions, the means as they are. O(p + edges).
    ///
    /// # Errors
    ///
    /// [`ModelError`] for an action on a variable that does not exist or on the same one twice, or
    /// with a number that is not finite.
    pub fn expected_under(&self, actions: &[(usize, Action)]) -> Result<Array1<f64>, ModelError> {
        let mut means = Array1::zeros(self.n_variables());
        for &v in &self.order {
            means[v] = self.intercepts[v] + self.explained(v, means.view());
        }
        self.counterfactual(means.view(), actions)
    }

    /// The noise of an observed case, `[n_variables]`: what its causes leave unexplained (abduction).
    ///
    /// # Errors
    ///
    /// [`ModelError`] if the case has not one finite number for each variable.
    pub fn noise(&self, case: ArrayView1<'_, f64>) -> Result<Array1<f64>, ModelError> {
        self.check_case(case)?;
        let noise = |v: usize| case[v] - self.intercepts[v] - self.explained(v, case);
        Ok((0..self.n_variables()).map(noise).collect())
    }

    /// What an observed case, `[n_variables]`, would have been if these things had been done.
    ///
    /// In a linear model the same noise before and after means that only the changes run along the
    /// edges, so this is what is computed: what is no descendant of an action keeps its number to
    /// the last bit. O(p + edges).
    ///
    /// # Errors
    ///
    /// [`ModelError`] as for [`noise`](Self::noise) and
    /// [`expected_under`](Self::expected_under).
    pub fn counterfactual(
        &self,
        case: ArrayView1<'_, f64>,
        actions: &[(usize, Action)],
    ) -> Result<Array1<f64>, ModelError> {
        self.check_case(case)?;
        let actions = self.checked(actions)?;
        let mut values = case.to_vec();
        let changes = self.changes(&values, &actions);
        for (v, value) in values.iter_mut().enumerate() {
            match actions[v] {
                Some(Action::Set(set)) => *value = set,
                _ => *value += changes[v],
            }
        }
        Ok(values.into())
    }

    fn explained(&self, v: usize, values: ArrayView1<'_, f64>) -> f64 {
        let parts = self.causes[v].iter().map(|&(w, weight)| weight * values[w]);
        parts.sum()
    }

    fn changes(&self, values: &[f64], actions: &[Option<Action>]) -> Vec<f64> {
        let mut changes = vec![0.0; values.len()];
        for &v in &self.order {
            let parts = self.causes[v]
                .iter()
                .map(|&(w, weight)| weight * changes[w]);
            let inherited = parts.fold(0.0, |sum, part| sum + part);
            changes[v] = match actions[v] {
                Some(Action::Set(set)) => set - values[v],
                Some(Action::Shift(by)) => inherited + by,
                None => inherited,
            };
        }
        changes
    }

    fn checked(&self, actions: &[(usize, Action)]) -> Result<Vec<Option<Action>>, ModelError> {
        let n_variables = self.n_variables();
        let mut checked = vec![None; n_variables];
        for &(found, action) in actions {
            let slot = checked
                .get_mut(found)
                .ok_or(ModelError::UnknownVariable { found, n_variables })?;
            let (Action::Set(number) | Action::Shift(number)) = action;
            self.check_finite("the action", found, number)?;
            if slot.replace(action).is_some() {
                let variable = named(&self.dag, found);
                return Err(ModelError::RepeatedAction { variable });
            }
        }
        Ok(checked)
    }

    fn check_case(&self, case: ArrayView1<'_, f64>) -> Result<(), ModelError> {
        check_length("the case", &self.dag, case.len())?;
        let mut numbers = case.iter().enumerate();
        numbers.try_for_each(|(v, &number)| self.check_finite("the case", v, number))
    }

    fn check_finite(&self, what: &'static str, v: usize, found: f64) -> Result<(), ModelError> {
        if found.is_finite() {
            return Ok(());
        }
        let variable = named(&self.dag, v);
        Err(ModelError::NotFinite {
            what,
            variable,
            found,
        })
    }
}

/// The model with the known weights; its intercepts are 0.
impl From<&LinearSem> for LinearModel {
    fn from(sem: &LinearSem) -> Self {
        let dag = sem.dag();
        let causes = |v: usize| dag.parents(v).map(|w| (w, sem.weight(w, v))).collect();
        let p = sem.n_variables();
        Self {
            dag: dag.clone(),
            order: dag.topological_order().unwrap_or_default(),
            intercepts: vec![0.0; p],
            causes: (0..p).map(causes).collect(),
            noise_sd: sem.noise_sd().to_vec(),
        }
    }
}

fn check_length(what: &'static str, dag: &MixedGraph, found: usize) -> Result<(), ModelError> {
    let expected = dag.n_variables();
    if found == expected {
        return Ok(());
    }
    Err(ModelError::Variables {
        what,
        expected,
        found,
    })
}

fn check_rows(dag: &MixedGraph, v: usize, n_parents: usize, rows: usize) -> Result<(), ModelError> {
    // An intercept, a weight for each parent, and one row left for the noise.
    let needed = n_parents + 2;
    if rows >= needed {
        return Ok(());
    }
    let variable = named(dag, v);
    Err(ModelError::TooFewRows {
        rows,
        variable,
        n_parents,
        needed,
    })
}

fn singular(dag: &MixedGraph, v: usize, parents: &[usize]) -> ModelError {
    ModelError::Singular {
        variable: named(dag, v),
        parents: parents.iter().map(|&w| named(dag, w)).collect(),
    }
}

fn named(dag: &MixedGraph, v: usize) -> Variable {
    Variable::new(v, Some(dag.names()))
}
