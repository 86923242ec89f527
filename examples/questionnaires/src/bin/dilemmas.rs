//! `dilemmas CHOICES.csv`: which values win in dilemmas, step by step, and what shifts as the stakes rise; with `--ask` the
//! dilemmas are put to a model first.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use figures::ladder;
use program::{Failure, Interruption, counted, exit_code, save_picture, say};
use questionnaires::asking::{Speaker, Whom};
use questionnaires::dilemmas::{StepWins, ask, kept, ladder_of};
use value_causal::bench::dilemmas::{Choices, Context, Dilemmas, STEPS};
use value_causal::psychometrics::comparisons::Wins;

/// Print which values win in dilemmas, step by step.
///
/// For each step: the share of its choices that each value won, and its strength by Bradley and Terry (logarithms; two values
/// one apart win 73 to 27). Then what shifts from the first step to the last.
#[derive(Parser)]
struct Args {
    /// CSV file with the columns dilemma, step, choiceA_value, choiceB_value and choice; with --ask answers go there as they
    /// come, and what it has already is not asked again.
    choices: PathBuf,
    /// Put the dilemmas of this CSV file, in the format of Multi-step Moral Dilemmas, to a model first.
    #[arg(long, value_name = "DILEMMAS.csv")]
    ask: Option<PathBuf>,
    /// What the model is told of the steps before.
    #[arg(long, value_enum, default_value = "causal", requires = "ask")]
    context: Told,
    #[command(flatten)]
    whom: Whom,
    /// Wins added each way to every pair that was compared, so that a value that never wins has a strength.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pseudo_wins: f64,
    /// Draw the ladder of the values over the steps: STEM.svg and STEM.png.
    #[arg(long, value_name = "STEM")]
    picture: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Told {
    /// What has happened in all of them.
    All,
    /// Nothing.
    None,
    /// What has happened and what the model itself chose, as a dialogue.
    Causal,
}

impl Told {
    fn context(self) -> Context {
        match self {
            Self::All => Context::All,
            Self::None => Context::None,
            Self::Causal => Context::Causal,
        }
    }
}

/// More values are no picture that can be read.
const MOST_ON_LADDER: usize = 60;

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    if !(args.pseudo_wins.is_finite() && args.pseudo_wins >= 0.0) {
        let found = args.pseudo_wins;
        return Err(
            format!("--pseudo-wins: expected a number of at least 0, found {found}").into(),
        );
    }
    if let Some(file) = &args.ask {
        let dilemmas = Dilemmas::from_path(file)?;
        let interruption = Interruption::watched()?;
        let speaker = Speaker::open(&args.whom)?;
        ask(
            &args.choices,
            &dilemmas,
            args.context.context(),
            &speaker,
            &interruption,
        )?;
        interruption.no_longer();
    } else {
        args.whom.check_nobody()?;
    }
    let choices = Choices::from_path(&args.choices)?;
    let values = choices.values();
    if args.picture.is_some() && values.len() > MOST_ON_LADDER {
        let found = counted(values.len(), "value");
        return Err(
            format!("--picture: expected at most {MOST_ON_LADDER} values, found {found}").into(),
        );
    }
    let wins = StepWins::of(&choices)?;
    show("all steps", &wins.all, values, args.pseudo_wins)?;
    show_letters(&choices)?;
    for (step, wins) in (1..).zip(&wins.steps) {
        show(&format!("step {step}"), wins, values, args.pseudo_wins)?;
    }
    show_shift(&wins, &choices)?;
    if let Some(stem) = &args.picture {
        let picture = ladder(&ladder_of(&wins, values, args.pseudo_wins))?;
        save_picture(stem, picture.svg(), &picture.png()?)?;
    }
    Ok(())
}

fn show(title: &str, wins: &Wins, values: &[String], pseudo_wins: f64) -> Result<(), Failure> {
    let n = wins.counts().sum();
    say(format_args!("\n{title}: {}", counted(n, "choice")))?;
    let strengths = wins.with_pseudo_wins(pseudo_wins).bradley_terry();
    let strength = |value: usize| match &strengths {
        Ok(found) => format!("{:+.3}", found.log_strengths[value]),
        Err(_) => "none".to_owned(),
    };
    let mut rated: Vec<(usize, f64)> = (0..)
        .zip(wins.win_rates())
        .filter_map(|(at, rate)| Some((at, rate?)))
        .collect();
    rated.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    for (value, rate) in rated {
        say(format_args!(
            "  {}: win rate {rate:.3}, strength {}",
            values[value],
            strength(value)
        ))?;
    }
    if let Err(why) = &strengths {
        say(format_args!("  no strengths: {why}"))?;
    }
    for cycle in wins.cyclic_triples() {
        let [a, b, c] = cycle.map(|value| &values[value]);
        say(format_args!("  a cycle: {a} over {b} over {c} over {a}"))?;
    }
    Ok(())
}

/// Who chooses what stands first whatever it is has no order of values.
fn show_letters(choices: &Choices) -> Result<(), Failure> {
    let (n, open) = (choices.chosen().len(), choices.open().len());
    let first = choices.chosen().iter().filter(|chosen| chosen.is_first);
    say(format_args!(
        "  the choice that stood first, A, was made {} of {}; without a choice: {open}",
        first.count(),
        counted(n, "time")
    ))?;
    Ok(())
}

fn show_shift(wins: &StepWins, choices: &Choices) -> Result<(), Failure> {
    say("\nfrom one step to another")?;
    let pairs = (1..STEPS)
        .map(|step| (step - 1, step))
        .chain([(0, STEPS - 1)]);
    for (from, to) in pairs {
        let tau = wins.tau_b(from, to);
        let tau = tau.map_or_else(|why| format!("none: {why}"), |tau| format!("{tau:.3}"));
        let (from, to) = (from + 1, to + 1);
        say(format_args!(
            "  Kendall's tau-b of steps {from} and {to}: {tau}"
        ))?;
    }
    let shift = wins.steps[0].win_rate_shift(&wins.steps[STEPS - 1])?;
    for (value, shift) in choices.values().iter().zip(shift) {
        let shift = shift.map_or_else(|| "none".to_owned(), |shift| format!("{shift:+.3}"));
        say(format_args!(
            "  {value}: win rate changes by {shift} from the first step to the last"
        ))?;
    }
    let kept = kept(choices);
    say(format_args!(
        "  the value chosen before was chosen again {} of {} that it stood to be",
        kept.kept,
        counted(kept.could, "time")
    ))?;
    Ok(())
}
