//! Orientations without what a setting says to all items alike, beside the orientations as they are.

use serde::{Deserialize, Serialize};
use value_causal::bench::journal::{Journal, Unjudged};
use value_causal::bench::{Centring, Dependence, ItemScores, OrientationTable, Setting};
use value_causal::discovery::graph::UndirectedEdges;
use value_causal::ndarray::Array1;
use value_causal::psychometrics::{Correlations, Scores};

use super::file::{Analysis, Centre, StudyFile};
use super::orientations::{Orientation, Orientations, of_values};
use super::plan::{TEST, TRAIN};
use measurement::hardly_varied;
use program::Failure;
use reproduce::experiment::{LittleVaried, Test};
use reproduce::graphs::named_edges;
use reproduce::measurements::select_values;
use reproduce::results::search_by;

/// The level where a study names none.
const ALPHA: f64 = 0.05;

/// The centred tables of a study.
#[derive(Clone, Debug)]
pub struct CentredTables {
    /// Training roles and items.
    pub train: OrientationTable,
    /// Test roles and items.
    pub test: OrientationTable,
}

impl CentredTables {
    /// None where the study does not ask for them.
    pub(super) fn of(
        study: &StudyFile,
        journal: &Journal,
        unjudged: Unjudged,
    ) -> Result<Option<Self>, Failure> {
        let Some(centre) = study.judging.centre else {
            return Ok(None);
        };
        let table = |part| {
            let scores = journal.item_scores(part, unjudged)?.centred(centre.into());
            let named = |error| format!("{}, {part}: {error}", journal.path().display());
            Ok::<_, Failure>(scores.table().map_err(named)?)
        };
        Ok(Some(Self {
            train: table(TRAIN)?,
            test: table(TEST)?,
        }))
    }
}

/// What centring takes away, and what the unsteered training rows look like before and after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Centred {
    /// What is taken away from each setting.
    centre: Centre,
    /// The mean over the roles of what is taken away, and its standard deviation.
    taken_away: [Option<f64>; 2],
    /// The exact dependence between the orientations that centring brings.
    dependence: Option<Rank>,
    /// As they are.
    raw: Structure,
    /// Without what is taken away.
    centred: Structure,
    /// How well each value's centred orientation is measured.
    orientations: Orientations,
}

/// Why a value is no part of the centred graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rank {
    /// Of the centred orientations: one less than there are values.
    rank: usize,
    /// The value that is left out of the graph.
    left_out: String,
    /// Each value with its weight: in every row the sum of weight times orientation is nothing.
    weights: Vec<(String, i64)>,
}

/// How orientations hang together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Structure {
    /// Values in the graph.
    values: usize,
    /// Values that vary too little to be in it.
    hardly_varied: Vec<String>,
    /// The largest eigenvalue of the correlations, those of all values that vary.
    first_eigenvalue: Option<f64>,
    /// PC's edges, undirected ones both ways; none where PC could not be run.
    edges: Option<Vec<(String, String)>>,
}

impl Centred {
    /// None where the study does not ask for it.
    pub(super) fn of(
        study: &StudyFile,
        journal: &Journal,
        unjudged: Unjudged,
    ) -> Result<Option<Self>, Failure> {
        let Some(centre) = study.judging.centre else {
            return Ok(None);
        };
        let scores = journal.item_scores(TRAIN, unjudged)?;
        let unsteered = scores.select(Setting::is_unsteered);
        Ok(Some(Self::measured(
            study.analysis.as_ref(),
            centre,
            &unsteered,
        )?))
    }

    fn measured(
        analysis: Option<&Analysis>,
        centre: Centre,
        raw: &ItemScores,
    ) -> Result<Self, Failure> {
        let centring = Centring::from(centre);
        let centred = raw.centred(centring);
        let taken = Array1::from(raw.centres(centring));
        let dependence = raw.dependence(centring).and_then(rank);
        let left_out = dependence.as_ref().map(|rank| rank.left_out.as_str());
        Ok(Self {
            centre,
            taken_away: [taken.mean(), (!taken.is_empty()).then(|| taken.std(0.0))],
            raw: Structure::of(analysis, &raw.table()?, None)?,
            centred: Structure::of(analysis, &centred.table()?, left_out)?,
            orientations: of_values(&centred),
            dependence,
        })
    }

