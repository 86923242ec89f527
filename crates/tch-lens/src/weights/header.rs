//! The header of a safetensors file, checked before a byte of any tensor is read.

use safetensors::tensor::TensorInfo;
use safetensors::{SafeTensorError, SafeTensors};
use serde::de::Deserialize;

use super::index::Pairs;
use crate::words::counted;

/// A file begins with the length of its header as eight bytes.
const LENGTH: usize = 8;

/// Where the data begins, and the tensors, after all that can be wrong with them has been looked for.
pub(super) fn read_header(bytes: &[u8]) -> Result<(usize, Vec<(String, TensorInfo)>), String> {
    let (length, _) = SafeTensors::read_metadata(bytes).map_err(|error| explain(bytes, &error))?;
    Ok((
        LENGTH + length,
        tensors_of(&bytes[LENGTH..LENGTH + length])?,
    ))
}

/// The library finds what is wrong, and does not always say where.
fn explain(bytes: &[u8], error: &SafeTensorError) -> String {
    let announced = bytes
        .first_chunk()
        .map(|length| u64::from_le_bytes(*length));
    let Some(announced) = announced else {
        return format!(
            "is {} long, which is too short for a safetensors file",
            counted(bytes.len(), "byte")
        );
    };
    let rest = &bytes[LENGTH..];
    let header = usize::try_from(announced)
        .ok()
        .and_then(|length| rest.get(..length));
    let Some(header) = header else {
        return format!(
            "announces a header of {}, and has {} after that number: cut short, or not a safetensors file",
            counted(announced, "byte"),
            counted(rest.len(), "byte")
        );
    };
    let tensors = match tensors_of(header) {
        Ok(tensors) => tensors,
        Err(reason) => return reason,
    };
    if let Some(reason) = tensors.iter().find_map(|(name, info)| misfit(name, info)) {
        return reason;
    }
    match error {
        SafeTensorError::InvalidOffset(name) => {
            format!("tensor \"{name}\" overlaps another one or leaves a hole before it")
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            let end = tensors.iter().map(|(_, info)| info.data_offsets.1).max();
            format!(
                "its tensors take {} bytes, and it has {} bytes for them: cut short, or with something behind them",
                end.unwrap_or(0),
                rest.len() - header.len()
            )
        }
        other => format!("unusable header: {other}"),
    }
}

/// Why a tensor's shape, type and offsets cannot go together.
fn misfit(name: &str, info: &TensorInfo) -> Option<String> {
    let TensorInfo {
        dtype,
        shape,
        data_offsets: (start, end),
    } = info;
    let bits = shape
        .iter()
        .try_fold(dtype.bitsize(), |product, n| product.checked_mul(*n));
    let Some(bits) = bits else {
        return Some(format!(
            "tensor \"{name}\": {dtype} of shape {shape:?} is more than memory can hold"
        ));
    };
    let found = end.checked_sub(*start);
    (!bits.is_multiple_of(8) || found != Some(bits / 8)).then(|| {
        format!(
            "tensor \"{name}\": {dtype} of shape {shape:?} is {} bytes, and its offsets are {start} and {end}",
            bits.div_ceil(8)
        )
    })
}

pub(super) fn shape_of(name: &str, info: &TensorInfo) -> Result<Vec<i64>, String> {
    let sizes = info.shape.iter().map(|n| i64::try_from(*n));
    sizes.collect::<Result<_, _>>().map_err(|_| {
        format!(
            "tensor \"{name}\": shape {:?} is more than memory can hold",
            info.shape
        )
    })
}

fn tensors_of(header: &[u8]) -> Result<Vec<(String, TensorInfo)>, String> {
    let Pairs(pairs) = serde_json::from_slice::<Pairs<serde_json::Value>>(header)
        .map_err(|error| format!("unusable header: {error}"))?;
    let tensors = pairs.into_iter().filter(|(name, _)| name != "__metadata__");
    tensors
        .map(|(name, value)| match TensorInfo::deserialize(value) {
            Ok(info) => Ok((name, info)),
            Err(error) => Err(format!("tensor \"{name}\": {error}")),
        })
        .collect()
}
