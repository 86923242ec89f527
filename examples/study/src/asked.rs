//! Which items the training roles were asked.

use std::collections::BTreeMap;

use measurement::{Drawn, Items, OfAnswers};
use value_causal::bench::{ItemScores, Setting};
use value_causal::ndarray::ArrayView1;

use crate::orientations::alpha_of;

/// From the scores of the training rows, which have no number where an item was not asked.
#[must_use]
pub fn items_asked(scores: &ItemScores) -> Items {
    let asked =
        |row: ArrayView1<'_, f64>| -> Vec<bool> { row.iter().map(|s| !s.is_nan()).collect() };
    let rows: Vec<Vec<bool>> = scores.matrix().rows().into_iter().map(asked).collect();
    let shared = rows.windows(2).all(|two| two[0] == two[1]);
    let of = |value: &String, counts: &dyn Fn(usize) -> bool| {
        let items = scores.items().iter().enumerate();
        let of_value = items.filter(|(at, item)| item.value == *value && counts(*at));
        (value.clone(), of_value.count())
    };
    let values = scores.values().iter();
    Items {
        drawn: match shared {
            true => Drawn::Shared,
            false => Drawn::OfItsOwn,
        },
        asked: values
            .clone()
            .map(|value| of(value, &|at| rows.first().is_some_and(|row| row[at])))
            .collect(),
        pool: values.map(|value| of(value, &|_| true)).collect(),
        reliability: match shared {
            true => reliability(scores),
            false => BTreeMap::new(),
        },
    }
}

/// Of the values whose alpha can be told, over the unsteered roles.
fn reliability(scores: &ItemScores) -> BTreeMap<String, OfAnswers> {
    let unsteered = scores.select(Setting::is_unsteered);
    let values = unsteered.values().iter();
    values
        .filter_map(|value| {
            let (alpha, interval) = alpha_of(&unsteered.of_value(value));
            let (alpha, interval) = (alpha?, interval?);
            Some((value.clone(), OfAnswers { alpha, interval }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use value_causal::bench::Score::{Against, For};
    use value_causal::bench::{Item, Keying, Setting};

    fn scores(second: [Option<value_causal::bench::Score>; 3]) -> ItemScores {
        let item = |question: &str| Item {
            inventory: String::new(),
            statement: String::new(),
            value: "Zeal".into(),
            keying: Keying::Positive,
            question: question.into(),
            ..Item::default()
        };
        let rows = vec![
            (Setting::of_role("x"), vec![Some(For), Some(Against), None]),
            (Setting::of_role("y"), second.to_vec()),
        ];
        ItemScores::of(["a", "b", "c"].map(item).to_vec(), rows).unwrap()
    }

    #[test]
    fn a_draw_of_each_role_is_told_from_one_for_all() {
        let own = items_asked(&scores([None, Some(For), Some(For)]));
        assert_eq!(
            (own.drawn, own.asked["Zeal"], own.pool["Zeal"]),
            (Drawn::OfItsOwn, 2, 3)
        );
        let shared = items_asked(&scores([Some(Against), Some(For), None]));
        assert_eq!(shared.drawn, Drawn::Shared);
        // Of draws the table tells it.
        assert!(own.reliability.is_empty());
    }
}
