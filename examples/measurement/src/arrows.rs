//! How well arrows describe correlations, for their number.

use nalgebra::DMatrix;
use value_causal::ndarray::{Array2, ArrayView2};

/// An acyclic graph of linear arrows: the best that greedy search finds by Akaike's criterion, from none on, adding, taking away or turning
/// round one arrow at a time (hill climbing, as Heckerman, Geiger and Chickering 1995; another
/// graph may be better still).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrows {
    /// `n` times the logarithms of what the causes leave of each value's variance, added up, and 2 for each arrow.
    pub(crate) aic: f64,
    /// How many arrows.
    pub(crate) n: usize,
}

/// A change of the graph, at the value that is met by the arrow.
#[derive(Clone, Copy)]
enum Change {
    /// Add the arrow, or take it away.
    Flip {
        cause: usize,
        effect: usize,
    },
    Turn {
        cause: usize,
        effect: usize,
    },
}

impl Arrows {
    /// Of these correlations of `n` independent rows. O(p^2 + steps p) regressions of one value each.
    pub(crate) fn best(correlations: ArrayView2<'_, f64>, n: f64) -> Self {
        let mut search = Search::new(correlations, n);
        while let Some(change) = search.best_change() {
            search.make(change);
        }
        Self {
            aic: search.scores.iter().sum(),
            n: search.parents.iter().map(Vec::len).sum(),
        }
    }
}

/// The least gain that counts, and by which one is beaten by another: `a -> b` and `b -> a` often gain the same, and which of
/// them is taken, the last, must not hang on how a processor rounds.
const LEAST: f64 = 1e-6;

struct Search<'a> {
    correlations: ArrayView2<'a, f64>,
    n: f64,
    parents: Vec<Vec<usize>>,
    /// By value, with its parents.
    scores: Vec<f64>,
    /// `[effect, cause]`: by how much AIC falls where that arrow is added, or taken away if it is there.
    gains: Array2<f64>,
}

impl<'a> Search<'a> {
    fn new(correlations: ArrayView2<'a, f64>, n: f64) -> Self {
        let p = correlations.nrows();
        let mut search = Self {
            correlations,
            n,
            parents: vec![Vec::new(); p],
            scores: vec![0.0; p],
            gains: Array2::zeros((p, p)),
        };
        (0..p).for_each(|effect| search.renew(effect));
        search
    }

    fn renew(&mut self, effect: usize) {
        self.scores[effect] = self.score(effect, &self.parents[effect]);
        for cause in (0..self.parents.len()).filter(|&cause| cause != effect) {
            let mut parents = self.parents[effect].clone();
            flip(&mut parents, cause);
            self.gains[[effect, cause]] = self.scores[effect] - self.score(effect, &parents);
        }
    }

    /// Infinite where the causes leave nothing.
    fn score(&self, effect: usize, causes: &[usize]) -> f64 {
        let of = |place: usize| causes.get(place).copied().unwrap_or(effect);
        let k = causes.len();
        let among = DMatrix::from_fn(k + 1, k + 1, |i, j| self.correlations[[of(i), of(j)]]);
        // The last entry of the factor is the standard deviation that the others leave.
        among.cholesky().map_or(f64::INFINITY, |factor| {
            2.0 * self.n * factor.l_dirty()[(k, k)].ln() + 2.0 * k as f64
        })
    }

    fn best_change(&self) -> Option<Change> {
        let p = self.parents.len();
        let pairs = (0..p).flat_map(|effect| (0..p).map(move |cause| (cause, effect)));
        let changes =
            pairs
                .filter(|(cause, effect)| cause != effect)
                .flat_map(|(cause, effect)| {
                    let flip = (self.gains[[effect, cause]], Change::Flip { cause, effect });
                    let turned = self.gains[[effect, cause]] + self.gains[[cause, effect]];
                    let turn = (turned, Change::Turn { cause, effect });
                    [flip, turn]
                });
        let better = changes.filter(|(gain, _)| *gain > LEAST);
        let possible = better.filter(|(_, change)| self.is_possible(*change));
        let last_best = possible.reduce(|best, other| match other.0 > best.0 - LEAST {
            true => other,
            false => best,
        });
        last_best.map(|(_, change)| change)
    }

    fn is_possible(&self, change: Change) -> bool {
        match change {
            Change::Flip { cause, effect } => {
                self.parents[effect].contains(&cause) || !self.leads(effect, cause, None)
            }
            Change::Turn { cause, effect } => {
                self.parents[effect].contains(&cause)
                    && !self.leads(cause, effect, Some((cause, effect)))
            }
        }
    }

    /// Whether arrows lead from one value to the other, without the one that is named.
    fn leads(&self, from: usize, to: usize, without: Option<(usize, usize)>) -> bool {
        let (mut seen, mut open) = (vec![false; self.parents.len()], vec![to]);
        while let Some(value) = open.pop() {
            if value == from {
                return true;
            }
            if !std::mem::replace(&mut seen[value], true) {
                let parents = self.parents[value].iter().copied();
                open.extend(parents.filter(|&cause| without != Some((cause, value))));
            }
        }
        false
    }

    fn make(&mut self, change: Change) {
        let (Change::Flip { cause, effect } | Change::Turn { cause, effect }) = change;
        flip(&mut self.parents[effect], cause);
        if matches!(change, Change::Turn { .. }) {
            flip(&mut self.parents[cause], effect);
            self.renew(cause);
        }
        self.renew(effect);
    }
}

/// Adds a cause, or takes it away.
fn flip(parents: &mut Vec<usize>, cause: usize) {
    match parents.iter().position(|&parent| parent == cause) {
        Some(place) => {
            parents.remove(place);
        }
        None => parents.push(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::discovery::synthetic::LinearSem;
    use value_causal::discovery::{Edge, MixedGraph};

    #[test]
    fn the_planted_arrows_are_counted_and_scored() {
        // 0 -> 2 <- 1, 2 -> 3.
        let edges = [(0, 2), (1, 2), (2, 3)].map(|(a, b)| Edge::directed(a, b));
        let dag = MixedGraph::from_edges(4, edges).unwrap();
        let model = LinearSem::new(&dag, |_, _| 0.5, |_| 1.0).unwrap();
        let (correlations, n) = (model.standardized().correlation(), 1_000.0);
        let found = Arrows::best(correlations.view(), n);
        assert_eq!(found.n, 3);
        // An exact model of the correlations leaves no discrepancy: n ln |R|, and 2 for each arrow. By hand, of variances
        // 1, 1, 3/2 and 11/8 a variance of 1 each is left.
        let expected = n * (1.0 / 1.5_f64 / 1.375).ln() + 6.0;
        assert!(
            (found.aic - expected).abs() < 1e-9,
            "{found:?}, expected {expected}"
        );
    }

    #[test]
    fn without_correlations_there_are_no_arrows_and_values_that_are_one_have_none_either() {
        assert_eq!(
            Arrows::best(Array2::eye(5).view(), 300.0),
            Arrows { aic: 0.0, n: 0 }
        );
        assert_eq!(Arrows::best(Array2::ones((2, 2)).view(), 300.0).n, 0);
    }
}
