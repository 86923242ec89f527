//! Ordinal regression, pairwise comparisons and item information against an independent
//! implementation (scipy, statsmodels). The folder that `PSYCHOMETRICS_ORACLES` names holds the numbers.

mod common;

use common::{Table, assert_all_close, assert_close, folder, json, matrix, number, numbers};
use ndarray::{Array2, Axis, s};
use psychometrics::Scores;
use psychometrics::comparisons::{Choice, Wins, kept_choices};
use psychometrics::divergence::Distributions;
use psychometrics::irt::{AdaptiveTest, ResponseItem, ResponseModel, TraitGrid};
use psychometrics::ordinal::{
    CumulativeLogit, OrdinalPosterior, PosteriorOptions, PosteriorSummary,
};
use psychometrics::ranks::kendall_tau_b;
use psychometrics::reliability::alpha;
use psychometrics::selection::{ItemSearch, Ucb1, balanced_top, descending, most_reliable};

#[test]
fn ordinal_regression_is_that_of_statsmodels() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("ordinal")) else {
        return;
    };
    let expected = &json(&folder.join("expected.json"))["mle"];
    let table = Table::read(&folder.join("answers.csv"));
    let (models, items) = (table.column("model"), table.column("item"));
    // Model A and item 0 are what the others are held against.
    let predictors = Array2::from_shape_fn((models.len(), 11), |(row, column)| {
        f64::from(u8::from(match column {
            0 => models[row] == "B",
            1 => models[row] == "C",
            item => items[row] == (item - 1).to_string(),
        }))
    });
    let ratings = table.column("rating");
    let answers: Vec<usize> = ratings
        .iter()
        .map(|r| r.parse::<usize>().unwrap() - 1)
        .collect();
    let names = (1..10).map(|item| format!("item {item}"));
    let names = ["model B".to_owned(), "model C".to_owned()]
        .into_iter()
        .chain(names);
    let names: Vec<String> = names.collect();
    let scores = Scores::named(predictors.view(), names.clone()).unwrap();
    let found = CumulativeLogit::fit(&scores, &answers).unwrap();

    let likelihood = number(&expected["tolerance_log_likelihood"]);
    let wanted = number(&expected["log_likelihood"]);
    assert_close(found.log_likelihood, wanted, likelihood, "log likelihood");
    let tolerance = number(&expected["tolerance"]);
    let wanted = numbers(&expected["thresholds"]);
    assert_all_close(&found.thresholds, &wanted, tolerance, "threshold");
    for (at, name) in names.iter().enumerate() {
        let wanted = number(&expected["coefficients"][name]);
        assert_close(found.coefficients[at], wanted, tolerance, name);
        let wanted = number(&expected["statsmodels_standard_errors"][name]);
        assert_close(found.standard_errors[at], wanted, tolerance, name);
    }
}

#[test]
fn strengths_are_those_of_a_logistic_regression() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("dilemmas")) else {
        return;
    };
    let expected = json(&folder.join("expected.json"));
    let tolerance = number(&expected["tolerance"]);
    let names = names(&expected);
    let choices = Table::read(&folder.join("choices.csv"));
    for (step, wanted) in expected["by_step"].as_object().unwrap() {
        let of_step = choices
            .rows
            .iter()
            .filter(|row| step == "all" || row[1] == *step);
        let wins = Wins::of_choices(names.clone(), of_step.map(|row| choice(&names, row))).unwrap();
        assert_eq!(wins.counts(), matrix(&wanted["wins"]));
        let found = wins.bradley_terry().unwrap();
        let half = wins.with_pseudo_wins(0.5).bradley_terry().unwrap();
        let log_likelihood = number(&wanted["log_likelihood"]);
        assert_close(found.log_likelihood, log_likelihood, 1e-8, "log likelihood");
        for (at, name) in names.iter().enumerate() {
            let close = |found: f64, key: &str| {
                assert_close(found, number(&wanted[key][name]), tolerance, key);
            };
            close(wins.win_rates()[at].unwrap(), "win_rate");
            close(found.log_strengths[at], "bradley_terry");
            close(half.log_strengths[at], "bradley_terry_one_half_pseudo");
        }
        let cycles = wins.cyclic_triples();
        let mut cycles: Vec<_> = cycles
            .iter()
            .map(|cycle| cycle.map(|at| names[at]))
            .collect();
        cycles.sort_unstable();
        assert_eq!(serde_json::json!(cycles), wanted["cyclic_triples"]);
    }
}

fn names(expected: &serde_json::Value) -> Vec<&str> {
    let names = expected["values"].as_array().unwrap();
    names.iter().map(|name| name.as_str().unwrap()).collect()
}

