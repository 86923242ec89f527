//! Who is adjacent to whom while the skeleton is searched.

/// Each variable's neighbours, ascending.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Adjacency(Vec<Vec<usize>>);

impl Adjacency {
    /// From each variable's neighbours that come after it, ascending.
    pub(crate) fn from_later(later: Vec<Vec<usize>>) -> Self {
        let mut all: Vec<Vec<usize>> = vec![Vec::new(); later.len()];
        for (a, row) in later.into_iter().enumerate() {
            for &b in &row {
                all[b].push(a);
            }
            all[a].extend(row);
        }
        Self(all)
    }

    pub(crate) fn n_variables(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn neighbors(&self, a: usize) -> &[usize] {
        &self.0[a]
    }

    pub(crate) fn contains(&self, a: usize, b: usize) -> bool {
        self.0[a].binary_search(&b).is_ok()
    }

    pub(crate) fn max_degree(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Every adjacent pair `(a, b)`, `a < b`, ascending.
    pub(crate) fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::with_capacity(self.0.iter().map(Vec::len).sum::<usize>() / 2);
        for (a, row) in self.0.iter().enumerate() {
            let first = row.partition_point(|&b| b < a);
            pairs.extend(row[first..].iter().map(|&b| (a, b)));
        }
        pairs
    }

    pub(crate) fn remove(&mut self, a: usize, b: usize) {
        for (from, to) in [(a, b), (b, a)] {
            if let Ok(at) = self.0[from].binary_search(&to) {
                self.0[from].remove(at);
            }
        }
    }
}
