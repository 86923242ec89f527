//! The kernel test against causal-learn, its level and power, and hostile data.
#![cfg(feature = "lapack")]

use causal_pc::CiTest;
use causal_pc::ci::{Kci, KciOptions, KernelWidth};
use causal_pc::data::Missing;
use ndarray::Array2;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Multiples of square roots modulo 1 look random, and are the same everywhere.
fn samples(n: usize) -> Array2<f64> {
    let u = |i: usize, k: f64| ((i + 1) as f64 * k.sqrt()) % 1.0 * 2.0 - 1.0;
    Array2::from_shape_fn((n, 6), |(i, v)| {
        let (z, w) = (u(i, 2.0), u(i, 3.0));
        let x = z * z + 0.5 * u(i, 5.0);
        match v {
            0 => x,
            1 => (3.0 * z).sin() + 0.4 * u(i, 7.0),
            2 => z,
            3 => w,
            4 => x * w + 0.3 * u(i, 11.0),
            _ => u(i, 13.0),
        }
    })
}

type Query = (usize, usize, &'static [usize], f64);

/// `CIT(samples, 'kci')(x, y, S)` of causal-learn 0.1.4.8 on the samples above.
const SIXTY: [Query; 10] = [
    (0, 1, &[], 0.025_678_725_374_913_67),
    (0, 2, &[], 0.000_390_992_809_593_981_86),
    (0, 5, &[], 0.592_286_998_894_086_2),
    (0, 4, &[], 0.048_911_696_544_897_69),
    (0, 1, &[2], 0.337_038_412_473_184_1),
    (0, 2, &[1], 4.963_522_083_611_949e-5),
    (0, 4, &[3], 0.020_009_865_276_177_652),
    (1, 5, &[2, 3], 0.306_367_601_965_371_16),
    (0, 4, &[1, 2, 3], 0.093_486_103_516_930_1),
    (1, 4, &[0], 0.834_501_614_661_255_6),
];
const HUNDRED_AND_FIFTY: [Query; 8] = [
    (0, 1, &[], 0.605_107_195_190_235_4),
    (0, 5, &[], 0.978_551_737_786_614_9),
    (0, 4, &[], 5.612_489_457_629_266e-7),
    (0, 1, &[2], 0.469_596_218_761_438_4),
    (0, 4, &[3], 2.100_708_623_720_137_8e-7),
    (1, 5, &[2, 3], 0.213_768_637_783_386_28),
    (0, 4, &[1, 2, 3], 0.000_279_055_411_911_421_9),
    (1, 4, &[0], 0.859_108_602_137_069_5),
];
const THREE_HUNDRED: [Query; 4] = [
    (0, 1, &[], 0.370_346_801_843_348_56),
    (0, 1, &[2], 0.425_443_540_662_863_16),
    (1, 5, &[2, 3], 0.460_229_804_529_445_06),
    (1, 4, &[0], 0.460_693_041_003_939_26),
];

#[test]
fn p_values_are_those_of_causal_learn() {
    let cases: [(usize, &[Query]); 3] = [
        (60, &SIXTY),
        (150, &HUNDRED_AND_FIFTY),
        (300, &THREE_HUNDRED),
    ];
    for (n, queries) in cases {
        let test = Kci::from_samples(samples(n).view()).unwrap();
        for &(x, y, given, expected) in queries {
            let p = test.p_value(x, y, given).unwrap();
            // causal-learn computes 1 - cdf, which rounds to multiples of 1e-16.
            let error = (p - expected).abs();
            assert!(
                error < 1e-8 * expected + 1e-15,
                "{n} {x} {y} {given:?}: {p} {expected}"
            );
        }
    }
}

#[test]
fn tiny_p_values_keep_their_logarithm() {
    let test = Kci::from_samples(samples(600).view()).unwrap();
    let log_p = test.log_p_value(0, 2, &[]).unwrap();
    assert!(log_p < -50.0 && log_p.is_finite(), "{log_p}");
    assert_eq!(test.p_value(0, 2, &[]).unwrap(), log_p.exp());
}

#[test]
fn a_question_can_be_put_either_way() {
    let test = Kci::from_samples(samples(60).view()).unwrap();
    let p = test.p_value(0, 4, &[1, 3]).unwrap();
    assert_eq!(test.p_value(4, 0, &[3, 1]).unwrap(), p);
}

fn normal(n: usize, p: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((n, p), || StandardNormal.sample(&mut rng))
}

/// The number of p-values at or below .05 among 300 draws, with and without a common cause given.
fn rejections(effect: f64) -> [usize; 2] {
    let mut counts = [0; 2];
    for seed in 0..300 {
        let mut data = normal(100, 4, seed);
        for mut row in data.rows_mut() {
            let cause: f64 = row[2];
            row[1] += effect * row[0] * row[0];
            row[3] = 0.7 * cause.cos() + 0.5 * row[3] + effect * row[0];
            row[0] += cause.sin();
        }
        let test = Kci::from_samples(data.view()).unwrap();
        counts[0] += usize::from(test.p_value(1, 3, &[]).unwrap() <= 0.05);
        counts[1] += usize::from(test.p_value(0, 3, &[2]).unwrap() <= 0.05);
    }
    counts
}

#[test]
fn level_and_power_are_as_they_should() {
    // 15 expected of 300, standard deviation 3.8.
    let [free, given] = rejections(0.0);
    assert!((5..=27).contains(&free), "{free}");
    assert!((3..=27).contains(&given), "{given}");
    let [_, given] = rejections(1.0);
    assert!(given > 270, "{given}");
}

#[test]
fn options_change_what_they_say() {
    let data = samples(80);
    let p = |options| {
        Kci::with_options(data.view(), options)
            .unwrap()
            .p_value(0, 1, &[2])
            .unwrap()
    };
    let usual = p(KciOptions::new());
    let all_eigenvalues = p(KciOptions::new().eigenvalue_cut(0.0));
    assert!(usual != all_eigenvalues && (usual / all_eigenvalues - 1.0).abs() < 0.02);
    assert_eq!(p(KciOptions::new().width(KernelWidth::Fixed(1.2))), usual);
    assert_ne!(p(KciOptions::new().width(KernelWidth::Median)), usual);
    assert_ne!(p(KciOptions::new().regularization(0.1)), usual);
}

#[test]
fn bad_data_and_options_are_refused() {
    let good = samples(20);
    let lenient = || {
        KciOptions::new()
            .missing(Missing::TestwiseDeletion)
            .names(["a", "b"])
    };
    let mut sparse = Array2::from_elem((9, 2), f64::NAN);
    for i in 0..9 {
        sparse[[i, usize::from(i > 5)]] = i as f64;
    }
    let sparse = Kci::with_options(sparse.view(), lenient()).unwrap();
    let message = sparse.p_value(0, 1, &[]).unwrap_err().to_string();
    assert!(
        message.contains(" samples that are complete in 0 (a), 1 (b) and ")
            && message.ends_with("found 0"),
        "{message}"
    );
    for (data, options, message) in [
        (
            &good,
            KciOptions::new().regularization(0.0),
            "regularization",
        ),
        (
            &good,
            KciOptions::new().eigenvalue_cut(1.0),
            "eigenvalue_cut",
        ),
        (
            &good,
            KciOptions::new().width(KernelWidth::Fixed(f64::NAN)),
            "width",
        ),
        (&good, lenient(), "2 names for 6 columns"),
        (&samples(4), KciOptions::new(), "at least 5 rows, found 4"),
        (
            &Array2::from_elem((9, 2), f64::INFINITY),
            KciOptions::new(),
            "inf is not a finite",
        ),
    ] {
        let error = Kci::with_options(data.view(), options)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    }
    assert!(
        Kci::from_samples(good.view())
            .unwrap()
            .p_value(0, 1, &[1])
            .is_err()
    );
}

#[test]
fn constants_are_independent_of_everything() {
    let mut data = samples(40);
    data.column_mut(0).fill(1e300);
    let test = Kci::from_samples(data.view()).unwrap();
    assert_eq!(test.p_value(0, 1, &[]).unwrap(), 1.0);
    assert!(test.p_value(1, 2, &[0]).unwrap() < 0.05);
    assert!((0.0..=1.0).contains(&test.p_value(0, 1, &[2]).unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_question_has_a_p_value(
        columns in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![
                    3 => (0..3_i32).prop_map(f64::from),
                    3 => -1.0..1.0,
                    1 => Just(1e300),
                    1 => Just(-1e-300),
                    1 => Just(f64::NAN),
                ],
                30,
            ),
            4,
        ),
    ) {
        let data = Array2::from_shape_fn((30, 4), |(i, v)| columns[v][i]);
        let options = KciOptions::new().missing(Missing::TestwiseDeletion);
        let test = Kci::with_options(data.view(), options).unwrap();
        for given in [&[][..], &[2], &[3, 2]] {
            if let Ok(p) = test.p_value(0, 1, given) {
                prop_assert!((0.0..=1.0).contains(&p), "{p}");
            }
        }
    }
}
