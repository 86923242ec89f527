//! Every test of independence on data and questions that trip careless code: an answer or an error,
//! and no panic.
//!
//! PROPTEST_CASES in the environment says how many; a failure names its seed.

use causal_pc::ci::{
    Cached, ChiSquare, CiTest, Correlation, DiscreteOptions, FisherZ, FisherZOptions, GSquare,
    MinimumCount, MixedOptions, MixedTest, Singular, TooFew, VariableKind,
};
use causal_pc::data::Missing;
use causal_pc::{Alpha, PcOptions, pc};
use ndarray::{Array2, ArrayView2};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[test]
fn tests_answer_or_refuse_whatever_they_are_given() {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let n_cases: u64 = asked.map_or(20_000, |n| n.parse().expect("a number"));
    let mut n_answers = 0;
    for seed in 0..n_cases {
        let case = std::panic::AssertUnwindSafe(|| survive(seed));
        match std::panic::catch_unwind(case) {
            Ok(answers) => n_answers += answers,
            Err(_) => panic!("seed {seed}"),
        }
    }
    println!("{n_cases} tables, {n_answers} answers");
    assert!(n_answers > n_cases, "hardly any answer");
}

/// Tries one table; the number of questions that were answered.
fn survive(seed: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let samples = table(&mut rng);
    let missing = *[
        Missing::Refuse,
        Missing::TestwiseDeletion,
        Missing::TestwiseDeletion,
    ]
    .choose(&mut rng)
    .unwrap();
    let too_few = *[TooFew::Refuse, TooFew::KeepEdge, TooFew::DropEdge]
        .choose(&mut rng)
        .unwrap();
    match rng.random_range(0..6) {
        0 | 1 => {
            let options = fisher_options(&mut rng).missing(missing).too_few(too_few);
            question(FisherZ::with_options(samples.view(), options), &mut rng)
        }
        2 => {
            let options = fisher_options(&mut rng).too_few(too_few);
            let n_samples = rng.random_range(0..50);
            question(
                FisherZ::from_correlation(square(&samples), n_samples, options),
                &mut rng,
            )
        }
        3 => {
            let options = discrete_options(&mut rng).missing(missing);
            question(GSquare::with_options(samples.view(), options), &mut rng)
        }
        4 => {
            let options = discrete_options(&mut rng).missing(missing);
            question(ChiSquare::with_options(samples.view(), options), &mut rng)
        }
        _ => {
            let kinds: Vec<VariableKind> = (0..samples.ncols())
                .map(|_| {
                    *[VariableKind::Continuous, VariableKind::Discrete]
                        .choose(&mut rng)
                        .unwrap()
                })
                .collect();
            let options = MixedOptions::new()
                .missing(missing)
                .too_few(too_few)
                .max_levels(8);
            question(
                MixedTest::with_options(samples.view(), &kinds, options),
                &mut rng,
            )
        }
    }
}

fn fisher_options(rng: &mut impl Rng) -> FisherZOptions {
    const SINGULAR: [Singular; 4] = [
        Singular::Refuse,
        Singular::KeepEdge,
        Singular::DropEdge,
        Singular::PseudoInverse,
    ];
    const CORRELATIONS: [Correlation; 3] = [
        Correlation::Pearson,
        Correlation::Spearman,
        Correlation::Nonparanormal,
    ];
    match rng.random_range(0..6) {
        0 => FisherZOptions::like_causal_learn(),
        1 => FisherZOptions::like_pcalg(),
        _ => FisherZOptions::new()
            .singular(*SINGULAR.choose(rng).unwrap())
            .constant(*SINGULAR.choose(rng).unwrap())
            .tolerance(*[0.0, 1e-13, 0.1, 1.0].choose(rng).unwrap()),
    }
    .correlation(*CORRELATIONS.choose(rng).unwrap())
}

fn discrete_options(rng: &mut impl Rng) -> DiscreteOptions {
    let options = match rng.random() {
        true => DiscreteOptions::new(),
        false => DiscreteOptions::like_pcalg(),
    };
    let options = match rng.random_range(0..4) {
        0 => options,
        _ => options.max_levels(usize::MAX),
    };
    match rng.random() {
        true => options,
        false => options.minimum_count(MinimumCount::PerDegreeOfFreedom(2.0)),
    }
}

