mod blocks;
mod gradient;
mod multiply;
mod transform;

pub use gradient::WinogradWeights;

use core::array::from_fn;
use core::ops::Range;

use super::parts::parts;
use super::{Activation, PoolOp, unless_written};
use crate::geometry::Axis;
use crate::run::Run;
use crate::simd::{Cells, Grid, Level, Parts, Tiles, Tiling};
use crate::slot::Slot;
use crate::team::Team;
use crate::weights::{PANEL, Tile, padded};

/// Output channels that stay together: no register tile is wider.
const GROUP: usize = 2 * PANEL;

/// Blocks of tiles from which on each thread takes whole ones; fewer are shared one by one.
const BLOCKS: usize = 4;
/// Tiles, and most multiply–adds of each, from which on each thread rather transforms all windows for channels of its own
/// than shares transformed ones with others.
const TILES: usize = 16;
const KEPT: usize = 128 * 1024;
/// Most parts of a layer: within one the cells of the next tile are asked for in time.
const PARTS: usize = 16;

/// A tensor that a convolution reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it lies.
    pub slot: Slot,
    /// Repetitions of each cell along rows and columns, read in place.
    pub repeat: [usize; 2],
}

/// A 3 × 3 convolution of stride 1 or 2 by Winograd's minimal filtering (Lavin & Gray 2016), with 1.4 to 4
/// times fewer multiplications than [`Conv2d`](super::Conv2d).
///
/// `output = pool(activation(bias + Σ weight · input + residual))`. Windows are transformed, multiplied
/// with the transformed kernel element by element, as one matrix product an element, and transformed
/// back, for so few tiles at once that the windows of an element stay in a second-level cache while all of its weights
/// are read. Those lie at `weights`: first the biases, the output channels rounded up to
/// [`PANEL`](crate::weights::PANEL), then panels `[outputs / 16][phases²][kernel_side²][inputs][16]`.
///
/// Where each cell is read twice along both sides, the outputs have four phases ([`Tile::Phase`]): those with even
/// rows and even columns, and so on. Each sees a map of half the size under 2 × 2 sums of the kernel's taps, so that 64
/// outputs take 100 products instead of the 144 of [`Tile::Four`]. Of stride 2, the first and the third tap see other
/// cells than the second: 16 outputs take 81 products instead of 144, or four take 25 instead of 36. And a larger kernel of
/// stride 2 over few channels is one of stride 1 over 2 × 2 cells at once ([`Tile::Blocks`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Winograd {
    /// The tensor read.
    pub input: Source,
    /// A tensor whose channels follow those of `input`, which are then whole panels: a concatenation that is never
    /// stored.
    pub beside: Option<Source>,
    /// The tensor written; with `pool`, the pooled one.
    pub output: Slot,
    /// A tensor of the convolution's output shape to add before the activation; it may be what `output` holds.
    pub residual: Option<Slot>,
    /// The window along the rows: three taps of the tile's stride, not dilated where that is 2.
    pub rows: Axis,
    /// The window along the columns.
    pub columns: Axis,
    /// The tiles; of phases, if all that is read is repeated twice along both sides, or a multiple of that; of blocks, if
    /// a single tensor is read, which has so few channels. With those, and with strided ones, nothing is dilated or pooled.
    pub tile: Tile,
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

/// Transformed windows in scratch memory, as a map with a row for each element and a pixel for each tile. Its distances
/// are odd numbers of cache lines, so that no two things fall into one set of a cache.
const fn windows(tile: Tile, block: usize, inputs: usize) -> Slot {
    let channels = padded(tile.channels(inputs));
    Slot::view(0, [tile.elements(), block | 1, channels], channels | PANEL)
}

/// Floats of transformed windows.
const fn whole(windows: &Slot) -> usize {
    windows.height * windows.width * windows.pitch
}

/// Floats of the products, which follow the windows, from element to element: an odd number of cache lines too.
const fn product_step(block: usize, outputs: usize) -> usize {
    (block * padded(outputs)) | PANEL
}

impl Winograd {
    /// Floats of scratch memory for so many tiles of a convolution of `inputs` to `outputs` channels at once.
    #[must_use]
    pub const fn scratch(tile: Tile, block: usize, [inputs, outputs]: [usize; 2]) -> usize {
        whole(&windows(tile, block, inputs)) + tile.elements() * product_step(block, outputs)
    }

    /// Tiles along an axis with so many outputs, before pooling.
    #[must_use]
    pub const fn tiles(axis: &Axis, outputs: usize, tile: Tile) -> usize {
        Tiling::new(outputs, tile.outputs(), axis.dilation * tile.phases()).count()
    }

