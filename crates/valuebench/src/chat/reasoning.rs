//! What of a message is the answer, where a model reasons before it or beside it.

use serde_json::Value;

/// An answer and the reasoning that led to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) reasoning: Option<String>,
}

/// Between which marks open models put their reasoning, in servers that leave it in the text.
const MARKS: [(&str, &str); 6] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
    (
        "<|channel|>analysis<|message|>",
        "<|channel|>final<|message|>",
    ),
];

/// Under which names servers put it beside the text.
const FIELDS: [&str; 2] = ["reasoning_content", "reasoning"];

impl Said {
    /// A text without reasoning.
    pub(super) fn plain(text: String) -> Self {
        Self {
            text,
            reasoning: None,
        }
    }

    /// A text that may begin with reasoning. Chat templates can open it in the prompt, so that the
    /// text has its end alone.
    fn of_text(text: &str) -> Self {
        let begun = text.trim_start();
        for (open, close) in MARKS {
            let inside = begun.strip_prefix(open);
            if let Some((reasoning, answer)) = inside.unwrap_or(begun).rsplit_once(close) {
                return Self {
                    text: answer.trim_start().to_owned(),
                    reasoning: Some(reasoning.trim().to_owned()),
                };
            }
            if let Some(unended) = inside {
                return Self {
                    text: String::new(),
                    reasoning: Some(unended.trim().to_owned()),
                };
            }
        }
        Self::plain(text.to_owned())
    }
}

/// What a message says, if its content is text or has parts that are.
pub(super) fn said(message: &Value) -> Option<Said> {
    let mut beside = FIELDS
        .iter()
        .filter_map(|field| message.get(field)?.as_str());
    let beside = beside.find(|text| !text.is_empty()).map(str::to_owned);
    let said = match message.get("content")? {
        Value::String(text) => Said::of_text(text),
        Value::Array(parts) => of_parts(parts)?,
        _ => return None,
    };
    Some(Said {
        reasoning: beside.or(said.reasoning),
        ..said
    })
}

/// The parts that are text, joined; the parts that are reasoning likewise.
fn of_parts(parts: &[Value]) -> Option<Said> {
    let (mut text, mut reasoning) = (None, String::new());
    for part in parts {
        match part.get("type").and_then(Value::as_str) {
            None | Some("text" | "output_text") => {
                let part = part.as_str().or_else(|| part.get("text")?.as_str())?;
                text.get_or_insert_with(String::new).push_str(part);
            }
            Some("thinking" | "reasoning") => reasoning.push_str(&all_text(part)),
            Some(_) => {}
        }
    }
    let said = Said::of_text(&text?);
    Some(Said {
        reasoning: said
            .reasoning
            .or((!reasoning.is_empty()).then_some(reasoning)),
        ..said
    })
}

/// Every text below a part but its type.
fn all_text(part: &Value) -> String {
    match part {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(all_text).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| *name != "type");
            fields.map(|(_, value)| all_text(value)).collect()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Messages as servers of 2025 and 2026 send them.
    #[test]
    fn answers_are_told_from_reasoning() {
        let part = |kind: &str, text: &str| json!({ "type": kind, "text": text });
        for (message, text, reasoning) in [
            (json!({ "content": "yes" }), "yes", None),
            (json!({ "content": " I <think> so" }), " I <think> so", None),
            (
                json!({ "content": "<think>\nno? yes\n</think>\n\nyes" }),
                "yes",
                Some("no? yes"),
            ),
            (
                json!({ "content": "\n<think>\n\n</think>\nno" }),
                "no",
                Some(""),
            ),
            (
                json!({ "content": "well </think> well\n</think>\nno" }),
                "no",
                Some("well </think> well"),
            ),
            (
                json!({ "content": "<think>let me see" }),
                "",
                Some("let me see"),
            ),
            (
                json!({ "content": "<thinking>a</thinking>unsure" }),
                "unsure",
                Some("a"),
            ),
            (
                json!({ "content": "<thought>a</thought> b" }),
                "b",
                Some("a"),
            ),
            (
                json!({ "content": "<reasoning>a</reasoning> b" }),
                "b",
                Some("a"),
            ),
            (json!({ "content": "[THINK]a[/THINK]b" }), "b", Some("a")),
            (
                json!({ "content": "<|channel|>analysis<|message|>a<|end|><|channel|>final<|message|>b" }),
                "b",
                Some("a<|end|>"),
            ),
            (
                json!({ "content": "yes", "reasoning_content": "why" }),
                "yes",
                Some("why"),
            ),
            (
                json!({ "content": "yes", "reasoning": "why" }),
                "yes",
                Some("why"),
            ),
            (
                json!({ "content": "yes", "reasoning": null, "reasoning_details": [] }),
                "yes",
                None,
            ),
            (
                json!({ "content": [part("text", "ye"), part("text", "s")] }),
                "yes",
                None,
            ),
            (
                json!({ "content": [part("output_text", "yes")] }),
                "yes",
                None,
            ),
            (json!({ "content": [{ "text": "yes" }] }), "yes", None),
            (json!({ "content": ["yes"] }), "yes", None),
            (
                json!({ "content": [part("reasoning", "why"), part("text", "no")] }),
                "no",
                Some("why"),
            ),
            (
                json!({ "content": [{ "type": "thinking", "thinking": [part("text", "why")] }, part("text", "no")] }),
                "no",
                Some("why"),
            ),
            (
                json!({ "content": [part("text", "<think>a</think>no"), { "type": "image" }] }),
                "no",
                Some("a"),
            ),
        ] {
            let found = said(&message).unwrap();
            assert_eq!(
                (found.text.as_str(), found.reasoning.as_deref()),
                (text, reasoning),
                "{message}"
            );
        }
        for message in [
            json!({}),
            json!({ "content": null, "reasoning_content": "why" }),
            json!({ "content": [] }),
            json!({ "content": [{ "type": "image" }] }),
            json!({ "content": [{ "type": "text", "text": 7 }] }),
            json!({ "content": 7 }),
        ] {
            assert_eq!(said(&message), None, "{message}");
        }
    }
}
