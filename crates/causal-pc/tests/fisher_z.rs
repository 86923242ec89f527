//! Fisher-Z beside exact arithmetic, on correlation matrices up to a condition number of 1e8.

use causal_pc::ci::{CiTest, FisherZ, FisherZOptions};
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use ndarray::{Array2, ArrayView2};
use num_bigint::BigInt;

/// Correlations times a power of two that makes them whole numbers.
struct Whole(Vec<Vec<BigInt>>);

/// What exact arithmetic says of a question.
struct Exact {
    p: f64,
    /// No less than the condition number of the variables' correlations.
    condition: f64,
}

impl Whole {
    fn new(correlation: ArrayView2<'_, f64>) -> Self {
        let parts = correlation.map(|&value| parts(value));
        let places = parts.iter().map(|&(_, exponent)| -exponent).max();
        let places = places.unwrap_or(0).max(0);
        let whole = |&(digits, exponent): &(i64, i32)| BigInt::from(digits) << (exponent + places);
        let rows = parts.rows().into_iter();
        Self(rows.map(|row| row.iter().map(whole).collect()).collect())
    }

    /// The determinant of some rows and as many columns.
    fn minor(&self, rows: &[usize], columns: &[usize]) -> BigInt {
        let row = |&i: &usize| columns.iter().map(|&j| self.0[i][j].clone()).collect();
        determinant(rows.iter().map(row).collect())
    }

    /// The p-value from minors of the correlations. With `D` the determinant of all, `D_x`, `D_y`
    /// and `D_xy` those without x, y and both, and `M` the one without x's row and y's column,
    /// `r² = M² / (D_x D_y)` and `1 - r² = D D_xy / (D_x D_y)`.
    fn ask(&self, n_samples: usize, x: usize, y: usize, given: &[usize]) -> Exact {
        let of = |more: &[usize]| [more, given].concat();
        let same = |variables: &[usize]| self.minor(variables, variables);
        let (all, without_x, without_y) = (same(&of(&[x, y])), same(&of(&[y])), same(&of(&[x])));
        let crossed = self.minor(&of(&[y]), &of(&[x]));
        let product = &without_x * &without_y;
        let r = ratio(&(&crossed * &crossed), &product).sqrt();
        let left = ratio(&(&all * same(given)), &product);
        let atanh = if r < 0.5 {
            r.atanh()
        } else {
            0.5 * ((1.0 + r).powi(2) / left).ln()
        };
        let degrees = n_samples as f64 - given.len() as f64 - 3.0;
        Exact {
            p: libm::erfc(degrees.sqrt() * atanh / std::f64::consts::SQRT_2),
            condition: self.condition(&of(&[x, y]), &all),
        }
    }

    /// The trace times the trace of the inverse.
    fn condition(&self, variables: &[usize], all: &BigInt) -> f64 {
        let size = variables.len();
        let on_diagonal = (0..size).map(|i| {
            let rest = [&variables[..i], &variables[i + 1..]].concat();
            ratio(&(self.minor(&rest, &rest) * &self.0[0][0]), all)
        });
        size as f64 * on_diagonal.sum::<f64>()
    }
}

/// A finite number as `digits * 2^exponent`.
fn parts(value: f64) -> (i64, i32) {
    let (fraction, exponent) = libm::frexp(value);
    (libm::ldexp(fraction, 53) as i64, exponent - 53)
}

/// Without fractions, so without rounding (E. H. Bareiss 1968).
fn determinant(mut rows: Vec<Vec<BigInt>>) -> BigInt {
    let size = rows.len();
    let mut before = BigInt::from(1);
    for k in 0..size.saturating_sub(1) {
        // Leading minors of correlations are positive; those of other choices may vanish.
        let Some(pivot) = (k..size).find(|&i| rows[i][k] != BigInt::ZERO) else {
            return BigInt::ZERO;
        };
        if pivot != k {
            rows.swap(pivot, k);
            rows[k].iter_mut().for_each(|value| *value = -&*value);
        }
        for i in k + 1..size {
            for j in k + 1..size {
                let cross = &rows[i][j] * &rows[k][k] - &rows[i][k] * &rows[k][j];
                rows[i][j] = cross / &before;
            }
        }
        before = rows[k][k].clone();
    }
    rows.last()
        .map_or(BigInt::from(1), |row| row[size - 1].clone())
}

/// A quotient of numbers that are not negative, to the last digit or two.
fn ratio(over: &BigInt, under: &BigInt) -> f64 {
    let shift = 64 + under.bits() as i32 - over.bits() as i32;
    let quotient = if shift >= 0 {
        (over << shift) / under
    } else {
        over / (under << -shift)
    };
    let digits = quotient.iter_u64_digits().rev();
    let value = digits.fold(0u128, |value, digit| value << 64 | u128::from(digit));
    libm::ldexp(value as f64, -shift)
}

/// Correlations of a linear model in which the last variable is nearly the sum of the first two.
fn correlations(seed: u64, noise: f64) -> Array2<f64> {
    let model = DagModel::ErdosRenyi {
        expected_degree: 2.5,
    };
    let dag = random_dag(6, model, seed).unwrap();
    let sem = LinearSem::random(&dag, LinearOptions::new(), seed).unwrap();
    let mut samples = sem.sample(60, seed);
    let last = &samples.column(0) + &samples.column(1) + noise * &samples.column(2);
    samples.column_mut(5).assign(&last);
    let test = FisherZ::from_samples(samples.view()).unwrap();
    test.correlation().to_owned()
}

#[test]
fn p_values_are_exact_to_ten_digits() {
    const N_SAMPLES: usize = 500;
    let (mut worst, mut n_near, mut n) = (0.0f64, 0, 0);
    for seed in 0..150 {
        let noise = 10f64.powf(-4.0 * seed as f64 / 150.0);
        let correlation = correlations(seed, noise);
        let whole = Whole::new(correlation.view());
        let test = FisherZ::from_correlation(correlation.view(), N_SAMPLES, FisherZOptions::new());
        let test = test.unwrap();
        for (x, y, given) in questions(correlation.nrows()) {
            let exact = whole.ask(N_SAMPLES, x, y, &given);
            if exact.condition > 1e8 || exact.p < f64::MIN_POSITIVE {
                continue;
            }
            let p = test.p_value(x, y, &given).unwrap();
            let log_p = test.log_p_value(x, y, &given).unwrap();
            let gap = (p / exact.p - 1.0).abs();
            let log_gap = (log_p - exact.p.ln()).abs();
            let what = format!("seed {seed}, {x} and {y} given {given:?}: {p:e}");
            assert!(gap <= 1e-10, "{what} is off by {gap:e}");
            assert!(
                log_gap <= 1e-10,
                "the logarithm of {what} is off by {log_gap:e}"
            );
            worst = worst.max(gap);
            n += 1;
            n_near += usize::from(exact.condition > 1e6);
        }
    }
    println!("{n} questions, {n_near} with a condition of 1e6 to 1e8: {worst:e} at worst");
    assert!(n > 20_000 && n_near > 300, "{n} {n_near}");
}

/// Every pair with every set of the others.
fn questions(n: usize) -> Vec<(usize, usize, Vec<usize>)> {
    let mut all = Vec::new();
    for y in 0..n {
        for x in 0..y {
            for bits in 0..1u32 << n {
                let given: Vec<usize> = (0..n).filter(|&v| bits >> v & 1 == 1).collect();
                if !given.contains(&x) && !given.contains(&y) {
                    all.push((x, y, given));
                }
            }
        }
    }
    all
}
