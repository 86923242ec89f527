//! Every number that the released measurements give, within 1e-12.
//!
//! Reads the released tables from the folder named by VALUE_CAUSAL_RELEASED and the expected
//! numbers from the folder named by VALUE_CAUSAL_EXPECTED; says that it skips where either is not
//! set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use digraph_metrics::{
    ChangeRates, DirectionCounts, Expected, NoiseRule, Summary, Unexpected, changes_from_baseline,
    dyads, reduce_in_order, relabelling_test, steering_effects,
};
use ndarray::{Array1, Array2};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde_json::Value;

const TOLERANCE: f64 = 1e-12;

#[test]
fn reduction_gives_the_released_edges_in_their_order() {
    let Some(expected) = folder("VALUE_CAUSAL_EXPECTED").map(|folder| json(&folder, "gemma.json"))
    else {
        return;
    };
    for (variant, (n_pc, n_reduced)) in [("published_subset", (44, 28)), ("all_features", (56, 19))]
    {
        let found = &expected["gemma"][variant];
        assert_eq!(found["pc_edges"].as_array().unwrap().len(), n_pc);
        let reduced = reduce_in_order(&discovered(found));
        let edges: Vec<[&str; 2]> = reduced
            .edge_references()
            .map(|edge| [edge.source(), edge.target()].map(|node| reduced[node].as_str()))
            .collect();
        assert_eq!(edges.len(), n_reduced);
        assert_eq!(serde_json::to_value(edges).unwrap(), found["reduced_edges"]);
    }
}

#[test]
fn steering_effects_are_the_released_ones() {
    let Some((released, expected)) = both_folders() else {
        return;
    };
    let test = Table::read(&released.join("ans_gemma_test_formal.csv"));
    let choices = json(&expected, "gemma_choices.json");
    let expected = json(&expected, "gemma.json");
    let mut n_numbers = 0;
    for variant in ["published_subset", "all_features"] {
        let test = match variant {
            "published_subset" => test.with_features(&choices["published_features"]),
            _ => test.clone(),
        };
        let found = &expected["gemma"][variant];
        assert_eq!(test.rows.len(), found["test_rows"]);
        let sae_role = choices["sae_role"].as_str().unwrap();
        for (name, expected_effects) in found["steering_effects"].as_object().unwrap() {
            let (rows, baseline) = test.settings(name, sae_role);
            let changes = changes_from_baseline(rows.view(), baseline.view()).unwrap();
            let rates = ChangeRates::from_changes(changes.view());
            assert_eq!(rates.n_interventions(), expected_effects["settings"]);
            let numbers = [
                (
                    "mean_settings_changing_a_value",
                    rates.mean_interventions_changing_a_node(),
                ),
                (
                    "mean_values_changed_per_setting",
                    rates.mean_nodes_changed_per_intervention(),
                ),
            ];
            for (key, number) in numbers {
                assert_close(number.unwrap(), &expected_effects[key], key);
                n_numbers += 1;
            }
            for graph in [
                "discovered",
                "gpt4o_schwartz",
                "valuebench_hierarchy",
                "gemma_gen",
                "llama_gen",
            ] {
                let edges = match graph {
                    "discovered" => &found["reduced_edges"],
                    _ => &expected["references"][graph],
                };
                let graph_of_values = from_edges(&test.values, &pairs(edges));
                let effects = steering_effects(
                    &graph_of_values,
                    &rates,
                    Expected::Successors,
                    Unexpected::NonSuccessors,
                )
                .unwrap();
                let place = format!("{variant} {name} {graph}");
                assert_summary(
                    effects.expected,
                    &expected_effects[graph],
                    "expected",
                    &place,
                );
                assert_summary(
                    effects.unexpected,
                    &expected_effects[graph],
                    "unexpected",
                    &place,
                );
                n_numbers += 4;
            }
        }
    }
    assert_eq!(n_numbers, 2 * 4 * (2 + 5 * 4));
}

