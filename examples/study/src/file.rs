//! The study file (TOML): everything that a study leaves to choose.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use value_causal::bench::{Centring, Scale, ScaleError};

use super::server::Server;
use reproduce::experiment::{Figures, GraphRows, Test};

/// A study file. Paths are relative to the data folder, which is that of the file unless another is named.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StudyFile {
    /// The model, as titles print it.
    pub name: String,
    /// The model.
    pub model: Model,
    /// What is asked.
    pub questionnaire: Asks,
    /// Who is asked.
    pub roles: Roles,
    /// In which words.
    #[serde(default)]
    pub prompt: Words,
    /// Which items each role meets.
    #[serde(default)]
    pub sampling: Sampling,
    /// Which features are steered, and how; none without it.
    pub steering: Option<Steering>,
    /// Explicit instructions; none without it.
    pub instructions: Option<Instructions>,
    /// How answers end and are judged.
    #[serde(default)]
    pub judging: Judging,
    /// How the device is used; no choice here changes an answer in f32.
    #[serde(default)]
    pub batch: Batch,
    /// What is made of the answers beyond tables.
    pub analysis: Option<Analysis>,
}

/// The model.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its folder, in the layout of Hugging Face; where there is none, its name on the hub, `org/name[@revision]`.
    pub folder: Option<PathBuf>,
    /// In the place of a folder: how a model behind an OpenAI-compatible server gets its prompts. `OPENAI_BASE_URL`,
    /// `OPENAI_MODEL` and `OPENAI_API_KEY` say which model. It cannot be steered.
    pub served: Option<Served>,
    /// How its server is asked.
    pub server: Option<Server>,
    /// `cpu`, `cuda` or `cuda:N`.
    #[serde(default = "cpu")]
    pub device: String,
    /// `f32`, `bf16` or `f16`; that of the file unless set.
    pub precision: Option<String>,
    /// Another base of the rotary embedding than the model's own.
    pub rope_theta: Option<f64>,
}

/// How a served model gets its prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Served {
    /// As a message of the user.
    Message,
    /// As a text to go on with, where the server can do that.
    Text,
}

/// The questionnaire.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Asks {
    /// CSV in ValueBench's format.
    pub file: PathBuf,
    /// CSV with the values' definitions, which instructions quote.
    pub definitions: Option<PathBuf>,
    /// The values; all that have `at_least` items unless set.
    pub values: Option<Vec<String>>,
    /// The fewest items of a value.
    #[serde(default = "one")]
    pub at_least: usize,
    /// Share of each value's items that training roles are asked; the others are for test roles.
    #[serde(default = "train_share")]
    pub train: f64,
    /// Whether training and test roles are asked the same items, all of them, in the place of that split.
    #[serde(default, skip_serializing_if = "is_released")]
    pub undivided: bool,
    /// Seed of that split.
    #[serde(default)]
    pub seed: u64,
    /// How items are answered whose line in the file does not say it, in the words of [`Scale`]; with yes or no unless set.
    pub scale: Option<String>,
}

impl Asks {
    /// How items are answered whose line in the file does not say it.
    ///
    /// # Errors
    /// What is no scale.
    pub fn scale(&self) -> Result<Scale, ScaleError> {
        self.scale.as_deref().map_or(Ok(Scale::YesNo), str::parse)
    }
}

/// The roles: two files in the released layout, or made from a seed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Roles that the graph is discovered from.
    pub train: Option<PathBuf>,
    /// Roles that it is tested on.
    pub test: Option<PathBuf>,
    /// How to make them, where there are no files.
    pub made: Option<MadeRoles>,
    /// Whether the empty role, the model as itself, comes first in both sets.
    #[serde(default = "yes")]
    pub empty: bool,
}

/// The most roles that are made, of training and test together.
const MOST_ROLES: usize = 1_000_000;

/// Roles made from a seed. `run_study` writes them beside its journal.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MadeRoles {
    /// The seed.
    pub seed: u64,
    /// How many for training.
    pub train: usize,
    /// How many for the test.
    pub test: usize,
}

