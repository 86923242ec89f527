//! The audit as files.

use std::fs;
use std::path::Path;

use super::comparisons::Steering;
use super::curve_figure::curve_figure;
use super::edge_confidence::EdgeConfidence;
use super::multiverse::{self, Curve};
use super::report;
use super::whole::Audit;
use figures::specification_curve;
use program::{
    Failure, cell, remark_on_earlier, remove_stale, save_picture, save_text, write_whole,
};

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
    let curves: Vec<&Curve> = audit
        .multiverse
        .curves
        .iter()
        .filter(|curve| curve.n_with_gap > 0)
        .collect();
    let others = other_curves(out, &curves);
    remark_on_earlier(out, &others, "are not of this experiment, and are removed");
    remark_on_earlier(out, OWN_FILES, "are written over");
    for file in &others {
        remove_stale(&out.join(file))?;
    }
    let mut files = Vec::new();
    let table = out.join("multiverse.csv.gz");
    write_whole(&table, &multiverse::csv_gz(&audit.specifications)?)?;
    files.push("multiverse.csv.gz".to_owned());
    let table = out.join("edges.csv");
    write_whole(&table, &edges(&audit.edge_confidence)?)?;
    files.push("edges.csv".to_owned());
    for curve in curves {
        let stem = stem(curve);
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

fn stem(curve: &Curve) -> String {
    format!("curve_{}_{}", curve.steering.key(), curve.graph)
}

/// The curves that an earlier audit of another experiment left.
fn other_curves(out: &Path, curves: &[&Curve]) -> Vec<String> {
    if !out.join("audit.json").is_file() {
        return Vec::new();
    }
    let entries = fs::read_dir(out).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut others: Vec<String> = names
        .filter(|name| {
            let is_ours = |stem: &str| curves.iter().any(|curve| self::stem(curve) == stem);
            let stem = name.strip_suffix(".svg").or(name.strip_suffix(".png"));
            stem.is_some_and(|stem| {
                let is_curve = Steering::ALL
                    .iter()
                    .any(|steering| stem.starts_with(&format!("curve_{}_", steering.key())));
                is_curve && !is_ours(stem)
            })
        })
        .collect();
    others.sort_unstable();
    others
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
