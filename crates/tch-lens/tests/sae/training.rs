//! Autoencoders that are trained: on activations whose features are known, and on a model's.

use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch_lens::sae::training::{
    SaeTrainer, SaeTraining, Sparsity, TrainingData, TrainingStep, activations, quality,
};
use tch_lens::sae::{Sae, SaeArchitecture, SaeOptions};
use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{HookPoint, Lm, LoadOptions};

use crate::common;

const D_IN: i64 = 32;
const TRUE_FEATURES: usize = 24;
const ACTIVE: usize = 3;

/// Directions `[feature, d_in]` of unit length, and activations that are sums of a few of them about a mean.
fn planted(n: usize, active: usize) -> (Tensor, Tensor) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut normal = |n: usize| -> Vec<f32> {
        let mut one = || (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0;
        (0..n).map(|_| one()).collect()
    };
    let directions = Tensor::from_slice(&normal(TRUE_FEATURES * D_IN as usize))
        .view([TRUE_FEATURES as i64, D_IN]);
    let directions = &directions / directions.norm_scalaropt_dim(2.0, [1i64].as_slice(), true);
    let mean = Tensor::from_slice(&normal(D_IN as usize)) * 5.0;
    let mut acts = vec![0.0_f32; n * TRUE_FEATURES];
    for row in acts.chunks_mut(TRUE_FEATURES) {
        for feature in sample(&mut rng, TRUE_FEATURES, active) {
            row[feature] = rng.random_range(10.0..20.0);
        }
    }
    let acts = Tensor::from_slice(&acts).view([n as i64, TRUE_FEATURES as i64]);
    (directions.shallow_clone(), acts.matmul(&directions) + mean)
}

fn options(sparsity: Sparsity) -> SaeTraining {
    SaeTraining::new(40, ACTIVE)
        .sparsity(sparsity)
        .steps(600)
        .batch(256)
        .rate(5e-3)
        .dead_after(256 * 50)
}

fn trainer(x: &Tensor, options: SaeTraining) -> SaeTrainer {
    tch::set_num_threads(1);
    SaeTrainer::new(TrainingData::new(x.shallow_clone()).unwrap(), options).unwrap()
}

fn run(trainer: &mut SaeTrainer, until: usize) -> Option<TrainingStep> {
    let mut last = None;
    while trainer.steps_done() < until {
        last = trainer.step().unwrap();
    }
    last
}

fn saved(trainer: &SaeTrainer) -> Sae {
    let folder = tempfile::tempdir().unwrap();
    let point = HookPoint::ResidPost(1);
    trainer.save(folder.path(), "none", point, true).unwrap();
    let sae = Sae::open(folder.path(), &SaeOptions::default()).unwrap();
    assert_eq!(sae.hook_name(), Some("blocks.1.hook_resid_post"));
    sae
}

/// How many of the planted directions are one of the autoencoder's.
fn found(directions: &Tensor, sae: &Sae) -> usize {
    let rows: Vec<Tensor> = (0..sae.d_sae())
        .map(|feature| sae.direction(feature).unwrap())
        .collect();
    let cosines = directions.matmul(&Tensor::stack(&rows, 0).tr());
    let best = cosines.amax([1i64].as_slice(), false);
    best.gt(0.95).sum(Kind::Int64).int64_value(&[]) as usize
}

