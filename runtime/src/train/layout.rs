use super::Pass;
use super::rows::clear;
use crate::kernels::PadMode;
use crate::kernels::rows::{copy_pixels, zip_in_place};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// The gradient of [`Copy`](crate::kernels::Copy), as cropping and subsampling: zeros where nothing was read.
///
/// A part of a concatenation has its gradient in the concatenation's, as a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyGradient {
    /// Gradient of the result.
    pub gradient: Slot,
    /// The tensor written: the gradient of the input.
    pub output: Slot,
    /// First row that was read.
    pub top: usize,
    /// First column that was read.
    pub left: usize,
    /// Rows and columns from one pixel read to the next.
    pub stride: [usize; 2],
}

/// The gradient of [`Pad`](crate::kernels::Pad): each cell's own, and those of the cells in the padding that repeat it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PadGradient {
    /// Gradient of the padded tensor.
    pub gradient: Slot,
    /// The tensor written: the gradient of the input.
    pub output: Slot,
    /// Rows above the input.
    pub top: usize,
    /// Columns left of the input.
    pub left: usize,
    /// What stands in the new cells.
    pub mode: PadMode,
}

impl CopyGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let ([gradient], output) = pass.run.operands([&self.gradient], &self.output);
        let Slot { height, width, pitch: from, .. } = self.gradient;
        let Slot { width: columns, channels, pitch: to, .. } = self.output;
        let [down, across] = self.stride;
        for (y, row) in output.chunks_mut(columns * to).enumerate() {
            clear(row, channels, to);
            let Some(below) = y.checked_sub(self.top) else { continue };
            if below.is_multiple_of(down) && below / down < height {
                let pixels = &gradient[below / down * width * from..];
                copy_pixels(pixels, from, &mut row[self.left * to..], across * to, width, channels);
            }
        }
    }
}

impl PadGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let level = pass.run.level;
        let ([gradient], output) = pass.run.operands([&self.gradient], &self.output);
        let Slot { width, channels, pitch, .. } = self.output;
        let from = self.gradient.pitch;
        for (y, row) in output.chunks_mut(width * pitch).enumerate() {
            let first = ((self.top + y) * self.gradient.width + self.left) * from;
            copy_pixels(&gradient[first..], from, row, pitch, width, channels);
        }
        if !matches!(self.mode, PadMode::Constant(_)) {
            level.dispatch(Border { kernel: self, gradient, output });
        }
    }
}

/// The cells of the padding.
struct Border<'a> {
    kernel: &'a PadGradient,
    gradient: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Border<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let PadGradient { gradient: padded, output: Slot { height, width, channels, pitch, .. }, .. } =
            *self.kernel;
        let PadGradient { top, left, mode, .. } = *self.kernel;
        for y in 0..padded.height {
            let inside = (top..top + height).contains(&y);
            for x in 0..padded.width {
                if inside && (left..left + width).contains(&x) {
                    continue;
                }
                let row = mode.source(y as isize - top as isize, height);
                let column = mode.source(x as isize - left as isize, width);
                if let (Some(row), Some(column)) = (row, column) {
                    let to = &mut self.output[(row * width + column) * pitch..][..channels];
                    let from = &self.gradient[(y * padded.width + x) * padded.pitch..][..channels];
                    zip_in_place(s, to, from, |a, b| s.add(a, b));
                }
            }
        }
    }
}
