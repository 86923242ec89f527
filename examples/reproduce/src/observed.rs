//! What rows alone tell, of a study without steering or without instructions: whether a graph can be seen in them, and the
//! graph that PC finds.

use std::path::Path;

use figures::{Edge, GraphFigure, GraphPanel, graphs};
use measurement::{Input, Items, Measurement, Searched, Settings};
use program::{Failure, save_text, write_whole};
use value_causal::bench::{OrientationTable, Setting};
use value_causal::discovery::ci::{FisherZOptions, Singular};
use value_causal::discovery::{Alpha, MixedGraph, PcOptions, pc};

use crate::experiment::Test;
use crate::graphs::{EdgeMark, mixed_edges};
use crate::measurements::without;
use crate::report::of_observed;
use crate::varied::made;

/// Rows, and how their graph is searched.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The study's name.
    pub name: &'a str,
    /// Training roles and items.
    pub train: &'a OrientationTable,
    /// Test roles and items.
    pub test: &'a OrientationTable,
    /// The training rows that the graph is searched in.
    pub searched: Searched,
    /// Which items the training roles were asked.
    pub items: &'a Items,
    /// Level of the tests of independence.
    pub alpha: f64,
    /// The test of independence.
    pub by: Test,
}

/// The names of the files that are written.
pub const FILES: [&str; 3] = ["graph.svg", "graph.png", "report.md"];

impl Observed<'_> {
    /// Whether a graph can be seen.
    #[must_use]
    pub fn judged(&self) -> Measurement {
        let input = Input {
            train: self.train,
            test: self.test,
            searched: self.searched,
            left_out: &[],
            items: Some(self.items),
        };
        Measurement::of(&input, &Settings::new(self.alpha).few())
    }

    /// The graph of the values that vary.
    ///
    /// # Errors
    /// Too few rows to be searched.
    pub fn graph(&self, measurement: &Measurement) -> Result<MixedGraph, Failure> {
        let rows = match self.searched {
            Searched::All => self.train.clone(),
            Searched::Unsteered => self.train.select(Setting::is_unsteered),
        };
        let rows = without(&rows, &measurement.left_out)?;
        let options = FisherZOptions::like_causal_learn()
            .names(rows.values())
            .constant(Singular::DropEdge);
        let test = made(self.by, options, &rows)?;
        let options = PcOptions::like_causal_learn(Alpha::new(self.alpha)?);
        Ok(pc(&test, &options)?.graph)
    }

    /// Writes the graph as a picture, and a report that opens with the verdict and ends with what else is `told`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(
        &self,
        measurement: &Measurement,
        graph: &MixedGraph,
        told: &str,
        out: &Path,
    ) -> Result<Vec<String>, Failure> {
        let [svg, png, report] = FILES;
        let picture = graphs(&figure(self.name, graph))?;
        save_text(&out.join(svg), picture.svg())?;
        write_whole(&out.join(png), &picture.png()?)?;
        let text = of_observed(self.name, measurement, graph.n_edges(), self.alpha)?;
        save_text(&out.join(report), &format!("{text}\n{told}"))?;
        Ok(FILES.map(str::to_owned).into())
    }
}

fn figure(name: &str, graph: &MixedGraph) -> GraphFigure {
    let edges = mixed_edges(graph);
    let edges = edges.iter().map(|(a, b, mark)| match mark {
        EdgeMark::Forward => Edge::directed(a, b),
        EdgeMark::Backward => Edge::directed(b, a),
        EdgeMark::Undirected => Edge::undirected(a, b),
        EdgeMark::Bidirected => Edge::bidirected(a, b),
    });
    let panel = GraphPanel::new(format!("{name}: discovered"), edges).nodes(graph.names());
    GraphFigure::new("Causal graph among the values")
        .description(format!("The {} edges that PC found.", graph.n_edges()))
        .panel(panel)
}
