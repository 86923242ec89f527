//! What an answer means: yes, no or unsure.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

/// The position that an answer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stance {
    /// The answer is yes.
    Yes,
    /// The answer is no.
    No,
    /// The answer takes no position.
    Unsure,
}

/// What a [`Judge`] finds in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// The answer takes this position.
    Decided(Stance),
    /// The judge cannot tell; another may.
    Open,
}

/// Tells what an answer means.
///
/// An answer that a judge leaves [open](Judgement::Open) can go on to the next one, see
/// [`then`](Self::then): the published analysis judges by [rules](RuleJudge), asks a language model
/// about what they leave open, and takes the rest as unsure.
pub trait Judge {
    /// Why a judge can fail; [`Infallible`] for rules, say a network's error for a model.
    type Error: Error;

    /// Judges a response: all that the model wrote after the prompt.
    ///
    /// # Errors
    ///
    /// The judge's own; an answer that means nothing is not an error but [open](Judgement::Open).
    fn judge(&self, response: &str) -> Result<Judgement, Self::Error>;

    /// A judge that asks `next` for what this one leaves open.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use valuebench::{Judge, Judgement, RuleJudge, Stance};
    ///
    /// struct Keyword;
    ///
    /// impl Judge for Keyword {
    ///     type Error = Infallible;
    ///
    ///     fn judge(&self, response: &str) -> Result<Judgement, Infallible> {
    ///         Ok(match response.contains("agree") {
    ///             true => Judgement::Decided(Stance::Yes),
    ///             false => Judgement::Open,
    ///         })
    ///     }
    /// }
    ///
    /// let judge = RuleJudge.then(Keyword);
    /// assert_eq!(judge.judge("No, but I agree")?, Judgement::Decided(Stance::No));
    /// assert_eq!(judge.judge("I agree")?, Judgement::Decided(Stance::Yes));
    /// assert_eq!(judge.judge("Well")?.or_unsure(), Stance::Unsure);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn then<J: Judge>(self, next: J) -> Then<Self, J>
    where
        Self: Sized,
    {
        Then { first: self, next }
    }
}

impl Judgement {
    /// The position, unsure where it is open.
    pub fn or_unsure(self) -> Stance {
        match self {
            Self::Decided(stance) => stance,
            Self::Open => Stance::Unsure,
        }
    }
}

impl<J: Judge> Judge for &J {
    type Error = J::Error;

    fn judge(&self, response: &str) -> Result<Judgement, J::Error> {
        (**self).judge(response)
    }
}

/// The rules of the released code.
///
/// Upper and lower case are alike. The *answer* is the text after the last line break followed by
/// `Answer:`, or the whole text where there is none, without white space around it. Then, in this
/// order:
///
/// 1. yes, if the text or the answer begins with `yes` or `sure`;
/// 2. no, if either begins with `no` (so `not sure` and `nothing` are a no);
/// 3. unsure, if the text begins with `unsure`, `i cannot` or `i am unable`, or the answer with
///    `unsure`;
/// 4. open otherwise.
///
/// As the *last* answer counts, cutting a response after its first answer can change the
/// judgement.
///
/// ```
/// use valuebench::{Judge, Judgement, RuleJudge, Stance};
///
/// let judge = |text| RuleJudge.judge(text);
/// assert_eq!(judge(" I like it.\nAnswer: yes")?, Judgement::Decided(Stance::Yes));
/// assert_eq!(judge(" I think so")?, Judgement::Open);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleJudge;

impl Judge for RuleJudge {
    type Error = Infallible;

    fn judge(&self, response: &str) -> Result<Judgement, Infallible> {
        let text = response.to_lowercase();
        let answer = Answer::of(&text);
        let answer = answer.answer.unwrap_or_else(|| strip(&text));
        let text_begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
        let answer_begins = |words: &[&str]| words.iter().any(|word| answer.starts_with(word));
        let either_begins = |words: &[&str]| text_begins(words) || answer_begins(words);
        Ok(if either_begins(&["yes", "sure"]) {
            Judgement::Decided(Stance::Yes)
        } else if either_begins(&["no"]) {
            Judgement::Decided(Stance::No)
        } else if text_begins(&["unsure", "i cannot", "i am unable"]) || answer_begins(&["unsure"])
        {
            Judgement::Decided(Stance::Unsure)
        } else {
            Judgement::Open
        })
    }
}

