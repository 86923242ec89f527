//! Resampling: the same whatever the threads, clusters kept together, failures and cancellation.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use causal_pc::ci::FisherZError;
use causal_pc::ndarray::{Array2, ArrayView2, Axis};
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, RandomTest, random_dag};
use causal_pc::{
    Alpha, Bootstrap, BootstrapError, BootstrapOptions, Draw, Failures, FisherZ, NullError,
    NullOptions, PcOptions, bootstrap, bootstrap_with_progress, edge_null, pc,
};

fn alpha() -> PcOptions {
    PcOptions::new(Alpha::new(0.05).unwrap())
}

fn samples() -> Array2<f64> {
    let dag = random_dag(
        10,
        DagModel::ErdosRenyi {
            expected_degree: 3.0,
        },
        5,
    )
    .unwrap();
    LinearSem::random(&dag, LinearOptions::new(), 5)
        .unwrap()
        .sample(300, 5)
}

fn fisher(data: &Array2<f64>, rows: &[usize]) -> Result<FisherZ, FisherZError> {
    FisherZ::from_samples(data.select(Axis(0), rows).view())
}

fn run(data: &Array2<f64>, options: &BootstrapOptions) -> Bootstrap {
    bootstrap(data.nrows(), |rows| fisher(data, rows), &alpha(), options).unwrap()
}

/// The rows of every resample, by what was drawn first.
fn drawn(n_rows: usize, options: &BootstrapOptions) -> Vec<Vec<usize>> {
    let all = Mutex::new(Vec::new());
    let remember = |rows: &[usize]| {
        all.lock().unwrap().push(rows.to_vec());
        Ok::<_, Infallible>(RandomTest::new(2, 0))
    };
    bootstrap(n_rows, remember, &alpha(), &options.clone().threads(1)).unwrap();
    all.into_inner().unwrap()
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let data = samples();
    let options = BootstrapOptions::new(60).seed(3);
    let one = run(&data, &options.clone().threads(1));
    for threads in [2, 8] {
        assert_eq!(run(&data, &options.clone().threads(threads)), one);
    }
    assert_eq!(run(&data, &options), one);
    assert_ne!(run(&data, &options.seed(4)), one);
    assert_eq!((one.n_resamples(), one.n_failed()), (60, 0));
}

#[test]
fn frequencies_are_those_of_searches_one_by_one() {
    let data = samples();
    let options = BootstrapOptions::new(20).seed(1);
    let found = run(&data, &options);
    let mut edges = BTreeMap::new();
    for rows in drawn(data.nrows(), &options) {
        let graph = pc(&fisher(&data, &rows).unwrap(), &alpha()).unwrap().graph;
        for edge in graph.edges() {
            *edges.entry((edge.a, edge.b)).or_insert(0) += 1;
        }
    }
    for edge in found.edges() {
        assert_eq!(
            edges.remove(&(edge.a, edge.b)).map(|n| f64::from(n) / 20.0),
            Some(edge.any)
        );
    }
    assert!(edges.is_empty());
}

#[test]
fn more_resamples_begin_with_fewer() {
    let options = |n| BootstrapOptions::new(n).seed(9);
    assert_eq!(drawn(50, &options(8))[..3], drawn(50, &options(3)));
}

#[test]
fn rows_are_drawn_evenly() {
    let (n_rows, n) = (40, 2_000);
    let mut counts = vec![0; n_rows];
    for rows in drawn(n_rows, &BootstrapOptions::new(n)) {
        assert_eq!(rows.len(), n_rows);
        rows.into_iter().for_each(|row| counts[row] += 1);
    }
    let spread = 5.0 * (n as f64).sqrt();
    assert!(
        counts
            .iter()
            .all(|&count| (f64::from(count) - n as f64).abs() < spread),
        "{counts:?}"
    );
}

