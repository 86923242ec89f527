//! `report.md`: the comparison in words and tables.

use std::fmt::{self, Write};

use reproduce::text::{decimal, escaped};

use crate::curve::{At, Curve};
use crate::measures::Measures;
use crate::outcome::{Band, Outcome};
use crate::pictures::Named;

const MEASURES: &str = "success | against | inside | outside | as under do() | undecided";
const LINES: &str = "---:|---:|---:|---:|---:|---:";

/// The report; `pictures` lie beside it.
///
/// # Errors
/// None in practice: it is written into memory.
pub fn markdown(outcome: &Outcome, pictures: &[Named]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    head(&mut text, outcome)?;
    equal(&mut text, outcome)?;
    curves(&mut text, outcome)?;
    band(&mut text, outcome)?;
    chosen(&mut text, outcome)?;
    directions(&mut text, outcome)?;
    published(&mut text, outcome)?;
    text.push_str("## Pictures\n\n");
    for Named { stem, title, .. } in pictures {
        writeln!(text, "![{}]({stem}.svg)\n", escaped(title))?;
    }
    Ok(text)
}

fn head(text: &mut String, outcome: &Outcome) -> fmt::Result {
    let [roles, items] = outcome.asked;
    let unsteered = &outcome.unsteered;
    write!(
        text,
        "# Steering methods compared: {}\n\nThe study {}: {roles} roles were asked {items} items each, without a steer and \
         under every one. **Success** is the share of roles whose own value moved as it was to, of those with room to; \
         **against**, the share whose value moved the other way. Side effects are other values that moved, by role: \
         **inside** those that follow the steered value in the graph, **outside** all others. ",
        escaped(&outcome.name),
        escaped(&outcome.study)
    )?;
    match &outcome.graph {
        Some(graph) => writeln!(text, "The graph is `{}`.\n", escaped(graph))?,
        None => writeln!(text, "No graph was given, so that all are outside.\n")?,
    }
    writeln!(
        text,
        "Cost is measured on neutral text behind the beginning of the study's prompt, up to the steered phrase, at every \
         position: **KL** of the steered from the unsteered predictions, in nats per token (unsteered cross-entropy {:.3}, \
         {:.0} tokens per second). **Length** is that of the change in the residual stream behind the steered point. Doses \
         are chosen on every second item of each value; all tables report the other half, as means over values and signs.\n",
        unsteered.cross_entropy, unsteered.tokens_per_second
    )?;
    text.push_str("| method | acts |\n|---|---|\n");
    for told in &outcome.methods {
        writeln!(text, "| {} | {} |", escaped(&told.method), told.acts)?;
    }
    text.push_str(
        "\nA method that acts at the phrase alone costs nothing on text without it; what is measured here is what the text \
         behind it feels. One that acts at the last token of each pass alone cannot be felt at the others, whatever it does to \
         an answer.\n\n",
    );
    Ok(())
}

fn measures(found: &Measures) -> String {
    format!(
        "{} | {:.3} | {} | {} | {} | {:.3}",
        decimal(found.success, 3),
        found.against,
        decimal(found.inside, 3),
        decimal(found.outside, 3),
        decimal(found.as_under_do, 3),
        found.undecided
    )
}

fn equal(text: &mut String, outcome: &Outcome) -> fmt::Result {
    at(
        text,
        "At equal cost",
        "a KL of",
        "nats per token",
        outcome.equal_kl.as_ref(),
    )?;
    at(
        text,
        "At equal length of the change",
        "a length of",
        "",
        outcome.equal_length.as_ref(),
    )
}

fn at(text: &mut String, title: &str, what: &str, unit: &str, found: Option<&At>) -> fmt::Result {
    let Some(found) = found else {
        return Ok(());
    };
    let number = format!("{:.4} {unit}", found.at);
    write!(
        text,
        "## {title}\n\nMethods at {what} {}, where three of four were asked; between two doses, and between none and the first, on a \
         straight line.\n\n| method | dose | {MEASURES} |\n|---|---:|{LINES}|\n",
        number.trim_end()
    )?;
    for row in &found.rows {
        let (method, told) = (escaped(&row.method), measures(&row.reported));
        writeln!(text, "| {method} | {:.3} | {told} |", row.dose)?;
    }
    text.push('\n');
    let short = found.short.iter();
    let short: Vec<String> = short
        .map(|(method, end)| format!("{} ({end:.4})", escaped(method)))
        .collect();
    if !short.is_empty() {
        writeln!(text, "Not asked so far: {}.\n", short.join(", "))?;
    }
    Ok(())
}

