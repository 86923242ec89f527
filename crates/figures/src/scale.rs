//! An axis: numbers to places on the sheet, with round numbers to write beside it.

/// A linear axis between two places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    step: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// An axis for these numbers, widened to round ends; the lower end lies at `from`.
    pub(super) fn new(numbers: impl IntoIterator<Item = f64>, from: f64, to: f64) -> Self {
        let ends = numbers
            .into_iter()
            .fold(None, |ends: Option<(f64, f64)>, number| {
                let (low, high) = ends.unwrap_or((number, number));
                Some((low.min(number), high.max(number)))
            });
        let (low, high) = ends.unwrap_or((0.0, 1.0));
        let span = if high > low { high - low } else { 1.0 };
        let step = round_step(span / 5.0);
        let low = (low / step + 1e-9).floor() * step;
        let high = ((high / step - 1e-9).ceil() * step).max(low + step);
        Self {
            low,
            high,
            step,
            from,
            to,
        }
    }

    /// The place of a number.
    pub(super) fn at(self, number: f64) -> f64 {
        self.from + (self.to - self.from) * (number - self.low) / (self.high - self.low)
    }

    /// The round numbers with their places, from the lower end to the upper.
    pub(super) fn ticks(self) -> Vec<(f64, String)> {
        let n = ((self.high - self.low) / self.step).round() as usize;
        let decimals = (-self.step.log10()).ceil().max(0.0) as usize;
        let tick = |at: usize| {
            let number = self.low + at as f64 * self.step;
            // Not "-0.0".
            let shown = if number.abs() < self.step / 2.0 {
                0.0
            } else {
                number
            };
            (self.at(number), format!("{shown:.decimals$}"))
        };
        (0..=n).map(tick).collect()
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let step = steps.into_iter().find(|step| *step >= least - 1e-12);
    step.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(numbers: &[f64]) -> Vec<String> {
        let scale = Scale::new(numbers.iter().copied(), 0.0, 100.0);
        scale.ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_and_hold_all_numbers() {
        assert_eq!(
            ticks(&[-0.13, 0.31]),
            ["-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3", "0.4"]
        );
        assert_eq!(ticks(&[0.0, 4.0]), ["0", "1", "2", "3", "4"]);
        assert_eq!(ticks(&[3.0, 41.0]), ["0", "10", "20", "30", "40", "50"]);
        assert_eq!(ticks(&[0.5]).first().map(String::as_str), Some("0.4"));
        assert_eq!(ticks(&[]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn numbers_lie_between_the_ends_in_their_order() {
        let numbers = [0.012, -0.004, 0.0071];
        let scale = Scale::new(numbers, 200.0, 20.0);
        let [a, b, c] = numbers.map(|number| scale.at(number));
        assert!(b > c && c > a && a >= 20.0 && b <= 200.0, "{a} {b} {c}");
    }
}
