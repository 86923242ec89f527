//! Known worlds have the shares of variance of the released study, and its edges where there is no graph.

use reproduce::worlds::{Drawn, Known, World, WorldError};
use value_causal::bench::Setting;
use value_causal::discovery::{
    Alpha, CiTest, ClusterRobust, Clusters, FisherZ, MixedGraph, PcOptions, pc,
};
use value_causal::ndarray::{Array2, ArrayView2};
use value_causal::psychometrics::Scores;
use value_causal::psychometrics::reliability::{AskedItems, CaseMoments, Pool, variance_parts};

const ROLES: usize = 101;
const FEATURES: usize = 25;
const SEEDS: u64 = 3;

fn world(known: Known, seed: u64) -> World {
    known.world(ROLES, FEATURES, seed).unwrap()
}

/// The mean over some seeds.
fn mean(of: impl Fn(u64) -> f64) -> f64 {
    (0..SEEDS).map(of).sum::<f64>() / SEEDS as f64
}

fn found(test: &impl CiTest) -> MixedGraph {
    let options = PcOptions::new(Alpha::new(0.05).unwrap());
    pc(test, &options).unwrap().graph
}

fn by_fishers_z(drawn: &Drawn) -> MixedGraph {
    found(&FisherZ::from_samples(&drawn.train.matrix().to_owned()).unwrap())
}

/// Rows of a role and rows of a feature may depend on one another.
fn by_clusters(drawn: &Drawn) -> MixedGraph {
    let rows = 0..ROLES * FEATURES;
    let roles = Clusters::new(rows.clone().map(|row| row / FEATURES));
    let both = roles.and(rows.map(|row| row % FEATURES)).unwrap();
    found(&ClusterRobust::from_samples(&drawn.train.matrix().to_owned(), both).unwrap())
}

/// Shares of a value's variance, on average over the values: the role with its items, the feature, the rest.
fn parts(table: ArrayView2<'_, f64>) -> [f64; 3] {
    let parts = table.columns().into_iter().map(|column| {
        let of_value = Array2::from_shape_vec((ROLES, FEATURES), column.to_vec()).unwrap();
        let parts = variance_parts(&Scores::new(of_value.view()).unwrap()).unwrap();
        [parts.rows, parts.columns, parts.rest]
    });
    let sums = parts.fold([0.0; 3], |sums, part| [0, 1, 2].map(|i| sums[i] + part[i]));
    sums.map(|sum| sum / table.ncols() as f64)
}

/// The share of the variance between unsteered roles that the draw of items makes, from what the table tells: answers
/// are yes and no but for a share of unsure ones, which the mean standard deviation gives.
fn share_of_the_draw(drawn: &Drawn, pools: &[usize]) -> f64 {
    let unsteered = drawn.train.select(Setting::is_unsteered);
    let orientations = unsteered.matrix();
    let yes_no = orientations.mapv(|x| (1.0 - x * x).sqrt());
    let unsure = unsteered.stds().unwrap().mean().unwrap() / yes_no.mean().unwrap();
    let columns = orientations.columns().into_iter();
    let (error, between) = columns.zip(&drawn.asked).zip(pools).fold(
        (0.0, 0.0),
        |(error, between), ((column, &n), &pool)| {
            let moments = column.iter().map(|&mean| CaseMoments {
                mean,
                variance: (1.0 - mean * mean) * unsure * unsure * n as f64 / (n - 1) as f64,
                n,
            });
            let asked = AskedItems::from_moments(moments).unwrap();
            (
                error + asked.error_variance(Pool::Items(pool)).unwrap(),
                between + asked.variance_of_means(),
            )
        },
    );
    error / between
}

#[test]
fn without_a_graph_the_released_design_has_the_released_shares_of_variance() {
    let shares = [0, 1, 2]
        .map(|part| mean(|seed| parts(world(Known::B, seed).draw().unwrap().train.matrix())[part]));
    for (share, released) in shares.into_iter().zip([0.61, 0.07, 0.32]) {
        assert!((share - released).abs() < 0.04, "{shares:?}");
    }
    let draw = mean(|seed| {
        let world = world(Known::B, seed);
        share_of_the_draw(&world.draw().unwrap(), &world.design.pools)
    });
    assert!((draw - 0.79).abs() < 0.04, "{draw}");
}

#[test]
fn without_a_graph_fishers_z_finds_the_edges_of_the_released_study() {
    let edges = mean(|seed| by_fishers_z(&world(Known::B, seed).draw().unwrap()).n_edges() as f64);
    assert!((47.0..59.0).contains(&edges), "{edges}");
    let edges = mean(|seed| by_clusters(&world(Known::B, seed).draw().unwrap()).n_edges() as f64);
    assert!(edges <= 8.0, "{edges}");
}

#[test]
fn a_planted_graph_is_seen_where_all_roles_are_asked_the_same() {
    let recall = |known| {
        mean(|seed| {
            let drawn = world(known, seed).draw().unwrap();
            let (found, arrows) = (by_clusters(&drawn), drawn.model.arrows());
            let seen = arrows.iter().filter(|(a, b, _)| found.is_adjacent(*a, *b));
            seen.count() as f64 / arrows.len() as f64
        })
    };
    let [same_items, own_items] = [Known::A, Known::D].map(recall);
    assert!(
        same_items > 0.7 && own_items < 0.5,
        "{same_items} {own_items}"
    );
}

#[test]
fn worlds_of_one_seed_differ_in_what_their_letters_say() {
    let [a, b, c, d] = [Known::A, Known::B, Known::C, Known::D].map(|known| world(known, 5));
    let drawn = [&a, &b, &c, &d].map(|world| world.draw().unwrap());
    assert_eq!(drawn[0].model.arrows(), drawn[3].model.arrows());
    assert!(drawn[1].model.arrows().is_empty() && drawn[1].model.loadings().is_none());
    assert!(drawn[2].model.arrows().is_empty());
    assert_eq!(
        drawn[2].model.loadings().map(|loadings| loadings.len()),
        Some(17)
    );
    let truths = [&a, &b, &c, &d]
        .map(|world| serde_json::to_value(world.truth(&world.draw().unwrap())).unwrap());
    assert_eq!(
        truths.map(|truth| truth["world"].clone()),
        ["a", "b", "c", "d"]
    );
    let again = a.draw().unwrap();
    assert_eq!(again.train.to_csv(), drawn[0].train.to_csv());
    assert_eq!(again.test.n_settings(), 26 * FEATURES);
}

#[test]
fn too_small_worlds_are_refused() {
    let refusal = |world: World| world.draw().unwrap_err().to_string();
    let one_role = Known::B.world(1, FEATURES, 1).unwrap();
    assert_eq!(refusal(one_role), "expected at least 2 roles, found 1");
    let unasked = Known::B.world(ROLES, 0, 1).unwrap();
    assert_eq!(
        refusal(unasked),
        "expected at least 1 settings of a role, found 0"
    );
    let mut no_values = world(Known::B, 1);
    no_values.design.pools.clear();
    assert!(matches!(
        no_values.draw().unwrap_err(),
        WorldError::TooFew {
            what: "items of a value",
            ..
        }
    ));
}
