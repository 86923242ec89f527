//! What can go wrong with a prompt.

/// Why there is no prompt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The template is not a valid one, or fails on this item.
    #[error("template, line {line}: {problem}")]
    Template {
        /// The line in the template.
        line: usize,
        /// What minijinja says.
        problem: String,
        /// minijinja's error.
        source: minijinja::Error,
    },
    /// The steered phrase is not in the text.
    #[error("expected the steered phrase {phrase:?} in the prompt, found none in {text:?}")]
    NoSteeredPhrase {
        /// The phrase.
        phrase: String,
        /// The text.
        text: String,
    },
    /// The text could not be wrapped, by a chat template, say.
    #[error("{reason}")]
    Wrapping {
        /// Why not.
        reason: String,
    },
    /// The wording asks for a bio that the role does not have.
    #[error("role {role:?}: expected the bio `{key}`, which the wording asks for, found none")]
    NoBio {
        /// The name of the role.
        role: String,
        /// The key of the bio in role files.
        key: &'static str,
    },
}
