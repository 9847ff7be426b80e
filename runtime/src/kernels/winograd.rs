use core::ops::Range;

use super::tiling::Tiling;
use super::{Activation, PoolOp};
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{
    F2, F4, Join, Line, Outputs, Reads, Scheme, Simd, Window, WithSimd, will_read, will_write,
};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

/// Output channels whose products are at hand at once; no register tile is wider.
const GROUP: usize = 2 * PANEL;

/// No bias: the output transform adds it.
const ZEROS: [f32; GROUP] = [0.0; GROUP];

/// Floats of a tensor that a second-level cache does not hold: its cells are asked for while products keep the
/// processor busy.
const FAR: usize = 128 * 1024;

/// A tensor that a convolution reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it lies.
    pub slot: Slot,
    /// Repetitions of each cell along rows and columns, read in place.
    pub repeat: [usize; 2],
}

/// A 3 × 3 convolution of stride 1 by Winograd's minimal filtering (Lavin & Gray 2016), with 2.25 or 4
/// times fewer multiplications than [`Conv2d`](super::Conv2d).
///
/// `output = pool(activation(bias + Σ weight · input + residual))`. Windows are transformed, multiplied
/// with the transformed kernel element by element, as one matrix product an element, and transformed
/// back, for so few tiles at once that they stay in a second-level cache. Weights lie at `weights`: first
/// the biases, the output channels rounded up to [`PANEL`](crate::weights::PANEL), then panels
/// `[outputs / 16][(tile + 2)²][inputs][16]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Winograd {
    /// The tensor read.
    pub input: Source,
    /// A tensor whose channels follow those of `input`, which are then whole panels: a concatenation that is never
    /// stored.
    pub beside: Option<Source>,
    /// The tensor written; with `pool`, the pooled one.
    pub output: Slot,
    /// A tensor of the convolution's output shape to add before the activation.
    pub residual: Option<Slot>,
    /// The window along the rows: three taps of stride 1.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// Outputs of a tile along each side, 4 or 2.
    pub tile: usize,
    /// Most tiles that are computed at once.
    pub block: usize,
    /// Memory for them, of [`scratch`](Self::scratch) floats.
    pub scratch: Slot,
    /// First float of bias and panels in the packed weights.
    pub weights: usize,
    /// Applied before pooling; with a pooling, one that passes or limits.
    pub activation: Activation,
    /// Pools every 2 × 2 outputs of a convolution that is not dilated; a last odd row or column is dropped.
    pub pool: Option<PoolOp>,
}

/// Floats of the scratch memory from one thing to the next, an odd number of cache lines, so that no two fall into one
/// set of a cache.
#[derive(Clone, Copy)]
struct Steps {
    /// From tile to tile of the transformed windows.
    window: usize,
    /// From element to element of the transformed windows.
    windows: usize,
    /// From element to element of the products.
    products: usize,
}

impl Steps {
    const fn new(block: usize, inputs: usize) -> Self {
        let window = padded(inputs) | PANEL;
        Self { window, windows: (block * window) | PANEL, products: (block * GROUP) | PANEL }
    }
}

impl Winograd {
    /// Floats of scratch memory for so many tiles at once.
    #[must_use]
    pub const fn scratch(tile: usize, block: usize, inputs: usize) -> usize {
        let steps = Steps::new(block, inputs);
        (tile + 2) * (tile + 2) * (steps.windows + steps.products)
    }

    /// Tiles along an axis with so many outputs, before pooling.
    #[must_use]
    pub const fn tiles(axis: &Axis, outputs: usize, tile: usize) -> usize {
        Tiling::new(axis, outputs, tile).count()
    }

