//! How often resamples find what is planted and what is absent, drawn by role and by row, where the
//! rows of a role depend on each other and where they do not.
//!
//! The full size, with figures printed:
//! `cargo test --release -p audit --test audit -- --ignored --nocapture frequencies`

use audit::Settings;
use rayon::prelude::*;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};
use value_causal::discovery::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use value_causal::discovery::{Alpha, BootstrapOptions, FisherZ, PcOptions, bootstrap};
use value_causal::ndarray::{Array2, Axis};

const NODES: usize = 9;
const ROLES: usize = 30;
const ROWS_OF_A_ROLE: usize = 10;
const ALPHA: f64 = 0.01;
/// A pair in so many of the resamples looks sure.
const SURE: f64 = 0.9;

/// Rows of roles, `[ROLES * ROWS_OF_A_ROLE, NODES]`, and the role of each. A role brings the share
/// `shared` of the noise's variance to all of its rows; one row alone is a sample of the model.
fn study(model: &LinearSem, shared: f64, seed: u64) -> (Array2<f64>, Vec<usize>) {
    let roles: Vec<usize> = (0..ROLES).flat_map(|role| [role; ROWS_OF_A_ROLE]).collect();
    let own = model.sample(roles.len(), 2 * seed);
    let of_roles = model.sample(ROLES, 2 * seed + 1).select(Axis(0), &roles);
    (
        own * (1.0 - shared).sqrt() + of_roles * shared.sqrt(),
        roles,
    )
}

/// The share of the resamples that join each pair.
#[derive(Default)]
struct Found {
    planted: Vec<f64>,
    absent: Vec<f64>,
}

fn mean(frequencies: &[f64]) -> f64 {
    frequencies.iter().sum::<f64>() / frequencies.len() as f64
}

fn n_sure(frequencies: &[f64]) -> usize {
    frequencies.iter().filter(|&&share| share >= SURE).count()
}

fn sure(frequencies: &[f64]) -> f64 {
    n_sure(frequencies) as f64 / frequencies.len() as f64
}

/// Of each model, by role and by row.
fn frequencies(n_models: u64, n_resamples: usize, shared: f64) -> Vec<[Found; 2]> {
    let of_model = |seed| {
        let sparse = DagModel::ErdosRenyi {
            expected_degree: 2.0,
        };
        let dag = random_dag(NODES, sparse, seed).unwrap();
        let model = LinearSem::random(&dag, LinearOptions::new(), seed).unwrap();
        let (samples, roles) = study(&model, shared, seed);
        let test = |rows: &[usize]| FisherZ::from_samples(samples.select(Axis(0), rows).view());
        let pc = PcOptions::new(Alpha::new(ALPHA).unwrap());
        let by_row = BootstrapOptions::new(n_resamples).seed(seed);
        [by_row.clone().clusters(roles), by_row].map(|options| {
            let found = bootstrap(samples.nrows(), test, &pc, &options).unwrap();
            let mut frequencies = Found::default();
            for a in 0..NODES {
                for b in a + 1..NODES {
                    let kind = if dag.is_adjacent(a, b) {
                        &mut frequencies.planted
                    } else {
                        &mut frequencies.absent
                    };
                    kind.push(found.edge(a, b).unwrap().any);
                }
            }
            frequencies
        })
    };
    (0..n_models).into_par_iter().map(of_model).collect()
}

/// The largest share of the resamples that should join absent pairs, in the mean, and the largest
/// share of these pairs that should look sure: by role and by row.
///
/// A test statistic that is standard normal among independent rows has in a study the variance
/// `1 + (ROWS_OF_A_ROLE - 1) * shared^2`. Around it that of a resample by role has the same variance
/// again, that of a resample by row the variance 1, whatever the rows share. PC tests a pair until
/// one test finds it independent, so that these are upper limits.
fn limits(shared: f64) -> [[f64; 2]; 2] {
    let normal = Normal::standard();
    let beyond = |z: f64| 2.0 * normal.cdf(-z);
    let z = normal.inverse_cdf(1.0 - ALPHA / 2.0);
    let in_study = 1.0 + (ROWS_OF_A_ROLE - 1) as f64 * shared * shared;
    [in_study, 1.0].map(|in_resample| {
        let sure = z + normal.inverse_cdf(SURE) * in_resample.sqrt();
        [
            beyond(z / (in_study + in_resample).sqrt()),
            beyond(sure / in_study.sqrt()),
        ]
    })
}

/// Planted pairs belong to the consensus graph in the mean, and absent ones are found no more often
/// and look sure no more often than they may; the second with what chance exceeds once in a hundred
/// times.
fn check(n_models: u64, n_resamples: usize, shared: f64) -> Vec<[Found; 2]> {
    let of_models = frequencies(n_models, n_resamples, shared);
    for (way, name) in ["role", "row"].iter().enumerate() {
        let all = |of: fn(&Found) -> &Vec<f64>| -> Vec<f64> {
            let of_models = of_models.iter().flat_map(|found| of(&found[way]));
            of_models.copied().collect()
        };
        let (planted, absent) = (all(|found| &found.planted), all(|found| &found.absent));
        let [mean_limit, limit] = limits(shared)[way];
        let sure_limit = limit + 2.326 * (limit * (1.0 - limit) / absent.len() as f64).sqrt();
        println!(
            "{shared} shared, by {name}: {} planted pairs in {:.3} of the resamples, {:.3} of them \
             sure; {} absent pairs in {:.3} (limit {mean_limit:.3}), {:.4} of them sure (limit \
             {sure_limit:.4})",
            planted.len(),
            mean(&planted),
            sure(&planted),
            absent.len(),
            mean(&absent),
            sure(&absent),
        );
        assert!(mean(&planted) > Settings::default().threshold);
        assert!(mean(&absent) < mean_limit && sure(&absent) <= sure_limit);
    }
    of_models
}

#[test]
fn planted_edges_come_back_in_resamples_and_absent_ones_do_not() {
    check(6, 30, 0.8);
}

#[test]
#[ignore = "minutes in a debug build: cargo xtask test --only test-calibrations"]
fn frequencies_over_100_models() {
    check(100, 200, 0.0);
    let of_models = check(100, 200, 0.8);
    // Drawn by row, absent pairs look sure in more of the models; by chance the ways win alike.
    let more = |a: usize, b: usize| {
        let more = |of: &&[Found; 2]| n_sure(&of[a].absent) > n_sure(&of[b].absent);
        of_models.iter().filter(more).count() as u64
    };
    let (by_role, by_row) = (more(0, 1), more(1, 0));
    println!("more absent pairs look sure by row in {by_row} models, by role in {by_role}");
    let even = Binomial::new(0.5, by_role + by_row).unwrap();
    assert!(even.cdf(by_role) < 0.01, "{by_role} {by_row}");
}
