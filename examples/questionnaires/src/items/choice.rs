use ndarray::Array2;
use program::Failure;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use value_causal::bench::{Item, ItemScores, Scale};
use value_causal::psychometrics::divergence::Distributions;

/// The roles of a study in two parts: items are chosen by the answers of one, and judged by those of the other.
pub struct Roles {
    /// By whose answers items are chosen.
    pub choosing: Vec<String>,
    /// Who takes no part in the choice.
    pub held_out: Vec<String>,
}

impl Roles {
    /// Splits the named roles of `scores` by a seed, that share of them to be held out.
    ///
    /// # Errors
    /// If a part has fewer than two roles.
    pub fn split(scores: &ItemScores, share: f64, seed: u64) -> Result<Self, Failure> {
        let mut roles: Vec<String> = Vec::new();
        for role in scores
            .settings()
            .iter()
            .filter_map(|setting| setting.role.clone())
        {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        roles.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let held_out = (share * roles.len() as f64).round() as usize;
        let there = roles.len();
        if held_out < 2 || there - held_out.min(there) < 2 {
            return Err(format!(
                "--held-out: expected a share that leaves two roles on both sides, found {share} of {there}"
            )
            .into());
        }
        let choosing = roles.split_off(held_out);
        Ok(Self {
            choosing,
            held_out: roles,
        })
    }
}

/// What an item tells of who answers it, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Information {
    /// How much an answer tells of which role gave it: the generalised Jensen-Shannon divergence of the roles.
    pub between_roles: f64,
    /// How far the roles lie from the model without a role: the mean Jensen-Shannon divergence; none where the item was not
    /// asked without a role.
    pub from_no_role: Option<f64>,
}

impl Information {
    /// The first number and `beta` times the second.
    #[must_use]
    pub fn score(self, beta: f64) -> f64 {
        self.between_roles + beta * self.from_no_role.unwrap_or(0.0)
    }
}

/// What an answer can be.
enum Outcomes {
    /// One of these, ascending.
    Each(Vec<f64>),
    /// A number between two ends, read off and not said: each end by the share that goes to it.
    Ends,
}

impl Outcomes {
    fn of(scores: &ItemScores) -> Self {
        let matrix = scores.matrix();
        let is_said = |(item, x): (&Item, f64)| match &item.scale {
            Scale::YesNo => x.fract() == 0.0,
            Scale::Ratings(scale) => {
                let mut ratings = scale.ratings().into_iter();
                ratings.any(|rating| (scale.lean(rating.into()).abs() - x.abs()).abs() < 1e-9)
            }
        };
        let rows = matrix.rows();
        let numbers = rows
            .into_iter()
            .flat_map(|row| scores.items().iter().zip(row.to_vec()));
        let known: Vec<(&Item, f64)> = numbers.filter(|(_, x)| !x.is_nan()).collect();
        if !known.iter().copied().all(is_said) {
            return Self::Ends;
        }
        let mut each: Vec<f64> = known.into_iter().map(|(_, x)| x).collect();
        each.sort_by(f64::total_cmp);
        each.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
        Self::Each(each)
    }

    fn len(&self) -> usize {
        match self {
            Self::Each(each) => each.len(),
            Self::Ends => 2,
        }
    }

    fn count(&self, answer: f64, counts: &mut [f64]) {
        match self {
            Self::Each(each) => counts[each.partition_point(|lower| *lower < answer - 1e-9)] += 1.0,
            Self::Ends => {
                let share = ((1.0 + answer) / 2.0).clamp(0.0, 1.0);
                counts[0] += 1.0 - share;
                counts[1] += share;
            }
        }
    }
}

/// What each item tells, from the answers of these roles and of the model without a role, steered or not.
///
/// # Errors
/// If there are no answers at all.
pub fn information(scores: &ItemScores, roles: &[String]) -> Result<Vec<Information>, Failure> {
    let outcomes = Outcomes::of(scores);
    let counts = |item: usize, role: Option<&str>| -> Vec<f64> {
        let answers = scores.matrix();
        let rows = scores.settings().iter().zip(answers.column(item));
        let of_role = rows.filter(|(setting, _)| setting.role.as_deref() == role);
        let mut counts = vec![0.0; outcomes.len()];
        for (_, answer) in of_role.filter(|(_, answer)| !answer.is_nan()) {
            outcomes.count(*answer, &mut counts);
        }
        counts
    };
    let asked = |counts: &Vec<f64>| counts.iter().sum::<f64>() > 0.0;
    let of_item = |item: usize| -> Result<Information, Failure> {
        let rows: Vec<Vec<f64>> = roles
            .iter()
            .map(|role| counts(item, Some(role.as_str())))
            .filter(asked)
            .collect();
        let table = Array2::from_shape_vec((rows.len(), outcomes.len()), rows.concat())?;
        if table.is_empty() {
            return Ok(Information {
                between_roles: 0.0,
                from_no_role: None,
            });
        }
        let answers = Distributions::from_counts(table.view())?;
        let alone = Some(counts(item, None)).filter(asked);
        let from = alone.map(|counts| {
            let counts = Array2::from_shape_vec((1, outcomes.len()), counts)?;
            let alone = Distributions::from_counts(counts.view())?;
            let from = answers.distance_from(alone.shares().row(0))?;
            Ok::<_, Failure>(from.jensen_shannon)
        });
        Ok(Information {
            between_roles: answers.jensen_shannon(),
            from_no_role: from.transpose()?,
        })
    };
    (0..scores.items().len()).map(of_item).collect()
}

