//! digraph-metrics: whether a graph tells beforehand what else changes when something is changed.
//!
//! `cargo run --package tutorials --bin predict_side_effects`

use std::error::Error;

use value_causal::metrics::{
    ChangeRates, Expected, Export, Unexpected, changes_from_baseline, reduce_in_order,
    relabelling_test, steering_effects, successors,
};
use value_causal::ndarray::array;
use value_causal::petgraph::graph::DiGraph;

fn main() -> Result<(), Box<dyn Error>> {
    // rain -> wet -> slippery, a superfluous edge rain -> slippery, and wind by itself.
    let mut graph = DiGraph::new();
    let [rain, wet, slippery, _wind] =
        ["rain", "wet", "slippery", "wind"].map(|name| graph.add_node(name));
    graph.extend_with_edges([(rain, slippery, ()), (rain, wet, ()), (wet, slippery, ())]);

    // What the rest already says is left out; whoever was reached still is.
    let reduced = reduce_in_order(&graph);
    let names: Vec<&str> = successors(&reduced, rain)
        .into_iter()
        .map(|node| reduced[node])
        .collect();
    println!(
        "Rain reaches {} over {} edges.",
        names.join(" and "),
        reduced.edge_count()
    );

    // Four interventions against a baseline, columns in the order of the nodes.
    let baseline = array![0.0, 0.0, 0.0, 3.0];
    let observed = array![
        [9.0, 1.0, 1.0, 3.0],
        [4.0, 1.0, 0.0, 5.0],
        [0.0, 1.0, 1.0, 3.0],
        [0.0, 0.0, 0.0, 8.0],
    ];
    let changes = changes_from_baseline(observed.view(), baseline.view())?;
    let rates = ChangeRates::from_changes(changes.view());

    // Successors are expected to change along, the others are not.
    let (expected, unexpected) = (Expected::Successors, Unexpected::NonSuccessors);
    let effects = steering_effects(&reduced, &rates, expected, unexpected)?;
    for (node, effect) in reduced.node_weights().zip(&effects.nodes) {
        println!(
            "{node}: expected {:?}, unexpected {:?}",
            effect.expected, effect.unexpected
        );
    }

    // A gap means little until it is held against graphs of the same shape with other labels.
    let chance = relabelling_test(&reduced, &rates, expected, unexpected, 1000, 1)?;
    println!("gap {:?}, p = {:.3}", effects.gap(), chance.p_value());

    println!("{}", Export::new(&reduced).to_dot()); // for Graphviz
    Ok(())
}
