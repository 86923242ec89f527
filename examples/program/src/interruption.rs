use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether the user, or the system, wants a long run to end: Ctrl-C (SIGINT), SIGTERM and SIGHUP, as far as whoever started
/// the program does not have them ignored (`nohup`), ask for it once; a second one ends the program at once.
#[derive(Clone, Debug, Default)]
pub struct Interruption {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

/// A run that was asked to end, and did.
#[derive(Debug, thiserror::Error)]
#[error("stopped; what was answered is kept, and the same command goes on where it was")]
pub struct Interrupted {
    /// By this signal.
    signal: u8,
}

/// SIGINT, SIGTERM and SIGHUP, whose numbers are the same everywhere.
#[cfg(unix)]
const ASKING: [std::ffi::c_int; 3] = [
    signal_hook::consts::SIGINT,
    signal_hook::consts::SIGTERM,
    signal_hook::consts::SIGHUP,
];

impl Interruption {
    /// Watches the signals from here on.
    ///
    /// # Errors
    /// If the system does not let it.
    pub fn watched() -> io::Result<Self> {
        let new = Self::default();
        #[cfg(unix)]
        for signal in ASKING.into_iter().filter(|&signal| !is_ignored(signal)) {
            use signal_hook::flag;
            // In this order: the first signal finds the flag unset and sets it.
            flag::register_conditional_default(signal, Arc::clone(&new.asked))?;
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&new.signal), number)?;
            flag::register(signal, Arc::clone(&new.asked))?;
        }
        Ok(new)
    }

    /// From here on the first signal ends the program at once: what is left is nothing that could be kept.
    pub fn no_longer(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether the run should end.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Ends the run if that was asked for.
    ///
    /// # Errors
    /// [`Interrupted`], with which a program should end.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.is_asked_for() {
            let signal = self.signal.load(Ordering::SeqCst);
            return Err(Interrupted {
                signal: u8::try_from(signal).unwrap_or_default(),
            });
        }
        Ok(())
    }
}

impl Interrupted {
    /// What a shell tells of a program that the signal ended.
    pub(crate) fn code(&self) -> u8 {
        128 | self.signal
    }
}

/// Whether the program was started with that signal ignored. Where the system does not tell, as it does on Linux, it is taken
/// for SIGHUP alone, which `nohup` ignores.
#[cfg(unix)]
fn is_ignored(signal: std::ffi::c_int) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    match lines.find_map(|line| line.strip_prefix("SigIgn:")) {
        Some(mask) => {
            let mask = u64::from_str_radix(mask.trim(), 16).unwrap_or_default();
            mask >> (signal - 1) & 1 == 1
        }
        None => signal == signal_hook::consts::SIGHUP,
    }
}
