use std::fmt::Write as _;

use value_causal::bench::journal::Shard;

use super::file::{JudgedBy, JudgingMode, Like, SteeredPasses, StudyFile, YesAndNo};
use super::{Plan, rated};
use program::counted;

/// What a study will do, in words: model, values, and for each part its settings and answers.
#[must_use]
pub fn describe(study: &StudyFile, plan: &Plan, shard: Shard) -> String {
    let model = match &study.model.folder {
        Some(folder) => format!("{} on {}", folder.display(), study.model.device),
        None => "a served model".to_owned(),
    };
    let mut text = format!("{}: {model}\n", study.name);
    let design = &plan.design;
    let values = design.items().iter().map(|item| item.value.as_str());
    let mut values: Vec<&str> = values.collect();
    values.dedup();
    values.sort_unstable();
    values.dedup();
    let mut line = |name: &str, what: String| {
        let _ = writeln!(text, "  {name:<14}{what}");
    };
    line(
        "values",
        format!("{} ({})", values.len(), values.join(", ")),
    );
    line("items", design.items().len().to_string());
    if let Some(answers) = rated::described(design.items()) {
        line("answers", answers);
    }
    if let Some(steering) = &study.steering {
        let features = design.rows().iter().filter_map(|row| row.setting.feature());
        let mut features: Vec<u64> = features.collect();
        features.sort_unstable();
        features.dedup();
        let shown: Vec<String> = features.iter().map(ToString::to_string).collect();
        let at = match steering.passes {
            SteeredPasses::Prompt => "over the prompt's steered phrase",
            SteeredPasses::Decode => "at every new token",
            SteeredPasses::Every => "at every token of prompt and answer",
        };
        let how = format!("{:?} {} {at}", steering.mode, steering.dose);
        line(
            "steering",
            format!(
                "{how}; {} ({})",
                counted(shown.len(), "feature"),
                shown.join(", ")
            ),
        );
    }
    let most = counted(study.judging.max_new_tokens, "token");
    let written = match study.judging.mode {
        JudgingMode::Both => format!("in the part \"written\" at most {most}"),
        _ => "nothing is written".to_owned(),
    };
    let mode = match (study.judging.words(), study.judging.mode) {
        (Some(YesAndNo { yes, .. }), _) if yes.is_empty() => format!(
            "likelihood: the spellings of the ratings, with the options in both orders; {written}"
        ),
        (Some(YesAndNo { yes, no, .. }), _) => format!(
            "likelihood: {yes:?} against {no:?}, with the examples in both orders; {written}"
        ),
        (None, JudgingMode::Fast) => {
            format!("fast: answers end once they are decided, at most {most}")
        }
        (None, _) => format!("exact: answers are written to their end, at most {most}"),
    };
    line("judging", mode);
    let judge = match (study.judging.judge, study.judging.like) {
        _ if study.judging.mode == JudgingMode::Likelihood => "nobody: what is likelier",
        (JudgedBy::Rules, _) => "the rules",
        (JudgedBy::Chat, Like::Paper) => "the rules, then a served model in the paper's words",
        (JudgedBy::Chat, Like::Released) => "the rules, then a served model like the released one",
    };
    line("judge", judge.to_owned());
    let mut instructed = (0, 0);
    for part in design.parts() {
        let rows: Vec<usize> = design
            .rows()
            .iter()
            .filter(|row| row.part == part)
            .map(|row| row.items.len())
            .collect();
        let answers: usize = rows.iter().sum();
        if part.contains(": ") {
            instructed = (instructed.0 + rows.len(), instructed.1 + answers);
        } else {
            line(part, asked(rows.len(), answers));
        }
    }
    if instructed.0 > 0 {
        line("instructed", asked(instructed.0, instructed.1));
    }
    let all = design.n_questions(Shard::WHOLE);
    line("in all", asked(design.rows().len(), all));
    if shard != Shard::WHOLE {
        let settings = (0..design.rows().len())
            .filter(|&row| shard.holds(row))
            .count();
        let answers = design.n_questions(shard);
        line(
            "this shard",
            format!("{shard}: {}", asked(settings, answers)),
        );
    }
    text
}

fn asked(settings: usize, answers: usize) -> String {
    format!(
        "{}, {}",
        counted(settings, "setting"),
        counted(answers, "answer")
    )
}
