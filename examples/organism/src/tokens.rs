//! The organism's tokenizer: one token per word with the space before it, and one per name of a role.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Padding, end and beginning of a text, and what no other token stands for; their ids are their places.
pub const SPECIAL: [&str; 4] = ["<pad>", "<eos>", "<bos>", "<unk>"];
/// The id of padding.
pub const PAD: i64 = 0;
/// The id of the end.
pub const EOS: i64 = 1;
/// The id of the beginning.
pub const BOS: i64 = 2;

/// A word with the space before it, or a line break, or a mark.
const WORD: &str = r" ?\w+|\n| ?[^\w\s]|\s";

/// The pieces that [`WORD`] cuts a text into, for the vocabulary alone: encoding is the tokenizers library's.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (at, c) in text.char_indices() {
        let before = text[start..at].chars().next_back();
        let goes_on = match before {
            None => true,
            Some(' ') if at - start == 1 => !c.is_whitespace(),
            Some(b) => is_word(b) && is_word(c),
        };
        if !goes_on {
            words.push(&text[start..at]);
            start = at;
        }
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}

/// `tokenizer.json` and `tokenizer_config.json` for texts of these words and names. A name is one token together with the
/// space before it.
pub fn tokenizer_files<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    names: impl IntoIterator<Item = &'a str>,
) -> (Value, Value) {
    let known: BTreeSet<&str> = texts.into_iter().flat_map(words).collect();
    let vocabulary: Vec<&str> = SPECIAL.into_iter().chain(known).collect();
    let n = vocabulary.len();
    let ids = vocabulary.iter().zip(0..);
    let ids: serde_json::Map<String, Value> = ids
        .map(|(word, id)| ((*word).to_owned(), json!(id)))
        .collect();
    let added = |id: usize, content: &str, special: bool| {
        json!({
            "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": special,
        })
    };
    let special = SPECIAL
        .iter()
        .zip(0..)
        .map(|(token, id)| added(id, token, true));
    let names = names
        .into_iter()
        .zip(n..)
        .map(|(name, id)| added(id, &format!(" {name}"), false));
    let tokenizer = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": special.chain(names).collect::<Vec<_>>(),
        "normalizer": null,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": WORD}, "behavior": "Isolated", "invert": false},
        "post_processor": null,
        "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": "<unk>"},
    });
    let config = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": true,
        "add_eos_token": false,
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "clean_up_tokenization_spaces": false,
    });
    (tokenizer, config)
}
