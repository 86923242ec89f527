//! The scales on which items are answered: yes or no, or a rating from low to high.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Answer, Judge, Judgement, RuleJudge, Stance};

/// How an item is answered.
///
/// As text, in questionnaires and study files, it is `yes/no`, `likeness`
/// ([`RatingScale::likeness`]), or spellings with their ratings:
///
/// ```
/// use valuebench::{Reading, Scale};
///
/// let scale: Scale = "never=1; sometimes=2; often=3; very often=4".parse()?;
/// assert_eq!(scale.bounds(), [1.0, 4.0]);
/// assert_eq!(scale.read("Hm.\nAnswer: Very often."), Some(Reading::Rating(4)));
/// assert_eq!(scale.lean(Reading::Rating(4)), 1.0);
/// assert_eq!(scale.to_string().parse(), Ok(scale));
/// # Ok::<(), valuebench::ScaleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scale {
    /// With yes or no.
    #[default]
    YesNo,
    /// With one of several ratings.
    Ratings(RatingScale),
}

/// What an answer says on its scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// A position.
    Stance(Stance),
    /// A rating.
    Rating(i32),
}

impl Scale {
    /// The least and the greatest number that an answer can count as.
    pub fn bounds(&self) -> [f64; 2] {
        match self {
            Self::YesNo => [-1.0, 1.0],
            Self::Ratings(scale) => [scale.low(), scale.high()].map(f64::from),
        }
    }

    /// What a response says, by the rules ([`RuleJudge`], [`RatingJudge`]); `None` where they cannot
    /// tell. A rating is looked for in the [answer](Answer::answer), and in the whole response where
    /// it has no `Answer:`.
    pub fn read(&self, response: &str) -> Option<Reading> {
        match self {
            Self::YesNo => match RuleJudge.judge(response) {
                Ok(Judgement::Decided(stance)) => Some(Reading::Stance(stance)),
                Ok(Judgement::Open) => None,
            },
            Self::Ratings(scale) => {
                let answer = Answer::of(response).answer.unwrap_or(response);
                RatingJudge::new(scale).judge(answer).map(Reading::Rating)
            }
        }
    }

    /// Where a reading lies between the ends of the scale, from -1 to 1: what it counts for in an
    /// orientation.
    pub fn lean(&self, reading: Reading) -> f64 {
        match self {
            Self::YesNo => reading.into(),
            Self::Ratings(scale) => scale.lean(reading.into()),
        }
    }

    /// Whether an answer can say this.
    pub fn holds(&self, reading: Reading) -> bool {
        match (self, reading) {
            (Self::YesNo, Reading::Stance(_)) => true,
            (Self::Ratings(scale), Reading::Rating(rating)) => scale.ratings().contains(&rating),
            _ => false,
        }
    }

    /// The ratings, where there are some.
    pub fn ratings(&self) -> Option<&RatingScale> {
        match self {
            Self::YesNo => None,
            Self::Ratings(scale) => Some(scale),
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YesNo => f.write_str(YES_NO),
            Self::Ratings(scale) => scale.fmt(f),
        }
    }
}

impl FromStr for Scale {
    type Err = ScaleError;

    fn from_str(text: &str) -> Result<Self, ScaleError> {
        match text.trim() {
            YES_NO => Ok(Self::YesNo),
            LIKENESS => Ok(Self::Ratings(RatingScale::likeness())),
            text => text.parse().map(Self::Ratings),
        }
    }
}

const YES_NO: &str = "yes/no";
const LIKENESS: &str = "likeness";

impl From<Reading> for f64 {
    /// 1, -1 and 0 for yes, no and unsure; a rating as it is.
    fn from(reading: Reading) -> Self {
        match reading {
            Reading::Stance(Stance::Yes) => 1.0,
            Reading::Stance(Stance::No) => -1.0,
            Reading::Stance(Stance::Unsure) => 0.0,
            Reading::Rating(rating) => rating.into(),
        }
    }
}

/// Why spellings make no scale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScaleError {
    /// There are not two ratings to choose from.
    #[error("a scale has at least two ratings, this one {found}")]
    FewRatings {
        /// Number of different ratings.
        found: usize,
    },
    /// A spelling is empty.
    #[error("the rating {rating} has an empty spelling")]
    EmptySpelling {
        /// The rating.
        rating: i32,
    },
    /// A spelling stands for two ratings.
    #[error("{spelling:?} stands for {first} and for {second}")]
    Ambiguous {
        /// The spelling, in lower case.
        spelling: String,
        /// One rating.
        first: i32,
        /// The other.
        second: i32,
    },
    /// A text does not say which spelling stands for which rating.
    #[error("expected {}, found {found:?}", Self::EXPECTED)]
    Malformed {
        /// The text, or the part of it.
        found: String,
    },
}

