use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use value_causal::bench::Score::{Against, For};
use value_causal::bench::{
    Item, ItemChanges, Keying, Measurements, OrientationTable, Score, Setting, SteeringChanges,
};
use value_causal::ndarray::Array3;

use super::*;
use crate::planner::{Evidences, Plan, PlanOptions, plan};

const ROLES: usize = 10;
const ITEMS: usize = 10;

/// A plan for one value whose items nobody agrees with, but for what features do.
fn planned(says_yes: impl FnMut(u64, usize, usize) -> bool) -> Plan {
    let (table, items) = answered(says_yes);
    let changes = SteeringChanges::of(&table);
    plan(&Evidences {
        train: &changes,
        test: &changes,
        items: Some(&items),
        instructed: None,
        effects: None,
        options: PlanOptions::default(),
    })
    .unwrap()
}

fn answered(
    mut says_yes: impl FnMut(u64, usize, usize) -> bool,
) -> (OrientationTable, ItemChanges) {
    let items = (0..ITEMS).map(|item| Item {
        inventory: String::new(),
        statement: String::new(),
        value: "V".to_owned(),
        keying: Keying::Positive,
        question: format!("Should I {item}?"),
        ..Item::default()
    });
    let mut measured = Measurements::new(vec!["V".to_owned()]);
    let mut rows = Vec::new();
    for role in 0..ROLES {
        let name = format!("role {role}");
        for feature in 0..=3 {
            let score = |item| match feature > 0 && says_yes(feature, role, item) {
                true => For,
                false => Against,
            };
            let scores: Vec<Score> = (0..ITEMS).map(score).collect();
            let setting = match feature {
                0 => Setting::of_role(&*name),
                _ => Setting::steered(&*name, feature),
            };
            rows.push((setting.clone(), scores.iter().copied().map(Some).collect()));
            measured.push(setting, vec![scores]);
        }
    }
    let items = ItemChanges::of(items.collect(), rows).unwrap();
    (measured.table().unwrap(), items)
}

/// One item in every other role, each another: whatever two roles and two items are left out, some
/// of it remains.
fn a_little(role: usize, item: usize) -> bool {
    role.is_multiple_of(2) && item == 3 * role % ITEMS
}

#[test]
fn a_feature_that_moves_one_item_is_exposed_by_items_and_not_by_roles() {
    let plan = planned(|feature, role, item| match feature {
        1 => item == 3,
        2 => a_little(role, item),
        _ => false,
    });
    let raise = &plan.targets[0];
    let by_role = raise.cross_validated.as_ref().unwrap();
    assert_eq!((&*by_role.chosen, by_role.stability), (&[1; 5][..], 1.0));
    assert!((by_role.gain.mean - 0.2).abs() < 1e-12);
    assert!(by_role.gain.low.unwrap() > 0.19);
    let by_item = raise.cross_validated_by_item.as_ref().unwrap();
    assert_eq!(by_item.stability, 0.8);
    assert!(by_item.chosen.contains(&2), "{:?}", by_item.chosen);
    let both = raise.cross_validated_by_role_and_item.as_ref().unwrap();
    assert_eq!((both.chosen.len(), both.stability), (25, 0.8));
    for found in [by_item, both] {
        // What is left is what the second feature does where item 3 is left out.
        assert!(found.gain.mean < 0.08, "{found:?}");
        assert!(found.gain.low.unwrap() <= 0.0, "{found:?}");
    }
}

#[test]
fn a_feature_that_moves_one_role_is_exposed_by_roles_and_not_by_items() {
    let plan = planned(|feature, role, item| match feature {
        1 => role == 3,
        2 => a_little(role, item),
        _ => false,
    });
    let raise = &plan.targets[0];
    let by_item = raise.cross_validated_by_item.as_ref().unwrap();
    assert_eq!((&*by_item.chosen, by_item.stability), (&[1; 5][..], 1.0));
    assert!((by_item.gain.mean - 0.2).abs() < 1e-12);
    for found in [
        &raise.cross_validated,
        &raise.cross_validated_by_role_and_item,
    ] {
        let found = found.as_ref().unwrap();
        assert_eq!(found.stability, 0.8);
        assert!(found.gain.mean < 0.08, "{found:?}");
        assert!(found.gain.low.unwrap() <= 0.0, "{found:?}");
    }
}

#[test]
fn a_good_feature_keeps_its_gain() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let plan = planned(|feature, role, item| match feature {
        1 => rng.random_bool(0.5),
        _ => a_little(role, item),
    });
    let raise = &plan.targets[0];
    let gain = raise.candidates[0].gain;
    assert!((gain - 1.0).abs() < 0.2, "{gain}");
    for found in [
        &raise.cross_validated,
        &raise.cross_validated_by_item,
        &raise.cross_validated_by_role_and_item,
    ] {
        let found = found.as_ref().unwrap();
        assert_eq!(found.stability, 1.0);
        assert!((found.gain.mean - gain).abs() < 1e-12);
        assert!(found.gain.low.unwrap() > 0.4, "{found:?}");
    }
    // Nobody agrees with anything without it, so nothing lowers the value.
    let lower = plan.targets[1].cross_validated_by_item.as_ref().unwrap();
    assert!(lower.gain.mean <= 0.0);
    assert!(!plan.notes.iter().any(|note| note.contains("by role only")));
}

