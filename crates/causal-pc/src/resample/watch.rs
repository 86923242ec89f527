//! Progress through many searches.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How far resampling is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResampleProgress {
    /// Resamples, or draws, searched.
    pub done: usize,
    /// Resamples, or draws, in all.
    pub total: usize,
}

/// Passes progress on, not too often, and remembers that all is to end.
pub(super) struct Watch<'a> {
    listener: &'a (dyn Fn(&ResampleProgress) -> ControlFlow<()> + Sync),
    total: usize,
    done: AtomicUsize,
    cancelled: AtomicBool,
    /// When to begin no further search, and give up those under way.
    deadline: Option<Instant>,
    last_told: Mutex<Instant>,
}

impl<'a> Watch<'a> {
    const PAUSE: Duration = Duration::from_millis(100);

    pub(super) fn new(
        listener: &'a (dyn Fn(&ResampleProgress) -> ControlFlow<()> + Sync),
        total: usize,
        limit: Option<Duration>,
    ) -> Self {
        Self {
            deadline: limit.and_then(|limit| Instant::now().checked_add(limit)),
            listener,
            total,
            done: AtomicUsize::new(0),
            cancelled: AtomicBool::new(false),
            last_told: Mutex::new(Instant::now()),
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Whether time is up.
    pub(super) fn is_late(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The time that is left, if it is limited.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether no further search is to begin.
    pub(super) fn is_over(&self) -> bool {
        self.is_cancelled() || self.is_late()
    }

    /// Counts a resample.
    pub(super) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done == 1 || done == self.total {
            self.tell(done);
        } else {
            self.tell_sometimes();
        }
    }

    /// Lets the listener speak in the midst of a search.
    pub(super) fn look(&self) -> ControlFlow<()> {
        self.tell_sometimes();
        if self.is_over() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Tells the listener unless it has been told a moment ago, or is being told now.
    fn tell_sometimes(&self) {
        if let Ok(mut last_told) = self.last_told.try_lock()
            && last_told.elapsed() >= Self::PAUSE
        {
            *last_told = Instant::now();
            self.tell(self.done.load(Ordering::Relaxed));
        }
    }

    fn tell(&self, done: usize) {
        let progress = ResampleProgress {
            done,
            total: self.total,
        };
        if (self.listener)(&progress).is_break() {
            self.cancelled.store(true, Ordering::Relaxed);
        }
    }
}
