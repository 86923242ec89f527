//! The discrete tests against a plain count, and on hostile tables.

use std::collections::BTreeMap;

use causal_pc::CiTest;
use causal_pc::ci::{
    ChiSquare, DegreesOfFreedom, DiscreteOptions, DiscreteResult, GSquare, MinimumCount,
};
use causal_pc::data::Missing;
use ndarray::{Array2, ArrayView2};
use proptest::prelude::*;

type Sample = Option<u16>;

/// G2, chi2, degrees of freedom, samples and strata by the definition.
fn plain(data: &ArrayView2<'_, Sample>, x: usize, y: usize, given: &[usize]) -> [f64; 5] {
    let mut strata: BTreeMap<Vec<u16>, Vec<(u16, u16)>> = BTreeMap::new();
    for row in data.rows() {
        let key: Option<Vec<u16>> = given.iter().map(|&v| row[v]).collect();
        if let (Some(key), Some(x), Some(y)) = (key, row[x], row[y]) {
            strata.entry(key).or_default().push((x, y));
        }
    }
    let (mut g2, mut x2, mut dof, mut n) = (0.0, 0.0, 0.0, 0.0);
    for rows in strata.values() {
        let mut x_counts: BTreeMap<u16, f64> = BTreeMap::new();
        let mut y_counts: BTreeMap<u16, f64> = BTreeMap::new();
        let mut counts: BTreeMap<(u16, u16), f64> = BTreeMap::new();
        for &(a, b) in rows {
            *x_counts.entry(a).or_default() += 1.0;
            *y_counts.entry(b).or_default() += 1.0;
            *counts.entry((a, b)).or_default() += 1.0;
        }
        for (&a, x_count) in &x_counts {
            for (&b, y_count) in &y_counts {
                let observed = counts.get(&(a, b)).copied().unwrap_or(0.0);
                let expected = x_count * y_count / rows.len() as f64;
                x2 += (observed - expected).powi(2) / expected;
                if observed > 0.0 {
                    g2 += 2.0 * observed * (observed / expected).ln();
                }
            }
        }
        dof += (x_counts.len() - 1) as f64 * (y_counts.len() - 1) as f64;
        n += rows.len() as f64;
    }
    [g2, x2, dof, n, strata.len() as f64]
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-10 * (1.0 + expected.abs())
}

fn check(data: &ArrayView2<'_, Sample>, x: usize, y: usize, given: &[usize]) {
    let options = DiscreteOptions::new()
        .missing(Missing::TestwiseDeletion)
        .max_levels(usize::MAX);
    let g2 = GSquare::with_options(*data, options.clone()).unwrap();
    let x2 = ChiSquare::with_options(*data, options).unwrap();
    let [exact_g2, exact_x2, dof, n, strata] = plain(data, x, y, given);
    let mut reversed = given.to_vec();
    reversed.reverse();
    for (found, exact, other_way) in [
        (g2.test(x, y, given), exact_g2, g2.test(y, x, &reversed)),
        (x2.test(x, y, given), exact_x2, x2.test(y, x, &reversed)),
    ] {
        let found: DiscreteResult = found.unwrap();
        assert!(near(found.statistic, exact), "{found:?} {exact}");
        assert_eq!(found.dof, dof);
        assert_eq!((found.n_samples as f64, found.n_strata as f64), (n, strata));
        assert!(
            (0.0..=1.0).contains(&found.p_value) && found.log_p_value <= 0.0,
            "{found:?}"
        );
        assert!((found.log_p_value.exp() - found.p_value).abs() <= 1e-12 * found.p_value);
        assert_eq!(found, other_way.unwrap());
    }
}

/// Data of a few variables whose levels are few, many or one, with or without missing values.
fn data() -> impl Strategy<Value = Array2<Sample>> {
    (1_usize..120, 2_usize..6).prop_flat_map(|(n, p)| {
        let levels = prop::sample::select(vec![1_u16, 2, 3, 5, 17, 300, 60_000]);
        let column = (levels, prop::sample::select(vec![0.0, 0.0, 0.2, 0.7])).prop_flat_map(
            move |(levels, absent)| {
                let value = (0..levels, prop::bool::weighted(absent));
                let value = value.prop_map(|(level, absent)| (!absent).then_some(level));
                prop::collection::vec(value, n)
            },
        );
        prop::collection::vec(column, p).prop_filter_map(
            "a column without values",
            move |columns| {
                let present = |column: &Vec<Sample>| column.iter().any(Option::is_some);
                columns
                    .iter()
                    .all(present)
                    .then(|| Array2::from_shape_fn((n, p), |(row, v)| columns[v][row]))
            },
        )
    })
}

/// PROPTEST_CASES in the environment asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(3_000))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn statistics_are_those_of_the_plain_count(data in data(), pick in any::<prop::sample::Index>()) {
        let p = data.ncols();
        let pairs: Vec<(usize, usize)> =
            (0..p).flat_map(|x| (0..p).filter(move |&y| y != x).map(move |y| (x, y))).collect();
        let (x, y) = pairs[pick.index(pairs.len())];
        let rest: Vec<usize> = (0..p).filter(|&v| v != x && v != y).collect();
        for size in 0..=rest.len() {
            check(&data.view(), x, y, &rest[..size]);
        }
    }
}

