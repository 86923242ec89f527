//! Methods of several papers, put together.

use tch_lens::contrast::{Centring, principal_direction};
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{
    At, Gate, HookPoint, Pass, Passes, Probe, Reading, Request, Steer, SteeringDirection,
};

use crate::common::assert_close;
use crate::goldens::{Goldens, integer, number, numbers, pairs, steered};

/// At least, or at most, a probability of each layer's probe: ConVA.
pub fn probability(goldens: &Goldens, plus: bool) -> Vec<Steer> {
    let conva = &goldens.numbers["conva"];
    let p0 = number(&conva["p0"]);
    let layers = integer(&conva["first_layer"])..=integer(&conva["last_layer"]);
    let steer = |layer| {
        let (point, probe) = (HookPoint::ResidPost(layer), goldens.probe(layer));
        let steer = if plus {
            Steer::at_least_probability(point, &probe, p0)
        } else {
            Steer::at_most_probability(point, &probe, 1.0 - p0)
        };
        steer.unwrap().passes(Passes::Every)
    };
    layers.map(steer).collect()
}

pub fn measured_once(steers: Vec<Steer>) -> Vec<Steer> {
    steers.into_iter().map(Steer::measured_once).collect()
}

fn added(goldens: &Goldens, vector: &str, dose: f64, passes: Passes) -> Steer {
    let point = HookPoint::ResidPost(integer(&goldens.numbers["caa"]["layer"]));
    Steer::add(point, &goldens.vector(vector), dose).passes(passes)
}

pub fn caa(goldens: &Goldens) -> String {
    format!("caa.{}.vector", goldens.numbers["caa"]["layer"])
}

/// Some heads shifted along the difference of means: ITI.
pub fn heads(goldens: &Goldens) -> Vec<Steer> {
    let iti = &goldens.numbers["iti"];
    let steer = |(layer, head): (usize, usize)| {
        let at = |name: &str| goldens.tensor(name).get(layer as i64).get(head as i64);
        let direction = SteeringDirection::head(head, &at("iti.theta.mass_mean")).unwrap();
        let sigma = at("iti.sigma.sample").double_value(&[]);
        let dose = number(&iti["alpha"]) * sigma;
        Steer::add(HookPoint::Z(layer), &direction, dose).passes(Passes::Every)
    };
    pairs(&iti["chosen"]).into_iter().map(steer).collect()
}

pub fn at_last(steers: Vec<Steer>) -> Vec<Steer> {
    steers.into_iter().map(Steer::at_last).collect()
}

/// Neurons muted and raised on the gate: NPTI.
pub fn neurons(goldens: &Goldens, passes: Passes) -> Vec<Steer> {
    neurons_at(goldens, passes, HookPoint::MlpGate)
}

pub fn neurons_at(goldens: &Goldens, passes: Passes, point: fn(usize) -> HookPoint) -> Vec<Steer> {
    let entry = &goldens.numbers["neurons"];
    let value = |name: &str, (layer, neuron): (usize, usize)| {
        let tensor = goldens.tensor(&format!("neurons.{name}"));
        tensor.double_value(&[layer as i64, neuron as i64])
    };
    let mut steers = Vec::new();
    for layer in 0..goldens.lm.config().n_layers {
        let of = |side: &str| {
            let all = pairs(&entry[side]).into_iter();
            all.filter(move |(at, _)| *at == layer)
        };
        let muted: Vec<_> = of("negative").map(|(_, neuron)| (neuron, 0.0)).collect();
        let raised: Vec<_> = of("positive")
            .map(|at| {
                let squash = 1.0 / (1.0 + (-10.0 * (value("difference", at) - 0.15)).exp());
                (at.1, value("positive.q95", at) * squash)
            })
            .collect();
        let point = point(layer);
        if let Ok(muted) = SteeringDirection::numbers(muted) {
            steers.push(Steer::at_most(point, &muted, 0.0).passes(passes));
        }
        if let Ok(raised) = SteeringDirection::numbers(raised) {
            let gamma = number(&entry["gamma"]);
            steers.push(Steer::add(point, &raised, gamma).passes(passes));
        }
    }
    steers
}

/// A feature's activation set, or raised, to a multiple of the greatest one.
pub fn clamped(goldens: &Goldens, multiple: f64, at_least: bool) -> Steer {
    let entry = &goldens.numbers["sae"];
    let feature = integer(&entry["features"][0]);
    let value = multiple * number(&entry["greatest_activation"][0]);
    let direction = SteeringDirection::feature(&goldens.sae, feature).unwrap();
    let point = HookPoint::ResidPost(integer(&entry["layer"]));
    let steer = if at_least {
        Steer::at_least(point, &direction, value)
    } else {
        Steer::clamp(point, &direction, value)
    };
    steer.passes(Passes::Every)
}