/// Of a row: dilemma, step, one option, the other, and which was chosen.
fn choice(names: &[&str], row: &[String]) -> Choice {
    let place = |cell: &str| names.iter().position(|name| *name == cell).unwrap();
    let (a, b) = (place(&row[2]), place(&row[3]));
    let (winner, loser) = if row[4] == "A" { (a, b) } else { (b, a) };
    Choice { winner, loser }
}

#[test]
fn strengths_shift_over_the_steps() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("dilemmas")) else {
        return;
    };
    let expected = json(&folder.join("expected.json"));
    let tolerance = number(&expected["tolerance"]);
    let names = names(&expected);
    let table = Table::read(&folder.join("choices.csv"));
    let steps = [1, 2, 3, 4, 5].map(|step: usize| {
        let rows = table.rows.iter().filter(|row| row[1] == step.to_string());
        Wins::of_choices(names.clone(), rows.map(|row| choice(&names, row))).unwrap()
    });
    let wanted = &expected["shift"];
    let shift = steps[0].win_rate_shift(&steps[4]).unwrap();
    for (name, found) in names.iter().zip(shift) {
        let wanted = number(&wanted["win_rate_5_less_1"][name]);
        assert_close(found.unwrap(), wanted, tolerance, name);
    }
    let rates = steps.map(|wins| -> Vec<f64> {
        let rates = wins.win_rates();
        rates.into_iter().map(Option::unwrap).collect()
    });
    let tau = |a: usize, b: usize| kendall_tau_b(&rates[a], &rates[b]).unwrap();
    for (pair, wanted) in wanted["kendall_tau_b"].as_object().unwrap() {
        let (a, b) = pair.split_once(',').unwrap();
        let [a, b] = [a, b].map(|step| step.parse::<usize>().unwrap() - 1);
        assert_close(tau(a, b), number(wanted), tolerance, pair);
    }
    let ends = number(&wanted["kendall_tau_b_1_5"]);
    assert_close(tau(0, 4), ends, tolerance, "first and last step");

    let dilemmas = table.rows.chunk_by(|a, b| a[0] == b[0]);
    let dilemmas: Vec<Vec<Choice>> = dilemmas
        .map(|rows| rows.iter().map(|row| choice(&names, row)).collect())
        .collect();
    let found = kept_choices(dilemmas.iter().map(Vec::as_slice));
    assert_eq!(wanted["kept"], found.kept);
    assert_eq!(wanted["could_keep"], found.could);
}

#[test]
fn items_tell_as_much_as_expected() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("adaptive")) else {
        return;
    };
    let expected = json(&folder.join("expected.json"));
    let tolerance = number(&expected["tolerance"]);
    let table = Table::read(&folder.join("counts.csv"));
    let (settings, items) = (table.column("setting"), table.column("item"));
    let counts = table.numbers(3);
    for item in 0..18 {
        let of_item = |steered: bool| -> Vec<usize> {
            (0..items.len())
                .filter(|&row| items[row] == item.to_string())
                .filter(|&row| (settings[row] != "empty") == steered)
                .collect()
        };
        let of = |rows: &[usize]| {
            let rows = counts.select(Axis(0), rows);
            Distributions::from_counts(rows.view()).unwrap()
        };
        let (answers, reference) = (of(&of_item(true)), of(&of_item(false)));
        let gjs = answers.jensen_shannon();
        let from = answers.distance_from(reference.shares().row(0)).unwrap();
        let close = |found: f64, key: &str| {
            assert_close(found, number(&expected[key][item]), tolerance, key);
        };
        close(gjs, "gjs");
        close(from.jensen_shannon, "disentangle_js");
        close(from.total_variation, "disentangle_total_variation");
        close(gjs + from.jensen_shannon, "score_js_beta_1");
        close(gjs + from.total_variation, "score_tv_beta_1");
    }
}

