use crate::geometry::Axis;
use crate::run::Run;
use crate::slot::Slot;

/// What a pooling takes of its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolOp {
    /// The largest cell of the input; padding never wins.
    Max,
    /// The mean of the cells inside the input.
    Average,
    /// The sum of the cells inside the input over the number of cells inside the padded input
    /// (PyTorch's `count_include_pad`).
    AverageWithPadding,
}

/// The windows of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// Windows of equal size, along rows and columns.
    Sliding(Axis, Axis),
    /// [`adaptive_window`](crate::geometry::adaptive_window)s that cover the input, however many outputs there are.
    Adaptive,
}

/// Pooling, channel by channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written.
    pub output: Slot,
    /// Maximum or mean.
    pub op: PoolOp,
    /// The windows.
    pub windows: Windows,
}
