use std::path::Path;

use super::pairs::Masks;
use super::{Arrays, DataError, Part, folder, idx, numpy, pairs};

/// Opens data, and finds out what it is:
///
/// - an `.npz` archive, as of [`numpy::open`];
/// - a folder with `x.npy` and `y.npy`, as of [`numpy::open_two`];
/// - a folder with IDX files, as of [`idx::open_folder`];
/// - a folder with the folders `images` and `masks`, as of [`pairs::open`];
/// - a folder with a folder of images for each class, as of [`folder::open`];
/// - a folder with the folders `train` and `test`, of which the `part` is one of the above.
///
/// `shape` is what the network reads (height, width, channels); images in files of their own are resized to it.
///
/// # Errors
/// If it is none of these, and as of the functions above.
pub fn open(path: &Path, part: Part, shape: Option<[usize; 3]>) -> Result<Arrays, DataError> {
    if path.is_file() {
        return if path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("npz")) {
            numpy::open(path, part)
        } else {
            Err(DataError::new("a folder, or an .npz archive", "another file").of(path))
        };
    }
    if path.join(part.name()).is_dir() {
        return open(&path.join(part.name()), part, shape);
    }
    let other = if part == Part::Train { Part::Test } else { Part::Train };
    if path.join(other.name()).is_dir() {
        let expected = format!("a folder `{}` beside `{}`", part.name(), other.name());
        return Err(DataError::new(expected, "none").of(path));
    }
    let [inputs, targets] = ["x.npy", "y.npy"].map(|name| path.join(name));
    let [images, masks] = ["images", "masks"].map(|name| path.join(name));
    if inputs.is_file() || targets.is_file() {
        numpy::open_two(&inputs, &targets)
    } else if [part, other].iter().any(|part| idx::is_in(path, *part)) {
        idx::open_folder(path, part)
    } else if images.is_dir() && masks.is_dir() {
        pairs::open(&images, &masks, Masks::Guess, shape)
    } else if has_folders(path)? {
        folder::open(path, shape)
    } else {
        let [first, second] = idx::names(part);
        Err(DataError::new(
            format!(
                "an .npz archive, or a folder with one of: IDX files (`{first}` and `{second}`, with or without .gz); \
                 `x.npy` and `y.npy`; the folders `images` and `masks`; a folder of images for each class; the \
                 folders `train` and `test`"
            ),
            "none of these",
        )
        .of(path))
    }
}

fn has_folders(path: &Path) -> Result<bool, DataError> {
    Ok(super::picture::entries(path)?.iter().any(|entry| entry.is_dir()))
}
