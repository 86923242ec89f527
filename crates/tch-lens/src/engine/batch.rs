//! The rows that are decoded together, each in a slot of one cache.

use std::collections::BTreeSet;
use std::rc::Rc;

use tch::Tensor;

use super::options::EngineProgress;
use super::queue::{Queue, Waiting};
use crate::cache::{Group, KvCache, Prefix};
use crate::error::Within;
use crate::generate::{Row, advance, pick};
use crate::hook::{Hook, Hooks, Pass, PassKind};
use crate::model::pass::Memory;
use crate::steer::{Place, Steer, steer_hooks};
use crate::words::counted;
use crate::{Error, Lm};

#[derive(Debug)]
struct Running<T> {
    waiting: Waiting<T>,
    prefix: Option<Rc<Prefix>>,
}

impl<T> Running<T> {
    fn row(&self) -> &Row<T> {
        &self.waiting.row
    }

    fn start(&self) -> usize {
        self.prefix.as_ref().map_or(0, |prefix| prefix.length)
    }
}

#[derive(Debug)]
pub(super) struct Batch<T> {
    slots: Vec<Option<Running<T>>>,
    cache: KvCache,
}

impl<T> Batch<T> {
    /// Room for `slots` rows that keep up to `capacity` tokens each.
    pub(super) fn new(lm: &Lm, slots: usize, capacity: usize) -> Result<Self, Error> {
        let cache = lm
            .cache(slots, capacity)
            .map_err(Error::from)
            .within(|| format!("making room for {}", counted(slots, "row")))?;
        Ok(Self {
            slots: (0..slots).map(|_| None).collect(),
            cache,
        })
    }

    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.cache.capacity
    }

    pub(super) fn running(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running() == 0
    }

    /// Puts the rows into free slots and runs their prompts, in passes of at most `prompt_tokens` tokens.
    pub(super) fn admit(
        &mut self,
        lm: &Lm,
        rows: Vec<Waiting<T>>,
        prompt_tokens: usize,
        queue: &mut Queue<T>,
        progress: &mut EngineProgress,
    ) -> Result<(), Error> {
        // In their slots first, so that none is lost if memory runs out below.
        let free: Vec<usize> = (0..self.slots.len())
            .filter(|&slot| self.slots[slot].is_none())
            .collect();
        let mut filled: Vec<usize> = Vec::with_capacity(rows.len());
        for (slot, waiting) in free.into_iter().zip(rows) {
            self.cache.lengths[slot] = 0;
            self.slots[slot] = Some(Running {
                waiting,
                prefix: None,
            });
            filled.push(slot);
        }
        for &slot in &filled {
            let Some(running) = &mut self.slots[slot] else {
                continue;
            };
            running.prefix = queue.prefix(running.waiting.group, |tokens, shared| {
                progress.prompt_tokens += tokens.len();
                prefix(lm, tokens, shared.steers())
            })?;
        }
        filled.sort_by_key(|&slot| self.own_prompt(slot).len());
        let mut rest = filled.as_slice();
        while !rest.is_empty() {
            let n = (1..=rest.len())
                .take_while(|&n| n == 1 || n * self.own_prompt(rest[n - 1]).len() <= prompt_tokens)
                .last()
                .unwrap_or(1);
            let (now, later) = rest.split_at(n);
            self.prompts(lm, now, progress)?;
            rest = later;
        }
        Ok(())
    }

    /// The part of a slot's prompt that no prefix covers.
    fn own_prompt(&self, slot: usize) -> &[i64] {
        self.slots[slot]
            .as_ref()
            .map_or(&[], |running| &running.row().prompt[running.start()..])
    }

    fn prompts(
        &mut self,
        lm: &Lm,
        slots: &[usize],
        progress: &mut EngineProgress,
    ) -> Result<(), Error> {
        let prompts: Vec<Vec<i64>> = slots
            .iter()
            .map(|&slot| self.own_prompt(slot).to_vec())
            .collect();
        let lengths: Vec<usize> = prompts.iter().map(Vec::len).collect();
        let rows: Vec<&Running<T>> = slots
            .iter()
            .filter_map(|&slot| self.slots[slot].as_ref())
            .collect();
        let starts: Vec<usize> = rows.iter().map(|running| running.start()).collect();
        let steers: Vec<&[Steer]> = rows
            .iter()
            .map(|running| running.row().steers.as_slice())
            .collect();
        let groups = groups(rows.iter().map(|running| running.prefix.as_ref()));
        progress.prompt_tokens += lengths.iter().sum::<usize>();
        progress.shared_tokens += starts.iter().sum::<usize>();

        let ids = lm
            .padded(&prompts)
            .within(|| "padding the batch".to_owned())?;
        let index: Vec<i64> = slots.iter().map(|&slot| slot as i64).collect();
        let index = Tensor::f_from_slice(&index)?.f_to_device(lm.device())?;
        let memory = Memory::Fill {
            cache: &mut self.cache,
            slots: index,
        };
        let pass = Pass {
            kind: PassKind::Prompt,
            rows: slots,
            starts: &starts,
            lengths: &lengths,
        };
        let logits = steered(&steers, pass, |hooks| {
            let resid = lm.decoder().prompt(&ids, &groups, memory, hooks)?;
            lm.last_logits(&resid, &lengths, hooks)
        })?;
        for (&slot, &length) in slots.iter().zip(&lengths) {
            self.cache.lengths[slot] = length;
        }
        let order: Vec<usize> = sorted_positions(slots);
        progress.new_tokens += advance(
            &pick(&logits, &order)?,
            &mut self.rows_in(&slots.iter().copied().collect()),
        )?;
        Ok(())
    }

    /// One more token for every row that runs.
    pub(super) fn step(&mut self, lm: &Lm, progress: &mut EngineProgress) -> Result<(), Error> {
        let slots: Vec<usize> = (0..self.slots.len()).collect();
        let last: Vec<i64> = self
            .slots
            .iter()
            .map(|slot| slot.as_ref().map_or(0, |r| r.row().last()))
            .collect();
        let ids = Tensor::f_from_slice(&last)?
            .f_to_device(lm.device())?
            .f_unsqueeze(1)?;
        let none: &[Steer] = &[];
        let steers: Vec<&[Steer]> = self
            .slots
            .iter()
            .map(|slot| slot.as_ref().map_or(none, |r| r.row().steers.as_slice()))
            .collect();
        for (slot, own) in self.slots.iter().zip(&mut self.cache.lengths) {
            if let Some(running) = slot {
                *own = running.row().kept() - running.start();
            }
        }
        let own = self.cache.lengths.iter();
        let starts: Vec<usize> = self
            .slots
            .iter()
            .zip(own)
            .map(|(slot, own)| slot.as_ref().map_or(0, Running::start) + own)
            .collect();
        let lengths: Vec<usize> = self
            .slots
            .iter()
            .map(|slot| usize::from(slot.is_some()))
            .collect();
        let groups = groups(
            self.slots
                .iter()
                .map(|slot| slot.as_ref().and_then(|r| r.prefix.as_ref())),
        );
        let pass = Pass {
            kind: PassKind::Decode,
            rows: &slots,
            starts: &starts,
            lengths: &lengths,
        };
        let cache = &mut self.cache;
        let logits = steered(&steers, pass, |hooks| {
            let resid = lm.decoder().decode(&ids, &groups, cache, hooks)?;
            Ok(lm.decoder().logits(&resid, hooks)?.f_squeeze_dim(1)?)
        })?;
        let live: BTreeSet<usize> = slots
            .into_iter()
            .filter(|&slot| self.slots[slot].is_some())
            .collect();
        for &slot in &live {
            self.cache.lengths[slot] += 1;
        }
        let order: Vec<usize> = live.iter().copied().collect();
        progress.new_tokens += advance(&pick(&logits, &order)?, &mut self.rows_in(&live))?;
        Ok(())
    }

    /// The rows in these slots, in the order of the slots.
    fn rows_in(&mut self, slots: &BTreeSet<usize>) -> Vec<&mut Row<T>> {
        let all = self
            .slots
            .iter_mut()
            .enumerate()
            .filter(|(slot, _)| slots.contains(slot));
        all.filter_map(|(_, running)| Some(&mut running.as_mut()?.waiting.row))
            .collect()
    }

    /// Takes out the rows that have ended.
    pub(super) fn take_ended(&mut self) -> Vec<Waiting<T>> {
        let ended =
            |slot: &mut Option<Running<T>>| slot.take_if(|running| running.row().has_ended());
        let mut all = Vec::new();
        for (slot, length) in self.slots.iter_mut().zip(&mut self.cache.lengths) {
            if let Some(running) = ended(slot) {
                *length = 0;
                all.push(running.waiting);
            }
        }
        all
    }

    /// Takes out all rows, with no more use of the batch.
    pub(super) fn into_rows(self) -> Vec<Waiting<T>> {
        self.slots
            .into_iter()
            .flatten()
            .map(|running| running.waiting)
            .collect()
    }

    /// Gives up free slots once they are half of all.
    pub(super) fn shrink(&mut self) -> Result<(), Error> {
        let live: Vec<usize> = (0..self.slots.len())
            .filter(|&slot| self.slots[slot].is_some())
            .collect();
        if live.is_empty() || live.len() * 2 > self.slots.len() {
            return Ok(());
        }
        self.cache
            .select(&live)
            .map_err(Error::from)
            .within(|| "making the batch smaller".to_owned())?;
        self.slots.retain(Option::is_some);
        Ok(())
    }
}

