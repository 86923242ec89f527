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

    /// Removes pairs `(a, b)`, `a < b`, listed in ascending order: one after another if they are
    /// few, else by going through all edges once.
    pub(crate) fn remove_all(&mut self, pairs: &[(usize, usize)]) {
        if pairs.len() < self.n_variables() {
            return pairs.iter().for_each(|&(a, b)| self.remove(a, b));
        }
        let mut gone = pairs.iter().peekable();
        let later = self.0.iter().enumerate().map(|(a, row)| {
            let first = row.partition_point(|&b| b < a);
            let stays = |&&b: &&usize| gone.next_if(|&&pair| pair == (a, b)).is_none();
            row[first..].iter().filter(stays).copied().collect()
        });
        *self = Self::from_later(later.collect());
    }

    pub(crate) fn remove(&mut self, a: usize, b: usize) {
        for (from, to) in [(a, b), (b, a)] {
            if let Ok(at) = self.0[from].binary_search(&to) {
                self.0[from].remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_pairs_are_removed_as_one_after_another() {
        let complete = Adjacency::from_later((0..7).map(|a| (a + 1..7).collect()).collect());
        for modulus in 2..30 {
            let mut pairs = complete.pairs();
            pairs.retain(|(a, b)| (a * 7 + b) % modulus < modulus / 2);
            let (mut at_once, mut in_turn) = (complete.clone(), complete.clone());
            at_once.remove_all(&pairs);
            pairs.iter().for_each(|&(a, b)| in_turn.remove(a, b));
            assert_eq!(at_once, in_turn);
        }
    }
}
