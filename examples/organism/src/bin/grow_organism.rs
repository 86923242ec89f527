//! Grows `fixtures/organism/`: a small language model in whose values a causal graph is planted.
//!
//! First the world is drawn: a structural model over 12 values, items with thresholds, roles with traits. It is refused unless
//! PC finds the planted graph in its planted answers. Then a network is trained to answer as planted, an autoencoder is trained
//! on its residual stream, and the organism sits an exam, through the engine, on pairs of role and item that it was never shown.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use organism::exam::{Extent, SPLIT_SEED, TRAIN_SHARE, exam};
use organism::grow::{Sizes, grow};
use organism::measure::{Changes, discover, held_against, orientations};
use organism::training::Schedule;
use organism::world::World;
use program::{Failure, exit_code, save_text, say};
use study::planted::Recipe;
use value_causal::bench::{Instruction, Item};
use value_causal::lens::{Lm, LoadOptions, tch};

/// Grow a model whose causal graph of values is known.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    /// Folder to write to.
    out: PathBuf,
    /// Seed of everything random but the graph.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seed of the graph.
    #[arg(long, default_value_t = 3843)]
    graph_seed: u64,
    /// Steps over which the learning rate falls.
    #[arg(long, default_value_t = 3000)]
    steps: usize,
    /// Steps after which training ends, however small the rate.
    #[arg(long, default_value_t = 1800)]
    until: usize,
    /// Settings (role and instruction) per step.
    #[arg(long, default_value_t = 64)]
    rows: usize,
    /// Questions per setting and step.
    #[arg(long, default_value_t = 8)]
    questions: usize,
    /// The largest learning rate.
    #[arg(long, default_value_t = 0.004)]
    rate: f64,
    /// Threads. Only with the same number the same bytes come.
    #[arg(long, default_value_t = 1)]
    threads: u16,
    /// Only draw the world: questionnaire, definitions, roles, truth.
    #[arg(long)]
    only_world: bool,
    /// Leave the model in the folder as it is; go on with the autoencoder and the exam.
    #[arg(long)]
    trained: bool,
}

/// What the search must find in the planted answers: F1 of skeleton and arrowheads.
const LEAST: (f64, f64) = (0.95, 0.9);

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    tch::set_num_threads(i32::from(args.threads));
    let start = Instant::now();
    let world = World::draw(Recipe {
        seed: args.seed,
        graph_seed: args.graph_seed,
        ..Recipe::default()
    })?;
    check_world(&world)?;
    world.write(&args.out)?;
    if args.only_world {
        return Ok(());
    }
    let schedule = Schedule {
        steps: args.steps,
        until: args.until,
        rows: args.rows,
        questions: args.questions,
        rate: args.rate,
        every: 50,
        seed: args.seed,
    };
    let explained = grow(&world, Sizes::default(), &schedule, args.trained, &args.out)?;
    say(format_args!(
        "autoencoder: {:.1}% of the variance",
        100.0 * explained
    ))?;
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    say(format_args!("grown in {minutes:.1} minutes"))?;
    let lm = Lm::open(args.out.join("model"), &LoadOptions::default())?;
    let extent = Extent {
        train: world.train.len(),
        test: world.test.len(),
    };
    let figures = serde_json::to_string_pretty(&exam(&lm, &world, extent)?)?;
    save_text(&args.out.join("exam.json"), &format!("{figures}\n"))?;
    Ok(say(figures)?)
}

/// Refuses a world whose planted answers do not show its graph.
fn check_world(world: &World) -> Result<(), Failure> {
    let (truth, values) = (&world.truth, world.truth.values());
    let planted = |role: Option<&str>, item: &Item, set: Option<&Instruction>| {
        Ok(truth.answer(role, &item.question, set)?)
    };
    let split = world.questionnaire.split(TRAIN_SHARE, SPLIT_SEED)?;
    let graph = discover(
        &orientations(&split.train, values, &world.train, &planted)?,
        values,
    )?;
    let found = held_against(&graph, truth.structure().cpdag())?;
    say(format_args!(
        "planted answers: {} edges, skeleton F1 {:.3}, arrowhead F1 {:.3}, SHD {}",
        truth.structure().edges().len(),
        found.skeleton_f1,
        found.arrowhead_f1,
        found.shd
    ))?;
    let instructions = world.instructions();
    let changes = Changes::under(&instructions, &split.test, values, &world.test, &planted)?;
    for (name, effects) in [
        ("planted graph", changes.effects(truth.structure().dag())?),
        ("discovered graph", changes.effects(&graph)?),
        (
            "random graphs",
            changes.effects_of_random(truth.structure().dag())?,
        ),
    ] {
        say(format_args!(
            "{name}: expected {:.3}, unexpected {:.3}",
            effects.expected, effects.unexpected
        ))?;
    }
    if truth.structure().has_cancelling_paths()
        || found.skeleton_f1 < LEAST.0
        || found.arrowhead_f1 < LEAST.1
    {
        return Err(
            "this graph cannot be found in its own answers: try another --graph-seed".into(),
        );
    }
    Ok(())
}
