//! The way back through layers with kernels: convolutions and dense layers.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Dense, Sampling, WinogradWeights};
use convolve_runtime::train::{ConvWeights, DenseWeights, DepthwiseGradient, Derived, Rows, Step};
use convolve_runtime::weights::Stored;

use super::tape::{Space, Value};
use super::{Found, Recorder};
use crate::graph::{self, Conv, NodeId};
use crate::plan::lower::conv2d;
use crate::plan::winograd::Tiles;

impl Recorder<'_> {
    pub(super) fn conv_gradient(&mut self, id: NodeId, conv: &Conv, found: Found) {
        let node = &self.graph.nodes[id];
        let (weights, _) = self.weights.nodes[id];
        let gradient = self.tape.image_of(id, found.value);
        let input = self.image(node.inputs[0]);
        let shapes = [self.graph.nodes[node.inputs[0]].shape, node.shape];
        if let Some(tiles) = self.tiles(conv, shapes[0], shapes[1]) {
            self.kernel_in_tiles(id, conv, tiles, [input, gradient]);
        } else {
            self.kernel_directly(id, conv, [input, gradient]);
        }
        if !self.needed[node.inputs[0]] {
            return;
        }
        let output = self.room(node.inputs[0]);
        let [inputs, outputs] = [input.slot.channels, gradient.slot.channels];
        let back = turned(conv, inputs);
        let tiles = back.as_ref().and_then(|back| self.tiles(back, shapes[1], shapes[0]));
        if let (Some(back), Some(tiles)) = (&back, tiles) {
            let tile = tiles.tile;
            let made = |to| Derived::Tiles { from: weights, to, inputs, outputs, tile, back: true };
            let at = self.derivations.add(made);
            self.in_tiles(id, back, tiles, [gradient, output], at, Activation::Linear);
        } else {
            let groups = conv.groups;
            let at = self.derivations.add(|to| Derived::Exchanged {
                from: weights,
                to,
                taps: conv.rows.kernel * conv.columns.kernel,
                groups,
                inputs: inputs / groups,
                outputs: outputs / groups,
            });
            let sampling = match conv.sampling {
                Sampling::Transposed => Sampling::Direct,
                Sampling::Direct | Sampling::Upsampled(_) => Sampling::Transposed,
            };
            let back = Conv { sampling, ..conv.clone() };
            let slots = [gradient.slot, output.slot];
            let kernel = conv2d(&back, slots, (at, Activation::Linear));
            self.tape.push(id, Step::Conv2d(kernel), &[gradient, output]);
        }
        self.give(node.inputs[0], Found { value: output, own: true });
    }

    /// Records the gradient of a convolution's kernel.
    fn kernel_directly(&mut self, id: NodeId, conv: &Conv, [input, gradient]: [Value; 2]) {
        let kernel = ConvWeights {
            input: input.slot,
            gradient: gradient.slot,
            rows: conv.rows,
            columns: conv.columns,
            sampling: conv.sampling,
            groups: conv.groups,
            weights: self.weights.nodes[id].0,
            bias: conv.bias.is_some(),
            scratch: None,
        };
        let scratch = kernel.padded().map(|size| self.tape.value(Space::Image, size));
        let kernel = ConvWeights { scratch: scratch.map(|scratch| scratch.slot), ..kernel };
        self.tape.push(id, Step::ConvWeights(kernel), &[input, gradient, scratch.unwrap_or(input)]);
    }

    /// Records the gradient of a kernel that is multiplied in tiles, and what becomes of it in the end.
    fn kernel_in_tiles(
        &mut self,
        id: NodeId,
        conv: &Conv,
        Tiles { tile, block }: Tiles,
        [input, gradient]: [Value; 2],
    ) {
        let weights = self.weights.nodes[id].0;
        let [inputs, outputs] = [input.slot.channels, gradient.slot.channels];
        let floats = WinogradWeights::scratch(tile, block, [inputs, outputs]);
        let scratch = self.tape.value(Space::Image, [1, 1, floats]);
        let kernel = WinogradWeights {
            input: input.slot,
            gradient: gradient.slot,
            rows: conv.rows,
            columns: conv.columns,
            tile,
            block,
            scratch: scratch.slot,
            bias: conv.bias.map(|_| weights),
            sums: self.derivations.restore(weights, inputs, outputs, tile),
        };
        self.tape.push(id, Step::WinogradWeights(kernel), &[input, gradient, scratch]);
    }

    pub(super) fn depthwise_gradient(&mut self, id: NodeId, op: &graph::Depthwise, found: Found) {
        let node = &self.graph.nodes[id];
        let gradient = self.tape.image_of(id, found.value);
        let input = self.image(node.inputs[0]);
        let output = self.needed[node.inputs[0]].then(|| self.room(node.inputs[0]));
        let kernel = DepthwiseGradient {
            input: input.slot,
            gradient: gradient.slot,
            output: output.map(|output| output.slot),
            rows: op.rows,
            columns: op.columns,
            multiplier: op.multiplier,
            weights: self.weights.nodes[id].0,
            bias: op.bias.is_some(),
        };
        self.tape.push(id, Step::DepthwiseGradient(kernel), &[input, gradient, output.unwrap_or(input)]);
        if let Some(value) = output {
            self.give(node.inputs[0], Found { value, own: true });
        }
    }

    pub(super) fn dense_gradient(&mut self, id: NodeId, dense: &graph::Dense, found: Found) {
        let node = &self.graph.nodes[id];
        let (weights, _) = self.weights.nodes[id];
        let gradient = self.tape.rows_of(id, found.value);
        let input = self.row(node.inputs[0]);
        let kernel =
            DenseWeights { input: input.slot, gradient: gradient.slot, weights, bias: dense.bias.is_some() };
        self.tape.push_dense(kernel, [input, gradient]);
        if !self.needed[node.inputs[0]] {
            return;
        }
        let [inputs, outputs] = [input, gradient].map(|value| value.slot.len());
        let at = self.derivations.add(|to| Derived::Exchanged {
            from: weights,
            to,
            taps: 1,
            groups: 1,
            inputs,
            outputs,
        });
        let output = self.tape.value(Space::Rows, [1, 1, inputs]);
        let kernel = Dense {
            input: gradient.slot,
            output: output.slot,
            residual: None,
            weights: at,
            stored: Stored::F32,
            activation: Activation::Linear,
        };
        self.tape.push_rows(Rows::Dense(kernel), &[gradient, output]);
        self.give(node.inputs[0], Found { value: output, own: true });
    }
}

/// The convolution that takes the gradient back where windows move by one cell: with the taps turned about.
fn turned(conv: &Conv, inputs: usize) -> Option<Conv> {
    let axis = |axis: &Axis| {
        let reach = axis.dilation * (axis.kernel - 1);
        let (before, after) = (reach.checked_sub(axis.before)?, reach.checked_sub(axis.after)?);
        (axis.stride == 1).then_some(Axis { before, after, ..*axis })
    };
    let (rows, columns) = (axis(&conv.rows)?, axis(&conv.columns)?);
    (conv.sampling == Sampling::Direct).then(|| Conv {
        rows,
        columns,
        filters: inputs,
        activation: Activation::Linear,
        ..conv.clone()
    })
}
