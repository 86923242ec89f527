//! Schwartz's keys and scores against an independent implementation, on synthetic answers. The folder
//! that `PSYCHOMETRICS_ORACLES` names holds them.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use valuebench::schwartz::{Answers, Instrument, PVQ_21, PVQ_40, PVQ_RR, SVS};

fn folder() -> Option<PathBuf> {
    common::folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("schwartz"))
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

const INSTRUMENTS: [&Instrument; 4] = [&PVQ_40, &PVQ_21, &PVQ_RR, &SVS];

#[test]
fn keys_are_the_published_ones() {
    let Some(folder) = folder() else { return };
    let expected = read(&folder.join("keys.json"));
    for instrument in INSTRUMENTS {
        let key = &expected["instruments"][instrument.name];
        assert_eq!(key["low"], instrument.low);
        assert_eq!(key["high"], instrument.high);
        assert_eq!(key["items"], instrument.n_items);
        let values = instrument
            .values
            .iter()
            .map(|&(value, items)| (value.to_owned(), json!(items)));
        assert_eq!(key["values"], Value::Object(values.collect()));
        let higher = instrument
            .higher
            .iter()
            .map(|&(value, of)| (value.to_owned(), json!(of)));
        assert_eq!(
            expected["higher"][instrument.name],
            Value::Object(higher.collect())
        );
        let circle = if instrument == &PVQ_RR {
            "circle_RR"
        } else {
            "circle"
        };
        let values: Vec<&str> = instrument.values.iter().map(|(value, _)| *value).collect();
        assert_eq!(expected[circle], json!(values));
    }
}

#[test]
fn scores_are_the_expected_ones() {
    let Some(folder) = folder() else { return };
    let expected = read(&folder.join("expected.json"));
    let tolerance = expected["tolerance"].as_f64().unwrap();
    for instrument in INSTRUMENTS {
        let path = folder.join(format!("answers_{}.csv", instrument.name));
        let answers = Answers::from_path(path, instrument).unwrap();
        let persons = expected["persons"][instrument.name].as_array().unwrap();
        assert_eq!(persons.len(), answers.persons.len());
        for (answers, wanted) in answers.answers.iter().zip(persons) {
            let found = instrument.score(answers).unwrap();
            let close = |found: Option<f64>, wanted: &Value, what: &str| {
                let gap = found.unwrap_or(f64::NAN) - wanted.as_f64().unwrap_or(f64::NAN);
                let both_none = found.is_none() && wanted.is_null();
                assert!(
                    both_none || gap.abs() <= tolerance,
                    "{what}: {found:?}, not {wanted}"
                );
            };
            close(Some(found.mrat), &wanted["mrat"], "mrat");
            for of in &found.values {
                close(of.raw, &wanted["raw"][of.value], of.value);
                close(of.centred, &wanted["centred"][of.value], of.value);
            }
            for of in &found.higher {
                close(
                    of.by_values,
                    &wanted["higher_by_values"][of.value],
                    of.value,
                );
                close(of.by_items, &wanted["higher_by_items"][of.value], of.value);
            }
            assert_eq!(wanted["missing"], found.n_missing);
        }
    }
}
