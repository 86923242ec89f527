//! A test that asks each role what tells most given its answers so far.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use program::Failure;
use value_causal::psychometrics::PartialScores;
use value_causal::psychometrics::irt::{AdaptiveTest, ResponseModel, Responses, TraitGrid};
use value_causal::psychometrics::ranks::spearman;

/// How well `n` answers to an adaptive test of the two-parameter model tell the order of the roles by the mean of all their
/// answers: Spearman's correlation over the rows of `held_out`. The model is fitted to `choosing`; both are `[roles, items]`.
///
/// An answer above the middle of the scale is a yes, one below it a no, and one in the middle is no answer. Items without
/// both among `choosing` are not asked.
///
/// # Errors
/// If the model has no maximum of the likelihood, or the roles have no order.
pub(super) fn order_kept(
    choosing: ArrayView2<'_, f64>,
    held_out: ArrayView2<'_, f64>,
    n: usize,
) -> Result<f64, Failure> {
    let middle = middle(choosing);
    let binary = |table: ArrayView2<'_, f64>| table.mapv(|answer| sign(answer, middle));
    let choosing = binary(choosing);
    let telling: Vec<usize> = (0..choosing.ncols())
        .filter(|&item| has_both(choosing.column(item)))
        .collect();
    let cells = choosing.select(Axis(1), &telling);
    let fit = ResponseModel::fit(
        &Responses::of(&PartialScores::new(cells.view())?)?,
        TraitGrid::default(),
    )?;
    let answers: Array2<f64> = binary(held_out).select(Axis(1), &telling);
    let (mut traits, mut means) = (Vec::new(), Vec::new());
    for (row, all) in answers.rows().into_iter().zip(held_out.rows()) {
        if let Some(mean) = super::loss::mean(all) {
            traits.push(tested(&fit.model, row, n)?);
            means.push(mean);
        }
    }
    Ok(spearman(&traits, &means)?)
}

/// Where the trait is after `n` answers, or as many as there are.
fn tested(model: &ResponseModel, row: ArrayView1<'_, f64>, n: usize) -> Result<f64, Failure> {
    let mut test = AdaptiveTest::new(model);
    let answered: Vec<usize> = (0..row.len()).filter(|&item| !row[item].is_nan()).collect();
    for _ in 0..n {
        let Some(item) = test.next_among(answered.iter().copied()) else {
            break;
        };
        test.answer(item, row[item] as usize)?;
    }
    Ok(test.estimate().0)
}

fn middle(table: ArrayView2<'_, f64>) -> f64 {
    let answers = || table.iter().copied().filter(|answer| !answer.is_nan());
    f64::midpoint(
        answers().fold(f64::INFINITY, f64::min),
        answers().fold(f64::NEG_INFINITY, f64::max),
    )
}

/// 1, 0 or NaN.
fn sign(answer: f64, middle: f64) -> f64 {
    match answer.partial_cmp(&middle) {
        Some(std::cmp::Ordering::Greater) => 1.0,
        Some(std::cmp::Ordering::Less) => 0.0,
        _ => f64::NAN,
    }
}

fn has_both(answers: ArrayView1<'_, f64>) -> bool {
    answers.iter().any(|answer| *answer == 1.0) && answers.iter().any(|answer| *answer == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Of 20 items as hard as they come, six tell nearly as much as all where they are chosen by the answers.
    #[test]
    fn a_few_answers_tell_the_order() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut roles = |n: usize| {
            let mut table = Array2::zeros((n, 20));
            for mut row in table.rows_mut() {
                let place: f64 = rng.random_range(-2.0..2.0);
                for (item, answer) in row.iter_mut().enumerate() {
                    let hard = item as f64 / 5.0 - 2.0;
                    let likely = 1.0 / (1.0 + (-3.0 * (place - hard)).exp());
                    *answer = if rng.random::<f64>() < likely {
                        1.0
                    } else {
                        -1.0
                    };
                }
            }
            table
        };
        let (choosing, held_out) = (roles(200), roles(100));
        let six = order_kept(choosing.view(), held_out.view(), 6).unwrap();
        let one = order_kept(choosing.view(), held_out.view(), 1).unwrap();
        assert!(six > 0.9 && six > one + 0.05, "{six} {one}");
        let same = Array2::from_elem((5, 20), 1.0);
        assert!(order_kept(same.view(), held_out.view(), 6).is_err());
    }
}
