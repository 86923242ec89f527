//! Readings, directions and probes.

use tch_lens::contrast::{
    Centring, mean_difference, principal_direction, random, random_orthogonal,
};
use tch_lens::tch::{self, Device, Kind, Tensor};
use tch_lens::{HookPoint, Probe, Reading};

use crate::common::assert_close;
use crate::goldens::{Goldens, integer, labels, number, numbers, pairs, stacked};

fn assert_probe(found: &Probe, weights: &Tensor, bias: f64, what: &str) {
    let greatest = weights.abs().max().double_value(&[]);
    let off = (found.weights().unwrap() - weights)
        .abs()
        .max()
        .double_value(&[]);
    assert!(off <= 1e-6 * greatest, "{what}: weights off by {off}");
    assert!((found.bias() - bias).abs() <= 1e-5, "{what}: bias");
}

#[test]
fn activations_of_pairs_are_read() {
    for goldens in Goldens::all() {
        let layers = goldens.lm.config().n_layers;
        for side in ["positive", "negative"] {
            let prompts = goldens.prompts(side);
            let prompts: Vec<Reading> = prompts.into_iter().map(Reading::new).collect();
            let names: Vec<String> = (0..layers)
                .flat_map(|l| [HookPoint::ResidPost(l), HookPoint::Z(l)])
                .map(|point| point.to_string())
                .collect();
            let read = goldens.lm.read(&prompts, &names).unwrap();
            let residual = goldens.tensor(&format!("pairs.resid_post.{side}"));
            let heads = goldens.tensor(&format!("pairs.z.{side}"));
            for layer in 0..layers {
                for (point, expected) in [
                    (
                        HookPoint::ResidPost(layer),
                        residual.select(1, layer as i64),
                    ),
                    (
                        HookPoint::Z(layer),
                        heads.select(1, layer as i64).flatten(1, 2),
                    ),
                ] {
                    let found = &read.activations[&point];
                    assert_close(found, &expected, (1e-4, 0.0), &point.to_string());
                }
            }
        }
    }
}

#[test]
fn probes_are_the_optimum() {
    for goldens in Goldens::all() {
        let n = goldens.train() as i64;
        let (positive, negative) = (
            goldens.tensor("pairs.resid_post.positive"),
            goldens.tensor("pairs.resid_post.negative"),
        );
        for layer in 0..goldens.lm.config().n_layers {
            let at = |x: &Tensor, from: i64, n: i64| x.narrow(0, from, n).select(1, layer as i64);
            let x = stacked(&at(positive, 0, n), &at(negative, 0, n));
            let found = Probe::fit(&x, &labels(n), 1.0).unwrap();
            let expected = goldens.probe(layer);
            let (weights, bias) = (expected.weights().unwrap(), expected.bias());
            assert_probe(&found, &weights, bias, &format!("layer {layer}"));
            let val = positive.size()[0] - n;
            let x = stacked(&at(positive, n, val), &at(negative, n, val));
            let accuracy = found.accuracy(&x, &labels(val)).unwrap();
            let expected = &goldens.numbers["conva"][format!("validation_accuracy.{layer}")];
            assert_eq!(accuracy, number(expected));
        }
    }
}

/// One layer's activations of the training pairs.
fn training(goldens: &Goldens, layer: i64) -> (Tensor, Tensor) {
    let of = |side: &str| {
        let all = goldens.tensor(&format!("pairs.resid_post.{side}"));
        all.narrow(0, 0, goldens.train() as i64).select(1, layer)
    };
    (of("positive"), of("negative"))
}

const CENTRINGS: [(&str, Centring); 4] = [
    ("pairwise", Centring::Pairs),
    ("difference_raw", Centring::Differences),
    ("difference_centred", Centring::CentredDifferences),
    ("global", Centring::Global),
];

