//! Every number that the released Gemma measurements give, against reference values computed
//! elsewhere. Reads the folders named by VALUE_CAUSAL_RELEASED and VALUE_CAUSAL_EXPECTED.

use std::path::{Path, PathBuf};

use reproduce::Arguments;
use reproduce::judged::{few_draws, judged};
use reproduce::outputs::table_1;
use reproduce::results::Results;
use serde_json::Value;

fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: {variable} names no folder");
    }
    folder
}

fn gemma(data: PathBuf) -> Arguments {
    Arguments {
        experiment: Some(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/gemma-2b-it.toml"),
        ),
        data: Some(data),
        out: PathBuf::new(),
    }
}

#[test]
fn every_number_equals_the_reference() {
    let Some(data) = folder("VALUE_CAUSAL_RELEASED") else {
        return;
    };
    let Some(expected) = folder("VALUE_CAUSAL_EXPECTED") else {
        return;
    };
    let expected = std::fs::read_to_string(expected.join("gemma.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();

    let loaded = gemma(data).load().unwrap();
    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    let found = serde_json::to_value(&results).unwrap();

    let mut numbers = 0;
    compare("", &found, &expected["gemma"], &mut numbers);
    println!("{numbers} numbers and names are equal");
    assert!(numbers > 3000, "only {numbers} compared");
    assert_eq!(results.published_subset.pc_edges.len(), 44);
    assert_eq!(results.published_subset.reduced_edges.len(), 28);
    assert_eq!(results.all_features.pc_edges.len(), 56);
    assert_eq!(results.all_features.reduced_edges.len(), 19);
}

#[test]
fn no_graph_can_be_seen_in_them() {
    let Some(data) = folder("VALUE_CAUSAL_RELEASED") else {
        return;
    };
    let loaded = gemma(data).load().unwrap();
    let found = judged(&loaded, &few_draws(&loaded.experiment));
    assert_eq!(found.verdict.key(), "no_graph", "{}", found.sentence);
    let start = "No graph can be seen in these measurements";
    assert!(found.sentence.starts_with(start), "{}", found.sentence);
    let share = found.reliability.between_roles.draw_share.unwrap();
    assert!((share - 0.788).abs() < 5e-4, "{share}");
}

/// Table 1 of the paper, to the two decimals that it prints.
#[test]
fn table_1_equals_the_paper() {
    let Some(data) = folder("VALUE_CAUSAL_RELEASED") else {
        return;
    };
    let loaded = gemma(data).load().unwrap();
    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    let table = table_1(&loaded.experiment, &results).unwrap();
    let paper = &loaded.experiment.paper_tables.published;
    assert_eq!(paper.len(), 10 * 11 + 10);
    for ((row, column), printed) in paper {
        let at = table.values.iter().position(|value| value == column);
        let row_of = |feature| {
            table
                .rows
                .iter()
                .find(|row| row.feature == feature)
                .unwrap()
        };
        let ours = match (row.parse::<u64>(), at) {
            (Err(_), at) => table.noise_ratios[at.unwrap()],
            (Ok(feature), None) => row_of(feature).mean_similarity,
            (Ok(feature), Some(at)) => row_of(feature).cells[at].cosine,
        };
        let ours = ours.unwrap();
        assert!(
            (ours - printed).abs() < 0.005 + 1e-9,
            "{row}, {column}: {ours} for {printed}"
        );
    }
}

/// Same keys everywhere; numbers within 1e-12; lists in the same order.
fn compare(place: &str, found: &Value, expected: &Value, numbers: &mut usize) {
    match (found, expected) {
        (Value::Object(f), Value::Object(e)) => {
            let keys =
                |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            let (mut ours, mut theirs) = (keys(f), keys(e));
            ours.sort();
            theirs.sort();
            assert_eq!(ours, theirs, "keys of {place}");
            for (key, value) in f {
                compare(&format!("{place}/{key}"), value, &e[key], numbers);
            }
        }
        (Value::Array(f), Value::Array(e)) => {
            assert_eq!(f.len(), e.len(), "length of {place}");
            for (i, (f, e)) in f.iter().zip(e).enumerate() {
                compare(&format!("{place}/{i}"), f, e, numbers);
            }
        }
        (Value::Number(f), Value::Number(e)) => {
            *numbers += 1;
            let (f, e) = (f.as_f64().unwrap(), e.as_f64().unwrap());
            assert!((f - e).abs() <= 1e-12, "{place}: {f} for {e}");
        }
        _ => {
            *numbers += 1;
            assert_eq!(found, expected, "{place}");
        }
    }
}
