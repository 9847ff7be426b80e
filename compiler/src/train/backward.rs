//! The way back: from the gradient of what a node gave to those of what it read, and of its parameters.

use convolve_runtime::kernels::{Activation, Binary, BinaryOp, Blocks, PoolOp};
use convolve_runtime::slot::Slot;
use convolve_runtime::train::{
    ActivateGradient, BatchNormGradient, BatchNormGradientSums, BinaryGradient, CopyGradient, Dropout,
    Factor, NormalizeGradient, PadGradient, PoolGradient, Pooled, ResizeGradient, Rows, Saved,
    SoftmaxGradient, Step,
};
use convolve_runtime::weights::padded;

use super::forward::copy;
use super::tape::{Space, Value};
use super::{Found, Recorder};
use crate::graph::{NodeId, Op};

impl Recorder<'_> {
    /// Records the gradients that follow from a node's.
    pub(super) fn backward(&mut self, id: NodeId) {
        let graph = self.graph;
        let node = &graph.nodes[id];
        if !self.needed[id] {
            return;
        }
        let Some(found) = self.found(id) else { return };
        let found = match node.op {
            Op::Activate { .. } => found,
            _ => self.through_activation(id, found),
        };
        match &node.op {
            Op::Input(_) => {}
            Op::Reshape => {
                let found = self.dense_floats(id, found);
                let value = found.value.reshaped(graph.nodes[node.inputs[0]].shape);
                self.give(node.inputs[0], Found { value, ..found });
            }
            Op::Conv(conv) => self.conv_gradient(id, conv, found),
            Op::Depthwise(op) => self.depthwise_gradient(id, op, found),
            Op::Dense(dense) => self.dense_gradient(id, dense, found),
            Op::Activate { .. } => {
                let result = self.weights.nodes[id].1.gradient_reads_result();
                let kept = if result { id } else { node.inputs[0] };
                let found = self.activation_gradient(id, kept, result, found);
                self.give(node.inputs[0], found);
            }
            Op::Concat => {
                let whole = self.tape.image_of(id, found.value);
                let mut first = 0;
                for &input in &node.inputs {
                    let channels = graph.nodes[input].shape.channels();
                    self.give(input, Found { value: whole.channels(first, channels), own: found.own });
                    first += channels;
                }
            }
            Op::Pool { op, windows } => {
                let gradient = self.tape.image_of(id, found.value);
                let output = self.room(node.inputs[0]);
                let (pooled, kept) = match op {
                    PoolOp::Max => {
                        let choice =
                            self.choices[id].unwrap_or_else(|| unreachable!("the way there notes choices"));
                        (Pooled::Max { choice: choice.slot }, choice)
                    }
                    PoolOp::Average => (Pooled::Average, gradient),
                    PoolOp::AverageWithPadding => (Pooled::AverageWithPadding, gradient),
                };
                let kernel =
                    PoolGradient { gradient: gradient.slot, output: output.slot, pooled, windows: *windows };
                self.tape.push(id, Step::PoolGradient(kernel), &[gradient, kept, output]);
                self.give(node.inputs[0], Found { value: output, own: true });
            }
            Op::Pad { top, left, mode } => self.moved(id, found, |gradient, output| {
                Step::PadGradient(PadGradient { gradient, output, top: *top, left: *left, mode: *mode })
            }),
            Op::Copy { top, left, stride } => self.moved(id, found, |gradient, output| {
                Step::CopyGradient(CopyGradient { gradient, output, top: *top, left: *left, stride: *stride })
            }),
            Op::Resize(mode) => self.moved(id, found, |gradient, output| {
                Step::ResizeGradient(ResizeGradient { gradient, output, mode: *mode })
            }),
            // The opposite operation takes every float back to where it came from.
            Op::Blocks { block, order } => self.moved(id, found, |gradient, output| {
                Step::Blocks(Blocks { input: gradient, output, block: *block, order: *order })
            }),
            Op::Binary(op, _) => self.binary_gradient(id, *op, found),
            Op::Affine { .. } => self.batch_norm_gradient(id, found),
            Op::Normalize { over, epsilon, .. } => {
                let input = self.image(node.inputs[0]);
                let (weights, _) = self.weights.nodes[id];
                self.in_place(id, found, &[input], |gradient, output| {
                    let (input, over, epsilon) = (input.slot, *over, *epsilon);
                    Step::NormalizeGradient(NormalizeGradient {
                        input,
                        gradient,
                        output,
                        over,
                        epsilon,
                        weights,
                    })
                });
            }
            Op::Dropout { rate } => self.in_place(id, found, &[], |input, output| {
                Step::Dropout(Dropout { input, output, rate: *rate, layer: id as u64 })
            }),
            Op::Softmax { log } => {
                let result = self.image(id);
                self.in_place(id, found, &[result], |gradient, output| {
                    let (result, log) = (result.slot, *log);
                    Step::SoftmaxGradient(SoftmaxGradient { gradient, result, output, log })
                });
            }
        }
    }

    /// Records the gradient of an operation that moves floats, made by `step` of those of its result and of its input.
    fn moved(&mut self, id: NodeId, found: Found, step: impl FnOnce(Slot, Slot) -> Step) {
        let input = self.graph.nodes[id].inputs[0];
        let gradient = self.tape.image_of(id, found.value);
        let output = self.room(input);
        self.tape.push(id, step(gradient.slot, output.slot), &[gradient, output]);
        self.give(input, Found { value: output, own: true });
    }

    /// Records the gradient of an operation that keeps the shape, made by `step`: of a gradient that lies elsewhere, or of
    /// what the output holds. `kept` is read too.
    fn in_place(
        &mut self,
        id: NodeId,
        found: Found,
        kept: &[Value],
        step: impl FnOnce(Option<Slot>, Slot) -> Step,
    ) {
        let gradient = self.tape.image_of(id, found.value);
        let output = self.writable(gradient, found);
        let from = (output != gradient).then_some(gradient.slot);
        let touched: Vec<Value> = kept.iter().copied().chain([gradient, output]).collect();
        self.tape.push(id, step(from, output.slot), &touched);
        self.give(self.graph.nodes[id].inputs[0], Found { value: output, own: true });
    }

    /// Where the gradient may be overwritten: `gradient` itself, which was `found` or moved from there, or new room.
    fn writable(&mut self, gradient: Value, found: Found) -> Value {
        if found.own || gradient != found.value {
            return gradient;
        }
        let Slot { height, width, channels, .. } = gradient.slot;
        self.tape.value(gradient.space, [height, width, channels])
    }

    fn binary_gradient(&mut self, id: NodeId, op: BinaryOp, found: Found) {
        let node = &self.graph.nodes[id];
        let gradient = self.tape.image_of(id, found.value);
        let both = node.inputs.iter().filter(|&&input| self.needed[input]).count() > 1;
        for (position, &input) in node.inputs.iter().enumerate() {
            if !self.needed[input] {
                continue;
            }
            let [own, other] = [input, node.inputs[1 - position]].map(|input| self.image(input));
            let factor = match op {
                BinaryOp::Add => Factor::One,
                BinaryOp::Sub if position == 0 => Factor::One,
                BinaryOp::Sub => Factor::MinusOne,
                BinaryOp::Mul => Factor::Other(other.slot),
                BinaryOp::Maximum => Factor::Larger { own: own.slot, other: other.slot },
            };
            if factor == Factor::One && self.graph.nodes[input].shape == node.shape {
                let own = !both && (found.own || gradient != found.value);
                self.give(input, Found { value: gradient, own });
                continue;
            }
            let output = self.room(input);
            let kernel = BinaryGradient { gradient: Some(gradient.slot), output: output.slot, factor };
            self.tape.push(id, Step::BinaryGradient(kernel), &[gradient, own, other, output]);
            self.give(input, Found { value: output, own: true });
        }
    }

    fn batch_norm_gradient(&mut self, id: NodeId, found: Found) {
        let Some(moments) = self.moments(id) else { return };
        let input = self.image(self.graph.nodes[id].inputs[0]);
        let gradient = self.tape.image_of(id, found.value);
        let found = Found { value: gradient, own: found.own || gradient != found.value };
        let sums = BatchNormGradientSums { input: input.slot, gradient: gradient.slot, moments };
        self.tape.push(id, Step::BatchNormGradientSums(sums), &[input, gradient]);
        if !self.needed[self.graph.nodes[id].inputs[0]] {
            return;
        }
        self.tape.end_phase(moments.gamma..moments.beta + padded(input.slot.channels));
        self.in_place(id, found, &[input], |gradient, output| {
            Step::BatchNormGradient(BatchNormGradient { input: input.slot, gradient, output, moments })
        });
    }

    /// The limits that the node's result is clipped to, if a pooling of the largest alone reads it: then the gradient of
    /// that goes through them, too.
    pub(super) fn pooled_limits(&self, id: NodeId) -> Option<Activation> {
        let (op, activation) = (&self.graph.nodes[id].op, self.weights.nodes[id].1);
        let limits = matches!(activation, Activation::Relu | Activation::Relu6 | Activation::Clip { .. });
        let mut readers = self.graph.nodes.iter().filter(|node| node.inputs.contains(&id));
        let is_pooled =
            readers.next().is_some_and(|reader| matches!(reader.op, Op::Pool { op: PoolOp::Max, .. }));
        let alone = readers.next().is_none() && self.graph.outputs.iter().all(|&(_, output)| output != id);
        let fused = !matches!(op, Op::Activate { .. });
        (limits && is_pooled && alone && fused).then_some(activation)
    }

    /// Notes a part of a node's gradient, if that is needed.
    pub(super) fn give(&mut self, id: NodeId, found: Found) {
        if self.needed[id] {
            self.gradients[id].push(found);
        }
    }

    /// The gradient of a node: the sum of all parts, or `None` if its value is not used.
    fn found(&mut self, id: NodeId) -> Option<Found> {
        let parts = core::mem::take(&mut self.gradients[id]);
        let (&first, rest) = parts.split_first()?;
        let Some((&second, rest)) = rest.split_first() else { return Some(first) };
        let sum = self.room(id);
        let left = self.tape.image_of(id, first.value);
        self.add(id, Some(left), second.value, sum);
        for part in rest {
            self.add(id, None, part.value, sum);
        }
        Some(Found { value: sum, own: true })
    }

    /// Adds two values, or one to the sum.
    fn add(&mut self, id: NodeId, left: Option<Value>, right: Value, sum: Value) {
        let right = self.tape.image_of(id, right);
        let kernel = Binary {
            left: left.map(|left| left.slot),
            right: right.slot,
            output: sum.slot,
            op: BinaryOp::Add,
            activation: Activation::Linear,
        };
        self.tape.push(id, Step::Binary(kernel), &[left.unwrap_or(sum), right, sum]);
    }

    /// The gradient of what the node's own activation was given.
    fn through_activation(&mut self, id: NodeId, found: Found) -> Found {
        match self.weights.nodes[id].1 {
            Activation::Linear => found,
            _ if self.pooled_limits(id).is_some() => found,
            _ => self.activation_gradient(id, id, true, found),
        }
    }

    /// The gradient of what a node's activation was given, which the value of `kept` tells: its result, or what it was
    /// given.
    fn activation_gradient(&mut self, id: NodeId, kept: NodeId, result: bool, found: Found) -> Found {
        let activation = self.weights.nodes[id].1;
        let rows = found.value.space == Space::Rows && self.value(kept).space == Space::Rows;
        let (gradient, kept) = if rows {
            (found.value, self.value(kept))
        } else {
            (self.tape.image_of(id, found.value), self.image(kept))
        };
        let output = self.writable(gradient, found);
        let kernel = ActivateGradient {
            gradient: (output != gradient).then_some(gradient.slot),
            saved: if result { Saved::Result(kept.slot) } else { Saved::Input(kept.slot) },
            output: output.slot,
            activation,
        };
        let touched = [gradient, kept, output];
        if rows {
            self.tape.push_rows(Rows::ActivateGradient(kernel), &touched);
        } else {
            self.tape.push(id, Step::ActivateGradient(kernel), &touched);
        }
        Found { value: output, own: true }
    }

    /// The gradient without gaps between its pixels.
    fn dense_floats(&mut self, id: NodeId, found: Found) -> Found {
        let Slot { height, width, channels, .. } = found.value.slot;
        if found.value.slot.is_dense() || height * width == 1 {
            return found;
        }
        let output = self.tape.value(Space::Image, [height, width, channels]);
        self.tape.push(id, copy(found.value, output), &[found.value, output]);
        Found { value: output, own: true }
    }
}
