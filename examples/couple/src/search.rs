//! The search for a plan: what is expected of levers together, what was measured, and when to stop.

use program::Failure;
use serde::Serialize;
use value_causal::discovery::decide::cheapest_set;
use value_causal::ndarray::Array1;

use crate::asking::Found;
use crate::goal::Goal;
use crate::levers::{Levers, Posture};
use crate::questions::Asks;

/// The search for one objective.
pub struct Search<'a> {
    levers: &'a Levers,
    most: usize,
    role: Option<String>,
    /// What is wanted.
    pub goal: Goal,
    /// The orientations as they are.
    pub now: Array1<f64>,
    /// What was asked, in order.
    pub steps: Vec<Step>,
    /// Why it ended; none while it goes on.
    pub stop: Option<Stop>,
    /// Rounds in a row that brought nothing better.
    idle: usize,
    /// What else is to be asked first.
    first: Option<Vec<usize>>,
}

/// A set of levers that was asked because it looked promising.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// In which round, from 1.
    pub round: usize,
    /// The levers.
    pub levers: Vec<String>,
    /// The deviation that was expected.
    pub expected: f64,
    /// The deviation that was measured.
    pub measured: f64,
    /// Whether the objective is met.
    pub met: bool,
}

/// A set of levers that is to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Try {
    /// The levers.
    pub set: Vec<usize>,
    /// The deviation that is expected.
    pub expected: f64,
    /// What measured best before.
    best_before: Vec<usize>,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The objective is met, and nothing else is expected to meet it at a lower cost.
    Met,
    /// Nothing is left that is expected to be worth its price.
    NothingLeft,
    /// Round after round brought nothing better, and nothing better is expected.
    NothingBetter,
    /// All rounds are over.
    RoundsOver,
}

/// How good a set is: one that meets the objective before all that do not, then by deviation and prices.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Score {
    misses: bool,
    cost: f64,
}

impl<'a> Search<'a> {
    /// For somebody in `role`, whose orientations are `now`.
    #[must_use]
    pub fn new(
        levers: &'a Levers,
        most: usize,
        role: Option<String>,
        goal: Goal,
        now: Array1<f64>,
    ) -> Self {
        Self {
            levers,
            most,
            role,
            goal,
            now,
            steps: Vec::new(),
            stop: None,
            idle: 0,
            first: None,
        }
    }

    /// Whose values these are; none is the model as itself.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// Has a set asked first, whatever is expected of it.
    pub fn propose(&mut self, set: Vec<usize>) {
        self.first = Some(set);
    }

    /// Who is asked when a set is tried; `None` for levers that exclude each other.
    #[must_use]
    pub fn posture(&self, set: &[usize]) -> Option<Posture> {
        self.levers.posture(self.role.as_deref(), set)
    }

