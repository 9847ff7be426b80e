use core::ops::Range;

use super::bands::{Along, Band, Bands, Lines, rows_at_once};
use super::parts::parts;
use super::{Activation, Pool, unless_written};
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{Cells, Grid, Level, Line, Parts, Reads, Residual, Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

/// How output cells map to input cells, along both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Output `o`, tap `k` reads input `o · stride + k · dilation − before`.
    Direct,
    /// As `Direct` on the input enlarged by these factors (rows, columns) with nearest-neighbour
    /// repetition, which is read in place.
    Upsampled([usize; 2]),
    /// Output `o`, tap `k` reads input `(o + before − k · dilation) / stride` where that is whole.
    Transposed,
}

/// 2-D convolution on a register tile: direct, 1×1, strided, dilated, grouped, transposed.
///
/// `output = activation(bias + Σ weight · input + residual)`; cells outside the input are zero and
/// cost nothing. Weights lie at `weights`: first the biases, each group's output channels rounded
/// up to [`PANEL`](crate::weights::PANEL), then per group panels of `[outputs / 16][rows][columns][inputs][16]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv2d {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written; with `pool`, the pooled one.
    pub output: Slot,
    /// A tensor of the convolution's output shape to add before the activation.
    pub residual: Option<Slot>,
    /// The window along the rows.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// How output cells map to input cells.
    pub sampling: Sampling,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// First float of bias and panels in the packed weights.
    pub weights: usize,
    /// Applied last, before pooling.
    pub activation: Activation,
    /// A pooling of the result, of a convolution that is not transposed. Its `input` is scratch, a ring for
    /// the rows of one pooled row or of some (its height the pooling's extent or more), its `output` equals this kernel's.
    pub pool: Option<Pool>,
}

impl Conv2d {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, team, weights) = (run.level, run.team, run.weights);
        let inputs = [&self.input, &unless_written(self.residual, &self.output).unwrap_or(self.input)];
        let [pixels, channels] = self.parts();
        let operands = |input, residual| Operands { conv: self, level, weights, input, residual, top: 0 };
        let Some(pool) = &self.pool else {
            let ([input, residual], output) = run.operands(inputs, &self.output);
            let operands = operands(input, residual);
            return Grid::new(output, &self.output, pixels, channels).each(team, &mut [], |cells, _| {
                operands.compute(cells.rows(), 0, cells);
            });
        };
        let ([input, residual], output, scratch) =
            run.operands_and_scratch(inputs, &self.output, &pool.input);
        let operands = operands(input, residual);
        Grid::new(output, &self.output, pixels, channels).each(team, scratch, |cells, scratch| {
            operands.pooled(pool, cells, scratch);
        });
    }

    /// How pixels and output channels are parted: where the weights are more than the input, each thread had better
    /// read only some of them.
    pub(super) fn parts(&self) -> [Parts; 2] {
        let Slot { height, width, channels, .. } = self.output;
        let inputs = self.of_group(self.input.channels);
        let weights = self.rows.kernel * self.columns.kernel * inputs * channels;
        let (pixels, most) = match &self.pool {
            None if self.sampling == Sampling::Transposed => {
                (self.input.height * self.input.width, usize::MAX)
            }
            None => (height * width, usize::MAX),
            // The rows that the windows of two parts share are computed twice.
            Some(pool) => (self.height() * pool.input.width, if pool.overlaps() { 4 } else { usize::MAX }),
        };
        let count = parts(pixels * weights).min(most);
        // A part has whole groups, or as many channels as the register tile.
        let unit = if self.groups > 1 { channels / self.groups } else { 2 * PANEL };
        let rows = |count| Parts::new(0..height * width, width, count);
        if self.pool.is_some() {
            return [rows(count), Parts::new(0..channels, unit, 1)];
        }
        let first = if weights > self.input.len() { count } else { count / rows(count).count() };
        let channels = Parts::new(0..channels, unit, first);
        [rows(count / channels.count()), channels]
    }

    /// A group's share of some channels.
    #[inline(always)]
    const fn of_group(&self, channels: usize) -> usize {
        // Divisions show in small layers.
        if self.groups == 1 { channels } else { channels / self.groups }
    }

    /// Rows of the convolution itself, where it is not transposed.
    fn height(&self) -> usize {
        let repeat = match self.sampling {
            Sampling::Upsampled([rows, _]) => rows,
            Sampling::Direct | Sampling::Transposed => 1,
        };
        self.rows.output(self.input.height * repeat).unwrap_or(0)
    }

    /// Floats of the input for one row of output.
    fn row_floats(&self) -> usize {
        let row = self.input.width * self.input.pitch;
        match self.sampling {
            Sampling::Direct => row * self.rows.stride,
            Sampling::Upsampled([repeat, _]) => row * self.rows.stride / repeat,
            Sampling::Transposed => row / self.rows.stride,
        }
    }

    /// How output cells map to input cells, along rows and columns.
    fn along(&self) -> [Along; 2] {
        match self.sampling {
            Sampling::Direct => [Along::Forward { repeat: 1 }; 2],
            Sampling::Upsampled(factors) => factors.map(|repeat| Along::Forward { repeat }),
            Sampling::Transposed => [Along::Transposed; 2],
        }
    }
}

