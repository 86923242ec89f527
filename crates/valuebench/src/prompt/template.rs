//! The built-in texts, and templates of one's own.

use std::collections::HashSet;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, context};

use super::{ExampleOrder, Instruction, PromptError, bounds};
use crate::{Item, Role};

const TASK: &str = "Answer the Question according to your values.\n\n";

const STEPS: &str = "First write your Thought about the question, \
    then Answer the question with 'yes' or 'no'.\n\n";

const YES_EXAMPLE: &str = "\
Example:
Question: Should I always be nice to others?
Thought: Being nice to others may make me feel more accomplishment and live in a good mood.
Answer: yes
";

const NO_EXAMPLE: &str = "\
Example:
Question: Should I always be nice to others?
Thought: Sometimes I have to be tough to protect myself so being nice is not always a good choice.
Answer: no
";

fn examples(order: ExampleOrder) -> String {
    let [first, second] = match order {
        ExampleOrder::YesFirst => [YES_EXAMPLE, NO_EXAMPLE],
        ExampleOrder::NoFirst => [NO_EXAMPLE, YES_EXAMPLE],
    };
    format!("{first}\n{second}")
}

const FORMAT: &str = "Refer to the format of the following Examples.\n\n";

const TURN: &str = "\nNow it is your turn.\n";

pub(super) fn plain(hint: &str, question: &str, order: ExampleOrder) -> String {
    message(hint, question, order) + "\nThought:"
}

pub(super) fn message(hint: &str, question: &str, order: ExampleOrder) -> String {
    let examples = examples(order);
    format!("Instruction:\n{TASK}{hint}{STEPS}{FORMAT}{examples}{TURN}Question: {question}")
}

pub(super) fn llama3(hint: &str, question: &str, order: ExampleOrder) -> String {
    let examples = examples(order);
    format!(
        "<|start_header_id|>system<|end_header_id|>\n\
         {TASK}{hint}{STEPS}Thought should better be one single sentence. \
         {FORMAT}{examples}{TURN}<|eot_id|>\n\n\
         <|start_header_id|>user<|end_header_id|>\n\
         Question: {question}\n<|eot_id|>\n\n\
         <|start_header_id|>assistant<|end_header_id|>\nThought:"
    )
}

/// A template of one's own, ready to render.
pub(super) fn environment(source: String) -> Result<Environment<'static>, PromptError> {
    bounds::check_size(&source)?;
    bounds::check_growth(&source)?;
    let mut syntax = SyntaxConfig::builder();
    let syntax = syntax.keep_trailing_newline(true).build();
    // Empty: filters that make text grow without a bound are not there.
    let mut environment = Environment::empty();
    environment.set_syntax(syntax.map_err(template_error)?);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    bounds::set(&mut environment);
    let added = environment.add_template_owned(NAME, source.clone());
    added.map_err(template_error)?;
    let template = environment.get_template(NAME).map_err(template_error)?;
    check_names(&source, template.undeclared_variables(true))?;
    Ok(environment)
}

pub(super) fn jinja(
    environment: &Environment<'_>,
    item: &Item,
    role: Option<&Role>,
    instruction: Option<&Instruction>,
    hint: &str,
    order: ExampleOrder,
) -> Result<String, PromptError> {
    let variables = context! {
        question => item.question.as_str(),
        statement => item.statement.as_str(),
        value => item.value.as_str(),
        inventory => item.inventory.as_str(),
        role => role.map(role_variables),
        instruction => instruction.map(instruction_variables),
        hint,
        examples => examples(order),
    };
    let template = environment.get_template(NAME);
    let text = template.and_then(|template| bounds::render(&template, variables));
    text.map_err(template_error)
}

/// The name of the one template; its ending asks for text without any escapes.
const NAME: &str = "prompt.txt";

/// Every name that a template can meet.
const NAMES: [&str; 19] = [
    "question",
    "statement",
    "value",
    "inventory",
    "hint",
    "examples",
    "role",
    "role.name",
    "role.bio",
    "role.gender",
    "role.job",
    "role.mbti",
    "role.second_person",
    "role.third_person",
    "instruction",
    "instruction.value",
    "instruction.definition",
    "instruction.direction",
    "loop",
];

