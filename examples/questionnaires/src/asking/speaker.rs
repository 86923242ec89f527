use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use program::Failure;
use value_causal::bench::chat::{ChatClient, ChatQuestion, ChatSampling, Message};

#[cfg(feature = "lens")]
use super::local::Local;

/// Tokens of an answer at most: a letter or a number is asked for, and some say more.
const MAX_TOKENS: u32 = 64;

/// Whom to ask.
#[derive(Args, Clone, Debug, Default)]
pub struct Whom {
    /// Ask the model in this folder, here; of the answers that there can be its likeliest counts. Needs the feature lens.
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Where the model in the folder computes: cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu", requires = "model")]
    pub device: String,
    /// Ask the model behind the server that OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY name.
    #[arg(long, conflicts_with = "model")]
    pub served: bool,
    /// Further fields of each request to the server, as a JSON object.
    #[arg(long, value_name = "JSON", requires = "served")]
    pub extra: Option<String>,
}

/// A model that answers in a few words.
pub struct Speaker {
    name: String,
    kind: Kind,
}

enum Kind {
    Served(ChatClient, ChatSampling),
    #[cfg(feature = "lens")]
    Here(Box<Local>),
}

/// What an answer is handed over to, with the number of its question.
pub type Each<'a> = dyn FnMut(usize, &str) -> Result<(), Failure> + 'a;

impl Speaker {
    /// The model that is meant.
    ///
    /// # Errors
    /// None is meant, it cannot be opened, or the environment names no server.
    pub fn open(whom: &Whom) -> Result<Self, Failure> {
        match &whom.model {
            Some(folder) => Self::here(folder, &whom.device),
            None if whom.served => Self::served(whom.extra.as_deref()),
            None => Err("whom to ask: expected --model FOLDER or --served".into()),
        }
    }

    fn served(extra: Option<&str>) -> Result<Self, Failure> {
        let extra = extra.map(serde_json::from_str).transpose();
        let client = ChatClient::from_env()?;
        Ok(Self {
            name: client.model().to_owned(),
            kind: Kind::Served(
                client,
                ChatSampling {
                    extra: extra
                        .map_err(|error| format!("--extra: {error}"))?
                        .unwrap_or_default(),
                    ..ChatSampling::greedy(MAX_TOKENS)
                },
            ),
        })
    }

    #[cfg(feature = "lens")]
    fn here(folder: &std::path::Path, device: &str) -> Result<Self, Failure> {
        let named = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = named.file_name().unwrap_or(folder.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            kind: Kind::Here(Box::new(Local::open(folder, device)?)),
        })
    }

    #[cfg(not(feature = "lens"))]
    fn here(_: &std::path::Path, _: &str) -> Result<Self, Failure> {
        Err("--model: this program was built without the feature lens, which runs models".into())
    }

    /// What the model is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts chats to the model and hands over each answer as it comes. A served model writes; of a model here the likeliest
    /// of the answers `among` is taken, and an empty text where two are the likeliest.
    ///
    /// # Errors
    /// The server refuses or cannot be had, a chat does not fit into the model, or `each` fails; answers handed over before
    /// stay valid.
    #[cfg_attr(not(feature = "lens"), expect(unused_variables))]
    pub fn answer(
        &self,
        chats: &[Vec<Message>],
        among: &[String],
        each: &mut Each<'_>,
    ) -> Result<(), Failure> {
        match &self.kind {
            Kind::Served(client, sampling) => written(client, sampling, chats, each),
            #[cfg(feature = "lens")]
            Kind::Here(local) => local.answer(chats, among, each),
        }
    }
}

fn written(
    client: &ChatClient,
    sampling: &ChatSampling,
    chats: &[Vec<Message>],
    each: &mut Each<'_>,
) -> Result<(), Failure> {
    let questions: Vec<ChatQuestion<'_>> =
        chats.iter().map(|chat| ChatQuestion::Chat(chat)).collect();
    let stop = AtomicBool::new(false);
    let mut failure: Option<Failure> = None;
    client.ask_all(&questions, sampling, &stop, |number, reply| {
        // What was under way when another failed is kept too: it may have been paid for.
        let handed_over = match reply {
            Ok(reply) => each(number, &reply.text),
            Err(error) => Err(error.clone().into()),
        };
        if let Err(error) = handed_over {
            stop.store(true, Ordering::Relaxed);
            failure.get_or_insert(error);
        }
    });
    failure.map_or(Ok(()), Err)
}
