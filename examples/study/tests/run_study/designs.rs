//! Who is asked what, in which order of examples, as the study file says it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use study::file::StudyFile;
use study::{Foresight, Materials, Plan};
use value_causal::bench::journal::Question;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The study of the organism with other words for the prompt and the draw of items.
fn study(prompt: &str, sampling: &str) -> StudyFile {
    let organism = root().join("examples/studies/organism.toml");
    let text = fs::read_to_string(organism).unwrap();
    let (before, rest) = text.split_once("[prompt.template]").unwrap();
    let (_, after) = rest.split_once("[steering]").unwrap();
    let text = format!("{before}{prompt}\n{sampling}\n[steering]{after}");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    StudyFile::read(file.path()).unwrap()
}

fn planned(study: &StudyFile) -> Plan {
    let materials = Materials::read(study, &root().join("fixtures/organism")).unwrap();
    Plan::new(study, &materials, &[7]).unwrap()
}

/// Of the training rows, how many different sets of items there are.
fn draws(plan: &Plan) -> usize {
    let rows = plan.design.rows().iter().filter(|row| row.part == "train");
    rows.map(|row| row.items.to_vec())
        .collect::<HashSet<_>>()
        .len()
}

const PLAIN: &str = "[prompt]\ntemplate = \"plain\"\n";

#[test]
fn one_draw_for_all_roles_asks_all_the_same() {
    let own = planned(&study(PLAIN, "[sampling]\ntrain = 0.4\n"));
    let all = planned(&study(PLAIN, "[sampling]\ntrain = 0.4\ndraw = \"all\"\n"));
    assert!(draws(&own) > 100, "{}", draws(&own));
    assert_eq!(draws(&all), 1);
    let seeded = planned(&study(
        PLAIN,
        "[sampling]\ntrain = 0.4\ndraw = \"all\"\nseed = 3\n",
    ));
    assert_eq!(draws(&seeded), 1);
    let items = |plan: &Plan| plan.design.rows()[0].items.to_vec();
    assert!(items(&all) != items(&seeded) && items(&all).len() == items(&own).len());
}

#[test]
fn orders_of_examples_are_balanced_over_roles_and_items() {
    let study = |examples: &str| {
        study(
            &format!("{PLAIN}examples = \"{examples}\"\n"),
            "[sampling]\ntrain = 1.0\n",
        )
    };
    let yes_first = |plan: &Plan, row: usize, item: usize| {
        let text = plan.prompt(Question { row, item }).unwrap().text;
        text.find("Answer: yes").unwrap() < text.find("Answer: no").unwrap()
    };
    let [released, other, balanced] =
        ["yes-first", "no-first", "balanced"].map(|way| planned(&study(way)));
    let rows = balanced.design.rows();
    let steered = rows
        .iter()
        .position(|row| row.setting.feature().is_some())
        .unwrap();
    for (row, asked) in rows.iter().enumerate().take(6) {
        let items = asked.items.iter();
        let orders: Vec<bool> = items.map(|&item| yes_first(&balanced, row, item)).collect();
        let yes = orders.iter().filter(|&&yes| yes).count();
        assert!(yes.abs_diff(orders.len() - yes) <= 1, "{orders:?}");
    }
    for &item in rows[0].items.iter() {
        assert!(yes_first(&released, 0, item) && !yes_first(&other, 0, item));
        let same_role = steered - 1;
        assert_eq!(rows[same_role].setting.role, rows[steered].setting.role);
        assert_eq!(
            yes_first(&balanced, same_role, item),
            yes_first(&balanced, steered, item)
        );
        // The next role is asked the other way.
        let next = rows
            .iter()
            .position(|row| row.setting.role != rows[0].setting.role)
            .unwrap();
        assert_ne!(
            yes_first(&balanced, 0, item),
            yes_first(&balanced, next, item)
        );
    }
}

#[test]
fn a_template_without_examples_has_no_order() {
    let study = study(
        "[prompt]\ntemplate = { file = \"template.txt\" }\nexamples = \"balanced\"\n",
        "[sampling]\ntrain = 1.0\n",
    );
    let refused = Materials::read(&study, &root().join("fixtures/organism")).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.ends_with("template.txt: expected {{ examples }}, or {{ first }} and {{ second }}, whose order prompt.examples sets"),
        "{text}"
    );
}

/// Journals begun before there were these choices stay valid.
#[test]
fn what_is_as_released_is_not_named() {
    let file = serde_json::to_value(study(PLAIN, "[sampling]\ntrain = 0.4\n")).unwrap();
    let names = |table: &str| {
        file[table]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert!(!names("prompt").contains(&"examples".to_owned()));
    assert!(!names("sampling").contains(&"draw".to_owned()));
    let other = serde_json::to_value(study(
        &format!("{PLAIN}examples = \"no-first\"\n"),
        "[sampling]\ntrain = 0.4\ndraw = \"all\"\n",
    ));
    let other = other.unwrap();
    assert_eq!(
        (&other["prompt"]["examples"], &other["sampling"]["draw"]),
        (&"no-first".into(), &"all".into())
    );
}

/// What the program says of a study of the organism's values, 101 roles and so many features.
fn foreseen(sampling: &str, n_features: u64) -> String {
    let mut study = study(PLAIN, sampling);
    study.analysis = None;
    study.steering.as_mut().unwrap().roles = None;
    let mut materials = Materials::read(&study, &root().join("fixtures/organism")).unwrap();
    materials.train_roles = materials.train_roles.split_at(100).0;
    let features: Vec<u64> = (0..n_features).collect();
    let foresight = Foresight::of(&study, &materials, &features);
    foresight.unwrap().to_string()
}

/// The first number after these words.
fn number(text: &str, words: &str) -> Option<f64> {
    let (_, after) = text.split_once(words)?;
    let number = after.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number = number
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()?;
    number.parse().ok()
}

#[test]
fn a_plan_warns_of_rows_that_depend_and_says_what_they_can_tell() {
    let own = foreseen("[sampling]\ntrain = 0.4\n", 12);
    for warning in [
        "warning: each role is asked items of its own",
        "warning: 12 of 12 values have fewer than 10 items (Achievement, ",
        "warning: 12 features are few",
    ] {
        assert!(own.contains(warning), "{own}");
    }
    let all = foreseen("[sampling]\ntrain = 0.4\ndraw = \"all\"\n", 12);
    let depend = "warning: rows of a role, and rows of a feature";
    assert!(all.starts_with(depend), "{all}");
    let unsteered = foreseen("[sampling]\ntrain = 1.0\n", 0);
    assert!(!unsteered.contains("warning"), "{unsteered}");

    // Without a graph a test that takes rows for independent calls many pairs dependent.
    let by_fishers_z = number(&own, "where nothing is: ").unwrap();
    let by_clusters = number(&own, "Fisher's z, ").unwrap();
    assert!(by_fishers_z > 30.0 && by_clusters < 9.0, "{own}");
    // What cannot be seen at all has no number.
    let smallest = |text: &str| number(text, "seen in 80 % of studies: ").unwrap_or(1.0);
    assert!(smallest(&all) < smallest(&own), "{own}{all}");
    let reliability = |text: &str| number(text, "reliability of Achievement").unwrap();
    assert!(reliability(&own) < reliability(&all), "{own}{all}");
    assert!(
        reliability(&all) < reliability(&unsteered),
        "{all}{unsteered}"
    );
}
