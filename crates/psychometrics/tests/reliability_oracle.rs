//! Every number of an independent implementation (numpy, scipy, statsmodels), each within the
//! tolerance that its file states. The folder that `PSYCHOMETRICS_ORACLES` names holds them.

mod common;

use common::{Table, assert_all_close, assert_close, folder, json, matrix, number, numbers};
use ndarray::{Array2, Axis};
use psychometrics::factors::{FactorModel, congruence};
use psychometrics::irt::{ResponseItem, ResponseModel, Responses, TraitGrid};
use psychometrics::reliability::{
    AskedItems, Pool, alpha, intraclass, kuder_richardson, omega_total, pairwise_alpha,
    spearman_brown, split_half, standardised_alpha,
};
use psychometrics::{Correlations, PartialScores, Scores};
use serde_json::Value;

fn oracle(file: &str) -> Option<(std::path::PathBuf, Value)> {
    let folder = folder("PSYCHOMETRICS_ORACLES")?.join("reliability");
    let expected = json(&folder.join(file));
    Some((folder, expected))
}

#[test]
fn reliabilities_are_those_of_numpy() {
    let Some((folder, expected)) = oracle("expected.json") else {
        return;
    };
    let tolerance = number(&expected["tolerance"]);
    let close = |found: f64, wanted: &Value, what| {
        assert_close(found, number(wanted), tolerance, what);
    };
    let ratings = Table::read(&folder.join("ratings.csv")).numbers(1);
    let ratings = Scores::new(ratings.view()).unwrap();

    let found = alpha(&ratings).unwrap();
    close(found.value, &expected["alpha"], "alpha");
    let interval = numbers(&expected["alpha_feldt_95"]);
    assert_all_close(
        &found.interval(0.95).unwrap(),
        &interval,
        tolerance,
        "Feldt's interval",
    );
    let standardised = standardised_alpha(&ratings).unwrap();
    close(
        standardised,
        &expected["standardised_alpha"],
        "standardised alpha",
    );
    let twice = spearman_brown(found.value, 2.0);
    close(
        twice,
        &expected["spearman_brown_if_twice_as_long"],
        "twice as long",
    );

    let (found, wanted) = (split_half(&ratings).unwrap(), &expected["split_half"]);
    close(found.odd_even, &wanted["odd_even_r"], "odd and even");
    close(
        found.spearman_brown,
        &wanted["spearman_brown"],
        "Spearman-Brown",
    );
    close(
        found.mean,
        &wanted["flanagan_rulon_mean_over_all_splits"],
        "mean of all halves",
    );
    close(found.least, &wanted["least"], "least half");
    close(found.greatest, &wanted["greatest"], "greatest half");

    let omega = &expected["omega_total"];
    let found = omega_total(&ratings).unwrap();
    assert_close(
        found,
        number(&omega["value"]),
        number(&omega["tolerance"]),
        "omega total",
    );

    let (found, wanted) = (intraclass(&ratings).unwrap(), &expected["icc"]);
    close(found.icc_1_1, &wanted["icc_1_1"], "ICC(1,1)");
    close(found.icc_1_k, &wanted["icc_1_k"], "ICC(1,k)");
    close(found.icc_2_1, &wanted["icc_2_1"], "ICC(2,1)");
    close(found.icc_2_k, &wanted["icc_2_k"], "ICC(2,k)");
    close(found.icc_3_1, &wanted["icc_3_1"], "ICC(3,1)");
    close(found.icc_3_k, &wanted["icc_3_k"], "ICC(3,k)");

    let binary = Table::read(&folder.join("binary.csv")).numbers(1);
    let found = kuder_richardson(&Scores::new(binary.view()).unwrap()).unwrap();
    close(found.kr20, &expected["kr20"], "KR-20");
    close(found.kr21, &expected["kr21"], "KR-21");

    let asked = Table::read(&folder.join("asked.csv")).numbers(1);
    let pool = Pool::Items(asked.ncols());
    let asked = PartialScores::new(asked.view()).unwrap();
    let (found, wanted) = (AskedItems::of(&asked).unwrap(), &expected["items_drawn"]);
    close(
        found.reliability(Pool::Domain).unwrap(),
        &wanted["for_the_domain"],
        "domain",
    );
    close(
        found.reliability(pool).unwrap(),
        &wanted["for_the_pool"],
        "pool",
    );
    let found = pairwise_alpha(&asked).unwrap();
    close(
        found,
        &wanted["alpha_from_pairwise_covariances"],
        "pairwise alpha",
    );
}

