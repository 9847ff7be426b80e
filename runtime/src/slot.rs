//! Where a tensor lies during a run.

use core::ops::Range;

/// The memory that a [`Slot`] points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The workspace's arena.
    Arena,
    /// Memory that all images of a group use in turn, in training.
    Shared,
    /// The caller's input of this index, which is only read.
    Input(usize),
}

/// A tensor of `height × width` pixels with `channels` floats each, in NHWC order.
///
/// Pixel `(y, x)` starts at float `offset + (y · width + x) · pitch` of its memory. A pitch above
/// `channels` makes the tensor a view into some channels of a wider one. A vector of n is `1 × 1 × n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The memory it lies in.
    pub memory: Memory,
    /// First float.
    pub offset: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Floats of a pixel.
    pub channels: usize,
    /// Floats from one pixel to the next, at least `channels`.
    pub pitch: usize,
}

impl Slot {
    /// A tensor of this height, width and channels in the arena, without gaps.
    #[must_use]
    pub const fn arena(offset: usize, [height, width, channels]: [usize; 3]) -> Self {
        Self { memory: Memory::Arena, offset, height, width, channels, pitch: channels }
    }

    /// A tensor in some channels of a wider one in the arena.
    #[must_use]
    pub const fn view(offset: usize, [height, width, channels]: [usize; 3], pitch: usize) -> Self {
        Self { memory: Memory::Arena, offset, height, width, channels, pitch }
    }

    /// The caller's input of this index.
    #[must_use]
    pub const fn input(index: usize, [height, width, channels]: [usize; 3]) -> Self {
        Self { memory: Memory::Input(index), offset: 0, height, width, channels, pitch: channels }
    }

    /// Floats from the first to the last of the tensor, the gaps of a view included.
    #[must_use]
    pub const fn span(&self) -> usize {
        (self.height * self.width - 1) * self.pitch + self.channels
    }

    /// Floats of the tensor itself.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// The floats of a pixel, counted row by row, in its memory.
    #[must_use]
    pub const fn pixel(&self, index: usize) -> Range<usize> {
        let start = self.offset + index * self.pitch;
        start..start + self.channels
    }

    /// Whether the tensor has no floats; the compiler makes no such tensor.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the pixels follow each other without gaps.
    #[must_use]
    pub const fn is_dense(&self) -> bool {
        self.pitch == self.channels
    }
}
