use std::fmt::Display;
use std::path::{Path, PathBuf};

use value_causal::bench::{
    Definitions, ExampleOrder, InstructionWording, Item, ItemSampling, Prompt, PromptError,
    PromptTemplate, Questionnaire, RoleSet, RoleWording, Split,
};

use super::file::{
    Analysis, DrawnFor, Examples, InstructionWords, MadeRoles, RoleWords, Sampling, StudyFile,
    Template,
};
use super::rated;
use program::{Failure, is_run, say};
use reproduce::experiment::{Reference, Truth};
use reproduce::source::Source;

/// What a study file names, read and checked, but for the model.
#[derive(Clone, Debug)]
pub struct Materials {
    /// The items of the chosen values, in the order of the file.
    pub items: Questionnaire,
    /// The same in two parts.
    pub split: Split,
    /// The definitions; none without a file.
    pub definitions: Definitions,
    /// Roles that the graph is discovered from.
    pub train_roles: RoleSet,
    /// Roles that it is tested on.
    pub test_roles: RoleSet,
    /// The words; of a chat the user's, until `chat::in_chat` makes the model's own form of them.
    pub template: PromptTemplate,
    /// The template's own text, where it is no built-in one.
    pub template_text: Option<String>,
    /// Draws the training items.
    pub train_sampling: ItemSampling,
    /// Draws the test items.
    pub test_sampling: ItemSampling,
}

impl Materials {
    /// Reads what `study` names from `data`.
    ///
    /// # Errors
    /// A file is missing or malformed; a value is unknown or has too few items; a role is in both sets.
    pub fn read(study: &StudyFile, data: &Path) -> Result<Self, Failure> {
        let file = data.join(&study.questionnaire.file);
        let all = Questionnaire::from_path_on(&file, &study.questionnaire.scale()?)?;
        let items = chosen(study, &file, &all)?;
        rated::check(&study.judging, items.items())?;
        let split = match study.questionnaire.undivided {
            true => Split {
                train: items.clone(),
                test: items.clone(),
            },
            false => items.split(study.questionnaire.train, study.questionnaire.seed)?,
        };
        for (part, name) in [(&split.train, "training"), (&split.test, "test")] {
            if let Some(value) = items.values().iter().find(|v| part.measuring(v).len() == 0) {
                let (file, share) = (file.display(), study.questionnaire.train);
                return Err(format!(
                    "{file}: {value:?} has no {name} item at a training share of {share}"
                )
                .into());
            }
        }
        let definitions = match &study.questionnaire.definitions {
            Some(file) => Definitions::from_path(data.join(file))?,
            None => Definitions::default(),
        };
        let (train_roles, test_roles) = roles(study, data)?;
        let names = train_roles.iter().chain(&test_roles).map(|role| &role.name);
        if let Some(name) = items.values().iter().chain(names).find(|name| is_run(name)) {
            // The tables in which they come are read back, so that nothing may be put in front of them.
            return Err(format!(
                "{name:?}: expected a name of a value or a role that no spreadsheet takes for a formula, found one that \
                 begins with =, +, -, @, a tab or a carriage return"
            )
            .into());
        }
        if let Some(analysis) = &study.analysis {
            check_analysis(analysis, data, &items, &test_roles)?;
        }
        let (template, template_text) = template(study, data)?;
        if let (Template::File(file), Some(item)) = (&study.prompt.template, items.items().first())
        {
            // Rather now than when a model is there, or has answered for hours.
            for role in [None, test_roles.iter().next()] {
                let rendered = template.render(item, role, None);
                rendered.map_err(|error| of_file(&data.join(file), &error))?;
            }
            if study.prompt.examples != Examples::YesFirst {
                let orders = [ExampleOrder::YesFirst, ExampleOrder::NoFirst];
                let [yes, no] = orders.map(|order| template.clone().with_example_order(order));
                if yes.render(item, None, None)? == no.render(item, None, None)? {
                    let vary = match item.scale.ratings() {
                        Some(_) => "{{ options }}",
                        None => "{{ examples }}, or {{ first }} and {{ second }}",
                    };
                    let reason = format!("expected {vary}, whose order prompt.examples sets");
                    return Err(of_file(&data.join(file), &reason).into());
                }
            }
        }
        let Sampling { seed, draw, .. } = study.sampling;
        let sampling = |rate| match (draw, seed) {
            (DrawnFor::All, seed) => ItemSampling::shared(rate, seed.unwrap_or(0)),
            (DrawnFor::Role, Some(seed)) => ItemSampling::seeded(rate, seed),
            (DrawnFor::Role, None) => ItemSampling::released(rate),
        };
        Ok(Self {
            items,
            split,
            definitions,
            train_roles,
            test_roles,
            template,
            template_text,
            train_sampling: sampling(study.sampling.train)?,
            test_sampling: sampling(study.sampling.test)?,
        })
    }

    /// Writes the roles into `out` if `study` makes them, in the released layout: those for training, then those for the
    /// test. With the two files in the place of the seed a study is the same whatever a seed will give by then.
    ///
    /// # Errors
    /// A file cannot be written; standard output fails.
    pub fn keep_made_roles(&self, study: &StudyFile, out: &Path) -> Result<(), Failure> {
        if study.roles.made.is_some() {
            let [train, test] = ["roles_train.json", "roles_test.json"].map(|name| out.join(name));
            self.train_roles.write_json(&train)?;
            self.test_roles.write_json(&test)?;
            let (train, test) = (train.display(), test.display());
            say(format_args!("The roles made are in {train} and {test}."))?;
        }
        Ok(())
    }

