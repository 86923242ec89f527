//! Every combination of the choices that the published analysis leaves open.
//!
//! Combinations that differ in nothing the numbers depend on count once: the features chosen do not
//! matter where the graph is searched in unsteered rows and role prompts are compared, and none of
//! the choices about the search matters to a reference graph.

mod choices;
mod specification;
mod summary;

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use value_causal::discovery::graph::{MixedGraph, UndirectedEdges};
use value_causal::metrics::{Expectations, MeanEffects};
use value_causal::ndarray::Array2;
use value_causal::petgraph::graph::DiGraph;

use super::comparisons::{Compared, Comparison, Steering, is_published, of_features, of_roles};
use super::search::{Basis, Rows, discover, references, with_features};
use super::settings::{SetKind, Settings};
use super::waiting::Waiting;
use program::Failure;
use reproduce::Loaded;

pub use choices::{Definition, FeatureSet, Undirected};
pub use specification::{Specification, csv_gz};
pub use summary::{Axis, Bin, Curve, Level, Multiverse, PublishedChoice, Quantiles, axes};

/// The key of the graph that PC finds.
pub const DISCOVERED: &str = "discovered";

/// One search for a graph: on which features (`None` where they play no part), rows and level.
struct Search {
    features: Option<usize>,
    rows: Rows,
    alpha: f64,
}

/// The comparisons of one way to steer, for one set of features, with their rates as matrices.
struct Compare {
    steering: Steering,
    features: Option<usize>,
    against: Vec<(Comparison, Array2<f64>, bool)>,
}

/// What a search gave.
struct Found {
    specifications: Vec<Specification>,
    failure: Option<String>,
    without_class: bool,
}

/// Makes every combination of choices. Returns the summary and the combinations one by one, in an
/// order that does not depend on the number of threads.
///
/// # Errors
/// If the test rows cannot be compared.
pub fn compute(
    loaded: &Loaded,
    settings: &Settings,
    waiting: &Waiting,
) -> Result<(Multiverse, Vec<Specification>), Failure> {
    let sets = choices::feature_sets(loaded, settings);
    let alphas = choices::alphas(loaded.experiment.alpha, &settings.alphas);
    let compares = compares(loaded, &sets)?;
    let searches = searches(&sets, &alphas);
    waiting.stage(searches.len(), "combining choices");
    let unsteered = BTreeSet::new();
    let found: Vec<Found> = searches
        .par_iter()
        .map(|search| {
            let features = search.features.map_or(&unsteered, |at| &sets[at].features);
            let graph = discover(loaded, features, search.rows, search.alpha);
            let found = match graph {
                Ok(graph) => of_discovered(loaded, settings, &sets, search, &graph, &compares),
                Err(error) => Found::failed(error.to_string()),
            };
            waiting.step();
            found
        })
        .collect();
    let mut specifications: Vec<Specification> = Vec::new();
    for (key, graph) in references(loaded) {
        of_reference(&key, &graph, &sets, &compares, &mut specifications);
    }
    let failures: Vec<String> = found.iter().filter_map(|f| f.failure.clone()).collect();
    let without_class = found.iter().filter(|found| found.without_class).count();
    specifications.extend(found.into_iter().flat_map(|found| found.specifications));
    let summary = Multiverse::new(&specifications, searches.len(), failures, without_class);
    Ok((summary, specifications))
}

/// Number of graphs that are searched for.
#[must_use]
pub fn n_searches(loaded: &Loaded, settings: &Settings) -> usize {
    let sets = choices::feature_sets(loaded, settings);
    let alphas = choices::alphas(loaded.experiment.alpha, &settings.alphas);
    searches(&sets, &alphas).len()
}

impl Found {
    fn failed(reason: String) -> Self {
        Self {
            specifications: Vec::new(),
            failure: Some(reason),
            without_class: false,
        }
    }
}

/// Unsteered rows are the same for all features.
fn searches(sets: &[FeatureSet], alphas: &[f64]) -> Vec<Search> {
    let mut searches = Vec::new();
    for &alpha in alphas {
        for rows in Rows::ALL {
            let features: Vec<Option<usize>> = match rows {
                Rows::Unsteered => vec![None],
                Rows::All | Rows::RoleCentred => (0..sets.len()).map(Some).collect(),
            };
            searches.extend(features.into_iter().map(|features| Search {
                features,
                rows,
                alpha,
            }));
        }
    }
    searches
}

