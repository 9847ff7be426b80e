//! Convolutions of an enlarged map, as transposed convolutions.
//!
//! A map that is enlarged by repetition is its transposed convolution with a kernel of ones. With the convolution
//! after it, it makes one transposed convolution: the outputs of each phase see the cells of the map, not their
//! repetitions, under kernels whose taps are sums. Of the nine taps of a 3 × 3 kernel on a map of twice the size, four
//! are left.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::Sampling;

use super::Way;
use crate::graph::{Conv, Graph, NodeId, Op, Precision};
use crate::options::Outcome;

/// Lets a convolution of an enlarged map be computed in phases, if that is less, or forced; says nothing of other nodes.
pub(super) fn choose(graph: &Graph, id: NodeId, forced: bool, way: &mut Way) -> Option<Outcome> {
    let node = &graph.nodes[id];
    let Op::Conv(conv) = &node.op else { return None };
    let Sampling::Upsampled([rows, columns]) = conv.sampling else { return None };
    let title = node.title();
    if graph.precision == Precision::Strict {
        return Some(Outcome::declined(format!("{title}: precision is strict")));
    }
    let saves = |axis: &Axis, repeat: usize| axis.kernel > 1 && repeat > 1;
    let less = forced || saves(&conv.rows, rows) || saves(&conv.columns, columns);
    Some(if less && of(conv).is_some() {
        *way = Way::Phases;
        Outcome::done(format!("{title} in {rows}×{columns} phases"))
    } else {
        Outcome::declined(format!("{title}: its window has one cell, or more padding, gaps or a pooling"))
    })
}

/// The transposed convolution of the map itself; `None` if it cannot be.
pub(super) fn of(conv: &Conv) -> Option<Conv> {
    let Sampling::Upsampled([down, across]) = conv.sampling else { return None };
    if conv.pool.is_some() {
        return None;
    }
    Some(Conv {
        rows: transposed(&conv.rows, down)?,
        columns: transposed(&conv.columns, across)?,
        sampling: Sampling::Transposed,
        ..conv.clone()
    })
}

/// With `p` cells of padding, output `o` of a kernel of `k` taps sees cell `i` under all taps `t` with
/// `o − p + t` from `i · repeat` to `i · repeat + repeat − 1`: those of one tap of a kernel of `k + repeat − 1`.
fn transposed(axis: &Axis, repeat: usize) -> Option<Axis> {
    let last = axis.kernel - 1;
    Some(Axis {
        kernel: axis.kernel + repeat - 1,
        stride: repeat,
        dilation: (axis.dilation == 1).then_some(1)?,
        before: last.checked_sub(axis.before)?,
        after: last.checked_sub(axis.after)?,
    })
}
