//! Where kernels write: the cells of a tensor, parted among threads.
#![expect(unsafe_code, reason = "parts of a tensor interleave, so that slices cannot tell them apart")]

use core::marker::PhantomData;
use core::ops::Range;

use super::prefetch::{FAR, will_write};
use super::tiling::{Tiles, Tiling};
use crate::slot::Slot;
use crate::team::Team;

/// A range in parts of nearly equal size, of whole units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    range: Range<usize>,
    unit: usize,
    count: usize,
}

impl Parts {
    /// At most `count` parts, in which each `unit` neighbours stay together.
    #[inline]
    pub(crate) fn new(range: Range<usize>, unit: usize, count: usize) -> Self {
        // A small layer is one part, and divisions would show in it.
        if count <= 1 {
            return Self { range, unit, count: 1 };
        }
        let units = range.len().div_ceil(unit);
        Self { range, unit, count: count.min(units).max(1) }
    }

    /// Number of parts.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Part `index`. It starts where the one before ends; the first and the last end where the range does.
    #[inline]
    fn part(&self, index: usize) -> Range<usize> {
        if self.count == 1 {
            return self.range.clone();
        }
        let units = self.range.len().div_ceil(self.unit);
        let end =
            |index: usize| (self.range.start + index * units / self.count * self.unit).min(self.range.end);
        end(index)..end(index + 1)
    }
}

/// A tensor in squares of pixels; some may be smaller than others, or empty.
#[derive(Clone, Copy, Debug)]
struct Map {
    /// The first channel of the first pixel; all pixels lie in one slice with it.
    floats: *mut f32,
    width: usize,
    pitch: usize,
    /// The squares.
    tiles: Tiles,
}

impl Map {
    #[inline]
    fn new(output: &mut [f32], slot: &Slot, tiles: Tiles) -> Self {
        let &Slot { height, width, channels, pitch, .. } = slot;
        assert!(output.len() >= slot.span() && pitch >= channels, "the tensor leaves its floats");
        assert!(tiles.axes().map(|axis| axis.cells()) == [height, width], "squares of another tensor");
        Self { floats: output.as_mut_ptr(), width, pitch, tiles }
    }

    #[inline]
    fn squares(&self) -> usize {
        self.tiles.count()
    }

    /// Whether the squares are single pixels.
    fn is_single(&self) -> bool {
        self.tiles.axes().iter().all(Tiling::is_single)
    }
}

/// Single pixels, as squares.
fn single(slot: &Slot) -> Tiles {
    Tiles::in_rows([slot.height, slot.width].map(|cells| Tiling::new(cells, 1, 1)))
}

/// A tensor to write, parted by squares and by channels.
#[derive(Debug)]
pub(crate) struct Grid<'a> {
    map: Map,
    squares: Parts,
    channels: Parts,
    marker: PhantomData<&'a mut [f32]>,
}

// SAFETY: it is used through `each` alone, which lets each thread write other cells.
unsafe impl Sync for Grid<'_> {}

impl<'a> Grid<'a> {
    /// Parts of the pixels, and of the channels, of a tensor whose floats are `output`.
    ///
    /// # Panics
    /// If `output` is shorter than the tensor, or it has not so many pixels or channels.
    #[inline(always)]
    pub(crate) fn new(output: &'a mut [f32], slot: &Slot, pixels: Parts, channels: Parts) -> Self {
        Self::tiled(output, slot, single(slot), pixels, channels)
    }

    /// Parts of the squares, which are tiles of the tensor, and of the channels.
    ///
    /// # Panics
    /// As [`new`](Self::new), or if the tiles are not those of the tensor's height and width.
    #[inline(always)]
    pub(crate) fn tiled(
        output: &'a mut [f32],
        slot: &Slot,
        tiles: Tiles,
        squares: Parts,
        channels: Parts,
    ) -> Self {
        let map = Map::new(output, slot, tiles);
        let inside = squares.range.end <= map.squares() && channels.range.end <= slot.channels;
        assert!(inside, "parts of another tensor");
        Self { map, squares, channels, marker: PhantomData }
    }