fn turned(goldens: &Goldens, degrees: f64, adaptive: bool) -> Steer {
    let (first, second) = (goldens.tensor("angular.b1"), goldens.tensor("angular.b2"));
    let plane = SteeringDirection::plane(first, second).unwrap();
    let point = HookPoint::ResidPost(integer(&goldens.numbers["angular"]["layer"]));
    let steer = if adaptive {
        Steer::turn_what_is_along(point, &plane, degrees)
    } else {
        Steer::turn(point, &plane, degrees)
    };
    steer.passes(Passes::Every)
}

#[test]
fn a_probability_is_measured_once_or_at_each_position() {
    for goldens in Goldens::all() {
        let conva = &goldens.numbers["conva"];
        for (i, ids) in goldens.prompts("tests").iter().enumerate() {
            for (plus, side) in [(true, "plus"), (false, "minus")] {
                let name = format!("{side}.per_prompt.{i}");
                let steers = measured_once(probability(&goldens, plus));
                let logits = goldens.tensor(&format!("conva.{name}.logits"));
                goldens.assert_logits(&steers, ids, logits, &name);
                goldens.assert_ids(&steers, ids, &conva[&name], &name);

                let points = steers.iter().map(|steer| steer.point().to_string());
                let points: Vec<String> = points.collect();
                let request = [steered(ids, &steers)];
                let after = goldens.lm.run_steered(&request, &points).unwrap();
                let expected = numbers(&conva[&name]["after"]);
                for (steer, expected) in steers.iter().zip(expected) {
                    let x = after.activations[&steer.point()].get(0).get(-1);
                    let probe = goldens.probe(steer.point().layer().unwrap());
                    let p = probe.probability(&x).unwrap().double_value(&[]);
                    assert!((p - expected).abs() < 1e-5, "{name}: {p}, not {expected}");
                }
            }
            let name = format!("plus.per_position.{i}");
            let steers = probability(&goldens, true);
            let logits = goldens.tensor(&format!("conva.{name}.logits"));
            goldens.assert_logits(&steers, ids, logits, &name);
            goldens.assert_ids(&steers, ids, &conva[&name], &name);
        }
    }
}

#[test]
fn a_gate_opens_where_the_probe_says_so() {
    for goldens in Goldens::all() {
        let gate = &goldens.numbers["conva"]["gate"];
        let probability = 1.0 / (1.0 + (-number(&gate["threshold"])).exp());
        let probe_layer = integer(&gate["probe_layer"]);
        let probe = goldens.probe(probe_layer);
        let gate_at = HookPoint::ResidPost(probe_layer);
        let shut_elsewhere = Gate::probe(gate_at, &probe, probability).unwrap();
        let steer = added(&goldens, &caa(&goldens), 2.0, Passes::Every);
        let gated = steer.clone().gate(shut_elsewhere.clone());
        let inverted = steer.clone().gate(shut_elsewhere.inverted());
        for (i, ids) in goldens.prompts("tests").iter().enumerate() {
            let open = gate["open"][i].as_bool().unwrap();
            let of = |steers: &[Steer]| goldens.last_logits(steers, ids);
            let (with, without) = (of(std::slice::from_ref(&steer)), of(&[]));
            assert_ne!(with, without);
            let (gated, inverted) = (gated.clone(), inverted.clone());
            assert_eq!(
                of(&[gated]),
                if open { &with } else { &without }.copy(),
                "{i}"
            );
            assert_eq!(of(&[inverted]), if open { without } else { with }, "{i}");
        }
    }
}

#[test]
fn vectors_are_added_in_doses() {
    for goldens in Goldens::all() {
        let doses = numbers(&goldens.numbers["doses"]);
        let tests = goldens.prompts("tests");
        for (i, ids) in tests[..4].iter().enumerate() {
            for (passes, name) in [(Passes::Prompt, "prompt"), (Passes::Every, "every")] {
                let expected = goldens.tensor(&format!("caa.{name}.{i}.logits"));
                for (&dose, expected) in doses.iter().zip(expected.unbind(0)) {
                    let what = format!("{name}.{i}.{dose}");
                    let steers = [added(&goldens, &caa(&goldens), dose, passes)];
                    goldens.assert_logits(&steers, ids, &expected, &what);
                    let entry = &goldens.numbers["caa"][&what];
                    goldens.assert_ids(&steers, ids, entry, &what);
                }
            }
            let control = number(&goldens.numbers["caa"]["control_dose"]);
            let control = added(&goldens, "caa.control.random", control, Passes::Every);
            let expected = goldens.tensor("caa.control.random.logits").get(i as i64);
            goldens.assert_logits(&[control], ids, &expected, "control");

            let from = integer(&goldens.numbers["caa"]["from_position"]);
            let steer = added(&goldens, &caa(&goldens), 2.0, Passes::Every).from_token(from);
            let expected = goldens.tensor("caa.from_position.logits").get(i as i64);
            goldens.assert_logits(&[steer], ids, &expected, "from a token on");
        }
    }
}

