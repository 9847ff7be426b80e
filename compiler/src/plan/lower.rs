//! The kernels of a node.

use convolve_runtime::kernels::{
    Activate, Activation, Affine, Binary, BinaryOp, Blocks, Conv2d, Copy, Dense, Depthwise, Normalize, Pad,
    Pool, PooledConv2d, Resize, Sampling, Scaled, Softmax, Source, Squeeze, Strips, Windows, Winograd,
};
use convolve_runtime::slot::{Memory, Slot};

use super::strips::Group;
use super::winograd::Tiles;
use super::{Kernel, Slots, Step, Storage, Way, phases, scaled};
use crate::graph::{self, Conv, Graph, NodeId, Op};
use crate::verify::convolved;

/// Whether the operands may be swapped.
pub(super) const fn commutes(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Add | BinaryOp::Mul | BinaryOp::Maximum => true,
        BinaryOp::Sub => false,
    }
}

/// A tensor without gaps at the start of the arena.
pub(super) const fn dense([height, width, channels]: [usize; 3]) -> Slot {
    Slot { memory: Memory::Arena, offset: 0, height, width, channels, pitch: channels }
}

/// The scratch memory that a node needs, wherever it lies.
pub(super) fn scratch(graph: &Graph, id: NodeId, way: Way) -> Option<Slot> {
    let node = &graph.nodes[id];
    if let Way::Strips(group) = way {
        return Some(dense([1, 1, group.scratch(graph)]));
    }
    let Op::Conv(conv) = &node.op else { return None };
    let inputs = graph.nodes[node.inputs[0]].shape;
    let floats = match way {
        Way::Tiles(Tiles { tile, block }) => {
            Some(Winograd::scratch(tile, block, [inputs.channels(), conv.filters]))
        }
        Way::Scaled => Some(scaled::scratch(conv, inputs)),
        Way::Pooled => return None,
        Way::Plain | Way::Phases | Way::Strips(_) => None,
    };
    if let Some(floats) = floats {
        return Some(dense([1, 1, floats]));
    }
    let (_, Windows::Sliding(rows, _)) = conv.pool? else { return None };
    let full = convolved(conv, inputs, node.shape)?;
    let [_, width, channels] = full.extents();
    // Rows for some pooled ones at once, as long as they stay near.
    const CACHE: usize = 16 * 1024;
    let pooled = (CACHE / (rows.kernel * width * channels)).clamp(1, node.shape.extents()[0]);
    Some(dense([pooled * rows.kernel, width, channels]))
}

/// The first float of a node's packed weights, and its activation with its slopes there.
pub(crate) type Packed = (usize, Activation);

/// A convolution that is computed directly; of `slots`, the input and the output.
pub(crate) fn conv2d(conv: &Conv, [input, output]: [Slot; 2], (weights, activation): Packed) -> Conv2d {
    Conv2d {
        input,
        output,
        residual: None,
        rows: conv.rows,
        columns: conv.columns,
        sampling: conv.sampling,
        groups: conv.groups,
        weights,
        activation,
        pool: None,
    }
}

/// A depthwise convolution.
pub(super) fn depthwise(
    op: &graph::Depthwise,
    [input, output]: [Slot; 2],
    (weights, activation): Packed,
) -> Depthwise {
    Depthwise {
        input,
        output,
        rows: op.rows,
        columns: op.columns,
        multiplier: op.multiplier,
        weights,
        activation,
    }
}

/// The convolutions of a group but for its last one; of `slots`, what they read and what they give.
fn upper(
    graph: &Graph,
    group: Group,
    [input, output]: [Slot; 2],
    packed: &[Packed],
) -> Option<(Option<Conv2d>, Depthwise)> {
    let between = group.first.map_or(input, |id| dense(graph.nodes[id].shape.extents()));
    let first = match group.first {
        Some(id) => {
            let Op::Conv(conv) = &graph.nodes[id].op else { return None };
            Some(conv2d(conv, [input, between], packed[id]))
        }
        None => None,
    };
    let Op::Depthwise(op) = &graph.nodes[group.depthwise].op else { return None };
    Some((first, depthwise(op, [between, output], packed[group.depthwise])))
}

