use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader};

use super::DataError;

/// The pictures of a folder by their names, sorted. Files whose names start with a dot are passed over.
///
/// # Errors
/// If there is none, or anything else that would silently be left out.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let pictures = entries(folder)?;
    let other = |path: &&PathBuf| {
        let kind = path.extension().map(|kind| kind.to_ascii_lowercase());
        !path.is_file() || !kind.is_some_and(|kind| ["png", "jpg", "jpeg"].iter().any(|known| kind == *known))
    };
    if let Some(path) = pictures.iter().find(other) {
        let name = path.file_name().unwrap_or_default();
        return Err(DataError::new(
            "only images, PNG or JPEG, in this folder",
            format!("`{}`", name.display()),
        )
        .of(folder));
    }
    if pictures.is_empty() {
        return Err(DataError::new("images, PNG or JPEG, in this folder", "none").of(folder));
    }
    Ok(pictures)
}

/// What is in a folder, sorted, but for hidden files.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let fail = |error| DataError::io(folder, "a folder", &error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let name: OsString = entry.map_err(fail)?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            entries.push(folder.join(name));
        }
    }
    entries.sort();
    Ok(entries)
}

/// A decoded picture.
pub(crate) struct Picture {
    pub(crate) image: DynamicImage,
    /// Whether its file keeps every pixel as it was.
    pub(crate) exact: bool,
}

impl Picture {
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let wrong = |found: String| DataError::new("a PNG or JPEG image", found).of(path);
        let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
        let reader = reader.map_err(|error| wrong(error.to_string()))?;
        let exact = reader.format() == Some(ImageFormat::Png);
        let image = reader.decode().map_err(|error| wrong(error.to_string()))?;
        Ok(Self { image, exact })
    }

    /// Height, width, and 1 channel of grey or 3 of colours.
    pub(crate) fn shape(&self) -> [usize; 3] {
        let channels = if self.image.color().has_color() { 3 } else { 1 };
        [self.image.height() as usize, self.image.width() as usize, channels]
    }

    /// Its bytes in `shape`: resized, and made grey, colours, or colours with opacity, by the number of channels. None if
    /// there can be no image of that shape.
    pub(crate) fn bytes(self, shape: [usize; 3]) -> Option<Vec<u8>> {
        let image = resized(self.image, shape, FilterType::Triangle)?;
        match shape[2] {
            1 => Some(image.into_luma8().into_raw()),
            3 => Some(image.into_rgb8().into_raw()),
            4 => Some(image.into_rgba8().into_raw()),
            _ => None,
        }
    }

    /// Its grey values in the height and width of `shape`, each that of a pixel of the file.
    pub(crate) fn nearest(self, shape: [usize; 3]) -> Option<Vec<u8>> {
        Some(resized(self.image, shape, FilterType::Nearest)?.into_luma8().into_raw())
    }
}

fn resized(image: DynamicImage, [height, width, _]: [usize; 3], filter: FilterType) -> Option<DynamicImage> {
    let (height, width) = (u32::try_from(height).ok()?, u32::try_from(width).ok()?);
    if (height, width) == (image.height(), image.width()) {
        return Some(image);
    }
    (height > 0 && width > 0).then(|| image.resize_exact(width, height, filter))
}

/// The error of a shape that images cannot have.
pub(crate) fn no_shape(shape: [usize; 3]) -> DataError {
    DataError::new(
        "a network that reads images of 1, 3 or 4 channels",
        format!("an input of shape {shape:?}"),
    )
}

/// The error of a picture that is not like the ones before.
pub(crate) fn differs(path: &Path, expected: [usize; 3], found: [usize; 3]) -> DataError {
    let say = |[height, width, channels]: [usize; 3]| {
        format!("{height}×{width} pixels, {}", if channels == 1 { "grey" } else { "in colours" })
    };
    DataError::new(format!("{} as in the first image; or ask for a shape", say(expected)), say(found))
        .of(path)
}
