//! Watches over one row's tokens and text.

use std::sync::Arc;

use super::{Finish, Stop};
use crate::{Error, Lm, TextSoFar, Tokenizer};

/// What a row has come to.
#[derive(Debug)]
pub(crate) struct Stopper {
    stop: Stop,
    /// None where there is no tokenizer: then there is no text either.
    tokenizer: Option<Arc<Tokenizer>>,
    tokens: Vec<i64>,
    text: TextSoFar,
    /// The text with special tokens spelt out, where a stop string has one in it and the text does not keep them.
    spelt: Option<TextSoFar>,
    /// The text if a stop string ended it.
    cut: Option<String>,
    ended_by_id: bool,
}

impl Stopper {
    /// At the beginning.
    ///
    /// # Errors
    /// An empty stop string; a stop string or predicate where the model has no tokenizer.
    pub(crate) fn new(lm: &Lm, stop: &Stop) -> Result<Self, Error> {
        let mut stop = stop.clone();
        stop.ids
            .get_or_insert_with(|| lm.config().eos.iter().copied().collect());
        Self::with(stop, lm.shared_tokenizer().cloned())
    }

    fn with(stop: Stop, tokenizer: Option<Arc<Tokenizer>>) -> Result<Self, Error> {
        if stop.strings.iter().any(String::is_empty) {
            return Err(refused("some text", "an empty string"));
        }
        if stop.reads_text() && tokenizer.is_none() {
            return Err(refused("a model with a tokenizer", "one without"));
        }
        let spells_special =
            |string: &String| tokenizer.as_ref().is_some_and(|t| t.spells_special(string));
        let spelt = !stop.keeps_special && stop.strings.iter().any(spells_special);
        Ok(Self {
            tokenizer,
            tokens: Vec::new(),
            text: TextSoFar::new(!stop.keeps_special),
            spelt: spelt.then(|| TextSoFar::new(false)),
            cut: None,
            ended_by_id: false,
            stop,
        })
    }

    /// Takes one more token, and says why the row ends with it if it does. Decodes only where a stop string or a predicate
    /// wants the text.
    pub(crate) fn accept(&mut self, token: i64) -> Result<Option<Finish>, Error> {
        self.tokens.push(token);
        if self
            .stop
            .ids
            .as_ref()
            .is_some_and(|ids| ids.contains(&token))
        {
            self.ended_by_id = true;
            return Ok(Some(Finish::StopId(token)));
        }
        let read = self.read(token)?;
        Ok(read
            .or_else(|| (self.tokens.len() >= self.stop.max_new_tokens).then_some(Finish::Length)))
    }

    fn read(&mut self, token: i64) -> Result<Option<Finish>, Error> {
        let Some(tokenizer) = self.tokenizer.as_ref().filter(|_| self.stop.reads_text()) else {
            return Ok(None);
        };
        let changed = self.text.push(tokenizer, token)?;
        let text = self.text.text();
        if let Some((at, string)) = self.stop.string_in(text, changed) {
            self.cut = Some(self.stop.ended_before(text[..at].to_owned(), string));
            return Ok(Some(Finish::StopString(string.clone())));
        }
        if let Some(spelt) = &mut self.spelt {
            let changed = spelt.push(tokenizer, token)?;
            if let Some((at, string)) = self.stop.string_in(spelt.text(), changed) {
                let before = unspelt(tokenizer, &self.tokens, at)?;
                self.cut = Some(self.stop.ended_before(before, string));
                return Ok(Some(Finish::StopString(string.clone())));
            }
        }
        let holds = self
            .stop
            .predicate
            .as_ref()
            .is_some_and(|holds| holds(text));
        Ok(holds.then_some(Finish::Predicate))
    }

    /// The text, with U+FFFD for characters of which tokens are missing. Linear in the tokens.
    pub(crate) fn into_text(self) -> Result<String, Error> {
        let Some(tokenizer) = &self.tokenizer else {
            return Ok(String::new());
        };
        if let Some(text) = self.cut {
            return Ok(text);
        }
        let written = &self.tokens[..self.tokens.len() - usize::from(self.ended_by_id)];
        tokenizer.decode(written, !self.stop.keeps_special)
    }
}

impl Stop {
    fn reads_text(&self) -> bool {
        !self.strings.is_empty() || self.predicate.is_some()
    }