/// The words of the prompts.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// `plain`, `llama3`, `chat`, or the file of a minijinja template.
    pub template: Template,
    /// How a chat is led, with the template `chat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<Chat>,
    /// How a role is introduced.
    pub role: RoleWords,
    /// How an instruction is given.
    pub instruction: InstructionWords,
    /// The steered phrase; " your values" unless set.
    pub steered: Option<String>,
    /// Which of the two worked examples comes first.
    #[serde(skip_serializing_if = "is_released")]
    pub examples: Examples,
}

/// Which of the two worked examples comes first. See `ExampleOrder`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Examples {
    /// The one that ends in yes, as released.
    #[default]
    YesFirst,
    /// The one that ends in no.
    NoFirst,
    /// Half of the prompts either way: roles take turns on each item, and items on each role.
    Balanced,
}

/// A template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Template {
    /// The paper's for Gemma.
    #[default]
    Plain,
    /// The paper's for Llama 3.
    Llama3,
    /// The model's own chat template.
    Chat,
    /// A file.
    File(PathBuf),
}

/// How a chat is led: perhaps a system message, then the user's with the question, then the beginning of the model's.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chat {
    /// The file of a minijinja template that makes the user's message; unless set it is the paper's text up to the question.
    pub message: Option<PathBuf>,
    /// The system message; none unless set. Some templates write one of their own, and some refuse any.
    pub system: Option<String>,
    /// What the model's turn begins with, behind all that its template writes.
    pub begins: String,
    /// Which template, of a model that has several.
    pub name: String,
    /// Variables of the template, such as `enable_thinking = false`.
    pub variables: BTreeMap<String, serde_json::Value>,
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            message: None,
            system: None,
            begins: "Thought:".to_owned(),
            name: "default".to_owned(),
            variables: BTreeMap::new(),
        }
    }
}

/// See `RoleWording`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleWords {
    /// The published one.
    #[default]
    Trait,
    /// "Note: You are ...".
    Note,
    /// "Note that you are role-playing ...".
    RolePlay,
}

/// See `InstructionWording`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InstructionWords {
    /// The released code's.
    #[default]
    Released,
    /// The paper's.
    Paper,
}

/// Which items a role is asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sampling {
    /// Share of a value's training items that a training role is asked.
    pub train: f64,
    /// Share of a value's test items that a test role is asked.
    pub test: f64,
    /// The seed of the draw. Unless set, roles with draws of their own draw as in the released code, and one for all has
    /// the seed 0.
    pub seed: Option<u64>,
    /// Who shares a draw.
    #[serde(skip_serializing_if = "is_released")]
    pub draw: DrawnFor,
}

/// Who shares a draw of items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DrawnFor {
    /// Nobody: each role has its own, as in the released code, so that roles differ by what they are asked.
    #[default]
    Role,
    /// All roles: they are asked the same items of a value.
    All,
}

/// Journals begun before there was a choice name none.
fn is_released<T: Default + PartialEq>(choice: &T) -> bool {
    *choice == T::default()
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            train: 0.4,
            test: 1.0,
            seed: None,
            draw: DrawnFor::Role,
        }
    }
}

/// Steering by features of a sparse autoencoder.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Steering {
    /// File or folder of the autoencoder; where there is none, its name: SAELens's `release/id`, or `org/name[@revision]/path`.
    pub sae: PathBuf,
    /// Hook point by TransformerLens's name; the autoencoder's own unless set.
    pub at: Option<String>,
    /// Which features.
    pub features: Features,
    /// How many of the training roles are steered, from the first on; all unless set. Test roles all are.
    pub roles: Option<usize>,
    /// What is done to them.
    #[serde(default)]
    pub mode: Mode,
    /// By how much: times the direction, as a share of the activation's length, as a factor, or as a value, by mode.
    #[serde(default)]
    pub dose: f64,
    /// In which passes.
    #[serde(default)]
    pub passes: SteeredPasses,
    /// Whether what the autoencoder cannot express stays.
    #[serde(default = "yes")]
    pub keep_error: bool,
}