impl ScaleError {
    /// What the text of a scale is.
    pub(crate) const EXPECTED: &str = "\"yes/no\", \"likeness\" or ratings as \"never=1; often=2\"";
}

/// Ratings with the words that stand for them. As text they are joined by semicolons, which no
/// spelling should have then.
///
/// ```
/// use valuebench::{RatingJudge, RatingScale};
///
/// let scale = RatingScale::new([("disagree", 1), ("undecided", 2), ("agree", 3)])?;
/// assert_eq!((scale.low(), scale.high()), (1, 3));
/// assert_eq!(RatingJudge::new(&scale).judge("I strongly  Disagree."), Some(1));
/// # Ok::<(), valuebench::ScaleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RatingScale {
    /// As they were given, each once, with white space as one space.
    spellings: Arc<[(String, i32)]>,
    /// In lower case too; the longest first.
    sought: Arc<[(String, i32)]>,
}

impl RatingScale {
    /// Of spellings and the ratings that they stand for; a rating may have several. Upper and lower
    /// case are alike, and so is white space.
    ///
    /// # Errors
    ///
    /// [`ScaleError`] for fewer than two ratings, an empty spelling, and one for two ratings.
    pub fn new<S: AsRef<str>>(
        spellings: impl IntoIterator<Item = (S, i32)>,
    ) -> Result<Self, ScaleError> {
        let mut ratings: HashMap<String, i32> = HashMap::new();
        let mut written: Vec<(String, i32)> = Vec::new();
        for (spelling, second) in spellings {
            let one = (spaced(spelling.as_ref()), second);
            let spelling = one.0.to_lowercase();
            if spelling.is_empty() {
                return Err(ScaleError::EmptySpelling { rating: second });
            }
            if !written.contains(&one) {
                written.push(one);
            }
            match ratings.insert(spelling.clone(), second) {
                Some(first) if first != second => {
                    return Err(ScaleError::Ambiguous {
                        spelling,
                        first,
                        second,
                    });
                }
                _ => {}
            }
        }
        let mut sought: Vec<(String, i32)> = ratings.into_iter().collect();
        sought.sort_by(|(a, x), (b, y)| (b.len(), x, a).cmp(&(a.len(), y, b)));
        let scale = Self {
            spellings: written.into(),
            sought: sought.into(),
        };
        match scale.ratings().len() {
            found @ 0..2 => Err(ScaleError::FewRatings { found }),
            _ => Ok(scale),
        }
    }

    /// How much a response or a person is like oneself, from 1 (not at all) to 6 (very much): the
    /// scale of Value Portrait and of the Portrait Values Questionnaires, with the one other spelling
    /// that Value Portrait's released ratings count.
    pub fn likeness() -> Self {
        let spellings = [
            ("very much like me", 6),
            ("like me", 5),
            ("somewhat like me", 4),
            ("a little like me", 3),
            ("very little like me", 3),
            ("not like me", 2),
            ("not like me at all", 1),
        ];
        Self::new(spellings).expect("different spellings of six ratings")
    }

    /// The lowest rating.
    pub fn low(&self) -> i32 {
        self.ratings().first().copied().unwrap_or_default()
    }

    /// The highest rating.
    pub fn high(&self) -> i32 {
        self.ratings().last().copied().unwrap_or_default()
    }

    /// All spellings with their ratings, as they were given.
    pub fn spellings(&self) -> &[(String, i32)] {
        &self.spellings
    }

    /// Each rating with the first of its spellings, the highest rating first: what a prompt offers.
    pub fn options(&self) -> Vec<(&str, i32)> {
        let mut options: Vec<(&str, i32)> = Vec::new();
        for (spelling, rating) in &*self.spellings {
            if options.iter().all(|(_, other)| other != rating) {
                options.push((spelling, *rating));
            }
        }
        options.sort_by_key(|&(_, rating)| std::cmp::Reverse(rating));
        options
    }

    /// Where a rating, or a mean of ratings, lies between the lowest (-1) and the highest (1).
    pub fn lean(&self, rating: f64) -> f64 {
        let [low, high] = [self.low(), self.high()].map(f64::from);
        (2.0 * rating - low - high) / (high - low)
    }

