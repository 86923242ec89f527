//! Known worlds: studies drawn from a structure and a design that we know, so that what is found in
//! measurements can be told from what the design makes.
//!
//! Orientations of roles under features are linear: a role's, a feature's and a setting's own part, each drawn
//! from the same `structure`; `items` are answered by where the orientation stands against their thresholds,
//! and scored as in every study. The shares of variance are those of the released measurements
//! ([`Strengths::released`]). `truth` is what is written beside the tables.

mod items;
mod structure;
mod truth;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use value_causal::bench::{
    FractionError, ItemSampling, MeasurementError, Measurements, OrientationTable, Setting,
};
use value_causal::discovery::synthetic::SyntheticError;
use value_causal::ndarray::{Array2, Axis};

pub use items::answer;
pub use structure::{Model, Structure};
pub use truth::Truth;

use items::{scores, thresholds};

/// A study to be drawn. The same fields give the same tables.
#[derive(Clone, Debug)]
pub struct World {
    /// What relates the values.
    pub structure: Structure,
    /// Who is asked what.
    pub design: Design,
    /// How far roles, features and chance move orientations.
    pub strengths: Strengths,
    /// Seed of everything random.
    pub seed: u64,
}

/// Who is asked what.
#[derive(Clone, Debug)]
pub struct Design {
    /// Training roles, the empty one among them.
    pub roles: usize,
    /// Settings of a role, the unsteered one among them.
    pub features: usize,
    /// For each value the number of items that training roles may be asked.
    pub pools: Vec<usize>,
    /// Which of them a training role is asked. Test roles are asked all of theirs.
    pub sampling: ItemSampling,
}

/// Standard deviations, in units of the thresholds' own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strengths {
    /// Of a role's part of an orientation.
    pub role: f64,
    /// Of a feature's part; 0 for features without effects.
    pub feature: f64,
    /// Of the part that a setting has alone.
    pub setting: f64,
    /// Of what is added at each single answer.
    pub slip: f64,
}

/// The worlds that have a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// A planted graph, the same items for all roles.
    A,
    /// No graph, a draw of items for each role, as released.
    B,
    /// One general factor and no arrows, the same items for all roles.
    C,
    /// A planted graph, a draw of items for each role, as released.
    D,
}

/// What was drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Orientations of the training roles, a role's rows together, the unsteered one first.
    pub train: OrientationTable,
    /// Orientations of other roles, who are all asked the same other items.
    pub test: OrientationTable,
    /// What the orientations of the training rows are, before any item is answered: `[rows, values]`.
    pub orientations: Array2<f64>,
    /// For each value how many items a training role was asked.
    pub asked: Vec<usize>,
    /// What relates the values.
    pub model: Model,
}

