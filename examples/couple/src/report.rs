//! What came of objectives, to read.

use std::fmt::{self, Write as _};

use program::counted;
use reproduce::text::{decimal, escaped};

use crate::outcome::{Coupled, Held, Means, OfValue, Outcome, Tried, Verdict};
use crate::search::Stop;

/// A verdict in a few words.
#[must_use]
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AsItIs => "met as it is",
        Verdict::Met => "met",
        Verdict::None => "none",
    }
}

/// An outcome in a line.
#[must_use]
pub fn sentence(outcome: &Outcome) -> String {
    let Outcome {
        name, now, plan, ..
    } = outcome;
    let from = now.deviation;
    match outcome.verdict {
        Verdict::AsItIs => format!("{name}: met as it is (deviation {from:.2})"),
        Verdict::Met => {
            let (levers, to) = (plan.levers.join(" + "), plan.held.deviation);
            format!("{name}: {levers} (deviation {from:.2}, then {to:.2})")
        }
        Verdict::None => format!("{name}: none; {} (deviation {from:.2})", why(outcome.stop)),
    }
}

fn why(stop: Stop) -> &'static str {
    match stop {
        Stop::Met => "the objective is met, and nothing cheaper is expected to meet it",
        Stop::NothingLeft => "nothing else is expected to be worth its price",
        Stop::NothingBetter => {
            "round after round brought nothing better, and nothing better is expected"
        }
        Stop::RoundsOver => "all rounds are over",
    }
}

/// All outcomes as Markdown.
///
/// # Errors
/// Never: text can be written to.
pub fn markdown(coupled: &Coupled) -> Result<String, fmt::Error> {
    let mut text = format!(
        "# {}: plans for {}\n\n",
        escaped(&coupled.study),
        counted(coupled.objectives.len(), "objective")
    );
    let levers = counted(coupled.levers.len(), "lever");
    let answers = counted(coupled.answers, "answer");
    writeln!(
        text,
        "Chosen from {levers}, at most {} together, by {answers} of the model.",
        coupled.most
    )?;
    match coupled.arrows {
        Some(arrows) => writeln!(text, "The fitted model has {}.\n", counted(arrows, "arrow"))?,
        None => writeln!(text, "No model was fitted.\n")?,
    }
    overview(&mut text, coupled)?;
    for outcome in &coupled.objectives {
        section(&mut text, outcome)?;
    }
    Ok(text)
}

fn overview(text: &mut String, coupled: &Coupled) -> fmt::Result {
    writeln!(
        text,
        "| objective | verdict | plan | as it is | by instruction | best instruction | after |\n|---|---|---|---:|---:|---:|---:|"
    )?;
    for outcome in &coupled.objectives {
        let plan = match outcome.verdict {
            Verdict::None => "none".to_owned(),
            _ => levers(&outcome.plan),
        };
        let held =
            |tried: &Option<Tried>| decimal(tried.as_ref().map(|tried| tried.held.deviation), 2);
        writeln!(
            text,
            "| {} | {} | {plan} | {:.2} | {} | {} | {:.2} |",
            escaped(&outcome.name),
            verdict(outcome.verdict),
            outcome.now.deviation,
            held(&outcome.by_instruction),
            held(&outcome.by_best_instruction),
            outcome.plan.held.deviation,
        )?;
    }
    for (name, means) in [
        ("mean", coupled.mean),
        ("mean of those met", coupled.mean_of_met),
    ] {
        if let Some(Means {
            now,
            by_instruction,
            by_best_instruction,
            after,
        }) = means
        {
            writeln!(
                text,
                "| {name} | | | {now:.2} | {by_instruction:.2} | {by_best_instruction:.2} | {after:.2} |"
            )?;
        }
    }
    writeln!(
        text,
        "\nNumbers are weighted deviations. *By instruction*: the value that is furthest off is instructed, which is what one \
         would do without a plan. *Best instruction*: the one that measured best. Where the verdict is none, nothing is done.\n"
    )
}

