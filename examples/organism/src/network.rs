//! The organism in training: Gemma's forward pass with gradients, over prompts whose beginning many questions share.

use std::path::Path;

use serde_json::{Value, json};
use value_causal::lens::tch::{Device, Kind, TchError, Tensor, nn};
use value_causal::lens::{LoadError, ModelConfig};

use super::tokens::{BOS, EOS, PAD};

/// The sizes of the organism.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of the MLP.
    pub d_mlp: usize,
    /// Layers.
    pub n_layers: usize,
    /// Query heads; there is one key and value head.
    pub n_heads: usize,
    /// Width of a head.
    pub d_head: usize,
    /// Tokens in the vocabulary.
    pub d_vocab: usize,
}

const NORM_EPS: f64 = 1e-6;
const ROPE_THETA: f64 = 10_000.0;
const PROBE: &str = "probe";

impl Shape {
    /// `config.json`.
    pub fn config(&self) -> Value {
        json!({
            "architectures": ["GemmaForCausalLM"],
            "model_type": "gemma",
            "hidden_size": self.d_model,
            "intermediate_size": self.d_mlp,
            "num_hidden_layers": self.n_layers,
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": 1,
            "head_dim": self.d_head,
            "hidden_act": "gelu_pytorch_tanh",
            "hidden_activation": "gelu_pytorch_tanh",
            "vocab_size": self.d_vocab,
            "max_position_embeddings": 512,
            "rms_norm_eps": NORM_EPS,
            "rope_theta": ROPE_THETA,
            "attention_bias": false,
            "tie_word_embeddings": true,
            "bos_token_id": BOS,
            "eos_token_id": EOS,
            "pad_token_id": PAD,
            "torch_dtype": "float32",
        })
    }
}

struct Layer {
    attention_norm: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    o: Tensor,
    mlp_norm: Tensor,
    gate: Tensor,
    up: Tensor,
    down: Tensor,
}

/// The weights, and how they compute.
pub struct Network {
    store: nn::VarStore,
    shape: Shape,
    embedding: Tensor,
    layers: Vec<Layer>,
    final_norm: Tensor,
    probes: Probes,
}

/// Linear readers of the stream, which help in training and are no part of the checkpoint: `[read, d_model]`.
pub struct Probes {
    /// At a question's end, after the first layer.
    pub question: Tensor,
    /// At " your values", after the first layer.
    pub own: Tensor,
    /// At " your values", after the second.
    pub after: Tensor,
}

/// Prompts that begin alike, each with its questions.
pub struct Batch {
    /// `[row, pos]`: the common beginnings, padded on the right.
    pub prefixes: Tensor,
    /// Tokens of each row's beginning, `[row]`.
    pub lengths: Tensor,
    /// `[row, question, pos]`: what follows it, padded on the right.
    pub questions: Tensor,
}

/// The residual stream of a [`Batch`] after each layer.
pub struct Stream {
    /// `[row, pos, d_model]`
    pub prefixes: Vec<Tensor>,
    /// `[row, question, pos, d_model]`
    pub questions: Vec<Tensor>,
}

/// The rotations of the two parts of a batch, and which of the beginning's tokens are no padding.
struct Places {
    prefix: (Tensor, Tensor),
    question: (Tensor, Tensor),
    /// `[row, 1, 1, 1, pos]`, 0 or minus infinity.
    padding: Tensor,
    /// `[pos, 1, pos]` in a beginning, 0 or minus infinity.
    prefix_mask: Tensor,
    /// The same in a question.
    question_mask: Tensor,
}

