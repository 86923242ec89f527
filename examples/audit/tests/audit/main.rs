//! The audit of the planted study, and of the released Gemma measurements (in the folder that
//! VALUE_CAUSAL_RELEASED names), against naive implementations of what it says it computes.

mod browser;
mod calibration;
mod confidence;
mod little_varied;
mod report;
mod resamples;
mod study;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use audit::baselines::{AgainstBaseline, BaselineCounts, Baselines, Counts};
use audit::multiverse::Undirected;
use audit::null_tests::{self, Measure, NullTest, OverBaselines};
use audit::{Audit, SetKind, Settings, Waiting, comparisons, search, write};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use reproduce::experiment::GraphRows;
use reproduce::graphs::EdgeMark;
use reproduce::results::{GraphResults, Results};
use reproduce::{Arguments, Loaded};
use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::graph::UndirectedEdges;
use value_causal::metrics::{Expectations, Expected, Null, Unexpected, gap_test};

fn planted() -> Loaded {
    let arguments = Arguments {
        experiment: None,
        data: None,
        out: PathBuf::new(),
    };
    arguments.load().unwrap()
}

fn gemma() -> Option<Loaded> {
    let Some(data) = std::env::var_os("VALUE_CAUSAL_RELEASED") else {
        println!("skipped: VALUE_CAUSAL_RELEASED names no folder");
        return None;
    };
    let experiment = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/gemma-2b-it.toml");
    let arguments = Arguments {
        experiment: Some(experiment),
        data: Some(data.into()),
        out: PathBuf::new(),
    };
    Some(arguments.load().unwrap())
}

/// Few of everything, so that a debug build is quick.
fn few() -> Settings {
    Settings {
        alphas: vec![0.01],
        feature_sets: vec![SetKind::Published, SetKind::All, SetKind::Random],
        random_sets: 1,
        class_limit: 20,
        draws: 50,
        resamples: 20,
        ..Settings::default()
    }
}

/// Fewer still, where only that it is the whole audit counts.
fn fewest() -> Settings {
    Settings {
        feature_sets: vec![SetKind::Published],
        draws: 20,
        resamples: 10,
        ..few()
    }
}

fn audit(loaded: &Loaded, settings: &Settings) -> Audit {
    Audit::compute(loaded, None, settings, &Waiting::silent()).unwrap()
}

fn planted_audit() -> &'static Audit {
    static AUDIT: LazyLock<Audit> = LazyLock::new(|| audit(&planted(), &few()));
    &AUDIT
}

fn gemma_audit() -> Option<&'static (Loaded, Audit)> {
    static AUDIT: LazyLock<Option<(Loaded, Audit)>> = LazyLock::new(|| {
        let loaded = gemma()?;
        let settings = Settings {
            feature_sets: vec![SetKind::Published, SetKind::All],
            ..fewest()
        };
        let audit = audit(&loaded, &settings);
        Some((loaded, audit))
    });
    AUDIT.as_ref()
}

/// Every pair of nodes joined by a path, by Warshall's algorithm.
fn closure(values: &[String], edges: &[(String, String)]) -> Vec<Vec<bool>> {
    let n = values.len();
    let at = |name: &String| values.iter().position(|value| value == name).unwrap();
    let mut reached = vec![vec![false; n]; n];
    for (cause, effect) in edges {
        reached[at(cause)][at(effect)] = true;
    }
    for via in 0..n {
        for from in 0..n {
            for to in 0..n {
                reached[from][to] |= reached[from][via] && reached[via][to];
            }
        }
    }
    reached
}

