use core::ops::Range;

use super::{Conv2d, Depthwise, Sampling, conv, depthwise};
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{Cells, Grid, Parts};
use crate::slot::{Memory, Slot};
use crate::team::Team;
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

/// Most parts of the rows: what the windows of two parts share is computed twice.
const PARTS: usize = 4;

impl Strips {
    /// Fewest pixels of a row: the register tiles of shorter ones depend on the number of rows, and with them the order of
    /// sums.
    pub const WIDTH: usize = 14;
    /// Most seams between the rows of two threads.
    pub const SEAMS: usize = PARTS - 1;

    /// Floats of scratch memory for so many rows of output at once, with a first convolution or without.
    #[must_use]
    pub fn scratch(first: bool, depthwise: &Depthwise, rows: usize) -> usize {
        let [_, strip] = between(depthwise, rows);
        ring(first, depthwise, rows) + strip.span().next_multiple_of(PANEL)
    }

    /// Computes the layers.
    pub fn run(&self, run: &mut Run<'_>) {
        let team = run.team;
        let (level, weights, output) = (run.level, run.weights, self.last.output);
        let input = self.first.map_or(self.depthwise.input, |first| first.input);
        let residual = self.last.residual.unwrap_or(input);
        let ([input, residual], floats, scratch) =
            run.operands_and_scratch([&input, &residual], &output, &self.scratch);
        let count = count(team, self.first.as_ref(), &self.depthwise);
        let [pixels, channels] = parts(&output, self.rows, count);
        Grid::new(floats, &output, pixels, channels).each(team, scratch, |cells, scratch| {
            let last = conv::Operands { conv: &self.last, level, weights, input, residual, top: 0 };
            self.part(&last, cells, scratch);
        });
    }

    /// Computes some rows, with the operands of the last convolution, but for the input, which is that of the first one.
    fn part(&self, last: &conv::Operands<'_>, output: &mut Cells<'_>, scratch: &mut [f32]) {
        let [_, strip] = between(&self.depthwise, self.rows);
        let (ring, scratch) = scratch.split_at_mut(ring(self.first.is_some(), &self.depthwise, self.rows));
        let first = self.first.as_ref().map(|conv| conv::Operands { conv, ..*last });
        let &conv::Operands { level, weights, input, .. } = last;
        let depthwise = self.depthwise.operands(level, weights, input);
        let mut upper = Upper::new(first, depthwise, self.rows, ring);
        let all = output.rows();
        for start in all.clone().step_by(self.rows) {
            let rows = start..all.end.min(start + self.rows);
            upper.compute(rows.clone(), start, &mut Cells::new(scratch, &strip));
            conv::Operands { input: scratch, top: start, ..*last }.compute(rows, 0, output);
        }
    }
}

/// Into how many parts the rows are split: for each thread one, where sums are the same in any parts.
pub(super) fn count(team: &Team, first: Option<&Conv2d>, depthwise: &Depthwise) -> usize {
    let is_point =
        |conv: &Conv2d| [conv.rows, conv.columns] == [Axis::POINT; 2] && conv.sampling == Sampling::Direct;
    let is_long = depthwise.input.width.min(depthwise.output.width) >= Strips::WIDTH;
    if is_long && first.is_none_or(is_point) { team.count().min(PARTS) } else { PARTS }
}

/// So many parts of the rows of a tensor of which so many are computed at once.
pub(super) fn parts(output: &Slot, rows: usize, count: usize) -> [Parts; 2] {
    let Slot { height, width, channels, .. } = *output;
    [Parts::new(0..height * width, rows * width, count), Parts::new(0..channels, channels, 1)]
}

/// A depthwise convolution, with the convolution before it if there is one, whose rows lie in a ring.
pub(super) struct Upper<'a> {
    first: Option<conv::Operands<'a>>,
    /// The depthwise convolution of the input itself.
    depthwise: depthwise::Operands<'a>,
    ring: Slot,
    floats: &'a mut [f32],
    /// The row after the last that is in the ring.
    next: usize,
}

impl<'a> Upper<'a> {
    /// For so many rows at once.
    pub(super) fn new(
        first: Option<conv::Operands<'a>>,
        depthwise: depthwise::Operands<'a>,
        rows: usize,
        floats: &'a mut [f32],
    ) -> Self {
        let [ring, _] = between(depthwise.layer, rows);
        Self { first, depthwise, ring, floats, next: 0 }
    }

    /// Computes some rows, which come after those computed before, into cells that have row `shift` as their first.
    pub(super) fn compute(&mut self, rows: Range<usize>, shift: usize, cells: &mut Cells<'_>) {
        let Some(first) = &self.first else { return self.depthwise.compute(rows, shift, cells) };
        let windows = windows(self.depthwise.layer, &rows);
        self.next = first.fill(&self.ring, self.floats, self.next.max(windows.start), windows.end);
        let ring = depthwise::Operands { input: self.floats, ring: self.ring.height, ..self.depthwise };
        ring.compute(rows, shift, cells);
    }
}

/// The rows that the windows of these rows of output reach over; windows of later rows reach over none before.
fn windows(depthwise: &Depthwise, rows: &Range<usize>) -> Range<usize> {
    let Depthwise { input, rows: axis, .. } = depthwise;
    let last = |row: usize| {
        let taps = axis.taps(row, input.height);
        taps.count.checked_sub(1).map(|steps| taps.first + steps * taps.step + 1)
    };
    let start = (rows.start * axis.stride).saturating_sub(axis.before);
    start..rows.clone().filter_map(last).max().unwrap_or(start)
}

/// Floats of the ring for the rows of a first convolution, if there is one.
pub(super) fn ring(first: bool, depthwise: &Depthwise, rows: usize) -> usize {
    let [ring, _] = between(depthwise, rows);
    if first { ring.span().next_multiple_of(PANEL) } else { 0 }
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
