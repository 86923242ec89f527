//! The whole comparison in numbers: `compare.json`.
//!
//! Per method, value, sign and dose what was moved and what it cost; the dose that was chosen on one half of the items and
//! what it did on the other; the band of random directions; and all methods at equal cost and at equal length.

use serde::Serialize;

use crate::answers::{Answer, Answers};
use crate::cost::Cost;
use crate::curve::{At, Curve, equal};
use crate::file::{ComparisonFile, Sign};
use crate::measures::{Half, Judge, Measures};
use crate::method::How;
use crate::published::{PUBLISHED, Published};
use crate::steers::{Compared, Direction, Planned, UNSTEERED};
use program::Failure;
use value_causal::lens::tch::Tensor;

/// `compare.json`.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The comparison's name.
    pub name: String,
    /// The study's.
    pub study: String,
    /// Roles asked, and items each is asked.
    pub asked: [usize; 2],
    /// The graph whose side effects are to be expected; none without one.
    pub graph: Option<String>,
    /// The unsteered model on the neutral text.
    pub unsteered: Cost,
    /// The methods.
    pub methods: Vec<Told>,
    /// Every steer but the random ones.
    pub points: Vec<Point>,
    /// What random directions do, by dose and aim.
    pub band: Vec<Band>,
    /// For each method, value and sign the dose that was chosen.
    pub chosen: Vec<Chosen>,
    /// Means over values and signs, by method and dose, on the items on which doses are reported.
    pub curves: Vec<Curve>,
    /// All methods at one cost.
    pub equal_kl: Option<At>,
    /// All methods at one length of the change.
    pub equal_length: Option<At>,
    /// The directions that were learned.
    pub directions: Vec<Along>,
    /// What others have published.
    pub published: &'static [Published],
}

/// A method in words.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Its name.
    pub method: String,
    /// Where it acts.
    pub acts: &'static str,
}

/// One steer.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// Its method.
    pub method: String,
    /// The value that it is to move.
    pub value: String,
    /// Which way.
    pub sign: Sign,
    /// How far.
    pub dose: f64,
    /// On the items by which doses are chosen.
    pub choosing: Measures,
    /// On those on which they are reported.
    pub reported: Measures,
    /// On all.
    pub all: Measures,
    /// What it costs.
    pub cost: Cost,
}

/// What random directions do at one dose, held against one aim: least, mean and greatest over the directions.
#[derive(Debug, Serialize)]
pub struct Band {
    /// The method's name.
    pub method: String,
    /// The value.
    pub value: String,
    /// Which way.
    pub sign: Sign,
    /// The length.
    pub dose: f64,
    /// How many directions.
    pub directions: usize,
    /// The share of roles whose value moved so.
    pub success: [f64; 3],
    /// The share that moved against it.
    pub against: [f64; 3],
    /// The share of other values that moved and are not expected to.
    pub outside: [f64; 3],
    /// What they cost, in nats.
    pub kl: [f64; 3],
}

/// A dose that was chosen.
#[derive(Debug, Serialize)]
pub struct Chosen {
    /// The method.
    pub method: String,
    /// The value.
    pub value: String,
    /// Which way.
    pub sign: Sign,
    /// The dose.
    pub dose: f64,
    /// What it did on the other half of the items.
    pub reported: Measures,
    /// What it costs.
    pub cost: Cost,
    /// Least, mean and greatest success of random directions of its length; none where none were asked so far.
    pub random: Option<[f64; 3]>,
}

/// A direction that was learned.
#[derive(Debug, Serialize)]
pub struct Along {
    /// The method.
    pub method: String,
    /// The value.
    pub value: String,
    /// Where.
    pub at: String,
    /// Its length.
    pub length: f64,
    /// Cosines with other methods' directions of this value there, by method.
    pub cosines: Vec<(String, f64)>,
}

/// What the comparison is made from.
pub struct Made<'a> {
    /// The file.
    pub file: &'a ComparisonFile,
    /// All steers.
    pub planned: &'a [Planned],
    /// Their costs.
    pub costs: &'a [Cost],
    /// The answers.
    pub answers: &'a Answers,
    /// What these are held against.
    pub judge: &'a Judge<'a>,
    /// The values that are steered.
    pub values: &'a [String],
    /// The steers as they were learned.
    pub compared: &'a Compared,
    /// The unsteered model on the neutral text.
    pub unsteered: Cost,
}

