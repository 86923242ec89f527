//! What may be done to the model, each thing with its price.

use std::collections::BTreeMap;

use program::Failure;
use study::Materials;
use value_causal::bench::{Inclination, Role};
use value_causal::discovery::decide::cheapest_set;

use crate::file::ObjectiveFile;

/// Something that may be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Lever {
    /// Its name in prices and reports.
    pub name: String,
    /// Its price, in units of deviation.
    pub price: f64,
    /// What is done.
    pub does: Does,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// The model takes this role in the place of its own.
    Role(String),
    /// It is inclined to a value, or disinclined from it, by an instruction.
    Instruct(String, Inclination),
    /// A feature is steered, with the study's dose unless with one of its own.
    Feature(u64, Option<f64>),
    /// It is steered so many times along the difference of the instructions about a value.
    Steer(String, f64),
}

/// All that may be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levers {
    all: Vec<Lever>,
}

/// Somebody to be asked: a role under some of the levers that change no role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Posture {
    /// The role; none is the model as itself.
    pub role: Option<String>,
    /// The numbers of the levers, ascending.
    pub levers: Vec<usize>,
}

impl FromIterator<Lever> for Levers {
    fn from_iter<I: IntoIterator<Item = Lever>>(all: I) -> Self {
        Self {
            all: all.into_iter().collect(),
        }
    }
}

impl Levers {
    /// What `file` allows in a study with these values, roles and features.
    ///
    /// # Errors
    /// A value, a role or a name with a price that there is not; features or steers where nothing can be steered.
    pub fn of(
        file: &ObjectiveFile,
        materials: &Materials,
        features: Option<&[u64]>,
    ) -> Result<Self, Failure> {
        let mut levers = Self::default();
        let values = materials.items.values();
        if let Some(roles) = &file.roles {
            for name in &roles.names {
                known_role(materials, name).map_err(|why| format!("roles.names: {why}"))?;
                levers.add(format!("as {name}"), roles.price, Does::Role(name.clone()));
            }
        }
        if let Some(kind) = &file.instructions {
            for value in chosen("instructions.values", kind.values.as_deref(), values)? {
                for inclination in [Inclination::Inclined, Inclination::Disinclined] {
                    let does = Does::Instruct(value.clone(), inclination);
                    levers.add(format!("{inclination}: {value}"), kind.price, does);
                }
            }
        }
        if let Some(kind) = &file.features {
            let steered =
                features.ok_or("features: expected a study with [steering], found none")?;
            let doses: Vec<Option<f64>> = match &kind.doses {
                Some(doses) => doses.iter().copied().map(Some).collect(),
                None => vec![None],
            };
            for &feature in kind.numbers.as_deref().unwrap_or(steered) {
                for &dose in &doses {
                    let does = Does::Feature(feature, dose);
                    let by = dose.map_or(String::new(), |dose| format!(" by {dose}"));
                    levers.add(format!("feature {feature}{by}"), kind.price, does);
                }
            }
        }
        if let Some(kind) = &file.steers {
            features.ok_or("steers: expected a study with [steering], found none")?;
            for value in chosen("steers.values", kind.values.as_deref(), values)? {
                for &dose in &kind.doses {
                    let does = Does::Steer(value.clone(), dose);
                    levers.add(format!("along {value} by {dose}"), kind.price, does);
                }
            }
        }
        levers.reprice(&file.prices)?;
        Ok(levers)
    }

    fn add(&mut self, name: String, price: f64, does: Does) {
        self.all.push(Lever { name, price, does });
    }

    fn reprice(&mut self, prices: &BTreeMap<String, f64>) -> Result<(), Failure> {
        for (name, price) in prices {
            match self.all.iter_mut().find(|lever| lever.name == *name) {
                Some(lever) => lever.price = *price,
                None => {
                    let first = self.all.first().map_or("", |lever| &lever.name);
                    return Err(format!(
                        "prices: expected the name of something that may be done, such as {first:?}, found {name:?}"
                    )
                    .into());
                }
            }
        }
        Ok(())
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Lever] {
        &self.all
    }