    /// Calls `write` once with each part, on the threads of the team, and with scratch memory of its own.
    #[inline]
    pub(crate) fn each(
        self,
        team: &Team,
        scratch: &mut [f32],
        write: impl Fn(&mut Cells<'_>, &mut [f32]) + Sync,
    ) {
        let grid = &self;
        team.each(grid.count(), scratch, |index, scratch| write(&mut grid.part(index), scratch));
    }

    /// As [`each`](Self::each), with the same part of another tensor.
    ///
    /// # Panics
    /// If that has another number of parts.
    pub(crate) fn each_of_two(
        self,
        other: Grid<'_>,
        team: &Team,
        scratch: &mut [f32],
        write: impl Fn([&mut Cells<'_>; 2], &mut [f32]) + Sync,
    ) {
        let grids = (&self, &other);
        assert!(grids.0.count() == grids.1.count(), "tensors in different numbers of parts");
        team.each(grids.0.count(), scratch, |index, scratch| {
            write([&mut grids.0.part(index), &mut grids.1.part(index)], scratch);
        });
    }

    /// Number of parts.
    #[inline]
    fn count(&self) -> usize {
        self.squares.count * self.channels.count
    }

    /// The part of this index. Those of different indices have no float in common, and the team gives each index once.
    #[inline]
    fn part(&self, index: usize) -> Cells<'_> {
        let groups = self.channels.count;
        let [square, channel] = if self.count() == 1 { [0, 0] } else { [index / groups, index % groups] };
        let (squares, channels) = (self.squares.part(square), self.channels.part(channel));
        Cells { map: self.map, squares, channels, alone: groups == 1, marker: PhantomData }
    }
}

/// The exclusive right to write some channels of some squares of a tensor.
#[derive(Debug)]
pub(crate) struct Cells<'a> {
    map: Map,
    squares: Range<usize>,
    channels: Range<usize>,
    /// Whether nobody writes other channels, so that the floats between the pixels belong to it too.
    alone: bool,
    marker: PhantomData<&'a mut [f32]>,
}

impl<'a> Cells<'a> {
    /// All pixels of a tensor whose floats are `output`.
    ///
    /// # Panics
    /// If `output` is shorter.
    pub(crate) fn new(output: &'a mut [f32], slot: &Slot) -> Self {
        let map = Map::new(output, slot, single(slot));
        Self { squares: 0..map.squares(), map, channels: 0..slot.channels, alone: true, marker: PhantomData }
    }

    /// Its squares, of all of the tensor's.
    pub(crate) fn squares(&self) -> Range<usize> {
        self.squares.clone()
    }

    /// Its channels, of all of the tensor's.
    pub(crate) fn channels(&self) -> Range<usize> {
        self.channels.clone()
    }

    /// Whether a second-level cache does not hold the tensor.
    #[inline]
    pub(crate) fn is_far(&self) -> bool {
        let [rows, columns] = self.map.tiles.axes();
        rows.cells() * columns.cells() * self.map.pitch > FAR
    }

    /// Its rows, where its squares are single pixels and make whole rows.
    pub(crate) fn rows(&self) -> Range<usize> {
        if self.squares == (0..self.map.squares()) {
            return 0..self.map.tiles.axes()[0].cells();
        }
        self.squares.start / self.map.width..self.squares.end / self.map.width
    }

    /// What may be written from this channel of this pixel on, where its squares are single pixels.
    ///
    /// # Panics
    /// If the cell is not its own.
    #[inline(always)]
    pub(crate) fn from(&mut self, pixel: usize, channel: usize) -> Target<'_> {
        let own = self.squares.contains(&pixel) && self.channels.contains(&channel);
        assert!(self.map.is_single() && own, "a cell of others");
        Target {
            // SAFETY: the cell lies in the tensor.
            to: unsafe { self.map.floats.add(pixel * self.map.pitch + channel) },
            pixels: self.squares.end - pixel,
            channels: self.channels.end - channel,
            pitch: self.map.pitch,
            marker: PhantomData,
        }
    }