fn levers(tried: &Tried) -> String {
    match tried.levers.is_empty() {
        true => "nothing".to_owned(),
        false => escaped(&tried.levers.join(" + ")),
    }
}

fn section(text: &mut String, outcome: &Outcome) -> fmt::Result {
    let who = outcome
        .role
        .as_deref()
        .map_or("the model as itself".to_owned(), |role| {
            format!("the role {role}")
        });
    writeln!(
        text,
        "## {}\n\nFor {}. {}.\n",
        escaped(&outcome.name),
        escaped(&who),
        escaped(&sentence(outcome))
    )?;
    writeln!(
        text,
        "| | levers | price | deviation | met | mean error | rank correlation | on other items |\n|---|---|---:|---:|---|---:|---:|---:|"
    )?;
    line(text, "as it is", ("", 0.0), &outcome.now, None)?;
    let tried = [
        ("by instruction", outcome.by_instruction.as_ref()),
        ("best instruction", outcome.by_best_instruction.as_ref()),
        ("as the model proposes", outcome.translation.as_ref()),
        ("closest", outcome.closest.as_ref()),
        (
            "plan",
            Some(&outcome.plan).filter(|_| outcome.verdict != Verdict::None),
        ),
    ];
    for (name, tried) in tried {
        if let Some(tried) = tried {
            line(
                text,
                name,
                (&levers(tried), tried.price),
                &tried.held,
                tried.held_out.as_ref(),
            )?;
        }
    }
    text.push('\n');
    if let Some(proposal) = &outcome.proposal {
        let set = proposal
            .set
            .iter()
            .map(|set| format!("{} to {:.2}", escaped(&set.value), set.to));
        let set: Vec<String> = set.collect();
        let set = if set.is_empty() {
            "nothing".to_owned()
        } else {
            set.join(", ")
        };
        writeln!(
            text,
            "The fitted model would set {set}, and expects a deviation of {:.2}.\n",
            proposal.deviation
        )?;
    }
    steps(text, outcome)?;
    values(text, outcome)
}

fn line(
    text: &mut String,
    name: &str,
    (levers, price): (&str, f64),
    held: &Held,
    held_out: Option<&Held>,
) -> fmt::Result {
    writeln!(
        text,
        "| {name} | {levers} | {price:.2} | {:.2} | {} | {:.2} | {} | {} |",
        held.deviation,
        if held.met { "yes" } else { "no" },
        held.mean_error,
        decimal(held.rank_correlation, 2),
        decimal(held_out.map(|held| held.deviation), 2),
    )
}

fn steps(text: &mut String, outcome: &Outcome) -> fmt::Result {
    if outcome.steps.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "| round | asked with | expected | measured | met |\n|---:|---|---:|---:|---|"
    )?;
    for step in &outcome.steps {
        let (levers, met) = (
            escaped(&step.levers.join(" + ")),
            if step.met { "yes" } else { "no" },
        );
        writeln!(
            text,
            "| {} | {levers} | {:.2} | {:.2} | {met} |",
            step.round, step.expected, step.measured
        )?;
    }
    writeln!(text, "\nThen {}.\n", why(outcome.stop))
}

fn values(text: &mut String, outcome: &Outcome) -> fmt::Result {
    writeln!(
        text,
        "| value | wanted | as it is | by instruction | after | on other items |\n|---|---|---:|---:|---:|---:|"
    )?;
    for value in &outcome.values {
        let OfValue {
            target,
            tolerance,
            now,
            after,
            ..
        } = value;
        let wanted = match (value.wanted, tolerance) {
            (true, Some(tolerance)) => format!("{target:.2} ± {tolerance:.2}"),
            (false, Some(tolerance)) => format!("to stay within {tolerance:.2}"),
            (_, None) => "free".to_owned(),
        };
        let other = decimal(value.after_held_out, 2);
        let instructed = decimal(value.by_instruction, 2);
        writeln!(
            text,
            "| {} | {wanted} | {now:.2} | {instructed} | {after:.2} | {other} |",
            escaped(&value.value)
        )?;
    }
    text.push('\n');
    Ok(())
}
