//! Steering methods on the organism, where it is known what each must do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The workspace's folder; a test program that was built elsewhere is run there.
fn workspace() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match built.join("fixtures/organism").exists() {
        true => built.canonicalize().unwrap(),
        false => PathBuf::from(".").canonicalize().unwrap(),
    }
}

fn compare(file: &Path, out: &Path, more: &[&str]) -> Output {
    let mut compare = Command::new(env!("CARGO_BIN_EXE_compare_steering"));
    let data = workspace().join("fixtures/organism");
    compare
        .arg(file)
        .arg("--data")
        .arg(data)
        .arg("--out")
        .arg(out);
    // The network is so small that a second thread gains next to nothing.
    compare.args(more).env("OMP_NUM_THREADS", "1");
    compare.output().unwrap()
}

fn compared(file: &Path, out: &Path, more: &[&str]) -> String {
    let run = compare(file, out, more);
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let error = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}{error}");
    said
}

/// A comparison file over the study of that name in the examples.
fn written(folder: &Path, name: &str, study: &str, head: &str, methods: &str) -> PathBuf {
    let (study, neutral) = (
        workspace().join("examples").join(study),
        workspace().join("examples/comparisons/organism_neutral.txt"),
    );
    let file = folder.join(name);
    let text = format!(
        "name = \"test\"\nstudy = {study:?}\nneutral = {{ file = {neutral:?}, texts = 2 }}\ngraph = \"truth\"\n{head}\n\
         contrasts.told.instructions = {{ roles = 100, read = \"phrase\" }}\n{methods}"
    );
    fs::write(&file, text).unwrap();
    file
}

fn method(name: &str, doses: &str, how: &str) -> String {
    format!("[[methods]]\nname = \"{name}\"\ndoses = [{doses}]\nhow.{how}\n")
}

/// After layer 0, learned from instructions.
fn learned(kind: &str, more: &str) -> String {
    format!("{kind} = {{ contrast = \"told\", at = \"blocks.0.hook_resid_post\"{more} }}")
}

