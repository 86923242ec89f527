//! Weights from safetensors files, memory-mapped.
//!
//! Every header is checked before a byte of any tensor is read: weight files come from strangers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::marker::PhantomData;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use memmap2::{Mmap, UncheckedAdvice};
use safetensors::tensor::{Dtype, TensorInfo};
use safetensors::{SafeTensorError, SafeTensors};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use tch::{Device, Kind, TchError, Tensor};

use crate::LoadError;
use crate::error::Doing;
use crate::huge;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// A file begins with the length of its header as eight bytes.
const LENGTH: usize = 8;
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
    map: Arc<Mmap>,
    dtype: Dtype,
    shape: Vec<i64>,
    start: usize,
    len: usize,
}

impl Weights {
    /// `model.safetensors` of the folder; where there is none, the shards that `model.safetensors.index.json` names.
    pub(crate) fn open(folder: &Path) -> Result<Self, LoadError> {
        let single = folder.join(SINGLE);
        if single.exists() {
            return Self::open_file(&single);
        }
        let index = folder.join(INDEX);
        if index.exists() {
            return Self::open_shards(folder, &index);
        }
        Err(refused(folder, format!("has neither {SINGLE} nor {INDEX}")))
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

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Whether tensors on the CPU are copied into huge pages even where they could stay in the mapped file.
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
        let entry = self
            .tensors
            .get(name)
            .ok_or_else(|| LoadError::MissingTensor {
                path: self.path.clone(),
                name: name.to_owned(),
            })?;
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
        entry
            .load(stored, kind, device, self.copies)
            .loading(|| format!("loading tensor \"{name}\" of {}", self.path.display()))
    }
}

impl Entry {
    fn bytes(&self) -> &[u8] {
        &self.map[self.start..self.start + self.len]
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
            return self.in_place(0, &self.shape, stored);
        }
        let tensor = match device {
            Device::Cpu => huge::empty(&self.shape, kind)?,
            _ => Tensor::f_empty(&self.shape, (kind, device))?,
        };
        let flat = tensor.f_view([tensor.numel() as i64])?;
        let size = stored.elt_size_in_bytes();
        let mut done = 0;
        while done < self.len {
            let len = PIECE.min(self.len - done);
            let (first, n) = ((done / size) as i64, (len / size) as i64);
            let piece = if self.is_aligned(stored) {
                self.in_place(done, &[n], stored)?
            } else {
                Tensor::f_from_data_size(&self.bytes()[done..done + len], &[n], stored)?
            };
            flat.f_narrow(0, first, n)?.f_copy_(&piece)?;
            self.let_go(done, len);
            done += len;
        }
        Ok(tensor)
    }

    fn is_aligned(&self, stored: Kind) -> bool {
        let address = self.bytes().as_ptr().addr();
        address.is_multiple_of(stored.elt_size_in_bytes())
    }

    /// The numbers from byte `start` of an aligned tensor on, `shape` of them at most as many as there are.
    #[expect(unsafe_code, reason = "tch copies otherwise, which doubles the memory")]
    fn in_place(&self, start: usize, shape: &[i64], stored: Kind) -> Result<Tensor, TchError> {
        let numbers = &self.bytes()[start..];
        // SAFETY: the bytes are those of a live read-only map, aligned for `stored`, and as many as shape and type ask
        // for: the header was checked, and pieces are whole numbers. Every pattern of bits is a float. `Weights` keeps
        // the map while tensors of it are in use, and nobody writes to them: both are the duty of this crate, stated
        // there.
        unsafe { Tensor::f_from_blob(numbers.as_ptr(), shape, &[], stored, Device::Cpu) }
    }

    /// Gives the pages back that a copy has made needless, so that file and copy do not both stay resident.
    #[expect(unsafe_code, reason = "so is memmap2's way to give pages back")]
    fn let_go(&self, start: usize, len: usize) {
        // SAFETY: the map is of a file and read-only: a page that is given back is read again from the file when it is
        // needed. A failure costs memory and nothing else.
        let _ = unsafe {
            self.map
                .unchecked_advise_range(UncheckedAdvice::DontNeed, self.start + start, len)
        };
    }
}