/// Shares known from another implementation: about 20 % for roles, 31 % for features.
#[test]
fn many_relabelled_graphs_predict_as_much_as_the_published_one() {
    let Some((released, expected)) = both_folders() else {
        return;
    };
    let test = Table::read(&released.join("ans_gemma_test_formal.csv"));
    let choices = json(&expected, "gemma_choices.json");
    let test = test.with_features(&choices["published_features"]);
    let edges = &json(&expected, "gemma.json")["gemma"]["published_subset"]["reduced_edges"];
    let graph = from_edges(&test.values, &pairs(edges));
    for (name, share) in [("role_base_first_role", 0.20), ("sae_role_mary_holt", 0.31)] {
        let (rows, baseline) = test.settings(name, choices["sae_role"].as_str().unwrap());
        let changes = changes_from_baseline(rows.view(), baseline.view()).unwrap();
        let rates = ChangeRates::from_changes(changes.view());
        let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
        let found = relabelling_test(&graph, &rates, expected, unexpected, 4_000, 0).unwrap();
        let as_large = found.p_value();
        assert!(
            (as_large - share).abs() < 0.03,
            "{name}: {as_large} is not about {share}"
        );
    }
}

#[test]
fn dyads_are_the_released_ones() {
    let Some((released, expected)) = both_folders() else {
        return;
    };
    let [train, test] = ["train", "test"]
        .map(|part| Table::read(&released.join(format!("ans_gemma_{part}_formal.csv"))));
    let expected = &json(&expected, "gemma.json")["gemma"]["steering_table"];
    let features: Vec<&String> = expected["features"].as_object().unwrap().keys().collect();
    let table = dyads(train.directions(&features), test.directions(&features)).unwrap();
    let mut n_cells = 0;
    for (row, feature) in features.iter().enumerate() {
        let expected = &expected["features"][*feature];
        for (column, value) in train.values.iter().enumerate() {
            let cell = &expected["cells"][value];
            assert_eq!(as_counts(table.train()[[row, column]]), cell["train"]);
            assert_eq!(as_counts(table.test()[[row, column]]), cell["test"]);
            assert_close(table.cosine(row, column).unwrap(), &cell["cosine"], value);
            n_cells += 1;
        }
        let similarity = table.mean_similarity(row).unwrap();
        assert_close(similarity, &expected["mean_similarity"], feature);
    }
    assert_eq!(n_cells, 408);
    for (column, value) in train.values.iter().enumerate() {
        let noise = table
            .noise_ratio(column, NoiseRule::SmallestOfThree)
            .unwrap();
        assert_close(noise, &expected["noise_ratio"][value], value);
    }
}

#[test]
fn sae_and_instruction_counts_are_the_released_ones() {
    let Some((released, expected)) = both_folders() else {
        return;
    };
    let test = Table::read(&released.join("ans_gemma_test_formal.csv"));
    let choices = json(&expected, "gemma_choices.json");
    let expected = &json(&expected, "gemma.json")["gemma"]["sae_vs_instruction"];
    for sign in ["positive", "negative"] {
        let file = choices["instruction_files"][sign].as_str().unwrap();
        let instructed = Table::read(&released.join(file));
        let (mut sae, mut instruction) = (DirectionCounts::default(), DirectionCounts::default());
        for (value, feature) in choices["sae_vs_instruction_choices"][sign]
            .as_object()
            .unwrap()
        {
            let value = test.column(value);
            let before = test.row_by_role("");
            sae += directions(&before, &test.row_by_role(&feature.to_string()), value);
            instruction += directions(&before, &instructed.row_by_role(""), value);
        }
        for (way, counts) in [("sae", sae), ("instruction", instruction)] {
            let expected = &expected[sign][way];
            assert_eq!(counts.raised, expected["raised"]);
            assert_eq!(counts.unchanged, expected["unchanged"]);
            assert_eq!(counts.lowered, expected["lowered"]);
        }
    }
}

fn as_counts(counts: DirectionCounts) -> Value {
    serde_json::json!([counts.raised, counts.lowered, counts.unchanged])
}

fn assert_summary(found: Option<Summary>, expected: &Value, key: &str, place: &str) {
    let found = found.unwrap();
    assert_close(found.mean, &expected[key], place);
    assert_close(found.std, &expected[format!("{key}_std")], place);
}

fn assert_close(found: f64, expected: &Value, place: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= TOLERANCE,
        "{place}: {found} is not {expected}"
    );
}

/// The graph of a PC result: undirected edges stand for both directions, each edge once.
fn discovered(found: &Value) -> DiGraph<String, ()> {
    let mut edges: Vec<(String, String)> = Vec::new();
    for edge in found["pc_edges"].as_array().unwrap() {
        let [a, b, mark] = [0, 1, 2].map(|at| edge[at].as_str().unwrap().to_owned());
        let ways = match mark.as_str() {
            "->" => vec![(a, b)],
            _ => vec![(a.clone(), b.clone()), (b, a)],
        };
        for way in ways {
            if !edges.contains(&way) {
                edges.push(way);
            }
        }
    }
    let mut names: Vec<String> = edges
        .iter()
        .flat_map(|(a, b)| [a.clone(), b.clone()])
        .collect();
    names.sort();
    names.dedup();
    from_edges(&names, &edges)
}

