use super::Pass;
use super::pool::Cells;
use crate::kernels::rows::{load, store};
use crate::kernels::{Activation, Windows};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// [`Pool`](crate::kernels::Pool) of the largest cells, which notes which they were: so the way back does without the tensor
/// that was pooled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written.
    pub output: Slot,
    /// Which cell of its window inside the input each result is, counted row by row, the first if several are equal
    /// (PyTorch's choice); infinity for one that `activation` takes no gradient to. Of the output's shape.
    pub choice: Slot,
    /// The windows.
    pub windows: Windows,
    /// What made `input`: a function that limits, or `Linear`. The gradient is then that of what it was given.
    pub activation: Activation,
}

impl MaxPool {
    /// Computes the layer for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let level = pass.run.level;
        let limits = self.activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
        let ([input], output, choices) =
            pass.run.operands_and_scratch([&self.input], &self.output, &self.choice);
        level.dispatch(Map { kernel: self, limits, input, output, choices });
    }
}

struct Map<'a> {
    kernel: &'a MaxPool,
    limits: [f32; 2],
    input: &'a [f32],
    output: &'a mut [f32],
    choices: &'a mut [f32],
}

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let MaxPool { input, output, choice, windows, .. } = self.kernel;
        let Slot { height: rows, width: columns, channels, .. } = *output;
        for y in 0..rows {
            let down = windows.rows(y, input.height, rows);
            for x in 0..columns {
                let across = windows.columns(x, input.width, columns);
                let cells = Cells::new([down, across], input.width, input.pitch);
                let pixel = y * columns + x;
                let result = &mut self.output[pixel * output.pitch..][..channels];
                let choices = &mut self.choices[pixel * choice.pitch..][..channels];
                let vectors = result.chunks_mut(S::LANES).zip(choices.chunks_mut(S::LANES));
                for (index, (result, choice)) in vectors.enumerate() {
                    let window = Window {
                        cells: &cells,
                        input: self.input,
                        channel: index * S::LANES,
                        lanes: result.len(),
                    };
                    // The commonest window without a loop.
                    let counts = [down.count, across.count];
                    let counts = if counts == [2, 2] { [2, 2] } else { counts };
                    let [top, chosen] = window.largest(s, counts, self.limits);
                    store(s, top, result);
                    store(s, chosen, choice);
                }
            }
        }
    }
}

/// Some channels of the cells of a window.
struct Window<'a> {
    cells: &'a Cells,
    input: &'a [f32],
    channel: usize,
    lanes: usize,
}

impl Window<'_> {
    /// The largest of so many rows and columns of cells, and which it is.
    #[inline(always)]
    fn largest<S: Simd>(&self, s: S, [rows, columns]: [usize; 2], [low, high]: [f32; 2]) -> [S::V; 2] {
        let (mut top, mut choice) = (s.splat(f32::NEG_INFINITY), s.splat(0.0));
        for row in 0..rows {
            for column in 0..columns {
                let x = load(s, &self.input[self.cells.at(row, column) + self.channel..][..self.lanes]);
                let index = s.splat((row * columns + column) as f32);
                choice = s.select(s.lt(top, x), index, choice);
                top = s.maximum(top, x);
            }
        }
        let nothing = s.splat(f32::INFINITY);
        let below = s.select(s.lt(top, s.splat(high)), choice, nothing);
        [top, s.select(s.lt(s.splat(low), top), below, nothing)]
    }
}
