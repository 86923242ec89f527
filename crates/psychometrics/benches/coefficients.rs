//! The coefficients on tables of the size of a study.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use psychometrics::factors::{FactorModel, ParallelAnalysis, ParallelOptions};
use psychometrics::irt::{ResponseModel, Responses, TraitGrid};
use psychometrics::reliability::{alpha, split_half};
use psychometrics::{Correlations, Scores};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Ratings that share a trait, `[cases, items]`.
fn ratings(n_cases: usize, n_items: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut cells = Array2::zeros((n_cases, n_items));
    for mut row in cells.rows_mut() {
        let place: f64 = rng.sample(StandardNormal);
        row.mapv_inplace(|_| place + rng.sample::<f64, _>(StandardNormal));
    }
    cells
}

fn coefficients(criterion: &mut Criterion) {
    let wide = ratings(2525, 17);
    let scores = Scores::new(wide.view()).unwrap();
    let correlations = Correlations::of(&scores).unwrap();
    criterion.bench_function("alpha of 2525 x 17", |bench| {
        bench.iter(|| alpha(black_box(&scores)));
    });
    criterion.bench_function("all split halves of 17", |bench| {
        bench.iter(|| split_half(black_box(&scores)));
    });
    criterion.bench_function("six factors of 17", |bench| {
        bench.iter(|| FactorModel::fit(black_box(&correlations), 6));
    });
    let options = ParallelOptions::default().n_draws(20);
    criterion.bench_function("parallel analysis of 2525 x 17, 20 draws", |bench| {
        bench.iter(|| ParallelAnalysis::of(black_box(&scores), options));
    });
    let answers = ratings(600, 8).mapv(|x| f64::from(u8::from(x > 0.0)));
    let responses = Responses::of(&Scores::new(answers.view()).unwrap().into()).unwrap();
    let mut group = criterion.benchmark_group("responses");
    group.sample_size(10);
    group.bench_function("two-parameter logistic model of 600 x 8", |bench| {
        bench.iter(|| ResponseModel::fit(black_box(&responses), TraitGrid::default()));
    });
}

criterion_group!(benches, coefficients);
criterion_main!(benches);