#[test]
fn items_are_chosen_as_expected() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("adaptive")) else {
        return;
    };
    let expected = json(&folder.join("expected.json"));
    let tolerance = number(&expected["tolerance"]);
    let table = Table::read(&folder.join("counts.csv"));
    let counts = table.numbers(3);
    let values = &table.column("value")[..18];
    let information = numbers(&expected["gjs"]).to_vec();
    let order = descending(&information).unwrap();
    assert_eq!(serde_json::json!(order), expected["order_by_gjs"]);
    let balanced = balanced_top(&information, values, 3).unwrap();
    assert_eq!(
        serde_json::json!(balanced),
        expected["three_per_value_by_gjs"]
    );

    // Mean scores of 8 answers each, [settings, items]; the empty setting comes last.
    let settings = counts.nrows() / 18 - 1;
    let score = |(setting, item): (usize, usize)| {
        let row = counts.row(setting * 18 + item);
        (row[0] - row[1]) / 8.0
    };
    let scores = Array2::from_shape_fn((settings, 18), score);
    let variances = scores.var_axis(Axis(0), 1.0);
    let wanted = numbers(&expected["variance_between_settings_of_mean_score"]);
    assert_all_close(&variances, &wanted, tolerance, "variance");
    for (value, wanted) in expected["sets_of_four_by_alpha"].as_object().unwrap() {
        let of_value: Vec<usize> = (0..18).filter(|&item| values[item] == value).collect();
        let cells = scores.select(Axis(1), &of_value);
        let cells = Scores::new(cells.view()).unwrap();
        let all = alpha(&cells).unwrap().value;
        assert_close(all, number(&wanted["all_six_alpha"]), tolerance, value);
        let searches = [
            (ItemSearch::Exhaustive, "best_four", "best_alpha"),
            (ItemSearch::Greedy, "greedy_four", "greedy_alpha"),
        ];
        for (search, items, alpha) in searches {
            let found = most_reliable(&cells, 4, search).unwrap();
            let chosen: Vec<usize> = found.items.iter().map(|&at| of_value[at]).collect();
            assert_eq!(serde_json::json!(chosen), wanted[items]);
            assert_close(found.alpha, number(&wanted[alpha]), tolerance, value);
        }
    }

    let names = ["U", "V", "W"];
    let mut topics = Ucb1::new(3);
    for pull in expected["ucb1"].as_array().unwrap() {
        let topic = topics.next_arm().unwrap();
        let of_topic = (0..18).filter(|&item| values[item] == names[topic]);
        let item = of_topic.cycle().nth(topics.pulls()[topic]).unwrap();
        assert_eq!(*pull, serde_json::json!([names[topic], item]));
        topics.reward(topic, information[item]).unwrap();
    }
}

#[test]
fn the_adaptive_test_asks_what_is_expected() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("adaptive")) else {
        return;
    };
    let expected = json(&folder.join("expected_test.json"));
    let tolerance = number(&expected["tolerance"]);
    let (slopes, difficulties) = (numbers(&expected["a"]), numbers(&expected["b"]));
    let items = slopes
        .iter()
        .zip(difficulties.slice(s![..]))
        .map(|(&slope, b)| ResponseItem {
            slope,
            intercepts: vec![-slope * b],
        });
    let grid = TraitGrid::new(-6.0, 6.0, 121).unwrap();
    let model = ResponseModel::new(items.collect(), grid).unwrap();
    let mut test = AdaptiveTest::new(&model);
    for step in expected["steps"].as_array().unwrap() {
        let item = test.next_item().unwrap();
        assert_eq!(item, step["item"]);
        let (place, _) = test.estimate();
        let information = model.items()[item].information(place);
        assert_close(
            information,
            number(&step["information"]),
            tolerance,
            "information",
        );
        test.answer(item, number(&step["answer"]) as usize).unwrap();
        let (mean, deviation) = test.estimate();
        assert_close(mean, number(&step["eap"]), tolerance, "mean");
        assert_close(deviation, number(&step["sd"]), tolerance, "deviation");
    }
}

#[test]
fn the_posterior_is_that_of_a_random_walk() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("ordinal")) else {
        return;
    };
    let expected = &json(&folder.join("expected.json"))["posterior"]["parameters"];
    let table = Table::read(&folder.join("answers.csv"));
    let models = table.column("model");
    let predictors = Array2::from_shape_fn((models.len(), 2), |(row, column)| {
        f64::from(u8::from(models[row] == ["B", "C"][column]))
    });
    let whole = |name: &str| -> Vec<usize> {
        table
            .column(name)
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect()
    };
    let answers: Vec<usize> = whole("rating").iter().map(|rating| rating - 1).collect();
    let scores = Scores::named(predictors.view(), ["model B", "model C"]).unwrap();
    let options = PosteriorOptions::default().n_draws(12_000).seed(5);
    let found = OrdinalPosterior::sample(&scores, &whole("item"), &answers, options).unwrap();

    let close = |found: &PosteriorSummary, name: &str| {
        let wanted = |key: &str| number(&expected[name][key]);
        let sd = wanted("sd");
        assert!(
            found.r_hat < 1.01 && found.effective_draws > 1_000.0,
            "{name}: {found:?}"
        );
        let both = wanted("mcse") + found.monte_carlo_error;
        assert_close(found.mean, wanted("mean"), 5.0 * both + 0.03 * sd, name);
        assert_close(found.deviation, sd, 0.04 * sd, name);
        assert_close(found.low, wanted("q025"), 0.1 * sd, name);
        assert_close(found.high, wanted("q975"), 0.1 * sd, name);
    };
    for (at, threshold) in found.thresholds.iter().enumerate() {
        close(threshold, &format!("threshold {}", at + 1));
    }
    close(&found.coefficients[0], "model B");
    close(&found.coefficients[1], "model C");
    for (at, item) in found.groups.iter().enumerate() {
        close(item, &format!("item {at}"));
    }
    close(&found.group_deviation, "sigma_item");
}
