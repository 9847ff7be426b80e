use super::conv::Operands;
use super::strips::{Upper, count, parts, ring};
use super::{Conv2d, Depthwise, Pool, PoolOp, Windows};
use crate::run::Run;
use crate::simd::{Cells, Grid, Level};
use crate::slot::Slot;
use crate::weights::PANEL;

/// A depthwise convolution and the mean of each channel of its result, with the convolution before it, some rows at a
/// time: the squeeze of squeeze-and-excitation (Hu et al., 2018), for which nothing is read again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Squeeze {
    /// The convolution before, if it takes part: one that is not transposed, nor pools or adds anything.
    pub first: Option<Conv2d>,
    /// The depthwise convolution. Of its input the slot gives the size alone, if there is a convolution before.
    pub depthwise: Depthwise,
    /// The means.
    pub mean: Slot,
    /// Rows of output at once.
    pub rows: usize,
    /// Scratch memory, of as many floats as [`scratch`](Self::scratch) says.
    pub scratch: Slot,
}

impl Squeeze {
    /// Floats of scratch memory for so many rows of output at once, with a first convolution or without.
    #[must_use]
    pub fn scratch(first: bool, depthwise: &Depthwise, rows: usize) -> usize {
        means(depthwise).len().next_multiple_of(PANEL) + ring(first, depthwise, rows)
    }

    /// Computes the layers.
    pub fn run(&self, run: &mut Run<'_>) {
        let Self { first, depthwise, mean, rows, scratch } = self;
        let (level, team, weights) = (run.level, run.team, run.weights);
        let input = first.map_or(depthwise.input, |first| first.input);
        let ([input], [output, mean], scratch) =
            run.operands_of_two([&input], [&depthwise.output, mean], scratch);
        let of_rows = means(depthwise);
        let (floats, scratch) = scratch.split_at_mut(of_rows.len().next_multiple_of(PANEL));
        let count = count(team, first.as_ref(), depthwise);
        let grid = |floats, slot: &Slot| {
            let [pixels, channels] = parts(slot, *rows, count);
            Grid::new(floats, slot, pixels, channels)
        };
        let (outputs, row_means) = (grid(output, &depthwise.output), grid(&mut *floats, &of_rows));
        outputs.each_of_two(row_means, team, scratch, |[cells, means], ring| {
            let all = cells.rows();
            let first =
                first.as_ref().map(|conv| Operands { conv, level, weights, input, residual: input, top: 0 });
            let mut upper = Upper::new(first, depthwise.operands(level, weights, input), *rows, ring);
            for start in all.clone().step_by(*rows) {
                let rows = start..all.end.min(start + rows);
                upper.compute(rows.clone(), 0, cells);
                rows.for_each(|y| row_mean(level, &depthwise.output, y, cells, means));
            }
        });
        average(level, &of_rows, floats, mean);
    }
}

/// Writes the mean of a row, which is still near, into the pixel of `means` that stands for it.
fn row_mean(level: Level, output: &Slot, y: usize, cells: &mut Cells<'_>, means: &mut Cells<'_>) {
    let row = Slot { height: 1, ..*output };
    cells.runs(y * row.width..(y + 1) * row.width, |floats| {
        means.runs(y..y + 1, |mean| average(level, &row, floats, mean));
    });
}

/// The mean of each channel of the tensor whose span is `floats`.
fn average(level: Level, slot: &Slot, floats: &[f32], mean: &mut [f32]) {
    let output = Slot::arena(0, [1, 1, slot.channels]);
    let pool = Pool { input: *slot, output, op: PoolOp::Average, windows: Windows::Adaptive };
    pool.row(level, pool.windows.rows(0, slot.height, 1), floats, mean);
}

/// The means of the rows of a depthwise convolution's result, a pixel each.
fn means(depthwise: &Depthwise) -> Slot {
    Slot::arena(0, [depthwise.output.height, 1, depthwise.output.channels])
}
