//! Files of ratings, portraits, items and dilemmas that are wrong in one way each, and what the reader says.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use valuebench::ReadError;
use valuebench::dilemmas::{Choices, Dilemmas};
use valuebench::portrait::{PortraitPrompts, Portraits, Variant};
use valuebench::schwartz::{Answers, Items, PVQ_21};

use Reader::{Answers as A, Choices as C, Dilemmas as D, Items as I, Portraits as P};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reader {
    Portraits,
    Answers,
    Dilemmas,
    Choices,
    Items,
}

impl Reader {
    /// A file without a mistake.
    fn right(self) -> String {
        match self {
            P => PORTRAITS.to_owned(),
            A => {
                let numbers: Vec<String> = (1..=21).map(|item| item.to_string()).collect();
                let header = numbers.join(",");
                format!(
                    "person,{header}\nAda{}\nBo,4,{}\n",
                    ",3".repeat(21),
                    ",3".repeat(19)
                )
            }
            D => {
                let columns = |step: usize| {
                    let names = "situation dilemma choiceA choiceA_value choiceB choiceB_value";
                    let names = names.split(' ').map(|name| format!(",step {step}_{name}"));
                    names.collect::<String>()
                };
                let header: String = (1..=5).map(columns).collect();
                let steps = ",s,d,a,Care,b,Loyalty".repeat(4) + ",s,d,a,Care,b,Liberty";
                format!("idx,norm{header}\n1,n{steps}\n")
            }
            C => CHOICES.to_owned(),
            I => {
                let rows = (1..=21).map(|item| format!("{item},Text {item}.\n"));
                format!("item,text\n{}", rows.collect::<String>())
            }
        }
    }

    fn read(self, text: &[u8]) -> Result<(), ReadError> {
        match self {
            P => Portraits::from_reader(text).map(|_| ()),
            A => Answers::from_reader(text, &PVQ_21).map(|_| ()),
            D => Dilemmas::from_reader(text).map(|_| ()),
            C => Choices::from_reader(text).map(|_| ()),
            I => Items::from_reader(text, &PVQ_21).map(|_| ()),
        }
    }
}

const PORTRAITS: &str = r#"[{"portrait_id": 1003, "content": {"title": "T", "text": "Q"},
 "outputs": [{"id": 1, "content": "R",
  "correlations": [["Power", 0.4]]}]}]"#;

const CHOICES: &str =
    "dilemma,step,choiceA_value,choiceB_value,choice\n0,1,Care,Loyalty,A\n0,2,Care,Liberty,B\n";

