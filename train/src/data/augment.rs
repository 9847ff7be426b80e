use std::sync::{Mutex, PoisonError};

use convolve_runtime::random::{mix, normal};

use super::subset::below;
use super::warp::Warp;
use super::{DataError, Dataset};

/// What may happen to an image each time it is read. Pairs are of rows and columns. The default is nothing.
///
/// In this order: the image is flipped, shifted, rotated, cropped, and noise is added. Zeros come in where nothing is left
/// of it. A target with a number, or several, for each pixel moves with its image.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Whether half of the images are turned upside down, and half are mirrored left to right.
    pub flip: [bool; 2],
    /// Whole pixels by which an image shifts at most, up or down, and to either side.
    pub shift: [usize; 2],
    /// Degrees by which it rotates at most, in either direction. Its values lie between those of four pixels, those of a
    /// target are the nearest pixel's.
    pub rotate: f32,
    /// Pixels that are cut away: a window smaller by these, at a random place, is put in the middle of the frame.
    pub crop: [usize; 2],
    /// Standard deviation of the noise on each value. Values may leave the range that they had.
    pub noise: f32,
}

/// Examples that change each time they are read, as their index and the key of the reading say, and nothing else.
#[derive(Debug)]
pub struct Augmented<D> {
    data: D,
    augmentation: Augmentation,
    /// Where images and targets wait to be moved: as many buffers as threads have read at once.
    buffers: Mutex<Vec<Vec<f32>>>,
}

impl<D: Dataset> Augmented<D> {
    /// Changes the examples of `data`.
    ///
    /// # Errors
    /// If nothing would be left of an image, or a number is negative or not finite.
    pub fn new(data: D, augmentation: Augmentation) -> Result<Self, DataError> {
        let [height, width, _] = data.input_shape();
        let Augmentation { shift, rotate, crop, noise, .. } = augmentation;
        for (pixels, what) in [(shift, "a shift"), (crop, "a crop")] {
            if pixels[0] >= height || pixels[1] >= width {
                return Err(DataError::new(
                    format!("{what} that leaves something of images of {height}×{width}"),
                    format!("{}×{} pixels", pixels[0], pixels[1]),
                ));
            }
        }
        for (number, what) in [(rotate, "a rotation in degrees"), (noise, "a standard deviation of noise")] {
            if !(number.is_finite() && number >= 0.0) {
                return Err(DataError::new(format!("{what}, 0 or above"), number.to_string()));
            }
        }
        Ok(Self { data, augmentation, buffers: Mutex::default() })
    }
}

impl Augmentation {
    /// What happens under a key. Every choice has a number of its own, so that they do not depend on each other.
    fn warp(&self, key: u64) -> Warp {
        let draw = |choice: u64| mix(key ^ mix(choice));
        let shift = |choice, most: usize| below(draw(choice), 2 * most + 1) as isize - most as isize;
        // 24 bits are what float32 holds, from -1 to 1.
        let share = (draw(4) >> 40) as f32 / 8_388_608.0 - 1.0;
        Warp {
            flip: [self.flip[0] && draw(0) & 1 == 1, self.flip[1] && draw(1) & 1 == 1],
            shift: [shift(2, self.shift[0]), shift(3, self.shift[1])],
            rotate: self.rotate * share,
            crop: self.crop,
            window: [below(draw(5), self.crop[0] + 1), below(draw(6), self.crop[1] + 1)],
        }
    }

    /// Whether it leaves every pixel where it is.
    fn keeps_places(&self) -> bool {
        Self { noise: 0.0, ..*self } == Self::default()
    }
}

impl<D: Dataset> Dataset for Augmented<D> {
    fn len(&self) -> usize {
        self.data.len()
    }

    fn input_shape(&self) -> [usize; 3] {
        self.data.input_shape()
    }

    fn target_len(&self) -> usize {
        self.data.target_len()
    }

    fn read(&self, index: usize, key: u64, input: &mut [f32], target: &mut [f32]) {
        self.data.read(index, key, input, target);
        let key = mix(key ^ mix(index as u64));
        if !self.augmentation.keeps_places() {
            let shape @ [height, width, _] = self.data.input_shape();
            let warp = self.augmentation.warp(key);
            // A thread that panicked while it held the lock has left whole buffers.
            let buffers = || self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
            let mut buffer = buffers().pop().unwrap_or_default();
            let mut moved = |values: &mut [f32], run: &dyn Fn(&[f32], &mut [f32])| {
                buffer.clear();
                buffer.extend_from_slice(values);
                run(&buffer, values);
            };
            moved(input, &|from, to| warp.image(shape, from, to));
            let pixels = height * width;
            if pixels > 1 && target.len().is_multiple_of(pixels) {
                let shape = [height, width, target.len() / pixels];
                moved(target, &|from, to| warp.map(shape, from, to));
            }
            buffers().push(buffer);
        }
        if self.augmentation.noise > 0.0 {
            let key = mix(key ^ mix(7));
            for (element, value) in input.iter_mut().enumerate() {
                *value += self.augmentation.noise * normal(key, element as u64);
            }
        }
    }
}