/// Items as a questionnaire's CSV file.
///
/// # Errors
/// If a cell cannot be written.
pub fn as_csv<'a>(items: impl IntoIterator<Item = &'a Item>) -> Result<String, Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "questionnaire",
        "item",
        "value",
        "agreement",
        "question",
        "scale",
        "weight",
    ])?;
    for item in items {
        table.write_record([
            &item.inventory,
            &item.statement,
            &item.value,
            &item.keying.to_string(),
            &item.question,
            &item.scale.to_string(),
            &item.weight.get().to_string(),
        ])?;
    }
    Ok(String::from_utf8(table.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::bench::{Keying, Questionnaire, RatingScale, Setting, Weight};

    fn scores() -> ItemScores {
        let item = |n: usize| Item {
            inventory: "I".to_owned(),
            statement: format!("=I, {n}."),
            value: "A".to_owned(),
            keying: Keying::Negative,
            question: format!("Should I {n}?"),
            ..Item::default()
        };
        // The first item tells the roles apart, the second says the same of both, the third was not asked.
        let row = |role: Option<&str>, feature: Option<u64>, first: f64| {
            let setting =
                feature.map_or_else(|| Setting::of_role(role), |f| Setting::steered(role, f));
            (setting, vec![Some(first), Some(1.0), None])
        };
        let rows = vec![
            row(None, None, 1.0),
            row(Some("x"), None, 1.0),
            row(Some("x"), Some(3), 1.0),
            row(Some("y"), None, -1.0),
            row(Some("y"), Some(3), -1.0),
        ];
        ItemScores::of((0..3).map(item).collect(), rows).unwrap()
    }

    #[test]
    fn an_item_tells_as_much_as_roles_differ() {
        let scores = scores();
        let found = information(&scores, &["x".to_owned(), "y".to_owned()]).unwrap();
        // By Jeffreys' prior 2.5 and 0.5 of 3: ln 2 less the entropy of (5/6, 1/6).
        let entropy = -(5.0_f64 / 6.0 * (5.0_f64 / 6.0).ln() + 1.0 / 6.0 * (1.0_f64 / 6.0).ln());
        assert!((found[0].between_roles - (2.0_f64.ln() - entropy)).abs() < 1e-12);
        assert!(found[0].from_no_role.unwrap() > 0.05);
        assert!(found[1].between_roles.abs() < 1e-12);
        assert!(found[1].from_no_role.unwrap() < 0.02);
        assert_eq!(found[2].score(1.0), 0.0);
        let one = information(&scores, &["x".to_owned()]).unwrap();
        assert!(one[0].between_roles.abs() < 1e-12);
    }

    #[test]
    fn answers_that_are_read_off_tell_roles_apart_too() {
        let item = |n: usize| Item {
            value: "A".to_owned(),
            question: format!("Should I {n}?"),
            ..Item::default()
        };
        let roles = ["x".to_owned(), "y".to_owned()];
        let rows = [[0.4, -0.2], [-0.4, -0.1]];
        let rows = roles.iter().zip(rows).map(|(role, row)| {
            (
                Setting::of_role(Some(role.as_str())),
                row.map(Some).to_vec(),
            )
        });
        let scores = ItemScores::of((0..2).map(item).collect(), rows.collect()).unwrap();
        let found = information(&scores, &roles).unwrap();
        assert!(found[0].between_roles > 10.0 * found[1].between_roles);
        assert!(found[1].between_roles > 0.0);
    }

    #[test]
    fn chosen_items_are_a_questionnaire() {
        let mut items = scores().items().to_vec();
        items[1].scale = Scale::Ratings(RatingScale::likeness());
        items[1].weight = Weight::new(0.25).unwrap();
        let csv = as_csv(&items).unwrap();
        let read = Questionnaire::from_reader(csv.as_bytes()).unwrap();
        assert_eq!(read.items(), items);
    }

    #[test]
    fn roles_are_split_and_both_parts_must_have_some() {
        let rows = (0..9).map(|n| (Setting::of_role(&*n.to_string()), vec![Some(1.0)]));
        let items = scores().items()[..1].to_vec();
        let scores = ItemScores::of(items, rows.collect()).unwrap();
        let roles = Roles::split(&scores, 0.4, 1).unwrap();
        assert_eq!((roles.choosing.len(), roles.held_out.len()), (5, 4));
        assert!(
            roles
                .held_out
                .iter()
                .all(|role| !roles.choosing.contains(role))
        );
        assert_ne!(
            Roles::split(&scores, 0.4, 2).unwrap().held_out,
            roles.held_out
        );
        for share in [0.0, 0.9, 1.0, -1.0, f64::NAN] {
            let wrong = Roles::split(&scores, share, 1).err().unwrap().to_string();
            assert!(wrong.contains("leaves two roles on both sides"), "{wrong}");
        }
    }
}
