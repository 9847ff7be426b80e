//! What lies where in the arena, and when: read off the steps of a plan.

use convolve_compiler::graph::{NodeId, Op};
use convolve_compiler::plan::Plan;
use convolve_runtime::slot::{Memory, Slot};

/// Floats of the arena that belong together, from the step that first writes them to the last that reads them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Buffer {
    /// The nodes whose values lie here, one after the other or side by side.
    pub(crate) nodes: Vec<NodeId>,
    /// Whether it is only for the step that writes it.
    pub(crate) scratch: bool,
    /// First float, and the one after the last.
    pub(crate) floats: [usize; 2],
    /// First and last step.
    pub(crate) steps: [usize; 2],
}

impl Buffer {
    fn new(node: NodeId, slot: Slot, step: usize, scratch: bool) -> Self {
        let floats = [slot.offset, slot.offset + slot.span()];
        Self { nodes: vec![node], scratch, floats, steps: [step; 2] }
    }

    /// Its size.
    pub(crate) const fn len(&self) -> usize {
        self.floats[1] - self.floats[0]
    }

    /// Whether both need a float at once.
    fn meets(&self, other: &Self) -> bool {
        let floats = self.floats[0] < other.floats[1] && other.floats[0] < self.floats[1];
        floats && self.steps[0] <= other.steps[1] && other.steps[0] <= self.steps[1]
    }

    fn join(&mut self, other: Self) {
        self.nodes.extend(other.nodes);
        self.scratch &= other.scratch;
        self.floats = [self.floats[0].min(other.floats[0]), self.floats[1].max(other.floats[1])];
        self.steps = [self.steps[0].min(other.steps[0]), self.steps[1].max(other.steps[1])];
    }
}

/// The buffers of a plan, by their first steps.
///
/// Each value is a buffer of its own, until those that share memory are joined: what is computed in place, and the
/// parts of a concatenation.
pub(crate) fn buffers(plan: &Plan<'_>) -> Vec<Buffer> {
    let mut values: Vec<Buffer> = Vec::new();
    // The values that a node's own is made of: its kernel's, or those of its inputs where it is a view.
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); plan.graph.nodes.len()];
    let mut scratch = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        for &read in &step.reads {
            for value in sources(plan, &parts, read) {
                values[value].steps[1] = index;
            }
        }
        for (node, output) in step.writes(plan.graph) {
            if output.memory == Memory::Arena {
                parts[node].push(values.len());
                values.push(Buffer::new(node, output, index, false));
            }
        }
        scratch.extend(step.kernel.scratch().map(|slot| Buffer::new(step.node, slot, index, true)));
    }
    let end = plan.steps.len().saturating_sub(1);
    for &(_, id) in &plan.graph.outputs {
        for value in sources(plan, &parts, id) {
            values[value].steps[1] = end;
        }
    }
    let mut buffers: Vec<Buffer> = Vec::new();
    for mut value in values.into_iter().chain(scratch) {
        // What it joins may meet others that it did not meet itself.
        while let Some(at) = buffers.iter().position(|buffer| buffer.meets(&value)) {
            let mut joined = buffers.remove(at);
            joined.join(value);
            value = joined;
        }
        buffers.push(value);
    }
    buffers.sort_by_key(|buffer| (buffer.steps[0], buffer.scratch, buffer.floats[0]));
    buffers
}

/// The values that hold what a node gives.
fn sources(plan: &Plan<'_>, parts: &[Vec<usize>], id: NodeId) -> Vec<usize> {
    let node = &plan.graph.nodes[id];
    let mut values = parts[id].clone();
    if matches!(node.op, Op::Reshape | Op::Concat) {
        values.extend(node.inputs.iter().flat_map(|&input| sources(plan, parts, input)));
    }
    values
}

/// Floats in use at each step.
pub(crate) fn in_use(plan: &Plan<'_>, buffers: &[Buffer]) -> Vec<usize> {
    let at = |step: usize| {
        buffers.iter().filter(move |buffer| (buffer.steps[0]..=buffer.steps[1]).contains(&step))
    };
    (0..plan.steps.len()).map(|step| at(step).map(Buffer::len).sum()).collect()
}
