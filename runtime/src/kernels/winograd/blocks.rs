//! Windows of cells that are taken together, four to one.

use super::Operands;
use crate::slot::Slot;
use crate::weights::{PANEL, Tile};

/// Cells of a window along each side, and pixels of the map there.
pub(super) const SIDE: usize = Tile::Blocks.side();
const PIXELS: usize = 2 * SIDE;

/// A window whose cells have a panel's channels: those of the upper left pixel, of the upper right one, and so on.
pub(super) type Cells = [[f32; PANEL]; SIDE * SIDE];

/// No cell yet.
pub(super) const NONE: Cells = [[0.0; PANEL]; SIDE * SIDE];

impl Operands<'_> {
    /// Writes the window of a tile, with zeros where it lies outside of the map; `cells` were [`NONE`] at first.
    #[inline(always)]
    pub(super) fn take_together(&self, tile: usize, cells: &mut Cells) {
        match self.layer.input.slot.channels {
            1 => self.rows_of::<2>(tile, cells),
            2 => self.rows_of::<4>(tile, cells),
            3 => self.rows_of::<6>(tile, cells),
            _ => self.rows_of::<8>(tile, cells),
        }
    }

    /// As [`take_together`](Self::take_together), where two neighbouring pixels have `N` floats.
    #[inline(always)]
    fn rows_of<const N: usize>(&self, tile: usize, cells: &mut Cells) {
        let Slot { height, width, channels, pitch, .. } = self.layer.input.slot;
        let [y, x] = self.tiles.place(tile);
        // Of the padding before the map, all that is seen are numbers beyond its size.
        let top = (2 * self.tiles.axes()[0].first(y)).wrapping_sub(self.layer.rows.before);
        let left = (2 * self.tiles.axes()[1].first(x)).wrapping_sub(self.layer.columns.before);
        let is_inside = |first: usize, size: usize| first < size && first + PIXELS <= size;
        if pitch == channels && is_inside(top, height) && is_inside(left, width) {
            let map = &self.inputs[0][(top * width + left) * channels..];
            for (row, cells) in cells.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
                let [upper, lower] =
                    [2 * row, 2 * row + 1].map(|row| map[row * width * channels..].as_chunks::<N>().0);
                for (cell, (upper, lower)) in cells.iter_mut().zip(upper.iter().zip(lower)) {
                    cell[..N].copy_from_slice(upper);
                    cell[N..2 * N].copy_from_slice(lower);
                }
            }
            return;
        }
        for (index, cell) in cells.iter_mut().enumerate() {
            for (float, to) in cell[..2 * N].iter_mut().enumerate() {
                let row = top.wrapping_add(index / SIDE * 2 + float / N);
                let column = left.wrapping_add(index % SIDE * 2 + float % N / channels);
                let is_there = row < height && column < width;
                *to = if is_there {
                    self.inputs[0][(row * width + column) * pitch + float % channels]
                } else {
                    0.0
                };
            }
        }
    }
}
