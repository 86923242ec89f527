//! What a long search tells its caller, and what ends it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::PcError;

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PcProgress {
    /// What is being done.
    pub stage: PcStage,
    /// Steps of the stage done: pairs tested, variables visited, or pairs judged.
    pub done: usize,
    /// Steps of the stage in all.
    pub total: usize,
    /// The time since the stage began.
    pub elapsed: Duration,
}

impl PcProgress {
    /// How long the rest of the stage will take if its steps go on as fast as those done. Further
    /// stages may follow.
    pub fn remaining(&self) -> Duration {
        let left = self.total.saturating_sub(self.done) as f64;
        self.elapsed.mul_f64(left / self.done.max(1) as f64)
    }
}

/// What a search is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PcStage {
    /// Testing pairs given sets of this size.
    Skeleton {
        /// Size of the sets.
        depth: usize,
    },
    /// Asking which unshielded triples are colliders.
    Colliders,
}

/// A function that hears of progress and may end the search.
pub(crate) type Listener<'a> = &'a (dyn Fn(&PcProgress) -> ControlFlow<()> + Sync);

/// Passes progress on, and remembers that the search is to end.
pub(crate) struct Watch<'a> {
    listener: Option<Listener<'a>>,
    cancelled: AtomicBool,
    deadline: Option<Instant>,
    late: AtomicBool,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(listener: Option<Listener<'a>>, limit: Option<Duration>) -> Self {
        Self {
            listener,
            cancelled: AtomicBool::new(false),
            // A limit beyond the range of the clock never comes.
            deadline: limit.and_then(|limit| Instant::now().checked_add(limit)),
            late: AtomicBool::new(false),
        }
    }

    /// Counts the steps of a stage.
    pub(crate) fn stage(&self, stage: PcStage, total: usize) -> Steps<'_> {
        Steps {
            watch: self,
            stage,
            total,
            done: AtomicUsize::new(0),
            start: Instant::now(),
        }
    }

    /// Whether the time limit has ended a stage; [`PcError::Cancelled`] then says no more than that.
    pub(crate) fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed) && !self.cancelled.load(Ordering::Relaxed)
    }

    /// An error if time is up or the search is cancelled: for what lasts within a step.
    pub(crate) fn check(&self) -> Result<(), PcError> {
        self.check_deadline();
        match self.late.load(Ordering::Relaxed) || self.cancelled.load(Ordering::Relaxed) {
            true => Err(PcError::Cancelled),
            false => Ok(()),
        }
    }

    /// Whether a time limit is set.
    pub(crate) fn is_limited(&self) -> bool {
        self.deadline.is_some()
    }

    fn check_deadline(&self) {
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            self.late.store(true, Ordering::Relaxed);
        }
    }
}

/// The steps of one stage.
pub(crate) struct Steps<'a> {
    watch: &'a Watch<'a>,
    stage: PcStage,
    total: usize,
    done: AtomicUsize,
    start: Instant,
}

impl Steps<'_> {
    /// Counts a step; tells the listener of the first, the last and about a hundred between. An
    /// error if the search is to end.
    pub(crate) fn step(&self) -> Result<(), PcError> {
        let watch = self.watch;
        if self.is_limited() {
            watch.check_deadline();
        }
        if let Some(listener) = watch.listener {
            self.tell(listener);
        }
        let ends =
            watch.cancelled.load(Ordering::Relaxed) || (self.is_limited() && watch.is_late());
        if ends {
            Err(PcError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// The first depth, which is quick, is always finished: without it nothing is known.
    fn is_limited(&self) -> bool {
        self.watch.deadline.is_some() && self.stage != PcStage::Skeleton { depth: 0 }
    }

    fn tell(&self, listener: Listener<'_>) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let every = (self.total / 100).max(1);
        if done.is_multiple_of(every) || done == self.total || done == 1 {
            let progress = PcProgress {
                stage: self.stage,
                done,
                total: self.total,
                elapsed: self.start.elapsed(),
            };
            if listener(&progress).is_break() {
                self.watch.cancelled.store(true, Ordering::Relaxed);
            }
        }
    }
}
