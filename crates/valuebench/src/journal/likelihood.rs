//! Answers that are not written but read off: how likely a model finds a yes and a no.

use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::Stance;

/// The judge of answers whose text is that of [`Likelihoods`].
pub const BY_LIKELIHOOD: &str = "likelihood";

/// How likely a model finds a yes and a no, in each form in which it was asked: with the worked
/// examples in one order and in the other, say.
///
/// As an answer's text they are JSON, so that SQLite reads them too
/// (`SELECT json_extract(text, '$.yes[0]') FROM answers`). Where the judge of an answer is
/// [`BY_LIKELIHOOD`] it counts by its [`lean`](Self::lean), not by its stance.
///
/// ```
/// use valuebench::journal::Likelihoods;
///
/// let both = Likelihoods { yes: vec![0.5, 0.25], no: vec![0.25, 0.25] };
/// assert_eq!(both.lean(), 0.125);
/// assert_eq!(both.to_string(), r#"{"yes":[0.5,0.25],"no":[0.25,0.25]}"#);
/// assert_eq!(Likelihoods::parse(&both.to_string()), Some(both));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Likelihoods {
    /// The probability of a yes, by form.
    pub yes: Vec<f64>,
    /// The probability of a no, by form.
    pub no: Vec<f64>,
}

impl Likelihoods {
    /// From an answer's text; none where that is something else, or no probabilities of as many
    /// forms for both.
    pub fn parse(text: &str) -> Option<Self> {
        let found: Self = serde_json::from_str(text).ok()?;
        // Several spellings add up, and so do their roundings.
        let probable = |p: &f64| (0.0..=1.0 + 1e-4).contains(p);
        let fits = !found.yes.is_empty()
            && found.yes.len() == found.no.len()
            && found.yes.iter().chain(&found.no).all(probable);
        fits.then_some(found)
    }

    /// By how much the yes is more likely than the no, the mean over all forms: from -1 to 1.
    pub fn lean(&self) -> f64 {
        let of_each = self.yes.iter().zip(&self.no);
        of_each.map(|(yes, no)| yes - no).sum::<f64>() / self.yes.len() as f64
    }

    /// What is likelier, by the judge [`BY_LIKELIHOOD`].
    pub fn verdict(&self) -> Verdict {
        Verdict::Judged {
            stance: match self.lean() {
                lean if lean > 0.0 => Stance::Yes,
                lean if lean < 0.0 => Stance::No,
                _ => Stance::Unsure,
            },
            judge: BY_LIKELIHOOD.to_owned(),
        }
    }
}

impl std::fmt::Display for Likelihoods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_no_likelihoods() {
        for text in [
            "Answer: yes",
            "{}",
            r#"{"yes":[],"no":[]}"#,
            r#"{"yes":[0.5],"no":[0.5,0.1]}"#,
            r#"{"yes":[1.5],"no":[0.5]}"#,
            r#"{"yes":[-0.1],"no":[0.5]}"#,
            r#"{"yes":[null],"no":[0.5]}"#,
            r#"{"yes":[0.5],"no":[0.5],"why":1}"#,
        ] {
            assert_eq!(Likelihoods::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_likelier_one_is_the_stance() {
        for (yes, no, expected) in [
            (0.3, 0.2, Stance::Yes),
            (0.2, 0.3, Stance::No),
            (0.3, 0.3, Stance::Unsure),
        ] {
            let found = Likelihoods {
                yes: vec![yes],
                no: vec![no],
            };
            assert!(
                matches!(found.verdict(), Verdict::Judged { stance, .. } if stance == expected)
            );
        }
    }
}
