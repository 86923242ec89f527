//! Figures 4, 6 and 7: how often other values changed when a value did, by what was steered and by the graph that
//! predicts it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::graph::UndirectedEdges;
use value_causal::metrics::{
    ChangeRates, Expected, SteeringEffects, Unexpected, changes_from_baseline, relabelling_test,
    steering_effects,
};
use value_causal::petgraph::graph::DiGraph;

use crate::correlation::pearson;
use crate::experiment::Experiment;
use crate::graphs::{digraph, planted};
use crate::measurements::Study;
use program::Failure;

/// Role prompts and SAE steering, each against the paper's baseline as the released code takes it and, where the study
/// asked without a role, against that.
#[derive(Clone, Debug)]
pub struct SteeringComparisons {
    /// Role prompts against the first role: figure 4.
    pub roles: EffectsByGraph,
    /// SAE features under one role, against that role unsteered: figure 4.
    pub features: EffectsByGraph,
    /// Role prompts against no role.
    pub roles_from_empty: Option<EffectsByGraph>,
    /// SAE features without a role, against neither.
    pub features_from_empty: Option<EffectsByGraph>,
    /// The role of `features`, as a key: `mary_holt`.
    sae_role: String,
}

/// What one way of steering changed, and what each graph let one expect.
#[derive(Clone, Debug, Serialize)]
pub struct EffectsByGraph {
    /// Mean over values of the number of settings in which the value changed.
    pub mean_settings_changing_a_value: Option<f64>,
    /// Mean over settings of the number of values that changed.
    pub mean_values_changed_per_setting: Option<f64>,
    /// Number of settings, the baseline not counted.
    pub settings: usize,
    /// Correlation, over pairs of values, of the rate at which v' changed along with v and the rate
    /// at which v' changed at all.
    #[serde(skip)]
    pub base_rate_correlation: Option<f64>,
    /// What each graph let one expect.
    #[serde(flatten)]
    pub graphs: PerGraph<GraphEffects>,
}

/// Something for each graph whose predictions are compared. Serialises to a map by the graphs' keys.
#[derive(Clone, Debug)]
pub struct PerGraph<T> {
    /// For the graph that PC found; its key is `discovered`.
    pub discovered: T,
    /// For each reference graph of the experiment, in its order, with its key.
    pub references: Vec<(String, T)>,
    /// For the planted graph where there is one; its key is `planted`.
    pub planted: Option<T>,
}

/// How often values changed that a graph lets one expect to change, and those it does not.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct GraphEffects {
    /// Mean over the values that have successors of the rate at which these changed along.
    pub expected: Option<f64>,
    /// The same for those that are not successors.
    pub unexpected: Option<f64>,
    /// Population standard deviation over values.
    pub expected_std: Option<f64>,
    /// Population standard deviation over values.
    pub unexpected_std: Option<f64>,
    /// Number of values behind `expected`.
    #[serde(skip)]
    pub n_expected: usize,
    /// Number of values behind `unexpected`.
    #[serde(skip)]
    pub n_unexpected: usize,
    /// Share of relabelled graphs (see [`RELABELLINGS`]) whose gap between expected and unexpected
    /// is at least as large: the p-value of the gap.
    #[serde(skip)]
    pub gap_p_value: Option<f64>,
}

/// Draws behind the p-value of a gap.
pub const RELABELLINGS: usize = 500;

impl<T> PerGraph<T> {
    /// The same graphs, with what `of` makes of each.
    fn try_map<U>(&self, of: impl Fn(&T) -> Result<U, Failure>) -> Result<PerGraph<U>, Failure> {
        let references = self.references.iter();
        Ok(PerGraph {
            discovered: of(&self.discovered)?,
            references: references
                .map(|(key, it)| Ok::<_, Failure>((key.clone(), of(it)?)))
                .collect::<Result<_, _>>()?,
            planted: self.planted.as_ref().map(of).transpose()?,
        })
    }

    /// All of them with their keys: the discovered graph, the references, the planted graph.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let references = self.references.iter();
        [("discovered", &self.discovered)]
            .into_iter()
            .chain(references.map(|(key, it)| (key.as_str(), it)))
            .chain(self.planted.as_ref().map(|it| ("planted", it)))
    }
}

impl PerGraph<DiGraph<String, ()>> {
    /// The discovered graph, the references and the planted graph, over the same nodes.
    pub(crate) fn to_compare(
        experiment: &Experiment,
        values: &[String],
        discovered: DiGraph<String, ()>,
    ) -> Self {
        let references = experiment.references.iter();
        let references = references.map(|it| (it.key.clone(), digraph(values, &it.edges)));
        let truth = experiment.truth.as_ref();
        Self {
            discovered,
            references: references.collect(),
            planted: truth.map(|it| planted(values, it).to_digraph(UndirectedEdges::Drop)),
        }
    }
}

impl<T: Serialize> Serialize for PerGraph<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().collect::<BTreeMap<_, _>>())
    }
}

