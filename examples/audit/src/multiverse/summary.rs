//! The multiverse in numbers: one specification curve for each graph and way to steer.

use std::collections::BTreeMap;

use serde::Serialize;

use super::specification::Specification;
use crate::comparisons::{Compared, Steering, role_name};

/// Points of a curve.
const BINS: usize = 100;

/// What the combinations of choices come to.
#[derive(Clone, Debug, Serialize)]
pub struct Multiverse {
    /// Number of combinations.
    pub n_specifications: usize,
    /// Number of graphs searched for.
    pub n_searches: usize,
    /// Number of searches that a test of independence kept from ending; their combinations are
    /// missing.
    pub n_failed_searches: usize,
    /// What kept the first of them.
    pub first_failure: Option<String>,
    /// Number of graphs found whose equivalence class has no member (no DAG extends the graph) or
    /// too many: their class averages have no numbers.
    pub n_without_class: usize,
    /// By graph, then way to steer.
    pub curves: Vec<Curve>,
}

/// The combinations of one graph and way to steer, by gap.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// What steers.
    pub steering: Steering,
    /// Key of the graph.
    pub graph: String,
    /// Number of combinations.
    pub n: usize,
    /// Number of those in which the graph lets one expect something, so that there is a gap.
    pub n_with_gap: usize,
    /// Share of these with a gap above 0.
    pub share_above_zero: Option<f64>,
    /// Of the expected rates.
    pub expected: Option<Quantiles>,
    /// Of the unexpected rates.
    pub unexpected: Option<Quantiles>,
    /// Of the gaps.
    pub gap: Option<Quantiles>,
    /// Where the published choice lies.
    pub published: Option<PublishedChoice>,
    /// Each choice with each of its levels, the others varying.
    pub axes: Vec<Axis>,
    /// The curve: combinations by ascending gap, in bins of about equally many.
    pub bins: Vec<Bin>,
}

/// Quantiles of a sample.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quantiles {
    /// 5 %.
    pub q05: f64,
    /// 25 %.
    pub q25: f64,
    /// The median.
    pub q50: f64,
    /// 75 %.
    pub q75: f64,
    /// 95 %.
    pub q95: f64,
}

/// The combination that was published.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PublishedChoice {
    /// Mean rate of values expected to change.
    pub expected: f64,
    /// Mean rate of the others.
    pub unexpected: f64,
    /// Their difference.
    pub gap: f64,
    /// Share of combinations with a gap at least as large.
    pub share_as_large: f64,
    /// Place on the curve, from 0 to 1: the share of combinations with a smaller gap, and half of
    /// those with the same.
    pub place: f64,
}

/// One choice.
#[derive(Clone, Debug, Serialize)]
pub struct Axis {
    /// What is chosen.
    pub name: &'static str,
    /// What it can be.
    pub levels: Vec<Level>,
}

/// One level of a choice.
#[derive(Clone, Debug, Serialize)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// Number of combinations with a gap.
    pub n: usize,
    /// The median of their gaps.
    pub median_gap: f64,
    /// Share of them with a gap above 0.
    pub share_above_zero: f64,
    /// Share of the level in each bin of the curve.
    #[serde(skip)]
    pub share_in_bins: Vec<f64>,
}

/// Means over the combinations that lie side by side on a curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bin {
    /// Mean rate of values expected to change.
    pub expected: f64,
    /// Mean rate of the others.
    pub unexpected: f64,
    /// Their difference.
    pub gap: f64,
}

