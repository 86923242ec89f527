//! The programs on the data in the repository: each writes every file, whole, and the program of a
//! single figure or table writes the same as `reproduce`.

mod written;

use std::fs;
use std::path::Path;
use std::process::Command;
use written::{root, run};

/// Figures and tables that every reproduction writes; table 4 or 5 comes with them, as the model
/// has it.
const FIGURES: [&str; 5] = ["figure_3", "figure_4", "figure_5", "figure_6", "figure_7"];
const TABLES: [&str; 2] = ["table_1", "table_3"];

/// The programs for one figure or table.
const SINGLE: [(&str, &str); 9] = [
    ("figure_3", env!("CARGO_BIN_EXE_figure_3")),
    ("figure_4", env!("CARGO_BIN_EXE_figure_4")),
    ("figure_5", env!("CARGO_BIN_EXE_figure_5")),
    ("figure_6", env!("CARGO_BIN_EXE_figure_6")),
    ("figure_7", env!("CARGO_BIN_EXE_figure_7")),
    ("table_1", env!("CARGO_BIN_EXE_table_1")),
    ("table_3", env!("CARGO_BIN_EXE_table_3")),
    ("table_4", env!("CARGO_BIN_EXE_table_4")),
    ("table_5", env!("CARGO_BIN_EXE_table_5")),
];

/// The others.
const OTHERS: [(&str, &str); 3] = [
    ("reproduce", env!("CARGO_BIN_EXE_reproduce")),
    ("plant", env!("CARGO_BIN_EXE_plant")),
    ("draw_worlds", env!("CARGO_BIN_EXE_draw_worlds")),
];

#[test]
fn each_program_says_its_own_name() {
    for (name, program) in SINGLE.into_iter().chain(OTHERS) {
        let output = Command::new(program).arg("--version").output();
        let said = output.expect("the program starts").stdout;
        let expected = format!("{name} {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(String::from_utf8_lossy(&said), expected);
    }
}

fn reproduce() -> Command {
    Command::new(env!("CARGO_BIN_EXE_reproduce"))
}

/// Runs `reproduce`, which must write everything; returns the names.
fn reproduced(command: &mut Command, out: &Path) -> Vec<String> {
    let (_, written) = run(command, out);
    let whole_table = match written.contains("table_5.csv") {
        true => "table_5",
        false => "table_4",
    };
    let figures = FIGURES
        .iter()
        .flat_map(|stem| ["svg", "png"].map(|of| format!("{stem}.{of}")));
    let tables = TABLES.iter().chain([&whole_table]);
    let tables =
        tables.flat_map(|stem| ["svg", "png", "csv", "md"].map(|of| format!("{stem}.{of}")));
    let others = ["results.json", "report.md"].map(str::to_owned);
    let missing: Vec<String> = figures
        .chain(tables)
        .chain(others)
        .filter(|name| !written.contains(name))
        .collect();
    assert_eq!(missing, [""; 0], "these were not written");
    written.into_iter().collect()
}

fn assert_same(one: &Path, other: &Path, name: &str) {
    let read = |folder: &Path| fs::read(folder.join(name)).expect("the file was written");
    let shown = (one.display(), other.display());
    assert!(
        read(one) == read(other),
        "{name} differs in {} and {}",
        shown.0,
        shown.1
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "slow: cargo xtask test --only examples")]
fn each_program_for_one_figure_or_table_writes_what_reproduce_writes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let all = folder.path().join("all");
    let written = reproduced(&mut reproduce(), &all);
    let mut n_alone = 0;
    for (stem, program) in SINGLE {
        if !written.contains(&format!("{stem}.svg")) {
            continue; // Table 4 or table 5, as the model has it.
        }
        let alone = folder.path().join(stem);
        let (_, names) = run(&mut Command::new(program), &alone);
        names
            .iter()
            .for_each(|name| assert_same(&all, &alone, name));
        n_alone += 1;
    }
    assert_eq!(n_alone, SINGLE.len() - 1);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "slow: cargo xtask test --only examples")]
fn the_released_tables_give_every_file() {
    let Some(data) = std::env::var_os("VALUE_CAUSAL_RELEASED") else {
        println!("skipped: VALUE_CAUSAL_RELEASED is not set");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let experiment = root().join("examples/experiments/gemma-2b-it.toml");
    let mut command = reproduce();
    command
        .arg("--experiment")
        .arg(experiment)
        .arg("--data")
        .arg(data);
    reproduced(&mut command, &folder.path().join("released"));
}

#[test]
fn the_planted_study_is_drawn_again_to_the_byte() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("planted");
    let plant = Command::new(env!("CARGO_BIN_EXE_plant")).arg(&out).status();
    assert!(plant.expect("the program starts").success());
    let names: Vec<_> = fs::read_dir(&out)
        .expect("it made the folder")
        .map(|entry| entry.expect("it can be read").file_name())
        .collect();
    assert!(!names.is_empty());
    for name in names {
        assert_same(
            &root().join("fixtures/planted"),
            &out,
            &name.to_string_lossy(),
        );
    }
}

#[test]
fn a_known_world_says_which_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("world");
    let plant = Command::new(env!("CARGO_BIN_EXE_plant"))
        .arg(&out)
        .args([
            "--world",
            "d",
            "--roles",
            "5",
            "--features",
            "3",
            "--seed",
            "4",
        ])
        .status();
    assert!(plant.expect("the program starts").success());
    let truth = fs::read_to_string(out.join("truth.json")).expect("it is there");
    assert!(truth.contains(r#""world": "d""#), "{truth}");
    let rows = |name| {
        fs::read_to_string(out.join(name))
            .expect(name)
            .lines()
            .count()
    };
    assert_eq!(
        (rows("train.csv"), rows("test.csv")),
        (1 + 5 * 3, 1 + 26 * 3)
    );
}
