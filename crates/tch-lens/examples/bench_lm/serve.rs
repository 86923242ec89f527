//! Runs prompts and tells how long it took.

use std::fs;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::json;
use tch::{Device, Kind, Tensor};
use tch_lens::{
    Completion, Engine, EngineOptions, HookPoint, Lm, LoadOptions, ModelConfig, Precision, Request,
    Steer, SteeringDirection, Stop, device, tch,
};

use crate::Result;
use crate::shapes::Shape;

#[derive(clap::Args)]
pub struct Options {
    /// The folder with prompts and directions, and the checkpoint unless --random is given.
    #[arg(long)]
    folder: PathBuf,
    /// Random weights of this shape, made on the device, instead of the folder's.
    #[arg(long)]
    random: Option<Shape>,
    /// The file with the prompts, in the folder.
    #[arg(long, default_value = "plain.jsonl")]
    prompts: PathBuf,
    /// Run only so many of the prompts; they are repeated if there are fewer.
    #[arg(long)]
    limit: Option<usize>,
    /// cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Computing precision.
    #[arg(long, default_value = "f32")]
    precision: Precision,
    /// Threads on the CPU.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(i32).range(1..))]
    threads: i32,
    /// Rows in a batch.
    #[arg(long, default_value_t = 8)]
    batch: usize,
    /// New tokens for each prompt; the model's end tokens do not end it.
    #[arg(long, default_value_t = 60)]
    new_tokens: usize,
    /// LAYER:START:END:DOSE, the dose of the setting's direction added after the layer, at these tokens of the prompt.
    #[arg(long, default_value = "6:7:9:10")]
    steer: Spec,
    /// Through the engine, instead of one plain batch after another.
    #[arg(long)]
    engine: bool,
    /// Write nothing, and tell the log-probabilities of these tokens behind each prompt.
    #[arg(long, value_name = "ID,ID", value_delimiter = ',', requires = "engine")]
    score: Vec<i64>,
    /// Leave out the run of one new token that times the prompt pass.
    #[arg(long)]
    no_prefill: bool,
}

#[derive(Clone, Copy)]
struct Spec {
    layer: usize,
    start: usize,
    end: usize,
    dose: f64,
}

impl std::str::FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let wrong = || format!("expected LAYER:START:END:DOSE, found \"{text}\"");
        let [layer, start, end, dose] = parts.as_slice() else {
            return Err(wrong());
        };
        let number = |part: &str| part.parse().map_err(|_| wrong());
        let dose = dose.parse().map_err(|_| wrong())?;
        Ok(Self {
            layer: number(layer)?,
            start: number(start)?,
            end: number(end)?,
            dose,
        })
    }
}

#[derive(Deserialize)]
struct Line {
    setting: usize,
    ids: Vec<i64>,
}

struct Worker<'a> {
    lm: &'a Lm,
    options: &'a Options,
    prompts: Vec<Line>,
    steers: Vec<Steer>,
}

/// Opens the model, says so, and runs the prompts once for each line on standard input.
pub fn serve(options: &Options) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    tch::set_num_threads(options.threads);
    let device = device(&options.device)?;
    let lm = match options.random {
        Some(shape) => Lm::random(shape.config()?, options.precision, device, 0)?,
        None => Lm::open(
            &options.folder,
            &LoadOptions::default()
                .device(device)
                .precision(options.precision),
        )?,
    };
    let worker = Worker {
        lm: &lm,
        options,
        prompts: prompts(options)?,
        steers: steers(options)?,
    };
    let _warmed_up = worker.run(2.min(options.new_tokens))?;
    say(&json!({
        "ready": true,
        "prompts": worker.prompts.len(),
        "prompt_tokens": worker.prompts.iter().map(|line| line.ids.len()).sum::<usize>(),
        "weight_bytes": numbers_read(lm.config()) * options.precision.bytes() as i64,
        "cache_bytes_per_token": lm.config().cache_per_token() * options.precision.bytes(),
    }))?;
    for line in std::io::stdin().lock().lines() {
        line?;
        say(&worker.time()?)?;
    }
    Ok(())
}

impl Worker<'_> {
    fn time(&self) -> Result<serde_json::Value> {
        let begin = Instant::now();
        if !self.options.no_prefill {
            self.run(1)?;
        }
        let prefill = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let done = self.run(self.options.new_tokens)?;
        let total = begin.elapsed().as_secs_f64();
        let ids: Vec<&[i64]> = done.iter().map(|it| it.tokens.as_slice()).collect();
        let scores = done.iter().map(|it| it.log_probabilities.as_slice());
        Ok(json!({
            "prefill_s": prefill,
            "total_s": total,
            "new_tokens": ids.iter().map(|ids| ids.len()).sum::<usize>(),
            "ids": ids,
            "scores": scores.collect::<Vec<_>>(),
        }))
    }

    /// What comes of every prompt, in their order.
    fn run(&self, new_tokens: usize) -> Result<Vec<Completion<usize>>> {
        let score = &self.options.score;
        let requests = self.prompts.iter().enumerate().map(|(index, line)| {
            let request = Request::new(line.ids.clone()).tag(index);
            let request = match score.is_empty() {
                true => request.stop(Stop::after(new_tokens).ids([])),
                false => request.score(score.iter().map(|&id| vec![id])),
            };
            request.steer(self.steers[line.setting].clone())
        });
        let mut done: Vec<Completion<usize>> = Vec::with_capacity(self.prompts.len());
        if self.options.engine {
            let options = EngineOptions::default().max_rows(self.options.batch);
            for completion in Engine::new(self.lm, options).run(requests) {
                done.push(completion?);
            }
        } else {
            let requests: Vec<_> = requests.collect();
            for batch in requests.chunks(self.options.batch) {
                done.extend(self.lm.generate(batch.to_vec(), &mut [])?);
            }
        }
        done.sort_by_key(|completion| completion.tag);
        Ok(done)
    }
}

fn prompts(options: &Options) -> Result<Vec<Line>> {
    let text = fs::read_to_string(options.folder.join(&options.prompts))?;
    let n_lines = text.lines().count();
    let lines = text.lines().cycle().take(options.limit.unwrap_or(n_lines));
    Ok(lines
        .map(serde_json::from_str)
        .collect::<std::result::Result<_, _>>()?)
}

/// The steer of each setting.
fn steers(options: &Options) -> Result<Vec<Steer>> {
    let bytes = fs::read(options.folder.join("steer.safetensors"))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let view = file.tensor("directions")?;
    let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
    let directions =
        Tensor::f_from_data_size(view.data(), &shape, Kind::Float)?.f_to_device(Device::Cpu)?;
    let Spec {
        layer,
        start,
        end,
        dose,
    } = options.steer;
    let steer = |setting| {
        let direction = SteeringDirection::vector(&directions.f_get(setting)?)?;
        Ok(Steer::add(HookPoint::ResidPost(layer), &direction, dose)
            .at_tokens(std::iter::once(start..end)))
    };
    (0..shape[0]).map(steer).collect()
}

/// The weights that every decoded token needs: all but an embedding that is no output matrix as well.
fn numbers_read(config: &ModelConfig) -> i64 {
    let read = |name: &str| config.tied_embeddings || name != "model.embed_tokens.weight";
    let tensors = config.tensors().into_iter().filter(|(name, _)| read(name));
    tensors
        .map(|(_, shape)| shape.iter().product::<i64>())
        .sum()
}

fn say(line: &serde_json::Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
