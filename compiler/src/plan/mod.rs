//! From a graph to a program: which kernel runs when, on which memory, with which weights.
//!
//! A plan is plain data. It borrows from the graph that it was made of, and says nothing twice.

pub(crate) mod arena;
mod check;
mod concat;
pub(crate) mod cost;
mod kernel;
pub(crate) mod loads;
pub(crate) mod lower;
mod phases;
mod pooled;
mod print;
mod scaled;
mod storage;
mod strips;
mod summary;
mod tail;
mod way;
pub(crate) mod winograd;

pub use check::verify_plan;
pub use kernel::Kernel;
pub use summary::{Row, macs, rows, table};
pub use tail::{Moved, Tail};
pub use winograd::algorithm;

use convolve_runtime::slot::{Memory, Slot};
use convolve_runtime::weights::Load;

use crate::graph::{Conv, Graph, NodeId, Op};
use crate::options::{Options, Outcome, Report};
use arena::Buffer;
use cost::Core;
use loads::Loads;
use storage::Storage;
pub(crate) use way::Way;

/// Concatenations whose parts are written straight into them.
const CONCAT_VIEWS: &str = "concat_views";
/// Concatenations that are never stored, because their reader reads the parts.
const CONCAT_READS: &str = "concat_reads";
/// Element-wise results that overwrite their input.
const IN_PLACE: &str = "in_place";
/// Convolutions of enlarged maps, as transposed ones.
pub(crate) const PHASES: &str = "phases";
/// Poolings of a convolution's results while they are in registers.
const POOLED_SUMS: &str = "pooled_sums";
/// Numbers for each channel of a convolution's input, which multiply its kernel.
const SCALED_KERNELS: &str = "scaled_kernels";
/// Depthwise convolutions together with those around them, in strips of rows.
pub(crate) const STRIPS: &str = "strips";
/// Convolutions in transformed tiles.
pub(crate) const WINOGRAD: &str = "winograd";
/// Dense layers at the end that several images share.
const BATCH_TAIL: &str = "batch_tail";

/// What the planner decides, and can be told not to, as passes can.
pub const DECISIONS: &[&str] = &[
    CONCAT_READS,
    CONCAT_VIEWS,
    IN_PLACE,
    PHASES,
    POOLED_SUMS,
    SCALED_KERNELS,
    STRIPS,
    WINOGRAD,
    BATCH_TAIL,
];

/// A program.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<'g> {
    /// The graph that it computes.
    pub graph: &'g Graph,
    /// What runs, in order.
    pub steps: Vec<Step>,
    /// Where each output lies afterwards, without gaps.
    pub outputs: Vec<Slot>,
    /// How the packed weights are made.
    pub loads: Vec<Load<'g>>,
    /// Floats of the packed weights.
    pub weights: usize,
    /// Floats of the arena.
    pub arena: usize,
    /// Floats that are in use at once at the worst step: no arena could be smaller.
    pub bound: usize,
    /// Multiply–adds a cycle, at most, of a core of the class that was planned for.
    pub peak: f64,
    /// The last steps for several images at once, if they are worth it.
    pub tail: Option<Tail>,
    /// What was decided, and what not and why.
    pub reports: Vec<Report>,
}

/// One kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The node that it computes; a concatenation may need several steps.
    pub node: NodeId,
    /// The nodes whose values the kernel's [`reads`](Kernel::reads) are.
    pub reads: Vec<NodeId>,
    /// The kernel.
    pub kernel: Kernel,
    /// Cycles that it takes by the planner's count, on one core of the class that was planned for.
    pub cycles: f64,
}

impl Step {
    fn new(slots: &Slots<'_>, node: NodeId, reads: Vec<NodeId>, kernel: Kernel) -> Self {
        let cycles = slots.core.cycles(slots.graph, node, &kernel);
        Self { node, reads, kernel, cycles }
    }

    /// The nodes that it computes, in order.
    #[must_use]
    pub fn nodes(&self, graph: &Graph) -> Vec<NodeId> {
        self.kernel.nodes(graph, self.node)
    }

