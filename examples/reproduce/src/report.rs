//! `report.md`: every number beside the paper's, and beside the truth where there is one.

use std::fmt::{self, Write};

use crate::dyads::SteeringTable;
use measurement::Measurement;

use crate::arguments::Loaded;
use crate::effects::{EffectsByGraph, GraphEffects, PerGraph, RELABELLINGS, SteeringComparisons};
use crate::experiment::{Experiment, Paper, PaperBars, PaperTable, Test};
use crate::graphs::EdgeMark;
use crate::measurements::Study;
use crate::results::{GraphResults, Results, TruthResults};
use crate::text::{decimal, escaped, headings};

/// The report as Markdown; `outputs` are the files beside it, in the order written, `told` what to say of how the
/// measurements came about.
///
/// # Errors
/// None in practice: writing to a string does not fail.
pub fn markdown(
    Loaded {
        experiment, study, ..
    }: &Loaded,
    (results, measurement): (&Results, &Measurement),
    table_1: &SteeringTable,
    told: &str,
    outputs: &[String],
) -> Result<String, fmt::Error> {
    let report = Report {
        experiment,
        study,
        results,
        measurement,
        paper: experiment.paper.as_ref(),
    };
    let mut text = String::new();
    report.opening(&mut text)?;
    text.push_str(told);
    report.graph(&mut text)?;
    report.truth(&mut text)?;
    report.effects(&mut text)?;
    report.references(&mut text)?;
    report.steering_table(&mut text, 1, table_1, &experiment.paper_tables.published)?;
    let full = experiment.full_table();
    if table_1.is_as_large_as(&results.steering_table) {
        writeln!(
            text,
            "Table {full} would have all features and values. So has table 1 here, and table {full} is left out.\n"
        )?;
    } else {
        report.steering_table(
            &mut text,
            full,
            &results.steering_table,
            &experiment.paper_tables.full,
        )?;
    }
    report.sae_vs_instruction(&mut text)?;
    report.closing(&mut text, outputs)?;
    Ok(text)
}

struct Report<'a> {
    experiment: &'a Experiment,
    study: &'a Study,
    results: &'a Results,
    measurement: &'a Measurement,
    paper: Option<&'a Paper>,
}

