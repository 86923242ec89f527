//! A model behind a server.

use std::sync::atomic::{AtomicBool, Ordering};

use program::Failure;
use serde_json::{Map, Value};
use value_causal::bench::chat::{ChatClient, ChatQuestion, ChatSampling, Message, Reply};

pub(super) struct Served {
    client: ChatClient,
    /// Further fields of each request.
    extra: Map<String, Value>,
}

impl Served {
    pub(super) fn from_env(extra: Option<&str>) -> Result<Self, Failure> {
        let object = |text: &str| {
            serde_json::from_str(text).map_err(|why| {
                format!(
                    "--extra: expected a JSON object such as {{\"seed\": 1}}, found {text:?}: {why}"
                )
            })
        };
        let extra = extra.map(object).transpose()?;
        Ok(Self {
            client: ChatClient::from_env()?,
            extra: extra.unwrap_or_default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        self.client.model()
    }

    pub(super) fn asked_in(&self) -> String {
        match serde_json::to_string(&self.extra) {
            Ok(extra) if !self.extra.is_empty() => format!("a message with {extra}"),
            _ => "a message".to_owned(),
        }
    }

    /// Hands over the likeliest reply to each chat as it comes.
    pub(super) fn reply(
        &self,
        chats: &[Vec<Message>],
        max_tokens: u32,
        each: &mut dyn FnMut(usize, &Reply) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let questions = chats.iter().map(|chat| ChatQuestion::Chat(chat));
        let questions: Vec<ChatQuestion<'_>> = questions.collect();
        let sampling = ChatSampling {
            extra: self.extra.clone(),
            ..ChatSampling::greedy(max_tokens)
        };
        let stop = AtomicBool::new(false);
        let mut failure: Option<Failure> = None;
        self.client
            .ask_all(&questions, &sampling, &stop, |number, reply| {
                // What was under way when another failed is kept too: it may have been paid for.
                let handed_over = match reply {
                    Ok(reply) => each(number, reply),
                    Err(error) => Err(error.clone().into()),
                };
                if let Err(error) = handed_over {
                    stop.store(true, Ordering::Relaxed);
                    failure.get_or_insert(error);
                }
            });
        failure.map_or(Ok(()), Err)
    }
}
