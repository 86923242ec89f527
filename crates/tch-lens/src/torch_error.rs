//! What libtorch says of a failure, in a sentence.

use std::fmt;

use tch::TchError;

/// A failure of libtorch. It is shown as one line: libtorch adds a backtrace of its own, which [`full`](Self::full) has, and
/// says in the language of its allocators that memory is lacking.
pub struct TorchError(TchError);

impl TorchError {
    /// All that libtorch said.
    #[must_use]
    pub fn full(&self) -> String {
        self.0.to_string()
    }

    /// Whether memory is lacking, on a GPU or a CPU.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        let message = self.full().to_lowercase();
        [
            "out of memory",
            "can't allocate memory",
            "not enough memory",
            "bad_alloc",
        ]
        .iter()
        .any(|words| message.contains(words))
    }
}

impl From<TchError> for TorchError {
    fn from(error: TchError) -> Self {
        Self(error)
    }
}

impl fmt::Display for TorchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = self.full();
        if self.is_out_of_memory() {
            return match wanted(&full) {
                Some(wanted) => write!(f, "there is not enough memory for another {wanted}"),
                None => write!(f, "there is not enough memory"),
            };
        }
        let line = full.lines().find(|line| !line.trim().is_empty());
        let line = line.unwrap_or("libtorch gives no reason").trim();
        write!(f, "{}", line.trim_start_matches("Internal torch error: "))
    }
}

/// How much memory was asked for: `512002048 bytes` on a CPU, `2.00 GiB` on a GPU.
fn wanted(message: &str) -> Option<String> {
    let (_, after) = message.split_once("ried to allocate ")?;
    let mut words = after.split_whitespace();
    let (number, unit) = (words.next()?, words.next()?);
    let number: f64 = number.parse().ok()?;
    let unit: String = unit.chars().take_while(char::is_ascii_alphabetic).collect();
    Some(format!("{number} {unit}"))
}

impl fmt::Debug for TorchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TorchError").field(&self.full()).finish()
    }
}

impl std::error::Error for TorchError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line() {
        for (full, shown) in [
            (
                "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to \
                 allocate 512002048 bytes. Error code 12 (Cannot allocate memory)\nframe #0: a\nframe #1: b\n",
                "there is not enough memory for another 512002048 bytes",
            ),
            (
                "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 139.80 GiB\nException raised",
                "there is not enough memory for another 2.5 GiB",
            ),
            ("std::bad_alloc", "there is not enough memory"),
            (
                "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)\nException raised from addmm\nframe #0: a",
                "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)",
            ),
        ] {
            let error = TorchError(TchError::Torch(full.to_owned()));
            assert_eq!(error.to_string(), shown);
            assert!(error.full().contains(full));
        }
    }
}
