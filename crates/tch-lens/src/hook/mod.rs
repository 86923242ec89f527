//! Reading and editing activations while a pass goes through the model.

mod point;

use std::collections::{BTreeMap, BTreeSet};

use tch::Tensor;

use crate::Error;
pub use point::HookPoint;

/// An edit of the activations at one place.
///
/// A hook is borrowed for one call and so cannot linger. Any `FnMut(Tensor, &Pass) -> Result<Tensor, Error>` together
/// with its place is one: `(HookPoint::ResidPost(12), |x, pass| ...)`. What it gathers is better kept in a type of its own,
/// as here.
///
/// # Many prompts
///
/// An [`Engine`](crate::Engine) takes steers and no hooks, since its batches change from token to token. With hooks, prompts
/// are sorted by length, so that little is padding, and go in batches of as many as memory holds; the hook is lent to each
/// batch in turn, and in [`Pass::rows`] rows are counted from the beginning of the batch.
///
/// ```
/// use tch_lens::tch::{Kind, Tensor};
/// use tch_lens::{Error, Hook, HookPoint, Lm, LoadOptions, Pass};
///
/// /// Adds up the activations at a place, over all tokens.
/// struct Sum {
///     at: HookPoint,
///     sum: Option<Tensor>, // [d_model]
///     n_tokens: usize,
/// }
///
/// impl Hook for Sum {
///     fn at(&self) -> HookPoint {
///         self.at
///     }
///
///     // activation: [row, pos, d_model]
///     fn apply(&mut self, activation: Tensor, pass: &Pass<'_>) -> Result<Tensor, Error> {
///         for (row, &n) in pass.lengths.iter().enumerate() {
///             let tokens = activation.f_select(0, row as i64)?.f_narrow(0, 0, n as i64)?;
///             let sum = tokens.f_sum_dim_intlist(0, false, Kind::Float)?;
///             self.sum = Some(match self.sum.take() {
///                 Some(before) => before.f_add(&sum)?,
///                 None => sum,
///             });
///             self.n_tokens += n;
///         }
///         Ok(activation) // as it is: this hook only reads
///     }
/// }
///
/// # let model = "../../fixtures/lm/models/gemma1";
/// let lm = Lm::open(model, &LoadOptions::default())?;
/// let mut rows = Vec::new();
/// for prompt in ["Should I keep a promise?", "Is fairness worth a lot?", "Yes.", "Who am I?"] {
///     rows.push(lm.tokenizer()?.encode_prompt(prompt)?);
/// }
/// rows.sort_by_key(Vec::len);
/// let mut seen = Sum { at: lm.hook_point("blocks.1.hook_resid_post")?, sum: None, n_tokens: 0 };
/// for batch in rows.chunks(2) {
///     lm.forward(batch, &mut [&mut seen])?;
/// }
/// assert_eq!(seen.n_tokens, rows.iter().map(Vec::len).sum::<usize>());
/// let mean = seen.sum.ok_or("no tokens")?.f_div_scalar(seen.n_tokens as f64)?;
/// assert_eq!(mean.size(), [lm.config().d_model as i64]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Hook {
    /// Where it sits.
    fn at(&self) -> HookPoint;

    /// The activation that takes the place of `activation`: the same shape, type and device. Shapes are given at
    /// [`HookPoint`]. Positions from a row's length on are padding; what they hold does not matter. Return a new tensor:
    /// one that is changed in place changes what was read before it, too.
    ///
    /// # Errors
    /// Whatever goes wrong ends the pass.
    fn apply(&mut self, activation: Tensor, pass: &Pass<'_>) -> Result<Tensor, Error>;
}

impl<F> Hook for (HookPoint, F)
where
    F: FnMut(Tensor, &Pass<'_>) -> Result<Tensor, Error>,
{
    fn at(&self) -> HookPoint {
        self.0
    }

    fn apply(&mut self, activation: Tensor, pass: &Pass<'_>) -> Result<Tensor, Error> {
        (self.1)(activation, pass)
    }
}

/// Which of the passes of a generation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PassKind {
    /// The tokens of the prompt, all at once.
    Prompt,
    /// One new token per row.
    Decode,
}

/// What a hook may want to know of the pass it is called in.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    /// Prompt or decode.
    pub kind: PassKind,
    /// For each row, its index in the batch as it was handed in.
    pub rows: &'a [usize],
    /// For each row, the position in its text of the pass's first token, from 0.
    pub starts: &'a [usize],
    /// For each row, how many tokens it has in this pass; what follows is padding.
    pub lengths: &'a [usize],
}

/// Activations by hook point.
pub type Activations = BTreeMap<HookPoint, Tensor>;

/// What happens at the hook points of one pass: edits first, in the order given, then the reading.
pub(crate) struct Hooks<'a, 'h> {
    edits: &'a mut [&'h mut dyn Hook],
    edited: BTreeSet<HookPoint>,
    read: BTreeSet<HookPoint>,
    pub(crate) activations: Activations,
    pass: Pass<'a>,
}

impl<'a, 'h> Hooks<'a, 'h> {
    pub(crate) fn new(
        edits: &'a mut [&'h mut dyn Hook],
        read: BTreeSet<HookPoint>,
        pass: Pass<'a>,
    ) -> Self {
        let edited = edits.iter().map(|hook| hook.at()).collect();
        Self {
            edits,
            edited,
            read,
            activations: Activations::new(),
            pass,
        }
    }

    /// Whether anything happens at `point`.
    pub(crate) fn wants(&self, point: HookPoint) -> bool {
        self.edited.contains(&point) || self.read.contains(&point)
    }

    /// The activation as it goes on from `point`.
    pub(crate) fn visit(
        &mut self,
        point: HookPoint,
        mut activation: Tensor,
    ) -> Result<Tensor, Error> {
        if self.edited.contains(&point) {
            let (shape, kind, device) = (activation.size(), activation.kind(), activation.device());
            for hook in self.edits.iter_mut().filter(|hook| hook.at() == point) {
                activation = hook.apply(activation, &self.pass)?;
                let found = (activation.size(), activation.kind(), activation.device());
                if found != (shape.clone(), kind, device) {
                    let reason =
                        format!("gave back {found:?}, expected {:?}", (shape, kind, device));
                    return Err(Error::Hook {
                        point: point.to_string(),
                        reason,
                    });
                }
            }
        }
        if self.read.contains(&point) {
            self.activations.insert(point, activation.shallow_clone());
        }
        Ok(activation)
    }
}
