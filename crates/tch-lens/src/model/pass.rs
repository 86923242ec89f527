//! What all layers of one pass share: positions, masks, the cache and the prefixes.

use std::rc::Rc;

use tch::{Device, Kind, TchError, Tensor};

use super::mask::{Extent, Mask, positions};
use super::rope::{Ropes, Rotations};
use crate::cache::{Group, KvCache, Prefix};

/// Where the keys and values of a pass go.
#[derive(Debug)]
pub(crate) enum Memory<'a> {
    /// Nowhere: the pass stands alone.
    Fresh,
    /// A prompt, into these slots of the cache, which are empty.
    Fill {
        cache: &'a mut KvCache,
        slots: Tensor,
    },
    /// One token per slot, behind what the slot holds.
    Extend {
        cache: &'a mut KvCache,
        slots: Tensor,
        at: Tensor,
        keys: i64,
    },
}

/// A group with its rows as an index.
#[derive(Debug)]
pub(crate) struct PassGroup {
    pub(crate) prefix: Rc<Prefix>,
    pub(crate) rows: Tensor,
    row_indices: Vec<usize>,
    pub(crate) is_all: bool,
}

impl PassGroup {
    /// The group's rows of `x`.
    pub(crate) fn pick(&self, x: &Tensor) -> Result<Tensor, TchError> {
        if self.is_all {
            Ok(x.shallow_clone())
        } else {
            x.f_index_select(0, &self.rows)
        }
    }

    /// `x` with `part` added to the group's rows.
    pub(crate) fn add(&self, x: &Tensor, part: &Tensor) -> Result<Tensor, TchError> {
        if self.is_all {
            x.f_add(part)
        } else {
            x.f_index_add(0, &self.rows, part)
        }
    }
}

/// The masks of the two kinds of layers there are: those that see all, and those with a window.
#[derive(Debug)]
pub(crate) struct Masks {
    full: Mask,
    /// None where no token of the pass stands farther back than the window.
    sliding: Option<Mask>,
}

impl Masks {
    pub(crate) fn of(&self, window: Option<usize>) -> &Mask {
        window.and(self.sliding.as_ref()).unwrap_or(&self.full)
    }

    /// Whether a layer with that window sees less than all in this pass.
    pub(crate) fn narrow(&self, window: Option<usize>) -> bool {
        window.and(self.sliding.as_ref()).is_some()
    }
}

impl Memory<'_> {
    /// How many own keys each row sees, where each has one new token.
    pub(crate) fn seen(&self) -> Option<Vec<usize>> {
        match self {
            Self::Extend { cache, .. } => Some(cache.lengths.iter().map(|n| n + 1).collect()),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct PassState<'a> {
    pub(crate) rotations: Rotations,
    pub(crate) masks: Masks,
    pub(crate) memory: Memory<'a>,
    pub(crate) groups: Vec<PassGroup>,
}

impl<'a> PassState<'a> {
    /// The keys and values of each row's prefix in that layer.
    pub(crate) fn prefixes(&self, rows: usize, layer: usize) -> Vec<Option<&(Tensor, Tensor)>> {
        let mut prefixes = vec![None; rows];
        for group in &self.groups {
            for &row in &group.row_indices {
                prefixes[row] = Some(&group.prefix.layers[layer]);
            }
        }
        prefixes
    }

    /// A prompt pass of `tokens` columns; the rows of `groups` go on from their prefix.
    pub(crate) fn prompt(
        ropes: &Ropes,
        rows: usize,
        tokens: usize,
        window: Option<usize>,
        groups: &[Group],
        memory: Memory<'a>,
        options: (Kind, Device),
    ) -> Result<Self, TchError> {
        let firsts = vec![0; rows];
        Self::new(
            ropes,
            Extent {
                firsts: &firsts,
                tokens,
                keys: tokens,
            },
            window,
            groups,
            memory,
            options,
        )
    }

    /// A decode pass: one more token for each slot of the cache.
    pub(crate) fn decode(
        ropes: &Ropes,
        cache: &'a mut KvCache,
        window: Option<usize>,
        groups: &[Group],
        options: (Kind, Device),
    ) -> Result<Self, TchError> {
        let firsts = cache.lengths.clone();
        let keys = cache.longest() + 1;
        let at = positions(&firsts, 1, options.1)?.f_squeeze_dim(1)?;
        let slots = Tensor::f_arange(cache.slots() as i64, (Kind::Int64, options.1))?;
        let memory = Memory::Extend {
            cache,
            slots,
            at,
            keys: keys as i64,
        };
        Self::new(
            ropes,
            Extent {
                firsts: &firsts,
                tokens: 1,
                keys,
            },
            window,
            groups,
            memory,
            options,
        )
    }

    fn new(
        ropes: &Ropes,
        extent: Extent<'_>,
        window: Option<usize>,
        groups: &[Group],
        memory: Memory<'a>,
        options: (Kind, Device),
    ) -> Result<Self, TchError> {
        let rows = extent.firsts.len();
        let mut starts = extent.firsts.to_vec();
        for group in groups {
            for &row in &group.rows {
                starts[row] += group.prefix.length;
            }
        }
        let prefixes: Vec<(usize, &[usize])> = groups
            .iter()
            .map(|group| (group.prefix.length, group.rows.as_slice()))
            .collect();
        let full = Mask::new(extent, None, &prefixes, options)?;
        let sliding = window
            .filter(|&window| starts.iter().any(|start| start + extent.tokens > window))
            .map(|window| Mask::new(extent, Some(window), &prefixes, options))
            .transpose()?;
        let groups = groups
            .iter()
            .map(|group| {
                let index: Vec<i64> = group.rows.iter().map(|&row| row as i64).collect();
                let is_all = group.rows.iter().copied().eq(0..rows);
                let rows = Tensor::f_from_slice(&index)?.f_to_device(options.1)?;
                Ok(PassGroup {
                    prefix: group.prefix.clone(),
                    rows,
                    row_indices: group.rows.clone(),
                    is_all,
                })
            })
            .collect::<Result<_, TchError>>()?;
        let rotations = ropes.at(&positions(&starts, extent.tokens, options.1)?)?;
        Ok(Self {
            rotations,
            masks: Masks { full, sliding },
            memory,
            groups,
        })
    }
}
