//! Probes as safetensors files.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::Probe;
use crate::error::Doing;
use crate::weights::Weights;
use crate::{Error, LoadError};

const WEIGHT: &str = "weight";
const BIAS: &str = "bias";

impl Probe {
    /// Writes a safetensors file with `weight` `[width]` and `bias` `[1]`, both F64.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let bias = Tensor::f_from_slice(&[self.bias])?;
        Tensor::write_safetensors(&[(WEIGHT, &self.weights), (BIAS, &bias)], path)
            .doing(|| format!("writing {}", path.display()))
    }

    /// Reads what [`save`](Self::save) has written; also from other types of floats.
    ///
    /// # Errors
    /// The file is missing or damaged, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let weights = Weights::open_file(path)?.copied(true);
        let width = weights.numbers(WEIGHT)?;
        let get = |name, n| weights.get(name, &[n], Kind::Double, Device::Cpu);
        let (weight, bias) = (get(WEIGHT, width)?, get(BIAS, 1)?);
        let bias = bias
            .f_double_value(&[0])
            .loading(|| format!("reading {}", path.display()))?;
        Self::new(&weight, bias).map_err(|error| LoadError::Weights {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }
}
