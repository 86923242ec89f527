use std::path::PathBuf;

use clap::Args;
use program::Failure;
use value_causal::bench::chat::{Message, Reply};
use value_causal::bench::journal::prompt_hash;

#[cfg(feature = "lens")]
use super::local::Local;
use super::served::Served;

/// Tokens of a choice at most: a letter or a number is asked for, and some say more.
const MAX_TOKENS: u32 = 64;

/// Whom to ask.
#[derive(Args, Clone, Debug, Default)]
pub struct Whom {
    /// Ask this model here: a folder in the layout of Hugging Face, or a name (org/name). Where only some answers can be
    /// given, its likeliest counts. Needs the feature lens.
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Where the model computes: cpu, cuda or cuda:N.
    #[arg(
        long,
        default_value = "cpu",
        requires = "model",
        conflicts_with = "served"
    )]
    pub device: String,
    /// Ask the model in plain text, also where it has a chat template of its own.
    #[arg(long, requires = "model", conflicts_with = "served")]
    pub plain: bool,
    /// Ask the model behind the server that OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY name.
    #[arg(long, conflicts_with = "model")]
    pub served: bool,
    /// Further fields of each request to the server, as a JSON object.
    #[arg(
        long,
        value_name = "JSON",
        requires = "served",
        conflicts_with = "model"
    )]
    pub extra: Option<String>,
}

/// A model that answers.
pub struct Speaker {
    name: String,
    /// What tells it from others of that name.
    mark: String,
    kind: Kind,
}

enum Kind {
    Served(Served),
    #[cfg(feature = "lens")]
    Here(Box<Local>),
}

/// An answer, or why there is none to this prompt.
pub struct Written {
    /// All that was written behind the prompt.
    pub text: Result<String, String>,
    /// Tokens of prompt and answer; 0 where nobody says.
    pub tokens: [u64; 2],
    /// From being asked on.
    pub seconds: f64,
}

/// How likely a model finds a response behind what it responds to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likely {
    /// The natural logarithm of its probability.
    pub log_probability: f64,
    /// Its tokens.
    pub tokens: usize,
}

impl Likely {
    /// The mean over its tokens.
    #[must_use]
    pub fn per_token(self) -> f64 {
        self.log_probability / self.tokens as f64
    }
}

/// What the choice in a chat is handed over to, with the number of the chat.
pub(super) type EachChoice<'a> = dyn FnMut(usize, &str) -> Result<(), Failure> + 'a;

/// What an answer is handed over to, with the number of its prompt.
pub(super) type EachWritten<'a> = dyn FnMut(usize, Written) -> Result<(), Failure> + 'a;

impl Whom {
    /// Refuses a model that nothing is asked.
    ///
    /// # Errors
    /// One is named.
    pub fn check_nobody(&self) -> Result<(), Failure> {
        match self.model.is_some() || self.served {
            true => Err("--model, --served: expected --ask beside them, found none".into()),
            false => Ok(()),
        }
    }
}

impl Speaker {
    /// The model that is meant.
    ///
    /// # Errors
    /// None is meant, it cannot be opened, or the environment names no server.
    pub fn open(whom: &Whom) -> Result<Self, Failure> {
        match &whom.model {
            Some(folder) => Self::here(folder, whom),
            None if whom.served => {
                let served = Served::from_env(whom.extra.as_deref())?;
                Ok(Self {
                    name: served.name().to_owned(),
                    mark: served.name().to_owned(),
                    kind: Kind::Served(served),
                })
            }
            None => Err("whom to ask: expected --model FOLDER or --served".into()),
        }
    }

    #[cfg(feature = "lens")]
    fn here(folder: &std::path::Path, whom: &Whom) -> Result<Self, Failure> {
        let named = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = named.file_name().unwrap_or(folder.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            mark: digits(&super::local::mark(folder)?),
            kind: Kind::Here(Box::new(Local::open(folder, &whom.device, whom.plain)?)),
        })
    }

    #[cfg(not(feature = "lens"))]
    fn here(_: &std::path::Path, _: &Whom) -> Result<Self, Failure> {
        Err("--model: this program was built without the feature lens, which runs models".into())
    }

    /// What the model is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A few digits that are others where the model, the way in which it is asked or the text is another.
    #[must_use]
    pub fn asked(&self, text: &str) -> String {
        digits(&[&self.mark, &self.asked_in(), text].join("\n"))
    }

    /// What a prompt is put into, in words.
    #[must_use]
    pub fn asked_in(&self) -> String {
        match &self.kind {
            Kind::Served(served) => served.asked_in(),
            #[cfg(feature = "lens")]
            Kind::Here(local) => local.asked_in().to_owned(),
        }
    }

    /// Puts chats to the model and hands over each choice as it comes. A served model writes; of a model here the likeliest
    /// of the answers `among` is taken, and an empty text where two are the likeliest.
    ///
    /// # Errors
    /// The server refuses or cannot be had, a chat does not fit into the model, or `each` fails; answers handed over before
    /// stay valid.
    #[cfg_attr(not(feature = "lens"), expect(unused_variables))]
    pub fn choose(
        &self,
        chats: &[Vec<Message>],
        among: &[String],
        each: &mut EachChoice<'_>,
    ) -> Result<(), Failure> {
        match &self.kind {
            Kind::Served(served) => served.reply(chats, MAX_TOKENS, &mut |number, reply| {
                each(number, &reply.text)
            }),
            #[cfg(feature = "lens")]
            Kind::Here(local) => local.choose(chats, among, each),
        }
    }

    /// Hands over what the model writes behind each prompt, of so many tokens at most, as it comes. A prompt that does not
    /// fit into a model here has no answer.
    ///
    /// # Errors
    /// The model or its server cannot go on, or `each` fails; answers handed over before stay valid.
    pub fn write(
        &self,
        prompts: &[String],
        max_tokens: u32,
        each: &mut EachWritten<'_>,
    ) -> Result<(), Failure> {
        match &self.kind {
            Kind::Served(served) => {
                let chats = prompts.iter().map(|prompt| vec![Message::user(&**prompt)]);
                let chats: Vec<Vec<Message>> = chats.collect();
                served.reply(&chats, max_tokens, &mut |number, reply| {
                    each(number, Written::of(reply))
                })
            }
            #[cfg(feature = "lens")]
            Kind::Here(local) => local.write(prompts, max_tokens, each),
        }
    }

    /// How likely a model here finds each of the responses behind what it responds to, which comes before them: none where
    /// both are too long for it. None at all of a served one.
    ///
    /// # Errors
    /// The model fails.
    #[cfg_attr(not(feature = "lens"), expect(unused_variables))]
    pub fn likelihoods(
        &self,
        responses: &[(String, Vec<&str>)],
    ) -> Result<Option<Vec<Vec<Option<Likely>>>>, Failure> {
        match &self.kind {
            Kind::Served(_) => Ok(None),
            #[cfg(feature = "lens")]
            Kind::Here(local) => local.likelihoods(responses).map(Some),
        }
    }
}

/// The first digits of the text's SHA-256.
fn digits(text: &str) -> String {
    let hash = prompt_hash(text);
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Written {
    fn of(reply: &Reply) -> Self {
        Self {
            text: Ok(reply.text.clone()),
            tokens: [reply.prompt_tokens, reply.completion_tokens].map(|n| n.unwrap_or(0)),
            seconds: reply.took.as_secs_f64(),
        }
    }
}
