//! The figures and tables as files: which numbers go into which picture.

use std::path::Path;

use rayon::prelude::*;

use crate::arguments::Loaded;
use crate::dyads::{Pie, SteeringTable};
use crate::effects::{EffectsByGraph, GraphEffects};
use crate::experiment::{Experiment, Reference};
use crate::graphs::{planted, planted_cpdag};
use crate::results::{GraphResults, Results};
use crate::text::{decimal, headings};
use figures::{
    Bar, BarCluster, BarFigure, BarGroup, BarPanel, Edge, EdgeStyle, GraphFigure, GraphPanel,
    Picture, PieFigure, PieRow, Shares, SteeringCell, SteeringRow, bars, graphs, pies,
    steering_table,
};
use program::with_causes;
use program::{Failure, cell as safe_cell, save_picture, save_text};

/// One figure or table of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The discovered causal graph beside the reference graph.
    Figure3,
    /// The discovered graph beside the planted one; only where there is one.
    Figure3Truth,
    /// Steering effects of the discovered and the reference graph.
    Figure4,
    /// The other reference graphs.
    Figure5,
    /// Steering effects of the graphs that models wrote.
    Figure6,
    /// Steering effects of the hierarchy.
    Figure7,
    /// Steering by the published features.
    Table1,
    /// SAE features beside explicit instructions.
    Table3,
    /// Steering by all features: table 4, or 5 for the paper's second model.
    FullTable,
}

/// The names of all files, without extension, that some experiment has.
pub(crate) const ALL_STEMS: [&str; 10] = [
    "figure_3",
    "figure_3_truth",
    "figure_4",
    "figure_5",
    "figure_6",
    "figure_7",
    "table_1",
    "table_3",
    "table_4",
    "table_5",
];

/// The outputs of an experiment.
#[must_use]
pub fn outputs(experiment: &Experiment) -> Vec<Output> {
    let mut outputs = vec![Output::Figure3];
    outputs.extend(experiment.truth.as_ref().map(|_| Output::Figure3Truth));
    outputs.extend([
        Output::Figure4,
        Output::Figure5,
        Output::Figure6,
        Output::Figure7,
        Output::Table1,
        Output::Table3,
        Output::FullTable,
    ]);
    outputs
}

/// Draws and writes `outputs` into the folder `out`, in parallel; `done` is called after each.
/// Returns the names of the files, in the order of `outputs`.
///
/// # Errors
/// If a picture cannot be drawn or a file cannot be written.
pub fn write_all(
    outputs: &[Output],
    loaded: &Loaded,
    results: &Results,
    out: &Path,
    done: &(dyn Fn(&str) + Sync),
) -> Result<Vec<String>, Failure> {
    let written: Result<Vec<_>, String> = outputs
        .par_iter()
        .map(|output| {
            let stem = output.stem(&loaded.experiment);
            let files = output
                .write(loaded, results, out)
                .map_err(|e| format!("{stem}: {}", with_causes(e.as_ref())))?;
            done(&stem);
            Ok(files)
        })
        .collect();
    Ok(written?.concat())
}

impl Output {
    /// Name of its files without extension.
    #[must_use]
    pub fn stem(self, experiment: &Experiment) -> String {
        match self {
            Self::Figure3 => "figure_3".to_owned(),
            Self::Figure3Truth => "figure_3_truth".to_owned(),
            Self::Figure4 => "figure_4".to_owned(),
            Self::Figure5 => "figure_5".to_owned(),
            Self::Figure6 => "figure_6".to_owned(),
            Self::Figure7 => "figure_7".to_owned(),
            Self::Table1 => "table_1".to_owned(),
            Self::Table3 => "table_3".to_owned(),
            Self::FullTable => format!("table_{}", experiment.full_table()),
        }
    }

    fn write(self, loaded: &Loaded, results: &Results, out: &Path) -> Result<Vec<String>, Failure> {
        let stem = self.stem(&loaded.experiment);
        let picture = self.picture(loaded, results)?;
        save_picture(&out.join(&stem), picture.svg(), &picture.png()?)?;
        let mut files = vec![format!("{stem}.svg"), format!("{stem}.png")];
        let text = match self {
            Self::Table1 => Some(steering_text(&table_1(&loaded.experiment, results)?)?),
            Self::FullTable => Some(steering_text(&results.steering_table)?),
            Self::Table3 => Some(pies_text(results)?),
            _ => None,
        };
        if let Some((csv, markdown)) = text {
            save_text(&out.join(format!("{stem}.csv")), &csv)?;
            save_text(&out.join(format!("{stem}.md")), &markdown)?;
            files.extend([format!("{stem}.csv"), format!("{stem}.md")]);
        }
        Ok(files)
    }