    /// Refuses more sets of at most `most` than can be gone through.
    ///
    /// # Errors
    /// How many there are.
    pub fn check_number(&self, most: usize) -> Result<(), Failure> {
        cheapest_set(self.all.len(), most, |_| None::<()>).map_err(|why| format!("most: {why}"))?;
        Ok(())
    }

    /// The place of what does that.
    #[must_use]
    pub fn position(&self, does: &Does) -> Option<usize> {
        self.all.iter().position(|lever| lever.does == *does)
    }

    /// Somebody in `role` under a set of levers; `None` where these exclude each other: two roles, two instructions, or one
    /// feature or steer at two doses.
    #[must_use]
    pub fn posture(&self, role: Option<&str>, set: &[usize]) -> Option<Posture> {
        let excludes = |(a, b): (&Does, &Does)| match (a, b) {
            (Does::Role(_), Does::Role(_)) | (Does::Instruct(..), Does::Instruct(..)) => true,
            (Does::Feature(a, _), Does::Feature(b, _)) => a == b,
            (Does::Steer(a, _), Does::Steer(b, _)) => a == b,
            _ => false,
        };
        let does = |at: usize| &self.all[set[at]].does;
        let mut pairs = (0..set.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        if pairs.any(|(a, b)| excludes((does(a), does(b)))) {
            return None;
        }
        let taken = set.iter().find_map(|&lever| match &self.all[lever].does {
            Does::Role(name) => Some(name.as_str()),
            _ => None,
        });
        let is_role = |lever: &usize| matches!(self.all[*lever].does, Does::Role(_));
        Some(Posture {
            role: taken.or(role).map(str::to_owned),
            levers: set
                .iter()
                .copied()
                .filter(|lever| !is_role(lever))
                .collect(),
        })
    }

    /// What a set costs.
    #[must_use]
    pub fn price(&self, set: &[usize]) -> f64 {
        // Not -0, which the sum of nothing is.
        set.iter().map(|&lever| self.all[lever].price).sum::<f64>() + 0.0
    }

    /// The names of a set.
    #[must_use]
    pub fn names(&self, set: &[usize]) -> Vec<String> {
        set.iter()
            .map(|&lever| self.all[lever].name.clone())
            .collect()
    }

    /// What is done to somebody who is asked, in words; it tells postures of one role apart.
    #[must_use]
    pub fn told(&self, posture: &Posture) -> String {
        match posture.levers.is_empty() {
            true => "as it is".to_owned(),
            false => self.names(&posture.levers).join(" + "),
        }
    }
}

/// The values named, each of the study, or all.
fn chosen(setting: &str, named: Option<&[String]>, all: &[String]) -> Result<Vec<String>, Failure> {
    let Some(named) = named else {
        return Ok(all.to_vec());
    };
    for value in named {
        known_value(all, value).map_err(|why| format!("{setting}: {why}"))?;
    }
    Ok(named.to_vec())
}

/// Refuses a value that the study does not have.
///
/// # Errors
/// The values that it has.
pub fn known_value(all: &[String], value: &String) -> Result<usize, Failure> {
    let found = all.iter().position(|known| known == value);
    Ok(found.ok_or_else(|| {
        let all = all.join(", ");
        format!("expected values of the study ({all}), found {value:?}")
    })?)
}

/// The place, from 1, and the bio of a role of the study.
///
/// # Errors
/// The study has no such role.
pub fn known_role<'a>(materials: &'a Materials, name: &str) -> Result<(usize, &'a Role), Failure> {
    let mut roles = (1..).zip(materials.train_roles.iter().chain(&materials.test_roles));
    let found = roles.find(|(_, role)| role.name == name);
    Ok(found.ok_or_else(|| format!("expected a role of the study, found {name:?}"))?)
}
