use core::array::from_fn;
use core::ops::Range;

use super::{Activation, PoolOp};
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{F2, F4, Join, Line, Outputs, Reads, Scheme, Simd, Window, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

/// Output channels whose products are at hand at once; no register tile is wider.
const GROUP: usize = 2 * PANEL;

/// No bias: the output transform adds it.
const ZEROS: [f32; GROUP] = [0.0; GROUP];

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
    pub input: Slot,
    /// The tensor written; with `pool`, the pooled one.
    pub output: Slot,
    /// A tensor of the convolution's output shape to add before the activation.
    pub residual: Option<Slot>,
    /// The window along the rows: three taps, stride and dilation 1.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// Repetitions of each input cell along rows and columns, read in place.
    pub repeat: [usize; 2],
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
    /// Pools every 2 × 2 outputs; a last odd row or column is dropped.
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

    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, all) = (run.level, run.weights);
        let Slot { height, width, channels, pitch, .. } = self.output;
        let ([input, residual], output, scratch) = run.operands_and_scratch(
            [&self.input, &self.residual.unwrap_or(self.input)],
            &self.output,
            &self.scratch,
        );
        let (bias, panels) = all[self.weights..].split_at(padded(channels));
        // Rows and columns of a tile in the output.
        let side = if self.pool.is_some() { self.tile / 2 } else { self.tile };
        let across = width.div_ceil(side);
        let tiles = height.div_ceil(side) * across;
        let blocks = tiles.div_ceil(self.block);
        let (mut first, mut activated) = (0, 0);
        for block in 0..blocks {
            let end = first + (tiles - first).div_ceil(blocks - block);
            level.dispatch(Task {
                layer: self,
                side,
                across,
                tiles: first..end,
                input,
                residual: self.residual.as_ref().map(|slot| (residual, slot)),
                output: &mut *output,
                scratch: &mut *scratch,
                bias,
                panels,
            });
            first = end;
            // Whole rows, while they are in the cache.
            let complete = (end / across * side).min(height);
            if self.activation.limits().is_none() && complete > activated {
                let row = width * pitch;
                let end = (complete * row - pitch) + channels;
                let rows = &mut output[activated * row..end];
                self.activation.apply(level, all, rows, 0..channels, pitch);
                activated = complete;
            }
        }
    }
}

/// Some tiles of a convolution, with its operands.
struct Task<'a> {
    layer: &'a Winograd,
    /// Rows and columns of a tile in the output.
    side: usize,
    /// Tiles in a row of them.
    across: usize,
    tiles: Range<usize>,
    input: &'a [f32],
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
        let (inputs, outputs) = (layer.input.channels, layer.output.channels);
        let steps = Steps::new(layer.block, inputs);
        let scratch = core::mem::take(&mut self.scratch);
        let (windows, products) = scratch.split_at_mut(N * N * steps.windows);
        for (index, tile) in self.tiles.clone().enumerate() {
            let output = &mut windows[index * steps.window..];
            self.window::<N>(tile, T, output, steps.windows).compute::<S, F, T>(simd);
        }
        let panel = N * N * inputs * PANEL;
        let mut first = 0;
        while first < outputs {
            let vectors = simd.shape(usize::MAX, (outputs - first).div_ceil(S::LANES)).0;
            let width = vectors * S::LANES;
            for element in 0..N * N {
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
            let channels = first..outputs.min(first + width);
            for (index, tile) in self.tiles.clone().enumerate() {
                let products = &products[index * width..];
                self.outputs(tile, products, steps.products, channels.clone()).compute::<S, F, N, T>(simd);
            }
            first += width;
        }
    }

    /// The window of a tile of `side` outputs before pooling.
    #[inline(always)]
    fn window<'w, const N: usize>(
        &'w self,
        tile: usize,
        side: usize,
        output: &'w mut [f32],
        step: usize,
    ) -> Window<'w, N> {
        let Winograd { input, rows, columns, repeat, .. } = self.layer;
        let cells = |axis: &Axis, tile: usize, repeat: usize, size: usize, pitch: usize| {
            from_fn(|cell| {
                let at = (tile * side + cell).checked_sub(axis.before)?;
                let at = if repeat == 1 { at } else { at / repeat };
                (at < size).then_some(at * pitch)
            })
        };
        Window {
            input: self.input,
            rows: cells(rows, tile / self.across, repeat[0], input.height, input.width * input.pitch),
            columns: cells(columns, tile % self.across, repeat[1], input.width, input.pitch),
            channels: input.channels,
            output,
            step,
        }
    }

    /// Some channels of the outputs of a tile.
    #[inline(always)]
    fn outputs<'o>(
        &'o mut self,
        tile: usize,
        products: &'o [f32],
        step: usize,
        channels: Range<usize>,
    ) -> Outputs<'o> {
        let Winograd { output, activation, pool, .. } = self.layer;
        let [y, x] = [tile / self.across * self.side, tile % self.across * self.side];
        let pooled = if pool.is_some() { 2 } else { 1 };
        let residual = self.residual.map(|(floats, slot)| {
            let steps = [slot.width * slot.pitch, slot.pitch];
            (&floats[y * pooled * steps[0] + x * pooled * steps[1] + channels.start..], steps)
        });
        let steps = [output.width * output.pitch, output.pitch];
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
            size: [self.side.min(output.height - y), self.side.min(output.width - x)],
            channels: channels.len(),
            output: &mut self.output[y * steps[0] + x * steps[1] + channels.start..],
            steps,
        }
    }
}
