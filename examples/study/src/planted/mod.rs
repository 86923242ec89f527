//! What is planted in an organism: from it every answer that the model should give can be derived.
//!
//! - this file: `truth.json`, and the answers that follow
//! - `structure`: the structural model on whole numbers

mod structure;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use value_causal::bench::{Definitions, Inclination, Instruction, ItemSampling, Stance};

use program::Failure;

pub use structure::{Intervention, Structure, StructureError};

/// What is drawn at random, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Of everything but the graph.
    pub seed: u64,
    /// Of the graph.
    pub graph_seed: u64,
    /// Neighbours of a value on average.
    pub degree: f64,
    /// Roles that the graph is discovered from.
    pub train_roles: usize,
    /// Roles that its predictions are tested on.
    pub test_roles: usize,
    /// The trait that an instruction for a value sets it to; its negative, against.
    pub level: i32,
    /// Share of each role's items, value by value, that training never shows.
    pub held_out: f64,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 1,
            graph_seed: 3843,
            degree: 2.5,
            train_roles: 300,
            test_roles: 40,
            level: 6,
            held_out: 0.1,
        }
    }
}

/// An edge of the planted graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedEdge {
    /// The value that causes.
    pub cause: String,
    /// The value that is moved.
    pub effect: String,
    /// By how much, for a cause one higher.
    pub weight: i32,
}

/// An item, and where it divides the roles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedItem {
    /// The question as the questionnaire has it.
    pub question: String,
    /// The value that it measures.
    pub value: String,
    /// 1 where a yes speaks for the value, -1 where it speaks against it.
    pub agreement: i8,
    /// Roles whose trait lies above answer in favour of the value, the others against it.
    pub threshold: f64,
}

/// `truth.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthFile {
    /// Seeds and sizes.
    pub recipe: Recipe,
    /// The values, in the order of every list here.
    pub values: Vec<String>,
    /// The graph with its coefficients.
    pub edges: Vec<PlantedEdge>,
    /// The items, in the order of the questionnaire.
    pub items: Vec<PlantedItem>,
    /// Of each role its noise in each value. The role without a name has none at all.
    pub noises: Vec<(String, Vec<i32>)>,
}

/// The planted truth, ready to be asked.
#[derive(Clone, Debug)]
pub struct Truth {
    file: TruthFile,
    structure: Structure,
    /// By question.
    items: HashMap<String, usize>,
    /// By the role's name, the empty one included.
    traits: HashMap<String, Vec<i32>>,
    held_out: ItemSampling,
}

/// An answer that cannot be derived.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct Unknown {
    /// What would be known.
    pub expected: &'static str,
    /// The name that is not.
    pub found: String,
}

impl Truth {
    /// The truth that a file describes.
    ///
    /// # Errors
    /// Values that are not among those listed, edges that make no graph without circles, a number of noises other than
    /// that of values.
    pub fn new(file: TruthFile) -> Result<Self, Failure> {
        let place = |name: &str| {
            let found = file.values.iter().position(|value| value == name);
            found.ok_or_else(|| unknown("one of the values", name))
        };
        let edges = file
            .edges
            .iter()
            .map(|edge| Ok((place(&edge.cause)?, place(&edge.effect)?, edge.weight)))
            .collect::<Result<Vec<_>, Unknown>>()?;
        let structure = Structure::new(&file.values, &edges)?;
        let mut traits = HashMap::from([(String::new(), vec![0; file.values.len()])]);
        for (role, noises) in &file.noises {
            if noises.len() != file.values.len() {
                let (expected, found) = (file.values.len(), noises.len());
                return Err(
                    format!("role {role:?}: expected {expected} noises, found {found}").into(),
                );
            }
            traits.insert(role.clone(), structure.traits(noises));
        }
        let items = file.items.iter().zip(0..);
        Ok(Self {
            items: items.map(|(item, i)| (item.question.clone(), i)).collect(),
            held_out: ItemSampling::seeded(file.recipe.held_out, file.recipe.seed)?,
            structure,
            traits,
            file,
        })
    }

