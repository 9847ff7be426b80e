//! Computes a convolution of a concatenation as a sum of two, where a part of it is enlarged.
//!
//! The outputs of a convolution over a map whose cells are repeated twice along both sides have phases, in which they
//! see a map of half the size under fewer taps. The other part, most often what skips the deeper layers of a U-Net,
//! has none.

use convolve_runtime::kernels::{Activation, ResizeMode, Sampling};
use convolve_runtime::weights::Part;

use super::Outcome;
use crate::graph::{Conv, Graph, Node, NodeId, Op, Precision};
use crate::plan::cost::Core;
use crate::plan::winograd::{MARGIN, cycles};

pub(super) fn run(graph: &mut Graph, core: &Core) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut id = 0;
    while id < graph.nodes.len() {
        match split(graph, core, id) {
            None => {}
            Some(Err(reason)) => {
                outcomes.push(Outcome::declined(format!("{}: {reason}", graph.nodes[id].title())));
            }
            Some(Ok([rest, enlarged])) => {
                outcomes.push(Outcome::done(graph.nodes[id].title()));
                graph.insert(id, rest);
                id += 1;
                graph.nodes[id] = enlarged;
                graph.nodes[id].inputs.push(id - 1);
            }
        }
        id += 1;
    }
    outcomes
}

/// The convolution of the part that is not enlarged, and that of the other part, to which the first is to be added; or
/// why there is one. `None` if the node is no convolution of such a concatenation.
fn split(graph: &Graph, core: &Core, id: NodeId) -> Option<Result<[Node; 2], &'static str>> {
    let node = &graph.nodes[id];
    let Op::Conv(conv) = &node.op else { return None };
    let concat = &graph.nodes[node.inputs[0]];
    let (Op::Concat, &[first, second]) = (&concat.op, &concat.inputs[..]) else { return None };
    let uses = graph.uses();
    let is_enlarged = |id: NodeId| {
        let Node { op, inputs, shape, .. } = &graph.nodes[id];
        let twice = |&input: &NodeId| {
            let ([h, w, _], [rows, columns, _]) = (graph.nodes[input].shape.extents(), shape.extents());
            [2 * h, 2 * w] == [rows, columns]
        };
        matches!(op, Op::Resize(ResizeMode::Nearest)) && uses[id] == 1 && inputs.iter().all(twice)
    };
    let first_channels = graph.nodes[first].shape.channels();
    let parts = [(first, 0), (second, first_channels)];
    let [enlarged, rest] = match [is_enlarged(first), is_enlarged(second)] {
        [true, _] => parts,
        [_, true] => [parts[1], parts[0]],
        _ => return None,
    };
    if uses[node.inputs[0]] > 1 {
        return Some(Err("something else reads the concatenation too"));
    }
    if graph.precision == Precision::Strict {
        return Some(Err("precision is strict"));
    }
    let is_plain = conv.sampling == Sampling::Direct && [conv.rows.stride, conv.columns.stride] == [1, 1];
    if !is_plain || node.inputs.len() > 1 || conv.pool.is_some() {
        return Some(Err("it is strided or transposed, adds something already, or pools"));
    }
    let part = |first: usize, biased: bool| Conv { part: Some(Part { first, biased }), ..conv.clone() };
    let rest_conv = Conv { activation: Activation::Linear, ..part(rest.1, false) };
    let enlarged_conv = part(enlarged.1, true);
    let count = |conv: &Conv, input: NodeId| cycles(core, conv, graph.nodes[input].shape, node.shape);
    let in_phases = Conv { sampling: Sampling::Upsampled([2, 2]), ..enlarged_conv.clone() };
    let source = graph.nodes[enlarged.0].inputs[0];
    let counts = [count(conv, node.inputs[0]), count(&in_phases, source), count(&rest_conv, rest.0)];
    let [Some(together), Some(of_enlarged), Some(of_rest)] = counts else {
        return Some(Err("its parts are not computed in tiles"));
    };
    // What the first writes, the second reads.
    let sum = core.pass(&[node.shape.elements(); 2]);
    if together < MARGIN * (of_enlarged + of_rest + sum) {
        return Some(Err("the sum would cost nearly as much as the phases save"));
    }
    let computed =
        |conv: Conv, input: NodeId| Node { op: Op::Conv(conv), inputs: vec![input], ..node.clone() };
    Some(Ok([computed(rest_conv, rest.0), computed(enlarged_conv, enlarged.0)]))
}