/// A response in its two parts. Judged apart, they tell how consistent the model is (Table 2 of
/// the paper).
///
/// ```
/// use valuebench::Answer;
///
/// let parts = Answer::of(" I like people.\nAnswer: yes");
/// assert_eq!(parts.thought, "I like people.");
/// assert_eq!(parts.answer, Some("yes"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// What stands before the answer, without white space around it.
    pub thought: &'a str,
    /// What stands after the last line break followed by `Answer:`, in upper or lower case, if
    /// there is one, without white space around it.
    pub answer: Option<&'a str>,
}

impl<'a> Answer<'a> {
    /// Splits a response at its last answer.
    pub fn of(response: &'a str) -> Self {
        match last_mark(response) {
            Some(start) => Self {
                thought: strip(&response[..start]),
                answer: Some(strip(&response[start + MARK.len()..])),
            },
            None => Self {
                thought: strip(response),
                answer: None,
            },
        }
    }
}

/// Tells as an answer is written when the [rules](RuleJudge) can decide its first answer, so that
/// no more of it is needed. Each letter takes the same short time, however long the text is.
///
/// A text that itself begins with `yes` or `sure` is a yes whatever follows. Otherwise it is
/// decided once the text after an `Answer:` is; one that begins with `no` can still turn.
///
/// ```
/// use valuebench::FirstAnswer;
///
/// let mut written = FirstAnswer::default();
/// assert_eq!(written.push(" I like it.\nAns"), None);
/// assert_eq!(written.push("wer: yes, I do"), Some(23));
/// assert_eq!(FirstAnswer::cut(" No.\nAnswer: no\n\nAnswer: yes"), " No.\nAnswer: no");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstAnswer {
    /// Bytes so far.
    n_bytes: usize,
    /// The first letters, in lower case.
    beginning: String,
    /// How much of a mark the last letters are.
    matched: usize,
    /// The first letters after the last mark, in lower case and without white space before them.
    answer: Option<String>,
    decided: Option<usize>,
}

impl FirstAnswer {
    /// Adds what was written next; gives the length in bytes, of all that was added, at which the
    /// answer was decided.
    pub fn push(&mut self, text: &str) -> Option<usize> {
        for letter in text.chars() {
            if self.decided.is_some() {
                break;
            }
            self.n_bytes += letter.len_utf8();
            if self.decides(letter.to_ascii_lowercase()) {
                self.decided = Some(self.n_bytes);
            }
        }
        self.decided
    }

    /// The text up to where its first answer is decided; the whole text if it never is. Linear in
    /// the text.
    pub fn cut(text: &str) -> &str {
        let end = Self::default().push(text);
        &text[..end.unwrap_or(text.len())]
    }

    fn decides(&mut self, letter: char) -> bool {
        if self.beginning.len() < LONGEST_YES {
            self.beginning.push(letter);
            if YES.contains(&self.beginning.as_str()) {
                return true;
            }
        }
        // The mark begins with the only line break in it, so a letter that does not go on with it
        // can only begin it.
        let goes_on = MARK[self.matched..].starts_with(letter);
        self.matched = match goes_on {
            true => self.matched + 1,
            false => usize::from(letter == '\n'),
        };
        if self.matched == MARK.len() {
            self.matched = 0;
            self.answer = Some(String::new());
            return false;
        }
        match &mut self.answer {
            Some(answer) if answer.is_empty() && is_space(letter) => false,
            Some(answer) if answer.len() < LONGEST_WORD => {
                answer.push(letter);
                DECIDING.contains(&answer.as_str())
            }
            _ => false,
        }
    }
}

const YES: [&str; 2] = ["yes", "sure"];
const LONGEST_YES: usize = 4;

/// What an answer begins with that the rules decide.
const DECIDING: [&str; 6] = ["yes", "sure", "no", "unsure", "i cannot", "i am unable"];
const LONGEST_WORD: usize = 11;

/// A judge after a judge: made by [`Judge::then`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Then<A, B> {
    first: A,
    next: B,
}

/// Which of two judges failed.
#[derive(Debug, thiserror::Error)]
pub enum ThenError<A: Error + 'static, B: Error + 'static> {
    /// The first.
    #[error(transparent)]
    First(A),
    /// The one asked for what the first left open.
    #[error(transparent)]
    Next(B),
}

impl<A: Judge, B: Judge> Judge for Then<A, B>
where
    A::Error: 'static,
    B::Error: 'static,
{
    type Error = ThenError<A::Error, B::Error>;

    fn judge(&self, response: &str) -> Result<Judgement, Self::Error> {
        match self.first.judge(response).map_err(ThenError::First)? {
            Judgement::Open => self.next.judge(response).map_err(ThenError::Next),
            decided => Ok(decided),
        }
    }
}

impl fmt::Display for Stance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unsure => "unsure",
        })
    }
}

const MARK: &str = "\nanswer:";

