//! The programs on small files: what they print, and what they refuse.

use std::fs;
use std::path::Path;
use std::process::Command;

use value_causal::bench::journal::{
    Design, Journal, Manifest, PlannedRow, Response, Shard, Verdict, prompt_hash,
};
use value_causal::bench::{Item, Keying, Questionnaire, Setting, Stance};

/// What the program prints, or what it says is wrong.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn choices_become_win_rates_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let dilemmas = env!("CARGO_BIN_EXE_dilemmas");
    let mut csv = "dilemma,step,choiceA_value,choiceB_value,choice\n".to_owned();
    for step in 1..=5 {
        for (dilemma, choice) in [(0, "A"), (1, "A"), (2, if step < 3 { "A" } else { "B" })] {
            csv += &format!("{dilemma},{step},Care,Loyalty,{choice}\n");
        }
    }
    let file = file(folder.path(), "choices.csv", &csv);
    let printed = run(dilemmas, &[&file]).unwrap();
    for line in [
        "all steps: 15 choices\n  Care: win rate 0.800, strength +0.693\n",
        "step 1: 3 choices\n  Care: win rate 1.000, strength none\n",
        "  no strengths: no chain of wins leads from variable 1 (Loyalty) to variable 0 (Care)",
        "step 5: 3 choices\n  Care: win rate 0.667, strength +0.347\n",
        "  Kendall's tau-b of steps 1 and 5: 1.000\n",
        "  Care: win rate changes by -0.333 from the first step to the last\n",
        "A, was made 12 of 15 times; without a choice: 0\n",
        "chosen again 11 of 12 times",
    ] {
        assert!(printed.contains(line), "{line}\nnot in\n{printed}");
    }
    let printed = run(dilemmas, &[&file, "--pseudo-wins", "0.5"]).unwrap();
    assert!(!printed.contains("no strengths"), "{printed}");
    let stem = folder.path().join("ladder");
    run(dilemmas, &[&file, "--picture", stem.to_str().unwrap()]).unwrap();
    let svg = fs::read_to_string(stem.with_extension("svg")).unwrap();
    // Care always wins at first, so that it has no strength there.
    assert!(
        svg.contains("\nwin rate\n") && svg.contains("\nLoyalty\n"),
        "{svg}"
    );
    assert!(stem.with_extension("png").is_file());
    let message = run(dilemmas, &[&file, "--pseudo-wins=-1"]).unwrap_err();
    assert!(
        message.contains("expected a number of at least 0, found -1"),
        "{message}"
    );
}

#[test]
fn answers_become_scores() {
    let folder = tempfile::tempdir().unwrap();
    let schwartz = env!("CARGO_BIN_EXE_schwartz");
    let numbers: Vec<String> = (1..=21).map(|item| item.to_string()).collect();
    let csv = format!(
        "person,{}\n=Ada,6,4,{}\n",
        numbers.join(","),
        ["4"; 19].join(",")
    );
    let file = file(folder.path(), "answers.csv", &csv);
    let printed = run(schwartz, &["pvq21", &file, "--raw"]).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("person,missing,mrat,Self_Direction,Stimulation,"));
    assert!(lines[1].starts_with("'=Ada,0,4.095"), "{printed}");
    assert!(lines[1].contains(",5,4,4,4,4,4,4,4,4,4,"), "{printed}");
    let message = run(schwartz, &["pvq40", &file]).unwrap_err();
    assert!(
        message.contains("line 1: expected a column \"22\""),
        "{message}"
    );
}

