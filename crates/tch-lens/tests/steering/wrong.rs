//! What goes wrong most easily is far enough from the goldens to be caught by them.

use tch_lens::tch::{Kind, Tensor};
use tch_lens::{Hook, HookPoint, Pass, Passes, Probe, Steer, SteeringDirection};

use crate::goldens::{Goldens, integer, labels, number, pairs, stacked};
use crate::methods::{
    at_last, caa, clamped, heads, measured_once, neurons, neurons_at, probability,
};

/// How far a variant is from the golden logits `[prompt, d_vocab]`, over the tolerance.
fn off(goldens: &Goldens, steers: &[Steer], expected: &[Tensor]) -> f64 {
    let prompts = goldens.prompts("tests");
    let worst = prompts.iter().zip(expected).map(|(ids, expected)| {
        let off = goldens.last_logits(steers, ids) - expected;
        off.abs().max().double_value(&[])
    });
    worst.fold(0.0, f64::max) / goldens.tolerance()
}

#[test]
fn wrong_variants_are_told_apart() {
    for goldens in Goldens::all() {
        let mut wrong: Vec<(&str, f64)> = Vec::new();
        let rows = |name: &str| goldens.tensor(name).unbind(0);
        let n = goldens.prompts("tests").len();
        let name = |kind: &str, i: usize| format!("conva.plus.{kind}.{i}.logits");
        let conva = |kind: &str| -> Vec<Tensor> {
            (0..n)
                .map(|i| goldens.tensor(&name(kind, i)).copy())
                .collect()
        };
        let (positions, prompts) = (conva("per_position"), conva("per_prompt"));
        let floors = probability(&goldens, true);
        wrong.push(("each position for once", off(&goldens, &floors, &prompts)));
        let once = measured_once(floors);
        wrong.push(("once for each position", off(&goldens, &once, &positions)));
        let p0 = number(&goldens.numbers["conva"]["p0"]);
        let layers = 1..=2;
        let variant = |change: fn(HookPoint, &Probe, f64) -> Steer| -> Vec<Steer> {
            let steer = |layer| {
                let (point, probe) = (HookPoint::ResidPost(layer), goldens.probe(layer));
                change(point, &probe, p0)
                    .measured_once()
                    .passes(Passes::Every)
            };
            layers.clone().map(steer).collect()
        };
        let without_bias = variant(|point, probe, p0| {
            let probe = Probe::new(&probe.weights().unwrap(), 0.0).unwrap();
            Steer::at_least_probability(point, &probe, p0).unwrap()
        });
        wrong.push(("no bias", off(&goldens, &without_bias, &prompts)));
        let also_lowers = variant(|point, probe, p0| {
            let value = probe.value_at(p0).unwrap();
            Steer::clamp(point, &probe.steering_direction().unwrap(), value)
        });
        wrong.push(("also lowers", off(&goldens, &also_lowers, &prompts)));

        let n_train = goldens.train() as i64;
        let of = |side: &str| {
            let all = goldens.tensor(&format!("pairs.resid_post.{side}"));
            all.narrow(0, 0, n_train).select(1, 1)
        };
        let x = stacked(&of("positive"), &of("negative"));
        let looser = Probe::fit(&x, &labels(n_train), 10.0).unwrap();
        let expected = goldens.probe(1).weights().unwrap();
        let apart = (looser.weights().unwrap() - &expected).abs().max() / expected.abs().max();
        wrong.push(("C of 10", apart.double_value(&[]) / 1e-6));
        let standardised = (&x - x.mean_dim(0, true, None)) / x.std_dim(0, false, true);
        let standardised = Probe::fit(&standardised, &labels(n_train), 1.0).unwrap();
        let apart = (standardised.weights().unwrap() - &expected).abs().max();
        let apart = apart / expected.abs().max();
        wrong.push(("standardised", apart.double_value(&[]) / 1e-6));

        // What no steer does, by hooks of the caller's own.
        let hooked =
            |hook: &dyn Fn(usize, Tensor) -> Tensor, layers: [usize; 2], expected: &[Tensor]| {
                let mut worst = 0.0_f64;
                for (ids, expected) in goldens.prompts("tests").iter().zip(expected) {
                    let at = |layer: usize| {
                        let apply = move |x: Tensor, _: &Pass<'_>| Ok(hook(layer, x));
                        (HookPoint::ResidPost(layer), apply)
                    };
                    let [mut first, mut second] = layers.map(at);
                    let hooks: &mut [&mut dyn Hook] = &mut [&mut first, &mut second];
                    let hooks = if layers[0] == layers[1] {
                        &mut hooks[..1]
                    } else {
                        hooks
                    };
                    let logits = goldens
                        .lm
                        .forward(std::slice::from_ref(ids), hooks)
                        .unwrap();
                    let off = logits.get(0).get(-1) - expected;
                    worst = worst.max(off.abs().max().double_value(&[]));
                }
                worst / goldens.tolerance()
            };
        let over_length = |power: i32| {
            move |probe: Probe, x: Tensor| {
                let weights = probe.weights().unwrap();
                let missing = -probe.score(&x.narrow(1, -1, 1)).unwrap() + (p0 / (1.0 - p0)).ln();
                let k = missing.clamp_min(0.0) / weights.norm().pow_tensor_scalar(f64::from(power));
                (x.to_kind(Kind::Double) + k * weights).to_kind(Kind::Float)
            }
        };
        let (right, long) = (over_length(2), over_length(1));
        let right = hooked(&|layer, x| right(goldens.probe(layer), x), [1, 2], &prompts);
        assert!(right < 1.0, "the same by hooks: {right}");
        let long = hooked(&|layer, x| long(goldens.probe(layer), x), [1, 2], &prompts);
        wrong.push(("over |w|", long));
        let turned: Vec<Tensor> = (0..3)
            .map(|i| goldens.tensor("angular.plain.logits").get(i).get(1))
            .collect();
        let plane = [goldens.tensor("angular.b1"), goldens.tensor("angular.b2")];
        let plane = Tensor::stack(&plane, 0);
        let relative = |_, x: Tensor| {
            let part = x.to_kind(Kind::Double).matmul(&plane.tr());
            let (a, b) = (part.select(-1, 0), part.select(-1, 1));
            let by_a_quarter = Tensor::stack(&[-b, a], -1);
            (x.to_kind(Kind::Double) + (by_a_quarter - part).matmul(&plane)).to_kind(Kind::Float)
        };
        let at = integer(&goldens.numbers["angular"]["layer"]);
        wrong.push((
            "by an angle, not to one",
            hooked(&relative, [at, at], &turned),
        ));

        let layer = integer(&goldens.numbers["caa"]["layer"]);
        let vector = goldens.tensor(&caa(&goldens)).copy();
        let expected: Vec<Tensor> = (0..4)
            .map(|i| goldens.tensor(&format!("caa.every.{i}.logits")).get(5))
            .collect();
        let added = |point, vector: &Tensor| {
            let direction = SteeringDirection::vector(vector).unwrap();
            Steer::add(point, &direction, 2.0).passes(Passes::Every)
        };
        let after = HookPoint::ResidPost(layer);
        for (what, steer) in [
            (
                "at the layer's input",
                added(HookPoint::ResidPre(layer), &vector),
            ),
            ("of unit length", added(after, &(&vector / vector.norm()))),
            ("without BOS", added(after, &vector).from_token(1)),
            (
                "the new tokens alone",
                added(after, &vector).passes(Passes::Decode),
            ),
        ] {
            wrong.push((what, off(&goldens, &[steer], &expected)));
        }

        let expected = rows("iti.every.logits");
        wrong.push((
            "the last position",
            off(&goldens, &at_last(heads(&goldens)), &expected),
        ));
        let iti = &goldens.numbers["iti"];
        let shifted = |theta: &dyn Fn(i64, i64) -> Tensor, sigma: &str| -> Vec<Steer> {
            let chosen = pairs(&iti["chosen"]).into_iter();
            let steer = |(layer, head): (usize, usize)| {
                let theta = theta(layer as i64, head as i64);
                let sigma = goldens.tensor(&format!("iti.sigma.{sigma}"));
                let sigma = sigma.double_value(&[layer as i64, head as i64]);
                let direction = SteeringDirection::head(head, &theta).unwrap();
                let dose = number(&iti["alpha"]) * sigma;
                Steer::add(HookPoint::Z(layer), &direction, dose).passes(Passes::Every)
            };
            chosen.map(steer).collect()
        };
        let mass_mean = |l, h| goldens.tensor("iti.theta.mass_mean").get(l).get(h);
        let probe = |l, h| {
            let weights = goldens.tensor("iti.probe.w").get(l).get(h);
            &weights / weights.norm()
        };
        let population = shifted(&mass_mean, "population");
        wrong.push((
            "the population's sigma",
            off(&goldens, &population, &expected),
        ));
        let along_probe = shifted(&probe, "sample");
        wrong.push(("along the probe", off(&goldens, &along_probe, &expected)));

        let expected = rows("neurons.every.logits");
        let raised = neurons(&goldens, Passes::Every);
        let muting = |steer: &Steer| format!("{steer:?}").contains("AtMost");
        let unmuted: Vec<Steer> = raised.into_iter().filter(|steer| !muting(steer)).collect();
        wrong.push(("nothing muted", off(&goldens, &unmuted, &expected)));
        let after = neurons_at(&goldens, Passes::Every, HookPoint::MlpPost);
        wrong.push((
            "neurons after the product",
            off(&goldens, &after, &expected),
        ));

        let expected: Vec<Tensor> = (0..3)
            .map(|i| goldens.tensor(&format!("sae.clamp.{i}.logits")).get(3))
            .collect();
        let no_error = clamped(&goldens, 2.0, false).keep_error(false);
        wrong.push(("no error kept", off(&goldens, &[no_error], &expected)));

        for (what, off) in wrong {
            assert!(off > 5.0, "{}, {what}: {off} tolerances away", goldens.name);
        }
    }
}
