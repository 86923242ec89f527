//! What is planted is drawn here: the truth, and the questionnaire and definitions that go with it.

use program::Failure;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use study::planted::{PlantedEdge, PlantedItem, Recipe, Structure, Truth, TruthFile};
use value_causal::bench::{Item, Keying, Questionnaire, RoleSet};

use crate::words::{DEGREES, VALUES};

/// The name that stands for the inventory in the questionnaire and the definitions.
const INVENTORY: &str = "Organism";

/// Draws a truth about `roles`.
///
/// # Errors
/// A degree that no graph has, a share outside \[0, 1\].
pub fn draw(recipe: Recipe, roles: &RoleSet) -> Result<Truth, Failure> {
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
    Truth::new(TruthFile {
        recipe,
        edges: edges.collect(),
        items: items().collect(),
        noises: noises.collect(),
        values: values.clone(),
    })
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
    let items = truth.file().items.iter().map(|item| Item {
        inventory: INVENTORY.to_owned(),
        statement: item.question.replacen("Should I", "I", 1).replace('?', "."),
        value: item.value.clone(),
        keying: if item.agreement > 0 {
            Keying::Positive
        } else {
            Keying::Negative
        },
        question: item.question.clone(),
        ..Item::default()
    });
    items.collect()
}

/// The questionnaire in ValueBench's format.
pub fn questionnaire_csv(questionnaire: &Questionnaire) -> Result<String, Failure> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["questionnaire", "item", "value", "agreement", "question"])?;
    for item in questionnaire.items() {
        let agreement = item.keying.to_string();
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
