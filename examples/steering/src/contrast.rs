//! Pairs of texts that differ in a value: the study's own prompts under opposite instructions, or files in the layouts in
//! which others have published theirs, read when they are needed.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use study::Materials;
use study::file::StudyFile;
use value_causal::bench::{Instruction, Prompt};
use value_causal::lens::{At, Lm, Reading};

use crate::file::{Contrast, ReadAt, Sign};
use program::Failure;

/// A text, with the study's phrase in it where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// The bytes of the phrase.
    pub phrase: Option<Range<usize>>,
}

/// A text with every token, and those of them that are read.
pub type TokensRead = (Reading, Range<usize>);

/// Text `i` of both lists is a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs {
    /// Those for the value.
    pub positive: Vec<Text>,
    /// Those against it.
    pub negative: Vec<Text>,
    /// Where both are read.
    pub read: ReadAt,
}

/// What pairs are made from.
#[derive(Clone, Copy)]
pub struct From<'a> {
    /// The study.
    pub study: &'a StudyFile,
    /// Its materials.
    pub materials: &'a Materials,
    /// The folder of all files.
    pub data: &'a Path,
}

impl Pairs {
    /// The pairs of a value.
    ///
    /// # Errors
    /// A file is missing or in another layout; there are no pairs; the study's template fails.
    pub fn of(contrast: &Contrast, value: &str, from: From<'_>) -> Result<Self, Failure> {
        let (positive, negative, read) = match contrast {
            Contrast::Instructions { roles, items, read } => {
                let (positive, negative) = told(value, *roles, *items, from)?;
                (positive, negative, *read)
            }
            Contrast::Caa { file, read } => {
                let (positive, negative) = caa(&of_value(from.data, file, value))?;
                (positive, negative, *read)
            }
            Contrast::Conva { file, read } => {
                let (positive, negative) = conva(&of_value(from.data, file, value))?;
                (positive, negative, *read)
            }
        };
        if positive.len() < 2 {
            let found = positive.len();
            return Err(format!("pairs of {value:?}: expected at least 2, found {found}").into());
        }
        Ok(Self {
            positive,
            negative,
            read,
        })
    }

    /// Both sides, as they are read: one vector for each text.
    ///
    /// # Errors
    /// A text has no phrase to be read at.
    pub fn readings(&self) -> Result<[Vec<Reading>; 2], Failure> {
        let read = |texts: &[Text]| -> Result<Vec<Reading>, Failure> {
            let texts = texts.iter().map(|text| {
                let at = match self.read {
                    ReadAt::Last => At::Last,
                    ReadAt::BeforeLast => At::FromEnd(1),
                    ReadAt::Mean => At::Mean(1),
                    ReadAt::Phrase => At::Bytes(text.phrase()?),
                };
                Ok(Reading::new(text.text.as_str()).at(at))
            });
            texts.collect()
        };
        Ok([read(&self.positive)?, read(&self.negative)?])
    }

    /// Both sides with every token, and which of each text's tokens are read.
    ///
    /// # Errors
    /// As [`readings`](Self::readings); a text has no such tokens.
    pub fn tokens(&self, lm: &Lm) -> Result<[Vec<TokensRead>; 2], Failure> {
        let read = |texts: &[Text]| -> Result<Vec<_>, Failure> {
            let texts = texts.iter().map(|text| {
                let every = Reading::new(text.text.as_str()).at(At::Every(0));
                let n = lm.tokenizer()?.encode_prompt(&text.text)?.len();
                let last = n.saturating_sub(1);
                let tokens = match self.read {
                    ReadAt::Last => last..n,
                    ReadAt::BeforeLast => n.saturating_sub(2)..last,
                    ReadAt::Mean => 1.min(last)..n,
                    ReadAt::Phrase => {
                        let encoded = lm.tokenizer()?.encode_prompt_with_offsets(&text.text)?;
                        encoded.token_range(text.phrase()?)?
                    }
                };
                if tokens.is_empty() {
                    let text = &text.text;
                    return Err(
                        format!("{text:?}: expected a token to read, found {n} in all").into(),
                    );
                }
                Ok((every, tokens))
            });
            texts.collect()
        };
        Ok([read(&self.positive)?, read(&self.negative)?])
    }
}

impl Text {
    fn phrase(&self) -> Result<Range<usize>, Failure> {
        let phrase = self.phrase.clone();
        phrase.ok_or_else(|| {
            "read = \"phrase\": expected pairs from instructions, whose texts have the phrase"
                .into()
        })
    }

    fn plain(text: String) -> Self {
        Self { text, phrase: None }
    }
}

type Sides = (Vec<Text>, Vec<Text>);

