//! How the values of people hang together: dependence, circle, and the graph that others are held against.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use figures::CircleFigure;
use ndarray::{Array2, Axis};
use program::Failure;
use value_causal::discovery::ci::FisherZOptions;
use value_causal::discovery::graph::{MixedGraph, UndirectedEdges};
use value_causal::discovery::{Alpha, FisherZ, LeaveOneOut, PcOptions, pc};
use value_causal::psychometrics::circumplex::Circumplex;
use value_causal::psychometrics::{Correlations, Scores};

/// A row for each person, a column for each value.
pub struct People {
    /// The values.
    pub names: Vec<String>,
    /// `[people, values]`.
    pub table: Array2<f64>,
}

/// What PC finds among the values of people.
pub enum Graphs {
    /// The graph over all of them.
    Whole(MixedGraph),
    /// The values depend on one another exactly: graphs without each of them in turn.
    LeftOut {
        /// Why they cannot be searched together.
        why: String,
        /// The graphs.
        found: LeaveOneOut,
    },
}

impl People {
    /// The named columns of a CSV file; all but the first if none is named.
    ///
    /// # Errors
    /// If the file cannot be read, lacks a column or a row, has a name twice, or a cell is no number; the error names the
    /// place.
    pub fn read(path: &Path, values: &[String]) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| format!("{file}: {error}"))?;
        Self::from_csv(&file, &bytes, values)
    }

    fn from_csv(file: &str, bytes: &[u8], values: &[String]) -> Result<Self, Failure> {
        let mut table = csv::Reader::from_reader(bytes);
        let header = table
            .headers()
            .map_err(|error| format!("{file}: {error}"))?;
        let header: Vec<String> = header.iter().map(str::to_owned).collect();
        let names = match values.is_empty() {
            true => header.iter().skip(1).cloned().collect(),
            false => values.to_vec(),
        };
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(format!("{file}: expected each value once, found {twice:?} twice").into());
        }
        let place = |name: &String| {
            let place = header.iter().position(|other| other == name);
            place.ok_or_else(|| format!("{file}: expected a column {name:?}, found {header:?}"))
        };
        let places: Vec<usize> = names.iter().map(place).collect::<Result<_, _>>()?;
        let mut numbers = Vec::new();
        for row in table.records() {
            let row = row.map_err(|error| format!("{file}: {error}"))?;
            let line = row.position().map_or(0, csv::Position::line);
            for (&place, name) in places.iter().zip(&names) {
                let found = &row[place];
                let number = found
                    .trim()
                    .parse::<f64>()
                    .ok()
                    .filter(|number| number.is_finite());
                numbers.push(number.ok_or_else(|| {
                    format!(
                        "{file}, line {line}, column {name:?}: expected a number, found {found:?}"
                    )
                })?);
            }
        }
        let rows = numbers.len().checked_div(names.len()).unwrap_or_default();
        if rows == 0 {
            return Err(
                format!("{file}: expected a value and a person at least, found none").into(),
            );
        }
        Ok(Self {
            table: Array2::from_shape_vec((rows, names.len()), numbers)?,
            names,
        })
    }

    /// How the values correlate.
    ///
    /// # Errors
    /// If there are too few people, or a value that never varies.
    pub fn correlations(&self) -> Result<Correlations, Failure> {
        let scores = Scores::named(self.table.view(), &self.names)?;
        Ok(Correlations::of(&scores)?)
    }

    /// Searches by PC and Fisher's z, in the whole or with one value left out in turn.
    ///
    /// # Errors
    /// If there are too few people.
    pub fn graphs(&self, alpha: Alpha) -> Result<Graphs, Failure> {
        let options = PcOptions::new(alpha);
        let search = |kept: &[usize]| -> Result<MixedGraph, Failure> {
            let names = kept.iter().map(|&value| &self.names[value]);
            let test = FisherZOptions::new().names(names);
            let test = FisherZ::with_options(self.table.select(Axis(1), kept).view(), test)?;
            test.check_dependence()?;
            Ok(pc(&test, &options)?.graph)
        };
        let all: Vec<usize> = (0..self.names.len()).collect();
        match search(&all) {
            Ok(graph) => Ok(Graphs::Whole(graph)),
            Err(why) => Ok(Graphs::LeftOut {
                why: why.to_string(),
                found: LeaveOneOut::search(all.len(), search)?,
            }),
        }
    }
}