impl SteeringComparisons {
    pub(crate) fn compute(
        experiment: &Experiment,
        study: &Study,
        test: &OrientationTable,
        graphs: &PerGraph<DiGraph<String, ()>>,
    ) -> Result<Self, Failure> {
        let sae_role = experiment.baselines.sae.as_str();
        let of_role = |role: Option<&str>| test.select(|s| s.role.as_deref() == role);
        let against = |rows: &OrientationTable, role: Option<&str>| {
            EffectsByGraph::against(rows, &Setting::of_role(role), graphs)
        };
        let named = test.select(|s| s.is_unsteered() && s.role.is_some());
        let empty_role = test.position(&Setting::of_role(None)).is_some();
        let from_empty = |rows: OrientationTable| against(&rows, None);
        Ok(Self {
            roles: against(&named, Some(&study.role_baseline))?,
            features: against(&of_role(Some(sae_role)), Some(sae_role))?,
            roles_from_empty: empty_role
                .then(|| from_empty(test.select(Setting::is_unsteered)))
                .transpose()?,
            features_from_empty: empty_role.then(|| from_empty(of_role(None))).transpose()?,
            sae_role: words_of(&sae_role.to_lowercase()),
        })
    }

    /// All of them with their keys in `results.json`.
    pub fn iter(&self) -> impl Iterator<Item = (String, &EffectsByGraph)> {
        let from_empty = [
            ("role_base_empty_role", &self.roles_from_empty),
            ("sae_empty_role", &self.features_from_empty),
        ];
        let from_empty = from_empty.into_iter();
        [
            ("role_base_first_role".to_owned(), &self.roles),
            (format!("sae_role_{}", self.sae_role), &self.features),
        ]
        .into_iter()
        .chain(from_empty.filter_map(|(key, found)| Some((key.to_owned(), found.as_ref()?))))
    }
}

impl Serialize for SteeringComparisons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().collect::<BTreeMap<_, _>>())
    }
}

/// The words of a name, joined by underscores.
fn words_of(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("_")
}

impl EffectsByGraph {
    fn against(
        rows: &OrientationTable,
        baseline: &Setting,
        graphs: &PerGraph<DiGraph<String, ()>>,
    ) -> Result<Self, Failure> {
        let rates = change_rates(rows, baseline)?;
        let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
        let of_graph = |graph: &DiGraph<String, ()>| {
            let effects = steering_effects(graph, &rates, expected, unexpected)?;
            // A graph without expected effects has no gap to test.
            let chance =
                relabelling_test(graph, &rates, expected, unexpected, RELABELLINGS, 1).ok();
            Ok(GraphEffects {
                gap_p_value: chance.map(|chance| chance.p_value()),
                ..GraphEffects::from(&effects)
            })
        };
        Ok(Self {
            mean_settings_changing_a_value: rates.mean_interventions_changing_a_node(),
            mean_values_changed_per_setting: rates.mean_nodes_changed_per_intervention(),
            settings: rates.n_interventions(),
            base_rate_correlation: base_rate_correlation(&rates),
            graphs: graphs.try_map(of_graph)?,
        })
    }
}

/// How often values changed together in `rows`, each compared with the row of `baseline`, which is
/// one of them and no setting itself.
///
/// # Errors
/// If there is no row of the baseline.
pub fn change_rates(rows: &OrientationTable, baseline: &Setting) -> Result<ChangeRates, Failure> {
    let base = rows
        .position(baseline)
        .ok_or_else(|| format!("no test row for the baseline ({baseline})"))?;
    let others = rows.select(|setting| setting != baseline);
    let changes = changes_from_baseline(others.matrix(), rows.matrix().row(base))?;
    Ok(ChangeRates::from_changes(changes.view()))
}

/// Pearson correlation of `c(v', v)` and the base rate of `v'` over all pairs that have a rate.
fn base_rate_correlation(rates: &ChangeRates) -> Option<f64> {
    let nodes = 0..rates.n_nodes();
    let pairs = nodes
        .clone()
        .flat_map(|v| nodes.clone().map(move |w| (w, v)));
    let both: Vec<(f64, f64)> = pairs
        .filter(|(w, v)| w != v)
        .filter_map(|(w, v)| Some((rates.rate(w, v)?, rates.base_rate(w)?)))
        .collect();
    let (x, y): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
    let correlation = pearson(&x, &y);
    correlation.is_finite().then_some(correlation)
}

impl From<&SteeringEffects> for GraphEffects {
    fn from(effects: &SteeringEffects) -> Self {
        Self {
            expected: effects.expected.map(|summary| summary.mean),
            unexpected: effects.unexpected.map(|summary| summary.mean),
            expected_std: effects.expected.map(|summary| summary.std),
            unexpected_std: effects.unexpected.map(|summary| summary.std),
            n_expected: effects.expected.map_or(0, |summary| summary.n),
            n_unexpected: effects.unexpected.map_or(0, |summary| summary.n),
            gap_p_value: None,
        }
    }
}
