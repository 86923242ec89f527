//! What a study will be able to tell, before anything is asked: warnings about its design, and what comes of it where
//! roles, features and chance move answers as in the published study.
//!
//! Everything is simulated in the [known worlds](reproduce::worlds) of this design.

use std::fmt;
use std::ops::Range;

use measurement::{Clustered, LEAST_FEATURES};
use program::{Failure, counted};
use reproduce::experiment::GraphRows;
use reproduce::worlds::{Design, Drawn, Strengths, Structure, World};
use value_causal::bench::{ItemSampling, OrientationTable};
use value_causal::discovery::ci::{FisherZOptions, Singular};
use value_causal::discovery::{CiTest, ClusterRobust, FisherZ};
use value_causal::ndarray::Axis;
use value_causal::psychometrics::{Correlations, Scores};

use super::Materials;
use super::file::{Analysis, StudyFile};

/// Fewer items than this measure a value poorly where roles differ as little as in the published study.
const FEW_ITEMS: usize = 10;
/// With fewer roles, what a test by clusters can see is large.
const FEW_ROLES: usize = 100;

/// Rows that are simulated at most; more see more.
const MOST_ROWS: usize = 10_000;
/// Values that are simulated at most where all pairs are tested.
const MOST_VALUES: usize = 12;
/// Roles, and draws of them, from which reliability is told.
const RELIABILITY: (usize, u64) = (200, 10);
const NULL_DRAWS: u64 = 10;
const POWER_DRAWS: u64 = 50;
const POWER: f64 = 0.8;
/// True correlations among which the smallest that is seen is sought, and how often the range is halved.
const CORRELATIONS: Range<f64> = 0.02..0.98;
const HALVINGS: usize = 5;

/// What the design of a study lets expect of its training rows.
#[derive(Clone, Debug)]
pub struct Foresight {
    warnings: Vec<String>,
    /// By value, with the numbers of items asked and in the pool.
    reliability: Vec<(String, usize, usize, f64)>,
    /// The smallest correlation of two orientations, before measurement, that is found in four of five studies.
    smallest: Option<f64>,
    /// Share of pairs called dependent where none is: by Fisher's z, and by clusters.
    false_pairs: [f64; 2],
    alpha: f64,
    n_rows: usize,
    /// What rows are clusters of.
    clusters: &'static str,
}

/// The training rows that the graph will be searched in.
struct Rows {
    roles: usize,
    /// Settings of a role, the unsteered one among them.
    features: usize,
    /// Roles that are steered, the first ones.
    steered: usize,
    pools: Vec<usize>,
    sampling: ItemSampling,
}

impl Foresight {
    /// Of a study with these features.
    ///
    /// # Errors
    /// The design cannot be simulated: fewer than two roles.
    pub fn of(study: &StudyFile, materials: &Materials, features: &[u64]) -> Result<Self, Failure> {
        let rows = Rows::of(study, materials, features);
        let values = materials.items.values();
        let asked = rows.design(Some(2)).asked();
        let of_value = values.iter().zip(asked).zip(&rows.pools);
        let reliability = of_value
            .zip(rows.reliability()?)
            .map(|(((value, asked), &pool), found)| (value.clone(), asked, pool, found))
            .collect();
        let alpha = study
            .analysis
            .as_ref()
            .map_or(0.05, |analysis| analysis.alpha);
        let mut foresight = Self {
            warnings: Vec::new(),
            reliability,
            smallest: rows.smallest_seen(alpha)?,
            false_pairs: rows.false_pairs(alpha)?,
            alpha,
            n_rows: rows.n_rows(),
            clusters: match rows.features {
                1 => "roles, a row each",
                LEAST_FEATURES.. => "roles and features",
                _ => "roles, each row less its feature's mean",
            },
        };
        foresight.warnings = foresight.warnings_about(&rows);
        Ok(foresight)
    }

