//! Whole searches, edge by edge, mark by mark and set by set, beside stored runs of causal-learn.

use std::collections::BTreeSet;
use std::path::Path;

use causal_pc::ci::{ChiSquare, FisherZ, FisherZOptions, GSquare};
use causal_pc::{
    Alpha, ColliderConflict, ColliderRule, Discovery, Evidence, MixedGraph, PcOptions,
    SkeletonSearch, pc,
};
use ndarray::Array2;
use serde::Deserialize;

use super::{folders, read, read_list};

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
#[serde(deny_unknown_fields)]
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
        let sets: Vec<Finite> = read_list(&folder.join("finite/index.json"));
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
        println!(
            "{}: {n_runs} runs on {} data sets identical",
            folder.display(),
            sets.len()
        );
    }
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
            let path = folder.join(name);
            if !path.exists() {
                println!("left out: no {}", path.display());
                continue;
            }
            let real: Real = read(&path);
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