impl Graphs {
    /// The graph over all values: of pairs that do not hang on the value left out.
    #[must_use]
    pub fn common(&self) -> MixedGraph {
        match self {
            Self::Whole(graph) => graph.clone(),
            Self::LeftOut { found, .. } => found.in_all(),
        }
    }
}

/// A file with `graph` as the only reference graph, in the form in which experiments and studies name them: an edge without
/// a direction goes both ways.
#[must_use]
pub fn reference(graph: &MixedGraph, key: &str, title: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let (key, title) = (quoted(key), quoted(title));
    let mut text = format!(
        "# A reference graph made by `people`. An edge that goes both ways has no direction.\n\n\
         [[reference]]\nkey = {key}\ntitle = {title}\nshort = {key}\nedges = [\n"
    );
    let arrows = graph.to_digraph(UndirectedEdges::BothWays);
    for edge in arrows.raw_edges() {
        let [cause, effect] = [edge.source(), edge.target()].map(|end| quoted(&arrows[end]));
        text += &format!("    [{cause}, {effect}],\n");
    }
    text + "]\n"
}

/// The circle of the values with the pairs of the graph; names have their places on the circle of theory.
#[must_use]
pub fn figure(
    names: &[String],
    circle: &Circumplex,
    correlations: &Correlations,
    graph: &MixedGraph,
) -> CircleFigure {
    let pairs = graph.edges().map(|edge| [edge.a, edge.b]);
    let (together, against) = pairs.partition(|&[a, b]| correlations.matrix()[[a, b]] > 0.0);
    let place =
        |(at, (name, &angle)): (usize, (&String, &f64))| (format!("{name} ({})", at + 1), angle);
    CircleFigure {
        title: "Where people's values lie".to_owned(),
        description: "Values on the circle of the first two principal axes; in brackets the place that theory gives each. \
                      Lines join pairs that are adjacent in every graph."
            .to_owned(),
        places: names.iter().zip(&circle.angles).enumerate().map(place).collect(),
        together: ("adjacent in every graph, r > 0".to_owned(), together),
        against: ("adjacent in every graph, r < 0".to_owned(), against),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use value_causal::discovery::graph::Edge;

    #[test]
    fn a_reference_has_directions_where_the_graph_has() {
        let mut graph = MixedGraph::with_names(["a \"b\"", "c", "d"].map(str::to_owned).to_vec());
        graph.add_edge(Edge::directed(1, 0));
        graph.add_edge(Edge::undirected(1, 2));
        let text = reference(&graph, "people", "40 \\ people");
        let read: toml::Table = text.parse().unwrap();
        let found = &read["reference"][0];
        assert_eq!(found["title"].as_str(), Some("40 \\ people"));
        let edges = found["edges"].as_array().unwrap();
        let edges: Vec<_> = edges
            .iter()
            .map(|ends| [0, 1].map(|end| ends[end].as_str().unwrap()))
            .collect();
        assert_eq!(edges, [["c", "a \"b\""], ["c", "d"], ["d", "c"]]);
    }

    proptest! {
        /// `PROPTEST_CASES` asks for more than the 256 of every run.
        #[test]
        fn no_edit_of_a_table_makes_the_search_panic(
            edits in vec((any::<Index>(), 0_usize..6, "[-0-9a-z,\"\\r\\n.éN\u{feff}]{0,4}"), 0..5),
        ) {
            let rows = (0..6).map(|n: i32| format!("p{n},{},{},{},{}\n", n, n * n % 5, 3 - n, n * n * n % 7));
            let mut text = format!("person,a,b,c,d\n{}", rows.collect::<String>()).into_bytes();
            for (place, length, piece) in edits {
                let start = place.index(text.len() + 1);
                let end = (start + length).min(text.len());
                text.splice(start..end, piece.into_bytes());
            }
            match People::from_csv("people.csv", &text, &[]) {
                Err(error) => prop_assert!(error.to_string().starts_with("people.csv")),
                Ok(people) => {
                    let _ = people.correlations().map(|found| Circumplex::of(&found).is_ok());
                    if let Ok(graphs) = people.graphs(Alpha::new(0.05)?) {
                        let _ = reference(&graphs.common(), "people", "people");
                    }
                }
            }
        }
    }
}
