//! The way there: every node's kernels, which keep what the way back reads.

use convolve_runtime::kernels::{
    Activate, Activation, Binary, Blocks, Conv2d, Copy, Dense, Depthwise, Normalize, Pad, Pool, Resize,
    Softmax, Source, Winograd,
};
use convolve_runtime::train::{BatchNorm, BatchSquares, BatchSum, Derived, Dropout, Rows, Step};
use convolve_runtime::weights::{Stored, padded};

use super::Recorder;
use super::tape::{Space, Value};
use crate::graph::{Conv, NodeId, Op};
use crate::plan::winograd::Tiles;

impl Recorder<'_> {
    /// Records a node; gives its value.
    pub(super) fn forward(&mut self, id: NodeId) -> Value {
        let graph = self.graph;
        let node = &graph.nodes[id];
        let (weights, activation) = self.weights.nodes[id];
        match &node.op {
            Op::Input(index) => return Value::input(*index, node.shape),
            Op::Reshape => return self.value(node.inputs[0]).reshaped(node.shape),
            Op::Dense(_) => return self.dense(id),
            Op::Activate { .. } if self.value(node.inputs[0]).space == Space::Rows => {
                let input = self.value(node.inputs[0]);
                let output = self.tape.value(Space::Rows, node.shape.extents());
                let kernel = Activate { input: Some(input.slot), output: output.slot, activation };
                self.tape.push_rows(Rows::Activate(kernel), &[input, output]);
                return output;
            }
            _ => {}
        }
        let values: Vec<Value> = node.inputs.iter().map(|&input| self.image(input)).collect();
        let input = values[0];
        let output = self.room(id);
        let (from, to) = (input.slot, output.slot);
        let step = match &node.op {
            Op::Input(_) | Op::Reshape | Op::Dense(_) => return output,
            Op::Conv(conv) => {
                let tiles = self.tiles(conv, graph.nodes[node.inputs[0]].shape, node.shape);
                let Some(tiles) = tiles else {
                    let kernel = direct(conv, input, output, weights, activation);
                    self.tape.push(id, Step::Conv2d(kernel), &[input, output]);
                    return output;
                };
                let [inputs, outputs] = [from.channels, to.channels];
                let at = self.derivations.add(|at| Derived::Tiles {
                    from: weights,
                    to: at,
                    inputs,
                    outputs,
                    tile: tiles.tile,
                    back: false,
                });
                self.in_tiles(id, conv, tiles, [input, output], at, activation);
                return output;
            }
            Op::Depthwise(op) => Step::Depthwise(Depthwise {
                input: from,
                output: to,
                rows: op.rows,
                columns: op.columns,
                multiplier: op.multiplier,
                weights,
                activation,
            }),
            Op::Pool { op, windows } => {
                Step::Pool(Pool { input: from, output: to, op: *op, windows: *windows })
            }
            Op::Pad { top, left, mode } => {
                Step::Pad(Pad { input: from, output: to, top: *top, left: *left, mode: *mode })
            }
            Op::Copy { top, left, stride } => {
                Step::Copy(Copy { input: from, output: to, top: *top, left: *left, stride: *stride })
            }
            Op::Resize(mode) => Step::Resize(Resize { input: from, output: to, mode: *mode }),
            Op::Blocks { block, order } => {
                Step::Blocks(Blocks { input: from, output: to, block: *block, order: *order })
            }
            Op::Binary(op, _) => Step::Binary(Binary {
                left: Some(from),
                right: values[1].slot,
                output: to,
                op: *op,
                activation,
            }),
            Op::Normalize { over, epsilon, .. } => Step::Normalize(Normalize {
                input: from,
                output: to,
                over: *over,
                epsilon: *epsilon,
                weights,
                activation,
            }),
            Op::Activate { .. } => Step::Activate(Activate { input: Some(from), output: to, activation }),
            Op::Softmax { log } => Step::Softmax(Softmax { input: Some(from), output: to, log: *log }),
            Op::Concat => {
                let mut first = 0;
                for value in values {
                    let channels = value.slot.channels;
                    let part = output.channels(first, channels);
                    self.tape.push(id, copy(value, part), &[value, output]);
                    first += channels;
                }
                return output;
            }
            Op::Affine { .. } => {
                self.batch_norm(id, input, output);
                return output;
            }
            Op::Dropout { rate } => {
                Step::Dropout(Dropout { input: Some(from), output: to, rate: *rate, layer: id as u64 })
            }
        };
        let touched: Vec<Value> = values.into_iter().chain([output]).collect();
        self.tape.push(id, step, &touched);
        output
    }

    /// A batch norm, whose mean and variance are those of all images: each is known when a phase has ended.
    fn batch_norm(&mut self, id: NodeId, input: Value, output: Value) {
        let (Some(moments), Some(statistics)) = (self.moments(id), self.weights.norms[id]) else { return };
        let end = |start: usize| start..start + padded(statistics.channels);
        let sum = BatchSum { input: input.slot, at: moments.sums };
        self.tape.push(id, Step::BatchSum(sum), &[input]);
        self.tape.end_phase(end(moments.sums));
        let squares = BatchSquares { input: input.slot, sums: moments.sums, at: moments.squares };
        self.tape.push(id, Step::BatchSquares(squares), &[input]);
        self.tape.end_phase(end(moments.squares));
        let activation = self.weights.nodes[id].1;
        let norm = BatchNorm { input: Some(input.slot), output: output.slot, moments, activation };
        self.tape.push(id, Step::BatchNorm(norm), &[input, output]);
    }

    /// A dense layer, for all images of a group.
    fn dense(&mut self, id: NodeId) -> Value {
        let node = &self.graph.nodes[id];
        let (weights, activation) = self.weights.nodes[id];
        let input = self.row(node.inputs[0]);
        let output = self.tape.value(Space::Rows, node.shape.extents());
        let kernel = Dense {
            input: input.slot,
            output: output.slot,
            residual: None,
            weights,
            stored: Stored::F32,
            activation,
        };
        self.tape.push_rows(Rows::Dense(kernel), &[input, output]);
        output
    }

    /// A convolution in tiles, with what was made of its weights.
    pub(super) fn in_tiles(
        &mut self,
        id: NodeId,
        conv: &Conv,
        Tiles { tile, block }: Tiles,
        [input, output]: [Value; 2],
        weights: usize,
        activation: Activation,
    ) {
        let floats = Winograd::scratch(tile, block, input.slot.channels);
        let scratch = self.tape.value(Space::Image, [1, 1, floats]);
        let kernel = Winograd {
            input: Source { slot: input.slot, repeat: [1, 1] },
            beside: None,
            output: output.slot,
            residual: None,
            rows: conv.rows,
            columns: conv.columns,
            tile,
            block,
            scratch: scratch.slot,
            weights,
            activation,
            pool: None,
        };
        self.tape.push(id, Step::Winograd(kernel), &[input, output, scratch]);
    }
}

/// A copy of all pixels.
pub(super) const fn copy(from: Value, to: Value) -> Step {
    Step::Copy(Copy { input: from.slot, output: to.slot, top: 0, left: 0, stride: [1, 1] })
}

/// A convolution that is computed directly.
pub(super) const fn direct(
    conv: &Conv,
    input: Value,
    output: Value,
    weights: usize,
    activation: Activation,
) -> Conv2d {
    Conv2d {
        input: input.slot,
        output: output.slot,
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
