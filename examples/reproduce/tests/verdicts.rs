//! Verdicts on studies whose truth is known.

mod planted;

use std::time::Instant;

use measurement::{Input, Measurement, Searched, Settings, Verdict, claims_a_graph};
use planted::World;
use rayon::prelude::*;
use value_causal::bench::{OrientationTable, Setting};
use value_causal::ndarray::Axis;

/// In how many of so many studies of a world a graph is claimed.
fn claims(world: World, studies: u64) -> usize {
    let claimed = |seed: u64| claims_a_graph(&world.rows(seed), &few()).expect("it is searched");
    (0..studies)
        .into_par_iter()
        .filter(|&seed| claimed(seed))
        .count()
}

#[test]
fn a_graph_is_claimed_where_there_is_one() {
    // Limits that 199 of 200 sets of studies keep where rates are those of the calibration below.
    assert!(claims(World::GraphSameItems, 8) >= 6);
    assert!(claims(World::GeneralFactor, 8) <= 3);
    assert!(claims(World::NothingOwnItems, 3) <= 1);
}

/// The whole record of a table, from few draws.
fn whole(table: &OrientationTable) -> Measurement {
    let input = Input {
        train: table,
        test: table,
        searched: Searched::All,
        left_out: &[],
        items: None,
    };
    Measurement::of(&input, &few())
}

fn few() -> Settings {
    Settings::new(0.05).few()
}

#[test]
fn the_claim_alone_is_that_of_the_whole() {
    for seed in 0..3 {
        for world in [World::GraphSameItems, World::GeneralFactor] {
            let claim = claims_a_graph(&world.rows(seed), &few()).expect("it is searched");
            let whole = whole(&world.table(seed));
            assert_eq!(whole.verdict.is_graph(), claim, "{world:?}, seed {seed}");
        }
    }
}

/// The first rows of a table, with this number for all of its last value.
fn rows(table: &OrientationTable, n: usize, last: Option<f64>) -> OrientationTable {
    let places: Vec<usize> = (0..n).collect();
    let mut cells = table.matrix().select(Axis(0), &places);
    if let Some(last) = last {
        cells.column_mut(table.n_values() - 1).fill(last);
    }
    let (values, settings) = (table.values().to_vec(), table.settings()[..n].to_vec());
    OrientationTable::new(values, settings, cells, None).expect("each setting once")
}

#[test]
fn a_value_that_does_not_vary_is_named_and_left_out() {
    let table = World::GraphSameItems.table(1);
    let found = whole(&rows(&table, 300, Some(-1.0)));
    let named: Vec<String> = found.left_out.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["value 11 (-1 in all 300 rows)"]);
    assert_eq!(found.values.len(), 11);
    assert!(found.verdict.is_graph(), "{}", found.sentence);
}

#[test]
fn a_design_that_could_not_show_a_graph_says_so() {
    let table = World::GraphSameItems.table(1);
    let found = whole(&rows(&table, 15, None));
    assert!(
        matches!(found.verdict, Verdict::CannotTell { .. }),
        "{}",
        found.sentence
    );
    assert!(found.sentence.contains("15 roles"), "{}", found.sentence);
    // Roles that lack some rows each: no other role can take their place.
    let mut place = 0_usize;
    let gaps = World::NothingOwnItems.table(1).select(|_| {
        place += 1;
        place * place % 97 > 7
    });
    let found = whole(&gaps);
    assert!(
        found.sentence.contains("no other has just these"),
        "{}",
        found.sentence
    );
    // Enough roles to be searched, and too few for any but large correlations.
    let nothing = World::NothingOwnItems
        .table(1)
        .select(Setting::is_unsteered);
    let found = whole(&rows(&nothing, 24, None));
    assert!(
        found.sentence.contains("easily missed"),
        "{}",
        found.sentence
    );
}

#[test]
#[ignore = "minutes: cargo xtask test --only test-calibrations"]
fn verdicts_on_two_hundred_studies_of_each_world() {
    let mut missed = Vec::new();
    for (world, least, most) in [
        (World::GraphSameItems, 180, 200),
        (World::NothingOwnItems, 0, 10),
        (World::GeneralFactor, 0, 20),
        (World::GraphOwnItems, 0, 200),
    ] {
        let started = Instant::now();
        let found = claims(world, 200);
        let seconds = started.elapsed().as_secs_f64();
        println!("{world:?}: a graph is claimed in {found} of 200 studies ({seconds:.1} s)");
        if !(least..=most).contains(&found) {
            missed.push((world, found));
        }
    }
    assert_eq!(missed, []);
}
