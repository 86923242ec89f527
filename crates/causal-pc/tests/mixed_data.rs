//! The test for mixed data: its level when there is no dependence, its power when there is, and what
//! it does with hostile data.

use causal_pc::CiTest;
use causal_pc::ci::VariableKind::{Continuous, Discrete};
use causal_pc::ci::{
    DiscreteOptions, FisherZ, GSquare, MixedOptions, MixedTest, TooFew, VariableKind,
};
use causal_pc::data::Missing;
use ndarray::{Array2, s};
use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// A level from 0 to 2 by logistic regression on a number.
fn level(rng: &mut impl Rng, score: f64) -> f64 {
    let weights = [1.0, score.exp(), (0.5 - 0.7 * score).exp()];
    let at = rng.random::<f64>() * weights.iter().sum::<f64>();
    f64::from(u8::from(at > weights[0])) + f64::from(u8::from(at > weights[0] + weights[1]))
}

/// x and y, each continuous or discrete, with a continuous and a discrete cause in common, and an
/// effect of x on y of the given size.
fn sample(rng: &mut impl Rng, n: usize, kinds: [VariableKind; 2], effect: f64) -> Array2<f64> {
    let mut data = Array2::zeros((n, 4));
    for mut row in data.rows_mut() {
        let (number, group) = (normal(rng), level(rng, 0.0));
        let common = 0.8 * number + 0.6 * f64::from(u8::from(group == 1.0));
        let draw = |rng: &mut _, kind, score: f64| match kind {
            Continuous => score + normal(rng),
            Discrete => level(rng, score),
        };
        let x = draw(rng, kinds[0], common);
        let y = draw(rng, kinds[1], effect * x - common);
        row.assign(&ndarray::array![x, y, number, group]);
    }
    data
}

const PAIRS: [[VariableKind; 2]; 3] = [
    [Continuous, Continuous],
    [Discrete, Continuous],
    [Discrete, Discrete],
];

fn p_values(seed: u64, n: usize, pair: [VariableKind; 2], effect: f64, absent: f64) -> Vec<f64> {
    let kinds = [pair[0], pair[1], Continuous, Discrete];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let one = |_| {
        let mut data = sample(&mut rng, 250, pair, effect);
        data.mapv_inplace(|v| {
            if rng.random::<f64>() < absent {
                f64::NAN
            } else {
                v
            }
        });
        let options = MixedOptions::new().missing(Missing::TestwiseDeletion);
        let test = MixedTest::with_options(data.view(), &kinds, options).unwrap();
        test.p_value(0, 1, &[2, 3]).unwrap()
    };
    (0..n).map(one).collect()
}

/// Under independence a p-value falls below each level as often as the level says. With two
/// regressions it is a little larger on average, which the lower bound allows for.
#[test]
fn p_values_are_uniform_under_independence() {
    for (seed, pair) in (0..).zip(PAIRS) {
        for absent in [0.0, 0.1] {
            let p = p_values(seed, 300, pair, 0.0, absent);
            for level in [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9] {
                let below = p.iter().filter(|&&p| p < level).count() as f64;
                let expected = level * p.len() as f64;
                let deviation = 3.5 * (expected * (1.0 - level)).sqrt();
                let share = if pair == PAIRS[0] { 1.0 } else { 0.75 };
                assert!(
                    below < expected + deviation,
                    "{pair:?} {absent} {level}: {below}"
                );
                assert!(
                    below > share * expected - deviation,
                    "{pair:?} {absent} {level}: {below}"
                );
            }
        }
    }
}

#[test]
fn dependence_is_found() {
    for (seed, pair) in (0..).zip(PAIRS) {
        let p = p_values(seed, 100, pair, 0.5, 0.0);
        let found = p.iter().filter(|&&p| p < 0.05).count();
        assert!(found > 80, "{pair:?}: {found}");
    }
}

