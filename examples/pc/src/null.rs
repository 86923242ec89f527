//! How many edges are found where there is no structure.

use std::fmt;

use causal_pc::EdgeNull;
use serde::Serialize;

/// The null distribution of the number of edges, and the pairs that stand out from it.
#[derive(Serialize)]
pub struct Null {
    n_draws: usize,
    n_edges: usize,
    mean: f64,
    standard_deviation: f64,
    /// The share of draws, the data among them, with as many edges.
    p_value: f64,
    pairs: Vec<Pair>,
    time_s: f64,
}

#[derive(Serialize)]
struct Pair {
    pair: [String; 2],
    p_value: f64,
    q_value: f64,
}

impl Null {
    pub fn new(found: EdgeNull, names: &[String], time_s: f64) -> Self {
        let pair = |pair: &causal_pc::PairNull| Pair {
            pair: [names[pair.a].clone(), names[pair.b].clone()],
            p_value: pair.p_value,
            q_value: pair.q_value,
        };
        Self {
            n_draws: found.null.len(),
            n_edges: found.n_edges,
            mean: found.mean(),
            standard_deviation: found.standard_deviation(),
            p_value: found.p_value(),
            pairs: found.pairs.iter().map(pair).collect(),
            time_s,
        }
    }
}

impl fmt::Display for Null {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} edges; in {} tables without structure {:.2} +- {:.2}, as many in a share of {:.4}",
            self.n_edges, self.n_draws, self.mean, self.standard_deviation, self.p_value
        )?;
        let dependent: Vec<&Pair> = self
            .pairs
            .iter()
            .filter(|pair| pair.q_value <= 0.05)
            .collect();
        writeln!(
            f,
            "{} of {} pairs dependent by permutation at a false discovery rate of 0.05 ({} at p <= 0.05)",
            dependent.len(),
            self.pairs.len(),
            self.pairs
                .iter()
                .filter(|pair| pair.p_value <= 0.05)
                .count()
        )?;
        for Pair {
            pair: [a, b],
            p_value,
            q_value,
        } in dependent
        {
            writeln!(
                f,
                "{a}, {b}: p {p_value:.4}, after Benjamini and Hochberg {q_value:.4}"
            )?;
        }
        write!(f, "null_time_s {}", self.time_s)
    }
}