    /// Elements of the windows of those tiles that are multiplied, along the axis.
    #[must_use]
    pub const fn elements(axis: &Axis, outputs: usize, tile: Tile) -> usize {
        let tiling = Tiling::new(outputs, tile.outputs(), axis.dilation * tile.phases());
        let of_edge = if Self::is_short(tile, tiling.size(tiling.whole())) { 4 } else { tile.side() - 1 };
        tiling.whole() * tile.side() + (tiling.count() - tiling.whole()) * of_edge
    }

    /// Whether a tile with so many outputs along a side is computed by [`ShortFour`](crate::simd::ShortFour) there.
    const fn is_short(tile: Tile, outputs: usize) -> bool {
        matches!(tile, Tile::Four) && 0 < outputs && outputs <= 2
    }

    /// Channels of all that is read.
    fn inputs(&self) -> usize {
        self.input.slot.channels + self.beside.map_or(0, |source| source.slot.channels)
    }

    /// Channels of the transformed windows.
    fn channels(&self) -> usize {
        self.tile.channels(self.inputs())
    }

    /// Outputs of the convolution for one that is written, along each side.
    fn pooled(&self) -> usize {
        if self.pool.is_some() { 2 } else { 1 }
    }

    /// How the outputs of a phase that are written are parted, along rows and columns.
    fn tiling(&self, phase: [usize; 2]) -> [Tiling; 2] {
        let side = self.tile.outputs() / self.pooled();
        let along = |axis: &Axis, cells: usize, phase: usize| {
            if self.tile.phases() == 1 {
                return Tiling::new(cells, side, axis.dilation);
            }
            // The first output whose window starts with a repeated cell, or with one that is not.
            Tiling::of_grid(cells, side, self.tile.phases(), (phase + axis.before) % self.tile.phases())
        };
        let Slot { height, width, .. } = self.output;
        [along(&self.rows, height, phase[0]), along(&self.columns, width, phase[1])]
    }

    /// Whether the tiles of the last rows, and of the last columns, are short.
    fn short(&self, tiles: &Tiles) -> [bool; 2] {
        tiles.axes().map(|axis| Self::is_short(self.tile, axis.size(axis.whole()) * self.pooled()))
    }

    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, team, weights) = (run.level, run.team, run.weights);
        let beside = self.beside.unwrap_or(self.input);
        let ([input, beside, residual], output, scratch) = run.operands_and_scratch(
            [
                &self.input.slot,
                &beside.slot,
                &unless_written(self.residual, &self.output).unwrap_or(self.input.slot),
            ],
            &self.output,
            &self.scratch,
        );
        let windows = windows(self.tile, self.block, self.inputs());
        let inputs = [input, beside];
        let phases = self.tile.phases();
        for phase in 0..phases * phases {
            let tiles = Tiles::with_edges_apart(self.tiling([phase / phases, phase % phases]));
            let short = self.short(&tiles);
            let operands =
                Operands { layer: self, phase, tiles, short, windows, level, weights, inputs, residual };
            operands.run(team, output, scratch);
        }
    }
}

impl Operands<'_> {
    /// Computes the outputs of the phase.
    fn run(&self, team: &Team, output: &mut [f32], scratch: &mut [f32]) {
        let Self { layer, tiles, windows, .. } = *self;
        let channels = layer.output.channels;
        let count = tiles.count();
        let blocks = count.div_ceil(layer.block);
        // Multiply–adds of a tile, and floats of the weights.
        let macs = windows.height * windows.channels * channels;
        let shares = parts(count * macs);
        let [pieces, groups] = if blocks >= BLOCKS {
            let even = if shares > 1 { blocks.next_multiple_of(2) } else { blocks };
            [even.min(PARTS), 1]
        } else if count >= TILES && macs <= KEPT && channels > GROUP {
            [1, channel_parts(team, count * macs)]
        } else {
            return self.run_together(blocks, macs, team, output, scratch);
        };
        let (all, channels) = (Parts::new(0..count, 1, pieces), Parts::new(0..channels, GROUP, groups));
        Grid::tiled(output, &layer.output, tiles, all, channels).each(team, scratch, |cells, scratch| {
            let (transformed, products) = scratch.split_at_mut(whole(&windows));
            let all = cells.squares();
            for block in split(&all, all.len().div_ceil(layer.block)) {
                self.transform(block.clone(), &mut Cells::new(transformed, &windows));
                self.multiply(transformed, products, block, cells);
            }
        });
    }

    /// As [`run`](Self::run), block by block, of whose transformed windows all threads make a part and read all.
    fn run_together(&self, blocks: usize, macs: usize, team: &Team, output: &mut [f32], scratch: &mut [f32]) {
        let Self { layer, tiles, windows, .. } = *self;
        let (transformed, products) = scratch.split_at_mut(whole(&windows));
        for block in split(&(0..tiles.count()), blocks) {
            let count = parts(block.len() * macs);
            let all = Parts::new(0..windows.height * windows.width, 1, 1);
            // What a window takes beside its channels is as much as some of them.
            let groups = Parts::new(0..windows.channels, 2 * PANEL, count);
            Grid::new(transformed, &windows, all, groups).each(team, &mut [], |cells, _| {
                self.transform(block.clone(), cells);
            });
            let groups = Parts::new(0..layer.output.channels, GROUP, channel_parts(team, block.len() * macs));
            let all = Parts::new(block.clone(), 1, 1);
            Grid::tiled(output, &layer.output, tiles, all, groups).each(team, products, |cells, products| {
                self.multiply(transformed, products, block.clone(), cells)
            });
        }
    }
}

