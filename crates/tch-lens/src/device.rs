//! Where a model runs, and in which precision.

use std::fmt;
use std::str::FromStr;

use tch::{Cuda, Device, Kind};

/// Why a device cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No device has that name.
    #[error("unknown device \"{0}\": expected \"cpu\", \"cuda\" or \"cuda:N\"")]
    Unknown(String),
    /// CUDA was asked for and libtorch has none.
    #[error(
        "CUDA was asked for, and libtorch sees none: either the libtorch that was loaded is built for the CPU alone \
         (set LD_LIBRARY_PATH to the lib folder of a CUDA PyTorch 2.11.0), or the driver shows no GPU (see nvidia-smi), \
         or the program was linked without -Wl,--no-as-needed -ltorch (see the crate's build.rs)"
    )]
    NoCuda,
    /// There are fewer GPUs than asked for.
    #[error("cuda:{asked} was asked for, and libtorch sees {seen} GPU(s), counted from 0")]
    NoSuchGpu {
        /// The number asked for.
        asked: usize,
        /// How many there are.
        seen: usize,
    },
}

/// The device named `cpu`, `cuda` or `cuda:N`, if it can be had.
///
/// # Errors
/// Another name; CUDA where libtorch has none, with the reasons that there can be; a GPU that is not there.
///
/// ```
/// assert_eq!(tch_lens::device("cpu")?, tch_lens::tch::Device::Cpu);
/// assert!(tch_lens::device("tpu").unwrap_err().to_string().contains("\"tpu\""));
/// # Ok::<(), tch_lens::DeviceError>(())
/// ```
pub fn device(name: &str) -> Result<Device, DeviceError> {
    let number = match name {
        "cpu" => return Ok(Device::Cpu),
        "cuda" => 0,
        _ => name
            .strip_prefix("cuda:")
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| DeviceError::Unknown(name.to_owned()))?,
    };
    if !Cuda::is_available() {
        return Err(DeviceError::NoCuda);
    }
    let seen = usize::try_from(Cuda::device_count()).unwrap_or(0);
    if number < seen {
        Ok(Device::Cuda(number))
    } else {
        Err(DeviceError::NoSuchGpu {
            asked: number,
            seen,
        })
    }
}

/// The precision in which a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// bfloat16: half the memory, 8 bits of significand.
    Bf16,
    /// 16-bit floats. Slow on CPUs.
    F16,
}

impl Precision {
    /// libtorch's name for it.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
            Self::F16 => Kind::Half,
        }
    }

    /// Bytes of one number.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "f32" | "float32" => Ok(Self::F32),
            "bf16" | "bfloat16" => Ok(Self::Bf16),
            "f16" | "float16" => Ok(Self::F16),
            _ => Err(format!(
                "unknown precision \"{name}\": expected f32, bf16 or f16"
            )),
        }
    }
}