    /// The text that a stop string ended, from what stands before it.
    fn ended_before(&self, mut text: String, string: &str) -> String {
        if self.keeps_string {
            text.push_str(string);
        }
        text
    }

    /// The first stop string in `text`, and where; none of them ends at `settled` or before.
    fn string_in(&self, text: &str, settled: usize) -> Option<(usize, &String)> {
        let found = self.strings.iter().filter_map(|string| {
            let earliest = settled.saturating_sub(string.len() - 1);
            let start = (0..=earliest).rev().find(|&at| text.is_char_boundary(at))?;
            Some((start + text[start..].find(string)?, string))
        });
        found.min_by_key(|&(at, _)| at)
    }
}

/// The first `end` bytes of what `tokens` spell, without special tokens.
fn unspelt(tokenizer: &Tokenizer, tokens: &[i64], end: usize) -> Result<String, Error> {
    let (mut spelt, mut plain) = (TextSoFar::new(false), TextSoFar::new(true));
    for &token in tokens {
        let (spelt_before, plain_before) = (spelt.text().len(), plain.text().len());
        spelt.push(tokenizer, token)?;
        plain.push(tokenizer, token)?;
        if spelt.text().len() > end {
            // A token of which the stop string takes the end; it may have completed a character of earlier tokens.
            let kept = end.saturating_sub(spelt_before);
            let text = plain.text();
            let upto = (plain_before + kept).min(text.len());
            let upto = (0..=upto).rev().find(|&at| text.is_char_boundary(at));
            return Ok(text[..upto.unwrap_or(0)].to_owned());
        }
    }
    Ok(plain.text().to_owned())
}

