//! NumPy's arrays: `.npz` archives and `.npy` files.
//!
//! The first axis of the inputs counts the examples; the others are height, width and channels, height and width, or the
//! elements of a vector. Inputs of unsigned bytes are taken for images and scaled to 0 to 1, as those of Keras'
//! `mnist.npz`; all other numbers stand for themselves, in float32. The first axis of the targets counts the examples too;
//! the others are one target's.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::npy::Array;
use super::source::Source;
use super::values::WHITE;
use super::{Arrays, DataError, Part};

/// An archive with the arrays `x_train` and `y_train`, or `x_test` and `y_test`, or `x` and `y` for either part.
///
/// # Errors
/// If the file cannot be read, lacks these arrays, or they are not whole or do not fit each other.
pub fn open(path: &Path, part: Part) -> Result<Arrays, DataError> {
    let file = File::open(path).map_err(|error| DataError::io(path, "an .npz archive", &error))?;
    let broken = |error: ZipError| DataError::new("an .npz archive", error.to_string()).of(path);
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let names = [["x", "y"].map(|axis| format!("{axis}_{}", part.name())), ["x", "y"].map(str::to_owned)];
    let has = |name: &String| archive.index_for_name(&format!("{name}.npy")).is_some();
    let Some([inputs, targets]) = names.iter().find(|pair| pair.iter().all(has)) else {
        let mut found: Vec<String> =
            archive.file_names().filter_map(|name| Some(format!("`{}`", name.ok()?))).collect();
        found.sort();
        let [one, other] = names.map(|[inputs, targets]| format!("`{inputs}` and `{targets}`"));
        return Err(DataError::new(
            format!("the arrays {one}, or {other}"),
            if found.is_empty() { "none".to_owned() } else { found.join(", ") },
        )
        .of(path));
    };
    let mut read = |name: &str, unit| {
        let member = archive.by_name(&format!("{name}.npy")).map_err(broken)?;
        let size = member.size();
        let place = path.join(format!("{name}.npy"));
        Array::read(&mut Source::new(&place, member, size), unit)
    };
    let (inputs, targets) = (read(inputs, WHITE)?, read(targets, 1.0)?);
    join(inputs, targets).map_err(|error| error.of(path))
}

/// Two files: the inputs, and a target for each.
///
/// # Errors
/// If a file cannot be read, is not a whole array of real numbers, or the two do not fit each other.
pub fn open_two(inputs: &Path, targets: &Path) -> Result<Arrays, DataError> {
    let read = |path: &Path, unit| Array::read(&mut Source::open(path, "an .npy file")?, unit);
    join(read(inputs, WHITE)?, read(targets, 1.0)?).map_err(|error| error.of(targets))
}

fn join(inputs: Array, targets: Array) -> Result<Arrays, DataError> {
    let (examples, shape) = match inputs.shape[..] {
        [examples, height, width, channels] => (examples, [height, width, channels]),
        [examples, height, width] => (examples, [height, width, 1]),
        [examples, length] => (examples, [1, 1, length]),
        [examples] => (examples, [1, 1, 1]),
        _ => {
            return Err(DataError::new(
                "inputs with one to four axes, the first of which counts them",
                format!("the shape {:?}", inputs.shape),
            ));
        }
    };
    if targets.shape.first() != Some(&examples) {
        return Err(DataError::new(
            format!("as many targets as there are inputs, {examples}"),
            format!("targets of shape {:?}", targets.shape),
        ));
    }
    Arrays::from_values(inputs.values, targets.values, shape)
}
