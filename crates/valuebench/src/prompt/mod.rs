//! The text that a model is asked with.

// The files:
//
//   hint        what a prompt says of the role and of an instruction
//   template    the built-in texts, and templates of one's own
//   bounds      what such a template may say, so that it costs little
//   order       in which order the examples come

mod bounds;
mod error;
mod hint;
mod order;
mod template;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use minijinja::Environment;

pub use error::PromptError;
pub(crate) use hint::trait_hint;
pub use hint::{Inclination, Instruction, InstructionWording, RoleWording};
pub use order::ExampleOrder;

use crate::{Item, Role};

/// A text for a model, and the place in it that steering acts on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prompt {
    /// The text, without the begin-of-sequence token that the tokenizer puts in front.
    pub text: String,
    /// The bytes of the steered phrase, `" your values"` with its leading space unless the
    /// [template](PromptTemplate::with_steered_phrase) names another: the tokens that lie within
    /// these bytes are the span whose activations the published analysis steers.
    pub steered: Range<usize>,
}

impl Prompt {
    /// The steered phrase.
    pub fn steered_text(&self) -> &str {
        self.text.get(self.steered.clone()).unwrap_or_default()
    }
}

/// How an item, a role and an instruction become a [`Prompt`].
///
/// Two templates are built in, equal to the released ones: [`plain`](Self::plain), which the
/// paper uses for Gemma, and [`llama3`](Self::llama3), the same text in Llama 3's chat form. Any
/// other is a [minijinja](https://docs.rs/minijinja) template, see [`jinja`](Self::jinja). An item
/// that is [rated](crate::Scale::Ratings) is asked in words of our own: instead of two worked
/// examples the built-in texts name its options.
///
/// The steered phrase is `" your values"`. It includes the space in front because the released
/// code looks for the two tokens of `" your values"`; like there, the first occurrence in the
/// text counts.
///
/// ```
/// use valuebench::{Keying, Item, PromptTemplate, Role};
///
/// let item = Item {
///     inventory: "SOV".into(),
///     statement: "I love people.".into(),
///     value: "Social".into(),
///     keying: Keying::Positive,
///     question: "Should I love people?".into(),
///     ..Item::default()
/// };
/// let role = Role::new("Ada Quill", "female", "Photographer", "ENFP");
/// let prompt = PromptTemplate::plain().render(&item, Some(&role), None)?;
/// assert!(prompt.text.contains("(FYI, here is your trait. Gender: female; Job: Photographer"));
/// assert!(prompt.text.ends_with("Question: Should I love people?\nThought:"));
/// assert_eq!(prompt.steered_text(), " your values");
/// # Ok::<(), valuebench::PromptError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PromptTemplate {
    form: Form,
    role_wording: RoleWording,
    instruction_wording: InstructionWording,
    steered_phrase: String,
    example_order: ExampleOrder,
    wrapping: Option<Wrapping>,
}

/// What makes the text for a model of a template's.
#[derive(Clone)]
struct Wrapping(Arc<Wrap>);

type Wrap = dyn Fn(&str) -> Result<String, String> + Send + Sync;

impl fmt::Debug for Wrapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wrapping")
    }
}

#[derive(Clone, Debug)]
enum Form {
    Plain,
    Message,
    Llama3,
    Jinja(Box<Environment<'static>>),
}

impl PromptTemplate {
    /// The plain text that the paper uses for Gemma-2B-IT.
    pub fn plain() -> Self {
        Self::new(Form::Plain)
    }

    /// The same text in Llama 3's chat form, which the paper uses for Llama-3-8B-IT; the model's
    /// turn begins with `Thought:`.
    pub fn llama3() -> Self {
        Self::new(Form::Llama3)
    }

    /// The plain text as a message to a model that chats: it ends with the question, for the
    /// thought begins the model's turn. The model's own chat template is a matter of
    /// [`with_wrapping`](Self::with_wrapping).
    pub fn message() -> Self {
        Self::new(Form::Message)
    }

    /// A template of one's own, in minijinja's language.
    ///
    /// It meets these variables; one that is misspelled is an error at once:
    ///
    /// - `question`, `statement`, `value`, `inventory`: of the item;
    /// - `role`: none for the empty role, else with `name`, `bio`, `gender`, `job`, `mbti`,
    ///   `second_person` and `third_person`, the last five undefined where the role lacks them;
    /// - `instruction`: none without one, else with `value`, `definition` (or undefined) and
    ///   `direction` (`inclined` or `disinclined`);
    /// - `hint`: what the built-in templates say of role and instruction, with the blank line
    ///   after it, or nothing;
    /// - `examples`: the two worked examples of the built-in templates, for an item that is answered
    ///   with yes or no;
    /// - `first` and `second`: the answers of these in their order, `yes` and `no` or `no` and
    ///   `yes`, for a template that names both without examples;
    /// - `options`: what an item that is rated may be answered with (`'often' or 'never'`).
    ///
    /// What a role or an instruction lacks can be asked for (`{% if role.job %}`) but not put in: a
    /// prompt never says "none" of it.
    ///
    /// # Bounds
    ///
    /// A template may come from anywhere, so it can neither run for long nor fill the memory. It
    /// has at most 64 KiB and 5,000 instructions and makes at most 256 KiB of text; a tag has at
    /// most 2,000 bytes beside quoted text. There are `if`, `for`, `with`, `set x = ...`, `raw` and
    /// comments, the filters `upper`, `lower`, `capitalize`, `title`, `trim`, `default`, `length`
    /// and `replace`, and the tests `defined`, `undefined`, `none` and `string`; no macros, calls,
    /// includes, captured blocks or recursive loops, no `*`, and at most 100 `elif`. A template
    /// with `set`, `for` or `with` may have six of `~`, `+` and `,` in its tags.
    ///
    /// # Errors
    ///
    /// [`PromptError::Template`] for a template that minijinja cannot read, that names what no
    /// prompt has, or that is out of these bounds.
    ///
    /// ```
    /// # use valuebench::{Keying, Item, PromptTemplate};
    /// # let item = Item {
    /// #     inventory: "SOV".into(),
    /// #     statement: "I love people.".into(),
    /// #     value: "Social".into(),
    /// #     keying: Keying::Positive,
    /// #     question: "Should I love people?".into(),
    /// #     ..Item::default()
    /// # };
    /// let template = PromptTemplate::jinja("{{ hint }}Going by your values: {{ question }}")?;
    /// let prompt = template.render(&item, None, None)?;
    /// assert_eq!(prompt.text, "Going by your values: Should I love people?");
    /// assert_eq!(prompt.steered, 8..20);
    /// # Ok::<(), valuebench::PromptError>(())
    /// ```
    pub fn jinja(source: impl Into<String>) -> Result<Self, PromptError> {
        let environment = template::environment(source.into())?;
        Ok(Self::new(Form::Jinja(Box::new(environment))))
    }

