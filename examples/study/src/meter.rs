use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Progress with rate and time left: a bar on a terminal, a line a minute in a log.
pub struct Meter {
    shown: Shown,
    what: &'static str,
    started: Instant,
    total: usize,
    done: usize,
}

enum Shown {
    Bar(ProgressBar),
    Lines {
        out: Box<dyn Write>,
        every: Duration,
        said: Instant,
    },
}

const BETWEEN_LINES: Duration = Duration::from_secs(60);

impl Meter {
    /// For so many of `what` ("answers"), on the standard error stream.
    #[must_use]
    pub fn new(total: usize, what: &'static str) -> Self {
        if !stderr().is_terminal() {
            return Self::lines(total, what, stderr(), BETWEEN_LINES);
        }
        let form =
            format!("{{bar:30}} {{human_pos}} of {{human_len}} {what}, {{per_sec}}, {{eta}} left");
        let style = ProgressStyle::with_template(&form);
        let bar = ProgressBar::new(total as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::of(Shown::Bar(bar), total, what)
    }

    /// The same as lines, no two of them closer than `every`.
    pub fn lines(
        total: usize,
        what: &'static str,
        out: impl Write + 'static,
        every: Duration,
    ) -> Self {
        let shown = Shown::Lines {
            out: Box::new(out),
            every,
            said: Instant::now(),
        };
        Self::of(shown, total, what)
    }

    fn of(shown: Shown, total: usize, what: &'static str) -> Self {
        Self {
            shown,
            what,
            started: Instant::now(),
            total,
            done: 0,
        }
    }

    pub(super) fn add(&mut self, n: usize) {
        self.done += n;
        match &mut self.shown {
            Shown::Bar(bar) => bar.inc(n as u64),
            Shown::Lines { out, every, said } if said.elapsed() >= *every => {
                *said = Instant::now();
                let line = line(self.done, self.total, self.what, self.started.elapsed());
                // A log that cannot be written to is no reason to stop.
                let _ = writeln!(out, "{line}");
            }
            Shown::Lines { .. } => {}
        }
    }

    pub(super) fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn line(done: usize, total: usize, what: &str, time: Duration) -> String {
    let rate = done as f64 / time.as_secs_f64();
    let left = total.saturating_sub(done) as f64 / rate;
    format!(
        "{done} of {total} {what}, {rate:.1}/s, {} left",
        duration(left)
    )
}

/// `0.4 s`, `75 s`, `12 min`, `3.4 h`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "an unknown time".to_owned(),
        s if s > 0.0 && s < 10.0 => format!("{s:.1} s"),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_done_how_fast_and_what_is_left() {
        let said = |done, seconds| line(done, 1200, "thoughts", Duration::from_secs(seconds));
        assert_eq!(said(300, 60), "300 of 1200 thoughts, 5.0/s, 3 min left");
        assert_eq!(said(1200, 60), "1200 of 1200 thoughts, 20.0/s, 0 s left");
        assert_eq!(
            said(0, 60),
            "0 of 1200 thoughts, 0.0/s, an unknown time left"
        );
    }
}
