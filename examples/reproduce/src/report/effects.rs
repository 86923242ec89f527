//! What steering did: the tables of figures 4 to 7 and of table 3.

use value_causal::discovery::graph::UndirectedEdges;
use value_causal::petgraph::graph::DiGraph;

use crate::distance::{Discovered, Distance};
use crate::effects::{EffectsByGraph, GraphEffects, PerGraph, SteeringComparisons};
use crate::experiment::{Paper, PaperBars};
use crate::graphs::{digraph, planted};
use crate::results::GraphResults;
use crate::text::{decimal, escaped};

use super::Report;
use super::cells::{agrees, table};

impl Report<'_> {
    /// The rates of figure 4.
    pub(super) fn effects(&self) -> String {
        type Half = (
            &'static str,
            fn(&SteeringComparisons) -> &EffectsByGraph,
            fn(&Paper) -> &PaperBars,
        );
        const HALVES: [Half; 2] = [
            ("role prompts", |of| &of.roles, |paper| &paper.figure_4.role),
            (
                "SAE features",
                |of| &of.features,
                |paper| &paper.figure_4.sae,
            ),
        ];
        let printed = |bars: fn(&Paper) -> &PaperBars, expected: bool, discovered: bool| {
            let bars = bars(self.paper?);
            let pair = if expected {
                &bars.expected
            } else {
                &bars.unexpected
            };
            Some(if discovered {
                pair.discovered
            } else {
                pair.reference
            })
        };
        let reference = self.experiment.figure_reference();
        let graphs = std::iter::once(None).chain(reference.map(Some));
        let mut rows = Vec::new();
        for (steering, half, bars) in HALVES {
            for expected in [true, false] {
                for graph in graphs.clone() {
                    let values = if expected { "expected" } else { "unexpected" };
                    let title = graph.map_or("discovered".to_owned(), |(_, it)| escaped(&it.title));
                    let paper = printed(bars, expected, graph.is_none());
                    let rate = |results: &GraphResults| {
                        let graphs = &half(&results.steering_effects).graphs;
                        let effects = match graph {
                            None => &graphs.discovered,
                            Some((at, _)) => &graphs.references[at].1,
                        };
                        Rate::of(effects, expected)
                    };
                    let ours = rate(&self.results.published_subset);
                    let all = rate(&self.results.all_features);
                    rows.push(vec![
                        steering.to_owned(),
                        values.to_owned(),
                        title,
                        decimal(paper, 2),
                        ours.with_spread(),
                        agrees(ours.mean, paper, 2).to_owned(),
                        all.with_spread(),
                    ]);
                }
            }
        }
        let paper = self.paper.is_some();
        let [few, every] = self.experiment.row_titles();
        let columns = [
            ("steering", true),
            ("values", true),
            ("graph", true),
            ("paper", paper),
            (few, true),
            ("agrees", paper),
            (every, true),
        ];
        table(&columns, &rows)
    }

    /// How much steering changed.
    pub(super) fn steered_values(&self) -> String {
        let paper = self.paper.map(|paper| &paper.steered_values);
        let effects = &self.results.published_subset.steering_effects;
        let rows = [
            ("role prompts", &effects.roles, paper.map(|p| p.role)),
            ("SAE features", &effects.features, paper.map(|p| p.sae)),
        ]
        .map(|(name, effects, paper)| {
            let ours = effects.mean_settings_changing_a_value;
            vec![
                name.to_owned(),
                decimal(paper, 1),
                decimal(ours, 2),
                agrees(ours, paper, 1).to_owned(),
                decimal(effects.mean_values_changed_per_setting, 2),
                effects.settings.to_string(),
            ]
        });
        let columns = [
            ("steering", true),
            ("paper", paper.is_some()),
            ("settings changing a value", true),
            ("agrees", paper.is_some()),
            ("values changed by a setting", true),
            ("settings", true),
        ];
        table(&columns, &rows)
    }

    /// The rates of every graph.
    pub(super) fn references(&self) -> String {
        let titles = [
            "role prompts",
            "SAE features",
            "role prompts, empty role",
            "SAE features, empty role",
        ];
        let mut text = format!("| graph | edges | SHD | SID | {} |", titles.join(" | "));
        text += &format!("\n|---|---:|---:|---:|{}", "---:|".repeat(titles.len()));
        let found = &self.results.published_subset.discovered;
        let discovered = Discovered::new(found);
        let mut row = |name: &str, edges: usize, graph: &DiGraph<String, ()>, cells: String| {
            let [shd, sid] = distances(discovered.distance_from(graph));
            text += &format!("\n| {name} | {edges} | {shd} | {sid} | {cells} |");
        };
        let [few, every] = self.experiment.row_titles();
        for (set, results) in [
            (few, &self.results.published_subset),
            (every, &self.results.all_features),
        ] {
            let cells = pairs(&results.steering_effects, |graphs| Some(&graphs.discovered));
            row(
                &format!("discovered, {set}"),
                results.pc_edges.len(),
                &results.discovered.to_digraph(UndirectedEdges::BothWays),
                cells,
            );
        }
        let subset = &self.results.published_subset.steering_effects;
        for (at, reference) in self.experiment.references.iter().enumerate() {
            let cells = pairs(subset, |graphs| Some(&graphs.references[at].1));
            row(
                &escaped(&reference.title),
                reference.edges.len(),
                &digraph(found.names(), &reference.edges),
                cells,
            );
        }
        if let Some(truth) = &self.experiment.truth {
            let cells = pairs(subset, |graphs| graphs.planted.as_ref());
            let planted = planted(found.names(), truth).to_digraph(UndirectedEdges::Drop);
            row("planted", truth.edges.len(), &planted, cells);
        }
        text
    }

    pub(super) fn base_rate_correlations(&self) -> String {
        let correlations = columns(&self.results.published_subset.steering_effects)
            .map(|effects| decimal(effects.and_then(|effects| effects.base_rate_correlation), 2));
        correlations.collect::<Vec<_>>().join(", ")
    }

    /// The percentages of table 3.
    pub(super) fn instructions(&self) -> String {
        let printed = self.paper.and_then(|paper| paper.table_3.as_ref());
        let ours = &self.results.sae_vs_instruction;
        let triple = |p: [f64; 3]| format!("{:.1} / {:.1} / {:.1}", p[0], p[1], p[2]);
        let mut rows = Vec::new();
        for (meant, pies, paper) in [
            ("raise", &ours.positive, printed.map(|p| &p.raise)),
            ("lower", &ours.negative, printed.map(|p| &p.lower)),
        ] {
            for (by, pie, paper) in [
                ("SAE features", pies.sae, paper.map(|p| p.sae)),
                (
                    "instruction",
                    pies.instruction,
                    paper.map(|p| p.instruction),
                ),
            ] {
                let same = paper.map_or("–", |p| if p == pie.percent { "yes" } else { "no" });
                rows.push(vec![
                    meant.to_owned(),
                    by.to_owned(),
                    paper.map_or("–".to_owned(), triple),
                    triple(pie.percent),
                    same.to_owned(),
                    format!("{} / {} / {}", pie.raised, pie.unchanged, pie.lowered),
                ]);
            }
        }
        let paper = printed.is_some();
        let columns = [
            ("meant to", true),
            ("by", true),
            ("paper", paper),
            ("ours", true),
            ("agrees", paper),
            ("counts", true),
        ];
        table(&columns, &rows)
    }
}

