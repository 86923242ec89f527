//! Keys and values of the tokens that a batch has seen.

use std::rc::Rc;

use tch::{Device, Kind, TchError, Tensor};

use crate::config::ModelConfig;

/// Room for the keys and values of `slots` texts of up to `capacity` tokens.
#[derive(Debug)]
pub(crate) struct KvCache {
    /// Keys and values by layer, `[slot, kv_head, capacity, d_head]`.
    pub(crate) layers: Vec<(Tensor, Tensor)>,
    /// Tokens in each slot, those of a shared prefix not counted.
    pub(crate) lengths: Vec<usize>,
    pub(crate) capacity: usize,
}

impl KvCache {
    pub(crate) fn new(
        config: &ModelConfig,
        slots: usize,
        capacity: usize,
        kind: Kind,
        device: Device,
    ) -> Result<Self, TchError> {
        let shape = [
            slots as i64,
            config.n_kv_heads as i64,
            capacity as i64,
            config.d_head as i64,
        ];
        // Zeros, not whatever lies in memory: a masked NaN would still reach the sum.
        let layers = (0..config.n_layers)
            .map(|_| {
                Ok((
                    Tensor::f_zeros(shape, (kind, device))?,
                    Tensor::f_zeros(shape, (kind, device))?,
                ))
            })
            .collect::<Result<_, TchError>>()?;
        Ok(Self {
            layers,
            lengths: vec![0; slots],
            capacity,
        })
    }

    pub(crate) fn slots(&self) -> usize {
        self.lengths.len()
    }

    /// The most tokens that any slot holds.
    pub(crate) fn longest(&self) -> usize {
        self.lengths.iter().copied().max().unwrap_or(0)
    }

    /// The slots of `keep`, in that order, and no others.
    pub(crate) fn select(&mut self, keep: &[usize]) -> Result<(), TchError> {
        let rows: Vec<i64> = keep.iter().map(|&slot| slot as i64).collect();
        for (keys, values) in &mut self.layers {
            let rows = Tensor::f_from_slice(&rows)?.f_to_device(keys.device())?;
            *keys = keys.f_index_select(0, &rows)?;
            *values = values.f_index_select(0, &rows)?;
        }
        self.lengths = keep.iter().map(|&slot| self.lengths[slot]).collect();
        Ok(())
    }
}

/// Keys and values of a beginning that many texts share.
#[derive(Debug)]
pub(crate) struct Prefix {
    /// By layer, `[kv_head, pos, d_head]`.
    pub(crate) layers: Vec<(Tensor, Tensor)>,
    pub(crate) length: usize,
}

impl Prefix {
    /// What slot 0 of a cache holds.
    pub(crate) fn from_cache(cache: KvCache) -> Result<Self, TchError> {
        let length = cache.lengths[0];
        let layers = cache
            .layers
            .into_iter()
            .map(|(keys, values)| {
                Ok((
                    keys.f_get(0)?.f_narrow(1, 0, length as i64)?,
                    values.f_get(0)?.f_narrow(1, 0, length as i64)?,
                ))
            })
            .collect::<Result<_, TchError>>()?;
        Ok(Self { layers, length })
    }
}

/// Rows of a batch that share a prefix.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) prefix: Rc<Prefix>,
    pub(crate) rows: Vec<usize>,
}