/// Expected and unexpected rate over `rows` against one of them, straight from their definition.
fn rates(reached: &[Vec<bool>], rows: &[Vec<f64>], base: &[f64]) -> [Option<f64>; 2] {
    let n = reached.len();
    let mean = |numbers: &[f64]| {
        (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
    };
    [true, false].map(|expected| {
        let mut of_values = Vec::new();
        for v in 0..n {
            let moved: Vec<_> = rows.iter().filter(|row| row[v] != base[v]).collect();
            let along = |w: usize| {
                let both = moved.iter().filter(|row| row[w] != base[w]).count();
                both as f64 / moved.len() as f64
            };
            let others = (0..n).filter(|&w| w != v && reached[v][w] == expected);
            let of_value: Vec<f64> = others.map(along).collect();
            if !moved.is_empty() {
                of_values.extend(mean(&of_value));
            }
        }
        mean(&of_values)
    })
}

fn rows_of(table: &OrientationTable, keep: impl Fn(&Setting) -> bool) -> Vec<Vec<f64>> {
    let kept = table.select(keep);
    kept.matrix()
        .rows()
        .into_iter()
        .map(|row| row.to_vec())
        .collect()
}

fn row_of(table: &OrientationTable, role: Option<&str>) -> Vec<f64> {
    table.row(&Setting::of_role(role)).unwrap().to_vec()
}

/// The counts by another way: the graph's edges from the reproduction, all else written out anew.
fn naive_counts(loaded: &Loaded, graph: &GraphResults, features: &BTreeSet<u64>) -> BaselineCounts {
    let test = &loaded.study.test;
    let mut edges = Vec::new();
    for (a, b, kind) in &graph.pc_edges {
        edges.push((a.clone(), b.clone()));
        if *kind != EdgeMark::Forward {
            edges.push((b.clone(), a.clone()));
        }
    }
    let reference = &loaded.experiment.figures.reference;
    let reference = &loaded.experiment.reference(reference).unwrap().edges;
    let [found, reference] = [&edges, reference].map(|e| closure(test.values(), e));
    let roles: Vec<Option<String>> = test
        .settings()
        .iter()
        .filter(|setting| setting.is_unsteered())
        .map(|setting| setting.role.clone())
        .collect();
    let unsteered = rows_of(test, Setting::is_unsteered);
    let mut counts = [[0; 3]; 2];
    for role in &roles {
        let base = row_of(test, role.as_deref());
        let own = rows_of(test, |setting| {
            setting.role == *role && setting.feature().is_none_or(|f| features.contains(&f))
        });
        for (counts, rows) in counts.iter_mut().zip([&unsteered, &own]) {
            let [expected, unexpected] = rates(&found, rows, &base);
            let [other_expected, other_unexpected] = rates(&reference, rows, &base);
            // `None` is below every number.
            let above = |a: Option<f64>, b: Option<f64>| usize::from(b.is_some() && a > b);
            counts[0] += above(expected, unexpected);
            counts[1] += above(expected, other_expected);
            counts[2] += above(other_unexpected, unexpected);
        }
    }
    let [role, sae] = counts.map(|counts| Counts {
        n: roles.len(),
        discovered_expected_above_unexpected: counts[0],
        discovered_expected_above_reference: counts[1],
        discovered_unexpected_below_reference: counts[2],
    });
    BaselineCounts { role, sae }
}

fn assert_counts(loaded: &Loaded, audit: &Audit) {
    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    let published = loaded
        .experiment
        .features
        .published
        .iter()
        .copied()
        .collect();
    let rows = results.steering_table.rows.iter();
    let all = rows.map(|row| row.feature).collect();
    assert_eq!(
        audit.baseline_counts,
        naive_counts(loaded, &results.published_subset, &published)
    );
    assert_eq!(
        audit.baseline_counts_all_features,
        naive_counts(loaded, &results.all_features, &all)
    );
    // The published combination is the one of figure 4, for every graph.
    let effects = &results.published_subset.steering_effects;
    let mut n_published = 0;
    for curve in &audit.multiverse.curves {
        let effects = match curve.steering.key() {
            "role" => &effects.roles,
            _ => &effects.features,
        };
        let mut graphs = effects.graphs.iter();
        let (_, graph) = graphs.find(|(key, _)| *key == curve.graph).unwrap();
        let published = curve.published.unwrap();
        let close = |a: f64, b: Option<f64>| assert!((a - b.unwrap()).abs() < 1e-12);
        close(published.expected, graph.expected);
        close(published.unexpected, graph.unexpected);
        assert!((0.0..=1.0).contains(&published.place));
        n_published += 1;
    }
    assert_eq!(n_published, 2 * (1 + loaded.experiment.references.len()));
}

#[test]
fn the_planted_study_is_audited_into_files() {
    let (loaded, audit) = (planted(), planted_audit());
    assert_counts(&loaded, audit);
    // Its graph is planted, so that most combinations find what it predicts.
    let curves = audit.multiverse.curves.iter();
    for curve in curves.filter(|curve| curve.graph == "discovered") {
        let share = curve.share_above_zero.unwrap();
        assert!(share > 0.75, "{:?}: {share}", curve.steering);
        let bins = &curve.bins;
        assert!(bins.windows(2).all(|two| two[0].gap <= two[1].gap + 1e-12));
        assert!(
            bins.iter()
                .all(|bin| (bin.expected - bin.unexpected - bin.gap).abs() < 1e-12)
        );
    }
    let out = tempfile::tempdir().unwrap();
    let files = write(audit, out.path()).unwrap();
    assert_eq!(files.len(), std::fs::read_dir(out.path()).unwrap().count());
    let json = std::fs::read_to_string(out.path().join("audit.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let counts = json["baseline_counts"]["sae"].as_object().unwrap();
    assert_eq!(counts.len(), 4);
    assert_eq!(counts["n"], 26);
    let packed = std::fs::File::open(out.path().join("multiverse.csv.gz")).unwrap();
    let table = std::io::read_to_string(flate2::read::GzDecoder::new(packed)).unwrap();
    assert_eq!(table.lines().count(), 1 + audit.multiverse.n_specifications);
    let published = table.lines().filter(|line| line.ends_with(",yes")).count();
    assert_eq!(published, audit.multiverse.curves.len());
}

/// Relabelling and counting anew, on the audit's own numbers for the graph and the baseline.
#[test]
fn the_null_tests_are_those_of_a_naive_implementation() {
    let loaded = planted();
    let settings = Settings {
        draws: 200,
        ..few()
    };
    let tests = null_tests::compute(&loaded, &settings).unwrap();
    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    let graph = &results
        .published_subset
        .steering_effects
        .roles
        .graphs
        .discovered;
    let found = of(
        &tests,
        "discovered",
        "role",
        OverBaselines::Published,
        Measure::Rate,
    );
    for test in &found {
        assert!((test.gap - (graph.expected.unwrap() - graph.unexpected.unwrap())).abs() < 1e-12);
        assert_eq!(test.n_draws + test.n_without_gap, settings.draws);
        assert_eq!(test.histogram.counts.iter().sum::<usize>(), test.n_draws);
        let error = (test.p_value * (1.0 - test.p_value) / (settings.draws + 1) as f64).sqrt();
        assert!((test.monte_carlo_error - error).abs() < 1e-4);
    }
    let mut edges = Vec::new();
    for (a, b, kind) in &results.published_subset.pc_edges {
        edges.push((a.clone(), b.clone()));
        if *kind != EdgeMark::Forward {
            edges.push((b.clone(), a.clone()));
        }
    }
    let test = &loaded.study.test;
    let rows = rows_of(test, |s| s.is_unsteered() && s.role.is_some());
    let base = row_of(test, Some(&loaded.study.role_baseline));
    let reached = closure(test.values(), &edges);
    let mut rng = ChaCha8Rng::seed_from_u64(99);
    let mut order: Vec<usize> = (0..reached.len()).collect();
    let mut as_large = 1;
    for _ in 0..1_000 {
        order.shuffle(&mut rng);
        let n = order.len();
        let moved: Vec<Vec<bool>> = (0..n)
            .map(|a| (0..n).map(|b| reached[order[a]][order[b]]).collect())
            .collect();
        let [expected, unexpected] = rates(&moved, &rows, &base);
        let gap = expected.zip(unexpected).map(|(a, b)| a - b);
        as_large += usize::from(gap.is_some_and(|gap| gap >= found[0].gap - 1e-12));
    }
    let naive = f64::from(u32::try_from(as_large).unwrap()) / 1_001.0;
    let p = found[0].p_value;
    assert!(
        (p - naive).abs() < 5.0 * found[0].monte_carlo_error.max(0.005),
        "{p} {naive}"
    );
}

fn of<'a>(
    tests: &'a [NullTest],
    graph: &str,
    steering: &str,
    over: OverBaselines,
    measure: Measure,
) -> Vec<&'a NullTest> {
    let wanted = |test: &&NullTest| {
        test.features == search::Features::PublishedSubset
            && test.graph == graph
            && test.steering.key() == steering
            && test.baselines == over
            && test.measure == measure
    };
    tests.iter().filter(wanted).collect()
}

#[test]
fn the_released_gap_is_what_one_relabelling_in_five_gives() {
    let Some(loaded) = gemma() else { return };
    let study = &loaded.study;
    let features = search::published_features(&loaded);
    let found = search::discover(&loaded, &features, search::Rows::All, 0.05).unwrap();
    let graph = found.to_digraph(UndirectedEdges::BothWays);
    let comparisons = comparisons::of_roles(&study.test, comparisons::Compared::Named).unwrap();
    let published = comparisons
        .iter()
        .find(|c| comparisons::is_published(&loaded, c));
    let rates = [published.unwrap().rates.rate_matrix()];
    let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
    let draws = Null::Relabelling.draw(&graph, expected, unexpected, 500, 1);
    let whole = Expectations::of(&graph, expected, unexpected);
    let test = gap_test(&whole, &draws, &rates).unwrap();
    assert_eq!(test.draws.len(), 500);
    assert!((test.p_value() - 0.20).abs() < 0.05, "{}", test.p_value());
    assert!(test.monte_carlo_error() < 0.02);
}

/// What the experiment has the figures' graph searched in is what every part takes for published.
#[test]
fn published_is_the_graph_of_the_study_s_own_results() {
    let rows = GraphRows::Unsteered;
    let mut loaded = planted();
    loaded.experiment.features.rows = rows;
    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    let audit = audit(&loaded, &fewest());
    let sides = [&results.published_subset, &results.all_features];
    assert_ne!(sides[0].train_rows, sides[1].train_rows);
    let found = audit.discovered.edges.iter().map(|edge| match edge {
        (a, b, EdgeMark::Backward) => (b.clone(), a.clone(), EdgeMark::Forward),
        edge => edge.clone(),
    });
    assert_eq!(found.collect::<Vec<_>>(), sides[0].pc_edges);
    let role = |results: &GraphResults| {
        let effects = &results.steering_effects.roles.graphs.discovered;
        (effects.expected, effects.unexpected)
    };
    let curve =
        audit.multiverse.curves.iter().find(|curve| {
            curve.graph == "discovered" && curve.steering == comparisons::Steering::Role
        });
    let choice = curve.unwrap().published.as_ref().unwrap();
    let choice = (Some(choice.expected), Some(choice.unexpected));
    assert_eq!(choice, role(sides[0]));
    let n_published = audit.specifications.iter().filter(|s| s.published).count();
    assert_eq!(n_published, 2 * (1 + loaded.experiment.references.len()));
    for (features, side) in [
        search::Features::PublishedSubset,
        search::Features::AllFeatures,
    ]
    .into_iter()
    .zip(sides)
    {
        let test = audit.null_tests.iter().find(|test| {
            test.features == features
                && test.graph == "discovered"
                && test.steering == comparisons::Steering::Role
                && test.baselines == OverBaselines::Published
                && test.measure == Measure::Rate
        });
        let test = test.unwrap();
        assert_eq!((test.expected, test.unexpected), role(side));
        let mut confidence = audit.edge_confidence.iter();
        let confidence = confidence.find(|found| found.features == features).unwrap();
        assert_eq!(confidence.n_rows, side.train_rows);
    }
    let sae = &loaded.experiment.baselines.sae;
    let against = |baselines: &Baselines| {
        let found = baselines.sae.iter().find(|found| found.baseline == *sae);
        let effects = &found.unwrap().discovered;
        (effects.expected, effects.unexpected)
    };
    for (found, side) in [
        (&audit.baselines, sides[0]),
        (&audit.baselines_all_features, sides[1]),
    ] {
        let expected = &side.steering_effects.features.graphs.discovered;
        assert_eq!(against(found), (expected.expected, expected.unexpected));
    }
    let n_edges = audit.effects["published"].edges.len();
    assert_eq!(n_edges, sides[0].pc_edges.len());
    let page = audit::report::html(&audit).unwrap();
    for title in loaded.experiment.row_titles() {
        assert!(page.contains(&format!("Tests against chance, {title}")));
    }
}

#[test]
fn a_folder_that_cannot_be_is_refused_before_anything_is_computed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_audit"))
        .arg("--out")
        .arg(file.path().join("audit"))
        .output()
        .unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(!run.status.success());
    assert!(
        said.contains("audit: expected a folder to write to"),
        "{said}"
    );
}

