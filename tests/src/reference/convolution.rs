//! Convolution and its transpose.

use super::Array;

/// How a window lies over the input; pairs are vertical, horizontal.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Taps.
    pub kernel: [usize; 2],
    /// Cells from one window to the next.
    pub stride: [usize; 2],
    /// Cells from one tap to the next.
    pub dilation: [usize; 2],
    /// Cells added at top, bottom, left, right.
    pub padding: [usize; 4],
}

impl Window {
    /// A window of these taps, with stride and dilation 1 and no padding.
    #[must_use]
    pub const fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1; 2], dilation: [1; 2], padding: [0; 4] }
    }

    /// The input row and column under a tap (i, j) of the window at (y, x).
    pub(super) fn cell(&self, [y, x]: [usize; 2], [i, j]: [usize; 2]) -> (isize, isize) {
        let [top, _, left, _] = self.padding;
        (
            (y * self.stride[0] + i * self.dilation[0]) as isize - top as isize,
            (x * self.stride[1] + j * self.dilation[1]) as isize - left as isize,
        )
    }

    /// Cells from the first tap to the last, vertically and horizontally.
    fn extent(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.dilation[axis] * (self.kernel[axis] - 1) + 1)
    }
}

/// Convolution over zero padding, with weights [filters, channels / groups, kernel height, kernel width].
///
/// A depthwise convolution has as many groups as channels.
#[must_use]
pub fn conv2d(x: &Array, weight: &[f64], bias: Option<&[f64]>, window: &Window, groups: usize) -> Array {
    let [rows, columns] = window.kernel;
    let [top, bottom, left, right] = window.padding;
    let inputs = x.channels / groups;
    let filters = weight.len() / (inputs * rows * columns);
    let [tall, wide] = window.extent();
    let height = (x.height + top + bottom - tall) / window.stride[0] + 1;
    let width = (x.width + left + right - wide) / window.stride[1] + 1;
    Array::from_fn([height, width, filters], |oy, ox, filter| {
        let group = filter / (filters / groups);
        let mut sum = bias.map_or(0.0, |bias| bias[filter]);
        for input in 0..inputs {
            for i in 0..rows {
                for j in 0..columns {
                    let (y, x_) = window.cell([oy, ox], [i, j]);
                    let value = x.get(y, x_, group * inputs + input).unwrap_or(0.0);
                    sum += value * weight[((filter * inputs + input) * rows + i) * columns + j];
                }
            }
        }
        sum
    })
}

/// Transposed convolution, with weights [channels, filters / groups, kernel height, kernel width]: every input
/// cell adds its kernel to the output at stride times its place, and the padding is cut off.
#[must_use]
pub fn conv2d_transpose(
    x: &Array,
    weight: &[f64],
    bias: Option<&[f64]>,
    window: &Window,
    output_padding: [usize; 2],
    groups: usize,
) -> Array {
    let [rows, columns] = window.kernel;
    let [top, bottom, left, right] = window.padding;
    let per_group = weight.len() / (x.channels * rows * columns);
    let [tall, wide] = window.extent();
    let height = (x.height - 1) * window.stride[0] + tall + output_padding[0] - top - bottom;
    let width = (x.width - 1) * window.stride[1] + wide + output_padding[1] - left - right;
    Array::from_fn([height, width, per_group * groups], |oy, ox, filter| {
        let mut sum = bias.map_or(0.0, |bias| bias[filter]);
        for iy in 0..x.height {
            for ix in 0..x.width {
                for i in 0..rows {
                    for j in 0..columns {
                        if window.cell([iy, ix], [i, j]) != (oy as isize, ox as isize) {
                            continue;
                        }
                        for input in 0..x.channels {
                            if input / (x.channels / groups) == filter / per_group {
                                let tap = (input * per_group + filter % per_group) * rows + i;
                                sum += x.at(iy, ix, input) * weight[tap * columns + j];
                            }
                        }
                    }
                }
            }
        }
        sum
    })
}