#[test]
fn small_doses_are_straight_and_opposite() {
    for goldens in Goldens::all() {
        let (yes, no) = (&goldens.numbers["yes"], &goldens.numbers["no"]);
        for (i, ids) in goldens.prompts("tests")[..4].iter().enumerate() {
            let logits = |dose: f64| {
                let steer = added(&goldens, &caa(&goldens), dose, Passes::Prompt);
                goldens.last_logits(&[steer], ids).to_kind(Kind::Double)
            };
            let plain = goldens.last_logits(&[], ids).to_kind(Kind::Double);
            let expected = &goldens.numbers["caa"][format!("antisymmetry.{i}")];
            let even = numbers(&expected["even_part"]);
            let odd = numbers(&expected["odd_part"]);
            // Sums over the vocabulary of what may be off by the tolerance.
            let room = goldens.tolerance() * (plain.numel() as f64).sqrt();
            for (at, dose) in [0.2, 0.1].into_iter().enumerate() {
                let (up, down) = (logits(dose), logits(-dose));
                let found = (&up + &down - &plain * 2.0).norm().double_value(&[]);
                assert!((found - even[at]).abs() < 4.0 * room, "{dose}: {found}");
                let found = (up - down).norm().double_value(&[]);
                assert!((found - odd[at]).abs() < 2.0 * room, "{dose}: {found}");
            }
            let metric = |dose: f64| {
                let logits = logits(dose);
                let at = |token| logits.double_value(&[integer(token) as i64]);
                at(yes) - at(no)
            };
            let entry = &goldens.numbers["dose_response"][i];
            let slope = number(&entry["slope_at_0"]);
            let found = (metric(0.01) - metric(-0.01)) / 0.02;
            let off = (found - slope).abs();
            assert!(off < 0.02 * (1.0 + slope.abs()), "{found}, not {slope}");
            let doses = numbers(&goldens.numbers["doses"]);
            for (dose, expected) in doses.into_iter().zip(numbers(&entry["curve"])) {
                let off = (metric(dose) - expected).abs();
                assert!(off <= 2.0 * goldens.tolerance(), "{dose}: {off}");
            }
        }
    }
}

#[test]
fn rows_are_added_from_the_first_token() {
    for goldens in Goldens::all() {
        let entry = &goldens.numbers["actadd"];
        let point = HookPoint::ResidPre(integer(&entry["layer"]));
        let read = |side: &str| {
            let prompt = crate::goldens::integers(&entry[side]);
            let reading = Reading::new(prompt).at(At::Every(0));
            let read = goldens.lm.read(&[reading], &[point.to_string()]).unwrap();
            read.activations[&point].copy()
        };
        let difference = read("positive") - read("negative");
        let expected = goldens.tensor("actadd.difference");
        assert_close(&difference, expected, (1e-4, 0.0), "difference");
        let rows = SteeringDirection::rows(expected).unwrap();
        let steers = [Steer::add(point, &rows, number(&entry["dose"]))];
        for (i, ids) in goldens.prompts("tests")[..4].iter().enumerate() {
            let expected = goldens.tensor("actadd.logits").get(i as i64);
            goldens.assert_logits(&steers, ids, &expected, "actadd");
            goldens.assert_ids(&steers, ids, &entry["ids"][i], "actadd");
        }
    }
}

#[test]
fn heads_are_shifted_everywhere_or_at_the_last_position() {
    for goldens in Goldens::all() {
        let steers = heads(&goldens);
        for (steers, name) in [(steers.clone(), "every"), (at_last(steers), "last")] {
            for (i, ids) in goldens.prompts("tests")[..4].iter().enumerate() {
                let expected = goldens.tensor(&format!("iti.{name}.logits")).get(i as i64);
                goldens.assert_logits(&steers, ids, &expected, name);
                let entry = &goldens.numbers["iti"][format!("{name}.ids")][i];
                goldens.assert_ids(&steers, ids, entry, name);
            }
        }
    }
}

