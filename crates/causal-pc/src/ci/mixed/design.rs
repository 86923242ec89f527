//! Columns as predictors and responses, and the pair of nested regressions behind one question.

use std::ops::Range;

use ndarray::{Array2, Axis};

use super::logistic::log_likelihood;
use super::{MixedError, VariableKind};
use crate::data::{DataError, Variable};

/// A predictor whose part that others do not explain is this share of it counts as explained.
const TOLERANCE: f64 = 1e-10;

/// The data as predictors: a constant, each continuous variable with mean 0 and variance 1, and an
/// indicator for each level but the first of each discrete one.
#[derive(Debug)]
pub(super) struct Columns {
    /// `[n_predictors, n_samples]`, NaN where missing.
    predictors: Array2<f64>,
    /// The products of all pairs of predictors, if no value is missing.
    products: Option<Array2<f64>>,
    variables: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    /// Its rows among the predictors.
    predictors: Range<usize>,
    /// The level in each sample if the variable is discrete; none where missing.
    levels: Option<Vec<Option<usize>>>,
}

impl Columns {
    /// `values` is `[n_variables, n_samples]`.
    pub(super) fn new(
        values: &Array2<f64>,
        kinds: &[VariableKind],
        names: Option<&[String]>,
        max_levels: usize,
    ) -> Result<Self, MixedError> {
        let n_samples = values.ncols();
        let mut predictors = vec![1.0; n_samples];
        let mut variables = Vec::new();
        for (index, (row, kind)) in values.rows().into_iter().zip(kinds).enumerate() {
            let variable = || Variable::new(index, names);
            if row.iter().all(|value| value.is_nan()) {
                return Err(DataError::AllMissing {
                    variable: variable(),
                }
                .into());
            }
            let start = predictors.len() / n_samples;
            let levels = match kind {
                VariableKind::Continuous => {
                    predictors.extend(standardized(&row.to_vec()));
                    None
                }
                VariableKind::Discrete => {
                    let (levels, n_levels) = levels_of(&row.to_vec());
                    if n_levels > max_levels {
                        return Err(MixedError::TooManyLevels {
                            variable: variable(),
                            found: n_levels,
                            allowed: max_levels,
                        });
                    }
                    for level in 1..n_levels {
                        predictors.extend(levels.iter().map(|found| indicator(*found, level)));
                    }
                    Some(levels)
                }
            };
            variables.push(Column {
                predictors: start..predictors.len() / n_samples,
                levels,
            });
        }
        let shape = (predictors.len() / n_samples, n_samples);
        let predictors = Array2::from_shape_vec(shape, predictors)
            .expect("each predictor has a value for each sample");
        let is_complete = !predictors.iter().any(|value| value.is_nan());
        let products = is_complete.then(|| predictors.dot(&predictors.t()));
        Ok(Self {
            predictors,
            products,
            variables,
        })
    }

    pub(super) fn n_variables(&self) -> usize {
        self.variables.len()
    }

    pub(super) fn is_discrete(&self, variable: usize) -> bool {
        self.variables[variable].levels.is_some()
    }

    /// The samples in which none of the variables is missing, `None` if those are all.
    fn complete_samples(&self, variables: &[usize]) -> Option<Vec<usize>> {
        if self.products.is_some() {
            return None;
        }
        let is_present = |sample: usize| {
            variables.iter().all(|&v| match &self.variables[v].levels {
                Some(levels) => levels[sample].is_some(),
                None => !self.predictors[[self.variables[v].predictors.start, sample]].is_nan(),
            })
        };
        Some(
            (0..self.predictors.ncols())
                .filter(|&sample| is_present(sample))
                .collect(),
        )
    }
}

/// Two nested regressions of a response: on a set, and on the set and one more variable.
pub(super) struct Question<'a> {
    columns: &'a Columns,
    samples: Option<Vec<usize>>,
    /// The predictors of the set, then those of the variable tested, that the ones before do not
    /// determine.
    of_set: Vec<usize>,
    of_tested: Vec<usize>,
    /// The residual sums of squares of a continuous response without predictors but the constant,
    /// on the set, and on both.
    residuals: [f64; 3],
    /// The level of a discrete response in each complete sample, and their number.
    response: Option<(Vec<usize>, usize)>,
}

impl<'a> Question<'a> {
    pub(super) fn new(
        columns: &'a Columns,
        response: usize,
        tested: usize,
        given: &[usize],
    ) -> Self {
        let samples = columns.complete_samples(&[&[response, tested], given].concat());
        let predictors = |&v: &usize| columns.variables[v].predictors.clone();
        let set: Vec<usize> = std::iter::once(0)
            .chain(given.iter().flat_map(predictors))
            .collect();
        let tested: Vec<usize> = predictors(&tested).collect();
        let mut question = Self {
            columns,
            samples,
            of_set: Vec::new(),
            of_tested: Vec::new(),
            residuals: [0.0; 3],
            response: None,
        };
        question.response = question.levels_of_response(response);
        let target = match question.response {
            None => predictors(&response).collect(),
            Some(_) => Vec::new(),
        };
        question.factorise(&set, &tested, &target);
        question
    }

    pub(super) fn n_samples(&self) -> usize {
        self.samples
            .as_ref()
            .map_or(self.columns.predictors.ncols(), Vec::len)
    }

    /// Coefficients of the larger regression.
    pub(super) fn n_coefficients(&self) -> usize {
        (self.of_set.len() + self.of_tested.len()) * self.n_equations()
    }