fn numbers(out: &Path) -> Value {
    let text = fs::read_to_string(out.join("compare.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The mean over both signs of a measure of the points of one method, value and dose.
fn mean(found: &Value, (method, value, dose): (&str, &str, f64), measure: &str) -> f64 {
    let points = found["points"].as_array().unwrap().iter();
    let own = points.filter(|point| {
        point["method"] == method && point["value"] == value && point["dose"] == dose
    });
    let own: Vec<f64> = own
        .map(|point| point["all"][measure].as_f64().unwrap())
        .collect();
    assert_eq!(own.len(), 2, "{method}, {value}, {dose}");
    own.iter().sum::<f64>() / 2.0
}

/// Ranges are told to three digits.
const ROUNDED: f64 = 2e-3;

/// What each method does on the organism: its dose, and the least and most of success, of answers as under do() and of other
/// values that moved.
const EXPECTED: [(&str, f64, [[f64; 2]; 3]); 13] = [
    (
        "instruction",
        1.0,
        [[1.0, 1.0], [0.997, 0.999], [0.006, 0.025]],
    ),
    ("planted", 6.0, [[0.95, 1.0], [0.982, 0.999], [0.0, 0.031]]),
    ("mean", 0.5, [[0.8, 1.0], [0.976, 0.995], [0.0, 0.042]]),
    (
        "mean, length",
        6.0,
        [[0.1, 0.8], [0.908, 0.969], [0.0, 0.05]],
    ),
    ("pairs", 6.0, [[0.1, 0.8], [0.908, 0.969], [0.0, 0.05]]),
    ("probe", 6.0, [[0.1, 0.8], [0.908, 0.969], [0.0, 0.05]]),
    ("centred", 6.0, [[0.0, 0.1], [0.852, 0.898], [0.0, 0.094]]),
    ("feature", 12.0, [[0.5, 1.0], [0.873, 0.985], [0.0, 0.17]]),
    ("probability", 0.9, [[0.0, 0.0], [0.76, 0.9], [0.0, 0.05]]),
    (
        "probability",
        0.99,
        [[0.0, 0.45], [0.865, 0.93], [0.0, 0.05]],
    ),
    (
        "probability",
        0.999,
        [[0.65, 0.95], [0.965, 0.99], [0.0, 0.05]],
    ),
    ("heads", 3.0, [[0.0, 0.95], [0.83, 0.97], [0.12, 0.23]]),
    (
        "heads, everywhere",
        3.0,
        [[0.2, 0.5], [0.44, 0.592], [0.79, 1.0]],
    ),
];

#[test]
fn methods_do_on_the_organism_what_they_must() {
    let folder = tempfile::tempdir().unwrap();
    let heads = "heads = { contrast = \"told\", heads = 3, best = \"separation\" }";
    let at = "at = \"blocks.0.hook_resid_post\"";
    let methods = [
        "[[methods]]\nname = \"instruction\"\nhow.instruction = {}\n".to_owned(),
        method(
            "planted",
            "3, 6",
            &format!("direction = {{ file = \"directions.json\", {at} }}"),
        ),
        method("mean", "0.5", &learned("mean-difference", "")),
        method(
            "mean, length",
            "6",
            &learned("mean-difference", ", unit = true"),
        ),
        method("pairs", "6", &learned("principal", "")),
        method(
            "centred",
            "6",
            &learned("principal", ", centred = \"differences\""),
        ),
        method("probe", "6", &learned("probe", "")),
        method(
            "probability",
            "0.9, 0.99, 0.999",
            &learned("probability", ""),
        ),
        method("feature", "12", "feature = { contrast = \"told\" }"),
        method("heads", "3", heads),
        method("heads, everywhere", "3", heads) + "place = \"everywhere\"\n",
        method("random", "6", &format!("random = {{ draws = 20, {at} }}")),
    ];
    let values = ["Security", "Hedonism", "Courage", "Achievement"];
    let head = format!("values = {values:?}\nask = {{ of = \"all\", roles = 10, items = 12 }}");
    let study = "comparisons/organism_study.toml";
    let file = written(folder.path(), "all.toml", study, &head, &methods.concat());
    let out = folder.path().join("out");
    let said = compared(&file, &out, &[]);
    assert!(
        said.contains("at the steered phrase of the prompt only"),
        "{said}"
    );
    let found = numbers(&out);
    let mut wrong = Vec::new();
    for (method, dose, ranges) in EXPECTED {
        for value in values {
            for (measure, [least, most]) in ["success", "as_under_do", "outside"]
                .into_iter()
                .zip(ranges)
            {
                let is = mean(&found, (method, value, dose), measure);
                if !(least - ROUNDED..=most + ROUNDED).contains(&is) {
                    wrong.push(format!(
                        "{method}, {value}, {dose}: {measure} {is}, not {least} to {most}"
                    ));
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    // Half a dose moves next to nothing of its own, one role of ten one way, and already those that follow.
    for value in ["Hedonism", "Courage"] {
        let of = |measure| mean(&found, ("planted", value, 3.0), measure);
        assert!(of("success") <= 0.05, "{value}: {}", of("success"));
        assert!(
            of("inside") > 0.2 && of("outside") < 0.03,
            "{value}: {}",
            of("inside")
        );
    }
    let band = found["band"].as_array().unwrap();
    assert_eq!(band.len(), 8);
    for one in band {
        assert_eq!(one["directions"], 20);
        assert!(one["success"][1].as_f64().unwrap() < 0.05, "{one}");
    }
    the_planted_direction_is_cheaper_than_noise(&found);
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    for part in [
        "## At equal cost",
        "## Random directions",
        "## Chosen doses",
        "AxBench",
        "dose\\_response",
    ] {
        assert!(
            report.contains(part) || report.contains(&part.replace('\\', "")),
            "{part}"
        );
    }
    for name in [
        "compare.csv",
        "cost_against_success.svg",
        "success_by_kl.png",
        "dose_response_1.svg",
    ] {
        assert!(out.join(name).is_file(), "{name}");
    }
}

/// Lengths and costs are what they must be: additions are as long as their doses, and nothing costs less than nothing.
fn the_planted_direction_is_cheaper_than_noise(found: &Value) {
    for point in found["points"].as_array().unwrap() {
        let cost = &point["cost"];
        assert!(cost["kl"].as_f64().unwrap() > 0.0, "{point}");
        assert!(cost["tokens_per_second"].as_f64().unwrap() > 0.0);
        let (length, dose) = (cost["length"].as_f64(), point["dose"].as_f64().unwrap());
        match point["method"].as_str().unwrap() {
            "instruction" => assert_eq!(length, None),
            "planted" | "pairs" | "probe" | "mean, length" | "centred" => {
                assert!((length.unwrap() - dose).abs() < 1e-3, "{point}");
            }
            _ => assert!(length.unwrap() > 0.0, "{point}"),
        }
    }
}

#[test]
fn shards_and_runs_that_stop_make_what_one_run_makes() {
    let folder = tempfile::tempdir().unwrap();
    let at = "at = \"blocks.0.hook_resid_post\"";
    let direction = |doses: &str| {
        let how = format!("direction = {{ file = \"directions.json\", {at} }}");
        method("planted", doses, &how)
    };
    let head = "values = [\"Hedonism\"]\nsigns = [\"raise\"]\nask = { roles = 2, items = 2 }";
    let file = |name: &str, doses: &str| {
        written(
            folder.path(),
            name,
            "studies/organism.toml",
            head,
            &direction(doses),
        )
    };
    let (once, out) = (file("a.toml", "3, 6"), folder.path().join("one"));
    let plan = compared(&once, &out, &["--plan"]);
    assert!(
        plan.contains("6 settings, 144 answers") && plan.contains("Estimated time"),
        "{plan}"
    );
    assert!(!out.join("study.journal").exists());
    compared(&once, &out, &[]);
    let sharded = folder.path().join("shards");
    for shard in ["1/2", "2/2"] {
        let said = compared(&once, &sharded, &["--shard", shard]);
        assert!(said.contains("complete. Once all 2 shards are"), "{said}");
    }
    compared(&once, &sharded, &[]);
    let points = |out: &Path| {
        let mut found = numbers(out)["points"].clone();
        for point in found.as_array_mut().unwrap() {
            point["cost"]["tokens_per_second"] = Value::Null;
        }
        found
    };
    assert_eq!(points(&sharded), points(&out));
    // Nothing is asked or measured again, so that the times are those of the first run.
    let first = numbers(&out);
    let again = compared(&once, &out, &[]);
    assert!(
        again.contains("144 answers are there already, 0 to come"),
        "{again}"
    );
    assert_eq!(numbers(&out)["points"], first["points"]);
    // Another dose is another question, and no answer of the first one is taken for it.
    let refused = compare(&file("b.toml", "3, 5"), &out, &[]);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && why.contains("study.journal"),
        "{why}"
    );
}

#[test]
fn what_cannot_be_compared_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |at: &str| format!("random = {{ draws = 20, at = \"{at}\" }}");
    for (head, methods, expected) in [
        (
            "values = [\"Zeal\"]",
            method("m", "1", &at("hook_embed")),
            "found \"Zeal\"",
        ),
        (
            "ask.items = 99",
            method("m", "1", &at("hook_embed")),
            "ask.items: expected 99 items",
        ),
        (
            "",
            method("m", "1", &at("blocks.9.hook_resid_post")),
            "blocks.9.hook_resid_post",
        ),
        (
            "",
            method("m", "1", &at("hook_embed")).replace("20", "3"),
            "expected at least 20",
        ),
        (
            "",
            method("m", "1e39", &at("hook_embed")),
            "the steering dose",
        ),
        (
            "contrasts.file.caa.file = \"{value}.json\"",
            method(
                "m",
                "1",
                "probe = { contrast = \"file\", at = \"hook_embed\" }",
            ),
            "achievement.json: ",
        ),
    ] {
        let study = "comparisons/organism_study.toml";
        let file = written(folder.path(), "c.toml", study, head, &methods);
        let refused = compare(&file, &folder.path().join("out"), &[]);
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && why.contains(expected),
            "{expected}: {why}"
        );
    }
}