#[test]
fn a_head_moves_along_its_direction_and_no_other_does() {
    for goldens in Goldens::all() {
        let steers = heads(&goldens);
        let chosen = pairs(&goldens.numbers["iti"]["chosen"]);
        let layer = chosen.iter().map(|(layer, _)| *layer).min().unwrap();
        let point = HookPoint::Z(layer);
        let ids = &goldens.prompts("tests")[0];
        let read = |steers: &[Steer]| {
            let read = goldens
                .lm
                .run_steered(&[steered(ids, steers)], &[point.to_string()]);
            read.unwrap().activations[&point]
                .get(0)
                .to_kind(Kind::Double)
        };
        let moved = read(&steers) - read(&[]);
        for head in 0..goldens.lm.config().n_heads {
            let moved = moved.select(1, head as i64);
            let at = |name: &str| goldens.tensor(name).get(layer as i64).get(head as i64);
            if chosen.contains(&(layer, head)) {
                let sigma = at("iti.sigma.sample").double_value(&[]);
                let far = number(&goldens.numbers["iti"]["alpha"]) * sigma;
                let expected = at("iti.theta.mass_mean") * far;
                assert_close(&moved, &expected.expand_as(&moved), (1e-4, 0.0), "shift");
            } else {
                assert_eq!(moved.abs().max().double_value(&[]), 0.0, "head {head}");
            }
        }
    }
}

#[test]
fn neurons_are_found_muted_and_raised() {
    for goldens in Goldens::all() {
        let config = goldens.lm.config();
        let names: Vec<String> = (0..config.n_layers)
            .flat_map(|l| [HookPoint::MlpPre(l), HookPoint::MlpGate(l)])
            .map(|point| point.to_string())
            .collect();
        let mut shares = Vec::new();
        for side in ["positive", "negative"] {
            let prompts = goldens.prompts(side).into_iter();
            let prompts: Vec<Reading> = prompts
                .map(|ids| Reading::new(ids).at(At::Every(1)))
                .collect();
            let read = goldens.lm.read(&prompts, &names).unwrap();
            let share = |layer: usize| {
                let gate = &read.activations[&HookPoint::MlpGate(layer)];
                gate.gt(0.0).to_kind(Kind::Double).mean_dim(0, false, None)
            };
            let layers: Vec<Tensor> = (0..config.n_layers).map(share).collect();
            shares.push(Tensor::stack(&layers, 0));
            for layer in 0..config.n_layers {
                let gate = &read.activations[&HookPoint::MlpGate(layer)];
                let before = &read.activations[&HookPoint::MlpPre(layer)];
                let total = integer(&goldens.numbers[format!("neurons_tokens_{side}")]);
                assert_eq!(gate.size()[0], total as i64);
                let of = |name: &str| {
                    let tensor = goldens.tensor(&format!("neurons.{side}.{name}"));
                    tensor.get(layer as i64)
                };
                // Exact, but for what rounding may carry across zero.
                let near = before.abs().lt(1e-5).sum_dim_intlist(0, false, Kind::Int64);
                let active = gate.gt(0.0).sum_dim_intlist(0, false, Kind::Int64);
                let off = (active - of("active")).abs() - near;
                assert!(off.max().int64_value(&[]) <= 0, "{side}, layer {layer}");
                let q95 = gate
                    .to_kind(Kind::Double)
                    .quantile_scalar(0.95, 0, false, "linear");
                assert_close(&q95, &of("q95"), (1e-4, 0.0), "95% quantile");
            }
        }
        // A token that rounding carries across zero moves a share by one over the number of tokens.
        let token = 1.0 / number(&goldens.numbers["neurons_tokens_positive"]);
        let expected = goldens.tensor("neurons.difference");
        let difference = &shares[0] - &shares[1];
        assert_close(&difference, expected, (token + 1e-6, 0.0), "difference");
        let off = (difference - expected).abs().gt(1e-6).sum(Kind::Int64);
        assert!(off.int64_value(&[]) <= 4, "{}: {off:?}", goldens.name);
        for (passes, name) in [(Passes::Every, "every"), (Passes::Decode, "decode")] {
            let steers = neurons(&goldens, passes);
            for (i, ids) in goldens.prompts("tests")[..4].iter().enumerate() {
                let expected = goldens
                    .tensor(&format!("neurons.{name}.logits"))
                    .get(i as i64);
                goldens.assert_logits(&steers, ids, &expected, name);
                let entry = &goldens.numbers["neurons"][format!("{name}.ids")][i];
                goldens.assert_ids(&steers, ids, entry, name);
                if passes == Passes::Decode {
                    assert_eq!(
                        goldens.last_logits(&steers, ids),
                        goldens.last_logits(&[], ids)
                    );
                }
            }
        }
    }
}

