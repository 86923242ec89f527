//! Agreement with causal-learn, edge by edge, on stored runs of it.
//!
//! Reads the folder named by CAUSAL_PC_ORACLES, and the project's own in `fixtures/pc`. Each holds
//! `finite/index.json` with CSV files beside it, `real/*.json`, `fisherz_queries.json`,
//! `discrete_queries.json` and `dags.json`; what is missing is left out, and said so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use causal_pc::ci::{ChiSquare, CiTest, FisherZ, FisherZOptions, GSquare};
use causal_pc::{
    Alpha, ColliderConflict, ColliderRule, Discovery, Evidence, MixedGraph, PcOptions,
    SkeletonSearch, pc,
};
use ndarray::Array2;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Folders of oracles that are here.
fn folders() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pc");
    let mut folders: Vec<PathBuf> = [own].into_iter().filter(|path| path.is_dir()).collect();
    match std::env::var_os("CAUSAL_PC_ORACLES") {
        Some(path) => folders.push(path.into()),
        None => println!("CAUSAL_PC_ORACLES is not set: only the project's own oracles are read"),
    }
    folders
}

fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Option<T> {
    let path = folder.join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("left out: no {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn csv(path: &Path) -> Array2<f64> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| {
            line.split(',')
                .map(|v| v.parse().expect("a number"))
                .collect()
        })
        .collect();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).expect("equal rows")
}

#[derive(Deserialize)]
struct Run {
    test: String,
    alpha: f64,
    directed: BTreeSet<(usize, usize)>,
    undirected: BTreeSet<(usize, usize)>,
    bidirected: BTreeSet<(usize, usize)>,
    sepsets: Option<Vec<Sepset>>,
    n_distinct_tests: Option<u64>,
    #[serde(default)]
    options: Variant,
}

/// A pair and causal-learn's list of sets for it.
type Sepset = (usize, usize, Vec<Vec<usize>>);

/// causal-learn's keyword arguments.
#[derive(Deserialize, Default)]
struct Variant {
    stable: Option<bool>,
    uc_rule: Option<u8>,
    uc_priority: Option<u8>,
}

impl Run {
    fn options(&self) -> PcOptions {
        let alpha = Alpha::new(self.alpha).unwrap();
        let rule = match self.options.uc_rule.unwrap_or(0) {
            0 => ColliderRule::SeparatingSet,
            1 => ColliderRule::MaxP,
            2 => ColliderRule::DefiniteMaxP,
            other => panic!("uc_rule {other}"),
        };
        let (conflict, evidence) = match self.options.uc_priority.unwrap_or(2) {
            0 => (ColliderConflict::Overwrite, Evidence::default()),
            1 => (ColliderConflict::Bidirected, Evidence::default()),
            2 => (ColliderConflict::KeepFirst, Evidence::default()),
            3 => (
                ColliderConflict::StrongerEvidence,
                Evidence::SmallWithMiddle,
            ),
            4 => (
                ColliderConflict::StrongerEvidence,
                Evidence::LargeWithoutMiddle,
            ),
            other => panic!("uc_priority {other}"),
        };
        let search = match self.options.stable {
            Some(false) => SkeletonSearch::Original,
            _ => SkeletonSearch::Stable,
        };
        PcOptions::like_causal_learn(alpha)
            .skeleton_search(search)
            .collider_rule(rule)
            .collider_conflict(conflict)
            .evidence(evidence)
    }

    fn check(&self, what: &str, found: &Discovery) {
        let (directed, undirected, bidirected) = edges(&found.graph);
        assert_eq!(directed, self.directed, "{what}: directed");
        assert_eq!(undirected, self.undirected, "{what}: undirected");
        assert_eq!(bidirected, self.bidirected, "{what}: bidirected");
        if let Some(n_tests) = self.n_distinct_tests {
            assert_eq!(found.n_tests, n_tests, "{what}: number of tests");
        }
        if let Some(expected) = &self.sepsets {
            let sets: Vec<_> = found
                .separating_sets
                .iter()
                .map(|((a, b), separation)| (a, b, separation.sets))
                .collect();
            assert_eq!(&sets, expected, "{what}: separating sets");
        }
    }
}

type Pairs = BTreeSet<(usize, usize)>;

fn edges(graph: &MixedGraph) -> (Pairs, Pairs, Pairs) {
    let (mut directed, mut undirected, mut bidirected) = Default::default();
    for edge in graph.edges() {
        let pairs: &mut Pairs = if edge.is_undirected() {
            &mut undirected
        } else if edge.is_bidirected() {
            &mut bidirected
        } else {
            &mut directed
        };
        pairs.insert(edge.direction().unwrap_or((edge.a, edge.b)));
    }
    (directed, undirected, bidirected)
}

fn run(test: &str, data: &Array2<f64>, options: &PcOptions) -> Discovery {
    let codes = || data.mapv(|value| value as i64);
    match test {
        "fisherz" => {
            let like = FisherZOptions::like_causal_learn();
            pc(&FisherZ::with_options(data.view(), like).unwrap(), options).unwrap()
        }
        "gsq" => pc(&GSquare::from_samples(codes().view()).unwrap(), options).unwrap(),
        "chisq" => pc(&ChiSquare::from_samples(codes().view()).unwrap(), options).unwrap(),
        other => panic!("unknown test {other}"),
    }
}

#[derive(Deserialize)]
struct Finite {
    file: String,
    runs: Vec<Run>,
    #[serde(default)]
    variants: Vec<Run>,
}