    /// How a role is introduced; [`RoleWording::Trait`] unless set.
    pub fn with_role_wording(mut self, wording: RoleWording) -> Self {
        self.role_wording = wording;
        self
    }

    /// How an instruction is given; [`InstructionWording::Released`] unless set.
    pub fn with_instruction_wording(mut self, wording: InstructionWording) -> Self {
        self.instruction_wording = wording;
        self
    }

    /// The phrase whose first occurrence is steered; `" your values"` unless set.
    pub fn with_steered_phrase(mut self, phrase: impl Into<String>) -> Self {
        self.steered_phrase = phrase.into();
        self
    }

    /// Which worked example comes first; [`ExampleOrder::YesFirst`] unless set. A template of one's
    /// own has them in its variable `examples`, and their answers in `first` and `second`. Items that
    /// are rated have no examples, and their options come in that order: the highest first, or the
    /// lowest.
    pub fn with_example_order(mut self, order: ExampleOrder) -> Self {
        self.example_order = order;
        self
    }

    /// What `wrap` makes of the text is the prompt's text, as a model's chat template does of a
    /// message, and in it the steered phrase is looked for. Unless set, the text is the prompt's.
    ///
    /// ```
    /// # use valuebench::{Keying, Item, PromptTemplate};
    /// # let item = Item {
    /// #     inventory: "SOV".into(),
    /// #     statement: "I love people.".into(),
    /// #     value: "Social".into(),
    /// #     keying: Keying::Positive,
    /// #     question: "Should I love people?".into(),
    /// #     ..Item::default()
    /// # };
    /// let template = PromptTemplate::message()
    ///     .with_wrapping(|text| Ok(format!("<user>{text}</user><model>Thought:")));
    /// let prompt = template.render(&item, None, None)?;
    /// assert!(prompt.text.starts_with("<user>Instruction:\nAnswer the Question"));
    /// assert!(prompt.text.ends_with("Should I love people?</user><model>Thought:"));
    /// assert_eq!(prompt.steered_text(), " your values");
    /// # Ok::<(), valuebench::PromptError>(())
    /// ```
    pub fn with_wrapping(
        mut self,
        wrap: impl Fn(&str) -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        self.wrapping = Some(Wrapping(Arc::new(wrap)));
        self
    }

    /// The prompt for an item. Without a role the model answers as it is; without an instruction
    /// no value is pressed on it.
    ///
    /// An empty `question` gives the prompt by which the published analysis ranks features.
    ///
    /// # Errors
    ///
    /// [`PromptError`] if a template of one's own fails or lacks the steered phrase, if the text
    /// cannot be wrapped, and if the wording asks for a bio that the role does not have.
    pub fn render(
        &self,
        item: &Item,
        role: Option<&Role>,
        instruction: Option<&Instruction>,
    ) -> Result<Prompt, PromptError> {
        let hint = self.hint(role, instruction)?;
        let text = match &self.form {
            Form::Plain => template::plain(&hint, item, self.example_order),
            Form::Message => template::message(&hint, item, self.example_order),
            Form::Llama3 => template::llama3(&hint, item, self.example_order),
            Form::Jinja(environment) => {
                let order = self.example_order;
                template::jinja(environment, item, role, instruction, &hint, order)?
            }
        };
        let text = match &self.wrapping {
            Some(Wrapping(wrap)) => {
                wrap(&text).map_err(|reason| PromptError::Wrapping { reason })?
            }
            None => text,
        };
        match text.find(&self.steered_phrase) {
            Some(start) => Ok(Prompt {
                steered: start..start + self.steered_phrase.len(),
                text,
            }),
            None => Err(PromptError::NoSteeredPhrase {
                phrase: self.steered_phrase.clone(),
                text,
            }),
        }
    }

    fn new(form: Form) -> Self {
        Self {
            form,
            role_wording: RoleWording::Trait,
            instruction_wording: InstructionWording::Released,
            steered_phrase: " your values".to_owned(),
            example_order: ExampleOrder::YesFirst,
            wrapping: None,
        }
    }

    fn hint(
        &self,
        role: Option<&Role>,
        instruction: Option<&Instruction>,
    ) -> Result<String, PromptError> {
        match (role, instruction) {
            (role, Some(instruction)) => Ok(self.instruction_wording.hint(role, instruction)),
            (Some(role), None) => self.role_wording.hint(role),
            (None, None) => Ok(String::new()),
        }
    }
}