#[test]
fn a_planted_neuron_is_found() {
    for goldens in Goldens::all() {
        let planted = &goldens.numbers["planted_neuron"];
        let prompts = crate::goldens::ids(&planted["prompts"]).into_iter();
        let prompts: Vec<Reading> = prompts.map(Reading::new).collect();
        let side = planted["positive"].as_array().unwrap().iter();
        let side: Vec<bool> = side.map(|x| x.as_bool().unwrap()).collect();
        let side = Tensor::from_slice(&side);
        let mut ones = Vec::new();
        for layer in 0..goldens.lm.config().n_layers {
            let point = HookPoint::MlpGate(layer);
            let read = goldens.lm.read(&prompts, &[point.to_string()]).unwrap();
            let active = read.activations[&point].gt(0.0).to_kind(Kind::Double);
            let share = |of: &Tensor| {
                let rows = of.nonzero().view([-1]);
                active.index_select(0, &rows).mean_dim(0, false, None)
            };
            let difference = share(&side) - share(&side.logical_not());
            let expected = goldens
                .tensor("planted_neuron.difference")
                .get(layer as i64);
            // One token near zero moves a share by one over the number of prompts on that side.
            assert_close(&difference, &expected, (0.03, 0.0), "difference");
            let found = Vec::<i64>::try_from(difference.ge(1.0).nonzero().view([-1])).unwrap();
            ones.extend(found.into_iter().map(|neuron| (layer as i64, neuron)));
        }
        let neuron = crate::goldens::integers(&planted["neuron"]);
        assert_eq!(ones, [(neuron[0], neuron[1])], "{}", goldens.name);
    }
}

#[test]
fn features_are_set_and_raised() {
    for goldens in Goldens::all() {
        let multiples = numbers(&goldens.numbers["sae"]["multiples"]);
        for (i, ids) in goldens.prompts("tests")[..3].iter().enumerate() {
            for (at_least, name) in [(false, "clamp"), (true, "clamp_at_least")] {
                let expected = goldens.tensor(&format!("sae.{name}.{i}.logits"));
                for (&multiple, expected) in multiples.iter().zip(expected.unbind(0)) {
                    let steer = clamped(&goldens, multiple, at_least);
                    goldens.assert_logits(&[steer], ids, &expected, name);
                }
            }
            let nothing = clamped(&goldens, 0.0, true);
            assert_eq!(
                goldens.last_logits(&[nothing], ids),
                goldens.last_logits(&[], ids)
            );
        }
    }
}

#[test]
fn a_condition_along_a_direction_opens_a_gate() {
    for goldens in Goldens::all() {
        let entry = &goldens.numbers["cast"];
        let point = HookPoint::ResidPre(integer(&entry["condition_layer"]));
        let read = |side: &str| {
            let prompts = goldens.prompts(side).into_iter().take(goldens.train());
            let prompts: Vec<Reading> = prompts
                .map(|ids| Reading::new(ids).at(At::Mean(0)))
                .collect();
            let read = goldens.lm.read(&prompts, &[point.to_string()]).unwrap();
            read.activations[&point].copy()
        };
        let (positive, negative) = (read("positive"), read("negative"));
        let found = principal_direction(&positive, &negative, Centring::Pairs).unwrap();
        let condition = goldens.tensor("cast.condition");
        assert_close(&found.direction, condition, (1e-4, 0.0), "condition");
        for (found, expected) in found.eigenvalues.iter().zip(numbers(&entry["eigenvalues"])) {
            assert!((found / expected - 1.0).abs() < 1e-4);
        }

        let layer = integer(&entry["behaviour_layer"]);
        let direction = goldens.vector(&format!("caa.{layer}.vector"));
        let dose = number(&entry["dose"]);
        let steer = Steer::add(HookPoint::ResidPost(layer), &direction, dose).passes(Passes::Every);
        let similarities = numbers(&entry["similarities"]);
        let gated = |threshold: f64| {
            let gate = Gate::cosine(point, condition, threshold).unwrap();
            steer.clone().gate(gate)
        };
        for (i, ids) in goldens.prompts("tests").iter().enumerate() {
            let expected = goldens.tensor("cast.logits").get(i as i64);
            let steers = [gated(number(&entry["threshold"]))];
            goldens.assert_logits(&steers, ids, &expected, "cast");
            let plain = goldens.last_logits(&[], ids);
            let met = entry["met"][i].as_bool().unwrap();
            assert_eq!(
                goldens.last_logits(&steers, ids) == plain,
                !met,
                "prompt {i}"
            );
            // The similarity itself, from both sides.
            for (off, met) in [(-1e-5, true), (1e-5, false)] {
                let logits = goldens.last_logits(&[gated(similarities[i] + off)], ids);
                assert_eq!(logits == plain, !met, "prompt {i}, {off}");
            }
        }
    }
}

