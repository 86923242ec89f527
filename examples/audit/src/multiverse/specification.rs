//! One combination of choices, and all of them as CSV.

use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use value_causal::metrics::MeanEffects;

use super::choices::{Definition, FeatureSet, Undirected};
use crate::comparisons::{Compared, Steering, role_name};
use crate::search::Rows;
use program::{Failure, cell};

/// One combination of choices and what came of it.
#[derive(Clone, Debug)]
pub struct Specification {
    /// What steers.
    pub steering: Steering,
    /// Key of the graph.
    pub graph: Arc<str>,
    /// Whose rows count; `None` where no steered row does.
    pub features: Option<FeatureSet>,
    /// The baseline's role; `None` is the empty role.
    pub baseline: Option<String>,
    /// Which roles are compared with it; `None` for features.
    pub compared: Option<Compared>,
    /// Level of the search; `None` for reference graphs.
    pub alpha: Option<f64>,
    /// What becomes of undirected edges; `None` for reference graphs.
    pub undirected: Option<Undirected>,
    /// Where the graph was searched; `None` for reference graphs.
    pub rows: Option<Rows>,
    /// What counts as expected and unexpected.
    pub definition: Definition,
    /// The rates.
    pub effects: MeanEffects,
    /// Whether every choice is the published one.
    pub published: bool,
}

/// The combinations as gzipped CSV, one a line; a cell is empty where a choice or a number does not exist.
///
/// # Errors
/// Never; the writer writes to memory.
pub fn csv_gz(specifications: &[Specification]) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(GzEncoder::new(Vec::new(), Compression::default()));
    writer.write_record([
        "steering",
        "graph",
        "features",
        "baseline",
        "compared",
        "alpha",
        "undirected",
        "rows",
        "expected_are",
        "unexpected_are",
        "expected",
        "unexpected",
        "gap",
        "published",
    ])?;
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x:.6}"));
    for s in specifications {
        let compared = s.compared.map_or("", |compared| match compared {
            Compared::All => "all",
            Compared::Named => "named",
        });
        writer.write_record([
            s.steering.key(),
            &*cell(&s.graph),
            s.features.as_ref().map_or("", |set| &set.name),
            &*cell(role_name(s.baseline.as_deref())),
            compared,
            &s.alpha.map_or_else(String::new, |alpha| alpha.to_string()),
            s.undirected.map_or("", Undirected::name),
            s.rows.map_or("", Rows::name),
            s.definition.expected_name(),
            s.definition.unexpected_name(),
            &number(s.effects.expected),
            &number(s.effects.unexpected),
            &number(s.effects.gap()),
            if s.published { "yes" } else { "" },
        ])?;
    }
    let packed = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(packed.finish()?)
}
