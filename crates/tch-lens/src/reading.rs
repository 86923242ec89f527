//! Activations of many prompts, one vector or mean for each.

use std::collections::BTreeSet;
use std::ops::Range;

use tch::{Device, Kind, Tensor};

use crate::error::{Within, request};
use crate::generate::Prompt;
use crate::hook::{Activations, HookPoint, Hooks, Pass, PassKind};
use crate::model::pass::Memory;
use crate::{Error, Lm};

/// At which tokens of a prompt activations are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// The last token.
    Last,
    /// So many tokens before the last one: 1 is the one before it.
    FromEnd(usize),
    /// The mean over the tokens that cover these bytes of the prompt's text.
    Bytes(Range<usize>),
    /// The mean over the tokens from this one on; from 1 it leaves out BOS.
    Mean(usize),
    /// Every token from this one on, a row for each.
    Every(usize),
}

/// A prompt, and where to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    prompt: Prompt,
    at: At,
}

impl Reading {
    /// The prompt at its last token.
    pub fn new(prompt: impl Into<Prompt>) -> Self {
        Self {
            prompt: prompt.into(),
            at: At::Last,
        }
    }

    /// Where. Default: at the last token.
    #[must_use]
    pub fn at(mut self, at: At) -> Self {
        self.at = at;
        self
    }
}

/// What was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Read {
    /// By hook point `[row, width]`, in 32 bits on the CPU; heads lie one after the other.
    pub activations: Activations,
    /// For each prompt, its rows: one, but with [`At::Every`].
    pub rows: Vec<Range<usize>>,
}

/// One prompt's tokens, and those that are read.
struct Planned {
    tokens: Vec<i64>,
    read: Range<usize>,
    mean: bool,
}

