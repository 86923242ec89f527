//! The font that the program carries: measuring, wrapping, and handing it to the rasteriser.
//!
//! Liberation Sans has the advance widths of Arial and Helvetica, so that a viewer without it
//! falls back to letters of the same width.

use std::sync::{Arc, LazyLock};

use resvg::usvg::{self, fontdb};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

/// Value of `font-family` in every document.
pub(super) const FAMILY: &str = "Liberation Sans, Arial, Helvetica, sans-serif";

/// How much wider than the letters of the carried font those of a fallback may be: room to be
/// left where a text could otherwise run out of the frame.
pub(super) const SLACK: f64 = 1.15;

static REGULAR: &[u8] = include_bytes!("../fonts/LiberationSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/LiberationSans-Bold.ttf");

static DATABASE: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut database = fontdb::Database::new();
    for face in [REGULAR, BOLD] {
        database.load_font_source(fontdb::Source::Binary(Arc::new(face)));
    }
    database.set_sans_serif_family("Liberation Sans");
    Arc::new(database)
});

static METRICS: LazyLock<[Option<Metrics>; 2]> =
    LazyLock::new(|| [Metrics::new(REGULAR), Metrics::new(BOLD)]);

/// Thickness of the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// Options for reading a document with the carried font and no other; the font is parsed once.
pub(super) fn svg_options() -> usvg::Options<'static> {
    usvg::Options {
        fontdb: Arc::clone(&DATABASE),
        ..usvg::Options::default()
    }
}

/// Advance width of one line of text at a font size in user units.
///
/// A letter that the font does not have counts as one em, the width of ideographs.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let metrics = METRICS[weight as usize].as_ref();
    let advance = |letter| {
        metrics
            .and_then(|metrics| metrics.advance(letter))
            .unwrap_or(1.0)
    };
    size * text.chars().map(advance).sum::<f64>()
}

/// Breaks text at spaces, and inside words that are too long, into lines no wider than `limit`.
///
/// The lines are as even as the least possible number of lines allows. What does not fit into
/// `max_lines` is replaced by an ellipsis. There is always at least one line.
pub(super) fn wrap(
    text: &str,
    size: f64,
    weight: Weight,
    limit: f64,
    max_lines: usize,
) -> Vec<String> {
    let measure = |line: &str| width(line, size, weight);
    let words: Vec<String> = text
        .split_whitespace()
        .flat_map(|word| break_word(word, limit, &measure))
        .collect();
    let lines = fill(&words, limit, &measure);
    if lines.len() > max_lines {
        return shorten(lines, max_lines, limit, &measure);
    }
    even(&words, lines, limit, &measure)
}

/// Replaces what XML cannot hold, and line breaks, which no label wants.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' | '\r' | '\t' => ' ',
            '\u{FFFE}' | '\u{FFFF}' => '\u{FFFD}',
            letter if letter.is_control() => '\u{FFFD}',
            letter => letter,
        })
        .collect()
}

struct Metrics {
    letters: Charmap<'static>,
    glyphs: GlyphMetrics<'static>,
}

impl Metrics {
    fn new(data: &'static [u8]) -> Option<Self> {
        let font = FontRef::new(data).ok()?;
        Some(Self {
            letters: font.charmap(),
            glyphs: font.glyph_metrics(Size::new(1.0), LocationRef::default()),
        })
    }

    /// Advance width in em.
    fn advance(&self, letter: char) -> Option<f64> {
        let glyph = self.letters.map(letter)?;
        self.glyphs.advance_width(glyph).map(f64::from)
    }
}

fn break_word(word: &str, limit: f64, measure: &impl Fn(&str) -> f64) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for letter in word.chars() {
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
            if measure(piece) > limit && piece.chars().count() > 1 {
                piece.pop();
                pieces.push(letter.to_string());
            }
        }
    }
    pieces
}

fn fill(words: &[String], limit: f64, measure: &impl Fn(&str) -> f64) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if measure(&format!("{line} {word}")) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.clone()),
        }
    }
    lines
}

/// Narrows the limit as long as the number of lines stays the same.
fn even(
    words: &[String],
    mut lines: Vec<String>,
    limit: f64,
    measure: &impl Fn(&str) -> f64,
) -> Vec<String> {
    let widest = |lines: &[String]| lines.iter().map(|line| measure(line)).fold(0.0, f64::max);
    for step in 1..20 {
        let narrower = limit * (1.0 - f64::from(step) / 20.0);
        let candidate = fill(words, narrower, measure);
        if candidate.len() > lines.len() {
            break;
        }
        if widest(&candidate) < widest(&lines) {
            lines = candidate;
        }
    }
    lines
}

fn shorten(
    mut lines: Vec<String>,
    max_lines: usize,
    limit: f64,
    measure: &impl Fn(&str) -> f64,
) -> Vec<String> {
    lines.truncate(max_lines.max(1));
    if let Some(last) = lines.last_mut() {
        while measure(&format!("{last}…")) > limit && last.pop().is_some() {}
        last.push('…');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_arial() {
        // Arial's advance widths per 2,048 units: A 1366, space 569, 0 1139.
        let expected = 100.0 * (1366.0 + 569.0 + 1139.0) / 2048.0;
        assert!((width("A 0", 100.0, Weight::Regular) - expected).abs() < 1e-3);
        assert!(width("A", 10.0, Weight::Bold) > width("A", 10.0, Weight::Regular));
    }

    #[test]
    fn lines_are_even_and_within_the_limit() {
        let lines = wrap("Uncertainty Avoidance", 11.0, Weight::Regular, 90.0, 3);
        assert_eq!(lines, ["Uncertainty", "Avoidance"]);
        assert_eq!(wrap("Social", 11.0, Weight::Regular, 90.0, 3), ["Social"]);
        assert_eq!(wrap("", 11.0, Weight::Regular, 90.0, 3), [""]);
    }

    #[test]
    fn long_words_are_broken_and_long_texts_cut() {
        for text in [
            "x".repeat(200),
            "many words ".repeat(40),
            "é漢字".repeat(30),
        ] {
            let lines = wrap(&text, 11.0, Weight::Regular, 90.0, 4);
            assert_eq!(lines.len(), 4);
            assert!(
                lines
                    .iter()
                    .all(|line| width(line, 11.0, Weight::Regular) <= 90.0)
            );
            assert!(lines[3].ends_with('…'));
        }
    }

    #[test]
    fn unprintable_letters_are_replaced() {
        assert_eq!(printable("a\nb\u{0}c"), "a b\u{FFFD}c");
    }
}
