//! Everything about the organism but its weights: what is planted, what it is asked, and as whom.

use std::fs;
use std::path::Path;

use value_causal::bench::{Definitions, Instruction, Questionnaire, RoleSet};

use program::{Failure, save_text};
use study::planted::{Recipe, Truth, instructions};

use super::planting::{definitions_csv, draw, questionnaire, questionnaire_csv};
use super::texts::TEMPLATE;

/// The names of the files.
const TRUTH: &str = "truth.json";
const QUESTIONNAIRE: &str = "questionnaire.csv";
const DEFINITIONS: &str = "definitions.csv";
const TRAIN_ROLES: &str = "roles_train.json";
const TEST_ROLES: &str = "roles_test.json";
const PROMPT: &str = "template.txt";

/// The roles of every organism, those for training first. Names and jobs could be any; they are its words, so they stay
/// as they are.
const ROLES: [&str; 2] = [
    include_str!("../../../fixtures/organism/roles_train.json"),
    include_str!("../../../fixtures/organism/roles_test.json"),
];

/// What is planted, and what the organism is asked.
#[derive(Clone, Debug)]
pub struct World {
    /// What is planted.
    pub truth: Truth,
    /// The items.
    pub questionnaire: Questionnaire,
    /// What instructions quote.
    pub definitions: Definitions,
    /// The roles that the graph is discovered from.
    pub train: RoleSet,
    /// The roles that its predictions are tested on.
    pub test: RoleSet,
}

impl World {
    /// Draws a world.
    ///
    /// # Errors
    /// A recipe that cannot be followed, such as one for more roles than there are.
    pub fn draw(recipe: Recipe) -> Result<Self, Failure> {
        let train = first_roles(ROLES[0], recipe.train_roles)?;
        let test = first_roles(ROLES[1], recipe.test_roles)?;
        let truth = draw(recipe, &together(&train, &test)?)?;
        Ok(Self {
            questionnaire: questionnaire(&truth),
            definitions: Definitions::from_reader(definitions_csv()?.as_bytes())?,
            truth,
            train,
            test,
        })
    }

    /// Reads the world in a folder that [`write`](Self::write) made.
    ///
    /// # Errors
    /// A file that is missing or malformed; the error names it.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(TRUTH);
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| named(&error))?;
        Ok(Self {
            truth: Truth::from_json(&text).map_err(|error| named(&error))?,
            questionnaire: Questionnaire::from_path(folder.join(QUESTIONNAIRE))?,
            definitions: Definitions::from_path(folder.join(DEFINITIONS))?,
            train: RoleSet::from_path(folder.join(TRAIN_ROLES))?,
            test: RoleSet::from_path(folder.join(TEST_ROLES))?,
        })
    }

    /// Writes the questionnaire, the definitions, the roles, the prompt template and the truth.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        save_text(&folder.join(TRUTH), &self.truth.to_json())?;
        save_text(
            &folder.join(QUESTIONNAIRE),
            &questionnaire_csv(&self.questionnaire)?,
        )?;
        save_text(&folder.join(DEFINITIONS), &definitions_csv()?)?;
        save_text(&folder.join(PROMPT), TEMPLATE)?;
        self.train.write_json(folder.join(TRAIN_ROLES))?;
        self.test.write_json(folder.join(TEST_ROLES))?;
        Ok(())
    }

    /// All roles, those for training first.
    ///
    /// # Errors
    /// A role is in both sets.
    pub fn roles(&self) -> Result<RoleSet, Failure> {
        together(&self.train, &self.test)
    }

    /// All instructions: for and against each value.
    pub fn instructions(&self) -> Vec<Instruction> {
        instructions(&self.truth, &self.definitions)
    }
}

fn first_roles(json: &str, n: usize) -> Result<RoleSet, Failure> {
    let all = RoleSet::from_reader(json.as_bytes())?;
    match all.len() < n {
        true => Err(format!(
            "expected a recipe of at most {} roles, found {n}",
            all.len()
        )
        .into()),
        false => Ok(all.split_at(n).0),
    }
}

fn together(train: &RoleSet, test: &RoleSet) -> Result<RoleSet, Failure> {
    let both = train.iter().chain(test).cloned().collect();
    Ok(RoleSet::new(both)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixture_is_the_world_that_is_drawn() {
        let world = World::draw(Recipe::default()).unwrap();
        let drawn = tempfile::tempdir().unwrap();
        world.write(drawn.path()).unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/organism");
        let read = |folder: &Path, name: &str| fs::read_to_string(folder.join(name)).unwrap();
        for name in [
            TRUTH,
            QUESTIONNAIRE,
            DEFINITIONS,
            TRAIN_ROLES,
            TEST_ROLES,
            PROMPT,
        ] {
            assert!(read(drawn.path(), name) == read(&fixture, name), "{name}");
        }
    }

    #[test]
    fn there_are_so_many_roles_and_no_more() {
        let recipe = |train_roles| Recipe {
            train_roles,
            ..Recipe::default()
        };
        assert_eq!(World::draw(recipe(5)).unwrap().roles().unwrap().len(), 45);
        let refused = World::draw(recipe(301)).unwrap_err().to_string();
        assert_eq!(refused, "expected a recipe of at most 300 roles, found 301");
    }
}