fn from_edges(names: &[String], edges: &[(String, String)]) -> DiGraph<String, ()> {
    let mut graph = DiGraph::new();
    let nodes: BTreeMap<&String, NodeIndex> = names
        .iter()
        .map(|name| (name, graph.add_node(name.clone())))
        .collect();
    for (source, target) in edges {
        graph.add_edge(nodes[source], nodes[target], ());
    }
    graph
}

fn pairs(edges: &Value) -> Vec<(String, String)> {
    serde_json::from_value(edges.clone()).unwrap()
}

/// One released table: rows keyed by (feature, role), columns the values.
#[derive(Clone)]
struct Table {
    values: Vec<String>,
    rows: Vec<(String, String, Vec<f64>)>,
}

impl Table {
    fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let headers = reader.headers().unwrap().clone();
        let is_value = |name: &str| {
            !name.contains(":scstd")
                && !["steer_dim", "player_name", "stds", "scstds"].contains(&name)
        };
        let columns: Vec<usize> = (0..headers.len())
            .filter(|&c| is_value(&headers[c]))
            .collect();
        let rows = reader.records().map(|record| {
            let record = record.unwrap();
            let numbers = columns
                .iter()
                .map(|&column| record[column].parse().unwrap())
                .collect();
            (record[0].to_owned(), record[1].to_owned(), numbers)
        });
        Self {
            rows: rows.collect(),
            values: columns
                .iter()
                .map(|&column| headers[column].to_owned())
                .collect(),
        }
    }

    fn column(&self, value: &str) -> usize {
        self.values.iter().position(|other| other == value).unwrap()
    }

    /// The unsteered rows and those of the features named.
    fn with_features(&self, features: &Value) -> Self {
        let kept: Vec<String> = features
            .as_array()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        let mut part = self.clone();
        part.rows
            .retain(|(feature, ..)| feature.is_empty() || kept.contains(feature));
        part
    }

    /// The rows that one kind of steering compares with its baseline row, and that row.
    fn settings(&self, name: &str, sae_role: &str) -> (Array2<f64>, Array1<f64>) {
        let keep = |feature: &str, role: &str| match name {
            "role_base_first_role" => feature.is_empty() && !role.is_empty(),
            "role_base_empty_role" => feature.is_empty(),
            "sae_role_mary_holt" => role == sae_role,
            "sae_empty_role" => role.is_empty(),
            other => panic!("unknown kind {other}"),
        };
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .filter(|(feature, role, _)| keep(feature, role))
            .collect();
        let is_baseline = |(feature, role, _): &&(String, String, Vec<f64>)| match name {
            "role_base_empty_role" => role.is_empty(),
            _ => feature.is_empty(),
        };
        let baseline = rows.remove(rows.iter().position(is_baseline).unwrap());
        let cells = rows
            .iter()
            .flat_map(|(_, _, numbers)| numbers.iter().copied())
            .collect();
        let shape = (rows.len(), self.values.len());
        (
            Array2::from_shape_vec(shape, cells).unwrap(),
            baseline.2.clone().into(),
        )
    }

    /// The rows of one feature by role; the empty name is the unsteered rows.
    fn row_by_role(&self, feature: &str) -> BTreeMap<&str, &[f64]> {
        let rows = self.rows.iter().filter(|(name, ..)| name == feature);
        rows.map(|(_, role, numbers)| (role.as_str(), numbers.as_slice()))
            .collect()
    }

    /// `[features, values]`.
    fn directions(&self, features: &[&String]) -> Array2<DirectionCounts> {
        let before = self.row_by_role("");
        Array2::from_shape_fn((features.len(), self.values.len()), |(row, column)| {
            directions(&before, &self.row_by_role(features[row]), column)
        })
    }
}

fn directions(
    before: &BTreeMap<&str, &[f64]>,
    after: &BTreeMap<&str, &[f64]>,
    column: usize,
) -> DirectionCounts {
    assert_eq!(before.len(), after.len());
    let pairs = before
        .iter()
        .map(|(role, numbers)| (numbers[column], after[role][column]));
    DirectionCounts::count(pairs).unwrap()
}

fn both_folders() -> Option<(PathBuf, PathBuf)> {
    folder("VALUE_CAUSAL_RELEASED").zip(folder("VALUE_CAUSAL_EXPECTED"))
}

fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    folder
}

fn json(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}