/// The reader, what is wrong, what of the right file is replaced (all of it where nothing is named),
/// by what, and the message.
#[rustfmt::skip]
const CASES: [(Reader, &str, &str, &str, &str); 99] = [
    (P, "an empty file", "", "", "<input>: expected a list with at least one query, found an empty file"),
    (P, "blanks alone", "", " \n", "<input>: expected a list with at least one query, found an empty file"),
    (P, "an object", "", "{}", "<input>, line 1, column 1: invalid type: map, expected a list with at least one query"),
    (P, "a number", "", "7", "<input>, line 1, column 1: invalid type: integer `7`, expected a list with at least one query"),
    (P, "an empty list", "", "[]", "<input>, line 1, column 2: expected at least one response, found none"),
    (P, "no end", "}]}]", "}]}", "<input>, line 3, column 37: EOF while parsing a list"),
    (P, "text after the end", "}]}]", "}]}] x", "<input>, line 3, column 40: trailing characters, found \"x\""),
    (P, "a list of numbers", "", "[1]", "<input>, line 1, column 2: invalid type: integer `1`, expected a query with `portrait_id`, `content` and `outputs`"),
    (P, "no portrait_id", "\"portrait_id\": 1003, ", "", "<input>, line 3, column 37: missing field `portrait_id`"),
    (P, "a portrait_id that is a word", "1003", "\"one\"", "<input>, line 1, column 22: invalid value: string \"one\", expected the number of a query"),
    (P, "a negative portrait_id", "1003", "-3", "<input>, line 1, column 19: invalid type: integer `-3`, expected the number of a query"),
    (P, "a portrait_id with a fraction", "1003", "1.5", "<input>, line 1, column 20: invalid type: floating point `1.5`, expected the number of a query"),
    (P, "a portrait_id too large", "1003", "99999999999", "<input>, line 1, column 28: invalid value: integer `99999999999`, expected the number of a query"),
    (P, "a portrait_id of no source", "1003", "5003", "<input>, line 3, column 38: expected a portrait_id that begins with 1, 2, 3 or 4, found 5003"),
    (P, "a portrait_id of 0", "1003", "0", "<input>, line 3, column 38: expected a portrait_id that begins with 1, 2, 3 or 4, found 0"),
    (P, "a portrait_id twice", "1003, ", "1003, \"portrait_id\": 1003, ", "<input>, line 1, column 36: duplicate field `portrait_id`"),
    (P, "no content", "\"content\": {\"title\": \"T\", \"text\": \"Q\"},\n ", "", "<input>, line 2, column 37: missing field `content`"),
    (P, "a content that is a text", "{\"title\": \"T\", \"text\": \"Q\"}", "\"Q\"", "<input>, line 1, column 37: invalid type: string \"Q\", expected a content with a `text`"),
    (P, "no text", ", \"text\": \"Q\"", "", "<input>, line 1, column 48: missing field `text`"),
    (P, "an empty text", "\"Q\"", "\" \"", "<input>, line 3, column 38: query 1003: expected a text, found an empty one"),
    (P, "a post without a title", "\"title\": \"T\", ", "", "<input>, line 3, column 38: query 1003: expected a title, as posts have, found none"),
    (P, "a title that is a number", "\"T\"", "7", "<input>, line 1, column 45: invalid type: integer `7`, expected a string"),
    (P, "no outputs", ",\n \"outputs\": [{\"id\": 1, \"content\": \"R\",\n  \"correlations\": [[\"Power\", 0.4]]}]", "", "<input>, line 1, column 62: missing field `outputs`"),
    (P, "no response at all", "[{\"id\": 1, \"content\": \"R\",\n  \"correlations\": [[\"Power\", 0.4]]}]", "[]", "<input>, line 2, column 16: expected at least one response, found none"),
    (P, "a response without a number", "\"id\": 1, ", "", "<input>, line 3, column 35: missing field `id`"),
    (P, "a response without a text", "\"content\": \"R\",", "", "<input>, line 3, column 35: missing field `content`"),
    (P, "a response with an empty text", "\"R\"", "\"\"", "<input>, line 3, column 38: query 1003, response 1: expected a text, found an empty one"),
    (P, "a response twice", "\"outputs\": [", "\"outputs\": [{\"id\": 1, \"content\": \"S\"}, ", "<input>, line 3, column 38: query 1003: expected each response once, found 1 again"),
    (P, "a query twice", "}]}]", "}]},\n{\"portrait_id\": \"1003\", \"content\": {\"title\": \"T\", \"text\": \"Q\"}, \"outputs\": []}]", "<input>, line 4, column 79: expected each query once, found 1003 again"),
    (P, "correlations that are an object", "[[\"Power\", 0.4]]", "{\"Power\": 0.4}", "<input>, line 3, column 18: invalid type: map, expected a sequence"),
    (P, "a pair that is too short", ", 0.4", "", "<input>, line 3, column 28: invalid length 1, expected a tuple of size 2"),
    (P, "a pair that is too long", "0.4", "0.4, 0.5", "<input>, line 3, column 35: trailing characters, found \"0.5]]}]}]\""),
    (P, "a correlation in words", "0.4", "\"high\"", "<input>, line 3, column 35: invalid type: string \"high\", expected f64"),
    (P, "a correlation above 1", "0.4", "1.5", "<input>, line 3, column 35: \"Power\": expected a correlation from -1 to 1, found 1.5"),
    (P, "a correlation below -1", "0.4", "-1.01", "<input>, line 3, column 37: \"Power\": expected a correlation from -1 to 1, found -1.01"),
    (P, "a number that JSON does not have", "0.4", "NaN", "<input>, line 3, column 30: expected value, found \"NaN]]}]}]\""),
    (P, "a value without a name", "\"Power\"", "\"\"", "<input>, line 3, column 30: expected the name of a value, found an empty one"),
    (P, "a value twice", "0.4]", "0.4], [\"Power\", 0.5]", "<input>, line 3, column 51: expected each value once, found \"Power\" again"),
    (P, "a wrong correlation of a trait", "\"correlations\": [[\"Power\", 0.4]]", "\"bfi_correlations\": [[\"Openness\", 2]]", "<input>, line 3, column 40: \"Openness\": expected a correlation from -1 to 1, found 2"),
    (P, "a wrong correlation of a higher value", "\"correlations\": [[\"Power\", 0.4]]", "\"higher_pvq_correlations\": 3", "<input>, line 3, column 30: invalid type: integer `3`, expected a sequence"),
    (A, "an empty file", "", "", "<input>: expected a header with the columns \"person\" and the numbers of the items, found an empty file"),
    (A, "a header alone", "Ada,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3\nBo,4,,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3\n", "", "<input>: expected at least one row, found a header alone"),
    (A, "no person", "person", "name", "<input>, line 1: expected a column \"person\", found \"name\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\" and 14 more"),
    (A, "an item too few", ",20,21", ",20,x", "<input>, line 1: expected a column \"21\", found \"person\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\" and 14 more"),
    (A, "an item twice", ",20,21", ",20,20", "<input>, line 1, column \"20\": expected each name once, found it in places 21 and 22"),
    (A, "items by name", "person,1,", "person,item1,", "<input>, line 1: expected a column \"1\", found \"person\", \"item1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\" and 14 more"),
    (A, "a row too short", "Bo,4,,", "Bo,4,", "<input>, line 3: expected 22 cells as in the header, found 21"),
    (A, "a row too long", "Bo,4,,", "Bo,4,,3,", "<input>, line 3: expected 22 cells as in the header, found 23"),
    (A, "an answer of 0", "Bo,4", "Bo,0", "<input>, line 3, column \"1\": expected a whole number from 1 to 6, or nothing, found \"0\""),
    (A, "an answer of 7", "Bo,4", "Bo,7", "<input>, line 3, column \"1\": expected a whole number from 1 to 6, or nothing, found \"7\""),
    (A, "an answer with a fraction", "Bo,4", "Bo,2.5", "<input>, line 3, column \"1\": expected a whole number from 1 to 6, or nothing, found \"2.5\""),
    (A, "an answer in words", "Bo,4", "Bo,like me", "<input>, line 3, column \"1\": expected a whole number from 1 to 6, or nothing, found \"like me\""),
    (A, "an answer that is no number", "Bo,4", "Bo,NaN", "<input>, line 3, column \"1\": expected a whole number from 1 to 6, or nothing, found \"NaN\""),
    (A, "an infinite answer", "Bo,4", "Bo,inf", "<input>, line 3, column \"1\": expected a whole number from 1 to 6, or nothing, found \"inf\""),
    (A, "a person without a name", "Bo,4", ",4", "<input>, line 3, column \"person\": expected the name of a person, found \"\""),
    (A, "a person twice", "Bo,4", " Ada ,4", "<input>, line 3: expected each person once, found \"Ada\" again (first on line 2)"),
    (A, "an open quote", "Bo,4", "\"Bo,4", "<input>, line 3: expected a closing quote, found the end of the file"),
    (D, "an empty file", "", "", "<input>: expected a header with the columns \"idx\", \"norm\" and six for each of five steps, found an empty file"),
    (D, "no dilemma", "1,n,s,d,a,Care,b,Loyalty,s,d,a,Care,b,Loyalty,s,d,a,Care,b,Loyalty,s,d,a,Care,b,Loyalty,s,d,a,Care,b,Liberty\n", "", "<input>: expected at least one row, found a header alone"),
    (D, "no idx", "idx", "id", "<input>, line 1: expected a column \"idx\", found \"id\", \"norm\", \"step 1_situation\", \"step 1_dilemma\", \"step 1_choiceA\", \"step 1_choiceA_value\", \"step 1_choiceB\", \"step 1_choiceB_value\" and 24 more"),
    (D, "no norm", "norm", "rule", "<input>, line 1: expected a column \"norm\", found \"idx\", \"rule\", \"step 1_situation\", \"step 1_dilemma\", \"step 1_choiceA\", \"step 1_choiceA_value\", \"step 1_choiceB\", \"step 1_choiceB_value\" and 24 more"),
    (D, "four steps", ",step 5_situation", ",step 6_situation", "<input>, line 1: expected a column \"step 5_situation\", found \"idx\", \"norm\", \"step 1_situation\", \"step 1_dilemma\", \"step 1_choiceA\", \"step 1_choiceA_value\", \"step 1_choiceB\", \"step 1_choiceB_value\" and 24 more"),
    (D, "another spelling", "step 1_choiceA,", "step1_choiceA,", "<input>, line 1: expected a column \"step 1_choiceA\", found \"idx\", \"norm\", \"step 1_situation\", \"step 1_dilemma\", \"step1_choiceA\", \"step 1_choiceA_value\", \"step 1_choiceB\", \"step 1_choiceB_value\" and 24 more"),
    (D, "a column twice", "step 5_dilemma", "step 4_dilemma", "<input>, line 1, column \"step 4_dilemma\": expected each name once, found it in places 22 and 28"),
    (D, "a row too short", "1,n,s,", "1,n,", "<input>, line 2: expected 32 cells as in the header, found 31"),
    (D, "a dilemma without a number", "1,n", " ,n", "<input>, line 2, column \"idx\": expected the number of a dilemma, found \" \""),
    (D, "a dilemma twice", "1,n", "1,n,s,d,a,Care,b,Loyalty,s,d,a,Care,b,Loyalty,s,d,a,Care,b,Loyalty,s,d,a,Care,b,Loyalty,s,d,a,Care,b,Liberty\n1,n", "<input>, line 3: expected each dilemma once, found \"1\" again (first on line 2)"),
    (D, "no situation", "1,n,s", "1,n,", "<input>, line 2, column \"step 1_situation\": expected a situation, found \"\""),
    (D, "no question", "1,n,s,d", "1,n,s,", "<input>, line 2, column \"step 1_dilemma\": expected a dilemma, found \"\""),
    (D, "no choice", "1,n,s,d,a", "1,n,s,d, ", "<input>, line 2, column \"step 1_choiceA\": expected a choice, found \" \""),
    (D, "no value", "Liberty", "", "<input>, line 2, column \"step 5_choiceB_value\": expected the name of a value, found \"\""),
    (D, "an open quote", "1,n", "1,\"n", "<input>, line 2: expected a closing quote, found the end of the file"),
    (C, "an empty file", "", "", "<input>: expected a header with the columns \"dilemma\", \"step\", \"choiceA_value\", \"choiceB_value\" and \"choice\", found an empty file"),
    (C, "a header alone", "0,1,Care,Loyalty,A\n0,2,Care,Liberty,B\n", "", "<input>: expected at least one row, found a header alone"),
    (C, "no column for the choice", ",choice\n", ",chosen\n", "<input>, line 1: expected a column \"choice\", found \"dilemma\", \"step\", \"choiceA_value\", \"choiceB_value\", \"chosen\""),
    (C, "a step of 0", "0,2", "0,0", "<input>, line 3, column \"step\": expected a step from 1 to 5, found \"0\""),
    (C, "a step of 6", "0,2", "0,6", "<input>, line 3, column \"step\": expected a step from 1 to 5, found \"6\""),
    (C, "a step in words", "0,2", "0,second", "<input>, line 3, column \"step\": expected a step from 1 to 5, found \"second\""),
    (C, "no dilemma", "0,2", ",2", "<input>, line 3, column \"dilemma\": expected the number of a dilemma, found \"\""),
    (C, "a step twice", "0,2", "0,1", "<input>, line 3: expected each step of a dilemma once, found step 1 of \"0\" again (first on line 2)"),
    (C, "no value of A", "2,Care", "2,", "<input>, line 3, column \"choiceA_value\": expected the name of a value, found \"\""),
    (C, "no value of B", "Liberty", " ", "<input>, line 3, column \"choiceB_value\": expected the name of a value, found \" \""),
    (C, "a value against itself", "Liberty", "Care", "<input>, line 3, column \"choiceB_value\": expected another value than that of choice A, found \"Care\""),
    (C, "a choice of both", ",B", ",AB", "<input>, line 3, column \"choice\": expected \"A\" or \"B\", or nothing, found \"AB\""),
    (C, "a choice in lower case", ",B", ",b", "<input>, line 3, column \"choice\": expected \"A\" or \"B\", or nothing, found \"b\""),
    (C, "a choice of none", ",B", ",none", "<input>, line 3, column \"choice\": expected \"A\" or \"B\", or nothing, found \"none\""),
    (I, "an empty file", "", "", "<input>: expected a header with the columns \"item\" and \"text\", found an empty file"),
    (I, "a header alone", "1,Text 1.\n2,Text 2.\n3,Text 3.\n4,Text 4.\n5,Text 5.\n6,Text 6.\n7,Text 7.\n8,Text 8.\n9,Text 9.\n10,Text 10.\n11,Text 11.\n12,Text 12.\n13,Text 13.\n14,Text 14.\n15,Text 15.\n16,Text 16.\n17,Text 17.\n18,Text 18.\n19,Text 19.\n20,Text 20.\n21,Text 21.\n", "", "<input>: expected at least one row, found a header alone"),
    (I, "no column for the number", "item", "number", "<input>, line 1: expected a column \"item\", found \"number\", \"text\""),
    (I, "no column for the text", "text", "statement", "<input>, line 1: expected a column \"text\", found \"item\", \"statement\""),
    (I, "an item of another instrument", "21,", "22,", "<input>, line 22, column \"item\": expected the number of an item from 1 to 21, found \"22\""),
    (I, "an item of 0", "\n1,", "\n0,", "<input>, line 2, column \"item\": expected the number of an item from 1 to 21, found \"0\""),
    (I, "an item in words", "\n1,", "\none,", "<input>, line 2, column \"item\": expected the number of an item from 1 to 21, found \"one\""),
    (I, "an item with a fraction", "\n1,", "\n1.5,", "<input>, line 2, column \"item\": expected the number of an item from 1 to 21, found \"1.5\""),
    (I, "an item twice", "\n3,", "\n2,", "<input>, line 4: expected each item once, found 2 again (first on line 3)"),
    (I, "an item without a text", "Text 7.", " ", "<input>, line 8, column \"text\": expected the text of an item, found \" \""),
    (I, "an item too few", "\n21,Text 21.", "", "<input>: expected item 21, for PVQ21 has 21, found no row with that number"),
    (I, "a row too long", "Text 2.", "Text, 2.", "<input>, line 3: expected 2 cells as in the header, found 3"),
    (I, "an open quote", "Text 21.", "\"Text", "<input>, line 22: expected a closing quote, found the end of the file"),
];

