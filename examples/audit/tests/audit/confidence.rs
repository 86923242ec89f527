//! Edge confidence and rivals, against naive implementations and what is known of the planted study.

use audit::edge_confidence::{self, DrawnAgain, EdgeConfidence, EdgeRow};
use audit::null_tests::OverBaselines;
use audit::resampled::Sample;
use audit::rivals::{self, Score};
use audit::search::Features;
use audit::{Settings, Waiting, search};
use reproduce::graphs::{EdgeMark, planted as planted_graph};
use reproduce::results::Results;
use value_causal::bench::Setting;
use value_causal::discovery::BootstrapOptions;
use value_causal::metrics::predictive_accuracy;
use value_causal::ndarray::Array2;

use crate::{closure, few, gemma, planted, row_of, rows_of};

fn confidence(loaded: &reproduce::Loaded, settings: &Settings) -> Vec<EdgeConfidence> {
    edge_confidence::compute(loaded, settings, &Waiting::silent()).unwrap()
}

#[test]
fn planted_edges_are_surer_than_others_and_intervals_hold_the_rates() {
    let loaded = planted();
    let settings = Settings {
        resamples: 40,
        ..few()
    };
    let found = confidence(&loaded, &settings);
    assert_eq!(found.len(), 2);
    let truth = planted_graph(
        loaded.study.values(),
        loaded.experiment.truth.as_ref().unwrap(),
    );
    let is_planted = |edge: &&EdgeRow| {
        let at = |name| truth.index_of(name).unwrap();
        truth.is_adjacent(at(&edge.a), at(&edge.b))
    };
    for found in &found {
        for resampled in [&found.by_role, &found.by_row] {
            assert_eq!(resampled.n_resamples + resampled.n_failed, 40);
            let planted = resampled
                .edges
                .iter()
                .filter(is_planted)
                .map(|edge| edge.any);
            let others = resampled
                .edges
                .iter()
                .filter(|e| !is_planted(e))
                .map(|edge| edge.any);
            let pairs = (12 * 11 / 2 - truth.n_edges()) as f64;
            let (planted, others) = (
                planted.sum::<f64>() / truth.n_edges() as f64,
                others.sum::<f64>() / pairs,
            );
            assert!(planted > others + 0.3, "{planted} {others}");
            for edge in &resampled.edges {
                let directions = edge.forward + edge.backward + edge.undirected + edge.bidirected;
                assert!((directions - edge.any).abs() < 1e-12);
                let [low, high] = edge.any_interval;
                assert!(low <= edge.any && edge.any <= high);
            }
        }
        assert_eq!(found.intervals.len(), 4 * 3);
    }
    // Estimates are the rates of figure 4, which the reproduction computes its own way.
    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    let graph = &results
        .published_subset
        .steering_effects
        .roles
        .graphs
        .discovered;
    for interval in &found[0].intervals {
        let [expected, gap] = [interval.expected, interval.gap].map(Option::unwrap);
        assert!(expected.low <= expected.high && gap.low <= gap.high);
        if interval.steering.key() == "role" && interval.baselines == OverBaselines::Published {
            assert!((expected.estimate - graph.expected.unwrap()).abs() < 1e-12);
            assert_eq!((interval.unit, interval.n_units), ("roles", 24));
        }
        if interval.drawn == DrawnAgain::Test {
            assert!(
                gap.low <= gap.estimate && gap.estimate <= gap.high,
                "{interval:?}"
            );
        }
    }
}

/// The counts of a resample, by drawing the rows themselves.
#[test]
fn a_weighted_sample_is_that_of_repeated_rows() {
    let loaded = planted();
    let features = search::published_features(&loaded);
    let samples = Sample::all(&loaded, &features).unwrap();
    let test = &loaded.study.test;
    let roles: Vec<Option<&str>> = test.roles();
    let rows: Vec<Vec<f64>> = roles.iter().map(|role| row_of(test, *role)).collect();
    let sample = &samples[1];
    assert_eq!((sample.unit(), sample.n_units()), ("roles", roles.len()));
    let times = sample.draw(7, 3);
    assert_eq!(times.iter().sum::<usize>(), roles.len());
    assert_ne!(times, sample.draw(7, 4));
    let n = test.n_values();
    let mut together = Array2::<usize>::zeros((n, n));
    for (base, base_times) in rows.iter().zip(&times) {
        for (row, row_times) in rows.iter().zip(&times) {
            for a in 0..n {
                for b in 0..n {
                    if row[a] != base[a] && row[b] != base[b] {
                        together[[a, b]] += base_times * row_times;
                    }
                }
            }
        }
    }
    let pooled = sample.pooled(&times);
    for a in 0..n {
        for b in 0..n {
            assert_eq!(pooled.n_changed_together(a, b), together[[a, b]]);
        }
    }
}

