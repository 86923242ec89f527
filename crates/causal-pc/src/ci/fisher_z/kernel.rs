//! Many partial correlations of one pair, sharing work.
//!
//! Subsets in lexicographic order form a tree in which each node adds one variable to its
//! parent's set. The kernel walks that tree and keeps, for each level, the covariances of x, y and
//! the candidates left, given the set so far: a square-root-free Cholesky factorisation that grows
//! and shrinks by one column. A leaf then costs a handful of multiplications whatever its depth.
//!
//! All is done in plain `f64`, with a running bound on the rounding error. Where the bound leaves
//! the decision open, or a variable is nearly determined by others, the precise answer decides.

use super::{FisherZ, FisherZError};
use crate::ci::{Bound, CiTest, Next, SetOutcome, SetScan, scan::merge};

/// What rounding adds to any covariance in one step, with a margin for everything left out, such
/// as the rounding of the diagonal and of the cut.
const ROUNDING: f64 = 32.0 * f64::EPSILON;
/// A `1 - R²` below which only the precise answer counts.
const NEARLY_DETERMINED: f64 = 1e-9;

/// Scans subsets of at least one candidate. See [`CiTest::scan`].
pub(super) fn scan(
    test: &FisherZ,
    sets: &SetScan<'_>,
    bound: Bound,
    visit: &mut dyn FnMut(&[usize], SetOutcome) -> Next,
) -> Result<u64, FisherZError> {
    let n_given = sets.always.len() + sets.size;
    if sets.size > sets.candidates.len() {
        return Ok(0);
    }
    let largest = &sets.candidates[sets.candidates.len() - 1..];
    test.check_question(sets.x, sets.y, sets.always)?;
    test.check_question(sets.x, sets.y, largest)?;
    let weight = test.weight(test.n_samples, n_given);
    let mut leaves = Leaves {
        test,
        sets,
        bound,
        r2_cut: r2_cut(bound, weight),
        positions: Vec::with_capacity(sets.size),
        given: Vec::with_capacity(n_given),
        n_tested: 0,
        visit,
    };
    let done = match n_given {
        1 => leaves.depth_one(),
        2 if sets.always.is_empty() => leaves.depth_two(),
        _ => Tree::new(test, sets).walk(&mut leaves),
    };
    match done {
        Err(Stopped::Failed(error)) => Err(error),
        Ok(()) | Err(Stopped::ByVisitor) => Ok(leaves.n_tested),
    }
}

/// The r² that corresponds to the bound.
fn r2_cut(bound: Bound, weight: f64) -> f64 {
    let r = (bound.normal_quantile() / weight.sqrt()).tanh();
    r * r
}

enum Stopped {
    ByVisitor,
    Failed(FisherZError),
}

/// Covariances of a pair and one more variable, given a set, all scaled to at most 1.
#[derive(Clone, Copy)]
struct Trio {
    xx: f64,
    xy: f64,
    yy: f64,
    xs: f64,
    ys: f64,
    ss: f64,
}

/// Decides leaves and reports them.
struct Leaves<'a, 'v> {
    test: &'a FisherZ,
    sets: &'a SetScan<'a>,
    bound: Bound,
    r2_cut: f64,
    /// Positions of the set's members among the candidates, less the last.
    positions: Vec<usize>,
    given: Vec<usize>,
    n_tested: u64,
    visit: &'v mut dyn FnMut(&[usize], SetOutcome) -> Next,
}

impl Leaves<'_, '_> {
    /// Sets of one variable.
    fn depth_one(&mut self) -> Result<(), Stopped> {
        let row = |v: usize| self.test.correlation.row(v).to_slice().unwrap_or_default();
        let (row_x, row_y) = (row(self.sets.x), row(self.sets.y));
        let xy = row_x[self.sets.y];
        let skip = self.skips();
        for (at, &s) in self.sets.candidates.iter().enumerate() {
            if skip && self.sets.done[at] {
                continue;
            }
            let trio = Trio {
                xx: 1.0,
                xy,
                yy: 1.0,
                xs: row_x[s],
                ys: row_y[s],
                ss: 1.0,
            };
            self.leaf(&trio, ROUNDING, at)?;
        }
        Ok(())
    }

