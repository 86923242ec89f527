use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Progress with rate and time left: a bar on a terminal, a line a minute in a log.
pub(super) struct Meter {
    bar: Option<ProgressBar>,
    started: Instant,
    said: Instant,
    total: usize,
    done: usize,
}

const BETWEEN_LINES: Duration = Duration::from_secs(60);

impl Meter {
    pub(super) fn new(total: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let form = "{bar:30} {human_pos} of {human_len} answers, {per_sec}, {eta} left";
            let style = ProgressStyle::with_template(form);
            ProgressBar::new(total as u64)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Self {
            bar,
            started: now,
            said: now,
            total,
            done: 0,
        }
    }

    pub(super) fn add(&mut self, answers: usize) {
        self.done += answers;
        match &self.bar {
            Some(bar) => bar.inc(answers as u64),
            None if self.said.elapsed() >= BETWEEN_LINES => {
                self.said = Instant::now();
                let rate = self.done as f64 / self.started.elapsed().as_secs_f64();
                let left = (self.total - self.done) as f64 / rate;
                let (done, total) = (self.done, self.total);
                eprintln!(
                    "{done} of {total} answers, {rate:.1}/s, {} left",
                    duration(left)
                );
            }
            None => {}
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `75 s`, `12 min`, `3.4 h`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "an unknown time".to_owned(),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}
