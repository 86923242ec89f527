//! Autoencoders written in the layouts that can hold them.

use std::fs;
use std::path::{Path, PathBuf};

use npyz::WriterBuilder;
use npyz::npz::NpzWriter;
use serde_json::{Value, json};
use tch_lens::tch::{Device, Kind, Tensor};

use crate::statement::{Architecture, Matrix, Normalisation, Plain};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Layout {
    SaeLens,
    OldSaeLens,
    Sparsify,
    GemmaScope,
}

/// Every layout that has what this autoencoder needs.
pub fn layouts_for(plain: &Plain) -> Vec<Layout> {
    let simple = plain.normalisation == Normalisation::None && plain.finetuning.is_none();
    let mut layouts = vec![Layout::SaeLens];
    match plain.architecture {
        Architecture::TopK { rescale: true, .. } => {}
        _ => layouts.push(Layout::OldSaeLens),
    }
    match plain.architecture {
        Architecture::TopK { rescale: false, .. } if simple => layouts.push(Layout::Sparsify),
        Architecture::JumpRelu { .. } if simple && !plain.apply_b_dec => {
            layouts.push(Layout::GemmaScope);
        }
        _ => {}
    }
    layouts
}

/// Writes it below `folder`, and says what to open.
pub fn write(plain: &Plain, layout: Layout, folder: &Path) -> PathBuf {
    match layout {
        Layout::SaeLens => {
            write_sae_lens(plain, new_config(plain), folder);
            folder.to_owned()
        }
        Layout::OldSaeLens => {
            write_sae_lens(plain, old_config(plain), folder);
            folder.to_owned()
        }
        Layout::Sparsify => write_sparsify(plain, folder),
        Layout::GemmaScope => write_gemma_scope(plain, folder),
    }
}

pub fn tensor(rows: &Matrix) -> Tensor {
    let columns = rows.first().map_or(0, Vec::len);
    flat(&rows.concat()).view([rows.len() as i64, columns as i64])
}

pub fn flat(numbers: &[f64]) -> Tensor {
    Tensor::from_slice(numbers).to_kind(Kind::Float)
}

fn write_sae_lens(plain: &Plain, config: Value, folder: &Path) {
    let bias = match plain.architecture {
        Architecture::Gated { .. } => "b_gate",
        _ => "b_enc",
    };
    let mut tensors = vec![
        ("W_enc", tensor(&plain.w_enc)),
        (bias, flat(&plain.b_enc)),
        ("W_dec", tensor(&plain.w_dec)),
        ("b_dec", flat(&plain.b_dec)),
    ];
    match &plain.architecture {
        Architecture::JumpRelu { threshold } => tensors.push(("threshold", flat(threshold))),
        Architecture::Gated { b_mag, r_mag } => {
            tensors.push(("b_mag", flat(b_mag)));
            tensors.push(("r_mag", flat(r_mag)));
        }
        Architecture::Standard | Architecture::TopK { .. } => {}
    }
    if let Some(factors) = &plain.finetuning {
        tensors.push(("scaling_factor", flat(factors)));
    }
    Tensor::write_safetensors(&tensors, folder.join("sae_weights.safetensors")).unwrap();
    fs::write(folder.join("cfg.json"), config.to_string()).unwrap();
}

fn normalisation(plain: &Plain) -> &'static str {
    match plain.normalisation {
        Normalisation::None => "none",
        Normalisation::LayerNorm => "layer_norm",
        Normalisation::ConstantNorm => "constant_norm_rescale",
    }
}

fn architecture(plain: &Plain) -> &'static str {
    match plain.architecture {
        Architecture::Standard => "standard",
        Architecture::JumpRelu { .. } => "jumprelu",
        Architecture::Gated { .. } => "gated",
        Architecture::TopK { .. } => "topk",
    }
}

fn new_config(plain: &Plain) -> Value {
    let mut config = json!({
        "d_in": plain.d_in(), "d_sae": plain.d_sae(), "dtype": "float32", "device": "cpu",
        "apply_b_dec_to_input": plain.apply_b_dec, "normalize_activations": normalisation(plain),
        "reshape_activations": "none", "architecture": architecture(plain),
        "finetuning_scaling_factor": plain.finetuning.is_some(),
        "metadata": {"sae_lens_version": "6.54.12", "model_name": "m", "hook_name": "blocks.3.hook_resid_post",
                     "hook_head_index": null, "prepend_bos": false},
    });
    if let Architecture::TopK { k, rescale } = plain.architecture {
        config["k"] = json!(k);
        config["rescale_acts_by_decoder_norm"] = json!(rescale);
    }
    config
}