/// Which features.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a list of features' numbers or { top = N }"
)]
pub enum Features {
    /// These.
    List(Vec<u64>),
    /// The most active ones over the steered phrase, in the prompt without a role and a question.
    Top {
        /// How many.
        top: usize,
    },
}

/// What is done to a feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Its direction is added, `dose` times: what the released code does.
    #[default]
    Add,
    /// Its unit direction is added, `dose` times the activation's length.
    AddOfNorm,
    /// Its activation is multiplied by `dose`: what the paper's text says.
    Scale,
    /// Its activation is set to `dose`.
    Clamp,
    /// Its activation is set to zero.
    Ablate,
}

/// In which passes steering acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SteeredPasses {
    /// The prompt's.
    #[default]
    Prompt,
    /// Those of new tokens.
    Decode,
    /// All.
    Every,
}

/// Explicit instructions to test roles, inclined and disinclined, for each value.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Instructions {
    /// Which items are asked under an instruction.
    pub ask: InstructedItems,
    /// How many of the test roles are instructed, from the first on; all unless set. Table 3 wants all.
    pub roles: Option<usize>,
}

/// Which items are asked under an instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InstructedItems {
    /// Those of the value instructed: what the paper measures.
    #[default]
    Own,
    /// All, so that one sees what else moves.
    All,
}

/// How answers end and are judged.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Judging {
    /// Whether the model writes to its end.
    pub mode: JudgingMode,
    /// The most tokens of an answer.
    pub max_new_tokens: usize,
    /// Who judges what the rules leave open, and thoughts.
    pub judge: JudgedBy,
    /// How a served judge goes about it, also one that comes later.
    #[serde(skip_serializing_if = "is_released")]
    pub like: Like,
    /// How its server is asked.
    pub server: Option<Server>,
    /// By what it draws its reply; unless set, temperature 0 and 16 tokens, or what the server does for a judge like the
    /// released one.
    pub sampling: Option<JudgeSampling>,
    /// What an answer that no judge decides counts for.
    pub open: Open,
    /// Whether thoughts are judged too, for table 2.
    pub thoughts: bool,
    /// What is taken for a yes and a no, in the mode that reads answers off from their likelihood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<YesAndNo>,
    /// How many of the training roles write, too, from the first on, in the mode that does both; all unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_roles: Option<usize>,
    /// What is taken away from the scores of each setting, in tables beside those of the scores as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centre: Option<Centre>,
}

/// What is taken for a yes and a no. Of items that are rated their own spellings are taken.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct YesAndNo {
    /// Spellings of yes, whose probabilities add up; each mostly begins with the space in front of it.
    #[serde(default)]
    pub yes: Vec<String>,
    /// Spellings of no.
    #[serde(default)]
    pub no: Vec<String>,
    /// What stands between the prompt and the answer. The built-in templates end where a thought is to be written.
    #[serde(default = "answer")]
    pub after: String,
    /// Orientations are told in so many parts of 1, and differences that are smaller count for none; as they are unless
    /// set, when no two are ever the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<NonZeroU32>,
}

impl Default for YesAndNo {
    fn default() -> Self {
        Self {
            yes: Vec::new(),
            no: Vec::new(),
            after: answer(),
            resolution: None,
        }
    }
}

/// Where a journal's manifest has it.
pub(super) const RESOLUTION: &str = "judging.likelihood.resolution";

impl YesAndNo {
    /// The texts whose likelihood is read off for an item on this scale: yes, then no; or the spellings of the ratings, each
    /// with a space in front of it.
    #[must_use]
    pub fn candidates(&self, scale: &Scale) -> Vec<String> {
        match scale {
            Scale::YesNo => self.yes.iter().chain(&self.no).cloned().collect(),
            Scale::Ratings(scale) => {
                let spellings = scale.spellings().iter();
                spellings
                    .map(|(spelling, _)| format!(" {spelling}"))
                    .collect()
            }
        }
    }