    fn picture(self, loaded: &Loaded, results: &Results) -> Result<Picture, Failure> {
        let experiment = &loaded.experiment;
        let model = &experiment.name;
        Ok(match self {
            Self::Figure3 => graphs(&figure_3(experiment, results))?,
            Self::Figure3Truth => graphs(&figure_3_truth(experiment, results)?)?,
            Self::Figure4 => bars(&effect_bars(
                experiment,
                results,
                "the discovered and the reference graph",
                &[&experiment.figures.reference],
            ))?,
            Self::Figure5 => graphs(&figure_5(experiment))?,
            Self::Figure6 => {
                let keys: Vec<&str> = experiment
                    .figures
                    .self_generated
                    .iter()
                    .map(String::as_str)
                    .collect();
                let shown = "the discovered graph and those that models wrote";
                bars(&effect_bars(experiment, results, shown, &keys))?
            }
            Self::Figure7 => bars(&effect_bars(
                experiment,
                results,
                "the discovered graph and the hierarchy",
                &[&experiment.figures.hierarchy],
            ))?,
            Self::Table1 => steering_table(&table_picture(
                &table_1(experiment, results)?,
                format!("Steering {model} by SAE features"),
            ))?,
            Self::FullTable => steering_table(&table_picture(
                &results.steering_table,
                format!("Steering {model} by SAE features, all features and values"),
            ))?,
            Self::Table3 => pies(&pie_figure(experiment, results))?,
        })
    }
}

/// Table 1: the published features, and the values of table 3.
///
/// # Errors
/// If a published feature or a chosen value was not measured.
pub fn table_1(experiment: &Experiment, results: &Results) -> Result<SteeringTable, Failure> {
    let values: Vec<String> = experiment.choices.raise.keys().cloned().collect();
    let mut features = experiment.features.published.clone();
    features.sort_unstable();
    results.steering_table.select(&features, &values)
}

/// The reduced graph; where PC left an edge undirected and both directions survived the
/// reduction, that edge.
fn reduced_edges(results: &GraphResults) -> Vec<Edge> {
    let GraphResults {
        discovered,
        reduced,
        ..
    } = results;
    let ends = reduced
        .edge_indices()
        .filter_map(|edge| reduced.edge_endpoints(edge));
    ends.filter_map(|(a, b)| {
        let (i, j) = (a.index(), b.index());
        let undirected = discovered.is_undirected(i, j) && reduced.contains_edge(b, a);
        match (undirected, i < j) {
            (true, true) => Some(Edge::undirected(&reduced[a], &reduced[b])),
            (true, false) => None,
            (false, _) => Some(Edge::directed(&reduced[a], &reduced[b])),
        }
    })
    .collect()
}

fn reference_edges(reference: &Reference) -> impl Iterator<Item = Edge> + '_ {
    reference
        .edges
        .iter()
        .map(|(cause, effect)| Edge::directed(cause, effect))
}

fn figure_3(experiment: &Experiment, results: &Results) -> GraphFigure {
    let values = results.published_subset.discovered.names();
    let reduced = reduced_edges(&results.published_subset);
    let description = format!(
        "Left: the causal graph among {} values that PC found, reduced to {} edges. Right: the \
         reference graph.",
        values.len(),
        reduced.len()
    );
    let mut found = format!("{}: discovered, reduced", experiment.name);
    if !results.left_out.is_empty() {
        let left_out = results.left_out.iter().map(|left| left.value.as_str());
        let left_out = left_out.collect::<Vec<_>>().join(", ");
        found += &format!(" (left out, as they hardly vary: {left_out})");
    }
    let mut figure = GraphFigure::new("Causal graphs among the values")
        .description(description)
        .panel(GraphPanel::new(found, reduced).nodes(values));
    if let Some(reference) = experiment.reference(&experiment.figures.reference) {
        let panel = GraphPanel::new(
            format!("Reference: {}", reference.title),
            reference_edges(reference),
        );
        figure = figure.panel(panel.nodes(values));
    }
    figure
}

