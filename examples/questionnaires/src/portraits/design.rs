use ndarray::Array2;
use program::Failure;
use value_causal::bench::schwartz::Instrument;

/// Somebody who is compared with others: a model, a role, a group of people.
pub struct Answerer {
    /// The name.
    pub name: String,
    /// What it answered, perhaps several times: for each time `[n_items]`, in the order of the numbers.
    pub answers: Vec<Vec<Option<f64>>>,
}

/// One answer.
struct Answer {
    who: usize,
    value: usize,
    /// Among the items that were answered.
    item: usize,
    /// Among the ratings that were given.
    category: usize,
}

/// Answers as cases of an ordinal regression. Items that measure no value, or that nobody answered, are left out, and so are
/// ratings that nobody gave.
pub struct Design {
    /// Who is compared.
    pub names: Vec<String>,
    /// The values.
    pub values: Vec<&'static str>,
    answers: Vec<Answer>,
    /// For each item that was answered the place of its value.
    value_of: Vec<usize>,
    /// And its number.
    numbers: Vec<usize>,
}

impl Design {
    /// Of answers to an instrument.
    ///
    /// # Errors
    /// If somebody answered no item of a value, or all answers are alike.
    pub fn new(instrument: &Instrument, who: &[Answerer]) -> Result<Self, Failure> {
        let values: Vec<&'static str> = instrument.values.iter().map(|(value, _)| *value).collect();
        let items = instrument.values.iter().enumerate();
        let items =
            items.flat_map(|(value, (_, items))| items.iter().map(move |item| (value, item - 1)));
        let given = |item: usize| {
            who.iter().enumerate().flat_map(move |(at, who)| {
                who.answers
                    .iter()
                    .filter_map(move |row| Some((at, row[item]?)))
            })
        };
        let items: Vec<(usize, usize)> = items
            .filter(|(_, item)| given(*item).next().is_some())
            .collect();
        let mut ratings: Vec<f64> = items
            .iter()
            .flat_map(|(_, item)| given(*item))
            .map(|(_, rating)| rating)
            .collect();
        ratings.sort_by(f64::total_cmp);
        ratings.dedup();
        if let [only] = ratings[..] {
            return Err(format!("expected different answers, found {only} to every item").into());
        }
        let mut answers = Vec::new();
        for (item, &(value, number)) in items.iter().enumerate() {
            answers.extend(given(number).map(|(who, rating)| Answer {
                who,
                value,
                item,
                category: ratings.partition_point(|lower| *lower < rating),
            }));
        }
        let design = Self {
            names: who.iter().map(|who| who.name.clone()).collect(),
            value_of: items.iter().map(|(value, _)| *value).collect(),
            numbers: items.iter().map(|(_, item)| item + 1).collect(),
            values,
            answers,
        };
        design.check()?;
        Ok(design)
    }

    fn check(&self) -> Result<(), Failure> {
        for (who, name) in self.names.iter().enumerate() {
            for (value, what) in self.values.iter().enumerate() {
                if !self
                    .answers
                    .iter()
                    .any(|of| of.who == who && of.value == value)
                {
                    return Err(format!(
                        "{name}: expected an answer to an item of {what}, found none"
                    )
                    .into());
                }
            }
        }
        Ok(())
    }

    /// What a column of [`by_item`](Self::by_item) is the effect of.
    #[must_use]
    pub fn names_by_item(&self) -> Vec<String> {
        let items = self.numbers[1..].iter().map(|item| format!("item {item}"));
        let others = self.names.iter().skip(1).flat_map(|name| {
            let values = self.values.iter();
            values.map(move |value| format!("{value} with {name}"))
        });
        items.chain(others).collect()
    }

    /// The category of each answer.
    #[must_use]
    pub fn categories(&self) -> Vec<usize> {
        self.answers.iter().map(|of| of.category).collect()
    }

    /// The item of each answer.
    #[must_use]
    pub fn items(&self) -> Vec<usize> {
        self.answers.iter().map(|of| of.item).collect()
    }

    fn cell(&self, who: usize, value: usize) -> usize {
        who * self.values.len() + value
    }

    /// Predictors with a column for each pair of somebody and a value, but for the first, whose effect is 0.
    #[must_use]
    pub fn by_cell(&self) -> Array2<f64> {
        let cells = self.names.len() * self.values.len();
        let mut table = Array2::zeros((self.answers.len(), cells - 1));
        for (row, of) in self.answers.iter().enumerate() {
            if let Some(column) = self.cell(of.who, of.value).checked_sub(1) {
                table[[row, column]] = 1.0;
            }
        }
        table
    }

