//! Questions and replies as JSON.

use serde_json::{Map, Value, json};

use super::options::TokenLimit;
use super::reasoning::{self, Said};
use super::{ChatQuestion, ChatSampling};

/// How much of a server's text an error quotes, in characters.
const EXCERPT: usize = 300;

/// What a completion says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Completion {
    pub(super) text: String,
    pub(super) reasoning: Option<String>,
    pub(super) finish: Option<String>,
    pub(super) model: Option<String>,
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
}

/// What should have been in a completion, and what was there instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WrongShape {
    pub(super) expected: &'static str,
    pub(super) found: String,
}

/// The body of a request.
pub(super) fn request(
    model: &str,
    question: &ChatQuestion<'_>,
    sampling: &ChatSampling,
    token_limit: TokenLimit,
) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    match question {
        ChatQuestion::Chat(messages) => {
            let messages = messages
                .iter()
                .map(|message| json!({ "role": message.role.name(), "content": message.text }));
            body.insert("messages".into(), messages.collect());
        }
        ChatQuestion::Text(text) => {
            body.insert("prompt".into(), (*text).into());
        }
    }
    let limit = match (token_limit, question) {
        // Only the chat endpoint has the newer name.
        (TokenLimit::MaxCompletionTokens, ChatQuestion::Chat(_)) => "max_completion_tokens",
        _ => "max_tokens",
    };
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.into(), value);
        }
    };
    set("temperature", sampling.temperature.map(Value::from));
    set("top_p", sampling.top_p.map(Value::from));
    set(limit, sampling.max_tokens.map(Value::from));
    set("seed", sampling.seed.map(Value::from));
    let stop = &sampling.stop;
    set("stop", (!stop.is_empty()).then(|| stop.clone().into()));
    for (name, value) in &sampling.extra {
        body.insert(name.clone(), value.clone());
    }
    Value::Object(body).to_string().into_bytes()
}

/// The first choice of a completion.
pub(super) fn completion(
    body: &Value,
    question: &ChatQuestion<'_>,
) -> Result<Completion, WrongShape> {
    let choices = body.get("choices").and_then(Value::as_array);
    let Some(choices) = choices else {
        return wrong("a list `choices`", body);
    };
    let Some(choice) = choices.first() else {
        return wrong("at least one choice", body);
    };
    let finish = string(choice.get("finish_reason"));
    let said = match question {
        ChatQuestion::Chat(_) => said(choice, finish.as_deref())?,
        ChatQuestion::Text(_) => match string(choice.get("text")) {
            Some(text) => Said::plain(text),
            None => return wrong("text in `choices[0].text`", choice),
        },
    };
    let usage = |name| {
        body.get("usage")
            .and_then(|usage| usage.get(name)?.as_u64())
    };
    Ok(Completion {
        text: said.text,
        reasoning: said.reasoning,
        finish,
        model: string(body.get("model")),
        prompt_tokens: usage("prompt_tokens"),
        completion_tokens: usage("completion_tokens"),
    })
}

/// What the message of a choice says.
fn said(choice: &Value, finish: Option<&str>) -> Result<Said, WrongShape> {
    let message = choice.get("message").unwrap_or(&Value::Null);
    let refusal = string(message.get("refusal"));
    if let Some(refusal) = refusal.filter(|refusal| !refusal.is_empty()) {
        return Err(WrongShape {
            expected: "an answer",
            found: format!("the refusal {:?}", excerpt(&refusal)),
        });
    }
    let said = reasoning::said(message);
    if finish == Some("length") && said.as_ref().is_none_or(|said| said.text.trim().is_empty()) {
        return Err(WrongShape {
            expected: "an answer before the token limit",
            found: "none: a model that reasons first needs a higher limit".to_owned(),
        });
    }
    match said {
        Some(said) => Ok(said),
        None => wrong("text in `choices[0].message.content`", choice),
    }
}

/// What a server says of its failure, and its word for it: servers differ in where they put it.
pub(super) fn failure(json: &Value) -> (String, Option<String>) {
    let error = json.get("error").unwrap_or(json);
    let places = [Some(error), error.get("message"), error.get("detail")];
    let message = places.into_iter().flatten().find_map(Value::as_str);
    let code = string(error.get("code")).or_else(|| string(error.get("type")));
    let code = code.map(|code| excerpt(&code));
    match message {
        Some(message) => (excerpt(message), code),
        None => (excerpt(&json.to_string()), code),
    }
}