/// Planted edges on the left, those that PC missed dashed; what PC made of them on the right.
fn figure_3_truth(experiment: &Experiment, results: &Results) -> Result<GraphFigure, Failure> {
    let found = &results.published_subset.discovered;
    let names = found.names();
    let Some(truth) = &experiment.truth else {
        return Err("the experiment file names no truth, so there is nothing to compare".into());
    };
    let cpdag = planted_cpdag(names, truth)?;
    let planted = planted(names, truth);
    let planted_edges = planted.edges().filter_map(|edge| {
        let (a, b) = edge.direction()?;
        let met = found.is_adjacent(a, b);
        let style = if met {
            EdgeStyle::Found
        } else {
            EdgeStyle::Missed
        };
        Some(Edge::directed(&names[a], &names[b]).style(style))
    });
    let mut edges: Vec<Edge> = found
        .edges()
        .map(|edge| {
            let (a, b) = edge.direction().unwrap_or((edge.a, edge.b));
            let (a, b) = (&names[a], &names[b]);
            let drawn = match (edge.is_undirected(), edge.is_bidirected()) {
                (true, _) => Edge::undirected(a, b),
                (_, true) => Edge::bidirected(a, b),
                _ => Edge::directed(a, b),
            };
            let same = cpdag.edge(edge.a, edge.b) == Some(edge);
            drawn.style(if same {
                EdgeStyle::Found
            } else {
                EdgeStyle::Extra
            })
        })
        .collect();
    let missed = cpdag
        .edges()
        .filter(|edge| !found.is_adjacent(edge.a, edge.b));
    edges.extend(missed.map(|edge| {
        let (a, b) = edge.direction().unwrap_or((edge.a, edge.b));
        let drawn = match edge.is_undirected() {
            true => Edge::undirected(&names[a], &names[b]),
            false => Edge::directed(&names[a], &names[b]),
        };
        drawn.style(EdgeStyle::Missed)
    }));
    Ok(GraphFigure::new("Planted and found")
        .description("Left: the planted causal graph. Right: the graph that PC found, against it.")
        .comparison("as planted", "planted, not found", "found, not planted so")
        .same_places()
        .panel(GraphPanel::new("Planted", planted_edges).nodes(names))
        .panel(GraphPanel::new("Found by PC", edges).nodes(names)))
}

fn figure_5(experiment: &Experiment) -> GraphFigure {
    let figures = &experiment.figures;
    let keys = figures.self_generated.iter().chain([&figures.hierarchy]);
    let shown: Vec<&Reference> = keys.filter_map(|key| experiment.reference(key)).collect();
    let edges = shown.iter().enumerate().flat_map(|(source, reference)| {
        reference_edges(reference).map(move |edge| edge.style(EdgeStyle::Source(source)))
    });
    GraphFigure::new("Other reference graphs")
        .description("Reference graphs in one drawing, each with its own colour and dashes.")
        .sources(shown.iter().map(|reference| &reference.title))
        .panel(GraphPanel::new("", edges))
}

/// Figures 4, 6 and 7: the discovered graph against the references with these keys.
fn effect_bars(
    experiment: &Experiment,
    results: &Results,
    shown: &str,
    references: &[&str],
) -> BarFigure {
    let shown_references = || {
        let all = experiment.references.iter().enumerate();
        references
            .iter()
            .filter_map(move |key| all.clone().find(|(_, it)| it.key == *key))
    };
    let titles = shown_references().map(|(_, reference)| reference.title.clone());
    let effects = &results.published_subset.steering_effects;
    let group = |label: &str, effects: &EffectsByGraph| {
        let graphs = &effects.graphs;
        let of_references = shown_references().map(|(at, _)| graphs.references[at].1);
        let of_graphs: Vec<GraphEffects> = std::iter::once(graphs.discovered)
            .chain(of_references)
            .collect();
        let cluster = |label: &str, bar: fn(GraphEffects) -> Bar| BarCluster {
            label: label.to_owned(),
            bars: of_graphs.iter().copied().map(bar).collect(),
        };
        BarGroup {
            label: label.to_owned(),
            clusters: vec![
                cluster("expected", |e| Bar {
                    mean: e.expected,
                    std: e.expected_std,
                }),
                cluster("unexpected", |e| Bar {
                    mean: e.unexpected,
                    std: e.unexpected_std,
                }),
            ],
        }
    };
    BarFigure {
        title: format!("Steering effects, {}: {shown}", experiment.name),
        description: "Rate at which values changed along with a steered one, for values that the \
                      graph lets one expect to change and for the others; bars show mean and \
                      standard deviation over values."
            .to_owned(),
        y_label: "rate of change, mean ± s.d. over values".to_owned(),
        series: std::iter::once("discovered graph".to_owned())
            .chain(titles)
            .collect(),
        panels: vec![BarPanel {
            title: String::new(),
            groups: vec![
                group("role prompts", &effects.roles),
                group("SAE features", &effects.features),
            ],
        }],
    }
}