    /// Channels of all that is read.
    fn inputs(&self) -> usize {
        self.input.slot.channels + self.beside.map_or(0, |source| source.slot.channels)
    }

    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, all) = (run.level, run.weights);
        let Slot { height, width, channels, pitch, .. } = self.output;
        let beside = self.beside.unwrap_or(self.input);
        let ([input, beside, residual], output, scratch) = run.operands_and_scratch(
            [&self.input.slot, &beside.slot, &self.residual.unwrap_or(self.input.slot)],
            &self.output,
            &self.scratch,
        );
        let (bias, panels) = all[self.weights..].split_at(padded(channels));
        let pooled = self.pooled();
        let down = Tiling::new(&self.rows, height * pooled, self.tile);
        let across = Tiling::new(&self.columns, width * pooled, self.tile);
        let tiles = down.count() * across.count();
        let blocks = tiles.div_ceil(self.block);
        let (mut first, mut activated) = (0, 0);
        for block in 0..blocks {
            let end = first + (tiles - first).div_ceil(blocks - block);
            level.dispatch(Task {
                layer: self,
                tiling: [down, across],
                tiles: first..end,
                inputs: [input, beside],
                residual: self.residual.as_ref().map(|slot| (residual, slot)),
                output: &mut *output,
                scratch: &mut *scratch,
                bias,
                panels,
            });
            first = end;
            // Whole rows, while they are in the cache.
            let complete = if end == tiles { height } else { down.complete(end / across.count()) / pooled };
            if self.activation.limits().is_none() && complete > activated {
                let row = width * pitch;
                let end = (complete * row - pitch) + channels;
                let rows = &mut output[activated * row..end];
                self.activation.apply(level, all, rows, 0..channels, pitch);
                activated = complete;
            }
        }
    }

    /// Outputs of the convolution for one that is written, along each side.
    fn pooled(&self) -> usize {
        if self.pool.is_some() { 2 } else { 1 }
    }
}

/// Some tiles of a convolution, with its operands.
struct Task<'a> {
    layer: &'a Winograd,
    /// Along rows and columns.
    tiling: [Tiling; 2],
    tiles: Range<usize>,
    /// The floats of the sources.
    inputs: [&'a [f32]; 2],
    residual: Option<(&'a [f32], &'a Slot)>,
    output: &'a mut [f32],
    scratch: &'a mut [f32],
    bias: &'a [f32],
    panels: &'a [f32],
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.layer.tile {
            4 => self.compute::<S, F4, 6, 4>(simd),
            _ => self.compute::<S, F2, 4, 2>(simd),
        }
    }
}

