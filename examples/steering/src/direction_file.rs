//! Directions from a file, one for each value.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use value_causal::lens::tch::Tensor;

use program::Failure;

/// `directions.json` of an organism.
#[derive(Deserialize)]
struct Directions {
    values: Vec<Direction>,
}

#[derive(Deserialize)]
struct Direction {
    value: String,
    unit: Vec<f64>,
}

/// The vectors `[width]` of a safetensors file by their names, or of an organism's JSON by their values.
///
/// # Errors
/// The file is missing or in another layout.
pub fn read(file: &Path) -> Result<BTreeMap<String, Tensor>, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    if file.extension().is_some_and(|ending| ending == "json") {
        let text = fs::read_to_string(file).map_err(|error| named(&error))?;
        let found: Directions = serde_json::from_str(&text).map_err(|error| named(&error))?;
        let vectors = found.values.into_iter();
        return Ok(vectors
            .map(|found| (found.value, Tensor::from_slice(&found.unit)))
            .collect());
    }
    let found = Tensor::read_safetensors(file).map_err(|error| named(&error))?;
    Ok(found.into_iter().collect())
}
