//! An autoencoder of a study's model, trained on the study's own prompts and on texts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use program::{Failure, Interruption, exit_code, make_folder, say, steps};
use study::chat::in_chat;
use study::lens::open_model;
use study::training::{Prompts, Rows, data};
use study::{Materials, Plan, read_study};
use value_causal::lens::sae::training::{SaeTrainer, SaeTraining, Sparsity, quality};
use value_causal::lens::sae::{Sae, SaeOptions};
use value_causal::lens::{HookPoint, Lm};

/// Train a sparse autoencoder at a hook point of a study's model, on the study's own prompts and on texts, and save it in
/// SAELens's layout, in which a study file names it as steering.sae and sae-lens opens it.
///
/// A training that was stopped goes on where it was when it is started again with the same arguments; its checkpoint is in
/// the folder of the autoencoder until it is done.
#[derive(Parser)]
#[command(name = "train_sae", version)]
struct Args {
    /// Study file (TOML); its features are not read.
    study: PathBuf,

    /// Folder that the paths in the study file are relative to; that of the study file unless given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Hook point, by TransformerLens's name: blocks.12.hook_resid_post.
    #[arg(long, value_name = "NAME")]
    at: String,

    /// Folder for the autoencoder; it is made if it does not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// A text to train on as well; may be given several times.
    #[arg(long, value_name = "FILE")]
    text: Vec<PathBuf>,

    /// Tokens that are read of the prompts, and as many of each text.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    tokens: usize,

    /// How often the tokens of the steered phrase are seen, against those of the prompts; 0 for no more than they are there.
    #[arg(long, value_name = "WEIGHT", default_value_t = 1.0)]
    phrase: f64,

    /// Features of the autoencoder.
    #[arg(long, value_name = "N", default_value_t = 4_096)]
    features: usize,

    /// How many of them are active at a time.
    #[arg(long, value_name = "K", default_value_t = 32)]
    active: usize,

    /// Choose the active ones over a batch, so that some tokens have more than others.
    #[arg(long)]
    batch_top_k: bool,

    /// Steps of the training.
    #[arg(long, value_name = "N", default_value_t = 3_000)]
    steps: usize,

    /// Tokens per step.
    #[arg(long, value_name = "N", default_value_t = 2_048)]
    batch: usize,

    /// Adam's rate; 2e-4 over the root of features / 16384 unless given.
    #[arg(long)]
    rate: Option<f64>,

    /// Activations after which a feature that was not active counts as dead, and is revived.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    dead_after: usize,

    /// What prompts, first weights and batches are drawn from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Steps between checkpoints.
const CHECKPOINT: usize = 100;
/// Lines of progress over a training.
const LINES: usize = 10;

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let (study, data_folder) = read_study(&args.study, args.data.as_deref())?;
    if !(args.phrase >= 0.0 && args.phrase.is_finite()) {
        let found = args.phrase;
        return Err(format!("--phrase: expected a number of at least 0, found {found}").into());
    }
    let materials = in_chat(Materials::read(&study, &data_folder)?, &study, &data_folder)?;
    let plan = Plan::new(&study, &materials, &[])?;
    let texts = args
        .text
        .iter()
        .map(|file| fs::read_to_string(file).map_err(|error| of(file, &error)))
        .collect::<Result<Vec<_>, _>>()?;
    let lm = open_model(&study, &data_folder)?;
    let point = lm.hook_point(&args.at)?;
    let prompts = Prompts::draw(&lm, &plan, args.tokens, args.seed)?;
    let mut of_texts = Rows::default();
    for (file, text) in args.text.iter().zip(&texts) {
        let rows = Rows::of_text(&lm, text, args.tokens).map_err(|error| of(file, &error))?;
        of_texts.train.extend(rows.train);
        of_texts.held_out.extend(rows.held_out);
    }
    let data = data(&lm, point, &prompts, args.phrase, &of_texts)?;
    say(format_args!(
        "{} prompts and {} pieces of text: {} activations of width {} at {point}.",
        prompts.rows.train.len(),
        of_texts.train.len(),
        data.len(),
        data.d_in()
    ))?;
    make_folder(&args.out)?;
    let checkpoint = args.out.join("training.safetensors");
    let options = args.options();
    let mut trainer = match checkpoint.exists() {
        true => SaeTrainer::resume(data, options, &checkpoint)?,
        false => SaeTrainer::new(data, options)?,
    };
    train(&mut trainer, &checkpoint)?;
    trainer.save(&args.out, &study.name, point, lm.tokenizer()?.adds_bos())?;
    if checkpoint.exists() {
        fs::remove_file(&checkpoint)?;
    }
    let sae = Sae::open(&args.out, &SaeOptions::default().device(lm.device()))?;
    say_quality("prompts", &lm, &sae, point, &prompts.rows.held_out)?;
    if !of_texts.held_out.is_empty() {
        say_quality("texts", &lm, &sae, point, &of_texts.held_out)?;
    }
    Ok(say(args.out.display())?)
}

impl Args {
    fn options(&self) -> SaeTraining {
        let options = SaeTraining::new(self.features, self.active)
            .sparsity(match self.batch_top_k {
                true => Sparsity::BatchTopK,
                false => Sparsity::TopK,
            })
            .steps(self.steps)
            .batch(self.batch)
            .dead_after(self.dead_after)
            .seed(self.seed);
        match self.rate {
            Some(rate) => options.rate(rate),
            None => options,
        }
    }
}

/// All steps that are left; where that is asked for, it ends with a checkpoint.
fn train(trainer: &mut SaeTrainer, checkpoint: &Path) -> Result<(), Failure> {
    let interruption = Interruption::watched()?;
    let done = trainer.steps_done();
    if done > 0 {
        say(format_args!("{done} steps are done already."))?;
    }
    let all = trainer.options().n_steps();
    let bar = steps(all as u64).with_position(done as u64);
    while let Some(step) = trainer.step()? {
        bar.set_position(step.step as u64);
        if step.step % all.div_ceil(LINES) == 0 || step.step == all {
            let line = format!(
                "step {} of {all}: {:.1} % of the variance explained, {:.1} active, {} dead",
                step.step,
                100.0 * step.explained,
                step.l0,
                step.dead
            );
            bar.suspend(|| say(line))?;
        }
        let stopped = interruption.is_asked_for();
        if stopped || step.step % CHECKPOINT == 0 {
            trainer.save_checkpoint(checkpoint)?;
        }
        interruption.check()?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn say_quality(
    what: &str,
    lm: &Lm,
    sae: &Sae,
    point: HookPoint,
    rows: &[Vec<i64>],
) -> Result<(), Failure> {
    let found = quality(lm, sae, point, rows, 1)?;
    let recovered = found.loss_recovered().map_or(String::new(), |share| {
        format!(": {:.1} % recovered", 100.0 * share)
    });
    Ok(say(format_args!(
        "On {what} that it was not trained on ({} tokens): {:.1} % of the variance explained, {:.1} active; cross-entropy {:.3} \
         nats, {:.3} with the reconstruction, {:.3} with zeros{recovered}.",
        found.tokens,
        100.0 * found.explained,
        found.l0,
        found.cross_entropy,
        found.cross_entropy_reconstructed,
        found.cross_entropy_ablated
    ))?)
}

fn of(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    format!("{}: {error}", file.display()).into()
}