fn map_file(path: &Path) -> Result<Vec<(String, Entry)>, LoadError> {
    let map = Arc::new(map(path)?);
    let (data, tensors) = read_header(&map).map_err(|reason| refused(path, reason))?;
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

#[expect(unsafe_code, reason = "there is no safe memory map")]
fn map(path: &Path) -> Result<Mmap, LoadError> {
    let read = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(read)?;
    // SAFETY: the map is read-only. That nobody changes or shortens a file of weights while it is in use is asked of
    // the user, as by every program that maps its weights.
    unsafe { Mmap::map(&file) }.map_err(read)
}

/// Where the data begins, and the tensors, after all that can be wrong with them has been looked for.
fn read_header(bytes: &[u8]) -> Result<(usize, Vec<(String, TensorInfo)>), String> {
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
            "is {} bytes long, which is too short for a safetensors file",
            bytes.len()
        );
    };
    let rest = &bytes[LENGTH..];
    let header = usize::try_from(announced)
        .ok()
        .and_then(|length| rest.get(..length));
    let Some(header) = header else {
        return format!(
            "announces a header of {announced} bytes, and has {} bytes after that number: cut short, or not a \
             safetensors file",
            rest.len()
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

fn shape_of(name: &str, info: &TensorInfo) -> Result<Vec<i64>, String> {
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

#[derive(serde::Deserialize)]
struct Index {
    weight_map: Pairs<String>,
}

fn read_index(path: &Path) -> Result<Vec<(String, String)>, LoadError> {
    let text = std::fs::read(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    let index: Index = serde_json::from_slice(&text).map_err(|source| LoadError::Json {
        path: path.to_owned(),
        source,
    })?;
    Ok(index.weight_map.0)
}

fn is_plain_file_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!(components.next(), Some(Component::Normal(part)) if part == name)
        && components.next().is_none()
        && !name.contains(['/', '\\'])
}

/// The members of a JSON object in the order of the text. Maps keep the last of two members of one name without a word.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let (mut seen, mut pairs) = (HashSet::new(), Vec::new());
                while let Some((name, value)) = map.next_entry::<String, V>()? {
                    if !seen.insert(name.clone()) {
                        return Err(A::Error::custom(format!("\"{name}\" is there twice")));
                    }
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
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
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    /// A safetensors file of that header and so many zero bytes.
    fn file_of(header: &str, data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    }

    fn refusal(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        fs::write(&path, bytes).unwrap();
        let error = Weights::open_file(&path).unwrap_err().to_string();
        assert!(error.contains("w.safetensors"), "{error}");
        error
    }

    /// Refused, and every one of `parts` is in the message.
    fn refused_with(header: &str, data: usize, parts: &[&str]) {
        let error = refusal(&file_of(header, data));
        for part in parts {
            assert!(error.contains(part), "no {part} in: {error}");
        }
    }

    fn written(folder: &TempDir, name: &str, tensors: &[(&str, Tensor)]) -> PathBuf {
        let path = folder.path().join(name);
        Tensor::write_safetensors(tensors, &path).unwrap();
        path
    }

    #[test]
    fn offsets_that_cannot_be_are_refused() {
        let cases = [
            // Past every address; negative; reversed; too few and too many bytes; past the end of the file.
            (
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551616]}}"#,
                "\"a\"",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
                "-8",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
                "8 and 0",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
                "is 8 bytes",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#,
                "is 4 bytes",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#,
                "take 12 bytes",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
                "take 4 bytes",
            ),
        ];
        for (header, part) in cases {
            refused_with(header, 8, &[part]);
        }
    }

    #[test]
    fn overlaps_and_holes_are_refused() {
        for offsets in ["[4,8]", "[12,16]", "[0,4]"] {
            let header = format!(
                r#"{{"a":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}},
                     "b":{{"dtype":"F32","shape":[1],"data_offsets":{offsets}}}}}"#
            );
            refused_with(
                &header,
                16,
                &["tensor \"", "overlaps another one or leaves a hole"],
            );
        }
    }

    #[test]
    fn shapes_that_cannot_be_are_refused() {
        for shape in [
            "[4294967296,4294967296]",
            "[18446744073709551615]",
            "[9223372036854775807,2,2]",
        ] {
            let header =
                format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,8]}}}}"#);
            refused_with(&header, 8, &["tensor \"a\"", "more than memory can hold"]);
        }
        // No bytes at all, and a size that libtorch cannot say.
        let empty =
            r#"{"a":{"dtype":"F32","shape":[18446744073709551615,0],"data_offsets":[0,0]}}"#;
        refused_with(empty, 0, &["tensor \"a\"", "more than memory can hold"]);
        let bits = r#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#;
        refused_with(bits, 1, &["tensor \"a\""]);
    }

    #[test]
    fn headers_that_cannot_be_are_refused() {
        assert!(refusal(b"").contains("is 0 bytes long"));
        assert!(refusal(b"abc").contains("is 3 bytes long"));
        assert!(refusal(&[0; 8]).contains("unusable header"));
        let mut long = file_of("{}", 0);
        long[0] = 3;
        assert!(refusal(&long).contains("announces a header of 3 bytes, and has 2 bytes"));
        for length in [1_u64 << 63, u64::MAX] {
            long[..8].copy_from_slice(&length.to_le_bytes());
            assert!(refusal(&long).contains(&format!("announces a header of {length} bytes")));
        }
        let mut not_utf8 = file_of(r#"{"a":"#, 0);
        not_utf8[9] = 0xFF;
        assert!(refusal(&not_utf8).contains("unusable header"));
        refused_with("[]", 0, &["unusable header"]);
        refused_with(&"[".repeat(1000), 0, &["unusable header"]);
        refused_with(
            r#"{"a":{"dtype":"F33","shape":[],"data_offsets":[0,4]}}"#,
            4,
            &["\"a\"", "F33"],
        );
        let twice = r#"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},
                        "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#;
        refused_with(twice, 4, &["\"a\" is there twice"]);
    }

    #[test]
    fn a_tensor_is_as_asked_for_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(
            &folder,
            "w.safetensors",
            &[
                ("w", Tensor::zeros([2, 3], (Kind::Float, Device::Cpu))),
                ("ids", Tensor::zeros([2], (Kind::Int64, Device::Cpu))),
            ],
        );
        let weights = Weights::open_file(&path).unwrap();
        assert!(weights.contains("w") && weights.contains("ids") && !weights.contains("v"));
        let get = |name, shape: &[i64]| weights.get(name, shape, Kind::Float, Device::Cpu);
        assert!(get("w", &[2, 3]).is_ok());
        let missing = get("v", &[]).unwrap_err().to_string();
        assert!(
            missing.contains("w.safetensors") && missing.contains("\"v\" is missing"),
            "{missing}"
        );
        let shape = get("w", &[3, 2]).unwrap_err().to_string();
        assert!(
            shape.contains("\"w\" has shape [2, 3], expected [3, 2]"),
            "{shape}"
        );
        let dtype = get("ids", &[2]).unwrap_err().to_string();
        assert!(dtype.contains("\"ids\" holds I64"), "{dtype}");
    }

    #[test]
    fn on_the_cpu_as_stored_nothing_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let stored = Tensor::randn([64, 33], (Kind::Float, Device::Cpu)).to_kind(Kind::BFloat16);
        let path = written(&folder, "w.safetensors", &[("w", stored.shallow_clone())]);
        let weights = Weights::open_file(&path).unwrap();
        let mapped = weights.tensors["w"].bytes().as_ptr().addr();

        let same = weights
            .get("w", &[64, 33], Kind::BFloat16, Device::Cpu)
            .unwrap();
        assert_eq!(same.data_ptr().addr(), mapped);
        assert!(same.equal(&stored));
        let wider = weights
            .get("w", &[64, 33], Kind::Float, Device::Cpu)
            .unwrap();
        assert_ne!(wider.data_ptr().addr(), mapped);
        assert!(wider.equal(&stored.to_kind(Kind::Float)));
        // The pages that the conversion let go are read again.
        assert!(same.equal(&stored));
    }

    #[test]
    fn tensors_of_many_pieces_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let stored = Tensor::randn([3, 4_000_001], (Kind::Float, Device::Cpu));
        assert!(stored.numel() * 4 > 2 * PIECE);
        let path = written(&folder, "w.safetensors", &[("w", stored.shallow_clone())]);
        let weights = Weights::open_file(&path).unwrap();
        let double = weights
            .get("w", &stored.size(), Kind::Double, Device::Cpu)
            .unwrap();
        assert!(double.equal(&stored.to_kind(Kind::Double)));
    }

    #[test]
    fn misaligned_tensors_are_copied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        for pad in 0..8 {
            let header = format!(
                r#"{{"w":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}}}{}"#,
                " ".repeat(pad)
            );
            let mut bytes = file_of(&header, 0);
            bytes.extend([1.5_f32, -2.0].iter().flat_map(|x| x.to_le_bytes()));
            fs::write(&path, bytes).unwrap();
            let weights = Weights::open_file(&path).unwrap();
            let tensor = weights.get("w", &[2], Kind::Float, Device::Cpu).unwrap();
            assert_eq!(Vec::<f32>::try_from(&tensor).unwrap(), [1.5, -2.0]);
            assert!(tensor.data_ptr().addr().is_multiple_of(4));
        }
    }

    #[test]
    fn shards_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let one = Tensor::randn([3], (Kind::Float, Device::Cpu));
        let two = Tensor::randn([2, 2], (Kind::Float, Device::Cpu));
        written(&folder, "m-1.safetensors", &[("one", one.shallow_clone())]);
        written(
            &folder,
            "m-2.safetensors",
            &[("two", two.shallow_clone()), ("spare", one.shallow_clone())],
        );
        let index = r#"{"metadata":{"total_size":28},"weight_map":{"two":"m-2.safetensors","one":"m-1.safetensors"}}"#;
        fs::write(folder.path().join(INDEX), index).unwrap();
        let weights = Weights::open(folder.path()).unwrap();
        assert_eq!(weights.tensors.keys().collect::<Vec<_>>(), ["one", "two"]);
        assert!(
            weights
                .get("one", &[3], Kind::Float, Device::Cpu)
                .unwrap()
                .equal(&one)
        );
        assert!(
            weights
                .get("two", &[2, 2], Kind::Float, Device::Cpu)
                .unwrap()
                .equal(&two)
        );

        written(&folder, SINGLE, &[("single", one.shallow_clone())]);
        assert!(Weights::open(folder.path()).unwrap().contains("single"));
    }

    #[test]
    fn an_index_that_cannot_be_followed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let none = Weights::open(folder.path()).unwrap_err().to_string();
        assert!(none.contains(SINGLE) && none.contains(INDEX), "{none}");
        written(
            &folder,
            "m-1.safetensors",
            &[("one", Tensor::zeros([1], (Kind::Float, Device::Cpu)))],
        );
        let cases: &[(&str, &[&str])] = &[
            (r#"{"metadata":{}}"#, &[INDEX, "weight_map"]),
            (
                r#"{"weight_map":["m-1.safetensors"]}"#,
                &[INDEX, "expected an object"],
            ),
            (r#"{"weight_map":{"one":1}}"#, &[INDEX, "line 1"]),
            (
                r#"{"weight_map":{"one":"m-1.safetensors","one":"m-1.safetensors"}}"#,
                &[INDEX, "\"one\" is there twice"],
            ),
            (
                r#"{"weight_map":{"one":"m-2.safetensors"}}"#,
                &["m-2.safetensors", "No such file"],
            ),
            (
                r#"{"weight_map":{"two":"m-1.safetensors"}}"#,
                &["m-1.safetensors", "\"two\" is missing"],
            ),
            (
                r#"{"weight_map":{"one":"../m-1.safetensors"}}"#,
                &[INDEX, "\"../m-1.safetensors\"", "\"one\""],
            ),
            (
                r#"{"weight_map":{"one":"/etc/m-1.safetensors"}}"#,
                &[INDEX, "same folder"],
            ),
            (r#"{"weight_map":{"one":".."}}"#, &[INDEX, "same folder"]),
            (r#"{"weight_map":{"one":"."}}"#, &[INDEX, "same folder"]),
            (r#"{"weight_map":{"one":""}}"#, &[INDEX, "same folder"]),
            (
                r#"{"weight_map":{"one":"a/../m-1.safetensors"}}"#,
                &[INDEX, "same folder"],
            ),
            (
                r#"{"weight_map":{"one":"m-1.safetensors/"}}"#,
                &[INDEX, "same folder"],
            ),
            (
                r#"{"weight_map":{"one":"..\\m-1.safetensors"}}"#,
                &[INDEX, "same folder"],
            ),
        ];
        for (index, parts) in cases {
            fs::write(folder.path().join(INDEX), index).unwrap();
            let error = Weights::open(folder.path()).unwrap_err().to_string();
            for part in *parts {
                assert!(error.contains(part), "no {part} in: {error}");
            }
        }
        fs::remove_file(folder.path().join(INDEX)).unwrap();
        fs::create_dir(folder.path().join(SINGLE)).unwrap();
        assert!(
            Weights::open(folder.path())
                .unwrap_err()
                .to_string()
                .contains(SINGLE)
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(shapes in prop::collection::vec(prop::collection::vec(0_i64..5, 0..4), 0..6)) {
            let folder = tempfile::tempdir().unwrap();
            let kinds = [Kind::Float, Kind::BFloat16, Kind::Half, Kind::Double];
            let tensors: Vec<_> = shapes
                .iter()
                .enumerate()
                .map(|(i, shape)| {
                    let tensor = Tensor::randn(shape.as_slice(), (Kind::Float, Device::Cpu));
                    (i.to_string(), tensor.to_kind(kinds[i % kinds.len()]))
                })
                .collect();
            let path = folder.path().join("w.safetensors");
            Tensor::write_safetensors(&tensors, &path).unwrap();
            let weights = Weights::open_file(&path).unwrap();
            prop_assert_eq!(weights.tensors.len(), tensors.len());
            for (name, tensor) in &tensors {
                let read = weights.get(name, &tensor.size(), tensor.kind(), Device::Cpu).unwrap();
                prop_assert!(read.equal(tensor));
            }
        }
    }
}
