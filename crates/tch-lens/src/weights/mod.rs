//! Weights from safetensors files, memory-mapped.
//!
//! Every header is checked before a byte of any tensor is read: weight files come from strangers.

mod header;
mod index;
mod names;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::tensor::Dtype;
use tch::{Device, Kind, TchError, Tensor};

use crate::LoadError;
use crate::error::Doing;
use crate::hub::{self, located};
use crate::native::FileMap;
use header::{read_header, shape_of};
pub(crate) use index::shards;
use index::{is_plain_file_name, read_index};
pub(crate) use names::Names;

pub(crate) const SINGLE: &str = "model.safetensors";
pub(crate) const INDEX: &str = "model.safetensors.index.json";
/// Bytes that are converted at a time; whole numbers of any type.
const PIECE: usize = 1 << 24;

/// The tensors of one safetensors file, or of a folder's files.
///
/// A tensor that [`Weights::get`] gives may lie in the mapped file itself. So whoever keeps such a tensor keeps its
/// `Weights` too, does not write to it in place, and hands only copies to its own callers.
#[derive(Debug)]
pub(crate) struct Weights {
    path: PathBuf,
    tensors: BTreeMap<String, Entry>,
    copies: bool,
}

#[derive(Debug)]
struct Entry {
    map: Arc<FileMap>,
    dtype: Dtype,
    shape: Vec<i64>,
    start: usize,
    len: usize,
}

impl Weights {
    /// `model.safetensors` of the folder; where there is none, the shards that `model.safetensors.index.json` names.
    pub(crate) fn open(folder: &Path) -> Result<Self, LoadError> {
        let folder = &*located(folder, hub::WEIGHTS)?;
        let single = folder.join(SINGLE);
        if single.exists() {
            return Self::open_file(&single);
        }
        let index = folder.join(INDEX);
        if index.exists() {
            return Self::open_shards(folder, &index);
        }
        Err(refused(folder, what_is_there_instead(folder)?))
    }

    /// The tensors of one file, whatever its name.
    pub(crate) fn open_file(path: &Path) -> Result<Self, LoadError> {
        let tensors = map_file(path)?;
        Ok(Self {
            path: path.to_owned(),
            tensors: tensors.into_iter().collect(),
            copies: false,
        })
    }

    fn open_shards(folder: &Path, index: &Path) -> Result<Self, LoadError> {
        let shard_of = read_index(index)?;
        let mut shards = HashMap::new();
        let mut tensors = BTreeMap::new();
        for (name, file) in shard_of {
            if !shards.contains_key(&file) {
                if !is_plain_file_name(&file) {
                    let reason = format!(
                        "tensor \"{name}\" is said to be in \"{file}\": expected the name of a file in the same folder"
                    );
                    return Err(refused(index, reason));
                }
                let shard = map_file(&folder.join(&file))?;
                shards.insert(file.clone(), shard.into_iter().collect::<HashMap<_, _>>());
            }
            let entry = shards.get_mut(&file).and_then(|shard| shard.remove(&name));
            let entry = entry.ok_or_else(|| LoadError::MissingTensor {
                path: folder.join(&file),
                name: name.clone(),
            })?;
            tensors.insert(name, entry);
        }
        Ok(Self {
            path: folder.to_owned(),
            tensors,
            copies: false,
        })
    }

