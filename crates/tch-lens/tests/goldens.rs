//! Logits, activations and generated tokens against what transformers and TransformerLens computed; on the CPU, or on the
//! device that TCH_LENS_DEVICE names (`TCH_LENS_DEVICE=cuda cargo test --release -p tch-lens --test goldens`).

mod common;

use std::collections::HashMap;
use std::rc::Rc;

use common::{Goldens, assert_close, rows};
use tch_lens::sae::{Sae, SaeOptions};
use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{
    Completion, Engine, EngineOptions, HookPoint, Lm, LoadOptions, Passes, Precision, Request,
    Steer, SteeringDirection, Stop,
};

fn device() -> Device {
    let name = std::env::var("TCH_LENS_DEVICE").unwrap_or_else(|_| "cpu".to_owned());
    tch_lens::device(&name).unwrap_or_else(|error| panic!("TCH_LENS_DEVICE: {error}"))
}

fn options() -> LoadOptions {
    LoadOptions::default().device(device())
}

#[test]
fn logits_and_activations() {
    for goldens in Goldens::all() {
        for (name, entry, tensors) in goldens.of_kind("forward") {
            let lm = Lm::open(
                goldens.folder.join(entry["model"].as_str().unwrap()),
                &options(),
            )
            .unwrap();
            let rows = rows(&tensors["input_ids"], &tensors["attention_mask"]);
            let names: Vec<_> = tensors
                .keys()
                .filter_map(|key| key.strip_prefix("act."))
                .collect();
            assert!(names.len() > 10, "{name}: {names:?}");
            let forward = lm.run_with_cache(&rows, &names, &mut []).unwrap();
            let columns = tensors["input_ids"].size()[1];
            for (row, ids) in rows.iter().enumerate() {
                let what = |key: &str| format!("{name}, row {row}, {key}");
                let (row, n) = (row as i64, ids.len() as i64);
                let logits = tensors["logits"].get(row).narrow(0, columns - n, n);
                let found = forward.logits.get(row).narrow(0, 0, n);
                assert_close(
                    &found,
                    &logits,
                    goldens.tolerance("f32_logits"),
                    &what("logits"),
                );
                let solo = lm.forward(std::slice::from_ref(ids), &mut []).unwrap();
                assert_close(
                    &solo.get(0),
                    &logits,
                    goldens.tolerance("f32_logits"),
                    &what("logits alone"),
                );
                for key in &names {
                    let expected = tensors[&format!("act.{key}")].get(row);
                    let found = forward.activations[&lm.hook_point(key).unwrap()].get(row);
                    let (found, expected) = if key.ends_with("hook_pattern") {
                        let square = |x: &Tensor, from| x.narrow(1, from, n).narrow(2, from, n);
                        (square(&found, 0), square(&expected, columns - n))
                    } else {
                        (found.narrow(0, 0, n), expected.narrow(0, columns - n, n))
                    };
                    assert_close(&found, &expected, goldens.tolerance("f32_acts"), &what(key));
                }
            }
        }
    }
}

#[test]
fn sharded_checkpoints_give_the_same() {
    for goldens in Goldens::all() {
        for (name, entry, tensors) in goldens.of_kind("forward") {
            let folder = goldens
                .folder
                .join(format!("{}_sharded", entry["model"].as_str().unwrap()));
            if !folder.exists() {
                continue;
            }
            let lm = Lm::open(&folder, &options()).unwrap();
            let rows = rows(&tensors["input_ids"], &tensors["attention_mask"]);
            let n = rows[0].len() as i64;
            let found = lm.forward(&rows[..1], &mut []).unwrap().get(0);
            let columns = tensors["input_ids"].size()[1];
            let expected = tensors["logits"].get(0).narrow(0, columns - n, n);
            assert_close(&found, &expected, goldens.tolerance("f32_logits"), &name);
        }
    }
}

