//! What holds of every table, whatever its numbers.

use ndarray::{Array2, Axis};
use proptest::prelude::*;
use psychometrics::factors::{FactorModel, congruence};
use psychometrics::irt::{ResponseItem, ResponseModel, Responses, TraitGrid};
use psychometrics::ordinal::CumulativeLogit;
use psychometrics::reliability::{
    AskedItems, Pool, alpha, intraclass, kuder_richardson, pairwise_alpha, spearman_brown,
    split_half, standardised_alpha, variance_parts,
};
use psychometrics::{Correlations, PartialScores, Scores};

/// Tables that share something, so that nothing is constant.
fn tables(
    cases: std::ops::Range<usize>,
    k: std::ops::Range<usize>,
) -> impl Strategy<Value = Array2<f64>> {
    (cases, k).prop_flat_map(|(n, k)| {
        (
            prop::collection::vec(-3.0..3.0, n),
            prop::collection::vec(-2.0..2.0, n * k),
        )
            .prop_map(move |(common, own)| {
                Array2::from_shape_fn((n, k), |(row, column)| common[row] + own[row * k + column])
            })
    })
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-8 * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn alpha_by_four_roads(cells in tables(4..30, 2..7)) {
        let scores = Scores::new(cells.view()).unwrap();
        let found = alpha(&scores).unwrap();
        prop_assert!(close(found.value, intraclass(&scores).unwrap().icc_3_k));
        prop_assert!(close(found.value, pairwise_alpha(&scores.clone().into()).unwrap()));
        let halves = split_half(&scores).unwrap();
        prop_assert!(halves.least <= halves.mean + 1e-12 && halves.mean <= halves.greatest + 1e-12);
        if scores.n_variables().is_multiple_of(2) {
            prop_assert!(close(found.value, halves.mean));
        }
        let [low, high] = found.interval(0.9).unwrap();
        prop_assert!(low <= found.value && found.value <= high && high <= 1.0);
    }

    #[test]
    fn units_and_order_play_no_part(cells in tables(5..20, 3..6), scale in 0.1..50.0, shift in -9.0..9.0) {
        let moved = cells.mapv(|x| scale * x + shift);
        let mut turned = moved.clone();
        turned.invert_axis(Axis(0));
        turned.invert_axis(Axis(1));
        let of = |cells: &Array2<f64>| {
            let scores = Scores::new(cells.view()).unwrap();
            let parts = variance_parts(&scores).unwrap();
            let standardised = standardised_alpha(&scores).unwrap();
            [alpha(&scores).unwrap().value, standardised, parts.rows, parts.columns, parts.rest]
        };
        let first = of(&cells);
        for (a, b) in first.into_iter().zip(of(&turned)) {
            prop_assert!(close(a, b), "{a} {b}");
        }
        prop_assert!(close(first[2..].iter().sum(), 1.0));
    }

    #[test]
    fn kuder_and_richardson_stand_in_order(cells in tables(6..25, 2..7)) {
        let right = cells.mapv(|x| f64::from(u8::from(x > 0.0)));
        if let Ok(found) = kuder_richardson(&Scores::new(right.view()).unwrap()) {
            prop_assert!(found.kr21 <= found.kr20 + 1e-12);
            // Both variances divided by n - 1 in the place of n.
            let alpha = alpha(&Scores::new(right.view()).unwrap()).unwrap();
            prop_assert!(close(alpha.value, found.kr20));
        }
    }

    #[test]
    fn twice_as_long_and_half_as_long_again(r in 0.01_f64..0.99, times in 0.2_f64..8.0) {
        prop_assert!(close(spearman_brown(spearman_brown(r, times), 1.0 / times), r));
    }

    #[test]
    fn larger_pools_leave_more_to_chance(cells in tables(4..20, 3..6)) {
        let mut asked = cells.clone();
        for (row, mut cells) in asked.rows_mut().into_iter().enumerate() {
            let n = cells.len();
            cells[row % n] = f64::NAN;
        }
        let asked = AskedItems::of(&PartialScores::new(asked.view()).unwrap()).unwrap();
        let of = |pool| asked.reliability(pool).unwrap();
        let k = cells.ncols();
        prop_assert!(of(Pool::Items(k - 1)) == 1.0);
        prop_assert!(of(Pool::Items(k)) >= of(Pool::Items(k + 3)));
        prop_assert!(of(Pool::Items(k + 3)) >= of(Pool::Domain));
    }

    #[test]
    fn correlations_are_what_they_should_be(cells in tables(8..30, 2..6)) {
        let found = Correlations::of(&Scores::new(cells.view()).unwrap()).unwrap();
        let p = found.n_variables();
        prop_assert!(close(found.eigenvalues().iter().sum(), p as f64));
        prop_assert!(found.eigenvalues().is_sorted_by(|a, b| a >= b));
        prop_assert!(found.matrix().iter().all(|r| (-1.0..=1.0).contains(r)));
        let whole = found.disattenuated(ndarray::Array1::ones(p).view()).unwrap();
        prop_assert_eq!(whole.matrix, found.matrix());
        if let Ok(test) = found.sphericity() {
            prop_assert!((0.0..=1.0).contains(&test.p_value) && test.chi2 >= -1e-9);
        }
    }

    #[test]
    fn more_factors_explain_no_less(cells in tables(30..60, 6..9)) {
        let correlations = Correlations::of(&Scores::new(cells.view()).unwrap()).unwrap();
        let fit = |k| FactorModel::fit_best_of(&correlations, k, 4, 1);
        let (Ok(one), Ok(two)) = (fit(1), fit(2)) else { return Ok(()) };
        prop_assert!(two.discrepancy <= one.discrepancy + 1e-6);
        for model in [&one, &two] {
            let implied = model.implied();
            let inner = (0..implied.nrows()).filter(|&i| model.uniquenesses[i] < 0.999);
            // At the maximum the model has the variance of each variable that is not at its bound.
            for i in inner.filter(|&i| model.uniquenesses[i] > 0.0051) {
                prop_assert!((implied[[i, i]] - 1.0).abs() < 1e-4, "{}", implied[[i, i]]);
            }
            let itself = congruence(model.loadings.view(), model.loadings.view()).unwrap();
            prop_assert!(itself.diag().iter().all(|phi| close(*phi, 1.0)));
        }
        let left = one.residual_correlations(&correlations);
        if let Ok(left) = left {
            prop_assert!(left.diag().iter().all(|own| *own == 1.0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn turning_an_item_round_turns_its_slope_alone(cells in tables(60..90, 4..6)) {
        let graded = cells.mapv(|x| (x / 1.5).round().clamp(-1.0, 1.0));
        let mut turned = graded.clone();
        turned.column_mut(0).mapv_inplace(|x| -x);
        let fit = |cells: &Array2<f64>| {
            let responses = Responses::of(&PartialScores::new(cells.view()).unwrap()).ok()?;
            ResponseModel::fit(&responses, TraitGrid::default()).ok()
        };
        if let (Some(one), Some(other)) = (fit(&graded), fit(&turned)) {
            prop_assert!((one.log_likelihood - other.log_likelihood).abs() < 1e-4);
            let (a, b) = (&one.model.items()[0], &other.model.items()[0]);
            prop_assert!((a.slope + b.slope).abs() < 0.02 * (1.0 + a.slope.abs()), "{a:?} {b:?}");
        }
    }

    #[test]
    fn probabilities_of_all_categories_add_up(slope in -4.0..4.0, first in -2.0..2.0, place in -6.0..6.0) {
        let intercepts = vec![first + 1.5, first, first - 0.4];
        let item = ResponseItem { slope, intercepts };
        prop_assert!(close(item.probabilities(place).iter().sum(), 1.0));
        prop_assert!(item.information(place) >= 0.0);
    }

    #[test]
    fn a_predictor_in_other_units_has_the_coefficient_of_those_units(cells in tables(40..80, 2..3), scale in 0.2..5.0) {
        let answers: Vec<usize> = cells.column(0).iter().map(|x| (x + 5.0) as usize / 3).collect();
        let lowest = answers.iter().min().copied().unwrap();
        let answers: Vec<usize> = answers.iter().map(|answer| answer - lowest).collect();
        let x = cells.column(1).insert_axis(Axis(1)).to_owned();
        let scaled = &x * scale;
        let fit = |x: &Array2<f64>| CumulativeLogit::fit(&Scores::new(x.view()).unwrap(), &answers);
        if let (Ok(one), Ok(other)) = (fit(&x), fit(&scaled)) {
            prop_assert!(close(one.log_likelihood, other.log_likelihood));
            let gap: f64 = one.coefficients[0] - scale * other.coefficients[0];
            prop_assert!(gap.abs() < 1e-5);
        }
    }
}
