//! What a long search tells its caller, and how the caller ends it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::discovery::PcError;

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Steps of the stage done: pairs tested, variables visited, or pairs judged.
    pub done: usize,
    /// Steps of the stage in all.
    pub total: usize,
}

/// What a search is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Testing pairs given sets of this size.
    Skeleton {
        /// Size of the sets.
        depth: usize,
    },
    /// Asking which unshielded triples are colliders.
    Colliders,
}

/// A function that hears of progress and may end the search.
pub(crate) type Listener<'a> = &'a (dyn Fn(&Progress) -> ControlFlow<()> + Sync);

/// Passes progress on, and remembers that the search is to end.
pub(crate) struct Watch<'a> {
    listener: Option<Listener<'a>>,
    cancelled: AtomicBool,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(listener: Option<Listener<'a>>) -> Self {
        Self {
            listener,
            cancelled: AtomicBool::new(false),
        }
    }

    /// Counts the steps of a stage.
    pub(crate) fn stage(&self, stage: Stage, total: usize) -> Steps<'_> {
        Steps {
            watch: self,
            stage,
            total,
            done: AtomicUsize::new(0),
        }
    }
}

/// The steps of one stage.
pub(crate) struct Steps<'a> {
    watch: &'a Watch<'a>,
    stage: Stage,
    total: usize,
    done: AtomicUsize,
}

impl Steps<'_> {
    /// Counts a step; tells the listener of the first, the last and about a hundred between.
    pub(crate) fn step(&self) -> Result<(), PcError> {
        let Some(listener) = self.watch.listener else {
            return Ok(());
        };
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let every = (self.total / 100).max(1);
        if done.is_multiple_of(every) || done == self.total || done == 1 {
            let progress = Progress {
                stage: self.stage,
                done,
                total: self.total,
            };
            if listener(&progress).is_break() {
                self.watch.cancelled.store(true, Ordering::Relaxed);
            }
        }
        if self.watch.cancelled.load(Ordering::Relaxed) {
            return Err(PcError::Cancelled);
        }
        Ok(())
    }
}