    fn fault(&self) -> Option<String> {
        let all: Vec<&String> = self.yes.iter().chain(&self.no).collect();
        if self.yes.is_empty() != self.no.is_empty() {
            return Some("expected spellings of both yes and no, found none of one".to_owned());
        }
        let pairs = all.iter().enumerate().flat_map(|(i, a)| {
            let others = all.iter().enumerate().filter(move |(j, _)| *j != i);
            others.map(move |(_, b)| (*a, *b))
        });
        let mut nested = pairs.filter(|(a, b)| b.starts_with(a.as_str()));
        let (a, b) = nested.next()?;
        Some(format!(
            "expected spellings of which none begins another, so that none counts twice, found {a:?} and {b:?}"
        ))
    }
}

/// What is taken away from the scores of each setting. See `Centring`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Centre {
    /// Its mean score over all items.
    Items,
    /// Its mean answer over all items, whichever way they are keyed.
    YesSaying,
}

impl From<Centre> for Centring {
    fn from(centre: Centre) -> Self {
        match centre {
            Centre::Items => Self::Items,
            Centre::YesSaying => Self::YesSaying,
        }
    }
}

/// By what a served judge draws its reply. What is not set is not sent: models that reason first refuse a temperature,
/// and want more tokens.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeSampling {
    /// The temperature.
    pub temperature: Option<f64>,
    /// The most new tokens, those of reasoning included.
    pub max_tokens: Option<u32>,
    /// Further fields of the request, such as `reasoning_effort = "low"`.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            mode: JudgingMode::Exact,
            max_new_tokens: 100,
            judge: JudgedBy::Rules,
            like: Like::Paper,
            server: None,
            sampling: None,
            open: Open::Unjudged,
            thoughts: true,
            likelihood: None,
            written_roles: None,
            centre: None,
        }
    }
}

impl Judging {
    /// Whether there are thoughts to judge.
    #[must_use]
    pub fn judges_thoughts(&self) -> bool {
        self.thoughts && self.mode != JudgingMode::Likelihood
    }

    /// What likelihoods are read off, in the mode that does so.
    #[must_use]
    pub fn words(&self) -> Option<YesAndNo> {
        let read_off = self.mode.reads_off();
        read_off.then(|| self.likelihood.clone().unwrap_or_default())
    }
}

/// Whether the model writes to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JudgingMode {
    /// To its end: the last answer counts, as in the released code.
    #[default]
    Exact,
    /// Until its first answer is decided.
    Fast,
    /// Nothing is written: how likely it finds a yes and a no is read off, with the examples of the prompt in both orders.
    Likelihood,
    /// All answers are read off, and those of the unsteered training roles are written as well, each to its end, so that
    /// the two can be compared.
    Both,
}

impl JudgingMode {
    /// Whether answers are read off, all that tables are made of.
    #[must_use]
    pub fn reads_off(self) -> bool {
        matches!(self, Self::Likelihood | Self::Both)
    }
}

/// Who judges what the rules leave open, and thoughts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JudgedBy {
    /// Nobody; thoughts are judged by the rules, which decide few.
    #[default]
    Rules,
    /// A model behind an OpenAI-compatible server: `OPENAI_BASE_URL`, `OPENAI_MODEL` and `OPENAI_API_KEY` say which.
    Chat,
}

/// How a served judge goes about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Like {
    /// It is asked in the paper's words for the likeliest reply. What fails stays unjudged.
    #[default]
    Paper,
    /// As in the released code: its words, the server's own sampling, and unsure for all that fails.
    Released,
}

/// What an answer that no judge decides counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Open {
    /// Nothing: it waits for a judge, and tables wait with it.
    #[default]
    Unjudged,
    /// Unsure, as in the released code.
    Unsure,
}

