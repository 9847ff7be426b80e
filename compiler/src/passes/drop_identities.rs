//! Removes what changes nothing: dropout, linear activations, resizing by one, reshaping to the same shape,
//! padding with nothing, cropping nothing, concatenating one.

use convolve_runtime::kernels::Activation;

use super::Outcome;
use crate::graph::{Graph, NodeId, Op};

pub(super) fn run(graph: &mut Graph) -> Vec<Outcome> {
    drop(graph, is_identity)
}

/// As [`run`], and keeps what is an identity in predictions only.
pub(super) fn run_for_training(graph: &mut Graph) -> Vec<Outcome> {
    drop(graph, |op| is_identity(op) && !matches!(op, Op::Dropout { .. }))
}

fn drop(graph: &mut Graph, is_identity: impl Fn(&Op) -> bool) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut stands_for: Vec<NodeId> = (0..graph.nodes.len()).collect();
    for id in 0..graph.nodes.len() {
        for input in &mut graph.nodes[id].inputs {
            *input = stands_for[*input];
        }
        let node = &graph.nodes[id];
        let Some(&input) = node.inputs.first() else { continue };
        if is_identity(&node.op) && node.shape == graph.nodes[input].shape {
            outcomes.push(Outcome::done(node.title()));
            stands_for[id] = input;
        }
    }
    for (_, id) in &mut graph.outputs {
        *id = stands_for[*id];
    }
    outcomes
}

/// Whether the operation changes nothing if it keeps the shape of its first input.
fn is_identity(op: &Op) -> bool {
    match op {
        Op::Dropout { .. }
        | Op::Activate { activation: Activation::Linear, .. }
        | Op::Resize(_)
        | Op::Reshape
        | Op::Pad { .. }
        | Op::Copy { .. }
        | Op::Concat => true,
        Op::Blocks { block, .. } => *block == 1,
        _ => false,
    }
}
