//! What a Fisher-Z test costs at each depth of a search on one thread.
//!
//!     cargo run --release -p causal-pc --example time_by_depth -- [VARIABLES SAMPLES DEGREE ALPHA]
//!
//! Medians of nine searches on samples of a random linear model. Depth 0 holds the first look at
//! every pair, the correlations not counted.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use causal_pc::{Alpha, Discovery, FisherZ, PcError, PcOptions, PcStage, pc_with_progress};

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [n_variables, n_samples, degree, alpha] = match given.as_slice() {
        [] => ["100", "5000", "8", "0.05"].map(str::to_owned),
        _ => given.try_into().map_err(|_| "expected four numbers")?,
    };
    let model = DagModel::ErdosRenyi {
        expected_degree: degree.parse()?,
    };
    let dag = random_dag(n_variables.parse()?, model, 1)?;
    let sem = LinearSem::random(&dag, LinearOptions::new(), 1)?;
    let test = FisherZ::from_samples(sem.sample(n_samples.parse()?, 1).view())?;
    let options = PcOptions::new(Alpha::new(alpha.parse()?)?).threads(1);
    let mut searches = Vec::new();
    for _ in 0..9 {
        searches.push(timed(&test, &options)?);
    }
    println!("| depth | tests | nanoseconds per test |\n|---:|---:|---:|");
    for (depth, n_tests) in searches[0].0.n_tests_by_depth.iter().enumerate() {
        let mut times: Vec<Duration> = searches.iter().map(|(_, times)| times[depth]).collect();
        times.sort();
        let each = times[times.len() / 2].as_nanos() as f64 / (*n_tests).max(1) as f64;
        println!("| {depth} | {n_tests} | {each:.0} |");
    }
    Ok(())
}

/// A search, and how long each depth took.
fn timed(test: &FisherZ, options: &PcOptions) -> Result<(Discovery, Vec<Duration>), PcError> {
    let ends = Mutex::new(vec![Instant::now()]);
    let found = pc_with_progress(test, options, &|progress| {
        if let (PcStage::Skeleton { .. }, true) = (progress.stage, progress.done == progress.total)
        {
            let mut ends = ends.lock().expect("no panic before");
            ends.push(Instant::now());
        }
        ControlFlow::Continue(())
    })?;
    let ends = ends.into_inner().expect("no panic before");
    let times = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    Ok((found, times))
}