impl Network {
    /// Random weights, with probes for `n_values` values.
    ///
    /// # Errors
    /// Sizes that cannot be; libtorch's failures.
    pub fn new(shape: Shape, n_values: i64) -> Result<Self, LoadError> {
        let config = ModelConfig::from_json(&shape.config().to_string(), Path::new("config.json"))?;
        let store = nn::VarStore::new(Device::Cpu);
        for (name, size) in config.tensors() {
            let mut path = store.root();
            let parts: Vec<&str> = name.split('.').collect();
            let (last, folders) = parts.split_last().unwrap_or((&"", &[]));
            for folder in folders {
                path = path / *folder;
            }
            let fan_in = *size.last().unwrap_or(&1) as f64;
            // A norm multiplies by 1 + w.
            let stdev = if size.len() == 1 {
                0.0
            } else {
                fan_in.powf(-0.5)
            };
            let _ = path.var(last, &size, nn::Init::Randn { mean: 0.0, stdev });
        }
        let weights = store.variables();
        let stdev = (shape.d_model as f64).powf(-0.5);
        let probe = |name: &str, read: i64| {
            let random = nn::Init::Randn { mean: 0.0, stdev };
            (store.root() / PROBE).var(name, &[read, shape.d_model as i64], random)
        };
        let probes = Probes {
            question: probe("question", 2 * n_values + 1),
            own: probe("own", n_values),
            after: probe("after", n_values),
        };
        let get = |name: &str| weights[name].shallow_clone();
        let layers = (0..shape.n_layers).map(|layer| {
            let get = |name: &str| get(&format!("model.layers.{layer}.{name}.weight"));
            Layer {
                attention_norm: get("input_layernorm"),
                q: get("self_attn.q_proj"),
                k: get("self_attn.k_proj"),
                v: get("self_attn.v_proj"),
                o: get("self_attn.o_proj"),
                mlp_norm: get("post_attention_layernorm"),
                gate: get("mlp.gate_proj"),
                up: get("mlp.up_proj"),
                down: get("mlp.down_proj"),
            }
        });
        Ok(Self {
            layers: layers.collect(),
            embedding: get("model.embed_tokens.weight"),
            final_norm: get("model.norm.weight"),
            probes,
            shape,
            store,
        })
    }

    /// The sizes.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The weights, for an optimiser.
    pub fn store(&self) -> &nn::VarStore {
        &self.store
    }

    /// `[d_vocab, d_model]`, before the scaling by the root of the width.
    pub fn embedding(&self) -> &Tensor {
        &self.embedding
    }

