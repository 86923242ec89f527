use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use value_causal::bench::journal::{Journal, JournalError};
use value_causal::bench::{Inclination, OrientationTable, TableError};
use value_causal::metrics::successors;
use value_causal::ndarray::Array2;
use value_causal::petgraph::graph::{DiGraph, NodeIndex};

use super::plan::instructed_part;

/// The orientations towards all values under the instruction about each, where a study asks all items under every
/// instruction.
#[derive(Clone, Debug)]
pub struct InstructedTables {
    inclined: Vec<OrientationTable>,
    disinclined: Vec<OrientationTable>,
}

impl InstructedTables {
    /// Of the journal's parts, whose orientations `table` gives. None where the study asks only the instructed value's own
    /// items.
    pub(super) fn of(
        journal: &Journal,
        values: &[String],
        table: impl Fn(&str) -> Result<OrientationTable, JournalError>,
    ) -> Result<Option<Self>, JournalError> {
        let parts = journal.design().parts();
        let named = |inclination| values.iter().map(move |v| instructed_part(v, inclination));
        let mut all = named(Inclination::Inclined).chain(named(Inclination::Disinclined));
        if !all.all(|part| parts.contains(&part.as_str())) {
            return Ok(None);
        }
        let tables = |inclination| {
            let tables = named(inclination).map(|part| table(&part));
            tables.collect::<Result<_, _>>()
        };
        Ok(Some(Self {
            inclined: tables(Inclination::Inclined)?,
            disinclined: tables(Inclination::Disinclined)?,
        }))
    }

    /// By the value that is instructed, in the order of the values, and each over all of them.
    #[must_use]
    pub fn toward(&self, inclination: Inclination) -> &[OrientationTable] {
        match inclination {
            Inclination::Inclined => &self.inclined,
            Inclination::Disinclined => &self.disinclined,
        }
    }

    /// Each value under its own instruction: the released form.
    pub(super) fn own(
        &self,
        values: &[String],
        inclination: Inclination,
    ) -> Result<OrientationTable, TableError> {
        let tables = self.toward(inclination);
        let settings = tables.first().map_or(&[][..], OrientationTable::settings);
        let matrix = Array2::from_shape_fn((settings.len(), values.len()), |(row, value)| {
            tables[value].matrix()[[row, value]]
        });
        OrientationTable::new(values.to_vec(), settings.to_vec(), matrix, None)
    }
}

/// What moves when one value is instructed: the rates of section 2.3 of the paper, with explicit instructions as the
/// interventions, each counted for the value that it is about.
pub(super) struct Instructed {
    /// `[instructed][other]`: of the settings in which the instructed value changed, the share in which the other did.
    rates: Vec<Vec<Option<f64>>>,
}

/// Mean over the values that have such a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    /// Of the values that follow the instructed one in the graph.
    pub(super) expected: Option<f64>,
    /// Of those that do not.
    pub(super) unexpected: Option<f64>,
}

impl Instructed {
    pub(super) fn measured(tables: &InstructedTables, test: &OrientationTable) -> Self {
        let n_values = test.n_values();
        let of_value = |instructed: usize| {
            let mut changed = vec![0_usize; n_values];
            let both = [Inclination::Inclined, Inclination::Disinclined];
            for table in both.map(|inclination| &tables.toward(inclination)[instructed]) {
                for setting in table.settings() {
                    let (Some(after), Some(before)) = (table.row(setting), test.row(setting))
                    else {
                        continue;
                    };
                    if after[instructed] == before[instructed] {
                        continue;
                    }
                    for (n, (after, before)) in changed.iter_mut().zip(after.iter().zip(before)) {
                        *n += usize::from(after != before);
                    }
                }
            }
            let n = changed[instructed];
            let rate = |together: &usize| (n > 0).then(|| *together as f64 / n as f64);
            changed.iter().map(rate).collect()
        };
        Self {
            rates: (0..n_values).map(of_value).collect(),
        }
    }

    /// The rates with a graph whose nodes are the values in their order.
    pub(super) fn with(&self, graph: &DiGraph<String, ()>) -> Rates {
        let follows: Vec<Vec<usize>> = graph
            .node_indices()
            .map(|node| {
                successors(graph, node)
                    .into_iter()
                    .map(NodeIndex::index)
                    .collect()
            })
            .collect();
        self.of(&follows)
    }

    /// The mean rates with the graph's nodes relabelled at random: what a graph of that shape predicts by chance.
    pub(super) fn with_relabelled(&self, graph: &DiGraph<String, ()>) -> Rates {
        const DRAWS: u32 = 500;
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let nodes: Vec<NodeIndex> = graph.node_indices().collect();
        let mut labels: Vec<usize> = (0..nodes.len()).collect();
        let drawn: Vec<Rates> = (0..DRAWS)
            .map(|_| {
                labels.shuffle(&mut random);
                let mut follows = vec![Vec::new(); nodes.len()];
                for &node in &nodes {
                    let next = successors(graph, node).into_iter();
                    follows[labels[node.index()]] = next.map(|next| labels[next.index()]).collect();
                }
                self.of(&follows)
            })
            .collect();
        Rates {
            expected: mean(drawn.iter().map(|rates| rates.expected)),
            unexpected: mean(drawn.iter().map(|rates| rates.unexpected)),
        }
    }

    fn of(&self, follows: &[Vec<usize>]) -> Rates {
        let values = 0..self.rates.len();
        let side = |v: usize, next: bool| {
            let others = values
                .clone()
                .filter(|&w| w != v && follows[v].contains(&w) == next);
            mean(others.map(|w| self.rates[v][w]))
        };
        Rates {
            expected: mean(values.clone().map(|v| side(v, true))),
            unexpected: mean(values.clone().map(|v| side(v, false))),
        }
    }
}

/// Of those that are there.
fn mean(numbers: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let there: Vec<f64> = numbers.flatten().collect();
    (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_expected_to_move() {
        let measured = Instructed {
            rates: vec![
                vec![Some(1.0), Some(0.8), Some(0.1)],
                vec![Some(0.0), Some(1.0), Some(0.2)],
                vec![None; 3],
            ],
        };
        let mut graph = DiGraph::new();
        let nodes: Vec<NodeIndex> = (0..3).map(|i| graph.add_node(i.to_string())).collect();
        graph.add_edge(nodes[0], nodes[1], ());
        let rates = measured.with(&graph);
        assert_eq!(rates.expected, Some(0.8));
        assert_eq!(rates.unexpected, Some((0.1 + 0.1) / 2.0));
        let chance = measured.with_relabelled(&graph);
        assert!(chance.expected < rates.expected && chance.unexpected > rates.unexpected);
    }
}