/// Where the last mark begins. Letters outside ASCII never become one of the mark's in lower case.
fn last_mark(text: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(MARK.len());
    let mut places = windows.enumerate().rev();
    let last = places.find(|(_, window)| window.eq_ignore_ascii_case(MARK.as_bytes()));
    last.map(|(place, _)| place)
}

/// Without white space around it, by Python's notion, which has four separators more than Rust's.
fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By its own words: the shortest beginning of the text that is decided.
    fn cut_by_trying(text: &str) -> &str {
        let is_decided = |so_far: &str| {
            let lower = so_far.to_ascii_lowercase();
            let answer = Answer::of(so_far).answer;
            lower.starts_with("yes")
                || lower.starts_with("sure")
                || answer.is_some_and(|answer| judged(answer) != Judgement::Open)
        };
        let mut ends = text
            .char_indices()
            .map(|(at, letter)| at + letter.len_utf8());
        let end = ends.find(|&end| is_decided(&text[..end]));
        &text[..end.unwrap_or(text.len())]
    }

    proptest! {
        #[test]
        fn the_first_answer_is_found_as_it_is_written(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "\n", "\nAnswer:", "\nanswer:", "ANSWER:", "answer", ":", " ", "\u{1c}", "yes", "Sure", "s", "n",
                    "no", "un", "sure", "I cannot", "i am ", "unable", "é", "\u{212a}", "İ", "x",
                ]),
                0..14,
            ),
            cuts in any::<u64>(),
        ) {
            let text = parts.concat();
            let expected = cut_by_trying(&text);
            prop_assert_eq!(FirstAnswer::cut(&text), expected);
            let mut written = FirstAnswer::default();
            let mut end = None;
            for (n, part) in parts.iter().enumerate() {
                let half = part.len() * usize::from(cuts >> n & 1 == 1);
                end = written.push(&part[..half]).or(written.push(&part[half..]));
            }
            prop_assert_eq!(&text[..end.unwrap_or(text.len())], expected);
        }
    }

    /// What took minutes when each beginning was judged anew.
    #[test]
    fn long_answers_take_no_time() {
        let text = "I wonder.\nAnswer: well, ".repeat(200_000);
        let begun = std::time::Instant::now();
        assert_eq!(FirstAnswer::cut(&text), text);
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }

    fn judged(text: &str) -> Judgement {
        RuleJudge.judge(text).unwrap()
    }

    #[test]
    fn the_last_answer_counts() {
        assert_eq!(judged(" a\nAnswer: yes"), Judgement::Decided(Stance::Yes));
        assert_eq!(
            judged(" a\nAnswer: yes\n\nAnswer: No"),
            Judgement::Decided(Stance::No)
        );
        assert_eq!(judged(" a\nAnswer: yes\n\nAnswer:"), Judgement::Open);
    }

    #[test]
    fn the_text_is_not_stripped_but_the_answer_is() {
        assert_eq!(judged("I cannot say"), Judgement::Decided(Stance::Unsure));
        assert_eq!(judged(" I cannot say"), Judgement::Open);
        assert_eq!(
            judged(" x\nANSWER:\u{1c}\u{a0}\u{3000}YES"),
            Judgement::Decided(Stance::Yes)
        );
        assert_eq!(judged(" unsure"), Judgement::Decided(Stance::Unsure));
    }

    #[test]
    fn text_outside_ascii_and_nothing_at_all() {
        for text in ["", "\n", "İ\nAnswer:", "é\nanswer: ja", "\u{212a}"] {
            assert_eq!(judged(text), Judgement::Open, "{text:?}");
        }
        assert_eq!(judged("İİİ\nAnswer: Sure"), Judgement::Decided(Stance::Yes));
    }

    #[test]
    fn parts_lie_around_the_last_mark() {
        let parts = Answer::of("Thought: a\nAnswer: b\nANSWER: c\n");
        assert_eq!(parts.thought, "Thought: a\nAnswer: b");
        assert_eq!(parts.answer, Some("c"));
        assert_eq!(
            Answer::of(" a "),
            Answer {
                thought: "a",
                answer: None
            }
        );
    }

    #[test]
    fn the_second_judge_sees_what_the_first_leaves_open() {
        struct Failing;
        impl Judge for Failing {
            type Error = fmt::Error;

            fn judge(&self, _: &str) -> Result<Judgement, fmt::Error> {
                Err(fmt::Error)
            }
        }
        let judge = RuleJudge.then(Failing);
        assert_eq!(judge.judge("yes").unwrap(), Judgement::Decided(Stance::Yes));
        assert!(matches!(
            judge.judge("well"),
            Err(ThenError::Next(fmt::Error))
        ));
    }
}
