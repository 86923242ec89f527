//! A model that is asked in this process.

use std::path::Path;

use program::{Failure, remark};
use value_causal::bench::chat::{ChatRole, Message};
use value_causal::lens::{
    ChatTemplate, Engine, EngineOptions, Lm, LoadOptions, Message as Spoken, Request, device,
};

use super::speaker::Each;

/// A model with its own way to chat, if it has one.
pub(super) struct Local {
    lm: Lm,
    template: Option<ChatTemplate>,
}

impl Local {
    pub(super) fn open(folder: &Path, on: &str) -> Result<Self, Failure> {
        let device = device(on).map_err(|error| format!("--device: {error}"))?;
        let lm = Lm::open(folder, &LoadOptions::default().device(device))?;
        let template = ChatTemplate::open(folder);
        if let Err(why) = &template {
            remark(format_args!(
                "note: asked in plain text, without a chat template: {why}"
            ));
        }
        Ok(Self {
            lm,
            template: template.ok(),
        })
    }

    pub(super) fn answer(
        &self,
        chats: &[Vec<Message>],
        among: &[String],
        each: &mut Each<'_>,
    ) -> Result<(), Failure> {
        // A template ends where the answer begins; plain text ends with a word.
        let space = if self.template.is_some() { "" } else { " " };
        let candidates: Vec<String> = among
            .iter()
            .map(|answer| format!("{space}{answer}"))
            .collect();
        let mut requests = Vec::with_capacity(chats.len());
        for (number, chat) in chats.iter().enumerate() {
            let request = Request::new(self.prompt(chat)?);
            requests.push(request.score(candidates.iter().cloned()).tag(number));
        }
        for completion in Engine::new(&self.lm, EngineOptions::default()).run(requests) {
            let completion = completion?;
            let likeliest = likeliest(&completion.log_probabilities);
            each(
                completion.tag,
                likeliest.map_or("", |best| among[best].as_str()),
            )?;
        }
        Ok(())
    }

    fn prompt(&self, chat: &[Message]) -> Result<String, Failure> {
        let Some(template) = &self.template else {
            return Ok(plain(chat));
        };
        let spoken = chat.iter().map(|message| match message.role {
            ChatRole::System => Spoken::system(&*message.text),
            ChatRole::User => Spoken::user(&*message.text),
            ChatRole::Assistant => Spoken::assistant(&*message.text),
        });
        Ok(template.render(&spoken.collect::<Vec<_>>(), true)?)
    }
}

/// Questions with their answers, up to where the last one begins.
fn plain(chat: &[Message]) -> String {
    let part = |message: &Message| match message.role {
        ChatRole::Assistant => format!(" {}\n\n", message.text),
        ChatRole::System => format!("{}\n\n", message.text),
        ChatRole::User => format!("{}\n\nAnswer:", message.text),
    };
    chat.iter().map(part).collect()
}

/// The place of the highest number, if no other is as high.
fn likeliest(log_probabilities: &[f64]) -> Option<usize> {
    let highest = log_probabilities
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let mut best = (0..log_probabilities.len()).filter(|&at| log_probabilities[at] == highest);
    best.next().filter(|_| best.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_as_likely_neither_is_the_answer() {
        assert_eq!(likeliest(&[-2.0, -0.5, -3.0]), Some(1));
        assert_eq!(likeliest(&[-0.5, -2.0, -0.5]), None);
        assert_eq!(likeliest(&[]), None);
    }

    #[test]
    fn plain_text_ends_where_the_answer_begins() {
        let chat = [
            Message::user("One?"),
            Message::assistant("A"),
            Message::user("Two?"),
        ];
        assert_eq!(plain(&chat), "One?\n\nAnswer: A\n\nTwo?\n\nAnswer:");
    }
}