impl Multiverse {
    pub(super) fn new(
        specifications: &[Specification],
        n_searches: usize,
        failures: Vec<String>,
        n_without_class: usize,
    ) -> Self {
        let mut groups: Vec<((&str, Steering), Vec<&Specification>)> = Vec::new();
        let mut places: BTreeMap<(&str, Steering), usize> = BTreeMap::new();
        for specification in specifications {
            let key = (&*specification.graph, specification.steering);
            let place = *places.entry(key).or_insert_with(|| {
                groups.push((key, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push(specification);
        }
        groups
            .sort_by_key(|((graph, steering), _)| (*graph != super::DISCOVERED, *graph, *steering));
        let curve = |((graph, steering), of): &((&str, Steering), Vec<&Specification>)| {
            Curve::new(graph, *steering, of)
        };
        Self {
            n_specifications: specifications.len(),
            n_searches,
            n_failed_searches: failures.len(),
            first_failure: failures.into_iter().next(),
            n_without_class,
            curves: groups.iter().map(curve).collect(),
        }
    }
}

impl Curve {
    fn new(graph: &str, steering: Steering, all: &[&Specification]) -> Self {
        let mut with_gap: Vec<Point<'_>> = all.iter().filter_map(|s| Point::of(s)).collect();
        with_gap.sort_by(|a, b| a.gap.total_cmp(&b.gap));
        let n = with_gap.len();
        let above = with_gap.iter().filter(|point| point.gap > 0.0).count();
        let quantiles = |of: fn(&Point<'_>) -> f64| {
            let mut numbers: Vec<f64> = with_gap.iter().map(of).collect();
            Quantiles::of(&mut numbers)
        };
        let published = with_gap.iter().find(|point| point.choices.published);
        Self {
            steering,
            graph: graph.to_owned(),
            n: all.len(),
            n_with_gap: n,
            share_above_zero: (n > 0).then(|| above as f64 / n as f64),
            expected: quantiles(|point| point.expected),
            unexpected: quantiles(|point| point.unexpected),
            gap: quantiles(|point| point.gap),
            published: published.map(|point| point.place_among(&with_gap)),
            axes: axes(
                &with_gap
                    .iter()
                    .map(|p| (p.choices, p.gap))
                    .collect::<Vec<_>>(),
            ),
            bins: bins(n).map(|bin| Bin::of(&with_gap[bin])).collect(),
        }
    }
}

/// A combination that has a gap.
struct Point<'a> {
    choices: &'a Specification,
    expected: f64,
    unexpected: f64,
    gap: f64,
}

impl<'a> Point<'a> {
    fn of(choices: &'a Specification) -> Option<Self> {
        let (expected, unexpected) = (choices.effects.expected?, choices.effects.unexpected?);
        Some(Self {
            choices,
            expected,
            unexpected,
            gap: expected - unexpected,
        })
    }

    fn place_among(&self, all: &[Self]) -> PublishedChoice {
        let count =
            |holds: &dyn Fn(f64) -> bool| all.iter().filter(|p| holds(p.gap)).count() as f64;
        let n = all.len() as f64;
        let (below, same) = (
            count(&|gap| gap < self.gap - 1e-12),
            count(&|gap| (gap - self.gap).abs() <= 1e-12),
        );
        PublishedChoice {
            expected: self.expected,
            unexpected: self.unexpected,
            gap: self.gap,
            share_as_large: (n - below) / n,
            place: (below + same / 2.0) / n,
        }
    }
}

impl Bin {
    fn of(points: &[Point<'_>]) -> Self {
        let mean =
            |of: fn(&Point<'_>) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
        Self {
            expected: mean(|point| point.expected),
            unexpected: mean(|point| point.unexpected),
            gap: mean(|point| point.gap),
        }
    }
}

/// Ranges of about equally many of `n` points in order, none empty.
fn bins(n: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let n_bins = BINS.min(n);
    (0..n_bins).map(move |bin| bin * n / n_bins..(bin + 1) * n / n_bins)
}

impl Quantiles {
    /// Of at least one number.
    pub fn of(numbers: &mut [f64]) -> Option<Self> {
        numbers.sort_by(f64::total_cmp);
        let last = numbers.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let (low, high) = (place.floor() as usize, place.ceil() as usize);
            numbers[low] + (numbers[high] - numbers[low]) * place.fract()
        };
        Some(Self {
            q05: at(0.05),
            q25: at(0.25),
            q50: at(0.5),
            q75: at(0.75),
            q95: at(0.95),
        })
    }
}

/// The name of the level that a combination takes.
type LevelOf = fn(&Specification) -> Option<String>;

const CHOICES: [(&str, LevelOf); 8] = [
    ("features", |s| {
        s.features.as_ref().map(|set| set.kind.name().to_owned())
    }),
    ("rows searched", |s| {
        s.rows.map(|rows| rows.name().to_owned())
    }),
    ("alpha", |s| s.alpha.map(|alpha| alpha.to_string())),
    ("undirected edges", |s| {
        s.undirected.map(|u| u.name().to_owned())
    }),
    ("expected are", |s| {
        Some(s.definition.expected_name().to_owned())
    }),
    ("unexpected are", |s| {
        Some(s.definition.unexpected_name().to_owned())
    }),
    ("roles compared", |s| {
        s.compared.map(|compared| match compared {
            Compared::All => "all".to_owned(),
            Compared::Named => "named".to_owned(),
        })
    }),
    ("baseline", |s| {
        Some(role_name(s.baseline.as_deref()).to_owned())
    }),
];

/// Every choice that has levels, by the combinations `sorted` by gap.
#[must_use]
pub fn axes(sorted: &[(&Specification, f64)]) -> Vec<Axis> {
    let axis = |&(name, level_of): &(&'static str, LevelOf)| Axis {
        name,
        levels: levels(sorted, level_of),
    };
    let axes = CHOICES.iter().map(axis);
    axes.filter(|axis| axis.levels.len() > 1).collect()
}

fn levels(sorted: &[(&Specification, f64)], level_of: LevelOf) -> Vec<Level> {
    let mut names: Vec<String> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let taken: Vec<Option<usize>> = sorted
        .iter()
        .map(|(specification, _)| {
            let name = level_of(specification)?;
            Some(*places.entry(name.clone()).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            }))
        })
        .collect();
    let mut levels: Vec<Level> = names
        .into_iter()
        .enumerate()
        .map(|(place, name)| Level::of(name, sorted, &|at| taken[at] == Some(place)))
        .collect();
    levels.sort_by_cached_key(|level| order(&level.name));
    levels
}

/// Levels stand in the order of their choice, numbers ascending, roles by name.
fn order(level: &str) -> (usize, String) {
    const KNOWN: [&str; 17] = [
        "published",
        "published but one",
        "all",
        "all but one",
        "random set",
        "all rows",
        "unsteered only",
        "role-centred",
        "both ways",
        "dropped",
        "class averaged",
        "successors",
        "connected",
        "non-successors",
        "unrelated",
        "named",
        "(empty role)",
    ];
    let known = KNOWN.iter().position(|&known| known == level);
    (known.unwrap_or(KNOWN.len()), level.to_owned())
}

impl Level {
    fn of(
        name: String,
        sorted: &[(&Specification, f64)],
        is_taken: &dyn Fn(usize) -> bool,
    ) -> Self {
        let gaps: Vec<f64> = (0..sorted.len())
            .filter(|&at| is_taken(at))
            .map(|at| sorted[at].1)
            .collect();
        let n = gaps.len();
        let above = gaps.iter().filter(|&&gap| gap > 0.0).count();
        let share = |bin: std::ops::Range<usize>| {
            let size = bin.len() as f64;
            bin.filter(|&at| is_taken(at)).count() as f64 / size
        };
        Self {
            name,
            n,
            median_gap: Quantiles::of(&mut gaps.clone()).map_or(0.0, |q| q.q50),
            share_above_zero: above as f64 / n.max(1) as f64,
            share_in_bins: bins(sorted.len()).map(share).collect(),
        }
    }
}