    /// The rating, or mean of ratings, that lies there: what [`lean`](Self::lean) undoes.
    pub fn rating(&self, lean: f64) -> f64 {
        let [low, high] = [self.low(), self.high()].map(f64::from);
        (low + high + lean * (high - low)) / 2.0
    }

    /// The ratings, ascending.
    pub fn ratings(&self) -> Vec<i32> {
        let mut ratings: Vec<i32> = self.spellings.iter().map(|&(_, rating)| rating).collect();
        ratings.sort_unstable();
        ratings.dedup();
        ratings
    }
}

impl fmt::Display for RatingScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (spelling, rating)) in self.spellings.iter().enumerate() {
            let before = if place == 0 { "" } else { "; " };
            write!(f, "{before}{spelling}={rating}")?;
        }
        Ok(())
    }
}

impl FromStr for RatingScale {
    type Err = ScaleError;

    fn from_str(text: &str) -> Result<Self, ScaleError> {
        let parts = text.split(';').map(|part| {
            let rated = part.rsplit_once('=');
            let rated = rated.and_then(|(spelling, rating)| {
                Some((spelling.to_owned(), rating.trim().parse().ok()?))
            });
            rated.ok_or_else(|| ScaleError::Malformed {
                found: part.trim().to_owned(),
            })
        });
        Self::new(parts.collect::<Result<Vec<_>, _>>()?)
    }
}

/// Finds the rating in a response: that of the longest spelling which the response contains, upper
/// or lower case and however it is spaced. So "not like me at all" is not taken for "like me". Of
/// equally long spellings the one that stands first counts.
///
/// A spelling within another word or sentence counts too ("I don't think that is like me"): the rule
/// is that of Value Portrait's released ratings. Spellings that are whole numbers are sought where no
/// other is found, and not within other numbers: "from 1 to 6" and "1-6" name the scale, "5/6" and
/// "5 out of 6" say 5, and what says two ratings says none.
#[derive(Clone, Copy, Debug)]
pub struct RatingJudge<'a> {
    scale: &'a RatingScale,
}

impl<'a> RatingJudge<'a> {
    /// A judge on this scale.
    pub fn new(scale: &'a RatingScale) -> Self {
        Self { scale }
    }

    /// The rating; `None` where the response has no spelling of any.
    pub fn judge(&self, response: &str) -> Option<i32> {
        let response = normal(response);
        let spellings = &self.scale.sought;
        let mut alike = spellings.chunk_by(|(a, _), (b, _)| a.len() == b.len());
        let said = alike.find_map(|spellings| {
            let words = spellings
                .iter()
                .filter(|(spelling, _)| whole(spelling).is_none());
            let places =
                words.filter_map(|(spelling, rating)| Some((response.find(spelling)?, *rating)));
            places.min().map(|(_, rating)| rating)
        });
        said.or_else(|| self.number_in(&response))
    }

    /// The rating that the whole numbers of a response say, if it is one.
    fn number_in(&self, response: &str) -> Option<i32> {
        let numbers = numbers(response);
        let mut counts = vec![true; numbers.len()];
        for (at, pair) in numbers.windows(2).enumerate() {
            match response[pair[0].0.end..pair[1].0.start].trim() {
                "to" | "-" | "\u{2013}" | "through" => counts[at..at + 2].fill(false),
                "/" | "out of" => counts[at + 1] = false,
                _ => {}
            }
        }
        let rating = |number: i64| {
            let mut spellings = self.scale.sought.iter();
            spellings
                .find_map(|(spelling, rating)| (whole(spelling) == Some(number)).then_some(*rating))
        };
        let said = numbers.iter().zip(counts).filter(|(_, counts)| *counts);
        let mut said: Vec<i32> = said
            .filter_map(|((_, number), _)| rating((*number)?))
            .collect();
        said.sort_unstable();
        said.dedup();
        match said[..] {
            [rating] => Some(rating),
            _ => None,
        }
    }
}

