//! How the cells of an axis are parted into tiles.

/// Tiles of neighbouring cells. The outputs of a dilated convolution are neighbours at the distance of its taps: they see
/// a grid of input cells of their own, so that each of those grids has its own tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiling {
    /// Cells in all.
    cells: usize,
    /// Cells of a tile.
    side: usize,
    /// From a cell to its neighbour.
    step: usize,
}

impl Tiling {
    pub(crate) const fn new(cells: usize, side: usize, step: usize) -> Self {
        Self { cells, side, step }
    }

    /// Cells in all.
    pub(super) const fn cells(&self) -> usize {
        self.cells
    }

    /// Number of tiles; those of all grids at one place follow each other.
    pub(crate) const fn count(&self) -> usize {
        // Most are single, and divisions would show in small layers.
        if self.is_single() {
            return self.cells;
        }
        let grids = if self.step < self.cells { self.step } else { self.cells };
        grids * self.cells.div_ceil(self.step).div_ceil(self.side)
    }

    /// From a cell of a tile to its neighbour.
    pub(crate) const fn step(&self) -> usize {
        self.step
    }

    /// Whether each cell is a tile, and its own index.
    pub(super) const fn is_single(&self) -> bool {
        self.side == 1 && self.step == 1
    }

    /// The first cell of a tile, which may lie past the last one where a grid is smaller than others.
    #[inline(always)]
    pub(crate) const fn first(&self, tile: usize) -> usize {
        if self.step == 1 {
            return tile * self.side;
        }
        let grids = if self.step < self.cells { self.step } else { self.cells };
        tile / grids * self.side * self.step + tile % grids
    }

    /// Cells of a tile.
    #[inline(always)]
    pub(crate) const fn size(&self, tile: usize) -> usize {
        let left = self.cells.saturating_sub(self.first(tile));
        let size = if self.step == 1 { left } else { left.div_ceil(self.step) };
        if size < self.side { size } else { self.side }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::Tiling;

    #[test]
    fn every_cell_is_in_one_tile() {
        for (cells, side, step) in
            (0..4000).map(|case| (case % 23 + 1, case / 23 % 5 + 1, case / 115 % 9 + 1))
        {
            let tiling = Tiling::new(cells, side, step);
            let mut found = vec![0; cells];
            for tile in 0..tiling.count() {
                for index in 0..tiling.size(tile) {
                    found[tiling.first(tile) + index * step] += 1;
                }
            }
            assert_eq!(found, vec![1; cells], "{tiling:?}");
        }
    }
}
