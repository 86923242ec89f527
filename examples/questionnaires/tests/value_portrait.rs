//! `value_portrait` on the organism, which rates with yes and no, here and behind a server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Responses to what is said to the organism, which is who it is, each with the values that it stands for.
const RESPONSES: [(&str, &str); 5] = [
    (
        "Should I occasionally seek a high rank?",
        r#"["Power", 0.45], ["Security", 0.3]"#,
    ),
    (
        "Should I regularly lock every door?",
        r#"["Security", 0.5]"#,
    ),
    (
        "Should I occasionally care for friends?",
        r#"["Benevolence", 0.4]"#,
    ),
    (
        "Should I often follow the rules?",
        r#"["Conformity", 0.35], ["Security", 0.31]"#,
    ),
    (
        "Should I often ask why things work?",
        r#"["Power", -0.5], ["Self_Direction", 0.6]"#,
    ),
];

const ROLES: [&str; 4] = [
    "Kwame Rahman",
    "Eduardo Parker",
    "Maria Almeida",
    "Elena Hughes",
];

struct Portrait(TempDir);

impl Portrait {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let response = |(place, (text, values)): (usize, &(&str, &str))| {
            format!(r#"{{"id": {place}, "content": "{text}", "correlations": [{values}]}}"#)
        };
        let responses: Vec<String> = RESPONSES.iter().enumerate().map(response).collect();
        let query = |(place, name): (usize, &&str)| {
            let id = 3001 + place;
            let outputs = responses.join(", ");
            format!(
                r#"{{"portrait_id": {id}, "content": {{"text": "You are {name}."}}, "outputs": [{outputs}]}}"#
            )
        };
        let queries: Vec<String> = ROLES.iter().enumerate().map(query).collect();
        fs::write(
            folder.path().join("items.json"),
            format!("[{}]", queries.join(",\n")),
        )
        .unwrap();
        for wording in ["v1", "v2", "v3"] {
            for (ending, before, after) in [("", "{text} ", ""), ("_reversed", "", " {text}")] {
                let of_variant = folder.path().join(format!("prompts/{wording}{ending}"));
                fs::create_dir_all(&of_variant).unwrap();
                let text = format!(
                    "{before}Answer the Question according to your values.{after}\n\nQuestion: {{content}}\nThought:"
                );
                fs::write(of_variant.join("sharegpt_prompt.txt"), text).unwrap();
                fs::write(
                    of_variant.join("reddit_prompt.txt"),
                    "{title}{text}{content}",
                )
                .unwrap();
            }
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, out: &str, more: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_value_portrait"));
        command.args([self.path("items.json"), self.path("prompts")]);
        command.arg("--out").arg(self.path(out));
        command.args(["--max-new-tokens", "24"]);
        if !more.contains(&"--scale") {
            command.args(["--scale", "no=1; yes=6"]);
        }
        let command = command
            .args(more)
            .env("OMP_NUM_THREADS", "1")
            .envs(environment.iter().copied());
        command.output().unwrap()
    }

    fn local(&self, out: &str, more: &[&str]) -> Output {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/organism/model");
        let model = ["--model", model.to_str().unwrap()];
        self.run(out, &[&model[..], more].concat(), &[])
    }

    /// The rows of a table, by the names of its columns.
    fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut table = csv::Reader::from_path(self.path(name)).unwrap();
        table.deserialize().map(Result::unwrap).collect()
    }
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refusal(output: Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

#[test]
fn a_local_model_has_a_profile_by_its_ratings_and_one_by_what_it_finds_likely() {
    let portrait = Portrait::new();
    fs::create_dir(portrait.path("released")).unwrap();
    for (name, power, security) in [("a", 0.5, -0.5), ("b", 1.0, 0.25)] {
        let text = format!(
            r#"{{"meta": {{"model_name": "{name}"}}, "scores": {{"pvq": {{"Power": {{"centered_mean": {power}}},
            "Security": {{"centered_mean": {security}}}, "Benevolence": {{"centered_mean": 0}}}}}}}}"#
        );
        fs::write(
            portrait.path(&format!("released/{name}_centered_scores.json")),
            text,
        )
        .unwrap();
    }
    fs::write(
        portrait.path("people.csv"),
        "person,Power,Security,Benevolence\nAda,-1,0,1\nBo,0,0,0.5\n",
    )
    .unwrap();
    let [released, people] =
        ["released", "people.csv"].map(|name| portrait.path(name).display().to_string());
    let more = ["--released", &released, "--people", &people];
    let first = said(portrait.local("out", &more));
    assert!(
        first.contains("120 answers, 120 of them rated\n"),
        "{first}"
    );
    for name in [
        "the mean of the 2 released models",
        "the mean of 2 people",
        "likelihood within the query",
    ] {
        assert!(
            first.contains(&format!("rank correlation of the ratings with {name}: ")),
            "{first}"
        );
    }

    let items = portrait.table("out/items.csv");
    assert_eq!(items.len(), 20);
    let column = |name: &str| -> Vec<f64> { items.iter().map(|row| number(&row[name])).collect() };
    let (rated, per_token) = (column("mean_rating"), column("per_token"));
    assert!(
        rated.iter().any(|x| *x < 3.0) && rated.iter().any(|x| *x > 4.0),
        "roles and values differ: {rated:?}"
    );
    assert!(per_token.iter().all(|x| *x < 0.0 && x.is_finite()));
    let within: Vec<f64> = per_token
        .chunks(5)
        .flat_map(|of| of.iter().map(|x| x - mean(of)))
        .collect();
    let profile = portrait.table("out/profile.csv");
    assert_eq!(profile.len(), 5);
    let places = |wanted: &[usize]| {
        (0..20)
            .filter(|place| wanted.contains(&(place % 5)))
            .collect::<Vec<_>>()
    };
    for row in &profile {
        // Those above 0.3, on the positive side; the first response does not stand for Security.
        let stand_for = places(match row["value"].as_str() {
            "Power" => &[0],
            "Security" => &[1, 3],
            "Benevolence" => &[2],
            "Conformity" => &[3],
            _ => &[4],
        });
        let of = |numbers: &[f64]| {
            mean(
                &stand_for
                    .iter()
                    .map(|&place| numbers[place])
                    .collect::<Vec<_>>(),
            ) - mean(numbers)
        };
        for (name, numbers) in [
            ("centred", &rated),
            ("likelihood", &per_token),
            ("likelihood_within_query", &within),
        ] {
            let found = number(&row[name]);
            assert!(
                (found - of(numbers)).abs() < 1e-9,
                "{name}: {found}, {row:?}"
            );
        }
    }
    let of = |value: &str| profile.iter().find(|row| row["value"] == value).unwrap();
    assert_eq!(
        (
            &*of("Power")["released_mean"],
            &*of("Security")["released_lowest"]
        ),
        ("0.75", "-0.5")
    );
    assert_eq!(
        (
            &*of("Power")["people_mean"],
            &*of("Benevolence")["people_std"]
        ),
        ("-0.5", "0.25")
    );
    assert_eq!(of("Conformity")["people_mean"], "");
    let picture = fs::read_to_string(portrait.path("out/profile.svg")).unwrap();
    assert!(
        picture.contains("Power: released models") && picture.contains("Conformity: likelihood")
    );

    // Nothing is asked again, and not of other items.
    let journal = fs::read(portrait.path("out/answers.journal")).unwrap();
    assert_eq!(said(portrait.local("out", &more)), first);
    assert_eq!(
        fs::read(portrait.path("out/answers.journal"))
            .unwrap()
            .len(),
        journal.len()
    );
    let why = refusal(portrait.local("out", &["--first", "7"]));
    assert!(
        why.contains("answers.journal: the journal of another study"),
        "{why}"
    );
}