fn whole(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// The numbers of a text with their places, those that are not whole as `None`. A number in a word is
/// none.
fn numbers(text: &str) -> Vec<(Range<usize>, Option<i64>)> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(first) = text[rest..].find(|c: char| c.is_ascii_digit()) {
        let start = rest + first;
        let is_part = |c: char| c.is_ascii_digit() || ".,".contains(c);
        let length = text[start..].find(|c| !is_part(c));
        let end = length.map_or(text.len(), |length| start + length);
        let digits = text[start..end].trim_end_matches(['.', ',']);
        rest = end;
        let before = text[..start].strip_suffix(['-', '\u{2212}']);
        let is_negative = before.is_some_and(|before| !before.ends_with(char::is_alphanumeric));
        let before = if is_negative {
            before.unwrap_or_default()
        } else {
            &text[..start]
        };
        let in_word =
            before.ends_with(char::is_alphabetic) || text[end..].starts_with(char::is_alphabetic);
        if !in_word {
            let number = whole(digits).map(|number| if is_negative { -number } else { number });
            found.push((before.len()..start + digits.len(), number));
        }
    }
    found
}

/// Lower case, white space as one space and none around.
fn normal(text: &str) -> String {
    spaced(&text.to_lowercase())
}

fn spaced(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_spelling_wins_then_the_first() {
        let scale = RatingScale::likeness();
        let judge = |text| RatingJudge::new(&scale).judge(text);
        assert_eq!(judge("Not like\n me  at all."), Some(1));
        assert_eq!(judge("like me"), Some(5));
        assert_eq!(judge("Very little like me"), Some(3));
        assert_eq!(judge("a little like me, no, somewhat like me"), Some(3));
        assert_eq!(judge("somewhat like me, no, a little like me"), Some(4));
        assert_eq!(judge("I cannot say"), None);
        assert_eq!(judge(""), None);
    }

    #[test]
    fn scales_know_their_bounds_and_what_is_said_on_them() {
        let scale = Scale::Ratings(RatingScale::likeness());
        assert_eq!(scale.bounds(), [1.0, 6.0]);
        assert_eq!(scale.read("Like me"), Some(Reading::Rating(5)));
        assert_eq!(Scale::YesNo.bounds(), [-1.0, 1.0]);
        let no = Scale::YesNo.read("No, never").unwrap();
        assert_eq!((no, f64::from(no)), (Reading::Stance(Stance::No), -1.0));
        assert_eq!(Scale::YesNo.read("Well"), None);
    }

    #[test]
    fn a_rating_is_read_from_the_answer_and_lies_between_the_ends() {
        let scale: Scale = "likeness".parse().unwrap();
        let thought = "That is not like me at all, is it?\nAnswer: Somewhat  like me.";
        assert_eq!(scale.read(thought), Some(Reading::Rating(4)));
        assert_eq!(scale.read("Like me.\nAnswer: well"), None);
        assert_eq!(scale.lean(Reading::Rating(4)), 0.2);
        let ratings = scale.ratings().unwrap();
        assert_eq!((ratings.rating(0.2), ratings.lean(3.5)), (4.0, 0.0));
        assert!(scale.holds(Reading::Rating(6)) && !scale.holds(Reading::Rating(0)));
        assert!(!scale.holds(Reading::Stance(Stance::Yes)));
    }

    #[test]
    fn scales_are_texts_too() {
        for text in ["yes/no", "Never=-1; now and then=0; Always=1; each day=1"] {
            let scale: Scale = text.parse().unwrap();
            assert_eq!(scale.to_string(), text);
        }
        let scale: RatingScale = " a = b =2; c=1;d=2".parse().unwrap();
        assert_eq!(scale.options(), [("a = b", 2), ("c", 1)]);
        let likeness = Scale::Ratings(RatingScale::likeness());
        assert_eq!(likeness.to_string().parse(), Ok(likeness));
        for text in ["", "likeness ;", "a", "a=1; b", "a=1; b=x", "a=1.5; b=2"] {
            let why = text.parse::<Scale>().unwrap_err().to_string();
            assert!(
                why.starts_with("expected \"yes/no\", \"likeness\" or ratings as"),
                "{why}"
            );
        }
    }

    #[test]
    fn what_is_no_scale_is_refused() {
        let message = |spellings: &[(&str, i32)]| {
            RatingScale::new(spellings.iter().copied())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(message(&[]), "a scale has at least two ratings, this one 0");
        assert_eq!(
            message(&[("a", 1), ("b", 1)]),
            "a scale has at least two ratings, this one 1"
        );
        assert_eq!(
            message(&[("a", 1), (" \n", 2)]),
            "the rating 2 has an empty spelling"
        );
        assert_eq!(
            message(&[("Yes", 1), ("yes ", 2)]),
            "\"yes\" stands for 1 and for 2"
        );
    }
}
