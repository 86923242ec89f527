//! The log-probabilities of continuations that are given, not chosen.

use std::collections::BTreeSet;

use tch::{Kind, TchError, Tensor};

/// Numbers in the largest tensor made on the way, which holds 32 bits.
const LARGEST: i64 = 1 << 25;

/// Candidates as tokens, and what is known of each so far.
///
/// The model reads the prompt once. What candidates begin with, one being none of their last tokens, is then walked as a
/// tree, depth first: a branch goes on from what the cache holds of its beginning.
#[derive(Debug)]
pub(crate) struct Scoring {
    candidates: Vec<Vec<i64>>,
    log_probabilities: Vec<f64>,
    /// What the candidates begin with, without their last token; the empty one first, each after those that it begins
    /// with.
    stems: Vec<Vec<i64>>,
    at: usize,
}

impl Scoring {
    /// Of candidates that have at least one token each.
    pub(crate) fn new(candidates: Vec<Vec<i64>>) -> Self {
        let stems: BTreeSet<Vec<i64>> = candidates
            .iter()
            .flat_map(|tokens| (0..tokens.len()).map(|n| tokens[..n].to_vec()))
            .collect();
        Self {
            log_probabilities: vec![0.0; candidates.len()],
            candidates,
            stems: stems.into_iter().collect(),
            at: 0,
        }
    }

    pub(crate) fn restart(&mut self) {
        self.log_probabilities.fill(0.0);
        self.at = 0;
    }

    /// The most tokens of any candidate.
    pub(crate) fn longest(&self) -> usize {
        self.candidates.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// What has been read of the candidates; none once all is known.
    pub(crate) fn stem(&self) -> Option<&[i64]> {
        self.stems.get(self.at).map(Vec::as_slice)
    }

    /// The candidates that go on after the stem, each with its next token.
    fn next(&self) -> impl Iterator<Item = (usize, i64)> {
        let stem = self.stem().unwrap_or_default();
        let candidates = self.candidates.iter().enumerate();
        candidates.filter_map(move |(i, tokens)| Some((i, *tokens.strip_prefix(stem)?.first()?)))
    }

    /// The tokens whose log-probabilities after the stem are wanted.
    pub(crate) fn wanted(&self) -> Vec<i64> {
        self.next().map(|(_, token)| token).collect()
    }

    /// Takes the log-probabilities of the tokens wanted, and goes on to the next stem.
    pub(crate) fn accept(&mut self, log_probabilities: &[f64]) {
        let of: Vec<usize> = self.next().map(|(candidate, _)| candidate).collect();
        for (candidate, log_probability) in of.into_iter().zip(log_probabilities) {
            self.log_probabilities[candidate] += log_probability;
        }
        self.at += 1;
    }

    pub(crate) fn into_log_probabilities(self) -> Vec<f64> {
        self.log_probabilities
    }
}

/// Of each row of `logits` `[row, d_vocab]` the log-probabilities of the tokens wanted; none where the logits are NaN or
/// infinite.
pub(crate) fn log_probabilities(
    logits: &Tensor,
    wanted: &[Vec<i64>],
) -> Result<Vec<Option<Vec<f64>>>, TchError> {
    let at_once = (LARGEST / logits.size()[1]).max(1) as usize;
    let mut found = Vec::with_capacity(wanted.len());
    for (part, wanted) in wanted.chunks(at_once).enumerate() {
        let rows = logits.f_narrow(0, (part * at_once) as i64, wanted.len() as i64)?;
        let rows = rows.f_to_kind(Kind::Float)?;
        let width = wanted.iter().map(Vec::len).max().unwrap_or(0);
        let index: Vec<i64> = wanted
            .iter()
            .flat_map(|tokens| {
                let fill = std::iter::repeat_n(0, width - tokens.len());
                tokens.iter().copied().chain(fill)
            })
            .collect();
        let index = Tensor::f_from_slice(&index)?.f_view([wanted.len() as i64, width as i64])?;
        let index = index.f_to_device(rows.device())?;
        let total = rows.f_logsumexp([1], true)?;
        let each = rows.f_gather(1, &index, false)?.f_sub(&total)?;
        let all = Tensor::f_cat(&[total, each], 1)?.f_to_kind(Kind::Double)?;
        for (row, tokens) in Vec::<Vec<f64>>::try_from(all)?.into_iter().zip(wanted) {
            let each = &row[1..=tokens.len()];
            let numbers = row[0].is_finite() && each.iter().all(|x| !x.is_nan());
            found.push(numbers.then(|| each.to_vec()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_candidates_begin_with_is_read_once_and_in_an_order_that_the_cache_can_follow() {
        let mut scoring = Scoring::new(vec![vec![5, 6, 7], vec![5], vec![9, 1], vec![5, 6, 8]]);
        let mut walked = Vec::new();
        while let Some(stem) = scoring.stem().map(<[i64]>::to_vec) {
            let wanted = scoring.wanted();
            scoring.accept(&vec![-1.0; wanted.len()]);
            walked.push((stem, wanted));
        }
        let expected: [(&[i64], &[i64]); 4] = [
            (&[], &[5, 5, 9, 5]),
            (&[5], &[6, 6]),
            (&[5, 6], &[7, 8]),
            (&[9], &[1]),
        ];
        let expected = expected.map(|(stem, wanted)| (stem.to_vec(), wanted.to_vec()));
        assert_eq!(walked, expected);
        assert_eq!(scoring.longest(), 3);
        assert_eq!(scoring.into_log_probabilities(), [-3.0, -1.0, -2.0, -3.0]);
    }

    #[test]
    fn rows_that_are_no_numbers_have_no_log_probabilities() {
        let logits = Tensor::from_slice(&[0.0_f32, 0.0, f32::NAN, 1.0, f32::NEG_INFINITY, 2.0]);
        let found = log_probabilities(&logits.view([3, 2]), &[vec![0], vec![1], vec![0, 1]]);
        let found = found.unwrap();
        assert!((found[0].as_ref().unwrap()[0] + std::f64::consts::LN_2).abs() < 1e-6);
        assert_eq!(found[1], None);
        assert_eq!(found[2], Some(vec![f64::NEG_INFINITY, 0.0]));
    }
}
