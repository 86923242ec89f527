//! Files that are wrong in one way each, and what the reader says of it.

use std::fs;

use valuebench::{
    Definitions, OrientationTable, Questionnaire, RatingScale, ReadError, RoleSet, Scale,
};

use Reader::{Definitions as D, Questionnaire as Q, Roles as R, Table as T};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reader {
    Questionnaire,
    Definitions,
    Roles,
    Table,
}

/// The header of a questionnaire.
const ITEM: &str = "questionnaire,item,value,agreement,question\n";
/// The header of one whose items may be rated and count differently.
const RATED: &str = "questionnaire,item,value,agreement,question,scale,weight\n";
/// The header of a definition file.
const DEFINITION: &str = "questionnaire,value,definition,upper_dimension,opposite_dimension\n";
/// The header of an orientation table.
const ROW: &str = "steer_dim,player_name,Empathy,Empathy:scstd,stds,scstds\n";

/// The reader, what is wrong, a header or nothing, the text after it, and the message with `FILE`
/// for the path.
const CASES: [(Reader, &str, &str, &[u8], &str); 92] = [
    (
        Q,
        "a scale of one rating",
        RATED,
        b"I,a,V,1,A?,never=1,\n",
        "FILE, line 2, column \"scale\": expected \"yes/no\", \"likeness\" or ratings as \"never=1; often=2\" (a scale has at least two ratings, this one 1), found \"never=1\"",
    ),
    (
        Q,
        "a scale of words alone",
        RATED,
        b"I,a,V,1,A?,likeness,\nI,b,V,1,B?,never; often,\n",
        "FILE, line 3, column \"scale\": expected \"yes/no\", \"likeness\" or ratings as \"never=1; often=2\", found \"never; often\"",
    ),
    (
        Q,
        "a rating with a fraction",
        RATED,
        b"I,a,V,1,A?,never=1; often=2.5,\n",
        "FILE, line 2, column \"scale\": expected \"yes/no\", \"likeness\" or ratings as \"never=1; often=2\", found \"never=1; often=2.5\"",
    ),
    (
        Q,
        "a rating without a spelling",
        RATED,
        b"I,a,V,1,A?,never=1; =2,\n",
        "FILE, line 2, column \"scale\": expected \"yes/no\", \"likeness\" or ratings as \"never=1; often=2\" (the rating 2 has an empty spelling), found \"never=1; =2\"",
    ),
    (
        Q,
        "a spelling of two ratings",
        RATED,
        b"I,a,V,1,A?,never=1; Never=2,\n",
        "FILE, line 2, column \"scale\": expected \"yes/no\", \"likeness\" or ratings as \"never=1; often=2\" (\"never\" stands for 1 and for 2), found \"never=1; Never=2\"",
    ),
    (
        Q,
        "a weight of 0",
        RATED,
        b"I,a,V,1,A?,,0\n",
        "FILE, line 2, column \"weight\": expected a number above 0, found \"0\"",
    ),
    (
        Q,
        "a negative weight",
        RATED,
        b"I,a,V,1,A?,,-0.5\n",
        "FILE, line 2, column \"weight\": expected a number above 0, found \"-0.5\"",
    ),
    (
        Q,
        "an endless weight",
        RATED,
        b"I,a,V,1,A?,,inf\n",
        "FILE, line 2, column \"weight\": expected a number above 0, found \"inf\"",
    ),
    (
        Q,
        "an empty file",
        "",
        b"",
        "FILE: expected a header with the columns \"questionnaire\", \"item\", \"value\", \"agreement\" and \"question\", found an empty file",
    ),
    (
        Q,
        "a byte-order mark alone",
        "",
        b"\xef\xbb\xbf",
        "FILE: expected a header with the columns \"questionnaire\", \"item\", \"value\", \"agreement\" and \"question\", found an empty file",
    ),
    (
        Q,
        "blank lines alone",
        "",
        b"\n\r\n\n",
        "FILE: expected a header with the columns \"questionnaire\", \"item\", \"value\", \"agreement\" and \"question\", found an empty file",
    ),
    (
        Q,
        "a header alone",
        ITEM,
        b"",
        "FILE: expected at least one row, found a header alone",
    ),
    (
        Q,
        "a missing column",
        "",
        b"questionnaire,item,value,question\nI,a,V,A?\n",
        "FILE, line 1: expected a column \"agreement\", found \"questionnaire\", \"item\", \"value\", \"question\"",
    ),
    (
        Q,
        "a misspelled column",
        "",
        b"Questionnaire,item,value,agreement,question\nI,a,V,1,A?\n",
        "FILE, line 1: expected a column \"questionnaire\", found \"Questionnaire\", \"item\", \"value\", \"agreement\", \"question\"",
    ),
    (
        Q,
        "another separator",
        "",
        b"questionnaire;item;value;agreement;question\nI;a;V;1;A?\n",
        "FILE, line 1: expected a column \"questionnaire\", found \"questionnaire;item;value;agreement;question\"",
    ),
    (
        Q,
        "a column twice",
        "",
        b"questionnaire,item,value,agreement,question,item\nI,a,V,1,A?,a\n",
        "FILE, line 1, column \"item\": expected each name once, found it in places 2 and 6",
    ),
    (
        Q,
        "a row too short",
        ITEM,
        b"I,a,V,1,A?\nI,b,V,1\n",
        "FILE, line 3: expected 5 cells as in the header, found 4",
    ),
    (
        Q,
        "a row too long",
        ITEM,
        b"I,a,V,1,Should I, really?\n",
        "FILE, line 2: expected 5 cells as in the header, found 6",
    ),
    (
        Q,
        "a blank in place of a row",
        ITEM,
        b"I,a,V,1,A?\n \nI,b,V,1,B?\n",
        "FILE, line 3: expected 5 cells as in the header, found 1",
    ),
    (
        Q,
        "an agreement of 0",
        ITEM,
        b"I,a,V,0,A?\n",
        "FILE, line 2, column \"agreement\": expected an agreement of 1 or -1, found \"0\"",
    ),
    (
        Q,
        "an empty agreement",
        ITEM,
        b"I,a,V,,A?\n",
        "FILE, line 2, column \"agreement\": expected an agreement of 1 or -1, found \"\"",
    ),
    (
        Q,
        "an agreement in words",
        ITEM,
        b"I,a,V,1,A?\nI,b,V,yes,B?\n",
        "FILE, line 3, column \"agreement\": expected an agreement of 1 or -1, found \"yes\"",
    ),
    (
        Q,
        "an agreement of 2",
        ITEM,
        b"I,a,V,2,A?\n",
        "FILE, line 2, column \"agreement\": expected an agreement of 1 or -1, found \"2\"",
    ),
    (
        Q,
        "NaN as agreement",
        ITEM,
        b"I,a,V,nan,A?\n",
        "FILE, line 2, column \"agreement\": expected an agreement of 1 or -1, found \"nan\"",
    ),
    (
        Q,
        "a value without name",
        ITEM,
        b"I,a,  ,1,A?\n",
        "FILE, line 2, column \"value\": expected the name of a value, found \"  \"",
    ),
    (
        Q,
        "an empty question",
        ITEM,
        b"I,a,V,1,\n",
        "FILE, line 2, column \"question\": expected a question, found \"\"",
    ),
    (
        Q,
        "an item twice",
        ITEM,
        b"I,a,V,1,A?\nI,b,V,1,B?\nI,a,V,1,A?\n",
        "FILE, line 4: expected each item once, found \"A?\" again (first on line 2)",
    ),
    (
        Q,
        "an item twice with two agreements",
        ITEM,
        b"I,a,V,1,A?\nI,a,V,-1,A?\n",
        "FILE, line 3: expected each item once, found \"A?\" again (first on line 2)",
    ),
    (
        Q,
        "a wrong cell after quoted newlines",
        ITEM,
        b"I,\"a\n1\n2\",V,1,A?\n\nI,\"b\n3\",V,x,B?\n",
        "FILE, line 7, column \"agreement\": expected an agreement of 1 or -1, found \"x\"",
    ),
    (
        Q,
        "a wrong cell after CR LF",
        "",
        b"questionnaire,item,value,agreement,question\r\nI,a,V,1,A?\r\n\r\nI,b,V,x,B?\r\n",
        "FILE, line 4, column \"agreement\": expected an agreement of 1 or -1, found \"x\"",
    ),
    (
        Q,
        "a wrong cell after a byte-order mark",
        "",
        b"\xef\xbb\xbfquestionnaire,item,value,agreement,question\nI,a,V,x,A?\n",
        "FILE, line 2, column \"agreement\": expected an agreement of 1 or -1, found \"x\"",
    ),
    (
        Q,
        "a quote that stays open",
        ITEM,
        b"I,a,V,1,A?\nI,b,V,1,\"B?\nI,c,V,1,C?\n",
        "FILE, line 3: expected a closing quote, found the end of the file",
    ),
    (
        Q,
        "a quote that stays open at once",
        "",
        b"\"questionnaire,item\n",
        "FILE, line 1: expected a closing quote, found the end of the file",
    ),
    (
        Q,
        "Latin-1 text",
        ITEM,
        b"I,a,V,1,A?\nI,caf\xe9,V,1,B?\n",
        "FILE, line 3, byte 6: expected UTF-8 text, found the byte 0xe9",
    ),
    (
        Q,
        "UTF-16 text",
        "",
        b"\xff\xfeq\0",
        "FILE, line 1, byte 1: expected UTF-8 text, found the byte 0xff",
    ),
    (
        Q,
        "a cut UTF-8 letter",
        ITEM,
        b"I,a,V,1,A\xc3",
        "FILE, line 2, byte 10: expected UTF-8 text, found the byte 0xc3",
    ),
    (
        D,
        "an empty file",
        "",
        b"",
        "FILE: expected a header with the columns \"questionnaire\", \"value\" and \"definition\", found an empty file",
    ),
    (
        D,
        "a header alone",
        DEFINITION,
        b"",
        "FILE: expected at least one row, found a header alone",
    ),
    (
        D,
        "a missing column",
        "",
        b"questionnaire,definition\nI,d\n",
        "FILE, line 1: expected a column \"value\", found \"questionnaire\", \"definition\"",
    ),
    (
        D,
        "a column twice",
        "",
        b"questionnaire,value,value,definition\nI,V,V,d\n",
        "FILE, line 1, column \"value\": expected each name once, found it in places 2 and 3",
    ),
    (
        D,
        "a definition of nothing",
        DEFINITION,
        b"I,V,d,,\n,,,,\nI,,e,,\n",
        "FILE, line 4, column \"value\": expected the name of a value, found \"\"",
    ),
    (
        D,
        "a definition twice",
        DEFINITION,
        b"I,V,d,,\nI, V ,d ,,\n",
        "FILE, line 3: expected each definition once, found \"V\" of \"I\" again (first on line 2)",
    ),
    (
        D,
        "a row too short",
        DEFINITION,
        b"I,V,d\n",
        "FILE, line 2: expected 5 cells as in the header, found 3",
    ),
    (
        R,
        "an empty file",
        "",
        b"",
        "FILE: expected an object with at least one role, found an empty file",
    ),
    (
        R,
        "white space alone",
        "",
        b" \n",
        "FILE: expected an object with at least one role, found an empty file",
    ),
    (
        R,
        "no JSON",
        "",
        b"Ada Quill,female\n",
        "FILE, line 1, column 1: expected value, found \"Ada Quill,female\"",
    ),
    (
        R,
        "cut JSON",
        "",
        b"{\"Ada\": {\"mini_trait\":\n\"a\"",
        "FILE, line 2, column 3: EOF while parsing an object",
    ),
    (
        R,
        "a list",
        "",
        b"[{\"mini_trait\": \"a\"}]",
        "FILE, line 1, column 1: invalid type: sequence, expected an object with the roles by name",
    ),
    (
        R,
        "an empty object",
        "",
        b"{}",
        "FILE: expected an object with at least one role, found an empty object",
    ),
    (
        R,
        "a text in place of a role",
        "",
        b"{\"Ada\": \"Gender: female\"}",
        "FILE, line 1, column 24: invalid type: string \"Gender: female\", expected an object with the key `mini_trait`",
    ),
    (
        R,
        "a role without a bio",
        "",
        b"{\n  \"Ada\": {\"bio2\": \"b\"}\n}",
        "FILE, line 3, column 1: role \"Ada\": expected a text `mini_trait`, found none",
    ),
    (
        R,
        "a role with an empty bio",
        "",
        b"{\"Ada\": {\"mini_trait\": \" \"}}",
        "FILE, line 1, column 28: role \"Ada\": expected a text `mini_trait`, found none",
    ),
    (
        R,
        "a number as bio",
        "",
        b"{\"Ada\":\n{\"mini_trait\": 3}}",
        "FILE, line 2, column 16: invalid type: integer `3`, expected a string",
    ),
    (
        R,
        "an unknown key",
        "",
        b"{\"Ada\": {\"mini_trait\": \"a\", \"bio4\": \"b\"}}",
        "FILE, line 1, column 34: unknown field `bio4`, expected one of `bio2`, `bio3`, `mini_trait`",
    ),
    (
        R,
        "a key twice",
        "",
        b"{\"Ada\": {\"mini_trait\": \"a\", \"mini_trait\": \"b\"}}",
        "FILE, line 1, column 40: duplicate field `mini_trait`",
    ),
    (
        R,
        "a role twice",
        "",
        b"{\"Ada\": {\"mini_trait\": \"a\"},\n \"Ada\": {\"mini_trait\": \"b\"}}",
        "FILE, line 2, column 6: expected each role once, found \"Ada\" again",
    ),
    (
        R,
        "a role without name",
        "",
        b"{\"\": {\"mini_trait\": \"a\"}}",
        "FILE, line 1, column 3: expected the name of a role, found an empty one",
    ),
    (
        R,
        "text after the object",
        "",
        b"{\"Ada\": {\"mini_trait\": \"a\"}}\n{}",
        "FILE, line 2, column 1: trailing characters, found \"{}\"",
    ),
    (
        R,
        "a wrong byte",
        "",
        b"{\"Ada\": {\"mini_trait\":\n\"\xff\"}}",
        "FILE, line 2, byte 2: expected UTF-8 text, found the byte 0xff",
    ),
    (
        T,
        "an empty file",
        "",
        b"",
        "FILE: expected a header with the columns \"steer_dim\", \"player_name\" and one for each value, found an empty file",
    ),
    (
        T,
        "a header alone",
        ROW,
        b"",
        "FILE: expected at least one row, found a header alone",
    ),
    (
        T,
        "no value",
        "",
        b"steer_dim,player_name,stds\n,,0.5\n",
        "FILE: expected a column for each value, found none",
    ),
    (
        T,
        "no feature column",
        "",
        b"player_name,Empathy\nAda,0.5\n",
        "FILE, line 1: expected a column \"steer_dim\", found \"player_name\", \"Empathy\"",
    ),
    (
        T,
        "no role column",
        "",
        b"steer_dim,Empathy\n7,0.5\n",
        "FILE, line 1: expected a column \"player_name\", found \"steer_dim\", \"Empathy\"",
    ),
    (
        T,
        "an scstd column alone",
        "",
        b"steer_dim,player_name,Empathy,Social:scstd\n,,0.5,-1\n",
        "FILE, line 1, column \"Social:scstd\": expected a column \"Social\" beside it, found \"Social:scstd\"",
    ),
    (
        T,
        "a value twice",
        "",
        b"steer_dim,player_name,Empathy,Empathy\n,,0.5,0.5\n",
        "FILE, line 1, column \"Empathy\": expected each name once, found it in places 3 and 4",
    ),
    (
        T,
        "a value without name",
        "",
        b"steer_dim,player_name,Empathy,\n,,0.5,0.5\n",
        "FILE, line 1, column \"\": expected the name of a value in place 4, found \"\"",
    ),
    (
        T,
        "NaN as orientation",
        ROW,
        b",,NaN,-1,0.5,\n",
        "FILE, line 2, column \"Empathy\": expected an orientation in [-1, 1], found \"NaN\"",
    ),
    (
        T,
        "an infinite orientation",
        ROW,
        b",,0.5,-1,0.5,\n7,,inf,-1,0.5,\n",
        "FILE, line 3, column \"Empathy\": expected an orientation in [-1, 1], found \"inf\"",
    ),
    (
        T,
        "an orientation that overflows",
        ROW,
        b",,1e999,-1,0.5,\n",
        "FILE, line 2, column \"Empathy\": expected an orientation in [-1, 1], found \"1e999\"",
    ),
    (
        T,
        "an empty orientation",
        ROW,
        b",,,-1,0.5,\n",
        "FILE, line 2, column \"Empathy\": expected an orientation in [-1, 1], found \"\"",
    ),
    (
        T,
        "an orientation above 1",
        ROW,
        b",,1.0000001,-1,0.5,\n",
        "FILE, line 2, column \"Empathy\": expected an orientation in [-1, 1], found \"1.0000001\"",
    ),
    (
        T,
        "an orientation below -1",
        ROW,
        b",,-1.5,-1,0.5,\n",
        "FILE, line 2, column \"Empathy\": expected an orientation in [-1, 1], found \"-1.5\"",
    ),
    (
        T,
        "an orientation in words",
        ROW,
        b",,high,-1,0.5,\n",
        "FILE, line 2, column \"Empathy\": expected an orientation in [-1, 1], found \"high\"",
    ),
    (
        T,
        "a decimal comma",
        ROW,
        b",,\"0,5\",-1,0.5,\n",
        "FILE, line 2, column \"Empathy\": expected an orientation in [-1, 1], found \"0,5\"",
    ),
    (
        T,
        "a negative scstd",
        ROW,
        b",,0.5,-0.5,0.5,\n",
        "FILE, line 2, column \"Empathy:scstd\": expected -1 or a standard deviation in [0, 2], found \"-0.5\"",
    ),
    (
        T,
        "an scstd above 2",
        ROW,
        b",,0.5,2.5,0.5,\n",
        "FILE, line 2, column \"Empathy:scstd\": expected -1 or a standard deviation in [0, 2], found \"2.5\"",
    ),
    (
        T,
        "NaN as scstd",
        ROW,
        b",,0.5,nan,0.5,\n",
        "FILE, line 2, column \"Empathy:scstd\": expected -1 or a standard deviation in [0, 2], found \"nan\"",
    ),
    (
        T,
        "stds above 1",
        ROW,
        b",,0.5,-1,1.5,\n",
        "FILE, line 2, column \"stds\": expected a mean of standard deviations in [0, 1], found \"1.5\"",
    ),
    (
        T,
        "negative scstds",
        ROW,
        b",,0.5,-1,0.5,-1\n",
        "FILE, line 2, column \"scstds\": expected a mean of standard deviations in [0, 2], found \"-1\"",
    ),
    (
        T,
        "a feature in words",
        ROW,
        b"feature 7,,0.5,-1,0.5,\n",
        "FILE, line 2, column \"steer_dim\": expected the index of a feature, or nothing, found \"feature 7\"",
    ),
    (
        T,
        "a negative feature",
        ROW,
        b"-7,,0.5,-1,0.5,\n",
        "FILE, line 2, column \"steer_dim\": expected the index of a feature, or nothing, found \"-7\"",
    ),
    (
        T,
        "half a feature",
        ROW,
        b"7.5,,0.5,-1,0.5,\n",
        "FILE, line 2, column \"steer_dim\": expected the index of a feature, or nothing, found \"7.5\"",
    ),
    (
        T,
        "a feature beyond 64 bits",
        ROW,
        b"18446744073709551616,,0.5,-1,0.5,\n",
        "FILE, line 2, column \"steer_dim\": expected the index of a feature, or nothing, found \"18446744073709551616\"",
    ),
    (
        T,
        "a setting twice",
        ROW,
        b",Ada,0.5,-1,0.5,\n7,Ada,0.5,-1,0.5,\n,Ada,0.25,-1,0.5,\n",
        "FILE, line 4: expected each setting once, found \"Ada, unsteered\" again (first on line 2)",
    ),
    (
        T,
        "a setting twice in two spellings",
        ROW,
        b"7,Ada,0.5,-1,0.5,\n7.0,Ada,0.25,-1,0.5,\n",
        "FILE, line 3: expected each setting once, found \"Ada, feature 7\" again (first on line 2)",
    ),
    (
        T,
        "the empty setting twice",
        ROW,
        b",,0.5,-1,0.5,\nNone,,0.25,-1,0.5,\n",
        "FILE, line 3: expected each setting once, found \"empty role, unsteered\" again (first on line 2)",
    ),
    (
        T,
        "a row too long",
        ROW,
        b",,0.5,-1,0.5,,\n",
        "FILE, line 2: expected 6 cells as in the header, found 7",
    ),
    (
        T,
        "a row without commas",
        ROW,
        b"7\n",
        "FILE, line 2: expected 6 cells as in the header, found 1",
    ),
    (
        T,
        "a wrong cell after a role with a newline",
        ROW,
        b",\"Ada\nQuill\",0.5,-1,0.5,\n7,\"Ada\nQuill\",2,-1,0.5,\n",
        "FILE, line 5, column \"Empathy\": expected an orientation in [-1, 1], found \"2\"",
    ),
    (
        T,
        "a quote that stays open",
        ROW,
        b",\"Ada,0.5,-1,0.5,\n",
        "FILE, line 2: expected a closing quote, found the end of the file",
    ),
    (
        T,
        "a wrong byte",
        ROW,
        b",Zo\xeb,0.5,-1,0.5,\n",
        "FILE, line 2, byte 4: expected UTF-8 text, found the byte 0xeb",
    ),
];