/// How the device is used.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    /// The most answers that are written together.
    pub rows: Option<usize>,
    /// MiB for keys and values.
    pub memory: Option<u64>,
    /// Whether questions that begin alike share the beginning.
    pub share_prefixes: bool,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            rows: None,
            memory: None,
            share_prefixes: true,
        }
    }
}

/// What is made of the answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// Level of the tests of independence.
    #[serde(default = "five_percent")]
    pub alpha: f64,
    /// The test of independence by which graphs are searched; unless set, the one that knows how rows depend on one another.
    #[serde(default)]
    pub test: Test,
    /// Reference graphs, as in an experiment file.
    pub references: PathBuf,
    /// The planted graph, if there is one. The `truth.json` of an organism says every planted answer, too.
    pub truth: Option<PathBuf>,
    /// The training rows that the figures' graph is discovered from.
    #[serde(default)]
    pub rows: GraphRows,
    /// The features behind the figures; all unless set.
    pub published: Option<Vec<u64>>,
    /// The role whose steered rows the figures show; the first test role unless set.
    pub sae_role: Option<String>,
    /// Keys of the reference graphs in the figures.
    pub figures: Figures,
}

/// A study file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct StudyFileError {
    /// The file.
    pub file: PathBuf,
    /// What was expected and what was found, with line and column where there is one.
    pub reason: String,
}

impl StudyFile {
    /// Reads a study file.
    ///
    /// # Errors
    /// It cannot be read, or a setting is missing, unknown or senseless.
    pub fn read(file: &Path) -> Result<Self, StudyFileError> {
        let refused = |reason: String| StudyFileError {
            file: file.to_owned(),
            reason,
        };
        let text = fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
        let study: Self =
            toml::from_str(&text).map_err(|error| refused(error.to_string().trim_end().into()))?;
        match study.fault() {
            Some(fault) => Err(refused(fault)),
            None => Ok(study),
        }
    }

    fn fault(&self) -> Option<String> {
        let shares = [
            ("questionnaire.train", self.questionnaire.train),
            ("sampling.train", self.sampling.train),
            ("sampling.test", self.sampling.test),
        ];
        let share = shares
            .iter()
            .find(|(_, share)| !(*share > 0.0 && *share <= 1.0));
        if let Some((name, found)) = share {
            return Some(format!(
                "{name}: expected a share above 0 and up to 1, found {found}"
            ));
        }
        let counts = [
            ("judging.written_roles", self.judging.written_roles),
            (
                "steering.roles",
                self.steering.as_ref().and_then(|steering| steering.roles),
            ),
            (
                "instructions.roles",
                self.instructions.as_ref().and_then(|told| told.roles),
            ),
            (
                "roles.made.train",
                self.roles.made.as_ref().map(|made| made.train),
            ),
            (
                "roles.made.test",
                self.roles.made.as_ref().map(|made| made.test),
            ),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == Some(0)) {
            return Some(format!("{name}: expected at least 1, found 0"));
        }
        let roles = &self.roles;
        if !matches!(
            (&roles.train, &roles.test, &roles.made),
            (Some(_), Some(_), None) | (None, None, Some(_))
        ) {
            return Some("roles: expected the files train and test, or made, and not both".into());
        }
        if let Some(MadeRoles { train, test, .. }) = roles.made
            && train.saturating_add(test) > MOST_ROLES
        {
            return Some(format!(
                "roles.made: expected at most {MOST_ROLES} roles, found {train} for training and {test} for the test"
            ));
        }
        if self
            .questionnaire
            .values
            .as_ref()
            .is_some_and(Vec::is_empty)
        {
            return Some("questionnaire.values: expected a value, found none".to_owned());
        }
        if let Err(fault) = self.questionnaire.scale() {
            return Some(format!("questionnaire.scale: {fault}"));
        }
        if let Some(Analysis { alpha, .. }) = &self.analysis
            && !(*alpha > 0.0 && *alpha < 1.0)
        {
            return Some(format!(
                "analysis.alpha: expected a level between 0 and 1, found {alpha}"
            ));
        }
        if let Some(fault) = self.published_fault() {
            return Some(format!("analysis.published: {fault}"));
        }
        match (&self.model.folder, &self.model.served) {
            (Some(_), None) => {}
            (None, Some(_)) if self.steering.is_none() => {}
            (None, Some(_)) => return Some("steering: a served model cannot be steered".into()),
            _ => return Some("model: expected either folder or served".into()),
        }
        if let Some(fault) = self.server_fault() {
            return Some(fault);
        }
        match (&self.prompt.template, &self.prompt.chat) {
            (Template::Chat, _) if self.model.folder.is_none() => {
                return Some(
                    "prompt.template: expected the folder of a model that has a chat template, found a served model"
                        .to_owned(),
                );
            }
            (Template::Chat, _) | (_, None) => {}
            (_, Some(_)) => {
                return Some("prompt.chat: expected template = \"chat\", found another".to_owned());
            }
        }
        if let Some(fault) = self.likelihood_fault() {
            return Some(fault);
        }
        if self.judging.max_new_tokens == 0 {
            return Some("judging.max_new_tokens: expected at least 1, found 0".to_owned());
        }
        let Batch { rows, memory, .. } = self.batch;
        for (name, setting) in [("rows", rows.map(|n| n as u64)), ("memory", memory)] {
            if setting == Some(0) {
                return Some(format!("batch.{name}: expected at least 1, found 0"));
            }
        }
        if let Some(steering) = &self.steering {
            if let Some(fault) = steering.features.fault() {
                return Some(format!("steering.features: {fault}"));
            }
            if !steering.dose.is_finite() {
                return Some(format!(
                    "steering.dose: expected a number, found {}",
                    steering.dose
                ));
            }
            if steering.dose == 0.0 && matches!(steering.mode, Mode::Add | Mode::AddOfNorm) {
                return Some("steering.dose: expected a number other than 0 to add".to_owned());
            }
        }
        None
    }

