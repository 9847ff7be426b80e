use super::Pass;
use super::pool::Cells;
use crate::kernels::rows::load;
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
                let window = Window { cells: &cells, counts: [down.count, across.count], input: self.input };
                let whole = channels / S::LANES * S::LANES;
                for channel in (0..whole).step_by(S::LANES) {
                    let [top, chosen] = window.largest(s, channel, S::LANES, self.limits);
                    s.store(top, &mut result[channel..]);
                    s.store(chosen, &mut choices[channel..]);
                }
                if whole < channels {
                    let [top, chosen] = window.largest(s, whole, channels - whole, self.limits);
                    s.store_partial(top, &mut result[whole..]);
                    s.store_partial(chosen, &mut choices[whole..]);
                }
            }
        }
    }
}

/// The cells of a window.
struct Window<'a> {
    cells: &'a Cells,
    /// Rows and columns of them.
    counts: [usize; 2],
    input: &'a [f32],
}

impl Window<'_> {
    /// The largest cells of some channels, and which they are.
    #[inline(always)]
    fn largest<S: Simd>(&self, s: S, channel: usize, lanes: usize, [low, high]: [f32; 2]) -> [S::V; 2] {
        let [mut top, mut choice] = [s.splat(f32::NEG_INFINITY), s.splat(0.0)];
        // A macro, because nothing makes the compiler inline a closure.
        macro_rules! read {
            ($row:expr, $column:expr) => {
                load(s, &self.input[self.cells.at($row, $column) + channel..][..lanes])
            };
        }
        if self.counts == [2, 2] {
            // The commonest window, whose loop is unrolled.
            top = read!(0, 0);
            for (index, x) in [(1.0, read!(0, 1)), (2.0, read!(1, 0)), (3.0, read!(1, 1))] {
                choice = s.select(s.lt(top, x), s.splat(index), choice);
                top = s.maximum(top, x);
            }
        } else {
            let [rows, columns] = self.counts;
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                let (index, x) = ((row * columns + column) as f32, read!(row, column));
                choice = s.select(s.lt(top, x), s.splat(index), choice);
                top = s.maximum(top, x);
            }
        }
        let nothing = s.splat(f32::INFINITY);
        let below = s.select(s.lt(top, s.splat(high)), choice, nothing);
        [top, s.select(s.lt(s.splat(low), top), below, nothing)]
    }
}