fn read(reader: Reader, path: &std::path::Path) -> Result<(), ReadError> {
    match reader {
        Q => Questionnaire::from_path(path).map(drop),
        D => Definitions::from_path(path).map(drop),
        R => RoleSet::from_path(path).map(drop),
        T => OrientationTable::from_path(path).map(drop),
    }
}

#[test]
fn every_malformed_file_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (reader, wrong, head, text, expected) in CASES {
        let path = folder
            .path()
            .join(if reader == R { "bad.json" } else { "bad.csv" });
        fs::write(&path, [head.as_bytes(), text].concat()).unwrap();
        let message = match read(reader, &path) {
            Ok(()) => panic!("{reader:?}, {wrong}: read without an error"),
            Err(error) => error.to_string(),
        };
        let message = message.replace(&path.display().to_string(), "FILE");
        assert_eq!(message, expected, "{reader:?}, {wrong}");
    }
}

/// What a line says of its own scale stands, whatever the scale of the others.
#[test]
fn an_empty_scale_is_that_of_the_questionnaire() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rated.csv");
    let text = format!("{RATED}I,a,V,1,A?,,\nI,b,V,1,B?,yes/no,2\nI,c,V,1,C?,likeness,\n");
    fs::write(&path, text).unwrap();
    let often: Scale = "never=1; often=2".parse().unwrap();
    let scales = |questionnaire: Questionnaire| -> Vec<Scale> {
        let items = questionnaire.items().iter();
        items.map(|item| item.scale.clone()).collect()
    };
    let likeness = || Scale::Ratings(RatingScale::likeness());
    let on_often = Questionnaire::from_path_on(&path, &often).unwrap();
    assert_eq!(on_often.items()[1].weight.get(), 2.0);
    assert_eq!(scales(on_often), [often, Scale::YesNo, likeness()]);
    let plain = Questionnaire::from_path(&path).unwrap();
    assert_eq!(scales(plain), [Scale::YesNo, Scale::YesNo, likeness()]);
}

#[test]
fn cases_differ() {
    for (i, (reader, wrong, head, text, _)) in CASES.iter().enumerate() {
        for (other, other_wrong, other_head, other_text, _) in &CASES[..i] {
            assert!(
                (reader, head, text) != (other, other_head, other_text),
                "{wrong}, {other_wrong}"
            );
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.csv");
    for reader in [Q, D, R, T] {
        let message = read(reader, &path).unwrap_err().to_string();
        let expected = format!("{}: cannot be read: ", path.display());
        assert!(message.starts_with(&expected), "{message}");
    }
}