/// A group that ends with a mean.
fn squeeze(slots: &Slots<'_>, id: NodeId, group: Group, input: NodeId, packed: &[Packed]) -> Option<Kernel> {
    let between = [input, group.depthwise].map(|id| slots.node(id));
    let (first, depthwise) = upper(slots.graph, group, between, packed)?;
    let (mean, scratch) = (slots.node(id), slots.scratch(id)?);
    Some(Kernel::Squeeze(Box::new(Squeeze { first, depthwise, mean, rows: group.rows, scratch })))
}

/// The steps of a node whose memory is written at its turn; `packed` tells of it and the nodes before.
pub(super) fn lower(
    graph: &Graph,
    storage: &Storage<'_>,
    slots: &Slots<'_>,
    id: NodeId,
    packed: &[Packed],
) -> Vec<Step> {
    let node = &graph.nodes[id];
    let output = slots.node(id);
    let (weights, activation) = packed[id];
    let mut reads = storage.reads(id).to_vec();
    if matches!(node.op, Op::Binary(..)) && storage.takes(id, reads[1]) && !storage.takes(id, reads[0]) {
        reads.reverse();
    }
    if slots.ways[id] == Way::Scaled
        && let Some(operands) = scaled::operands(graph, node.inputs[0])
    {
        reads[..2].copy_from_slice(&operands);
    }
    if let (Op::Pool { .. }, Way::Strips(group)) = (&node.op, slots.ways[id]) {
        let reads = storage.reads(group.depthwise).to_vec();
        let kernel = squeeze(slots, id, group, reads[0], packed);
        return kernel.into_iter().map(|kernel| Step::new(slots, id, reads.clone(), kernel)).collect();
    }
    let Some(&first) = reads.first() else { return Vec::new() };
    let input = slots.node(first);
    let unless_taken = (!storage.takes(id, first)).then_some(input);
    let second = reads.get(1).map(|&id| slots.node(id));
    let kernel = match &node.op {
        Op::Concat => return copies(graph, storage, slots, id),
        Op::Conv(conv) => match convolution(graph, slots, id, conv, &reads, packed) {
            Some(kernel) => kernel,
            None => return Vec::new(),
        },
        Op::Dense(dense) => Kernel::Dense(Dense {
            input,
            output,
            residual: second,
            weights,
            stored: dense.stored,
            activation,
        }),
        Op::Affine { .. } => Kernel::Affine(Affine { input: unless_taken, output, weights, activation }),
        Op::Dropout { .. } => Kernel::copy(input, output),
        op => {
            let operands = Operands { first: input, unless_taken, second, output };
            let Some(kernel) = plain(op, &operands, packed[id]) else { return Vec::new() };
            kernel
        }
    };
    vec![Step::new(slots, id, reads, kernel)]
}

/// The kernel of a convolution of these nodes, the last of which is the residual if there is one.
fn convolution(
    graph: &Graph,
    slots: &Slots<'_>,
    id: NodeId,
    conv: &Conv,
    reads: &[NodeId],
    packed: &[Packed],
) -> Option<Kernel> {
    let node = &graph.nodes[id];
    let output = slots.node(id);
    let (sources, residual) = reads.split_at(reads.len() + 1 - node.inputs.len());
    let residual = residual.first().map(|&id| slots.node(id));
    let input = slots.node(*sources.first()?);
    let direct = |conv: &Conv| Conv2d { residual, ..conv2d(conv, [input, output], packed[id]) };
    Some(match (slots.ways[id], slots.scratch(id)) {
        (Way::Tiles(Tiles { tile, block }), Some(scratch)) => {
            let (weights, activation) = packed[id];
            let mut sources = sources.iter().map(|&id| source(graph, conv, node.inputs[0], slots.node(id)));
            Kernel::Winograd(Winograd {
                input: sources.next()?,
                beside: sources.next(),
                output,
                residual,
                rows: conv.rows,
                columns: conv.columns,
                tile,
                block,
                scratch,
                weights,
                activation,
                pool: conv.pool.map(|(op, _)| op),
            })
        }
        (Way::Strips(group), Some(scratch)) => {
            let between = dense(graph.nodes[group.depthwise].shape.extents());
            let (first, depthwise) = upper(graph, group, [input, between], packed)?;
            let last = Conv2d { input: between, ..direct(conv) };
            Kernel::Strips(Box::new(Strips { first, depthwise, last, rows: group.rows, scratch }))
        }
        (Way::Scaled, Some(scratch)) => {
            let scale = slots.node(*sources.get(1)?);
            Kernel::Scaled(Box::new(Scaled { conv: direct(conv), scale, scratch }))
        }
        (Way::Pooled, _) => {
            let Conv { rows, columns, pool, .. } = *conv;
            let ((op, _), (weights, activation)) = (pool?, packed[id]);
            Kernel::PooledConv2d(PooledConv2d { input, output, rows, columns, weights, activation, op })
        }
        (Way::Phases, _) => Kernel::Conv2d(direct(&phases::of(conv)?)),
        (_, scratch) => {
            let pool = conv.pool.zip(scratch);
            let pool = pool.map(|((op, windows), input)| Pool { input, output, op, windows });
            Kernel::Conv2d(Conv2d { pool, ..direct(conv) })
        }
    })
}