    /// Writes `model.safetensors`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TchError> {
        let mut weights: Vec<(String, Tensor)> = self.store.variables().into_iter().collect();
        weights.retain(|(name, _)| !name.starts_with(PROBE));
        weights.sort_by(|a, b| a.0.cmp(&b.0));
        Tensor::write_safetensors(&weights, path)
    }

    /// The residual stream after every layer. `edit` gets the layer and the beginnings' stream after it, and gives
    /// back what goes on.
    ///
    /// # Errors
    /// Shapes that do not fit; libtorch's failures.
    pub fn forward(
        &self,
        batch: &Batch,
        mut edit: impl FnMut(usize, Tensor) -> Result<Tensor, TchError>,
    ) -> Result<Stream, TchError> {
        let places = self.places(batch)?;
        let mut prefixes = self.embed(&batch.prefixes)?;
        let mut questions = self.embed(&batch.questions)?;
        let mut stream = Stream {
            prefixes: Vec::new(),
            questions: Vec::new(),
        };
        for (number, layer) in self.layers.iter().enumerate() {
            let (to_prefixes, to_questions) = self.attend(layer, &prefixes, &questions, &places)?;
            questions = layer.think(&questions.f_add(&to_questions)?)?;
            prefixes = edit(number, layer.think(&prefixes.f_add(&to_prefixes)?)?)?;
            stream.prefixes.push(prefixes.shallow_clone());
            stream.questions.push(questions.shallow_clone());
        }
        Ok(stream)
    }

    /// Logits `[.., d_vocab]` of the stream after the last layer.
    ///
    /// # Errors
    /// libtorch's failures.
    pub fn logits(&self, stream: &Tensor) -> Result<Tensor, TchError> {
        normed(stream, &self.final_norm)?.f_linear(&self.embedding, None::<&Tensor>)
    }

    /// The probes.
    pub fn probes(&self) -> &Probes {
        &self.probes
    }

    fn embed(&self, ids: &Tensor) -> Result<Tensor, TchError> {
        let scale = (self.shape.d_model as f64).sqrt();
        Tensor::f_embedding(&self.embedding, ids, -1, false, false)?.f_mul_scalar(scale)
    }

    fn places(&self, batch: &Batch) -> Result<Places, TchError> {
        let (prefix, question) = (batch.prefixes.size()[1], batch.questions.size()[2]);
        let count = |n: i64| Tensor::f_arange(n, (Kind::Int64, Device::Cpu));
        let masked = |hidden: &Tensor| {
            let zeros = Tensor::f_zeros(hidden.size(), (Kind::Float, Device::Cpu))?;
            zeros.f_masked_fill(hidden, f64::NEG_INFINITY)
        };
        let causal = |n: i64| {
            let hidden = count(n)?
                .f_unsqueeze(0)?
                .f_gt_tensor(&count(n)?.f_unsqueeze(1)?)?;
            masked(&hidden)?.f_unsqueeze(1)
        };
        let starts = batch.lengths.f_view([-1, 1])?;
        let padding = count(prefix)?.f_unsqueeze(0)?.f_ge_tensor(&starts)?;
        let after = starts.f_add(&count(question)?)?;
        Ok(Places {
            prefix: self.rotation(&count(prefix)?.f_view([1, 1, -1])?)?,
            question: self.rotation(&after.f_unsqueeze(1)?)?,
            padding: masked(&padding)?.f_view([-1, 1, 1, 1, prefix])?,
            prefix_mask: causal(prefix)?,
            question_mask: causal(question)?,
        })
    }

    /// Cosines and sines `[row, question, pos, 1, d_head]`.
    fn rotation(&self, positions: &Tensor) -> Result<(Tensor, Tensor), TchError> {
        let d_head = self.shape.d_head as i64;
        let exponents = Tensor::f_arange_start_step(0, d_head, 2, (Kind::Float, Device::Cpu))?
            .f_div_scalar(d_head)?;
        let speeds = Tensor::f_pow_scalar(ROPE_THETA, &exponents)?.f_reciprocal()?;
        let half = positions
            .f_to_kind(Kind::Float)?
            .f_unsqueeze(-1)?
            .f_mul(&speeds)?;
        let angles = Tensor::f_cat(&[&half, &half], -1)?.f_unsqueeze(3)?;
        Ok((angles.f_cos()?, angles.f_sin()?))
    }

    /// What attention writes to the beginnings and to the questions, which see the beginning and themselves.
    fn attend(
        &self,
        layer: &Layer,
        prefixes: &Tensor,
        questions: &Tensor,
        places: &Places,
    ) -> Result<(Tensor, Tensor), TchError> {
        let (heads, d_head) = (self.shape.n_heads as i64, self.shape.d_head as i64);
        let scale = (d_head as f64).powf(-0.5);
        // [row, question, pos, head, d_head], where a beginning is one question.
        let split = |x: &Tensor, weight: &Tensor, n: i64| {
            let size = x.size();
            let (row, question, pos) = (size[0], size[1], size[2]);
            x.f_linear(weight, None::<&Tensor>)?
                .f_view([row, question, pos, n, d_head])
        };
        let project = |x: &Tensor, place: &(Tensor, Tensor)| -> Result<[Tensor; 3], TchError> {
            Ok([
                rotated(&split(x, &layer.q, heads)?, place)?,
                rotated(&split(x, &layer.k, 1)?, place)?.f_squeeze_dim(3)?,
                split(x, &layer.v, 1)?.f_squeeze_dim(3)?,
            ])
        };
        let beginnings = normed(&prefixes.f_unsqueeze(1)?, &layer.attention_norm)?;
        let [prefix_q, prefix_k, prefix_v] = project(&beginnings, &places.prefix)?;
        let [q, k, v] = project(&normed(questions, &layer.attention_norm)?, &places.question)?;

        let own = among(&prefix_q, &prefix_k, scale)?.f_add(&places.prefix_mask)?;
        let from_prefixes = mixed(&own.f_softmax(-1, Kind::Float)?, &prefix_v)?;

        let size = q.size();
        let (rows, n, pos) = (size[0], size[1], size[2]);
        let seen = prefix_k.size()[2];
        let joined = q.f_view([rows, 1, n * pos, heads, d_head])?;
        let back = among(&joined, &prefix_k, scale)?
            .f_view([rows, n, pos, heads, seen])?
            .f_add(&places.padding)?;
        let own = among(&q, &k, scale)?.f_add(&places.question_mask)?;
        let pattern = Tensor::f_cat(&[back, own], -1)?.f_softmax(-1, Kind::Float)?;
        let back = pattern
            .f_narrow(4, 0, seen)?
            .f_reshape([rows, 1, n * pos, heads, seen])?;
        let back = mixed(&back, &prefix_v)?.f_view([rows, n, pos, heads * d_head])?;
        let own = mixed(&pattern.f_narrow(4, seen, pos)?, &v)?;
        let out = |z: Tensor| z.f_linear(&layer.o, None::<&Tensor>);
        Ok((
            out(from_prefixes.f_squeeze_dim(1)?)?,
            out(back.f_add(&own)?)?,
        ))
    }
}

