//! `dilemmas CHOICES.csv`: which values win in dilemmas, step by step, and what shifts as the stakes rise.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use program::{Failure, exit_code, say};
use value_causal::bench::dilemmas::{Choices, STEPS};
use value_causal::psychometrics::comparisons::{Choice, Wins, kept_choices};
use value_causal::psychometrics::ranks::kendall_tau_b;

/// Print which values win in dilemmas, step by step.
///
/// For each step: the share of its choices that each value won, and its strength by Bradley and Terry (logarithms; two values
/// one apart win 73 to 27). Then what shifts from the first step to the last.
#[derive(Parser)]
struct Args {
    /// CSV file with the columns dilemma, step, choiceA_value, choiceB_value and choice.
    choices: PathBuf,
    /// Wins added each way to every pair that was compared, so that a value that never wins has a strength.
    #[arg(long, default_value_t = 0.0)]
    pseudo_wins: f64,
}

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
    let choices = Choices::from_path(&args.choices)?;
    let values = choices.values();
    let wins = |pairs: Vec<(usize, usize)>| Wins::of_choices(values, pairs.into_iter().map(choice));
    let steps: Vec<Wins> = (1..=STEPS)
        .map(|step| wins(choices.of_step(step)))
        .collect::<Result<_, _>>()?;
    let all = wins(
        choices
            .chosen()
            .iter()
            .map(|of| (of.winner, of.loser))
            .collect(),
    )?;
    show("all steps", &all, values, args.pseudo_wins)?;
    for (step, wins) in (1..).zip(&steps) {
        show(&format!("step {step}"), wins, values, args.pseudo_wins)?;
    }
    say("\nfrom one step to another")?;
    let pairs = (1..STEPS)
        .map(|step| (step - 1, step))
        .chain([(0, STEPS - 1)]);
    for (from, to) in pairs {
        let tau = tau_b(&steps[from], &steps[to]);
        let tau = tau.map_or_else(|why| format!("none: {why}"), |tau| format!("{tau:.3}"));
        say(format_args!(
            "  Kendall's tau-b of steps {} and {}: {tau}",
            from + 1,
            to + 1
        ))?;
    }
    let shift = steps[0].win_rate_shift(&steps[STEPS - 1])?;
    for (value, shift) in values.iter().zip(shift) {
        let shift = shift.map_or_else(|| "none".to_owned(), |shift| format!("{shift:+.3}"));
        say(format_args!(
            "  {value}: win rate changes by {shift} from the first step to the last"
        ))?;
    }
    let dilemmas = choices.by_dilemma().into_iter();
    let dilemmas: Vec<Vec<Choice>> = dilemmas
        .map(|steps| steps.into_iter().map(choice).collect())
        .collect();
    let kept = kept_choices(dilemmas.iter().map(Vec::as_slice));
    say(format_args!(
        "  the value chosen before was chosen again {} of {} times that it stood to be",
        kept.kept, kept.could
    ))?;
    Ok(())
}

fn choice((winner, loser): (usize, usize)) -> Choice {
    Choice { winner, loser }
}

fn show(title: &str, wins: &Wins, values: &[String], pseudo_wins: f64) -> Result<(), Failure> {
    let n = wins.counts().sum();
    say(format_args!("\n{title}: {n} choices"))?;
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

/// Over the values that were compared in both.
fn tau_b(from: &Wins, to: &Wins) -> Result<f64, Failure> {
    let rates = from.win_rates().into_iter().zip(to.win_rates());
    let (before, after): (Vec<f64>, Vec<f64>) = rates.filter_map(|(a, b)| Some((a?, b?))).unzip();
    Ok(kendall_tau_b(&before, &after)?)
}
