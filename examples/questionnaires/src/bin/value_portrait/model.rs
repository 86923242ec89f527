//! Whoever answers.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use program::{Failure, remark};
use value_causal::bench::Prompt;
use value_causal::bench::chat::{ChatClient, ChatRespondent, ChatSampling};
use value_causal::bench::portrait::{PortraitItem, Query};
use value_causal::lens::{
    ChatTemplate, Engine, EngineOptions, Error, Lm, LoadOptions, Message, Request, Stop, device,
};

/// A model that can be asked.
pub struct Model {
    name: String,
    max_new_tokens: u32,
    form: Form,
}

enum Form {
    Local {
        lm: Box<Lm>,
        template: Option<ChatTemplate>,
    },
    Served(ChatRespondent),
}

/// An answer, or why there is none to this prompt.
pub struct Written {
    /// All that was written after the prompt.
    pub text: Result<String, String>,
    /// Tokens of prompt and answer; 0 where nobody says.
    pub tokens: [u64; 2],
    /// From being asked on.
    pub seconds: f64,
}

/// How likely a model finds a response behind its query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likely {
    /// The natural logarithm of its probability.
    pub log_probability: f64,
    /// Its tokens.
    pub tokens: usize,
}

impl Likely {
    /// The mean over its tokens.
    pub fn per_token(self) -> f64 {
        self.log_probability / self.tokens as f64
    }
}

impl Model {
    /// The model in a folder.
    ///
    /// # Errors
    /// The device is not there, model or chat template cannot be opened.
    pub fn local(
        folder: &Path,
        on: &str,
        chat: bool,
        max_new_tokens: u32,
    ) -> Result<Self, Failure> {
        let on = device(on).map_err(|error| format!("--device: {error}"))?;
        let template = chat.then(|| ChatTemplate::open(folder)).transpose()?;
        let lm = Lm::open(folder, &LoadOptions::default().device(on))?;
        Ok(Self {
            name: folder.display().to_string(),
            max_new_tokens,
            form: Form::Local {
                lm: Box::new(lm),
                template,
            },
        })
    }

    /// The model that the environment names, for the likeliest answers.
    ///
    /// # Errors
    /// The environment names none, or not in full.
    pub fn served(max_new_tokens: u32) -> Result<Self, Failure> {
        let client = ChatClient::from_env()?;
        let name = client.model().to_owned();
        let respondent = ChatRespondent::new(client, ChatSampling::greedy(max_new_tokens));
        Ok(Self {
            name,
            max_new_tokens,
            form: Form::Served(respondent),
        })
    }

    /// The folder, or the server's name of the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What else than the prompt an answer depends on.
    pub fn settings(&self) -> String {
        let chat = match &self.form {
            Form::Local { template: None, .. } => "a text",
            Form::Local { .. } => "a chat",
            Form::Served(_) => "a message",
        };
        format!("at most {} tokens, asked in {chat}", self.max_new_tokens)
    }

    /// Hands the answer to each prompt, by its place, to `each`.
    ///
    /// # Errors
    /// The model or its server cannot go on; the first failure of `each`.
    pub fn write(
        &mut self,
        prompts: &[String],
        each: &mut dyn FnMut(usize, Written) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let most = self.max_new_tokens as usize;
        match &mut self.form {
            Form::Local { lm, template } => {
                let texts = prompts
                    .iter()
                    .map(|prompt| in_chat(template.as_ref(), prompt));
                let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
                write_here(lm, &texts, most, each)
            }
            Form::Served(respondent) => ask_server(respondent, prompts, each),
        }
    }