    fn warnings_about(&self, rows: &Rows) -> Vec<String> {
        let mut warnings = Vec::new();
        if !rows.sampling.is_shared() {
            warnings.push(
                "each role is asked items of its own, so roles differ by what they are asked, and all rows of a role \
                 share that: they depend on one another. [sampling] draw = \"all\" asks all roles the same"
                    .to_owned(),
            );
        } else if rows.features > 1 {
            warnings.push(
                "rows of a role, and rows of a feature, depend on one another: a test that takes them for independent \
                 finds edges where nothing is"
                    .to_owned(),
            );
        }
        let few: Vec<&str> = self
            .reliability
            .iter()
            .filter(|(_, asked, ..)| *asked < FEW_ITEMS)
            .map(|(value, ..)| value.as_str())
            .collect();
        if !few.is_empty() {
            let (n, all) = (few.len(), self.reliability.len());
            warnings.push(format!(
                "{n} of {all} values have fewer than {FEW_ITEMS} items ({}): ask more by [sampling] train",
                few.join(", ")
            ));
        }
        if rows.roles < FEW_ROLES {
            let found = rows.roles;
            warnings.push(format!(
                "{found} training roles are few: expected {FEW_ROLES} or more"
            ));
        }
        if (2..LEAST_FEATURES).contains(&rows.features) {
            // No feature is one of the settings.
            let (found, least) = (rows.features - 1, LEAST_FEATURES - 1);
            warnings.push(format!(
                "{found} features are few to tell their effects from chance: expected {least} or more, or \
                 rows = \"unsteered\" in [analysis]"
            ));
        }
        warnings
    }
}

impl Rows {
    fn of(study: &StudyFile, materials: &Materials, features: &[u64]) -> Self {
        let roles = materials.train_roles.len() + usize::from(study.roles.empty);
        let analysis = study.analysis.as_ref();
        let searched = match analysis {
            Some(Analysis {
                rows: GraphRows::Unsteered,
                ..
            }) => 0,
            Some(Analysis {
                published: Some(published),
                ..
            }) => published.len(),
            _ => features.len(),
        };
        let steered = study.steering.as_ref().and_then(|steering| steering.roles);
        let train = &materials.split.train;
        Self {
            roles,
            features: 1 + searched,
            steered: steered.unwrap_or(roles).min(roles),
            pools: materials
                .items
                .values()
                .iter()
                .map(|value| train.measuring(value).len())
                .collect(),
            sampling: materials.train_sampling.clone(),
        }
    }

    fn n_rows(&self) -> usize {
        self.roles + self.steered * (self.features - 1)
    }

    /// The design as far as it is simulated, with so many roles or its own number.
    fn design(&self, roles: Option<usize>) -> Design {
        let most = (MOST_ROWS / self.features).max(2);
        Design {
            roles: roles.unwrap_or(self.roles).min(most),
            features: self.features,
            pools: self.pools.clone(),
            sampling: self.sampling.clone(),
        }
    }

    fn drawn(structure: Structure, design: &Design, seed: u64) -> Result<Drawn, Failure> {
        let world = World {
            structure,
            design: design.clone(),
            strengths: Strengths::released(),
            seed,
        };
        Ok(world.draw()?)
    }

    /// For each value the squared correlation of measured and true orientations over unsteered roles.
    fn reliability(&self) -> Result<Vec<f64>, Failure> {
        let (roles, draws) = RELIABILITY;
        let design = Design {
            features: 1,
            ..self.design(Some(roles))
        };
        let mut sums = vec![0.0; design.pools.len()];
        for seed in 0..draws {
            let drawn = Self::drawn(Structure::Nothing, &design, seed)?;
            for (v, sum) in sums.iter_mut().enumerate() {
                let measured = drawn.train.matrix();
                let both = [measured.column(v), drawn.orientations.column(v)];
                let both = value_causal::ndarray::stack(Axis(1), &both)?;
                let correlations = Correlations::of(&Scores::new(both.view())?);
                // An orientation that is the same for all tells nothing.
                *sum += correlations.map_or(0.0, |found| found.matrix()[[0, 1]].powi(2));
            }
        }
        Ok(sums.into_iter().map(|sum| sum / draws as f64).collect())
    }

