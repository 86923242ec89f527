//! `portraits INSTRUMENT ANSWERS.csv...`: models, roles or people compared on one of Schwartz's instruments, with intervals;
//! with `--ask` a model answers first.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use figures::intervals;
use program::{Failure, Interruption, exit_code, remark, save_picture, save_text, say};
use questionnaires::Kind;
use questionnaires::asking::{Speaker, Whom};
use questionnaires::portraits::{Answerer, Comparison, Design, ask, figure, table};
use value_causal::bench::RoleSet;
use value_causal::bench::schwartz::{Answers, Instrument, Items};
use value_causal::psychometrics::ordinal::PosteriorOptions;

/// Compare who answered one of Schwartz's instruments.
///
/// Answers depend on who answers, on the value and on the item, by a cumulative logit model. What is told is how high each
/// value stands above the mean of all values of whoever answers, in logits, so that a habit of high answers plays no part:
/// at the maximum of the likelihood, and with an interval that holds 95 % of the posterior.
#[derive(Parser)]
struct Args {
    /// The instrument that was answered.
    #[arg(value_enum)]
    instrument: Kind,
    /// CSV files with a column "person" and one for each item, named by its number; an empty cell is no answer. Of several
    /// files each is compared as a whole (a model, say, whose rows are its roles), of one its rows.
    #[arg(required = true)]
    answers: Vec<PathBuf>,
    /// Ask a model first, by the texts in this CSV file (columns item and text); its answers go to the first of the answers,
    /// a row for each role, and roles that are there are not asked again.
    #[arg(long, value_name = "ITEMS.csv")]
    ask: Option<PathBuf>,
    /// Ask it in these roles, in place of as it is.
    #[arg(long, value_name = "ROLES.json", requires = "ask")]
    roles: Option<PathBuf>,
    #[command(flatten)]
    whom: Whom,
    /// Chains of the sampler.
    #[arg(long, default_value_t = 4)]
    chains: usize,
    /// Draws of each chain.
    #[arg(long, default_value_t = 2_000)]
    draws: usize,
    /// Draws before them that do not count.
    #[arg(long, default_value_t = 4_000)]
    warm_up: usize,
    /// Seed of the sampler.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write all estimates, with R-hat and effective draws.
    #[arg(long, value_name = "FILE.csv")]
    table: Option<PathBuf>,
    /// Draw the values with their intervals: STEM.svg and STEM.png.
    #[arg(long, value_name = "STEM")]
    picture: Option<PathBuf>,
}

/// Chains agree well enough below that R-hat.
const ENOUGH: f64 = 1.01;

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let options = PosteriorOptions::default()
        .n_chains(args.chains)
        .n_draws(args.draws)
        .n_warm_up(args.warm_up)
        .seed(args.seed);
    let options = options.check().map_err(|why| {
        let named = why.to_string().replace("n_", "--").replace('_', "-");
        Failure::from(named)
    })?;
    match &args.ask {
        Some(items) => asked(args, items)?,
        None => args.whom.check_nobody()?,
    }
    let instrument = args.instrument.instrument();
    let design = Design::new(instrument, &complete(instrument, answerers(args)?)?)?;
    let comparison = Comparison::of(&design, options)?;
    show(&design, &comparison)?;
    if let Some(file) = &args.table {
        save_text(file, &table(&design, &comparison)?)?;
    }
    if let Some(stem) = &args.picture {
        let picture = intervals(&figure(&design, &comparison))?;
        save_picture(stem, picture.svg(), &picture.png()?)?;
    }
    Ok(())
}

fn asked(args: &Args, items: &Path) -> Result<(), Failure> {
    let instrument = args.instrument.instrument();
    let items = Items::from_path(items, instrument)?;
    let roles = args.roles.as_ref().map(RoleSet::from_path).transpose()?;
    let roles: Vec<_> = match &roles {
        Some(roles) => roles.iter().map(Some).collect(),
        None => vec![None],
    };
    let interruption = Interruption::watched()?;
    let speaker = Speaker::open(&args.whom)?;
    ask(
        &args.answers[0],
        instrument,
        &items,
        &roles,
        &speaker,
        &interruption,
    )?;
    interruption.no_longer();
    Ok(())
}

/// Those who answered an item of each value; who did not is named.
fn complete(instrument: &Instrument, who: Vec<Answerer>) -> Result<Vec<Answerer>, Failure> {
    let open = |of: &Answerer| {
        let is_answered = |items: &&[usize]| {
            let mut items = items.iter();
            items.any(|item| of.answers.iter().any(|row| row[item - 1].is_some()))
        };
        let mut values = instrument.values.iter();
        values.find_map(|(value, items)| (!is_answered(items)).then_some(*value))
    };
    let (complete, left): (Vec<_>, Vec<_>) = who.into_iter().partition(|of| open(of).is_none());
    for (of, value) in left.iter().filter_map(|of| Some((of, open(of)?))) {
        let name = &of.name;
        remark(format_args!(
            "note: {name} is left out: expected an answer to an item of {value}, found none"
        ));
    }
    match complete.is_empty() {
        true => Err("expected somebody who answered an item of each value, found nobody".into()),
        false => Ok(complete),
    }
}

/// Files, or the rows of the only one.
fn answerers(args: &Args) -> Result<Vec<Answerer>, Failure> {
    let instrument = args.instrument.instrument();
    if let [file] = &args.answers[..] {
        let Answers { persons, answers } = Answers::from_path(file, instrument)?;
        let rows = persons.into_iter().zip(answers);
        return Ok(rows
            .map(|(name, answers)| Answerer {
                name,
                answers: vec![answers],
            })
            .collect());
    }
    let stem = |file: &PathBuf| file.file_stem().unwrap_or(file.as_os_str()).to_owned();
    let of_file = |file: &PathBuf| {
        let mut others = args.answers.iter().filter(|other| *other != file);
        let name = match others.any(|other| stem(other) == stem(file)) {
            true => file.clone().into_os_string(),
            false => stem(file),
        };
        Ok(Answerer {
            name: name.to_string_lossy().into_owned(),
            answers: Answers::from_path(file, instrument)?.answers,
        })
    };
    args.answers.iter().map(of_file).collect()
}

fn show(design: &Design, comparison: &Comparison) -> Result<(), Failure> {
    if let Some(why) = &comparison.no_maximum {
        say(format_args!(
            "no maximum of the likelihood, so the posterior alone: {why}"
        ))?;
    }
    for (place, value) in design.values.iter().enumerate() {
        say(format_args!("{value}"))?;
        for of in comparison.estimates.iter().filter(|of| of.value == place) {
            let name = &design.names[of.who];
            let less = match of.is_difference {
                true => format!(" less {}", design.names[0]),
                false => String::new(),
            };
            let maximum = of.likelihood.map_or_else(String::new, |(estimate, error)| {
                format!(", maximum {estimate:+.2} (standard error {error:.2})")
            });
            let [mean, low, high] = [of.posterior.mean, of.posterior.low, of.posterior.high];
            say(format_args!(
                "  {name}{less}: {mean:+.2} [{low:+.2}, {high:+.2}]{maximum}"
            ))?;
        }
    }
    let items = &comparison.item_deviation;
    say(format_args!(
        "items deviate by {:.2} [{:.2}, {:.2}]; largest R-hat {:.3}, fewest effective draws {:.0}",
        items.mean, items.low, items.high, comparison.worst_r_hat, comparison.fewest_draws
    ))?;
    if comparison.worst_r_hat >= ENOUGH || comparison.worst_r_hat.is_nan() {
        remark("note: the chains do not agree yet: ask for more --warm-up and --draws");
    }
    Ok(())
}
