//! What a steer did to the answers.

use serde::Serialize;
use study::planted::Truth;
use value_causal::bench::{Definitions, Instruction, Item, Stance};

use crate::answers::Answer;
use crate::file::Sign;
use program::Failure;

/// What a steer did, over all roles. A value has moved where the mean of its answers (yes 1, no -1, turned where an item is keyed
/// negatively) is another than without the steer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Measures {
    /// The share of roles whose own value moved as it was to, of those with room to; none where none has room.
    pub success: Option<f64>,
    /// The share of roles whose own value moved against the steer.
    pub against: f64,
    /// By how much the own value moved as it was to, mean over roles: of leans where these were read off. From -2 to 2.
    pub shift: f64,
    /// Of the values that follow the steered one in the graph, and roles, the share that moved; none where nothing follows.
    pub inside: Option<f64>,
    /// Of the others.
    pub outside: Option<f64>,
    /// The share of answers that are what intervening on the value gives; none where that is not known.
    pub as_under_do: Option<f64>,
    /// The share of answers that are neither yes nor no.
    pub undecided: f64,
}

/// A half of the items of each value: on one doses are chosen, on the other they are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Every second item of a value, from its first on.
    Chooses,
    /// The others.
    Reports,
    /// All of them.
    Both,
}

/// What answers are held against.
pub struct Judge<'a> {
    /// The items asked, in their order.
    pub items: Vec<&'a Item>,
    /// The values, in the order of the questionnaire.
    pub values: &'a [String],
    /// The roles asked.
    pub roles: Vec<Option<String>>,
    /// By value, whether others follow it in the graph.
    pub follows: Vec<Vec<bool>>,
    /// What is planted, if anything is.
    pub truth: Option<&'a Truth>,
    /// Of the values.
    pub definitions: &'a Definitions,
}

/// Mean scores, `[role][value]`.
type Scores = Vec<Vec<f64>>;

impl Judge<'_> {
    /// The items of a half.
    fn half(&self, half: Half) -> Vec<bool> {
        let mut seen = vec![0_usize; self.values.len()];
        let items = self.items.iter().map(|item| {
            let value = self.value_of(item);
            seen[value] += 1;
            match half {
                Half::Chooses => seen[value] % 2 == 1,
                Half::Reports => seen[value].is_multiple_of(2),
                Half::Both => true,
            }
        });
        items.collect()
    }

    fn value_of(&self, item: &Item) -> usize {
        let found = self.values.iter().position(|value| *value == item.value);
        found.unwrap_or(0)
    }

    fn scores(&self, answers: &[Vec<Answer>], kept: &[bool], of: fn(Answer) -> f64) -> Scores {
        let of_role = |answers: &Vec<Answer>| {
            let (mut sums, mut n) = (vec![0.0; self.values.len()], vec![0.0; self.values.len()]);
            for ((answer, item), _) in answers
                .iter()
                .zip(&self.items)
                .zip(kept)
                .filter(|(_, k)| **k)
            {
                let value = self.value_of(item);
                sums[value] += of(*answer) * f64::from(item.keying.sign());
                n[value] += 1.0;
            }
            sums.iter()
                .zip(&n)
                .map(|(sum, n)| sum / f64::max(*n, 1.0))
                .collect()
        };
        answers.iter().map(of_role).collect()
    }

    /// What a steer did that was to move `value` this way.
    ///
    /// # Errors
    /// The truth does not know a role or an item.
    pub fn measure(
        &self,
        (before, after): (&[Vec<Answer>], &[Vec<Answer>]),
        (value, sign): (&str, Sign),
        half: Half,
    ) -> Result<Measures, Failure> {
        let kept = self.half(half);
        let own = self
            .values
            .iter()
            .position(|known| known == value)
            .unwrap_or(0);
        let said = |answers| self.scores(answers, &kept, Answer::said);
        let lean = |answers| self.scores(answers, &kept, |answer| answer.lean);
        let ((was, is), (leant, leans)) =
            ((said(before), said(after)), (lean(before), lean(after)));
        let way = |role: usize| (is[role][own] - was[role][own]) * sign.factor();
        let roles = 0..was.len();
        let room = roles
            .clone()
            .filter(|&role| was[role][own] * sign.factor() < 1.0);
        let moved = |role: usize, value: usize| is[role][value] != was[role][value];
        let others = |follows: bool| {
            let values =
                (0..self.values.len()).filter(|&v| v != own && self.follows[own][v] == follows);
            let each = values.flat_map(|value| roles.clone().map(move |role| (role, value)));
            share(each.map(|(role, value)| moved(role, value)))
        };
        let shifts = roles
            .clone()
            .map(|role| (leans[role][own] - leant[role][own]) * sign.factor());
        let answers = after.iter().flat_map(|answers| answers.iter().zip(&kept));
        let answers = answers.filter(|(_, kept)| **kept);
        Ok(Measures {
            success: share(room.map(|role| way(role) > 0.0)),
            against: share(roles.clone().map(|role| way(role) < 0.0)).unwrap_or(0.0),
            shift: shifts.sum::<f64>() / was.len().max(1) as f64,
            inside: others(true),
            outside: others(false),
            as_under_do: self.as_under_do(after, &kept, value, sign)?,
            undecided: share(answers.map(|(answer, _)| answer.stance == Stance::Unsure))
                .unwrap_or(0.0),
        })
    }

    fn as_under_do(
        &self,
        answers: &[Vec<Answer>],
        kept: &[bool],
        value: &str,
        sign: Sign,
    ) -> Result<Option<f64>, Failure> {
        let Some(truth) = self.truth else {
            return Ok(None);
        };
        let instruction = Instruction::new(value, sign.inclination(), self.definitions);
        let (mut right, mut all) = (0.0, 0.0);
        for (role, answers) in self.roles.iter().zip(answers) {
            let asked = answers.iter().zip(&self.items).zip(kept);
            for ((answer, item), _) in asked.filter(|(_, kept)| **kept) {
                let planted = truth.answer(role.as_deref(), &item.question, Some(&instruction))?;
                right += f64::from(answer.stance == planted);
                all += 1.0;
            }
        }
        Ok((all > 0.0).then(|| right / all))
    }
}

