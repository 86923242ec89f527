//! Which features to steer.

use std::collections::BTreeSet;

use tch_lens::contrast::mean_difference;
use tch_lens::sae::top_features;
use tch_lens::select::{
    OutputScoring, ablation_effects, attribution, input_scores, lens_tokens, linear_effects,
    output_scores,
};
use tch_lens::tch::{self, Kind, Tensor};
use tch_lens::{At, Error, HookPoint, Pass, Read, Reading};

use crate::common::assert_close;
use crate::goldens::{Goldens, integer, integers, number, numbers, pairs};

fn point(goldens: &Goldens) -> HookPoint {
    HookPoint::ResidPost(integer(&goldens.numbers["sae"]["layer"]))
}

/// Every token but BOS.
fn read(goldens: &Goldens, prompts: &[Vec<i64>]) -> Read {
    let prompts = prompts.iter().cloned();
    let prompts: Vec<Reading> = prompts
        .map(|ids| Reading::new(ids).at(At::Every(1)))
        .collect();
    let names = [point(goldens).to_string()];
    goldens.lm.read(&prompts, &names).unwrap()
}

#[test]
fn features_are_ranked_by_contrast() {
    for goldens in Goldens::all() {
        let of = |side: &str| {
            let read = read(&goldens, &goldens.prompts(side));
            let x = &read.activations[&point(&goldens)];
            goldens.sae.mean_activations(x, &read.rows).unwrap()
        };
        let contrast = mean_difference(&of("positive"), &of("negative")).unwrap();
        assert_close(
            &contrast,
            goldens.tensor("sae.contrast"),
            (1e-4, 0.0),
            "contrast",
        );
        let sae = &goldens.numbers["sae"];
        assert!(number(&sae["top10_least_gap"]) > 1e-5);
        let top = top_features(&contrast.unsqueeze(0), 10).unwrap();
        let top: Vec<i64> = top.into_iter().map(|(feature, _)| feature as i64).collect();
        assert_eq!(top, integers(&sae["top10"]), "{}", goldens.name);

        // A multiple of one direction added to all: its feature gains most.
        let planted = &sae["planted"];
        let feature = integer(&planted["feature"]);
        let x = read(&goldens, &goldens.prompts("negative"));
        let x = &x.activations[&point(&goldens)];
        let multiple = number(&planted["multiple"]);
        let direction = goldens.sae.direction(feature).unwrap() * multiple;
        let mean = |x: &Tensor| {
            let all = 0..x.size()[0] as usize;
            let means = goldens.sae.mean_activations(x, std::slice::from_ref(&all));
            means.unwrap()
        };
        let gain = mean_difference(&mean(&(x + direction)), &mean(x)).unwrap();
        let best = top_features(&gain.unsqueeze(0), 2).unwrap();
        assert_eq!(best[0].0, feature);
        for (found, name) in best.iter().zip(["gain", "second"]) {
            assert!((found.1 - number(&planted[name])).abs() < 1e-3, "{name}");
        }
    }
}

#[test]
fn features_have_input_and_output_scores() {
    for goldens in Goldens::all() {
        let sae = &goldens.numbers["sae"];
        let features: Vec<usize> = integers(&sae["scored"])
            .iter()
            .map(|&f| f as usize)
            .collect();
        let scoring = OutputScoring {
            tokens: integer(&sae["lens_tokens"]),
            amplification: number(&sae["amplification"]),
        };
        assert_eq!(scoring, OutputScoring::default());
        let lens = lens_tokens(&goldens.lm, &goldens.sae, &features, scoring.tokens).unwrap();
        let set = |rows: &Tensor| -> Vec<BTreeSet<i64>> {
            let rows = Vec::<Vec<i64>>::try_from(rows).unwrap();
            rows.into_iter().map(BTreeSet::from_iter).collect()
        };
        let expected = goldens.tensor("sae.lens_tokens");
        assert_eq!(set(&lens), set(expected), "{}", goldens.name);
        let prompt = integers(&sae["neutral_prompt"]);
        let at = point(&goldens);
        let found =
            output_scores(&goldens.lm, &goldens.sae, at, prompt, &features, &scoring).unwrap();
        let expected = goldens.tensor("sae.output_score");
        assert_close(
            &Tensor::from_slice(&found),
            expected,
            (1e-5, 1e-3),
            "output scores",
        );

        let prompts = [goldens.prompts("positive"), goldens.prompts("negative")].concat();
        let read = read(&goldens, &prompts);
        let ids: Vec<i64> = prompts.iter().flat_map(|ids| ids[1..].to_vec()).collect();
        let x = &read.activations[&at];
        let found = input_scores(&goldens.sae, x, &read.rows, &ids, &features, &lens).unwrap();
        let (scores, active): (Vec<f64>, Vec<usize>) = found.into_iter().unzip();
        let expected = goldens.tensor("sae.input_score");
        assert_close(
            &Tensor::from_slice(&scores),
            expected,
            (1e-12, 0.0),
            "input scores",
        );
        let expected = numbers(&sae["active_prompts"]);
        assert_eq!(
            active.iter().map(|&n| n as f64).collect::<Vec<_>>(),
            expected
        );
    }
}

