use core::array::from_fn;
use core::ops::Range;

use super::{Operands, Source, Winograd, split, whole, windows};
use crate::geometry::Axis;
use crate::simd::{Along, Cells, F2, F4, Operand, Outer, Simd, Tiles, Tiling, Window, WithSimd};
use crate::slot::Slot;
use crate::train::{Pass, add_biases};
use crate::weights::{PANEL, Tile};

/// The gradient of a [`Winograd`] convolution's transformed kernel: with `Y = Aᵀ [U ⊙ (Bᵀ d B)] A` it is
/// `Σ (Bᵀ d B) (A (∂/∂Y) Aᵀ)` over all tiles, element by element, a quarter or half of the products that the kernel's own
/// gradient takes. That follows from it once, after all images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WinogradWeights {
    /// What the convolution read.
    pub input: Slot,
    /// The gradient with respect to its sums.
    pub gradient: Slot,
    /// The window along the rows: three taps of stride 1.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// The tiles, of whole kernels.
    pub tile: Tile,
    /// Most tiles that are computed at once.
    pub block: usize,
    /// Memory for them, of [`scratch`](Self::scratch) floats.
    pub scratch: Slot,
    /// First of the sums of the biases, if the convolution has some.
    pub bias: Option<usize>,
    /// First of the sums that it adds to: panels `[outputs / 16][side²][inputs][16]`.
    pub sums: usize,
}

impl WinogradWeights {
    /// Floats of scratch memory for so many tiles of a convolution of `inputs` to `outputs` channels at once.
    #[must_use]
    pub const fn scratch(tile: Tile, block: usize, [inputs, outputs]: [usize; 2]) -> usize {
        whole(&windows(tile, block, inputs)) + whole(&windows(tile, block, outputs))
    }

    /// Adds the gradient.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let Pass { run, sums, .. } = pass;
        let level = run.level;
        let Self { input, gradient, rows, columns, tile, block, scratch, .. } = *self;
        // The convolution whose windows these are.
        let layer = Winograd {
            input: Source { slot: input, repeat: [1, 1] },
            beside: None,
            output: gradient,
            residual: None,
            rows,
            columns,
            tile,
            block,
            scratch,
            weights: 0,
            activation: super::Activation::Linear,
            pool: None,
        };
        let ([input, floats], scratch) = run.operands([&input, &gradient], &scratch);
        if let Some(bias) = self.bias {
            add_biases(level, floats, &gradient, 1, &mut sums[bias..]);
        }
        let maps = [layer.inputs(), gradient.channels].map(|channels| windows(tile, block, channels));
        let (windows, gradients) = scratch.split_at_mut(whole(&maps[0]));
        let tiling = layer.tiling([0, 0]);
        let operands = Operands {
            layer: &layer,
            phase: 0,
            tiles: Tiles::in_rows(tiling),
            short: [false; 2],
            windows: maps[0],
            level,
            weights: &[],
            inputs: [input, input],
            residual: &[],
        };
        let tiles = operands.tiles.count();
        let sums = &mut sums[self.sums..];
        for block in split(&(0..tiles), tiles.div_ceil(block)) {
            operands.transform(block.clone(), &mut Cells::new(windows, &maps[0]));
            let to = &mut Cells::new(gradients, &maps[1]);
            let step = maps[1].width;
            level.dispatch(Gradients {
                slot: &gradient,
                floats,
                tiling,
                tile,
                tiles: block.clone(),
                step,
                to,
            });
            let operands = [(&*windows, maps[0]), (&*gradients, maps[1])];
            let channels = [self.input.channels, gradient.channels];
            level.dispatch(Products { operands, channels, tile, tiling, tiles: block, sums: &mut *sums });
        }
    }
}

/// Gradients of tiles, to transform.
struct Gradients<'a, 'o> {
    slot: &'a Slot,
    floats: &'a [f32],
    tiling: [Tiling; 2],
    tile: Tile,
    tiles: Range<usize>,
    /// Pixels of `to` from one element to the next.
    step: usize,
    to: &'a mut Cells<'o>,
}

impl WithSimd for Gradients<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.tile {
            Tile::Four => self.compute::<S, F4, 6, 4>(simd),
            _ => self.compute::<S, F2, 4, 2>(simd),
        }
    }
}

impl Gradients<'_, '_> {
    #[inline(always)]
    fn compute<S: Simd, F: Along<T, N>, const N: usize, const T: usize>(self, simd: S) {
        let Self { slot, floats, tiling: [down, across], tiles, step, to, .. } = self;
        let channels = slot.channels;
        let cell = |first: usize, step: usize, size: usize, pitch: usize| {
            move |index: usize| {
                let at = first + index * step;
                (at < size).then_some(at * pitch)
            }
        };
        for (index, tile) in tiles.enumerate() {
            let (y, x) = (tile / across.count(), tile % across.count());
            let row = cell(down.first(y), down.step(), slot.height, slot.width * slot.pitch);
            let column = cell(across.first(x), across.step(), slot.width, slot.pitch);
            let output = to.from(index, 0);
            let (rows, columns) = (from_fn(row), from_fn(column));
            Window { input: floats, rows, columns, channels, output, step, ahead: None }
                .compute::<S, F, F, N>(simd);
        }
    }
}

/// Transformed windows and gradients, to multiply.
struct Products<'a> {
    /// Both, with a row for each element and a pixel for each of `tiles`.
    operands: [(&'a [f32], Slot); 2],
    /// Channels of each.
    channels: [usize; 2],
    tile: Tile,
    tiling: [Tiling; 2],
    /// Those that are multiplied, of all tiles.
    tiles: Range<usize>,
    sums: &'a mut [f32],
}

impl Products<'_> {
    /// Rows and columns of tiles to sum over, for elements that are in the last row or the last column of a window, or
    /// not: the last of a line of transformed gradients is the last of these, and so nothing where the tile reaches over
    /// the map's edge.
    fn pixels(&self, [last_row, last_column]: [bool; 2]) -> [usize; 2] {
        let (tiling, Range { start, end }) = (&self.tiling, self.tiles.clone());
        let width = tiling[1].count();
        let end = if last_row { end.min(tiling[0].whole() * width) } else { end };
        let tiles = end.saturating_sub(start);
        if start % width + end % width > 0 {
            return [1, tiles];
        }
        [tiles / width, if last_column { tiling[1].whole() } else { width }]
    }
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { operands, channels: [inputs, channels], .. } = self;
        let (side, width) = (self.tile.side(), self.tiling[1].count());
        for element in 0..side * side {
            let pixels = self.pixels([element / side, element % side].map(|at| at == side - 1));
            if pixels.contains(&0) {
                continue;
            }
            let [left, right] = operands.map(|(floats, slot)| Operand {
                floats: &floats[element * slot.width * slot.pitch..],
                steps: [width * slot.pitch, slot.pitch],
            });
            Outer {
                left,
                offsets: [(1, 0), (1, 0)],
                run: inputs,
                right,
                channels,
                pixels,
                first: element * inputs,
                panel: side * side * inputs * PANEL,
                sums: &mut *self.sums,
            }
            .add(simd);
        }
    }
}