    /// Share of the pairs that each test calls dependent where none is.
    fn false_pairs(&self, alpha: f64) -> Result<[f64; 2], Failure> {
        let mut design = self.design(None);
        design.pools.truncate(MOST_VALUES);
        let p = design.pools.len();
        let (mut found, mut all) = ([0_usize; 2], 0_usize);
        for seed in 0..NULL_DRAWS {
            let drawn = Self::drawn(Structure::Nothing, &design, seed)?;
            let (fisher, by_clusters) = tests(&self.searched(&drawn, &design))?;
            for (x, y) in (0..p).flat_map(|y| (0..y).map(move |x| (x, y))) {
                all += 1;
                found[0] += usize::from(fisher.p_value(x, y, &[])? <= alpha);
                found[1] += usize::from(by_clusters.p_value(x, y, &[])? <= alpha);
            }
        }
        Ok(found.map(|found| found as f64 / all.max(1) as f64))
    }

    /// The smallest correlation of two values with the median number of items that is seen often enough.
    fn smallest_seen(&self, alpha: f64) -> Result<Option<f64>, Failure> {
        let mut design = self.design(None);
        design.pools.sort_unstable();
        let median = design.pools[design.pools.len() / 2];
        design.pools = vec![median; 2];
        let is_seen = |correlation| -> Result<bool, Failure> {
            let mut seen = 0;
            for seed in 0..POWER_DRAWS {
                let drawn = Self::drawn(Structure::Arrow(correlation), &design, seed)?;
                let (_, by_clusters) = tests(&self.searched(&drawn, &design))?;
                seen += u64::from(by_clusters.p_value(0, 1, &[])? <= alpha);
            }
            Ok(seen as f64 >= POWER * POWER_DRAWS as f64)
        };
        let Range {
            start: mut unseen,
            end: mut seen,
        } = CORRELATIONS;
        if !is_seen(seen)? {
            return Ok(None);
        }
        for _ in 0..HALVINGS {
            let between = f64::midpoint(unseen, seen);
            *(if is_seen(between)? {
                &mut seen
            } else {
                &mut unseen
            }) = between;
        }
        Ok(Some(seen))
    }

    /// The rows that are searched.
    fn searched(&self, drawn: &Drawn, design: &Design) -> OrientationTable {
        let mut rows = 0..;
        drawn.train.select(|setting| {
            let role = rows.next().unwrap_or(0) / design.features;
            role < self.steered || setting.is_unsteered()
        })
    }
}

/// Fisher's z and the test by clusters that the verdict and studies take. A value that does not vary depends on nothing.
fn tests(rows: &OrientationTable) -> Result<(FisherZ, ClusterRobust), Failure> {
    let fisher = FisherZOptions::new().constant(Singular::DropEdge);
    Ok((
        FisherZ::with_options(rows.matrix(), fisher)?,
        Clustered::of(rows)?.test()?,
    ))
}

impl fmt::Display for Foresight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}.")?;
        }
        writeln!(
            f,
            "What {} training rows will tell, if roles, features and chance move answers as in the published study of \
             Gemma-2B-IT and items are as hard as chance has it (simulated; a model that is moved more tells more):",
            self.n_rows
        )?;
        for (value, asked, pool, reliability) in &self.reliability {
            writeln!(
                f,
                "  reliability of {value}: {reliability:.2}, by {asked} of {items}",
                items = counted(pool, "item")
            )?;
        }
        let alpha = self.alpha;
        match self.smallest {
            Some(smallest) => writeln!(
                f,
                "  smallest true correlation that is seen in {:.0} % of studies: {smallest:.2} (level {alpha}; clusters: {})",
                100.0 * POWER,
                self.clusters
            )?,
            None => writeln!(
                f,
                "  no true correlation, however close, is seen in {:.0} % of studies (level {alpha}; clusters: {})",
                100.0 * POWER,
                self.clusters
            )?,
        }
        let [fisher, clustered] = self.false_pairs.map(|share| 100.0 * share);
        writeln!(
            f,
            "  pairs called dependent where nothing is: {fisher:.0} % by Fisher's z, {clustered:.0} % by clusters"
        )
    }
}
