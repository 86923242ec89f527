//! Effects of interventions, held against models whose effects are known.

use causal_pc::effects::{Action, Ida, LinearModel, Moments, joint_effects};
use causal_pc::graph::{BigUint, Edge, MixedGraph, cpdag_of_dag};
use causal_pc::ndarray::{Array1, Array2, ArrayView1, array, s};
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use proptest::prelude::*;

/// A random linear model, and its CPDAG with some edges directed as in the model.
fn sems() -> impl Strategy<Value = (LinearSem, MixedGraph)> {
    let known = prop::collection::vec(prop::bool::weighted(0.15), 21);
    (2..=7_usize, 0.0..5.0_f64, any::<u64>(), known).prop_map(|(n, degree, seed, known)| {
        let model = DagModel::ErdosRenyi {
            expected_degree: degree,
        };
        let dag = random_dag(n, model, seed).unwrap();
        let options = LinearOptions::new().noise_sd(0.5, 2.0);
        let mut graph = cpdag_of_dag(&dag).unwrap();
        for (edge, known) in dag.edges().zip(known) {
            if known {
                graph.add_edge(edge);
            }
        }
        (LinearSem::random(&dag, options, seed).unwrap(), graph)
    })
}

/// The model with the same covariance over every DAG that extends the graph.
fn models_of_the_class(sem: &LinearSem, graph: &MixedGraph) -> Vec<LinearModel> {
    let moments = Moments {
        means: Array1::zeros(sem.n_variables()),
        covariance: sem.covariance(),
        n_samples: 1_000,
    };
    let dags = graph.class_dags().unwrap();
    dags.map(|dag| LinearModel::fit_moments(&dag, &moments).unwrap())
        .collect()
}

/// Takes each expected vector off the multiset once; what does not fit is an error.
fn assert_same_multiset(
    found: Vec<(Vec<f64>, BigUint)>,
    expected: Vec<Vec<f64>>,
) -> Result<(), TestCaseError> {
    let mut left = found;
    for wanted in &expected {
        let near = |values: &[f64]| values.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-8);
        let at = left
            .iter()
            .position(|(values, n)| *n > BigUint::from(0_u8) && near(values));
        prop_assert!(at.is_some(), "{:?} is not in {:?}", wanted, left);
        left[at.unwrap_or_default()].1 -= 1_u8;
    }
    prop_assert!(left.iter().all(|(_, n)| *n == BigUint::from(0_u8)));
    Ok(())
}

/// Solves the structural equations with this noise by substitution, in any order that works.
fn solved(sem: &LinearSem, noise: &[f64], actions: &[(usize, Action)]) -> Vec<f64> {
    let p = sem.n_variables();
    let mut values = vec![0.0; p];
    // After p rounds every variable has seen its causes' final numbers.
    for _ in 0..p {
        values = (0..p)
            .map(|v| {
                let inherited: f64 = (0..p).map(|w| sem.weight(w, v) * values[w]).sum();
                match actions.iter().find(|(acted, _)| *acted == v) {
                    Some((_, Action::Set(to))) => *to,
                    Some((_, Action::Shift(by))) => inherited + noise[v] + by,
                    None => inherited + noise[v],
                }
            })
            .collect();
    }
    values
}

fn actions(p: usize, drawn: &[(bool, bool, f64)]) -> Vec<(usize, Action)> {
    let chosen = (0..p).zip(drawn).filter(|(_, (acted, ..))| *acted);
    chosen
        .map(|(v, &(_, set, number))| match set {
            true => (v, Action::Set(number)),
            false => (v, Action::Shift(number)),
        })
        .collect()
}

fn drawn_actions() -> impl Strategy<Value = Vec<(bool, bool, f64)>> {
    prop::collection::vec((any::<bool>(), any::<bool>(), -5.0..5.0_f64), 7)
}