fn table_picture(table: &SteeringTable, title: String) -> figures::SteeringTable {
    let rows = table.rows.iter().map(|row| {
        let cells = row.cells.iter().map(|cell| SteeringCell {
            shares: Shares::from_counts(cell.train[0], cell.train[2], cell.train[1]),
            cosine: cell.cosine,
        });
        SteeringRow {
            feature: row.feature.to_string(),
            cells: cells.collect(),
            mean_similarity: row.mean_similarity,
        }
    });
    figures::SteeringTable {
        title,
        description: "Each cell: share of training roles in which the feature raised, left and \
                      lowered the value; the number is the cosine with the test shares."
            .to_owned(),
        row_header: "SAE feature".to_owned(),
        values: table.values.clone(),
        rows: rows.collect(),
        noise_ratios: table.noise_ratios.clone(),
    }
}

/// CSV with one line per cell, and Markdown in the shape of the paper's table.
fn steering_text(table: &SteeringTable) -> Result<(String, String), Failure> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record([
        "feature",
        "value",
        "train_raised",
        "train_lowered",
        "train_unchanged",
        "test_raised",
        "test_lowered",
        "test_unchanged",
        "cosine",
    ])?;
    let mut markdown = format!(
        "| SAE feature | {} | Mean similarity |\n",
        headings(&table.values)
    );
    markdown += &format!("|---|{}\n", "---:|".repeat(table.values.len() + 1));
    for row in &table.rows {
        let mut line = vec![row.feature.to_string()];
        for (value, cell) in table.values.iter().zip(&row.cells) {
            let mut record = vec![row.feature.to_string(), safe_cell(value).into_owned()];
            record.extend(cell.train.iter().chain(&cell.test).map(ToString::to_string));
            record.push(
                cell.cosine
                    .map_or(String::new(), |cosine| cosine.to_string()),
            );
            csv.write_record(&record)?;
            let [raised, lowered, unchanged] = cell.train;
            line.push(format!(
                "{} ({raised}/{lowered}/{unchanged})",
                decimal(cell.cosine, 2)
            ));
        }
        line.push(decimal(row.mean_similarity, 2));
        markdown += &format!("| {} |\n", line.join(" | "));
    }
    let noise = table.noise_ratios.iter();
    let noise: Vec<String> = noise.map(|&n| decimal(n, 2)).collect();
    markdown += &format!("| Noise ratio | {} | |\n", noise.join(" | "));
    markdown += "\nEach cell: cosine between the training and the test proportions (training roles \
                 raised/lowered/unchanged).\n";
    Ok((csv_text(csv)?, markdown))
}

fn csv_text(writer: csv::Writer<Vec<u8>>) -> Result<String, Failure> {
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes)?)
}

fn pie_rows(results: &Results) -> [(&'static str, &'static str, Pie); 4] {
    let ours = &results.sae_vs_instruction;
    [
        ("raise", "SAE features", ours.positive.sae),
        ("raise", "instruction", ours.positive.instruction),
        ("lower", "SAE features", ours.negative.sae),
        ("lower", "instruction", ours.negative.instruction),
    ]
}

fn pies_text(results: &Results) -> Result<(String, String), Failure> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record([
        "meant_to",
        "by",
        "raised",
        "unchanged",
        "lowered",
        "percent_raised",
        "percent_unchanged",
        "percent_lowered",
    ])?;
    let mut markdown =
        "| meant to | by | raised | unchanged | lowered |\n|---|---|---:|---:|---:|\n".to_owned();
    for (meant, by, pie) in pie_rows(results) {
        let counts = [pie.raised, pie.unchanged, pie.lowered];
        let mut record = vec![meant.to_owned(), by.to_owned()];
        record.extend(counts.iter().map(ToString::to_string));
        record.extend(pie.percent.iter().map(ToString::to_string));
        csv.write_record(&record)?;
        let cells: Vec<String> = counts
            .iter()
            .zip(pie.percent)
            .map(|(count, percent)| format!("{count} ({percent:.1} %)"))
            .collect();
        markdown += &format!("| {meant} | {by} | {} |\n", cells.join(" | "));
    }
    Ok((csv_text(csv)?, markdown))
}

fn pie_figure(experiment: &Experiment, results: &Results) -> PieFigure {
    let shares = |pie: Pie| Shares::from_counts(pie.raised, pie.unchanged, pie.lowered);
    let ours = &results.sae_vs_instruction;
    let row = |label: &str, sae: Pie, instruction: Pie| PieRow {
        label: label.to_owned(),
        pies: vec![shares(sae), shares(instruction)],
    };
    PieFigure {
        title: format!(
            "SAE features and explicit instructions, {}",
            experiment.name
        ),
        description: format!(
            "Share of (role, value) pairs that were raised, left and lowered, over {} values.",
            experiment.choices.raise.len()
        ),
        columns: vec![
            "best SAE feature".to_owned(),
            "explicit instruction".to_owned(),
        ],
        rows: vec![
            row("to raise", ours.positive.sae, ours.positive.instruction),
            row("to lower", ours.negative.sae, ours.negative.instruction),
        ],
    }
}