    /// Coefficients that only the larger regression has.
    pub(super) fn n_tested(&self) -> usize {
        self.of_tested.len() * self.n_equations()
    }

    /// The residual sum of squares of the larger regression as a share of that of the smaller one;
    /// 1 if the set determines the response.
    pub(super) fn linear_ratio(&self) -> f64 {
        let [total, on_set, on_both] = self.residuals;
        if on_set <= TOLERANCE * total {
            1.0
        } else {
            (on_both / on_set).max(0.0)
        }
    }

    /// By how much the larger regression's log likelihood exceeds that of the smaller one.
    pub(super) fn logistic_gain(&self) -> f64 {
        let Some((levels, n_levels)) = &self.response else {
            return 0.0;
        };
        let both = [&self.of_set[..], &self.of_tested].concat();
        let design = self
            .design(&both)
            .reversed_axes()
            .as_standard_layout()
            .into_owned();
        let smaller = design
            .slice_axis(Axis(1), (0..self.of_set.len()).into())
            .to_owned();
        let (on_set, start) = log_likelihood(&smaller, levels, *n_levels, None);
        let (on_both, _) = log_likelihood(&design, levels, *n_levels, Some(start));
        (on_both - on_set).max(0.0)
    }

    fn n_equations(&self) -> usize {
        self.response
            .as_ref()
            .map_or(1, |(_, n_levels)| n_levels.saturating_sub(1))
    }

    /// The response's levels renumbered among those that the complete samples show.
    fn levels_of_response(&self, response: usize) -> Option<(Vec<usize>, usize)> {
        let levels = self.columns.variables[response].levels.as_ref()?;
        let met: Vec<usize> = match &self.samples {
            None => levels.iter().filter_map(|level| *level).collect(),
            Some(samples) => samples
                .iter()
                .filter_map(|&sample| levels[sample])
                .collect(),
        };
        let mut number = vec![None; met.iter().max().map_or(0, |max| max + 1)];
        let mut n_levels = 0;
        let renumber = |level: usize| {
            *number[level].get_or_insert_with(|| {
                n_levels += 1;
                n_levels - 1
            })
        };
        let renumbered = met.into_iter().map(renumber).collect();
        Some((renumbered, n_levels))
    }

    /// Cholesky's factor of the predictors' products, leaving out those that others determine.
    fn factorise(&mut self, set: &[usize], tested: &[usize], target: &[usize]) {
        let all = [set, tested, target].concat();
        let products = self.products(&all);
        let mut kept: Vec<usize> = Vec::new();
        let mut factor = Array2::<f64>::zeros((all.len(), all.len()));
        for at in 0..all.len() {
            for (k, &before) in kept.iter().enumerate() {
                let done: f64 = (0..k).map(|j| factor[[at, j]] * factor[[before, j]]).sum();
                factor[[at, k]] = (products[[at, before]] - done) / factor[[before, k]];
            }
            let explained = |n: usize| (0..n).map(|k| factor[[at, k]].powi(2)).sum::<f64>();
            let total = products[[at, at]];
            let rest = total - explained(kept.len());
            if at >= set.len() + tested.len() {
                let left = |n: usize| total - explained(n);
                self.residuals = [left(kept.len().min(1)), left(self.of_set.len()), rest];
            } else if rest > TOLERANCE * total {
                factor[[at, kept.len()]] = rest.sqrt();
                kept.push(at);
                let part = if at < set.len() {
                    &mut self.of_set
                } else {
                    &mut self.of_tested
                };
                part.push(all[at]);
            }
        }
    }

    fn products(&self, chosen: &[usize]) -> Array2<f64> {
        match &self.columns.products {
            Some(products) => Array2::from_shape_fn((chosen.len(), chosen.len()), |(i, j)| {
                products[[chosen[i], chosen[j]]]
            }),
            None => {
                let design = self.design(chosen);
                design.dot(&design.t())
            }
        }
    }

    /// Some predictors in the complete samples, `[n_chosen, n_samples]`.
    fn design(&self, chosen: &[usize]) -> Array2<f64> {
        let rows = self.columns.predictors.select(Axis(0), chosen);
        match &self.samples {
            None => rows,
            Some(samples) => rows.select(Axis(1), samples),
        }
    }
}

/// Values with mean 0 and variance 1, all 0 if they do not vary; NaN stays.
fn standardized(values: &[f64]) -> Vec<f64> {
    let present = || values.iter().copied().filter(|value| !value.is_nan());
    let n = present().count() as f64;
    // Scaled first, so that neither huge nor tiny values leave the range of numbers.
    let largest = present().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let mean = present().map(|value| value / scale).sum::<f64>() / n;
    let variance = present()
        .map(|value| (value / scale - mean).powi(2))
        .sum::<f64>()
        / n;
    let sd = variance.sqrt();
    let to_standard = |value: &f64| {
        if value.is_nan() {
            f64::NAN
        } else if sd > 1e-14 {
            (value / scale - mean) / sd
        } else {
            0.0
        }
    };
    values.iter().map(to_standard).collect()
}

/// The rank of each value among the distinct ones, and their number.
fn levels_of(values: &[f64]) -> (Vec<Option<usize>>, usize) {
    let mut distinct: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let rank = |value: &f64| distinct.iter().position(|level| level == value);
    if distinct.len() > 1 << 12 {
        return (Vec::new(), distinct.len()); // far too many to be told apart
    }
    (values.iter().map(rank).collect(), distinct.len())
}

fn indicator(found: Option<usize>, level: usize) -> f64 {
    match found {
        None => f64::NAN,
        Some(found) => f64::from(u8::from(found == level)),
    }
}
