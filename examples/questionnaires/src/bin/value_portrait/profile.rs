//! Scores of values, and how far two profiles rank them alike.

use std::collections::HashMap;

use questionnaires::asking::Likely;
use value_causal::bench::portrait::{
    PortraitItem, PortraitRatings, ValueScore, ValueSystem, value_scores, weighted_scores,
};
use value_causal::psychometrics::ranks::spearman;

/// How much somebody holds each value, in units of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    pub name: String,
    scores: HashMap<(ValueSystem, String), f64>,
}

impl Profile {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            scores: HashMap::new(),
        }
    }

    /// Of ratings of the items: each value's centred score.
    pub fn of_ratings(name: &str, items: &[PortraitItem], ratings: &[PortraitRatings]) -> Self {
        let rated = || items.iter().zip(ratings.iter().copied());
        Self::of_scores(name, |system| value_scores(rated(), system))
    }

    /// The same of other numbers, as far as items have one.
    fn of_numbers(name: &str, items: &[PortraitItem], numbers: &[Option<f64>]) -> Self {
        let known = || {
            items
                .iter()
                .zip(numbers)
                .filter_map(|(item, x)| Some((item, (*x)?)))
        };
        Self::of_scores(name, |system| weighted_scores(known(), system))
    }

    fn of_scores(name: &str, scores: impl Fn(ValueSystem) -> Vec<ValueScore>) -> Self {
        let mut profile = Self::new(name);
        for system in ValueSystem::ALL {
            for score in scores(system) {
                profile.set(system, score.value, score.centred);
            }
        }
        profile
    }

    pub fn set(&mut self, system: ValueSystem, value: String, score: f64) {
        self.scores.insert((system, value), score);
    }

    pub fn get(&self, system: ValueSystem, value: &str) -> Option<f64> {
        self.scores.get(&(system, value.to_owned())).copied()
    }

    /// Spearman's correlation with another one over the values of a system that both have; none where these are too few, or
    /// all alike.
    pub fn agreement(&self, other: &Self, system: ValueSystem) -> Option<f64> {
        let mine = self.scores.iter().filter(|((of, _), _)| *of == system);
        let both = mine.filter_map(|((_, value), mine)| Some((*mine, other.get(system, value)?)));
        let (mine, theirs): (Vec<f64>, Vec<f64>) = both.unzip();
        spearman(&mine, &theirs).ok()
    }

    /// The mean over profiles, of each value over those that have it.
    pub fn mean(name: &str, all: &[Self]) -> Self {
        let mut sums: HashMap<(ValueSystem, String), (f64, f64)> = HashMap::new();
        for (value, score) in all.iter().flat_map(|profile| &profile.scores) {
            let (sum, n) = sums.entry(value.clone()).or_default();
            (*sum, *n) = (*sum + score, *n + 1.0);
        }
        let scores = sums.into_iter().map(|(value, (sum, n))| (value, sum / n));
        Self {
            name: name.to_owned(),
            scores: scores.collect(),
        }
    }
}

/// What the likelihoods of responses say.
#[derive(Clone, Debug)]
pub struct LikelyProfile {
    /// Of the mean log-probability of a response's tokens.
    pub as_is: Profile,
    /// Of the same less its mean over the responses to the query, so that no query counts by how hard its answers are to foresee.
    pub within_query: Profile,
}

impl LikelyProfile {
    pub fn of(items: &[PortraitItem], likely: &[Option<Likely>]) -> Self {
        let as_is: Vec<Option<f64>> = likely
            .iter()
            .map(|likely| likely.map(Likely::per_token))
            .collect();
        let mut sums: HashMap<u32, (f64, f64)> = HashMap::new();
        for (item, x) in items.iter().zip(&as_is) {
            if let Some(x) = x {
                let (sum, n) = sums.entry(item.query.id).or_default();
                (*sum, *n) = (*sum + x, *n + 1.0);
            }
        }
        let less = |(item, x): (&PortraitItem, &Option<f64>)| {
            let (sum, n) = sums.get(&item.query.id)?;
            Some((*x)? - sum / n)
        };
        let within: Vec<Option<f64>> = items.iter().zip(&as_is).map(less).collect();
        Self {
            as_is: Profile::of_numbers("likelihood", items, &as_is),
            within_query: Profile::of_numbers("likelihood within the query", items, &within),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::bench::portrait::Portraits;

    /// Two queries, of which the second has likelier answers; in each the response for Power is the likelier.
    const ITEMS: &str = r#"[
        {"portrait_id": 3001, "content": {"text": "a"}, "outputs": [
            {"id": 1, "content": "r", "correlations": [["Power", 0.4]]},
            {"id": 2, "content": "s", "correlations": [["Security", 0.4]]}]},
        {"portrait_id": 3002, "content": {"text": "b"}, "outputs": [
            {"id": 1, "content": "t", "correlations": [["Power", 0.4]]},
            {"id": 2, "content": "u", "correlations": [["Security", 0.4], ["Hedonism", 0.5]]},
            {"id": 3, "content": "v", "correlations": [["Security", 0.4]]}]}]"#;

    fn likely(log_probability: f64) -> Option<Likely> {
        let tokens = 2;
        Some(Likely {
            log_probability,
            tokens,
        })
    }

    #[test]
    fn a_query_whose_answers_are_all_likely_does_not_count_for_its_values() {
        let portraits = Portraits::from_reader(ITEMS.as_bytes()).unwrap();
        let items = portraits.items();
        let numbers = [-8.0, -10.0, -2.0, -4.0, -4.0].map(likely);
        let LikelyProfile {
            as_is,
            within_query,
        } = LikelyProfile::of(items, &numbers);
        let close = |profile: &Profile, value: &str, expected: f64| {
            let found = profile.get(ValueSystem::Schwartz, value).unwrap();
            assert!((found - expected).abs() < 1e-12, "{value}: {found}");
        };
        // Per token -4 -5 -1 -2 -2, whose mean is -2.8; within the queries .5 -.5 and 2/3 -1/3 -1/3, whose mean is 0.
        close(&as_is, "Power", 0.3);
        close(&as_is, "Security", -0.2);
        close(&as_is, "Hedonism", 0.8);
        close(&within_query, "Power", (0.5 + 2.0 / 3.0) / 2.0);
        close(&within_query, "Hedonism", -1.0 / 3.0);
        assert_eq!(as_is.get(ValueSystem::BigFive, "Openness"), None);
        // A query that is left out leaves the other as it is.
        let some = [None, None, numbers[2], numbers[3], numbers[4]];
        close(
            &LikelyProfile::of(items, &some).within_query,
            "Power",
            2.0 / 3.0,
        );
    }

    #[test]
    fn profiles_agree_by_the_order_of_the_values_that_both_have() {
        let profile = |scores: &[(&str, f64)]| {
            let mut profile = Profile::new("x");
            for (value, score) in scores {
                profile.set(ValueSystem::Schwartz, (*value).to_owned(), *score);
            }
            profile
        };
        let mine = profile(&[("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", -9.0)]);
        let theirs = profile(&[("a", 10.0), ("b", 30.0), ("c", 20.0), ("e", 0.0)]);
        assert_eq!(mine.agreement(&theirs, ValueSystem::Schwartz), Some(0.5));
        assert_eq!(mine.agreement(&theirs, ValueSystem::BigFive), None);
        let mean = Profile::mean("mean", &[mine, theirs]);
        let of = |value| mean.get(ValueSystem::Schwartz, value);
        assert_eq!(
            [of("a"), of("d"), of("e"), of("f")],
            [Some(5.5), Some(-9.0), Some(0.0), None]
        );
    }
}