/// What the parts of a convolution have in common.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub conv: &'a Conv2d,
    pub level: Level,
    pub weights: &'a [f32],
    /// The input from its row `top` on.
    pub input: &'a [f32],
    pub top: usize,
    /// The residual's floats, if there is one.
    pub residual: &'a [f32],
}

impl Operands<'_> {
    /// Computes some rows of the pooled convolution in a ring of rows: row `y` lies in row `y % height`. As many are
    /// computed at once as the ring holds.
    fn pooled(&self, pool: &Pool, output: &mut Cells<'_>, scratch: &mut [f32]) {
        let (ring, height, width) = (&pool.input, self.conv.height(), pool.output.width);
        let taps = |y: usize| pool.windows.rows(y, height, pool.output.height);
        let end = |y: usize| {
            let taps = taps(y);
            taps.first + taps.count.saturating_sub(1) * taps.step + taps.count.min(1)
        };
        let last = output.rows().next_back().map_or(0, end);
        let mut next = 0;
        for y in output.rows() {
            let taps = taps(y);
            next = next.max(taps.first);
            if next < end(y) {
                next = self.fill(ring, scratch, next, last.min(taps.first + ring.height));
            }
            output.runs(y * width..(y + 1) * width, |row| pool.row(self.level, taps, scratch, row));
        }
    }

    /// Computes the rows from `next` to `end` in a ring of rows: row `y` lies in row `y % height`. Gives the row after
    /// the last that is there.
    pub(super) fn fill(&self, ring: &Slot, floats: &mut [f32], mut next: usize, end: usize) -> usize {
        while next < end {
            let top = next % ring.height;
            let rows = next..end.min(next + ring.height - top);
            let shift = next - top;
            next = rows.end;
            self.compute(rows, shift, &mut Cells::new(floats, ring));
        }
        next
    }

    /// Computes `rows` of the convolution into `cells`, which have row `shift` of it as their first.
    pub(super) fn compute(&self, rows: Range<usize>, shift: usize, cells: &mut Cells<'_>) {
        let Self { conv, level, weights, input, top, residual } = *self;
        let Slot { width, channels, pitch, .. } = conv.pool.map_or(conv.output, |pool| pool.input);
        let outputs = conv.of_group(channels);
        let (bias, panels) = weights[conv.weights..].split_at(conv.groups * padded(outputs));
        let own = cells.channels();
        let (most, mut next) = (rows_at_once(conv.row_floats()), rows.start);
        while next < rows.end {
            let rows = next..rows.end.min(next + most);
            next = rows.end;
            let pixels = (rows.start - shift) * width..(rows.end - shift) * width;
            level.dispatch(Task {
                conv,
                width,
                outputs,
                rows,
                shift,
                input,
                top,
                residual: Residual::new(conv.residual, &conv.output, |slot| (residual, slot.pitch)),
                output: &mut *cells,
                bias,
                panels,
            });
            if conv.activation.limits().is_none() {
                cells.runs(pixels, |run| conv.activation.apply(level, weights, run, own.clone(), pitch));
            }
        }
    }
}

/// Some rows and channels of a convolution, with its operands.
struct Task<'a, 'o> {
    conv: &'a Conv2d,
    /// Pixels of an output row.
    width: usize,
    /// Output channels of a group.
    outputs: usize,
    rows: Range<usize>,
    /// The convolution's row that is the output's first.
    shift: usize,
    /// The input from its row `top` on.
    input: &'a [f32],
    top: usize,
    /// All rows of the residual, and its pitch.
    residual: Residual<'a, usize>,
    output: &'a mut Cells<'o>,
    bias: &'a [f32],
    panels: &'a [f32],
}

/// Output channels that are computed together.
struct Channels {
    /// Index among all output channels.
    first: usize,
    count: usize,
    vectors: usize,
    /// First input channel of their group.
    input: usize,
    /// First of the floats of bias.
    bias: usize,
    /// First of the floats of panels.
    panels: usize,
}

/// The pixels where two bands cross.
struct Region {
    /// Reads along rows and columns.
    taps: [Reads; 2],
    /// Floats that each tap reads.
    len: usize,
    /// The pixels in the input, in the output, and in what is added.
    lines: Lines<3>,
    /// The first pixel, of all of the convolution's.
    first: usize,
}