#[test]
fn answers_do_not_depend_on_how_the_question_is_put() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let data = sample(&mut rng, 200, [Discrete, Continuous], 0.2);
    let test = MixedTest::from_samples(data.view(), &[Discrete, Continuous, Continuous, Discrete])
        .unwrap();
    let p = test.p_value(0, 1, &[2, 3]).unwrap();
    assert_eq!(test.p_value(1, 0, &[3, 2]).unwrap(), p);
    // Units and the names of levels do not matter.
    let mut other = data.clone();
    other.column_mut(1).mapv_inplace(|v| 1e6 - 1e-3 * v);
    other.column_mut(0).mapv_inplace(|v| -2.5 * v);
    let other =
        MixedTest::from_samples(other.view(), &[Discrete, Continuous, Continuous, Discrete])
            .unwrap();
    let again = other.p_value(0, 1, &[2, 3]).unwrap();
    assert!((again / p - 1.0).abs() < 1e-6, "{again} {p}");
}

#[test]
fn pure_questions_agree_with_the_tests_for_pure_data() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let numbers = sample(&mut rng, 2_000, [Continuous; 2], 0.05);
    let numbers = numbers.slice(s![.., ..3]);
    let mixed = MixedTest::from_samples(numbers, &[Continuous; 3])
        .unwrap()
        .p_value(0, 1, &[2])
        .unwrap();
    let fisher = FisherZ::from_samples(numbers)
        .unwrap()
        .p_value(0, 1, &[2])
        .unwrap();
    assert!((mixed / fisher - 1.0).abs() < 0.01, "{mixed} {fisher}");

    let groups = sample(&mut rng, 2_000, [Discrete; 2], 0.1);
    let kinds = [Discrete, Discrete, Continuous, Discrete];
    let mixed = MixedTest::from_samples(groups.view(), &kinds).unwrap();
    let any = DiscreteOptions::new().max_levels(usize::MAX);
    let g_square = GSquare::with_options(groups.view(), any).unwrap();
    for given in [&[][..], &[3]] {
        assert_eq!(
            mixed.p_value(1, 0, given).unwrap(),
            g_square.p_value(0, 1, given).unwrap()
        );
    }
}

/// The t test of the partial correlation, computed by R's `summary(lm(y ~ x + z))`:
/// x <- c(1, 2, 3, 4, 5, 6, 7, 8); z <- c(2, 1, 4, 3, 6, 5, 8, 9); y <- c(1, 3, 2, 5, 4, 6, 8, 5).
#[test]
fn a_small_regression_by_hand() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let z = [2.0, 1.0, 4.0, 3.0, 6.0, 5.0, 8.0, 9.0];
    let y = [1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 8.0, 5.0];
    let data = Array2::from_shape_fn((8, 3), |(i, v)| [x[i], y[i], z[i]][v]);
    let p = MixedTest::from_samples(data.view(), &[Continuous; 3])
        .unwrap()
        .p_value(0, 1, &[2])
        .unwrap();
    assert!((p - 0.041_528_337_895_451_13).abs() < 1e-12, "{p}");
}

#[test]
fn what_the_set_determines_is_independent() {
    let data = Array2::from_shape_fn((60, 5), |(i, v)| match v {
        0 => (i % 4) as f64,
        1 => (i % 4 / 2) as f64,
        2 => (i as f64).sin(),
        3 => 2.0 * (i as f64).sin() + 1.0,
        _ => 7.0,
    });
    let kinds = [Discrete, Discrete, Continuous, Continuous, Continuous];
    let test = MixedTest::from_samples(data.view(), &kinds).unwrap();
    assert_eq!(test.p_value(2, 1, &[0]).unwrap(), 1.0); // the level of 0 tells that of 1
    assert_eq!(test.p_value(2, 4, &[0]).unwrap(), 1.0); // a constant
    assert_eq!(test.p_value(0, 4, &[2]).unwrap(), 1.0);
    // A multiple of the other: minus infinity, but for rounding.
    assert!(test.log_p_value(2, 3, &[]).unwrap() < -700.0);
}

