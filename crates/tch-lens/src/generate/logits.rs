//! What steered prompts predict, with nothing written.

use std::collections::BTreeSet;

use tch::Tensor;

use super::request::{Prepared, Request};
use crate::error::{Within, request as refused};
use crate::hook::{Hook, HookPoint, Hooks, Pass, PassKind};
use crate::model::pass::Memory;
use crate::steer::{Steer, steer_hooks};
use crate::{Error, Forward, Lm};

impl Lm {
    /// One pass over the steered prompts: the logits of every token `[row, pos, d_vocab]` and, after the steers, the named
    /// activations. What a steer costs on text, as cross-entropy or divergence from the unsteered model, is taken from
    /// these. Of a request prompt and steers count; steers of [`Passes::Decode`](crate::Passes::Decode) do nothing here.
    ///
    /// # Errors
    /// No requests; one that cannot be carried out ([`Error::InRequest`] with its number); a name that the model does not
    /// have.
    pub fn run_steered<T, N: AsRef<str>>(
        &self,
        requests: &[Request<T>],
        names: &[N],
    ) -> Result<Forward, Error> {
        let names = names.iter().map(|name| self.hook_point(name.as_ref()));
        self.steered_prompts(requests, names.collect::<Result<_, _>>()?, false)
    }

    /// The logits `[row, d_vocab]` of the token that follows each steered prompt, in one pass. Of a request prompt and
    /// steers count.
    ///
    /// # Errors
    /// As [`run_steered`](Self::run_steered).
    pub fn next_logits<T>(&self, requests: &[Request<T>]) -> Result<Tensor, Error> {
        Ok(self
            .steered_prompts(requests, BTreeSet::new(), true)?
            .logits)
    }

    fn steered_prompts<T>(
        &self,
        requests: &[Request<T>],
        read: BTreeSet<HookPoint>,
        last_only: bool,
    ) -> Result<Forward, Error> {
        if requests.is_empty() {
            return Err(refused("the batch", "at least one request", "none"));
        }
        let prepared = requests.iter().enumerate().map(|(number, request)| {
            self.prepare(&request.prompt, &request.steers)
                .map_err(|source| Error::InRequest {
                    number,
                    source: Box::new(source),
                })
        });
        let (prompts, steers): (Vec<Vec<i64>>, Vec<Vec<Steer>>) = prepared
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .map(|Prepared { prompt, steers }| (prompt, steers))
            .unzip();
        let lengths: Vec<usize> = prompts.iter().map(Vec::len).collect();
        let rows: Vec<usize> = (0..prompts.len()).collect();
        let pass = Pass {
            kind: PassKind::Prompt,
            rows: &rows,
            starts: &vec![0; prompts.len()],
            lengths: &lengths,
        };
        let steers: Vec<&[Steer]> = steers.iter().map(Vec::as_slice).collect();
        let mut steers = steer_hooks(&steers, pass.kind);
        let mut edits: Vec<&mut dyn Hook> = steers
            .iter_mut()
            .map(|hook| hook as &mut dyn Hook)
            .collect();
        let mut hooks = Hooks::new(&mut edits, read, pass);
        let ids = self
            .padded(&prompts)
            .within(|| "padding the batch".to_owned())?;
        let resid = self
            .decoder()
            .prompt(&ids, &[], Memory::Fresh, &mut hooks)?;
        let logits = if last_only {
            self.last_logits(&resid, &lengths, &mut hooks)?
        } else {
            self.decoder().logits(&resid, &mut hooks)?
        };
        Ok(Forward {
            logits,
            activations: hooks.activations,
        })
    }
}
