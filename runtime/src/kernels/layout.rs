use crate::run::Run;
use crate::slot::Slot;

/// Copies pixels: concatenation, cropping and subsampling.
///
/// Output pixel `(y, x)` is input pixel `(top + y · stride[0], left + x · stride[1])`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written.
    pub output: Slot,
    /// First row read.
    pub top: usize,
    /// First column read.
    pub left: usize,
    /// Rows and columns from one pixel read to the next.
    pub stride: [usize; 2],
}

/// What stands in the cells around the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// This value.
    Constant(f32),
    /// The input mirrored at its border cells, which are not repeated.
    Reflect,
    /// The input mirrored at its border, the border cells repeated.
    Symmetric,
    /// The nearest border cell.
    Edge,
    /// The input, repeated periodically.
    Wrap,
}

/// Padding of rows and columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pad {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written; the rows and columns it has more are the padding.
    pub output: Slot,
    /// Rows above the input.
    pub top: usize,
    /// Columns left of the input.
    pub left: usize,
    /// What stands in the new cells.
    pub mode: PadMode,
}

/// How the channels of a deep pixel are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockOrder {
    /// Depth, column, row: channel `(row · block + column) · depth + d` (TensorFlow's).
    DepthLast,
    /// Column, row, depth: channel `(d · block + row) · block + column` (PyTorch's `pixel_shuffle`).
    DepthFirst,
}

/// `depth_to_space` and `space_to_depth`: pixels of a block × block square against channels of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written: larger than the input for `depth_to_space`, smaller for `space_to_depth`.
    pub output: Slot,
    /// Side of the square.
    pub block: usize,
    /// Order of the deep pixel's channels.
    pub order: BlockOrder,
}
