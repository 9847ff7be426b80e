//! What rewrites need: who reads what, new nodes, and the removal of what nobody reads.

use convolve_runtime::kernels::Activation;
use convolve_runtime::weights::{Fold, ParameterId};

use super::{Graph, Node, NodeId, Op};

impl Graph {
    /// How often each node is read, outputs included.
    #[must_use]
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        let reads = self.nodes.iter().flat_map(|node| &node.inputs);
        for &id in reads.chain(self.outputs.iter().map(|(_, id)| id)) {
            uses[id] += 1;
        }
        uses
    }

    /// Puts a node in front of node `at`.
    pub fn insert(&mut self, at: NodeId, node: Node) {
        let read = self.nodes.iter_mut().flat_map(|node| &mut node.inputs);
        for id in read.chain(self.outputs.iter_mut().map(|(_, id)| id)) {
            *id += usize::from(*id >= at);
        }
        self.nodes.insert(at, node);
    }

    /// Removes the nodes that no output needs. The network's inputs stay.
    pub fn remove_unread(&mut self) {
        let mut needed: Vec<bool> = self.nodes.iter().map(|node| matches!(node.op, Op::Input(_))).collect();
        for &(_, id) in &self.outputs {
            needed[id] = true;
        }
        for id in (0..self.nodes.len()).rev() {
            if needed[id] {
                for &input in &self.nodes[id].inputs {
                    needed[input] = true;
                }
            }
        }
        let mut count = 0;
        let renumbered: Vec<NodeId> =
            needed.iter().map(|&needed| (count, count += usize::from(needed)).0).collect();
        let mut keep = needed.iter();
        self.nodes.retain(|_| keep.next().copied().unwrap_or(false));
        for id in self.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
            *id = renumbered[*id];
        }
        for (_, id) in &mut self.outputs {
            *id = renumbered[*id];
        }
    }
}

impl Node {
    /// The layers it computes, joined by `+`.
    #[must_use]
    pub fn title(&self) -> String {
        self.layers.join("+")
    }
}

impl Op {
    /// The activation that the operation applies to its result, if it can apply one.
    #[must_use]
    pub fn activation(&self) -> Option<Activation> {
        match self {
            Self::Conv(conv) => Some(conv.activation),
            Self::Depthwise(depthwise) => Some(depthwise.activation),
            Self::Dense(dense) => Some(dense.activation),
            Self::Binary(_, activation)
            | Self::Affine { activation, .. }
            | Self::Normalize { activation, .. }
            | Self::Activate { activation, .. } => Some(*activation),
            _ => None,
        }
    }

    /// As [`activation`](Self::activation), to change.
    pub fn activation_mut(&mut self) -> Option<&mut Activation> {
        match self {
            Self::Conv(conv) => Some(&mut conv.activation),
            Self::Depthwise(depthwise) => Some(&mut depthwise.activation),
            Self::Dense(dense) => Some(&mut dense.activation),
            Self::Binary(_, activation)
            | Self::Affine { activation, .. }
            | Self::Normalize { activation, .. }
            | Self::Activate { activation, .. } => Some(activation),
            _ => None,
        }
    }

    /// The parameters that the operation reads.
    #[must_use]
    pub fn parameters(&self) -> Vec<ParameterId> {
        let fold = |fold: &Fold| [fold.weight, fold.bias, fold.mean, fold.variance];
        let kernel = |weight: ParameterId, bias: Option<ParameterId>, norms: [Option<Fold>; 2]| {
            let norms = norms.into_iter().flatten().flat_map(|norm| fold(&norm));
            [weight].into_iter().chain(bias).chain(norms).collect()
        };
        let mut list: Vec<ParameterId> = match self {
            Self::Conv(op) => kernel(op.weight, op.bias, [op.before, op.after]),
            Self::Depthwise(op) => kernel(op.weight, op.bias, [op.before, op.after]),
            Self::Dense(op) => kernel(op.weight, op.bias, [op.before, op.after]),
            Self::Affine { fold: norm, .. } => fold(norm).to_vec(),
            Self::Normalize { weight, bias, .. } => vec![*weight, *bias],
            _ => Vec::new(),
        };
        if let Some(Activation::Prelu { slopes }) = self.activation() {
            list.push(slopes);
        }
        list
    }
}
