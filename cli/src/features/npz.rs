//! NumPy's `.npz`: a ZIP archive of `.npy` files, stored as they are.

use std::io::{Cursor, Write as _};

use convolve_compiler::trace::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::failure::{Failure, Result};
use crate::npy::Array;

/// An archive in which each layer's name has its array.
pub(super) fn write(values: &[Value]) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let refused = |error: &dyn std::fmt::Display| Failure::new(format!("cannot write an archive: {error}"));
    for value in values {
        let file = Array { shape: value.shape.dimensions(), data: value.data.clone() }.write();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(file.len() > u32::MAX as usize);
        archive.start_file(format!("{}.npy", value.layer), options).map_err(|error| refused(&error))?;
        archive.write_all(&file).map_err(|error| refused(&error))?;
    }
    Ok(archive.finish().map_err(|error| refused(&error))?.into_inner())
}
