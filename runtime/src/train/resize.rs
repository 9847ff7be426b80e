use super::Pass;
use super::rows::clear;
use crate::kernels::ResizeMode;
use crate::kernels::rows::{load, store, zip_in_place};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// The gradient of [`Resize`](crate::kernels::Resize): each cell's is the sum of those that took from it, by their shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizeGradient {
    /// Gradient of the enlarged tensor.
    pub gradient: Slot,
    /// The tensor written: the gradient of the input.
    pub output: Slot,
    /// The interpolation.
    pub mode: ResizeMode,
}

impl ResizeGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let level = pass.run.level;
        let ([gradient], output) = pass.run.operands([&self.gradient], &self.output);
        level.dispatch(Map { kernel: self, gradient, output });
    }
}

struct Map<'a> {
    kernel: &'a ResizeGradient,
    gradient: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        if self.kernel.mode == ResizeMode::Nearest { self.nearest(s) } else { self.bilinear(s) }
    }
}

impl Map<'_> {
    /// Sums the square of each cell.
    #[inline(always)]
    fn nearest<S: Simd>(self, s: S) {
        let Slot { height, width, channels, pitch, .. } = self.kernel.output;
        let large = &self.kernel.gradient;
        let (down, across) = (large.height / height, large.width / width);
        for (y, row) in self.output.chunks_mut(width * pitch).enumerate() {
            for (x, pixel) in row.chunks_mut(pitch).enumerate() {
                let square = (y * down * large.width + x * across) * large.pitch;
                for (index, lanes) in pixel[..channels].chunks_mut(S::LANES).enumerate() {
                    let first = square + index * S::LANES;
                    let mut sum = s.splat(0.0);
                    for row in 0..down {
                        for column in 0..across {
                            let at = first + (row * large.width + column) * large.pitch;
                            sum = s.add(sum, load(s, &self.gradient[at..][..lanes.len()]));
                        }
                    }
                    store(s, sum, lanes);
                }
            }
        }
    }

    /// Hands the gradient of each enlarged cell to the four that it lies between.
    #[inline(always)]
    fn bilinear<S: Simd>(self, s: S) {
        let Slot { height, width, channels, pitch, .. } = self.kernel.output;
        let large = &self.kernel.gradient;
        clear(self.output, channels, pitch);
        for y in 0..large.height {
            let rows = self.kernel.mode.between(y, height, large.height);
            for x in 0..large.width {
                let columns = self.kernel.mode.between(x, width, large.width);
                let pixel = &self.gradient[(y * large.width + x) * large.pitch..][..channels];
                for (row, down) in rows.cells.into_iter().zip([1.0 - rows.share, rows.share]) {
                    for (column, across) in
                        columns.cells.into_iter().zip([1.0 - columns.share, columns.share])
                    {
                        let share = s.splat(down * across);
                        let to = &mut self.output[(row * width + column) * pitch..][..channels];
                        zip_in_place(s, to, pixel, |sum, g| s.mul_add(g, share, sum));
                    }
                }
            }
        }
    }
}
