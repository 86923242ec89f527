//! What a prompt says of the role and of an explicit instruction.

use std::fmt;

use super::PromptError;
use crate::{Definitions, Role};

/// How a prompt introduces a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RoleWording {
    /// `(FYI, here is your trait. {bio})`, the wording of the published analysis.
    #[default]
    Trait,
    /// `(Note: {second_person})`, a variant of the released code.
    Note,
    /// `(Note that you are role-playing the following bio: {third_person})`, a variant of the
    /// released code.
    RolePlay,
}

impl RoleWording {
    pub(super) fn hint(self, role: &Role) -> Result<String, PromptError> {
        let need = |bio: &Option<String>, key| {
            bio.clone().ok_or_else(|| PromptError::NoBio {
                role: role.name.clone(),
                key,
            })
        };
        Ok(match self {
            Self::Trait => trait_hint(role),
            Self::Note => format!("(Note: {})\n\n", need(&role.second_person, "bio2")?),
            Self::RolePlay => format!(
                "(Note that you are role-playing the following bio: {})\n\n",
                need(&role.third_person, "bio3")?
            ),
        })
    }
}

/// The role, in the wording of the published analysis.
pub(crate) fn trait_hint(role: &Role) -> String {
    format!("(FYI, here is your trait. {})\n\n", role.bio)
}

/// An explicit instruction: the model is told that it holds a value, or that it does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// The value.
    pub value: String,
    /// What the value means; without it, the clause that quotes the definition is left out.
    pub definition: Option<String>,
    /// For or against the value.
    pub inclination: Inclination,
}

impl Instruction {
    /// The instruction for a value, with all its definitions joined by a space.
    pub fn new(value: &str, inclination: Inclination, definitions: &Definitions) -> Self {
        Self {
            value: value.to_owned(),
            definition: definitions.definition(value),
            inclination,
        }
    }
}

/// Whether an instruction speaks for a value or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inclination {
    /// For the value.
    Inclined,
    /// Against the value.
    Disinclined,
}

impl fmt::Display for Inclination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inclined => "inclined",
            Self::Disinclined => "disinclined",
        })
    }
}

/// How a prompt words an [`Instruction`]. With a role, its bio (the trait) comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstructionWording {
    /// The released code's: `(FYI, here is your trait. {bio}. You are inclined to the the value of
    /// {value}, which means "{definition}")`, and without a role `(You are inclined to the the
    /// value of {value}, which has the following meanings: "{definition}")`. The doubled "the" is
    /// the released one, and the published measurements were made with it.
    #[default]
    Released,
    /// The paper's (Appendix A.2, Template 2), on three lines: `FYI, here is your trait. {bio}.`,
    /// `You are inclined to the value of "{value}",` and `which means "{definition}".` Without a
    /// role the first line is missing.
    Paper,
}

impl InstructionWording {
    pub(super) fn hint(self, role: Option<&Role>, instruction: &Instruction) -> String {
        let text = match self {
            Self::Released => released(role, instruction),
            Self::Paper => paper(role, instruction),
        };
        text + "\n\n"
    }
}

fn released(role: Option<&Role>, instruction: &Instruction) -> String {
    let Instruction {
        value,
        definition,
        inclination,
    } = instruction;
    let (bio, means) = match role {
        Some(role) => (format!("FYI, here is your trait. {}. ", role.bio), "means"),
        None => (String::new(), "has the following meanings:"),
    };
    let meaning = match definition {
        Some(definition) => format!(", which {means} \"{definition}\""),
        None => String::new(),
    };
    format!("({bio}You are {inclination} to the the value of {value}{meaning})")
}

fn paper(role: Option<&Role>, instruction: &Instruction) -> String {
    let Instruction {
        value,
        definition,
        inclination,
    } = instruction;
    let bio = match role {
        Some(role) => format!("FYI, here is your trait. {}.\n", role.bio),
        None => String::new(),
    };
    let meaning = match definition {
        Some(definition) => format!(",\nwhich means \"{definition}\""),
        None => String::new(),
    };
    format!("{bio}You are {inclination} to the value of \"{value}\"{meaning}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(definition: Option<&str>) -> Instruction {
        Instruction {
            value: "Understanding".into(),
            definition: definition.map(str::to_owned),
            inclination: Inclination::Inclined,
        }
    }

    /// Template 3 of the paper, with a role of its form.
    #[test]
    fn the_papers_wording() {
        let role = Role::new("Ada Quill", "male", "Engineer, maintenance (IT)", "ENFJ");
        let wording = InstructionWording::Paper;
        assert_eq!(
            wording.hint(Some(&role), &instruction(Some("To forgive."))),
            "FYI, here is your trait. Gender: male; Job: Engineer, maintenance (IT), MBTI: ENFJ.\n\
             You are inclined to the value of \"Understanding\",\n\
             which means \"To forgive.\".\n\n"
        );
        assert_eq!(
            wording.hint(None, &instruction(None)),
            "You are inclined to the value of \"Understanding\".\n\n"
        );
    }

    #[test]
    fn the_released_wording_without_a_definition() {
        assert_eq!(
            InstructionWording::Released.hint(None, &instruction(None)),
            "(You are inclined to the the value of Understanding)\n\n"
        );
    }

    #[test]
    fn a_bio_that_is_missing_is_named() {
        let mut role = Role::new("Ada Quill", "female", "Photographer", "ENFP");
        role.second_person = None;
        let error = RoleWording::Note.hint(&role).unwrap_err();
        assert_eq!(
            error.to_string(),
            "role \"Ada Quill\": expected the bio `bio2`, which the wording asks for, found none"
        );
    }
}
