//! Where the tokens of a text stand in it.

use std::ops::Range;

use tokenizers::Encoding;

use crate::Error;

/// The tokens of a text and the parts of it that they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids.
    pub ids: Vec<i64>,
    /// For each token the bytes of the text that it stands for. Tokens that were put around the text have
    /// an empty range. Where several tokens share one character, each has the whole of it. What a normaliser took into
    /// the character before, such as a combining accent, belongs to that character's token.
    pub offsets: Vec<Range<usize>>,
    text_len: usize,
}

impl Encoded {
    pub(super) fn new(before: &[u32], middle: &Encoding, after: &[u32], text_len: usize) -> Self {
        let ids = before.iter().chain(middle.get_ids()).chain(after);
        let offsets = before
            .iter()
            .map(|_| 0..0)
            .chain(without_gaps(middle.get_offsets(), text_len))
            .chain(after.iter().map(|_| text_len..text_len));
        Self {
            ids: ids.map(|&id| i64::from(id)).collect(),
            offsets: offsets.collect(),
            text_len,
        }
    }

    /// The tokens that stand for any of the `bytes` of the text: from the first of them to the last.
    ///
    /// # Errors
    /// A range that is empty or reaches out of the text, or for which there is no token.
    pub fn token_range(&self, bytes: Range<usize>) -> Result<Range<usize>, Error> {
        let refused = |expected: String| Error::Request {
            what: "span".to_owned(),
            expected,
            found: format!("bytes {}..{}", bytes.start, bytes.end),
        };
        if bytes.is_empty() || bytes.end > self.text_len {
            let whole = format!("some bytes within 0..{}, the text", self.text_len);
            return Err(refused(whole));
        }
        let within = |token: &Range<usize>| {
            !token.is_empty() && token.start < bytes.end && bytes.start < token.end
        };
        let first = self.offsets.iter().position(within);
        let last = self.offsets.iter().rposition(within);
        first
            .zip(last)
            .map(|(first, last)| first..last + 1)
            .ok_or_else(|| refused("bytes that tokens stand for".to_owned()))
    }
}

/// The ranges, each drawn out to where the next begins.
fn without_gaps(offsets: &[(usize, usize)], text_len: usize) -> Vec<Range<usize>> {
    let mut next = (text_len, text_len);
    let mut end = text_len;
    let mut ranges: Vec<_> = offsets
        .iter()
        .rev()
        .map(|&(from, to)| {
            if (from, to) != next {
                end = to.max(next.0);
                next = (from, to);
            }
            from..end
        })
        .collect();
    ranges.reverse();
    ranges
}

/// Where `part` first stands in `ids`, token by token; the released experiment finds " your values" so.
///
/// ```
/// assert_eq!(tch_lens::find_tokens(&[2, 7, 8, 7, 8], &[7, 8]), Some(1..3));
/// assert_eq!(tch_lens::find_tokens(&[2, 7], &[8]), None);
/// ```
#[must_use]
pub fn find_tokens(ids: &[i64], part: &[i64]) -> Option<Range<usize>> {
    if part.is_empty() {
        return None;
    }
    let start = ids.windows(part.len()).position(|window| window == part)?;
    Some(start..start + part.len())
}
