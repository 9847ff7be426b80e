//! Images in a folder for each class.

use std::path::Path;

use super::picture::{Picture, differs, entries, list, no_shape};
use super::values::{Values, WHITE};
use super::{Arrays, DataError};

/// The images of a folder, PNG or JPEG, which lie in a folder for each class. Classes are numbered in the order of their
/// folders' names, which [`Arrays::classes`] keeps.
///
/// With a shape (height, width, channels), images are resized to it, and made grey (1 channel), colours (3) or colours with
/// opacity (4). Without one, all must be like the first. Values are from 0 to 1. Files whose names start with a dot are
/// passed over.
///
/// # Errors
/// If a folder cannot be read, an image lies outside the classes' folders, a class has none, a file is not an image or not
/// a whole one, or there are fewer than two classes.
pub fn open(folder: &Path, shape: Option<[usize; 3]>) -> Result<Arrays, DataError> {
    let folders = entries(folder)?;
    if let Some(file) = folders.iter().find(|path| !path.is_dir()) {
        return Err(DataError::new("it to lie in the folder of its class", "a file without a label").of(file));
    }
    if folders.len() < 2 {
        let found = folders.len().to_string();
        return Err(DataError::new("two folders or more, one for each class", found).of(folder));
    }
    let (mut bytes, mut labels, mut known) = (Vec::new(), Vec::new(), shape);
    for (class, folder) in folders.iter().enumerate() {
        for path in list(folder)? {
            let picture = Picture::open(&path)?;
            let found = picture.shape();
            let known = *known.get_or_insert(found);
            if shape.is_none() && found != known {
                return Err(differs(&path, known, found));
            }
            bytes.extend(picture.bytes(known).ok_or_else(|| no_shape(known))?);
            labels.push(class as f32);
        }
    }
    bytes.shrink_to_fit();
    let names =
        folders.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    let inputs = Values::Bytes { bytes, unit: WHITE };
    let arrays = Arrays::from_values(inputs, Values::Floats(labels), known.unwrap_or_default());
    Ok(arrays.map_err(|error| error.of(folder))?.with_classes(names.collect()))
}
