//! `report.html`: the audit as one page that opens from disk, with pictures and without a network.
//!
//! Every number on the page is one of the [`Audit`], so that it can be found in `audit.json`. The page
//! works without its script; with it, a value that is chosen shows what it lets one expect.

mod pictures;
mod text;
mod values;
mod verdict;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};

use base64::prelude::{BASE64_STANDARD, Engine};
use sha2::{Digest, Sha256};

use super::whole::Audit;
use pictures::Pictures;
use program::Failure;
use values::ValuePanel;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page. Names from files are escaped wherever they stand.
///
/// # Errors
/// If a picture cannot be drawn.
pub fn html(audit: &Audit) -> Result<String, Failure> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    text::add_filters(&mut environment);
    environment.add_template("page.html", PAGE)?;
    let page = environment.get_template("page.html")?;
    Ok(page.render(context! {
        audit => Serde(audit),
        pictures => Serde(Pictures::draw(audit)?),
        left_out => audit.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
        left_out_of_measurement => audit.measurement.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
        steered_values => &audit.steering_table.values,
        panels => Serde(ValuePanel::all(audit)),
        style => STYLE,
        dark_style => figures::dark_style(),
        script => SCRIPT,
        script_hash => script_hash(),
    })?)
}

/// What the page's policy lets run: this script, and none that a name from a file smuggled in.
fn script_hash() -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(SCRIPT)))
}
