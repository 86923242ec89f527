//! How long a search may take, told before it begins where that is more than a few seconds.

use std::fmt;
use std::time::{Duration, Instant};

use causal_pc::ci::{Bound, CiTest, Next, SetScan};
use causal_pc::{Alpha, ColliderRule, PcOptions, UndefinedP, pc};
use program::counted;

/// What the time of a search hangs on.
pub struct Workload {
    pub alpha: f64,
    pub max_depth: Option<usize>,
    /// The search itself, its resamples and the tables without structure.
    pub n_searches: usize,
    pub threads: usize,
}

/// Tests and time to expect.
pub struct Estimate {
    n_tests: f64,
    n_searches: usize,
    threads: usize,
    /// The share of pairs, of those looked at, that depend on each other given nothing.
    dependent: f64,
    /// Seconds.
    per_test: f64,
}

/// The estimate, if it is worth telling.
///
/// A hundredth of the pairs, at most 200, are tested given nothing, thirty of them given one variable,
/// a few sets of one pair, and at times eight of the variables are searched; that takes some milliseconds, or a hundredth of what all pairs
/// take. A test that fails, fails again in the search, which says so.
pub fn estimate<T: CiTest>(test: &T, workload: &Workload) -> Option<Estimate> {
    const WORTH_TELLING: f64 = 3.0;
    const SLOW: f64 = 1e-3;
    let p = test.n_variables();
    if p < 3 {
        return None;
    }
    let n_pairs = p * (p - 1) / 2;
    let single = seconds_of(|| test.p_value(0, 1, &[2]).ok())?;
    let estimate = |n_tests: f64, dependent: f64, per_test: f64| Estimate {
        n_tests,
        n_searches: workload.n_searches,
        threads: workload.threads,
        dependent,
        per_test,
    };
    let all_sets = n_pairs as f64 * 2f64.powi(i32::try_from(p - 2).unwrap_or(i32::MAX));
    if estimate(all_sets, 1.0, single).seconds() < WORTH_TELLING {
        return None;
    }
    let (dependent, pairs) = dependent_share(test, n_pairs, workload.alpha, single)?;
    let per_test = per_test(test, workload.alpha, single)?;
    let alpha = Alpha::new(workload.alpha).ok()?;
    let staying = match single < SLOW {
        true => staying_shares(test, alpha, &pairs)?,
        false => Vec::new(),
    };
    let n_tests = expected_tests(p, dependent, &staying, workload.max_depth);
    let found = estimate(n_tests, dependent, per_test);
    (found.seconds() > WORTH_TELLING).then_some(found)
}

fn seconds_of<R>(work: impl FnOnce() -> Option<R>) -> Option<f64> {
    let start = Instant::now();
    work()?;
    Some(start.elapsed().as_secs_f64())
}

/// The share of dependent pairs among some spread over all, and these pairs.
fn dependent_share<T: CiTest>(
    test: &T,
    n_pairs: usize,
    alpha: f64,
    single: f64,
) -> Option<(f64, Vec<(usize, usize)>)> {
    let limit = Duration::from_secs_f64((0.01 * single * n_pairs as f64).max(0.002));
    let (start, n_asked) = (Instant::now(), (n_pairs / 100).clamp(10, 200).min(n_pairs));
    let (mut dependent, mut n) = (Vec::new(), 0usize);
    while n < n_asked && (n < 5 || start.elapsed() < limit) {
        let (a, b) = pair(n * (n_pairs / n_asked));
        if test.p_value(a, b, &[]).ok()? <= alpha {
            dependent.push((a, b));
        }
        n += 1;
    }
    Some((dependent.len().max(1) as f64 / n as f64, dependent))
}

/// The pair at a place in `(0, 1), (0, 2), (1, 2), (0, 3), ...`.
fn pair(at: usize) -> (usize, usize) {
    let mut b = ((2.0 * at as f64).sqrt() as usize).max(1);
    while b * (b - 1) / 2 > at {
        b -= 1;
    }
    while b * (b + 1) / 2 <= at {
        b += 1;
    }
    (at - b * (b - 1) / 2, b)
}

/// Seconds of a test: of one of many sets of a pair where a test is quick.
fn per_test<T: CiTest>(test: &T, alpha: f64, single: f64) -> Option<f64> {
    const QUICK: f64 = 5e-5;
    if single > QUICK {
        return Some(single);
    }
    let candidates: Vec<usize> = (2..test.n_variables().min(16)).collect();
    let sets = SetScan {
        x: 0,
        y: 1,
        always: &[],
        size: candidates.len().min(2),
        candidates: &candidates,
        done: &[],
    };
    let mut n_tests = 0;
    let seconds = seconds_of(|| {
        let scanned = test.scan(&sets, Bound::above(alpha), &mut |_, _| Next::Continue);
        n_tests = scanned.ok()?;
        Some(())
    })?;
    Some(seconds / n_tests.max(1) as f64)
}

/// Some of a test's variables.
struct Few<'a, T> {
    test: &'a T,
    variables: Vec<usize>,
}