#[test]
fn values_centred_on_their_own_mean_are_searched_with_one_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let people = env!("CARGO_BIN_EXE_people");
    // Five columns less their mean: rank 4.
    let mut csv = "person,a,b,c,d,e\n".to_owned();
    for person in 0..80_usize {
        let cells = [3, 5, 7, 11, 13].map(|step| (person * step * step % 79) as f64);
        let mean = cells.iter().sum::<f64>() / 5.0;
        let cells = cells.map(|cell| (cell - mean).to_string());
        csv += &format!("{person},{}\n", cells.join(","));
    }
    let file = file(folder.path(), "people.csv", &csv);
    let printed = run(people, &[&file]).unwrap();
    assert!(
        printed.starts_with("80 people, 5 values, which vary in 4 directions\n"),
        "{printed}"
    );
    assert!(
        printed.contains("not searched together: variable"),
        "{printed}"
    );
    assert!(printed.contains("is a linear combination of"), "{printed}");
    assert!(printed.contains(" of 3: "), "{printed}");
    let (reference, stem) = (
        folder.path().join("people.toml"),
        folder.path().join("circle"),
    );
    let arguments = ["--reference", reference.to_str().unwrap(), "--key", "us"];
    let picture = ["--picture", stem.to_str().unwrap()];
    let again = run(
        people,
        &[&[&*file][..], &arguments[..], &picture[..]].concat(),
    )
    .unwrap();
    assert_eq!(again, printed);
    let reference: toml::Table = fs::read_to_string(reference).unwrap().parse().unwrap();
    let reference = &reference["reference"][0];
    assert_eq!(
        (reference["key"].as_str(), reference["title"].as_str()),
        (Some("us"), Some("80 people"))
    );
    // A pair that is joined in all three graphs is an edge, in one direction or in both; no other is.
    let edges = reference["edges"].as_array().unwrap();
    for line in printed.lines().filter(|line| line.contains(" of 3: ")) {
        let (runs, pair) = line.trim().split_once(" of 3: ").unwrap();
        let (a, b) = pair.split_once(", ").unwrap();
        let joins = |edge: &toml::Value| {
            let [from, to] = [0, 1].map(|end| edge[end].as_str().unwrap());
            (from, to) == (a, b) || (from, to) == (b, a)
        };
        assert_eq!(edges.iter().any(joins), runs == "3", "{line}");
    }
    assert!(
        fs::read_to_string(stem.with_extension("svg"))
            .unwrap()
            .contains("\ne (5)\n")
    );
    let printed = run(people, &[&file, "--values", "a,b,c,d"]).unwrap();
    assert!(printed.contains("the graph:"), "{printed}");
    let message = run(people, &[&file, "--values", "a,f"]).unwrap_err();
    assert!(message.contains("expected a column \"f\""), "{message}");
}