/// Structural Hamming and intervention distance, in the cells of a row.
fn distances(distance: Option<Distance>) -> [String; 2] {
    let none = || "none".to_owned();
    let Some(Distance { shd, sid }) = distance else {
        return [none(), none()];
    };
    let sid = sid.map_or_else(none, |range| match range.start() == range.end() {
        true => range.start().to_string(),
        false => format!("{} to {}", range.start(), range.end()),
    });
    [shd.to_string(), sid]
}

/// A mean with its spread.
struct Rate {
    mean: Option<f64>,
    std: Option<f64>,
    n: usize,
}

impl Rate {
    fn of(e: &GraphEffects, expected: bool) -> Self {
        let (mean, std, n) = match expected {
            true => (e.expected, e.expected_std, e.n_expected),
            false => (e.unexpected, e.unexpected_std, e.n_unexpected),
        };
        Self { mean, std, n }
    }

    fn with_spread(&self) -> String {
        format!(
            "{} ± {} ({})",
            decimal(self.mean, 3),
            decimal(self.std, 3),
            self.n
        )
    }
}

/// The four comparisons; a study that never asked without a role has two.
fn columns(of: &SteeringComparisons) -> impl Iterator<Item = Option<&EffectsByGraph>> {
    let from_empty = [
        of.roles_from_empty.as_ref(),
        of.features_from_empty.as_ref(),
    ];
    [Some(&of.roles), Some(&of.features)]
        .into_iter()
        .chain(from_empty)
}

/// Expected and unexpected rates of one graph, in the cells of a row.
fn pairs(
    of: &SteeringComparisons,
    graph: impl Fn(&PerGraph<GraphEffects>) -> Option<&GraphEffects>,
) -> String {
    let cell = |effects: Option<&EffectsByGraph>| {
        let e = graph(&effects?.graphs)?;
        let (expected, unexpected) = (decimal(e.expected, 3), decimal(e.unexpected, 3));
        Some(format!(
            "{expected} / {unexpected} ({})",
            decimal(e.gap_p_value, 2)
        ))
    };
    let cells = columns(of).map(|effects| cell(effects).unwrap_or("–".to_owned()));
    cells.collect::<Vec<_>>().join(" | ")
}
