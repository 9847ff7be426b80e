//! How the outputs of a convolution are parted into tiles, along one axis.

use core::array::from_fn;

use crate::geometry::Axis;

/// Tiles of neighbouring outputs. Outputs of a dilated convolution are neighbours at the distance of its taps: they
/// see a grid of cells of their own, so that each of the `dilation` grids has its own tiles.
#[derive(Clone, Copy)]
pub(super) struct Tiling {
    /// Outputs of the convolution, before a pooling.
    outputs: usize,
    /// Outputs of a tile.
    side: usize,
    /// Distance of neighbours.
    step: usize,
    /// Padding cells before the first input cell.
    before: usize,
}

impl Tiling {
    pub(super) const fn new(axis: &Axis, outputs: usize, side: usize) -> Self {
        Self { outputs, side, step: axis.dilation, before: axis.before }
    }

    /// Number of tiles; those of all grids at one place follow each other.
    pub(super) const fn count(&self) -> usize {
        let grids = if self.step < self.outputs { self.step } else { self.outputs };
        grids * self.outputs.div_ceil(self.step).div_ceil(self.side)
    }

    /// From one output of a tile to the next.
    pub(super) const fn step(&self) -> usize {
        self.step
    }

    /// The first output of a tile, which may lie past the last one where a grid is smaller than others.
    pub(super) const fn first(&self, tile: usize) -> usize {
        if self.step == 1 {
            tile * self.side
        } else {
            tile / self.step * self.side * self.step + tile % self.step
        }
    }

    /// Outputs of a tile.
    pub(super) const fn size(&self, tile: usize) -> usize {
        let size = self.outputs.saturating_sub(self.first(tile)).div_ceil(self.step);
        if size < self.side { size } else { self.side }
    }

    /// Outputs before which all are in the tiles below `tile`.
    pub(super) const fn complete(&self, tile: usize) -> usize {
        let outputs = tile / self.step * self.side * self.step;
        if outputs < self.outputs { outputs } else { self.outputs }
    }

    /// The cells of a tile's window, each `pitch` floats long, on an input of `size` cells that are repeated so often;
    /// `None` is padding.
    #[inline(always)]
    pub(super) fn cells<const N: usize>(
        &self,
        tile: usize,
        repeat: usize,
        size: usize,
        pitch: usize,
    ) -> [Option<usize>; N] {
        let first = self.first(tile);
        from_fn(|cell| {
            let at = (first + cell * self.step).checked_sub(self.before)?;
            let at = if repeat == 1 { at } else { at / repeat };
            (at < size).then_some(at * pitch)
        })
    }
}