/// The beginning of a text, in one line.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printable = line.chars().map(|c| match c.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => c,
    });
    let mut cut: String = printable.take(EXCERPT).collect();
    if line.chars().nth(EXCERPT).is_some() {
        cut.push('…');
    }
    cut
}

fn wrong<T>(expected: &'static str, found: &Value) -> Result<T, WrongShape> {
    Err(WrongShape {
        expected,
        found: excerpt(&found.to_string()),
    })
}

fn string(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Message;

    fn sent(sampling: &ChatSampling, token_limit: TokenLimit) -> Value {
        let messages = [Message::system("Be Ada."), Message::user("Why \"not\"?")];
        let body = request(
            "tiny",
            &ChatQuestion::Chat(&messages),
            sampling,
            token_limit,
        );
        serde_json::from_slice(&body).unwrap()
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        let body = sent(&ChatSampling::default(), TokenLimit::MaxTokens);
        assert_eq!(
            body,
            json!({ "model": "tiny", "messages": [
                { "role": "system", "content": "Be Ada." },
                { "role": "user", "content": "Why \"not\"?" },
            ] })
        );
    }

    #[test]
    fn what_is_set_is_sent_under_its_name() {
        let mut sampling = ChatSampling::greedy(7);
        sampling.seed = Some(3);
        sampling.stop = vec!["\n".into()];
        sampling.extra.insert("top_k".into(), 1.into());
        let body = sent(&sampling, TokenLimit::MaxCompletionTokens);
        for (name, value) in [
            ("temperature", json!(0.0)),
            ("max_completion_tokens", json!(7)),
            ("seed", json!(3)),
            ("stop", json!(["\n"])),
            ("top_k", json!(1)),
        ] {
            assert_eq!(body[name], value, "{name}");
        }
        let text = request(
            "t",
            &ChatQuestion::Text("Q:"),
            &sampling,
            TokenLimit::MaxCompletionTokens,
        );
        let text: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (&text["prompt"], &text["max_tokens"]),
            (&json!("Q:"), &json!(7))
        );
    }

    #[test]
    fn wrong_shapes_are_named() {
        let message = [Message::user("?")];
        let found = |body: Value, question: &ChatQuestion<'_>| {
            let WrongShape { expected, found } = completion(&body, question).unwrap_err();
            (expected, found)
        };
        let chat = ChatQuestion::Chat(&message);
        assert_eq!(
            found(json!({ "error": "no" }), &chat),
            ("a list `choices`", r#"{"error":"no"}"#.into())
        );
        assert_eq!(
            found(json!({ "choices": [] }), &chat),
            ("at least one choice", r#"{"choices":[]}"#.into())
        );
        let null = |finish: &str| json!({ "choices": [{ "finish_reason": finish, "message": { "content": null } }] });
        assert_eq!(
            found(null("stop"), &chat).0,
            "text in `choices[0].message.content`"
        );
        assert_eq!(
            found(null("length"), &chat),
            (
                "an answer before the token limit",
                "none: a model that reasons first needs a higher limit".into()
            )
        );
        let refusal = json!({ "choices": [{ "message": { "refusal": "I won't" } }] });
        assert_eq!(
            found(refusal, &chat),
            ("an answer", "the refusal \"I won't\"".into())
        );
        let chat_for_text = json!({ "choices": [{ "message": { "content": "yes" } }] });
        assert_eq!(
            found(chat_for_text, &ChatQuestion::Text("?")).0,
            "text in `choices[0].text`"
        );
    }

    #[test]
    fn failures_of_different_servers() {
        for (body, expected) in [
            (
                r#"{"error":{"message":"slow down","code":"x"}}"#,
                ("slow down", Some("x")),
            ),
            (
                r#"{"error":{"message":"m","type":"t","code":null}}"#,
                ("m", Some("t")),
            ),
            (r#"{"error":"busy"}"#, ("busy", None)),
            (r#"{"detail":"Not Found"}"#, ("Not Found", None)),
            (r#"{"a":1}"#, (r#"{"a":1}"#, None)),
            (r#""busy""#, ("busy", None)),
        ] {
            let (message, code) = failure(&serde_json::from_str(body).unwrap());
            assert_eq!((message.as_str(), code.as_deref()), expected, "{body}");
        }
        assert_eq!(
            excerpt("<html>\n  502\u{7}</html>\n"),
            "<html> 502\u{fffd}</html>"
        );
        assert_eq!(excerpt(&"ä".repeat(1000)).chars().count(), EXCERPT + 1);
    }
}
