//! How numbers are written: as Python's `repr` writes a float, which the released files hold.

/// The shortest text that reads back as `x`, in Python's style: `0.0`, `-0.25`, `1e-05`, `1e+16`.
pub(super) fn repr(x: f64) -> String {
    let size = x.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) || !x.is_finite() {
        return format!("{x:?}");
    }
    let text = format!("{x:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(rest) => ('-', rest),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

/// A finite number, with spaces around it allowed.
pub(super) fn parse(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|x: &f64| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Right-hand sides printed by Python 3.
    #[test]
    fn repr_is_pythons() {
        for (x, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (-1.0, "-1.0"),
            (1.0 / 3.0, "0.3333333333333333"),
            (1.8856180831641267, "1.8856180831641267"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1.5e-7, "-1.5e-07"),
            (2.220446049250313e-16, "2.220446049250313e-16"),
            (5e-324, "5e-324"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
        ] {
            assert_eq!(repr(x), text);
        }
    }

    #[test]
    fn only_finite_numbers_are_parsed() {
        assert_eq!(parse(" 0.5 "), Some(0.5));
        assert_eq!(parse("-1"), Some(-1.0));
        for text in ["", "nan", "inf", "-infinity", "1e999", "0,5", "0.5x", "1_0"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
