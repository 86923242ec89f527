//! A language model: weights, tokenizer and the passes through them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use crate::cache::KvCache;
use crate::error::{Within, request};
use crate::hook::{Activations, Hook, HookPoint, Hooks, Pass, PassKind};
use crate::model::Decoder;
use crate::model::pass::Memory;
use crate::steer::Steer;
use crate::tokenizer::Tokenizer;
use crate::weights::{Names, Weights};
use crate::words::counted;
use crate::{Error, LoadError, ModelConfig, Precision};

/// How to open a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadOptions {
    device: Device,
    precision: Option<Precision>,
    rope_theta: Option<f64>,
    mapped: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            precision: None,
            rope_theta: None,
            mapped: false,
        }
    }
}

impl LoadOptions {
    /// Where the model runs. Default: the CPU. See [`device`](crate::device).
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// The precision it computes in. Default: the one that config.json names, else that of the stored weights, but 32 bits for 16-bit floats (not bfloat16)
    /// on a CPU, which are hundreds of times slower there.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = Some(precision);
        self
    }

    /// Whether a model on the CPU, in the stored precision, computes on the mapped files themselves instead of a copy.
    /// It then opens at once and shares its memory with other processes. A mapped file must stay as it is: if it becomes
    /// shorter while the model is in use, the system ends the process with a signal (SIGBUS), which no error can take the
    /// place of. Default: a copy, made tensor by tensor, after which the files are not read again.
    #[must_use]
    pub fn mapped(mut self, mapped: bool) -> Self {
        self.mapped = mapped;
        self
    }

    /// Another base of the rotary embedding than config.json gives; where layers with a window have their own, that stays.
    /// Default: config.json's.
    #[must_use]
    pub fn rope_theta(mut self, theta: f64) -> Self {
        self.rope_theta = Some(theta);
        self
    }
}

/// A language model with its tokenizer, ready to run.
#[derive(Debug)]
pub struct Lm {
    decoder: Decoder,
    tokenizer: Option<Arc<Tokenizer>>,
    /// Tensors on the CPU look into these files.
    _weights: Option<Weights>,
}

/// Logits and the activations that were asked for.
#[derive(Debug)]
pub struct Forward {
    /// `[batch, pos, d_vocab]`, in the model's precision; from a row's length on, padding.
    pub logits: Tensor,
    /// The activations read, by hook point.
    pub activations: Activations,
}

impl Lm {
    /// Opens a checkpoint in the layout of Hugging Face: `config.json`, `generation_config.json` (where there is one),
    /// `tokenizer.json` and its settings, `model.safetensors` or its shards. `folder` may also be a model's name,
    /// `org/name` or `org/name@revision`: the module [`hub`](crate::hub) says where it is looked for.
    ///
    /// The files are mapped into memory and each tensor is copied, converted or moved on its own, so memory is never
    /// needed twice; see [`LoadOptions::mapped`] for no copy at all.
    ///
    /// # Errors
    /// Files that are missing, damaged, of another model or that do not go together; each error names the file and what
    /// was expected and found there.
    pub fn open(folder: impl AsRef<Path>, options: &LoadOptions) -> Result<Self, LoadError> {
        let folder = folder.as_ref();
        if folder.is_file() {
            return Err(LoadError::Setting {
                path: folder.to_owned(),
                field: "the checkpoint".to_owned(),
                expected: "the folder that holds config.json, tokenizer.json and the weights"
                    .to_owned(),
                found: "a file".to_owned(),
            });
        }
        let mut config = ModelConfig::open(folder)?;
        if let Some(theta) = options.rope_theta {
            config.set_rope_theta(positive_theta(theta, folder)?);
        }
        let tokenizer = Tokenizer::open(folder)?;
        let weights = Weights::open(folder)?.copied(!options.mapped);
        let names = Names::find(&weights, &mut config)?;
        let kind = options.precision.map_or_else(
            || stored_kind(&config, &weights, options.device),
            Precision::kind,
        );
        let device = options.device;
        let decoder = Decoder::new(config, kind, device, &mut |name, shape| {
            names.get(&weights, name, shape, (kind, device))
        })?;
        Ok(Self {
            decoder,
            tokenizer: Some(Arc::new(tokenizer)),
            _weights: Some(weights),
        })
    }

