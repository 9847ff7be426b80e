//! The graph that is trained: what the network computes but for its last function, which belongs to the loss.

use convolve_runtime::kernels::Activation;
use convolve_runtime::train::Head;
use convolve_runtime::weights::Stored;

use crate::graph::{Graph, Op};
use crate::passes;

/// A graph to differentiate.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) graph: Graph,
    pub(super) head: Head,
}

/// Most inputs of a network that is trained.
const INPUTS: usize = 8;

/// Rewrites a checked graph as training needs it.
///
/// # Errors
/// What about the network cannot be trained, in words.
pub fn prepare(graph: &Graph) -> Result<Prepared, String> {
    let mut graph = graph.clone();
    if graph.outputs.len() > 1 {
        return Err(format!(
            "a network that is trained has one output, which the loss judges, but this one has {}",
            graph.outputs.len()
        ));
    }
    if graph.inputs.len() > INPUTS {
        return Err(format!(
            "a network that is trained has at most {INPUTS} inputs, but this one has {}",
            graph.inputs.len()
        ));
    }
    let head = behead(&mut graph);
    for node in &mut graph.nodes {
        if let Op::Dense(dense) = &mut node.op {
            dense.stored = Stored::F32;
        }
    }
    passes::for_training(&mut graph);
    if graph.nodes.iter().all(|node| node.op.parameters().is_empty()) {
        return Err("no parameter has a part in the network's output, so that training could change nothing"
            .to_owned());
    }
    Ok(Prepared { graph, head })
}

/// Takes the last function off, where a loss can differentiate through it.
fn behead(graph: &mut Graph) -> Head {
    let output = &mut graph.outputs[0].1;
    let node = &graph.nodes[*output];
    let head = match node.op {
        Op::Softmax { log: false } => Head::Softmax,
        Op::Softmax { log: true } => Head::LogSoftmax,
        Op::Activate { activation: Activation::Sigmoid, .. } => Head::Sigmoid,
        _ => return Head::Identity,
    };
    *output = node.inputs[0];
    head
}
