use std::borrow::Cow;
use std::fmt::Display;

/// Text that may hold names from files, as a terminal may show it: characters that steer a terminal, or that turn the
/// direction of what follows, are written as escapes such as `\u{1b}`. Lines stay lines.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !steers(c);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|c| match is_plain(c) {
        true => c.to_string(),
        false => c.escape_unicode().to_string(),
    });
    Cow::Owned(escaped.collect())
}

fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// A name or text as a cell of a CSV file that people open. Spreadsheets run a cell that begins with `=`, `+`, `-` or `@`, or
/// with a tab or a carriage return before one of these; an apostrophe in front makes it text. Tables that programs read back
/// keep names as they are.
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    match is_run(text) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// `1 file`, `2 files`.
#[must_use]
pub fn counted(n: impl Display, what: &str) -> String {
    let n = n.to_string();
    let s = if n == "1" { "" } else { "s" };
    format!("{n} {what}{s}")
}

/// Whether a spreadsheet would run a cell with that text.
#[must_use]
pub fn is_run(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_and_not_obeyed() {
        for (text, expected) in [
            ("plain, é 漢 \n\tindented", "plain, é 漢 \n\tindented"),
            (
                "a\u{1b}[2Jb\u{7}\rc\u{9b}31m",
                "a\\u{1b}[2Jb\\u{7}\\u{d}c\\u{9b}31m",
            ),
            (
                "ab\u{202e}dc\u{2066}e\u{200f}",
                "ab\\u{202e}dc\\u{2066}e\\u{200f}",
            ),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn one_is_no_plural() {
        for (n, expected) in [
            ("0", "0 files"),
            ("1", "1 file"),
            ("2", "2 files"),
            ("1,000", "1,000 files"),
        ] {
            assert_eq!(counted(n, "file"), expected);
        }
    }

    #[test]
    fn a_cell_that_would_be_run_is_text() {
        for text in ["=1+1", "+a", "-a", "@a", "\t=a", "\ra"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        for text in ["", "a=b", "Self-direction", " =a", "'a"] {
            assert_eq!(cell(text), text);
        }
    }
}