    /// Sets of two variables: the first is eliminated once for all sets that begin with it.
    fn depth_two(&mut self) -> Result<(), Stopped> {
        let row = |v: usize| self.test.correlation.row(v).to_slice().unwrap_or_default();
        let candidates = self.sets.candidates;
        let (row_x, row_y) = (row(self.sets.x), row(self.sets.y));
        let xy = row_x[self.sets.y];
        for (at, &a) in candidates.iter().enumerate() {
            let (row_a, xa, ya) = (row(a), row_x[a], row_y[a]);
            let (xx, yy) = (1.0 - xa * xa, 1.0 - ya * ya);
            let xy = xy - xa * ya;
            self.positions.clear();
            self.positions.push(at);
            let skip = self.skips();
            for (later, &b) in candidates.iter().enumerate().skip(at + 1) {
                if skip && self.sets.done[later] {
                    continue;
                }
                let ab = row_a[b];
                let trio = Trio {
                    xx,
                    xy,
                    yy,
                    xs: row_x[b] - xa * ab,
                    ys: row_y[b] - ya * ab,
                    ss: 1.0 - ab * ab,
                };
                self.leaf(&trio, ROUNDING, later)?;
            }
        }
        Ok(())
    }

    /// Whether leaves of this node that are marked as done are to be skipped: all before are.
    fn skips(&self) -> bool {
        self.sets.is_done(&self.positions)
    }

    /// Tests one set: that of the positions so far, and the candidate at `last`.
    #[inline]
    fn leaf(&mut self, trio: &Trio, error: f64, last: usize) -> Result<(), Stopped> {
        self.n_tested += 1;
        let Trio {
            xx,
            xy,
            yy,
            xs,
            ys,
            ss,
        } = *trio;
        // Twice eliminated without dividing: covariance and variances times ss.
        let covariance = xy * ss - xs * ys;
        let (var_x, var_y) = (xx * ss - xs * xs, yy * ss - ys * ys);
        let (found, cut) = (covariance * covariance, self.r2_cut * var_x * var_y);
        let slack = 12.0 * error * (covariance.abs() + var_x + var_y);
        let sound = var_x > NEARLY_DETERMINED && var_y > NEARLY_DETERMINED;
        if sound && found > cut + slack {
            return Ok(());
        }
        self.admitted(sound && found + slack < cut, last)
    }

    /// Reports a set that is admitted, or finds out precisely whether it is.
    #[cold]
    fn admitted(&mut self, certain: bool, last: usize) -> Result<(), Stopped> {
        self.positions.push(last);
        let mut given = std::mem::take(&mut self.given);
        merge(self.sets, &self.positions, &mut given);
        self.positions.pop();
        let outcome = self.report(certain, &given);
        self.given = given;
        outcome
    }

    fn report(&mut self, certain: bool, given: &[usize]) -> Result<(), Stopped> {
        let (x, y) = (self.sets.x, self.sets.y);
        if !certain && !self.precisely(given).map_err(Stopped::Failed)? {
            return Ok(());
        }
        match (self.visit)(given, SetOutcome::Independent) {
            Next::Continue => Ok(()),
            Next::Stop => Err(Stopped::ByVisitor),
            Next::Raise => {
                let log_p = self
                    .test
                    .log_p_value(x, y, given)
                    .map_err(Stopped::Failed)?;
                self.bound = Bound::above_log(log_p);
                let weight = self.test.weight(self.test.n_samples, given.len());
                self.r2_cut = r2_cut(self.bound, weight);
                Ok(())
            }
        }
    }

    fn precisely(&self, given: &[usize]) -> Result<bool, FisherZError> {
        let (x, y) = (self.sets.x, self.sets.y);
        if self.bound.is_log() {
            let log_p = self.test.log_p_value(x, y, given)?;
            return Ok(self.bound.admits_log(log_p));
        }
        Ok(self.bound.admits(self.test.p_value(x, y, given)?))
    }
}

/// The factorisation along one path of the tree of subsets.
struct Tree<'a> {
    test: &'a FisherZ,
    /// Members of every set, then the candidates.
    variables: Vec<usize>,
    n_always: usize,
    /// Size of the whole sets.
    n_given: usize,
    levels: Vec<Level>,
}

/// Covariances given the first members of a set.
#[derive(Clone, Default)]
struct Level {
    xx: f64,
    xy: f64,
    yy: f64,
    /// Of x, of y, with each variable, and each variable's variance.
    xs: Vec<f64>,
    ys: Vec<f64>,
    ss: Vec<f64>,
    /// Covariances of the member eliminated next with each variable, and one over its variance.
    next: Vec<f64>,
    inverse: f64,
    /// Bound on the rounding error of all of them.
    error: f64,
}

