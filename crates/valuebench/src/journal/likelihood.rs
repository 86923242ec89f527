//! Answers that are not written but read off: how likely a model finds a yes and a no.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::{RatingScale, Scale, Stance};

/// The judge of answers whose text is that of [`Likelihoods`], or of [`RatingLikelihoods`].
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

/// Several spellings add up, and so do their roundings.
fn probable(p: &f64) -> bool {
    (0.0..=1.0 + 1e-4).contains(p)
}

/// How likely a model finds each rating of a scale, in each form in which it was asked: with the
/// options in one order and in the other, say.
///
/// As an answer's text they are JSON, as [`Likelihoods`] are; the answer counts by the
/// [expected](Self::expected) rating.
///
/// ```
/// use valuebench::RatingScale;
/// use valuebench::journal::RatingLikelihoods;
///
/// let scale: RatingScale = "never=1; often=3".parse()?;
/// let found = RatingLikelihoods::of(&scale, &[vec![0.125_f64.ln(), 0.375_f64.ln()]]);
/// assert!((found.expected()[0] - 2.5).abs() < 1e-12);
/// assert_eq!(RatingLikelihoods::parse(&found.to_string()), Some(found));
/// # Ok::<(), valuebench::ScaleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingLikelihoods {
    /// The probability of each rating, by form.
    pub ratings: BTreeMap<i32, Vec<f64>>,
}

impl RatingLikelihoods {
    /// From the natural log-probabilities of a scale's [spellings](RatingScale::spellings), in their
    /// order, form after form. The spellings of a rating add up. Of a spelling that another one goes
    /// on from, as "not like me at all" does from "not like me", only what does not go on so counts:
    /// as [`RatingJudge`](crate::RatingJudge) has it, the longest spelling says what is said.
    pub fn of(scale: &RatingScale, forms: &[Vec<f64>]) -> Self {
        let mut ratings: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
        for (form, log_probabilities) in forms.iter().enumerate() {
            let own = probabilities(scale.spellings(), log_probabilities);
            for ((_, rating), p) in scale.spellings().iter().zip(own) {
                let of_rating = ratings.entry(*rating).or_default();
                of_rating.resize(form + 1, 0.0);
                of_rating[form] += p;
            }
        }
        Self { ratings }
    }

    /// From an answer's text; none where that is something else, or no probabilities of as many
    /// forms for each rating.
    pub fn parse(text: &str) -> Option<Self> {
        let found: Self = serde_json::from_str(text).ok()?;
        let forms = found.ratings.values().next()?.len();
        let fits = |of: &Vec<f64>| of.len() == forms && of.iter().all(probable);
        (forms > 0 && found.ratings.values().all(fits)).then_some(found)
    }

    /// The probability that any rating is given, by form.
    pub fn given(&self) -> Vec<f64> {
        self.summed(|_| 1.0)
    }

    /// The mean of the ratings by their probabilities, given that one of them is, by form: the sum
    /// of rating times probability over the sum of the probabilities; NaN where that is 0.
    pub fn expected(&self) -> Vec<f64> {
        let sums = self.summed(f64::from).into_iter();
        sums.zip(self.given()).map(|(sum, p)| sum / p).collect()
    }

    fn summed(&self, of: impl Fn(i32) -> f64) -> Vec<f64> {
        let forms = self.ratings.values().next().map_or(0, Vec::len);
        let sum = |form: usize| {
            let all = self.ratings.iter();
            all.map(|(rating, p)| of(*rating) * p[form]).sum()
        };
        (0..forms).map(sum).collect()
    }

    /// The likeliest rating over all forms, by the judge [`BY_LIKELIHOOD`]; the lowest of several.
    pub fn verdict(&self) -> Verdict {
        let likeliest = self
            .ratings
            .iter()
            .map(|(rating, p)| (*rating, p.iter().sum::<f64>()));
        let likeliest = likeliest.reduce(|a, b| if b.1 > a.1 { b } else { a });
        match likeliest.filter(|_| self.given().iter().all(|p| *p > 0.0)) {
            Some((rating, _)) => Verdict::Rated {
                rating,
                judge: BY_LIKELIHOOD.to_owned(),
            },
            None => Verdict::Unjudged {
                reason: "no rating has any probability".to_owned(),
            },
        }
    }
}

impl std::fmt::Display for RatingLikelihoods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        f.write_str(&text)
    }
}