#[test]
fn right_files_are_read() {
    for reader in [P, A, D, C, I] {
        reader.read(reader.right().as_bytes()).unwrap();
    }
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let mut wrong = Vec::new();
    for (reader, what, from, to, message) in CASES {
        let right = reader.right();
        let text = match from {
            "" => to.to_owned(),
            _ => right.replacen(from, to, 1),
        };
        assert_ne!(text, right, "{what}: nothing was replaced");
        let found = match reader.read(text.as_bytes()) {
            Ok(()) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        if found != message {
            wrong.push(format!("{reader:?}, {what}:\n  {found}\nnot\n  {message}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bytes_that_are_no_text_are_named() {
    for reader in [P, A, D, C, I] {
        let text = [reader.right().as_bytes(), b"\n\xe9"].concat();
        let message = reader.read(&text).unwrap_err().to_string();
        assert!(
            message.ends_with("expected UTF-8 text, found the byte 0xe9"),
            "{message}"
        );
    }
}

#[test]
fn cut_and_broken_files_are_refused_or_read_but_never_a_panic() {
    for reader in [P, A, D, C, I] {
        let right = reader.right().into_bytes();
        for place in 0..right.len() {
            let _ = reader.read(&right[..place]);
            for byte in [b'"', b',', b'\n', b'0', b'-', b'}', b'\\', 0xff] {
                let mut broken = right.clone();
                broken[place] = byte;
                let _ = reader.read(&broken);
            }
        }
    }
}

#[test]
fn templates_that_lack_a_slot_or_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let read = || PortraitPrompts::from_folder(folder.path()).map_err(|error| error.to_string());
    let message = read().unwrap_err();
    assert!(
        message.contains("reddit_prompt.txt: cannot be read"),
        "{message}"
    );
    for variant in Variant::ALL {
        let of_variant = folder.path().join(variant.name());
        fs::create_dir(&of_variant).unwrap();
        fs::write(
            of_variant.join("reddit_prompt.txt"),
            "{title}: {text} {content}",
        )
        .unwrap();
        fs::write(
            of_variant.join("sharegpt_prompt.txt"),
            "{text} {content}!\n",
        )
        .unwrap();
    }
    let prompts = read().unwrap();
    // What looks like a slot in a text is text.
    let json = PORTRAITS.replace("\"Q\"", "\"{content} {title} {x}\"");
    let portraits = Portraits::from_reader(json.as_bytes()).unwrap();
    let prompt = prompts.render(Variant::ALL[3], &portraits.items()[0]);
    assert_eq!(prompt, "T: {content} {title} {x} R");

    fs::write(folder.path().join("v2/sharegpt_prompt.txt"), "{content}").unwrap();
    let message = read().unwrap_err();
    assert!(
        message.ends_with("sharegpt_prompt.txt: expected the slot {text}, found none"),
        "{message}"
    );
}

/// Cuts, repeats and strange bytes at random places: an edit takes out up to `length` bytes at `place`, and puts in others.
fn edits() -> impl Strategy<Value = Vec<(Index, usize, Vec<u8>)>> {
    let pieces = select(vec![
        "\"", ",", "\n", "[", "]", "{", "}", ":", "null", "-", "1e999", "\\u0000", "é", "\u{feff}",
        "A", "0", " ",
    ]);
    let pieces = pieces.prop_map(|piece| piece.as_bytes().to_vec());
    let bytes = prop_oneof![pieces, vec(any::<u8>(), 0..4)];
    vec((any::<Index>(), 0_usize..12, bytes), 1..5)
}

proptest! {
    /// `PROPTEST_CASES` asks for more than the 256 of every run.
    #[test]
    fn no_edit_of_a_right_file_makes_a_reader_panic(
        reader in select(vec![P, A, D, C, I]),
        edits in edits(),
    ) {
        let mut text = reader.right().into_bytes();
        for (place, length, bytes) in edits {
            let start = place.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, bytes);
        }
        if let Err(error) = reader.read(&text) {
            prop_assert!(error.to_string().starts_with("<input>"));
        }
    }
}