    /// The prompt by which features are ranked: no role, and an empty question.
    ///
    /// # Errors
    /// The template fails or lacks the steered phrase.
    pub fn ranking_prompt(&self) -> Result<Prompt, PromptError> {
        let first = self.items.items().first();
        let nothing = Item {
            scale: first.map(|item| item.scale.clone()).unwrap_or_default(),
            ..Item::default()
        };
        self.template.render(&nothing, None, None)
    }
}

fn chosen(study: &StudyFile, file: &Path, all: &Questionnaire) -> Result<Questionnaire, Failure> {
    let Some(values) = &study.questionnaire.values else {
        let chosen = all.with_at_least(study.questionnaire.at_least);
        return match chosen.values().is_empty() {
            false => Ok(chosen),
            true => {
                let (file, least) = (file.display(), study.questionnaire.at_least);
                Err(format!("{file}: no value has {least} items or more").into())
            }
        };
    };
    for value in values {
        let (n, least) = (all.measuring(value).len(), study.questionnaire.at_least);
        if n < least {
            let file = file.display();
            return Err(
                format!("{file}: expected {least} items or more of {value:?}, found {n}").into(),
            );
        }
    }
    Ok(all.filter(|item| values.contains(&item.value)))
}

fn roles(study: &StudyFile, data: &Path) -> Result<(RoleSet, RoleSet), Failure> {
    if let Some(MadeRoles { seed, train, test }) = study.roles.made {
        return Ok(RoleSet::generate(seed, train + test).split_at(train));
    }
    let set = |file: &Option<PathBuf>| match file {
        Some(file) => RoleSet::from_path(data.join(file)).map_err(Failure::from),
        None => Ok(RoleSet::default()),
    };
    let (train, test) = (set(&study.roles.train)?, set(&study.roles.test)?);
    match test.iter().find(|role| train.get(&role.name).is_some()) {
        Some(both) => Err(format!("roles: {:?} is in both files", both.name).into()),
        None => Ok((train, test)),
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| of_file(path, &error))
}

/// What the analysis names is used at the end, which is late to learn that something is wrong with it.
fn check_analysis(
    analysis: &Analysis,
    data: &Path,
    items: &Questionnaire,
    test_roles: &RoleSet,
) -> Result<(), Failure> {
    let source = Source::Folder(data.to_owned());
    let file = analysis.references.to_string_lossy();
    let references = Reference::read_all(&source, &file)?;
    if let Some(fault) = analysis.figures.fault(&references, &file) {
        return Err(format!("analysis.figures: {fault}").into());
    }
    let values = items.values();
    let known = |file: &str, value: &String| match values.contains(value) {
        true => Ok(()),
        false => Err(format!(
            "{}: expected values of the study ({}), found {value:?}",
            source.label(file).display(),
            values.join(", ")
        )),
    };
    for (cause, effect) in references.iter().flat_map(|reference| &reference.edges) {
        known(&file, cause)?;
        known(&file, effect)?;
    }
    if let Some(file) = &analysis.truth {
        let file = file.to_string_lossy();
        for edge in Truth::read(&source, &file)?.edges {
            known(&file, &edge.cause)?;
            known(&file, &edge.effect)?;
        }
    }
    let role = analysis.sae_role.as_ref();
    if let Some(role) = role.filter(|&name| test_roles.iter().all(|role| role.name != *name)) {
        return Err(
            format!("analysis.sae_role: expected a role of the test, found {role:?}").into(),
        );
    }
    Ok(())
}

fn of_file(path: &Path, error: &dyn Display) -> String {
    format!("{}: {error}", path.display())
}

fn template(study: &StudyFile, data: &Path) -> Result<(PromptTemplate, Option<String>), Failure> {
    let words = &study.prompt;
    let message = words.chat.as_ref().and_then(|chat| chat.message.as_ref());
    let (template, text) = match (&words.template, message) {
        (Template::Plain, _) => (PromptTemplate::plain(), None),
        (Template::Llama3, _) => (PromptTemplate::llama3(), None),
        (Template::Chat, None) => (PromptTemplate::message(), None),
        (Template::File(file), _) | (Template::Chat, Some(file)) => {
            let file = data.join(file);
            let text = text_of(&file)?;
            let template = PromptTemplate::jinja(text.clone());
            (
                template.map_err(|error| of_file(&file, &error))?,
                Some(text),
            )
        }
    };
    let template = template
        .with_role_wording(match words.role {
            RoleWords::Trait => RoleWording::Trait,
            RoleWords::Note => RoleWording::Note,
            RoleWords::RolePlay => RoleWording::RolePlay,
        })
        .with_instruction_wording(match words.instruction {
            InstructionWords::Released => InstructionWording::Released,
            InstructionWords::Paper => InstructionWording::Paper,
        });
    let template = match words.examples {
        Examples::NoFirst => template.with_example_order(ExampleOrder::NoFirst),
        Examples::YesFirst | Examples::Balanced => template,
    };
    let template = match &words.steered {
        Some(phrase) => template.with_steered_phrase(phrase),
        None => template,
    };
    Ok((template, text))
}
