//! The comparison file (TOML): which methods are held against one another, on what.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use value_causal::bench::Inclination;

use crate::method::{How, In, Method, Place};

/// A comparison file. The study's path is relative to the file; all others are relative to the data folder, which is that
/// of the study file unless another is named.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonFile {
    /// Its name, as titles print it.
    pub name: String,
    /// The study file: model, questionnaire, roles, words and judging are its.
    pub study: PathBuf,
    /// The values that are steered; all of the study unless set.
    pub values: Option<Vec<String>>,
    /// Which way.
    #[serde(default = "both")]
    pub signs: Vec<Sign>,
    /// Whose answers.
    #[serde(default)]
    pub ask: Asked,
    /// The graph that says which side effects are to be expected: `truth`, or the key of a reference graph of the study's
    /// analysis. Without one, all side effects are unexpected.
    pub graph: Option<String>,
    /// Text on which the cost is measured.
    pub neutral: Neutral,
    /// Pairs of texts that differ in a value, by name.
    #[serde(default)]
    pub contrasts: BTreeMap<String, Contrast>,
    /// The methods.
    pub methods: Vec<Method>,
}

/// Which way a value is steered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Up.
    Raise,
    /// Down.
    Lower,
}

impl Sign {
    /// 1 or -1.
    #[must_use]
    pub fn factor(self) -> f64 {
        match self {
            Self::Raise => 1.0,
            Self::Lower => -1.0,
        }
    }

    /// What an instruction with this aim says.
    #[must_use]
    pub fn inclination(self) -> Inclination {
        match self {
            Self::Raise => Inclination::Inclined,
            Self::Lower => Inclination::Disinclined,
        }
    }
}

/// Who is asked which items under every steer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    /// How many of the test roles, from the first on; all unless set.
    pub roles: Option<usize>,
    /// How many items of each value, spread evenly over the questionnaire; all unless set.
    pub items: Option<usize>,
    /// Which items these are taken from.
    pub of: ItemsOf,
}

/// Which items are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemsOf {
    /// Those for test roles.
    #[default]
    Test,
    /// All of the questionnaire.
    All,
}

/// Text that has nothing to do with the values.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Neutral {
    /// A text file; each paragraph, between empty lines, is a text.
    pub file: PathBuf,
    /// At most so many of its texts, from the first on.
    #[serde(default = "texts")]
    pub texts: usize,
    /// At most so many tokens of each.
    #[serde(default = "tokens")]
    pub tokens: usize,
}

/// Where pairs of texts that differ in a value come from. `{value}` in a file's name is the value's, in lower case.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Contrast {
    /// The study's own prompts: the same role and item, told to incline to the value or to disincline from it.
    Instructions {
        /// How many of the training roles, from the first on.
        roles: usize,
        /// How many of the training items with each.
        #[serde(default = "one")]
        items: usize,
        /// Where they are read.
        #[serde(default)]
        read: ReadAt,
    },
    /// JSON with `question`, `answer_matching_behavior` and `answer_not_matching_behavior`, as CAA is released
    /// (Rimsky et al. 2024): the question with either answer behind it.
    Caa {
        /// The file.
        file: PathBuf,
        /// Where they are read; at the answer's letter, before its bracket, as released.
        #[serde(default = "before_last")]
        read: ReadAt,
    },
    /// CSV with `question_1` for the value and `question_2` against it, as ConVA is released (Jin et al. 2025).
    Conva {
        /// The file.
        file: PathBuf,
        /// Where they are read.
        #[serde(default)]
        read: ReadAt,
    },
}

/// Where activations of a text are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadAt {
    /// At its last token.
    #[default]
    Last,
    /// At the token before the last.
    BeforeLast,
    /// The mean over the tokens of the study's steered phrase.
    Phrase,
    /// The mean over all tokens but the first.
    Mean,
}

/// A comparison file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct ComparisonError {
    /// The file.
    pub file: PathBuf,
    /// What was expected and what was found.
    pub reason: String,
}

impl ComparisonFile {
    /// Reads a comparison file.
    ///
    /// # Errors
    /// It cannot be read, or a setting is missing, unknown or senseless.
    pub fn read(file: &Path) -> Result<Self, ComparisonError> {
        let refused = |reason: String| ComparisonError {
            file: file.to_owned(),
            reason,
        };
        let text = fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
        let read: Self =
            toml::from_str(&text).map_err(|error| refused(error.to_string().trim_end().into()))?;
        read.fault().map_or(Ok(read), |fault| Err(refused(fault)))
    }