fn refused(expected: &str, found: &str) -> Error {
    Error::Request {
        what: "stop strings and predicates".to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static TOKENIZERS: LazyLock<Vec<Arc<Tokenizer>>> = LazyLock::new(|| {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/models");
        let open = |name: &&str| Arc::new(Tokenizer::open(&models.join(name)).unwrap());
        ["gemma1", "llama3", "mistral"].iter().map(open).collect()
    });

    /// Takes tokens until the row ends: how many, the text, and why.
    fn run(stop: Stop, tokenizer: &Arc<Tokenizer>, tokens: &[i64]) -> (usize, String, Finish) {
        let mut stopper = Stopper::with(stop, Some(Arc::clone(tokenizer))).unwrap();
        for (seen, &token) in tokens.iter().enumerate() {
            if let Some(finish) = stopper.accept(token).unwrap() {
                return (seen + 1, stopper.into_text().unwrap(), finish);
            }
        }
        unreachable!("there are as many tokens as are allowed")
    }

    #[test]
    fn a_stop_id_ends_the_row_and_is_no_part_of_the_text() {
        let tokenizer = &TOKENIZERS[1];
        let mut tokens = tokenizer.encode_plain("Answer: yes").unwrap();
        let end = tokenizer.id("<|eot_id|>").unwrap();
        let n = tokens.len() + 1;
        tokens.extend([end, tokens[0]]);
        let stop = Stop::after(n + 1).ids([end]);
        for stop in [stop.clone(), stop.keeping_special()] {
            let expected = (n, "Answer: yes".to_owned(), Finish::StopId(end));
            assert_eq!(run(stop, tokenizer, &tokens), expected);
        }
        let (_, text, finish) = run(Stop::after(n + 1).keeping_special(), tokenizer, &tokens);
        assert!(text.contains("yes<|eot_id|>"), "{text}");
        assert_eq!(finish, Finish::Length);
    }

    #[test]
    fn the_first_stop_string_cuts_the_text() {
        let tokenizer = &TOKENIZERS[0];
        let tokens = tokenizer
            .encode_plain("Answer: yes\n\nQuestion: why?")
            .unwrap();
        let stop = Stop::after(tokens.len())
            .string("Question")
            .string("yes\n\nQ");
        let (seen, text, finish) = run(stop, tokenizer, &tokens);
        assert_eq!(text, "Answer: ");
        assert_eq!(finish, Finish::StopString("yes\n\nQ".into()));
        assert!(seen < tokens.len());
        let stop = Stop::after(tokens.len()).string("yes").keeping_string();
        assert_eq!(run(stop, tokenizer, &tokens).1, "Answer: yes");
    }

    #[test]
    fn stop_strings_may_be_special_tokens() {
        let tokenizer = &TOKENIZERS[1];
        let prompt = "<|start_header_id|>yes, I do.<|eot_id|>And more";
        let tokens = tokenizer.encode_plain(prompt).unwrap();
        let cases = [
            ("<|eot_id|>", "yes, I do."),
            ("do.<|eot_id|>", "yes, I "),
            (".<|eot_id|>And", "yes, I do"),
            ("<|start_header_id|>", ""),
        ];
        for (string, expected) in cases {
            let stop = Stop::after(tokens.len()).string(string);
            let (_, text, finish) = run(stop.clone(), tokenizer, &tokens);
            assert_eq!(
                (&text[..], finish),
                (expected, Finish::StopString(string.into()))
            );
            let (_, text, _) = run(stop.clone().keeping_string(), tokenizer, &tokens);
            assert_eq!(text, format!("{expected}{string}"));
            // Where special tokens stay in the text, they stay before the stop string, too.
            let (_, text, _) = run(stop.keeping_special(), tokenizer, &tokens);
            assert_eq!(text, prompt[..prompt.find(string).unwrap()]);
        }
        // What is found without the special tokens is found as before.
        let stop = Stop::after(tokens.len())
            .string("<|eot_id|>")
            .string("I do");
        assert_eq!(run(stop, tokenizer, &tokens).1, "yes, ");
    }

    #[test]
    fn the_predicate_sees_the_text() {
        let tokenizer = &TOKENIZERS[1];
        let tokens = tokenizer
            .encode_plain("Thought: a\nAnswer: yes and more")
            .unwrap();
        let stop = Stop::after(tokens.len()).when(|text| text.ends_with("yes"));
        let (_, text, finish) = run(stop, tokenizer, &tokens);
        assert_eq!(
            (&text[..], finish),
            ("Thought: a\nAnswer: yes", Finish::Predicate)
        );
    }

    #[test]
    fn empty_stop_strings_and_texts_without_tokenizer_are_refused() {
        let tokenizer = Some(Arc::clone(&TOKENIZERS[0]));
        let empty = Stopper::with(Stop::default().string(""), tokenizer).unwrap_err();
        assert!(
            empty.to_string().ends_with("found an empty string"),
            "{empty}"
        );
        let none = Stopper::with(Stop::default().when(str::is_empty), None).unwrap_err();
        assert!(
            none.to_string()
                .contains("expected a model with a tokenizer"),
            "{none}"
        );
    }

    /// The plain statement, which decodes everything after every token.
    fn plainly(
        tokenizer: &Tokenizer,
        tokens: &[i64],
        strings: &[String],
    ) -> (usize, String, Finish) {
        for seen in 1..=tokens.len() {
            let text = tokenizer.decode(&tokens[..seen], true).unwrap();
            let whole = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
            let found = strings
                .iter()
                .filter_map(|string| Some((whole.find(string)?, string)));
            if let Some((at, string)) = found.min_by_key(|&(at, _)| at) {
                return (
                    seen,
                    whole[..at].to_owned(),
                    Finish::StopString(string.clone()),
                );
            }
        }
        (
            tokens.len(),
            tokenizer.decode(tokens, true).unwrap(),
            Finish::Length,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn stop_strings_are_found_at_the_token_that_completes_them(
            picks in prop::collection::vec((0..100_000i64, any::<bool>()), 1..40),
            spans in prop::collection::vec((0..200usize, 1..6usize), 1..4),
        ) {
            for tokenizer in TOKENIZERS.iter() {
                // Half of the picks are among the first ids, where SentencePiece's bytes and the special tokens are.
                let size = i64::try_from(tokenizer.vocab_size()).unwrap();
                let pick = |&(pick, low): &(i64, bool)| pick % if low { 262 } else { size };
                let tokens: Vec<i64> = picks.iter().map(pick).collect();
                let chars: Vec<char> = tokenizer.decode(&tokens, true).unwrap().chars().collect();
                // Parts of the text that there will be, and one that it may not have.
                let part = |&(start, len): &(usize, usize)| -> String {
                    chars.iter().skip(start % chars.len().max(1)).take(len).collect()
                };
                let mut strings: Vec<String> = spans.iter().map(part).collect();
                strings.retain(|string| !string.is_empty());
                strings.push("zq".to_owned());
                let stop = strings.iter().fold(Stop::after(tokens.len()), Stop::string);
                prop_assert_eq!(run(stop, tokenizer, &tokens), plainly(tokenizer, &tokens, &strings));
            }
        }
    }
}
