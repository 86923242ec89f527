//! Generation and scores for many requests: the batch is kept full, and common beginnings are computed once.

mod batch;
mod memory;
mod options;
mod queue;
mod shared;

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use crate::generate::{Completion, Request, Row};
use crate::{Error, Lm};
use batch::Batch;
pub use options::{EngineOptions, EngineProgress};
use queue::{Queue, Waiting};

/// Runs requests by the hundred thousand and gives each completion as it ends.
///
/// Decoding reads every weight once per token and batch, so what counts is a full batch: a row that ends gives its
/// place to the next request at once. Prompts with the same steers that begin alike, as the questions of one role do,
/// share one pass over the beginning and one copy of its keys and values. Where memory runs out the batch is halved and
/// its rows begin again.
///
/// Each result is that of [`Lm::generate`], up to the rounding of sums in another order.
///
/// ```no_run
/// use tch_lens::{Engine, EngineOptions, Lm, LoadOptions, Request};
///
/// let lm = Lm::open("gemma-2b-it", &LoadOptions::default())?;
/// let questions = ["Should I finish what I start?", "Should I help a stranger?"];
/// let requests = questions.iter().enumerate().map(|(i, text)| Request::new(*text).tag(i));
/// for completion in Engine::new(&lm, EngineOptions::default()).run(requests) {
///     let completion = completion?;
///     println!("{}: {}", completion.tag, completion.text);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Engine<'m> {
    lm: &'m Lm,
    options: EngineOptions,
}

impl<'m> Engine<'m> {
    /// An engine for that model.
    #[must_use]
    pub fn new(lm: &'m Lm, options: EngineOptions) -> Self {
        Self { lm, options }
    }

    /// The completions, in the order in which they end. Requests are taken as they are needed, so they may be made on
    /// the fly; memory is taken for those that wait or run, not for those that have ended.
    ///
    /// A request that cannot be carried out, or whose logits come to be NaN or infinite, gives an error that names its
    /// number, counted from 0 ([`Error::InRequest`]), and the run goes on. After any other error there are no more items.
    pub fn run<T, I: IntoIterator<Item = Request<T>>>(
        &self,
        requests: I,
    ) -> Run<'m, T, I::IntoIter> {
        Run {
            lm: self.lm,
            options: self.options.clone(),
            requests: requests.into_iter(),
            exhausted: false,
            queue: Queue::new(self.options.shares_prefixes, self.options.least_prefix),
            batch: None,
            most_rows: usize::MAX,
            done: VecDeque::new(),
            progress: EngineProgress::default(),
            over: false,
            failure: None,
        }
    }
}

/// A run of an [`Engine`]: an iterator over completions.
#[derive(Debug)]
pub struct Run<'m, T, I> {
    lm: &'m Lm,
    options: EngineOptions,
    requests: I,
    exhausted: bool,
    queue: Queue<T>,
    batch: Option<Batch<T>>,
    /// What running out of memory has left of the batch.
    most_rows: usize,
    done: VecDeque<Result<Completion<T>, Error>>,
    progress: EngineProgress,
    over: bool,
    /// What ended the run, until it is given.
    failure: Option<Error>,
}

impl<T, I: Iterator<Item = Request<T>>> Iterator for Run<'_, T, I> {
    type Item = Result<Completion<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.done.pop_front() {
                self.progress.ended += 1;
                return Some(item);
            }
            if self.over {
                return self.failure.take().map(Err);
            }
            let more = if self.options.cancel.load(Ordering::Relaxed) {
                Err(Error::Cancelled)
            } else {
                self.advance()
            };
            self.over = !matches!(more, Ok(true));
            self.failure = more.err();
        }
    }
}

