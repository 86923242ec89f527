//! Arrays of numpy's `.npz`: a zip archive of `.npy` files.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use npyz::npz::NpzArchive;
use npyz::{DType, NpyHeader, Order};
use tch::{Kind, Tensor};

use super::Target;
use crate::error::Doing;
use crate::{LoadError, file};

/// `\x93NUMPY`, a version of two bytes, and the header's length in two bytes (version 1) or four.
const MAGIC: usize = 6;
/// The headers of arrays of one or two dimensions have about 120 bytes.
const LONGEST_HEADER: usize = 4096;

pub(super) struct Npz {
    path: PathBuf,
    bytes: u64,
    archive: NpzArchive<BufReader<File>>,
}

impl Npz {
    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let read = |source| LoadError::Read {
            path: path.to_owned(),
            source,
        };
        let file = file::open(path).map_err(read)?;
        let bytes = file.metadata().map_err(read)?.len();
        let archive = NpzArchive::new(BufReader::new(file)).map_err(|error| {
            let reason = format!("not an .npz file, or a damaged one: {error}");
            refused(path, reason)
        })?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            archive,
        })
    }

    /// The shape of an array of two dimensions, neither of them empty.
    pub(super) fn matrix_shape(&mut self, name: &str) -> Result<(i64, i64), LoadError> {
        let shape = self.array(name, |array, _| Ok(array.shape))?;
        match shape[..] {
            [rows, columns] if rows > 0 && columns > 0 => Ok((rows, columns)),
            _ => Err(refused(
                &self.path,
                format!("array \"{name}\" has shape {shape:?}, expected [d_in, d_sae]"),
            )),
        }
    }

    pub(super) fn get(
        &mut self,
        name: &str,
        expected: &[i64],
        target: Target,
    ) -> Result<Tensor, LoadError> {
        let path = self.path.clone();
        let file = self.bytes;
        self.array(name, |array, data| {
            if array.shape != expected {
                return Err(LoadError::Shape {
                    path,
                    name: name.to_owned(),
                    expected: expected.to_vec(),
                    found: array.shape,
                });
            }
            let data = array
                .read(data, file)
                .map_err(|reason| refused(&path, format!("array \"{name}\": {reason}")))?;
            array
                .tensor(&data, target)
                .loading(|| format!("loading array \"{name}\" of {}", path.display()))
        })
    }

    /// What `then` makes of the array's header and of the data behind it.
    fn array<T>(
        &mut self,
        name: &str,
        then: impl FnOnce(Array, &mut dyn Read) -> Result<T, LoadError>,
    ) -> Result<T, LoadError> {
        let path = &self.path;
        let damaged = |error: io::Error| refused(path, format!("array \"{name}\": {error}"));
        let file = format!("{name}.npy");
        if !self.archive.array_names().any(|known| known == name) {
            return Err(LoadError::MissingTensor {
                path: path.clone(),
                name: name.to_owned(),
            });
        }
        let mut entry = self
            .archive
            .zip_archive()
            .by_name(&file)
            .map_err(|error| damaged(error.into()))?;
        let size = entry.size();
        let header = read_header(&mut entry).map_err(damaged)?;
        let array = Array::of(&header).map_err(|found| LoadError::Dtype {
            path: path.clone(),
            name: name.to_owned(),
            found,
        })?;
        let expected = header.len + array.bytes;
        if size != expected {
            let reason = format!(
                "array \"{name}\" of shape {:?} should take {expected} bytes, and takes {size}",
                array.shape
            );
            return Err(refused(path, reason));
        }
        then(array, &mut entry)
    }
}

struct Header {
    /// In the file, from the first byte to the data.
    len: u64,
    npy: NpyHeader,
}

/// The header of an array. It is checked to be short and without nesting before npyz reads it, because npyz multiplies
/// sizes without checking for overflow and recurses into brackets without a limit.
fn read_header(file: &mut dyn Read) -> io::Result<Header> {
    let invalid = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason);
    let mut bytes = vec![0; MAGIC + 2];
    file.read_exact(&mut bytes)?;
    let wide = bytes[MAGIC] > 1;
    let mut length = [0; 4];
    let width = if wide { 4 } else { 2 };
    file.read_exact(&mut length[..width])?;
    bytes.extend(&length[..width]);
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_HEADER {
        return Err(invalid("its header is too long for an array of floats"));
    }
    let start = bytes.len();
    bytes.resize(start + length, 0);
    file.read_exact(&mut bytes[start..])?;
    let text = &bytes[start..];
    let count = |test: fn(&u8) -> bool| text.iter().filter(|byte| test(byte)).count();
    // Numbers of 18 digits together have a product of 18 digits at most, which is less than 2^63.
    if count(u8::is_ascii_digit) > 18 || count(|byte| b"([{".contains(byte)) > 4 {
        return Err(invalid("its header is not that of an array of floats"));
    }
    Ok(Header {
        len: bytes.len() as u64,
        npy: NpyHeader::from_reader(&bytes[..])?,
    })
}

struct Array {
    kind: Kind,
    shape: Vec<i64>,
    order: Order,
    /// Of the data.
    bytes: u64,
}

impl Array {
    /// Its type, where it holds anything but floats, is the error.
    fn of(header: &Header) -> Result<Self, String> {
        let DType::Plain(dtype) = header.npy.dtype() else {
            return Err(header.npy.dtype().descr());
        };
        let kind = match dtype.to_string().as_str() {
            "<f2" => Kind::Half,
            "<f4" => Kind::Float,
            "<f8" => Kind::Double,
            other => return Err(other.to_owned()),
        };
        let shape = header.npy.shape().iter();
        let shape: Result<Vec<_>, _> = shape.map(|n| i64::try_from(*n)).collect();
        Ok(Self {
            kind,
            shape: shape.map_err(|_| "too many numbers".to_owned())?,
            order: header.npy.order(),
            bytes: header.npy.len() * kind.elt_size_in_bytes() as u64,
        })
    }

    /// The data. Memory is taken as data come, beyond `file` bytes at least: a small archive may announce much.
    fn read(&self, data: &mut dyn Read, file: u64) -> Result<Vec<u8>, String> {
        let room = usize::try_from(self.bytes.min(file)).unwrap_or(0);
        let mut bytes = Vec::with_capacity(room);
        // One byte more than there should be, so that the end is met and the checksum looked at.
        data.take(self.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        if bytes.len() as u64 == self.bytes {
            Ok(bytes)
        } else {
            Err(format!(
                "expected {} bytes of data, found {}",
                self.bytes,
                bytes.len()
            ))
        }
    }

    fn tensor(&self, data: &[u8], target: Target) -> Result<Tensor, tch::TchError> {
        let tensor = match self.order {
            Order::C => Tensor::f_from_data_size(data, &self.shape, self.kind)?,
            Order::Fortran => {
                let reversed: Vec<_> = self.shape.iter().rev().copied().collect();
                let axes: Vec<_> = (0..reversed.len() as i64).rev().collect();
                Tensor::f_from_data_size(data, &reversed, self.kind)?.f_permute(axes)?
            }
        };
        tensor.f_to_device_(target.device, target.kind, false, false)
    }
}

fn refused(path: &Path, reason: String) -> LoadError {
    LoadError::Weights {
        path: path.to_owned(),
        reason,
    }
}
