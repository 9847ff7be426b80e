use core::ops::Range;

use super::{Conv2d, Depthwise, conv, depthwise};
use crate::run::Run;
use crate::simd::{Cells, Grid, Parts};
use crate::slot::{Memory, Slot};
use crate::weights::PANEL;

/// A depthwise convolution with the convolutions around it, some rows at a time: what lies between them is never
/// stored as a whole. With a residual it is the inverted residual of MobileNetV2 (Sandler et al., 2018).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strips {
    /// The convolution before, if it takes part: one that is not transposed, nor pools or adds anything.
    pub first: Option<Conv2d>,
    /// The depthwise convolution. Of the tensors between the layers the slots give sizes alone; they lie in `scratch`.
    pub depthwise: Depthwise,
    /// The convolution after, of single pixels and without pooling.
    pub last: Conv2d,
    /// Rows of output at once.
    pub rows: usize,
    /// Scratch memory, of as many floats as [`scratch`](Self::scratch) says.
    pub scratch: Slot,
}

/// Parts of the rows, for any number of threads: what the windows of two parts share is computed twice.
const PARTS: usize = 4;

impl Strips {
    /// Floats of scratch memory for so many rows of output at once, with a first convolution or without.
    #[must_use]
    pub fn scratch(first: bool, depthwise: &Depthwise, rows: usize) -> usize {
        let [ring, strip] = between(depthwise, rows).map(|slot| slot.span().next_multiple_of(PANEL));
        strip + if first { ring } else { 0 }
    }

    /// Computes the layers.
    pub fn run(&self, run: &mut Run<'_>) {
        let team = run.team;
        let (level, weights, output) = (run.level, run.weights, self.last.output);
        let input = self.first.map_or(self.depthwise.input, |first| first.input);
        let residual = self.last.residual.unwrap_or(input);
        let ([input, residual], floats, scratch) =
            run.operands_and_scratch([&input, &residual], &output, &self.scratch);
        let Slot { height, width, channels, .. } = output;
        let pixels = Parts::new(0..height * width, self.rows * width, PARTS);
        let channels = Parts::new(0..channels, channels, 1);
        Grid::new(floats, &output, pixels, channels).each(team, scratch, |cells, scratch| {
            let conv = self.first.as_ref().unwrap_or(&self.last);
            let first = conv::Operands { conv, level, weights, input, residual, top: 0 };
            self.part(&first, cells, scratch);
        });
    }

    /// Computes some rows, with the operands of the first convolution.
    fn part(&self, operands: &conv::Operands<'_>, output: &mut Cells<'_>, scratch: &mut [f32]) {
        let Self { first, depthwise: layer, last, rows: most, .. } = self;
        let conv::Operands { level, weights, .. } = *operands;
        let [ring, strip] = between(layer, *most);
        let floats = if first.is_some() { ring.span().next_multiple_of(PANEL) } else { 0 };
        let (above, scratch) = scratch.split_at_mut(floats);
        let (all, mut next) = (output.rows(), 0);
        for start in all.clone().step_by(*most) {
            let rows = start..all.end.min(start + most);
            let (mut input, mut ring_rows) = (operands.input, layer.input.height);
            if first.is_some() {
                let windows = self.windows(&rows);
                next = operands.fill(&ring, above, next.max(windows.start), windows.end);
                (input, ring_rows) = (&*above, ring.height);
            }
            depthwise::Operands { layer, level, weights, input, ring: ring_rows }.compute(
                rows.clone(),
                start,
                &mut Cells::new(scratch, &strip),
            );
            conv::Operands { conv: last, input: scratch, top: start, ..*operands }.compute(rows, 0, output);
        }
    }

    /// The rows that the windows of these rows of output reach over; windows of later rows reach over none before.
    fn windows(&self, rows: &Range<usize>) -> Range<usize> {
        let Depthwise { input, rows: axis, .. } = &self.depthwise;
        let last = |row: usize| {
            let taps = axis.taps(row, input.height);
            taps.count.checked_sub(1).map(|steps| taps.first + steps * taps.step + 1)
        };
        let start = (rows.start * axis.stride).saturating_sub(axis.before);
        start..rows.clone().filter_map(last).max().unwrap_or(start)
    }
}

/// What of the tensors before and after a depthwise convolution is there at once for so many rows of output.
fn between(depthwise: &Depthwise, rows: usize) -> [Slot; 2] {
    let Depthwise { input, output, rows: axis, .. } = depthwise;
    let windows = (rows - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1;
    [(input, windows), (output, rows)].map(|(slot, rows)| Slot {
        memory: Memory::Arena,
        offset: 0,
        height: rows.min(slot.height),
        ..*slot
    })
}