#[test]
fn a_plane_is_turned() {
    for goldens in Goldens::all() {
        let angles = numbers(&goldens.numbers["angular"]["angles"]);
        for (adaptive, name) in [(false, "plain"), (true, "adaptive")] {
            let expected = goldens.tensor(&format!("angular.{name}.logits"));
            for (i, ids) in goldens.prompts("tests")[..3].iter().enumerate() {
                for (&angle, expected) in angles.iter().zip(expected.get(i as i64).unbind(0)) {
                    let steer = turned(&goldens, angle, adaptive);
                    goldens.assert_logits(&[steer], ids, &expected, &format!("{name}, {angle}"));
                }
            }
        }
    }
}

#[test]
fn latents_are_detected_added_and_taken_away() {
    for goldens in Goldens::all() {
        let entry = &goldens.numbers["axbench"];
        let point = HookPoint::ResidPost(integer(&entry["layer"]));
        let read = |prompts: Vec<Vec<i64>>| {
            let prompts: Vec<Reading> = prompts
                .into_iter()
                .map(|ids| Reading::new(ids).at(At::Every(1)))
                .collect();
            goldens.lm.read(&prompts, &[point.to_string()]).unwrap()
        };
        let (positive, negative) = (
            read(goldens.prompts("positive")),
            read(goldens.prompts("negative")),
        );
        let difference = tch_lens::contrast::mean_difference(
            &positive.activations[&point],
            &negative.activations[&point],
        )
        .unwrap();
        let unit = goldens.tensor("axbench.diffmean");
        assert_close(
            &(&difference / difference.norm()),
            unit,
            (1e-5, 0.0),
            "diffmean",
        );
        let latent = |x: &Tensor| x.to_kind(Kind::Double).matmul(unit).relu();
        let greatest = latent(&positive.activations[&point])
            .max()
            .double_value(&[]);
        let expected = number(&entry["greatest_activation"]);
        assert!((greatest - expected).abs() < 1e-4);
        let tests = goldens.prompts("tests");
        let found = read(tests.clone());
        let latents = latent(&found.activations[&point]);
        let detected: Vec<Tensor> = found
            .rows
            .iter()
            .map(|rows| {
                latents
                    .narrow(0, rows.start as i64, rows.len() as i64)
                    .max()
            })
            .collect();
        let expected = goldens.tensor("axbench.detection");
        assert_close(
            &Tensor::stack(&detected, 0),
            expected,
            (1e-4, 0.0),
            "detection",
        );

        let direction = SteeringDirection::vector(unit).unwrap();
        let dose = number(&entry["factor"]) * number(&entry["greatest_activation"]);
        let add = Steer::add(point, &direction, dose).passes(Passes::Every);
        let take = Steer::at_most(point, &direction, 0.0).passes(Passes::Every);
        let k = integer(&entry["top_k"]) as i64;
        for (i, ids) in tests[..3].iter().enumerate() {
            let of = |name: &str| {
                goldens
                    .tensor(&format!("axbench.{name}.logits"))
                    .get(i as i64)
            };
            goldens.assert_logits(std::slice::from_ref(&add), ids, &of("addition"), "addition");
            let clamp = [take.clone().from_token(1), add.clone().from_token(1)];
            goldens.assert_logits(&clamp, ids, &of("clamp"), "clamp");
            // What depends on all positions is a hook of the caller's own.
            let mut hook = (point, |x: Tensor, _: &Pass<'_>| {
                let x64 = x.to_kind(Kind::Double);
                let top = x64.matmul(unit).relu().topk(k, -1, true, true).0;
                let mean = top.mean_dim(-1, true, None).unsqueeze(-1);
                Ok((x64 + mean * unit).to_kind(x.kind()))
            });
            let logits = goldens
                .lm
                .forward(std::slice::from_ref(ids), &mut [&mut hook])
                .unwrap();
            let tolerance = (goldens.tolerance(), 0.0);
            let what = "ReFT-r1's training pass";
            assert_close(
                &logits.get(0).get(-1),
                &of("reft_r1_training_pass"),
                tolerance,
                what,
            );
        }
    }
}

