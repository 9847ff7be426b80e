//! Convolutions whose results are pooled while they are in registers.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Sampling, Windows};

use super::Way;
use crate::graph::{Conv, Graph, NodeId, Op};
use crate::options::Outcome;

/// Lets a pooled convolution keep its results in registers, if it can; says nothing of other nodes.
pub(super) fn choose(graph: &Graph, id: NodeId, way: &mut Way) -> Option<Outcome> {
    let node = &graph.nodes[id];
    let Op::Conv(conv) = &node.op else { return None };
    let (_, windows) = conv.pool?;
    Some(match fits(conv, windows) {
        Ok(()) => {
            *way = Way::Pooled;
            Outcome::done(format!("{} in registers", node.title()))
        }
        Err(reason) => Outcome::declined(format!("{}: {reason}", node.title())),
    })
}

/// Whether the kernel can compute the convolution.
fn fits(conv: &Conv, windows: Windows) -> Result<(), &'static str> {
    let is_padded = |axis: &Axis| axis.before + axis.after > 0;
    if !is_of_two(windows) {
        Err("its pooling is not of 2×2")
    } else if is_padded(&conv.rows) || is_padded(&conv.columns) {
        Err("it is padded")
    } else if conv.groups > 1 || conv.sampling != Sampling::Direct {
        Err("it is grouped, or of an enlarged map")
    } else if conv.activation.limits().is_none() {
        Err("its activation stands between it and a pooling")
    } else {
        Ok(())
    }
}

/// Whether what is pooled are 2 × 2 cells that no other window has.
pub(super) fn is_of_two(windows: Windows) -> bool {
    matches!(windows, Windows::Sliding(rows, columns) if [rows.kernel, columns.kernel] == [2, 2])
}
