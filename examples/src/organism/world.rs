//! Everything about the organism but its weights: what is planted, what it is asked, and as whom.

use std::fs;
use std::path::Path;

use value_causal::bench::{Definitions, Instruction, Questionnaire, RoleSet};

use super::texts::TEMPLATE;
use super::truth::{
    Recipe, Truth, definitions_csv, instructions, questionnaire, questionnaire_csv, roles,
};
use crate::{Failure, save_text};

/// The names of the files.
const TRUTH: &str = "truth.json";
const QUESTIONNAIRE: &str = "questionnaire.csv";
const DEFINITIONS: &str = "definitions.csv";
const TRAIN_ROLES: &str = "roles_train.json";
const TEST_ROLES: &str = "roles_test.json";
const PROMPT: &str = "template.txt";

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
    /// A recipe that cannot be followed.
    pub fn draw(recipe: Recipe) -> Result<Self, Failure> {
        let truth = Truth::draw(recipe)?;
        let (train, test) = roles(&recipe).split_at(recipe.train_roles);
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
    pub fn roles(&self) -> RoleSet {
        roles(&self.truth.file().recipe)
    }

    /// All instructions: for and against each value.
    pub fn instructions(&self) -> Vec<Instruction> {
        instructions(&self.truth, &self.definitions)
    }
}