fn drawn_noise() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-3.0..3.0_f64, 7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn ida_holds_the_truth_and_what_every_dag_of_the_class_says((sem, graph) in sems()) {
        let (p, covariance) = (sem.n_variables(), sem.covariance());
        let models = models_of_the_class(&sem, &graph);
        let global = Ida::global(&graph, &covariance).unwrap();
        let local = Ida::local(&graph, &covariance).unwrap();
        for x in 0..p {
            let n_sets = BigUint::from(graph.possible_parents(x).unwrap().len());
            for y in (0..p).filter(|&y| y != x) {
                let (truth, effects) = (sem.total_effect(x, y), global.effects(x, y));
                prop_assert!(effects.iter().any(|e| (e.value - truth).abs() < 1e-9));
                let (low, high) = global.bounds(x, y);
                prop_assert!(low - 1e-9 <= truth && truth <= high + 1e-9);
                prop_assert!(global.least_size(x, y) <= truth.abs() + 1e-9);

                let counted = effects.iter().map(|e| (vec![e.value], e.multiplicity.clone()));
                let listed: Vec<f64> = models.iter().map(|m| m.total_effects(x)[y]).collect();
                let mean = listed.iter().sum::<f64>() / listed.len() as f64;
                prop_assert!((global.mean(x, y) - mean).abs() < 1e-8);
                assert_same_multiset(counted.collect(), listed.iter().map(|&e| vec![e]).collect())?;

                let of_pair = graph.possible_effects(&covariance, x, y).unwrap();
                let values = |ida: &Ida| -> Vec<f64> {
                    ida.effects(x, y).iter().map(|e| e.value).collect()
                };
                prop_assert_eq!(&values(&global), &of_pair);
                prop_assert_eq!(&values(&local), &of_pair);
                let counted: BigUint = local.effects(x, y).iter().map(|e| &e.multiplicity).sum();
                prop_assert_eq!(&counted, &n_sets);
            }
        }
    }

    #[test]
    fn joint_effects_are_those_of_every_dag_of_the_class(
        (sem, graph) in sems(),
        order in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle(),
        n_causes in 1..=3_usize,
    ) {
        let order: Vec<usize> = order.into_iter().filter(|&v| v < sem.n_variables()).collect();
        let (&effect, others) = order.split_first().unwrap();
        let causes = &others[..n_causes.min(others.len())];
        // By how much the effect moves if one cause is set to 1, the others to 0.
        let in_model = |model: &LinearModel| -> Vec<f64> {
            let set = |one: usize| -> Vec<(usize, Action)> {
                let number = |v| Action::Set(f64::from(u8::from(v == one)));
                causes.iter().map(|&v| (v, number(v))).collect()
            };
            let expected = |one| model.expected_under(&set(one)).unwrap()[effect];
            causes.iter().map(|&x| expected(x) - expected(usize::MAX)).collect()
        };
        let found = joint_effects(&graph, &sem.covariance(), causes, effect).unwrap();
        let truth = in_model(&LinearModel::from(&sem));
        let near = |values: &[f64]| values.iter().zip(&truth).all(|(a, b)| (a - b).abs() < 1e-9);
        prop_assert!(found.iter().any(|joint| near(&joint.values)));
        let counted = found.into_iter().map(|joint| (joint.values, joint.n_dags)).collect();
        let listed = models_of_the_class(&sem, &graph).iter().map(in_model).collect();
        assert_same_multiset(counted, listed)?;
    }

    #[test]
    fn counterfactuals_are_the_equations_solved_with_the_same_noise(
        (sem, _) in sems(),
        noise in drawn_noise(),
        drawn in drawn_actions(),
    ) {
        let p = sem.n_variables();
        let actions = actions(p, &drawn);
        let model = LinearModel::from(&sem);
        let observed = Array1::from(solved(&sem, &noise, &[]));
        let abducted = model.noise(observed.view()).unwrap();
        let found = model.counterfactual(observed.view(), &actions).unwrap();
        let expected = solved(&sem, &noise, &actions);
        for v in 0..p {
            prop_assert!((abducted[v] - noise[v]).abs() < 1e-9);
            prop_assert!((found[v] - expected[v]).abs() < 1e-9, "{} {}", found, v);
        }
        let mean = model.expected_under(&actions).unwrap();
        let expected = solved(&sem, &[0.0; 7], &actions);
        prop_assert!(mean.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    fn nothing_moves_but_what_is_done_and_its_descendants(
        (sem, _) in sems(),
        case in drawn_noise(),
        drawn in drawn_actions(),
        seed in any::<u64>(),
    ) {
        let p = sem.n_variables();
        let actions = actions(p, &drawn);
        let acted: Vec<usize> = actions.iter().map(|(v, _)| *v).collect();
        let moved = sem.dag().descendants(&acted);
        let model = LinearModel::fit(sem.dag(), sem.sample(100, seed).view()).unwrap();
        let case = &case[..p];
        let had = model.counterfactual(ArrayView1::from(case), &actions).unwrap();
        let (before, after) =
            (model.expected_under(&[]).unwrap(), model.expected_under(&actions).unwrap());
        for v in (0..p).filter(|v| moved.binary_search(v).is_err()) {
            prop_assert_eq!(had[v].to_bits(), case[v].to_bits());
            prop_assert_eq!(before[v].to_bits(), after[v].to_bits());
        }
        for &(v, action) in &actions {
            if let Action::Set(to) = action {
                prop_assert_eq!((had[v], after[v]), (to, to));
            }
        }
    }

    #[test]
    fn a_fit_to_the_exact_covariance_is_the_model((sem, _) in sems()) {
        let moments = Moments {
            means: Array1::from_iter((0..sem.n_variables()).map(|v| v as f64)),
            covariance: sem.covariance(),
            n_samples: 100,
        };
        let model = LinearModel::fit_moments(sem.dag(), &moments).unwrap();
        for v in 0..sem.n_variables() {
            prop_assert!((model.noise_sd()[v] - sem.noise_sd()[v]).abs() < 1e-9);
            for &(w, weight) in model.causes(v) {
                prop_assert!((weight - sem.weight(w, v)).abs() < 1e-9);
            }
        }
        let means = model.expected_under(&[]).unwrap();
        prop_assert!(means.iter().zip(&moments.means).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    /// Least squares: residuals have mean 0 and no covariance with any parent.
    #[test]
    fn residuals_of_a_fit_are_orthogonal_to_the_parents((sem, _) in sems(), seed in any::<u64>()) {
        let mut samples = sem.sample(60, seed);
        samples.mapv_inplace(|value| value + 3.0);
        let model = LinearModel::fit(sem.dag(), samples.view()).unwrap();
        let noise: Vec<Array1<f64>> =
            samples.rows().into_iter().map(|row| model.noise(row).unwrap()).collect();
        for v in 0..sem.n_variables() {
            prop_assert!(noise.iter().map(|u| u[v]).sum::<f64>().abs() < 1e-9);
            for w in sem.dag().parents(v) {
                let with = noise.iter().zip(samples.rows()).map(|(u, row)| u[v] * row[w]);
                prop_assert!(with.sum::<f64>().abs() < 1e-8);
            }
            let squares: f64 = noise.iter().map(|u| u[v] * u[v]).sum();
            prop_assert!((model.noise_sd()[v] - (squares / 59.0).sqrt()).abs() < 1e-9);
        }
    }
}

#[test]
fn counts_of_dags_are_those_known_in_closed_form() {
    let graph = MixedGraph::complete_undirected(6);
    let effects = Ida::global(&graph, &(Array2::<f64>::eye(6) + 0.5)).unwrap();
    let counts = effects.effects(0, 1).iter().map(|e| &e.multiplicity);
    assert_eq!(counts.sum::<BigUint>(), BigUint::from(720_u32));

    // A tree has a DAG for each root: 0 -> 1 is directed so in all but those whose root is beyond.
    let edges: Vec<Edge> = (1..60).map(|v| Edge::undirected(v - 1, v)).collect();
    let path = MixedGraph::from_edges(60, edges).unwrap();
    let sem = LinearSem::new(&path.consistent_extension().unwrap(), |_, _| 0.5, |_| 1.0).unwrap();
    let effects = Ida::global(&path, &sem.covariance()).unwrap();
    assert!((effects.mean(0, 1) - 0.5 / 60.0).abs() < 1e-12);
    assert_eq!(effects.least_size(0, 1), 0.0);
    assert!(effects.effects(3, 3).is_empty() && effects.mean(3, 3).is_nan());
    assert!(effects.effects(3, 60).is_empty());
}

#[test]
fn what_cannot_be_fitted_says_why() {
    let chain = MixedGraph::from_edges(3, [Edge::directed(0, 1), Edge::directed(1, 2)]).unwrap();
    let collider = MixedGraph::from_edges(3, [(0, 2), (1, 2)].map(|(a, b)| Edge::directed(a, b)));
    let collider = collider.unwrap();
    let round = [(0, 1), (1, 2), (2, 0)].map(|(a, b)| Edge::directed(a, b));
    let round = MixedGraph::from_edges(3, round).unwrap();
    let half = MixedGraph::from_edges(3, [Edge::undirected(0, 1)]).unwrap();
    let good = array![
        [1.0, 2.0, 1.0],
        [2.0, 1.0, 4.0],
        [0.0, 1.0, 2.0],
        [3.0, 0.0, 1.0]
    ];
    let mut twice = good.clone();
    let first = twice.column(0).to_owned();
    twice.column_mut(1).assign(&first);
    let mut missing = good.clone();
    missing[[2, 1]] = f64::NAN;

    let refused = |dag: &MixedGraph, samples: &Array2<f64>| {
        LinearModel::fit(dag, samples.view())
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&round, &good).contains("cycle X0 -> X1 -> X2 -> X0"));
    assert!(refused(&half, &good).contains("X0 -- X1 is not directed"));
    let narrow = refused(&chain, &array![[1.0, 2.0], [2.0, 1.0]]);
    assert_eq!(
        narrow,
        "the data: expected as many variables as in the graph (3), found 2"
    );
    let short = refused(&collider, &good.clone().slice_move(s![..3, ..]));
    assert!(
        short.starts_with("3 rows; variable 2 (X2) has 2 parents"),
        "{short}"
    );
    let equal = refused(&collider, &twice);
    assert!(equal.contains("variable 2 (X2)") && equal.contains("0 (X0), 1 (X1) is singular"));
    assert!(refused(&chain, &missing).contains("row 2, variable 1"));
    let one = refused(&chain, &array![[1.0, 2.0, 3.0]]);
    assert_eq!(one, "expected at least 2 rows, found 1");
}

#[test]
fn questions_that_make_no_sense_say_why() {
    let chain = MixedGraph::from_edges(3, [Edge::directed(0, 1), Edge::directed(1, 2)]).unwrap();
    let sem = LinearSem::new(&chain, |_, _| 0.5, |_| 1.0).unwrap();
    let model = LinearModel::from(&sem);
    let asked =
        |actions: &[(usize, Action)]| model.expected_under(actions).unwrap_err().to_string();
    assert_eq!(
        asked(&[(7, Action::Set(0.0))]),
        "an action on variable 7; there are 3"
    );
    let twice = [(1, Action::Set(0.0)), (1, Action::Shift(0.0))];
    assert_eq!(asked(&twice), "two actions on variable 1 (X1)");
    assert!(asked(&[(1, Action::Shift(f64::NAN))]).contains("the action of variable 1 (X1)"));
    let case = array![1.0, f64::INFINITY, 0.0];
    assert!(
        model
            .noise(case.view())
            .unwrap_err()
            .to_string()
            .contains("the case of variable 1")
    );
    assert!(model.counterfactual(array![1.0].view(), &[]).is_err());

    let covariance = sem.covariance();
    let joint = |causes: &[usize], effect| {
        joint_effects(&chain, &covariance, causes, effect)
            .unwrap_err()
            .to_string()
    };
    assert!(joint(&[], 2).contains("at least one cause"));
    assert!(joint(&[0, 0], 2).contains("variable 0 is given twice"));
    assert!(joint(&[0, 2], 2).contains("variable 2 on 2"));
    assert!(joint(&[0], 3).contains("for 3 variables"));
    let round = [(0, 1), (1, 2), (2, 0)].map(|(a, b)| Edge::directed(a, b));
    let round = MixedGraph::from_edges(3, round).unwrap();
    assert!(
        Ida::global(&round, &covariance)
            .unwrap_err()
            .to_string()
            .contains("cycle")
    );
    assert!(
        Ida::local(&chain, &Array2::zeros((2, 2)))
            .unwrap_err()
            .to_string()
            .contains("2 by 2")
    );
    let constant = Ida::local(&chain, &Array2::zeros((3, 3))).unwrap_err();
    assert!(constant.to_string().contains("singular"));
}