fn old_config(plain: &Plain) -> Value {
    let mut config = json!({
        "model_name": "m", "hook_point": "blocks.3.hook_resid_post", "hook_point_layer": 3,
        "hook_point_head_index": null, "d_in": plain.d_in(), "d_sae": plain.d_sae(), "dtype": "torch.float32",
        "prepend_bos": false, "finetuning_scaling_factor": plain.finetuning.is_some(),
    });
    // What is the default was often left out.
    if !plain.apply_b_dec {
        config["apply_b_dec_to_input"] = json!(false);
    }
    config["normalize_activations"] = match plain.normalisation {
        Normalisation::None => json!(false),
        _ => json!(normalisation(plain)),
    };
    match plain.architecture {
        Architecture::Standard => {}
        Architecture::TopK { k, .. } => {
            config["activation_fn_str"] = json!("topk");
            config["activation_fn_kwargs"] = json!({"k": k});
        }
        _ => config["architecture"] = json!(architecture(plain)),
    }
    config
}

fn write_sparsify(plain: &Plain, folder: &Path) -> PathBuf {
    let Architecture::TopK { k, .. } = plain.architecture else {
        panic!("sparsify has top-k coders only");
    };
    let inner = folder.join("layers.3");
    fs::create_dir(&inner).unwrap();
    fs::write(
        folder.join("config.json"),
        json!({"model": "m"}).to_string(),
    )
    .unwrap();
    let config = json!({
        "activation": "topk", "expansion_factor": 32, "num_latents": plain.d_sae(), "k": k, "d_in": plain.d_in(),
        "normalize_decoder": true, "multi_topk": false, "skip_connection": false, "transcode": !plain.apply_b_dec,
    });
    fs::write(inner.join("cfg.json"), config.to_string()).unwrap();
    let tensors = [
        ("encoder.weight", tensor(&plain.w_enc).tr().contiguous()),
        ("encoder.bias", flat(&plain.b_enc)),
        ("W_dec", tensor(&plain.w_dec)),
        ("b_dec", flat(&plain.b_dec)),
    ];
    Tensor::write_safetensors(&tensors, inner.join("sae.safetensors")).unwrap();
    inner
}

/// In the orders and types that numpy writes: rows first, columns first, 32 and 64 bits.
fn write_gemma_scope(plain: &Plain, folder: &Path) -> PathBuf {
    let Architecture::JumpRelu { threshold } = &plain.architecture else {
        panic!("Gemma Scope has jumprelu autoencoders only");
    };
    let inner = folder.join("gemma-scope-2b-pt-res").join("layer_3");
    fs::create_dir_all(&inner).unwrap();
    let path = inner.join("params.npz");
    let mut npz = NpzWriter::create(&path).unwrap();
    array(
        &mut npz,
        "w_enc",
        &plain.w_enc.concat(),
        &[plain.d_in(), plain.d_sae()],
        npyz::Order::C,
    );
    let columns_first = tensor(&plain.w_dec).tr().contiguous().view([-1]);
    let columns_first = Vec::<f64>::try_from(&columns_first.to_device(Device::Cpu)).unwrap();
    let shape = [plain.d_sae(), plain.d_in()];
    array(
        &mut npz,
        "w_dec",
        &columns_first,
        &shape,
        npyz::Order::Fortran,
    );
    array(
        &mut npz,
        "b_enc",
        &plain.b_enc,
        &[plain.d_sae()],
        npyz::Order::C,
    );
    array(
        &mut npz,
        "b_dec",
        &plain.b_dec,
        &[plain.d_in()],
        npyz::Order::C,
    );
    let threshold: Vec<f32> = threshold.iter().map(|t| *t as f32).collect();
    array(
        &mut npz,
        "threshold",
        &threshold,
        &[plain.d_sae()],
        npyz::Order::C,
    );
    drop(npz);
    path
}

fn array<T: npyz::AutoSerialize + Copy>(
    npz: &mut NpzWriter<std::io::BufWriter<fs::File>>,
    name: &str,
    numbers: &[T],
    shape: &[usize],
    order: npyz::Order,
) {
    let shape: Vec<u64> = shape.iter().map(|n| *n as u64).collect();
    let builder = npz.array::<T>(name, Default::default()).unwrap();
    let mut writer = builder
        .default_dtype()
        .shape(&shape)
        .order(order)
        .begin_nd()
        .unwrap();
    writer.extend(numbers.iter().copied()).unwrap();
    writer.finish().unwrap();
}
