//! Whether the numbers that multiply the channels of a convolution's input multiply its kernel instead.
//!
//! A squeeze-and-excitation block multiplies each channel of a map by a number, and a convolution reads the product. A
//! kernel with few outputs has far fewer weights than a large map has cells.

use convolve_runtime::kernels::{Activation, BinaryOp, Scaled};

use super::Way;
use super::cost::CELLS_OF_WEIGHT;
use super::storage::Storage;
use crate::graph::{Conv, Graph, NodeId, Op, Precision, Shape};
use crate::options::Outcome;

/// Lets a convolution take the numbers, if that is less to do; says nothing of other nodes.
pub(super) fn choose(graph: &Graph, storage: &mut Storage<'_>, id: NodeId, way: &mut Way) -> Option<Outcome> {
    let node = &graph.nodes[id];
    let Op::Conv(conv) = &node.op else { return None };
    let product = node.inputs[0];
    let [map, factor] = operands(graph, product)?.map(|id| graph.nodes[id].shape);
    let fault = if graph.uses()[product] > 1 {
        Some("something else reads it too")
    } else if graph.precision == Precision::Strict {
        Some("precision is strict")
    } else if conv.groups > 1 || conv.pool.is_some() {
        Some("the convolution is grouped, or pools")
    } else if matches!(conv.activation, Activation::Prelu { .. }) {
        Some("its activation's slopes lie with its weights")
    } else if map.elements() < CELLS_OF_WEIGHT * scratch(conv, factor) {
        Some("the kernel is not much smaller than the map")
    } else {
        None
    };
    let title = format!("{} into the kernel of {}", graph.nodes[product].title(), node.title());
    Some(match fault {
        Some(reason) => Outcome::declined(format!("{title}: {reason}")),
        None => {
            *way = Way::Scaled;
            storage.bypass(product, id);
            Outcome::done(title)
        }
    })
}

/// The map and the vector of a product with a number for each channel.
pub(super) fn operands(graph: &Graph, product: NodeId) -> Option<[NodeId; 2]> {
    let node = &graph.nodes[product];
    let (Op::Binary(BinaryOp::Mul, Activation::Linear), &[a, b]) = (&node.op, &node.inputs[..]) else {
        return None;
    };
    let is_map = |id: NodeId| pixels(graph.nodes[id].shape) > 1;
    match [is_map(a), is_map(b)] {
        [true, false] => Some([a, b]),
        [false, true] => Some([b, a]),
        _ => None,
    }
}

/// Floats of the multiplied weights, of a convolution of so many channels.
pub(super) fn scratch(conv: &Conv, inputs: Shape) -> usize {
    Scaled::scratch(conv.rows.kernel * conv.columns.kernel, inputs.channels(), conv.filters)
}

const fn pixels(shape: Shape) -> usize {
    let [height, width, _] = shape.extents();
    height * width
}
