//! Pads the input of a convolution apart, on maps so small that its borders cost more than the copy.
//!
//! The convolution's kernel goes over borders on their own, because taps that fall outside cost nothing
//! there; each line of them costs a call of the register tile. On a map of a few pixels the calls are
//! most of the work.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{PadMode, Sampling};
use convolve_runtime::weights::PANEL;

use super::Outcome;
use crate::graph::{Conv, Graph, Node, NodeId, Op, Shape};
use crate::plan::cost::Core;
use crate::verify::convolved;

pub(super) fn run(graph: &mut Graph, core: &Core) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for id in 0.. {
        if id >= graph.nodes.len() {
            break;
        }
        let Some(pad) = apart(graph, core, id) else { continue };
        outcomes.push(Outcome::done(graph.nodes[id].title()));
        if let Op::Conv(conv) = &mut graph.nodes[id].op {
            *conv = without_padding(conv);
        }
        graph.insert(id, pad);
        graph.nodes[id + 1].inputs[0] = id;
    }
    outcomes
}

/// The padding of a convolution as a node of its own, where that is faster.
fn apart(graph: &Graph, core: &Core, id: NodeId) -> Option<Node> {
    let node = &graph.nodes[id];
    let Op::Conv(conv) = &node.op else { return None };
    let input = graph.nodes[node.inputs[0]].shape;
    let output = convolved(conv, input, node.shape)?;
    let [height, width, channels] = input.extents();
    let wide = channels >= PANEL && conv.filters >= PANEL;
    // Wide ones are computed in tiles, or have multiplications enough.
    if wide || conv.groups > 1 || conv.sampling != Sampling::Direct {
        return None;
    }
    let shape = Shape::Map {
        height: height + conv.rows.before + conv.rows.after,
        width: width + conv.columns.before + conv.columns.after,
        channels,
    };
    let together = core.direct(conv, input, output) + core.lines(border_lines(conv, node.shape));
    let apart = core.direct(&without_padding(conv), shape, output) + core.copied(shape);
    (together > apart).then(|| Node {
        layers: node.layers[..1].to_vec(),
        op: Op::Pad { top: conv.rows.before, left: conv.columns.before, mode: PadMode::Constant(0.0) },
        inputs: vec![node.inputs[0]],
        shape,
    })
}

/// The convolution of what is padded already.
fn without_padding(conv: &Conv) -> Conv {
    let [rows, columns] = [conv.rows, conv.columns].map(|axis| Axis { before: 0, after: 0, ..axis });
    Conv { rows, columns, ..conv.clone() }
}

/// Lines of pixels whose windows reach past the input. A pooled convolution is computed by pooled rows.
fn border_lines(conv: &Conv, pooled: Shape) -> usize {
    let cut = |padding: usize, axis: &Axis| padding.div_ceil(axis.stride).min(axis.kernel - 1);
    let [rows, columns] =
        [&conv.rows, &conv.columns].map(|axis| cut(axis.before, axis) + cut(axis.after, axis));
    let pooled_rows = if conv.pool.is_some() { pooled.extents()[0] } else { 0 };
    (1 + rows) * (1 + columns) - 1 + pooled_rows * columns
}