#[test]
fn directions_of_pairs_are_found() {
    for goldens in Goldens::all() {
        let layers = goldens.lm.config().n_layers as i64;
        for layer in 0..layers {
            let (positive, negative) = training(&goldens, layer);
            let found = mean_difference(&positive, &negative).unwrap();
            let expected = goldens.tensor(&format!("caa.{layer}.vector"));
            assert_close(&found, expected, (1e-6, 1e-6), "mean difference");
        }
        let layer = integer(&goldens.numbers["caa"]["layer"]) as i64;
        let (positive, negative) = training(&goldens, layer);
        for (name, centring) in CENTRINGS {
            let found = principal_direction(&positive, &negative, centring).unwrap();
            let expected = goldens.tensor(&format!("pca.{name}"));
            assert_close(&found.direction, expected, (1e-6, 0.0), name);
            let expected = &goldens.numbers["pca"][name];
            for (found, expected) in found
                .eigenvalues
                .iter()
                .zip(numbers(&expected["eigenvalues"]))
            {
                assert!((found / expected - 1.0).abs() < 1e-6, "{name}: {found}");
            }
            let cosine = number(&expected["cosine_with_mean_difference"]);
            assert!(
                (found.cosine_with_mean_difference - cosine).abs() < 1e-6,
                "{name}"
            );
        }
    }
}

#[test]
fn heads_are_ranked_by_their_probes() {
    for goldens in Goldens::all() {
        let (z_positive, z_negative) = (
            goldens.tensor("pairs.z.positive"),
            goldens.tensor("pairs.z.negative"),
        );
        let (n, all) = (goldens.train() as i64, z_positive.size()[0]);
        let (layers, heads) = (z_positive.size()[1], z_positive.size()[2]);
        let (mut by_loss, mut by_accuracy) = (Vec::new(), Vec::new());
        for (layer, head) in (0..layers).flat_map(|l| (0..heads).map(move |h| (l, h))) {
            let what = format!("{}, layer {layer}, head {head}", goldens.name);
            let of = |name: &str| goldens.tensor(&format!("iti.{name}")).get(layer).get(head);
            let cut = |z: &Tensor, from, n| z.select(1, layer).select(1, head).narrow(0, from, n);
            let x = stacked(&cut(z_positive, 0, n), &cut(z_negative, 0, n));
            let probe = Probe::fit(&x, &labels(n), 1.0).unwrap();
            assert_probe(
                &probe,
                &of("probe.w"),
                of("probe.b").double_value(&[]),
                &what,
            );
            let rest = all - n;
            let y = stacked(&cut(z_positive, n, rest), &cut(z_negative, n, rest));
            let accuracy = probe.accuracy(&y, &labels(rest)).unwrap();
            assert_eq!(
                accuracy,
                of("validation_accuracy").double_value(&[]),
                "{what}"
            );
            let loss = probe.log_loss(&y, &labels(rest)).unwrap();
            let expected = of("validation_loss").double_value(&[]);
            assert!((loss / expected - 1.0).abs() < 1e-6, "{what}: loss");
            by_loss.push((loss, layer, head));
            by_accuracy.push((-accuracy, layer, head));
            let shift = mean_difference(&cut(z_positive, 0, n), &cut(z_negative, 0, n)).unwrap();
            let theta = &shift / shift.norm();
            assert_close(&theta, &of("theta.mass_mean"), (1e-6, 0.0), &what);
            let along = Tensor::cat(&[x, y], 0).to_kind(Kind::Double).matmul(&theta);
            let sigma = along.std(true).double_value(&[]);
            let expected = of("sigma.sample").double_value(&[]);
            assert!((sigma / expected - 1.0).abs() < 1e-6, "{what}: sigma");
        }
        let iti = &goldens.numbers["iti"];
        for (ranked, name) in [
            (&mut by_loss, "heads_by_loss"),
            (&mut by_accuracy, "heads_by_accuracy_then_index"),
        ] {
            ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
            let found = ranked.iter().map(|&(_, l, h)| (l as usize, h as usize));
            assert_eq!(found.collect::<Vec<_>>(), pairs(&iti[name]), "{name}");
        }
        let k = integer(&iti["k"]);
        assert_eq!(pairs(&iti["chosen"]), pairs(&iti["heads_by_loss"])[..k]);
    }
}