    /// The section of the report.
    pub(super) fn markdown(&self, raw: &Orientations) -> String {
        use std::fmt::Write as _;

        use reproduce::text::{decimal, escaped};

        let what = match self.centre {
            Centre::Items => "mean score over all items",
            Centre::YesSaying => "mean answer (yes 1, no -1) over all items",
        };
        let [mean, deviation] = self.taken_away.map(|number| decimal(number, 3));
        let mut text = format!(
            "## Raw and centred\n\nCentred: less each setting's {what}, which is {mean} on average over the unsteered \
             training roles, with a standard deviation of {deviation}.\n\n"
        );
        let _ = match &self.dependence {
            Some(Rank { rank, left_out, .. }) => write!(
                text,
                "In every row the centred orientations, weighted by their numbers of items, add up to nothing: their \
                 correlations have rank {rank} for {} values, exactly, and PC is run without {}, which has the fewest \
                 items.\n\n",
                rank + 1,
                escaped(left_out)
            ),
            None => write!(
                text,
                "Centring brings no exact dependence between the orientations here, and PC is run with all values.\n\n"
            ),
        };
        text.push_str(
            "| | values in the graph | edges of PC | first eigenvalue |\n|---|---:|---:|---:|\n",
        );
        for (name, of) in [("raw", &self.raw), ("centred", &self.centred)] {
            let edges = of.pairs().map_or("–".to_owned(), |n| n.to_string());
            let first = decimal(of.first_eigenvalue, 2);
            let _ = writeln!(text, "| {name} | {} | {edges} | {first} |", of.values);
        }
        text.push_str("\n| value | reliability, raw | centred |\n|---|---:|---:|\n");
        for (value, centred) in &self.orientations {
            let raw = raw.get(value).and_then(Orientation::reliability);
            let (raw, centred) = (decimal(raw, 3), decimal(centred.reliability(), 3));
            let _ = writeln!(text, "| {} | {raw} | {centred} |", escaped(value));
        }
        text.push('\n');
        text
    }
}

fn rank(dependence: Dependence) -> Option<Rank> {
    Some(Rank {
        rank: dependence.weights.len() - 1,
        left_out: dependence.left_out()?.to_owned(),
        weights: dependence.weights,
    })
}

impl Structure {
    fn of(
        analysis: Option<&Analysis>,
        rows: &OrientationTable,
        left_out: Option<&str>,
    ) -> Result<Self, Failure> {
        let hardly_varied: Vec<String> = hardly_varied(&[rows])
            .into_iter()
            .map(|left| left.value)
            .collect();
        let varied = select_values(rows, |value| hardly_varied.iter().all(|left| left != value))?;
        let of_graph = select_values(&varied, |value| Some(value) != left_out)?;
        let alpha = analysis.map_or(ALPHA, |analysis| analysis.alpha);
        let test = analysis.map_or(Test::default(), |analysis| analysis.test);
        // Too few rows, say: what can be told is told.
        let found = search_by(alpha, test, LittleVaried::LeaveOut, &of_graph).ok();
        let correlations = Scores::new(varied.matrix()).ok();
        let correlations = correlations.and_then(|scores| Correlations::of(&scores).ok());
        Ok(Self {
            values: of_graph.n_values(),
            hardly_varied,
            first_eigenvalue: correlations.and_then(|r| r.eigenvalues().first().copied()),
            edges: found.map(|search| {
                named_edges(&search.found.graph.to_digraph(UndirectedEdges::BothWays))
            }),
        })
    }

    /// Pairs of values with an edge.
    fn pairs(&self) -> Option<usize> {
        let edges = self.edges.as_ref()?;
        let turned = |(a, b): &(String, String)| a > b && edges.contains(&(b.clone(), a.clone()));
        Some(edges.iter().filter(|edge| !turned(edge)).count())
    }
}
