//! Value Portrait against its released data. The folder that `PSYCHOMETRICS_ORACLES` names holds it.

mod common;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use valuebench::portrait::{
    PortraitPrompts, PortraitRatings, Portraits, ValueSystem, Variant, sensitivity, value_scores,
};
use valuebench::{RatingJudge, RatingScale};

fn folder() -> Option<PathBuf> {
    common::folder("PSYCHOMETRICS_ORACLES").map(|folder| folder.join("valueportrait"))
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Cells of a file without quotes, less the header.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().skip(1).map(row).collect()
}

/// The items that somebody rated, in the order of the ratings, written in the released format. The
/// oracle leaves out their texts and all correlations of at most 0.3, however signed.
fn portraits(folder: &Path, ratings: &[Vec<String>]) -> Portraits {
    let mut correlations: HashMap<(String, String, String), Vec<(String, f64)>> = HashMap::new();
    for row in rows(&folder.join("item_values.csv")) {
        let [query, response, system, value, r] = <[String; 5]>::try_from(row).unwrap();
        let of_item = correlations.entry((query, response, system)).or_default();
        of_item.push((value, r.parse().unwrap()));
    }
    let mut queries: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for row in ratings.iter().filter(|row| seen.insert(row[1..3].to_vec())) {
        let of = |system: ValueSystem| {
            correlations.get(&(row[1].clone(), row[2].clone(), system.name().to_owned()))
        };
        queries.entry(&row[1]).or_default().push(json!({
            "id": row[2].parse::<u32>().unwrap(),
            "content": "a response",
            "correlations": of(ValueSystem::Schwartz),
            "bfi_correlations": of(ValueSystem::BigFive),
            "higher_pvq_correlations": of(ValueSystem::HigherValues),
        }));
    }
    let queries = queries.into_iter().map(|(id, outputs)| {
        json!({"portrait_id": id, "content": {"title": "a title", "text": "a query"}, "outputs": outputs})
    });
    let text = Value::Array(queries.collect()).to_string();
    Portraits::from_reader(text.as_bytes()).unwrap()
}

/// The ratings of each model by query and response.
fn by_model(rows: &[Vec<String>]) -> BTreeMap<&str, HashMap<(u32, u32), PortraitRatings>> {
    let mut models: BTreeMap<&str, HashMap<(u32, u32), PortraitRatings>> = BTreeMap::new();
    for row in rows {
        let ratings: Vec<Option<i32>> = row[3..].iter().map(|cell| cell.parse().ok()).collect();
        let item = (row[1].parse().unwrap(), row[2].parse().unwrap());
        let ratings = PortraitRatings(ratings.try_into().unwrap());
        models.entry(&row[0]).or_default().insert(item, ratings);
    }
    models
}

#[track_caller]
fn assert_close(found: f64, expected: &Value, tolerance: &Value, what: &str) {
    let (expected, tolerance) = (expected.as_f64().unwrap(), tolerance.as_f64().unwrap());
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found}, not {expected}"
    );
}

#[test]
fn scores_are_the_released_ones() {
    let Some(folder) = folder() else { return };
    let expected = read(&folder.join("expected_scores.json"));
    let tolerance = &expected["tolerance"];
    let rows = rows(&folder.join("ratings.csv"));
    let all = portraits(&folder, &rows).like_released();
    assert_eq!(all.items().len(), 520);
    let lost = &expected["items_that_the_released_averaging_lost_the_values_of"];
    let mut n_scores = 0;
    for (model, ratings) in by_model(&rows) {
        // The released averaging of two models lost the values of some items.
        let is_lost = |item: (u32, u32)| {
            let lost = lost[model].as_array();
            lost.is_some_and(|lost| lost.contains(&json!([item.0, item.1])))
        };
        let portraits = all
            .clone()
            .filter_correlations(|item, _, _| !is_lost((item.query.id, item.response)));
        let items = portraits.items().iter();
        let rated = items.map(|item| (item, ratings[&(item.query.id, item.response)]));
        for system in ValueSystem::ALL {
            let wanted = &expected["models"][model][system.name()];
            let scores = value_scores(rated.clone(), system);
            assert_eq!(scores.len(), wanted.as_object().unwrap().len());
            for score in scores {
                let wanted = &wanted[&score.value];
                assert_close(score.centred, &wanted["centred"], tolerance, &score.value);
                assert_close(score.mean, &wanted["mean"], tolerance, &score.value);
                assert_close(score.std, &wanted["std"], tolerance, &score.value);
                assert_eq!(wanted["n"], score.n_items, "{model}, {}", score.value);
                n_scores += 1;
            }
        }
    }
    assert_eq!(n_scores, 19 * expected["models"].as_object().unwrap().len());
}

