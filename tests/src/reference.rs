//! Every layer once more, as plain loops in f64, for tests to compare with.
//!
//! Nothing here is shared with the runtime or the compiler, and nothing is clever: each function is the
//! layer's definition written down. The functions take explicit parameters (padding already worked out,
//! weights in PyTorch's order) and panic where those do not fit together.

mod convolution;
mod norm;
mod pointwise;
mod pooling;
mod rearrange;
#[cfg(test)]
mod tests;

pub use convolution::{Window, conv2d, conv2d_transpose};
pub use norm::{batch_norm, group_norm, layer_norm};
pub use pointwise::{activation, binary, dense, log_softmax, prelu, softmax};
pub use pooling::{Pool, adaptive_pool2d, pool2d};
pub use rearrange::{
    Order, Padding, bilinear, concat, crop, depth_to_space, nearest, pad, reshape, space_to_depth, subsample,
};

/// An image, height × width × channels; a vector is one pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Numbers a pixel.
    pub channels: usize,
    /// The numbers, channels fastest, then columns.
    pub data: Vec<f64>,
}

impl Array {
    /// The array whose cell (row, column, channel) is what `cell` gives for it.
    #[must_use]
    pub fn from_fn(
        [height, width, channels]: [usize; 3],
        mut cell: impl FnMut(usize, usize, usize) -> f64,
    ) -> Self {
        let mut data = Vec::with_capacity(height * width * channels);
        for y in 0..height {
            for x in 0..width {
                for c in 0..channels {
                    data.push(cell(y, x, c));
                }
            }
        }
        Self { height, width, channels, data }
    }

    /// Height, width and channels.
    #[must_use]
    pub const fn shape(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }

    /// The cell at a row, a column and a channel.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn at(&self, y: usize, x: usize, c: usize) -> f64 {
        self.get(y as isize, x as isize, c).expect("a cell inside the array")
    }

    /// The cell at a row, a column and a channel, or `None` outside the image.
    #[must_use]
    pub fn get(&self, y: isize, x: isize, c: usize) -> Option<f64> {
        let y = usize::try_from(y).ok().filter(|&y| y < self.height)?;
        let x = usize::try_from(x).ok().filter(|&x| x < self.width)?;
        self.data.get((y * self.width + x) * self.channels + c).copied().filter(|_| c < self.channels)
    }

    /// The array of `function` of every cell.
    #[must_use]
    pub fn map(&self, function: impl Fn(f64) -> f64) -> Self {
        Self::from_fn(self.shape(), |y, x, c| function(self.at(y, x, c)))
    }
}