impl<T: CiTest> CiTest for Few<'_, T> {
    type Error = T::Error;

    fn n_variables(&self) -> usize {
        self.variables.len()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, Self::Error> {
        let given: Vec<usize> = given.iter().map(|&v| self.variables[v]).collect();
        self.test
            .p_value(self.variables[x], self.variables[y], &given)
    }
}

/// The share of edges that stay at conditioning sets of one variable, of two and so on: at one
/// variable by what at most thirty pairs are given each other variable; then, if almost all stay, as
/// in a search of eight variables, as far as it has enough edges to tell.
fn staying_shares<T: CiTest>(test: &T, alpha: Alpha, pairs: &[(usize, usize)]) -> Option<Vec<f64>> {
    const ENOUGH: usize = 5;
    const ALMOST_ALL: f64 = 0.9;
    if pairs.len() < ENOUGH {
        return Some(Vec::new());
    }
    let some: Vec<_> = pairs.iter().step_by(pairs.len().div_ceil(30)).collect();
    let mut n_stay = 0usize;
    for &&(a, b) in &some {
        let mut others = (0..test.n_variables()).filter(|&v| v != a && v != b);
        let separates = |v| test.p_value(a, b, &[v]).is_ok_and(|p| p > alpha.value());
        n_stay += usize::from(!others.any(separates));
    }
    let at_one = n_stay as f64 / some.len() as f64;
    if at_one < ALMOST_ALL {
        return Some(vec![at_one]);
    }
    let p = test.n_variables();
    let few = Few {
        test,
        variables: (0..p.min(8)).map(|at| at * p / p.min(8)).collect(),
    };
    let options = PcOptions::new(alpha)
        .collider_rule(ColliderRule::SeparatingSet)
        .undefined_p(UndefinedP::Dependent)
        .time_limit(Duration::from_millis(50));
    let found = pc(&few, &options).ok()?;
    let n_removed = |depth: usize| {
        let separations = found.separating_sets.iter();
        separations.filter(|(_, s)| s.depth == depth).count()
    };
    let mut n_left = few.variables.len() * (few.variables.len() - 1) / 2 - n_removed(0);
    let mut shares = vec![at_one];
    n_left -= n_removed(1);
    for depth in 2..found.n_tests_by_depth.len() {
        if n_left < ENOUGH {
            break;
        }
        let after = n_left - n_removed(depth);
        shares.push(after as f64 / n_left as f64);
        n_left = after;
    }
    Some(shares)
}

/// Tests of a search if each variable begins with its share of neighbours and at each size of
/// conditioning sets so many stay, or half of them where that is not known; an edge that goes, goes
/// half-way through its sets.
fn expected_tests(p: usize, dependent: f64, staying: &[f64], max_depth: Option<usize>) -> f64 {
    let p = p as f64;
    let mut n_tests = p * (p - 1.0) / 2.0;
    let mut neighbors = dependent * (p - 1.0);
    for size in 1..=max_depth.unwrap_or(usize::MAX) {
        let others = neighbors - 1.0;
        if others < size as f64 {
            break;
        }
        let stay = staying.get(size - 1).copied().unwrap_or(0.5);
        let chosen = |at: usize| (others - at as f64) / (at + 1) as f64;
        let sets: f64 = (0..size).map(chosen).product();
        let n_edges = p * neighbors / 2.0;
        n_tests += n_edges * 2.0 * sets * (1.0 + stay) / 2.0;
        neighbors *= stay;
    }
    n_tests
}

impl Estimate {
    fn seconds(&self) -> f64 {
        self.n_tests * self.per_test * self.n_searches as f64 / self.threads as f64
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let searches = match self.n_searches {
            1 => String::new(),
            n => format!(" in each of {n} searches"),
        };
        write!(
            f,
            "expect about {:.0e} tests{searches}, {} on {}, if all goes on as in a few pairs and \
             variables that were tried: {:.0} % of pairs dependent, {:.2} \u{b5}s a test, as many edges gone at \
             small sets, and half of the rest at each size beyond; that can be far off; --time-limit ends \
             it, --progress shows how far it is",
            self.n_tests,
            duration(self.seconds()),
            counted(self.threads, "thread"),
            100.0 * self.dependent,
            1e6 * self.per_test
        )
    }
}

fn duration(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [
        (1.0, "s"),
        (60.0, "min"),
        (3_600.0, "h"),
        (86_400.0, "days"),
    ];
    if seconds > 365.0 * 86_400.0 {
        return "more than a year".to_owned();
    }
    let unit = UNITS.iter().rev().find(|(size, _)| seconds >= 2.0 * size);
    let (size, name) = unit.unwrap_or(&UNITS[0]);
    format!("{:.0} {name}", seconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_by_their_later_member() {
        let found: Vec<_> = (0..6).map(pair).collect();
        assert_eq!(found, [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]);
        assert_eq!(pair(1_000 * 999 / 2 - 1), (998, 999));
    }

    #[test]
    fn times_are_told_in_their_own_unit() {
        let told = [4.2, 119.0, 7_000.0, 1e5, 1e6, 1e9].map(duration);
        assert_eq!(
            told,
            [
                "4 s",
                "119 s",
                "117 min",
                "28 h",
                "12 days",
                "more than a year"
            ]
        );
    }
}