#[test]
fn threads_do_not_alter_the_audit() {
    let (loaded, audited) = report::hostile();
    let threads = if rayon::current_num_threads() == 1 {
        3
    } else {
        1
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let other = pool.build().unwrap().install(|| audit(loaded, &fewest()));
    let json = |audit: &Audit| serde_json::to_string(audit).unwrap();
    assert!(json(audited) == json(&other), "the two differ");
}

#[test]
fn the_released_measurements_depend_on_the_baseline() {
    let Some((loaded, audit)) = gemma_audit() else {
        return;
    };
    assert_counts(loaded, audit);
    let three = |counts: Counts| {
        [
            counts.discovered_expected_above_unexpected,
            counts.discovered_expected_above_reference,
            counts.discovered_unexpected_below_reference,
        ]
    };
    let counts = audit.baseline_counts;
    assert_eq!((counts.role.n, three(counts.role)), (26, [26, 24, 23]));
    assert_eq!((counts.sae.n, three(counts.sae)), (26, [19, 19, 17]));
    let of = |baselines: &[AgainstBaseline], name: &str| {
        let found = baselines.iter().find(|b| b.baseline == name).unwrap();
        [found.discovered.expected, found.discovered.unexpected]
            .map(|rate| (rate.unwrap() * 1e3).round())
    };
    assert_eq!(
        of(&audit.baselines_all_features.sae, "Mary Holt"),
        [482.0, 508.0]
    );
    // The combination that differs from the published one by its features alone.
    let all = audit.specifications.iter().find(|s| {
        &*s.graph == "discovered"
            && s.steering.key() == "role"
            && s.features.as_ref().is_some_and(|set| &*set.name == "all")
            && s.baseline.as_deref() == Some("Erika Jones")
            && s.compared == Some(comparisons::Compared::Named)
            && s.alpha == Some(0.05)
            && s.rows == Some(search::Rows::All)
            && s.undirected.map(Undirected::name) == Some("both ways")
            && s.definition == audit::multiverse::Definition::PUBLISHED
    });
    let effects = all.unwrap().effects;
    let rounded = [effects.expected, effects.unexpected].map(|r| (r.unwrap() * 1e3).round());
    assert_eq!(rounded, [621.0, 599.0]);
}