#[test]
fn the_graph_s_area_is_the_share_of_changes_in_the_right_order() {
    let loaded = planted();
    let settings = Settings {
        resamples: 30,
        ..few()
    };
    let found = confidence(&loaded, &settings);
    let contests = rivals::compute(&loaded, &settings, &found).unwrap();
    assert_eq!(contests.len(), 2 * 4);
    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    let mut edges = Vec::new();
    for (a, b, kind) in &results.all_features.pc_edges {
        edges.push((a.clone(), b.clone()));
        if *kind != EdgeMark::Forward {
            edges.push((b.clone(), a.clone()));
        }
    }
    let test = &loaded.study.test;
    let reached = closure(test.values(), &edges);
    // Every role's steered rows against its own unsteered row.
    let (mut along, mut alone) = ([0.0; 2], [0.0; 2]);
    for role in test.roles() {
        let base = row_of(test, role);
        for row in rows_of(test, |s: &Setting| s.role.as_deref() == role) {
            for v in 0..base.len() {
                for w in 0..base.len() {
                    if v != w && row[v] != base[v] {
                        let side = if row[w] != base[w] {
                            &mut along
                        } else {
                            &mut alone
                        };
                        side[usize::from(reached[v][w])] += 1.0;
                    }
                }
            }
        }
    }
    let won = along[1] * alone[0] + 0.5 * (along[0] * alone[0] + along[1] * alone[1]);
    let area = won / ((along[0] + along[1]) * (alone[0] + alone[1]));
    let contest = contests.iter().find(|contest| {
        contest.features == Features::AllFeatures
            && contest.steering.key() == "sae"
            && contest.baselines == OverBaselines::Every
    });
    let contest = contest.unwrap();
    assert_eq!(
        contest.n_events as f64,
        along.iter().chain(&alone).sum::<f64>()
    );
    let scores: Vec<Score> = contest.rivals.iter().map(|rival| rival.score).collect();
    let all = [
        Score::Graph,
        Score::ResampledGraphs,
        Score::Correlation,
        Score::CoChange,
        Score::BaseRate,
    ];
    assert_eq!(scores, all);
    let graph = contest.rivals[0].auc.unwrap();
    assert!((graph.estimate - area).abs() < 1e-12);
    assert!(graph.low <= area && area <= graph.high);
    // The graph is planted, so it knows something.
    assert!(area > 0.5);
    for rival in &contest.rivals {
        let difference = rival.graph_less_this_auc.unwrap().estimate;
        assert!((difference - (area - rival.auc.unwrap().estimate)).abs() < 1e-12);
    }
}

/// The interval of an area holds the area of the roles that were not drawn.
///
/// A study's 26 test roles are a draw from many. Here the many are the planted study's training
/// roles, 26 of which are drawn again and again; the score is fixed.
#[test]
#[ignore = "a minute in a debug build: cargo xtask test --only test-calibrations"]
fn intervals_of_areas_cover() {
    use audit::edge_confidence::Interval;
    use rand::{RngExt, SeedableRng};
    use rayon::prelude::*;
    let mut loaded = planted();
    let features = search::all_features(&loaded);
    loaded.study.test = loaded.study.train.clone();
    loaded.experiment.baselines.sae = loaded.study.role_baseline.clone();
    let train = loaded.study.train.clone();
    let roles: Vec<Option<String>> = train.roles().iter().map(|r| r.map(str::to_owned)).collect();
    loaded.study.role_baseline = roles[1].clone().unwrap();
    loaded.experiment.baselines.sae = roles[1].clone().unwrap();
    let whole = Sample::all(&loaded, &features).unwrap();
    let score = Array2::from_shape_fn((12, 12), |(a, b)| ((a * 7 + b * 3) % 11) as f64);
    for place in [1, 3] {
        let sample = &whole[place];
        let area = |times: &[usize]| {
            predictive_accuracy(score.view(), &sample.pooled(times))
                .auc
                .unwrap()
        };
        let truth = area(&sample.as_it_is());
        let n_studies = 200;
        let covered = (0..n_studies).into_par_iter().filter(|&study| {
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(study);
            let n = sample.n_units();
            let drawn: Vec<usize> = (0..26).map(|_| rng.random_range(0..n)).collect();
            let resampled = (0..200).map(|_| {
                let mut times = vec![0; n];
                for _ in 0..26 {
                    times[drawn[rng.random_range(0..26)]] += 1;
                }
                area(&times)
            });
            let resampled: Vec<f64> = resampled.collect();
            let mut one = vec![0; n];
            drawn.iter().for_each(|&unit| one[unit] += 1);
            let interval = Interval::of(area(&one), resampled).unwrap();
            interval.low <= truth && truth <= interval.high
        });
        let share = covered.count() as f64 / n_studies as f64;
        println!(
            "{}: 95 % intervals over 26 roles hold the truth in {share:.3}",
            sample.steering.key()
        );
        // What an honest interval would fall below once in a hundred times.
        let least = 0.95 - 2.326 * (0.95 * 0.05 / n_studies as f64).sqrt();
        assert!(share > least, "{share} {least}");
    }
}

/// How long the resamples of the whole released table take: printed, with
/// `cargo test --release -p audit --test audit -- --ignored --nocapture thousand`.
#[test]
#[ignore = "a measurement"]
fn a_thousand_resamples_of_the_released_table() {
    let Some(loaded) = gemma() else { return };
    let train = &loaded.study.train;
    let roles = train.settings().iter().map(|setting| setting.role.clone());
    let options = BootstrapOptions::new(1_000).seed(1).clusters(roles);
    let started = std::time::Instant::now();
    let found = edge_confidence::resample(&loaded.experiment, train, &options, &|_| {}).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let (rows, values) = train.matrix().dim();
    println!("1,000 resamples of {rows} x {values} by role: {seconds:.2} s");
    assert_eq!(found.n_resamples() + found.n_failed(), 1_000);
}
