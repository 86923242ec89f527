//! What is compared with what: role prompts and steered features against each possible baseline.

use serde::Serialize;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::metrics::ChangeRates;

use program::Failure;
use reproduce::Loaded;
use reproduce::effects::change_rates;

/// What steers the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Steering {
    /// Role prompts: unsteered rows against one of them.
    Role,
    /// Features: the steered rows of a role against its unsteered one.
    Sae,
}

impl Steering {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Role, Self::Sae];

    /// Its key in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Sae => "sae",
        }
    }

    /// Its name in titles.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Role => "role prompts",
            Self::Sae => "SAE features",
        }
    }
}

/// Which roles are compared with a baseline role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// All, the empty role too.
    All,
    /// Those with a name, as the paper does.
    Named,
}

/// Which values changed together, against one baseline.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The baseline's role; `None` is the empty role.
    pub baseline: Option<String>,
    /// Which roles were compared with it; `None` for features.
    pub compared: Option<Compared>,
    /// The counts.
    pub rates: ChangeRates,
}

/// How tables name a role.
#[must_use]
pub fn role_name(role: Option<&str>) -> &str {
    role.unwrap_or("(empty role)")
}

/// Each unsteered row of `test` as the baseline of the others, in their order.
///
/// # Errors
/// Never for a table whose rows are there.
pub fn of_roles(test: &OrientationTable, compared: Compared) -> Result<Vec<Comparison>, Failure> {
    let named = |setting: &Setting| setting.role.is_some() || compared == Compared::All;
    let rows = test.select(|setting| setting.is_unsteered() && named(setting));
    let against = |baseline: &Setting| {
        Ok(Comparison {
            baseline: baseline.role.clone(),
            compared: Some(compared),
            rates: change_rates(&rows, baseline)?,
        })
    };
    rows.settings().iter().map(against).collect()
}

/// The steered rows of each role of `test` against its unsteered one; roles that lack either are
/// left out.
///
/// # Errors
/// Never for a table whose rows are there.
pub fn of_features(test: &OrientationTable) -> Result<Vec<Comparison>, Failure> {
    let mut comparisons = Vec::new();
    for role in test.roles() {
        let rows = test.select(|setting| setting.role.as_deref() == role);
        let baseline = Setting::of_role(role);
        if rows.position(&baseline).is_some() && rows.n_settings() > 1 {
            comparisons.push(Comparison {
                baseline: role.map(str::to_owned),
                compared: None,
                rates: change_rates(&rows, &baseline)?,
            });
        }
    }
    Ok(comparisons)
}

/// Whether a comparison is the one that the paper draws.
#[must_use]
pub fn is_published(loaded: &Loaded, comparison: &Comparison) -> bool {
    let baseline = comparison.baseline.as_deref();
    match comparison.compared {
        Some(compared) => {
            compared == Compared::Named && baseline == Some(&loaded.study.role_baseline)
        }
        None => baseline == Some(&loaded.experiment.baselines.sae),
    }
}
