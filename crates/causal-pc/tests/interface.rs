//! What users of the crate lean on: tests chosen at run time, results that are stored and read back,
//! arrays and names of any kind, errors whose chain says everything once.

use std::error::Error;
use std::sync::Arc;

use causal_pc::ci::{
    ClusterRobustOptions, DiscreteOptions, DynCiTest, FisherZOptions, MixedOptions, MixedTest,
    VariableKind, boxed,
};
use causal_pc::data::Missing;
use causal_pc::synthetic::DagModel::ErdosRenyi;
use causal_pc::synthetic::{LinearOptions, LinearSem, RandomTest, random_dag};
use causal_pc::{
    Alpha, BootstrapOptions, CiTest, Clusters, ColliderRule, DSeparation, Discovery, FisherZ,
    GSquare, Knowledge, NullOptions, PcOptions, RetestedSets, bootstrap, pc,
};
use ndarray::{Array2, Axis};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn options() -> PcOptions {
    PcOptions::new(Alpha::new(0.05).unwrap())
}

fn samples() -> Array2<f64> {
    let dag = random_dag(
        5,
        ErdosRenyi {
            expected_degree: 2.0,
        },
        3,
    )
    .unwrap();
    LinearSem::random(&dag, LinearOptions::new(), 3)
        .unwrap()
        .sample(200, 3)
}

#[test]
fn a_test_chosen_at_run_time_answers_as_its_own_type() {
    let data = samples();
    let test = FisherZ::from_samples(&data).unwrap();
    let expected = pc(&test, &options()).unwrap();
    let shared: Arc<DynCiTest> = Arc::from(boxed(test.clone()));
    let chosen: Box<DynCiTest> = boxed(test.clone());
    assert_eq!(pc(&chosen, &options()).unwrap(), expected);
    assert_eq!(pc(&shared, &options()).unwrap(), expected);
    assert_eq!(pc(&Box::new(&test), &options()).unwrap(), expected);
    assert_eq!(
        chosen.association(0, 1, &[2]).unwrap(),
        Some(test.partial_correlation(0, 1, &[2]).unwrap())
    );
    for discrete in [false, true] {
        let fit = |rows: &[usize]| -> Result<Box<DynCiTest>, Box<dyn Error + Send + Sync>> {
            let drawn = data.select(Axis(0), rows);
            Ok(match discrete {
                false => boxed(FisherZ::from_samples(&drawn)?),
                true => boxed(GSquare::from_samples(&drawn.mapv(|value| value > 0.0))?),
            })
        };
        let found = bootstrap(200, fit, &options(), &BootstrapOptions::new(5)).unwrap();
        assert_eq!(found.n_resamples(), 5);
    }
}

#[test]
fn an_error_of_a_chosen_test_says_each_thing_once() {
    let data = samples();
    let direct = FisherZ::from_samples(data.slice(ndarray::s![..5, ..])).unwrap();
    let refused = boxed(direct.clone()).p_value(0, 1, &[2, 3, 4]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        direct.p_value(0, 1, &[2, 3, 4]).unwrap_err().to_string()
    );
    assert!(
        refused
            .downcast_ref::<causal_pc::ci::FisherZError>()
            .is_some()
    );
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    let back: T = serde_json::from_str(&text).unwrap();
    assert_eq!(&back, value, "{text}");
}

#[test]
fn options_are_stored_and_read_back() {
    let names = ["a", "b", "c"];
    let knowledge = Knowledge::new()
        .tiers([vec![0], vec![1, 2]])
        .forbid(0, 1)
        .forbid_within_tier(1);
    comes_back(
        &options()
            .knowledge(knowledge)
            .retested_sets(RetestedSets::All)
            .max_depth(3),
    );
    comes_back(&PcOptions::like_causal_learn(Alpha::new(0.1).unwrap()));
    comes_back(
        &FisherZOptions::like_pcalg()
            .names(names)
            .missing(Missing::TestwiseDeletion),
    );
    comes_back(&DiscreteOptions::like_pcalg().names(names).max_levels(7));
    comes_back(&MixedOptions::new().names(names));
    comes_back(&ClusterRobustOptions::new().names(names));
    comes_back(&BootstrapOptions::new(7).clusters([1, 1, 2]));
    let crossed = Clusters::new(["a", "a", "b"]).and([1, 2, 1]).unwrap();
    comes_back(&NullOptions::new(9).seed(3).clusters(crossed));
    comes_back(&NullOptions::new(9).matched_by([5, 7, 5]));
    let uneven = r#"{"first": [0, 0, 1], "second": [0, 1]}"#;
    let refused = serde_json::from_str::<Clusters>(uneven)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("a cluster label for each row (3), found 2"),
        "{refused}"
    );
    let refused = serde_json::from_str::<Alpha>("1.5")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("found 1.5"), "{refused}");
}

#[test]
fn arrays_views_and_names_of_any_kind_are_taken() {
    let data = samples();
    let (by_view, by_array) = (
        FisherZ::from_samples(data.view()),
        FisherZ::from_samples(&data),
    );
    let expected = by_view.unwrap().p_value(0, 1, &[]).unwrap();
    assert_eq!(by_array.unwrap().p_value(0, 1, &[]).unwrap(), expected);
    let correlation = LinearSem::new(
        &random_dag(
            3,
            ErdosRenyi {
                expected_degree: 1.0,
            },
            1,
        )
        .unwrap(),
        |_, _| 0.5,
        |_| 1.0,
    )
    .unwrap()
    .correlation();
    FisherZ::from_correlation(&correlation, 100, FisherZOptions::new()).unwrap();
    let kinds = [VariableKind::Continuous; 5];
    MixedTest::from_samples(&data, &kinds).unwrap();
    let names: &[&str] = &["a", "b", "c", "d", "e"];
    let owned: Vec<String> = names.iter().map(ToString::to_string).collect();
    for options in [
        FisherZOptions::new().names(names),
        FisherZOptions::new().names(&owned),
    ] {
        let test = FisherZ::with_options(&data, options).unwrap();
        assert_eq!(test.names().unwrap(), owned);
    }
    let knowledge = Knowledge::new().forbid_named(names, "a", "b").unwrap();
    assert_eq!(
        knowledge,
        Knowledge::new().forbid_named(&owned, "a", "b").unwrap()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_discovery_is_stored_and_read_back(
        n in 1..8usize,
        seed in any::<u64>(),
        rule in prop::sample::select(&[ColliderRule::Majority, ColliderRule::MaxP, ColliderRule::SeparatingSet]),
        known in any::<bool>(),
        coarse in any::<bool>(),
        preset in 0..3u8,
    ) {
        let level = Alpha::new(0.05).unwrap();
        let mut options = match preset {
            0 => PcOptions::like_causal_learn(level),
            1 => PcOptions::like_pcalg(level),
            _ => PcOptions::new(level).collider_rule(rule),
        };
        if known && preset == 2 && n > 2 {
            options = options.knowledge(Knowledge::new().forbid_pair(0, 1).require(1, 2));
        }
        let found = if coarse {
            let dag = random_dag(n, ErdosRenyi { expected_degree: (n as f64 - 1.0).min(2.0) }, seed).unwrap();
            pc(&DSeparation::new(&dag).unwrap(), &options).unwrap()
        } else {
            pc(&RandomTest::new(n, seed).dependent(0.7, 0.05), &options).unwrap()
        };
        let text = serde_json::to_string(&found).unwrap();
        let back: Discovery = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&back, &found, "{}", text);
        prop_assert_eq!(serde_json::to_string(&back).unwrap(), text);
        prop_assert_eq!(back.explain().to_string(), found.explain().to_string());
    }
}
