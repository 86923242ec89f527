use std::fs;
use std::path::PathBuf;

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
        let header = format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,8]}}}}"#);
        refused_with(&header, 8, &["tensor \"a\"", "more than memory can hold"]);
    }
    // No bytes at all, and a size that libtorch cannot say.
    let empty = r#"{"a":{"dtype":"F32","shape":[18446744073709551615,0],"data_offsets":[0,0]}}"#;
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

#[cfg(feature = "native")]
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
