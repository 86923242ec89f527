//! What a study of the organism should find, and finds: the graph in the unsteered answers, and the effects of
//! instructions held against it.

use petgraph::graph::DiGraph;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use value_causal::bench::{Instruction, Item, Questionnaire, RoleSet, Score, Stance, orientation};
use value_causal::discovery::graph::{Edge, MixedGraph, UndirectedEdges};
use value_causal::discovery::{Alpha, FisherZ, PcOptions, pc};
use value_causal::metrics::{ChangeRates, Expected, Unexpected, compare, steering_effects};
use value_causal::ndarray::{Array1, Array2};

use program::Failure;

/// The significance level of the search.
pub const ALPHA: f64 = 0.01;

/// Random graphs that the planted one is held against.
const RANDOM_GRAPHS: u64 = 200;

/// Who answers: the role, the item, the instruction.
pub trait Respond {
    /// The position taken.
    ///
    /// # Errors
    /// An answer that cannot be had.
    fn respond(
        &self,
        role: Option<&str>,
        item: &Item,
        instruction: Option<&Instruction>,
    ) -> Result<Stance, Failure>;
}

impl<F> Respond for F
where
    F: Fn(Option<&str>, &Item, Option<&Instruction>) -> Result<Stance, Failure>,
{
    fn respond(
        &self,
        role: Option<&str>,
        item: &Item,
        instruction: Option<&Instruction>,
    ) -> Result<Stance, Failure> {
        self(role, item, instruction)
    }
}

/// How a graph that was found compares with the planted one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// F1 of adjacent pairs against the CPDAG of the planted graph.
    pub skeleton_f1: f64,
    /// F1 of arrowheads against it.
    pub arrowhead_f1: f64,
    /// Structural Hamming distance to it.
    pub shd: usize,
}

/// Expected and unexpected effects of the instructions for and against a value: means over values of the mean share of
/// (role, direction) in which the values that should move, and the others, did, among those in which the value itself
/// did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// Over the descendants in the graph.
    pub expected: f64,
    /// Over the others.
    pub unexpected: f64,
}

/// The orientations of the roles, unsteered, `[roles, values]`, over all items of the questionnaire.
///
/// # Errors
/// An answer that cannot be had; a value without an item.
pub fn orientations(
    questionnaire: &Questionnaire,
    values: &[String],
    roles: &RoleSet,
    model: &impl Respond,
) -> Result<Array2<f64>, Failure> {
    let mut matrix = Array2::zeros((roles.len(), values.len()));
    for (role, mut row) in roles.iter().zip(matrix.rows_mut()) {
        row.assign(&oriented(
            questionnaire,
            values,
            Some(&role.name),
            None,
            model,
        )?);
    }
    Ok(matrix)
}

/// The orientations of one setting, one per value.
fn oriented(
    questionnaire: &Questionnaire,
    values: &[String],
    role: Option<&str>,
    instruction: Option<&Instruction>,
    model: &impl Respond,
) -> Result<Array1<f64>, Failure> {
    let of = |value: &String| -> Result<f64, Failure> {
        let items = questionnaire.measuring(value);
        let scores: Vec<Score> = items
            .map(|item| {
                Ok(Score::of(
                    model.respond(role, item, instruction)?,
                    item.keying,
                ))
            })
            .collect::<Result<_, Failure>>()?;
        Ok(orientation(&scores).ok_or_else(|| format!("{value}: expected an item, found none"))?)
    };
    values.iter().map(of).collect()
}

/// The graph in the orientations, by PC with Fisher's z.
///
/// # Errors
/// Orientations without variance, or fewer roles than the search needs.
pub fn discover(orientations: &Array2<f64>, values: &[String]) -> Result<MixedGraph, Failure> {
    let mut graph = pc(
        &FisherZ::from_samples(orientations.view())?,
        &PcOptions::new(Alpha::new(ALPHA)?),
    )?
    .graph;
    graph.set_names(values.to_vec())?;
    Ok(graph)
}