/// The keys and values of a common beginning, steered as its rows are; the last token of none of them lies in it.
fn prefix(lm: &Lm, tokens: &[i64], steers: &[Steer]) -> Result<Prefix, Error> {
    let steers: Vec<Steer> = steers
        .iter()
        .filter(|steer| steer.place != Place::Last)
        .cloned()
        .collect();
    let length = tokens.len();
    let mut cache = lm.cache(1, length).map_err(Error::from)?;
    let ids = lm.padded(&[tokens.to_vec()])?;
    let slots = Tensor::f_from_slice(&[0_i64])?.f_to_device(lm.device())?;
    let memory = Memory::Fill {
        cache: &mut cache,
        slots,
    };
    let pass = Pass {
        kind: PassKind::Prompt,
        rows: &[0],
        starts: &[0],
        lengths: &[length],
    };
    let _resid = steered(&[&steers], pass, |hooks| {
        lm.decoder().prompt(&ids, &[], memory, hooks)
    })?;
    cache.lengths[0] = length;
    Ok(Prefix::from_cache(cache)?)
}

fn steered(
    rows: &[&[Steer]],
    pass: Pass<'_>,
    run: impl FnOnce(&mut Hooks<'_, '_>) -> Result<Tensor, Error>,
) -> Result<Tensor, Error> {
    let mut steers = steer_hooks(rows, pass.kind);
    let mut all: Vec<&mut dyn Hook> = steers
        .iter_mut()
        .map(|hook| hook as &mut dyn Hook)
        .collect();
    run(&mut Hooks::new(&mut all, BTreeSet::new(), pass))
}

/// The rows of each prefix.
fn groups<'a>(prefixes: impl Iterator<Item = Option<&'a Rc<Prefix>>>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (row, prefix) in prefixes.enumerate() {
        let Some(prefix) = prefix else { continue };
        match groups
            .iter_mut()
            .find(|group| Rc::ptr_eq(&group.prefix, prefix))
        {
            Some(group) => group.rows.push(row),
            None => groups.push(Group {
                prefix: prefix.clone(),
                rows: vec![row],
            }),
        }
    }
    groups
}

/// Indices into `slots` in ascending order of the slots.
fn sorted_positions(slots: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..slots.len()).collect();
    order.sort_by_key(|&i| slots[i]);
    order
}
