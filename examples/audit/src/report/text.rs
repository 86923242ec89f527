//! How the page writes numbers and keys.

use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, Value};
use serde::Deserialize;

/// What stands where there is no number.
const MISSING: &str = "–";

/// A number between two others, under the names that the parts of the audit give them.
#[derive(Deserialize)]
struct Between {
    #[serde(alias = "value", alias = "mean")]
    estimate: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

pub(super) fn add_filters(environment: &mut Environment<'_>) {
    environment.add_filter("fixed", fixed);
    environment.add_filter("percent", |share: Option<f64>| match share {
        Some(share) if share.is_finite() => format!("{:.0} %", 100.0 * share),
        _ => MISSING.to_owned(),
    });
    environment.add_filter("p", |p: Option<f64>| match p {
        Some(p) if p < 0.001 => "< 0.001".to_owned(),
        _ => fixed(p, Some(3)),
    });
    environment.add_filter("between", between);
    environment.add_filter("words", |key: &str| key.replace('_', " "));
    environment.add_filter("by", by);
    environment.add_filter("thousands", thousands);
}

/// A number with some decimals, two unless told.
fn fixed(number: Option<f64>, decimals: Option<usize>) -> String {
    match number {
        Some(number) if number.is_finite() => {
            let decimals = decimals.unwrap_or(2);
            let text = format!("{number:.decimals$}");
            // Not "-0.00".
            let nothing = text
                .trim_start_matches('-')
                .chars()
                .all(|c| "0.".contains(c));
            let text = if nothing { text.replace('-', "") } else { text };
            text.replace('-', "−")
        }
        _ => MISSING.to_owned(),
    }
}

/// An estimate and its interval.
fn between(value: Serde<Option<Between>>, options: Kwargs) -> Result<String, Error> {
    let decimals: Option<usize> = options.get("decimals")?;
    options.assert_all_used()?;
    let Some(Between {
        estimate: Some(estimate),
        low,
        high,
    }) = value.0
    else {
        return Ok(MISSING.to_owned());
    };
    let of = |number| fixed(Some(number), decimals);
    Ok(match (low, high) {
        (Some(low), Some(high)) => format!("{} [{}, {}]", of(estimate), of(low), of(high)),
        _ => of(estimate),
    })
}

/// What a candidate of the plan steers with.
fn by(means: &Value) -> String {
    match means.get_attr("feature") {
        Ok(feature) if !feature.is_undefined() => format!("feature {feature}"),
        _ => means.to_string(),
    }
}

/// A whole number with its thousands apart.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn rendered(template: &str, number: impl serde::Serialize) -> String {
        let mut environment = Environment::new();
        add_filters(&mut environment);
        environment
            .render_str(template, context! { x => Serde(number) })
            .unwrap()
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        assert_eq!(rendered("{{ x|fixed }}", 0.126), "0.13");
        assert_eq!(rendered("{{ x|fixed(3) }}", -0.126), "−0.126");
        assert_eq!(rendered("{{ x|fixed }}", -0.001), "0.00");
        assert_eq!(rendered("{{ x|fixed }}", 12), "12.00");
        assert_eq!(rendered("{{ x|fixed }}", None::<f64>), "–");
        assert_eq!(rendered("{{ x|fixed }}", f64::NAN), "–");
        assert_eq!(rendered("{{ x|p }}", 0.0012), "0.001");
        assert_eq!(rendered("{{ x|p }}", 3e-6), "< 0.001");
        assert_eq!(rendered("{{ x|percent }}", 0.624), "62 %");
        assert_eq!(rendered("{{ x|thousands }}", 1_234_567), "1,234,567");
        assert_eq!(rendered("{{ x|words }}", "all_features"), "all features");
    }

    #[test]
    fn intervals_have_their_ends_where_there_are_any() {
        use crate::edge_confidence::Interval;
        use crate::planner::By;
        let interval = Interval {
            estimate: 0.5,
            low: 0.25,
            high: 0.75,
            n: 9,
        };
        assert_eq!(rendered("{{ x|between }}", interval), "0.50 [0.25, 0.75]");
        assert_eq!(rendered("{{ x|between }}", None::<Interval>), "–");
        let alone = serde_json::json!({ "mean": 0.5, "low": null, "high": null });
        assert_eq!(rendered("{{ x|between(decimals=3) }}", alone), "0.500");
        assert_eq!(rendered("{{ x|by }}", By::Feature(12)), "feature 12");
        assert_eq!(rendered("{{ x|by }}", By::Instruction), "instruction");
    }
}