    /// How many numbers a tensor has.
    pub(crate) fn numbers(&self, name: &str) -> Result<i64, LoadError> {
        match self.tensors.get(name) {
            Some(entry) => Ok(entry.shape.iter().product()),
            None => Err(LoadError::MissingTensor {
                path: self.path.clone(),
                name: name.to_owned(),
            }),
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The shape of a tensor of two dimensions, neither of them empty.
    pub(crate) fn matrix_shape(&self, name: &str) -> Result<[i64; 2], LoadError> {
        let entry = self.entry(name)?;
        match entry.shape[..] {
            [rows, columns] if rows > 0 && columns > 0 => Ok([rows, columns]),
            _ => Err(refused(
                &self.path,
                format!(
                    "tensor \"{name}\" has shape {:?}, expected two dimensions",
                    entry.shape
                ),
            )),
        }
    }

    fn entry(&self, name: &str) -> Result<&Entry, LoadError> {
        self.tensors
            .get(name)
            .ok_or_else(|| LoadError::MissingTensor {
                path: self.path.clone(),
                name: name.to_owned(),
            })
    }

    /// Whether both tensors hold the same numbers.
    pub(crate) fn same(&self, a: &str, b: &str) -> Result<bool, LoadError> {
        let (Some(a_entry), Some(b_entry)) = (self.tensors.get(a), self.tensors.get(b)) else {
            return Ok(false);
        };
        if a_entry.shape != b_entry.shape {
            return Ok(false);
        }
        if a_entry.dtype == b_entry.dtype {
            return Ok(a_entry.bytes() == b_entry.bytes());
        }
        let wide = |name| self.get(name, &a_entry.shape, Kind::Float, Device::Cpu);
        wide(a)?
            .f_equal(&wide(b)?)
            .loading(|| format!("comparing \"{a}\" and \"{b}\""))
    }

    /// The type of floats in which most of the bytes are stored; none where there are no floats.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let kinds = [Kind::Float, Kind::BFloat16, Kind::Half, Kind::Double];
        let bytes = |kind: &Kind| -> usize {
            let stored = self.tensors.values();
            let stored = stored.filter(|entry| float(entry.dtype) == Some(*kind));
            stored.map(|entry| entry.len).sum()
        };
        let most = kinds.into_iter().max_by_key(bytes);
        most.filter(|kind| bytes(kind) > 0)
    }

    /// Whether tensors on the CPU are copied even where they could stay in the mapped file.
    pub(crate) fn copied(mut self, copies: bool) -> Self {
        self.copies = copies;
        self
    }

    /// The tensor of that name as `kind` on `device`. On the CPU, and stored as `kind`, it lies in the mapped file,
    /// unless copies were asked for; otherwise it is a copy, made piece by piece, and the file's pages are let go.
    pub(crate) fn get(
        &self,
        name: &str,
        expected_shape: &[i64],
        kind: Kind,
        device: Device,
    ) -> Result<Tensor, LoadError> {
        self.rows(name, expected_shape, None, kind, device)
    }

    /// [`get`](Self::get), of some rows of the tensor, those from a first one on to before a last one, or all.
    pub(crate) fn rows(
        &self,
        name: &str,
        expected_shape: &[i64],
        rows: Option<Range<i64>>,
        kind: Kind,
        device: Device,
    ) -> Result<Tensor, LoadError> {
        let entry = self.entry(name)?;
        if entry.shape != expected_shape {
            return Err(LoadError::Shape {
                path: self.path.clone(),
                name: name.to_owned(),
                expected: expected_shape.to_vec(),
                found: entry.shape.clone(),
            });
        }
        let stored = float(entry.dtype).ok_or_else(|| LoadError::Dtype {
            path: self.path.clone(),
            name: name.to_owned(),
            found: entry.dtype.to_string(),
        })?;
        let part = rows.map(|rows| entry.rows(rows));
        part.as_ref()
            .unwrap_or(entry)
            .load(stored, kind, device, self.copies)
            .loading(|| format!("loading tensor \"{name}\" of {}", self.path.display()))
    }
}

impl Entry {
    /// Some of its rows, which are within its shape.
    fn rows(&self, rows: Range<i64>) -> Self {
        let row = self.len / self.shape[0].max(1) as usize;
        let mut shape = self.shape.clone();
        shape[0] = rows.end - rows.start;
        Self {
            map: Arc::clone(&self.map),
            dtype: self.dtype,
            start: self.start + rows.start as usize * row,
            len: shape[0] as usize * row,
            shape,
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.map.bytes()[self.start..self.start + self.len]
    }

    fn load(
        &self,
        stored: Kind,
        kind: Kind,
        device: Device,
        copies: bool,
    ) -> Result<Tensor, TchError> {
        let fits = self.is_aligned(stored) && stored == kind && device == Device::Cpu;
        if fits && !copies {
            return self.map.tensor(self.start, &self.shape, stored);
        }
        let tensor = Tensor::f_empty(&self.shape, (kind, device))?;
        let flat = tensor.f_view([tensor.numel() as i64])?;
        let size = stored.elt_size_in_bytes();
        let mut done = 0;
        while done < self.len {
            let len = PIECE.min(self.len - done);
            let (first, n) = ((done / size) as i64, (len / size) as i64);
            let piece = if self.is_aligned(stored) {
                self.map.tensor(self.start + done, &[n], stored)?
            } else {
                Tensor::f_from_data_size(&self.bytes()[done..done + len], &[n], stored)?
            };
            flat.f_narrow(0, first, n)?.f_copy_(&piece)?;
            self.map.let_go(self.start + done, len);
            done += len;
        }
        Ok(tensor)
    }

    fn is_aligned(&self, stored: Kind) -> bool {
        let address = self.bytes().as_ptr().addr();
        address.is_multiple_of(stored.elt_size_in_bytes())
    }
}

/// Why a folder without weights of its own has none, as far as its other files tell.
fn what_is_there_instead(folder: &Path) -> Result<String, LoadError> {
    let read = |source| LoadError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        names.push(
            entry
                .map_err(read)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort();
    let ends = |ends: &[&str]| {
        let fits = |name: &&String| ends.iter().any(|end| name.ends_with(end));
        let fits: Vec<&str> = names.iter().filter(fits).map(String::as_str).collect();
        fits.join(", ")
    };
    let safetensors = ends(&[".safetensors"]);
    if !safetensors.is_empty() {
        return Ok(format!(
            "has {safetensors}, and neither {SINGLE} nor {INDEX}, which says in which file a tensor is"
        ));
    }
    let pickled = ends(&[".bin", ".pt", ".pth"]);
    if !pickled.is_empty() {
        return Ok(format!(
            "has its weights in {pickled}, which is not safetensors: expected {SINGLE} or {INDEX}, as transformers' \
             save_pretrained writes them"
        ));
    }
    let quantised = ends(&[".gguf"]);
    if !quantised.is_empty() {
        return Ok(format!(
            "has {quantised}: expected {SINGLE} or {INDEX}, which are not quantised"
        ));
    }
    Ok(format!("has neither {SINGLE} nor {INDEX}"))
}

fn map_file(path: &Path) -> Result<Vec<(String, Entry)>, LoadError> {
    let map = FileMap::open(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    let map = Arc::new(map);
    let (data, tensors) = read_header(map.bytes()).map_err(|reason| refused(path, reason))?;
    let entries = tensors.into_iter().map(|(name, info)| {
        let (start, end) = info.data_offsets;
        let shape = shape_of(&name, &info).map_err(|reason| refused(path, reason))?;
        let entry = Entry {
            map: Arc::clone(&map),
            dtype: info.dtype,
            shape,
            start: data + start,
            len: end - start,
        };
        Ok((name, entry))
    });
    entries.collect()
}

/// The types of floats that weights come in.
fn float(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F64 => Some(Kind::Double),
        Dtype::F32 => Some(Kind::Float),
        Dtype::F16 => Some(Kind::Half),
        Dtype::BF16 => Some(Kind::BFloat16),
        _ => None,
    }
}

fn refused(path: &Path, reason: String) -> LoadError {
    LoadError::Weights {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests;
