use std::io::Read;
use std::path::Path;

use super::Instrument;
use crate::prompt::trait_hint;
use crate::sheet::Sheet;
use crate::{RatingScale, ReadError, Role};

/// The texts of an instrument's items, which are the user's.
///
/// A CSV file has the columns `item`, the number of an item, and `text`; other columns are not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items {
    texts: Vec<String>,
}

impl Items {
    /// Reads the texts of all items of an instrument from a CSV file.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the place: for text that is not UTF-8, missing or repeated columns, rows
    /// of another length than the header, an item that the instrument does not have, twice or
    /// without a text, and one that is missing.
    pub fn from_path(path: impl AsRef<Path>, instrument: &Instrument) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_path(path.as_ref(), COLUMNS)?, instrument)
    }

    /// Reads the texts of all items of an instrument from CSV text.
    ///
    /// ```
    /// use valuebench::schwartz::{Items, PVQ_21};
    ///
    /// let rows = (1..=21).map(|item| format!("{item},Somebody is such and such ({item}).\n"));
    /// let csv = format!("item,text\n{}", rows.collect::<String>());
    /// let items = Items::from_reader(csv.as_bytes(), &PVQ_21)?;
    /// assert_eq!(items.texts()[20], "Somebody is such and such (21).");
    /// # Ok::<(), valuebench::ReadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read, instrument: &Instrument) -> Result<Self, ReadError> {
        Self::from_sheet(&Sheet::from_reader(reader, COLUMNS)?, instrument)
    }

    /// The texts, in the order of the items' numbers.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    fn from_sheet(sheet: &Sheet, instrument: &Instrument) -> Result<Self, ReadError> {
        let (item, text) = (sheet.column("item")?, sheet.column("text")?);
        sheet.check_not_empty()?;
        let Instrument { name, n_items, .. } = *instrument;
        let mut found: Vec<Option<(usize, String)>> = vec![None; n_items];
        for row in &sheet.rows {
            let number = row.cell(item).trim().parse::<usize>();
            let number = number.ok().filter(|number| (1..=n_items).contains(number));
            let Some(number) = number else {
                let expected = format!("the number of an item from 1 to {n_items}");
                return Err(sheet.wrong(row, item, &expected));
            };
            let of_item = row.cell(text).trim();
            if of_item.is_empty() {
                return Err(sheet.wrong(row, text, "the text of an item"));
            }
            if let Some((first_line, _)) = found[number - 1].replace((row.line, of_item.to_owned()))
            {
                return Err(ReadError::DuplicateRow {
                    file: sheet.file.clone(),
                    line: row.line,
                    first_line,
                    what: "item",
                    found: number.to_string(),
                });
            }
        }
        let texts = (1..).zip(found).map(|(number, found)| {
            let missing = || {
                let expected = format!("item {number}, for {name} has {n_items}");
                sheet.empty(&expected, "no row with that number")
            };
            Ok(found.ok_or_else(missing)?.1)
        });
        Ok(Self {
            texts: texts.collect::<Result<_, ReadError>>()?,
        })
    }
}

const COLUMNS: &str = "\"item\" and \"text\"";

/// What answers to the Portrait Values Questionnaires say.
const LIKENESS: [(&str, i32); 6] = [
    ("very much like me", 6),
    ("like me", 5),
    ("somewhat like me", 4),
    ("a little like me", 3),
    ("not like me", 2),
    ("not like me at all", 1),
];

/// What the named answers to the Schwartz Value Survey say.
const IMPORTANCE: [(&str, i32); 5] = [
    ("of supreme importance", 7),
    ("very important", 6),
    ("important", 3),
    ("not important", 0),
    ("opposed to my values", -1),
];

impl Instrument {
    /// Its answers, from the highest, with what they say where they have a name.
    fn answers(&self) -> impl Iterator<Item = (i32, Option<&'static str>)> {
        let names: &[(&str, i32)] = match self.asks_for_likeness() {
            true => &LIKENESS,
            false => &IMPORTANCE,
        };
        let name = move |rating: i32| {
            let found = names.iter().find(|(_, named)| *named == rating);
            found.map(|(name, _)| *name)
        };
        (self.low..=self.high)
            .rev()
            .map(move |rating| (rating, name(rating)))
    }

