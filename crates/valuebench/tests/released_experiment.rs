//! Prompts, judgements, draws and scores against those of the released code.

mod common;

use serde_json::Value;
use valuebench::{
    Inclination, Instruction, Item, ItemSampling, Judge, Judgement, Keying, Measurements,
    PromptTemplate, Role, RoleWording, RuleJudge, Score, Setting, Stance, change_std, orientation,
    score_std,
};

/// One list of the goldens, empty where they are not there.
fn goldens(key: &str, n: usize) -> Vec<Value> {
    let Some(folder) = common::folder("VALUE_CAUSAL_LM_GOLDENS") else {
        return Vec::new();
    };
    let text = std::fs::read_to_string(folder.join("experiment.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let list = all[key].as_array().unwrap().clone();
    assert_eq!(list.len(), n);
    list
}

fn text(golden: &Value, key: &str) -> String {
    golden[key].as_str().unwrap().to_owned()
}

fn template(golden: &Value) -> PromptTemplate {
    let template = match golden["style"].as_u64() {
        Some(1) => PromptTemplate::plain(),
        Some(2) => PromptTemplate::llama3(),
        other => panic!("style {other:?}"),
    };
    template.with_role_wording(match golden["person"].as_u64() {
        Some(2) => RoleWording::Note,
        Some(3) => RoleWording::RolePlay,
        _ => RoleWording::Trait,
    })
}

fn instruction(golden: &Value) -> Option<Instruction> {
    let inclination = match golden["person"].as_u64() {
        Some(4) => Inclination::Disinclined,
        Some(5) => Inclination::Inclined,
        _ => return None,
    };
    Some(Instruction {
        value: text(golden, "value"),
        definition: Some(text(golden, "definition")),
        inclination,
    })
}

#[test]
fn prompts() {
    for golden in goldens("prompts", 20) {
        let item = Item {
            inventory: String::new(),
            statement: String::new(),
            value: text(&golden, "value"),
            keying: Keying::Positive,
            question: text(&golden, "question"),
            ..Item::default()
        };
        let role = golden["bio"].as_str().map(|bio| Role {
            name: "Ada".to_owned(),
            bio: bio.to_owned(),
            second_person: Some(bio.to_owned()),
            third_person: Some(bio.to_owned()),
        });
        let instruction = instruction(&golden);
        let template = template(&golden);
        let prompt = template
            .render(&item, role.as_ref(), instruction.as_ref())
            .unwrap();
        assert_eq!(prompt.text, text(&golden, "prompt"));
        assert_eq!(&prompt.text[prompt.steered.clone()], " your values");
        assert_eq!(prompt.text.find(" your values"), Some(prompt.steered.start));
    }
}

#[test]
fn judgements() {
    for golden in goldens("judge", 28) {
        let expected = match golden["rule"].as_str().unwrap() {
            "yes" => Judgement::Decided(Stance::Yes),
            "no" => Judgement::Decided(Stance::No),
            "unsure" => Judgement::Decided(Stance::Unsure),
            "undecided" => Judgement::Open,
            other => panic!("{other}"),
        };
        let text = text(&golden, "text");
        assert_eq!(RuleJudge.judge(&text).unwrap(), expected, "{text:?}");
    }
}

/// The seed is the role's name followed by the value's, however they are told apart.
#[test]
fn draws() {
    for golden in goldens("question_samples", 24) {
        let seed = text(&golden, "seed");
        let n = usize::try_from(golden["n"].as_u64().unwrap()).unwrap();
        let sampling = ItemSampling::released(golden["rate"].as_f64().unwrap()).unwrap();
        let expected: Vec<usize> = serde_json::from_value(golden["sorted"].clone()).unwrap();
        assert_eq!(sampling.indices(Some(&seed), "", n), expected, "{seed}");
        match seed.strip_prefix("None") {
            Some(value) => assert_eq!(sampling.indices(None, value, n), expected, "{seed}"),
            None => assert!(!seed.is_empty()),
        }
    }
}

fn scores(golden: &Value, key: &str) -> Vec<Score> {
    let numbers = golden[key].as_array().unwrap().iter();
    numbers
        .map(|number| match number.as_i64().unwrap() {
            -1 => Score::Against,
            0 => Score::Neutral,
            1 => Score::For,
            other => panic!("{other}"),
        })
        .collect()
}

/// To the last bit.
#[test]
fn scoring() {
    for golden in goldens("scores", 12) {
        let (before, after) = (scores(&golden, "base"), scores(&golden, "steered"));
        let number = |key: &str| golden[key].as_f64().unwrap();
        assert_eq!(orientation(&after), Some(number("value")));
        assert_eq!(score_std(&after), Some(number("std")));
        assert_eq!(change_std(&before, &after).unwrap_or(-1.0), number("scstd"));

        let mut measured = Measurements::new(vec!["V".to_owned()]);
        measured.push(Setting::steered("Ada", 1), vec![after]);
        measured.push(Setting::of_role("Ada"), vec![before]);
        let table = measured.table().unwrap();
        assert_eq!(table.matrix()[(0, 0)], number("value"));
        assert_eq!(table.scstd_matrix().unwrap()[(0, 0)], number("scstd"));
        assert_eq!(table.scstd_matrix().unwrap()[(1, 0)], -1.0);
        assert_eq!(table.stds().unwrap()[0], number("std"));
    }
}
