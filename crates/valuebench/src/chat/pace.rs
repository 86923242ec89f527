//! How many requests run at once, and how fast they may follow each other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a wait goes on before it looks whether it was stopped.
const GLANCE: Duration = Duration::from_millis(10);

/// Lets requests through, one after the other. All threads that share a client share it.
#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    /// Between the starts of two requests.
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    running: usize,
    /// Before this moment no request may start.
    next: Instant,
}

/// A request that runs; it counts until dropped.
#[derive(Debug)]
pub(super) struct Pass<'a>(&'a Gate);

impl Gate {
    pub(super) fn new(most: usize, per_minute: Option<u32>) -> Self {
        Self {
            most,
            interval: per_minute.map_or(Duration::ZERO, |n| Duration::from_secs(60) / n.max(1)),
            state: Mutex::new(State {
                running: 0,
                next: Instant::now(),
            }),
        }
    }

    /// Waits for a turn; none if stopped before.
    pub(super) fn enter(&self, stop: &AtomicBool) -> Option<Pass<'_>> {
        loop {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let now = Instant::now();
            let mut state = self.lock();
            if state.running < self.most && state.next <= now {
                state.running += 1;
                state.next = now + self.interval;
                return Some(Pass(self));
            }
            let ahead = state.next.saturating_duration_since(now);
            drop(state);
            thread::sleep(ahead.clamp(Duration::from_millis(1), GLANCE));
        }
    }

    /// Lets nothing through for a while: the server has asked for a pause.
    pub(super) fn pause(&self, time: Duration) {
        let mut state = self.lock();
        state.next = state.next.max(Instant::now() + time);
    }

    /// A panic elsewhere leaves the two numbers as valid as they were.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
    }
}

/// Sleeps; says whether it was left to.
pub(super) fn sleep(time: Duration, stop: &AtomicBool) -> bool {
    let end = Instant::now() + time;
    loop {
        let rest = end.saturating_duration_since(Instant::now());
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        if rest.is_zero() {
            return true;
        }
        thread::sleep(rest.min(GLANCE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_keep_their_distance_and_their_number() {
        let gate = Gate::new(2, Some(60_000 / 30));
        let stop = AtomicBool::new(false);
        let start = Instant::now();
        let first = gate.enter(&stop).unwrap();
        let _second = gate.enter(&stop).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(30));
        assert_eq!(gate.lock().running, 2);
        drop(first);
        gate.pause(Duration::from_millis(80));
        let _third = gate.enter(&stop).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(110));
    }

    #[test]
    fn who_is_stopped_does_not_wait() {
        let gate = Gate::new(1, None);
        let stop = AtomicBool::new(false);
        let _only = gate.enter(&stop).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter(&stop).is_none());
            let sleeping = scope.spawn(|| sleep(Duration::from_secs(3600), &stop));
            thread::sleep(Duration::from_millis(20));
            stop.store(true, Ordering::Relaxed);
            assert!(waiting.join().unwrap());
            assert!(!sleeping.join().unwrap());
        });
    }
}