#[test]
fn planted_features_are_found() {
    let (directions, x) = planted(8_000, ACTIVE);
    for sparsity in [Sparsity::TopK, Sparsity::BatchTopK] {
        let mut trainer = trainer(&x, options(sparsity));
        let last = run(&mut trainer, 600).unwrap();
        assert!(trainer.step().unwrap().is_none());
        assert!((last.l0 - ACTIVE as f64).abs() < 0.3, "{last:?}");
        let sae = saved(&trainer);
        let expected = match sparsity {
            Sparsity::TopK => SaeArchitecture::TopK,
            Sparsity::BatchTopK => SaeArchitecture::JumpRelu,
        };
        assert_eq!(sae.architecture(), expected);
        let found = found(&directions, &sae);
        assert!(found >= TRUE_FEATURES - 1, "{sparsity:?}: {found}");
        // The saved one reads activations as they are.
        let missed = (sae.reconstruct(&x).unwrap() - &x)
            .square()
            .sum(Kind::Double);
        let all = (&x - x.mean_dim([0i64].as_slice(), true, Kind::Float)).square();
        let explained = 1.0 - (missed / all.sum(Kind::Double)).double_value(&[]);
        assert!(explained > 0.9, "{sparsity:?}: {explained}");
        assert!(
            (explained - last.explained).abs() < 0.05,
            "{explained}, {last:?}"
        );
        let l0 = sae
            .encode(&x)
            .unwrap()
            .gt(0.0)
            .sum(Kind::Double)
            .double_value(&[])
            / 8_000.0;
        assert!((l0 - ACTIVE as f64).abs() < 0.5, "{sparsity:?}: {l0}");
    }
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_weights() {
    let (_, x) = planted(500, ACTIVE);
    for sparsity in [Sparsity::TopK, Sparsity::BatchTopK] {
        let options = options(sparsity).steps(30).batch(64).dead_after(256);
        let mut whole = trainer(&x, options.clone());
        run(&mut whole, 30);
        let file = tempfile::tempdir().unwrap();
        let file = file.path().join("training.safetensors");
        let mut first = trainer(&x, options.clone());
        run(&mut first, 11);
        first.save_checkpoint(&file).unwrap();
        let data = || TrainingData::new(x.shallow_clone()).unwrap();
        let mut second = SaeTrainer::resume(data(), options.clone(), &file).unwrap();
        assert_eq!(second.steps_done(), 11);
        run(&mut second, 30);
        let (whole, second) = (saved(&whole), saved(&second));
        assert_eq!(whole.encode(&x).unwrap(), second.encode(&x).unwrap());
        assert_eq!(
            whole.reconstruct(&x).unwrap(),
            second.reconstruct(&x).unwrap()
        );
        // Another training does not go on from it.
        let other = SaeTrainer::resume(data(), options.clone().seed(1), &file);
        let message = other.unwrap_err().to_string();
        assert!(message.contains("options"), "{message}");
        let less = TrainingData::new(x.narrow(0, 0, 499)).unwrap();
        let message = SaeTrainer::resume(less, options, &file)
            .unwrap_err()
            .to_string();
        assert!(message.contains("data"), "{message}");
    }
}

#[test]
fn features_that_died_come_back() {
    // Two planted features that fall to one of the autoencoder's leave another dead.
    let (directions, x) = planted(8_000, 1);
    let trained = |revival: f64| {
        let options = SaeTraining::new(30, 1)
            .steps(300)
            .batch(256)
            .rate(5e-3)
            .dead_after(256 * 10)
            .revival(revival);
        let mut trainer = trainer(&x, options);
        run(&mut trainer, 300);
        let dead = trainer.dead_features().unwrap().len();
        (found(&directions, &saved(&trainer)), dead)
    };
    let (left, revived) = (trained(0.0), trained(1.0 / 32.0));
    assert!(
        revived.0 > left.0 + 8 && revived.1 < left.1,
        "found and dead: {left:?} without, {revived:?} with"
    );
}

#[test]
fn groups_have_their_shares() {
    let rows = |of: f32| Tensor::full([10, 1], of as f64, (Kind::Float, Device::Cpu));
    let data = TrainingData::new(rows(0.0)).unwrap();
    let data = data.and(rows(1.0), 3.0).unwrap();
    assert_eq!((data.len(), data.d_in()), (20, 1));
    let options = SaeTraining::new(2, 1).steps(1).batch(8).rate(1e-9);
    let mut trainer = SaeTrainer::new(data, options).unwrap();
    // A quarter of zeros and three quarters of ones about the zeros' mean: one of two features for each.
    assert!(trainer.step().unwrap().unwrap().explained.is_finite());
    for (wrong, named) in [
        (TrainingData::new(rows(0.0).view([10])), "[token, d_in]"),
        (TrainingData::new(rows(f32::NAN)), "NaN"),
        (TrainingData::new(rows(0.0).narrow(0, 0, 0)), "[0, 1]"),
        (
            TrainingData::new(rows(0.0)).unwrap().and(rows(0.0), 0.0),
            "weight",
        ),
        (
            TrainingData::new(rows(0.0))
                .unwrap()
                .and(Tensor::zeros([3, 2], (Kind::Float, Device::Cpu)), 1.0),
            "width",
        ),
    ] {
        let message = wrong.unwrap_err().to_string();
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn a_model_is_read_and_what_the_reconstruction_costs_is_measured() {
    let goldens = common::Goldens::all().remove(0);
    let folder = goldens.folder.join("models/gemma1");
    let lm = Lm::open(folder, &LoadOptions::default()).unwrap();
    let rows: Vec<Vec<i64>> = (0..12)
        .map(|row| {
            (0..3 + row % 5)
                .map(|at| 5 + (7 * row + 3 * at) % 60)
                .collect()
        })
        .collect();
    let points = [
        HookPoint::ResidPost(0),
        HookPoint::Z(0),
        HookPoint::MlpOut(0),
    ];
    for point in points {
        let x = activations(&lm, point, &rows, 1).unwrap();
        let width = point.width(lm.config()).unwrap() as i64;
        let tokens: usize = rows.iter().map(|row| row.len() - 1).sum();
        assert_eq!(x.size(), [tokens as i64, width]);
        let run = lm
            .run_with_cache(&rows[3..4], &[point.to_string()], &mut [])
            .unwrap();
        let before: usize = rows[..3].iter().map(|row| row.len() - 1).sum();
        let there = run.activations[&point].get(0).get(1).flatten(0, -1);
        assert!(x.get(before as i64).allclose(&there, 1e-5, 1e-6, false));

        // One that is exact costs nothing; one of zeros costs what the ablation costs.
        let eye = Tensor::eye(width, (Kind::Float, Device::Cpu));
        let both = Tensor::cat(&[&eye, &-&eye], 0);
        let exact = written(&both, point);
        let found = quality(&lm, &exact, point, &rows, 1).unwrap();
        assert!((found.explained - 1.0).abs() < 1e-5, "{found:?}");
        assert!(
            (found.cross_entropy_reconstructed - found.cross_entropy).abs() < 1e-4
                && found
                    .loss_recovered()
                    .is_none_or(|share| (share - 1.0).abs() < 1e-2),
            "{found:?}"
        );
        assert_eq!(found.tokens, tokens);
        assert!(
            found.l0 > 0.9 * width as f64 && found.l0 <= width as f64,
            "{found:?}"
        );
        let nothing = written(&both.zeros_like(), point);
        let found = quality(&lm, &nothing, point, &rows, 1).unwrap();
        assert_eq!(
            found.cross_entropy_reconstructed,
            found.cross_entropy_ablated
        );
        assert_eq!((found.l0, found.never_active), (0.0, 2 * width as usize));
    }
    let message = activations(&lm, HookPoint::Pattern(0), &rows, 1)
        .unwrap_err()
        .to_string();
    assert!(message.contains("hook_pattern"), "{message}");
    let message = activations(&lm, points[0], &rows, 99)
        .unwrap_err()
        .to_string();
    assert!(message.contains("more than 99 tokens"), "{message}");
}

/// A standard autoencoder with the decoder's rows read along themselves.
fn written(w_dec: &Tensor, point: HookPoint) -> Sae {
    let folder = tempfile::tempdir().unwrap();
    let (d_sae, d_in) = w_dec.size2().unwrap();
    let reshape = if matches!(point, HookPoint::Z(_)) {
        "hook_z"
    } else {
        "none"
    };
    let config = serde_json::json!({
        "d_in": d_in, "d_sae": d_sae, "hook_name": point.to_string(), "apply_b_dec_to_input": false,
        "reshape_activations": reshape,
    });
    std::fs::write(folder.path().join("cfg.json"), config.to_string()).unwrap();
    let zeros = |n| Tensor::zeros([n], (Kind::Float, Device::Cpu));
    let weights = [
        ("W_enc", w_dec.tr().contiguous()),
        ("b_enc", zeros(d_sae)),
        ("W_dec", w_dec.shallow_clone()),
        ("b_dec", zeros(d_in)),
    ];
    Tensor::write_safetensors(&weights, folder.path().join("sae_weights.safetensors")).unwrap();
    Sae::open(folder.path(), &SaeOptions::default()).unwrap()
}