    /// The tensors that it writes, with the nodes whose values they are.
    #[must_use]
    pub fn writes(&self, graph: &Graph) -> Vec<(NodeId, Slot)> {
        let besides = self.kernel.besides().map(|slot| (graph.nodes[self.node].inputs[0], slot));
        besides.into_iter().chain([(self.node, self.kernel.output())]).collect()
    }
}

impl Plan<'_> {
    /// Floats of the largest scratch memory, of which every thread has one.
    #[must_use]
    pub fn scratch(&self) -> usize {
        // Multiplied weights are for all threads.
        let own = self.steps.iter().filter(|step| !matches!(step.kernel, Kernel::Scaled(_)));
        own.filter_map(|step| step.kernel.scratch()).map(|slot| slot.span()).max().unwrap_or(0)
    }
}

/// Plans a graph.
#[must_use]
pub fn plan<'g>(graph: &'g Graph, options: &Options) -> Plan<'g> {
    let mut reports = Vec::new();
    let core = cost::core(options.lanes());
    let mut storage = Storage::new(graph);
    let ways = way::choose(graph, core, options, &mut storage, &mut reports);
    for (id, node) in graph.nodes.iter().enumerate() {
        if storage.is_bypassed(id) {
            continue;
        }
        if options.enabled(IN_PLACE) {
            reports
                .extend(overwrite(graph, &mut storage, id, ways[id]).map(|outcome| outcome.report(IN_PLACE)));
        }
        if matches!(node.op, Op::Concat) && options.enabled(CONCAT_VIEWS) {
            reports
                .extend(concat::views(graph, &mut storage, id).map(|outcome| outcome.report(CONCAT_VIEWS)));
        }
    }
    let slots = Slots::new(graph, &storage, core, ways);
    let mut loads = Loads::new(graph);
    let mut steps = Vec::new();
    let packed: Vec<_> =
        graph.nodes.iter().zip(&slots.ways).map(|(node, &way)| loads.add(node, way)).collect();
    for id in 0..graph.nodes.len() {
        if storage.has_turn(id) {
            steps.extend(lower::lower(graph, &storage, &slots, id, &packed));
        }
    }
    let mut tail = None;
    if options.enabled(BATCH_TAIL) && graph.nodes.iter().any(|node| matches!(node.op, Op::Dense(_))) {
        let outcome = match Tail::new(&slots, &steps, &packed) {
            Ok(found) => {
                let title = graph.nodes[steps[found.first].node].title();
                let words = format!("{} images at once from {title} on", found.images);
                tail = Some(found);
                Outcome::done(words)
            }
            Err(reason) => Outcome::declined(reason.to_owned()),
        };
        reports.push(outcome.report(BATCH_TAIL));
    }
    let mut outputs = Vec::new();
    for &(_, id) in &graph.outputs {
        let slot = slots.node(id);
        // What a caller gets must lie in the workspace: an input that is an output is copied there.
        let own = slots.copies.iter().find(|(copied, _)| *copied == id).map_or(slot, |&(_, own)| own);
        if own != slot && !outputs.contains(&own) {
            steps.push(Step::new(&slots, id, vec![id], Kernel::copy(slot, own)));
        }
        outputs.push(own);
    }
    Plan {
        graph,
        steps,
        outputs,
        loads: loads.list,
        weights: loads.floats,
        arena: slots.arena,
        bound: slots.bound,
        peak: core.peak(),
        tail,
        reports,
    }
}

/// Lets an element-wise node overwrite one of its inputs, or a convolution what it adds, if it is one and may.
fn overwrite(graph: &Graph, storage: &mut Storage<'_>, id: NodeId, way: Way) -> Option<Outcome> {
    let node = &graph.nodes[id];
    let candidates = match node.op {
        Op::Activate { .. } | Op::Softmax { .. } | Op::Affine { .. } => &node.inputs[..1],
        // A difference can only overwrite what it subtracts from.
        Op::Binary(op, _) => &node.inputs[..if lower::commutes(op) { 2 } else { 1 }],
        // Strips read their input when they have begun to write.
        Op::Conv(Conv { pool: None, .. }) if node.inputs.len() > 1 && !matches!(way, Way::Strips(_)) => {
            &node.inputs[1..]
        }
        _ => return None,
    };
    let mut fault = "one operand stands for all pixels";
    for &input in candidates.iter().filter(|&&input| graph.nodes[input].shape == node.shape) {
        if node.inputs.iter().filter(|&&other| other == input).count() > 1 {
            return Some(Outcome::declined(format!("{}: both operands are the same", node.title())));
        }
        match storage.overwrite(id, input) {
            Ok(()) => {
                let words = format!("{} overwrites {}", node.title(), graph.nodes[input].title());
                return Some(Outcome::done(words));
            }
            Err(reason) => fault = reason,
        }
    }
    Some(Outcome::declined(format!("{}: {fault}", node.title())))
}