fn curves(text: &mut String, outcome: &Outcome) -> fmt::Result {
    write!(
        text,
        "## Doses and responses\n\n| method | dose | length | KL | cross-entropy | tokens/s | {MEASURES} |\n\
         |---|---:|---:|---:|---:|---:|{LINES}|\n"
    )?;
    for Curve { method, doses, .. } in &outcome.curves {
        for dose in doses {
            writeln!(
                text,
                "| {} | {} | {} | {:.4} | {:.3} | {:.0} | {} |",
                escaped(method),
                dose.dose,
                decimal(dose.cost.length, 2),
                dose.cost.kl,
                dose.cost.cross_entropy,
                dose.cost.tokens_per_second,
                measures(&dose.reported)
            )?;
        }
    }
    text.push_str(
        "\nRead success and side effects together: a dose that moves nothing of its own value may already move those that \
         follow it.\n\n",
    );
    Ok(())
}

fn band(text: &mut String, outcome: &Outcome) -> fmt::Result {
    if outcome.band.is_empty() {
        return Ok(());
    }
    let directions = outcome.band.iter().map(|band| band.directions).min();
    write!(
        text,
        "## Random directions\n\n{} random directions of each length, held against every aim: least, mean and greatest share. \
         A method that does no more than these at its length does nothing of its own.\n\n\
         | value | aim | length | success | against | outside | KL |\n|---|---|---:|---:|---:|---:|---:|\n",
        directions.unwrap_or(0)
    )?;
    for Band {
        value,
        sign,
        dose,
        success,
        against,
        outside,
        kl,
        ..
    } in &outcome.band
    {
        let [success, against, outside, kl] =
            [success, against, outside, kl].map(|x| format!("{:.3} {:.3} {:.3}", x[0], x[1], x[2]));
        let value = escaped(value);
        writeln!(
            text,
            "| {value} | {sign:?} | {dose} | {success} | {against} | {outside} | {kl} |"
        )?;
    }
    text.push('\n');
    Ok(())
}

fn chosen(text: &mut String, outcome: &Outcome) -> fmt::Result {
    write!(
        text,
        "## Chosen doses\n\nBy the harmonic mean of success, of what did not move against the steer and of what stayed outside, each from 0 to 2 as \
         in AxBench, on one half of the items; reported on the other. Random: the greatest \
         success of a random direction of the same length.\n\n| method | value | aim | dose | KL | score | random | {MEASURES} |\n|---|---|---|---:|---:|---:|---:|{LINES}|\n"
    )?;
    for one in &outcome.chosen {
        writeln!(
            text,
            "| {} | {} | {:?} | {} | {:.4} | {:.2} | {} | {} |",
            escaped(&one.method),
            escaped(&one.value),
            one.sign,
            one.dose,
            one.cost.kl,
            one.reported.score(),
            decimal(one.random.map(|random| random[2]), 3),
            measures(&one.reported)
        )?;
    }
    text.push('\n');
    Ok(())
}

fn directions(text: &mut String, outcome: &Outcome) -> fmt::Result {
    if outcome.directions.is_empty() {
        return Ok(());
    }
    text.push_str(
        "## Directions\n\n| method | value | at | length | cosines |\n|---|---|---|---:|---|\n",
    );
    for along in &outcome.directions {
        let cosines = along.cosines.iter();
        let cosines: Vec<String> = cosines
            .map(|(method, cosine)| format!("{} {cosine:.2}", escaped(method)))
            .collect();
        writeln!(
            text,
            "| {} | {} | `{}` | {:.2} | {} |",
            escaped(&along.method),
            escaped(&along.value),
            along.at,
            along.length,
            cosines.join(", ")
        )?;
    }
    text.push('\n');
    Ok(())
}

fn published(text: &mut String, outcome: &Outcome) -> fmt::Result {
    text.push_str(
        "## What others have published\n\nOf other models, tasks and judges, so that only the order of methods can be held \
         against what is above.\n\n| method | model | measure | found | source |\n|---|---|---|---|---|\n",
    );
    for one in outcome.published {
        let cells = [one.method, one.model, one.measure, one.found, one.source];
        writeln!(text, "| {} |", cells.join(" | "))?;
    }
    text.push('\n');
    Ok(())
}
