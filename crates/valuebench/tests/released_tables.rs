//! The released orientation files of Gemma-2B-IT: every byte and every derived number.

mod common;

use std::fs;

use valuebench::{OrientationTable, Setting};

const FILES: [(&str, usize); 4] = [
    ("ans_gemma_train_formal.csv", 2525),
    ("ans_gemma_test_formal.csv", 650),
    ("ans_gemma_test_compare_positive_s1.csv", 26),
    ("ans_gemma_test_compare_negative_s1.csv", 26),
];

fn tables() -> Vec<(&'static str, usize, OrientationTable)> {
    let Some(folder) = common::folder("VALUE_CAUSAL_RELEASED") else {
        return Vec::new();
    };
    FILES
        .into_iter()
        .map(|(file, n_rows)| {
            let table = OrientationTable::from_path(folder.join(file)).unwrap();
            (file, n_rows, table)
        })
        .collect()
}

#[test]
fn shape_and_order() {
    for (file, n_rows, table) in tables() {
        assert_eq!(table.matrix().dim(), (n_rows, 17), "{file}");
        assert_eq!(table.values()[0], "Achievement");
        assert_eq!(table.values()[16], "Understanding");
        assert_eq!(table.settings()[0], Setting::default());
        assert_eq!(table.position(&Setting::default()), Some(0));
        let unsteered = table.select(Setting::is_unsteered);
        assert_eq!(
            unsteered.n_settings(),
            if n_rows == 2525 { 101 } else { 26 }
        );
    }
}

#[test]
fn bytes_survive_a_round_trip() {
    let Some(folder) = common::folder("VALUE_CAUSAL_RELEASED") else {
        return;
    };
    let out = tempfile::tempdir().unwrap();
    for (file, _) in FILES {
        let source = fs::read_to_string(folder.join(file)).unwrap();
        let with_crlf = source.replace('\n', "\r\n");
        let with_bom = format!("\u{feff}{source}");
        let without_end = source.trim_end().to_owned();
        for text in [source, with_crlf, with_bom, without_end] {
            let path = out.path().join(file);
            let table = OrientationTable::from_reader(text.as_bytes()).unwrap();
            table.write_csv(&path).unwrap();
            assert!(fs::read_to_string(&path).unwrap() == text, "{file}");
        }
    }
}

/// `new` from the numbers alone writes the same file: every number of the released files is in
/// the form that this crate writes, and `scstds` is the mean of the row's `scstd` to the last bit.
#[test]
fn own_tables_are_written_as_the_released_ones() {
    let Some(folder) = common::folder("VALUE_CAUSAL_RELEASED") else {
        return;
    };
    for (file, _, table) in tables() {
        let own = OrientationTable::new(
            table.values().to_vec(),
            table.settings().to_vec(),
            table.matrix().to_owned(),
            table.scstd_matrix().map(|m| m.to_owned()),
        )
        .and_then(|own| own.with_stds(table.stds().unwrap().to_owned()))
        .unwrap();
        let released = fs::read_to_string(folder.join(file)).unwrap();
        assert!(own.to_csv() == released, "{file}");
    }
}

/// `stds` is the mean over the values of the population standard deviation of scores in
/// {-1, 0, 1}. Their squares add up to at most the number of items (no answer was unsure) and at
/// least to the absolute orientation times that number, which bounds every row from both sides;
/// rows without an unsure answer reach the upper bound.
#[test]
fn stds_lie_between_their_bounds_in_every_row() {
    let mut reached = Vec::new();
    for (file, _, table) in tables() {
        let mean = |f: fn(f64) -> f64, row: usize| {
            let row = table.matrix().row(row).mapv(|m| f(m).max(0.0).sqrt());
            row.mean().unwrap()
        };
        let mut at_bound = 0;
        for (row, &stds) in table.stds().unwrap().iter().enumerate() {
            let upper = mean(|m| 1.0 - m * m, row);
            let lower = mean(|m| m.abs() - m * m, row);
            assert!(
                lower - 1e-12 <= stds && stds <= upper + 1e-12,
                "{file}, row {row}"
            );
            at_bound += usize::from((upper - stds).abs() < 1e-12);
        }
        reached.push(at_bound);
    }
    assert!(
        reached.is_empty() || reached == [900, 355, 22, 24],
        "{reached:?}"
    );
}

/// What a table says of the spread of item scores, if no answer was unsure, beside what the
/// released code has measured.
#[test]
fn hardly_an_answer_was_unsure() {
    let expected = [(0.00998, 900), (0.00763, 355)];
    for ((file, n_rows, table), (mean_excess, n_exact)) in tables().into_iter().zip(expected) {
        let (variances, stds) = (
            table.score_variances_if_none_unsure(),
            table.stds().unwrap(),
        );
        let excess: Vec<f64> = variances
            .rows()
            .into_iter()
            .zip(stds)
            .map(|(row, std)| row.mapv(f64::sqrt).mean().unwrap() - std)
            .collect();
        assert!(
            excess.iter().all(|excess| (-1e-12..0.15).contains(excess)),
            "{file}"
        );
        let mean = excess.iter().sum::<f64>() / n_rows as f64;
        assert!((mean - mean_excess).abs() < 1e-5, "{file}: {mean}");
        assert_eq!(
            excess.iter().filter(|excess| excess.abs() < 1e-12).count(),
            n_exact,
            "{file}"
        );
    }
}
