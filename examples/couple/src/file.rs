//! The objective file (TOML): what is wanted, what may be done, and at which price.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use program::Failure;
use serde::{Deserialize, Serialize};
use study::Materials;

use crate::levers::{known_role, known_value};

/// An objective file. The study's path is relative to it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveFile {
    /// The study file: the model, its items and words.
    pub study: PathBuf,
    /// The most that is done together.
    #[serde(default = "two")]
    pub most: usize,
    /// How often the model is asked again, at most.
    #[serde(default = "eight")]
    pub rounds: usize,
    /// How many rounds in a row may bring nothing better, where none met the objective.
    #[serde(default = "two")]
    pub patience: usize,
    /// How the fitted model is asked.
    #[serde(default)]
    pub causes: Causes,
    /// Roles that may be taken.
    pub roles: Option<Roles>,
    /// Instructions that may be given.
    pub instructions: Option<Instructions>,
    /// Features that may be steered.
    pub features: Option<Features>,
    /// Steers along what tells the two instructions about a value apart.
    pub steers: Option<Steers>,
    /// Other prices than those of their kind, by name.
    #[serde(default)]
    pub prices: BTreeMap<String, f64>,
    /// What is wanted, one after the other.
    #[serde(rename = "objective")]
    pub objectives: Vec<Wanted>,
}

/// How the model that is fitted to a study's orientations is asked.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Causes {
    /// Level of the tests by which its graph is searched.
    pub alpha: f64,
    /// The most values that it may set.
    pub most: usize,
    /// Between which orientations it may set them.
    pub bounds: [f64; 2],
}

impl Default for Causes {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            most: 2,
            bounds: [-1.0, 1.0],
        }
    }
}

/// Roles that the model may be given in the place of its own.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// The price of one, in units of deviation.
    pub price: f64,
    /// Roles of the study.
    pub names: Vec<String>,
}

/// Instructions that incline to a value or disincline from it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Instructions {
    /// The price of one.
    pub price: f64,
    /// About which values; all of the study unless set.
    pub values: Option<Vec<String>>,
}

/// Features of the study's autoencoder.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// The price of one.
    pub price: f64,
    /// Which; those of the study unless set.
    pub numbers: Option<Vec<u64>>,
    /// At which doses; that of the study unless set.
    pub doses: Option<Vec<f64>>,
}

/// Steers along the difference between the instruction for a value and that against it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Steers {
    /// The price of one.
    pub price: f64,
    /// About which values; all of the study unless set.
    pub values: Option<Vec<String>>,
    /// How many times the difference: half of it is as far as from no instruction to one.
    pub doses: Vec<f64>,
}

/// An objective.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Who should be so; the model as itself unless set.
    pub role: Option<String>,
    /// Where values should be.
    pub values: BTreeMap<String, Target>,
    /// How much it matters that the others stay where they are; they are free unless set.
    pub others: Option<Stay>,
}

/// Where a value should be.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The orientation.
    pub target: f64,
    /// How far from it is near enough.
    #[serde(default = "tenth")]
    pub tolerance: f64,
    /// How much a unit of distance counts.
    #[serde(default = "one")]
    pub priority: f64,
}

/// How the other values should stay.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// How far each may go.
    pub tolerance: f64,
    /// How much a unit of distance counts.
    #[serde(default = "one")]
    pub priority: f64,
}

/// An objective file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct ObjectiveFileError {
    /// The file.
    pub file: PathBuf,
    /// What was expected and what was found, with line and column where there is one.
    pub reason: String,
}

impl ObjectiveFile {
    /// Reads an objective file.
    ///
    /// # Errors
    /// It cannot be read, or a setting is missing, unknown or senseless.
    pub fn read(file: &Path) -> Result<Self, ObjectiveFileError> {
        let refused = |reason: String| ObjectiveFileError {
            file: file.to_owned(),
            reason,
        };
        let text = fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
        Self::parse(&text).map_err(refused)
    }