#[test]
fn effects_are_measured_and_attributed() {
    for goldens in Goldens::all() {
        let token = |name: &str| integer(&goldens.numbers[name]) as i64;
        let (yes, no) = (token("yes"), token("no"));
        let metric = |logits: &Tensor| -> Result<Tensor, Error> {
            Ok(logits.f_select(1, yes)?.f_sub(&logits.f_select(1, no)?)?)
        };
        let at = point(&goldens);
        for (i, ids) in goldens.prompts("tests")[..2].iter().enumerate() {
            let entry = &goldens.numbers[format!("attribution.{i}")];
            let of = pairs(&entry["at"]);
            let ids = || ids.clone();
            let (lm, sae) = (&goldens.lm, &goldens.sae);
            let exact = ablation_effects(lm, sae, at, ids(), &of, metric).unwrap();
            let expected = goldens.tensor(&format!("attribution.{i}.exact"));
            let greatest = expected.abs().max().double_value(&[]);
            assert_close(
                &Tensor::from_slice(&exact),
                expected,
                (1e-3 * greatest, 0.0),
                "exact",
            );
            for (steps, name) in [(1, "gradient"), (10, "integrated")] {
                let found = attribution(lm, sae, at, ids(), steps, metric).unwrap();
                let expected = goldens.tensor(&format!("attribution.{i}.{name}"));
                let greatest = expected.abs().max().double_value(&[]);
                assert_close(&found.effects, expected, (1e-3 * greatest, 0.0), name);
                assert!((found.metric - number(&entry["metric"])).abs() < goldens.tolerance());
            }
        }
    }
}

#[test]
fn features_and_what_they_miss_make_up_the_whole_activation() {
    for goldens in Goldens::all() {
        let at = point(&goldens);
        let ids = goldens.prompts("tests")[0].clone();
        let token = integer(&goldens.numbers["yes"]) as i64;
        let metric = |logits: &Tensor| Ok(logits.f_select(1, token)?);
        // With many steps from the whole activation to the decoder's bias alone, the sum is the metric's change.
        let (lm, sae) = (&goldens.lm, &goldens.sae);
        let found = attribution(lm, sae, at, ids.clone(), 150, metric).unwrap();
        let sum =
            (found.effects.sum(Kind::Double) + found.error.sum(Kind::Double)).double_value(&[]);
        let bias = sae.decode(&Tensor::zeros(
            [1, sae.d_sae() as i64],
            (Kind::Float, tch::Device::Cpu),
        ));
        let bias = bias.unwrap();
        let mut only_bias = (at, |x: Tensor, _: &Pass<'_>| {
            Ok(bias.f_expand_as(&x)?.f_contiguous()?)
        });
        let without = lm
            .forward(std::slice::from_ref(&ids), &mut [&mut only_bias])
            .unwrap();
        let without = without.double_value(&[0, ids.len() as i64 - 1, token]);
        let change = without - found.metric;
        assert!(
            (sum - change).abs() < 0.02 * (1.0 + change.abs()),
            "{sum}, not {change}"
        );
    }
}

#[test]
fn planted_effects_of_directions_are_found() {
    let Some((tensors, numbers)) = crate::goldens::synthetic() else {
        return;
    };
    let entry = &numbers["sae_ts"];
    let of = |name: &str| &tensors[&format!("sae_ts.{name}")];
    let ridge = number(&entry["ridge"]);
    let (weights, bias) = linear_effects(of("directions"), of("effects"), ridge).unwrap();
    let relative = |x: &Tensor| (1e-6 * x.abs().max().double_value(&[]), 0.0);
    assert_close(&weights, of("W"), relative(of("W")), "weights");
    assert_close(&bias, of("b"), relative(of("b")), "intercept");
    let unit = |x: Tensor| &x / x.norm();
    let pushed = unit(weights.matmul(&bias));
    for (i, &target) in integers(&entry["targets"]).iter().enumerate() {
        let steer = unit(unit(weights.select(1, target)) - &pushed);
        assert_close(&steer, &of("steer").get(i as i64), (1e-6, 0.0), "direction");
    }
}
