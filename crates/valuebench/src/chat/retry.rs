//! How long to wait before asking again.

use std::time::{Duration, SystemTime};

/// Waits that double, each shortened at random by up to a half, so that clients which failed
/// together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

impl Backoff {
    /// The wait after the attempt of this number, counted from 1. `shorten` is in \[0, 1).
    pub(super) fn wait(self, attempt: u32, shorten: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let wait = self.first.saturating_mul(doubled).min(self.longest);
        wait.mul_f64(1.0 - shorten / 2.0)
    }
}

/// The wait that a header `Retry-After` asks for, in seconds or as an HTTP date; nothing for what
/// is neither. A date in the past asks for no wait.
pub(super) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(date) = httpdate::parse_http_date(header) {
        return Some(date.duration_since(now).unwrap_or_default());
    }
    let seconds: f64 = header.parse().ok()?;
    match seconds >= 0.0 {
        true => Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff {
            first: SECOND,
            longest: 10 * SECOND,
        };
        let waits = [1, 2, 3, 4, 5, 200].map(|attempt| backoff.wait(attempt, 0.0).as_secs());
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
        assert_eq!(backoff.wait(2, 0.5), Duration::from_millis(1500));
    }

    #[test]
    fn both_forms_of_retry_after() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let then = httpdate::parse_http_date(date).unwrap();
        for (header, expected) in [
            ("7", Some(7 * SECOND)),
            (" 0.5 ", Some(SECOND / 2)),
            ("1e300", Some(Duration::MAX)),
            ("inf", Some(Duration::MAX)),
            (date, Some(90 * SECOND)),
            ("Sun, 06 Nov 1994 08:47:37 GMT", Some(Duration::ZERO)),
            ("-1", None),
            ("NaN", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(
                retry_after(header, then - 90 * SECOND),
                expected,
                "{header:?}"
            );
        }
    }
}
