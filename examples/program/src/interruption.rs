use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user, or the system, wants a long run to end: Ctrl-C and SIGTERM ask for it once, a second one ends the
/// program at once.
#[derive(Clone, Debug, Default)]
pub struct Interruption(Arc<AtomicBool>);

/// A run that was asked to end, and did.
#[derive(Debug, thiserror::Error)]
#[error("stopped; what was answered is kept, and the same command goes on where it was")]
pub struct Interrupted;

impl Interruption {
    /// Watches the signals from here on.
    ///
    /// # Errors
    /// If the system does not let it.
    pub fn watched() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // In this order: the first signal finds the flag unset and sets it.
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&asked))?;
            signal_hook::flag::register(signal, Arc::clone(&asked))?;
        }
        Ok(Self(asked))
    }

    /// Whether the run should end.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends the run if that was asked for.
    ///
    /// # Errors
    /// [`Interrupted`], with which a program should end.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.is_asked_for() {
            return Err(Interrupted);
        }
        Ok(())
    }
}
