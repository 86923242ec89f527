//! Makes `fixtures/planted/`: value orientations drawn from a causal graph that we know; or, with `--world`, the tables
//! of one of four worlds that show what a design makes of a structure, and of none.
//!
//! Roles, SAE features and explicit instructions act on the exogenous terms of a linear structural
//! model; answers to items are thresholded values. The truth is written beside the measurements.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use program::{Failure, exit_code, make_folder, save_text};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use reproduce::worlds::{Known, answer};
use serde_json::json;
use value_causal::bench::{Measurements, OrientationTable, Score, Setting};
use value_causal::ndarray::{Array1, Array2};

/// Draw the planted study: orientation tables from a known causal graph, with the truth beside them.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    /// Folder to write train.csv, test.csv, test_raise.csv, test_lower.csv and truth.json into.
    out: PathBuf,
    /// Seed of everything random.
    #[arg(long, default_value_t = 20_250_701)]
    seed: u64,
    /// Draw train.csv, test.csv and truth.json of a known world instead.
    #[arg(long, value_enum)]
    world: Option<Letter>,
    /// Training roles of the world, the empty one among them.
    #[arg(long, requires = "world", default_value_t = 101)]
    roles: usize,
    /// Settings of a role in the world, the unsteered one among them.
    #[arg(long, requires = "world", default_value_t = 25)]
    features: usize,
    /// The features of the world move nothing.
    #[arg(long, requires = "world")]
    no_feature_effects: bool,
}

/// What relates the values of a world, and who is asked what.
#[derive(Clone, Copy, ValueEnum)]
enum Letter {
    /// A planted graph; all roles are asked the same items.
    A,
    /// No graph; each role is asked its own draw of items, as in the released study.
    B,
    /// One general factor and no arrows; all roles are asked the same items.
    C,
    /// A planted graph; each role is asked its own draw of items.
    D,
}

const VALUES: [&str; 12] = [
    "Achievement",
    "Benevolence",
    "Conformity",
    "Face",
    "Hedonism",
    "Humility",
    "Power",
    "Security",
    "Self-direction",
    "Stimulation",
    "Tradition",
    "Universalism",
];

/// Cause, effect, coefficient; causes before their effects.
const EDGES: [(&str, &str, f64); 14] = [
    ("Security", "Conformity", 0.8),
    ("Tradition", "Conformity", 0.7),
    ("Security", "Face", 0.6),
    ("Conformity", "Self-direction", -0.7),
    ("Self-direction", "Stimulation", 0.7),
    ("Hedonism", "Stimulation", 0.7),
    ("Self-direction", "Universalism", 0.7),
    ("Stimulation", "Achievement", 0.7),
    ("Achievement", "Power", 0.8),
    ("Face", "Power", 0.7),
    ("Universalism", "Benevolence", 0.7),
    ("Power", "Benevolence", -0.6),
    ("Tradition", "Humility", 0.7),
    ("Power", "Humility", -0.6),
];

/// Each of these has one feature that pushes it up and one that pushes it down.
const STEERED: [&str; 6] = [
    "Security",
    "Tradition",
    "Hedonism",
    "Self-direction",
    "Face",
    "Universalism",
];

const FIRST_FEATURE: u64 = 1001;
const PUSH: f64 = 1.5;
const LEAK: f64 = 0.4;
const INSTRUCTION: f64 = 2.0;
const TRAIT_SHARE: f64 = 0.35;
const WHIM_SHARE: f64 = 0.35;
const TRAIN_ROLES: usize = 100;
const TEST_ROLES: usize = 25;
const TRAIN_ITEMS: usize = 20;
const TEST_ITEMS: usize = 10;

const FIRST_NAMES: [&str; 16] = [
    "Ada", "Bruno", "Chiara", "Dmitri", "Esra", "Femi", "Greta", "Hiro", "Ines", "Jonas", "Keiko",
    "Luis", "Mira", "Nils", "Olga", "Pavel",
];
const LAST_NAMES: [&str; 8] = [
    "Brook", "Calder", "Dunn", "Easton", "Fields", "Grove", "Hill", "Marsh",
];

/// One feature: what it adds to the exogenous term of each value.
struct Feature {
    id: u64,
    shift: Array1<f64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    exit_code(match args.world {
        Some(letter) => draw_world(&args, letter),
        None => draw_study(&args),
    })
}

fn draw_world(args: &Args, letter: Letter) -> Result<(), Failure> {
    let known = match letter {
        Letter::A => Known::A,
        Letter::B => Known::B,
        Letter::C => Known::C,
        Letter::D => Known::D,
    };
    let mut world = known.world(args.roles, args.features, args.seed)?;
    if args.no_feature_effects {
        world.strengths = world.strengths.without_feature_effects();
    }
    let drawn = world.draw()?;
    make_folder(&args.out)?;
    drawn.train.write_csv(args.out.join("train.csv"))?;
    drawn.test.write_csv(args.out.join("test.csv"))?;
    let truth = serde_json::to_string_pretty(&world.truth(&drawn))?;
    Ok(save_text(&args.out.join("truth.json"), &(truth + "\n"))?)
}

