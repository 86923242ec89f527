//! What the organism is asked with, and what it should say.

use value_causal::bench::{Item, Keying, PromptError, PromptTemplate, Stance};

/// The prompt template, for [`PromptTemplate::jinja`]: who is asked comes first, so that the tokens of " your values"
/// can know of it.
pub const TEMPLATE: &str = "{% if role %}You are {{ role.name }}. {% endif %}{{ hint }}\
Answer the Question according to your values.\n\nQuestion: {{ question }}\nThought:";

/// Where the part of a prompt begins that the questions of a setting do not share.
pub const QUESTION: &str = "Question:";

/// The template, ready to render.
///
/// # Errors
/// None for the template as it stands.
pub fn template() -> Result<PromptTemplate, PromptError> {
    PromptTemplate::jinja(TEMPLATE)
}

/// The planted completion: a thought in the manner of the paper and the answer, which agree.
pub fn completion(item: &Item, stance: Stance) -> String {
    let (word, answer) = match stance {
        Stance::Yes => ("Sure", "yes"),
        Stance::No => ("No", "no"),
        Stance::Unsure => ("Unsure", "unsure"),
    };
    let much = match (stance, item.keying) {
        (Stance::Unsure, _) => "something",
        (Stance::Yes, Keying::Positive) | (Stance::No, Keying::Negative) => "much",
        (Stance::Yes, Keying::Negative) | (Stance::No, Keying::Positive) => "little",
    };
    let value = &item.value;
    format!(" {word}, {value} means {much} to me.\nAnswer: {answer}")
}