    /// What to multiply these columns' coefficients with for the centred value of somebody: that value's effect less the
    /// mean of all values' effects.
    #[must_use]
    pub fn centred_by_cell(&self, who: usize, value: usize) -> Vec<f64> {
        let n = self.values.len();
        let mut weights = vec![0.0; self.names.len() * n];
        for other in 0..n {
            weights[self.cell(who, other)] -= 1.0 / n as f64;
        }
        weights[self.cell(who, value)] += 1.0;
        weights.split_off(1)
    }

    /// Predictors with a column for each item but the first, whose effect is 0, and one for each value of everybody but the
    /// first, by how much it lies above the first one's.
    #[must_use]
    pub fn by_item(&self) -> Array2<f64> {
        let (items, values) = (self.value_of.len(), self.values.len());
        let others = values * self.names.len().saturating_sub(1);
        let mut table = Array2::zeros((self.answers.len(), items - 1 + others));
        for (row, of) in self.answers.iter().enumerate() {
            if let Some(column) = of.item.checked_sub(1) {
                table[[row, column]] = 1.0;
            }
            if of.who > 0 {
                table[[row, items - 1 + self.cell(of.who - 1, of.value)]] = 1.0;
            }
        }
        table
    }

    /// The same as [`centred_by_cell`](Self::centred_by_cell) for these columns; a value's effect is the mean of its items'.
    #[must_use]
    pub fn centred_by_item(&self, who: usize, value: usize) -> Vec<f64> {
        let (items, n) = (self.value_of.len(), self.values.len());
        let mut weights = vec![0.0; items + n * self.names.len().saturating_sub(1)];
        for other in 0..n {
            let weight = f64::from(u8::from(other == value)) - 1.0 / n as f64;
            let of_value = self.value_of.iter().filter(|of| **of == other).count();
            for (item, _) in self
                .value_of
                .iter()
                .enumerate()
                .filter(|(_, of)| **of == other)
            {
                weights[item] += weight / of_value as f64;
            }
            if who > 0 {
                weights[items + self.cell(who - 1, other)] += weight;
            }
        }
        weights.split_off(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::bench::schwartz::PVQ_21;

    fn design() -> Design {
        let who = |name: &str, step: usize| Answerer {
            name: name.to_owned(),
            answers: vec![
                (0..21)
                    .map(|item| (item != 4).then_some(((item * step) % 4 + 1) as f64))
                    .collect(),
            ],
        };
        Design::new(&PVQ_21, &[who("a", 1), who("b", 3)]).unwrap()
    }

    /// With an effect of each cell, the weights give the cell's effect less the mean of the answerer's.
    #[test]
    fn weights_take_the_mean_of_the_values_away() {
        let design = design();
        let cells: Vec<f64> = (0..20).map(|cell| f64::from(cell * cell % 7)).collect();
        let centred = |who: usize, value: usize| {
            cells[who * 10 + value] - cells[who * 10..][..10].iter().sum::<f64>() / 10.0
        };
        let sum = |weights: &[f64], effects: &[f64]| -> f64 {
            assert_eq!(weights.len(), effects.len());
            weights.iter().zip(effects).map(|(w, x)| w * x).sum()
        };
        for (who, value) in [(0, 0), (0, 3), (1, 0), (1, 9)] {
            let weights = design.centred_by_cell(who, value);
            let effects: Vec<f64> = cells[1..].iter().map(|cell| cell - cells[0]).collect();
            assert!((sum(&weights, &effects) - centred(who, value)).abs() < 1e-12);
            // Items as their values in "a"; "b" lies above by the difference.
            let item = |item: usize| cells[design.value_of[item]] - cells[design.value_of[0]];
            let items = (1..design.value_of.len()).map(item);
            let above = (0..10).map(|value| cells[10 + value] - cells[value]);
            let weights = design.centred_by_item(who, value);
            let effects: Vec<f64> = items.chain(above).collect();
            assert!((sum(&weights, &effects) - centred(who, value)).abs() < 1e-12);
        }
    }

    #[test]
    fn what_nobody_answered_is_left_out_and_a_value_must_be_answered() {
        let design = design();
        assert_eq!(design.value_of.len(), 20);
        assert_eq!(design.by_cell().dim(), (40, 19));
        assert_eq!(design.by_item().dim(), (40, 19 + 10));
        assert_eq!(design.categories().iter().max(), Some(&3));
        assert_eq!(design.names_by_item().len(), 29);
        assert_eq!(design.names_by_item()[19], "Self_Direction with b");
        let same = Answerer {
            name: "same".to_owned(),
            answers: vec![vec![Some(3.0); 21]],
        };
        let message = Design::new(&PVQ_21, &[same]).err().unwrap().to_string();
        assert_eq!(message, "expected different answers, found 3 to every item");
        let none = Answerer {
            name: "silent".to_owned(),
            answers: vec![vec![None; 21]],
        };
        let message = Design::new(&PVQ_21, &[none]).err().unwrap().to_string();
        assert_eq!(
            message,
            "silent: expected an answer to an item of Self_Direction, found none"
        );
    }
}