impl Lm {
    /// The activations of many prompts at several hook points, in batches: `[prompt, width]`, as contrasts and probes want
    /// them. A prompt's numbers do not depend on what else is read, up to the rounding of sums in another order.
    ///
    /// ```no_run
    /// use tch_lens::contrast::mean_difference;
    /// use tch_lens::{Lm, LoadOptions, Reading, Steer, SteeringDirection};
    ///
    /// let lm = Lm::open("gemma-2b-it", &LoadOptions::default())?;
    /// let point = lm.hook_point("blocks.12.hook_resid_post")?;
    /// let read = |texts: [&str; 2]| lm.read(&texts.map(Reading::new), &[point.to_string()]);
    /// let kind = read(["I am glad to help.", "You are welcome."])?;
    /// let rude = read(["Help yourself.", "Get lost."])?;
    /// let direction = mean_difference(&kind.activations[&point], &rude.activations[&point])?;
    /// let steer = Steer::add(point, &SteeringDirection::vector(&direction)?, 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// No prompts; a prompt that cannot be run, or has no such tokens ([`Error::InRequest`] with its number); a name that the
    /// model does not have, or whose activations are no vectors by position.
    pub fn read<N: AsRef<str>>(&self, prompts: &[Reading], names: &[N]) -> Result<Read, Error> {
        if prompts.is_empty() {
            return Err(request("the prompts to read", "at least one", "none"));
        }
        let mut points = BTreeSet::new();
        for name in names {
            let point = self.hook_point(name.as_ref())?;
            if point.width(self.config()).is_none() {
                let expected = "a hook point with one vector per position";
                return Err(request("the hook point to read", expected, point));
            }
            points.insert(point);
        }
        let planned = prompts
            .iter()
            .enumerate()
            .map(|(number, reading)| {
                self.plan(reading).map_err(|source| Error::InRequest {
                    number,
                    source: Box::new(source),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut order: Vec<usize> = (0..planned.len()).collect();
        order.sort_by_key(|&prompt| planned[prompt].tokens.len());
        let most = if self.device().is_cuda() { 8192 } else { 1024 };
        let mut found: Vec<Vec<Tensor>> = (0..planned.len()).map(|_| Vec::new()).collect();
        let mut rest = order.as_slice();
        while let Some(first) = rest.first() {
            // In ascending order the last prompt of a batch is its longest.
            let fits = |n: &usize| *n * planned[rest[n - 1]].tokens.len() <= most;
            let n = (1..=rest.len()).take_while(fits).last().unwrap_or(1);
            let (now, later) = rest.split_at(n);
            let batch: Vec<&Planned> = now.iter().map(|&prompt| &planned[prompt]).collect();
            let read = self
                .read_batch(&batch, &points)
                .within(|| format!("reading prompt {first} and {} more", n - 1))?;
            for (&prompt, read) in now.iter().zip(read) {
                found[prompt] = read;
            }
            rest = later;
        }
        let mut end = 0;
        let rows = planned.iter().map(|plan| {
            let start = end;
            end += if plan.mean { 1 } else { plan.read.len() };
            start..end
        });
        let rows = rows.collect();
        let activations = points.iter().enumerate().map(|(i, &point)| {
            let all: Vec<&Tensor> = found.iter().map(|read| &read[i]).collect();
            Ok((point, Tensor::f_cat(&all, 0)?))
        });
        Ok(Read {
            activations: activations.collect::<Result<_, Error>>()?,
            rows,
        })
    }

    fn plan(&self, reading: &Reading) -> Result<Planned, Error> {
        let (tokens, covered) = match (&reading.prompt, &reading.at) {
            (Prompt::Text(text), At::Bytes(bytes)) => {
                let encoded = self.tokenizer()?.encode_prompt_with_offsets(text)?;
                let covered = encoded.token_range(bytes.clone())?;
                (encoded.ids, Some(covered))
            }
            (Prompt::Text(text), _) => (self.tokenizer()?.encode_prompt(text)?, None),
            (Prompt::Tokens(_), At::Bytes(_)) => {
                let found = "a prompt of token ids";
                return Err(request("bytes to read", "a prompt of text", found));
            }
            (Prompt::Tokens(tokens), _) => (tokens.clone(), None),
        };
        self.check_row("the prompt", &tokens)?;
        let n = tokens.len();
        let read = match (covered, &reading.at) {
            (Some(covered), _) => Some(covered),
            (_, At::FromEnd(before)) => {
                n.checked_sub(before.saturating_add(1)).map(|at| at..at + 1)
            }
            (_, At::Mean(from) | At::Every(from)) => Some(*from..n).filter(|read| !read.is_empty()),
            _ => Some(n - 1..n),
        };
        let Some(read) = read else {
            let expected = format!("some of the prompt's {n}");
            return Err(request(
                "the tokens to read",
                expected,
                format!("{:?}", reading.at),
            ));
        };
        let mean = !matches!(reading.at, At::Every(_));
        Ok(Planned { tokens, read, mean })
    }

    /// For each prompt and hook point, its rows `[n, width]`.
    fn read_batch(
        &self,
        batch: &[&Planned],
        points: &BTreeSet<HookPoint>,
    ) -> Result<Vec<Vec<Tensor>>, Error> {
        let prompts: Vec<Vec<i64>> = batch.iter().map(|plan| plan.tokens.clone()).collect();
        let lengths: Vec<usize> = prompts.iter().map(Vec::len).collect();
        let (rows, starts) = ((0..batch.len()).collect::<Vec<_>>(), vec![0; batch.len()]);
        let pass = Pass {
            kind: PassKind::Prompt,
            rows: &rows,
            starts: &starts,
            lengths: &lengths,
        };
        let mut hooks = Hooks::new(&mut [], points.clone(), pass);
        let ids = self.padded(&prompts)?;
        let resid = self
            .decoder()
            .prompt(&ids, &[], Memory::Fresh, &mut hooks)?;
        if points.contains(&HookPoint::Final) {
            let _logits = self.last_logits(&resid, &lengths, &mut hooks)?;
        }
        let read = |row: usize, plan: &Planned, activation: &Tensor| {
            let own = activation.f_get(row as i64)?.f_narrow(
                0,
                plan.read.start as i64,
                plan.read.len() as i64,
            )?;
            let own = own
                .f_to_device(Device::Cpu)?
                .f_reshape([plan.read.len() as i64, -1])?;
            if plan.mean && plan.read.len() > 1 {
                return own
                    .f_to_kind(Kind::Double)?
                    .f_mean_dim([0_i64].as_slice(), true, Kind::Double)?
                    .f_to_kind(Kind::Float);
            }
            // A copy, so that the batch can be let go.
            own.f_to_dtype(Kind::Float, false, true)
        };
        let each = batch.iter().enumerate().map(|(row, plan)| {
            let of_point = |point| read(row, plan, &hooks.activations[point]);
            Ok(points
                .iter()
                .map(of_point)
                .collect::<Result<_, tch::TchError>>()?)
        });
        each.collect()
    }
}
