//! What a network learns from: examples, read from files once and kept in memory.
//!
//! | data | opened by |
//! |---|---|
//! | MNIST's IDX files, packed by gzip or not | [`idx::open`], [`idx::open_folder`] |
//! | a folder of images for each class | [`folder::open`] |
//! | images and masks of the same names | [`pairs::open`] |
//! | NumPy's `.npz`, or two `.npy` | [`numpy::open`], [`numpy::open_two`] |
//! | numbers in memory | [`Arrays::new`] |
//! | any of these files | [`open`] |
//!
//! All give [`Arrays`]. [`split`] takes a part away for validation, [`Augmented`] changes images as they are read, and
//! [`order`] shuffles. Everything that can be wrong with data is found when it is opened, so that reading an example
//! cannot fail.
//!
//! ```
//! use convolve_train::data::{Arrays, Augmentation, Augmented, Dataset, order, split};
//!
//! // Ten images of 2×2 grey pixels, and their classes.
//! let data = Arrays::new(vec![0.5; 40], vec![0.0; 10], [2, 2, 1])?;
//! let (train, validation) = split(&data, 0.2)?;
//! let train = Augmented::new(train, Augmentation { flip: [false, true], ..Augmentation::default() })?;
//! assert_eq!((train.len(), validation.len()), (8, 2));
//!
//! let (mut image, mut class) = ([0.0; 4], [0.0]);
//! let (seed, epoch) = (1, 0);
//! for index in order(train.len(), seed, epoch) {
//!     train.read(index, epoch as u64, &mut image, &mut class);
//! }
//! # Ok::<(), convolve_train::data::DataError>(())
//! ```

mod arrays;
mod augment;
mod error;
pub mod folder;
pub mod idx;
pub mod npy;
pub mod numpy;
mod open;
pub mod pairs;
mod picture;
mod source;
mod subset;
mod values;
mod warp;

use core::ops::Deref;
use std::collections::BTreeMap;

pub use arrays::Arrays;
pub use augment::{Augmentation, Augmented};
pub use error::DataError;
pub use open::open;
pub use subset::{Subset, order, split};

/// Examples to learn from: of each an input, and the target that a network should give for it.
///
/// An input is an image in the order NHWC, or a vector as an image of one pixel. A target is one class index for a label,
/// one for each pixel for a mask of classes, or any values.
pub trait Dataset: Sync {
    /// How many examples there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Height, width and channels of an input; a vector of `n` is `[1, 1, n]`.
    fn input_shape(&self) -> [usize; 3];

    /// Floats of a target.
    fn target_len(&self) -> usize;

    /// Writes example `index`. `key` chooses the random numbers of augmentation, and should differ from epoch to epoch;
    /// data without any ignores it. The index counts as well, so that one key serves a whole epoch. Equal arguments give equal bits, on any thread.
    ///
    /// # Panics
    /// If there is no such example, or the slices are not as long as an input and a target.
    fn read(&self, index: usize, key: u64, input: &mut [f32], target: &mut [f32]);
}

/// What points to a data set is one.
impl<P: Deref<Target: Dataset> + Sync> Dataset for P {
    fn len(&self) -> usize {
        (**self).len()
    }
    fn input_shape(&self) -> [usize; 3] {
        (**self).input_shape()
    }
    fn target_len(&self) -> usize {
        (**self).target_len()
    }
    fn read(&self, index: usize, key: u64, input: &mut [f32], target: &mut [f32]) {
        (**self).read(index, key, input, target);
    }
}

/// Which part of a data set that comes in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is learned from.
    Train,
    /// What shows how well, and is never learned from.
    Test,
}

impl Part {
    /// `train` or `test`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

/// How often each class occurs among the targets, in examples, or in pixels where targets are masks; none if a target
/// holds something other than class indices. The last key tells how many outputs a network needs.
#[must_use]
pub fn class_counts(data: &dyn Dataset) -> Option<BTreeMap<usize, usize>> {
    let mut input = vec![0.0; data.input_shape().iter().product()];
    let mut target = vec![0.0; data.target_len()];
    let mut counts = BTreeMap::new();
    for index in 0..data.len() {
        data.read(index, 0, &mut input, &mut target);
        for &value in &target {
            // From here on float32 skips whole numbers.
            if value.fract() != 0.0 || !(0.0..16_777_216.0).contains(&value) {
                return None;
            }
            *counts.entry(value as usize).or_default() += 1;
        }
    }
    Some(counts)
}
