//! How numbers are written for readers.

use std::time::Duration;

/// A whole number with its thousands apart.
pub(super) fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time in the unit that suits it.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.01 => format!("{:.1} ms", 1e3 * seconds),
        ..10.0 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_unit_that_suits_them() {
        let written = |seconds| duration(Duration::from_secs_f64(seconds));
        assert_eq!(
            [0.0012, 3.21, 45.4, 600.0, 36_000.0].map(written),
            ["1.2 ms", "3.2 s", "45 s", "10 min", "10 h"]
        );
    }
}
