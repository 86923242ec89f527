//! Generation, the plain way: one prompt pass for all rows, then one pass per token until the last row ends.

mod logits;
mod request;
mod row;
mod scoring;

use std::collections::BTreeSet;

use tch::Tensor;

use crate::cache::KvCache;
use crate::error::Within;
use crate::hook::{Activations, Hook, HookPoint, Hooks, Pass, PassKind};
use crate::model::pass::Memory;
use crate::steer::{Steer, steer_hooks};
use crate::{Error, Lm};
pub use request::{Completion, Prompt, Request, Steered};
pub(crate) use row::{Row, advance};

/// A generation whose activations were read.
#[derive(Debug)]
pub struct Generated<T = ()> {
    /// One per request, in the order of the requests.
    pub completions: Vec<Completion<T>>,
    /// The activations read in each pass: the prompt's first, then one per new token.
    pub passes: Vec<PassActivations>,
}

/// The activations of one pass.
#[derive(Debug)]
pub struct PassActivations {
    /// Prompt or decode.
    pub kind: PassKind,
    /// For each row of the activations, the index of its request.
    pub rows: Vec<usize>,
    /// For each row, the position of its first token in this pass.
    pub starts: Vec<usize>,
    /// For each row, its tokens in this pass; what follows is padding.
    pub lengths: Vec<usize>,
    /// By hook point; `pos` counts from the row's start.
    pub activations: Activations,
}

impl Lm {
    /// Goes on with every prompt, all in one batch.
    ///
    /// For many requests use the [`Engine`](crate::Engine), which gives the same results sooner. Takes
    /// `O(rows * tokens)` of memory for keys and values, padded to the longest row.
    ///
    /// # Errors
    /// A request that cannot be carried out (prompt empty or beyond the context, ids outside the vocabulary, steers
    /// that do not fit, spans outside the prompt, sampling settings outside their range); logits that are NaN or infinite;
    /// a hook that fails; libtorch's failures.
    pub fn generate<T>(
        &self,
        requests: Vec<Request<T>>,
        hooks: &mut [&mut dyn Hook],
    ) -> Result<Vec<Completion<T>>, Error> {
        Ok(self
            .generate_with_cache::<T, &str>(requests, &[], hooks)?
            .completions)
    }

    /// [`generate`](Self::generate) that also reads activations in every pass, after steers and hooks.
    ///
    /// # Errors
    /// As `generate`; a name that the model does not have.
    pub fn generate_with_cache<T, N: AsRef<str>>(
        &self,
        requests: Vec<Request<T>>,
        names: &[N],
        hooks: &mut [&mut dyn Hook],
    ) -> Result<Generated<T>, Error> {
        self.check_hooks(hooks)?;
        let read: BTreeSet<_> = names
            .iter()
            .map(|name| self.hook_point(name.as_ref()))
            .collect::<Result<_, _>>()?;
        let mut rows = requests
            .into_iter()
            .enumerate()
            .map(|(number, request)| Row::new(self, number, request))
            .collect::<Result<Vec<_>, _>>()?;
        let mut passes = Vec::new();
        if !rows.is_empty() {
            let mut batch = Batch {
                lm: self,
                read,
                hooks,
                passes: &mut passes,
            };
            let mut cache = batch.prompts(&mut rows)?;
            let mut slots: Vec<usize> = (0..rows.len()).collect();
            while batch.make_room(&rows, &mut slots, &mut cache)? {
                batch.step(&mut rows, &slots, &mut cache)?;
            }
        }
        let completions = rows
            .into_iter()
            .map(Row::complete)
            .collect::<Result<_, _>>()?;
        Ok(Generated {
            completions,
            passes,
        })
    }
}

struct Batch<'a, 'h> {
    lm: &'a Lm,
    read: BTreeSet<HookPoint>,
    hooks: &'a mut [&'h mut dyn Hook],
    passes: &'a mut Vec<PassActivations>,
}

impl Batch<'_, '_> {
    fn prompts<T>(&mut self, rows: &mut [Row<T>]) -> Result<KvCache, Error> {
        let lm = self.lm;
        let prompts: Vec<Vec<i64>> = rows.iter().map(|row| row.prompt.clone()).collect();
        let lengths: Vec<usize> = prompts.iter().map(Vec::len).collect();
        let (indices, starts) = ((0..rows.len()).collect::<Vec<_>>(), vec![0; rows.len()]);
        // The prompt pass writes whole columns, so there is room for the longest prompt even where nothing follows.
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let capacity = rows
            .iter()
            .map(Row::most_tokens)
            .max()
            .unwrap_or(0)
            .max(longest);
        let mut cache = lm.cache(rows.len(), capacity).map_err(Error::from)?;
        let ids = lm
            .padded(&prompts)
            .within(|| "padding the batch".to_owned())?;
        let slots: Vec<i64> = (0..rows.len() as i64).collect();
        let slots = Tensor::f_from_slice(&slots)?.f_to_device(lm.device())?;
        let memory = Memory::Fill {
            cache: &mut cache,
            slots,
        };
        let pass = Pass {
            kind: PassKind::Prompt,
            rows: &indices,
            starts: &starts,
            lengths: &lengths,
        };
        let logits = self.pass(rows, pass, |hooks| {
            let resid = lm.decoder().prompt(&ids, &[], memory, hooks)?;
            lm.last_logits(&resid, &lengths, hooks)
        })?;
        cache.lengths.clone_from(&lengths);
        let _written = advance(&logits, &mut rows.iter_mut().collect::<Vec<_>>())?;
        Ok(cache)
    }