#[test]
fn bf16_weights_in_both_precisions() {
    for goldens in Goldens::all() {
        for (name, entry, tensors) in goldens.of_kind("bf16") {
            let folder = goldens.folder.join(entry["model"].as_str().unwrap());
            let rows = rows(&tensors["input_ids"], &tensors["attention_mask"]);
            let last = |logits: &Tensor| {
                let rows = rows.iter().enumerate().map(|(row, ids)| {
                    let n = ids.len() as i64;
                    let tail = logits.get(row as i64).narrow(0, (n - 8).max(0), n.min(8));
                    Tensor::cat(
                        &[
                            tail.zeros_like().narrow(0, 0, 1).repeat([8 - n.min(8), 1]),
                            tail,
                        ],
                        0,
                    )
                });
                let all = Tensor::stack(&rows.collect::<Vec<_>>(), 0);
                all.to_device(Device::Cpu).to_kind(Kind::Float)
            };
            let real = |x: &Tensor| {
                Tensor::cat(
                    &rows
                        .iter()
                        .enumerate()
                        .map(|(row, ids)| {
                            let n = ids.len().min(8) as i64;
                            x.get(row as i64).narrow(0, 8 - n, n)
                        })
                        .collect::<Vec<_>>(),
                    0,
                )
            };
            let wide = Lm::open(&folder, &options().precision(Precision::F32)).unwrap();
            let expected = real(&tensors["logits_f32_compute.last8"]);
            let found = real(&last(&wide.forward(&rows, &mut []).unwrap()));
            assert_close(
                &found,
                &expected,
                goldens.tolerance("f32_logits"),
                &format!("{name}, computed in f32"),
            );

            let narrow = Lm::open(&folder, &options()).unwrap();
            assert_eq!(narrow.kind(), Kind::BFloat16);
            let found = real(&last(&narrow.forward(&rows, &mut []).unwrap()));
            let rms = (found - expected)
                .square()
                .mean(Kind::Double)
                .sqrt()
                .double_value(&[]);
            let limit = entry["tol"]["logits_bf16_compute.last8"]["rms_vs_f32_compute_at_most"]
                .as_f64()
                .unwrap();
            assert!(
                rms <= limit,
                "{name}: root mean square error {rms}, at most {limit}"
            );
        }
    }
}

/// The new tokens of a golden, as rows.
fn new_ids(tensors: &HashMap<String, Tensor>, key: &str) -> Vec<Vec<i64>> {
    Vec::<Vec<i64>>::try_from(&tensors[&format!("{key}.new_ids")]).unwrap()
}

fn requests(rows: &[Vec<i64>], n: usize) -> Vec<Request> {
    rows.iter()
        .map(|row| Request::new(row.clone()).stop(Stop::after(n).ids([])))
        .collect()
}

/// Tokens by the plain path, alone and together, and by the engine, with and without shared prefixes.
fn every_way(lm: &Lm, requests: &[Request], expected: &[Vec<i64>], what: &str) {
    let tokens = |completions: Vec<Completion>| {
        completions
            .into_iter()
            .map(|c| c.tokens)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tokens(lm.generate(requests.to_vec(), &mut []).unwrap()),
        expected,
        "{what}: together"
    );
    for (request, expected) in requests.iter().zip(expected) {
        let alone = tokens(lm.generate(vec![request.clone()], &mut []).unwrap());
        assert_eq!(alone, std::slice::from_ref(expected), "{what}: alone");
    }
    for options in [
        EngineOptions::default().least_prefix(4),
        EngineOptions::default().max_rows(2).prompt_tokens(40),
        EngineOptions::default().share_prefixes(false).max_rows(3),
    ] {
        let tagged = requests
            .iter()
            .cloned()
            .enumerate()
            .map(|(i, request)| request.tag(i));
        let mut found = vec![Vec::new(); requests.len()];
        for completion in Engine::new(lm, options.clone()).run(tagged) {
            let completion = completion.unwrap();
            found[completion.tag] = completion.tokens;
        }
        assert_eq!(found, expected, "{what}: engine, {options:?}");
    }
}

#[test]
fn greedy_tokens() {
    for goldens in Goldens::all() {
        for (name, entry, tensors) in goldens.of_kind("generate") {
            let model = entry["model"].as_str().unwrap();
            let lm = Lm::open(goldens.folder.join(model), &options()).unwrap();
            let forward = goldens.tensors(&format!("{name}_forward"));
            let rows = rows(&forward["input_ids"], &forward["attention_mask"]);
            let expected = new_ids(&tensors, "greedy");
            every_way(&lm, &requests(&rows, expected[0].len()), &expected, &name);

            let stops = Vec::<i64>::try_from(&tensors["stop.stop_ids"]).unwrap();
            let n = expected[0].len();
            let expected: Vec<Vec<i64>> = new_ids(&tensors, "stop")
                .into_iter()
                .map(|ids| {
                    let end = ids
                        .iter()
                        .position(|id| stops.contains(id))
                        .map_or(ids.len(), |at| at + 1);
                    ids[..end].to_vec()
                })
                .collect();
            let requests: Vec<_> = rows
                .iter()
                .map(|row| Request::new(row.clone()).stop(Stop::after(n).ids(stops.clone())))
                .collect();
            every_way(&lm, &requests, &expected, &format!("{name}, stopped"));
        }
    }
}

#[test]
fn rotated_queries_and_keys() {
    for goldens in Goldens::all() {
        for (name, entry, tensors) in goldens.of_kind("generate") {
            let lm = Lm::open(
                goldens.folder.join(entry["model"].as_str().unwrap()),
                &options(),
            )
            .unwrap();
            let forward = goldens.tensors(&format!("{name}_forward"));
            let rows = rows(&forward["input_ids"], &forward["attention_mask"]);
            let names: Vec<_> = tensors
                .keys()
                .filter_map(|key| key.strip_prefix("tl."))
                .collect();
            let found = lm.run_with_cache(&rows, &names, &mut []).unwrap();
            for key in names {
                let all = &tensors[&format!("tl.{key}")];
                for (row, ids) in rows.iter().enumerate() {
                    let n = ids.len() as i64;
                    let expected = all.get(row as i64).narrow(0, all.size()[1] - n, n);
                    let found = found.activations[&lm.hook_point(key).unwrap()]
                        .get(row as i64)
                        .narrow(0, 0, n);
                    assert_close(
                        &found,
                        &expected,
                        goldens.tolerance("f32_acts"),
                        &format!("{name}, {key}"),
                    );
                }
            }
        }
    }
}

