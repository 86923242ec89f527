//! All of it in one record.

use serde::Serialize;
use value_causal::bench::OrientationTable;

use crate::against_chance::{AgainstChance, Pairs};
use crate::against_factors::AgainstFactors;
use crate::factors::GivenFactors;
use crate::left_out::{LeftOut, hardly_varied};
use crate::reliability::{Items, Reliabilities};
use crate::rows::{Clustering, Rows, Searched, searched_rows};
use crate::spectrum::Spectrum;
use crate::transfer::Transfer;
use crate::variance::Parts;
use crate::verdict::{Evidence, Verdict};
use crate::{Failure, Settings};

/// What a measurement is judged from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Training roles and items.
    pub train: &'a OrientationTable,
    /// Test roles and items, of the same values.
    pub test: &'a OrientationTable,
    /// The rows that the graph is searched in.
    pub searched: Searched,
    /// Values that are no part of the graph for reasons of the caller; those that hardly vary in these rows need not be among
    /// them.
    pub left_out: &'a [LeftOut],
    /// Which items the roles were asked, if that is known.
    pub items: Option<&'a Items>,
}

/// How good the measurements are, and whether a graph can be seen in them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// What follows.
    pub verdict: Verdict,
    /// The same in one plain sentence.
    pub sentence: String,
    /// What to do next, a sentence each.
    pub advice: Vec<String>,
    /// Values that the graph is over.
    pub values: Vec<String>,
    /// Values that are no part of it.
    pub left_out: Vec<LeftOut>,
    /// How much was drawn.
    pub settings: Settings,
    /// The rows that are searched.
    pub searched: Searched,
    /// Their number.
    pub n_rows: usize,
    /// Roles among them.
    pub n_roles: usize,
    /// Features among them, no feature counted as one.
    pub n_features: usize,
    /// What a test must know of them; the search by this one is the verdict's.
    pub clustering: Clustering,
    /// How much of an orientation is more than the accident of its items.
    pub reliability: Reliabilities,
    /// Mean over values of the parts of the variance; none where not every role has a row for every feature.
    pub variance: Option<Parts>,
    /// The same by value.
    pub variance_by_value: Option<Vec<Parts>>,
    /// What is not there where rows cannot be judged at all.
    #[serde(flatten)]
    pub structure: Option<Structure>,
}

/// What hangs together in the rows, and against what it is held.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Structure {
    /// Eigenvalues.
    pub spectrum: Spectrum,
    /// Edges found by tests that are told more and more of the rows; the last one is the verdict's.
    pub searches: Vec<AgainstChance>,
    /// Pairs that depend on each other.
    pub pairs: Pairs,
    /// The graph given common factors.
    pub factors: Vec<GivenFactors>,
    /// Whether common factors describe the correlations as well as arrows do.
    pub against_factors: Option<AgainstFactors>,
    /// The graph of the training rows against that of the test rows.
    pub transfer: Option<Transfer>,
}

impl Measurement {
    /// Computes all of it. The numbers depend on the seed, not on the number of threads. Of rows that cannot be searched the
    /// verdict says why.
    #[must_use]
    pub fn of(input: &Input<'_>, settings: &Settings) -> Self {
        let (left_out, rows) = searched_of(input);
        let by_value = Parts::of(&rows);
        let judged = match Verdict::impossible(&rows) {
            Some(impossible) => Err(impossible),
            None => {
                let test = Rows::of(input.test, input.searched, &names(&left_out));
                Structure::of(&rows, &test, settings).map_err(|error| Verdict::CannotTell {
                    why: format!("its rows cannot be searched ({error})"),
                })
            }
        };
        let (verdict, structure) = match judged {
            Ok(structure) => (structure.verdict(&rows), Some(structure)),
            Err(verdict) => (verdict, None),
        };
        let reliability = Reliabilities::compute(input.train, input.test, input.items, settings);
        Self {
            sentence: verdict.to_string(),
            advice: crate::verdict::advice(&verdict, &rows, &reliability, input.items),
            verdict,
            left_out,
            settings: *settings,
            searched: input.searched,
            n_rows: rows.n(),
            n_roles: rows.n_roles(),
            n_features: rows.n_features(),
            clustering: rows.honest(),
            reliability,
            variance: by_value.as_deref().map(Parts::mean),
            variance_by_value: by_value,
            structure,
            values: rows.values,
        }
    }
}

/// The values that are left out, and the rows that are searched.
pub(crate) fn searched_of(input: &Input<'_>) -> (Vec<LeftOut>, Rows) {
    let mut left_out = input.left_out.to_vec();
    for left in hardly_varied(&[&searched_rows(input.train, input.searched)]) {
        if left_out.iter().all(|known| known.value != left.value) {
            left_out.push(left);
        }
    }
    let rows = Rows::of(input.train, input.searched, &names(&left_out));
    (left_out, rows)
}

fn names(left_out: &[LeftOut]) -> Vec<String> {
    left_out.iter().map(|left| left.value.clone()).collect()
}

impl Structure {
    fn of(rows: &Rows, test: &Rows, settings: &Settings) -> Result<Self, Failure> {
        let honest = rows.honest();
        let (independent, found) = AgainstChance::compute(rows, Clustering::Independent, settings)?;
        let mut searches = vec![independent];
        if honest != Clustering::Roles {
            searches.push(AgainstChance::compute(rows, Clustering::Roles, settings)?.0);
        }
        searches.push(AgainstChance::compute(rows, honest, settings)?.0);
        let spectrum = Spectrum::compute(rows, honest, settings)?;
        Ok(Self {
            against_factors: AgainstFactors::compute(
                rows,
                honest,
                spectrum.effective_rows,
                false,
                settings,
            )?,
            spectrum,
            pairs: Pairs::of(rows, &found)?,
            searches,
            factors: GivenFactors::all(rows, settings)?,
            transfer: Transfer::compute(rows, test, settings),
        })
    }

    /// The search that the verdict rests on.
    #[must_use]
    pub fn honest(&self) -> &AgainstChance {
        &self.searches[self.searches.len() - 1]
    }

    fn verdict(&self, rows: &Rows) -> Verdict {
        Verdict::of(&Evidence {
            rows,
            search: self.honest(),
            against_factors: self.against_factors.as_ref(),
            spectrum: &self.spectrum,
        })
    }
}
