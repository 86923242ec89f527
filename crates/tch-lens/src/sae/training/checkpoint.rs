//! A training's state in a file, from which it goes on to the same weights.

use std::fs;
use std::path::Path;

use tch::{Device, Kind, TchError, Tensor, no_grad};

use super::network::NAMES;
use super::{SaeTrainer, SaeTraining, TrainingData};
use crate::LoadError;
use crate::weights::Weights;

const STEP: &str = "step";
const THRESHOLD: &str = "threshold";
const LAST_ACTIVE: &str = "last_active";
const OPTIONS: &str = "options";
const DATA: &str = "data";

impl SaeTrainer {
    /// Writes all that the training needs to go on, as safetensors, under another name first.
    ///
    /// # Errors
    /// A file that cannot be written; libtorch's failures.
    pub fn save_checkpoint(&self, file: &Path) -> Result<(), LoadError> {
        let torch = |source: TchError| LoadError::Torch {
            doing: format!("writing {}", file.display()),
            source: source.into(),
        };
        let part = file.with_extension("part");
        let tensors = no_grad(|| self.state()).map_err(torch)?;
        Tensor::write_safetensors(&tensors, &part).map_err(torch)?;
        fs::rename(&part, file).map_err(|source| LoadError::Read {
            path: file.to_owned(),
            source,
        })
    }

    /// Goes on from a checkpoint of a training with the same options on the same data.
    ///
    /// # Errors
    /// A file that cannot be read or lacks a tensor; options or data that are not those of the checkpoint.
    pub fn resume(
        data: TrainingData,
        options: SaeTraining,
        file: &Path,
    ) -> Result<Self, LoadError> {
        let setting = |field: &str, expected: String, found: String| LoadError::Setting {
            path: file.to_owned(),
            field: field.to_owned(),
            expected,
            found,
        };
        let torch = |source: TchError| LoadError::Torch {
            doing: format!("reading {}", file.display()),
            source: source.into(),
        };
        let mut trainer = Self::new(data, options).map_err(|error| {
            setting(
                "the training",
                "what can be trained".into(),
                error.to_string(),
            )
        })?;
        let weights = Weights::open_file(file)?;
        let stored = Stored { file, weights };
        for (name, now) in [
            (OPTIONS, trainer.options_as_numbers().map_err(torch)?),
            (DATA, trainer.data_as_numbers().map_err(torch)?),
        ] {
            let then = stored.get(name, &now.size(), Kind::Double)?;
            if then != now {
                let expected = format!("{name} as in the checkpoint, {}", listed(&then));
                return Err(setting(name, expected, listed(&now)));
            }
        }
        let device = trainer.last_active.device();
        let set = |tensor: &mut Tensor, name: &str| -> Result<(), LoadError> {
            let read = stored.get(name, &tensor.size(), tensor.kind())?;
            *tensor = read.f_to_device(device).map_err(torch)?;
            Ok(())
        };
        let network = &mut trainer.network;
        let parameters = [
            &mut network.w_enc,
            &mut network.b_enc,
            &mut network.w_dec,
            &mut network.b_dec,
        ];
        for (at, (name, parameter)) in NAMES.into_iter().zip(parameters).enumerate() {
            set(parameter, name)?;
            set(&mut trainer.adam.first[at], &format!("{name}.first"))?;
            set(&mut trainer.adam.second[at], &format!("{name}.second"))?;
        }
        network.learn().map_err(torch)?;
        set(&mut trainer.last_active, LAST_ACTIVE)?;
        let number = |name| -> Result<f64, LoadError> {
            stored
                .get(name, &[], Kind::Double)?
                .f_double_value(&[])
                .map_err(torch)
        };
        trainer.step = number(STEP)? as usize;
        trainer.threshold = number(THRESHOLD)?;
        Ok(trainer)
    }

    fn state(&self) -> Result<Vec<(String, Tensor)>, TchError> {
        let number = |x: f64| Tensor::f_from_slice(&[x])?.f_view([0i64; 0]);
        let mut all = vec![
            (OPTIONS.to_owned(), self.options_as_numbers()?),
            (DATA.to_owned(), self.data_as_numbers()?),
            (STEP.to_owned(), number(self.step as f64)?),
            (THRESHOLD.to_owned(), number(self.threshold)?),
            (
                LAST_ACTIVE.to_owned(),
                self.last_active.f_to_kind(Kind::Double)?,
            ),
        ];
        let moments = self.adam.first.iter().zip(&self.adam.second);
        for ((name, parameter), (first, second)) in NAMES
            .into_iter()
            .zip(self.network.parameters())
            .zip(moments)
        {
            all.push((name.to_owned(), parameter.f_detach_copy()?));
            all.push((format!("{name}.first"), first.f_detach_copy()?));
            all.push((format!("{name}.second"), second.f_detach_copy()?));
        }
        all.iter()
            .map(|(name, tensor)| {
                let tensor = tensor.f_to_device(Device::Cpu)?.f_contiguous()?;
                Ok((name.clone(), tensor))
            })
            .collect()
    }

    /// What must be the same in both parts of a training that was stopped; in the order of the options' fields.
    fn options_as_numbers(&self) -> Result<Tensor, TchError> {
        let o = &self.options;
        // Exact: a seed of 64 bits in two halves.
        let (high, low) = ((o.seed >> 32) as f64, f64::from(o.seed as u32));
        let counts = [
            o.d_sae,
            o.k,
            o.sparsity as usize,
            o.steps,
            o.batch,
            o.dead_after,
        ];
        let mut numbers: Vec<f64> = counts.iter().map(|&count| count as f64).collect();
        numbers.extend([o.rate, o.revival, high, low]);
        Tensor::f_from_slice(&numbers)
    }

    /// Size and sum of squares of the activations.
    fn data_as_numbers(&self) -> Result<Tensor, TchError> {
        Tensor::f_from_slice(&[self.data.len() as f64, self.data.d_in() as f64, self.scale])
    }
}

fn listed(numbers: &Tensor) -> String {
    Vec::<f64>::try_from(numbers).map_or_else(|error| error.to_string(), |all| format!("{all:?}"))
}

struct Stored<'a> {
    file: &'a Path,
    weights: Weights,
}

impl Stored<'_> {
    fn get(&self, name: &str, shape: &[i64], kind: Kind) -> Result<Tensor, LoadError> {
        let read = self.weights.get(name, shape, kind, Device::Cpu)?;
        // A copy: the file's mapping ends with this value.
        read.f_detach_copy().map_err(|source| LoadError::Torch {
            doing: format!("reading {}", self.file.display()),
            source: source.into(),
        })
    }
}