#[test]
fn a_planted_head_is_found() {
    for goldens in Goldens::all() {
        let planted = &goldens.numbers["planted_head"];
        let train = integer(&planted["train"]) as i64;
        let z = goldens.tensor("planted_head.z").to_kind(Kind::Double);
        let labels = Vec::<i64>::try_from(goldens.tensor("planted_head.labels")).unwrap();
        let labels: Vec<bool> = labels.into_iter().map(|label| label == 1).collect();
        let expected = goldens.tensor("planted_head.validation_accuracy");
        let mut best = (0.0, (0, 0));
        for (l, h) in (0..z.size()[1]).flat_map(|l| (0..z.size()[2]).map(move |h| (l, h))) {
            let x = z.select(1, l).select(1, h);
            let fitted = x.narrow(0, 0, train);
            let mean = fitted.mean_dim(0, true, None);
            let x = (x - mean) / fitted.std_dim(0, false, true);
            let (first, rest) = labels.split_at(train as usize);
            let probe = Probe::fit(&x.narrow(0, 0, train), first, 1.0).unwrap();
            let x = x.narrow(0, train, rest.len() as i64);
            let accuracy = probe.accuracy(&x, rest).unwrap();
            assert_eq!(
                accuracy,
                expected.double_value(&[l, h]),
                "layer {l}, head {h}"
            );
            if accuracy > best.0 {
                best = (accuracy, (l as usize, h as usize));
            }
        }
        let head = Vec::<i64>::from_iter(
            planted["head"]
                .as_array()
                .unwrap()
                .iter()
                .map(|x| x.as_i64().unwrap()),
        );
        assert_eq!(
            best.1,
            (head[0] as usize, head[1] as usize),
            "{}",
            goldens.name
        );
    }
}

#[test]
fn planted_directions_are_found() {
    let Some((tensors, expected)) = crate::goldens::synthetic() else {
        return;
    };
    let cosine = |a: &Tensor, b: &Tensor| (a.dot(b) / a.norm() / b.norm()).double_value(&[]);
    for kind in ["controlled", "free"] {
        let of = |side: &str| &tensors[&format!("pairs.{kind}.{side}")];
        let n = of("positive").size()[0];
        let x = stacked(of("positive"), of("negative"));
        let probe = Probe::fit(&x, &labels(n), 1.0).unwrap();
        assert_probe(&probe, of("w"), of("b").double_value(&[0]), kind);
        let difference = mean_difference(of("positive"), of("negative")).unwrap();
        let along = cosine(&difference, &tensors["planted.value"]);
        assert!((along - number(&expected[kind]["mean_cosine"])).abs() < 1e-6);
        assert!(if kind == "controlled" {
            along > 0.99
        } else {
            along < 0.7
        });
    }
    for (name, centring) in &CENTRINGS[..3] {
        let (positive, negative) = (&tensors["pca.positive"], &tensors["pca.negative"]);
        let found = principal_direction(positive, negative, *centring).unwrap();
        assert_close(
            &found.direction,
            &tensors[&format!("pca.{name}")],
            (1e-6, 0.0),
            name,
        );
        let along = cosine(&found.direction, &tensors["planted.value"]);
        let loses = *centring == Centring::CentredDifferences;
        assert_eq!(along.abs() < 0.1, loses, "{name}: {along}");
        assert_eq!(found.caveat().is_some(), loses);
    }
}

#[test]
fn where_no_direction_stands_out_none_is_given() {
    let zeros = Tensor::zeros([4, 3], (Kind::Double, Device::Cpu));
    // Differences along two axes, alike.
    let round = Tensor::from_slice2(&[
        [1.0, 0.0, 0.0],
        [-1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, -1.0, 0.0],
    ]);
    for centring in CENTRINGS.map(|(_, centring)| centring) {
        for (positive, what) in [(&round, "stands out"), (&zeros, "rows that vary")] {
            let error = principal_direction(positive, &zeros, centring).unwrap_err();
            assert!(error.to_string().contains(what), "{centring:?}: {error}");
        }
    }
    // In a space wider than there are rows.
    let wide = Tensor::cat(
        &[
            &round,
            &Tensor::zeros([4, 9], (Kind::Double, zeros.device())),
        ],
        1,
    );
    let error = principal_direction(&wide, &wide.zeros_like(), Centring::Pairs).unwrap_err();
    assert!(error.to_string().contains("stands out"), "{error}");
    let constant = Tensor::ones([4, 3], (Kind::Double, zeros.device()));
    let raw = principal_direction(&constant, &zeros, Centring::Differences).unwrap();
    assert_close(
        &raw.direction,
        &Tensor::from_slice(&[3_f64.powf(-0.5); 3]),
        (1e-12, 0.0),
        "raw",
    );
    let error = principal_direction(&constant, &zeros, Centring::CentredDifferences).unwrap_err();
    assert!(error.to_string().contains("rows that vary"), "{error}");
}

