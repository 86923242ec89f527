use super::Instrument;
use crate::stats::mean;

/// Why answers cannot be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswersError {
    /// There are more or fewer answers than items.
    #[error("{instrument} has {expected} items, found {found} answers")]
    Number {
        /// The instrument.
        instrument: &'static str,
        /// Number of its items.
        expected: usize,
        /// Number of answers.
        found: usize,
    },
    /// An answer is not on the scale.
    #[error("{instrument}, item {item}: expected an answer from {low} to {high}, found {found}")]
    OffScale {
        /// The instrument.
        instrument: &'static str,
        /// The item, from 1.
        item: usize,
        /// The lowest answer.
        low: i32,
        /// The highest answer.
        high: i32,
        /// The answer.
        found: f64,
    },
    /// No item was answered.
    #[error("{instrument}: no item was answered")]
    Nothing {
        /// The instrument.
        instrument: &'static str,
    },
}

/// What one person, model or role answered, by values.
#[derive(Clone, Debug, PartialEq)]
pub struct SchwartzScores {
    /// The mean of all items that were answered, scored or not (MRAT): how the scale is used.
    pub mrat: f64,
    /// The values, in the order of the instrument.
    pub values: Vec<ValueMeans>,
    /// The higher values, in the order of the instrument.
    pub higher: Vec<HigherScore>,
    /// Number of items that were not answered.
    pub n_missing: usize,
}

/// A value's score. `None` where none of its items was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueMeans {
    /// The value.
    pub value: &'static str,
    /// The mean of its items that were answered: for factor models, and where values predict
    /// something together.
    pub raw: Option<f64>,
    /// The same less MRAT: for correlations and for comparing means. Where every item is scored and
    /// answered, these are exactly dependent: weighted by their numbers of items they sum to 0.
    pub centred: Option<f64>,
}

/// A higher value's score. `None` where one of its values, or all, have none.
#[derive(Clone, Debug, PartialEq)]
pub struct HigherScore {
    /// The higher value.
    pub value: &'static str,
    /// The mean of its centred values, as Schwartz scores it.
    pub by_values: Option<f64>,
    /// The mean of all their items less MRAT, as Value Portrait publishes it (there without Hedonism).
    pub by_items: Option<f64>,
}

impl Instrument {
    /// Scores one set of answers, `[n_items]` in the order of their numbers; `None` where there is
    /// none.
    ///
    /// ```
    /// use valuebench::schwartz::PVQ_21;
    ///
    /// let mut answers = [Some(4.0); 21];
    /// answers[11] = Some(6.0); // item 12, of Benevolence
    /// let scores = PVQ_21.score(&answers)?;
    /// assert_eq!(scores.values[8].value, "Benevolence");
    /// assert_eq!(scores.values[8].raw, Some(5.0));
    /// assert!(scores.values[8].centred.unwrap() < 1.0);
    /// # Ok::<(), valuebench::schwartz::AnswersError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AnswersError`] for another number of answers than items, an answer off the scale, and
    /// nothing answered.
    pub fn score(&self, answers: &[Option<f64>]) -> Result<SchwartzScores, AnswersError> {
        self.check(answers)?;
        let mrat = mean_of(answers.iter().copied()).ok_or(AnswersError::Nothing {
            instrument: self.name,
        })?;
        let of = |items: &'static [usize]| items.iter().map(|item| answers[item - 1]);
        let values: Vec<ValueMeans> = self
            .values
            .iter()
            .map(|&(value, items)| {
                let raw = mean_of(of(items));
                let centred = raw.map(|raw| raw - mrat);
                ValueMeans {
                    value,
                    raw,
                    centred,
                }
            })
            .collect();
        let higher = self.higher.iter().map(|&(value, parts)| {
            let is_part = |name: &str| parts.contains(&name);
            let means = values.iter().filter(|of| is_part(of.value));
            let means: Option<Vec<f64>> = means.map(|of| of.centred).collect();
            let items = self.values.iter().filter(|(name, _)| is_part(name));
            let by_items = mean_of(items.flat_map(|(_, items)| of(items)));
            HigherScore {
                value,
                by_values: means.map(|means| mean(&means)),
                by_items: by_items.map(|raw| raw - mrat),
            }
        });
        Ok(SchwartzScores {
            mrat,
            higher: higher.collect(),
            values,
            n_missing: answers.iter().filter(|answer| answer.is_none()).count(),
        })
    }

    /// Whether a number is an answer to one of its items.
    pub(super) fn is_on_scale(&self, answer: f64) -> bool {
        (f64::from(self.low)..=f64::from(self.high)).contains(&answer)
    }

    fn check(&self, answers: &[Option<f64>]) -> Result<(), AnswersError> {
        let instrument = self.name;
        if answers.len() != self.n_items {
            return Err(AnswersError::Number {
                instrument,
                expected: self.n_items,
                found: answers.len(),
            });
        }
        for (item, answer) in (1..).zip(answers) {
            match *answer {
                Some(found) if !self.is_on_scale(found) => {
                    return Err(AnswersError::OffScale {
                        instrument,
                        item,
                        low: self.low,
                        high: self.high,
                        found,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn mean_of(answers: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let answered: Vec<f64> = answers.flatten().collect();
    (!answered.is_empty()).then(|| mean(&answered))
}

#[cfg(test)]
mod tests {
    use super::super::{PVQ_21, PVQ_40, PVQ_RR, SVS};

    #[test]
    fn every_key_names_each_item_once_and_every_higher_value_real_ones() {
        for (instrument, scored) in [(&PVQ_40, 40), (&PVQ_21, 21), (&PVQ_RR, 57), (&SVS, 46)] {
            let items = instrument.values.iter().flat_map(|(_, items)| *items);
            let mut items: Vec<usize> = items.copied().collect();
            items.sort_unstable();
            items.dedup();
            assert_eq!(items.len(), scored, "{}", instrument.name);
            assert!(items[0] >= 1 && items[scored - 1] <= instrument.n_items);
            let parts = instrument.higher.iter().flat_map(|(_, parts)| *parts);
            for part in parts {
                assert!(instrument.values.iter().any(|(value, _)| value == part));
            }
        }
    }

    #[test]
    fn what_was_not_answered_has_no_score() {
        let mut answers = [Some(3.0); 21];
        (answers[0], answers[10]) = (None, None); // all of Self_Direction
        let scores = PVQ_21.score(&answers).unwrap();
        assert_eq!(scores.values[0].raw, None);
        let openness = &scores.higher[2];
        assert_eq!(openness.value, "Openness_to_Change");
        assert_eq!((openness.by_values, openness.by_items), (None, Some(0.0)));
        assert_eq!(scores.n_missing, 2);
    }

    #[test]
    fn what_cannot_be_scored_is_named() {
        let message = |answers: &[Option<f64>]| PVQ_21.score(answers).unwrap_err().to_string();
        assert_eq!(message(&[]), "PVQ21 has 21 items, found 0 answers");
        assert_eq!(message(&[None; 21]), "PVQ21: no item was answered");
        let mut answers = [Some(3.0); 21];
        answers[4] = Some(7.0);
        assert_eq!(
            message(&answers),
            "PVQ21, item 5: expected an answer from 1 to 6, found 7"
        );
        answers[4] = Some(f64::NAN);
        assert!(message(&answers).ends_with("found NaN"));
        assert!(SVS.score(&[Some(-1.0); 57]).is_ok());
    }
}