/// Asks proper and improper questions, one of them twice, and searches.
fn question<T: CiTest, E>(test: Result<T, E>, rng: &mut impl Rng) -> u64 {
    let Ok(test) = test else { return 0 };
    let n = test.n_variables();
    let mut n_answers = 0;
    for _ in 0..4 {
        let (x, y, given) = ask(n, rng);
        let Ok(p) = test.p_value(x, y, &given) else {
            continue;
        };
        assert!((0.0..=1.0).contains(&p), "{p} for {x}, {y} given {given:?}");
        let log_p = test.log_p_value(x, y, &given).expect("as p");
        assert!(
            // causal-learn's p-values are multiples of 2⁻⁵².
            (log_p.exp() - p).abs() <= 1e-9 * p + 3e-16,
            "{log_p} for {p}"
        );

        let again = test.p_value(y, x, &given).expect("as before");
        assert!((again - p).abs() <= 1e-9, "{again} for {p}");
        n_answers += 1;
    }
    let options = PcOptions::new(Alpha::new(0.1).unwrap())
        .max_depth(2)
        .threads(1);
    if let Ok(found) = pc(&Cached::new(test), &options) {
        assert!(found.graph.is_extendable());
    }
    n_answers
}

/// Four times out of five distinct variables that exist.
fn ask(n_variables: usize, rng: &mut impl Rng) -> (usize, usize, Vec<usize>) {
    let mut variables: Vec<usize> = (0..n_variables.max(2)).collect();
    variables.shuffle(rng);
    if rng.random_ratio(1, 5) {
        variables = (0..6).map(|_| rng.random_range(0..=n_variables)).collect();
    }
    let most = variables.len() - 2;
    let given = variables[2..2 + rng.random_range(0..=most)].to_vec();
    (variables[0], variables[1], given)
}

/// The first rows and columns, as many of each.
fn square(samples: &Array2<f64>) -> ArrayView2<'_, f64> {
    let size = samples.nrows().min(samples.ncols());
    samples.slice(ndarray::s![..size, ..size])
}

/// Up to 40 samples of up to 6 variables; now and then a matrix of correlations.
fn table(rng: &mut impl Rng) -> Array2<f64> {
    let (n, p) = (rng.random_range(0..40), rng.random_range(0..=6));
    let mut samples = Array2::zeros((n, p));
    for v in 0..p {
        let kind = rng.random_range(0..16);
        let scale = *[1.0, -2.0, 1e-3, 1e200].choose(rng).unwrap();
        for row in 0..n {
            let earlier = |back: usize| v.checked_sub(back).map_or(1.0, |w| samples[[row, w]]);
            let unit = rng.random_range(-1.0..1.0);
            samples[[row, v]] = match kind {
                0..=3 => unit,
                4 | 5 => f64::from(rng.random_range(0..3)),
                6 => 3.0,
                7 => scale * earlier(1),
                8 => earlier(1) + earlier(2),
                9 => earlier(1) + earlier(2) * 1e-9 * unit,
                10 => unit * 1e300,
                11 => unit * 1e-310,
                12 => 1e9 + 1e-6 * f64::from(rng.random_range(0..3)),
                13 if rng.random_ratio(1, 4) => f64::NAN,
                14 if rng.random_ratio(1, 9) => f64::from_bits(rng.random()),
                15 => f64::from(row as u32),
                _ => unit,
            };
        }
    }
    if rng.random_ratio(1, 4) {
        make_correlations(&mut samples);
    }
    samples
}

/// Symmetric, with ones on the diagonal: often no correlations that any data have.
fn make_correlations(samples: &mut Array2<f64>) {
    let size = samples.nrows().min(samples.ncols());
    for i in 0..size {
        samples[[i, i]] = 1.0;
        for j in 0..i {
            samples[[i, j]] = samples[[j, i]];
        }
    }
}
