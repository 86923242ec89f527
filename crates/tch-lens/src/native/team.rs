//! libtorch's own threads.
//!
//! They wait for work by spinning, so threads of any other pool would fight with them for the processors.

use std::ffi::{c_uint, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `GOMP_parallel` of GNU's OpenMP: runs a function in so many threads, and returns when all have.
type Parallel = unsafe extern "C" fn(extern "C" fn(*mut c_void), *mut c_void, c_uint, c_uint);

/// The threads that libtorch computes with.
#[derive(Clone, Copy)]
pub(super) struct Team {
    parallel: Option<Parallel>,
    threads: usize,
}

/// Pieces of work, and the next one that nobody has taken.
struct Work<'a> {
    n: usize,
    next: AtomicUsize,
    piece: &'a (dyn Fn(usize) + Sync),
}

impl Team {
    /// None where several threads are wanted and libtorch's cannot be had.
    pub(super) fn get() -> Option<Self> {
        static PARALLEL: OnceLock<Option<Parallel>> = OnceLock::new();
        let threads = tch::get_num_threads().max(1) as usize;
        let parallel = match threads {
            1 => None,
            _ => Some((*PARALLEL.get_or_init(find))?),
        };
        Some(Self { parallel, threads })
    }

    /// Calls `piece` with each number below `n` once, in any order, from several threads. `piece` must not panic.
    pub(super) fn each(self, n: usize, piece: &(dyn Fn(usize) + Sync)) {
        let work = Work {
            n,
            next: AtomicUsize::new(0),
            piece,
        };
        match self.parallel {
            Some(parallel) if n > 1 => {
                let threads = self.threads.min(n) as c_uint;
                #[expect(unsafe_code, reason = "a function of C")]
                // SAFETY: the function is the one with this signature; it returns when all threads are through, so that
                // `work` outlives their use of it.
                unsafe {
                    parallel(take_part, (&raw const work).cast_mut().cast(), threads, 0);
                };
            }
            _ => work.take_part(),
        }
    }
}

impl Work<'_> {
    fn take_part(&self) {
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            if i >= self.n {
                break;
            }
            (self.piece)(i);
        }
    }
}

extern "C" fn take_part(work: *mut c_void) {
    #[expect(unsafe_code, reason = "C knows no references")]
    // SAFETY: `each` hands over its work, which is shared between threads and not changed but for the atomic number.
    let work = unsafe { &*work.cast::<Work<'_>>() };
    work.take_part();
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "a function of C, by its name")]
fn find() -> Option<Parallel> {
    let program = libloading::os::unix::Library::this();
    // SAFETY: the name belongs to GNU's OpenMP, which other OpenMP libraries imitate, with this signature.
    let function = unsafe { program.get::<Parallel>(b"GOMP_parallel\0") };
    function.ok().map(|function| *function)
}

#[cfg(not(unix))]
fn find() -> Option<Parallel> {
    None
}
