//! What a picture of a network shows: boxes and arrows, of the network as written or as fused.

use convolve_compiler::graph::{Graph, Node, NodeId, Op, Shape, words};
use convolve_compiler::plan::Plan;

use crate::table::{bytes, grouped, kernel};

/// Boxes, each after those that it reads, and the arrows between them.
#[derive(Debug)]
pub(crate) struct Diagram {
    pub(crate) title: String,
    pub(crate) boxes: Vec<Part>,
    pub(crate) arrows: Vec<Arrow>,
}

/// A layer, several layers that are computed together, or an input or output of the network.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) kind: Kind,
    /// Its layers' names; none of an output.
    pub(crate) layers: Vec<String>,
    /// What it is called.
    pub(crate) name: String,
    /// What it does.
    pub(crate) words: String,
    /// Kernels, numbers, bytes.
    pub(crate) facts: Vec<String>,
}

/// A tensor, from the box that makes it to one that reads it.
#[derive(Debug)]
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) shape: Shape,
}

/// What boxes are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Terminal,
    Conv,
    Dense,
    Pool,
    Norm,
    Activation,
    Merge,
    Space,
}

impl Kind {
    /// Its name, for styles.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Conv => "conv",
            Self::Dense => "dense",
            Self::Pool => "pool",
            Self::Norm => "norm",
            Self::Activation => "activation",
            Self::Merge => "merge",
            Self::Space => "space",
        }
    }

    /// What an operation is for.
    pub(crate) const fn of(op: &Op) -> Self {
        match op {
            Op::Input(_) => Self::Terminal,
            Op::Conv(_) | Op::Depthwise(_) => Self::Conv,
            Op::Dense(_) => Self::Dense,
            Op::Pool { .. } => Self::Pool,
            Op::Affine { .. } | Op::Normalize { .. } => Self::Norm,
            Op::Activate { .. } | Op::Softmax { .. } | Op::Dropout { .. } => Self::Activation,
            Op::Concat | Op::Binary(..) => Self::Merge,
            Op::Pad { .. } | Op::Copy { .. } | Op::Resize(_) | Op::Reshape | Op::Blocks { .. } => Self::Space,
        }
    }
}

/// A box for each layer of a graph that no pass has changed.
pub(crate) fn written(graph: &Graph) -> Diagram {
    let mut groups: Vec<Vec<NodeId>> = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        match groups.last_mut().filter(|group| graph.nodes[group[0]].layers == node.layers) {
            Some(group) => group.push(id),
            None => groups.push(vec![id]),
        }
    }
    let facts = |group: &[NodeId]| {
        let parameters = parameters(graph, group);
        let count = (parameters > 0).then(|| format!("{} parameters", grouped(parameters)));
        count.into_iter().chain([result(graph, group)]).collect()
    };
    diagram(graph, &groups, &facts)
}

/// A box for each kernel of a plan, and for what is only another view of what a kernel gives.
pub(crate) fn fused(plan: &Plan<'_>) -> Diagram {
    let graph = plan.graph;
    let mut inside = vec![false; graph.nodes.len()];
    let steps: Vec<Vec<NodeId>> = plan.steps.iter().map(|step| step.nodes(graph)).collect();
    for nodes in &steps {
        nodes.iter().rev().skip(1).for_each(|&id| inside[id] = true);
    }
    // A box stands where its last node does, after everything that it reads.
    let group = |id: NodeId| {
        let several = steps.iter().find(|nodes| nodes.len() > 1 && nodes.last() == Some(&id));
        several.cloned().unwrap_or_else(|| vec![id])
    };
    let groups: Vec<Vec<NodeId>> = (0..graph.nodes.len()).filter(|&id| !inside[id]).map(group).collect();
    let facts = |group: &[NodeId]| {
        let kernels: Vec<String> = plan
            .steps
            .iter()
            .filter(|step| group.last() == Some(&step.node))
            .map(|step| kernel(&step.kernel))
            .collect();
        if kernels.is_empty() {
            return vec!["view".to_owned()];
        }
        let weights = parameters(graph, group) * size_of::<f32>() as u64;
        let weights = (weights > 0).then(|| format!("{} weights", bytes(weights)));
        [kernels.join(", ")].into_iter().chain(weights).chain([result(graph, group)]).collect()
    };
    diagram(graph, &groups, &facts)
}

