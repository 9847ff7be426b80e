//! Images, and a mask for each that says what its pixels are.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use image::ColorType;

use super::picture::{Picture, differs, list, no_shape};
use super::values::{Values, WHITE};
use super::{Arrays, DataError};

/// What the pixels of a mask mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masks {
    /// Black is 0, white is 1; what lies between is the nearer of the two.
    Binary,
    /// Each grey value, of 0 to 255, is the index of a class. Such masks are PNG, grey, of 8 bits: other files do not keep
    /// the indices.
    Classes,
    /// `Binary` if the masks have no other values than 0 and 255, or are JPEG, else `Classes`.
    Guess,
}

/// The images of one folder, and masks of the same names, but for their endings, in another. A target has a number for
/// each pixel, row by row.
///
/// With a shape (height, width, channels), images and masks are resized, masks to the nearest pixel, and images made grey
/// (1 channel), colours (3) or colours with opacity (4). Without one, all images must be like the first. Values of images
/// are from 0 to 1. Files whose names start with a dot are passed over.
///
/// # Errors
/// If a folder cannot be read, an image lacks its mask or a mask its image, they differ in size, or a file is not an image
/// or not a whole one.
pub fn open(
    images: &Path,
    masks: &Path,
    kind: Masks,
    shape: Option<[usize; 3]>,
) -> Result<Arrays, DataError> {
    let (of_images, of_masks) = (by_stem(images)?, by_stem(masks)?);
    for (these, those, folder, what) in
        [(&of_images, &of_masks, masks, "a mask for it"), (&of_masks, &of_images, images, "an image for it")]
    {
        if let Some((_, path)) = these.iter().find(|(stem, _)| !those.contains_key(*stem)) {
            let place = format!("{what} in {}, of the same name", folder.display());
            return Err(DataError::new(place, "none").of(path));
        }
    }
    let (mut inputs, mut targets, mut known) = (Vec::new(), Vec::new(), shape);
    // Whether a mask has more than two values, and one that cannot hold the indices of classes.
    let (mut many, mut vague) = (false, None);
    for (image_path, mask_path) in of_images.values().zip(of_masks.values()) {
        let (image, mask) = (Picture::open(image_path)?, Picture::open(mask_path)?);
        let found = image.shape();
        let known = *known.get_or_insert(found);
        if shape.is_none() && found != known {
            return Err(differs(image_path, known, found));
        }
        let size = |[height, width, _]: [usize; 3]| format!("{height}×{width} pixels");
        if size(mask.shape()) != size(found) {
            let expected = format!("{}, as {} has", size(found), image_path.display());
            return Err(DataError::new(expected, size(mask.shape())).of(mask_path));
        }
        let (exact, color) = (mask.exact, mask.image.color());
        let values = mask.nearest(known).ok_or_else(|| no_shape(known))?;
        many |= exact && values.iter().any(|value| !matches!(value, 0 | 255));
        if !(exact && color == ColorType::L8) {
            vague.get_or_insert((mask_path, if exact { format!("{color:?}") } else { "JPEG".to_owned() }));
        }
        inputs.extend(image.bytes(known).ok_or_else(|| no_shape(known))?);
        targets.extend(values);
    }
    if kind == Masks::Classes || kind == Masks::Guess && many {
        if let Some((path, found)) = vague {
            return Err(DataError::new("a mask of class indices as a grey PNG of 8 bits", found).of(path));
        }
    } else {
        targets.iter_mut().for_each(|value| *value = u8::from(*value > 127));
    }
    inputs.shrink_to_fit();
    targets.shrink_to_fit();
    let inputs = Values::Bytes { bytes: inputs, unit: WHITE };
    let targets = Values::Bytes { bytes: targets, unit: 1.0 };
    Arrays::from_values(inputs, targets, known.unwrap_or_default()).map_err(|error| error.of(images))
}

/// The images of a folder by their names without ending.
fn by_stem(folder: &Path) -> Result<BTreeMap<OsString, PathBuf>, DataError> {
    let mut stems = BTreeMap::new();
    for path in list(folder)? {
        let stem = path.file_stem().unwrap_or_default().to_owned();
        if let Some(other) = stems.insert(stem, path.clone()) {
            let expected = "names that differ without their endings";
            return Err(DataError::new(expected, format!("{} too", other.display())).of(&path));
        }
    }
    Ok(stems)
}