/// Why a world cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// Too few roles, features or items.
    #[error("expected at least {least} {what}, found {found}")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there must be.
        least: usize,
        /// How many there are.
        found: usize,
    },
    /// A sampling rate that is no share.
    #[error(transparent)]
    Sampling(#[from] FractionError),
    /// The structure cannot be made.
    #[error(transparent)]
    Structure(#[from] SyntheticError),
    /// The scores make no table.
    #[error(transparent)]
    Table(#[from] MeasurementError),
}

/// Values of the released study.
pub const VALUES: usize = 17;
/// Test roles of the released study, the empty one among them.
const TEST_ROLES: usize = 26;
const RELEASED_RATE: f64 = 0.4;
const FIRST_FEATURE: u64 = 1001;

impl Known {
    /// The world of this letter, of the released study's size where `roles` is 101 and `features` 25, both counted
    /// with the empty role and the unsteered setting.
    ///
    /// # Errors
    /// Never for the released rate; the type says so because a rate is checked.
    pub fn world(self, roles: usize, features: usize, seed: u64) -> Result<World, WorldError> {
        let structure = match self {
            Self::A | Self::D => Structure::Graph,
            Self::B => Structure::Nothing,
            Self::C => Structure::Factors(1),
        };
        let sampling = match self {
            Self::A | Self::C => ItemSampling::shared(RELEASED_RATE, seed)?,
            Self::B | Self::D => ItemSampling::seeded(RELEASED_RATE, seed)?,
        };
        // As released: 14 to 19 items, of which 6 to 8 are asked.
        let pools = (0..VALUES).map(|v| 14 + v % 6).collect();
        Ok(World {
            structure,
            design: Design {
                roles,
                features,
                pools,
                sampling,
            },
            strengths: Strengths::released(),
            seed,
        })
    }
}

impl Known {
    /// The same at the size of the study of the organism (`fixtures/organism`): 300 roles without features, 12 values of 16
    /// items, of which all roles are asked all where they are asked the same.
    ///
    /// # Errors
    /// As [`world`](Self::world).
    pub fn at_the_organisms_size(self, seed: u64) -> Result<World, WorldError> {
        let mut world = self.world(300, 1, seed)?;
        world.design.pools = vec![16; 12];
        if world.design.sampling.is_shared() {
            world.design.sampling = ItemSampling::all();
        }
        Ok(world)
    }
}

impl Strengths {
    /// With these the shares of variance are near those of the released training table: a role with its items 0.61, a
    /// feature 0.07, the rest 0.32; and of the variance between unsteered roles the draw of items makes 0.79.
    #[must_use]
    pub fn released() -> Self {
        Self {
            role: 0.08,
            feature: 0.10,
            setting: 0.10,
            slip: 0.22,
        }
    }

    /// The same with features that do nothing.
    #[must_use]
    pub fn without_feature_effects(self) -> Self {
        Self {
            feature: 0.0,
            ..self
        }
    }
}

impl World {
    /// Draws the study. O(roles x features x items).
    ///
    /// # Errors
    /// [`WorldError::TooFew`] with fewer than two roles, no setting, no value, or a value whose roles are asked nothing.
    pub fn draw(&self) -> Result<Drawn, WorldError> {
        let asked = self.design.asked();
        self.check(&asked)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let model = Model::new(self.structure, asked.len(), rng.next_u64())?;
        let mut features =
            model.sample(self.design.features, rng.next_u64()) * self.strengths.feature;
        features.row_mut(0).fill(0.0); // the unsteered setting

        let mut group = |name, n_roles, pools: &[usize]| {
            let settings = n_roles * self.design.features;
            let of_roles = model.sample(n_roles, rng.next_u64()) * self.strengths.role;
            let own = model.sample(settings, rng.next_u64()) * self.strengths.setting;
            Group {
                name,
                orientations: orientations(&of_roles, &features, own),
                features: self.design.features,
                pools: pools.iter().map(|&n| thresholds(n, &mut rng)).collect(),
                slip: self.strengths.slip,
            }
        };
        let pools = &self.design.pools;
        let train = group("Role", self.design.roles, pools);
        // As released: seven tenths of a value's items are for training.
        let left: Vec<usize> = pools.iter().map(|n| (n * 3 / 7).max(1)).collect();
        let test = group("Test role", TEST_ROLES, &left);
        Ok(Drawn {
            train: train.table(&self.design.sampling, &mut rng)?,
            test: test.table(&ItemSampling::all(), &mut rng)?,
            orientations: train.orientations,
            asked,
            model,
        })
    }

    /// What is written beside the tables.
    pub fn truth(&self, drawn: &Drawn) -> Truth {
        Truth::new(self, drawn)
    }

    fn check(&self, asked: &[usize]) -> Result<(), WorldError> {
        for (what, least, found) in [
            ("roles", 2, self.design.roles),
            ("settings of a role", 1, self.design.features),
            (
                "items of a value",
                1,
                asked.iter().copied().min().unwrap_or(0),
            ),
        ] {
            if found < least {
                return Err(WorldError::TooFew { what, least, found });
            }
        }
        Ok(())
    }
}

impl Design {
    /// For each value how many items a training role is asked.
    #[must_use]
    pub fn asked(&self) -> Vec<usize> {
        let asked = |(v, &n): (usize, &usize)| self.sampling.indices(None, &value_name(v), n).len();
        self.pools.iter().enumerate().map(asked).collect()
    }
}

/// What the values, numbered from 0, are called.
fn value_name(v: usize) -> String {
    format!("Value {}", v + 1)
}

/// `[roles x features, values]`, a role's rows together, from the parts of roles, features and settings.
fn orientations(roles: &Array2<f64>, features: &Array2<f64>, own: Array2<f64>) -> Array2<f64> {
    let mut sum = own;
    for (row, mut sum) in sum.rows_mut().into_iter().enumerate() {
        sum += &roles.row(row / features.nrows());
        sum += &features.row(row % features.nrows());
    }
    sum
}

/// Roles that answer items of the same pools.
struct Group {
    name: &'static str,
    /// `[roles x features, values]`, a role's rows together.
    orientations: Array2<f64>,
    features: usize,
    /// The thresholds of each value's items.
    pools: Vec<Vec<f64>>,
    slip: f64,
}

impl Group {
    /// Every role unsteered and under every feature, role by role.
    fn table(
        &self,
        sampling: &ItemSampling,
        rng: &mut ChaCha8Rng,
    ) -> Result<OrientationTable, MeasurementError> {
        let mut measured = Measurements::new((0..self.pools.len()).map(value_name).collect());
        let rows = self.orientations.axis_chunks_iter(Axis(0), self.features);
        for (r, of_role) in rows.enumerate() {
            let role = (r > 0).then(|| format!("{} {r}", self.name));
            let role = role.as_deref();
            let asked = self.asked(role, sampling);
            for (f, orientations) in (0..).zip(of_role.rows()) {
                let setting = match f {
                    0 => Setting::of_role(role),
                    f => Setting::steered(role, FIRST_FEATURE + f - 1),
                };
                let items = orientations.iter().zip(&asked);
                let scores = items.map(|(&value, asked)| scores(value, asked, self.slip, rng));
                measured.push(setting, scores.collect());
            }
        }
        measured.table()
    }

    /// The thresholds of the items that a role is asked, for each value.
    fn asked(&self, role: Option<&str>, sampling: &ItemSampling) -> Vec<Vec<f64>> {
        let asked = |(v, pool): (usize, &Vec<f64>)| {
            let places = sampling.indices(role, &value_name(v), pool.len());
            places.into_iter().map(|place| pool[place]).collect()
        };
        self.pools.iter().enumerate().map(asked).collect()
    }
}
