//! The audit as files.

use std::path::Path;

use super::curve_figure::curve_figure;
use super::edge_confidence::EdgeConfidence;
use super::multiverse;
use super::report;
use super::whole::Audit;
use figures::specification_curve;
use program::{Failure, cell, remark_on_earlier, save_picture, save_text, write_whole};

const OWN_FILES: [&str; 4] = [
    "multiverse.csv.gz",
    "edges.csv",
    "audit.json",
    "report.html",
];

/// Writes `audit.json`, `report.html`, `multiverse.csv.gz`, `edges.csv` and the specification curves into `out`.
/// Returns the names of the files.
///
/// # Errors
/// If a picture cannot be drawn or a file cannot be written.
pub fn write(audit: &Audit, out: &Path) -> Result<Vec<String>, Failure> {
    remark_on_earlier(out, OWN_FILES, "are written over");
    let mut files = Vec::new();
    let table = out.join("multiverse.csv.gz");
    write_whole(&table, &multiverse::csv_gz(&audit.specifications)?)?;
    files.push("multiverse.csv.gz".to_owned());
    let table = out.join("edges.csv");
    write_whole(&table, &edges(&audit.edge_confidence)?)?;
    files.push("edges.csv".to_owned());
    for curve in audit
        .multiverse
        .curves
        .iter()
        .filter(|curve| curve.n_with_gap > 0)
    {
        let stem = format!("curve_{}_{}", curve.steering.key(), curve.graph);
        let picture = specification_curve(&curve_figure(audit, curve))?;
        save_picture(&out.join(&stem), picture.svg(), &picture.png()?)?;
        files.extend([format!("{stem}.svg"), format!("{stem}.png")]);
    }
    save_text(
        &out.join("audit.json"),
        &(serde_json::to_string_pretty(audit)? + "\n"),
    )?;
    files.push("audit.json".to_owned());
    save_text(&out.join("report.html"), &report::html(audit)?)?;
    files.push("report.html".to_owned());
    Ok(files)
}

/// How often each pair was joined, one a line.
fn edges(confidence: &[EdgeConfidence]) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "features",
        "drawn_again",
        "a",
        "b",
        "found",
        "any",
        "any_low",
        "any_high",
        "forward",
        "backward",
        "undirected",
        "bidirected",
    ])?;
    for found in confidence {
        for (unit, resampled) in [("roles", &found.by_role), ("rows", &found.by_row)] {
            for edge in &resampled.edges {
                writer.serialize((
                    found.features,
                    unit,
                    cell(&edge.a),
                    cell(&edge.b),
                    edge.found,
                    edge.any,
                    edge.any_interval,
                    [
                        edge.forward,
                        edge.backward,
                        edge.undirected,
                        edge.bidirected,
                    ],
                ))?;
            }
        }
    }
    Ok(writer.into_inner()?)
}
