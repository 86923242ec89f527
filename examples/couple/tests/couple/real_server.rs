//! The organism behind a real OpenAI-compatible server: see `scripts/chat_server`.

use crate::{Case, STUDY};

const OBJECTIVES: &str = r#"
study = "study.toml"
most = 2

[roles]
price = 0.1
names = ["Kwame Rahman"]

[instructions]
price = 0.02
values = ["Achievement", "Conformity"]

[[objective]]
name = "Busy and orderly"
values.Conformity = { target = 1.0, tolerance = 0.15 }
values.Stimulation = { target = 1.0, tolerance = 0.15 }
"#;

#[test]
fn the_served_organism_is_planned_for_as_the_one_in_this_process() {
    let variable = |name| std::env::var(name).ok();
    let url = variable("VALUEBENCH_CHAT_URL");
    let model = variable("VALUEBENCH_CHAT_MODEL").filter(|model| model == "organism");
    let (Some(url), Some(model)) = (url, model) else {
        println!("skipped: VALUEBENCH_CHAT_URL and VALUEBENCH_CHAT_MODEL name no served organism");
        return;
    };
    let (before, after) = STUDY.split_once("[steering]").unwrap();
    let unsteered = format!(
        "{before}[judging]{}",
        after.split_once("[judging]").unwrap().1
    );
    let few = unsteered.replace(
        "train = 0.34",
        "train = 0.2\nvalues = [\"Achievement\", \"Conformity\", \"Stimulation\"]",
    );
    let here = Case::new(OBJECTIVES, &few);
    here.finish(&[]);
    let own = "folder = \"model\"\nprecision = \"f32\"";
    assert!(few.contains(own));
    let served = Case::new(OBJECTIVES, &few.replace(own, "served = \"message\""));
    let mut command = served.command(&[]);
    let output = command
        .env("OPENAI_BASE_URL", url)
        .env("OPENAI_MODEL", &model)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    let outcome = |case: &Case| case.found()["objectives"][0].clone();
    let (here, served) = (outcome(&here), outcome(&served));
    assert_eq!(served["verdict"], "met");
    assert_eq!(served["plan"]["levers"], here["plan"]["levers"]);
    let deviation =
        |outcome: &serde_json::Value| outcome["plan"]["held"]["deviation"].as_f64().unwrap();
    // Two engines add in different orders, which decides between two words as likely.
    assert!(
        (deviation(&here) - deviation(&served)).abs() < 0.2,
        "{here} {served}"
    );
}