/// Of each spelling the probability that it is said and no other goes on from it.
fn probabilities(spellings: &[(String, i32)], log_probabilities: &[f64]) -> Vec<f64> {
    let mut own: Vec<f64> = log_probabilities.iter().map(|log_p| log_p.exp()).collect();
    for ((spelling, _), log_p) in spellings.iter().zip(log_probabilities) {
        let begins = |(_, other): &(usize, &str)| {
            let rest = spelling.strip_prefix(other);
            rest.is_some_and(|rest| rest.starts_with(' '))
        };
        let others = spellings
            .iter()
            .map(|(other, _)| other.as_str())
            .enumerate();
        if let Some((place, _)) = others.filter(begins).max_by_key(|(_, other)| other.len()) {
            own[place] -= log_p.exp();
        }
    }
    own.into_iter().map(|p| p.max(0.0)).collect()
}

/// What was read off of an answer, on any scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Leans {
    /// By form, where the answer lies between the ends of the scale, from -1 to 1: P(yes) - P(no),
    /// or the place of the expected rating.
    pub leans: Vec<f64>,
    /// By form, the probability of any answer on the scale: what is left to 1 the model would rather
    /// say something else.
    pub given: Vec<f64>,
}

impl Leans {
    /// Of an answer's text; `None` where that is something else.
    pub fn of(scale: &Scale, text: &str) -> Option<Self> {
        match scale {
            Scale::YesNo => Likelihoods::parse(text).map(|found| {
                let both = || found.yes.iter().zip(&found.no);
                Self {
                    leans: both().map(|(yes, no)| yes - no).collect(),
                    given: both().map(|(yes, no)| yes + no).collect(),
                }
            }),
            Scale::Ratings(scale) => RatingLikelihoods::parse(text).map(|found| {
                let expected = found.expected().into_iter();
                Self {
                    leans: expected.map(|rating| scale.lean(rating)).collect(),
                    given: found.given(),
                }
            }),
        }
    }

    /// The mean over all forms.
    pub fn lean(&self) -> f64 {
        self.leans.iter().sum::<f64>() / self.leans.len() as f64
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
    fn a_spelling_that_another_goes_on_from_counts_less_by_it() {
        let scale: RatingScale = "not=1; not at all=0; notable=3; not at all so=0; yes=2"
            .parse()
            .unwrap();
        let p: [f64; 5] = [0.5, 0.25, 0.0625, 0.125, 0.125];
        let found = RatingLikelihoods::of(&scale, &[p.map(f64::ln).to_vec()]);
        let expected = [(0, 0.25), (1, 0.25), (2, 0.125), (3, 0.0625)];
        for ((rating, p), (found, of)) in expected.into_iter().zip(&found.ratings) {
            assert!(
                rating == *found && (p - of[0]).abs() < 1e-12,
                "{found}: {of:?}"
            );
        }
        let mean = (0.25 + 0.25 + 0.1875) / 0.6875;
        assert!((found.expected()[0] - mean).abs() < 1e-12);
        assert!((found.given()[0] - 0.6875).abs() < 1e-12);
        let leans = Leans::of(&Scale::Ratings(scale), &found.to_string()).unwrap();
        assert!((leans.lean() - (mean / 1.5 - 1.0)).abs() < 1e-12);
    }

    #[test]
    fn ratings_are_read_over_their_forms_or_not_at_all() {
        let found =
            RatingLikelihoods::parse(r#"{"ratings":{"1":[0.5,0.1],"2":[0.2,0.7]}}"#).unwrap();
        assert!(matches!(found.verdict(), Verdict::Rated { rating: 2, .. }));
        let nothing = RatingLikelihoods::parse(r#"{"ratings":{"1":[0.5,0],"2":[0.2,0]}}"#).unwrap();
        assert!(matches!(nothing.verdict(), Verdict::Unjudged { .. }));
        for text in [
            "like me",
            r#"{"ratings":{}}"#,
            r#"{"ratings":{"1":[]}}"#,
            r#"{"ratings":{"1":[0.5],"2":[]}}"#,
            r#"{"ratings":{"1":[0.5],"2":[1.5]}}"#,
            r#"{"ratings":{"one":[0.5]}}"#,
            r#"{"yes":[0.5],"no":[0.5]}"#,
        ] {
            assert_eq!(RatingLikelihoods::parse(text), None, "{text}");
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
