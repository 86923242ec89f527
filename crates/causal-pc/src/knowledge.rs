//! Background knowledge: which edges there can be, and which there must be.

use std::collections::{BTreeMap, BTreeSet};

/// Edges that are forbidden or required, and tiers.
///
/// `forbid(a, b)` forbids `a -> b`; the edge may still be `b -> a`. With both forbidden the pair is
/// not adjacent, and is never tested. `require(a, b)` puts `a -> b` into the graph; the pair is
/// never tested either. No edge leads from a later tier to an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    forbidden: BTreeSet<(usize, usize)>,
    required: BTreeSet<(usize, usize)>,
    tiers: BTreeMap<usize, usize>,
    unlinked_tiers: BTreeSet<usize>,
}

impl Knowledge {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forbids `from -> to`.
    pub fn forbid(mut self, from: usize, to: usize) -> Self {
        self.forbidden.insert((from, to));
        self
    }

    /// Requires `from -> to`.
    pub fn require(mut self, from: usize, to: usize) -> Self {
        self.required.insert((from, to));
        self
    }

    /// Whether `from -> to` is forbidden, itself or by tiers.
    pub fn forbids(&self, from: usize, to: usize) -> bool {
        if self.forbidden.contains(&(from, to)) {
            return true;
        }
        match (self.tiers.get(&from), self.tiers.get(&to)) {
            (Some(a), Some(b)) => a > b || (a == b && self.unlinked_tiers.contains(a)),
            _ => false,
        }
    }

    /// Whether `from -> to` is required.
    pub fn requires(&self, from: usize, to: usize) -> bool {
        self.required.contains(&(from, to))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.forbidden.is_empty() && self.required.is_empty() && self.tiers.is_empty()
    }

    /// Whether the pair cannot be adjacent: both directions are forbidden.
    pub fn forbids_pair(&self, a: usize, b: usize) -> bool {
        self.forbids(a, b) && self.forbids(b, a)
    }

    /// Whether an edge between the pair is required.
    pub fn requires_pair(&self, a: usize, b: usize) -> bool {
        self.requires(a, b) || self.requires(b, a)
    }
}
