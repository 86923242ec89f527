//! Tokens and text beside transformers, and what must hold of every text.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;
use tch_lens::{TextSoFar, Tokenizer, find_tokens};

const NAMES: [&str; 4] = ["gemma1", "llama3", "mistral", "qwen2"];

/// The project's own goldens, and those in the folder that TCH_LENS_GOLDENS names.
fn folders() -> Vec<PathBuf> {
    let own = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lm"));
    let given = std::env::var_os("TCH_LENS_GOLDENS").map(PathBuf::from);
    if given.is_none() {
        eprintln!("TCH_LENS_GOLDENS is not set: only fixtures/lm is tested");
    }
    [Some(own), given].into_iter().flatten().collect()
}

static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let models = folders()[0].join("models");
    NAMES
        .iter()
        .map(|name| Tokenizer::open(&models.join(name)).unwrap())
        .collect()
});

#[derive(Deserialize)]
struct Golden {
    text: String,
    ids: Vec<i64>,
    ids_no_special: Vec<i64>,
    decoded: String,
    decoded_with_special: String,
}

#[test]
fn ids_and_texts_are_those_of_transformers() {
    for folder in folders() {
        for name in NAMES {
            let tokenizer = Tokenizer::open(&folder.join("models").join(name)).unwrap();
            let goldens = folder.join(format!("goldens/tokenizer_{name}.json"));
            let goldens: Vec<Golden> = serde_json::from_slice(&fs::read(goldens).unwrap()).unwrap();
            assert!(goldens.len() >= 10, "{name}");
            for golden in goldens {
                let text = &golden.text;
                assert_eq!(
                    tokenizer.encode(text).unwrap(),
                    golden.ids,
                    "{name}: {text:?}"
                );
                let plain = tokenizer.encode_plain(text).unwrap();
                assert_eq!(plain, golden.ids_no_special, "{name}: {text:?}");
                let encoded = tokenizer.encode_with_offsets(text).unwrap();
                assert_eq!(encoded.ids, golden.ids, "{name}: {text:?}");
                let decoded = tokenizer.decode(&golden.ids, true).unwrap();
                assert_eq!(decoded, golden.decoded, "{name}");
                let decoded = tokenizer.decode(&golden.ids, false).unwrap();
                assert_eq!(decoded, golden.decoded_with_special, "{name}");
            }
        }
    }
}

#[test]
fn the_steered_span_is_found_by_tokens_and_by_bytes() {
    let text = "Answer according to your values.\nThink of your values.";
    for (tokenizer, name) in TOKENIZERS.iter().zip(NAMES) {
        let encoded = tokenizer.encode_with_offsets(text).unwrap();
        let start = text.find(" your values").unwrap();
        let by_bytes = encoded.token_range(start..start + 12).unwrap();
        let shown = tokenizer.pieces(&encoded.ids[by_bytes.clone()]).unwrap();
        assert_eq!(shown.concat(), " your values", "{name}");
        // Mistral's tokenizer puts a space of its own before " your values" alone.
        if name != "mistral" {
            let part = tokenizer.encode_plain(" your values").unwrap();
            assert_eq!(find_tokens(&encoded.ids, &part), Some(by_bytes), "{name}");
        }
    }
}

#[test]
fn spans_that_no_token_stands_for_are_refused() {
    let tokenizer = &TOKENIZERS[0];
    let encoded = tokenizer.encode_with_offsets("your values").unwrap();
    for range in [3..3, 5..12, 11..12] {
        let error = encoded.token_range(range.clone()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("bytes {}..{}", range.start, range.end)),
            "{error}"
        );
    }
}

/// A tokenizer of the fixtures with other settings beside it.
fn with_settings(
    name: &str,
    tokenizer: impl FnOnce(&mut serde_json::Value),
    settings: impl FnOnce(&mut serde_json::Value),
) -> Tokenizer {
    let folder = tempfile::tempdir().unwrap();
    let from = folders()[0].join("models").join(name);
    let read = |file: &str| serde_json::from_slice(&fs::read(from.join(file)).unwrap()).unwrap();
    let (mut edited, mut beside) = (read("tokenizer.json"), read("tokenizer_config.json"));
    tokenizer(&mut edited);
    settings(&mut beside);
    for (file, value) in [
        ("tokenizer.json", edited),
        ("tokenizer_config.json", beside),
    ] {
        fs::write(folder.path().join(file), value.to_string()).unwrap();
    }
    Tokenizer::open(folder.path()).unwrap()
}

#[test]
fn the_post_processor_alone_says_what_is_put_around_a_text() {
    let adds: Vec<bool> = TOKENIZERS.iter().map(Tokenizer::adds_bos).collect();
    assert_eq!(adds, [true, true, true, false]);
    let given = [json!(true), json!(false), json!(null)];
    let settings = given
        .iter()
        .flat_map(|bos| given.iter().map(move |eos| (bos, eos)));
    for (bos, eos) in settings {
        for name in ["gemma1", "llama3", "mistral"] {
            let set = |value: &mut serde_json::Value| {
                value["add_bos_token"] = bos.clone();
                value["add_eos_token"] = eos.clone();
            };
            let tokenizer = with_settings(name, |_| {}, set);
            let (ids, plain) = (tokenizer.encode("a b"), tokenizer.encode_plain("a b"));
            let ids = ids.unwrap();
            assert_eq!(ids[0], tokenizer.bos().unwrap(), "{name}: {bos}, {eos}");
            assert_eq!(ids[1..], plain.unwrap(), "{name}: {bos}, {eos}");
            let none = |value: &mut serde_json::Value| value["post_processor"] = json!(null);
            let tokenizer = with_settings(name, none, set);
            assert!(!tokenizer.adds_bos(), "{name}: {bos}, {eos}");
        }
    }
}