    /// Whether it describes people; otherwise it names values.
    fn asks_for_likeness(&self) -> bool {
        self.low == 1
    }

    /// The scale on which its items are answered: numbers, or the words for them.
    ///
    /// ```
    /// use valuebench::{RatingJudge, schwartz::{PVQ_21, SVS}};
    ///
    /// assert_eq!(RatingJudge::new(&PVQ_21.scale()).judge("2: not like me"), Some(2));
    /// assert_eq!(RatingJudge::new(&SVS.scale()).judge("-1"), Some(-1));
    /// ```
    pub fn scale(&self) -> RatingScale {
        let spellings = self.answers().flat_map(|(rating, name)| {
            let name = name.map(|name| (name.to_owned(), rating));
            [(rating.to_string(), rating)].into_iter().chain(name)
        });
        RatingScale::new(spellings).expect("different spellings of several ratings")
    }

    /// The question about an item of this text, in a role if there is one, as numbers with their
    /// words. The wording is this crate's own.
    pub fn prompt(&self, text: &str, role: Option<&Role>) -> String {
        let (begin, question) = match self.asks_for_likeness() {
            true => (
                "Here is a description of a person:",
                "How much is this person like you?",
            ),
            false => (
                "Here is a value:",
                "How important is it as a guiding principle in your life?",
            ),
        };
        let answer = |(rating, name): (i32, Option<&str>)| match name {
            Some(name) => format!("{rating} {name}\n"),
            None => format!("{rating}\n"),
        };
        let answers: String = self.answers().map(answer).collect();
        let hint = role.map(trait_hint).unwrap_or_default();
        format!("{hint}{begin}\n\n{text}\n\n{question}\n\n{answers}\nAnswer with the number alone.")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PVQ_40, SVS};
    use super::*;
    use crate::RatingJudge;

    #[test]
    fn numbers_and_words_are_read() {
        let pvq = PVQ_40.scale();
        for (answer, rating) in [
            ("6", Some(6)),
            ("Not like me at all.", Some(1)),
            ("I'd say 3", Some(3)),
            ("7", None),
            ("On a scale from 1 to 6, I would say 5.", Some(5)),
            ("Rating (1-6): 4", Some(4)),
            ("5/6, or 5 out of 6", Some(5)),
            ("10", None),
            ("3.5", None),
            ("3, perhaps 4", None),
            ("**2**", Some(2)),
            ("2nd", None),
            ("I2", None),
            ("99999999999999999999 or 2,", Some(2)),
        ] {
            assert_eq!(RatingJudge::new(&pvq).judge(answer), rating, "{answer}");
        }
        let svs = SVS.scale();
        assert_eq!(svs.ratings(), [-1, 0, 1, 2, 3, 4, 5, 6, 7]);
        for (answer, rating) in [
            ("-1", -1),
            ("Not important", 0),
            ("very important", 6),
            ("4", 4),
            ("On the scale from -1 to 7 I say 5", 5),
            ("(-1)", -1),
            ("\u{2212}1", -1),
        ] {
            assert_eq!(
                RatingJudge::new(&svs).judge(answer),
                Some(rating),
                "{answer}"
            );
        }
    }

    #[test]
    fn prompts_have_the_text_the_role_and_all_answers() {
        let role = Role::new("Ada Quill", "female", "Baker", "ENFP");
        let prompt = PVQ_40.prompt("Somebody likes bread.", Some(&role));
        assert!(prompt.starts_with(
            "(FYI, here is your trait. Gender: female; Job: Baker, MBTI: ENFP)\n\nHere is"
        ));
        assert!(
            prompt.contains(
                "\n\nSomebody likes bread.\n\nHow much is this person like you?\n\n6 very"
            )
        );
        assert!(prompt.ends_with("\n1 not like me at all\n\nAnswer with the number alone."));
        let prompt = SVS.prompt("BREAD", None);
        assert!(prompt.starts_with("Here is a value:\n\nBREAD\n\nHow important"));
        assert!(
            prompt.contains("\n5\n4\n3 important\n")
                && prompt.contains("\n-1 opposed to my values\n")
        );
    }
}
