//! Reading and editing activations while a pass goes through the model.

mod point;

use std::collections::{BTreeMap, BTreeSet};

use tch::Tensor;

use crate::Error;
pub use point::HookPoint;

/// An edit of the activations at one place.
///
/// A hook is borrowed for one call and so cannot linger. Any `FnMut(Tensor, &Pass) -> Result<Tensor, Error>` together
/// with its place is one: `(HookPoint::ResidPost(12), |x, pass| ...)`.
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