/// Holds a graph that was found against the planted CPDAG.
///
/// # Errors
/// Graphs over different values.
pub fn held_against(found: &MixedGraph, planted: &MixedGraph) -> Result<Found, Failure> {
    let both = |graph: &MixedGraph| graph.to_digraph(UndirectedEdges::BothWays);
    let comparison = compare(&both(planted), &both(found))?;
    Ok(Found {
        skeleton_f1: comparison.skeleton.f1().unwrap_or(1.0),
        arrowhead_f1: comparison.arrowheads.f1().unwrap_or(1.0),
        shd: comparison.shd,
    })
}

/// Which orientations changed under the instructions.
#[derive(Clone, Debug)]
pub struct Changes {
    /// For each value the rates under the instructions for and against it alone.
    own: Vec<ChangeRates>,
}

impl Changes {
    /// Asks every role, and the empty one, without an instruction and under each.
    ///
    /// # Errors
    /// An answer that cannot be had.
    pub fn under(
        instructions: &[Instruction],
        questionnaire: &Questionnaire,
        values: &[String],
        roles: &RoleSet,
        model: &impl Respond,
    ) -> Result<Self, Failure> {
        let everybody = roles
            .iter()
            .map(|role| Some(role.name.as_str()))
            .chain([None]);
        let mut changed: Vec<Vec<bool>> = vec![Vec::new(); values.len()];
        for role in everybody {
            let before = oriented(questionnaire, values, role, None, model)?;
            for instruction in instructions {
                let after = oriented(questionnaire, values, role, Some(instruction), model)?;
                let place = values.iter().position(|value| *value == instruction.value);
                let place = place
                    .ok_or_else(|| format!("an instruction for {}, no value", instruction.value))?;
                changed[place].extend(
                    before
                        .iter()
                        .zip(&after)
                        .map(|(before, after)| before != after),
                );
            }
        }
        let rates = |rows: Vec<bool>| {
            let shape = (rows.len() / values.len(), values.len());
            Ok(ChangeRates::from_changes(
                Array2::from_shape_vec(shape, rows)?.view(),
            ))
        };
        Ok(Self {
            own: changed
                .into_iter()
                .map(rates)
                .collect::<Result<_, Failure>>()?,
        })
    }

    /// The effects that a graph predicts, and the others.
    ///
    /// # Errors
    /// A graph with another number of nodes than there are values.
    pub fn effects(&self, graph: &MixedGraph) -> Result<Effects, Failure> {
        let graph: DiGraph<String, ()> = graph.to_digraph(UndirectedEdges::BothWays);
        let mut expected = Vec::new();
        let mut unexpected = Vec::new();
        for (value, rates) in self.own.iter().enumerate() {
            let effects = steering_effects(
                &graph,
                rates,
                Expected::Successors,
                Unexpected::NonSuccessors,
            )?;
            expected.extend(effects.nodes[value].expected);
            unexpected.extend(effects.nodes[value].unexpected);
        }
        Ok(Effects {
            expected: mean(&expected),
            unexpected: mean(&unexpected),
        })
    }

    /// The mean effects over graphs of the same shape as `graph` whose values are mixed up at random.
    ///
    /// # Errors
    /// As [`effects`](Self::effects).
    pub fn effects_of_random(&self, graph: &MixedGraph) -> Result<Effects, Failure> {
        let n = graph.n_variables();
        let mut sums = (Vec::new(), Vec::new());
        for seed in 0..RANDOM_GRAPHS {
            let mut places: Vec<usize> = (0..n).collect();
            places.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
            let edges = graph.edges().map(|edge| Edge {
                a: places[edge.a],
                b: places[edge.b],
                ..edge
            });
            let effects = self.effects(&MixedGraph::from_edges(n, edges)?)?;
            sums.0.push(effects.expected);
            sums.1.push(effects.unexpected);
        }
        Ok(Effects {
            expected: mean(&sums.0),
            unexpected: mean(&sums.1),
        })
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}
