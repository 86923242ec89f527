//! `value_portrait ITEMS PROMPTS --out OUT`: any model on Value Portrait, beside the released models and people.
//!
//! | file | what it does |
//! |---|---|
//! | `main.rs` | from arguments to files |
//! | `asking.rs` | every item under every variant of the prompt, answers into a journal, ratings out of it; how likely a local model finds responses |
//! | `profile.rs` | scores of values, and how far two profiles rank them alike |
//! | `others.rs` | released scores of models, people's values: files of the user's |
//! | `found.rs` | all of it as words, a table and a picture |

mod asking;
mod found;
mod others;
mod profile;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use program::{Failure, Interruption, exit_code, make_folder, remark, say};
use questionnaires::asking::{Speaker, Whom};
use value_causal::bench::RatingScale;
use value_causal::bench::portrait::{PortraitPrompts, Portraits, ValueSystem, sensitivity};

use asking::{Asking, likelihoods};
use found::Found;
use others::{People, released};
use profile::{LikelyProfile, Profile};

/// Ask a model how much the responses of Value Portrait are like itself, under all six variants of the prompt, and score the
/// values that people with such ratings hold.
///
/// Items and prompts are the user's: `query-response-tagged.json` and the folder `lm_evaluation/prompts` of
/// github.com/holi-lab/ValuePortrait. Answers are kept in OUT/answers.journal, and a run that was stopped goes on there. Of
/// a local model it is also told, without asking it anything, how likely it finds each response to a query.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    /// The items, in the released format.
    items: PathBuf,
    /// The folder of the prompt templates: v1/reddit_prompt.txt and so on.
    prompts: PathBuf,
    /// The folder for what is found.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    whom: Whom,
    /// The most tokens of an answer.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    max_new_tokens: u32,
    /// Only the first N items.
    #[arg(long = "first", value_name = "N")]
    first: Option<NonZeroUsize>,
    /// The ratings of other options than Value Portrait's, such as "no=1; yes=6".
    #[arg(long)]
    scale: Option<RatingScale>,
    /// A folder of released scores (*_centered_scores.json).
    #[arg(long)]
    released: Option<PathBuf>,
    /// A CSV file of people, with a column for each value.
    #[arg(long)]
    people: Option<PathBuf>,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let portraits = Portraits::from_path(&args.items)?.like_released();
    let n = args
        .first
        .map_or(usize::MAX, NonZeroUsize::get)
        .min(portraits.items().len());
    let items = &portraits.items()[..n];
    let prompts = PortraitPrompts::from_folder(&args.prompts)?;
    let scale = args.scale.clone().unwrap_or_else(RatingScale::likeness);
    // What cannot be read is known before anything is asked.
    let released = args.released.as_deref().map(released).transpose()?;
    let people = args.people.as_deref().map(People::from_path).transpose()?;
    let interruption = Interruption::watched()?;
    let speaker = Speaker::open(&args.whom)?;
    make_folder(&args.out)?;
    let asking = Asking {
        items,
        prompts: &prompts,
        scale: &scale,
        max_new_tokens: args.max_new_tokens,
        interruption: &interruption,
    };
    let ratings = asking.ask(&speaker, &args.out)?;
    say(format_args!("{}: {}", speaker.name(), ratings.counts()))?;
    if let Some(found) = sensitivity(&ratings.of_items) {
        say(format_args!(
            "share of items that are rated otherwise in another wording {:.3}, with the options reversed {:.3}",
            found.wording, found.order_mean
        ))?;
    }
    interruption.no_longer();
    let likely = likelihoods(&speaker, items)?;
    if let Some(why) = ratings.none() {
        match likely {
            Some(_) => remark(format_args!("note: no profile by ratings: {why}")),
            None => return Err(why.into()),
        }
    }
    let found = Found {
        items,
        rated: Profile::of_ratings(speaker.name(), items, &ratings.of_items),
        likely: likely
            .as_ref()
            .map(|likely| LikelyProfile::of(items, likely)),
        ratings: &ratings.of_items,
        likelihoods: likely.as_deref(),
        released: released.unwrap_or_default(),
        people,
    };
    for system in ValueSystem::ALL {
        found.describe(system)?;
    }
    for file in found.write(&args.out)? {
        say(args.out.join(file).display())?;
    }
    Ok(())
}
