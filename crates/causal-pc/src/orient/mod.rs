//! The orientation of a skeleton: colliders, then Meek's rules.

pub(crate) mod causal_learn;
pub(crate) mod evidence;

/// An unshielded triple `x - y - z`: x and z are adjacent to y and not to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Triple {
    /// One end, the smaller.
    pub x: usize,
    /// The middle.
    pub y: usize,
    /// The other end.
    pub z: usize,
}
