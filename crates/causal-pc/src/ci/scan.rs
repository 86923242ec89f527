use super::{Bound, CiTest};

/// One pair and the conditioning sets to test it with.
///
/// The sets are `always` together with each subset of `candidates` that has `size` members, in
/// lexicographic order of the members' positions in `candidates`, less the subsets whose members
/// are all marked in `done`.
#[derive(Clone, Copy, Debug)]
pub struct SetScan<'a> {
    /// One variable of the pair.
    pub x: usize,
    /// The other.
    pub y: usize,
    /// Members of every set, ascending.
    pub always: &'a [usize],
    /// The variables to choose from, ascending; none of them `x`, `y` or in `always`.
    pub candidates: &'a [usize],
    /// How many to choose.
    pub size: usize,
    /// For each candidate whether it is marked; subsets of marked candidates alone are left out.
    /// Empty if none is marked.
    pub done: &'a [bool],
}

impl SetScan<'_> {
    /// Whether the candidates at these positions are all marked as done, so that the set they
    /// make is left out.
    pub fn is_done(&self, positions: &[usize]) -> bool {
        !self.done.is_empty() && positions.iter().all(|&at| self.done[at])
    }
}

/// What a test found for one set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOutcome {
    /// The p-value is admitted by the bound.
    Independent,
    /// The p-value is NaN or outside [0, 1].
    Undefined,
}

/// How a scan goes on after a set that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Goes on with the same bound.
    Continue,
    /// Goes on, from now on reporting only sets whose p-value exceeds that of this set.
    Raise,
    /// Ends the scan.
    Stop,
}

/// How far rounding may lift a p-value above 1.
pub(crate) const CERTAIN: f64 = 1e-9;

/// Asks the p-value of each set in turn.
pub(super) fn one_by_one<T: CiTest + ?Sized>(
    test: &T,
    sets: &SetScan<'_>,
    mut bound: Bound,
    visit: &mut dyn FnMut(&[usize], SetOutcome) -> Next,
) -> Result<u64, T::Error> {
    let (mut n_tested, mut given) = (0, Vec::new());
    let mut subsets = Subsets::new(sets.candidates.len(), sets.size);
    while let Some(positions) = subsets.next() {
        if sets.is_done(positions) {
            continue;
        }
        merge(sets, positions, &mut given);
        n_tested += 1;
        let (admitted, valid) = ask(test, sets, &given, bound)?;
        let verdict = match (admitted, valid) {
            (_, false) => SetOutcome::Undefined,
            (true, true) => SetOutcome::Independent,
            (false, true) => continue,
        };
        match visit(&given, verdict) {
            Next::Stop => break,
            Next::Raise if valid => {
                bound = Bound::above_log(test.log_p_value(sets.x, sets.y, &given)?);
            }
            Next::Continue | Next::Raise => {}
        }
    }
    Ok(n_tested)
}

/// Whether the bound admits the set's p-value, and whether that is a number in [0, 1].
fn ask<T: CiTest + ?Sized>(
    test: &T,
    sets: &SetScan<'_>,
    given: &[usize],
    bound: Bound,
) -> Result<(bool, bool), T::Error> {
    if bound.is_log() {
        let log_p = test.log_p_value(sets.x, sets.y, given)?;
        return Ok((bound.admits_log(log_p), log_p <= CERTAIN.ln_1p()));
    }
    let p = test.p_value(sets.x, sets.y, given)?;
    Ok((bound.admits(p), (0.0..=1.0 + CERTAIN).contains(&p)))
}

/// The set made of `always` and the candidates at these positions, ascending.
pub(super) fn merge(sets: &SetScan<'_>, positions: &[usize], into: &mut Vec<usize>) {
    into.clear();
    into.extend(positions.iter().map(|&at| sets.candidates[at]));
    if !sets.always.is_empty() {
        into.extend_from_slice(sets.always);
        into.sort_unstable();
    }
}

/// The subsets of `0..n` with `size` members, in lexicographic order.
pub(crate) struct Subsets {
    n: usize,
    positions: Vec<usize>,
    started: bool,
}

impl Subsets {
    pub(crate) fn new(n: usize, size: usize) -> Self {
        Self {
            n,
            positions: (0..size).collect(),
            started: false,
        }
    }

    pub(crate) fn next(&mut self) -> Option<&[usize]> {
        let size = self.positions.len();
        if !self.started {
            self.started = true;
            return (size <= self.n).then_some(self.positions.as_slice());
        }
        let at = (0..size)
            .rev()
            .find(|&i| self.positions[i] < self.n - size + i)?;
        self.positions[at] += 1;
        for i in at + 1..size {
            self.positions[i] = self.positions[i - 1] + 1;
        }
        Some(&self.positions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_come_in_lexicographic_order() {
        let mut subsets = Subsets::new(4, 2);
        let mut all = Vec::new();
        while let Some(positions) = subsets.next() {
            all.push(positions.to_vec());
        }
        assert_eq!(all, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        let mut empty = Subsets::new(3, 0);
        assert_eq!(empty.next(), Some(&[][..]));
        assert_eq!(empty.next(), None);
        assert_eq!(Subsets::new(1, 2).next(), None);
    }
}
