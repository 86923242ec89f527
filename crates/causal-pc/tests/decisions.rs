//! Decisions and people's graphs against an independent implementation (scipy, causal-learn). The
//! folder that `PSYCHOMETRICS_ORACLES` names holds the numbers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use causal_pc::ci::FisherZOptions;
use causal_pc::decide::{
    Criterion, Objective, Outranking, Preference, best_setting, choose_interventions,
    product_flows, product_rating, promethee, smallest_setting,
};
use causal_pc::effects::{LinearModel, Moments};
use causal_pc::synthetic::LinearSem;
use causal_pc::{Alpha, Edge, FisherZ, LeaveOneOut, Mark, MixedGraph, PcOptions, pc};
use ndarray::{Array1, Array2, Axis};
use serde_json::{Value, json};

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("PSYCHOMETRICS_ORACLES").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: PSYCHOMETRICS_ORACLES names no folder");
    }
    folder
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Array1<f64> {
    list(value).iter().map(number).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Array1<f64>> = list(value).iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| {
        rows[row][column]
    })
}

#[track_caller]
fn assert_close<'a>(
    found: impl IntoIterator<Item = &'a f64>,
    expected: &Value,
    tolerance: f64,
    what: &str,
) {
    let found: Vec<f64> = found.into_iter().copied().collect();
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{what}: {found}, not {expected}"
        );
    }
}

/// The model of a case, with means: fitted to its own moments.
fn model(case: &Value) -> LinearModel {
    let weights = matrix(&case["coefficients"]);
    let p = weights.nrows();
    let edges = weights.indexed_iter().filter(|(_, weight)| **weight != 0.0);
    let edges = edges.map(|((child, parent), _)| Edge::directed(parent, child));
    let dag = MixedGraph::from_edges(p, edges).unwrap();
    let sem = LinearSem::new(&dag, |parent, child| weights[[child, parent]], |_| 1.0).unwrap();
    let moments = Moments {
        means: numbers(&case["means"]),
        covariance: sem.covariance(),
        n_samples: 1_000,
    };
    LinearModel::fit_moments(&dag, &moments).unwrap()
}

const BOUNDS: [f64; 2] = [-1.0, 1.0];

#[test]
fn values_are_set_as_scipy_sets_them() {
    let Some(folder) = folder() else { return };
    let expected = read(&folder.join("couple/expected.json"));
    let tolerance = number(&expected["tolerance"]);
    for case in list(&expected["cases"]) {
        let (model, current) = (model(case), numbers(&case["current"]));
        let target = numbers(&case["target"]);
        let wanted = Objective::new(target.clone(), numbers(&case["weights"])).unwrap();
        let close = |found: &[f64], expected: &Value, what: &str| {
            assert_close(found, expected, tolerance, what);
        };
        let noise = model.noise(current.view()).unwrap();
        close(noise.as_slice().unwrap(), &case["noise"], "noise");
        let plain = Objective::new(target, Array1::ones(current.len())).unwrap();
        let one = |found: f64, expected: &Value, what: &str| {
            close(&[found], &json!([expected]), what);
        };
        one(
            plain.deviation(current.view()).unwrap(),
            &case["deviation_l1"],
            "deviation",
        );
        let start = wanted.squared_deviation(current.view()).unwrap();
        one(start, &case["weighted_square_start"], "start");

        for (set, expected) in case["do"].as_object().unwrap() {
            let set: Vec<usize> = set.split(',').map(|v| v.parse().unwrap()).collect();
            let found = best_setting(&model, current.view(), &wanted, &set, BOUNDS).unwrap();
            let x: Vec<f64> = found.set.iter().map(|(_, x)| *x).collect();
            close(&x, &expected["x"], "x");
            close(
                found.values.as_slice().unwrap(),
                &expected["values"],
                "values",
            );
            one(
                found.squared_deviation,
                &expected["weighted_square"],
                "square",
            );
        }

        let threshold = number(&case["threshold"]);
        let found =
            smallest_setting(&model, current.view(), &wanted, threshold, 3, BOUNDS).unwrap();
        let set = found
            .as_ref()
            .map(|found| -> Vec<usize> { found.set.iter().map(|(v, _)| *v).collect() });
        assert_eq!(json!(set), case["minimal_set"]);
        if let Some(found) = found {
            close(
                found.values.as_slice().unwrap(),
                &case["minimal_values"],
                "values",
            );
            one(found.squared_deviation, &case["minimal_square"], "square");
        }

        let expected = &case["measured"];
        let effects = matrix(&expected["effects"]);
        let prices = numbers(&expected["cost"]) * number(&expected["price_per_cost"]);
        let (start, prices) = (current.view(), prices.view());
        let found = choose_interventions(start, effects.view(), prices, &wanted, 2).unwrap();
        assert_eq!(json!(found.interventions), expected["chosen"]);
        assert_eq!(
            json!([found.best_single.unwrap().0]),
            expected["best_single"]
        );
        one(found.cost, &expected["objective"], "objective");
        one(found.cost_of_none, &expected["objective_of_none"], "none");
        one(found.cost_of_none, &expected["start"], "start");
    }
    for case in list(&expected["measures"]) {
        let [target, got] = ["target", "got"].map(|key| numbers(&case[key]));
        let n = target.len();
        let deviation = Objective::new(target, Array1::ones(n)).unwrap();
        let found = deviation.deviation(got.view()).unwrap();
        assert_close(
            &[found],
            &json!([case["deviation"]]),
            tolerance,
            "deviation",
        );
        assert_close(&[found / n as f64], &json!([case["mae"]]), tolerance, "mae");
    }
}

