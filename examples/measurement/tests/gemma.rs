//! Gemma's released tables: numbers that other code computed of them.

use std::path::PathBuf;

use measurement::{
    Because, Clustering, Drawn, Input, Items, Measurement, Searched, Settings, Verdict,
};
use serde_json::Value;
use value_causal::bench::OrientationTable;

/// What was computed, and the tables; nothing where either is not there.
fn read() -> Option<(Value, OrientationTable, OrientationTable)> {
    let folder = |name: &str| {
        let found = std::env::var_os(name).map(PathBuf::from);
        if found.is_none() {
            eprintln!("skipped: {name} names no folder");
        }
        found
    };
    let (expected, data) = (
        folder("VALUE_CAUSAL_MEASUREMENT")?,
        folder("VALUE_CAUSAL_RELEASED")?,
    );
    let text = std::fs::read_to_string(expected.join("expected_gemma.json")).expect("it is there");
    let table = |name: &str| OrientationTable::from_path(data.join(name)).expect("it is a table");
    Some((
        serde_json::from_str(&text).expect("it is JSON"),
        table("ans_gemma_train_formal.csv"),
        table("ans_gemma_test_formal.csv"),
    ))
}

fn close(found: f64, expected: &Value, within: f64, what: &str) {
    let expected = expected
        .as_f64()
        .unwrap_or_else(|| panic!("{what}: no number"));
    assert!(
        (found - expected).abs() <= within,
        "{what}: {found}, expected {expected}"
    );
}

fn measured(settings: &Settings) -> Option<(Value, Measurement)> {
    let (expected, train, test) = read()?;
    let of = |what: &str| {
        let numbers = expected["reliability"][what].clone();
        serde_json::from_value(numbers).expect("numbers by value")
    };
    let items = Items {
        drawn: Drawn::OfItsOwn,
        asked: of("items_asked"),
        pool: of("pool"),
        reliability: [].into(),
    };
    let input = Input {
        train: &train,
        test: &test,
        searched: Searched::All,
        left_out: &[],
        items: Some(&items),
    };
    Some((expected, Measurement::of(&input, settings)))
}

#[test]
fn what_is_not_drawn_is_as_computed_elsewhere() {
    let few = Settings {
        draws: 19,
        quick_draws: 19,
        simulations: 1,
        ..Settings::new(0.05)
    };
    let Some((expected, found)) = measured(&few) else {
        return;
    };
    let reliability = &expected["reliability"];
    close(
        found.reliability.unsure_factor,
        &reliability["unsure_factor"],
        1e-6,
        "unsure",
    );
    for value in &found.reliability.values {
        let name = &value.value;
        assert_eq!(reliability["items_asked"][name], value.asked);
        close(
            value.for_the_domain,
            &reliability["for_the_domain"][name],
            1e-6,
            name,
        );
        let pool = value.for_the_pool.expect("pools are known");
        close(pool, &reliability["for_the_pool"][name], 1e-6, name);
        assert!(
            value.interval[0] < pool && pool < value.interval[1],
            "{value:?}"
        );
    }
    assert_eq!(found.reliability.values.len(), 17);
    let mean = found.reliability.mean.expect("there are values");
    close(mean, &reliability["mean_for_the_pool"], 1e-6, "mean");
    let between = found.reliability.between_roles;
    let share = &reliability["share_of_between_role_variance_that_the_draw_gives"];
    close(
        between.draw_share.expect("pools are known"),
        share,
        1e-6,
        "draw",
    );
    close(
        between.train,
        &expected["between_role_variance"]["train_own_items"],
        1e-6,
        "train",
    );
    close(
        between.test,
        &expected["between_role_variance"]["test_same_items"],
        1e-6,
        "test",
    );
    let parts = found.variance.expect("every role has every feature");
    for (part, name) in [
        (parts.role, "role_with_its_items"),
        (parts.feature, "feature"),
        (parts.rest, "rest"),
    ] {
        close(part, &expected["variance_parts"][name], 1e-6, name);
    }
    let structure = found.structure.expect("it can be judged");
    let all = &expected["factors_and_pc"]["train_all_2525"];
    for (at, &eigenvalue) in structure.spectrum.eigenvalues.iter().enumerate() {
        // They are written with three digits.
        close(eigenvalue, &all["eig"][at], 5.1e-4, "eigenvalue");
    }
    for given in &structure.factors {
        let k = given.n_factors.to_string();
        let fit = &all["factors"][&k];
        close(given.chi2, &fit["chi2"], 0.06, "chi2");
        close(given.df as f64, &fit["df"], 0.0, "df");
        close(given.rmsea, &fit["rmsea"], 1e-4, "rmsea");
        close(given.srmr, &fit["srmr"], 1e-4, "srmr");
        close(given.cfi, &fit["cfi"], 1e-4, "cfi");
        let edges = given.edges_given.expect("something is left") as f64;
        close(
            edges,
            &all[format!("pc_edges_given_{k}_latent")],
            0.0,
            "edges given",
        );
        let kept = given.kept.expect("something is left") as f64;
        close(kept, &all[format!("kept_of_original_{k}")], 0.0, "kept");
    }
    let edges: Vec<(Clustering, usize)> = structure
        .searches
        .iter()
        .map(|s| (s.clustering, s.n_edges))
        .collect();
    assert_eq!(
        edges,
        [
            (Clustering::Independent, 56),
            (Clustering::Roles, 12),
            (Clustering::RolesAndFeatures, 5)
        ]
    );
    let transfer = structure.transfer.expect("all values vary in the test");
    let against = &expected["train_against_test"];
    close(
        transfer.train_edges as f64,
        &against["train_edges"],
        0.0,
        "train edges",
    );
    close(
        transfer.test_edges as f64,
        &against["test_edges"],
        0.0,
        "test edges",
    );
    close(transfer.common as f64, &against["common"], 0.0, "common");
    close(
        transfer.by_chance,
        &against["common_expected_by_chance"],
        1e-6,
        "by chance",
    );
    let r = &against["correlation_of_the_136_correlations"];
    close(transfer.correlation, r, 1e-6, "correlation");
    let pairs = &expected["role_permutation"]["all_2525, as is"]["pairs_dependent_by_fisher_z"];
    close(structure.pairs.by_fisher_z as f64, pairs, 0.0, "pairs");
}

