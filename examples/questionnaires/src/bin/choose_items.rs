//! `choose_items JOURNAL`: the items of a study that tell most of who answers them, and what a questionnaire of these alone
//! loses for roles that had no part in the choice.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use program::{Failure, cell, counted, exit_code, remark, save_text, say};
use questionnaires::items::{Fit, Information, Loss, Roles, as_csv, information};
use value_causal::bench::ItemScores;
use value_causal::bench::journal::{Journal, Unjudged};
use value_causal::psychometrics::selection::balanced_top;

/// Choose items by what their answers tell.
///
/// An item's information is how much an answer tells of which role gave it, and how far roles lie from the model without a
/// role. What is chosen by noisy answers looks better by them than it is, so the choice is made by some roles and judged by
/// the others, beside as many items at random and an adaptive test of as many questions.
#[derive(Parser)]
struct Args {
    /// The journal of a complete study.
    journal: PathBuf,
    /// The part of the study whose answers count.
    #[arg(long, default_value = "train")]
    part: String,
    /// Items to choose for each value.
    #[arg(long, default_value_t = 8)]
    per_value: usize,
    /// Weight of how far roles lie from the model without a role.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    beta: f64,
    /// Share of the roles that take no part in the choice.
    #[arg(long, default_value_t = 0.5)]
    held_out: f64,
    /// Seed of the split of the roles, and of the items at random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write every item with its information.
    #[arg(long, value_name = "FILE.csv")]
    table: Option<PathBuf>,
    /// Write the chosen items as a questionnaire.
    #[arg(long, value_name = "FILE.csv")]
    questionnaire: Option<PathBuf>,
}

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    if args.per_value == 0 {
        return Err("--per-value: expected at least 1, found 0".into());
    }
    if !args.beta.is_finite() {
        return Err(format!("--beta: expected a number, found {}", args.beta).into());
    }
    if !args.journal.is_file() {
        let file = args.journal.display();
        return Err(format!("{file}: expected the journal of a study, found no such file").into());
    }
    let journal = Journal::of_file(&args.journal)?;
    let scores = journal.item_scores(&args.part, Unjudged::AsUnsure)?;
    journal.close()?;
    let roles = Roles::split(&scores, args.held_out, args.seed)?;
    let information = information(&scores, &roles.choosing)?;
    if information
        .iter()
        .all(|of| of.between_roles == information[0].between_roles)
    {
        remark(
            "note: every item tells as much of who answers as every other: the first of each value are chosen",
        );
    }
    let score: Vec<f64> = information.iter().map(|of| of.score(args.beta)).collect();
    let values: Vec<&str> = scores
        .items()
        .iter()
        .map(|item| item.value.as_str())
        .collect();
    let chosen = balanced_top(&score, &values, args.per_value)?;
    say(format_args!(
        "chosen by {}, judged by {}",
        counted(roles.choosing.len(), "role"),
        counted(roles.held_out.len(), "other")
    ))?;
    for value in scores.values() {
        show(args, value, &scores, (&information, &chosen), &roles)?;
    }
    if let Some(file) = &args.table {
        save_text(file, &table(&scores, &information, &chosen)?)?;
    }
    if let Some(file) = &args.questionnaire {
        save_text(
            file,
            &as_csv(chosen.iter().map(|&item| &scores.items()[item]))?,
        )?;
    }
    Ok(())
}

/// What of one value is chosen, and what is lost.
fn show(
    args: &Args,
    value: &str,
    scores: &ItemScores,
    (information, chosen): (&[Information], &[usize]),
    roles: &Roles,
) -> Result<(), Failure> {
    let items: Vec<usize> = (0..scores.items().len())
        .filter(|&item| scores.items()[item].value == value)
        .collect();
    let kept = items
        .iter()
        .enumerate()
        .filter(|(_, item)| chosen.contains(item));
    let (places, kept): (Vec<usize>, Vec<usize>) = kept.unzip();
    say(format_args!(
        "\n{value}: {} of {}",
        kept.len(),
        counted(items.len(), "item")
    ))?;
    for &item in &kept {
        let Information {
            between_roles,
            from_no_role,
        } = information[item];
        let from = from_no_role.map_or_else(|| "none".to_owned(), |from| format!("{from:.4}"));
        let question = &scores.items()[item].question;
        say(format_args!(
            "  {between_roles:.4} between roles, {from} from no role: {question}"
        ))?;
    }
    let loss = Loss::of(&scores.of_value(value), &places, roles, args.seed);
    show_loss(&loss)
}

fn show_loss(loss: &Loss) -> Result<(), Failure> {
    let Loss { items, kept, .. } = loss;
    say(format_args!(
        "  the mean of {kept} beside that of all {items}:"
    ))?;
    let fit = |Fit { r, gap }: Fit| {
        let r = r.map_or_else(|| "none".to_owned(), |r| format!("{r:.3}"));
        format!("rank correlation {r}, mean difference {gap:.3}")
    };
    for (what, of) in [
        ("the roles that it was chosen by", loss.choosing),
        ("held-out roles", loss.held_out),
        ("held-out roles, items at random", loss.random),
    ] {
        say(format_args!("    {what}: {}", fit(of)))?;
    }
    let adaptive = match &loss.adaptive {
        Ok(r) => format!("rank correlation {r:.3}"),
        Err(why) => format!("none: {why}"),
    };
    say(format_args!(
        "    held-out roles, adaptive test: {adaptive}"
    ))?;
    let [all, some] = loss
        .alpha
        .map(|alpha| alpha.map_or_else(|| "none".to_owned(), |alpha| format!("{alpha:.3}")));
    say(format_args!(
        "    alpha of held-out roles: {all} of all items, {some} of the chosen ones"
    ))?;
    Ok(())
}

/// All items as CSV.
fn table(
    scores: &ItemScores,
    information: &[Information],
    chosen: &[usize],
) -> Result<String, Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "value",
        "question",
        "between_roles",
        "from_no_role",
        "chosen",
    ])?;
    for (at, (item, of)) in scores.items().iter().zip(information).enumerate() {
        let from = of
            .from_no_role
            .map_or_else(String::new, |from| from.to_string());
        table.write_record([
            &*cell(&item.value),
            &*cell(&item.question),
            of.between_roles.to_string().as_str(),
            from.as_str(),
            if chosen.contains(&at) { "yes" } else { "no" },
        ])?;
    }
    Ok(String::from_utf8(table.into_inner()?)?)
}