impl WithSimd for Task<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let own = self.output.channels();
        let is_whole = self.bands().iter().all(|bands| bands.whole().is_some());
        let mut first = own.start;
        while first < own.end {
            // A single region is found once for all channels. Where there are several, the weights of some channels are
            // read in all of them before those of the next.
            let end = if is_whole { own.end } else { first + self.channels(simd, first).count };
            self.regions(simd, first..end);
            first = end;
        }
    }
}

impl<'a> Task<'a, '_> {
    /// The bands of rows and columns.
    #[inline(always)]
    fn bands(&self) -> [Bands<'a>; 2] {
        let conv = self.conv;
        let [down, across] = conv.along();
        [
            Bands::new(&conv.rows, down, conv.input.height, self.rows.end),
            Bands::new(&conv.columns, across, conv.input.width, self.width),
        ]
    }

    /// Floats of a panel of weights.
    #[inline(always)]
    fn panel(&self) -> usize {
        let conv = self.conv;
        conv.rows.kernel * conv.columns.kernel * conv.of_group(conv.input.channels) * PANEL
    }

    /// The channels from `first` on that are computed together.
    #[inline(always)]
    fn channels<S: Simd>(&self, simd: S, first: usize) -> Channels {
        let (conv, outputs) = (self.conv, self.outputs);
        let group = if conv.groups == 1 { 0 } else { first / outputs };
        let left = self.output.channels().end.min((group + 1) * outputs) - first;
        let vectors = simd.shape(self.rows.len() * self.width, left.div_ceil(S::LANES)).0;
        let bias = group * padded(outputs) + first - group * outputs;
        Channels {
            first,
            count: (vectors * S::LANES).min(left),
            vectors,
            input: group * conv.of_group(conv.input.channels),
            bias,
            panels: bias / PANEL * self.panel(),
        }
    }

    /// Computes some channels of the rows, region by region.
    #[inline(always)]
    fn regions<S: Simd>(&mut self, simd: S, channels: Range<usize>) {
        let most = simd.shape(usize::MAX, self.channels(simd, channels.start).vectors).1;
        let [rows, columns] = self.bands();
        for row in rows {
            let Some(row) = row.within(&self.rows) else { continue };
            let row = row.without(self.top);
            for column in columns.clone() {
                let region = self.region(&row, &column, most);
                let mut first = channels.start;
                while first < channels.end {
                    let channels = self.channels(simd, first);
                    self.lines(simd, &region, &channels);
                    first += channels.count;
                }
            }
        }
    }

    /// The pixels where two bands cross, in lines for tiles of at most `most` pixels.
    #[inline(always)]
    fn region(&self, row: &Band, column: &Band, most: usize) -> Region {
        let (conv, width) = (self.conv, self.width);
        let (len, pitch) = (conv.of_group(conv.input.channels), conv.input.pitch);
        let down = row.taps(conv.input.width * pitch, conv.columns.kernel * len * PANEL);
        let mut across = column.taps(pitch, len * PANEL);
        let len = across.join(len);
        // The output counts in pixels.
        let of_residual = if let Residual::Of(_, pitch) = self.residual { pitch } else { 0 };
        let lines = Lines::new(row, column, [conv.input.width, width, width], [pitch, 1, of_residual], most);
        Region { taps: [down, across], len, lines, first: row.start * width + column.start }
    }

    /// Computes some channels of a region.
    #[inline(always)]
    fn lines<S: Simd>(&mut self, simd: S, region: &Region, channels: &Channels) {
        let Region { taps, len, lines: Lines { outer, inner }, first } = region;
        let limits = self.conv.activation.limits().unwrap_or(Line::OPEN);
        let (panel, far) = (self.panel(), self.output.is_far());
        for line in 0..outer.count {
            let [input, output, added] = outer.steps.map(|step| step * line);
            // Without taps the cells may lie past the input.
            let input = self.input.get(input + channels.input..).unwrap_or(&[]);
            let residual = self
                .residual
                .map(|floats, pitch| (&floats[first * pitch + added + channels.first..], inner.steps[2]));
            Line {
                pixels: inner.count,
                channels: channels.count,
                vectors: channels.vectors,
                input,
                pixel: inner.steps[0],
                taps,
                len: *len,
                weights: &self.panels[channels.panels..],
                panel,
                next: None,
                bias: &self.bias[channels.bias..],
                residual,
                limits,
                far,
                output: self.output.from(first - self.shift * self.width + output, channels.first),
                step: inner.steps[1],
            }
            .compute(simd);
        }
    }
}
