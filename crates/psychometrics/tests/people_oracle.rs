//! What people answered: their values' correlations and circle, ratings held against values, orders
//! held against orders. The folder that `PSYCHOMETRICS_ORACLES` names holds the numbers.

mod common;

use std::collections::HashMap;

use common::{Table, assert_all_close, assert_close, folder, json, matrix, number, numbers};
use ndarray::{Axis, s};
use psychometrics::circumplex::Circumplex;
use psychometrics::ranks::{average_overlap, spearman};
use psychometrics::{Correlations, Scores};

#[test]
fn the_values_of_people_lie_on_a_circle_and_vary_in_nine_directions() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES") else {
        return;
    };
    let folder = folder.join("valueportrait");
    let expected = json(&folder.join("expected_human.json"));
    let tolerance = number(&expected["tolerance"]);
    let people = Table::read(&folder.join("people.csv"));
    let (names, cells) = (&people.header[1..11], people.numbers(1));
    let cells = cells.slice(s![.., ..10]);
    assert_eq!(serde_json::json!(names), expected["values"]);
    assert_eq!(expected["n"], cells.nrows());
    let scores = Scores::named(cells, names).unwrap();
    let found = Correlations::of(&scores).unwrap();
    assert_eq!(expected["rank"], found.rank());
    assert_all_close(
        found.matrix(),
        &matrix(&expected["correlation"]),
        tolerance,
        "correlation",
    );
    let eigenvalues = numbers(&expected["eigenvalues"]);
    assert_all_close(found.eigenvalues(), &eigenvalues, tolerance, "eigenvalue");
    for (name, mean) in names.iter().zip(cells.mean_axis(Axis(0)).unwrap()) {
        assert_close(mean, number(&expected["means"][name]), tolerance, name);
    }

    let wanted = &expected["circle"];
    let circle = Circumplex::of(&found).unwrap();
    let order: Vec<&String> = circle.order.iter().map(|&at| &names[at]).collect();
    assert_eq!(serde_json::json!(order), wanted["order"]);
    let r = number(&wanted["r_with_circle_distance"]);
    assert_close(circle.r_with_distance, r, tolerance, "r with distance");
    let wanted = numbers(&wanted["mean_r_by_distance"]);
    assert_all_close(&circle.mean_r_by_distance, &wanted, tolerance, "mean r");
}

#[test]
fn ratings_go_with_the_values_of_those_who_rate() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES") else {
        return;
    };
    let folder = folder.join("valueportrait");
    let people = Table::read(&folder.join("survey_people.csv"));
    let (people_columns, values) = (&people.header[1..], people.numbers(1));
    let place: HashMap<&str, usize> = people.column("person").into_iter().zip(0..).collect();
    let survey = Table::read(&folder.join("survey_block.csv"));
    let mut raters: HashMap<&[String], (Vec<usize>, Vec<f64>)> = HashMap::new();
    for row in &survey.rows {
        let (people, ratings) = raters.entry(&row[..2]).or_default();
        people.push(place[row[2].as_str()]);
        ratings.push(row[3].parse().unwrap());
    }
    let expected = Table::read(&folder.join("expected_item_correlations.csv"));
    for row in &expected.rows {
        let (people, ratings) = &raters[&row[..2]];
        let column = people_columns.iter().position(|name| *name == row[2]);
        let value = values.column(column.unwrap());
        let value: Vec<f64> = people.iter().map(|&person| value[person]).collect();
        let wanted: f64 = row[3].parse().unwrap();
        assert_close(spearman(ratings, &value).unwrap(), wanted, 1e-12, &row[2]);
    }
}

#[test]
fn orders_are_held_against_each_other() {
    let Some(folder) = folder("PSYCHOMETRICS_ORACLES") else {
        return;
    };
    let expected = json(&folder.join("promethee/expected.json"));
    let tolerance = number(&expected["tolerance"]);
    for case in expected["set_similarity"].as_array().unwrap() {
        let order = |key: &str| -> Vec<usize> {
            numbers(&case[key])
                .iter()
                .map(|&place| place as usize)
                .collect()
        };
        let found = average_overlap(&order("a"), &order("b")).unwrap();
        assert_close(found, number(&case["similarity"]), tolerance, "similarity");
    }
    let expected = json(&folder.join("couple/expected.json"));
    let tolerance = number(&expected["tolerance"]);
    for case in expected["measures"].as_array().unwrap() {
        let [target, got] = ["target", "got"].map(|key| numbers(&case[key]).to_vec());
        let found = spearman(&target, &got).unwrap();
        assert_close(found, number(&case["spearman"]), tolerance, "spearman");
    }
}