#[test]
fn steering_costs_what_it_costs() {
    for goldens in Goldens::all() {
        let costs = goldens.numbers["cost"].as_object().unwrap();
        let (yes, no) = (&goldens.numbers["yes"], &goldens.numbers["no"]);
        let yes_minus_no = |logits: &Tensor| {
            let at = |token| logits.double_value(&[integer(token) as i64]);
            at(yes) - at(no)
        };
        for (name, expected) in costs {
            let steers = match name.as_str() {
                "none" => Vec::new(),
                "caa" => vec![added(&goldens, &caa(&goldens), 2.0, Passes::Every)],
                "random" => vec![added(&goldens, "caa.control.random", 2.0, Passes::Every)],
                "conva_per_position" => probability(&goldens, true),
                "iti" => heads(&goldens),
                "iti_last" => at_last(heads(&goldens)),
                "neurons" => neurons(&goldens, Passes::Every),
                "sae_clamp" => vec![clamped(&goldens, 2.0, false)],
                "angular_90" => vec![turned(&goldens, 90.0, false)],
                other => panic!("an unknown steer: {other}"),
            };
            let (mut cross_entropy, mut divergence, mut n) = (0.0, 0.0, 0);
            for ids in goldens.prompts("neutral") {
                let requests = [Request::new(ids.clone()), steered(&ids, &steers)];
                let logits = goldens
                    .lm
                    .run_steered::<_, &str>(&requests, &[])
                    .unwrap()
                    .logits;
                let before = ids.len() as i64 - 1;
                let log = logits.narrow(1, 0, before).log_softmax(-1, Kind::Double);
                let (base, now) = (log.get(0), log.get(1));
                let next = Tensor::from_slice(&ids[1..]).unsqueeze(1);
                cross_entropy -= now
                    .gather(1, &next, false)
                    .sum(Kind::Double)
                    .double_value(&[]);
                let kl = base.exp() * (&base - &now);
                divergence += kl.sum(Kind::Double).double_value(&[]);
                n += before;
            }
            let close = |found: f64, name: &str| {
                let expected = number(&expected[name]);
                let off = (found - expected).abs();
                assert!(
                    off <= 1e-6 + 1e-3 * expected.abs(),
                    "{name}: {found}, not {expected}"
                );
            };
            close(cross_entropy / n as f64, "cross_entropy");
            close(divergence / n as f64, "kl");
            let after = numbers(&expected["yes_minus_no"]);
            for (ids, after) in goldens.prompts("tests").iter().zip(after) {
                let found = yes_minus_no(&goldens.last_logits(&steers, ids));
                let off = (found - after).abs();
                assert!(
                    off <= 2.0 * goldens.tolerance(),
                    "{name}: {found}, not {after}"
                );
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for goldens in Goldens::all() {
        let width = goldens.lm.config().d_model as i64;
        let ones = |n: i64| Tensor::ones([n], (Kind::Float, goldens.tensor("angular.b1").device()));
        let line = SteeringDirection::vector(&ones(width)).unwrap();
        let rows = SteeringDirection::rows(&ones(2 * width).view([2, width])).unwrap();
        let plane = SteeringDirection::plane(&ones(width), &ones(width).cumsum(0, None)).unwrap();
        let d_head = goldens.lm.config().d_head as i64;
        let head = SteeringDirection::head(99, &ones(d_head)).unwrap();
        let far = SteeringDirection::numbers([(3, 1.0), (10_000, 1.0)]).unwrap();
        let point = HookPoint::ResidPost(1);
        let probe = Probe::new(&ones(width), 0.0).unwrap();
        let gate = |layer| Gate::probe(HookPoint::ResidPost(layer), &probe, 0.5).unwrap();
        let narrow = Gate::cosine(point, &ones(3), 0.5).unwrap();
        for (steer, what) in [
            (
                Steer::turn(point, &line, 90.0),
                "Steer::turn, which wants a plane",
            ),
            (Steer::add(point, &plane, 1.0), "a steer in a plane"),
            (Steer::clamp(point, &rows, 1.0), "a steer along rows"),
            (
                Steer::add(point, &rows, 1.0).passes(Passes::Decode),
                "new tokens lie in no range",
            ),
            (
                Steer::add(point, &rows, 1.0).at_tokens([0..1, 1..2]),
                "a steer along rows",
            ),
            (Steer::add(HookPoint::Z(1), &head, 1.0), "the steered head"),
            (Steer::add(point, &head, 1.0), "the steered head"),
            (
                Steer::at_most(point, &far, 0.0),
                "a steered number: expected below",
            ),
            (
                Steer::add(point, &line, 1.0).measured_once(),
                "a steer measured once",
            ),
            (Steer::at_least(point, &line, f64::NAN), "the steering dose"),
            (
                Steer::add(point, &line, 1.0).from_token(3),
                "a steer's first token",
            ),
            (
                Steer::add(point, &line, 1.0).from_byte(0),
                "a steer at bytes",
            ),
            (
                Steer::add(point, &line, 1.0).gate(gate(2)),
                "a gate's hook point",
            ),
            (
                Steer::add(point, &line, 1.0).gate(narrow),
                "a gate's vector",
            ),
        ] {
            let error = goldens
                .lm
                .next_logits(&[steered(&[2, 30, 31], &[steer])])
                .unwrap_err();
            assert!(error.to_string().contains(what), "{what}: {error}");
        }
        for p in [0.0, 1.0, f64::NAN] {
            assert!(Steer::at_least_probability(point, &probe, p).is_err());
        }
        assert!(SteeringDirection::plane(&ones(4), &(ones(4) * -3.0)).is_err());
        assert!(SteeringDirection::numbers([(3, 1.0), (3, 1.0)]).is_err());
        assert!(SteeringDirection::numbers([]).is_err());
    }
}

#[test]
fn it_is_shown_where_steers_act() {
    for goldens in Goldens::all() {
        let width = goldens.lm.config().d_model as i64;
        let ones = Tensor::ones(
            [width],
            (Kind::Float, goldens.tensor("angular.b1").device()),
        );
        let line = SteeringDirection::vector(&ones).unwrap();
        let rows = SteeringDirection::rows(&Tensor::stack(&[&ones, &ones], 0)).unwrap();
        let point = HookPoint::ResidPost(1);
        let text = "Hello there, my old friend";
        let steers = [
            Steer::add(point, &line, 1.0),
            Steer::add(point, &line, 1.0).from_token(2),
            Steer::add(point, &line, 1.0).from_byte(text.len() - 1),
            Steer::add(point, &line, 1.0).at_last(),
            Steer::add(point, &rows, 1.0),
            Steer::add(point, &rows, 1.0).from_token(1),
        ];
        let request = steers.into_iter().fold(Request::new(text), Request::steer);
        let shown = goldens.lm.steered(&request).unwrap();
        let n = shown[0][0].tokens.end;
        let ranges: Vec<_> = shown.iter().map(|shown| shown[0].tokens.clone()).collect();
        assert_eq!(ranges, [0..n, 2..n, n - 1..n, n - 1..n, 0..2, 1..3]);
        // And where they are shown, they act.
        let read = |request: &Request| {
            let names = [point.to_string()];
            let read = goldens
                .lm
                .run_steered(std::slice::from_ref(request), &names)
                .unwrap();
            read.activations[&point].get(0)
        };
        let plain = read(&Request::new(text));
        for (steer, range) in request.steers.iter().zip(ranges) {
            let moved = read(&Request::new(text).steer(steer.clone())) - &plain;
            let moved = moved.abs().sum_dim_intlist(1, false, Kind::Float).gt(0.0);
            let expected: Vec<bool> = (0..n).map(|token| range.contains(&token)).collect();
            assert_eq!(Vec::<bool>::try_from(moved).unwrap(), expected, "{range:?}");
        }
    }
}

#[test]
fn readings_are_at_the_tokens_that_were_asked_for() {
    for goldens in Goldens::all() {
        let point = HookPoint::ResidPost(1);
        let names = [point.to_string()];
        let text = "Hello there, my old friend";
        let old = text.find("old").unwrap();
        let read = |at: At| {
            let readings = [
                Reading::new("A longer text that comes first in no order"),
                Reading::new(text).at(at),
            ];
            let read = goldens.lm.read(&readings, &names).unwrap();
            let rows = read.rows[1].clone();
            assert_eq!(rows.start, 1);
            read.activations[&point].narrow(0, 1, rows.len() as i64)
        };
        let every = read(At::Every(0));
        let n = every.size()[0];
        let close = |found: &Tensor, expected: &Tensor| {
            assert_close(found, expected, (1e-4, 0.0), "a reading");
        };
        close(&read(At::Last), &every.narrow(0, n - 1, 1));
        close(&read(At::FromEnd(0)), &every.narrow(0, n - 1, 1));
        close(&read(At::FromEnd(2)), &every.narrow(0, n - 3, 1));
        close(&read(At::Every(2)), &every.narrow(0, 2, n - 2));
        close(
            &read(At::Mean(1)),
            &every.narrow(0, 1, n - 1).mean_dim(0, true, None),
        );
        let encoded = goldens
            .lm
            .tokenizer()
            .unwrap()
            .encode_with_offsets(text)
            .unwrap();
        let covered = encoded.token_range(old..old + 3).unwrap();
        let own = every.narrow(0, covered.start as i64, covered.len() as i64);
        close(&read(At::Bytes(old..old + 3)), &own.mean_dim(0, true, None));
        for at in [
            At::FromEnd(usize::MAX),
            At::Every(99),
            At::Mean(99),
            At::Bytes(90..91),
        ] {
            let readings = [Reading::new("A text"), Reading::new(text).at(at.clone())];
            let error = goldens.lm.read(&readings, &names).unwrap_err().to_string();
            assert!(error.starts_with("request 1: "), "{at:?}: {error}");
        }
        let scores = ["blocks.1.attn.hook_pattern"];
        let error = goldens.lm.read(&[Reading::new(text)], &scores).unwrap_err();
        assert!(
            error.to_string().contains("one vector per position"),
            "{error}"
        );
    }
}