    /// The same of a text.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Self =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        match file.fault() {
            Some(fault) => Err(fault),
            None => Ok(file),
        }
    }

    fn fault(&self) -> Option<String> {
        let counts = [
            ("most", self.most),
            ("rounds", self.rounds),
            ("causes.most", self.causes.most),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
            return Some(format!("{name}: expected at least 1, found 0"));
        }
        self.causes
            .fault()
            .or_else(|| self.price_fault())
            .or_else(|| self.lever_fault())
            .or_else(|| self.objective_fault())
    }

    fn price_fault(&self) -> Option<String> {
        let kinds = [
            ("roles", self.roles.as_ref().map(|kind| kind.price)),
            (
                "instructions",
                self.instructions.as_ref().map(|kind| kind.price),
            ),
            ("features", self.features.as_ref().map(|kind| kind.price)),
            ("steers", self.steers.as_ref().map(|kind| kind.price)),
        ];
        let of_kinds = kinds
            .into_iter()
            .filter_map(|(name, price)| Some((format!("{name}.price"), price?)));
        let own = self
            .prices
            .iter()
            .map(|(name, price)| (format!("prices.{name:?}"), *price));
        let mut all = of_kinds.chain(own);
        all.find_map(|(name, price)| not_below_zero(&name, price))
    }

    fn lever_fault(&self) -> Option<String> {
        let Self {
            roles,
            instructions,
            features,
            steers,
            ..
        } = self;
        if roles.is_none() && instructions.is_none() && features.is_none() && steers.is_none() {
            return Some(
                "expected roles, instructions, features or steers to choose from, found none"
                    .to_owned(),
            );
        }
        let names = [
            ("roles.names", roles.as_ref().map(|kind| &kind.names)),
            (
                "instructions.values",
                instructions.as_ref().and_then(|kind| kind.values.as_ref()),
            ),
            (
                "steers.values",
                steers.as_ref().and_then(|kind| kind.values.as_ref()),
            ),
        ];
        let numbers = features.as_ref().and_then(|kind| kind.numbers.as_ref());
        let doses = [
            (
                "features.doses",
                features.as_ref().and_then(|kind| kind.doses.as_ref()),
            ),
            ("steers.doses", steers.as_ref().map(|kind| &kind.doses)),
        ];
        let listed = names
            .into_iter()
            .find_map(|(name, list)| list_fault(name, list?));
        let listed = listed.or_else(|| list_fault("features.numbers", numbers?));
        listed.or_else(|| {
            doses
                .into_iter()
                .find_map(|(name, list)| dose_fault(name, list?))
        })
    }

    fn objective_fault(&self) -> Option<String> {
        if self.objectives.is_empty() {
            return Some("objective: expected at least one, found none".to_owned());
        }
        let names: Vec<String> = self
            .objectives
            .iter()
            .map(|wanted| wanted.name.clone())
            .collect();
        let twice = list_fault("objective.name", &names);
        twice.or_else(|| self.objectives.iter().find_map(Wanted::fault))
    }
}

impl Causes {
    fn fault(&self) -> Option<String> {
        let Self {
            alpha,
            bounds: [low, high],
            ..
        } = self;
        if !(*alpha > 0.0 && *alpha < 1.0) {
            return Some(format!(
                "causes.alpha: expected a level between 0 and 1, found {alpha}"
            ));
        }
        let is_fine = -1.0 <= *low && low < high && *high <= 1.0;
        (!is_fine).then(|| format!("causes.bounds: expected a low and a higher number from -1 to 1, found {low} and {high}"))
    }
}

impl Wanted {
    /// Refuses a value or a role that the study does not have.
    ///
    /// # Errors
    /// Its name.
    pub fn check(&self, materials: &Materials) -> Result<(), Failure> {
        for value in self.values.keys() {
            known_value(materials.items.values(), value)?;
        }
        if let Some(role) = &self.role {
            known_role(materials, role).map_err(|why| format!("role: {why}"))?;
        }
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        let of = |fault: String| format!("objective {:?}: {fault}", self.name);
        if self.values.is_empty() {
            return Some(of("expected a value, found none".to_owned()));
        }
        if let Some(stay) = self.others {
            let numbers = [
                ("others.tolerance", stay.tolerance),
                ("others.priority", stay.priority),
            ];
            if let Some(fault) = numbers
                .into_iter()
                .find_map(|(name, number)| not_below_zero(name, number))
            {
                return Some(of(fault));
            }
        }
        let mut values = self.values.iter();
        values.find_map(|(value, target)| Some(of(format!("{value:?}: {}", target.fault()?))))
    }
}

impl Target {
    fn fault(&self) -> Option<String> {
        if !(-1.0..=1.0).contains(&self.target) {
            return Some(format!(
                "target: expected an orientation from -1 to 1, found {}",
                self.target
            ));
        }
        not_below_zero("tolerance", self.tolerance).or_else(|| match self.priority {
            priority if priority > 0.0 && priority.is_finite() => None,
            priority => Some(format!(
                "priority: expected a number above 0, found {priority}"
            )),
        })
    }
}

fn not_below_zero(name: &str, number: f64) -> Option<String> {
    let is_fine = number >= 0.0 && number.is_finite();
    (!is_fine).then(|| format!("{name}: expected a number of at least 0, found {number}"))
}

/// An empty list, or a member that is there twice.
fn list_fault<T: std::fmt::Debug + Eq + std::hash::Hash>(name: &str, list: &[T]) -> Option<String> {
    if list.is_empty() {
        return Some(format!("{name}: expected at least one, found none"));
    }
    let mut seen = HashSet::new();
    let twice = list.iter().find(|member| !seen.insert(*member))?;
    Some(format!("{name}: expected each once, found {twice:?} twice"))
}

fn dose_fault(name: &str, doses: &[f64]) -> Option<String> {
    if let Some(dose) = doses.iter().find(|dose| !dose.is_finite() || **dose == 0.0) {
        return Some(format!(
            "{name}: expected numbers other than 0, found {dose}"
        ));
    }
    let doses: Vec<String> = doses.iter().map(f64::to_string).collect();
    list_fault(name, &doses)
}

fn one() -> f64 {
    1.0
}

fn two() -> usize {
    2
}

fn eight() -> usize {
    8
}

fn tenth() -> f64 {
    0.1
}