#[test]
fn extra_special_tokens_come_as_a_list_or_by_name() {
    let forms = [
        json!({"extra_special_tokens": ["<img>", {"content": "<eoi>"}]}),
        json!({"extra_special_tokens": {"image_token": "<img>", "end": {"content": "<eoi>"}}}),
        json!({"extra_special_tokens": [], "additional_special_tokens": ["<img>", "<eoi>"]}),
        json!({"image_token": "<img>", "audio_token": "<eoi>"}),
    ];
    for form in forms {
        let tokenizer = with_settings(
            "llama3",
            |_| {},
            |settings| {
                let settings = settings.as_object_mut().unwrap();
                settings.extend(form.as_object().unwrap().clone());
            },
        );
        let ids = tokenizer.encode_plain("a<img>b<eoi>").unwrap();
        assert_eq!(
            tokenizer.pieces(&ids).unwrap(),
            ["a", "<img>", "b", "<eoi>"],
            "{form}"
        );
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), "ab", "{form}");
    }
}

#[test]
fn files_that_are_no_tokenizer_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Tokenizer::open(folder.path()).unwrap_err().to_string();
    assert!(open().contains("tokenizer.json"));
    let path = folder.path().join("tokenizer.json");
    let good = fs::read(folders()[0].join("models/gemma1/tokenizer.json")).unwrap();
    for cut in [0, 1, 100, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(open().contains("tokenizer.json: "), "{cut}");
    }
    let merges = r#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["b c"]}}"#;
    fs::write(&path, merges).unwrap();
    assert!(open().contains("tokenizer.json: "));
    fs::write(&path, good).unwrap();
    fs::write(folder.path().join("tokenizer_config.json"), "[1]").unwrap();
    assert!(open().contains("tokenizer_config.json: "));
}

/// Texts with special tokens, whitespace, letters that normalise, emoji with several code points.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "[ a-zA-Z.,\n]{0,12}",
        "[éüñ你好мир☂🙂👩‍🚀\u{301}]{0,6}",
        Just("<bos>".to_owned()),
        Just("<|eot_id|>".to_owned()),
        Just(" your values".to_owned()),
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn decoding_gives_the_text_back(text in text()) {
        let [gemma, llama, mistral, _] = &TOKENIZERS[..] else { unreachable!() };
        let back = |tokenizer: &Tokenizer| {
            let ids = tokenizer.encode_plain(&text).unwrap();
            tokenizer.decode(&ids, false).unwrap()
        };
        prop_assert_eq!(back(llama), &text[..]);
        // SentencePiece writes spaces as U+2581.
        let spaced = text.replace('\u{2581}', " ");
        prop_assert_eq!(back(gemma), &spaced[..]);
        if !text.contains('<') {
            prop_assert_eq!(back(mistral), spaced);
        }
    }

    #[test]
    fn tokens_stand_for_the_whole_text_in_order(text in text()) {
        for (tokenizer, name) in TOKENIZERS.iter().zip(NAMES) {
            let encoded = tokenizer.encode_with_offsets(&text).unwrap();
            prop_assert_eq!(&encoded.ids, &tokenizer.encode(&text).unwrap());
            prop_assert_eq!(encoded.ids.len(), encoded.offsets.len());
            let mut covered = 0;
            for bytes in encoded.offsets.iter().filter(|bytes| !bytes.is_empty()) {
                let whole = text.is_char_boundary(bytes.start) && text.is_char_boundary(bytes.end);
                prop_assert!(whole, "{}", name);
                let next = bytes.start <= covered && bytes.end >= covered;
                prop_assert!(next, "{}: {:?}", name, encoded.offsets);
                covered = bytes.end;
            }
            prop_assert_eq!(covered, text.len(), "{}", name);
            for (at, char) in text.char_indices() {
                let tokens = encoded.token_range(at..at + char.len_utf8()).unwrap();
                let last = &encoded.offsets[tokens.end - 1];
                prop_assert!(encoded.offsets[tokens.start].contains(&at), "{}", name);
                prop_assert!(last.contains(&(at + char.len_utf8() - 1)), "{}", name);
            }
        }
    }

    #[test]
    fn the_text_so_far_is_the_decoded_text_without_a_broken_end(
        picks in prop::collection::vec((0..100_000i64, any::<bool>()), 0..40),
        skip_special in any::<bool>(),
    ) {
        for (tokenizer, name) in TOKENIZERS.iter().zip(NAMES) {
            let size = i64::try_from(tokenizer.vocab_size()).unwrap();
            // Half of the picks are among the first ids, where SentencePiece's bytes and the special tokens are.
            let pick = |&(pick, low): &(i64, bool)| pick % if low { 262 } else { size };
            let ids: Vec<i64> = picks.iter().map(pick).collect();
            let mut so_far = TextSoFar::new(skip_special);
            for seen in 1..=ids.len() {
                let before = so_far.text().to_owned();
                let changed = so_far.push(tokenizer, ids[seen - 1]).unwrap();
                let whole = tokenizer.decode(&ids[..seen], skip_special).unwrap();
                let expected = whole.trim_end_matches(char::REPLACEMENT_CHARACTER);
                prop_assert_eq!(so_far.text(), expected, "{}: {:?}", name, &ids[..seen]);
                prop_assert!(expected.starts_with(&before[..changed]), "{}", name);
            }
        }
    }
}