#[test]
fn steered_runs() {
    for goldens in Goldens::all() {
        for (name, entry, tensors) in goldens.of_kind("steer") {
            let lm = Lm::open(
                goldens.folder.join(entry["model"].as_str().unwrap()),
                &options(),
            )
            .unwrap();
            let sae = Sae::open(
                goldens.folder.join(entry["sae"].as_str().unwrap()),
                &SaeOptions::default().device(device()),
            )
            .unwrap();
            let sae = Rc::new(sae);
            let case = &goldens.manifest["cases"][format!("{name}_steer")];
            let point = lm.hook_point(case["hook"].as_str().unwrap()).unwrap();
            let features: Vec<usize> = serde_json::from_value(case["features"].clone()).unwrap();
            let rows = rows(&tensors["input_ids"], &tensors["attention_mask"]);
            let columns = tensors["input_ids"].size()[1] as usize;
            let spans: Vec<_> = Vec::<Vec<i64>>::try_from(&tensors["steer_start_end"])
                .unwrap()
                .into_iter()
                .zip(&rows)
                .map(|(span, ids)| {
                    let pads = columns - ids.len();
                    span[0] as usize - pads..span[1] as usize - pads
                })
                .collect();
            for (mode, at_span, steer) in modes(point, &sae, &features) {
                let what = format!("{name}, {mode}");
                if !tensors.contains_key(&format!("{mode}.new_ids")) {
                    assert!(goldens.is_own(), "{what}: no golden");
                    continue;
                }
                let expected = new_ids(&tensors, mode);
                let requests: Vec<Request> = requests(&rows, expected[0].len())
                    .into_iter()
                    .zip(&spans)
                    .map(|(request, span)| match &steer {
                        Some(steer) if at_span => {
                            request.steer(steer.clone().at_tokens([span.clone()]))
                        }
                        Some(steer) => request.steer(steer.clone()),
                        None => request,
                    })
                    .collect();
                every_way(&lm, &requests, &expected, &what);
                let read = lm
                    .generate_with_cache(requests, &[point.to_string()], &mut [])
                    .unwrap();
                let acts = &read.passes[0].activations[&point];
                for (row, span) in spans.iter().enumerate() {
                    let (start, n) = (span.start as i64 - 1, span.len() as i64 + 2);
                    let expected = tensors[&format!("{mode}.resid_post_span")].get(row as i64);
                    let found = acts.get(row as i64).narrow(0, start, n);
                    assert_close(&found, &expected, goldens.tolerance("f32_acts"), &what);
                }
            }
        }
    }
}

/// The steered runs of the goldens: name, whether at the span alone, steer.
fn modes(
    point: HookPoint,
    sae: &Rc<Sae>,
    features: &[usize],
) -> Vec<(&'static str, bool, Option<Steer>)> {
    let direction = |i: usize| SteeringDirection::feature(sae, features[i]).unwrap();
    let f = direction(0);
    let every = |steer: Steer| Some(steer.passes(Passes::Every));
    vec![
        ("none", false, None),
        (
            "add_prefill_span.f0",
            true,
            Some(Steer::add(point, &f, 20.0)),
        ),
        (
            "add_prefill_span.f1",
            true,
            Some(Steer::add(point, &direction(1), 20.0)),
        ),
        (
            "add_minus_prefill_span",
            true,
            Some(Steer::add(point, &f, -12.0)),
        ),
        (
            "add_all_positions_and_decode",
            false,
            every(Steer::add(point, &f, 3.0)),
        ),
        (
            "add_decode_only",
            false,
            Some(Steer::add(point, &f, 6.0).passes(Passes::Decode)),
        ),
        (
            "scale_err_prefill_span",
            true,
            Some(Steer::scale(point, &f, 30.0)),
        ),
        ("scale_err_all", false, every(Steer::scale(point, &f, 4.0))),
        (
            "clamp_err_prefill_span",
            true,
            Some(Steer::clamp(point, &f, 15.0)),
        ),
        ("clamp_err_all", false, every(Steer::clamp(point, &f, 4.0))),
        ("ablate_err_all", false, every(Steer::ablate(point, &f))),
        (
            "scale_noerr_all",
            false,
            every(Steer::scale(point, &f, 2.0).keep_error(false)),
        ),
        (
            "ablate_noerr_all",
            false,
            every(Steer::ablate(point, &f).keep_error(false)),
        ),
        (
            "recon_noerr_all",
            false,
            every(Steer::scale(point, &f, 1.0).keep_error(false)),
        ),
    ]
}