    /// What is wrong with the features behind the figures, as far as the file tells.
    fn published_fault(&self) -> Option<String> {
        let published = self.analysis.as_ref()?.published.as_ref()?;
        match self.steering.as_ref().map(|steering| &steering.features) {
            Some(Features::List(steered)) => unsteered(published, steered),
            _ => Features::List(published.clone()).fault(),
        }
    }

    /// Refuses published features that are not among the `steered` ones, once these are known.
    ///
    /// # Errors
    /// A published feature that is not steered.
    pub fn check_published(&self, steered: &[u64]) -> Result<(), program::Failure> {
        let published = self.analysis.as_ref().and_then(|a| a.published.as_ref());
        match published.and_then(|published| unsteered(published, steered)) {
            Some(fault) => Err(format!("analysis.published: {fault}").into()),
            None => Ok(()),
        }
    }

    fn likelihood_fault(&self) -> Option<String> {
        let judging = &self.judging;
        if judging.written_roles.is_some() && judging.mode != JudgingMode::Both {
            return Some(
                "judging.written_roles: expected mode = \"both\", found another".to_owned(),
            );
        }
        match (judging.mode.reads_off(), &judging.likelihood) {
            (true, Some(words)) => {
                if let Some(fault) = words.fault() {
                    return Some(format!("judging.likelihood: {fault}"));
                }
            }
            (true, None) if self.questionnaire.scale.is_none() => {
                return Some(NO_SPELLINGS.to_owned());
            }
            (true, None) => {}
            (_, Some(_)) => {
                return Some(
                    "judging.likelihood: expected mode = \"likelihood\" or \"both\", found another"
                        .to_owned(),
                );
            }
            (_, None) => return None,
        }
        if self.model.served.is_some() {
            return Some("judging.mode: a served model tells no likelihoods".to_owned());
        }
        if judging.mode == JudgingMode::Both {
            return None;
        }
        if judging.judge != JudgedBy::Rules {
            return Some("judging.judge: likelihoods need no judge, found one".to_owned());
        }
        if self.prompt.examples != Examples::YesFirst {
            return Some(
                "prompt.examples: likelihoods are read off in both orders, found one that is chosen"
                    .to_owned(),
            );
        }
        None
    }