#[test]
#[ignore = "a minute: cargo xtask test --only test-calibrations"]
fn what_is_drawn_is_as_drawn_elsewhere_and_no_graph_can_be_seen() {
    let settings = Settings {
        quick_draws: 1_000,
        ..Settings::new(0.05)
    };
    let Some((expected, found)) = measured(&settings) else {
        return;
    };
    let structure = found.structure.expect("it can be judged");
    println!("{}\n{:#?}", found.sentence, structure.against_factors);
    for search in &structure.searches {
        println!(
            "{:?}: {} edges, null {:.1} +- {:.1}, p {:.3}",
            search.clustering, search.n_edges, search.null_mean, search.null_sd, search.p_value
        );
    }
    let independent = &structure.searches[0];
    assert!(
        (54.0..=55.5).contains(&independent.null_mean),
        "{}",
        independent.null_mean
    );
    let role = &expected["role_permutation"]["all_2525, as is"];
    let sd = independent.null_sd;
    // 1,000 draws here, 300 there.
    let error = sd * (1.0 / 1_000.0_f64 + 1.0 / 300.0).sqrt();
    close(
        independent.null_mean,
        &role["null_mean"],
        3.0 * error,
        "null mean",
    );
    close(
        sd,
        &role["null_sd"],
        3.0 * sd / 600.0_f64.sqrt() * 1.2,
        "null sd",
    );
    let p: f64 = role["p"].as_f64().expect("a number");
    let of_p = 3.0 * (p * (1.0 - p) * (1.0 / 1_000.0 + 1.0 / 300.0)).sqrt();
    close(independent.p_value, &role["p"], of_p, "p");
    assert!(
        structure.pairs.by_permutation.abs_diff(12) <= 4,
        "{:?}",
        structure.pairs
    );
    assert_eq!(structure.pairs.after_correction, 0);
    let all = &expected["factors_and_pc"]["train_all_2525"];
    for given in &structure.factors {
        let name = format!("sim_{}_factor_edges", given.n_factors);
        let error = given.simulated_sd * (2.0 / 30.0_f64).sqrt();
        close(given.simulated_mean, &all[&name][0], 3.0 * error, &name);
    }
    let no_graph = Verdict::NoGraph {
        because: Because::Chance,
    };
    assert_eq!(found.verdict, no_graph);
}
