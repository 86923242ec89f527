//! causal-pc: samples whose causes are known, the graph that PC finds in them, and why.
//!
//! `cargo run --package tutorials --bin find_causes`

use std::error::Error;

use value_causal::discovery::ci::{FisherZ, FisherZOptions};
use value_causal::discovery::graph::{UndirectedEdges, cpdag_of_dag};
use value_causal::discovery::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use value_causal::discovery::{Alpha, BootstrapOptions, PcOptions, bootstrap, pc};
use value_causal::metrics::compare;
use value_causal::ndarray::Axis;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn main() -> Result<(), Box<dyn Error>> {
    // A random graph, and 2,000 samples of a linear model over it: [n_samples, n_variables].
    let model = DagModel::ErdosRenyi {
        expected_degree: 2.0,
    };
    let mut dag = random_dag(NAMES.len(), model, 4)?;
    dag.set_names(NAMES.map(str::to_owned).to_vec())?;
    let samples = LinearSem::random(&dag, LinearOptions::new(), 4)?.sample(2_000, 4);

    // The test computes all correlations once; the search then asks it about pairs of variables.
    let test = FisherZ::with_options(samples.view(), FisherZOptions::new().names(NAMES))?;
    let options = PcOptions::new(Alpha::new(0.01)?);
    let found = pc(&test, &options)?;
    println!("Found:\n{}", found.graph);
    println!("Why:\n{}\n", found.explain());

    // The data tell a graph up to its equivalence class, so that is what to compare with.
    let truth = cpdag_of_dag(&dag)?;
    let both_ways =
        |graph: &value_causal::discovery::MixedGraph| graph.to_digraph(UndirectedEdges::BothWays);
    let compared = compare(&both_ways(&truth), &both_ways(&found.graph))?;
    println!("Pairs that differ from the truth: {}\n", compared.shd);

    // How much hangs on the sample: the search again on 200 resamples of the rows.
    let search = |rows: &[usize]| {
        let names = FisherZOptions::new().names(NAMES);
        FisherZ::with_options(samples.select(Axis(0), rows).view(), names)
    };
    let drawn = BootstrapOptions::new(200);
    let resampled = bootstrap(samples.nrows(), search, &options, &drawn)?;
    for edge in found.graph.edges() {
        let share = resampled.edge(edge.a, edge.b).map_or(0.0, |edge| edge.any);
        println!(
            "{}: joined in {share:.2} of them",
            found.graph.display_edge(&edge)
        );
    }
    Ok(())
}
