//! valuebench: a questionnaire, asked of somebody, becomes a table of value orientations.
//!
//! `cargo run --package tutorials --bin ask_a_questionnaire`

use std::error::Error;

use value_causal::bench::{
    Judge, Measurements, Prompt, PromptTemplate, Questionnaire, Role, RoleSet, RuleJudge, Score,
    Setting,
};

/// A questionnaire in ValueBench's format. A yes to the second item speaks against the value.
const ITEMS: &str = "\
questionnaire,item,value,agreement,question
Own,I help strangers.,Kindness,1,Should I help strangers?
Own,I laugh at others.,Kindness,-1,Should I laugh at others?
Own,I try new food.,Curiosity,1,Should I try new food?
Own,I avoid what I do not know.,Curiosity,-1,Should I avoid what I do not know?
";

/// Whoever answers prompts; here somebody whom nurses make kind. Put your model in this place: tch-lens runs one on
/// libtorch, and the feature `chat` of valuebench asks one behind a server.
fn answer(prompt: &Prompt) -> String {
    let asked = |words| prompt.text.ends_with(words);
    let yes = match prompt.text.contains("Job: Nurse") {
        true => asked("help strangers?\nThought:"),
        false => asked("laugh at others?\nThought:") || asked("try new food?\nThought:"),
    };
    let stance = if yes { "yes" } else { "no" };
    format!(" Let me think.\nAnswer: {stance}")
}

fn main() -> Result<(), Box<dyn Error>> {
    let questionnaire = Questionnaire::from_reader(ITEMS.as_bytes())?;
    let roles = RoleSet::new(vec![
        Role::new("Ada Quill", "female", "Nurse", "ENFP"),
        Role::new("Bo Marsh", "male", "Actor", "ISTJ"),
    ])?;
    let template = PromptTemplate::plain();

    // A row per setting: the empty role first, which effects are measured against.
    let mut measured = Measurements::new(questionnaire.values().to_vec());
    for role in std::iter::once(None).chain(roles.iter().map(Some)) {
        let mut by_value = Vec::new();
        for value in questionnaire.values() {
            let mut scores = Vec::new();
            for item in questionnaire.measuring(value) {
                let text = answer(&template.render(item, role, None)?);
                // The rules read the answer behind its thought; what they leave open counts as unsure.
                let stance = RuleJudge.judge(&text)?.or_unsure();
                scores.push(Score::of(stance, item.keying));
            }
            by_value.push(scores);
        }
        let name = role.map(|role| role.name.as_str());
        measured.push(Setting::of_role(name), by_value);
    }

    // Orientations in [-1, 1], in the CSV format of the paper's released files.
    print!("{}", measured.table()?.to_csv());
    Ok(())
}