impl Task<'_> {
    #[inline(always)]
    fn compute<S: Simd, F: Scheme<N, T>, const N: usize, const T: usize>(mut self, simd: S) {
        let layer = self.layer;
        let (inputs, outputs) = (layer.inputs(), layer.output.channels);
        let steps = Steps::new(layer.block, inputs);
        let scratch = core::mem::take(&mut self.scratch);
        let (windows, products) = scratch.split_at_mut(N * N * steps.windows);
        for (index, tile) in self.tiles.clone().enumerate() {
            let output = &mut windows[index * steps.window..];
            self.windows::<S, F, N, T>(simd, tile, output, steps.windows);
        }
        let panel = N * N * inputs * PANEL;
        let mut first = 0;
        while first < outputs {
            let vectors = simd.shape(usize::MAX, (outputs - first).div_ceil(S::LANES)).0;
            let width = vectors * S::LANES;
            let channels = first..outputs.min(first + width);
            for element in 0..N * N {
                self.ahead::<N>(element, channels.clone());
                Line {
                    pixels: self.tiles.len(),
                    channels: width,
                    vectors,
                    input: &windows[element * steps.windows..],
                    pixel: steps.window,
                    taps: [Reads::ONE; 2],
                    len: inputs,
                    weights: &self.panels[first / PANEL * panel + element * inputs * PANEL..],
                    panel,
                    bias: &ZEROS,
                    residual: None,
                    limits: [f32::NEG_INFINITY, f32::INFINITY],
                    output: &mut products[element * steps.products..],
                    step: width,
                }
                .compute(simd);
            }
            for (index, tile) in self.tiles.clone().enumerate() {
                let products = &products[index * width..];
                self.outputs::<S, F, N, T>(simd, tile, products, steps.products, channels.clone());
            }
            first += width;
        }
    }

    /// A tile's index along rows and columns.
    #[inline(always)]
    fn place(&self, tile: usize) -> [usize; 2] {
        let across = self.tiling[1].count();
        [tile / across, tile % across]
    }

    /// The sources, with their floats.
    #[inline(always)]
    fn sources(&self) -> impl Iterator<Item = (&Source, &[f32])> {
        [Some(&self.layer.input), self.layer.beside.as_ref()].into_iter().flatten().zip(self.inputs)
    }

    /// Transforms the windows of a tile, one source's channels after the other's.
    #[inline(always)]
    fn windows<S: Simd, F: Scheme<N, T>, const N: usize, const T: usize>(
        &self,
        simd: S,
        tile: usize,
        output: &mut [f32],
        step: usize,
    ) {
        let ([down, across], [y, x]) = (self.tiling, self.place(tile));
        let mut channel = 0;
        for (Source { slot, repeat }, input) in self.sources() {
            Window {
                input,
                rows: down.cells(y, repeat[0], slot.height, slot.width * slot.pitch),
                columns: across.cells(x, repeat[1], slot.width, slot.pitch),
                channels: slot.channels,
                output: &mut output[channel..],
                step,
            }
            .compute::<S, F, T>(simd);
            channel += slot.channels;
        }
    }

    /// Transforms some channels of the outputs of a tile.
    #[inline(always)]
    fn outputs<S: Simd, F: Scheme<N, T>, const N: usize, const T: usize>(
        &mut self,
        simd: S,
        tile: usize,
        products: &[f32],
        step: usize,
        channels: Range<usize>,
    ) {
        let Winograd { output, activation, pool, .. } = self.layer;
        let ([down, across], [y, x], pooled) = (self.tiling, self.place(tile), self.layer.pooled());
        let size = [down.size(y) / pooled, across.size(x) / pooled];
        if size.contains(&0) {
            return;
        }
        let (y, x) = (down.first(y), across.first(x));
        let steps = |slot: &Slot| [down.step() * slot.width * slot.pitch, across.step() * slot.pitch];
        let residual = self.residual.map(|(floats, slot)| {
            (&floats[(y * slot.width + x) * slot.pitch + channels.start..], steps(slot))
        });
        let start = (y / pooled * output.width + x / pooled) * output.pitch + channels.start;
        Outputs {
            products,
            step,
            bias: &self.bias[channels.start..],
            residual,
            limits: activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]),
            join: match pool {
                None => Join::None,
                Some(PoolOp::Max) => Join::Max,
                Some(PoolOp::Average | PoolOp::AverageWithPadding) => Join::Mean,
            },
            size,
            channels: channels.len(),
            output: &mut self.output[start..],
            steps: steps(output),
        }
        .compute::<S, F, N, T>(simd);
    }

    /// Before the products of an element: asks for its share of the cells that come next, which are the block's outputs
    /// in these channels and, with the last channels, the windows of the next block.
    #[inline(always)]
    fn ahead<const N: usize>(&self, element: usize, channels: Range<usize>) {
        let share = |rows: usize| element * rows / (N * N)..(element + 1) * rows / (N * N);
        let ([down, across], Slot { width, pitch, .. }) = (self.tiling, self.layer.output);
        if self.layer.output.span() > FAR {
            let (pooled, side) = (self.layer.pooled(), (N - 2) / self.layer.pooled());
            for row in share(self.tiles.len() * side) {
                let [y, x] = self.place(self.tiles.start + row / side);
                let y = down.first(y) / pooled + row % side * down.step();
                for column in 0..across.size(x) / pooled {
                    let x = across.first(x) / pooled + column * across.step();
                    let pixel = (y * width + x) * pitch;
                    if let Some(floats) = self.output.get(pixel + channels.start..pixel + channels.end) {
                        will_write(floats);
                    }
                }
            }
        }
        let [rows, columns] = self.tiling.map(|tiling| tiling.count());
        let next = self.tiles.end..(self.tiles.end + self.tiles.len()).min(rows * columns);
        if channels.end < self.layer.output.channels || next.is_empty() {
            return;
        }
        for (Source { slot, repeat }, input) in self.sources().filter(|(source, _)| source.slot.span() > FAR)
        {
            for row in share(next.len() * N) {
                let [y, x] = self.place(next.start + row / N);
                let rows: [_; N] = down.cells(y, repeat[0], slot.height, slot.width * slot.pitch);
                let columns: [_; N] = across.cells(x, repeat[1], slot.width, slot.pitch);
                // The first two columns are the last ones of the tile before.
                let mut last = None;
                for column in columns[2..].iter().copied().filter(Option::is_some) {
                    if let (Some(row), Some(at), true) = (rows[row % N], column, column != last) {
                        will_read(&input[row + at..][..slot.channels]);
                    }
                    last = column;
                }
            }
        }
    }
}