/// What is wrong with a table of people, and what is said of it.
#[test]
fn tables_of_people_are_refused_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let people = env!("CARGO_BIN_EXE_people");
    let mut wrong = Vec::new();
    for (text, values, expected) in [
        ("", "", "expected a value and a person at least, found none"),
        (
            "person,a,b\n",
            "",
            "expected a value and a person at least, found none",
        ),
        (
            "person\nx\n",
            "",
            "expected a value and a person at least, found none",
        ),
        (
            "person,a,b\nx,1,2\n",
            "a,a",
            "expected each value once, found \"a\" twice",
        ),
        (
            "person,a,a\nx,1,2\n",
            "",
            "expected each value once, found \"a\" twice",
        ),
        (
            "person,a,b\nx,1,2\n",
            "a,c",
            "expected a column \"c\", found [\"person\", \"a\", \"b\"]",
        ),
        ("person,a,b\nx,1,2\ny,1\n", "", "line: 3"),
        ("person,a,b\nx,1,2\ny,1,2,3\n", "", "line: 3"),
        (
            "person,a,b\nx,1,2\ny,1,\n",
            "",
            "line 3, column \"b\": expected a number, found \"\"",
        ),
        (
            "person,a,b\nx,1,2\ny,one,2\n",
            "",
            "line 3, column \"a\": expected a number, found \"one\"",
        ),
        (
            "person,a,b\nx,1,2\ny,NaN,2\n",
            "",
            "line 3, column \"a\": expected a number, found \"NaN\"",
        ),
        (
            "person,a,b\nx,1,inf\ny,1,2\n",
            "",
            "line 2, column \"b\": expected a number, found \"inf\"",
        ),
        (
            "person,a,b\nx,1,1e999\ny,1,2\n",
            "",
            "line 2, column \"b\": expected a number, found \"1e999\"",
        ),
        ("person,a,b\nx,1,2\ny,1,2\nz,1,3\n", "", "variable 0 (a)"),
    ] {
        let file = file(folder.path(), "people.csv", text);
        let mut arguments = vec![file.as_str()];
        if !values.is_empty() {
            arguments.extend(["--values", values]);
        }
        let message = run(people, &arguments).unwrap_err();
        if !(message.starts_with("error: ") && message.contains(expected)) {
            wrong.push(format!("{text:?}: {message}not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    fs::write(folder.path().join("people.csv"), b"person,a\nx,\xff\n").unwrap();
    let file = folder.path().join("people.csv");
    let message = run(people, &[file.to_str().unwrap()]).unwrap_err();
    assert!(message.contains("invalid UTF-8"), "{message}");
}

/// Answers of two to the short questionnaire: the second stands two above the first on the items of Power.
fn two_answerers(folder: &Path) -> String {
    let numbers: Vec<String> = (1..=21).map(|item| item.to_string()).collect();
    let mut csv = format!("person,{}\n", numbers.join(","));
    for (name, power) in [("low", 1), ("high", 3)] {
        let answer = |item: usize| {
            if [2, 17].contains(&item) {
                power
            } else {
                2 + item % 4
            }
        };
        let answers: Vec<String> = (1..=21).map(|item| answer(item).to_string()).collect();
        csv += &format!("{name},{}\n", answers.join(","));
    }
    file(folder, "two.csv", &csv)
}

#[test]
fn who_stands_higher_on_a_value_is_told_with_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let portraits = env!("CARGO_BIN_EXE_portraits");
    let file = two_answerers(folder.path());
    let (table, stem) = (
        folder.path().join("table.csv"),
        folder.path().join("values"),
    );
    let short = ["--draws", "500", "--chains", "3", "--seed", "2"];
    let files = [
        "--table",
        table.to_str().unwrap(),
        "--picture",
        stem.to_str().unwrap(),
    ];
    let printed = run(
        portraits,
        &[&["pvq21", &*file][..], &short[..], &files[..]].concat(),
    )
    .unwrap();
    let power = printed.split_once("\nPower\n").unwrap().1;
    let gap = power
        .lines()
        .find(|line| line.starts_with("  high less low: "));
    assert!(gap.unwrap().starts_with("  high less low: +"), "{power}");
    assert!(printed.contains("largest R-hat "), "{printed}");
    let table = fs::read_to_string(table).unwrap();
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 10 * 3);
    let number = |row: &csv::StringRecord, column: usize| row[column].parse::<f64>().unwrap();
    for row in &rows {
        let is_power = &row[0] == "Power" && &row[1] == "high less low";
        let [mean, low, high] = [4, 6, 7].map(|column| number(row, column));
        assert!(low < mean && mean < high);
        // Only there do they differ surely.
        assert_eq!(is_power, &row[1] == "high less low" && low > 0.5, "{row:?}");
        assert!(number(row, 8) < 1.05 && number(row, 9) > 100.0, "{row:?}");
    }
    let svg = fs::read_to_string(stem.with_extension("svg")).unwrap();
    assert!(svg.contains("\nPower: high\n") && svg.contains("\nown mean\n"));
    // As two files they are held against one another by name.
    let other = folder.path().join("other.csv");
    fs::copy(&file, &other).unwrap();
    let printed = run(
        portraits,
        &[&["pvq21", &*file, other.to_str().unwrap()][..], &short[..]].concat(),
    );
    assert!(printed.unwrap().contains("  other less two: "));
    let message = run(portraits, &["pvq21", &file, "--warm-up", "2"]).unwrap_err();
    assert!(
        message.contains("--warm-up is 2: expected 100 or more"),
        "{message}"
    );
}

/// A study of 30 roles and 12 items for a value: the even items tell roles apart, the odd ones say the same of all.
fn journal(folder: &Path) -> String {
    let path = folder.join("study.journal");
    let item = |n: usize| Item {
        inventory: "I".to_owned(),
        statement: format!("I {n}."),
        value: "Care".to_owned(),
        keying: if n % 4 == 2 {
            Keying::Negative
        } else {
            Keying::Positive
        },
        question: format!("Should I {n}?"),
        ..Item::default()
    };
    let roles = (0..31).map(|n| (n > 0).then(|| format!("role {n}")));
    let rows = roles.map(|role| PlannedRow {
        part: "train".to_owned(),
        setting: Setting::of_role(role.as_deref()),
        items: (0..12).collect(),
    });
    let design = Design::new((0..12).map(item).collect(), rows.collect()).unwrap();
    let mut journal = Journal::open(&path, &Manifest::default(), &design, Shard::WHOLE).unwrap();
    for question in journal.pending().unwrap() {
        let high = question.row * 12 > 31 * (question.item + 1) || question.item % 2 == 1;
        let is_negative = question.item % 4 == 2;
        let stance = if high == is_negative {
            Stance::No
        } else {
            Stance::Yes
        };
        let response = Response {
            question,
            prompt_hash: prompt_hash("asked"),
            text: "Yes or no".to_owned(),
            prompt_tokens: 1,
            new_tokens: 1,
            seconds: 0.1,
            verdict: Verdict::Judged {
                stance,
                judge: "rules".to_owned(),
            },
        };
        journal.record(&[response]).unwrap();
    }
    journal.close().unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn items_that_tell_roles_apart_are_chosen_and_the_loss_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let choose_items = env!("CARGO_BIN_EXE_choose_items");
    let journal = journal(folder.path());
    let (table, chosen) = (
        folder.path().join("items.csv"),
        folder.path().join("chosen.csv"),
    );
    let files = [
        "--table",
        table.to_str().unwrap(),
        "--questionnaire",
        chosen.to_str().unwrap(),
    ];
    let printed = run(
        choose_items,
        &[
            &[&*journal, "--per-value", "4", "--beta", "0"][..],
            &files[..],
        ]
        .concat(),
    )
    .unwrap();
    for line in [
        "chosen by 15 roles, judged by 15 others\n",
        "Care: 4 of 12 items\n",
        "  the mean of 4 beside that of all 12:\n",
        "    held-out roles: rank correlation 0.",
        "    held-out roles, items at random: rank correlation 0.",
        "    held-out roles, adaptive test: ",
    ] {
        assert!(printed.contains(line), "{line}\nnot in\n{printed}");
    }
    let chosen = Questionnaire::from_path(chosen).unwrap();
    let numbers: Vec<&str> = chosen
        .items()
        .iter()
        .map(|item| item.question.as_str())
        .collect();
    assert_eq!(numbers.len(), 4);
    assert!(
        numbers.iter().all(|question| {
            let number: usize = question
                .trim_matches(|c: char| !c.is_ascii_digit())
                .parse()
                .unwrap();
            number.is_multiple_of(2)
        }),
        "{numbers:?}"
    );
    assert_eq!(fs::read_to_string(table).unwrap().lines().count(), 13);
    for (arguments, expected) in [
        (
            ["--per-value", "0"],
            "--per-value: expected at least 1, found 0",
        ),
        (
            ["--held-out", "0.99"],
            "leaves two roles on both sides, found 0.99 of 30",
        ),
        (["--beta", "NaN"], "--beta: expected a number, found NaN"),
        (["--part", "exam"], "exam"),
    ] {
        let message = run(choose_items, &[&[&*journal][..], &arguments[..]].concat()).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}
