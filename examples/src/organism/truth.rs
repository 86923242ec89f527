//! What is planted: from it every answer that the organism should give can be derived.

use std::collections::HashMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use value_causal::bench::{
    Agreement, Definitions, Direction, Instruction, Item, ItemSampling, Questionnaire, RoleSet,
    Stance,
};

use super::structure::{Intervention, Structure};
use super::words::{DEGREES, VALUES};
use crate::Failure;

/// The name that stands for the inventory in the questionnaire and the definitions.
const INVENTORY: &str = "Organism";

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
    /// Draws a truth about `roles`.
    ///
    /// # Errors
    /// A degree that no graph has, a share outside \[0, 1\].
    pub fn draw(recipe: Recipe, roles: &RoleSet) -> Result<Self, Failure> {
        let values: Vec<String> = VALUES.iter().map(|value| value.name.to_owned()).collect();
        let structure = Structure::random(&values, recipe.degree, recipe.graph_seed)?;
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
        let noises = roles.iter().map(|role| {
            let noises = values.iter().map(|_| rng.random_range(-1..=1));
            (role.name.clone(), noises.collect())
        });
        let edges = structure
            .edges()
            .iter()
            .map(|&(cause, effect, weight)| PlantedEdge {
                cause: values[cause].clone(),
                effect: values[effect].clone(),
                weight,
            });
        Self::new(TruthFile {
            recipe,
            edges: edges.collect(),
            items: items().collect(),
            noises: noises.collect(),
            values: values.clone(),
        })
    }

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
    pub fn intervention(&self, value: &str, direction: Direction) -> Result<Intervention, Unknown> {
        let level = match direction {
            Direction::Inclined => self.file.recipe.level,
            Direction::Disinclined => -self.file.recipe.level,
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
                direction,
                ..
            }) => self
                .structure
                .under(own, self.intervention(set, *direction)?)[value],
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

/// The items: every activity of every value, in every degree. A degree divides the roles between two whole traits, and
/// all degrees together divide them evenly around 0.
fn items() -> impl Iterator<Item = PlantedItem> {
    let middle = (DEGREES.len() - 1) as f64 / 2.0;
    VALUES.iter().flat_map(move |value| {
        let deeds = value.deeds.iter().map(|deed| (*deed, 1));
        let activities = deeds.chain([(value.misdeed, -1)]);
        activities.flat_map(move |(activity, agreement)| {
            DEGREES
                .iter()
                .zip(0..)
                .map(move |(degree, place)| PlantedItem {
                    question: format!("Should I {degree} {activity}?"),
                    value: value.name.to_owned(),
                    agreement,
                    threshold: f64::from(agreement) * (f64::from(place) - middle),
                })
        })
    })
}

/// The questionnaire.
pub fn questionnaire(truth: &Truth) -> Questionnaire {
    let items = truth.file.items.iter().map(|item| Item {
        inventory: INVENTORY.to_owned(),
        statement: item.question.replacen("Should I", "I", 1).replace('?', "."),
        value: item.value.clone(),
        agreement: if item.agreement > 0 {
            Agreement::Positive
        } else {
            Agreement::Negative
        },
        question: item.question.clone(),
    });
    items.collect()
}

/// The questionnaire in ValueBench's format.
pub fn questionnaire_csv(questionnaire: &Questionnaire) -> Result<String, Failure> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["questionnaire", "item", "value", "agreement", "question"])?;
    for item in questionnaire.items() {
        let agreement = item.agreement.to_string();
        csv.write_record([
            &item.inventory,
            &item.statement,
            &item.value,
            &agreement,
            &item.question,
        ])?;
    }
    Ok(String::from_utf8(csv.into_inner()?)?)
}

/// The definitions in ValueBench's format.
pub fn definitions_csv() -> Result<String, Failure> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["questionnaire", "value", "definition"])?;
    for value in &VALUES {
        csv.write_record([INVENTORY, value.name, value.definition])?;
    }
    Ok(String::from_utf8(csv.into_inner()?)?)
}

/// All instructions: for and against each value.
pub fn instructions(truth: &Truth, definitions: &Definitions) -> Vec<Instruction> {
    let both = [Direction::Inclined, Direction::Disinclined];
    let values = truth.values().iter();
    values
        .flat_map(|value| both.map(|direction| Instruction::new(value, direction, definitions)))
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
