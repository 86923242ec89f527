//! The comparison as pictures.

use figures::{DrawError, FrontFigure, FrontPoint, LineFigure, Picture, Standing, front, lines};

use crate::curve::{Curve, Dose};
use crate::measures::Measures;
use crate::outcome::Outcome;

/// A picture, by the name of its file without ending.
pub struct Named {
    /// The name.
    pub stem: String,
    /// What it shows.
    pub title: String,
    /// The picture.
    pub picture: Picture,
}

/// One picture for each method of more than one dose, all methods by success and by side effects, and success against cost.
///
/// # Errors
/// A number is not finite.
pub fn draw(outcome: &Outcome) -> Result<Vec<Named>, DrawError> {
    let mut drawn = vec![cost_against_success(outcome)?];
    for (stem, title, of) in [
        (
            "success_by_kl",
            "Success by cost",
            success as fn(&Measures) -> Option<f64>,
        ),
        (
            "outside_by_kl",
            "Unexpected side effects by cost",
            |m: &Measures| m.outside,
        ),
    ] {
        drawn.push(by_kl(outcome, stem, title, of)?);
    }
    let several = outcome.curves.iter().filter(|curve| curve.doses.len() > 1);
    for (at, curve) in several.enumerate() {
        drawn.push(dose_response(outcome, at + 1, curve)?);
    }
    Ok(drawn)
}

fn success(measures: &Measures) -> Option<f64> {
    measures.success
}

/// What a method's doses move.
fn dose_response(outcome: &Outcome, number: usize, curve: &Curve) -> Result<Named, DrawError> {
    type Measure = (&'static str, fn(&Measures) -> Option<f64>);
    const MEASURES: [Measure; 6] = [
        ("success", |m| m.success),
        ("moved against the steer", |m| Some(m.against)),
        ("expected side effects", |m| m.inside),
        ("unexpected side effects", |m| m.outside),
        ("answers as under do()", |m| m.as_under_do),
        ("undecided answers", |m| Some(m.undecided)),
    ];
    let title = format!("{}: {}", outcome.name, curve.method);
    let line = |(name, of): Measure| {
        let point = |dose: &Dose| Some((dose.dose, of(&dose.reported)?));
        let points: Vec<(f64, f64)> = curve.doses.iter().filter_map(point).collect();
        (!points.is_empty()).then(|| (name.to_owned(), points))
    };
    let figure = LineFigure {
        title: title.clone(),
        description: format!("What {} moves at each of its doses.", curve.method),
        x_label: "dose".to_owned(),
        y_label: "share".to_owned(),
        lines: MEASURES.into_iter().filter_map(line).collect(),
    };
    Ok(Named {
        stem: format!("dose_response_{number}"),
        title,
        picture: lines(&figure)?,
    })
}

/// One line for each method.
fn by_kl(
    outcome: &Outcome,
    stem: &str,
    what: &str,
    of: fn(&Measures) -> Option<f64>,
) -> Result<Named, DrawError> {
    let title = format!("{}: {what}", outcome.name);
    let line = |curve: &Curve| {
        let point = |dose: &Dose| Some((dose.cost.kl, of(&dose.reported)?));
        let mut points: Vec<(f64, f64)> = curve.doses.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        (curve.method.clone(), points)
    };
    let figure = LineFigure {
        title: title.clone(),
        description: format!("{what}, by method."),
        x_label: "KL on neutral text, nats per token".to_owned(),
        y_label: "share".to_owned(),
        lines: outcome.curves.iter().map(line).collect(),
    };
    Ok(Named {
        stem: stem.to_owned(),
        title,
        picture: lines(&figure)?,
    })
}

/// All doses of all methods, those named that no other beats in both.
fn cost_against_success(outcome: &Outcome) -> Result<Named, DrawError> {
    let all = outcome.curves.iter().flat_map(|curve| {
        let doses = curve.doses.iter();
        doses.filter_map(|dose| {
            let gain = dose.reported.success?;
            let name = match curve.doses.len() {
                1 => curve.method.clone(),
                _ => format!("{}, {}", curve.method, dose.dose),
            };
            Some((gain, dose.cost.kl, name))
        })
    });
    let all: Vec<(f64, f64, String)> = all.collect();
    let beaten = |gain: f64, cost: f64| {
        let mut others = all.iter();
        others.any(|(g, c, _)| *g >= gain && *c <= cost && (*g > gain || *c < cost))
    };
    let points = all.iter().map(|(gain, cost, name)| FrontPoint {
        gain: *gain,
        cost: *cost,
        name: name.clone(),
        standing: match beaten(*gain, *cost) {
            true => Standing::Beaten,
            false => Standing::Front,
        },
    });
    let title = format!("{}: cost against success", outcome.name);
    let figure = FrontFigure {
        title: title.clone(),
        description: "Every method at every dose: what it costs, by its success.".to_owned(),
        x_label: "success".to_owned(),
        y_label: "KL on neutral text, nats per token".to_owned(),
        points: points.collect(),
    };
    Ok(Named {
        stem: "cost_against_success".to_owned(),
        title,
        picture: front(&figure)?,
    })
}
