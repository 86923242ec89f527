//! The specification curve of one graph and way to steer, ready to be drawn.

use super::multiverse::{Axis, Curve, DISCOVERED, Level};
use super::whole::Audit;
use super::words::thousands;
use figures::{CurveAxis, CurveFigure, CurveLevel, CurvePoint};

/// The combinations of choices by gap, with what each choice has to do with it.
pub(super) fn curve_figure(audit: &Audit, curve: &Curve) -> CurveFigure {
    let points = curve.bins.iter().map(|bin| CurvePoint {
        upper: bin.expected,
        lower: bin.unexpected,
        gap: bin.gap,
    });
    let own = audit.own();
    CurveFigure {
        title: format!(
            "{}: {} combinations of choices, {}, {}",
            audit.experiment,
            thousands(&curve.n_with_gap.to_string()),
            curve.steering.title(),
            graph(audit, &curve.graph)
        ),
        description: format!(
            "Combinations of choices by the gap between the expected and the unexpected rate; {:.0} \
             percent have a gap above 0.",
            100.0 * curve.share_above_zero.unwrap_or_default()
        ),
        points: points.collect(),
        names: ["expected".to_owned(), "unexpected".to_owned()],
        mark: curve
            .published
            .map(|published| (published.place, own.to_owned())),
        axes: curve.axes.iter().map(|of| axis(of, own)).collect(),
    }
}

fn graph(audit: &Audit, key: &str) -> String {
    match audit.references.get(key) {
        Some(title) if key != DISCOVERED => format!("reference graph: {title}"),
        _ => "discovered graph".to_owned(),
    }
}

fn axis(axis: &Axis, own: &str) -> CurveAxis {
    let level = |level: &Level| CurveLevel {
        name: match level.name.strip_prefix("published") {
            Some(rest) if axis.name == "features" => format!("{own}{rest}"),
            _ => level.name.clone(),
        },
        shares: level.share_in_bins.clone(),
        note: format!("{:.0} % > 0", 100.0 * level.share_above_zero),
    };
    CurveAxis {
        name: axis.name.to_owned(),
        levels: axis.levels.iter().map(level).collect(),
    }
}