    fn fault(&self) -> Option<String> {
        if self.methods.is_empty() || self.signs.is_empty() {
            return Some("expected a method and a sign, found none".to_owned());
        }
        if self.values.as_ref().is_some_and(Vec::is_empty) {
            return Some("values: expected a value, found none".to_owned());
        }
        let Asked { roles, items, .. } = self.ask;
        let counts = [
            ("ask.roles", roles.unwrap_or(1)),
            ("ask.items", items.unwrap_or(2)),
            ("neutral.texts", self.neutral.texts),
            ("neutral.tokens", self.neutral.tokens),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, n)| *n == 0) {
            return Some(format!("{name}: expected at least 1, found 0"));
        }
        if items == Some(1) {
            return Some(
                "ask.items: expected at least 2, so that doses are chosen on some and reported on others, found 1"
                    .to_owned(),
            );
        }
        let mut seen = HashSet::new();
        let twice = self
            .methods
            .iter()
            .find(|method| !seen.insert(&method.name));
        if let Some(method) = twice {
            return Some(format!("methods: two have the name {:?}", method.name));
        }
        self.methods.iter().find_map(|method| {
            let fault = self.fault_of(method)?;
            Some(format!("methods, {:?}: {fault}", method.name))
        })
    }

    fn fault_of(&self, method: &Method) -> Option<String> {
        if let Some(name) = method.how.contrast()
            && !self.contrasts.contains_key(name)
        {
            let known: Vec<&String> = self.contrasts.keys().collect();
            return Some(format!(
                "contrast: expected one of {known:?}, found {name:?}"
            ));
        }
        let mut seen = HashSet::new();
        let twice = method
            .doses
            .iter()
            .find(|dose| !seen.insert(dose.to_bits()));
        if let Some(dose) = twice {
            return Some(format!("doses: expected each once, found {dose} twice"));
        }
        if let Some(dose) = method.doses.iter().find(|dose| !dose.is_finite()) {
            return Some(format!("doses: expected numbers, found {dose}"));
        }
        if method.place == Place::Phrase && method.passes == In::Every {
            return Some(
                "passes: expected \"prompt\", or another place than the phrase, of which new tokens are no part".to_owned(),
            );
        }
        let is_placed = (method.place, method.passes) != (Place::default(), In::default());
        if is_placed
            && matches!(
                method.how,
                How::Instruction {} | How::ActivationAddition { .. }
            )
        {
            return Some("place, passes: expected none, as this method has its own".to_owned());
        }
        match (&method.how, method.doses.is_empty()) {
            (How::Instruction {}, false) => {
                Some("doses: an instruction has none, found some".to_owned())
            }
            (How::Instruction {}, true) | (_, false) => method.how.fault(&method.doses),
            (_, true) => Some("doses: expected at least one, found none".to_owned()),
        }
    }
}

fn both() -> Vec<Sign> {
    vec![Sign::Raise, Sign::Lower]
}

fn texts() -> usize {
    16
}

fn tokens() -> usize {
    128
}

fn one() -> usize {
    1
}

fn before_last() -> ReadAt {
    ReadAt::BeforeLast
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(methods: &str) -> Option<String> {
        let text = format!(
            "name = \"a\"\nstudy = \"b.toml\"\nneutral.file = \"c\"\n\
             contrasts.told.instructions = {{ roles = 3, read = \"phrase\" }}\n{methods}"
        );
        match toml::from_str::<ComparisonFile>(&text) {
            Ok(file) => file.fault(),
            Err(error) => Some(error.to_string()),
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_name() {
        let line = |doses: &str, contrast: &str| {
            format!(
                "[[methods]]\nname = \"m\"\ndoses = {doses}\nhow.mean-difference = {{ contrast = \"{contrast}\", at = \"x\" }}\n"
            )
        };
        assert_eq!(fault(&line("[1.0]", "told")), None);
        for (methods, expected) in [
            (line("[]", "told"), "doses: expected at least one"),
            (line("[1.0, 1.0]", "told"), "found 1 twice"),
            (line("[inf]", "told"), "expected numbers, found inf"),
            (line("[1.0]", "other"), "expected one of [\"told\"], found \"other\""),
            (line("[1.0]", "told").repeat(2), "two have the name \"m\""),
            (
                "[[methods]]\nname = \"m\"\ndoses = [1.5]\nhow.probability = { contrast = \"told\", at = \"x\" }\n".into(),
                "a probability between 0 and 1",
            ),
            (
                "[[methods]]\nname = \"m\"\ndoses = [1.5]\nhow.instruction = {}\n".into(),
                "an instruction has none",
            ),
            (
                "[[methods]]\nname = \"m\"\ndoses = [1.5]\nhow.magic = {}\n".into(),
                "unknown variant `magic`",
            ),
        ] {
            let found = fault(&methods).unwrap_or_default();
            assert!(found.contains(expected), "{expected}: {found}");
        }
    }
}