impl Report<'_> {
    fn opening(&self, text: &mut String) -> fmt::Result {
        let Self {
            experiment, study, ..
        } = self;
        let n_values = study.values().len();
        writeln!(text, "# {}\n", escaped(&experiment.name))?;
        self.verdict(text)?;
        match self.paper {
            Some(_) => writeln!(
                text,
                "The figures and tables of Kang et al. (2025) from the released measurements of \
                 {}. Where a number stands beside the paper's, \"agrees\" means: equal to the \
                 digits that the paper prints.\n",
                escaped(&experiment.name)
            )?,
            None if experiment.truth.is_some() => writeln!(
                text,
                "A study with a causal graph that is known, so that what is found can be compared \
                 with what was planted.\n"
            )?,
            None => writeln!(
                text,
                "The figures and tables of Kang et al. (2025) for these measurements.\n"
            )?,
        }
        writeln!(
            text,
            "| measurements | file | rows | values |\n|---|---|---:|---:|"
        )?;
        for (what, file, table) in [
            (
                "training roles and items",
                &experiment.files.train,
                &study.train,
            ),
            ("test roles and items", &experiment.files.test, &study.test),
            ("instructed to raise", &experiment.files.raise, &study.raise),
            ("instructed to lower", &experiment.files.lower, &study.lower),
        ] {
            writeln!(
                text,
                "| {what} | `{}` | {} | {n_values} |",
                file.replace('`', "'").replace('|', "\\|"),
                table.n_settings()
            )?;
        }
        for note in &study.notes {
            writeln!(text, "\n**Note.** {}.", escaped(note))?;
        }
        writeln!(text)
    }

    fn verdict(&self, text: &mut String) -> fmt::Result {
        let found = self.measurement;
        writeln!(text, "**{}**\n", found.sentence)?;
        if let Some(structure) = &found.structure {
            let search = structure.honest();
            writeln!(
                text,
                "A search that knows which rows depend on one another finds {} edges, and {:.1} ± {:.1} in {} draws in which \
                 every relation between values is destroyed (p = {:.3}). The program `audit` draws more and shows what this \
                 rests on.\n",
                search.n_edges, search.null_mean, search.null_sd, search.n_draws, search.p_value
            )?;
        }
        for advice in &found.advice {
            writeln!(text, "- {advice}")?;
        }
        writeln!(text)
    }

    fn graph(&self, text: &mut String) -> fmt::Result {
        let Results {
            published_subset: subset,
            all_features: all,
            ..
        } = self.results;
        writeln!(
            text,
            "## The causal graph (figure 3)\n\n![Figure 3](figure_3.svg)\n"
        )?;
        if !self.measurement.verdict.is_graph() {
            writeln!(
                text,
                "**The verdict above is not that a graph can be seen; this one may be drawn from nothing.**\n"
            )?;
        }
        let test = match self.experiment.test {
            Test::Clustered => "the test for clustered rows",
            Test::FisherZ => "Fisher's z",
        };
        writeln!(
            text,
            "PC with causal-learn's semantics by {test} at level {}. Undirected edges count as both \
             directions; the greedy reduction keeps who is reached from whom.\n",
            self.experiment.alpha
        )?;
        let alpha = self.experiment.alpha.to_string();
        let [few, every] = self.experiment.row_titles();
        let undirected = |graph: &GraphResults| {
            graph
                .pc_edges
                .iter()
                .filter(|(_, _, mark)| *mark == EdgeMark::Undirected)
                .count()
        };
        let time = |graph: &GraphResults| format!("{:.2}", graph.search_time.as_secs_f64() * 1e3);
        let of_paper = |number: Option<String>| number.unwrap_or("–".to_owned());
        let both = |name: &str, of: &dyn Fn(&GraphResults) -> String, paper: Option<String>| {
            vec![name.to_owned(), of(subset), of(all), of_paper(paper)]
        };
        let paper = self.paper;
        write_table(
            text,
            &[
                ("", true),
                (few, true),
                (every, true),
                ("paper", paper.is_some()),
            ],
            &[
                both(
                    "rows",
                    &|g| g.train_rows.to_string(),
                    paper.map(|p| p.train_rows.to_string()),
                ),
                both(
                    "level",
                    &|_| alpha.clone(),
                    paper.map(|p| p.alpha.to_string()),
                ),
                both("edges", &|g| g.pc_edges.len().to_string(), None),
                both("of these undirected", &|g| undirected(g).to_string(), None),
                both(
                    "edges after reduction",
                    &|g| g.reduced_edges.len().to_string(),
                    None,
                ),
                both(
                    "distinct tests of independence",
                    &|g| g.n_tests.to_string(),
                    None,
                ),
                both("search time, ms", &time, None),
            ],
        )?;
        if self
            .paper
            .is_some_and(|paper| paper.train_rows != subset.train_rows)
        {
            writeln!(
                text,
                "The text says that PC ran on all rows. The published graphs come from the \
                 unsteered rows and those of {} features; both are computed here.\n",
                self.experiment.features.published.len()
            )?;
        }
        Ok(())
    }

    fn truth(&self, text: &mut String) -> fmt::Result {
        let Results {
            published_subset: subset,
            all_features: all,
            ..
        } = self.results;
        let (Some(subset), Some(all)) = (subset.truth, all.truth) else {
            return Ok(());
        };
        let [few, every] = self.experiment.row_titles();
        writeln!(
            text,
            "## Found and planted\n\n![Found and planted](figure_3_truth.svg)\n\nThe graphs that \
             PC found against the CPDAG of the planted graph.\n\n\
             | | {few} | {every} |\n|---|---:|---:|"
        )?;
        type Measure = (&'static str, fn(TruthResults) -> Option<f64>);
        let measures: [Measure; 6] = [
            ("skeleton precision", |t| t.skeleton_precision),
            ("skeleton recall", |t| t.skeleton_recall),
            ("skeleton F1", |t| t.skeleton_f1),
            ("arrowhead precision", |t| t.arrowhead_precision),
            ("arrowhead recall", |t| t.arrowhead_recall),
            ("arrowhead F1", |t| t.arrowhead_f1),
        ];
        for (name, of) in measures {
            writeln!(
                text,
                "| {name} | {} | {} |",
                decimal(of(subset), 3),
                decimal(of(all), 3)
            )?;
        }
        writeln!(
            text,
            "| structural Hamming distance | {} | {} |\n",
            subset.shd, all.shd
        )
    }

    fn effects(&self, text: &mut String) -> fmt::Result {
        let reference = self.experiment.figure_reference();
        writeln!(
            text,
            "## Steering effects (figure 4)\n\n![Figure 4](figure_4.svg)\n"
        )?;
        writeln!(
            text,
            "When a value changed: the rate at which its successors (expected) and the others \
             (unexpected) changed too; mean and standard deviation over values, and the number of \
             values that have such a rate.\n"
        )?;
        let mut rows = Vec::new();
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
        type Half = (
            &'static str,
            fn(&SteeringComparisons) -> &EffectsByGraph,
            fn(&Paper) -> &PaperBars,
        );
        let halves: [Half; 2] = [
            ("role prompts", |of| &of.roles, |paper| &paper.figure_4.role),
            (
                "SAE features",
                |of| &of.features,
                |paper| &paper.figure_4.sae,
            ),
        ];
        let graphs = std::iter::once(None).chain(reference.map(Some));
        for (steering, half, bars) in halves {
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
        write_table(text, &columns, &rows)?;
        self.steered_values(text)
    }

    fn steered_values(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "How much steering changed, against the baseline.\n")?;
        if self.paper.is_some() {
            writeln!(
                text,
                "The paper's \"average number of steered values\" is the mean over values of the \
                 number of settings that changed the value; the number of values that one setting \
                 changed stands beside it.\n"
            )?;
        }
        let mut rows = Vec::new();
        let paper = self.paper.map(|paper| &paper.steered_values);
        let effects = &self.results.published_subset.steering_effects;
        for (name, effects, paper) in [
            ("role prompts", &effects.roles, paper.map(|p| p.role)),
            ("SAE features", &effects.features, paper.map(|p| p.sae)),
        ] {
            let ours = effects.mean_settings_changing_a_value;
            rows.push(vec![
                name.to_owned(),
                decimal(paper, 1),
                decimal(ours, 2),
                agrees(ours, paper, 1).to_owned(),
                decimal(effects.mean_values_changed_per_setting, 2),
                effects.settings.to_string(),
            ]);
        }
        let columns = [
            ("steering", true),
            ("paper", paper.is_some()),
            ("settings changing a value", true),
            ("agrees", paper.is_some()),
            ("values changed by a setting", true),
            ("settings", true),
        ];
        write_table(text, &columns, &rows)
    }

    fn references(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "## Other graphs and other baselines (figures 5, 6 and 7)\n\n\
             ![Figure 5](figure_5.svg)\n\n![Figure 6](figure_6.svg)\n\n![Figure 7](figure_7.svg)\n\n\
             Expected / unexpected rates. The first two columns are those of the figures; in the \
             others the empty role is the baseline. In parentheses the share of graphs, among \
             {RELABELLINGS} \
             copies with randomly relabelled values, whose gap between expected and unexpected is \
             at least as large: where it is not small, the graph predicts no more than its shape \
             would.\n"
        )?;
        let titles = [
            "role prompts",
            "SAE features",
            "role prompts, empty role",
            "SAE features, empty role",
        ];
        writeln!(text, "| graph | edges | {} |", titles.join(" | "))?;
        writeln!(text, "|---|---:|{}", "---:|".repeat(titles.len()))?;
        let [few, every] = self.experiment.row_titles();
        for (set, results) in [
            (few, &self.results.published_subset),
            (every, &self.results.all_features),
        ] {
            let edges = results.pc_edges.len();
            let cells = pairs(&results.steering_effects, |graphs| Some(&graphs.discovered));
            writeln!(text, "| discovered, {set} | {edges} | {cells} |")?;
        }
        let subset = &self.results.published_subset.steering_effects;
        for (at, reference) in self.experiment.references.iter().enumerate() {
            let cells = pairs(subset, |graphs| Some(&graphs.references[at].1));
            let edges = reference.edges.len();
            let title = escaped(&reference.title);
            writeln!(text, "| {title} | {edges} | {cells} |")?;
        }
        if let Some(truth) = &self.experiment.truth {
            let cells = pairs(subset, |graphs| graphs.planted.as_ref());
            writeln!(text, "| planted | {} | {cells} |", truth.edges.len())?;
        }
        let correlations = columns(subset)
            .map(|effects| decimal(effects.and_then(|effects| effects.base_rate_correlation), 2));
        let correlations: Vec<String> = correlations.collect();
        writeln!(
            text,
            "\nRates of changing along follow how often a value changes at all (correlation over \
             pairs of values, in the order of the columns: {}), so a gap between expected and \
             unexpected is no proof of a cause.\n",
            correlations.join(", ")
        )
    }

    fn steering_table(
        &self,
        text: &mut String,
        number: u8,
        table: &SteeringTable,
        paper: &PaperTable,
    ) -> fmt::Result {
        let is_whole = table.is_as_large_as(&self.results.steering_table);
        let of = match self.paper {
            _ if is_whole => "all features",
            Some(_) => "published features",
            None => "chosen features",
        };
        writeln!(text, "## Steering by SAE features, {of} (table {number})\n")?;
        writeln!(text, "![Table {number}](table_{number}.svg)\n")?;
        let cells = printed_cells(table);
        let compared: Vec<_> = cells
            .iter()
            .filter_map(|(row, column, ours)| {
                let printed = *paper.get(&(row.clone(), column.clone()))?;
                Some((row, column, *ours, printed))
            })
            .collect();
        if compared.is_empty() {
            return writeln!(
                text,
                "Counts and cosines: `table_{number}.csv`, `table_{number}.md`.\n"
            );
        }
        let missing = paper.len() - compared.len();
        if missing > 0 {
            writeln!(
                text,
                "{missing} numbers that the paper prints have no counterpart here.\n"
            )?;
        }
        let differ = |(_, _, ours, printed): &&(_, _, Option<f64>, f64)| {
            agrees(*ours, Some(*printed), 2) != "yes"
        };
        let different: Vec<_> = compared.iter().filter(differ).collect();
        writeln!(
            text,
            "{} of {} printed numbers agree. Each cell: ours / the paper's; the last row holds the \
             noise ratios.\n",
            compared.len() - different.len(),
            compared.len()
        )?;
        for (row, column, ours, printed) in different {
            writeln!(
                text,
                "- {row}, {}: {} here, {printed:.2} in the paper",
                escaped(column),
                decimal(*ours, 4)
            )?;
        }
        let mut columns = table.values.clone();
        columns.push(MEAN_SIMILARITY.to_owned());
        writeln!(text, "\n| feature | {} |", headings(&columns))?;
        writeln!(text, "|---|{}", "---:|".repeat(columns.len()))?;
        for line in cells.chunk_by(|a, b| a.0 == b.0) {
            let both = line.iter().map(|(row, column, ours)| {
                let printed = paper.get(&(row.clone(), column.clone())).copied();
                format!("{} / {}", decimal(*ours, 2), decimal(printed, 2))
            });
            writeln!(
                text,
                "| {} | {} |",
                line[0].0,
                both.collect::<Vec<_>>().join(" | ")
            )?;
        }
        writeln!(text)
    }

    fn sae_vs_instruction(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "## SAE features beside explicit instructions (table 3)\n"
        )?;
        writeln!(text, "![Table 3](table_3.svg)\n")?;
        writeln!(
            text,
            "(role, value) pairs over {} values: percent raised / unchanged / lowered.\n",
            self.experiment.choices.raise.len()
        )?;
        let mut rows = Vec::new();
        let printed = self.paper.and_then(|paper| paper.table_3.as_ref());
        let ours = &self.results.sae_vs_instruction;
        for (meant, by, pie, paper) in [
            (
                "raise",
                "SAE features",
                ours.positive.sae,
                printed.map(|p| p.raise.sae),
            ),
            (
                "raise",
                "instruction",
                ours.positive.instruction,
                printed.map(|p| p.raise.instruction),
            ),
            (
                "lower",
                "SAE features",
                ours.negative.sae,
                printed.map(|p| p.lower.sae),
            ),
            (
                "lower",
                "instruction",
                ours.negative.instruction,
                printed.map(|p| p.lower.instruction),
            ),
        ] {
            let triple = |p: [f64; 3]| format!("{:.1} / {:.1} / {:.1}", p[0], p[1], p[2]);
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
        let paper = printed.is_some();
        let columns = [
            ("meant to", true),
            ("by", true),
            ("paper", paper),
            ("ours", true),
            ("agrees", paper),
            ("counts", true),
        ];
        write_table(text, &columns, &rows)?;
        if self.paper.is_some() {
            writeln!(
                text,
                "Table 2 (thought against answer) needs the raw answers, which orientation tables \
                 do not hold.\n"
            )?;
        }
        Ok(())
    }

    fn closing(&self, text: &mut String, outputs: &[String]) -> fmt::Result {
        writeln!(
            text,
            "## Files\n\n`results.json` holds every number at full precision.\n"
        )?;
        for output in outputs {
            writeln!(text, "- [{output}]({output})")?;
        }
        Ok(())
    }
}

