use crate::graph::MixedGraph;

/// Graphs over all variables but one, each left out in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaveOneOut {
    /// For each variable the graph over the others, in their order.
    pub graphs: Vec<MixedGraph>,
}

/// In how many graphs a pair is adjacent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PairRuns {
    /// The pair, the lower number first, counted over all variables.
    pub pair: [usize; 2],
    /// Graphs in which it is adjacent.
    pub adjacent: usize,
    /// Graphs that have both variables: two fewer than there are variables.
    pub runs: usize,
}

impl LeaveOneOut {
    /// Searches without each of `n_variables` in turn: `search` is told the columns that stay, in
    /// ascending order.
    ///
    /// For variables of which each follows from all others, as scores do that are centred on their
    /// own mean: together they cannot be searched
    /// ([`FisherZ::check_dependence`](crate::FisherZ::check_dependence)), and which one is left out
    /// should not decide what is found.
    ///
    /// # Errors
    ///
    /// The first that `search` gives.
    ///
    /// ```
    /// use causal_pc::{Alpha, FisherZ, LeaveOneOut, PcOptions, pc};
    /// use ndarray::{Array2, Axis};
    ///
    /// // Three columns less their mean.
    /// let mut data = Array2::from_shape_fn((50, 3), |(row, column)| {
    ///     ((row * (column + 3)) % 17) as f64
    /// });
    /// let mean = data.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
    /// data -= &mean;
    /// assert!(FisherZ::from_samples(data.view())?.check_dependence().is_err());
    ///
    /// let options = PcOptions::new(Alpha::new(0.05)?);
    /// let found = LeaveOneOut::search(3, |kept| {
    ///     let data = data.select(Axis(1), kept);
    ///     let test = FisherZ::from_samples(data.view())?;
    ///     Ok::<_, Box<dyn std::error::Error>>(pc(&test, &options)?.graph)
    /// })?;
    /// assert_eq!(found.graphs.len(), 3);
    /// assert!(found.pairs().iter().all(|pair| pair.runs == 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn search<E>(
        n_variables: usize,
        mut search: impl FnMut(&[usize]) -> Result<MixedGraph, E>,
    ) -> Result<Self, E> {
        let mut without = |left_out: usize| {
            let kept: Vec<usize> = (0..n_variables).filter(|&v| v != left_out).collect();
            search(&kept)
        };
        let graphs = (0..n_variables)
            .map(&mut without)
            .collect::<Result<_, E>>()?;
        Ok(Self { graphs })
    }

    /// All pairs, in order.
    pub fn pairs(&self) -> Vec<PairRuns> {
        let runs = |pair: [usize; 2]| {
            let of_pair = self.with_both(pair);
            PairRuns {
                pair,
                adjacent: of_pair
                    .clone()
                    .filter(|(graph, [a, b])| graph.is_adjacent(*a, *b))
                    .count(),
                runs: of_pair.count(),
            }
        };
        self.all_pairs().map(runs).collect()
    }

    /// The graph over all variables of the pairs that are adjacent in every graph with both: directed
    /// where all of these direct them alike, else undirected. What hangs on the variable left out is
    /// not in it, so it need not be the graph of any DAG.
    pub fn in_all(&self) -> MixedGraph {
        let mut common = MixedGraph::with_names(self.names());
        // Of two variables no graph has both.
        let pairs = self.all_pairs().filter(|_| self.graphs.len() > 2);
        for [a, b] in pairs {
            let graphs = self.with_both([a, b]);
            let all = |holds: &dyn Fn(&MixedGraph, usize, usize) -> bool| {
                graphs.clone().all(|(graph, [a, b])| holds(graph, a, b))
            };
            match () {
                () if all(&|graph, a, b| graph.is_directed(a, b)) => common.add_directed(a, b),
                () if all(&|graph, a, b| graph.is_directed(b, a)) => common.add_directed(b, a),
                () if all(&MixedGraph::is_adjacent) => common.add_undirected(a, b),
                () => {}
            }
        }
        common
    }

    fn all_pairs(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let n = self.graphs.len();
        (0..n).flat_map(move |a| (a + 1..n).map(move |b| [a, b]))
    }

    /// The graphs that have both variables, with their places there.
    fn with_both(
        &self,
        pair: [usize; 2],
    ) -> impl Iterator<Item = (&MixedGraph, [usize; 2])> + Clone {
        let graphs = self.graphs.iter().enumerate();
        graphs
            .filter(move |(out, _)| !pair.contains(out))
            .map(move |(out, graph)| (graph, pair.map(|v| v - usize::from(v > out))))
    }

    /// Of all variables: the first graph lacks the first name alone, the last one has it.
    fn names(&self) -> Vec<String> {
        match &self.graphs[..] {
            [first, .., last] => {
                let of_first = last.names().first().cloned();
                of_first
                    .into_iter()
                    .chain(first.names().iter().cloned())
                    .collect()
            }
            one_or_none => MixedGraph::new(one_or_none.len()).names().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    #[test]
    fn what_holds_without_each_variable_is_kept_with_its_direction() {
        let names = ["a", "b", "c", "d"];
        // a -> b and a -- c wherever they can be; b -- d in one graph of two; c -> d one way and the other.
        let found = LeaveOneOut::search(4, |kept| {
            let place = |v: usize| kept.iter().position(|&k| k == v);
            let mut graph =
                MixedGraph::with_names(kept.iter().map(|&v| names[v].to_owned()).collect());
            let mut add = |a, b, edge: fn(usize, usize) -> Edge| {
                if let (Some(a), Some(b)) = (place(a), place(b)) {
                    graph.add_edge(edge(a, b));
                }
            };
            add(0, 1, Edge::directed);
            add(0, 2, Edge::undirected);
            match kept.contains(&0) {
                true => add(2, 3, Edge::directed),
                false => {
                    add(3, 2, Edge::directed);
                    add(1, 3, Edge::undirected);
                }
            }
            Ok::<_, std::convert::Infallible>(graph)
        });
        let common = found.unwrap().in_all();
        assert_eq!(common.to_string(), "a -> b\na -- c\nc -- d\n");
        assert_eq!(common.n_variables(), 4);
        let none = LeaveOneOut { graphs: Vec::new() };
        assert_eq!(none.in_all().n_variables(), 0);
    }
}