#[test]
fn too_few_samples_are_refused_or_answered_as_told() {
    let data = Array2::from_shape_fn((4, 4), |(i, v)| {
        ((i * 7 + v * 3) % 5) as f64 + 0.1 * v as f64
    });
    let test = |too_few| {
        let options = MixedOptions::new()
            .too_few(too_few)
            .names(["a", "b", "c", "d"]);
        MixedTest::with_options(data.view(), &[Continuous; 4], options).unwrap()
    };
    let message = test(TooFew::Refuse)
        .p_value(0, 1, &[2, 3])
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("4 samples cannot test 0 (a) and 1 (b) given 2 variables"),
        "{message}"
    );
    assert_eq!(test(TooFew::KeepEdge).p_value(0, 1, &[2, 3]).unwrap(), 0.0);
    assert_eq!(test(TooFew::DropEdge).p_value(0, 1, &[2, 3]).unwrap(), 1.0);
}

#[test]
fn bad_data_are_refused_with_their_place() {
    let good = Array2::from_shape_fn((50, 2), |(i, v)| (i + v) as f64);
    let absent = Array2::from_elem((3, 2), f64::NAN);
    let lenient = MixedOptions::new()
        .missing(Missing::TestwiseDeletion)
        .names(["a", "b"]);
    for (data, kinds, options, message) in [
        (
            &good,
            &[Continuous][..],
            MixedOptions::new(),
            "expected a kind for each column (2), found 1",
        ),
        (
            &good,
            &[Continuous, Discrete],
            MixedOptions::new(),
            "variable 1 is said to be discrete",
        ),
        (
            &absent,
            &[Continuous; 2],
            MixedOptions::new(),
            "row 0, variable 0",
        ),
        (
            &absent,
            &[Discrete; 2],
            lenient,
            "variable 0 (a) is missing in every row",
        ),
        (
            &Array2::zeros((0, 2)),
            &[Discrete; 2],
            MixedOptions::new(),
            "at least 1 row, found 0",
        ),
        (
            &Array2::zeros((2, 0)),
            &[],
            MixedOptions::new(),
            "no column",
        ),
    ] {
        let error = MixedTest::with_options(data.view(), kinds, options)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    }
    let test = MixedTest::from_samples(good.view(), &[Continuous; 2]).unwrap();
    assert!(test.p_value(0, 2, &[]).is_err() && test.p_value(0, 0, &[]).is_err());
}

/// Columns that repeat, are constant, huge or tiny, with any kinds and missing values.
fn hostile() -> impl Strategy<Value = (Array2<f64>, Vec<VariableKind>)> {
    let value = prop_oneof![
        4 => (0..3_i32).prop_map(f64::from),
        2 => -1.0..1.0,
        1 => Just(1e300),
        1 => Just(-1e-300),
        1 => Just(f64::NAN),
    ];
    (2_usize..6, 1_usize..40).prop_flat_map(move |(p, n)| {
        let kinds = prop::collection::vec(prop::sample::select(vec![Continuous, Discrete]), p);
        let columns = prop::collection::vec(prop::collection::vec(value.clone(), n), p);
        let repeat = prop::option::of((0..p, 0..p));
        (columns, kinds, repeat).prop_map(move |(mut columns, kinds, repeat)| {
            if let Some((from, to)) = repeat {
                columns[to] = columns[from].clone();
            }
            (Array2::from_shape_fn((n, p), |(i, v)| columns[v][i]), kinds)
        })
    })
}

/// PROPTEST_CASES in the environment asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(1_000))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_question_has_a_p_value((data, kinds) in hostile()) {
        let options = MixedOptions::new()
            .missing(Missing::TestwiseDeletion)
            .too_few(TooFew::KeepEdge)
            .max_levels(100);
        if let Ok(test) = MixedTest::with_options(data.view(), &kinds, options) {
            let given: Vec<usize> = (2..data.ncols()).collect();
            for size in 0..=given.len() {
                let p = test.p_value(0, 1, &given[..size]).unwrap();
                prop_assert!((0.0..=1.0).contains(&p), "{p}");
                let log_p = test.log_p_value(1, 0, &given[..size]).unwrap();
                prop_assert!(log_p <= 0.0 && (log_p.exp() - p).abs() < 1e-12, "{log_p} {p}");
            }
        }
    }
}