#[test]
fn controls_are_as_long_and_at_a_right_angle() {
    let direction = Tensor::arange(50, (Kind::Double, Device::Cpu)) - 7.0;
    let length = direction.norm().double_value(&[]);
    let mut cosines = 0.0;
    for seed in 0..200 {
        let random = random(&direction, seed).unwrap();
        let orthogonal = random_orthogonal(&direction, seed).unwrap();
        for control in [&random, &orthogonal] {
            assert!((control.norm().double_value(&[]) / length - 1.0).abs() < 1e-12);
        }
        assert!(orthogonal.dot(&direction).double_value(&[]).abs() < 1e-10 * length * length);
        cosines += (random.dot(&direction).double_value(&[]) / length / length).powi(2);
    }
    // The mean of squared cosines is 1 / 50, with a standard deviation of .0019 over 200 draws.
    assert!((cosines / 200.0 - 0.02).abs() < 0.008, "{cosines}");
    assert_eq!(
        random(&direction, 3).unwrap(),
        random(&direction, 3).unwrap()
    );
    assert_ne!(
        random(&direction, 3).unwrap(),
        random(&direction, 4).unwrap()
    );
}

#[test]
fn a_probe_is_read_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("probe.safetensors");
    let weights = Tensor::from_slice(&[1.0 / 3.0, -2e-20, 5e10]);
    let probe = Probe::new(&weights, 0.1).unwrap();
    probe.save(&path).unwrap();
    let read = Probe::open(&path).unwrap();
    assert_eq!(read.weights().unwrap(), weights);
    assert_eq!(read.bias(), 0.1);
    std::fs::write(&path, b"no probe").unwrap();
    let error = Probe::open(&path).unwrap_err().to_string();
    assert!(error.contains("probe.safetensors"), "{error}");
    let other = [("weight", &weights)];
    Tensor::write_safetensors(&other, &path).unwrap();
    let error = Probe::open(&path).unwrap_err().to_string();
    assert!(error.contains("\"bias\" is missing"), "{error}");
}

#[test]
fn probes_that_cannot_be_fitted_are_refused() {
    let x = Tensor::from_slice2(&[[0.0, 1.0], [2.0, 3.0]]);
    let nan = Tensor::from_slice2(&[[0.0, f64::NAN], [2.0, 3.0]]);
    for (x, labels, c, what) in [
        (&x, &[true, true][..], 1.0, "both kinds"),
        (&x, &[true][..], 1.0, "labels"),
        (&x, &[true, false][..], 0.0, "above 0"),
        (&nan, &[true, false][..], 1.0, "finite numbers"),
    ] {
        let error = Probe::fit(x, labels, c).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn a_wide_probe_is_fitted_in_the_space_of_its_rows() {
    tch::manual_seed(5);
    let options = (Kind::Double, Device::Cpu);
    // Far from the origin and wider than there are rows, as residual streams are.
    let x = Tensor::randn([300, 4096], options) * 3.0 + Tensor::randn([4096], options) * 30.0;
    let labels: Vec<bool> = (0..300).map(|row| row % 3 == 0).collect();
    let start = std::time::Instant::now();
    let probe = Probe::fit(&x, &labels, 1.0).unwrap(); // refuses a gradient of 1e-8
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    println!("300 rows of width 4096: {:?}", start.elapsed());
    assert_eq!(probe.accuracy(&x, &labels).unwrap(), 1.0);
}