#[test]
fn finite_samples_give_what_causal_learn_gives() {
    for folder in folders() {
        let Some(sets): Option<Vec<Finite>> = read(&folder, "finite/index.json") else {
            continue;
        };
        let mut n_runs = 0;
        for set in &sets {
            let data = csv(&folder.join("finite").join(&set.file));
            for (i, expected) in set.runs.iter().chain(&set.variants).enumerate() {
                let what = format!(
                    "{} run {i}, {} at {}",
                    set.file, expected.test, expected.alpha
                );
                expected.check(&what, &run(&expected.test, &data, &expected.options()));
                n_runs += 1;
            }
        }
        println!("{}: {n_runs} runs identical", folder.display());
    }
}

#[derive(Deserialize)]
struct Queries {
    matrices: Vec<Matrix>,
    queries: Vec<Query>,
}

#[derive(Deserialize)]
struct Matrix {
    n: usize,
    corr: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct Query {
    m: usize,
    x: usize,
    y: usize,
    S: Vec<usize>,
    exact_p: String,
    cond: f64,
}

#[test]
fn fisher_z_agrees_with_long_arithmetic() {
    for folder in folders() {
        let Some(all): Option<Queries> = read(&folder, "fisherz_queries.json") else {
            continue;
        };
        let tests: Vec<FisherZ> = all.matrices.iter().map(of_matrix).collect();
        let (mut worst, mut worst_beyond) = (0.0f64, 0.0f64);
        for (i, query) in all.queries.iter().enumerate() {
            let gap = query.relative_gap(&tests[query.m]);
            if query.cond <= 1e8 {
                assert!(gap <= 1e-10, "query {i}: p is off by {gap:e}");
                worst = worst.max(gap);
            } else {
                worst_beyond = worst_beyond.max(gap);
            }
        }
        let n = all.queries.len();
        println!("{n} queries: {worst:e} at worst to 1e8, {worst_beyond:e} beyond");
    }
}

impl Query {
    /// How far p is off, relative to it, by its logarithm where it is below 1e-16.
    fn relative_gap(&self, test: &FisherZ) -> f64 {
        let mut given = self.S.clone();
        given.sort_unstable();
        let (mantissa, exponent) = self.exact_p.split_once('e').unwrap_or((&self.exact_p, "0"));
        let (mantissa, exponent): (f64, f64) =
            (mantissa.parse().unwrap(), exponent.parse().unwrap());
        let exact_log_p = mantissa.ln() + exponent * std::f64::consts::LN_10;
        let log_p = test.log_p_value(self.x, self.y, &given).unwrap();
        if exponent < -300.0 {
            return (log_p / exact_log_p - 1.0).abs();
        }
        let p = test.p_value(self.x, self.y, &given).unwrap();
        let log_gap = (log_p - exact_log_p).abs() / exact_log_p.abs().max(1.0);
        (p / self.exact_p.parse::<f64>().unwrap() - 1.0)
            .abs()
            .max(log_gap)
    }
}

fn of_matrix(matrix: &Matrix) -> FisherZ {
    let p = matrix.corr.len();
    let corr = Array2::from_shape_vec((p, p), matrix.corr.concat()).unwrap();
    FisherZ::from_correlation(corr.view(), matrix.n, FisherZOptions::new()).unwrap()
}

#[derive(Deserialize)]
struct Real {
    n: usize,
    source: String,
    rows: String,
    columns: Vec<String>,
    runs: Vec<Run>,
    variants: Vec<Run>,
}

/// Columns of the released table, named by VALUE_CAUSAL_RELEASED, on which causal-learn was run.
#[test]
fn the_released_table_gives_what_causal_learn_gives() {
    let Some(tables) = std::env::var_os("VALUE_CAUSAL_RELEASED") else {
        println!("left out: VALUE_CAUSAL_RELEASED is not set");
        return;
    };
    for folder in folders() {
        for name in ["real/gemma_all.json", "real/gemma_subset.json"] {
            let Some(real): Option<Real> = read(&folder, name) else {
                continue;
            };
            let data = real.samples(Path::new(&tables));
            for (i, expected) in real.runs.iter().chain(&real.variants).enumerate() {
                let found = run(&expected.test, &data, &expected.options());
                expected.check(&format!("{name} run {i} at {}", expected.alpha), &found);
            }
            println!(
                "{name}: {} runs identical",
                real.runs.len() + real.variants.len()
            );
        }
    }
}

impl Real {
    /// The rows and columns that the runs were made on.
    fn samples(&self, tables: &Path) -> Array2<f64> {
        const STEERED: [&str; 10] = [
            "14351", "1025", "2965", "10096", "1341", "1975", "10605", "14049", "1312", "4752",
        ];
        let text = std::fs::read_to_string(tables.join(&self.source)).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let place = |name: &String| header.iter().position(|h| h == name).unwrap();
        let places: Vec<usize> = self.columns.iter().map(place).collect();
        let kept = |cells: &Vec<&str>| {
            let steered = cells[0].trim_end_matches(".0");
            self.rows == "all" || steered.is_empty() || STEERED.contains(&steered)
        };
        let rows: Vec<Vec<&str>> = lines
            .map(|line| line.split(',').collect())
            .filter(kept)
            .collect();
        assert_eq!(rows.len(), self.n);
        Array2::from_shape_fn((self.n, places.len()), |(i, j)| {
            rows[i][places[j]].parse().unwrap()
        })
    }
}