#[test]
fn sensitivities_are_the_released_ones() {
    let Some(folder) = folder() else { return };
    let expected = read(&folder.join("expected_sensitivity.json"));
    let tolerance = &expected["tolerance"];
    let rows = rows(&folder.join("ratings.csv"));
    for (model, ratings) in by_model(&rows) {
        let ratings: Vec<PortraitRatings> = ratings.into_values().collect();
        let (wanted, found) = (&expected["models"][model], sensitivity(&ratings));
        assert_eq!(wanted.is_null(), found.is_none(), "{model}");
        let Some(found) = found else { continue };
        let close = |found, key: &str| assert_close(found, &wanted[key], tolerance, key);
        close(found.wording, "wording");
        close(found.wording_difference, "wording_difference");
        close(found.difference_over_all, "difference_over_all");
        close(found.order_mean, "order_mean");
        close(found.order_difference, "order_difference");
        assert_eq!(wanted["items_compared"], found.n_items);
        for (wording, order) in ["v1", "v2", "v3"].into_iter().zip(found.order) {
            match order {
                Some(order) => assert_close(order, &wanted["order"][wording], tolerance, wording),
                None => assert!(wanted["order"].get(wording).is_none(), "{model}, {wording}"),
            }
        }
    }
}

#[test]
fn ratings_are_read_out_of_released_texts() {
    let Some(folder) = folder() else { return };
    let expected = read(&folder.join("expected_ratings.json"));
    let scale = RatingScale::likeness();
    let judge = RatingJudge::new(&scale);
    for pair in expected["texts"].as_array().unwrap() {
        let text = pair[0].as_str().unwrap();
        assert_eq!(json!(judge.judge(text)), pair[1], "{text:?}");
    }
    for (spelling, rating) in expected["scale"].as_object().unwrap() {
        assert_eq!(json!(judge.judge(spelling)), *rating);
    }
}

#[test]
fn prompts_are_the_released_ones_byte_for_byte() {
    let Some(folder) = folder() else { return };
    let released = tempfile::tempdir().unwrap();
    for variant in Variant::ALL {
        let to = released.path().join(variant.name());
        fs::create_dir(&to).unwrap();
        for source in ["reddit", "sharegpt"] {
            let from = folder.join(format!("templates/{}.{source}.txt", variant.name()));
            fs::copy(from, to.join(format!("{source}_prompt.txt"))).unwrap();
        }
    }
    let prompts = PortraitPrompts::from_folder(released.path()).unwrap();
    let expected = read(&folder.join("expected_prompts.json"));
    for case in expected.as_array().unwrap() {
        let query = json!([{
            "portrait_id": case["portrait_id"],
            "content": {"title": case["title"], "text": case["text"]},
            "outputs": [{"id": case["option_id"], "content": case["response"]}],
        }]);
        let portraits = Portraits::from_reader(query.to_string().as_bytes()).unwrap();
        let mut variants = Variant::ALL.into_iter();
        let variant = variants
            .find(|variant| case["variant"] == variant.name())
            .unwrap();
        let prompt = prompts.render(variant, &portraits.items()[0]);
        assert_eq!(case["prompt"], prompt);
    }
}