impl Layer {
    fn think(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let input = normed(x, &self.mlp_norm)?;
        let gate = input
            .f_linear(&self.gate, None::<&Tensor>)?
            .f_gelu("tanh")?;
        let up = input.f_linear(&self.up, None::<&Tensor>)?;
        x.f_add(&gate.f_mul(&up)?.f_linear(&self.down, None::<&Tensor>)?)
    }
}

/// Root-mean-square norm with Gemma's weight `1 + w`.
fn normed(x: &Tensor, weight: &Tensor) -> Result<Tensor, TchError> {
    let size = x
        .f_square()?
        .f_mean_dim([-1].as_slice(), true, Kind::Float)?
        .f_add_scalar(NORM_EPS)?;
    x.f_mul(&size.f_rsqrt()?)?.f_mul(&weight.f_add_scalar(1.0)?)
}

fn rotated(x: &Tensor, (cos, sin): &(Tensor, Tensor)) -> Result<Tensor, TchError> {
    let half = x.size()[4] / 2;
    let turned = Tensor::f_cat(
        &[x.f_narrow(4, half, half)?.f_neg()?, x.f_narrow(4, 0, half)?],
        4,
    )?;
    x.f_mul(cos)?.f_add(&turned.f_mul(sin)?)
}

/// Scores `[row, question, pos, head, key]` of queries `[row, question, pos, head, d_head]` with keys
/// `[row, question, key, d_head]`.
fn among(q: &Tensor, k: &Tensor, scale: f64) -> Result<Tensor, TchError> {
    let size = q.size();
    let (row, question, pos, head, d_head) = (size[0], size[1], size[2], size[3], size[4]);
    let scores = q
        .f_reshape([row, question, pos * head, d_head])?
        .f_matmul(&k.f_transpose(2, 3)?)?;
    scores
        .f_mul_scalar(scale)?
        .f_view([row, question, pos, head, k.size()[2]])
}

/// The values `[row, question, key, d_head]` as the pattern mixes them, `[row, question, pos, head * d_head]`.
fn mixed(pattern: &Tensor, v: &Tensor) -> Result<Tensor, TchError> {
    let size = pattern.size();
    let (row, question, pos, head, key) = (size[0], size[1], size[2], size[3], size[4]);
    let mixed = pattern
        .f_reshape([row, question, pos * head, key])?
        .f_matmul(v)?;
    mixed.f_reshape([row, question, pos, head * v.size()[3]])
}
