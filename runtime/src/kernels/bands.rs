//! Which output cells of an axis sum the same taps.

use core::array::from_fn;
use core::ops::Range;

use crate::geometry::Axis;
use crate::simd::Reads;

/// Rows of output to compute before all weights are read again, if each needs so many `floats` of input: half of a small
/// second-level cache, the other half of which is for the weights.
pub(super) fn rows_at_once(floats: usize) -> usize {
    const CACHE: usize = 64 * 1024;
    (CACHE / floats.max(1)).max(1)
}

/// How output cells of an axis map to input cells.
#[derive(Clone, Copy)]
pub(super) enum Along {
    /// Window after window over the input, each cell of which is repeated so often.
    Forward { repeat: usize },
    /// The reverse of a convolution.
    Transposed,
}

/// Output cells `start, start + step, …` that all have the same valid taps: every other tap falls into the padding,
/// or between the cells of a transposed convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub start: usize,
    pub step: usize,
    pub count: usize,
    /// First tap.
    tap: usize,
    /// From one tap to the next.
    tap_step: usize,
    /// Number of taps.
    taps: usize,
    /// Input cell of the first tap for the first output cell; it and the next two in units of `1 / repeat` cells.
    from: usize,
    /// From one tap's input cell to the next one's.
    delta: isize,
    /// From one output cell's input cells to the next one's.
    advance: usize,
    repeat: usize,
}

impl Band {
    /// The cells inside `range`.
    pub(super) fn within(self, range: &Range<usize>) -> Option<Self> {
        let below = |end: usize| steps(end.saturating_sub(self.start), self.step).min(self.count);
        let (first, end) = (below(range.start), below(range.end));
        (first < end).then(|| Self {
            start: self.start + first * self.step,
            count: end - first,
            from: self.from + first * self.advance,
            ..self
        })
    }

    /// On an input without its first `top` cells, none of which a tap reads.
    pub(super) fn without(self, top: usize) -> Self {
        Self { from: self.from.saturating_sub(top * self.repeat), ..self }
    }

    /// Input cells from one output cell's window to the next one's.
    pub(super) fn advance(&self) -> usize {
        if self.repeat == 1 { self.advance } else { self.advance / self.repeat }
    }

    /// The taps, with `pitch` floats from one input cell to the next and `weights` from one tap to the next.
    pub(super) fn taps(&self, pitch: usize, weights: usize) -> Reads {
        let weights = [self.tap * weights, self.tap_step * weights];
        Reads::new(self.taps, [self.from, self.repeat], self.delta, pitch, weights)
    }
}

/// The bands of an axis; every output cell is in one of them.
#[derive(Clone)]
pub(super) struct Bands<'a> {
    axis: &'a Axis,
    along: Along,
    input: usize,
    output: usize,
    /// Cells `phase, phase + step, …` have input cells at equal distances.
    phase: usize,
    /// Next of the phase's cells.
    cell: usize,
}

impl<'a> Bands<'a> {
    pub(super) fn new(axis: &'a Axis, along: Along, input: usize, output: usize) -> Self {
        Self { axis, along, input, output, phase: 0, cell: 0 }
    }

    /// Distance of the cells of a phase.
    fn step(&self) -> usize {
        match self.along {
            Along::Forward { repeat: 1 } => 1,
            Along::Forward { repeat } => repeat / gcd(self.axis.stride, repeat),
            Along::Transposed => self.axis.stride,
        }
    }

    /// The cells `start, start + step, …`, with all taps, the first cell's from input cell 0 on.
    #[inline]
    fn cells(&self, start: usize, step: usize) -> Band {
        let Axis { kernel, stride, dilation, .. } = *self.axis;
        Band {
            start,
            step,
            count: steps(self.output - start, step),
            tap: 0,
            tap_step: 1,
            taps: kernel,
            from: 0,
            delta: dilation as isize,
            advance: step * stride,
            repeat: 1,
        }
    }

    /// All cells, if no tap of any falls outside the input.
    #[inline]
    pub(super) fn whole(&self) -> Option<Band> {
        let Axis { kernel, stride, dilation, before, .. } = *self.axis;
        let Along::Forward { repeat: 1 } = self.along else { return None };
        let last = self.output.checked_sub(1)?;
        let is_inside = before == 0 && last * stride + (kernel - 1) * dilation < self.input;
        is_inside.then(|| self.cells(0, 1))
    }

