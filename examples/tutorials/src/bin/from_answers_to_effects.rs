//! All of it: from measured value orientations over a causal graph to what steering does besides what it should.
//!
//! `cargo run --package tutorials --bin from_answers_to_effects -- TRAIN.csv TEST.csv`
//!
//! The files are in the format of the paper's released measurements; without arguments they are two small tables that
//! the library carries.

use std::error::Error;

use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::ci::{FisherZ, FisherZOptions};
use value_causal::discovery::graph::UndirectedEdges;
use value_causal::discovery::{Alpha, PcOptions, pc};
use value_causal::metrics::{
    ChangeRates, Expected, Unexpected, changes_from_baseline, reduce_in_order, relabelling_test,
    steering_effects,
};
use value_causal::sample;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [train, test] = match files.as_slice() {
        [train, test] => [
            OrientationTable::from_path(train)?,
            OrientationTable::from_path(test)?,
        ],
        [] => [
            OrientationTable::from_reader(sample::TRAIN.as_bytes())?,
            OrientationTable::from_reader(sample::TEST.as_bytes())?,
        ],
        _ => return Err("expected two files, of training and of test rows, or none".into()),
    };

    // Rows are roles and steered features, columns are values: the graph of what hangs together.
    let names = FisherZOptions::new().names(train.values());
    let independence = FisherZ::with_options(train.matrix(), names)?;
    let found = pc(
        &independence,
        &PcOptions::like_causal_learn(Alpha::new(0.05)?),
    )?;
    println!("{}", found.graph);

    // The paper draws the graph without the edges that follow from the others.
    let graph = reduce_in_order(&found.graph.to_digraph(UndirectedEdges::BothWays));

    // In test rows, of other roles: which values changed together, against the row without a role?
    let roles = test.select(|setting| setting.is_unsteered() && setting.role.is_some());
    let baseline = test
        .row(&Setting::default())
        .ok_or("the test rows lack the empty role")?;
    let changes = changes_from_baseline(roles.matrix(), baseline)?;
    let rates = ChangeRates::from_changes(changes.view());

    // Did those change along that the graph lets one expect?
    let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
    let effects = steering_effects(&graph, &rates, expected, unexpected)?;
    for (value, effect) in test.values().iter().zip(&effects.nodes) {
        println!(
            "{value}: expected {:.2?}, unexpected {:.2?}",
            effect.expected, effect.unexpected
        );
    }
    let chance = relabelling_test(&graph, &rates, expected, unexpected, 1000, 1)?;
    println!(
        "gap {:.3?}, as large by chance: p = {:.3}",
        effects.gap(),
        chance.p_value()
    );
    Ok(())
}