/// Parts of the output channels for so many multiply–adds: few, since windows are read anew for each. Sums do not depend on
/// them, so that they may depend on the number of threads.
fn channel_parts(team: &Team, macs: usize) -> usize {
    let threads = team.count();
    if threads == 1 { 1 } else { parts(macs).min(2 * threads) }
}

/// A range in so many pieces of nearly equal size.
fn split(range: &Range<usize>, pieces: usize) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = *range;
    let at = move |piece: usize| start + (end - start) * piece / pieces;
    (0..pieces).map(move |piece| at(piece)..at(piece + 1))
}

/// What the parts of a convolution have in common.
struct Operands<'a> {
    layer: &'a Winograd,
    /// Which of the tile's phases is computed.
    phase: usize,
    /// How what is written is parted.
    tiles: Tiles,
    /// Whether the tiles of the last rows, and of the last columns, have two outputs a side at most, and few elements.
    short: [bool; 2],
    /// The transformed windows in scratch memory.
    windows: Slot,
    level: Level,
    weights: &'a [f32],
    /// The floats of the sources.
    inputs: [&'a [f32]; 2],
    /// The residual's floats, if there is one.
    residual: &'a [f32],
}

impl Operands<'_> {
    /// The sources with their floats, and the first channel of each.
    #[inline(always)]
    fn sources(&self) -> impl Iterator<Item = (&Source, &[f32], usize)> {
        let Winograd { input, beside, .. } = self.layer;
        let first = [0, input.slot.channels];
        let sources = [Some(input), beside.as_ref()].into_iter().flatten().zip(self.inputs).zip(first);
        sources.map(|((source, floats), first)| (source, floats, first))
    }

    /// Whether a tile is short along the rows, and along the columns.
    #[inline(always)]
    fn is_short(&self, tile: usize) -> [bool; 2] {
        let [row, column] = self.tiles.edges(tile);
        [row && self.short[0], column && self.short[1]]
    }

    /// The first floats of the rows of a tile's window, and of its columns from the row's; `None` is padding.
    #[inline(always)]
    fn window<const N: usize>(&self, tile: usize, source: &Source) -> [[Option<usize>; N]; 2] {
        let [y, x] = self.tiles.place(tile);
        let Slot { height, width, pitch, .. } = source.slot;
        let floats = |at: Option<usize>, size: usize, pitch: usize| Some(at.filter(|&at| at < size)? * pitch);
        [
            from_fn(|cell| floats(self.row(y, cell, source), height, width * pitch)),
            from_fn(|cell| floats(self.column(x, cell, source), width, pitch)),
        ]
    }

    /// The row of a source that a cell of the windows of a row of tiles lies in, which may be one below the last;
    /// `None` is padding above the first.
    #[inline(always)]
    fn row(&self, y: usize, cell: usize, source: &Source) -> Option<usize> {
        let first = self.tiles.axes()[0].first(y) * self.layer.pooled() * self.layer.tile.stride();
        read(&self.layer.rows, first + cell * self.tiles.axes()[0].step(), source.repeat[0])
    }

    /// As [`row`](Self::row), for columns.
    #[inline(always)]
    fn column(&self, x: usize, cell: usize, source: &Source) -> Option<usize> {
        let first = self.tiles.axes()[1].first(x) * self.layer.pooled() * self.layer.tile.stride();
        read(&self.layer.columns, first + cell * self.tiles.axes()[1].step(), source.repeat[1])
    }
}

/// The cell that lies under one of the padded, repeated axis.
#[inline(always)]
fn read(axis: &Axis, cell: usize, repeat: usize) -> Option<usize> {
    let at = cell.checked_sub(axis.before)?;
    Some(if repeat == 1 { at } else { at / repeat })
}
