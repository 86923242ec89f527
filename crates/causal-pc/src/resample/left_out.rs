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
        let n = self.graphs.len();
        let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| [a, b]));
        let runs = |[a, b]: [usize; 2]| {
            let with_both = (0..n).filter(|&out| out != a && out != b);
            let adjacent = |out: &usize| {
                let place = |v: usize| v - usize::from(v > *out);
                self.graphs[*out].is_adjacent(place(a), place(b))
            };
            PairRuns {
                pair: [a, b],
                adjacent: with_both.clone().filter(adjacent).count(),
                runs: with_both.count(),
            }
        };
        pairs.map(runs).collect()
    }
}
