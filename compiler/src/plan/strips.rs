//! Whether a depthwise convolution and the convolutions around it, or the mean of what it gives, are computed together,
//! in strips of rows.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Depthwise, PoolOp, Sampling, Squeeze, Strips, Windows};
use convolve_runtime::weights::PANEL;

use super::cost::Core;
use super::storage::Storage;
use super::{Way, lower};
use crate::graph::{Conv, Graph, Node, NodeId, Op};
use crate::options::Outcome;

/// Nodes that are computed together with the convolution or the pooling that reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The convolution before the depthwise one, if it takes part.
    pub(super) first: Option<NodeId>,
    pub(super) depthwise: NodeId,
    /// Whether the last node is the mean of what the depthwise convolution gives, which is kept.
    pub(super) is_mean: bool,
    /// Rows of output at once.
    pub(super) rows: usize,
}

impl Group {
    /// Floats of scratch memory.
    pub(super) fn scratch(self, graph: &Graph) -> usize {
        let Some(depthwise) = kernel(graph, self.depthwise) else { return 0 };
        let scratch = if self.is_mean { Squeeze::scratch } else { Strips::scratch };
        scratch(self.first.is_some(), &depthwise, self.rows)
    }
}

/// Chooses the groups, each by the convolution that it ends with: those that are worth it, or all if that is forced.
pub(super) fn choose(
    graph: &Graph,
    core: &Core,
    storage: &mut Storage<'_>,
    forced: bool,
    ways: &mut [Way],
) -> Vec<Outcome> {
    let uses = graph.uses();
    let mut outcomes = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        let Some(end) = end(node) else { continue };
        let depthwise = node.inputs[0];
        if !matches!(graph.nodes[depthwise].op, Op::Depthwise(_)) {
            continue;
        }
        let is_mean = end == End::Mean;
        let is_early = || graph.nodes[..id].iter().any(|node| node.inputs.contains(&depthwise));
        let first = graph.nodes[depthwise].inputs[0];
        let joins = uses[first] == 1 && ways[first] == Way::Plain && leads(&graph.nodes[first], forced);
        let first = (joins && (forced || saves(graph, core, first, depthwise))).then_some(first);
        let title = |id: NodeId| graph.nodes[id].title();
        let names: Vec<String> = first.into_iter().chain([depthwise, id]).map(title).collect();
        let names = names.join(", ");
        let fault = match end {
            End::Point | End::Other if uses[depthwise] > 1 => Err("something else reads it too"),
            End::Other => Err("the convolution after it looks at more than a pixel, or pools"),
            End::Mean if is_early() => Err("something else reads it before"),
            End::Point | End::Mean => rows(graph, core, first, depthwise, forced),
        };
        match fault {
            Ok(rows) => {
                ways[id] = Way::Strips(Group { first, depthwise, is_mean, rows });
                first.into_iter().for_each(|first| storage.bypass(first, depthwise));
                if is_mean {
                    storage.defer(depthwise, id);
                } else {
                    storage.bypass(depthwise, id);
                }
                outcomes.push(Outcome::done(format!("{names}: {rows} rows at once")));
            }
            Err(reason) => outcomes.push(Outcome::declined(format!("{names}: {reason}"))),
        }
    }
    outcomes
}

/// What a group may end with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// A convolution that looks at single pixels.
    Point,
    /// The mean of each channel.
    Mean,
    /// Another convolution, with which no group can end.
    Other,
}

/// What a node is as the end of a group.
fn end(node: &Node) -> Option<End> {
    match &node.op {
        Op::Conv(conv) => Some(if is_point(conv) { End::Point } else { End::Other }),
        Op::Pool { op: PoolOp::Average, windows: Windows::Adaptive } => {
            let [height, width, _] = node.shape.extents();
            (height * width == 1).then_some(End::Mean)
        }
        _ => None,
    }
}

/// Whether the node can be the convolution before a depthwise one.
fn leads(node: &Node, forced: bool) -> bool {
    let Op::Conv(conv) = &node.op else { return false };
    conv.sampling != Sampling::Transposed
        && conv.pool.is_none()
        && node.inputs.len() == 1
        && (forced || conv.filters.is_multiple_of(PANEL))
}

/// Whether it is less, by count, to compute the rows twice that the windows of two parts share than to move the result
/// of the convolution before a depthwise one.
fn saves(graph: &Graph, core: &Core, first: NodeId, depthwise: NodeId) -> bool {
    let (Op::Conv(conv), Op::Depthwise(op)) = (&graph.nodes[first].op, &graph.nodes[depthwise].op) else {
        return false;
    };
    let [input, between] = [graph.nodes[first].inputs[0], first].map(|id| graph.nodes[id].shape);
    let Axis { kernel, stride, dilation, .. } = op.rows;
    let shared = ((kernel - 1) * dilation + 1).saturating_sub(stride) * Strips::SEAMS;
    let twice = shared as f64 / between.extents()[0] as f64 * core.direct(conv, input, between);
    twice < core.pass(&[between.elements(); 2])
}

/// Whether the convolution looks at single pixels.
fn is_point(conv: &Conv) -> bool {
    [conv.rows, conv.columns] == [Axis::POINT; 2] && conv.sampling == Sampling::Direct && conv.pool.is_none()
}

/// No more rows of output than a second-level cache holds, in an even number of strips of nearly equal size, so that two
/// threads have as much to do; if they are forced, one row, so that most rows meet at a seam.
fn rows(
    graph: &Graph,
    core: &Core,
    first: Option<NodeId>,
    depthwise: NodeId,
    forced: bool,
) -> Result<usize, &'static str> {
    if forced {
        return Ok(1);
    }
    let [input, output] =
        [graph.nodes[depthwise].inputs[0], depthwise].map(|id| graph.nodes[id].shape.extents());
    if input[1].min(output[1]) < Strips::WIDTH {
        return Err("its rows are short");
    }
    let fits = |rows: &usize| floats(graph, first, depthwise, *rows) <= core.strip;
    match (1..=output[0]).rev().find(fits) {
        Some(rows) if rows == output[0] => Err("a second-level cache holds all of it"),
        rows => {
            let strips = output[0].div_ceil(rows.unwrap_or(1)).next_multiple_of(2);
            Ok(output[0].div_ceil(strips))
        }
    }
}

/// Floats of a strip with so many rows of output.
fn floats(graph: &Graph, first: Option<NodeId>, depthwise: NodeId, rows: usize) -> usize {
    kernel(graph, depthwise).map_or(0, |kernel| Strips::scratch(first.is_some(), &kernel, rows))
}

/// The kernel of a depthwise convolution, wherever its tensors lie.
fn kernel(graph: &Graph, id: NodeId) -> Option<Depthwise> {
    let Node { op: Op::Depthwise(op), inputs, .. } = &graph.nodes[id] else { return None };
    let between = [inputs[0], id].map(|id| lower::dense(graph.nodes[id].shape.extents()));
    Some(lower::depthwise(op, between, (0, op.activation)))
}