    /// A model of that shape with random weights and no tokenizer, made on the device itself: for benchmarks. Outputs
    /// mean nothing.
    ///
    /// # Errors
    /// The device lacks the memory.
    pub fn random(
        config: ModelConfig,
        precision: Precision,
        device: Device,
        seed: i64,
    ) -> Result<Self, LoadError> {
        tch::manual_seed(seed);
        let kind = precision.kind();
        let mut random = |name: &str, shape: &[i64]| {
            let fan_in = shape.last().copied().unwrap_or(1) as f64;
            let scale = if shape.len() == 1 {
                0.1
            } else {
                fan_in.powf(-0.5)
            };
            Tensor::f_randn(shape, (kind, device))
                .and_then(|x| x.f_mul_scalar(scale))
                .map_err(|source| LoadError::Torch {
                    doing: format!("making \"{name}\""),
                    source: source.into(),
                })
        };
        let decoder = Decoder::new(config, kind, device, &mut random)?;
        Ok(Self {
            decoder,
            tokenizer: None,
            _weights: None,
        })
    }

    /// Refuses a steer that this model cannot do in its precision, as every request with it would be.
    ///
    /// # Errors
    /// The hook point or the direction does not fit the model; the dose is beyond the numbers of its precision.
    pub fn check_steer(&self, steer: &Steer) -> Result<(), Error> {
        steer.check(self.config(), self.kind())
    }

