//! Values that hardly vary: left out of the graph, named, and no reason for an audit without end.

use std::process::Command;
use std::time::Duration;

use audit::cost::Cost;
use audit::{Settings, report};
use reproduce::Loaded;
use reproduce::experiment::{LittleVaried, Test};
use reproduce::judged::foreseen;
use reproduce::results::Results;
use reproduce::varied::left_out;
use value_causal::bench::OrientationTable;

use super::{audit, few, fewest, planted};

/// The planted study, in whose training rows the first two values are -1, all but once in the second.
fn answers_no() -> Loaded {
    let mut loaded = planted();
    let train = &loaded.study.train;
    let mut numbers = train.matrix().to_owned();
    numbers.column_mut(0).fill(-1.0);
    numbers.column_mut(1).fill(-1.0);
    numbers[[0, 1]] = 0.5;
    let (values, settings) = (train.values().to_vec(), train.settings().to_vec());
    loaded.study.train = OrientationTable::new(values, settings, numbers, None).unwrap();
    loaded.study.left_out = left_out(&loaded.experiment, &loaded.study.train);
    loaded
}

#[test]
fn what_hardly_varies_is_named_and_no_part_of_the_graph() {
    let loaded = answers_no();
    let values = loaded.study.values();
    let named: Vec<&str> = loaded.study.left_out.iter().map(|l| &*l.value).collect();
    assert_eq!(named, values[..2]);

    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    for graph in [&results.published_subset, &results.all_features] {
        assert_eq!(graph.discovered.names(), &values[2..]);
        assert!(graph.discovered.n_edges() > 0);
    }
    assert_eq!(results.left_out, loaded.study.left_out);
    assert_eq!(results.steering_table.values, values, "tables have all");

    let audit = audit(&loaded, &fewest());
    assert_eq!(audit.values, values[2..]);
    assert_eq!(audit.left_out, loaded.study.left_out);
    assert_eq!(audit.multiverse.n_failed_searches, 0);
    assert!(audit.effects.values().all(|of| of.effects.is_some()));
    assert_eq!(audit.plan.targets.len(), 2 * values.len());
    let page = report::html(&audit).unwrap();
    let rows = loaded.study.train.n_settings();
    let note = format!("{} (-1 in all ", values[0]);
    assert!(page.contains(&note), "{note}, of {rows}");
    assert!(page.contains(&format!("{} (not -1 in 1 of ", values[1])));
}

/// As the released files are read: constant values keep all their edges.
#[test]
fn a_preset_may_keep_them() {
    let mut loaded = answers_no();
    loaded.experiment.little_varied = LittleVaried::Keep;
    loaded.experiment.test = Test::FisherZ;
    loaded.study.left_out = left_out(&loaded.experiment, &loaded.study.train);
    assert_eq!(loaded.study.left_out, []);
    let results = Results::compute(&loaded.experiment, &loaded.study).unwrap();
    let graph = &results.all_features.discovered;
    let n = graph.n_variables();
    assert_eq!(
        (1..n).filter(|&other| graph.is_adjacent(0, other)).count(),
        n - 1
    );
}

#[test]
fn what_an_audit_will_cost_is_told_and_bounded() {
    let loaded = planted();
    let cost = Cost::foresee(&loaded, &few(), Duration::from_secs(3600)).unwrap();
    assert_eq!(
        cost.n_searches,
        super::planted_audit().multiverse.n_searches
    );
    assert_eq!(cost.n_resamples, 4 * few().resamples);
    assert!(cost.to_string().starts_with("audit: "), "{cost}");
    let refused = Cost::foresee(&loaded, &few(), Duration::ZERO).unwrap_err();
    assert!(refused.to_string().contains("--minutes"), "{refused}");
    // Few searches and many draws by chance, which take 70 microseconds each at the very least.
    let drawn = Settings {
        draws: 1_000_000_000,
        ..few()
    };
    let refused = Cost::foresee(&loaded, &drawn, Duration::from_secs(3600)).unwrap_err();
    let words = " for 1,000,000,000 draws by chance and ";
    assert!(refused.to_string().contains(words), "{refused}");
    // The verdict takes more the more is drawn for it.
    let verdict = |draws| {
        let settings = measurement::Settings::new(0.05);
        let settings = measurement::Settings {
            draws,
            quick_draws: draws,
            ..settings
        };
        foreseen(&loaded, &settings, Duration::MAX).unwrap()
    };
    assert!(verdict(100_000) > 2 * verdict(2));

    let out = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_audit"))
        .args(["--minutes", "0", "--out"])
        .arg(out.path())
        .output()
        .unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(!run.status.success());
    assert!(said.contains("error: the audit would take"), "{said}");
}

#[test]
fn the_program_says_what_it_is_at_and_what_to_open() {
    let out = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_audit"))
        .args([
            "--draws",
            "5",
            "--resamples",
            "3",
            "--random-sets",
            "0",
            "--out",
        ])
        .arg(out.path())
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let said = String::from_utf8(run.stderr).unwrap();
    let stages: Vec<&str> = said.lines().collect();
    assert!(stages[0].contains(" and 12 in resamples, about "), "{said}");
    for stage in [
        "combining choices",
        "resamples of roles",
        "planning what to steer with",
    ] {
        assert!(said.contains(stage), "{said}");
    }
    let page = out.path().join("report.html");
    let said = String::from_utf8(run.stdout).unwrap();
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with(&format!("to look at: {};", page.display())),
        "{said}"
    );
    assert!(page.is_file());
}