    fn server_fault(&self) -> Option<String> {
        let (model, judging) = (&self.model, &self.judging);
        if model.server.is_some() && model.served.is_none() {
            return Some("model.server: expected a served model, found a folder".to_owned());
        }
        let of_chat = [
            ("server", judging.server.is_some()),
            ("sampling", judging.sampling.is_some()),
        ];
        if let Some((name, _)) = of_chat.iter().find(|(_, is_set)| *is_set)
            && judging.judge != JudgedBy::Chat
        {
            return Some(format!(
                "judging.{name}: expected judge = \"chat\", found the rules"
            ));
        }
        if let Some(temperature) = judging.sampling.as_ref().and_then(|s| s.temperature)
            && !(0.0..=2.0).contains(&temperature)
        {
            return Some(format!(
                "judging.sampling.temperature: expected a number from 0 to 2, found {temperature}"
            ));
        }
        let servers = [("model", &model.server), ("judging", &judging.server)];
        servers.into_iter().find_map(|(table, server)| {
            let fault = server.as_ref()?.fault()?;
            Some(format!("{table}.server.{fault}"))
        })
    }
}

/// What is wrong where items are answered with yes or no and nothing says how these are spelled.
pub(super) const NO_SPELLINGS: &str =
    "judging.likelihood: expected the spellings yes = [..] and no = [..], found none";

/// What is wrong with published features where these are steered.
fn unsteered(published: &[u64], steered: &[u64]) -> Option<String> {
    if let Some(fault) = Features::List(published.to_vec()).fault() {
        return Some(fault);
    }
    let other = published
        .iter()
        .find(|feature| !steered.contains(feature))?;
    Some(format!(
        "expected features that are steered ({steered:?}), found {other}"
    ))
}

impl Features {
    /// What is wrong with them.
    fn fault(&self) -> Option<String> {
        let n = match self {
            Self::List(features) => features.len(),
            Self::Top { top } => *top,
        };
        if n == 0 {
            return Some("expected at least one, found none".to_owned());
        }
        let Self::List(features) = self else {
            return None;
        };
        let mut seen = HashSet::new();
        let twice = features.iter().find(|feature| !seen.insert(**feature))?;
        Some(format!("expected each once, found {twice} twice"))
    }
}

fn cpu() -> String {
    "cpu".to_owned()
}

fn answer() -> String {
    "\nAnswer:".to_owned()
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

fn train_share() -> f64 {
    0.7
}

fn five_percent() -> f64 {
    0.05
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_of_both_and_none_counts_twice() {
        let fault = |yes: &[&str], no: &[&str]| {
            let own = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
            let words = YesAndNo {
                yes: own(yes),
                no: own(no),
                after: answer(),
                resolution: None,
            };
            words.fault()
        };
        assert_eq!(fault(&[" yes", " Yes"], &[" no"]), None);
        assert!(fault(&[" yes"], &[]).unwrap().contains("none of one"));
        // Of items that are rated neither is wanted.
        assert_eq!(fault(&[], &[]), None);
        for (yes, no) in [(&[" y", " yes"][..], &[" no"][..]), (&[" no"], &[" no"])] {
            assert!(fault(yes, no).unwrap().contains("counts twice"));
        }
    }

    #[test]
    fn published_features_are_steered_ones() {
        assert_eq!(unsteered(&[7], &[7, 8]), None);
        for (published, steered, expected) in [
            (&[][..], &[7][..], "at least one"),
            (&[7, 7], &[7], "each once"),
            (&[7, 9], &[7, 8], "([7, 8]), found 9"),
        ] {
            let fault = unsteered(published, steered).unwrap();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
