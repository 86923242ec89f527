//! Chat templates beside transformers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use tch_lens::{ChatTemplate, LoadError, Message};

#[derive(Deserialize)]
struct Goldens {
    /// The tokenizer_config.json of each.
    templates: BTreeMap<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    template: String,
    messages: Vec<Message>,
    add_generation_prompt: bool,
    rendered: Option<String>,
    error: Option<String>,
}

fn with_config(config: &Value) -> Result<ChatTemplate, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("tokenizer_config.json"),
        config.to_string(),
    )
    .unwrap();
    ChatTemplate::open(folder.path())
}

#[test]
fn chats_are_rendered_and_refused_as_by_transformers() {
    let goldens = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/lm/goldens/chat.json"
    );
    let goldens: Goldens = serde_json::from_slice(&fs::read(goldens).unwrap()).unwrap();
    assert!(goldens.cases.len() >= 80);
    for case in goldens.cases {
        let template = with_config(&goldens.templates[&case.template]).unwrap();
        let found = template.render(&case.messages, case.add_generation_prompt);
        let name = &case.template;
        match (found, case.rendered, case.error) {
            (Ok(found), Some(rendered), None) => assert_eq!(found, rendered, "{name}"),
            (Err(found), None, Some(error)) => {
                assert!(found.to_string().contains(&error), "{name}: {found}");
            }
            (found, rendered, error) => {
                panic!("{name}: {found:?}, expected {rendered:?} {error:?}")
            }
        }
    }
}

#[test]
fn the_fixtures_checkpoints_have_templates_whose_tokens_the_tokenizer_knows() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/models");
    for (name, start) in [
        ("gemma1", "<bos><start_of_turn>user\nHello<end_of_turn>\n"),
        ("llama3", "<|begin_of_text|>"),
    ] {
        let template = ChatTemplate::open(&models.join(name)).unwrap();
        let tokenizer = tch_lens::Tokenizer::open(&models.join(name)).unwrap();
        let prompt = template.render(&[Message::user("Hello")], true).unwrap();
        assert!(prompt.starts_with(start), "{prompt}");
        let tokens = tokenizer.encode_plain(&prompt).unwrap();
        let bos = tokenizer.bos().unwrap();
        assert_eq!(tokens.iter().filter(|&&token| token == bos).count(), 1);
        assert_eq!(tokenizer.encode(&prompt).unwrap()[..2], [bos, bos]);
    }
    let error = ChatTemplate::open(&models.join("mistral"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("chat_template: expected a template named \"default\", found none"),
        "{error}"
    );
}

#[test]
fn the_template_comes_from_its_own_file_or_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let several = json!({"bos_token": {"content": "<s>", "special": true}, "chat_template": [
        {"name": "default", "template": "{{ bos_token }}plain"}, {"name": "tool_use", "template": "tools"}]});
    fs::write(
        folder.path().join("tokenizer_config.json"),
        several.to_string(),
    )
    .unwrap();
    let render = |template: ChatTemplate| template.render(&[], false).unwrap();
    assert_eq!(
        render(ChatTemplate::open(folder.path()).unwrap()),
        "<s>plain"
    );
    assert_eq!(
        render(ChatTemplate::open_named(folder.path(), "tool_use").unwrap()),
        "tools"
    );
    let error = ChatTemplate::open_named(folder.path(), "rag")
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with(
            "expected a template named \"rag\", found templates named default, tool_use"
        ),
        "{error}"
    );
    fs::write(
        folder.path().join("chat_template.jinja"),
        "{{ bos_token }}own file\n",
    )
    .unwrap();
    assert_eq!(
        render(ChatTemplate::open(folder.path()).unwrap()),
        "<s>own file"
    );
}

#[test]
fn variables_and_the_date_reach_the_template() {
    let source = "{{ date_string | default('no date') }}; {{ strftime_now('%d %b %Y') }}";
    let template = with_config(&json!({"chat_template": source})).unwrap();
    let date = |text: &str| {
        let parts: Vec<&str> = text.split(' ').collect();
        parts.len() == 3
            && parts[0].len() == 2
            && parts[1].len() == 3
            && parts[2].parse::<u32>().is_ok_and(|year| year >= 2025)
    };
    let rendered = template.render(&[], false).unwrap();
    assert!(
        rendered.strip_prefix("no date; ").is_some_and(date),
        "{rendered}"
    );
    let rendered = template
        .with("date_string", "26 Jul 2024")
        .render(&[], false)
        .unwrap();
    assert!(rendered.starts_with("26 Jul 2024; "), "{rendered}");
    let template = with_config(&json!({"chat_template": "{{ strftime_now('%Q') }}"})).unwrap();
    assert!(
        template
            .render(&[], false)
            .unwrap_err()
            .to_string()
            .contains("strftime_now(\"%Q\")")
    );
}

#[test]
fn mistakes_in_a_template_are_named_with_their_line() {
    let error = with_config(&json!({"chat_template": "a\n{% if %}"}))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("tokenizer_config.json: chat template: syntax error"),
        "{error}"
    );
    assert!(error.contains("chat_template:2"), "{error}");
    let template =
        with_config(&json!({"chat_template": "a\nb\n{{ messages[0].role + 1 }}"})).unwrap();
    let error = template
        .render(&[Message::user("a")], false)
        .unwrap_err()
        .to_string();
    assert!(error.contains("chat_template:3"), "{error}");
}
