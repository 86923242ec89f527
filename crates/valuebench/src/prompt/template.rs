//! The built-in texts, and templates of one's own.

use std::collections::HashSet;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, context};

use super::{ExampleOrder, Instruction, PromptError, bounds};
use crate::{Item, RatingScale, Role, Scale};

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

/// The answers of the examples in their order.
fn words(order: ExampleOrder) -> [&'static str; 2] {
    match order {
        ExampleOrder::YesFirst => ["yes", "no"],
        ExampleOrder::NoFirst => ["no", "yes"],
    }
}

const FORMAT: &str = "Refer to the format of the following Examples.\n\n";

const TURN: &str = "\nNow it is your turn.\n";

/// What an item that is rated may be answered with: `'often', 'sometimes' or 'never'`.
fn options(scale: &RatingScale, order: ExampleOrder) -> String {
    let options = scale.options().into_iter();
    let mut quoted: Vec<String> = options.map(|(option, _)| format!("'{option}'")).collect();
    if order == ExampleOrder::NoFirst {
        quoted.reverse();
    }
    let last = quoted.pop().unwrap_or_default();
    format!("{} or {last}", quoted.join(", "))
}

/// How to answer, and beside it, in the released texts, the worked examples. What is rated has none:
/// the options come in an order instead.
struct Way {
    steps: String,
    examples: String,
}

impl Way {
    fn of(scale: &Scale, order: ExampleOrder) -> Self {
        match scale {
            Scale::YesNo => Self {
                steps: STEPS.to_owned(),
                examples: format!("{FORMAT}{}{TURN}", examples(order)),
            },
            Scale::Ratings(scale) => Self {
                steps: format!(
                    "First write your Thought about the question, then Answer the question with \
                     exactly one of {}.\n\n",
                    options(scale, order)
                ),
                examples: String::new(),
            },
        }
    }
}

pub(super) fn plain(hint: &str, item: &Item, order: ExampleOrder) -> String {
    message(hint, item, order) + "\nThought:"
}

pub(super) fn message(hint: &str, item: &Item, order: ExampleOrder) -> String {
    let Way { steps, examples } = Way::of(&item.scale, order);
    let question = &item.question;
    format!("Instruction:\n{TASK}{hint}{steps}{examples}Question: {question}")
}

pub(super) fn llama3(hint: &str, item: &Item, order: ExampleOrder) -> String {
    let Way { steps, examples } = Way::of(&item.scale, order);
    let question = &item.question;
    format!(
        "<|start_header_id|>system<|end_header_id|>\n\
         {TASK}{hint}{steps}Thought should better be one single sentence. \
         {examples}<|eot_id|>\n\n\
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
    let ([examples, first, second], options) = match &item.scale {
        Scale::YesNo => {
            let [first, second] = words(order).map(Value::from);
            ([examples(order).into(), first, second], Value::UNDEFINED)
        }
        Scale::Ratings(scale) => ([Value::UNDEFINED; 3], options(scale, order).into()),
    };
    let variables = context! {
        question => item.question.as_str(),
        statement => item.statement.as_str(),
        value => item.value.as_str(),
        inventory => item.inventory.as_str(),
        role => role.map(role_variables),
        instruction => instruction.map(instruction_variables),
        hint,
        examples,
        options,
        first,
        second,
    };
    let template = environment.get_template(NAME);
    let text = template.and_then(|template| bounds::render(&template, variables));
    text.map_err(template_error)
}

/// The name of the one template; its ending asks for text without any escapes.
const NAME: &str = "prompt.txt";

/// Every name that a template can meet.
const NAMES: [&str; 22] = [
    "question",
    "statement",
    "value",
    "inventory",
    "hint",
    "examples",
    "options",
    "first",
    "second",
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
            NAMES[..21].join(", ")
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
    use crate::{ExampleOrder, Inclination, Instruction, Item, Keying, PromptTemplate, Role};

    fn item() -> Item {
        Item {
            inventory: "SOV".into(),
            statement: "I love people.".into(),
            value: "Social".into(),
            keying: Keying::Positive,
            question: "Should I love <people> & things?".into(),
            ..Item::default()
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
        let both = PromptTemplate::jinja("{{ first }} or {{ second }}").unwrap();
        let both = both.with_steered_phrase("");
        let orders = [ExampleOrder::YesFirst, ExampleOrder::NoFirst].map(|order| {
            let both = both.clone().with_example_order(order);
            both.render(&item(), None, None).unwrap().text
        });
        assert_eq!(orders, ["yes or no", "no or yes"]);
    }

    #[test]
    fn what_is_rated_is_offered_its_options_in_either_order() {
        let rated = Item {
            scale: "never=1; often=3; sometimes=2; rarely=2".parse().unwrap(),
            ..item()
        };
        let text = |template: PromptTemplate| template.render(&rated, None, None).unwrap().text;
        let plain = text(PromptTemplate::plain());
        assert!(
            plain.contains("with exactly one of 'often', 'sometimes' or 'never'.\n\nQuestion: ")
        );
        assert!(
            !plain.contains("yes") && plain.ends_with("things?\nThought:"),
            "{plain}"
        );
        let turned = PromptTemplate::llama3().with_example_order(ExampleOrder::NoFirst);
        assert!(text(turned).contains("one of 'never', 'sometimes' or 'often'.\n\nThought should"));
        let own = |source| {
            PromptTemplate::jinja(source)
                .unwrap()
                .with_steered_phrase("")
        };
        assert_eq!(
            text(own("{{ options }}")),
            "'often', 'sometimes' or 'never'"
        );
        // What the other kind of items has is not there, and not left out in silence.
        assert!(own("{{ examples }}").render(&rated, None, None).is_err());
        assert!(own("{{ options }}").render(&item(), None, None).is_err());
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