const MEAN_SIMILARITY: &str = "Mean Similarity";
const NOISE_RATIO: &str = "noise_ratio";

/// Every number that the table prints: (row, column, number), row by row.
fn printed_cells(table: &SteeringTable) -> Vec<(String, String, Option<f64>)> {
    let mut cells = Vec::new();
    for row in &table.rows {
        let feature = row.feature.to_string();
        for (value, cell) in table.values.iter().zip(&row.cells) {
            cells.push((feature.clone(), value.clone(), cell.cosine));
        }
        cells.push((feature, MEAN_SIMILARITY.to_owned(), row.mean_similarity));
    }
    for (value, &noise) in table.values.iter().zip(&table.noise_ratios) {
        cells.push((NOISE_RATIO.to_owned(), value.clone(), noise));
    }
    cells
}

/// A Markdown table; columns whose flag is not set are left out.
fn write_table(text: &mut String, columns: &[(&str, bool)], rows: &[Vec<String>]) -> fmt::Result {
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let shown = cells.zip(columns).filter(|(_, (_, shown))| *shown);
        shown.fold("|".to_owned(), |line, (cell, _)| line + " " + cell + " |")
    };
    writeln!(
        text,
        "{}",
        line(&mut columns.iter().map(|(title, _)| *title))
    )?;
    writeln!(text, "{}", line(&mut columns.iter().map(|_| "---")))?;
    for row in rows {
        writeln!(text, "{}", line(&mut row.iter().map(String::as_str)))?;
    }
    writeln!(text)
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

/// Whether our number, printed as the paper prints, is the paper's.
fn agrees(ours: Option<f64>, paper: Option<f64>, decimals: usize) -> &'static str {
    match (ours, paper) {
        (_, None) => "–",
        (ours, paper) if decimal(ours, decimals) == decimal(paper, decimals) => "yes",
        _ => "no",
    }
}
