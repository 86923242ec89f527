//! The three pictures that carry the verdict.

use measurement::{AgainstChance, Clustering, Measurement, Reliabilities, Spectrum};
use minijinja::Value;

use figures::{
    DrawError, HistogramFigure, IntervalFigure, IntervalRow, ScreeFigure, histogram, intervals,
    scree,
};

use super::pictures::inline;

/// Those that there are numbers for.
pub(super) fn pictures(measurement: &Measurement) -> Result<Vec<Value>, DrawError> {
    let mut pictures = Vec::new();
    if let Some(structure) = &measurement.structure {
        let clustering = structure.honest().clustering;
        let eigenvalues = scree(&eigenvalues(&structure.spectrum, clustering))?;
        let edges = histogram(&edges(structure.honest()))?;
        pictures.extend([inline(&eigenvalues, "scree"), inline(&edges, "edges")]);
    }
    if !measurement.reliability.values.is_empty() {
        let figure = intervals(&reliability(&measurement.reliability))?;
        pictures.push(inline(&figure, "reliability"));
    }
    Ok(pictures)
}

fn eigenvalues(spectrum: &Spectrum, clustering: Clustering) -> ScreeFigure {
    ScreeFigure {
        title: "What hangs together".to_owned(),
        description: format!(
            "Eigenvalues of the correlations, from {:.2} down. {} of them lie above what is to be expected if nothing hangs \
             together and rows depend on one another as they do; {} above what is expected of independent rows.",
            spectrum.eigenvalues.first().copied().unwrap_or(0.0),
            spectrum.n_above_clusters,
            spectrum.n_above_rows,
        ),
        x_label: "eigenvalue".to_owned(),
        observed: ("found".to_owned(), spectrum.eigenvalues.clone()),
        expected: vec![
            (
                format!("95 % of draws without structure, {}", kept(clustering)),
                spectrum.expected_of_clusters.clone(),
            ),
            (
                "the same, single rows mixed up".to_owned(),
                spectrum.expected_of_rows.clone(),
            ),
        ],
    }
}

fn edges(search: &AgainstChance) -> HistogramFigure {
    // A bar of width 1 from each number of edges on, so that the axis begins at none.
    let to = search.null.len() as f64;
    HistogramFigure {
        title: "Edges found".to_owned(),
        description: format!(
            "{} edges are found. Where every relation between values is destroyed, {:.1} are found on average, with a standard \
             deviation of {:.1} over {} draws.",
            search.n_edges, search.null_mean, search.null_sd, search.n_draws
        ),
        x_label: format!("edges without structure, {}", kept(search.clustering)),
        range: [0.0, to],
        counts: search.null.clone(),
        mark: (
            search.n_edges as f64 + 0.5,
            format!("{} found, p = {:.3}", search.n_edges, search.p_value),
        ),
    }
}

/// What draws without structure keep together.
fn kept(clustering: Clustering) -> &'static str {
    match clustering {
        Clustering::RolesAndFeatures => "roles, features whole",
        Clustering::RolesWithinFeatures => "roles whole, less features",
        Clustering::Independent | Clustering::Roles => "roles whole",
    }
}

/// The usual least reliability (Nunnally).
const ENOUGH: f64 = 0.7;

fn reliability(found: &Reliabilities) -> IntervalFigure {
    let rows = found.values.iter().map(|value| IntervalRow {
        name: value.value.clone(),
        estimate: value.estimate(),
        low: value.interval[0],
        high: value.interval[1],
    });
    IntervalFigure {
        title: "How reliable each value is".to_owned(),
        description: format!(
            "Reliabilities of {} values with 95 % intervals, {:.2} on average; the table below has them.",
            found.values.len(),
            found.mean.unwrap_or(f64::NAN)
        ),
        x_label: "reliability over unsteered roles, with 95 % interval".to_owned(),
        rows: rows.collect(),
        mark: Some((ENOUGH, "enough".to_owned())),
        range: [0.0, 1.0],
        cut: [-1.0, 1.0],
    }
}
