use std::ops::Range;

use ndarray::Array2;

use super::ResponseError;
use crate::scores::PartialScores;
use crate::variable::Variable;

const MOST_CATEGORIES: usize = 100;

/// Answers in categories, checked: whole numbers, and each between an item's lowest and highest
/// answer occurs.
#[derive(Clone, Debug)]
pub struct Responses {
    /// `[cases, categories of all items]`, 1 where the case chose the category.
    chosen: Array2<f64>,
    items: Vec<Range<usize>>,
    variables: Vec<Variable>,
}

impl Responses {
    /// Reads answers as categories; NaN is a missing answer. Any whole numbers will do: the lowest answer to an
    /// item is its lowest category.
    ///
    /// # Errors
    /// [`ResponseError`] with the item whose answers are no categories, or do not vary.
    pub fn of(scores: &PartialScores<'_>) -> Result<Self, ResponseError> {
        let mut items = Vec::with_capacity(scores.n_variables());
        let mut lowest = Vec::with_capacity(scores.n_variables());
        let mut n_columns = 0;
        for item in 0..scores.n_variables() {
            let (low, n) = categories(scores, item)?;
            items.push(n_columns..n_columns + n);
            lowest.push(low);
            n_columns += n;
        }
        let mut chosen = Array2::zeros((scores.n_cases(), n_columns));
        for ((case, item), answer) in scores.cells().indexed_iter() {
            if !answer.is_nan() {
                chosen[[case, items[item].start + (answer - lowest[item]) as usize]] = 1.0;
            }
        }
        Ok(Self {
            chosen,
            items,
            variables: (0..scores.n_variables())
                .map(|item| scores.variable(item))
                .collect(),
        })
    }

    /// Number of cases.
    #[must_use]
    pub fn n_cases(&self) -> usize {
        self.chosen.nrows()
    }

    /// Number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    pub(super) fn chosen(&self) -> &Array2<f64> {
        &self.chosen
    }

    /// For each item its columns of [`chosen`](Self::chosen).
    pub(super) fn columns(&self) -> &[Range<usize>] {
        &self.items
    }

    pub(super) fn variable(&self, item: usize) -> Variable {
        self.variables[item].clone()
    }
}

/// The lowest answer and the number of categories.
fn categories(scores: &PartialScores<'_>, item: usize) -> Result<(f64, usize), ResponseError> {
    let variable = || scores.variable(item);
    let column = scores.cells().column(item).to_owned();
    let answers = || {
        column
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, answer)| !answer.is_nan())
    };
    if let Some((case, found)) = answers().find(|(_, answer)| answer.fract() != 0.0) {
        return Err(ResponseError::NotWhole {
            case,
            variable: variable(),
            found,
        });
    }
    let lowest = answers().fold(f64::INFINITY, |low, (_, answer)| low.min(answer));
    let highest = answers().fold(f64::NEG_INFINITY, |high, (_, answer)| high.max(answer));
    if lowest >= highest {
        return Err(ResponseError::OneCategory {
            variable: variable(),
        });
    }
    if highest - lowest >= MOST_CATEGORIES as f64 {
        return Err(ResponseError::ManyCategories {
            variable: variable(),
            lowest,
            highest,
            most: MOST_CATEGORIES,
        });
    }
    let mut seen = vec![false; (highest - lowest) as usize + 1];
    answers().for_each(|(_, answer)| seen[(answer - lowest) as usize] = true);
    match seen.iter().position(|seen| !seen) {
        None => Ok((lowest, seen.len())),
        Some(missing) => Err(ResponseError::EmptyCategory {
            variable: variable(),
            missing: lowest as i64 + missing as i64,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn answers_that_are_no_categories_are_named() {
        let message = |second: [f64; 3]| {
            let cells = array![[1.0, second[0]], [2.0, second[1]], [1.0, second[2]]];
            let scores = PartialScores::named(cells.view(), ["warm", "kind"]).unwrap();
            Responses::of(&scores).unwrap_err().to_string()
        };
        assert_eq!(
            message([1.0, 2.5, 1.0]),
            "case 1, variable 1 (kind): the answer 2.5 is no whole number"
        );
        assert_eq!(
            message([4.0, f64::NAN, 4.0]),
            "variable 1 (kind) was answered in one way only"
        );
        assert_eq!(
            message([-1.0, 1.0, 3.0]),
            "no case answered variable 1 (kind) with 0, though others lie on both sides"
        );
        assert!(message([0.0, 1e300, 3.0]).ends_with("at most 100 categories"));
        assert!(message([f64::NAN; 3]).ends_with("was answered in one way only"));
    }
}