#[test]
fn flows_are_the_expected_ones() {
    let Some(folder) = folder() else { return };
    let expected = read(&folder.join("promethee/expected.json"));
    let tolerance = number(&expected["tolerance"]);
    for case in list(&expected["standard"]) {
        let [indifference, strict, inflection] = ["q", "p", "s"].map(|key| number(&case[key]));
        let preference = match case["preference"].as_str().unwrap() {
            "usual" => Preference::Usual,
            "u_shape" => Preference::UShape { indifference },
            "v_shape" => Preference::VShape { strict },
            "level" => Preference::Level {
                indifference,
                strict,
            },
            "linear" => Preference::Linear {
                indifference,
                strict,
            },
            "gaussian" => Preference::Gaussian { inflection },
            other => panic!("{other}"),
        };
        let criterion = |&weight| Criterion { weight, preference };
        let criteria: Vec<_> = numbers(&case["weights"]).iter().map(criterion).collect();
        let found = promethee(matrix(&case["actions"]).view(), &criteria).unwrap();
        assert_close(&found.plus, &case["plus"], tolerance, "plus");
        assert_close(&found.minus, &case["minus"], tolerance, "minus");
        assert_close(&found.net(), &case["net"], tolerance, "net");
        let ranking = found.ranking();
        assert_eq!(json!(ranking), case["ranking"]);
        // What outranks by both flows does so by their difference.
        for pair in ranking.windows(2) {
            assert_ne!(found.compare(pair[0], pair[1]), Some(Outranking::Second));
        }
    }
    for case in list(&expected["valuepilot"]["cases"]) {
        let preferences = numbers(&case["preferences"]);
        let (scenarios, actions) = (&case["scenario_rating"], &case["action_rating"]);
        let (scenarios, actions) = (matrix(scenarios), matrix(actions));
        let wanted = matrix(&case["rating"]);
        for (at, wanted) in wanted.rows().into_iter().enumerate() {
            let (scenario, action) = (scenarios.row(at), actions.row(at));
            let found = product_rating(scenario, action, preferences.view()).unwrap();
            assert_close(&found, &json!(wanted.to_vec()), tolerance, "rating");
        }
        let found = product_flows(wanted.view(), preferences.view()).unwrap();
        assert_close(&found.plus, &case["plus"], tolerance, "plus");
        assert_close(&found.minus, &case["minus"], tolerance, "minus");
        assert_close(&found.net(), &case["net"], tolerance, "net");
        // Between two actions, ln(P(a, b) / P(b, a)) is the difference of the weighted sums.
        let sums = numbers(&case["weighted_sum"]);
        for at in 1..sums.len() {
            let pair = wanted.select(Axis(0), &[0, at]);
            let found = product_flows(pair.view(), preferences.view()).unwrap();
            let [over, under] = [found.plus[0], found.minus[0]].map(|flow| 2.0 * flow - 0.5);
            let difference = sums[0] - sums[at];
            // What is left of a flow less the action's own part has lost digits.
            let tolerance = tolerance + 4.0 * f64::EPSILON / over.min(under);
            let found = (over / under).ln();
            assert_close(&[found], &json!([difference]), tolerance, "ratio");
        }
    }
}

