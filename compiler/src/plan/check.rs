//! A second opinion on a plan: it is run on names of values instead of values.
//!
//! Nothing of the planner is used. Each float of the arena remembers which element of which node it holds; a
//! step must find in its operands just the elements that the graph says, and touch no float twice.

use convolve_runtime::slot::{Memory, Slot};

use super::{Kernel, Moved, Plan, Step, Tail};
use crate::graph::{Graph, NodeId, Op};

/// An element of a node that neither reshapes nor concatenates; the elements of a second image follow those of the first.
type Symbol = (NodeId, usize);

/// Checks that every step finds its inputs intact, that no kernel writes what it reads (unless in place), and
/// that the outputs are there at the end.
///
/// # Errors
/// The first step that goes wrong, in words. This is a mistake of the planner, never of a user.
pub fn verify_plan(plan: &Plan<'_>) -> Result<(), String> {
    let mut arena: Vec<Option<Symbol>> = vec![None; plan.arena];
    let (head, rest) = plan.steps.split_at(plan.tail.as_ref().map_or(0, |tail| tail.first));
    run_all(plan.graph, 1, head, &mut arena)?;
    if let Some(tail) = &plan.tail {
        verify_tail(plan.graph, tail, &arena).map_err(|why| format!("tail: {why}"))?;
    }
    run_all(plan.graph, 1, rest, &mut arena)?;
    for ((name, id), slot) in plan.graph.outputs.iter().zip(&plan.outputs) {
        let apart = slot.pitch != slot.channels || slot.memory != Memory::Arena;
        if apart {
            return Err(format!("output {name} is not one run of the arena"));
        }
        holds(plan.graph, 1, &arena, *slot, *id).map_err(|why| format!("output {name}: {why}"))?;
    }
    Ok(())
}

/// The same for the last steps of several images, which start with what the steps before have left in `arena`.
fn verify_tail(graph: &Graph, tail: &Tail, arena: &[Option<Symbol>]) -> Result<(), String> {
    let mut batch: Vec<Option<Symbol>> = vec![None; tail.floats];
    for Moved { node, from, to } in &tail.inputs {
        holds(graph, 1, arena, *from, *node)?;
        for (element, float) in floats(*to).enumerate() {
            *batch.get_mut(float).ok_or("an image is moved outside")? = Some(symbol(graph, *node, element));
        }
    }
    run_all(graph, tail.images, &tail.steps, &mut batch)?;
    for ((name, id), slot) in graph.outputs.iter().zip(&tail.outputs) {
        holds(graph, tail.images, &batch, *slot, *id).map_err(|why| format!("output {name}: {why}"))?;
    }
    Ok(())
}

fn run_all(graph: &Graph, images: usize, steps: &[Step], arena: &mut [Option<Symbol>]) -> Result<(), String> {
    for (index, step) in steps.iter().enumerate() {
        run(graph, images, step, arena)
            .map_err(|why| format!("step {index} ({}): {why}", graph.nodes[step.node].title()))?;
    }
    Ok(())
}

fn run(graph: &Graph, images: usize, step: &Step, arena: &mut [Option<Symbol>]) -> Result<(), String> {
    let Step { node, reads, kernel, .. } = step;
    let slots = kernel.reads();
    if slots.len() != reads.len() {
        return Err("it reads another number of tensors than it says".to_owned());
    }
    for (&slot, &id) in slots.iter().zip(reads) {
        holds(graph, images, arena, slot, id)?;
    }
    apart(kernel, &slots)?;
    for slot in kernel.scratch().into_iter().filter(|&slot| slot != kernel.output()) {
        for float in floats(slot) {
            *arena.get_mut(float).ok_or("scratch memory outside the arena")? = None;
        }
    }
    // A copy gives the value another place; every other kernel makes a new value.
    let is_copy = matches!(graph.nodes[*node].op, Op::Concat) || reads == &[*node];
    let value = if is_copy { reads[0] } else { *node };
    let besides = kernel.besides().map(|slot| (graph.nodes[*node].inputs[0], slot));
    for (value, output) in besides.into_iter().chain([(value, kernel.output())]) {
        if output.memory != Memory::Arena || output.len() != images * graph.nodes[value].shape.elements() {
            return Err("its output has the wrong memory or size".to_owned());
        }
        for (element, float) in floats(output).enumerate() {
            let symbol = symbol(graph, value, element);
            *arena.get_mut(float).ok_or("its output lies outside the arena")? = Some(symbol);
        }
    }
    Ok(())
}

/// Whether the memory that a kernel reads, writes and scratches is apart, as the runtime wants it.
fn apart(kernel: &Kernel, reads: &[Slot]) -> Result<(), String> {
    let output = kernel.output();
    let changed = kernel.in_place();
    if changed.is_some_and(|index| reads[index] != output) {
        return Err("it does not work in place".to_owned());
    }
    let beside: Vec<&Slot> =
        reads.iter().enumerate().filter(|(index, _)| Some(*index) != changed).map(|(_, slot)| slot).collect();
    let mut written = vec![output];
    written.extend(kernel.besides());
    written.extend(kernel.scratch());
    let overlap = |a: &Slot, b: &Slot| {
        a.memory == b.memory && a.offset < b.offset + b.span() && b.offset < a.offset + a.span()
    };
    let twice = (1..written.len()).any(|n| written[..n].iter().any(|slot| overlap(slot, &written[n])));
    if twice || written.iter().any(|slot| beside.iter().any(|read| overlap(slot, read))) {
        return Err("it writes memory that it reads".to_owned());
    }
    Ok(())
}

/// Whether the slot holds every element of the node, of each image.
fn holds(
    graph: &Graph,
    images: usize,
    arena: &[Option<Symbol>],
    slot: Slot,
    id: NodeId,
) -> Result<(), String> {
    let title = graph.nodes[id].title();
    if slot.len() != images * graph.nodes[id].shape.elements() {
        return Err(format!("{title} is of another size"));
    }
    for (element, float) in floats(slot).enumerate() {
        let expected = symbol(graph, id, element);
        let found = match slot.memory {
            // Predictions have none.
            Memory::Shared => None,
            Memory::Arena => arena.get(float).copied().flatten(),
            Memory::Input(index) => {
                let input = |node: &crate::graph::Node| node.op == Op::Input(index);
                graph.nodes.iter().position(input).map(|node| (node, float))
            }
        };
        if found != Some(expected) {
            return Err(format!(
                "float {float} holds {found:?}, not {expected:?}, which is element {element} of {title}"
            ));
        }
    }
    Ok(())
}

/// The floats of a slot, element by element.
fn floats(slot: Slot) -> impl Iterator<Item = usize> {
    (0..slot.height * slot.width).flat_map(move |pixel| {
        let start = slot.offset + pixel * slot.pitch;
        start..start + slot.channels
    })
}

/// The element that this element of a node is, behind reshapes and concatenations.
fn symbol(graph: &Graph, mut id: NodeId, element: usize) -> Symbol {
    let elements = |id: NodeId| graph.nodes[id].shape.elements();
    let (image, mut element) = (element / elements(id), element % elements(id));
    loop {
        let node = &graph.nodes[id];
        match node.op {
            Op::Reshape => id = node.inputs[0],
            Op::Concat => {
                let channels = node.shape.channels();
                let (pixel, mut channel) = (element / channels, element % channels);
                for &part in &node.inputs {
                    let width = graph.nodes[part].shape.channels();
                    if channel < width {
                        (id, element) = (part, pixel * width + channel);
                        break;
                    }
                    channel -= width;
                }
            }
            _ => return (id, image * elements(id) + element),
        }
    }
}
