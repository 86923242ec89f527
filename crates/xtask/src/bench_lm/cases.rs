//! What is measured, and by whom.

use crate::command::Cmd;
use std::path::Path;

/// One kind of work on one model.
#[derive(Debug)]
pub struct Case {
    /// What `--case` calls it.
    pub name: &'static str,
    /// One line about the work.
    pub about: &'static str,
    /// The file with the prompts.
    pub prompts: &'static str,
    /// The model's precision.
    pub precision: &'static str,
    /// New tokens for each prompt.
    pub new_tokens: usize,
    /// Who takes part; the first is ours, and the others' speeds are divided by it.
    pub contenders: &'static [Contender],
}

/// A program that generates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// tch-lens, one plain batch of 8.
    Plain,
    /// tch-lens through the engine, all prompts.
    Engine,
    /// transformers in batches of 8, for so many of the prompts: its speed does not depend on how many.
    Transformers(usize),
    /// TransformerLens, likewise.
    TransformerLens(usize),
}

use Contender::{Engine, Plain, TransformerLens, Transformers};

const PLAIN: &str = "8 prompts of 198 to 220 tokens, 60 new ones each, steered";
const SHORT: &str =
    "108 questions in 2 settings, 45 new tokens (judged as soon as the answer is there)";
const LONG: &str = "108 questions in 2 settings, 100 new tokens (judged as the paper did)";

/// Every case.
pub const CASES: &[Case] = &[
    case(
        "plain-f32",
        PLAIN,
        "f32",
        60,
        &[Plain, Transformers(8), TransformerLens(8)],
    ),
    case("plain-bf16", PLAIN, "bf16", 60, &[Plain, Transformers(8)]),
    case(
        "survey-45-f32",
        SHORT,
        "f32",
        45,
        &[Engine, Transformers(32)],
    ),
    case(
        "survey-100-f32",
        LONG,
        "f32",
        100,
        &[Engine, Transformers(32)],
    ),
    case(
        "survey-45-bf16",
        SHORT,
        "bf16",
        45,
        &[Engine, Transformers(32)],
    ),
    case(
        "survey-100-bf16",
        LONG,
        "bf16",
        100,
        &[Engine, Transformers(32)],
    ),
];

const fn case(
    name: &'static str,
    about: &'static str,
    precision: &'static str,
    new_tokens: usize,
    contenders: &'static [Contender],
) -> Case {
    let prompts = match contenders[0] {
        Engine => "questionnaire.jsonl",
        _ => "plain.jsonl",
    };
    Case {
        name,
        about,
        prompts,
        precision,
        new_tokens,
        contenders,
    }
}

impl Contender {
    /// How the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Plain => "tch-lens",
            Engine => "tch-lens, engine",
            Transformers(_) => "transformers",
            TransformerLens(_) => "TransformerLens",
        }
    }

    /// The command that serves the case, but for model and threads.
    pub fn command(self, case: &Case, program: &Path, python: &Path, root: &Path) -> Cmd {
        let peer = |file| Cmd::new(python).arg(root.join("scripts/lm_peers").join(file));
        let cmd = match self {
            Plain | Engine => Cmd::new(program).arg("serve"),
            Transformers(_) => peer("transformers_worker.py"),
            TransformerLens(_) => peer("transformer_lens_worker.py"),
        };
        let cmd = match self {
            Plain => cmd.args(["--limit", "8"]),
            Engine => cmd.args(["--engine", "--batch", "216"]),
            Transformers(limit) | TransformerLens(limit) => {
                cmd.args(["--limit", &limit.to_string()])
            }
        };
        let cmd = cmd.args(["--prompts", case.prompts, "--precision", case.precision]);
        cmd.args([
            "--new-tokens",
            &case.new_tokens.to_string(),
            "--steer",
            "3:7:9:10",
        ])
    }
}