impl Outcome {
    /// The comparison in numbers.
    ///
    /// # Errors
    /// The truth does not know a role or an item.
    pub fn of(study: &str, made: &Made<'_>) -> Result<Self, Failure> {
        let file = made.file;
        let points = made.points()?;
        let band = made.band()?;
        let random: Vec<Point> = made.random_points()?;
        let curves = Curve::all(file, &points, &random);
        let told = file.methods.iter().map(|method| Told {
            method: method.name.clone(),
            acts: method.acts(),
        });
        Ok(Self {
            name: file.name.clone(),
            study: study.to_owned(),
            asked: [made.judge.roles.len(), made.judge.items.len()],
            graph: file.graph.clone(),
            unsteered: made.unsteered,
            methods: told.collect(),
            chosen: chosen(&points, &band),
            equal_kl: equal(&curves, |cost| Some(cost.kl)),
            equal_length: equal(&curves, |cost| cost.length),
            points,
            band,
            curves,
            directions: directions(&made.compared.directions)?,
            published: PUBLISHED,
        })
    }
}

impl Made<'_> {
    fn measures(
        &self,
        steer: &str,
        value: &str,
        sign: Sign,
        half: Half,
    ) -> Result<Measures, Failure> {
        let part = |name: &str| -> &[Vec<Answer>] { self.answers.part(name) };
        let both = (part(UNSTEERED), part(steer));
        self.judge.measure(both, (value, sign), half)
    }

    fn point(&self, number: usize, (value, sign): (&str, Sign)) -> Result<Point, Failure> {
        let planned = &self.planned[number];
        let steer = planned.name(self.file);
        let of = |half| self.measures(&steer, value, sign, half);
        Ok(Point {
            method: self.file.methods[planned.method].name.clone(),
            value: value.to_owned(),
            sign,
            dose: planned.dose,
            choosing: of(Half::Chooses)?,
            reported: of(Half::Reports)?,
            all: of(Half::Both)?,
            cost: self.costs[number],
        })
    }

    fn points(&self) -> Result<Vec<Point>, Failure> {
        let planned = self.planned.iter().enumerate();
        let aimed = planned.filter_map(|(number, one)| Some((number, one.aim.as_ref()?)));
        aimed
            .map(|(number, (value, sign))| self.point(number, (value, *sign)))
            .collect()
    }

    /// Random directions, each held against every aim.
    fn random_points(&self) -> Result<Vec<Point>, Failure> {
        let planned = self.planned.iter().enumerate();
        let random = planned.filter(|(_, one)| one.draw.is_some());
        let mut points = Vec::new();
        for (number, _) in random {
            for value in self.values {
                for &sign in &self.file.signs {
                    points.push(self.point(number, (value, sign))?);
                }
            }
        }
        Ok(points)
    }

    fn band(&self) -> Result<Vec<Band>, Failure> {
        let points = self.random_points()?;
        let mut band = Vec::new();
        for method in &self.file.methods {
            if !matches!(method.how, How::Random { .. }) {
                continue;
            }
            for &dose in &method.doses {
                for value in self.values {
                    for &sign in &self.file.signs {
                        let same = |point: &&Point| {
                            point.method == method.name
                                && point.dose == dose
                                && point.value == *value
                                && point.sign == sign
                        };
                        let own: Vec<&Point> = points.iter().filter(same).collect();
                        let of = |number: fn(&Point) -> f64| range(own.iter().map(|p| number(p)));
                        band.push(Band {
                            method: method.name.clone(),
                            value: value.clone(),
                            sign,
                            dose,
                            directions: own.len(),
                            success: of(|p| p.reported.success.unwrap_or(0.0)),
                            against: of(|p| p.reported.against),
                            outside: of(|p| p.reported.outside.unwrap_or(0.0)),
                            kl: of(|p| p.cost.kl),
                        });
                    }
                }
            }
        }
        Ok(band)
    }
}

/// Least, mean and greatest.
fn range(all: impl Iterator<Item = f64>) -> [f64; 3] {
    let all: Vec<f64> = all.collect();
    let mean = all.iter().sum::<f64>() / all.len().max(1) as f64;
    [
        all.iter().copied().fold(f64::INFINITY, f64::min),
        mean,
        all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    ]
}

/// For each method, value and sign the dose with the greatest score on the choosing items; of equal ones the cheapest.
fn chosen(points: &[Point], band: &[Band]) -> Vec<Chosen> {
    let same =
        |a: &Point, b: &Point| (&a.method, &a.value, a.sign) == (&b.method, &b.value, b.sign);
    let groups = points.chunk_by(same);
    let best = groups.filter_map(|group| {
        group.iter().max_by(|a, b| {
            let score = a.choosing.score().total_cmp(&b.choosing.score());
            score.then(b.cost.kl.total_cmp(&a.cost.kl))
        })
    });
    let chosen = best.map(|point| Chosen {
        method: point.method.clone(),
        value: point.value.clone(),
        sign: point.sign,
        dose: point.dose,
        reported: point.reported,
        cost: point.cost,
        random: point
            .cost
            .length
            .and_then(|length| random_at(band, point, length)),
    });
    chosen.collect()
}

