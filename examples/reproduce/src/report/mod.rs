//! `report.md`: every number beside the paper's, and beside the truth where there is one.
//!
//! Its sentences are in the templates `*.md.jinja`; here is what they are filled with.

mod cells;
mod effects;
mod steering;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use crate::arguments::Loaded;
use crate::distance::MOST_DAGS;
use crate::dyads::SteeringTable;
use crate::effects::RELABELLINGS;
use crate::experiment::{Experiment, Paper, Test};
use crate::graphs::EdgeMark;
use crate::judged::OfFigures;
use crate::measurements::Study;
use crate::results::{GraphResults, Results, TruthResults};
use crate::text::{decimal, escaped};
use cells::table;
use measurement::{AgainstChance, Measurement, Verdict};
use program::Failure;

const REPORT: &str = "report.md";
const OBSERVED: &str = "observed.md";
const TEMPLATES: [(&str, &str); 3] = [
    (REPORT, include_str!("report.md.jinja")),
    (OBSERVED, include_str!("observed.md.jinja")),
    ("verdict.md", include_str!("verdict.md.jinja")),
];

/// The report as Markdown; `outputs` are the files beside it, in the order written, `told` what to say of how the
/// measurements came about.
///
/// # Errors
/// None in practice: the template is this program's own.
pub fn markdown(
    loaded: &Loaded,
    (results, measurement, of_figures): (&Results, &Measurement, Option<&OfFigures>),
    table_1: &SteeringTable,
    told: &str,
    outputs: &[String],
) -> Result<String, Failure> {
    let Loaded {
        experiment, study, ..
    } = loaded;
    let report = Report {
        experiment,
        study,
        results,
        paper: experiment.paper.as_ref(),
    };
    let values = context! {
        name => escaped(&experiment.name),
        paper => experiment.paper.is_some(),
        measurement => verdict(measurement),
        of_figures => of_figures.map(verdict_of_figures),
        files => report.files(),
        notes => study.notes.iter().map(|note| escaped(note)).collect::<Vec<_>>(),
        told,
        graph => report.graph(),
        truth => report.truth(),
        effects => context! {
            table => report.effects(),
            steered_values => report.steered_values(),
        },
        references => context! {
            relabellings => RELABELLINGS,
            most_dags => MOST_DAGS,
            table => report.references(),
            correlations => report.base_rate_correlations(),
        },
        steering_tables => Serde(report.steering_tables(table_1)),
        instructions => context! {
            values => experiment.choices.raise.len(),
            table => report.instructions(),
        },
        outputs => outputs.to_vec(),
    };
    rendered(REPORT, values)
}

/// The report of a study whose rows alone can be judged: the verdict, and the graph of `n_edges`.
///
/// # Errors
/// As [`markdown`].
pub(crate) fn of_observed(
    name: &str,
    measurement: &Measurement,
    n_edges: usize,
    alpha: f64,
) -> Result<String, Failure> {
    let left_out = measurement.left_out.iter().map(ToString::to_string);
    let left_out: Vec<String> = left_out.map(|left| escaped(&left)).collect();
    let values = context! {
        name => escaped(name),
        measurement => verdict(measurement),
        left_out => left_out.join("; "),
        edges => n_edges,
        alpha => alpha.to_string(),
    };
    rendered(OBSERVED, values)
}

fn rendered(template: &str, values: Value) -> Result<String, Failure> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(
        syntax
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    Ok(environment.get_template(template)?.render(values)?)
}

/// The verdict, what it rests on, and what to do next.
fn verdict(found: &Measurement) -> Value {
    let edges = match &found.verdict {
        Verdict::Graph { edges } => {
            let pairs = edges
                .iter()
                .map(|(a, b)| format!("{} -- {}", escaped(a), escaped(b)));
            pairs.collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    };
    context! {
        sentence => found.sentence.clone(),
        is_graph => found.verdict.is_graph(),
        edges,
        advice => found.advice.clone(),
        search => found.structure.as_ref().map(|structure| search(structure.honest())),
    }
}

fn verdict_of_figures(found: &OfFigures) -> Value {
    context! {
        rows => found.n_rows,
        features => found.n_features,
        sentence => found.sentence.clone(),
        search => found.search.as_ref().map(search),
    }
}

fn search(found: &AgainstChance) -> Value {
    context! {
        edges => found.n_edges,
        null => format!("{:.1} ± {:.1}", found.null_mean, found.null_sd),
        draws => found.n_draws,
        p => format!("{:.3}", found.p_value),
    }
}

/// What each part of the report is made from.
struct Report<'a> {
    experiment: &'a Experiment,
    study: &'a Study,
    results: &'a Results,
    paper: Option<&'a Paper>,
}

impl Report<'_> {
    fn files(&self) -> String {
        let Self {
            experiment, study, ..
        } = self;
        let n_values = study.values().len();
        let mut text = "| measurements | file | rows | values |\n|---|---|---:|---:|".to_owned();
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
            let file = file.replace('`', "'").replace('|', "\\|");
            let rows = table.n_settings();
            text += &format!("\n| {what} | `{file}` | {rows} | {n_values} |");
        }
        text
    }

    fn graph(&self) -> Value {
        let paper = self.paper;
        let published = paper.filter(|p| p.train_rows != self.results.published_subset.train_rows);
        context! {
            test => match self.experiment.test {
                Test::Clustered => "the test for clustered rows",
                Test::FisherZ => "Fisher's z",
            },
            alpha => self.experiment.alpha.to_string(),
            table => self.searches(),
            features => published.map(|_| self.experiment.features.published.len()),
        }
    }

    fn searches(&self) -> String {
        let Results {
            published_subset: subset,
            all_features: all,
            ..
        } = self.results;
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
        let both = |name: &str, of: &dyn Fn(&GraphResults) -> String, paper: Option<String>| {
            let paper = paper.unwrap_or("–".to_owned());
            vec![name.to_owned(), of(subset), of(all), paper]
        };
        let paper = self.paper;
        table(
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
        )
    }

    fn truth(&self) -> Option<String> {
        type Measure = (&'static str, fn(TruthResults) -> Option<f64>);
        const MEASURES: [Measure; 6] = [
            ("skeleton precision", |t| t.skeleton_precision),
            ("skeleton recall", |t| t.skeleton_recall),
            ("skeleton F1", |t| t.skeleton_f1),
            ("arrowhead precision", |t| t.arrowhead_precision),
            ("arrowhead recall", |t| t.arrowhead_recall),
            ("arrowhead F1", |t| t.arrowhead_f1),
        ];
        let subset = self.results.published_subset.truth?;
        let all = self.results.all_features.truth?;
        let [few, every] = self.experiment.row_titles();
        let mut text = format!("| | {few} | {every} |\n|---|---:|---:|");
        for (name, of) in MEASURES {
            let (few, every) = (decimal(of(subset), 3), decimal(of(all), 3));
            text += &format!("\n| {name} | {few} | {every} |");
        }
        let distance = "structural Hamming distance";
        text += &format!("\n| {distance} | {} | {} |", subset.shd, all.shd);
        Some(text)
    }
}