/// The harmonic mean of three ratings, 0 where one of them is: how AxBench (Wu et al. 2025) makes one score of concept,
/// instruction and fluency.
#[must_use]
pub fn harmonic(ratings: [f64; 3]) -> f64 {
    match ratings.iter().any(|rating| *rating <= 0.0) {
        true => 0.0,
        false => 3.0 / ratings.iter().map(|rating| 1.0 / rating).sum::<f64>(),
    }
}

fn share(all: impl Iterator<Item = bool>) -> Option<f64> {
    let (mut yes, mut n) = (0.0, 0.0);
    for one in all {
        yes += f64::from(one);
        n += 1.0;
    }
    (n > 0.0).then(|| yes / n)
}

impl Measures {
    /// The mean over these; a number that some lack is the mean over the others.
    #[must_use]
    pub fn mean<'a>(all: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let of = |number: fn(&Self) -> Option<f64>| {
            let numbers: Vec<f64> = all.clone().filter_map(number).collect();
            (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
        };
        Self {
            success: of(|m| m.success),
            against: of(|m| Some(m.against)).unwrap_or(0.0),
            shift: of(|m| Some(m.shift)).unwrap_or(0.0),
            inside: of(|m| m.inside),
            outside: of(|m| m.outside),
            as_under_do: of(|m| m.as_under_do),
            undecided: of(|m| Some(m.undecided)).unwrap_or(0.0),
        }
    }

    /// What is between these and others, as far as `share` of the way.
    #[must_use]
    pub fn between(&self, other: &Self, share: f64) -> Self {
        let at = |a: f64, b: f64| a + (b - a) * share;
        let both = |a: Option<f64>, b: Option<f64>| Some(at(a?, b?));
        Self {
            success: both(self.success, other.success),
            against: at(self.against, other.against),
            shift: at(self.shift, other.shift),
            inside: both(self.inside, other.inside),
            outside: both(self.outside, other.outside),
            as_under_do: both(self.as_under_do, other.as_under_do),
            undecided: at(self.undecided, other.undecided),
        }
    }

    /// By what doses are chosen, from 0 to 2: the [`harmonic`] mean of success, of what did not move against the steer, and
    /// of other values that stayed and are not expected to move, each twice.
    #[must_use]
    pub fn score(&self) -> f64 {
        let stayed = 1.0 - self.outside.unwrap_or(0.0);
        harmonic([self.success.unwrap_or(0.0), 1.0 - self.against, stayed].map(|share| 2.0 * share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::bench::Keying;

    fn item(value: &str, question: &str, keying: Keying) -> Item {
        Item {
            value: value.into(),
            keying,
            question: question.into(),
            ..Item::default()
        }
    }

    fn said(words: &str) -> Vec<Answer> {
        let of = |c: char| {
            let (stance, lean) = match c {
                'y' => (Stance::Yes, 0.5),
                'n' => (Stance::No, -0.5),
                _ => (Stance::Unsure, 0.0),
            };
            Answer { stance, lean }
        };
        words.chars().map(of).collect()
    }

    #[test]
    fn what_moved_is_told_by_where_it_lies_in_the_graph() {
        let items = [
            item("A", "a1", Keying::Positive),
            item("A", "a2", Keying::Negative),
            item("B", "b1", Keying::Positive),
            item("B", "b2", Keying::Positive),
            item("C", "c1", Keying::Positive),
            item("C", "c2", Keying::Positive),
        ];
        let values = ["A", "B", "C"].map(str::to_owned);
        let definitions = Definitions::default();
        let judge = Judge {
            items: items.iter().collect(),
            values: &values,
            roles: vec![None, Some("x".into())],
            follows: vec![vec![false, true, false], vec![false; 3], vec![false; 3]],
            truth: None,
            definitions: &definitions,
        };
        // The first role's A goes up by its negative item; the second has no room and goes down.
        let before = [said("yynnyy"), said("ynyynn")];
        let after = [said("ynynyy"), said("nnyyn?")];
        let found = judge
            .measure((&before, &after), ("A", Sign::Raise), Half::Both)
            .unwrap();
        let expected = Measures {
            success: Some(1.0),
            against: 0.5,
            shift: 0.0,
            inside: Some(0.5),
            outside: Some(0.5),
            as_under_do: None,
            undecided: 1.0 / 12.0,
        };
        assert_eq!(found, expected);
        let lower = judge
            .measure((&before, &after), ("A", Sign::Lower), Half::Both)
            .unwrap();
        assert_eq!((lower.success, lower.against), (Some(0.5), 0.5));
        // On the second items alone: A of the first role only, and C of the second by its undecided answer.
        let half = judge
            .measure((&before, &after), ("A", Sign::Raise), Half::Reports)
            .unwrap();
        assert_eq!((half.success, half.against), (Some(1.0), 0.0));
        assert_eq!((half.inside, half.outside), (Some(0.0), Some(0.5)));
        assert_eq!(half.undecided, 1.0 / 6.0);
        assert_eq!(found.score(), harmonic([2.0, 1.0, 1.0]));
    }

    #[test]
    fn three_ratings_make_the_score_of_axbench() {
        assert_eq!(harmonic([1.0, 1.0, 2.0]), 1.2);
        assert_eq!(harmonic([2.0, 0.0, 2.0]), 0.0);
        assert!((harmonic([2.0, 2.0, 1.0]) - 1.5).abs() < 1e-12);
        let Some(folder) = std::env::var_os("TCH_LENS_STEERING") else {
            println!("TCH_LENS_STEERING is not set: scores are not held against stored ones");
            return;
        };
        let file = std::path::Path::new(&folder).join("synthetic_steering.json");
        let text = std::fs::read_to_string(file).unwrap();
        let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
        let stored = &stored["axbench_score"];
        let triples: Vec<[f64; 3]> = serde_json::from_value(stored["triples"].clone()).unwrap();
        let scores: Vec<f64> = serde_json::from_value(stored["score"].clone()).unwrap();
        assert_eq!((triples.len(), scores.len()), (27, 27));
        for (triple, score) in triples.into_iter().zip(scores) {
            assert!((harmonic(triple) - score).abs() < 1e-12, "{triple:?}");
        }
    }

    #[test]
    fn means_and_points_between_leave_out_what_is_not_there() {
        let one = Measures {
            success: Some(1.0),
            inside: None,
            ..Measures::default()
        };
        let other = Measures {
            success: Some(0.0),
            inside: Some(0.5),
            undecided: 1.0,
            ..Measures::default()
        };
        let mean = Measures::mean([one, other].iter());
        assert_eq!(
            (mean.success, mean.inside, mean.undecided),
            (Some(0.5), Some(0.5), 0.5)
        );
        let between = one.between(&other, 0.25);
        assert_eq!((between.success, between.inside), (Some(0.75), None));
    }
}