impl<T, I: Iterator<Item = Request<T>>> Run<'_, T, I> {
    /// How far the run has come.
    pub fn progress(&self) -> EngineProgress {
        let batch = self.batch.as_ref();
        EngineProgress {
            running: batch.map_or(0, Batch::running),
            rows: batch.map_or(0, Batch::slots),
            ..self.progress
        }
    }

    /// Fills free places and decodes one token per row; false when nothing is left to do.
    fn advance(&mut self) -> Result<bool, Error> {
        self.look_ahead();
        if self.queue.is_empty() && self.batch.as_ref().is_none_or(Batch::is_idle) {
            return Ok(!self.done.is_empty());
        }
        match self.admit().and_then(|()| self.step()) {
            Ok(()) => Ok(true),
            Err(error) => self.halve(error).map(|()| true),
        }
    }

    /// Takes requests until twice the batch is waiting, so that common beginnings show before they are computed.
    fn look_ahead(&mut self) {
        let wanted = 2 * self.wanted_rows().max(128);
        while !self.exhausted && self.queue.len() < wanted {
            let Some(request) = self.requests.next() else {
                self.exhausted = true;
                return;
            };
            let number = self.progress.taken;
            self.progress.taken += 1;
            match Row::new(self.lm, number, request) {
                Ok(row) => self.queue.push(row),
                Err(error) => self.fail(error),
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.progress.failed += 1;
        self.done.push_back(Err(error));
    }

    fn wanted_rows(&self) -> usize {
        let default = if self.lm.device().is_cuda() { 512 } else { 256 };
        self.options.max_rows.unwrap_or(default).min(self.most_rows)
    }

    fn prompt_tokens(&self) -> usize {
        let default = if self.lm.device().is_cuda() {
            8192
        } else {
            1024
        };
        self.options.prompt_tokens.unwrap_or(default)
    }

    /// Puts waiting rows into free places, once enough are free to be worth a pass.
    fn admit(&mut self) -> Result<(), Error> {
        if self.queue.is_empty() {
            return Ok(());
        }
        let idle = self.batch.as_ref().is_none_or(Batch::is_idle);
        if idle {
            self.make_batch()?;
        }
        let prompt_tokens = self.prompt_tokens();
        let Some(batch) = &mut self.batch else {
            return Ok(());
        };
        let free = batch.slots() - batch.running();
        if free < (batch.slots() / 16).max(1) {
            return Ok(());
        }
        let capacity = batch.capacity();
        let rows = self.queue.take(free, |own_tokens| own_tokens <= capacity);
        if !rows.is_empty() {
            batch.admit(
                self.lm,
                rows,
                prompt_tokens,
                &mut self.queue,
                &mut self.progress,
            )?;
        }
        self.collect()
    }

    /// A batch for what waits, unless there is one that serves.
    fn make_batch(&mut self) -> Result<(), Error> {
        let rows = self.wanted_rows().min(self.queue.len());
        // In steps, so that a slightly longer row does not mean another batch.
        let capacity = self.queue.longest(rows).next_multiple_of(64);
        let per_row = self.lm.row_bytes(capacity).max(1);
        self.batch = self
            .batch
            .take()
            .filter(|batch| batch.capacity() >= capacity && batch.slots() >= rows);
        if self.batch.is_none() {
            // Measured once: what the batch before held counts as used until the system has it back.
            if self.options.memory.is_none() {
                self.options.memory = memory::free(self.lm.device()).map(|free| free / 10 * 6);
            }
            let fit = self.options.memory.map_or(rows, |bytes| {
                usize::try_from(bytes / per_row).unwrap_or(rows)
            });
            self.batch = Some(Batch::new(self.lm, rows.min(fit).max(1), capacity)?);
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), Error> {
        if let Some(batch) = self.batch.as_mut().filter(|batch| !batch.is_idle()) {
            batch.step(self.lm, &mut self.progress)?;
        }
        self.collect()
    }

    /// Moves rows that have ended from the batch to the completions.
    fn collect(&mut self) -> Result<(), Error> {
        let Some(batch) = &mut self.batch else {
            return Ok(());
        };
        for Waiting { row, group } in batch.take_ended() {
            self.queue.leave(group);
            match row.complete() {
                Ok(completion) => self.done.push_back(Ok(completion)),
                Err(error) => {
                    self.progress.failed += 1;
                    self.done.push_back(Err(error));
                }
            }
        }
        if self.queue.is_empty() {
            batch.shrink()?;
        }
        Ok(())
    }

    /// After running out of memory: half the rows from now on, and all that ran begin again.
    fn halve(&mut self, error: Error) -> Result<(), Error> {
        let rows = self.batch.as_ref().map_or(self.wanted_rows(), Batch::slots);
        match error {
            Error::Torch { source, .. } if source.is_out_of_memory() => {
                let tokens = self
                    .queue
                    .longest(rows)
                    .max(self.batch.as_ref().map_or(0, Batch::capacity));
                if rows <= 1 {
                    return Err(Error::OutOfMemory {
                        rows,
                        tokens,
                        source,
                    });
                }
            }
            other => return Err(other),
        }
        self.most_rows = rows / 2;
        self.options.prompt_tokens = Some((self.prompt_tokens() / 2).max(1));
        self.progress.halvings += 1;
        let running = self.batch.take().map_or_else(Vec::new, Batch::into_rows);
        self.queue.put_back(self.lm, running)
    }
}
