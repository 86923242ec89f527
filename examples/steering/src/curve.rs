//! Each method's dose and response, and all methods at one cost or one length.

use serde::Serialize;

use crate::cost::Cost;
use crate::file::ComparisonFile;
use crate::measures::Measures;
use crate::outcome::Point;

/// A method's means over values and signs, by dose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// The method.
    pub method: String,
    /// Whether it is the control by random directions.
    pub random: bool,
    /// By dose, in the order of the file.
    pub doses: Vec<Dose>,
}

/// One dose.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Dose {
    /// How far.
    pub dose: f64,
    /// What it did.
    pub reported: Measures,
    /// What it cost.
    pub cost: Cost,
}

/// All methods at one cost or length.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct At {
    /// The cost in nats, or the length.
    pub at: f64,
    /// One for each method that was asked so far.
    pub rows: Vec<Row>,
    /// The others, with the farthest that they were asked.
    pub short: Vec<(String, f64)>,
}

/// One method there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The method.
    pub method: String,
    /// Its dose, between two that were asked.
    pub dose: f64,
    /// What it does.
    pub reported: Measures,
}

impl Curve {
    /// One for each method, from the points of its steers; `random` are those of random directions.
    #[must_use]
    pub fn all(file: &ComparisonFile, points: &[Point], random: &[Point]) -> Vec<Self> {
        let curves = file.methods.iter().filter_map(|method| {
            let of = |all: &[Point]| -> Vec<Point> {
                let own = all.iter().filter(|point| point.method == method.name);
                own.cloned().collect()
            };
            let (aimed, drawn) = (of(points), of(random));
            let is_random = aimed.is_empty();
            let own = if is_random { drawn } else { aimed };
            let mut doses: Vec<f64> = Vec::new();
            for point in &own {
                if !doses.contains(&point.dose) {
                    doses.push(point.dose);
                }
            }
            let doses: Vec<Dose> = doses
                .into_iter()
                .map(|dose| Dose::mean(&own, dose))
                .collect();
            (!doses.is_empty()).then(|| Self {
                method: method.name.clone(),
                random: is_random,
                doses,
            })
        });
        curves.collect()
    }

    /// What it does at a cost or a length, between the two nearest doses; none beyond its greatest.
    fn at(&self, x: f64, of: fn(&Cost) -> Option<f64>) -> Option<Row> {
        let nothing = Dose {
            dose: 0.0,
            reported: Measures {
                success: Some(0.0),
                inside: Some(0.0),
                outside: Some(0.0),
                ..Measures::default()
            },
            cost: Cost {
                length: Some(0.0),
                ..Cost::default()
            },
        };
        // The dose that does nothing is no probability and no angle, but costs nothing in every method.
        let mut doses = vec![(0.0, nothing)];
        for dose in &self.doses {
            doses.push((of(&dose.cost)?, *dose));
        }
        doses.sort_by(|a, b| a.0.total_cmp(&b.0));
        let after = doses.iter().position(|(there, _)| *there >= x)?;
        let (there, later) = doses[after];
        let (before, earlier) = doses[after.saturating_sub(1)];
        let share = if there > before {
            (x - before) / (there - before)
        } else {
            1.0
        };
        let mut reported = earlier.reported.between(&later.reported, share);
        if earlier.dose == 0.0 {
            // What is not known of the unsteered model is not known between it and the first dose.
            reported.as_under_do = later.reported.as_under_do.filter(|_| share == 1.0);
        }
        Some(Row {
            method: self.method.clone(),
            dose: earlier.dose + (later.dose - earlier.dose) * share,
            reported,
        })
    }
}

impl Dose {
    fn mean(points: &[Point], dose: f64) -> Self {
        let own = points.iter().filter(|point| point.dose == dose);
        let mean = |of: fn(&Cost) -> Option<f64>| {
            let all: Vec<f64> = own.clone().filter_map(|point| of(&point.cost)).collect();
            (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
        };
        Self {
            dose,
            reported: Measures::mean(own.clone().map(|point| &point.reported)),
            cost: Cost {
                cross_entropy: mean(|cost| Some(cost.cross_entropy)).unwrap_or(0.0),
                kl: mean(|cost| Some(cost.kl)).unwrap_or(0.0),
                length: mean(|cost| cost.length),
                tokens_per_second: mean(|cost| Some(cost.tokens_per_second)).unwrap_or(0.0),
            },
        }
    }
}

/// All methods at the greatest cost that three of four of them reach, so that one that does little does not draw all others to its
/// end. Those with a single dose, as instructions, do not say how far it is.
pub(crate) fn equal(curves: &[Curve], of: fn(&Cost) -> Option<f64>) -> Option<At> {
    let farthest = |curve: &Curve| {
        let all = curve.doses.iter().filter_map(|dose| of(&dose.cost));
        let farthest = all.max_by(f64::total_cmp)?;
        Some((curve.method.clone(), farthest))
    };
    let several = curves.iter().filter(|curve| curve.doses.len() > 1);
    let mut ends: Vec<(String, f64)> = several.clone().filter_map(farthest).collect();
    ends.sort_by(|a, b| a.1.total_cmp(&b.1));
    let at = ends.get(ends.len().checked_sub(1)? / 4)?.1;
    ends.retain(|(_, end)| *end < at);
    Some(At {
        at,
        rows: several.filter_map(|curve| curve.at(at, of)).collect(),
        short: ends,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(method: &str, doses: &[(f64, f64, f64)]) -> Curve {
        let dose = |&(dose, kl, success): &(f64, f64, f64)| Dose {
            dose,
            reported: Measures {
                success: Some(success),
                as_under_do: Some(success),
                ..Measures::default()
            },
            cost: Cost {
                kl,
                ..Cost::default()
            },
        };
        Curve {
            method: method.to_owned(),
            random: false,
            doses: doses.iter().map(dose).collect(),
        }
    }

    #[test]
    fn methods_meet_where_three_of_four_were_asked() {
        let curves = [
            curve("far", &[(1.0, 1.0, 0.2), (3.0, 3.0, 0.8)]),
            curve("near", &[(5.0, 0.5, 0.1), (10.0, 2.0, 0.9)]),
            curve("told", &[(1.0, 0.1, 1.0)]),
        ];
        let found = equal(&curves, |cost| Some(cost.kl)).unwrap();
        assert_eq!(found.at, 2.0);
        let rows: Vec<_> = found
            .rows
            .iter()
            .map(|row| (row.method.as_str(), row.dose, row.reported.success))
            .collect();
        assert_eq!(rows, [("far", 2.0, Some(0.5)), ("near", 10.0, Some(0.9))]);
        assert_eq!(found.short, []);
        // One that does little is named, and meets nobody.
        let little = |name: &str| curve(name, &[(1.0, 1e-3, 0.0), (2.0, 1e-2, 0.0)]);
        let more = [
            &curves[..],
            &[little("little"), curves[0].clone(), curves[0].clone()],
        ]
        .concat();
        let found = equal(&more, |cost| Some(cost.kl)).unwrap();
        assert_eq!((found.at, found.rows.len()), (2.0, 4));
        assert_eq!(found.short, [("little".to_owned(), 1e-2)]);
        // No length was measured.
        assert_eq!(equal(&curves, |cost| cost.length), None);
    }

    #[test]
    fn between_nothing_and_the_first_dose_what_nothing_does_is_known() {
        let row = curve("m", &[(4.0, 2.0, 0.5)])
            .at(1.0, |cost| Some(cost.kl))
            .unwrap();
        assert_eq!((row.dose, row.reported.success), (2.0, Some(0.25)));
        assert_eq!(row.reported.as_under_do, None);
    }
}