fn draw_study(args: &Args) -> Result<(), Failure> {
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let features = features(&mut rng);
    let names = role_names();
    let (train_names, test_names) = names.split_at(TRAIN_ROLES);
    let train = Group::new(train_names, TRAIN_ITEMS, &mut rng);
    let test = Group::new(&test_names[..TEST_ROLES], TEST_ITEMS, &mut rng);

    make_folder(&args.out)?;
    train
        .under_features(&features, &mut rng)?
        .write_csv(args.out.join("train.csv"))?;
    test.under_features(&features, &mut rng)?
        .write_csv(args.out.join("test.csv"))?;
    for (file, push) in [
        ("test_raise.csv", INSTRUCTION),
        ("test_lower.csv", -INSTRUCTION),
    ] {
        test.under_instructions(push, &mut rng)?
            .write_csv(args.out.join(file))?;
    }
    let truth = serde_json::to_string_pretty(&truth(args.seed, &features))?;
    save_text(&args.out.join("truth.json"), &(truth + "\n"))?;
    Ok(())
}

/// Roles that answer the same items, the empty role first.
struct Group<'a> {
    roles: Vec<(Option<&'a str>, Array1<f64>)>,
    /// Threshold of each item, [values, items].
    thresholds: Array2<f64>,
}

impl<'a> Group<'a> {
    fn new(names: &'a [String], n_items: usize, rng: &mut ChaCha8Rng) -> Self {
        let mut roles = vec![(None, Array1::zeros(VALUES.len()))];
        for name in names {
            roles.push((Some(name.as_str()), sparse_normal(TRAIT_SHARE, rng)));
        }
        let thresholds =
            Array2::from_shape_simple_fn((VALUES.len(), n_items), || rng.random_range(-2.5..2.5));
        Self { roles, thresholds }
    }

    /// Every role unsteered and under every feature, role by role.
    fn under_features(
        &self,
        features: &[Feature],
        rng: &mut ChaCha8Rng,
    ) -> Result<OrientationTable, Failure> {
        let mut measured = measurements();
        for (role, traits) in &self.roles {
            measured.push(Setting::of_role(*role), self.scores(traits, rng));
            for feature in features {
                let exogenous = traits + &feature.shift + sparse_normal(WHIM_SHARE, rng);
                measured.push(
                    Setting::steered(*role, feature.id),
                    self.scores(&exogenous, rng),
                );
            }
        }
        Ok(measured.table()?)
    }

    /// Every role once; each column is measured under the instruction for its own value.
    fn under_instructions(
        &self,
        push: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<OrientationTable, Failure> {
        let mut measured = measurements();
        for (role, traits) in &self.roles {
            let instructed = (0..VALUES.len()).map(|v| {
                let mut exogenous = traits.clone();
                exogenous[v] += push;
                self.scores(&exogenous, rng).swap_remove(v)
            });
            measured.push(Setting::of_role(*role), instructed.collect());
        }
        Ok(measured.table()?)
    }

    /// The scores of every value's items, for the given exogenous terms.
    fn scores(&self, exogenous: &Array1<f64>, rng: &mut ChaCha8Rng) -> Vec<Vec<Score>> {
        let values = values_of(exogenous);
        let rows = values.iter().zip(self.thresholds.rows());
        rows.map(|(value, thresholds)| {
            thresholds
                .iter()
                .map(|threshold| answer(value - threshold, rng))
                .collect()
        })
        .collect()
    }
}

fn measurements() -> Measurements {
    Measurements::new(VALUES.iter().map(|&value| value.to_owned()).collect())
}

/// Solves the structural equations for the given exogenous terms.
fn values_of(exogenous: &Array1<f64>) -> Array1<f64> {
    let mut values = exogenous.clone();
    for (cause, effect, weight) in EDGES {
        values[index(effect)] += weight * values[index(cause)];
    }
    values
}

fn features(rng: &mut ChaCha8Rng) -> Vec<Feature> {
    let pushes = STEERED
        .iter()
        .flat_map(|value| [(value, PUSH), (value, -PUSH)]);
    (FIRST_FEATURE..)
        .zip(pushes)
        .map(|(id, (value, push))| {
            let mut shift = Array1::zeros(VALUES.len());
            shift[rng.random_range(0..VALUES.len())] += LEAK;
            shift[index(value)] += push;
            Feature { id, shift }
        })
        .collect()
}

fn sparse_normal(share: f64, rng: &mut ChaCha8Rng) -> Array1<f64> {
    Array1::from_shape_simple_fn(VALUES.len(), || {
        if rng.random_bool(share) {
            StandardNormal.sample(rng)
        } else {
            0.0
        }
    })
}

fn role_names() -> Vec<String> {
    LAST_NAMES
        .iter()
        .flat_map(|last| {
            FIRST_NAMES
                .iter()
                .map(move |first| format!("{first} {last}"))
        })
        .collect()
}

fn index(value: &str) -> usize {
    VALUES
        .iter()
        .position(|&known| known == value)
        .expect("EDGES and STEERED name VALUES")
}

fn truth(seed: u64, features: &[Feature]) -> serde_json::Value {
    let edges: Vec<_> = EDGES
        .iter()
        .map(|(cause, effect, weight)| json!({"cause": cause, "effect": effect, "weight": weight}))
        .collect();
    let pushes: BTreeMap<u64, BTreeMap<&str, f64>> = features
        .iter()
        .map(|feature| {
            let pushed = VALUES
                .iter()
                .zip(&feature.shift)
                .filter(|(_, shift)| **shift != 0.0);
            (
                feature.id,
                pushed.map(|(value, shift)| (*value, *shift)).collect(),
            )
        })
        .collect();
    json!({"seed": seed, "edges": edges, "features": pushes})
}