    /// What may be written of this square from this channel on.
    ///
    /// # Panics
    /// If it is not its own.
    #[inline(always)]
    pub(crate) fn square(&mut self, square: usize, channel: usize) -> Square<'_> {
        let own = self.squares.contains(&square) && self.channels.contains(&channel);
        assert!(own, "a square of others");
        let Map { floats, width, pitch, tiles } = self.map;
        let ([down, across], [y, x]) = (tiles.axes(), tiles.place(square));
        Square {
            // The cell of an empty square may lie past the tensor.
            to: floats.wrapping_add((down.first(y) * width + across.first(x)) * pitch + channel),
            size: [down.size(y), across.size(x)],
            channels: self.channels.end - channel,
            steps: [down.step() * width * pitch, across.step() * pitch],
            marker: PhantomData,
        }
    }

    /// Calls `f` with the floats of some of its squares: as many pixels at once as are neighbours, or pixel by pixel if
    /// the floats between them are not its own.
    ///
    /// # Panics
    /// If some are not its own.
    pub(crate) fn runs(&mut self, squares: Range<usize>, mut f: impl FnMut(&mut [f32])) {
        let (own, channels) = (&self.squares, self.channels.clone());
        if squares.is_empty() || channels.is_empty() {
            return;
        }
        assert!(own.start <= squares.start && squares.end <= own.end, "squares of others");
        let (pitch, alone) = (self.map.pitch, self.alone);
        let mut run = |to: *mut f32, pixels: usize| {
            let (together, runs) = if alone { (pixels, 1) } else { (1, pixels) };
            let len = (together - 1) * pitch + channels.len();
            for first in 0..runs {
                // SAFETY: these channels of the pixels lie in the tensor and are its own, as are the floats between
                // them if there are several pixels.
                f(unsafe { core::slice::from_raw_parts_mut(to.add(first * pitch), len) });
            }
        };
        if self.map.is_single() {
            return run(self.from(squares.start, channels.start).to, squares.len());
        }
        for square in squares {
            let Square { to, size: [height, width], steps: [row, cell], .. } =
                self.square(square, channels.start);
            let neighbours = if cell == pitch { width } else { 1 };
            for (y, x) in (0..height).flat_map(|y| (0..width).step_by(neighbours.max(1)).map(move |x| (y, x)))
            {
                // SAFETY: the cells of the square lie in the tensor.
                run(unsafe { to.add(y * row + x * cell) }, neighbours);
            }
        }
    }
}

/// A cell, and those behind it that may be written too.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// The cell.
    pub(super) to: *mut f32,
    /// Pixels from it on.
    pub(super) pixels: usize,
    /// Channels from it on.
    pub(super) channels: usize,
    /// Floats from one pixel to the next.
    pub(super) pitch: usize,
    marker: PhantomData<&'a mut [f32]>,
}

impl<'a> Target<'a> {
    /// The floats of `output`, as pixels of so many channels.
    ///
    /// # Panics
    /// If it is shorter.
    #[inline(always)]
    pub(crate) fn new(output: &'a mut [f32], pixels: usize, channels: usize) -> Self {
        let fits = pixels.checked_mul(channels).is_some_and(|floats| floats <= output.len());
        assert!(fits, "the pixels leave their floats");
        Self { to: output.as_mut_ptr(), pixels, channels, pitch: channels, marker: PhantomData }
    }

    /// Whether this many channels of the pixel that is so far behind may be written.
    #[inline(always)]
    pub(super) fn reaches(&self, pixel: Option<usize>, channels: usize) -> bool {
        pixel.is_some_and(|pixel| pixel < self.pixels) && channels <= self.channels
    }
}

/// A square of pixels that may be written.
#[derive(Debug)]
pub(crate) struct Square<'a> {
    /// The first cell.
    pub(super) to: *mut f32,
    /// Rows and columns.
    pub(super) size: [usize; 2],
    /// Channels from the cell on.
    pub(super) channels: usize,
    /// Floats from one row and one pixel to the next.
    pub(super) steps: [usize; 2],
    marker: PhantomData<&'a mut [f32]>,
}

impl Square<'_> {
    /// Whether it has no pixels.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.size.contains(&0)
    }

    /// Asks for the cache lines of so many channels.
    #[inline(always)]
    pub(crate) fn will_write(self, channels: usize) {
        let [height, width] = self.size;
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            will_write(self.to.wrapping_add(y * self.steps[0] + x * self.steps[1]), channels);
        }
    }
}
