use std::fs;
use std::path::Path;

use super::{PortraitItem, Source};
use crate::ReadError;
use crate::sheet::utf8;

/// One of the six ways to ask: three wordings, each with the options forward and reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// 0, 1 or 2.
    wording: usize,
    is_reversed: bool,
}

impl Variant {
    /// Number of wordings.
    pub(super) const WORDINGS: usize = 3;

    /// All six, each wording forward and then reversed: v1, v1_reversed, v2, ...
    pub const ALL: [Self; 6] = [
        Self::of(0, false),
        Self::of(0, true),
        Self::of(1, false),
        Self::of(1, true),
        Self::of(2, false),
        Self::of(2, true),
    ];

    const fn of(wording: usize, is_reversed: bool) -> Self {
        Self {
            wording,
            is_reversed,
        }
    }

    /// The name in the released files, such as `v1_reversed`.
    pub fn name(self) -> &'static str {
        [
            "v1",
            "v1_reversed",
            "v2",
            "v2_reversed",
            "v3",
            "v3_reversed",
        ][self.place()]
    }

    fn place(self) -> usize {
        2 * self.wording + usize::from(self.is_reversed)
    }
}

/// The templates of all variants, as Value Portrait publishes them: files with the slots `{title}`,
/// `{text}` (the query) and `{content}` (the response).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortraitPrompts {
    /// Of posts and of messages, by variant.
    templates: [[String; 6]; 2],
}

impl PortraitPrompts {
    /// Reads a folder like the released `lm_evaluation/prompts`: a folder for each variant
    /// ([`Variant::name`]) with `reddit_prompt.txt` and `sharegpt_prompt.txt`.
    ///
    /// # Errors
    ///
    /// [`ReadError`] for a file that is missing, is not UTF-8, or lacks one of the slots (messages
    /// have no title).
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self, ReadError> {
        let mut templates: [[String; 6]; 2] = Default::default();
        let sources = [("reddit", &REDDIT[..]), ("sharegpt", SHAREGPT)];
        for (texts, (name, slots)) in templates.iter_mut().zip(sources) {
            for (text, variant) in texts.iter_mut().zip(Variant::ALL) {
                let file = folder.as_ref().join(variant.name());
                *text = read(&file.join(format!("{name}_prompt.txt")), slots)?;
            }
        }
        Ok(Self { templates })
    }

    /// The prompt that asks about an item. What stands in braces in a query or a response is text,
    /// not a slot.
    pub fn render(&self, variant: Variant, item: &PortraitItem) -> String {
        let query = &*item.query;
        let mut rest = self.templates[query.source as usize][variant.place()].as_str();
        let mut prompt = String::with_capacity(rest.len() + query.text.len() + item.text.len());
        let fill = |slot| match slot {
            TITLE => query.title.as_deref().unwrap_or_default(),
            TEXT => &query.text,
            _ => &item.text,
        };
        while let Some((place, slot)) = next_slot(rest, slots(query.source)) {
            prompt.push_str(&rest[..place]);
            prompt.push_str(fill(slot));
            rest = &rest[place + slot.len()..];
        }
        prompt + rest
    }
}

const TITLE: &str = "{title}";
const TEXT: &str = "{text}";
const CONTENT: &str = "{content}";
const REDDIT: [&str; 3] = [TITLE, TEXT, CONTENT];
const SHAREGPT: &[&str] = &[TEXT, CONTENT];

fn slots(source: Source) -> &'static [&'static str] {
    match source {
        Source::Reddit => &REDDIT,
        Source::ShareGpt => SHAREGPT,
    }
}

fn next_slot(text: &str, slots: &[&'static str]) -> Option<(usize, &'static str)> {
    let places = slots
        .iter()
        .filter_map(|slot| Some((text.find(slot)?, *slot)));
    places.min()
}

fn read(path: &Path, slots: &[&str]) -> Result<String, ReadError> {
    let file = path.display().to_string();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(ReadError::Io { file, source }),
    };
    let text = utf8(&file, &bytes)?;
    match slots.iter().find(|slot| !text.contains(**slot)) {
        None => Ok(text.to_owned()),
        Some(slot) => Err(ReadError::Empty {
            file,
            expected: format!("the slot {slot}"),
            found: "none",
        }),
    }
}
