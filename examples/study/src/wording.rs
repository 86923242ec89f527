use value_causal::bench::{
    ExampleOrder, Instruction, Item, Prompt, PromptError, PromptTemplate, Role,
};

use super::Materials;
use super::file::{Examples, StudyFile};

/// How a study words a question, whoever asks it.
#[derive(Clone, Debug)]
pub struct Wording {
    /// With the yes first, and with the no first.
    templates: [PromptTemplate; 2],
    /// Which example comes first where an answer is written.
    examples: Examples,
    /// What stands between prompt and answer where its likelihood is read off, in both orders of examples.
    read_off_after: Option<String>,
}

impl Wording {
    /// The words that `study` chooses.
    #[must_use]
    pub fn of(study: &StudyFile, materials: &Materials) -> Self {
        Self {
            templates: [ExampleOrder::YesFirst, ExampleOrder::NoFirst]
                .map(|order| materials.template.clone().with_example_order(order)),
            examples: study.prompt.examples,
            read_off_after: study.judging.words().map(|words| words.after),
        }
    }

    /// The same for answers that are written.
    #[must_use]
    pub fn written(self) -> Self {
        Self {
            read_off_after: None,
            ..self
        }
    }

    /// Whether answers are read off, not written.
    #[must_use]
    pub fn reads_likelihoods(&self) -> bool {
        self.read_off_after.is_some()
    }

    /// The prompt of an item, the `number`-th of all, to a role, the `place`-th of all; where answers are read off in both
    /// orders of the examples, the one with the yes first.
    ///
    /// # Errors
    /// The template fails or lacks the steered phrase.
    pub fn prompt(
        &self,
        (number, item): (usize, &Item),
        (place, role): (usize, Option<&Role>),
        instruction: Option<&Instruction>,
    ) -> Result<Prompt, PromptError> {
        let order = match (self.reads_likelihoods(), self.examples) {
            (true, _) | (_, Examples::YesFirst) => ExampleOrder::YesFirst,
            (_, Examples::NoFirst) => ExampleOrder::NoFirst,
            (_, Examples::Balanced) => ExampleOrder::balanced(place, number),
        };
        self.prompt_in(order, item, role, instruction)
    }

    /// The same with the no first, where answers are read off in both orders and the template has examples.
    ///
    /// # Errors
    /// As [`prompt`](Self::prompt).
    pub fn turned(
        &self,
        prompt: &Prompt,
        item: &Item,
        role: Option<&Role>,
        instruction: Option<&Instruction>,
    ) -> Result<Option<Prompt>, PromptError> {
        if !self.reads_likelihoods() {
            return Ok(None);
        }
        let turned = self.prompt_in(ExampleOrder::NoFirst, item, role, instruction)?;
        // A template of one's own may have no examples.
        Ok(Some(turned).filter(|turned| turned != prompt))
    }

    fn prompt_in(
        &self,
        order: ExampleOrder,
        item: &Item,
        role: Option<&Role>,
        instruction: Option<&Instruction>,
    ) -> Result<Prompt, PromptError> {
        let [yes_first, no_first] = &self.templates;
        let template = match order {
            ExampleOrder::YesFirst => yes_first,
            ExampleOrder::NoFirst => no_first,
        };
        let mut prompt = template.render(item, role, instruction)?;
        if let Some(after) = &self.read_off_after {
            prompt.text += after;
        }
        Ok(prompt)
    }
}
