//! Which layers see only so many tokens back.

use super::check::Checker;
use super::family::{Family, Windowed};
use super::raw::Raw;
use crate::LoadError;

/// For each layer its window. `rotated`: which layers have a rotary embedding.
pub(super) fn windows(
    family: &Family,
    raw: &Raw,
    rotated: &[bool],
    check: &Checker<'_>,
) -> Result<Vec<Option<usize>>, LoadError> {
    let n_layers = rotated.len();
    let on_request = matches!(family.windowed, Windowed::Later | Windowed::Unrotated);
    let asked = !on_request || raw.use_sliding_window.unwrap_or(false);
    let can = asked && !matches!(family.windowed, Windowed::Never);
    let listed = raw.layer_types.as_deref();
    let listed = listed.map(|names| listed_windows(names, n_layers, check));
    let listed = listed.transpose()?;
    let Some(window) = raw.sliding_window.unwrap_or(family.window).filter(|_| can) else {
        return Ok(vec![None; n_layers]);
    };
    let window = check.size("sliding_window", Some(window))?;
    let every = |n: usize| {
        let n = raw.sliding_window_pattern.unwrap_or(n);
        check.size("sliding_window_pattern", Some(n))
    };
    let slides: Vec<bool> = match (listed, family.windowed) {
        (Some(listed), _) => listed,
        (None, Windowed::AllButEvery(n)) => {
            let n = every(n)?;
            (1..=n_layers)
                .map(|layer| !layer.is_multiple_of(n))
                .collect()
        }
        (None, Windowed::Later) => {
            let first = raw.max_window_layers.unwrap_or(28);
            (0..n_layers).map(|layer| layer >= first).collect()
        }
        (None, Windowed::Unrotated) => rotated.iter().map(|rotated| !rotated).collect(),
        (None, _) => vec![true; n_layers],
    };
    Ok(slides
        .into_iter()
        .map(|slides| slides.then_some(window))
        .collect())
}

/// Which layers `layer_types` says to have a window.
fn listed_windows(
    names: &[String],
    n_layers: usize,
    check: &Checker<'_>,
) -> Result<Vec<bool>, LoadError> {
    if names.len() != n_layers {
        return Err(check.wrong(
            "layer_types",
            format!("{n_layers} entries"),
            format!("{} entries", names.len()),
        ));
    }
    names
        .iter()
        .map(|name| match name.as_str() {
            "sliding_attention" => Ok(true),
            "full_attention" => Ok(false),
            other => Err(check.wrong(
                "layer_types",
                "\"sliding_attention\" or \"full_attention\"",
                format!("\"{other}\""),
            )),
        })
        .collect()
}