    /// What was measured under a set.
    #[must_use]
    pub fn measured<'f>(&self, found: &'f Found, set: &[usize]) -> Option<&'f Array1<f64>> {
        found.get(&(Asks::Training, self.posture(set)?))
    }

    /// What is expected under a set: that changes add up, within the bounds of orientations; those of all but one lever
    /// where these were measured together, else of each alone. `None` for levers that exclude each other.
    #[must_use]
    pub fn expected(&self, found: &Found, set: &[usize]) -> Option<Array1<f64>> {
        self.posture(set)?;
        let change = |lever: usize| Some(self.measured(found, &[lever])? - &self.now);
        let without = |lever: usize| -> Vec<usize> {
            set.iter()
                .copied()
                .filter(|&other| other != lever)
                .collect()
        };
        let mut pairs = set.iter().filter(|_| set.len() > 2);
        let learned =
            pairs.find_map(|&lever| Some(self.measured(found, &without(lever))? + &change(lever)?));
        let values = match learned {
            Some(values) => values,
            None => {
                let mut values = self.now.clone();
                for &lever in set {
                    values += &change(lever)?;
                }
                values
            }
        };
        Some(values.mapv(|value| value.clamp(-1.0, 1.0)))
    }

    /// `None` for a set that is not worth its price, because all is as good, or well, as it is.
    fn score(&self, set: &[usize], values: &Array1<f64>) -> Option<Score> {
        let deviation = |values: &Array1<f64>| self.goal.deviation(values.view()).ok();
        let cost = deviation(values)? + self.levers.price(set);
        let is_well = self.goal.is_met(self.now.view());
        let is_worth_it = set.is_empty() || (!is_well && cost < deviation(&self.now)?);
        is_worth_it.then(|| Score {
            misses: !self.goal.is_met(values.view()),
            cost,
        })
    }

    /// The best of what was measured, nothing among it.
    ///
    /// # Errors
    /// More sets than can be gone through.
    pub fn best(&self, found: &Found) -> Result<Vec<usize>, Failure> {
        Ok(self.best_scored(found)?.map_or(Vec::new(), |(set, _)| set))
    }

    fn best_scored(&self, found: &Found) -> Result<Option<(Vec<usize>, Score)>, Failure> {
        let n = self.levers.all().len();
        let score = |set: &[usize]| self.score(set, self.measured(found, set)?);
        Ok(cheapest_set(n, self.most, score)?)
    }

    /// What to ask in this round, first what was proposed; nothing once the search is over. At most `rounds`, and `patience` of them in a row without
    /// a better one.
    ///
    /// # Errors
    /// More sets than can be gone through.
    pub fn next(
        &mut self,
        found: &Found,
        round: usize,
        (rounds, patience): (usize, usize),
    ) -> Result<Option<Try>, Failure> {
        if self.stop.is_some() {
            return Ok(None);
        }
        let best = self.best_scored(found)?;
        let first = self.first.take();
        if let Some(first) = first.filter(|set| self.measured(found, set).is_none()) {
            return Ok(Some(self.to_try(found, first, best)?));
        }
        let n = self.levers.all().len();
        let promise = |set: &[usize]| match self.measured(found, set) {
            Some(_) => None,
            None => self.score(set, &self.expected(found, set)?),
        };
        let next = cheapest_set(n, self.most, promise)?;
        let is_met = best.as_ref().is_some_and(|(_, score)| !score.misses);
        let is_better = match (&next, &best) {
            (Some((_, promised)), Some((_, best))) => promised < best,
            (next, _) => next.is_some(),
        };
        self.stop = match &next {
            _ if is_met && !is_better => Some(Stop::Met),
            None => Some(Stop::NothingLeft),
            Some(_) if !is_better && self.idle >= patience => Some(Stop::NothingBetter),
            Some(_) if round > rounds => Some(Stop::RoundsOver),
            Some(_) => None,
        };
        let next = next.filter(|_| self.stop.is_none());
        next.map(|(set, _)| self.to_try(found, set, best))
            .transpose()
    }

    fn to_try(
        &self,
        found: &Found,
        set: Vec<usize>,
        best: Option<(Vec<usize>, Score)>,
    ) -> Result<Try, Failure> {
        let values = self
            .expected(found, &set)
            .ok_or("a lever that was not asked alone")?;
        Ok(Try {
            expected: self.goal.deviation(values.view())?,
            best_before: best.map_or(Vec::new(), |(set, _)| set),
            set,
        })
    }

    /// Takes down what was measured of a set that was asked.
    ///
    /// # Errors
    /// The set was not asked.
    pub fn note(&mut self, found: &Found, round: usize, tried: &Try) -> Result<(), Failure> {
        let values = self
            .measured(found, &tried.set)
            .ok_or("a set that was not asked")?;
        let step = Step {
            round,
            levers: self.levers.names(&tried.set),
            expected: tried.expected,
            measured: self.goal.deviation(values.view())?,
            met: self.goal.is_met(values.view()),
        };
        self.steps.push(step);
        self.idle = match self.best(found)? == tried.best_before {
            true => self.idle + 1,
            false => 0,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{Target, Wanted};
    use crate::levers::{Does, Lever};
    use value_causal::ndarray::array;

    /// Steers along three values, in a world where the first two spoil each other.
    fn world(set: &[usize]) -> Array1<f64> {
        let mut values = array![0.0, 0.0];
        for &lever in set {
            values =
                values + [array![0.9, 0.0], array![0.0, 0.9], array![0.1, 0.75]][lever].clone();
        }
        match set {
            [0, 1, ..] => array![0.9, -0.5],
            _ => values,
        }
    }

    fn levers(prices: [f64; 3]) -> Levers {
        let lever = |(at, price): (usize, f64)| Lever {
            name: format!("along {at}"),
            price,
            does: Does::Steer(at.to_string(), 1.0),
        };
        Levers::from_iter(prices.into_iter().enumerate().map(lever))
    }

    fn wanted(targets: [f64; 2]) -> Goal {
        let values = ["A", "B"].map(str::to_owned);
        let target = |target| Target {
            target,
            tolerance: 0.15,
            priority: 1.0,
        };
        let wanted = Wanted {
            name: "both".to_owned(),
            role: None,
            values: values.iter().cloned().zip(targets.map(target)).collect(),
            others: None,
        };
        Goal::of(&wanted, &values, array![0.0, 0.0].view()).unwrap()
    }

    /// Searches to the end; the plan, what was asked on the way, and why it ended.
    fn searched(
        levers: &Levers,
        goal: Goal,
        limits: (usize, usize),
    ) -> (Vec<usize>, Vec<Vec<usize>>, Stop) {
        let mut search = Search::new(levers, 2, None, goal, array![0.0, 0.0]);
        let mut found = Found::new();
        let mut ask = |search: &Search<'_>, set: &[usize]| {
            found.insert((Asks::Training, search.posture(set).unwrap()), world(set));
            found.clone()
        };
        let mut known = ask(&search, &[]);
        for lever in 0..3 {
            known = ask(&search, &[lever]);
        }
        let mut asked = Vec::new();
        for round in 1.. {
            let Some(tried) = search.next(&known, round, limits).unwrap() else {
                break;
            };
            known = ask(&search, &tried.set);
            search.note(&known, round, &tried).unwrap();
            asked.push(tried.set);
        }
        (search.best(&known).unwrap(), asked, search.stop.unwrap())
    }

    #[test]
    fn what_was_measured_stands_in_the_place_of_what_was_expected() {
        let cheap = levers([0.01; 3]);
        let (plan, asked, stop) = searched(&cheap, wanted([0.95, 0.85]), (8, 2));
        // The first two together promised more than the first and the third.
        assert_eq!(asked, [[0, 1], [0, 2]]);
        assert_eq!((plan, stop), (vec![0, 2], Stop::Met));
    }

    #[test]
    fn none_is_an_answer() {
        // Nothing lowers the second value: the first alone comes closest, and what else might be worth its price is tried.
        let (plan, asked, stop) = searched(&levers([0.01; 3]), wanted([0.9, -0.9]), (8, 2));
        assert_eq!((plan, stop), (vec![0], Stop::NothingLeft));
        assert_eq!(asked, [[0, 2]]);
        // What costs more than it brings is not even asked.
        let (plan, asked, stop) = searched(&levers([3.0; 3]), wanted([0.95, 0.85]), (8, 2));
        assert_eq!((plan, asked.len(), stop), (vec![], 0, Stop::NothingLeft));
        let (plan, asked, stop) = searched(&levers([0.01; 3]), wanted([0.1, 0.1]), (8, 2));
        assert_eq!((plan, asked.len(), stop), (vec![], 0, Stop::Met));
    }

    #[test]
    fn rounds_and_patience_end_a_search() {
        let (_, asked, stop) = searched(&levers([0.01; 3]), wanted([0.95, 0.85]), (1, 2));
        assert_eq!((asked.len(), stop), (1, Stop::RoundsOver));
        let (_, asked, stop) = searched(&levers([0.01; 3]), wanted([-0.9, 0.9]), (8, 0));
        assert_eq!((asked.len(), stop), (0, Stop::NothingBetter));
    }
}