    /// All cells of the phase, as if no tap fell outside the input; and the input cell of the first tap of the
    /// first one, which may be one of those outside.
    fn phase(&self) -> (Band, isize) {
        let Axis { kernel, stride, dilation, before, .. } = *self.axis;
        let (start, step) = (self.phase, self.step());
        let band = self.cells(start, step);
        match self.along {
            Along::Forward { repeat } => {
                (Band { repeat, ..band }, (start * stride) as isize - before as isize)
            }
            Along::Transposed => {
                // Input `(start + before − tap · dilation) / stride` must be whole; it is again so after `tap_step`
                // taps.
                let tap_step = stride / gcd(stride, dilation);
                let reach = |tap: usize| (start + before) as isize - (tap * dilation) as isize;
                let tap = (0..tap_step.min(kernel)).find(|&tap| reach(tap) % stride as isize == 0);
                let (tap, taps) = tap.map_or((0, 0), |tap| (tap, (kernel - tap).div_ceil(tap_step)));
                let delta = -((tap_step * dilation / stride) as isize);
                (
                    Band { tap, tap_step, taps, delta, advance: 1, ..band },
                    reach(tap).div_euclid(stride as isize),
                )
            }
        }
    }

    /// The next band where there may be several.
    fn part(&mut self) -> Option<Band> {
        let (phase, first_cell) = loop {
            if self.phase >= self.step().min(self.output) {
                return None;
            }
            let (phase, cell) = self.phase();
            if self.cell < phase.count {
                break (phase, cell);
            }
            self.phase += 1;
            self.cell = 0;
        };
        let limit = (self.input * phase.repeat) as isize;
        let origin = first_cell + (self.cell * phase.advance) as isize;
        // Valid taps are neighbours; the band lasts until one more becomes valid or one ceases to be.
        let (mut first, mut taps, mut count) = (0, 0, phase.count - self.cell);
        for tap in 0..phase.taps {
            let at = origin + tap as isize * phase.delta;
            let cells = if at < 0 {
                steps(at.unsigned_abs(), phase.advance)
            } else if at < limit {
                if taps == 0 {
                    first = tap;
                }
                taps += 1;
                steps((limit - at).unsigned_abs(), phase.advance)
            } else {
                continue;
            };
            count = count.min(cells);
        }
        let band = Band {
            start: phase.start + self.cell * phase.step,
            count,
            tap: phase.tap + first * phase.tap_step,
            taps,
            from: (origin + first as isize * phase.delta).max(0).unsigned_abs(),
            ..phase
        };
        self.cell += count;
        Some(band)
    }
}

impl Iterator for Bands<'_> {
    type Item = Band;

    #[inline]
    fn next(&mut self) -> Option<Band> {
        // Most convolutions look at single cells, and what comes before a line shows where lines are short.
        if self.phase == 0
            && self.cell == 0
            && let Some(band) = self.whole()
        {
            self.phase = 1;
            return Some(band);
        }
        self.part()
    }
}

/// Cells at equal distances.
#[derive(Clone, Copy)]
pub(super) struct Walk<const N: usize> {
    pub count: usize,
    /// Floats from one cell to the next in each of some tensors.
    pub steps: [usize; N],
}

/// The pixels where two bands cross, as parallel lines.
#[derive(Clone, Copy)]
pub(super) struct Lines<const N: usize> {
    /// From line to line.
    pub outer: Walk<N>,
    /// Along a line.
    pub inner: Walk<N>,
}

impl<const N: usize> Lines<N> {
    /// The lines that tiles of at most `most` pixels cover best: along the rows, along the columns, or all pixels as
    /// one. The first of the tensors is the input, the others are like the output; `widths` are their pixels in a row,
    /// `pitches` their floats from one pixel to the next.
    pub(super) fn new(
        row: &Band,
        column: &Band,
        widths: [usize; N],
        pitches: [usize; N],
        most: usize,
    ) -> Self {
        let cells = |band: &Band, tensor: usize| if tensor == 0 { band.advance() } else { band.step };
        let across = Walk { count: column.count, steps: from_fn(|n| cells(column, n) * pitches[n]) };
        let down = Walk { count: row.count, steps: from_fn(|n| cells(row, n) * widths[n] * pitches[n]) };
        let tiles = |outer: &Walk<N>, inner: &Walk<N>| outer.count * inner.count.div_ceil(most);
        if across.steps.map(|step| step * across.count) == down.steps {
            let (inner, outer) =
                (Walk { count: across.count * down.count, ..across }, Walk { count: 1, ..down });
            Self { outer, inner }
        } else if tiles(&across, &down) < tiles(&down, &across) {
            Self { outer: across, inner: down }
        } else {
            Self { outer: down, inner: across }
        }
    }
}

/// Steps that reach over so many cells. Most are of one cell, and divisions show in small layers.
const fn steps(cells: usize, step: usize) -> usize {
    if step == 1 { cells } else { cells.div_ceil(step) }
}

const fn gcd(a: usize, b: usize) -> usize {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
