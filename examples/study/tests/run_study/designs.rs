//! Who is asked what, in which order of examples, as the study file says it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use study::file::StudyFile;
use study::{Materials, Plan};
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
        text.ends_with("template.txt: expected {{ examples }}, whose order prompt.examples sets"),
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
