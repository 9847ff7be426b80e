//! The work of filling the packed weights: one load, or two, for each operation that has weights.

use convolve_runtime::kernels::{Activation, Sampling};
use convolve_runtime::weights::{DepthwiseWeights, Load, Order, Panels, ParameterId, Stored, Strides};

use super::Way;
use super::winograd::Tiles;
use crate::graph::{self, Graph, Layout, Node, Op};

/// Collects loads, one after the other in the packed weights.
#[derive(Debug)]
pub(crate) struct Loads<'g> {
    graph: &'g Graph,
    pub(crate) list: Vec<Load<'g>>,
    /// Floats of the packed weights so far.
    pub(crate) floats: usize,
}

impl<'g> Loads<'g> {
    pub(crate) const fn new(graph: &'g Graph) -> Self {
        Self { graph, list: Vec::new(), floats: 0 }
    }

    /// The loads of a node that is computed in this way. Gives the first float of its weights, and its activation with its
    /// slopes there.
    pub(crate) fn add(&mut self, node: &'g Node, way: Way) -> (usize, Activation) {
        let at = self.floats;
        let len = node.shape.channels();
        match &node.op {
            Op::Conv(conv) => {
                let kernel = self.conv(conv, node, at);
                self.push(match (way, conv.sampling) {
                    (Way::Tiles(Tiles { tile, .. }), _) => Load::Winograd { kernel, tile },
                    (Way::Phases, Sampling::Upsampled(repeat)) => Load::Phases { kernel, repeat },
                    _ => Load::Panels(kernel),
                });
            }
            Op::Dense(dense) => {
                let kernel = self.dense(dense, node, at);
                self.push(match dense.stored {
                    Stored::F32 => Load::Panels(kernel),
                    Stored::Bf16 => Load::Halves(kernel),
                });
            }
            Op::Depthwise(op) => self.push(Load::Depthwise(self.depthwise(op, node, at))),
            Op::Affine { fold, order, .. } => self.push(Load::Affine { fold: *fold, len, order, at }),
            Op::Normalize { weight, bias, order, .. } => {
                self.vector(*weight, len, order);
                self.vector(*bias, len, order);
            }
            _ => {}
        }
        let activation = match node.op.activation() {
            Some(Activation::Prelu { slopes: weight }) => {
                let order = match &node.op {
                    Op::Affine { order, .. } | Op::Normalize { order, .. } | Op::Activate { order, .. } => {
                        order
                    }
                    _ => &[][..],
                };
                Activation::Prelu { slopes: self.vector(weight, len, order) }
            }
            other => other.unwrap_or(Activation::Linear),
        };
        (at, activation)
    }

    /// As [`add`](Self::add), of a node whose weights change: scales and shifts of a batch norm are vectors as the file has
    /// them, without its running statistics.
    pub(crate) fn add_trained(&mut self, node: &'g Node) -> (usize, Activation) {
        let Op::Affine { fold, order, activation } = &node.op else { return self.add(node, Way::Plain) };
        let at = self.vector(fold.weight, node.shape.channels(), order);
        self.vector(fold.bias, node.shape.channels(), order);
        (at, *activation)
    }

    /// Loads a vector; gives its first float.
    pub(crate) fn vector(&mut self, weight: ParameterId, len: usize, order: &'g [Order]) -> usize {
        let at = self.floats;
        self.push(Load::Vector { weight, len, order, at });
        at
    }

    fn push(&mut self, load: Load<'g>) {
        self.floats += load.len();
        self.list.push(load);
    }

    fn shape(&self, parameter: ParameterId) -> &'g [usize] {
        &self.graph.parameters[parameter].shape
    }

    fn conv(&self, conv: &graph::Conv, node: &Node, at: usize) -> Panels<'g> {
        let inputs = self.graph.nodes[node.inputs[0]].shape.channels() / conv.groups;
        let outputs = conv.filters / conv.groups;
        let shape = self.shape(conv.weight);
        let strides = match (self.graph.layout, conv.sampling == Sampling::Transposed) {
            _ if shape.len() == 2 => self.matrix(shape),
            (Layout::Pytorch, false) => {
                let [output, input, row, column] = strides(shape);
                Strides { output, input, row, column, group: outputs * output }
            }
            (Layout::Pytorch, true) => {
                let [input, output, row, column] = strides(shape);
                Strides { output, input, row, column, group: inputs * input }
            }
            (Layout::Keras, false) => {
                let [row, column, input, output] = strides(shape);
                Strides { output, input, row, column, group: outputs * output }
            }
            (Layout::Keras, true) => {
                let [row, column, output, input] = strides(shape);
                // The outputs of all groups, or the inputs of all groups, stand in one axis of the tensor.
                let group = if shape[2] == conv.filters { outputs * output } else { inputs * input };
                Strides { output, input, row, column, group }
            }
        };
        Panels {
            weight: conv.weight,
            bias: conv.bias,
            strides,
            groups: conv.groups,
            outputs,
            inputs,
            kernel: [conv.rows.kernel, conv.columns.kernel],
            order: &[],
            before: conv.before,
            after: conv.after,
            part: conv.part,
            at,
        }
    }

    fn dense(&self, dense: &'g graph::Dense, node: &Node, at: usize) -> Panels<'g> {
        Panels {
            weight: dense.weight,
            bias: dense.bias,
            strides: self.matrix(self.shape(dense.weight)),
            groups: 1,
            outputs: node.shape.channels(),
            inputs: self.graph.nodes[node.inputs[0]].shape.channels(),
            kernel: [1, 1],
            order: &dense.order,
            before: dense.before,
            after: dense.after,
            part: None,
            at,
        }
    }

    fn depthwise(&self, op: &graph::Depthwise, node: &Node, at: usize) -> DepthwiseWeights {
        let shape = self.shape(op.weight);
        let strides = match self.graph.layout {
            Layout::Pytorch => {
                let [output, input, row, column] = strides(shape);
                Strides { output, input, row, column, group: op.multiplier * output }
            }
            Layout::Keras => {
                let [row, column, group, output] = strides(shape);
                Strides { output, input: 0, row, column, group }
            }
        };
        DepthwiseWeights {
            weight: op.weight,
            bias: op.bias,
            strides,
            channels: self.graph.nodes[node.inputs[0]].shape.channels(),
            multiplier: op.multiplier,
            kernel: [op.rows.kernel, op.columns.kernel],
            before: op.before,
            after: op.after,
            at,
        }
    }

    fn matrix(&self, shape: &[usize]) -> Strides {
        let [output, input] = match self.graph.layout {
            Layout::Pytorch => strides(shape),
            Layout::Keras => {
                let [input, output] = strides(shape);
                [output, input]
            }
        };
        Strides { output, input, row: 0, column: 0, group: 0 }
    }
}

/// Elements between neighbours along each axis of a tensor.
fn strides<const N: usize>(shape: &[usize]) -> [usize; N] {
    core::array::from_fn(|axis| shape[axis + 1..].iter().product())
}
