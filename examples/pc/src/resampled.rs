//! How often each edge was found in resamples of the rows.

use std::fmt;

use causal_pc::{Bootstrap, EdgeFrequency};
use program::counted;
use serde::Serialize;

/// The frequencies of edges, and the graph of the frequent ones.
#[derive(Serialize)]
pub struct Resampled {
    n_resamples: usize,
    n_failed: usize,
    edges: Vec<Frequency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consensus: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<String>,
    time_s: f64,
}

/// How often a pair was joined, and how: shares of the resamples.
#[derive(Serialize)]
struct Frequency {
    pair: [String; 2],
    any: f64,
    forward: f64,
    backward: f64,
    undirected: f64,
    bidirected: f64,
}

impl Resampled {
    /// Names the edges that were found at least once; those of the consensus, if asked for, must
    /// have been found in that share of the resamples. Nothing was found if time was up before.
    pub fn new(
        found: Option<&Bootstrap>,
        n_asked: usize,
        consensus: Option<f64>,
        time_s: f64,
    ) -> Self {
        let Some(found) = found else {
            return Self {
                n_resamples: 0,
                n_failed: 0,
                edges: Vec::new(),
                consensus: None,
                unfinished: unfinished(0, n_asked),
                time_s,
            };
        };
        let names = found.names();
        let named = |edge: EdgeFrequency| Frequency {
            pair: [names[edge.a].clone(), names[edge.b].clone()],
            any: edge.any,
            forward: edge.forward,
            backward: edge.backward,
            undirected: edge.undirected,
            bidirected: edge.bidirected,
        };
        let lines = |share| {
            found
                .consensus(share)
                .to_string()
                .lines()
                .map(str::to_owned)
                .collect()
        };
        Self {
            n_resamples: found.n_resamples(),
            n_failed: found.n_failed(),
            edges: found.edges().into_iter().map(named).collect(),
            consensus: consensus.map(lines),
            unfinished: unfinished(found.n_resamples() + found.n_failed(), n_asked),
            time_s,
        }
    }
}

/// What the time limit left undone.
pub fn unfinished(n_done: usize, n_asked: usize) -> Option<String> {
    let told = || format!("the time limit came after {n_done} of {n_asked}");
    (n_done < n_asked).then(told)
}

impl fmt::Display for Resampled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} resamples searched, {} failed; shares of those searched:",
            self.n_resamples, self.n_failed
        )?;
        if let Some(unfinished) = &self.unfinished {
            writeln!(
                f,
                "unfinished: {resamples}",
                resamples = counted(unfinished, "resample")
            )?;
        }
        for edge in &self.edges {
            let [a, b] = &edge.pair;
            write!(
                f,
                "{a}, {b}: joined {:.3}, -> {:.3}, <- {:.3}",
                edge.any, edge.forward, edge.backward
            )?;
            writeln!(f, ", -- {:.3}, <-> {:.3}", edge.undirected, edge.bidirected)?;
        }
        for line in self.consensus.iter().flatten() {
            writeln!(f, "consensus: {line}")?;
        }
        writeln!(f, "bootstrap_time_s {}", self.time_s)
    }
}
