//! The pictures of the page.

use std::collections::BTreeMap;

use minijinja::Value;
use serde::Serialize;

use crate::comparisons::Steering;
use crate::curve_figure::curve_figure;
use crate::multiverse::{Curve, DISCOVERED};
use crate::null_tests::{Measure, NullTest, OverBaselines};
use crate::planner::{Aim, By, Candidate, Target};
use crate::search::Features;
use crate::whole::Audit;

use super::verdict;
use figures::{
    Bar, BarCluster, BarFigure, BarGroup, BarPanel, DrawError, Edge, EdgeStyle, FrontFigure,
    FrontPoint, GraphFigure, GraphPanel, HistogramFigure, Picture, Standing, bars, front, graphs,
    histogram, specification_curve,
};
use reproduce::graphs::EdgeMark;

/// All of them, as parts of the page.
#[derive(Serialize)]
pub(super) struct Pictures {
    graph: Value,
    figure_4: Value,
    nulls: Vec<Value>,
    curves: Vec<CurvePicture>,
    /// What carries the verdict.
    verdict: Vec<Value>,
    /// The graph of the verdict's search and the discovered one in one picture; none where no rows can be searched.
    beside: Option<Value>,
    /// By the target's place in the plan; none where nothing was nominated.
    fronts: Vec<Option<Value>>,
}

#[derive(Serialize)]
struct CurvePicture {
    steering: &'static str,
    graph: String,
    is_discovered: bool,
    picture: Value,
}

impl Pictures {
    pub(super) fn draw(audit: &Audit) -> Result<Self, DrawError> {
        let nulls = published_gaps(audit).filter(|test| test.graph == DISCOVERED);
        let nulls: Vec<&NullTest> = nulls.collect();
        let nulls = nulls
            .iter()
            .enumerate()
            .map(|(at, test)| Ok(inline(&histogram(&null(test))?, &format!("null{at}"))));
        let curves = audit.multiverse.curves.iter().filter(|c| c.n_with_gap > 0);
        let curves = curves
            .enumerate()
            .map(|(at, curve)| CurvePicture::draw(audit, curve, at));
        let fronts = audit.plan.targets.iter().enumerate();
        let fronts = fronts.map(|(at, target)| match of_target(target) {
            Some(figure) => Ok(Some(inline(&front(&figure)?, &format!("front{at}")))),
            None => Ok(None),
        });
        Ok(Self {
            graph: inline(&graphs(&graph(audit))?, "graph"),
            figure_4: inline(&bars(&figure_4(audit))?, "figure4"),
            verdict: verdict::pictures(&audit.measurement)?,
            beside: beside(audit)
                .map(|figure| graphs(&figure).map(|picture| inline(&picture, "beside")))
                .transpose()?,
            nulls: nulls.collect::<Result<_, DrawError>>()?,
            curves: curves.collect::<Result<_, _>>()?,
            fronts: fronts.collect::<Result<_, DrawError>>()?,
        })
    }
}

/// The document of a picture holds names as text only, and escapes them itself.
pub(super) fn inline(picture: &Picture, name: &str) -> Value {
    Value::from_safe_string(picture.inline(name))
}

impl CurvePicture {
    fn draw(audit: &Audit, curve: &Curve, at: usize) -> Result<Self, DrawError> {
        let picture = specification_curve(&curve_figure(audit, curve))?;
        Ok(Self {
            steering: curve.steering.title(),
            graph: curve.graph.clone(),
            is_discovered: curve.graph == DISCOVERED,
            picture: inline(&picture, &format!("curve{at}")),
        })
    }
}

/// The discovered graph, its edges as wide as resamples of roles find them often.
fn graph(audit: &Audit) -> GraphFigure {
    let found = audit.edge_confidence.iter();
    let found = found.filter(|found| found.features == Features::PublishedSubset);
    let shares: BTreeMap<(&str, &str), f64> = found
        .flat_map(|found| &found.by_role.edges)
        .map(|edge| ((edge.a.as_str(), edge.b.as_str()), edge.any))
        .collect();
    let edges = audit.discovered.edges.iter().map(|(a, b, mark)| {
        let share = shares.get(&(a.as_str(), b.as_str())).copied();
        // A share of 1 that one resample in a thousand misses is 99.
        let percent = (100.0 * share.unwrap_or(0.0)).floor() as u8;
        let edge = match mark {
            EdgeMark::Forward => Edge::directed(a, b),
            EdgeMark::Backward => Edge::directed(b, a),
            EdgeMark::Undirected => Edge::undirected(a, b),
            EdgeMark::Bidirected => Edge::bidirected(a, b),
        };
        edge.style(EdgeStyle::Joined(percent))
    });
    GraphFigure::new("")
        .description("The discovered graph; the table of edges says the same in words.")
        .panel(GraphPanel::new("", edges).nodes(&audit.values).note_room())
}

