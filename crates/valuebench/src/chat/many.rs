//! Many questions at a time, with their answers in order.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Does `work` for 0..n on so many threads, and tells the caller's thread of each result as it
/// ends. Results are in the order of their numbers; those not begun before `stop` are none.
pub(super) fn in_parallel<T: Send>(
    threads: usize,
    n: usize,
    stop: &AtomicBool,
    work: impl Fn(usize) -> T + Sync,
    mut ended: impl FnMut(usize, &T),
) -> Vec<Option<T>> {
    let mut results: Vec<Option<T>> = (0..n).map(|_| None).collect();
    let next = AtomicUsize::new(0);
    let (next, work) = (&next, &work);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads.min(n) {
            let sender = sender.clone();
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody listens any more when the caller's own code has panicked.
                    if number >= n || sender.send((number, work(number))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (number, result) in receiver {
            ended(number, &result);
            results[number] = Some(result);
        }
    });
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order_whoever_is_first() {
        let stop = AtomicBool::new(false);
        for threads in [1, 2, 7, 100] {
            let mut seen = Vec::new();
            let results = in_parallel(
                threads,
                20,
                &stop,
                |n| {
                    thread::sleep(std::time::Duration::from_millis((n as u64 * 7) % 5));
                    n * n
                },
                |n, &square| seen.push((n, square)),
            );
            let squares: Vec<_> = (0..20).map(|n| Some(n * n)).collect();
            assert_eq!(results, squares);
            seen.sort_unstable();
            assert_eq!(seen, (0..20).map(|n| (n, n * n)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_stopped_leaves_the_rest_undone() {
        let stop = AtomicBool::new(false);
        let results = in_parallel(
            1,
            10,
            &stop,
            |n| {
                if n == 3 {
                    stop.store(true, Ordering::Relaxed);
                }
                n
            },
            |_, _| (),
        );
        let done: Vec<_> = results.into_iter().flatten().collect();
        assert_eq!(done, [0, 1, 2, 3]);
        assert!(in_parallel(4, 0, &AtomicBool::new(false), |n| n, |_, _| ()).is_empty());
    }
}
