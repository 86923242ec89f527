//! Tables from one's own numbers: what is refused, and with which message.

use ndarray::{Array2, array};
use valuebench::{OrientationTable, Setting};

fn error(
    values: &[&str],
    settings: Vec<Setting>,
    orientations: Array2<f64>,
    scstd: Option<Array2<f64>>,
) -> String {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    let table = OrientationTable::new(values, settings, orientations, scstd);
    table.unwrap_err().to_string()
}

fn two() -> Vec<Setting> {
    vec![Setting::default(), Setting::steered("Ada", 7)]
}

#[test]
fn shapes() {
    assert_eq!(
        error(&["A"], two(), array![[0.0, 1.0]], None),
        "orientations: expected the shape [2, 1], found [1, 2]"
    );
    assert_eq!(
        error(&["A"], two(), array![[0.0], [1.0]], Some(array![[0.0]])),
        "scstd: expected the shape [2, 1], found [1, 1]"
    );
    let table = OrientationTable::new(vec!["A".into()], two(), array![[0.0], [1.0]], None);
    assert_eq!(
        table
            .unwrap()
            .with_stds(array![0.5])
            .unwrap_err()
            .to_string(),
        "stds: expected the shape [2], found [1]"
    );
}

#[test]
fn names() {
    for name in [
        "",
        "steer_dim",
        "player_name",
        "stds",
        "scstds",
        "A:scstd",
        "Unnamed: 0",
    ] {
        assert_eq!(
            error(&["A", name], two(), Array2::zeros((2, 2)), None),
            format!("value 1: expected a name that the file format does not use, found {name:?}")
        );
    }
    assert_eq!(
        error(&["A", "B", "A"], two(), Array2::zeros((2, 3)), None),
        "value 2 (A): expected each value once, found it first as value 0"
    );
}

#[test]
fn settings() {
    let mut unnamed = two();
    unnamed[1].role = Some(String::new());
    assert_eq!(
        error(&["A"], unnamed, Array2::zeros((2, 1)), None),
        "setting 1: expected a role with a name, or no role, found an empty name"
    );
    let twice = vec![Setting::default(), Setting::default()];
    assert_eq!(
        error(&["A"], twice, Array2::zeros((2, 1)), None),
        "setting 1 (empty role, unsteered): expected each setting once, found it first as setting 0"
    );
}

#[test]
fn numbers() {
    for (number, text) in [(1.5, "1.5"), (f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf")] {
        assert_eq!(
            error(&["A"], two(), array![[0.0], [number]], None),
            format!("setting Ada, feature 7, A: expected an orientation in [-1, 1], found {text}")
        );
    }
    assert_eq!(
        error(
            &["A"],
            two(),
            array![[0.0], [0.0]],
            Some(array![[-1.0], [2.5]])
        ),
        "setting Ada, feature 7, A:scstd: expected -1 or a standard deviation in [0, 2], found 2.5"
    );
    let table = OrientationTable::new(vec!["A".into()], two(), array![[0.0], [1.0]], None);
    assert_eq!(
        table
            .unwrap()
            .with_stds(array![0.5, -0.5])
            .unwrap_err()
            .to_string(),
        "setting Ada, feature 7, stds: expected a mean of standard deviations in [0, 1], found -0.5"
    );
}
