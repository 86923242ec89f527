//! Archives of numpy arrays, byte by byte.

use std::io::{Cursor, Write};

use npyz::npz::NpzWriter;

/// A `.npy` file with that header and so many zero bytes of data.
pub fn npy(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let length = u16::try_from(header.len()).expect("a short header");
    bytes.extend(length.to_le_bytes());
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// The header that numpy writes.
pub fn header(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")
}

/// The arrays of a Gemma Scope autoencoder of two dimensions and three features as `.npy` files.
pub fn gemma_scope() -> Vec<(&'static str, Vec<u8>)> {
    let floats = |shape: &str, count: usize| npy(&header("<f4", shape), 4 * count);
    vec![
        ("w_enc", floats("(2, 3)", 6)),
        ("b_enc", floats("(3,)", 3)),
        ("threshold", floats("(3,)", 3)),
        ("w_dec", floats("(3, 2)", 6)),
        ("b_dec", floats("(2,)", 2)),
    ]
}

/// The `.npz` file of them.
pub fn archive(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut npz = NpzWriter::new(Cursor::new(Vec::new()));
    let zip = npz.zip_writer();
    for (name, bytes) in arrays {
        let file = format!("{name}.npy");
        zip.start_file(file, Default::default()).expect("a file");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}