/// The memory of every node, with offsets.
struct Slots<'s> {
    graph: &'s Graph,
    storage: &'s Storage<'s>,
    /// The processors that are planned for.
    core: &'static Core,
    /// How many images' vectors lie here, those of each root one after the other; `None` for the tensors of one.
    images: Option<usize>,
    /// How each node is computed.
    ways: Vec<Way>,
    /// First float of each root in the arena.
    offsets: Vec<usize>,
    /// Scratch memory of nodes that need some.
    scratch: Vec<(NodeId, Slot)>,
    /// Outputs that must be copied, and where to.
    copies: Vec<(NodeId, Slot)>,
    arena: usize,
    bound: usize,
}

impl<'s> Slots<'s> {
    fn new(graph: &'s Graph, storage: &'s Storage<'s>, core: &'static Core, ways: Vec<Way>) -> Self {
        let (mut buffers, mut roots, mut scratch, mut copies) = (vec![], vec![], vec![], vec![]);
        let end = graph.nodes.len();
        for (id, node) in graph.nodes.iter().enumerate() {
            if let Some((first, last)) = storage.lifetime(id) {
                roots.push((id, buffers.len()));
                buffers.push(Buffer { floats: node.shape.elements(), first, last });
            }
            if let Some(slot) = lower::scratch(graph, id, ways[id]) {
                scratch.push((id, slot, buffers.len()));
                buffers.push(Buffer { floats: slot.len(), first: id, last: id });
            }
        }
        for &(_, id) in &graph.outputs {
            let is_input = matches!(graph.nodes[storage.place(id).root].op, Op::Input(_));
            if is_input && !copies.iter().any(|&(copied, _)| copied == id) {
                copies.push((id, buffers.len()));
                buffers.push(Buffer { floats: graph.nodes[id].shape.elements(), first: end, last: end });
            }
        }
        let packing = arena::pack(&buffers);
        let mut offsets = vec![0; graph.nodes.len()];
        for (root, buffer) in roots {
            offsets[root] = packing.offsets[buffer];
        }
        let at = |slot: Slot, buffer: usize| Slot { offset: packing.offsets[buffer], ..slot };
        let own = |id: NodeId| lower::dense(graph.nodes[id].shape.extents());
        Self {
            graph,
            storage,
            core,
            images: None,
            ways,
            scratch: scratch.into_iter().map(|(id, slot, buffer)| (id, at(slot, buffer))).collect(),
            copies: copies.into_iter().map(|(id, buffer)| (id, at(own(id), buffer))).collect(),
            offsets,
            arena: packing.arena,
            bound: packing.bound,
        }
    }

    /// Where a node's value lies.
    fn node(&self, id: NodeId) -> Slot {
        let place = self.storage.place(id);
        let offset = self.offsets[place.root] + place.offset;
        if let Some(images) = self.images {
            let pitch = self.graph.nodes[place.root].shape.elements();
            return Slot::view(offset, [images, 1, self.graph.nodes[id].shape.elements()], pitch);
        }
        let memory = match self.graph.nodes[place.root].op {
            Op::Input(index) => Memory::Input(index),
            _ => Memory::Arena,
        };
        Slot { memory, offset, pitch: place.pitch, ..lower::dense(self.graph.nodes[id].shape.extents()) }
    }

    /// The scratch memory of a node.
    fn scratch(&self, id: NodeId) -> Option<Slot> {
        self.scratch.iter().find(|(node, _)| *node == id).map(|&(_, slot)| slot)
    }
}