/// Which pairs of values the verdict's search and the discovered graph join.
fn beside(audit: &Audit) -> Option<GraphFigure> {
    let structure = audit.measurement.structure.as_ref()?;
    let honest = &structure.honest().edges;
    let discovered: Vec<(&String, &String)> = audit
        .discovered
        .edges
        .iter()
        .map(|(a, b, _)| (a, b))
        .collect();
    let joined =
        |a: &String, b: &String| discovered.contains(&(a, b)) || discovered.contains(&(b, a));
    let of_verdict = honest.iter().map(|(a, b)| {
        let style = if joined(a, b) {
            EdgeStyle::Found
        } else {
            EdgeStyle::Missed
        };
        Edge::undirected(a, b).style(style)
    });
    let others = discovered.iter().filter(|(a, b)| {
        let is = |(x, y): &(String, String)| (x == *a && y == *b) || (x == *b && y == *a);
        !honest.iter().any(is)
    });
    let others = others.map(|(a, b)| Edge::undirected(*a, *b).style(EdgeStyle::Extra));
    let own = format!("in the {} graph alone", audit.own());
    let panel = GraphPanel::new("", of_verdict.chain(others)).nodes(&audit.values);
    Some(
        GraphFigure::new("")
            .description("Pairs of values that the verdict's search joins, and those of the discovered graph.")
            .comparison("in both", "by the verdict's search alone", &own)
            .panel(panel),
    )
}

/// The gaps of figure 4: on the published features, against the published baselines.
fn published_gaps(audit: &Audit) -> impl Iterator<Item = &NullTest> {
    audit.null_tests.iter().filter(|test| {
        test.features == Features::PublishedSubset
            && test.baselines == OverBaselines::Published
            && test.measure == Measure::Rate
            && test.null == "relabelling"
    })
}

fn figure_4(audit: &Audit) -> BarFigure {
    let test = |steering: Steering, graph: &str| {
        published_gaps(audit).find(|test| test.steering == steering && test.graph == graph)
    };
    let keys = [DISCOVERED, &audit.reference];
    let cluster = |steering, label: &str, rate: fn(&NullTest) -> Option<f64>| BarCluster {
        label: label.to_owned(),
        bars: keys
            .iter()
            .map(|key| Bar {
                mean: test(steering, key).and_then(rate),
                std: None,
            })
            .collect(),
    };
    let groups = Steering::ALL.map(|steering| BarGroup {
        label: steering.title().to_owned(),
        clusters: vec![
            cluster(steering, "expected", |test| test.expected),
            cluster(steering, "unexpected", |test| test.unexpected),
        ],
    });
    let reference = audit.references.get(&audit.reference);
    BarFigure {
        title: "Figure 4".to_owned(),
        description: "How often values changed that a graph lets one expect to, and others."
            .to_owned(),
        y_label: "mean rate of change".to_owned(),
        series: vec![
            "discovered graph".to_owned(),
            reference.unwrap_or(&audit.reference).clone(),
        ],
        panels: vec![BarPanel {
            title: String::new(),
            groups: groups.into(),
        }],
    }
}

fn null(test: &NullTest) -> HistogramFigure {
    let steering = test.steering.title();
    let p = match test.p_value < 0.001 {
        true => "p < 0.001".to_owned(),
        false => format!("p = {:.3}", test.p_value),
    };
    HistogramFigure {
        title: format!("By chance, {steering}"),
        description: format!(
            "Gaps of {} graphs with the nodes of the discovered graph mixed up, from {:.2} to {:.2}. \
             The discovered graph's own is {:.3}; {p}.",
            test.n_draws, test.histogram.from, test.histogram.to, test.gap
        ),
        x_label: "gap: expected less unexpected".to_owned(),
        range: [test.histogram.from, test.histogram.to],
        counts: test.histogram.counts.clone(),
        mark: (test.gap, format!("observed, {p}")),
    }
}

/// What the nominated features gain and what else they move, on the training rows.
fn of_target(target: &Target) -> Option<FrontFigure> {
    let point = |candidate: &Candidate| {
        let By::Feature(feature) = candidate.by else {
            return None;
        };
        let side_effects = candidate.side_effects.as_ref()?.train?;
        let standing = if target.choice == Some(candidate.by) {
            Standing::Taken
        } else if candidate.pareto {
            Standing::Front
        } else {
            Standing::Beaten
        };
        candidate.nominated.then(|| FrontPoint {
            gain: candidate.gain,
            cost: side_effects.mean,
            name: feature.to_string(),
            standing,
        })
    };
    let points: Vec<FrontPoint> = target.candidates.iter().filter_map(point).collect();
    let (first, last) = (points.first()?, points.last()?);
    let aim = match target.aim {
        Aim::Raise => "Raise",
        Aim::Lower => "Lower",
    };
    Some(FrontFigure {
        title: format!("{aim} {}", target.value),
        description: format!(
            "{} features by gain, from {:.3} to {:.3}, and side effects in the training roles; the table \
             has the numbers.",
            points.len(),
            last.gain,
            first.gain
        ),
        x_label: "mean gain in training".to_owned(),
        y_label: "side effects in training".to_owned(),
        points,
    })
}