/// The same role and item under opposite instructions.
fn told(value: &str, roles: usize, items: usize, from: From<'_>) -> Result<Sides, Failure> {
    let materials = from.materials;
    let there = [
        ("roles", roles, materials.train_roles.iter().count()),
        ("items", items, materials.split.train.items().len()),
    ];
    if let Some((what, found, most)) = there.into_iter().find(|(_, found, most)| found > most) {
        return Err(format!(
            "{what}: expected at most {most}, as the study's training has, found {found}"
        )
        .into());
    }
    let after = from.study.judging.likelihood.as_ref();
    let after = after.map_or("", |words| words.after.as_str());
    let side = |sign: Sign| {
        let instruction = Instruction::new(value, sign.inclination(), &materials.definitions);
        let roles = materials.train_roles.iter().take(roles);
        let asked = roles.flat_map(|role| {
            let items = materials.split.train.items().iter().take(items);
            items.map(move |item| (role, item))
        });
        let texts = asked.map(|(role, item)| {
            let Prompt { mut text, steered } =
                materials
                    .template
                    .render(item, Some(role), Some(&instruction))?;
            text += after;
            Ok(Text {
                text,
                phrase: Some(steered),
            })
        });
        texts.collect::<Result<Vec<_>, Failure>>()
    };
    Ok((side(Sign::Raise)?, side(Sign::Lower)?))
}

/// A question of CAA's data.
#[derive(Deserialize)]
struct Choice {
    question: String,
    answer_matching_behavior: String,
    answer_not_matching_behavior: String,
}

fn caa(file: &Path) -> Result<Sides, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| named(&error))?;
    let choices: Vec<Choice> = serde_json::from_str(&text).map_err(|error| named(&error))?;
    let with = |choice: &Choice, answer: &str| {
        Text::plain(format!("{} {}", choice.question.trim_end(), answer.trim()))
    };
    let choices = choices.iter().map(|choice| {
        let positive = with(choice, &choice.answer_matching_behavior);
        (positive, with(choice, &choice.answer_not_matching_behavior))
    });
    Ok(choices.unzip())
}

/// A pair of ConVA's data.
#[derive(Deserialize)]
struct Sentences {
    question_1: String,
    question_2: String,
}

fn conva(file: &Path) -> Result<Sides, Failure> {
    let named = |error: csv::Error| format!("{}: {error}", file.display());
    let mut sheet = csv::Reader::from_path(file).map_err(named)?;
    let bare = |text: String| Text::plain(text.trim_matches('"').to_owned());
    let pairs = sheet.deserialize::<Sentences>().map(|pair| {
        let pair = pair.map_err(named)?;
        Ok::<_, Failure>((bare(pair.question_1), bare(pair.question_2)))
    });
    pairs.collect()
}

/// The file of a value.
fn of_value(data: &Path, file: &Path, value: &str) -> PathBuf {
    let named = file.to_string_lossy();
    data.join(named.replace("{value}", &value.to_lowercase()))
}

/// The files of a contrast over these values.
pub(crate) fn files(contrast: &Contrast, values: &[String], data: &Path) -> Vec<PathBuf> {
    let (Contrast::Caa { file, .. } | Contrast::Conva { file, .. }) = contrast else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = values
        .iter()
        .map(|value| of_value(data, file, value))
        .collect();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        (folder, file)
    }

    #[test]
    fn published_layouts_are_read_as_pairs() {
        let json = r#"[{"question": "Is it?\n\nChoices:\n (A) Yes\n (B) No\n\nAnswer:",
            "answer_matching_behavior": "(A)", "answer_not_matching_behavior": " (B)"}]"#;
        let (_folder, file) = written("power.json", json);
        let (positive, negative) = caa(&file).unwrap();
        assert!(positive[0].text.ends_with("Answer: (A)"), "{positive:?}");
        assert!(negative[0].text.ends_with("Answer: (B)"), "{negative:?}");

        let csv =
            "question_1,question_2\nI keep old ways.,I drop old ways.\n\"\"\"Yes, sir.\"\"\",No.\n";
        let (_folder, file) = written("tradition_context_controlled.csv", csv);
        let (positive, negative) = conva(&file).unwrap();
        assert_eq!(positive[1].text, "Yes, sir.");
        assert_eq!(negative[0].text, "I drop old ways.");
    }

    #[test]
    fn other_layouts_are_refused_with_their_file() {
        let (_folder, file) = written("other.json", "{}");
        assert!(caa(&file).unwrap_err().to_string().contains("other.json: "));
        let (_folder, file) = written("other.csv", "a,b\n1,2\n");
        let refused = conva(&file).unwrap_err().to_string();
        assert!(
            refused.contains("other.csv: ") && refused.contains("question_1"),
            "{refused}"
        );
        let named = of_value(Path::new("d"), Path::new("{value}_x.csv"), "Self-Direction");
        assert_eq!(named, Path::new("d/self-direction_x.csv"));
    }
}
