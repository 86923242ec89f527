//! A checkpoint of random weights, prompts of random tokens, and directions to steer along.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::json;
use tch::{Device, Kind, Tensor};
use tch_lens::{Precision, tch};

use crate::Result;
use crate::shapes::Shape;

/// Questions that each setting is asked, as in the released experiment.
const QUESTIONS: usize = 108;
/// Tokens that the prompts of a setting share.
const SHARED: usize = 200;

#[derive(clap::Args)]
pub struct Options {
    /// The folder.
    #[arg(long)]
    folder: PathBuf,
    /// The model's shape.
    #[arg(long, default_value = "llama200m")]
    shape: Shape,
    /// Settings of the questionnaire: role and steer.
    #[arg(long, default_value_t = 2)]
    settings: usize,
    /// Stored precision.
    #[arg(long, default_value = "f32")]
    precision: Precision,
    /// The same seed gives the same files.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Writes tokenizer.json, model.safetensors and what [`prompts`] writes.
pub fn checkpoint(options: &Options) -> Result<()> {
    let folder = &options.folder;
    let config = options.shape.config()?;
    fs::create_dir_all(folder)?;
    fs::write(folder.join("tokenizer.json"), tokenizer(config.d_vocab))?;
    tch::manual_seed(options.seed.cast_signed());
    let tensors = config.tensors().into_iter().map(|(name, shape)| {
        let scale = match shape.as_slice() {
            [_] => return Ok((name, Tensor::f_ones(shape, (Kind::Float, Device::Cpu))?)),
            _ if name.contains("embed") => 1.0,
            _ if name.contains("lm_head") => 2.0 / (shape[1] as f64).sqrt(),
            _ => 1.0 / (shape[1] as f64).sqrt(),
        };
        Ok((
            name,
            Tensor::f_randn(shape, (Kind::Float, Device::Cpu))?.f_mul_scalar(scale)?,
        ))
    });
    let tensors = tensors.collect::<Result<Vec<_>>>()?;
    save(
        &folder.join("model.safetensors"),
        &tensors,
        options.precision.kind(),
    )?;
    prompts(options)
}

/// Writes config.json, plain.jsonl (64 prompts of 198 to 220 tokens that share nothing), questionnaire.jsonl (for each
/// setting 108 prompts of 220 to 240 tokens that share 200) and steer.safetensors (a unit vector for each setting).
///
/// A line is `{"setting": N, "ids": [..]}`.
pub fn prompts(options: &Options) -> Result<()> {
    let Options {
        folder,
        settings,
        seed,
        ..
    } = options;
    fs::create_dir_all(folder)?;
    let mut json = options.shape.json();
    json["torch_dtype"] = match options.precision {
        Precision::F32 => "float32".into(),
        Precision::Bf16 => "bfloat16".into(),
        Precision::F16 => "float16".into(),
    };
    fs::write(folder.join("config.json"), json.to_string())?;
    let config = options.shape.config()?;
    let mut rng = ChaCha8Rng::seed_from_u64(*seed);
    let mut ids = |n: usize| -> Vec<usize> {
        (0..n)
            .map(|_| rng.random_range(3..config.d_vocab))
            .collect()
    };
    let line =
        |setting: usize, ids: Vec<usize>| json!({"setting": setting, "ids": ids}).to_string();
    let plain: Vec<_> = (0..64).map(|i| line(0, ids(220 - i * 7 % 23))).collect();
    fs::write(folder.join("plain.jsonl"), plain.join("\n"))?;
    let mut lines = Vec::new();
    for setting in 0..*settings {
        let shared = ids(SHARED);
        for question in 0..QUESTIONS {
            lines.push(line(
                setting,
                [shared.clone(), ids(20 + question % 21)].concat(),
            ));
        }
    }
    fs::write(folder.join("questionnaire.jsonl"), lines.join("\n"))?;
    tch::manual_seed((*seed).cast_signed().wrapping_add(1));
    let directions = Tensor::f_randn(
        [*settings as i64, config.d_model as i64],
        (Kind::Float, Device::Cpu),
    )?;
    let directions =
        directions.f_div(&directions.f_norm_scalaropt_dim(2.0, [-1].as_slice(), true)?)?;
    save(
        &folder.join("steer.safetensors"),
        &[("directions".to_owned(), directions)],
        Kind::Float,
    )
}

fn save(path: &Path, tensors: &[(String, Tensor)], kind: Kind) -> Result<()> {
    let dtype = match kind {
        Kind::BFloat16 => Dtype::BF16,
        Kind::Half => Dtype::F16,
        _ => Dtype::F32,
    };
    let mut stored = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let tensor = tensor.f_to_kind(kind)?.f_contiguous()?;
        let mut bytes = vec![0_u8; tensor.numel() * kind.elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        let shape: Vec<usize> = tensor.size().into_iter().map(|n| n as usize).collect();
        stored.push((name, shape, bytes));
    }
    let views = stored.iter().map(|(name, shape, bytes)| {
        Ok((name.as_str(), TensorView::new(dtype, shape.clone(), bytes)?))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    Ok(serialize_to_file(views, Some(format), path)?)
}

/// A tokenizer that knows a word for every id.
fn tokenizer(vocabulary: usize) -> String {
    let mut words = String::new();
    for id in 0..vocabulary {
        let comma = if id == 0 { "" } else { "," };
        let _infallible = write!(words, "{comma}\"w{id}\":{id}");
    }
    format!(
        r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
"pre_tokenizer":{{"type":"Whitespace"}},"post_processor":null,"decoder":null,
"model":{{"type":"WordLevel","vocab":{{{words}}},"unk_token":"w0"}}}}"#
    )
}
