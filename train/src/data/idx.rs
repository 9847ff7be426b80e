//! The IDX files of MNIST (LeCun, Cortes and Burges): <http://yann.lecun.com/exdb/mnist/>.

use std::path::{Path, PathBuf};

use super::source::Source;
use super::values::{Values, WHITE};
use super::{Arrays, DataError, Part};

/// Images and their labels, in two files, each packed by gzip or not. Images are of bytes, with three axes (count, height,
/// width) or four (with channels last), and scaled to 0 to 1; labels are of bytes.
///
/// # Errors
/// If a file cannot be read, is not an IDX file of bytes, is not whole, or the files do not hold equally many.
pub fn open(images: &Path, labels: &Path) -> Result<Arrays, DataError> {
    let (lengths, bytes) = read(images, "images", &[3, 4])?;
    let (of_labels, targets) = read(labels, "labels", &[1])?;
    if lengths[0] != of_labels[0] {
        return Err(DataError::new(
            format!("{} labels, one for each image in {}", lengths[0], images.display()),
            of_labels[0].to_string(),
        )
        .of(labels)
        .at(COUNT));
    }
    let shape = [lengths[1], lengths[2], lengths.get(3).copied().unwrap_or(1)];
    let inputs = Values::Bytes { bytes, unit: WHITE };
    let targets = Values::Bytes { bytes: targets, unit: 1.0 };
    Arrays::from_values(inputs, targets, shape).map_err(|error| error.of(images))
}

/// A folder with the files of MNIST under their usual names, packed or not: `train-images-idx3-ubyte` and
/// `train-labels-idx1-ubyte`, and the same with `t10k` for the test set. Sets made to replace it, such as Fashion-MNIST, have the same names.
///
/// # Errors
/// If a file is missing, and as of [`open`].
pub fn open_folder(folder: &Path, part: Part) -> Result<Arrays, DataError> {
    let [images, labels] = names(part).map(|name| {
        find(folder, &name)
            .ok_or_else(|| DataError::new(format!("a file `{name}` or `{name}.gz`"), "neither").of(folder))
    });
    open(&images?, &labels?)
}

/// Whether the folder has one of the files of [`open_folder`].
pub(crate) fn is_in(folder: &Path, part: Part) -> bool {
    names(part).iter().any(|name| find(folder, name).is_some())
}

/// The files of images and of labels.
pub(crate) fn names(part: Part) -> [String; 2] {
    let part = match part {
        Part::Train => "train",
        Part::Test => "t10k",
    };
    ["images-idx3", "labels-idx1"].map(|kind| format!("{part}-{kind}-ubyte"))
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    [name.to_owned(), format!("{name}.gz")]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|path| path.is_file())
}

/// Where the length of the first axis stands.
const COUNT: u64 = 4;
/// What stands for elements of unsigned bytes.
const BYTES: u8 = 8;

/// The lengths of the axes, as many as one of `axes`, and the elements.
fn read(path: &Path, what: &str, axes: &[u8]) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    let mut source = Source::open(path, &format!("an IDX file of {what}"))?;
    let start = source.array::<4>("an IDX file's magic number")?;
    if start[..2] != [0, 0] || start[2] != BYTES || !axes.contains(&start[3]) {
        let one_of: Vec<String> =
            axes.iter().map(|axes| format!("{:#010x}", u32::from(BYTES) << 8 | u32::from(*axes))).collect();
        return Err(DataError::new(
            format!("the magic number {} of an IDX file of {what}", one_of.join(" or ")),
            format!("{:#010x}", u32::from_be_bytes(start)),
        )
        .of(path)
        .at(0));
    }
    let mut lengths = Vec::new();
    for _ in 0..start[3] {
        lengths.push(u32::from_be_bytes(source.array("the length of an axis")?) as usize);
    }
    let count = lengths.iter().try_fold(1usize, |count, &length| count.checked_mul(length));
    let count = count.filter(|count| *count > 0).ok_or_else(|| {
        DataError::new(format!("a shape of {what} that fits in memory"), format!("{lengths:?}"))
            .of(path)
            .at(COUNT)
    })?;
    let bytes = source.bytes(count, what)?;
    source.end()?;
    Ok((lengths, bytes))
}