fn compares(loaded: &Loaded, sets: &[FeatureSet]) -> Result<Vec<Compare>, Failure> {
    let test = &loaded.study.test;
    let with_matrix = |comparison: Comparison| {
        let (rates, published) = (
            comparison.rates.rate_matrix(),
            is_published(loaded, &comparison),
        );
        (comparison, rates, published)
    };
    let mut roles = of_roles(test, Compared::All)?;
    roles.extend(of_roles(test, Compared::Named)?);
    let mut compares = vec![Compare {
        steering: Steering::Role,
        features: None,
        against: roles.into_iter().map(with_matrix).collect(),
    }];
    for (place, set) in sets.iter().enumerate() {
        let steered = of_features(&with_features(test, &set.features))?;
        compares.push(Compare {
            steering: Steering::Sae,
            features: Some(place),
            against: steered.into_iter().map(with_matrix).collect(),
        });
    }
    Ok(compares)
}

fn of_discovered(
    loaded: &Loaded,
    settings: &Settings,
    sets: &[FeatureSet],
    search: &Search,
    graph: &MixedGraph,
    compares: &[Compare],
) -> Found {
    let published_rows = Basis::published(loaded).rows;
    let mut specifications = Vec::new();
    let mut without_class = false;
    let name: Arc<str> = DISCOVERED.into();
    for undirected in Undirected::ALL {
        let graphs = match undirected {
            Undirected::BothWays => vec![graph.to_digraph(UndirectedEdges::BothWays)],
            Undirected::Dropped => vec![graph.to_digraph(UndirectedEdges::Drop)],
            Undirected::ClassAveraged => class(graph, settings.class_limit),
        };
        without_class |= graphs.is_empty();
        for definition in Definition::ALL {
            let of =
                |graph| Expectations::of(graph, definition.expected(), definition.unexpected());
            let expectations: Vec<Expectations> = graphs.iter().map(of).collect();
            // The features of a search are those compared; a search without any goes with all.
            let matching = compares.iter().filter(|compare| {
                search.features.is_none()
                    || compare.features.is_none()
                    || compare.features == search.features
            });
            for compare in matching {
                let features = search.features.or(compare.features);
                for (comparison, rates, published) in &compare.against {
                    let choice = *published
                        && features.is_none_or(|at| sets[at].kind == SetKind::Published)
                        && search.rows == published_rows
                        && search.alpha == loaded.experiment.alpha
                        && undirected == Undirected::BothWays
                        && definition == Definition::PUBLISHED;
                    specifications.push(Specification {
                        steering: compare.steering,
                        graph: name.clone(),
                        features: features.map(|at| sets[at].clone()),
                        baseline: comparison.baseline.clone(),
                        compared: comparison.compared,
                        alpha: Some(search.alpha),
                        undirected: Some(undirected),
                        rows: Some(search.rows),
                        definition,
                        effects: averaged(&expectations, rates),
                        published: choice,
                    });
                }
            }
        }
    }
    Found {
        specifications,
        failure: None,
        without_class,
    }
}

/// The members of the equivalence class; none if there are more than `limit`, or no DAG at all.
fn class(graph: &MixedGraph, limit: usize) -> Vec<DiGraph<String, ()>> {
    let small = |size| size <= limit.into();
    if !graph.class_size().is_ok_and(small) {
        return Vec::new();
    }
    let members = graph.class_dags().into_iter().flatten();
    members
        .map(|dag| dag.to_digraph(UndirectedEdges::Drop))
        .collect()
}

fn of_reference(
    key: &str,
    graph: &DiGraph<String, ()>,
    sets: &[FeatureSet],
    compares: &[Compare],
    specifications: &mut Vec<Specification>,
) {
    let name: Arc<str> = key.into();
    for definition in Definition::ALL {
        let expectations = [Expectations::of(
            graph,
            definition.expected(),
            definition.unexpected(),
        )];
        for compare in compares {
            for (comparison, rates, published) in &compare.against {
                let set = compare.features.map(|at| &sets[at]);
                specifications.push(Specification {
                    steering: compare.steering,
                    graph: name.clone(),
                    features: set.cloned(),
                    baseline: comparison.baseline.clone(),
                    compared: comparison.compared,
                    alpha: None,
                    undirected: None,
                    rows: None,
                    definition,
                    effects: averaged(&expectations, rates),
                    published: *published
                        && set.is_none_or(|set| set.kind == SetKind::Published)
                        && definition == Definition::PUBLISHED,
                });
            }
        }
    }
}

/// The mean over graphs of each mean effect, among those that have it.
fn averaged(graphs: &[Expectations], rates: &Array2<f64>) -> MeanEffects {
    let means: Vec<MeanEffects> = graphs.iter().map(|g| g.means(rates.view())).collect();
    let mean = |of: fn(&MeanEffects) -> Option<f64>| {
        let (sum, n) = means
            .iter()
            .filter_map(of)
            .fold((0.0, 0_usize), |(sum, n), x| (sum + x, n + 1));
        (n > 0).then(|| sum / n as f64)
    };
    MeanEffects {
        expected: mean(|means| means.expected),
        unexpected: mean(|means| means.unexpected),
    }
}
