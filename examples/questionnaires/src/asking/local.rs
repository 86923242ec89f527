//! A model that is asked in this process.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Instant;

use program::{Failure, remark};
use value_causal::bench::chat::{ChatRole, Message};
use value_causal::lens::{
    ChatTemplate, Engine, EngineOptions, Error, Lm, LoadOptions, Message as Spoken, Request, Stop,
    device,
};

use super::speaker::{EachChoice, EachWritten, Likely, Written};

/// A model with its own way to chat, if it has one.
pub(super) struct Local {
    lm: Lm,
    template: Option<ChatTemplate>,
}

impl Local {
    pub(super) fn open(folder: &Path, on: &str, plain: bool) -> Result<Self, Failure> {
        let device = device(on).map_err(|error| format!("--device: {error}"))?;
        let lm = Lm::open(folder, &LoadOptions::default().device(device))?;
        let template = (!plain).then(|| ChatTemplate::open(folder));
        if let Some(Err(why)) = &template {
            remark(format_args!(
                "note: asked in plain text, without a chat template: {why}"
            ));
        }
        Ok(Self {
            lm,
            template: template.and_then(Result::ok),
        })
    }

    pub(super) fn asked_in(&self) -> &'static str {
        match self.template {
            Some(_) => "a chat",
            None => "a text",
        }
    }

    pub(super) fn choose(
        &self,
        chats: &[Vec<Message>],
        among: &[String],
        each: &mut EachChoice<'_>,
    ) -> Result<(), Failure> {
        let candidates: Vec<String> = among.iter().map(|answer| self.behind(answer)).collect();
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

    /// A prompt without a chat template stands as it is: it says itself where its answer begins.
    pub(super) fn write(
        &self,
        prompts: &[String],
        max_tokens: u32,
        each: &mut EachWritten<'_>,
    ) -> Result<(), Failure> {
        let asked = Instant::now();
        let mut requests = Vec::with_capacity(prompts.len());
        for (number, prompt) in prompts.iter().enumerate() {
            let text = match &self.template {
                Some(template) => template.render(&[Spoken::user(prompt.as_str())], true)?,
                None => prompt.clone(),
            };
            let request = Request::new(text).stop(Stop::after(max_tokens as usize));
            requests.push(request.tag(number));
        }
        for completion in Engine::new(&self.lm, EngineOptions::default()).run(requests) {
            let (number, text, tokens) = match completion {
                Ok(found) => {
                    let tokens = [found.prompt_tokens as u64, found.tokens.len() as u64];
                    (found.tag, Ok(found.text), tokens)
                }
                Err(Error::InRequest { number, source }) => {
                    (number, Err(source.to_string()), [0, 0])
                }
                Err(error) => return Err(error.into()),
            };
            let seconds = asked.elapsed().as_secs_f64();
            each(
                number,
                Written {
                    text,
                    tokens,
                    seconds,
                },
            )?;
        }
        Ok(())
    }

    pub(super) fn likelihoods(
        &self,
        responses: &[(String, Vec<&str>)],
    ) -> Result<Vec<Vec<Option<Likely>>>, Failure> {
        let (mut requests, mut tokens) = (Vec::new(), Vec::new());
        for (number, (before, responses)) in responses.iter().enumerate() {
            let before = self.prompt(&[Message::user(before.as_str())])?;
            let responses: Vec<String> = responses.iter().map(|text| self.behind(text)).collect();
            let length = |response: &String| {
                let ids = self
                    .lm
                    .tokenizer()?
                    .encode_continuation(&before, response)?;
                Ok(ids.len())
            };
            tokens.push(
                responses
                    .iter()
                    .map(length)
                    .collect::<Result<Vec<usize>, Failure>>()?,
            );
            requests.push(Request::new(before).score(responses).tag(number));
        }
        let mut found: Vec<Vec<Option<Likely>>> =
            tokens.iter().map(|of| vec![None; of.len()]).collect();
        let mut failed = 0;
        for completion in Engine::new(&self.lm, EngineOptions::default()).run(requests) {
            match completion {
                Ok(completion) => {
                    let tokens = &tokens[completion.tag];
                    let likely = completion.log_probabilities.iter().zip(tokens);
                    let likely = likely.map(|(&log_probability, &tokens)| {
                        Some(Likely {
                            log_probability,
                            tokens,
                        })
                    });
                    found[completion.tag] = likely.collect();
                }
                Err(Error::InRequest { source, .. }) => {
                    if failed == 0 {
                        remark(format_args!(
                            "note: responses are left out of the likelihoods: {source}"
                        ));
                    }
                    failed += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if failed > 1 {
            remark(format_args!("note: so are those to {} more", failed - 1));
        }
        Ok(found)
    }

    /// A text as it stands behind a prompt: a template ends where the answer begins, plain text ends with a word.
    fn behind(&self, text: &str) -> String {
        let space = if self.template.is_some() { "" } else { " " };
        format!("{space}{text}")
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

/// What tells the checkpoint in a folder from others: the sizes, beginnings and ends of its weights, settings and tokenizer. A
/// model by name is told by that.
pub(super) fn mark(folder: &Path) -> Result<String, Failure> {
    /// Bytes that are read at either end of a file.
    const ENDS: u64 = 1 << 16;
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    if !folder.is_dir() {
        return Ok(folder.display().to_string());
    }
    let files = std::fs::read_dir(folder).map_err(named)?;
    let mut files: Vec<_> = files.collect::<Result<_, _>>().map_err(named)?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    let mut all = String::new();
    let is_of_model = |path: &Path| {
        let kind = path.extension().unwrap_or_default();
        path.is_file()
            && ["json", "safetensors", "jinja", "model"]
                .iter()
                .any(|of| kind == *of)
    };
    for file in files.iter().filter(|file| is_of_model(&file.path())) {
        let mut open = std::fs::File::open(file.path()).map_err(named)?;
        let length = open.metadata().map_err(named)?.len();
        let mut ends = Vec::new();
        for start in [0, length.saturating_sub(ENDS)] {
            open.seek(SeekFrom::Start(start)).map_err(named)?;
            open.by_ref()
                .take(ENDS)
                .read_to_end(&mut ends)
                .map_err(named)?;
        }
        all += &format!("{:?} {length} {ends:?}\n", file.file_name());
    }
    Ok(all)
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