#[test]
fn factors_are_those_of_scipy() {
    let Some((folder, expected)) = oracle("expected_factors.json") else {
        return;
    };
    let tolerance = number(&expected["tolerance"]);
    let loose = number(&expected["tolerance_loadings"]);
    let cells = Table::read(&folder.join("factor_data.csv")).numbers(0);
    let correlations = Correlations::of(&Scores::new(cells.view()).unwrap()).unwrap();
    let wanted = matrix(&expected["correlation"]);
    assert_all_close(correlations.matrix(), &wanted, tolerance, "correlation");
    let wanted = numbers(&expected["eigenvalues"]);
    assert_all_close(correlations.eigenvalues(), &wanted, tolerance, "eigenvalue");
    let (found, wanted) = (correlations.sphericity().unwrap(), &expected["bartlett"]);
    assert_close(found.chi2, number(&wanted["chi2"]), tolerance, "sphericity");
    assert_eq!(found.df, wanted["df"]);

    let models = [1, 2].map(|k| FactorModel::fit(&correlations, k).unwrap());
    for (model, k) in models.iter().zip(["1", "2"]) {
        let wanted = &expected["ml"][k];
        let close = |found: f64, key: &str| {
            let what = format!("{key} of {k} factors");
            assert_close(found, number(&wanted[key]), tolerance, &what);
        };
        let fit = model.fit;
        assert_eq!(fit.df, wanted["df"]);
        close(model.discrepancy, "F");
        close(fit.chi2, "chi2");
        close(fit.p_value, "p");
        close(fit.rmsea, "rmsea");
        close(fit.srmr, "srmr");
        close(fit.cfi, "cfi");
        close(fit.bic, "bic");
        let wanted_loadings = matrix(&wanted["loadings"]);
        let common = |loadings: &Array2<f64>| loadings.dot(&loadings.t());
        let (found, wanted_common) = (common(&model.loadings), common(&wanted_loadings));
        assert_all_close(&found, &wanted_common, loose, "common part");
        let wanted = numbers(&wanted["uniqueness"]);
        assert_all_close(&model.uniquenesses, &wanted, loose, "uniqueness");
    }
    let [one, two] = &models;
    let wanted = matrix(&expected["common_part_of_two"]["loadings times transpose"]);
    assert_all_close(
        &two.loadings.dot(&two.loadings.t()),
        &wanted,
        loose,
        "common part of two",
    );
    let left = one.residual_correlations(&correlations).unwrap();
    let wanted = matrix(&expected["residual_correlation_given_one_factor"]);
    assert_all_close(&left, &wanted, loose, "residual correlation");

    let wanted = &expected["disattenuated"];
    let found = correlations
        .disattenuated(numbers(&wanted["reliabilities"]).view())
        .unwrap();
    assert_all_close(
        &found.matrix,
        &matrix(&wanted["correlation"]),
        tolerance,
        "disattenuated",
    );
    let smallest = number(&wanted["smallest_eigenvalue"]);
    assert_close(
        found.smallest_eigenvalue,
        smallest,
        tolerance,
        "smallest eigenvalue",
    );

    // The planted loadings are not in the file; phi with the solution itself is, through them.
    let itself = congruence(
        one.loadings.view(),
        matrix(&expected["ml"]["1"]["loadings"]).view(),
    );
    assert_close(
        itself.unwrap()[[0, 0]].abs(),
        1.0,
        tolerance,
        "congruence with itself",
    );
}