/// The success of random directions of a length, held against a point's aim; between two lengths on a straight line.
fn random_at(band: &[Band], point: &Point, length: f64) -> Option<[f64; 3]> {
    let own = band
        .iter()
        .filter(|one| one.value == point.value && one.sign == point.sign);
    let mut lengths: Vec<(f64, [f64; 3])> = vec![(0.0, [0.0; 3])];
    lengths.extend(own.map(|one| (one.dose, one.success)));
    lengths.sort_by(|a, b| a.0.total_cmp(&b.0));
    let pair = lengths.windows(2).find(|pair| pair[1].0 >= length)?;
    let [(before, least), (after, most)] = [pair[0], pair[1]];
    let share = (length - before) / (after - before);
    Some(std::array::from_fn(|at| {
        least[at] + share * (most[at] - least[at])
    }))
}

fn directions(all: &[Direction]) -> Result<Vec<Along>, Failure> {
    let length = |x: &Tensor| x.f_norm()?.f_double_value(&[]);
    let mut found = Vec::new();
    for own in all {
        for line in &own.lines {
            let mut cosines = Vec::new();
            for other in all.iter().filter(|other| other.value == own.value) {
                let there = |theirs: &&crate::learned::Line| {
                    theirs.point == line.point && theirs.vector.size() == line.vector.size()
                };
                if other.method == own.method {
                    continue;
                }
                if let Some(theirs) = other.lines.iter().find(there) {
                    let dot = line.vector.f_dot(&theirs.vector)?.f_double_value(&[])?;
                    let cosine = dot / length(&line.vector)? / length(&theirs.vector)?;
                    cosines.push((other.method.clone(), cosine));
                }
            }
            found.push(Along {
                method: own.method.clone(),
                value: own.value.clone(),
                at: line.point.to_string(),
                length: length(&line.vector)?,
                cosines,
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(dose: f64, success: f64, reported: f64, kl: f64) -> Point {
        let of = |success| Measures {
            success: Some(success),
            ..Measures::default()
        };
        Point {
            method: "m".into(),
            value: "A".into(),
            sign: Sign::Raise,
            dose,
            choosing: of(success),
            reported: of(reported),
            all: of(success),
            cost: Cost {
                kl,
                ..Cost::default()
            },
        }
    }

    #[test]
    fn a_dose_is_chosen_on_one_half_and_reported_on_the_other() {
        let points = [
            point(1.0, 0.2, 0.9, 0.1),
            point(2.0, 0.8, 0.3, 0.4),
            point(3.0, 0.8, 0.5, 0.9),
        ];
        let found = chosen(&points, &[]);
        assert_eq!(found.len(), 1);
        // Of the two with one score the cheaper one.
        assert_eq!((found[0].dose, found[0].reported.success), (2.0, Some(0.3)));
    }

    #[test]
    fn random_directions_of_a_points_own_length_lie_between_those_asked() {
        let band = |dose: f64, success: [f64; 3]| Band {
            method: "random".into(),
            value: "A".into(),
            sign: Sign::Raise,
            dose,
            directions: 20,
            success,
            against: [0.0; 3],
            outside: [0.0; 3],
            kl: [0.0; 3],
        };
        let band = [band(4.0, [0.0, 0.2, 0.6]), band(2.0, [0.0, 0.1, 0.2])];
        let own = point(1.0, 0.5, 0.5, 0.1);
        let found = |length| random_at(&band, &own, length);
        assert_eq!(found(4.0), Some([0.0, 0.2, 0.6]));
        assert_eq!(found(1.0), Some([0.0, 0.05, 0.1]));
        assert!((found(3.0).unwrap()[2] - 0.4).abs() < 1e-12);
        assert_eq!(found(5.0), None);
        let lowered = Point {
            sign: Sign::Lower,
            ..own.clone()
        };
        assert_eq!(random_at(&band, &lowered, 1.0), None);
    }

    #[test]
    fn a_band_reaches_from_the_least_to_the_greatest() {
        assert_eq!(range([0.5, 0.0, 1.0].into_iter()), [0.0, 0.5, 1.0]);
    }
}
