//! Prompts in the form in which the model was trained to chat: that of its own template.

use std::path::Path;

use value_causal::bench::PromptTemplate;
use value_causal::lens::{ChatTemplate, Message};

use super::Materials;
use super::file::{Chat, StudyFile, Template};
use super::place::opened;
use program::Failure;

/// The materials with prompts in the model's own form where `study` says so, and as they are otherwise.
///
/// # Errors
/// The model in `data` has no such template; the template does not take the messages, or what it makes of them lacks the
/// steered phrase.
pub fn in_chat(materials: Materials, study: &StudyFile, data: &Path) -> Result<Materials, Failure> {
    let (Template::Chat, Some(folder)) = (&study.prompt.template, &study.model.folder) else {
        return Ok(materials);
    };
    let chat = study.prompt.chat.clone().unwrap_or_default();
    let template = wrapped(materials.template, chat, &opened(data, folder))?;
    // Rather now than once the model has been opened, or has answered for hours.
    if let Some(item) = materials.items.items().first() {
        for role in [None, materials.test_roles.iter().next()] {
            let rendered = template.render(item, role, None);
            rendered.map_err(|error| format!("prompt.chat: {error}"))?;
        }
    }
    Ok(Materials {
        template,
        ..materials
    })
}

fn wrapped(template: PromptTemplate, chat: Chat, folder: &Path) -> Result<PromptTemplate, Failure> {
    let mut form = ChatTemplate::open_named(folder, &chat.name)?;
    for (name, value) in &chat.variables {
        form = form.with(name, value)?;
    }
    Ok(template.with_wrapping(move |text| {
        let system = chat.system.iter().map(Message::system);
        let messages: Vec<Message> = system.chain([Message::user(text)]).collect();
        let rendered = form
            .render(&messages, true)
            .map_err(|error| error.to_string())?;
        Ok(rendered + &chat.begins)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::bench::{Item, Keying};

    fn rendered(chat: &str, template: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("chat_template.jinja"), template).unwrap();
        std::fs::write(folder.path().join("tokenizer_config.json"), "{}").unwrap();
        let chat: Chat = toml::from_str(chat).unwrap();
        let item = Item {
            inventory: String::new(),
            statement: String::new(),
            value: "Social".into(),
            keying: Keying::Positive,
            question: "Should I love people?".into(),
            ..Item::default()
        };
        let template = wrapped(PromptTemplate::message(), chat, folder.path());
        let template = template.map_err(|error| error.to_string())?;
        let prompt = template
            .render(&item, None, None)
            .map_err(|error| error.to_string())?;
        assert_eq!(prompt.steered_text(), " your values");
        assert_eq!(prompt.text.find(" your values"), Some(prompt.steered.start));
        Ok(prompt.text)
    }

    const TEMPLATE: &str = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</{{ m.role }}>{% endfor %}\
        {% if add_generation_prompt %}<assistant>{% if enable_thinking is defined and not enable_thinking %}\
        <think></think>{% endif %}{% endif %}";

    #[test]
    fn the_models_template_has_its_messages_and_variables() {
        let plain = rendered("", TEMPLATE).unwrap();
        assert!(
            plain.starts_with("<user>Instruction:\nAnswer the Question"),
            "{plain}"
        );
        assert!(
            plain.ends_with("Should I love people?</user><assistant>Thought:"),
            "{plain}"
        );
        let chat =
            "system = \"Be brief.\"\nbegins = \"I think\"\nvariables = { enable_thinking = false }";
        let told = rendered(chat, TEMPLATE).unwrap();
        assert!(
            told.starts_with("<system>Be brief.</system><user>"),
            "{told}"
        );
        assert!(
            told.ends_with("<assistant><think></think>I think"),
            "{told}"
        );
    }

    #[test]
    fn a_template_that_refuses_or_loses_the_phrase_is_told() {
        let refusing = "{{ raise_exception('no system message') }}";
        let why = rendered("system = \"Be brief.\"", refusing).unwrap_err();
        assert!(why.contains("no system message"), "{why}");
        let why = rendered("", "<assistant>").unwrap_err();
        assert!(why.contains("expected the steered phrase"), "{why}");
        let why = rendered("name = \"tools\"", TEMPLATE).unwrap_err();
        assert!(why.contains("tools"), "{why}");
    }
}