/// The tensors of an operation.
pub(crate) struct Operands {
    pub(crate) first: Slot,
    /// The first one, unless the output is to take its memory over.
    pub(crate) unless_taken: Option<Slot>,
    pub(crate) second: Option<Slot>,
    pub(crate) output: Slot,
}

/// The kernel of an operation about which there is nothing to decide.
pub(crate) fn plain(
    op: &Op,
    &Operands { first: input, unless_taken, second, output }: &Operands,
    (weights, activation): Packed,
) -> Option<Kernel> {
    Some(match op {
        Op::Depthwise(op) => Kernel::Depthwise(depthwise(op, [input, output], (weights, activation))),
        Op::Pool { op, windows } => Kernel::Pool(Pool { input, output, op: *op, windows: *windows }),
        Op::Pad { top, left, mode } => {
            Kernel::Pad(Pad { input, output, top: *top, left: *left, mode: *mode })
        }
        Op::Copy { top, left, stride } => {
            Kernel::Copy(Copy { input, output, top: *top, left: *left, stride: *stride })
        }
        Op::Resize(mode) => Kernel::Resize(Resize { input, output, mode: *mode }),
        Op::Binary(op, _) => {
            let right = second.unwrap_or(input);
            Kernel::Binary(Binary { left: unless_taken, right, output, op: *op, activation })
        }
        Op::Blocks { block, order } => Kernel::Blocks(Blocks { input, output, block: *block, order: *order }),
        Op::Normalize { over, epsilon, .. } => Kernel::Normalize(Normalize {
            input,
            output,
            over: *over,
            epsilon: *epsilon,
            weights,
            activation,
        }),
        Op::Activate { .. } => Kernel::Activate(Activate { input: unless_taken, output, activation }),
        Op::Softmax { log } => Kernel::Softmax(Softmax { input: unless_taken, output, log: *log }),
        _ => return None,
    })
}

/// A tensor that stands for some channels of a convolution's input, which may be enlarged.
fn source(graph: &Graph, conv: &Conv, input: NodeId, slot: Slot) -> Source {
    let [height, width, _] = graph.nodes[input].shape.extents();
    let [rows, columns] = if let Sampling::Upsampled(factors) = conv.sampling { factors } else { [1, 1] };
    Source { slot, repeat: [height * rows / slot.height, width * columns / slot.width] }
}

/// Copies of the parts that are not written straight into the concatenation.
fn copies(graph: &Graph, storage: &Storage<'_>, slots: &Slots<'_>, id: NodeId) -> Vec<Step> {
    let whole = slots.node(id);
    let mut steps = Vec::new();
    let mut channel = 0;
    for &part in &graph.nodes[id].inputs {
        let channels = graph.nodes[part].shape.channels();
        if !storage.takes(id, part) {
            let pitch = if whole.height * whole.width == 1 { channels } else { whole.pitch };
            let output = Slot { offset: whole.offset + channel, channels, pitch, ..whole };
            steps.push(Step::new(slots, id, vec![part], Kernel::copy(slots.node(part), output)));
        }
        channel += channels;
    }
    steps
}
