//! Whether a depthwise convolution and the convolutions around it are computed together, in strips of rows.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Sampling, Strips};
use convolve_runtime::weights::PANEL;

use super::storage::Storage;
use super::{Way, lower};
use crate::graph::{Conv, Graph, Node, NodeId, Op};
use crate::options::Outcome;

/// Nodes that are computed together with the convolution that reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The convolution before the depthwise one, if it takes part.
    pub(super) first: Option<NodeId>,
    pub(super) depthwise: NodeId,
    /// Rows of output at once.
    pub(super) rows: usize,
}

impl Group {
    /// Floats of scratch memory.
    pub(super) fn scratch(self, graph: &Graph) -> usize {
        floats(graph, self.first, self.depthwise, self.rows)
    }
}

/// Floats that a second-level cache holds beside the weights, on common processors.
const CACHE: usize = 64 * 1024;
/// Fewest pixels of a row: the register tiles of shorter ones depend on the number of rows, and with them the order of
/// sums.
const WIDTH: usize = 16;

/// Chooses the groups, each by the convolution that it ends with: those that are worth it, or all if that is forced.
pub(super) fn choose(
    graph: &Graph,
    storage: &mut Storage<'_>,
    forced: bool,
    ways: &mut [Way],
) -> Vec<Outcome> {
    let uses = graph.uses();
    let mut outcomes = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        let Op::Conv(conv) = &node.op else { continue };
        let depthwise = node.inputs[0];
        if !matches!(graph.nodes[depthwise].op, Op::Depthwise(_)) {
            continue;
        }
        let first = graph.nodes[depthwise].inputs[0];
        let joins = uses[first] == 1 && ways[first] == Way::Plain;
        let first = (joins && leads(&graph.nodes[first], forced)).then_some(first);
        let title = |id: NodeId| graph.nodes[id].title();
        let names: Vec<String> = first.into_iter().chain([depthwise, id]).map(title).collect();
        let names = names.join(", ");
        let fault = if uses[depthwise] > 1 {
            Err("something else reads it too")
        } else if !is_point(conv) {
            Err("the convolution after it looks at more than a pixel, or pools")
        } else {
            rows(graph, first, depthwise, forced)
        };
        match fault {
            Ok(rows) => {
                ways[id] = Way::Strips(Group { first, depthwise, rows });
                storage.bypass(depthwise, id);
                first.into_iter().for_each(|first| storage.bypass(first, id));
                outcomes.push(Outcome::done(format!("{names}: {rows} rows at once")));
            }
            Err(reason) => outcomes.push(Outcome::declined(format!("{names}: {reason}"))),
        }
    }
    outcomes
}

/// Whether the node can be the convolution before a depthwise one.
fn leads(node: &Node, forced: bool) -> bool {
    let Op::Conv(conv) = &node.op else { return false };
    conv.sampling != Sampling::Transposed
        && conv.pool.is_none()
        && node.inputs.len() == 1
        && (forced || conv.filters.is_multiple_of(PANEL))
}

/// Whether the convolution looks at single pixels.
fn is_point(conv: &Conv) -> bool {
    [conv.rows, conv.columns] == [Axis::POINT; 2] && conv.sampling == Sampling::Direct && conv.pool.is_none()
}

/// As many rows of output as a second-level cache holds; if they are forced, one, so that most rows meet at a seam.
fn rows(
    graph: &Graph,
    first: Option<NodeId>,
    depthwise: NodeId,
    forced: bool,
) -> Result<usize, &'static str> {
    if forced {
        return Ok(1);
    }
    let [input, output] =
        [graph.nodes[depthwise].inputs[0], depthwise].map(|id| graph.nodes[id].shape.extents());
    if input[1].min(output[1]) < WIDTH {
        return Err("its rows are short");
    }
    let fits = |rows: &usize| floats(graph, first, depthwise, *rows) <= CACHE;
    match (1..=output[0]).rev().find(fits) {
        Some(rows) if rows == output[0] => Err("a second-level cache holds all of it"),
        rows => Ok(rows.unwrap_or(1)),
    }
}

/// Floats of scratch memory for so many rows of output at once.
fn floats(graph: &Graph, first: Option<NodeId>, depthwise: NodeId, rows: usize) -> usize {
    let Node { op: Op::Depthwise(op), inputs, .. } = &graph.nodes[depthwise] else { return 0 };
    let between = [inputs[0], depthwise].map(|id| lower::dense(graph.nodes[id].shape.extents()));
    Strips::scratch(first.is_some(), &lower::depthwise(op, between, (0, op.activation)), rows)
}