    /// Frees the slots of rows that have ended once they are half of all; false when none is left.
    fn make_room<T>(
        &self,
        rows: &[Row<T>],
        slots: &mut Vec<usize>,
        cache: &mut KvCache,
    ) -> Result<bool, Error> {
        let live: Vec<usize> = (0..slots.len())
            .filter(|&slot| !rows[slots[slot]].has_ended())
            .collect();
        if !live.is_empty() && live.len() * 2 <= slots.len() {
            cache
                .select(&live)
                .map_err(Error::from)
                .within(|| "making room in the cache".to_owned())?;
            *slots = live.iter().map(|&slot| slots[slot]).collect();
        }
        Ok(!live.is_empty())
    }

    fn step<T>(
        &mut self,
        rows: &mut [Row<T>],
        slots: &[usize],
        cache: &mut KvCache,
    ) -> Result<(), Error> {
        let lm = self.lm;
        let last: Vec<i64> = slots.iter().map(|&row| rows[row].last()).collect();
        let ids = Tensor::f_from_slice(&last)?
            .f_to_device(lm.device())?
            .f_unsqueeze(1)?;
        let lengths: Vec<usize> = slots
            .iter()
            .map(|&row| usize::from(!rows[row].has_ended()))
            .collect();
        // A row that has ended goes on over its own beginning, where it finds room and nobody reads.
        for (kept, &row) in cache.lengths.iter_mut().zip(slots) {
            *kept = if rows[row].has_ended() {
                0
            } else {
                rows[row].kept()
            };
        }
        let starts = cache.lengths.clone();
        let pass = Pass {
            kind: PassKind::Decode,
            rows: slots,
            starts: &starts,
            lengths: &lengths,
        };
        let logits = self.pass(rows, pass, |hooks| {
            let resid = lm.decoder().decode(&ids, &[], cache, hooks)?;
            Ok(lm.decoder().logits(&resid, hooks)?.f_squeeze_dim(1)?)
        })?;
        let live: Vec<usize> = (0..slots.len())
            .filter(|&slot| !rows[slots[slot]].has_ended())
            .collect();
        for &slot in &live {
            cache.lengths[slot] += 1;
        }
        let logits = pick(&logits, &live)?;
        // Slots keep the order of the rows, so the live rows come in the same order as their logits.
        let mut running: Vec<&mut Row<T>> =
            rows.iter_mut().filter(|row| !row.has_ended()).collect();
        advance(&logits, &mut running).map(drop)
    }

    /// Runs a pass with the rows' steers, then the caller's hooks, and keeps what was read.
    fn pass<T>(
        &mut self,
        rows: &[Row<T>],
        pass: Pass<'_>,
        run: impl FnOnce(&mut Hooks<'_, '_>) -> Result<Tensor, Error>,
    ) -> Result<Tensor, Error> {
        let steers: Vec<&[Steer]> = pass
            .rows
            .iter()
            .map(|&row| rows[row].steers.as_slice())
            .collect();
        let mut steers = steer_hooks(&steers, pass.kind);
        let mut all: Vec<&mut dyn Hook> = steers
            .iter_mut()
            .map(|hook| hook as &mut dyn Hook)
            .collect();
        all.extend(
            self.hooks
                .iter_mut()
                .map(|hook| &mut **hook as &mut dyn Hook),
        );
        let mut hooks = Hooks::new(&mut all, self.read.clone(), pass);
        let out = run(&mut hooks)?;
        if !self.read.is_empty() {
            self.passes.push(PassActivations {
                kind: pass.kind,
                rows: pass.rows.to_vec(),
                starts: pass.starts.to_vec(),
                lengths: pass.lengths.to_vec(),
                activations: hooks.activations,
            });
        }
        Ok(out)
    }
}

/// These rows of `x`; `x` itself where that is all of them.
pub(crate) fn pick(x: &Tensor, rows: &[usize]) -> Result<Tensor, Error> {
    if rows.iter().copied().eq(0..x.size()[0] as usize) {
        return Ok(x.shallow_clone());
    }
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    Ok(x.f_index_select(0, &Tensor::f_from_slice(&rows)?.f_to_device(x.device())?)?)
}