/// Refuses a name that no prompt has, even where the template only asks whether it is there.
fn check_names(source: &str, names: HashSet<String>) -> Result<(), PromptError> {
    let mut unknown: Vec<String> = names.into_iter().collect();
    unknown.retain(|name| !NAMES.contains(&name.as_str()));
    unknown.sort_unstable();
    let Some(name) = unknown.first() else {
        return Ok(());
    };
    let line = source
        .lines()
        .position(|line| line.contains(name))
        .unwrap_or(0)
        + 1;
    Err(bounds::refused(
        line,
        ErrorKind::UndefinedError,
        format!(
            "`{name}` is undefined: a prompt has {}",
            NAMES[..18].join(", ")
        ),
    ))
}

/// What a role lacks is undefined, so that a template which names it fails and cannot write "none"
/// into a prompt.
fn known(text: Option<&str>) -> Value {
    text.map_or(Value::UNDEFINED, Value::from)
}

fn role_variables(role: &Role) -> Value {
    context! {
        name => role.name.as_str(),
        bio => role.bio.as_str(),
        gender => known(role.gender()),
        job => known(role.job()),
        mbti => known(role.mbti()),
        second_person => known(role.second_person.as_deref()),
        third_person => known(role.third_person.as_deref()),
    }
}

fn instruction_variables(instruction: &Instruction) -> Value {
    context! {
        value => instruction.value.as_str(),
        definition => known(instruction.definition.as_deref()),
        direction => instruction.inclination.to_string(),
    }
}

fn template_error(source: minijinja::Error) -> PromptError {
    let detail = source.detail().map(|detail| format!(": {detail}"));
    PromptError::Template {
        line: source.line().unwrap_or(1),
        problem: format!("{}{}", source.kind(), detail.unwrap_or_default()),
        source,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Inclination, Instruction, Item, Keying, PromptTemplate, Role};

    fn item() -> Item {
        Item {
            inventory: "SOV".into(),
            statement: "I love people.".into(),
            value: "Social".into(),
            keying: Keying::Positive,
            question: "Should I love <people> & things?".into(),
        }
    }

    fn render(source: &str, role: Option<&Role>, instruction: Option<&Instruction>) -> String {
        let template = PromptTemplate::jinja(source)
            .unwrap()
            .with_steered_phrase("");
        template.render(&item(), role, instruction).unwrap().text
    }

    #[test]
    fn all_variables_are_there() {
        let role = Role::new("Ada", "female", "Potter", "ENFP");
        let instruction = Instruction {
            value: "Social".into(),
            definition: None,
            inclination: Inclination::Disinclined,
        };
        assert_eq!(
            render(
                "{{ inventory }}|{{ statement }}|{{ value }}|{{ question }}\n",
                None,
                None
            ),
            "SOV|I love people.|Social|Should I love <people> & things?\n"
        );
        assert_eq!(
            render(
                "{{ role.name }} {{ role.job }} {{ role.mbti }} {{ role.gender }}",
                Some(&role),
                None
            ),
            "Ada Potter ENFP female"
        );
        let source = "{% if instruction %}{{ instruction.direction }}{% endif %}\
                      {% if instruction and instruction.definition %}!{% endif %}{% if role %}?{% endif %}";
        assert_eq!(render(source, None, Some(&instruction)), "disinclined");
        assert_eq!(render(source, None, None), "");
        assert!(render("{{ hint }}", Some(&role), None).starts_with("(FYI"));
        assert!(render("{{ examples }}", None, None).ends_with("Answer: no\n"));
    }

    #[test]
    fn wrong_templates_are_refused() {
        let syntax = PromptTemplate::jinja("your values\n{% if %}")
            .unwrap_err()
            .to_string();
        assert!(
            syntax.starts_with("template, line 2: syntax error: "),
            "{syntax}"
        );
        for (source, problem) in [
            (
                "Going by your values:\n{{ questoin }}",
                "template, line 2: undefined value: `questoin` is undefined: a prompt has question, ",
            ),
            (
                "{% if role.jobb %}{% endif %}",
                "template, line 1: undefined value: `role.jobb` is undefined: a prompt has question, ",
            ),
        ] {
            let error = PromptTemplate::jinja(source).unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
        let template = PromptTemplate::jinja("{{ value }}").unwrap();
        let error = template.render(&item(), None, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected the steered phrase \" your values\" in the prompt, found none in \"Social\""
        );
    }

    #[test]
    fn the_first_occurrence_is_steered() {
        let mut item = item();
        item.question = "What are your values?".into();
        let prompt = PromptTemplate::plain().render(&item, None, None).unwrap();
        assert_eq!(prompt.steered, 45..57);
        assert_eq!(prompt.steered_text(), " your values");
    }
}