#[test]
fn subsamples_hold_each_row_once() {
    let options = BootstrapOptions::new(50).draw(Draw::Subsample(0.5));
    for rows in drawn(41, &options) {
        assert!(rows.is_sorted_by(|a, b| a < b));
        assert_eq!(rows.len(), 21);
    }
    assert_eq!(drawn(3, &options.draw(Draw::Subsample(1e-9)))[0].len(), 1);
}

#[test]
fn clusters_are_drawn_whole() {
    let labels = ["c", "a", "b", "a", "c", "c"];
    let options = BootstrapOptions::new(200).clusters(labels);
    for rows in drawn(6, &options) {
        let times = |row: usize| rows.iter().filter(|&&drawn| drawn == row).count();
        assert_eq!(times(1), times(3));
        assert!(times(0) == times(4) && times(4) == times(5));
        assert_eq!(times(1) + times(2) + times(0), 3);
    }
    let wrong = bootstrap(
        7,
        |_| Ok::<_, Infallible>(RandomTest::new(2, 0)),
        &alpha(),
        &options,
    );
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "expected a cluster label for each row (7), found 6"
    );
}

/// Fails for resamples that contain row 0.
fn picky(rows: &[usize]) -> Result<RandomTest, String> {
    if rows.contains(&0) {
        Err("row 0 is bad".into())
    } else {
        Ok(RandomTest::new(4, 1))
    }
}

#[test]
fn failures_stop_or_are_counted() {
    let options = BootstrapOptions::new(100)
        .draw(Draw::Subsample(0.5))
        .seed(2);
    let rows = drawn(10, &options);
    let first = rows.iter().position(|rows| rows.contains(&0)).unwrap();
    let n_bad = rows.iter().filter(|rows| rows.contains(&0)).count();
    for threads in [1, 2, 7] {
        let options = options.clone().threads(threads);
        let stopped = bootstrap(10, picky, &alpha(), &options).unwrap_err();
        assert_eq!(chain(&stopped), format!("resample {first}: row 0 is bad"));
        let skipping = options.failures(Failures::Skip);
        let skipped = bootstrap(10, picky, &alpha(), &skipping).unwrap();
        assert_eq!(
            (skipped.n_failed(), skipped.n_resamples()),
            (n_bad, 100 - n_bad)
        );
    }
    let options = BootstrapOptions::new(5).failures(Failures::Skip);
    let none = chain(&bootstrap(1, picky, &alpha(), &options).unwrap_err());
    assert!(
        none.contains("no resample could be searched (5 were drawn)")
            && none.contains("resample 0: row 0"),
        "{none}"
    );
}

/// An error and its sources, none of which the others repeat.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[test]
fn a_failing_search_names_its_resample() {
    let mut data = samples();
    data.column_mut(3).fill(1.0);
    let fit = |rows: &[usize]| fisher(&data, rows);
    let error = bootstrap(data.nrows(), fit, &alpha(), &BootstrapOptions::new(3)).unwrap_err();
    let text = chain(&error);
    assert!(
        text.starts_with("resample 0: ") && text.contains("variable 3"),
        "{text}"
    );
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let refused = |n_rows, options: BootstrapOptions| {
        let error = bootstrap(
            n_rows,
            |_| Ok::<_, Infallible>(RandomTest::new(2, 0)),
            &alpha(),
            &options,
        );
        error.unwrap_err()
    };
    assert!(matches!(
        refused(0, BootstrapOptions::new(1)),
        BootstrapError::NoRows
    ));
    assert!(matches!(
        refused(1, BootstrapOptions::new(0)),
        BootstrapError::NoResamples
    ));
    for share in [0.0, -1.0, 1.1, f64::NAN] {
        let options = BootstrapOptions::new(1).draw(Draw::Subsample(share));
        assert!(matches!(refused(5, options), BootstrapError::Share { .. }));
    }
    let sizes = AtomicUsize::new(2);
    let growing = |_: &[usize]| {
        Ok::<_, Infallible>(RandomTest::new(sizes.fetch_add(1, Ordering::Relaxed), 0))
    };
    let error = bootstrap(5, growing, &alpha(), &BootstrapOptions::new(3).threads(1)).unwrap_err();
    assert_eq!(error.to_string(), "resample 1 has 3 variables, another 2");
}

