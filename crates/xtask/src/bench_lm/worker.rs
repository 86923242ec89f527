//! A contender that stays running: one line to it is one run, and one line back tells how it went.

use crate::command::{Cmd, Failure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout};

/// What a worker says when its model is ready.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Ready {
    /// Prompts in each run.
    pub prompts: usize,
    /// Tokens of these prompts.
    pub prompt_tokens: usize,
}

/// What a worker says after a run.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// Seconds for one new token per prompt.
    pub prefill_s: f64,
    /// Seconds for all new tokens, prompts included.
    pub total_s: f64,
    /// How many these were.
    pub new_tokens: usize,
    /// They themselves, by prompt.
    pub ids: Vec<Vec<i64>>,
}

/// A running contender.
pub struct Worker {
    name: &'static str,
    /// What it runs.
    pub ready: Ready,
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts it and waits until it has its model.
    ///
    /// # Errors
    /// If it cannot be started, or ends before.
    pub fn start(name: &'static str, cmd: &Cmd) -> Result<Self, Failure> {
        let mut child = cmd.spawn_piped()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::told(format!("{name} was started without pipes")));
        };
        let mut from = BufReader::new(from);
        let ready = read(name, &mut from)?;
        Ok(Worker {
            name,
            ready,
            child,
            to: Some(to),
            from,
        })
    }

    /// One run.
    ///
    /// # Errors
    /// If it ends, or says something else.
    pub fn ask(&mut self) -> Result<Answer, Failure> {
        if let Some(to) = &mut self.to {
            writeln!(to, "run")
                .map_err(|error| Failure::told(format!("{}: {error}", self.name)))?;
        }
        read(self.name, &mut self.from)
    }
}

impl Drop for Worker {
    /// The end of its input ends it.
    fn drop(&mut self) {
        self.to = None;
        let _status = self.child.wait();
    }
}

fn read<T: DeserializeOwned>(name: &str, from: &mut impl BufRead) -> Result<T, Failure> {
    let mut line = String::new();
    from.read_line(&mut line)
        .map_err(|error| Failure::told(format!("{name}: {error}")))?;
    if line.is_empty() {
        return Err(Failure::told(format!(
            "{name} ended; what it said is above"
        )));
    }
    serde_json::from_str(&line)
        .map_err(|error| Failure::told(format!("{name} said \"{}\": {error}", line.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaking(script: &str) -> Result<Worker, Failure> {
        Worker::start("it", &Cmd::new("sh").args(["-c", script]))
    }

    #[test]
    fn each_line_to_a_worker_is_a_run() {
        let script = r#"echo '{"prompts": 2, "prompt_tokens": 9}'
            while read line; do echo '{"prefill_s": 1, "total_s": 3, "new_tokens": 2, "ids": [[4], [5]]}'; done"#;
        let mut worker = speaking(script).expect("it is ready");
        assert_eq!((worker.ready.prompts, worker.ready.prompt_tokens), (2, 9));
        for _ in 0..2 {
            assert_eq!(worker.ask().expect("it answers").ids, [[4], [5]]);
        }
    }

    #[test]
    fn a_worker_that_ends_or_babbles_is_named() {
        let text = |script| speaking(script).err().expect("it fails").to_string();
        assert!(text("exit 3").contains("it ended"));
        assert!(text("echo hello").contains("it said \"hello\""));
    }
}
