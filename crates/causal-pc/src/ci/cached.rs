use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::CiTest;

/// A test that remembers its answers: each question goes to the test inside at most once for each
/// kind of answer, and distinct questions are counted.
///
/// A question is an unordered pair and a set, so `(x, y)` and `(y, x)` are the same, and the order of
/// the set does not matter. Worth its memory, about 100 bytes a question, for slow tests (such as
/// one on kernels), for rules that ask again, and for several searches over the same data. Threads
/// may share it; two that ask the same question at the same time may both compute it.
///
/// A remembered answer takes O(|S| log |S|). Errors are not remembered.
///
/// ```
/// use causal_pc::ci::{Cached, CiTest};
/// use causal_pc::{DSeparation, MixedGraph};
///
/// let test = Cached::new(DSeparation::new(&MixedGraph::new(4))?);
/// test.p_value(0, 1, &[2, 3])?;
/// test.p_value(1, 0, &[3, 2])?;
/// assert_eq!((test.n_distinct(), test.n_asked()), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Cached<T> {
    test: T,
    hasher: RandomState,
    shards: [Shard; N_SHARDS],
    n_asked: AtomicU64,
}

/// Questions are spread over so many locks, so that threads seldom wait for each other.
const N_SHARDS: usize = 64;

type Shard = Mutex<HashMap<Box<[usize]>, Answer>>;

/// The pair, the smaller first, and the set ascending.
type Question = Vec<usize>;

#[derive(Clone, Copy, Debug, Default)]
struct Answer {
    p: Option<f64>,
    log_p: Option<f64>,
}

impl<T> Cached<T> {
    /// Remembers the answers of this test.
    pub fn new(test: T) -> Self {
        Self {
            test,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Shard::default()),
            n_asked: AtomicU64::new(0),
        }
    }

    /// Number of distinct questions answered.
    pub fn n_distinct(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| lock(shard).len() as u64)
            .sum()
    }

    /// Number of questions asked, repeated ones included.
    pub fn n_asked(&self) -> u64 {
        self.n_asked.load(Ordering::Relaxed)
    }

    /// Forgets all answers and counts.
    pub fn clear(&mut self) {
        self.shards = std::array::from_fn(|_| Shard::default());
        self.n_asked = AtomicU64::new(0);
    }

    /// The test inside.
    pub fn get_ref(&self) -> &T {
        &self.test
    }

    /// The test inside, without the answers.
    pub fn into_inner(self) -> T {
        self.test
    }

    fn shard(&self, question: &[usize]) -> &Shard {
        &self.shards[self.hasher.hash_one(question) as usize % N_SHARDS]
    }

    /// The remembered answer, or the one that `ask` gives.
    fn remember<E>(
        &self,
        question: Question,
        part: fn(&mut Answer) -> &mut Option<f64>,
        ask: impl FnOnce() -> Result<f64, E>,
    ) -> Result<f64, E> {
        self.n_asked.fetch_add(1, Ordering::Relaxed);
        let shard = self.shard(&question);
        let known = lock(shard)
            .get_mut(&question[..])
            .and_then(|answer| *part(answer));
        if let Some(known) = known {
            return Ok(known);
        }
        let found = ask()?;
        *part(lock(shard).entry(question.into()).or_default()) = Some(found);
        Ok(found)
    }
}

impl<T: CiTest> CiTest for Cached<T> {
    type Error = T::Error;

    fn n_variables(&self) -> usize {
        self.test.n_variables()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, T::Error> {
        let ask = || self.test.p_value(x, y, given);
        self.remember(question(x, y, given), |answer| &mut answer.p, ask)
    }

    fn log_p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, T::Error> {
        let ask = || self.test.log_p_value(x, y, given);
        self.remember(question(x, y, given), |answer| &mut answer.log_p, ask)
    }

    fn association(&self, x: usize, y: usize, given: &[usize]) -> Result<Option<f64>, T::Error> {
        self.test.association(x, y, given)
    }

    fn names(&self) -> Option<&[String]> {
        self.test.names()
    }
}

fn question(x: usize, y: usize, given: &[usize]) -> Question {
    let mut question = Vec::with_capacity(given.len() + 2);
    question.extend([x.min(y), x.max(y)]);
    question.extend_from_slice(given);
    question[2..].sort_unstable();
    question
}

/// The answers behind a lock, also if another thread panicked in holding it: no answer is half
/// written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    /// Fails on an even sum, and counts.
    struct Counting {
        n: AtomicU64,
    }

    impl CiTest for Counting {
        type Error = std::fmt::Error;

        fn n_variables(&self) -> usize {
            100
        }

        fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, std::fmt::Error> {
            self.n.fetch_add(1, Ordering::Relaxed);
            let sum = x + y + given.iter().sum::<usize>();
            if sum % 2 == 1 {
                Ok(1.0 / sum as f64)
            } else {
                Err(std::fmt::Error)
            }
        }
    }

    #[test]
    fn each_question_is_asked_once_for_each_kind_of_answer() {
        let test = Cached::new(Counting {
            n: AtomicU64::new(0),
        });
        for _ in 0..3 {
            assert_eq!(test.p_value(1, 2, &[5, 3]).unwrap(), 1.0 / 11.0);
            assert_eq!(test.p_value(2, 1, &[3, 5]).unwrap(), 1.0 / 11.0);
            assert_eq!(
                test.log_p_value(2, 1, &[5, 3]).unwrap(),
                (1.0 / 11.0_f64).ln()
            );
            test.p_value(2, 1, &[3]).unwrap_err();
        }
        assert_eq!((test.n_distinct(), test.n_asked()), (1, 12));
        assert_eq!(test.get_ref().n.load(Ordering::Relaxed), 2 + 3);
    }

    #[test]
    fn threads_share_answers() {
        let test = Cached::new(Counting {
            n: AtomicU64::new(0),
        });
        let sum: f64 = (0..20_000_usize)
            .into_par_iter()
            .map(|i| test.p_value(i % 50, 51 + 2 * (i % 25), &[]).unwrap_or(0.0))
            .sum();
        assert!(sum > 0.0);
        assert_eq!(test.n_asked(), 20_000);
        assert_eq!(test.n_distinct(), 25);
    }

    #[test]
    fn clearing_forgets() {
        let mut test = Cached::new(Counting {
            n: AtomicU64::new(0),
        });
        test.p_value(0, 1, &[]).unwrap();
        test.clear();
        assert_eq!((test.n_distinct(), test.n_asked()), (0, 0));
        test.p_value(0, 1, &[]).unwrap();
        assert_eq!(test.into_inner().n.load(Ordering::Relaxed), 2);
    }
}
