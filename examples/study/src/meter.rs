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
    failed: usize,
    /// What samples from all over say, per second.
    rate: Option<f64>,
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

/// From so many on, and so large a share of all, the rate until now tells how much time is left. Before, what was done is
/// of too few kinds: questions come setting by setting.
const TELLING: usize = 64;
const TELLING_SHARE: usize = 10;

impl Meter {
    /// For so many of `what` ("answers"), on the standard error stream.
    #[must_use]
    pub fn new(total: usize, what: &'static str) -> Self {
        if !stderr().is_terminal() {
            return Self::lines(total, what, stderr(), BETWEEN_LINES);
        }
        let form = format!("{{bar:30}} {{human_pos}} of {{human_len}} {what}, {{per_sec}}{{msg}}");
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
            failed: 0,
            rate: None,
        }
    }

    /// The same, where it is known how many come per second.
    #[must_use]
    pub fn at(mut self, rate: Option<f64>) -> Self {
        self.rate = rate;
        self
    }

    pub(super) fn add(&mut self, n: usize) {
        self.done += n;
        let time = self.started.elapsed();
        let more = self.more(time);
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_message(more);
                bar.inc(n as u64);
            }
            Shown::Lines { out, every, said } if said.elapsed() >= *every => {
                *said = Instant::now();
                let (done, total, what) = (self.done, self.total, self.what);
                let rate = done as f64 / time.as_secs_f64();
                // A log that cannot be written to is no reason to stop.
                let _ = writeln!(out, "{done} of {total} {what}, {rate:.1}/s{more}");
            }
            Shown::Lines { .. } => {}
        }
    }

    /// One that will not come.
    pub(super) fn fail(&mut self) {
        self.failed += 1;
    }

    /// What is said beside the rate.
    fn more(&self, time: Duration) -> String {
        let mut more = String::new();
        if let Some(left) = self.left(time) {
            more = format!(", {} left", duration(left));
        }
        if self.failed > 0 {
            more += &format!(", {} failed", self.failed);
        }
        more
    }

    /// Seconds until the end, once they can be known.
    fn left(&self, time: Duration) -> Option<f64> {
        let done = self.done + self.failed;
        let tells = done == self.total || done >= TELLING.max(self.total / TELLING_SHARE);
        let rate = match tells {
            true => Some(done as f64 / time.as_secs_f64()),
            false => self.rate,
        };
        rate.map(|rate| self.total.saturating_sub(done) as f64 / rate)
    }

    pub(super) fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
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
    fn the_time_left_is_said_once_it_can_be_known() {
        let said = |done, failed, seconds, rate| {
            let mut meter = Meter::new(1200, "thoughts").at(rate);
            (meter.done, meter.failed) = (done, failed);
            meter.more(Duration::from_secs(seconds))
        };
        assert_eq!(said(119, 0, 60, None), "");
        assert_eq!(said(119, 0, 60, Some(20.0)), ", 54 s left");
        assert_eq!(said(120, 0, 60, Some(20.0)), ", 9 min left");
        assert_eq!(said(300, 0, 60, None), ", 3 min left");
        assert_eq!(said(270, 30, 60, None), ", 3 min left, 30 failed");
        assert_eq!(said(1200, 0, 60, None), ", 0 s left");
    }
}
