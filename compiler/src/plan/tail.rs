//! The vectors at a network's end, for several images at once.
//!
//! A dense layer reads each of its weights once for each image, and waits for memory. Where a network ends in dense
//! layers, several images share the reading: everything before runs for one image after the other, the tail then for
//! all of them, as rows of one matrix.

use std::collections::BTreeSet;

use convolve_runtime::slot::Slot;

use super::arena::{self, Buffer};
use super::lower::{self, Packed};
use super::{Slots, Step, Way};
use crate::graph::{Graph, Node, NodeId, Op, Shape};

/// Images at once: a register tile of rows. More would need more memory for little more speed.
const IMAGES: usize = 8;

/// The last steps of a plan, for several images.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// Images at once.
    pub images: usize,
    /// The first of the plan's steps that these stand for.
    pub first: usize,
    /// What they read of the steps before.
    pub inputs: Vec<Moved>,
    /// What runs, in order, in a memory of its own.
    pub steps: Vec<Step>,
    /// Where each output lies afterwards, an image a pixel.
    pub outputs: Vec<Slot>,
    /// Floats of that memory.
    pub floats: usize,
}

/// A vector that the tail starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Whose value it is.
    pub node: NodeId,
    /// Where an image's run leaves it.
    pub from: Slot,
    /// Where it lies in the tail, an image a pixel.
    pub to: Slot,
}

impl Tail {
    /// The tail of a plan of these steps, if it has one. `weights` are each node's, and its activation.
    pub(super) fn new(slots: &Slots<'_>, steps: &[Step], weights: &[Packed]) -> Result<Self, &'static str> {
        let (graph, storage) = (slots.graph, slots.storage);
        let start = first(graph).ok_or("the network does not end in dense layers")?;
        if graph.outputs.iter().any(|&(_, id)| id < start) {
            return Err("an output comes before the dense layers");
        }
        let nodes = || (start..graph.nodes.len()).filter(|&id| !matches!(graph.nodes[id].op, Op::Input(_)));
        let read: BTreeSet<NodeId> = nodes().flat_map(|id| graph.nodes[id].inputs.iter().copied()).collect();
        let entering: Vec<NodeId> =
            read.into_iter().filter(|&id| id < start || matches!(graph.nodes[id].op, Op::Input(_))).collect();
        let roots: BTreeSet<NodeId> =
            nodes().chain(entering.iter().copied()).map(|id| storage.place(id).root).collect();
        let buffers: Vec<Buffer> = roots
            .iter()
            .map(|&root| {
                // An input of the network has no lifetime of its own.
                let (first, last) = storage.lifetime(root).unwrap_or((start, graph.nodes.len()));
                let floats = IMAGES * graph.nodes[root].shape.elements();
                Buffer { floats, first: first.max(start), last }
            })
            .collect();
        let packing = arena::pack(&buffers);
        let mut offsets = vec![0; graph.nodes.len()];
        for (root, offset) in roots.into_iter().zip(packing.offsets) {
            offsets[root] = offset;
        }
        let rows = Slots {
            graph,
            storage,
            core: slots.core,
            images: Some(IMAGES),
            ways: vec![Way::Plain; graph.nodes.len()],
            offsets,
            scratch: Vec::new(),
            copies: Vec::new(),
            arena: packing.arena,
            bound: packing.bound,
        };
        let lowered = |id: NodeId| lower::lower(graph, storage, &rows, id, weights);
        Ok(Self {
            images: IMAGES,
            first: steps.iter().position(|step| step.node >= start).unwrap_or(steps.len()),
            inputs: entering
                .into_iter()
                .map(|node| Moved { node, from: slots.node(node), to: rows.node(node) })
                .collect(),
            steps: nodes().filter(|&id| storage.writes(id)).flat_map(lowered).collect(),
            outputs: graph.outputs.iter().map(|&(_, id)| rows.node(id)).collect(),
            floats: packing.arena,
        })
    }
}

/// The first dense layer from which on there are only vectors, each computed for itself.
fn first(graph: &Graph) -> Option<NodeId> {
    let start = graph.nodes.iter().rposition(|node| !by_image(graph, node)).map_or(0, |id| id + 1);
    (start..graph.nodes.len()).find(|&id| matches!(graph.nodes[id].op, Op::Dense(_)))
}

/// Whether the node's kernel computes each pixel for itself, so that vectors may be the pixels of one tensor.
fn by_image(graph: &Graph, node: &Node) -> bool {
    let is_vector = |shape: Shape| matches!(shape, Shape::Vector(_));
    match node.op {
        Op::Input(_) => true,
        Op::Dense(_)
        | Op::Activate { .. }
        | Op::Softmax { .. }
        | Op::Binary(..)
        | Op::Affine { .. }
        | Op::Concat
        | Op::Reshape => {
            is_vector(node.shape) && node.inputs.iter().all(|&input| is_vector(graph.nodes[input].shape))
        }
        _ => false,
    }
}