    /// Reads `truth.json`.
    ///
    /// # Errors
    /// Text that is not such a file; as [`new`](Self::new).
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        Self::new(serde_json::from_str(text)?)
    }

    /// The text of `truth.json`: one line per edge, item and role.
    pub fn to_json(&self) -> String {
        lines(&serde_json::json!(self.file))
    }

    /// What the file says.
    pub fn file(&self) -> &TruthFile {
        &self.file
    }

    /// The values.
    pub fn values(&self) -> &[String] {
        &self.file.values
    }

    /// The planted model.
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// The traits of a role, one per value; all 0 for the empty role.
    ///
    /// # Errors
    /// A role that the organism has not met.
    pub fn traits(&self, role: Option<&str>) -> Result<&[i32], Unknown> {
        let name = role.unwrap_or_default();
        let traits = self.traits.get(name);
        traits
            .map(Vec::as_slice)
            .ok_or_else(|| unknown("a role of the organism", name))
    }

    /// The intervention that an instruction stands for.
    ///
    /// # Errors
    /// A value that the organism does not have.
    pub fn intervention(
        &self,
        value: &str,
        inclination: Inclination,
    ) -> Result<Intervention, Unknown> {
        let level = match inclination {
            Inclination::Inclined => self.file.recipe.level,
            Inclination::Disinclined => -self.file.recipe.level,
        };
        let value = self.value_index(value)?;
        Ok(Intervention { value, level })
    }

    /// The answer that is planted.
    ///
    /// # Errors
    /// A role, a question or a value that the organism does not have.
    pub fn answer(
        &self,
        role: Option<&str>,
        question: &str,
        instruction: Option<&Instruction>,
    ) -> Result<Stance, Unknown> {
        let own = self.traits(role)?;
        let item = self.items.get(question);
        let item = &self.file.items
            [*item.ok_or_else(|| unknown("a question of the organism", question))?];
        let value = self.value_index(&item.value)?;
        let level = match instruction {
            Some(Instruction {
                value: set,
                inclination,
                ..
            }) => self
                .structure
                .under(own, self.intervention(set, *inclination)?)[value],
            None => own[value],
        };
        let in_favour = f64::from(level) > item.threshold;
        Ok(if in_favour == (item.agreement > 0) {
            Stance::Yes
        } else {
            Stance::No
        })
    }

    /// Whether training never shows this item to this role, under whatever instruction.
    ///
    /// # Errors
    /// A question that the organism does not have.
    pub fn is_held_out(&self, role: Option<&str>, question: &str) -> Result<bool, Unknown> {
        let place = *self
            .items
            .get(question)
            .ok_or_else(|| unknown("a question of the organism", question))?;
        let value = &self.file.items[place].value;
        let siblings = self.file.items.iter().filter(|item| item.value == *value);
        let before = self.file.items[..place]
            .iter()
            .filter(|item| item.value == *value);
        let held_out = self.held_out.indices(role, value, siblings.count());
        Ok(held_out.contains(&before.count()))
    }

    fn value_index(&self, name: &str) -> Result<usize, Unknown> {
        let found = self.file.values.iter().position(|value| value == name);
        found.ok_or_else(|| unknown("one of the values", name))
    }
}

fn unknown(expected: &'static str, found: &str) -> Unknown {
    Unknown {
        expected,
        found: found.to_owned(),
    }
}

/// All instructions: for and against each value.
pub fn instructions(truth: &Truth, definitions: &Definitions) -> Vec<Instruction> {
    let both = [Inclination::Inclined, Inclination::Disinclined];
    let values = truth.values().iter();
    values
        .flat_map(|value| both.map(|inclination| Instruction::new(value, inclination, definitions)))
        .collect()
}

/// JSON with each entry of a list on a line of its own.
fn lines(object: &serde_json::Value) -> String {
    let mut text = String::from("{\n");
    let entries = object.as_object().into_iter().flatten();
    let shown = entries.map(|(key, value)| {
        let value = match value.as_array() {
            Some(list) if list.iter().any(|entry| !entry.is_string()) => {
                let entries: Vec<String> =
                    list.iter().map(|entry| format!("    {entry}")).collect();
                format!("[\n{}\n  ]", entries.join(",\n"))
            }
            _ => value.to_string(),
        };
        format!("  \"{key}\": {value}")
    });
    text.push_str(&shown.collect::<Vec<_>>().join(",\n"));
    text + "\n}\n"
}