impl<'a> Tree<'a> {
    fn new(test: &'a FisherZ, sets: &SetScan<'_>) -> Self {
        let variables: Vec<usize> = sets.always.iter().chain(sets.candidates).copied().collect();
        let n_given = sets.always.len() + sets.size;
        let corr = |v: usize| variables.iter().map(move |&w| test.correlation[(v, w)]);
        let root = Level {
            xx: 1.0,
            xy: test.correlation[(sets.x, sets.y)],
            yy: 1.0,
            xs: corr(sets.x).collect(),
            ys: corr(sets.y).collect(),
            ss: vec![1.0; variables.len()],
            next: vec![0.0; variables.len()],
            inverse: 1.0,
            error: ROUNDING,
        };
        let mut levels = vec![root.clone(); n_given];
        levels[0] = root;
        Self {
            test,
            n_always: sets.always.len(),
            n_given,
            variables,
            levels,
        }
    }

    fn walk(mut self, leaves: &mut Leaves<'_, '_>) -> Result<(), Stopped> {
        for level in 0..self.n_always.min(self.n_given - 1) {
            self.eliminate(level, level);
        }
        let level = self.n_always;
        self.descend(level, self.n_always, leaves)
    }

    /// Visits the sets that continue the path of `level` members with variables from `first` on.
    fn descend(
        &mut self,
        level: usize,
        first: usize,
        leaves: &mut Leaves<'_, '_>,
    ) -> Result<(), Stopped> {
        let left = self.n_given - level;
        if left == 1 {
            return self.leaves(level, first, leaves);
        }
        for at in first..=self.variables.len() - left {
            self.eliminate(level, at);
            leaves.positions.push(at - self.n_always);
            let outcome = self.descend(level + 1, at + 1, leaves);
            leaves.positions.pop();
            outcome?;
        }
        Ok(())
    }

    fn leaves(
        &self,
        level: usize,
        first: usize,
        leaves: &mut Leaves<'_, '_>,
    ) -> Result<(), Stopped> {
        let skip = leaves.skips();
        let at = &self.levels[level];
        for s in first..self.variables.len() {
            let last = s - self.n_always;
            if skip && leaves.sets.done[last] {
                continue;
            }
            let trio = Trio {
                xx: at.xx,
                xy: at.xy,
                yy: at.yy,
                xs: at.xs[s],
                ys: at.ys[s],
                ss: at.ss[s],
            };
            leaves.leaf(&trio, at.error, last)?;
        }
        Ok(())
    }

    /// Conditions the covariances of `level` on the variable at `s`, giving those of the next
    /// level for the variables after it.
    fn eliminate(&mut self, level: usize, s: usize) {
        let (done, rest) = self.levels.split_at_mut(level);
        let (this, below) = rest.split_at_mut(1);
        let (this, below) = (&mut this[0], &mut below[0]);
        let row = self.test.correlation.row(self.variables[s]);
        for j in s + 1..self.variables.len() {
            this.next[j] = row[self.variables[j]];
        }
        for before in done {
            let factor = before.next[s] * before.inverse;
            for (next, &b) in this.next[s + 1..].iter_mut().zip(&before.next[s + 1..]) {
                *next -= factor * b;
            }
        }
        this.inverse = 1.0 / this.ss[s];
        below.condition(this, s);
    }
}

impl Level {
    fn condition(&mut self, on: &Self, s: usize) {
        let (factor_x, factor_y) = (on.xs[s] * on.inverse, on.ys[s] * on.inverse);
        self.xx = on.xx - factor_x * on.xs[s];
        self.xy = on.xy - factor_x * on.ys[s];
        self.yy = on.yy - factor_y * on.ys[s];
        for j in s + 1..on.next.len() {
            let next = on.next[j];
            self.xs[j] = on.xs[j] - factor_x * next;
            self.ys[j] = on.ys[j] - factor_y * next;
            self.ss[j] = on.ss[j] - next * next * on.inverse;
        }
        // Each covariance is at most the root of its variances' product, and those are at most 1.
        let free = on.ss[s] > NEARLY_DETERMINED;
        self.error = if free {
            on.error * (2.0 + 2.0 * on.inverse) + ROUNDING
        } else {
            f64::INFINITY
        };
    }
}
