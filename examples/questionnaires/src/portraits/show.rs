use figures::{IntervalFigure, IntervalRow};
use program::{Failure, cell};

use super::{Comparison, Design, Estimate};

/// Whom an estimate is of.
fn who(design: &Design, of: &Estimate) -> String {
    let name = &design.names[of.who];
    match of.is_difference {
        true => format!("{name} less {}", design.names[0]),
        false => name.clone(),
    }
}

/// All estimates as CSV.
///
/// # Errors
/// If a cell cannot be written.
pub fn table(design: &Design, comparison: &Comparison) -> Result<String, Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "value",
        "who",
        "maximum",
        "standard_error",
        "mean",
        "deviation",
        "low",
        "high",
        "r_hat",
        "effective_draws",
    ])?;
    for of in &comparison.estimates {
        let posterior = &of.posterior;
        let maximum = of.likelihood.map(|(estimate, error)| [estimate, error]);
        let maximum = maximum.map_or([const { String::new() }; 2], |numbers| {
            numbers.map(|n| n.to_string())
        });
        let posterior = [
            posterior.mean,
            posterior.deviation,
            posterior.low,
            posterior.high,
            posterior.r_hat,
            posterior.effective_draws,
        ];
        let first = [
            design.values[of.value].to_owned(),
            cell(&who(design, of)).into_owned(),
        ];
        let posterior = posterior.map(|number| number.to_string());
        table.write_record(first.into_iter().chain(maximum).chain(posterior))?;
    }
    Ok(String::from_utf8(table.into_inner()?)?)
}

/// The posterior means with their intervals, value by value.
#[must_use]
pub fn figure(design: &Design, comparison: &Comparison) -> IntervalFigure {
    let own = comparison.estimates.iter().filter(|of| !of.is_difference);
    let row = |of: &Estimate| IntervalRow {
        name: match design.names.len() {
            1 => design.values[of.value].to_owned(),
            _ => format!("{}: {}", design.values[of.value], design.names[of.who]),
        },
        estimate: of.posterior.mean,
        low: of.posterior.low,
        high: of.posterior.high,
    };
    IntervalFigure {
        title: "How high each value stands".to_owned(),
        description: "Posterior mean and 95 % interval of each value's effect less the mean of all values' effects."
            .to_owned(),
        x_label: "above the own mean of all values (logits)".to_owned(),
        rows: own.map(row).collect(),
        mark: Some((0.0, "own mean".to_owned())),
        range: [-1.0, 1.0],
        cut: [-8.0, 8.0],
    }
}
