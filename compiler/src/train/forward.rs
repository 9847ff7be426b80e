//! The way there: every node's kernels, which keep what the way back reads.

use convolve_runtime::kernels::{Activate, Activation, Copy, Dense, PoolOp, Source, Winograd};
use convolve_runtime::train::{BatchNorm, BatchSquares, BatchSum, Derived, Dropout, MaxPool, Rows, Step};
use convolve_runtime::weights::{Stored, padded};

use super::Recorder;
use super::tape::{Space, Value};
use crate::graph::{Conv, NodeId, Op};
use crate::plan::Kernel;
use crate::plan::lower::{self, Operands, conv2d};
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
            Op::Conv(conv) => {
                let tiles = self.tiles(conv, graph.nodes[node.inputs[0]].shape, node.shape);
                if let Some(tiles) = tiles {
                    self.in_new_tiles(id, conv, tiles, [input, output]);
                    return output;
                }
                Step::Conv2d(conv2d(conv, [from, to], (weights, activation)))
            }
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
            Op::Pool { op: PoolOp::Max, windows } if self.needed[node.inputs[0]] => {
                let choice = self.room(id);
                self.choices[id] = Some(choice);
                let kernel = MaxPool {
                    input: from,
                    output: to,
                    choice: choice.slot,
                    windows: *windows,
                    activation: self.pooled_limits(node.inputs[0]).unwrap_or(Activation::Linear),
                };
                self.tape.push(id, Step::MaxPool(kernel), &[input, output, choice]);
                return output;
            }
            Op::Dropout { rate } => {
                Step::Dropout(Dropout { input: Some(from), output: to, rate: *rate, layer: id as u64 })
            }
            op => {
                let second = values.get(1).map(|value| value.slot);
                let operands = Operands { first: from, unless_taken: Some(from), second, output: to };
                let kernel = lower::plain(op, &operands, (weights, activation)).and_then(step);
                let Some(step) = kernel else { return output };
                step
            }
        };
        let touched: Vec<Value> = values.into_iter().chain([output]).collect();
        self.tape.push(id, step, &touched);
        output
    }

    /// A convolution in tiles.
    fn in_new_tiles(&mut self, id: NodeId, conv: &Conv, tiles: Tiles, [input, output]: [Value; 2]) {
        let (from, activation) = self.weights.nodes[id];
        let ([inputs, outputs], tile) = ([input, output].map(|value| value.slot.channels), tiles.tile);
        let at = self.derivations.add(|to| Derived::Tiles { from, to, inputs, outputs, tile, back: false });
        self.in_tiles(id, conv, tiles, [input, output], at, activation);
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
        let floats = Winograd::scratch(tile, block, [input.slot.channels, output.slot.channels]);
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

/// The step that computes with a kernel of predictions.
fn step(kernel: Kernel) -> Option<Step> {
    Some(match kernel {
        Kernel::Depthwise(kernel) => Step::Depthwise(kernel),
        Kernel::Pool(kernel) => Step::Pool(kernel),
        Kernel::Pad(kernel) => Step::Pad(kernel),
        Kernel::Copy(kernel) => Step::Copy(kernel),
        Kernel::Resize(kernel) => Step::Resize(kernel),
        Kernel::Binary(kernel) => Step::Binary(kernel),
        Kernel::Blocks(kernel) => Step::Blocks(kernel),
        Kernel::Normalize(kernel) => Step::Normalize(kernel),
        Kernel::Activate(kernel) => Step::Activate(kernel),
        Kernel::Softmax(kernel) => Step::Softmax(kernel),
        _ => return None,
    })
}