#[test]
fn what_is_left_out_has_no_say() {
    let (n_features, n_roles, n_items) = (4, 7, 9);
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut drawn = || match rng.random_bool(0.1) {
        true => f64::NAN,
        false => rng.random_range(-1.0..1.0),
    };
    let gains = Array3::from_shape_simple_fn((n_features, n_roles, n_items), &mut drawn);
    let [roles, items] = [n_roles, n_items].map(|n| {
        let all: Vec<usize> = (0..n).collect();
        let folds = parts(&all, 3, 2).unwrap();
        let mut judged: Vec<usize> = folds.iter().flat_map(|fold| fold.judge.clone()).collect();
        judged.sort_unstable();
        assert_eq!(judged, all, "each is left out once");
        folds
    });
    let found = cross_validate(gains.view(), &roles, &items).unwrap();
    assert_eq!(found.chosen.len(), 9);
    let mut changed = 0;
    for (at, &chosen) in found.chosen.iter().enumerate() {
        let (of_roles, of_items) = (&roles[at / 3], &items[at % 3]);
        let is_kept = |role: usize, item: usize| {
            !of_roles.judge.contains(&role) && !of_items.judge.contains(&item)
        };
        let mut others = gains.clone();
        let mut own = gains.clone();
        for ((_, role, item), gain) in gains.indexed_iter() {
            let place = |table: &mut Array3<f64>, by: f64| {
                for feature in 0..n_features {
                    table[[feature, role, item]] = by * gain - feature as f64;
                }
            };
            place(
                if is_kept(role, item) {
                    &mut own
                } else {
                    &mut others
                },
                -3.0,
            );
        }
        let again = |gains: &Array3<f64>| cross_validate(gains.view(), &roles, &items).unwrap();
        assert_eq!(again(&others).chosen[at], chosen, "fold {at}");
        changed += usize::from(again(&own).chosen[at] != chosen);
        for (&role, &item) in of_roles.judge.iter().zip(&of_items.judge) {
            let gain = gains[[chosen, role, item]];
            let known = found.gains[[role, item]];
            assert!(known == gain || (known.is_nan() && gain.is_nan()));
        }
    }
    assert!(changed > 3, "{changed}: what is kept has a say");
}

#[test]
fn few_cannot_be_parted() {
    assert!(parts(&[], 5, 1).is_none() && parts(&[3], 5, 1).is_none());
    let two = parts(&[3, 8], 5, 1).unwrap();
    assert_eq!(two.len(), 2);
    assert_ne!(two[0].judge, two[1].judge);
    assert_eq!(two[0].judge, two[1].choose);
}

#[test]
fn crossed_intervals_add_up_what_rows_and_columns_vary_by() {
    let alone = Interval::crossed(&[0.0, 1.0], &[0.5, 0.5, 0.5]);
    let rows = Interval::of(&[0.0, 1.0]);
    assert_eq!(alone, rows);
    // Student's 97.5% quantile with one degree of freedom is 12.706.
    let both = Interval::crossed(&[0.0, 1.0], &[0.2, 0.8]);
    let half = 12.706_204_736 * (0.25_f64 + 0.09).sqrt();
    assert!((both.high.unwrap() - 0.5 - half).abs() < 1e-6);
    assert_eq!(Interval::crossed(&[1.0], &[1.0]).low, None);
}

/// Items differ in how much the feature moves them, and roles a little: an interval over roles knows
/// these items only, the one over both is for others too.
#[test]
fn intervals_over_both_hold_for_other_roles_and_items() {
    const STUDIES: u64 = 500;
    let (n_roles, n_items, gain) = (10, 12, 0.5);
    let mut held = [0_usize; 3];
    for seed in 0..STUDIES {
        let mut rng = ChaCha8Rng::seed_from_u64(100 + seed);
        let mut drawn = |std: f64| -> f64 {
            let standard: f64 = StandardNormal.sample(&mut rng);
            std * standard
        };
        let of_role: Vec<f64> = (0..n_roles).map(|_| drawn(0.1)).collect();
        let of_item: Vec<f64> = (0..n_items).map(|_| drawn(0.3)).collect();
        let gains = Array3::from_shape_fn((3, n_roles, n_items), |(feature, role, item)| {
            let moved = gain + of_role[role] + of_item[item];
            drawn(0.4) + if feature == 1 { moved } else { 0.0 }
        });
        let [roles, items] = [n_roles, n_items].map(|n| (0..n).collect::<Vec<_>>());
        let [of_roles, of_items] = [&roles, &items].map(|all| parts(all, 5, 1).unwrap());
        let found = [
            cross_validate(gains.view(), &of_roles, &whole(&items)).map(|left| left.over_roles()),
            cross_validate(gains.view(), &whole(&roles), &of_items).map(|left| left.over_items()),
            cross_validate(gains.view(), &of_roles, &of_items).map(|left| left.over_both()),
        ];
        for (held, found) in held.iter_mut().zip(found) {
            let found = found.unwrap();
            *held += usize::from(found.low.unwrap() <= gain && gain <= found.high.unwrap());
        }
    }
    println!("of {STUDIES} intervals over roles, items and both {held:?} hold the gain");
    let [by_role, by_item, both] = held.map(|held| held as f64 / STUDIES as f64);
    assert!(by_role < 0.8, "{by_role}");
    assert!(by_item > 0.9, "{by_item}");
    // 95% less three standard errors.
    assert!(
        both > 0.95 - 3.0 * (0.95_f64 * 0.05 / STUDIES as f64).sqrt(),
        "{both}"
    );
}