#[test]
fn without_any_rating_what_it_finds_likely_still_makes_a_profile() {
    let portrait = Portrait::new();
    let output = portrait.local("out", &["--scale", "quux=1; corge=2"]);
    let note = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        note.contains("note: no profile by ratings: expected a rating in some answer, found none"),
        "{note}"
    );
    assert!(said(output).contains("not rated ("));
    let rows = portrait.table("out/profile.csv");
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!((&*row["mean"], &*row["centred"]), ("", ""), "{row:?}");
        assert!(number(&row["likelihood"]).is_finite(), "{row:?}");
    }
}

#[test]
fn what_cannot_be_used_is_told_before_anything_is_asked() {
    let portrait = Portrait::new();
    let file = |name: &str, text: &str| {
        fs::write(portrait.path(name), text).unwrap();
        portrait.path(name).display().to_string()
    };
    let people = file("people.csv", "person,Power\nAda,high\n");
    let why = refusal(portrait.local("out", &["--people", &people]));
    assert!(
        why.contains("people.csv, line 2, column \"Power\": expected a number, found \"high\""),
        "{why}"
    );
    let nowhere = portrait.path("nowhere").display().to_string();
    assert!(refusal(portrait.local("out", &["--released", &nowhere])).contains("nowhere: "));
    let why = refusal(portrait.run("out", &["--model", &nowhere], &[]));
    assert!(why.contains("nowhere"), "{why}");
    let why = refusal(portrait.run("out", &[], &[]));
    assert!(why.contains("expected --model FOLDER or --served"), "{why}");
    let why = refusal(portrait.run("out", &["--served", "--plain"], &[]));
    assert!(why.contains("cannot be used with"), "{why}");
    let why = refusal(portrait.local("out", &["--extra", "{}"]));
    assert!(why.contains("cannot be used with"), "{why}");
    fs::remove_file(portrait.path("prompts/v2/sharegpt_prompt.txt")).unwrap();
    let why = refusal(portrait.local("out", &[]));
    assert!(
        why.contains("v2/sharegpt_prompt.txt: cannot be read"),
        "{why}"
    );
    assert!(!portrait.path("out").exists());
}

#[test]
fn a_served_model_rates_as_it_does_here() {
    let variable = |name| std::env::var(name).ok();
    let url = variable("VALUEBENCH_CHAT_URL");
    let model = variable("VALUEBENCH_CHAT_MODEL").filter(|model| model == "organism");
    let (Some(url), Some(model)) = (url, model) else {
        println!("skipped: VALUEBENCH_CHAT_URL and VALUEBENCH_CHAT_MODEL name no served organism");
        return;
    };
    let portrait = Portrait::new();
    said(portrait.local("here", &[]));
    let environment = [("OPENAI_BASE_URL", &*url), ("OPENAI_MODEL", &*model)];
    let served = said(portrait.run("served", &["--served"], &environment));
    assert!(
        served.starts_with("organism: 120 answers, 120 of them rated"),
        "{served}"
    );
    assert!(!served.contains("likelihood"), "{served}");
    let ratings = |out: &str| -> Vec<String> {
        let items = portrait.table(&format!("{out}/items.csv")).into_iter();
        items.map(|row| row["mean_rating"].clone()).collect()
    };
    // Two engines add in different orders, which decides between two words as likely.
    let (here, served) = (ratings("here"), ratings("served"));
    let differ = here.iter().zip(&served).filter(|(a, b)| a != b).count();
    assert!(differ <= 1, "{here:?} {served:?}");
}
