//! How the page writes numbers and keys.

use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, ErrorKind, Value};
use serde::Deserialize;

use crate::words::thousands;

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
    environment.add_filter("p", p_value);
    environment.add_filter("between", between);
    environment.add_filter("score", score);
    environment.add_filter("by", by);
    environment.add_filter("preference", preference);
    environment.add_filter("set_kind", set_kind);
    environment.add_filter("thousands", |number: &Value| thousands(&number.to_string()));
}

/// A p-value, with the error of the drawing where there is one to be seen beside it.
fn p_value(p: Option<f64>, error: Option<f64>) -> String {
    const LEAST: f64 = 0.001;
    match (p, error) {
        (Some(p), _) if p < LEAST => format!("< {LEAST}"),
        (Some(_), Some(error)) if error >= LEAST / 2.0 => {
            format!("{} ± {}", fixed(p, Some(3)), fixed(Some(error), Some(3)))
        }
        _ => fixed(p, Some(3)),
    }
}

/// The words for what predicts a change, by its key in `audit.json`.
fn score(key: &str) -> Result<&'static str, Error> {
    Ok(match key {
        "graph" => "successors in the graph",
        "resampled_graphs" => "successors in resampled graphs, their share",
        "correlation" => "correlation in training, its size",
        "co_change" | "train_co_change" => "how often both changed in training",
        "base_rate" => "how often it changed in training",
        "linear_model" => "counterfactual of the linear model",
        "do" => "intervention in the linear model",
        "class_mean" => "mean effect over the class",
        "successors" => "successors in the graph",
        "regression" => "regression in training",
        _ => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("{key:?} is no score"),
            ));
        }
    })
}

/// The words for a preference function of PROMETHEE, by its key in `audit.json`.
fn preference(key: &str) -> String {
    key.replace('_', " ")
}

/// The words for a kind of sets of features, by its key in `audit.json`; `own` are those of the study.
fn set_kind(key: &str, own: &str) -> Result<String, Error> {
    Ok(match key {
        "published" => own.to_owned(),
        "all" => "all".to_owned(),
        "published_but_one" => format!("{own} but one"),
        "all_but_one" => "all but one".to_owned(),
        "random" => "drawn".to_owned(),
        _ => {
            let why = format!("{key:?} is no kind of sets");
            return Err(Error::new(ErrorKind::InvalidOperation, why));
        }
    })
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
        // More digraphs than a number of 64 bits can count.
        assert_eq!(
            rendered("{{ x|thousands }}", "36893488147419103232"),
            "36,893,488,147,419,103,232"
        );
        assert_eq!(rendered("{{ x|thousands }}", 24), "24");
        assert_eq!(rendered("{{ x|p(0.0004) }}", 0.0005), "< 0.001");
        assert_eq!(rendered("{{ x|p(0.0111) }}", 0.5), "0.500 ± 0.011");
        assert_eq!(rendered("{{ x|p(0.0) }}", 1.0), "1.000");
    }

    #[test]
    fn every_score_has_its_words() {
        assert_eq!(
            rendered("{{ x|score }}", "co_change"),
            "how often both changed in training"
        );
        let mut environment = Environment::new();
        add_filters(&mut environment);
        assert!(
            environment
                .render_str("{{ 'moon'|score }}", context! {})
                .is_err()
        );
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
