//! What the page shows of each value when it is chosen.

use serde::Serialize;

use crate::moved::Moved;
use crate::whole::Audit;

/// One value against all others.
#[derive(Serialize)]
pub(super) struct ValuePanel {
    name: String,
    /// Places of the values that it lets one expect to move.
    expected: Vec<usize>,
    /// How often it moved, by way to steer and baselines.
    times: Vec<Times>,
    others: Vec<Other>,
}

/// How often a value moved.
#[derive(Serialize)]
struct Times {
    times: usize,
    n: usize,
}

/// Another value.
#[derive(Serialize)]
struct Other {
    at: usize,
    name: String,
    is_expected: bool,
    /// By way to steer and baselines, as [`ValuePanel::times`].
    along: Vec<Along>,
}

/// How often another value moved along, beside how often it moved at all.
#[derive(Serialize)]
struct Along {
    together: usize,
    rate: Option<f64>,
    base_rate: Option<f64>,
}

impl ValuePanel {
    pub(super) fn all(audit: &Audit) -> Vec<Self> {
        (0..audit.values.len())
            .map(|value| Self::new(audit, value))
            .collect()
    }

    fn new(audit: &Audit, value: usize) -> Self {
        let name = &audit.values[value];
        let expected = &audit.discovered.expected[name];
        let is_expected = |other: &usize| expected.contains(&audit.values[*other]);
        let others = || (0..audit.values.len()).filter(|&other| other != value);
        let mut rows: Vec<Other> = others()
            .map(|other| Other {
                at: other,
                name: audit.values[other].clone(),
                is_expected: is_expected(&other),
                along: audit
                    .moved
                    .iter()
                    .map(|moved| Along::new(moved, other, value))
                    .collect(),
            })
            .collect();
        rows.sort_by_key(|other| !other.is_expected);
        Self {
            name: name.clone(),
            expected: others().filter(is_expected).collect(),
            times: audit
                .moved
                .iter()
                .map(|moved| Times {
                    times: moved.times(value),
                    n: moved.n,
                })
                .collect(),
            others: rows,
        }
    }
}

impl Along {
    fn new(moved: &Moved, other: usize, value: usize) -> Self {
        Self {
            together: moved.together[value][other],
            rate: moved.rate(other, value),
            base_rate: (moved.n > 0).then(|| moved.times(other) as f64 / moved.n as f64),
        }
    }
}
