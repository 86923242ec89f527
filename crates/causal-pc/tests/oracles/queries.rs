//! Single tests beside long arithmetic and causal-learn.

use causal_pc::ci::{
    ChiSquare, CiTest, DegreesOfFreedom, DiscreteOptions, DiscreteResult, FisherZ, FisherZOptions,
    GSquare,
};
use ndarray::Array2;
use serde::Deserialize;

use super::{folders, read};

#[derive(Deserialize)]
struct Correlations {
    matrices: Vec<Matrix>,
    queries: Vec<FisherQuery>,
}

#[derive(Deserialize)]
struct Matrix {
    n: usize,
    corr: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct FisherQuery {
    m: usize,
    x: usize,
    y: usize,
    #[serde(rename = "S")]
    given: Vec<usize>,
    exact_p: String,
    cond: f64,
}

#[test]
fn fisher_z_agrees_with_long_arithmetic() {
    for folder in folders() {
        let all: Correlations = read(&folder.join("fisherz_queries.json"));
        assert!(!all.queries.is_empty(), "no query in {}", folder.display());
        let tests: Vec<FisherZ> = all.matrices.iter().map(Matrix::test).collect();
        let (mut worst, mut worst_beyond) = (0.0f64, 0.0f64);
        for (i, query) in all.queries.iter().enumerate() {
            let gap = query.relative_gap(&tests[query.m]);
            if query.cond <= 1e8 {
                assert!(gap <= 1e-10, "query {i}: p is off by {gap:e}");
                worst = worst.max(gap);
            } else {
                worst_beyond = worst_beyond.max(gap);
            }
        }
        println!(
            "{}: {} Fisher-Z queries, {worst:e} at worst to a condition of 1e8, {worst_beyond:e} beyond",
            folder.display(),
            all.queries.len()
        );
    }
}

impl Matrix {
    fn test(&self) -> FisherZ {
        let p = self.corr.len();
        let corr = Array2::from_shape_vec((p, p), self.corr.concat()).unwrap();
        FisherZ::from_correlation(corr.view(), self.n, FisherZOptions::new()).unwrap()
    }
}

impl FisherQuery {
    /// How far p is off, relative to it, by its logarithm where it is below 1e-300.
    fn relative_gap(&self, test: &FisherZ) -> f64 {
        let mut given = self.given.clone();
        given.sort_unstable();
        let (mantissa, exponent) = self.exact_p.split_once('e').unwrap_or((&self.exact_p, "0"));
        let (mantissa, exponent): (f64, f64) =
            (mantissa.parse().unwrap(), exponent.parse().unwrap());
        let exact_log_p = mantissa.ln() + exponent * std::f64::consts::LN_10;
        let log_p = test.log_p_value(self.x, self.y, &given).unwrap();
        if exponent < -300.0 {
            return (log_p / exact_log_p - 1.0).abs();
        }
        let p = test.p_value(self.x, self.y, &given).unwrap();
        let log_gap = (log_p - exact_log_p).abs() / exact_log_p.abs().max(1.0);
        (p / self.exact_p.parse::<f64>().unwrap() - 1.0)
            .abs()
            .max(log_gap)
    }
}

#[derive(Deserialize)]
struct Tables {
    tables: Vec<Table>,
    queries: Vec<DiscreteQuery>,
}

#[derive(Deserialize)]
struct Table {
    columns: Vec<Vec<i64>>,
}

#[derive(Deserialize)]
struct DiscreteQuery {
    m: usize,
    x: usize,
    y: usize,
    #[serde(rename = "S")]
    given: Vec<usize>,
    g2: f64,
    x2: f64,
    dof: f64,
    g2_p: f64,
    x2_p: f64,
    dof_unadjusted: f64,
    nonempty_strata: usize,
}

#[test]
fn discrete_tests_agree_with_long_arithmetic_and_causal_learn() {
    for folder in folders() {
        let all: Tables = read(&folder.join("discrete_queries.json"));
        assert!(!all.queries.is_empty(), "no query in {}", folder.display());
        let tables: Vec<Array2<i64>> = all.tables.iter().map(Table::samples).collect();
        let mut worst = 0.0f64;
        for (i, query) in all.queries.iter().enumerate() {
            let gap = query.largest_gap(&tables[query.m]);
            assert!(gap <= 1e-9, "query {i}: off by {gap:e}");
            worst = worst.max(gap);
        }
        println!(
            "{}: {} discrete queries, {worst:e} at worst",
            folder.display(),
            all.queries.len()
        );
    }
}

impl Table {
    fn samples(&self) -> Array2<i64> {
        let shape = (self.columns[0].len(), self.columns.len());
        Array2::from_shape_fn(shape, |(row, v)| self.columns[v][row])
    }
}

impl DiscreteQuery {
    /// The largest relative gap of a statistic or p-value; counts must agree exactly.
    fn largest_gap(&self, samples: &Array2<i64>) -> f64 {
        let ask = |result: Result<DiscreteResult, _>| result.unwrap();
        let (x, y, given) = (self.x, self.y, self.given.as_slice());
        let g2 = ask(GSquare::from_samples(samples.view())
            .unwrap()
            .test(x, y, given));
        let x2 = ask(ChiSquare::from_samples(samples.view())
            .unwrap()
            .test(x, y, given));
        let all_cells = DiscreteOptions::new().degrees_of_freedom(DegreesOfFreedom::AllCells);
        let unadjusted = GSquare::with_options(samples.view(), all_cells).unwrap();
        assert_eq!((g2.dof, x2.dof), (self.dof, self.dof));
        assert_eq!(ask(unadjusted.test(x, y, given)).dof, self.dof_unadjusted);
        assert_eq!(g2.n_strata, self.nonempty_strata);
        [
            (g2.statistic, self.g2),
            (x2.statistic, self.x2),
            (g2.p_value, self.g2_p),
            (x2.p_value, self.x2_p),
        ]
        .into_iter()
        .filter(|(found, expected)| found != expected)
        .map(|(found, expected)| (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE))
        .fold(0.0, f64::max)
    }
}