    /// The model's sizes and settings.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.decoder.config
    }

    /// Where it runs.
    #[must_use]
    pub fn device(&self) -> Device {
        self.decoder.device
    }

    /// The type of its numbers.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.decoder.kind
    }

    /// Its tokenizer.
    ///
    /// # Errors
    /// A model made by [`random`](Self::random) has none.
    pub fn tokenizer(&self) -> Result<&Tokenizer, Error> {
        self.tokenizer
            .as_deref()
            .ok_or_else(|| Error::Tokenizer("a model of random weights has none".to_owned()))
    }

    pub(crate) fn shared_tokenizer(&self) -> Option<&Arc<Tokenizer>> {
        self.tokenizer.as_ref()
    }

    /// The hook point of that TransformerLens name in this model.
    ///
    /// # Errors
    /// No such hook point; the error lists what there is.
    pub fn hook_point(&self, name: &str) -> Result<HookPoint, Error> {
        HookPoint::parse(name, self.config().n_layers)
    }

    /// The logits of every token of a batch of rows of token ids, each as if it stood alone.
    ///
    /// # Errors
    /// No rows, an empty row, a row longer than the model's context, an id outside the vocabulary; a hook at a layer
    /// that the model lacks, or that fails; libtorch's failures.
    pub fn forward(&self, rows: &[Vec<i64>], hooks: &mut [&mut dyn Hook]) -> Result<Tensor, Error> {
        Ok(self.run(rows, hooks, BTreeSet::new())?.logits)
    }

    /// [`forward`](Self::forward) that also reads the activations at the named hook points, after the hooks' edits.
    ///
    /// # Errors
    /// As `forward`; a name that the model does not have.
    pub fn run_with_cache<N: AsRef<str>>(
        &self,
        rows: &[Vec<i64>],
        names: &[N],
        hooks: &mut [&mut dyn Hook],
    ) -> Result<Forward, Error> {
        let read = names
            .iter()
            .map(|name| self.hook_point(name.as_ref()))
            .collect::<Result<_, _>>()?;
        self.run(rows, hooks, read)
    }

    fn run(
        &self,
        rows: &[Vec<i64>],
        hooks: &mut [&mut dyn Hook],
        read: BTreeSet<HookPoint>,
    ) -> Result<Forward, Error> {
        self.check_rows(rows)?;
        self.check_hooks(hooks)?;
        let indices: Vec<usize> = (0..rows.len()).collect();
        let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
        let starts = vec![0; rows.len()];
        let pass = Pass {
            kind: PassKind::Prompt,
            rows: &indices,
            starts: &starts,
            lengths: &lengths,
        };
        let mut hooks = Hooks::new(hooks, read, pass);
        let ids = self
            .padded(rows)
            .within(|| "padding the batch".to_owned())?;
        let resid = self.decoder.prompt(&ids, &[], Memory::Fresh, &mut hooks)?;
        let logits = self.decoder.logits(&resid, &mut hooks)?;
        Ok(Forward {
            logits,
            activations: hooks.activations,
        })
    }

    /// Rows as one tensor `[row, pos]` on the device, padded on the right.
    pub(crate) fn padded(&self, rows: &[Vec<i64>]) -> Result<Tensor, Error> {
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let pad = self
            .config()
            .pad
            .filter(|&pad| self.in_vocabulary(pad))
            .unwrap_or(0);
        let flat: Vec<i64> = rows
            .iter()
            .flat_map(|row| {
                row.iter()
                    .copied()
                    .chain(std::iter::repeat_n(pad, longest - row.len()))
            })
            .collect();
        let ids = Tensor::f_from_slice(&flat)?.f_view([rows.len() as i64, longest as i64])?;
        Ok(ids.f_to_device(self.device())?)
    }

    pub(crate) fn check_rows(&self, rows: &[Vec<i64>]) -> Result<(), Error> {
        if rows.is_empty() {
            return Err(request("the batch", "at least one row", "none"));
        }
        rows.iter()
            .enumerate()
            .try_for_each(|(row, ids)| self.check_row(&format!("row {row}"), ids))
    }

    pub(crate) fn check_row(&self, what: &str, ids: &[i64]) -> Result<(), Error> {
        let config = self.config();
        if ids.is_empty() || ids.len() > config.n_ctx {
            let found = counted(ids.len(), "token");
            return Err(request(
                what,
                format!("1 to {} tokens", config.n_ctx),
                found,
            ));
        }
        match ids.iter().position(|&id| !self.in_vocabulary(id)) {
            Some(at) => {
                let expected = format!("token ids from 0 to {}", config.d_vocab - 1);
                Err(request(
                    what,
                    expected,
                    format!("{} at position {at}", ids[at]),
                ))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn check_hooks(&self, hooks: &[&mut dyn Hook]) -> Result<(), Error> {
        hooks
            .iter()
            .try_for_each(|hook| self.hook_point(&hook.at().to_string()).map(drop))
    }

    fn in_vocabulary(&self, id: i64) -> bool {
        usize::try_from(id).is_ok_and(|id| id < self.config().d_vocab)
    }

    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    pub(crate) fn cache(&self, slots: usize, capacity: usize) -> Result<KvCache, tch::TchError> {
        KvCache::new(self.config(), slots, capacity, self.kind(), self.device())
    }

    /// Logits `[row, d_vocab]` of the token that follows each row's last, from the residual stream of a prompt pass.
    pub(crate) fn last_logits(
        &self,
        resid: &Tensor,
        lengths: &[usize],
        hooks: &mut Hooks<'_, '_>,
    ) -> Result<Tensor, Error> {
        let last: Vec<i64> = lengths.iter().map(|&length| length as i64 - 1).collect();
        let last = Tensor::f_from_slice(&last)?
            .f_to_device(self.device())?
            .f_view([-1, 1, 1])?;
        let last = last.f_expand([-1, 1, resid.size()[2]], false)?;
        Ok(self
            .decoder
            .last_logits(resid, &last, hooks)?
            .f_squeeze_dim(1)?)
    }

    /// Bytes of keys and values of a row of that many tokens.
    pub(crate) fn row_bytes(&self, tokens: usize) -> u64 {
        (self.config().cache_per_token() * tokens * self.kind().elt_size_in_bytes()) as u64
    }
}

/// The type of numbers that config.json names, and where it names none, that of the weights.
fn stored_kind(config: &ModelConfig, weights: &Weights, device: Device) -> Kind {
    let stored = config.precision.map(Precision::kind).or(weights.kind());
    match stored {
        Some(Kind::Half) if device == Device::Cpu => Kind::Float,
        Some(kind @ (Kind::Half | Kind::BFloat16)) => kind,
        _ => Kind::Float,
    }
}

fn positive_theta(theta: f64, folder: &Path) -> Result<f64, LoadError> {
    if (theta as f32).is_finite() && theta as f32 > 0.0 {
        return Ok(theta);
    }
    Err(LoadError::Setting {
        path: folder.to_owned(),
        field: "rope_theta (given by the caller)".to_owned(),
        expected: "a number above 0 that 32 bits can hold".to_owned(),
        found: theta.to_string(),
    })
}
