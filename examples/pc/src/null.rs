//! How many edges are found where there is no structure.

use std::fmt;

use causal_pc::EdgeNull;
use serde::Serialize;

use crate::resampled::unfinished;
use program::counted;

/// The null distribution of the number of edges, and the pairs that stand out from it.
#[derive(Serialize)]
pub struct Null {
    n_draws: usize,
    #[serde(flatten)]
    found: Option<Found>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<String>,
    time_s: f64,
}

#[derive(Serialize)]
struct Found {
    n_edges: usize,
    mean: f64,
    standard_deviation: f64,
    /// The share of draws, the data among them, with as many edges.
    p_value: f64,
    /// Clusters that are like no other, so that they could not be exchanged.
    n_in_place: usize,
    pairs: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    pair: [String; 2],
    p_value: f64,
    q_value: f64,
}

impl Null {
    /// Nothing was found if time was up before the first draw.
    pub fn new(found: Option<EdgeNull>, n_asked: usize, names: &[String], time_s: f64) -> Self {
        let n_draws = found.as_ref().map_or(0, |found| found.null.len());
        Self {
            n_draws,
            found: found.map(|found| Found::new(&found, names)),
            unfinished: unfinished(n_draws, n_asked),
            time_s,
        }
    }
}

impl Found {
    fn new(found: &EdgeNull, names: &[String]) -> Self {
        let pair = |pair: &causal_pc::PairNull| Pair {
            pair: [names[pair.a].clone(), names[pair.b].clone()],
            p_value: pair.p_value,
            q_value: pair.q_value,
        };
        Self {
            n_edges: found.n_edges,
            mean: found.mean(),
            standard_deviation: found.standard_deviation(),
            p_value: found.p_value(),
            n_in_place: found.n_in_place,
            pairs: found.pairs.iter().map(pair).collect(),
        }
    }
}

impl fmt::Display for Null {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(unfinished) = &self.unfinished {
            writeln!(
                f,
                "unfinished: {tables} without structure",
                tables = counted(unfinished, "table")
            )?;
        }
        if let Some(found) = &self.found {
            writeln!(
                f,
                "{} edges; in {} tables without structure {:.2} +- {:.2}, as many in a share of {:.4}",
                found.n_edges, self.n_draws, found.mean, found.standard_deviation, found.p_value
            )?;
            if found.n_in_place > 0 {
                writeln!(
                    f,
                    "note: clusters that stayed in place: {}, since no other has as many rows (and at the same places, of two ways): \
                     what their rows have in common was not mixed up",
                    found.n_in_place
                )?;
            }
            write!(f, "{found}")?;
        }
        write!(f, "null_time_s {}", self.time_s)
    }
}

/// The pairs that stand out.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        Ok(())
    }
}
