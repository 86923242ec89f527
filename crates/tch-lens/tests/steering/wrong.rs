//! What goes wrong most easily is far enough from the goldens to be caught by them.

use tch_lens::tch::Tensor;
use tch_lens::{HookPoint, Passes, Probe, Steer, SteeringDirection};

use crate::goldens::{Goldens, integer, labels, number, pairs, stacked};
use crate::methods::{at_last, caa, clamped, heads, measured_once, neurons, probability};

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
