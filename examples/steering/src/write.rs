//! The comparison as files.

use std::path::Path;

use crate::outcome::{Outcome, Point};
use crate::pictures::draw;
use crate::report::markdown;
use program::{Failure, cell, make_folder, remark_on_earlier, save_picture, save_text};

const FILES: [&str; 3] = ["compare.json", "compare.csv", "report.md"];

/// Writes `compare.json`, `compare.csv`, the pictures and `report.md` into `out`. Returns the names of the files.
///
/// # Errors
/// A picture cannot be drawn; a file cannot be written.
pub fn write(outcome: &Outcome, out: &Path) -> Result<Vec<String>, Failure> {
    make_folder(out)?;
    remark_on_earlier(out, FILES, "are written over");
    let mut files = FILES.map(str::to_owned).to_vec();
    let json = serde_json::to_string_pretty(outcome)? + "\n";
    save_text(&out.join("compare.json"), &json)?;
    save_text(&out.join("compare.csv"), &csv(outcome)?)?;
    let pictures = draw(outcome)?;
    for named in &pictures {
        let picture = &named.picture;
        save_picture(&out.join(&named.stem), picture.svg(), &picture.png()?)?;
        files.extend(["svg", "png"].map(|ending| format!("{}.{ending}", named.stem)));
    }
    save_text(&out.join("report.md"), &markdown(outcome, &pictures)?)?;
    Ok(files)
}

/// One steer a line; what is not known is empty.
fn csv(outcome: &Outcome) -> Result<String, Failure> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "method",
        "value",
        "sign",
        "dose",
        "success",
        "against",
        "shift",
        "inside",
        "outside",
        "as_under_do",
        "undecided",
        "kl",
        "cross_entropy",
        "length",
        "tokens_per_second",
    ])?;
    for Point {
        method,
        value,
        sign,
        dose,
        reported,
        cost,
        ..
    } in &outcome.points
    {
        out.serialize((
            (cell(method), cell(value), sign, dose),
            (reported.success, reported.against, reported.shift),
            (reported.inside, reported.outside, reported.as_under_do),
            reported.undecided,
            (
                cost.kl,
                cost.cross_entropy,
                cost.length,
                cost.tokens_per_second,
            ),
        ))?;
    }
    let bytes = out.into_inner().map_err(|error| error.to_string())?;
    Ok(String::from_utf8(bytes)?)
}