    /// How likely a local model finds each item's response behind its query, in the order of the items: none where the two
    /// are too long for it. None at all of a served one.
    ///
    /// # Errors
    /// The model fails.
    pub fn likelihoods(
        &mut self,
        items: &[PortraitItem],
    ) -> Result<Option<Vec<Option<Likely>>>, Failure> {
        let Form::Local { lm, template } = &mut self.form else {
            return Ok(None);
        };
        let (mut requests, mut tokens) = (Vec::new(), Vec::new());
        for of_query in items.chunk_by(|a, b| a.query.id == b.query.id) {
            let before = behind(template.as_ref(), &of_query[0].query)?;
            let space = if template.is_some() { "" } else { " " };
            let responses: Vec<String> = of_query
                .iter()
                .map(|item| format!("{space}{}", item.text))
                .collect();
            for response in &responses {
                let ids = lm.tokenizer()?.encode_continuation(&before, response)?;
                tokens.push(ids.len());
            }
            let place = tokens.len() - responses.len();
            requests.push(Request::new(before).score(responses).tag(place));
        }
        let mut found = vec![None; items.len()];
        let mut failed = 0;
        for completion in Engine::new(lm, EngineOptions::default()).run(requests) {
            match completion {
                Ok(completion) => {
                    let places = completion.tag..;
                    for (place, &log_probability) in places.zip(&completion.log_probabilities) {
                        let tokens = tokens[place];
                        found[place] = Some(Likely {
                            log_probability,
                            tokens,
                        });
                    }
                }
                Err(Error::InRequest { source, .. }) => {
                    if failed == 0 {
                        remark(format_args!(
                            "note: a query is left out of the likelihoods: {source}"
                        ));
                    }
                    failed += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(found))
    }
}

fn in_chat(template: Option<&ChatTemplate>, text: &str) -> Result<String, Failure> {
    match template {
        Some(template) => Ok(template.render(&[Message::user(text)], true)?),
        None => Ok(text.to_owned()),
    }
}

/// What a response to a query stands behind: the query, as what somebody said to the model or as a text that is answered.
fn behind(template: Option<&ChatTemplate>, query: &Query) -> Result<String, Failure> {
    let title = query
        .title
        .as_deref()
        .map_or(String::new(), |title| format!("{title}\n\n"));
    let text = format!("{title}{}", query.text);
    match template {
        Some(_) => in_chat(template, &text),
        None => Ok(format!("{text}\n\nResponse:")),
    }
}

fn write_here(
    lm: &Lm,
    texts: &[String],
    most: usize,
    each: &mut dyn FnMut(usize, Written) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let asked = Instant::now();
    let requests = texts.iter().enumerate().map(|(place, text)| {
        let request = Request::new(text.clone()).stop(Stop::after(most));
        request.tag(place)
    });
    for completion in Engine::new(lm, EngineOptions::default()).run(requests) {
        let seconds = asked.elapsed().as_secs_f64();
        match completion {
            Ok(found) => {
                let tokens = [found.prompt_tokens as u64, found.tokens.len() as u64];
                let text = Ok(found.text);
                each(
                    found.tag,
                    Written {
                        text,
                        tokens,
                        seconds,
                    },
                )?;
            }
            Err(Error::InRequest { number, source }) => {
                let (text, tokens) = (Err(source.to_string()), [0, 0]);
                each(
                    number,
                    Written {
                        text,
                        tokens,
                        seconds,
                    },
                )?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn ask_server(
    respondent: &ChatRespondent,
    prompts: &[String],
    each: &mut dyn FnMut(usize, Written) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let prompt = |text: &String| Prompt {
        text: text.clone(),
        steered: 0..0,
    };
    let prompts: Vec<Prompt> = prompts.iter().map(prompt).collect();
    let stop = AtomicBool::new(false);
    let mut failure: Option<Failure> = None;
    respondent.answer_all(&prompts, &stop, |place, reply| {
        let handed_over = match reply {
            Ok(reply) => {
                let tokens = [reply.prompt_tokens, reply.completion_tokens].map(|n| n.unwrap_or(0));
                let (text, seconds) = (Ok(reply.text.clone()), reply.took.as_secs_f64());
                each(
                    place,
                    Written {
                        text,
                        tokens,
                        seconds,
                    },
                )
            }
            Err(error) => Err(error.clone().into()),
        };
        if let Err(error) = handed_over {
            stop.store(true, Ordering::Relaxed);
            failure.get_or_insert(error);
        }
    });
    failure.map_or(Ok(()), Err)
}