#[test]
fn progress_is_told_and_can_end_it() {
    let data = samples();
    let told = Mutex::new(Vec::new());
    let listen = |progress: &causal_pc::ResampleProgress| {
        told.lock().unwrap().push((progress.done, progress.total));
        ControlFlow::Continue(())
    };
    let options = BootstrapOptions::new(30).threads(2);
    let fit = |rows: &[usize]| fisher(&data, rows);
    bootstrap_with_progress(data.nrows(), fit, &alpha(), &options, &listen).unwrap();
    let told = told.into_inner().unwrap();
    assert!(
        told.contains(&(1, 30)) && told.contains(&(30, 30)),
        "{told:?}"
    );

    let searched = AtomicUsize::new(0);
    let fit = |rows: &[usize]| {
        searched.fetch_add(1, Ordering::Relaxed);
        fisher(&data, rows)
    };
    let stop = |_: &_| ControlFlow::Break(());
    let many = BootstrapOptions::new(100_000).threads(2);
    let ended = bootstrap_with_progress(data.nrows(), fit, &alpha(), &many, &stop);
    assert!(matches!(ended, Err(BootstrapError::Cancelled)));
    assert!(searched.load(Ordering::Relaxed) < 100);
}

#[test]
fn a_time_limit_is_that_of_all_searches_together() {
    let data = samples();
    let fit = |rows: &[usize]| fisher(&data, rows);
    let null = |limit: Duration, n: usize| {
        let test = |draw: ArrayView2<'_, f64>| FisherZ::from_samples(draw);
        edge_null(
            &data,
            test,
            &alpha().time_limit(limit),
            &NullOptions::new(n),
        )
    };
    let boot = |limit: Duration, n: usize| {
        bootstrap(
            data.nrows(),
            fit,
            &alpha().time_limit(limit),
            &BootstrapOptions::new(n),
        )
    };
    assert!(matches!(
        boot(Duration::ZERO, 9),
        Err(BootstrapError::OutOfTime)
    ));
    assert!(matches!(null(Duration::ZERO, 9), Err(NullError::OutOfTime)));
    let hour = Duration::from_secs(3_600);
    assert_eq!(
        boot(hour, 9).unwrap(),
        run(&data, &BootstrapOptions::new(9))
    );
    assert_eq!(null(hour, 9).unwrap().null.len(), 9);
    let moment = Duration::from_millis(300);
    let n = boot(moment, 1_000_000).unwrap().n_resamples();
    assert!(0 < n && n < 1_000_000, "{n}");
    let n = null(moment, 1_000_000).unwrap().null.len();
    assert!(0 < n && n < 1_000_000, "{n}");
    for found in [1_000_001, usize::MAX] {
        let told = boot(hour, found).unwrap_err().to_string();
        assert!(told.contains("at most 1000000 are searched"), "{told}");
        let told = null(hour, found).unwrap_err().to_string();
        assert!(told.contains("at most 1000000 are searched"), "{told}");
    }
}

#[test]
fn serde_goes_round() {
    let found = run(&samples(), &BootstrapOptions::new(5));
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Bootstrap>(&text).unwrap(), found);
}

#[test]
fn graphs_are_kept_in_the_order_drawn() {
    let data = samples();
    let options = BootstrapOptions::new(20).seed(4);
    let counted = run(&data, &options);
    assert!(counted.graphs().is_empty());
    let kept = run(&data, &options.clone().keep_graphs().threads(3));
    let rows = drawn(data.nrows(), &options);
    for (graph, rows) in kept.graphs().iter().zip(&rows) {
        let alone = pc(&fisher(&data, rows).unwrap(), &alpha()).unwrap();
        assert_eq!(*graph, alone.graph);
    }
    assert_eq!(kept.graphs().len(), 20);
    assert_eq!(kept.edge_matrix(), counted.edge_matrix());
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Bootstrap>(&text).unwrap(), kept);
}