#[test]
fn what_people_value_is_searched_with_one_value_left_out() {
    let Some(folder) = folder() else { return };
    let expected = read(&folder.join("valueportrait/expected_human.json"));
    let names: Vec<&str> = list(&expected["values"])
        .iter()
        .map(|v| v.as_str().unwrap())
        .collect();
    let text = fs::read_to_string(folder.join("valueportrait/people.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| -> Vec<f64> {
        line.split(',')
            .skip(1)
            .take(10)
            .map(|cell| cell.parse().unwrap())
            .collect()
    });
    let rows: Vec<Vec<f64>> = rows.collect();
    let people = Array2::from_shape_fn((rows.len(), 10), |(row, column)| rows[row][column]);

    let all = FisherZOptions::new().names(names.clone());
    let all = FisherZ::with_options(people.view(), all).unwrap();
    let message = all.check_dependence().unwrap_err().to_string();
    assert!(names.iter().all(|name| message.contains(name)), "{message}");
    assert!(message.contains("is a linear combination of"));

    for (alpha, wanted) in expected["graph_without"].as_object().unwrap() {
        let options = PcOptions::like_causal_learn(Alpha::new(alpha.parse().unwrap()).unwrap());
        let found = LeaveOneOut::search(10, |kept| {
            let names = kept.iter().map(|&v| names[v]);
            let test = FisherZOptions::like_causal_learn().names(names);
            let test = FisherZ::with_options(people.select(Axis(1), kept).view(), test)?;
            test.check_dependence()?;
            Ok::<_, Box<dyn std::error::Error>>(pc(&test, &options)?.graph)
        });
        let found = found.unwrap();
        for (left_out, graph) in names.iter().zip(&found.graphs) {
            let edges: BTreeSet<String> = graph.edges().map(|e| written(graph, e)).collect();
            let wanted = list(&wanted[left_out]).iter();
            let wanted: BTreeSet<String> = wanted.map(ToString::to_string).collect();
            assert_eq!(edges, wanted, "without {left_out} at {alpha}");
        }
        let pairs = found.pairs();
        assert!(pairs.iter().all(|pair| pair.runs == 8));
        let of = |keep: &dyn Fn(usize) -> bool| {
            let kept = pairs.iter().filter(|pair| keep(pair.adjacent));
            let mut pairs: Vec<[&str; 2]> = kept.map(|pair| pair.pair.map(|v| names[v])).collect();
            pairs.iter_mut().for_each(|pair| pair.sort_unstable());
            pairs.sort_unstable();
            json!(pairs)
        };
        let wanted = &expected["skeleton_over_all_ten"][alpha];
        assert_eq!(of(&|adjacent| adjacent == 8), wanted["always"]);
        assert_eq!(
            of(&|adjacent| (1..8).contains(&adjacent)),
            wanted["sometimes"]
        );
    }
}

/// As causal-learn's graph is written: the variable that comes first, the mark, the other.
fn written(graph: &MixedGraph, edge: Edge) -> String {
    let (a, b) = (edge.a.min(edge.b), edge.a.max(edge.b));
    let mark = match [graph.mark_at(a, b), graph.mark_at(b, a)] {
        [Some(Mark::Tail), Some(Mark::Arrow)] => "->",
        [Some(Mark::Arrow), Some(Mark::Tail)] => "<-",
        [Some(Mark::Tail), Some(Mark::Tail)] => "--",
        _ => "<->",
    };
    json!([graph.names()[a], mark, graph.names()[b]]).to_string()
}