#[test]
fn the_logistic_model_is_that_of_scipy() {
    let Some((folder, expected)) = oracle("expected_irt.json") else {
        return;
    };
    let cells = Table::read(&folder.join("irt_binary.csv")).numbers(0);
    let responses = Responses::of(&PartialScores::new(cells.view()).unwrap()).unwrap();
    let two = &expected["two_pl"];
    let item = |slope: &Value, intercept: &Value| ResponseItem {
        slope: number(slope),
        intercepts: vec![number(intercept)],
    };
    let items = |parameters: &Value| -> Vec<ResponseItem> {
        let slopes = parameters["a"].as_array().unwrap();
        let pairs = slopes.iter().zip(parameters["d"].as_array().unwrap());
        pairs.map(|(a, d)| item(a, d)).collect()
    };
    let exact = number(&expected["tolerance_at_given_parameters"]);
    for (parameters, wanted) in [
        (&two["planted"], "log_likelihood_at_planted"),
        (two, "log_likelihood"),
    ] {
        let model = ResponseModel::new(items(parameters), TraitGrid::default()).unwrap();
        let found = model.log_likelihood(&responses).unwrap();
        assert_close(found, number(&two[wanted]), exact, wanted);
    }
    let fit = ResponseModel::fit(&responses, TraitGrid::default()).unwrap();
    let likelihood = number(&expected["tolerance_log_likelihood"]);
    assert_close(
        fit.log_likelihood,
        number(&two["log_likelihood"]),
        likelihood,
        "log likelihood",
    );
    let tolerance = number(&expected["tolerance_parameters"]);
    let difficulties = numbers(&two["b"]);
    for (at, (found, wanted)) in fit.model.items().iter().zip(items(two)).enumerate() {
        let what = format!("item {at}");
        assert_close(found.slope, wanted.slope, tolerance, &what);
        assert_close(found.intercepts[0], wanted.intercepts[0], tolerance, &what);
        assert_close(found.difficulties()[0], difficulties[at], tolerance, &what);
    }
    let traits = fit.model.estimates(&responses).unwrap();
    let (means, deviations) = (traits.means.to_vec(), traits.deviations.to_vec());
    assert_all_close(
        &means[..10],
        &numbers(&two["eap_of_first_ten"]),
        tolerance,
        "mean",
    );
    let wanted = numbers(&two["posterior_sd_of_first_ten"]);
    assert_all_close(&deviations[..10], &wanted, tolerance, "deviation");
    let reliability = number(&two["empirical_reliability"]);
    assert_close(
        traits.empirical_reliability(),
        reliability,
        tolerance,
        "reliability",
    );
    for (place, wanted) in two["test_information"].as_object().unwrap() {
        let found = fit.model.information(place.parse().unwrap());
        // Slopes are squared, and there are eight items.
        assert_close(found, number(wanted), 10.0 * tolerance, "information");
    }
}

#[test]
fn the_graded_model_is_that_of_scipy() {
    let Some((folder, expected)) = oracle("expected_irt.json") else {
        return;
    };
    let cells = Table::read(&folder.join("irt_graded.csv")).numbers(0);
    let responses = Responses::of(&PartialScores::new(cells.view()).unwrap()).unwrap();
    let graded = &expected["graded"];
    let slopes = numbers(&graded["a"]);
    let intercepts = matrix(&graded["d"]);
    let items = slopes.iter().zip(intercepts.axis_iter(Axis(0)));
    let items: Vec<ResponseItem> = items
        .map(|(&slope, intercepts)| ResponseItem {
            slope,
            intercepts: intercepts.to_vec(),
        })
        .collect();
    let wanted = number(&graded["log_likelihood"]);
    let model = ResponseModel::new(items.clone(), TraitGrid::default()).unwrap();
    let exact = number(&expected["tolerance_at_given_parameters"]);
    let found = model.log_likelihood(&responses).unwrap();
    assert_close(found, wanted, exact, "log likelihood of these parameters");

    let fit = ResponseModel::fit(&responses, TraitGrid::default()).unwrap();
    let likelihood = number(&expected["tolerance_log_likelihood"]);
    assert_close(fit.log_likelihood, wanted, likelihood, "log likelihood");
    let tolerance = number(&expected["tolerance_parameters"]);
    for (found, wanted) in fit.model.items().iter().zip(&items) {
        assert_close(found.slope, wanted.slope, tolerance, "slope");
        assert_all_close(
            &found.intercepts,
            &wanted.intercepts,
            tolerance,
            "intercept",
        );
    }
}
