//! ValueBench's own files and the released roles.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use valuebench::{Definitions, ItemSampling, Keying, Questionnaire, RoleSet};

fn questionnaire() -> Option<Questionnaire> {
    let folder = common::folder("VALUEBENCH_DATA")?;
    Some(Questionnaire::from_path(folder.join("value_orientation.csv")).unwrap())
}

/// The values with at least 20 items, in the order of the file, with their numbers of items.
const LARGE: [(&str, usize); 17] = [
    ("Uncertainty Avoidance", 21),
    ("Achievement", 22),
    ("Organization", 20),
    ("Social Cynicism", 20),
    ("Social Complexity", 23),
    ("Resilience", 25),
    ("Anxiety Disorder", 20),
    ("Positive coping", 28),
    ("Understanding", 20),
    ("Breadth of Interest", 20),
    ("Empathy", 27),
    ("Theoretical", 20),
    ("Economic", 20),
    ("Aesthetic", 20),
    ("Religious", 20),
    ("Social", 20),
    ("Political", 20),
];

#[test]
fn the_whole_questionnaire() {
    let Some(all) = questionnaire() else { return };
    assert_eq!(all.items().len(), 1988);
    assert_eq!(all.values().len(), 224);
    let inventories: BTreeSet<&str> = all.items().iter().map(|i| i.inventory.as_str()).collect();
    assert_eq!(inventories.len(), 36);
    let positive = all.items().iter().filter(|i| i.keying == Keying::Positive);
    assert_eq!(positive.count(), 1358);
    let first = &all.items()[0];
    assert_eq!(first.value, all.values()[0]);
    assert_eq!(first.value, "Preference for Order and Structure");
    let total: usize = all
        .values()
        .iter()
        .map(|value| all.measuring(value).len())
        .sum();
    assert_eq!(total, 1988);
}

#[test]
fn the_papers_values() {
    let Some(all) = questionnaire() else { return };
    let large = all.with_at_least(20);
    assert_eq!(large.items().len(), 366);
    let sizes = large
        .values()
        .iter()
        .map(|value| (value.as_str(), large.measuring(value).len()));
    assert_eq!(sizes.collect::<Vec<_>>(), LARGE);
}

/// 108 questions per training setting: 6 per value, but 8 for Empathy and Positive coping, and 7
/// for Resilience and Social Complexity.
#[test]
fn the_papers_numbers_of_questions() {
    let Some(all) = questionnaire() else { return };
    let split = all.with_at_least(20).split(0.7, 1).unwrap();
    let sampling = ItemSampling::released(0.4).unwrap();
    let mut numbers = BTreeMap::new();
    for value in split.train.values() {
        let asked = split.train.asked(&sampling, Some("Mary Holt"), value);
        assert!(asked.iter().all(|item| item.value == *value));
        numbers.insert(value.as_str(), asked.len());
    }
    assert_eq!(numbers.values().sum::<usize>(), 108);
    for (value, n) in numbers {
        let expected = match value {
            "Empathy" | "Positive coping" => 8,
            "Resilience" | "Social Complexity" => 7,
            _ => 6,
        };
        assert_eq!(n, expected, "{value}");
    }
}

#[test]
fn definitions() {
    let Some(folder) = common::folder("VALUEBENCH_DATA") else {
        return;
    };
    let definitions = Definitions::from_path(folder.join("value_definitions.csv")).unwrap();
    assert_eq!(definitions.rows().len(), 582);
    for (value, _) in LARGE {
        let defined = definitions.definition(value).is_some();
        assert_eq!(defined, value != "Anxiety Disorder", "{value}");
    }
    assert_eq!(
        definitions.definition("Social").as_deref(),
        Some("Focus on Others Love for people.")
    );
    assert_eq!(
        definitions.upper_dimensions("Empathy"),
        ["Agreeableness", "Emotional", "Cooperativeness"]
    );
    assert_eq!(
        definitions.upper_dimensions("Achievement"),
        ["Self-Enhancement", "Industriousness"]
    );
    assert_eq!(
        definitions.opposite_dimensions("Individualism"),
        ["Collectivism"]
    );
    assert!(
        definitions
            .rows()
            .iter()
            .all(|row| row.value == row.value.trim())
    );
    assert!(definitions.of("Greed Avoidance").next().is_some());
}

#[test]
fn roles_keep_their_bytes() {
    let Some(folder) = common::folder("VALUE_CAUSAL_PLAYERS") else {
        return;
    };
    for (file, n) in [("players25.json", 25), ("players100.json", 100)] {
        let roles = RoleSet::from_path(folder.join(file)).unwrap();
        assert_eq!(roles.len(), n);
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(roles.to_json() == text, "{file}");
        for role in &roles {
            assert!(matches!(role.gender(), Some("male" | "female")));
            assert_eq!(role.mbti().map(str::len), Some(4));
            assert!(role.job().is_some_and(|job| !job.is_empty()));
            assert!(role.second_person.is_some() && role.third_person.is_some());
        }
    }
    let roles = RoleSet::from_path(folder.join("players25.json")).unwrap();
    assert!(roles.get("Mary Holt").is_some());
}