/// Numbers in the tensors of these nodes.
fn parameters(graph: &Graph, group: &[NodeId]) -> u64 {
    let tensors = group.iter().flat_map(|&id| graph.nodes[id].op.parameters());
    tensors.map(|id| graph.parameters[id].elements() as u64).sum()
}

/// The bytes of what the last of these nodes gives.
fn result(graph: &Graph, group: &[NodeId]) -> String {
    let elements = group.last().map_or(0, |&id| graph.nodes[id].shape.elements());
    format!("{} result", bytes(elements as u64 * size_of::<f32>() as u64))
}

/// The diagram of a graph whose nodes are in these groups.
fn diagram(graph: &Graph, groups: &[Vec<NodeId>], facts: &dyn Fn(&[NodeId]) -> Vec<String>) -> Diagram {
    let mut of = vec![0; graph.nodes.len()];
    for (index, group) in groups.iter().enumerate() {
        group.iter().for_each(|&id| of[id] = index);
    }
    let mut boxes: Vec<Part> = groups.iter().map(|group| label(graph, group, facts)).collect();
    let mut arrows = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        let sources = node.inputs.iter().filter(|&&input| of[input] != of[id]);
        arrows.extend(sources.map(|&input| Arrow {
            from: of[input],
            to: of[id],
            shape: graph.nodes[input].shape,
        }));
    }
    for (name, id) in &graph.outputs {
        let shape = graph.nodes[*id].shape;
        arrows.push(Arrow { from: of[*id], to: boxes.len(), shape });
        let words = format!("output {shape}");
        boxes.push(Part { kind: Kind::Terminal, layers: vec![], name: name.clone(), words, facts: vec![] });
    }
    Diagram { title: graph.name.clone(), boxes, arrows }
}

fn label(graph: &Graph, group: &[NodeId], facts: &dyn Fn(&[NodeId]) -> Vec<String>) -> Part {
    let nodes: Vec<&Node> = group.iter().map(|&id| &graph.nodes[id]).collect();
    let mut layers: Vec<String> = nodes.iter().flat_map(|node| node.layers.clone()).collect();
    layers.dedup();
    // A padding before a convolution, or an activation after it, is not what it is for.
    let kinds = nodes.iter().map(|node| Kind::of(&node.op));
    let main = kinds.clone().find(|kind| !matches!(kind, Kind::Space | Kind::Activation));
    let kind = main.or(kinds.clone().next_back()).unwrap_or(Kind::Terminal);
    let name = short(&layers);
    if let [Node { op: Op::Input(_), shape, .. }] = nodes[..] {
        return Part { kind, layers, name, words: format!("input {shape}"), facts: vec![] };
    }
    let words = nodes.iter().map(|node| words(&node.op, node.shape)).collect::<Vec<_>>().join(", ");
    Part { kind, layers, name, words, facts: facts(group) }
}

/// The names joined by `+`, those after the first without the path that they share with it.
fn short(layers: &[String]) -> String {
    let path =
        layers.first().and_then(|first| first.rfind('.').map(|dot| &first[..=dot])).unwrap_or_default();
    let rest = layers.iter().skip(1).map(|layer| layer.strip_prefix(path).unwrap_or(layer));
    layers.first().map(String::as_str).into_iter().chain(rest).collect::<Vec<_>>().join(" + ")
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_path_is_said_once() {
        let name = |layers: &[&str]| short(&layers.iter().map(|&layer| layer.to_owned()).collect::<Vec<_>>());
        assert_eq!(
            name(&["layer1.0.conv1", "layer1.0.bn1", "layer1.1.relu"]),
            "layer1.0.conv1 + bn1 + layer1.1.relu"
        );
        assert_eq!(name(&["conv1", "bn1"]), "conv1 + bn1");
        assert_eq!(name(&[]), "");
    }
}
