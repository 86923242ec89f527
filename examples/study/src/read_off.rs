//! What likelihoods that were read off tell of themselves: whether yes and no, or ratings, are what the model would say, and
//! whether the order of the examples, or of the options, matters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use value_causal::bench::journal::{Journal, JournalError, Leans};

use super::orientations::correlation_of;

/// Over all answers of a journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ReadOff {
    /// Mean of P(yes) + P(no), or of the probability of any rating: what is left to 1 the model would rather say something
    /// else.
    yes_or_no: Option<f64>,
    /// Mean of P(yes) - P(no), or of the expected rating from -1 to 1, by form: with the example that ends in yes first, or
    /// the highest rating, then with the other one first.
    lean: Vec<f64>,
    /// Correlation of the two forms over the items, each the mean over its answers.
    forms_correlate: Option<f64>,
}

/// Sums over the answers to an item, by form.
type Sums = BTreeMap<usize, (f64, Vec<f64>)>;

impl ReadOff {
    pub(super) fn of(journal: &Journal) -> Result<Self, JournalError> {
        let (mut items, mut mass, mut n) = (Sums::new(), 0.0, 0.0);
        let mut lean: Vec<f64> = Vec::new();
        journal.for_each(|recorded| {
            let question = recorded.response.question;
            let scale = &journal.design().item(question).scale;
            let Some(Leans { leans, given }) = Leans::of(scale, &recorded.response.text) else {
                return Ok(());
            };
            mass += given.iter().sum::<f64>() / given.len() as f64;
            n += 1.0;
            add(&mut lean, &leans);
            let item = items.entry(question.item).or_default();
            item.0 += 1.0;
            add(&mut item.1, &leans);
            Ok::<_, JournalError>(())
        })?;
        let both = items.values().filter_map(|(n, sums)| match sums[..] {
            [a, b] => Some([a / n, b / n]),
            _ => None,
        });
        Ok(Self {
            yes_or_no: (n > 0.0).then(|| mass / n),
            lean: lean.into_iter().map(|sum| sum / n).collect(),
            forms_correlate: correlation_of(both),
        })
    }
}

fn add(sums: &mut Vec<f64>, more: &[f64]) {
    sums.resize(sums.len().max(more.len()), 0.0);
    sums.iter_mut().zip(more).for_each(|(sum, x)| *sum += x);
}