#[test]
fn a_table_beyond_memory_is_counted() {
    let n = 20_000;
    let data = Array2::from_shape_fn((n, 5), |(row, v)| (row * (v + 3)) % (n - v));
    let any = DiscreteOptions::new().max_levels(usize::MAX);
    let test = ChiSquare::with_options(data.view(), any).unwrap();
    let all_apart = test.test(0, 1, &[]).unwrap();
    assert_eq!(all_apart.n_samples, n);
    assert!(all_apart.dof > 1e8);
    let alone_in_its_stratum = test.test(0, 1, &[2, 3, 4]).unwrap();
    assert!(alone_in_its_stratum.n_strata >= n - 5);
    assert_eq!(alone_in_its_stratum.p_value, 1.0);
}

#[test]
fn one_level_is_independent_of_everything() {
    let data = Array2::from_shape_fn((50, 3), |(row, v)| if v == 0 { 7 } else { row % (v + 1) });
    for given in [&[][..], &[2]] {
        let result = GSquare::from_samples(data.view())
            .unwrap()
            .test(0, 1, given)
            .unwrap();
        assert_eq!(
            (result.statistic, result.dof, result.p_value),
            (0.0, 0.0, 1.0)
        );
    }
}

#[test]
fn floats_integers_and_text_are_the_same_levels() {
    let codes = Array2::from_shape_fn((200, 3), |(row, v)| (row * row + row / (v + 1)) % (v + 2));
    let expected = ChiSquare::from_samples(codes.view())
        .unwrap()
        .test(0, 2, &[1])
        .unwrap();
    let floats = codes.mapv(|code| code as f64 * 0.5 - 0.5);
    let text = codes.mapv(|code| format!("level {code}"));
    let bytes = codes.mapv(|code| code as u8);
    assert_eq!(
        ChiSquare::from_samples(floats.view())
            .unwrap()
            .test(0, 2, &[1])
            .unwrap(),
        expected
    );
    assert_eq!(
        ChiSquare::from_samples(text.view())
            .unwrap()
            .test(0, 2, &[1])
            .unwrap(),
        expected
    );
    assert_eq!(
        ChiSquare::from_samples(bytes.view())
            .unwrap()
            .test(0, 2, &[1])
            .unwrap(),
        expected
    );
    let column_major = codes.t().as_standard_layout().into_owned();
    assert_eq!(
        ChiSquare::from_samples(column_major.t())
            .unwrap()
            .test(0, 2, &[1])
            .unwrap(),
        expected
    );
}

#[test]
fn bad_data_and_questions_are_refused_with_their_place() {
    let good = Array2::<f64>::zeros((3, 3));
    let mut infinite = good.clone();
    infinite[[2, 1]] = f64::INFINITY;
    let mut missing = good.clone();
    missing[[1, 2]] = f64::NAN;
    let mut absent = good.clone();
    absent.column_mut(0).fill(f64::NAN);
    let lenient = DiscreteOptions::new().missing(Missing::TestwiseDeletion);
    let named = DiscreteOptions::new().names(["a", "b", "c"]);
    let nothing = DiscreteOptions::new().minimum_count(MinimumCount::PerDegreeOfFreedom(f64::NAN));
    for (data, options, message) in [
        (&infinite, named.clone(), "row 2, variable 1 (b): inf"),
        (
            &missing,
            named,
            "row 1, variable 2 (c): the value is missing",
        ),
        (&absent, lenient, "variable 0 is missing in every row"),
        (&good, nothing, "found NaN"),
        (
            &good,
            DiscreteOptions::new().names(["a"]),
            "1 names for 3 columns",
        ),
        (
            &Array2::zeros((0, 2)),
            DiscreteOptions::new(),
            "expected at least 1 row, found 0",
        ),
        (&Array2::zeros((4, 0)), DiscreteOptions::new(), "no column"),
    ] {
        let error = GSquare::with_options(data.view(), options)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    }
    let test = GSquare::from_samples(good.view()).unwrap();
    for (x, y, given, message) in [
        (0, 3, &[][..], "variable 3 does not exist"),
        (1, 1, &[], "variable 1 stands twice"),
        (0, 1, &[2, 0], "variable 0 stands twice"),
        (0, 1, &[2, 2], "variable 2 stands twice"),
    ] {
        let error = test.p_value(x, y, given).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn sparse_tables_are_independent_on_request() {
    let data = Array2::from_shape_fn((39, 3), |(row, v)| if v == 2 { row % 2 } else { row % 3 });
    let rule = |factor| {
        let options =
            DiscreteOptions::new().minimum_count(MinimumCount::PerDegreeOfFreedom(factor));
        GSquare::with_options(data.view(), options)
            .unwrap()
            .p_value(0, 1, &[2])
            .unwrap()
    };
    // (3 - 1) (3 - 1) 2 = 8 degrees of freedom for 39 samples
    assert!(rule(4.8) < 1e-8);
    assert_eq!(rule(4.9), 1.0);
    let all = DiscreteOptions::new().degrees_of_freedom(DegreesOfFreedom::AllCells);
    let all = GSquare::with_options(data.view(), all)
        .unwrap()
        .test(0, 1, &[2])
        .unwrap();
    assert_eq!(all.dof, 8.0);
}
