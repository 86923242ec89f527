//! Logits, activations and generated tokens against what transformers and TransformerLens computed.

mod common;

use common::{Goldens, assert_close, rows};
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{Lm, LoadOptions, Precision};

fn options() -> LoadOptions {
    LoadOptions::default()
}

#[test]
fn logits_and_activations() {
    for goldens in Goldens::all() {
        for (name, entry, tensors) in goldens.of_kind("forward") {
            let lm = Lm::open(goldens.folder.join(entry["model"].as_str().unwrap()), &options()).unwrap();
            let rows = rows(&tensors["input_ids"], &tensors["attention_mask"]);
            let names: Vec<_> = tensors.keys().filter_map(|key| key.strip_prefix("act.")).collect();
            assert!(names.len() > 10, "{name}: {names:?}");
            let forward = lm.run_with_cache(&rows, &names, &mut []).unwrap();
            let columns = tensors["input_ids"].size()[1];
            for (row, ids) in rows.iter().enumerate() {
                let what = |key: &str| format!("{name}, row {row}, {key}");
                let (row, n) = (row as i64, ids.len() as i64);
                let logits = tensors["logits"].get(row).narrow(0, columns - n, n);
                let found = forward.logits.get(row).narrow(0, 0, n);
                assert_close(&found, &logits, goldens.tolerance("f32_logits"), &what("logits"));
                let solo = lm.forward(std::slice::from_ref(ids), &mut []).unwrap();
                assert_close(&solo.get(0), &logits, goldens.tolerance("f32_logits"), &what("logits alone"));
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
            let folder = goldens.folder.join(format!("{}_sharded", entry["model"].as_str().unwrap()));
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
                    Tensor::cat(&[tail.zeros_like().narrow(0, 0, 1).repeat([8 - n.min(8), 1]), tail], 0)
                });
                Tensor::stack(&rows.collect::<Vec<_>>(), 0).to_kind(Kind::Float)
            };
            let real = |x: &Tensor| {
                Tensor::cat(
                    &rows.iter().enumerate().map(|(row, ids)| {
                        let n = ids.len().min(8) as i64;
                        x.get(row as i64).narrow(0, 8 - n, n)
                    }).collect::<Vec<_>>(),
                    0,
                )
            };
            let wide = Lm::open(&folder, &options().precision(Precision::F32)).unwrap();
            let expected = real(&tensors["logits_f32_compute.last8"]);
            let found = real(&last(&wide.forward(&rows, &mut []).unwrap()));
            assert_close(&found, &expected, goldens.tolerance("f32_logits"), &format!("{name}, computed in f32"));

            let narrow = Lm::open(&folder, &options()).unwrap();
            assert_eq!(narrow.kind(), Kind::BFloat16);
            let found = real(&last(&narrow.forward(&rows, &mut []).unwrap()));
            let rms = (found - expected).square().mean(Kind::Double).sqrt().double_value(&[]);
            let limit = entry["tol"]["logits_bf16_compute.last8"]["rms_vs_f32_compute_at_most"].as_f64().unwrap();
            assert!(rms <= limit, "{name}: root mean square error {rms}, at most {limit}");
        }
    }
}
