//! Dense layers and dropout.

use convolve_runtime::kernels::Activation;
use convolve_runtime::weights::Initial;

use super::activations;
use super::builder::{Builder, Checked};
use super::conv::weights_fit;
use super::expand::Layer;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Conv, Dense, Layout, Op, Shape};

pub(super) fn dense(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let mut arguments = builder.arguments(layer);
    let units = arguments.integer("units", None, 1);
    let bias = arguments.truth("bias", true);
    let activation = activations::argument(&mut arguments);
    let source = builder.source(layer)?;
    let (units, bias) = (units?, bias?);
    let shape = builder.shape(source);
    let inputs = shape.channels();
    let (suffix, dimensions) = match builder.graph.layout {
        Layout::Pytorch => ("weight", [units, inputs]),
        Layout::Keras => ("kernel", [inputs, units]),
    };
    weights_fit(builder, layer, &dimensions)?;
    let initial = Initial::Kernel { fan_in: inputs, fan_out: units };
    let weight = builder.parameter(&layer.name, suffix, &dimensions, initial);
    let bias = bias.then(|| builder.parameter(&layer.name, "bias", &[units], Initial::Constant(0.0)));
    let (op, shape) = match shape {
        Shape::Vector(_) => {
            let order = builder.order(source).to_vec();
            let activation = Activation::Linear;
            let stored = builder.storage;
            let dense = Dense { weight, bias, order, before: None, after: None, stored, activation };
            (Op::Dense(dense), Shape::Vector(units))
        }
        // On the channels of each pixel a dense layer is a 1×1 convolution.
        Shape::Map { height, width, .. } => {
            (Op::Conv(Conv::new(units, weight, bias)), Shape::Map { height, width, channels: units })
        }
    };
    let node = builder.add(layer, op, vec![source], shape)?;
    activations::apply(builder, layer, node, activation?)
}

pub(super) fn dropout(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let mut arguments = builder.arguments(layer);
    let rate = arguments.number("rate", None);
    if let Some(rate) = rate.filter(|rate| !(0.0..=1.0).contains(rate)) {
        let place = arguments.place("rate");
        let message = format!("`rate` of `{}` is {rate}, but a share lies between 0 and 1", layer.name);
        arguments
            .report("rate", Diagnostic::error(Code::OutOfRange, place, message).label("between 0 and 1"));
        return None;
    }
    let source = builder.source(layer)?;
    let rate = rate?;
    let (shape, order) = (builder.shape(source), builder.order(source).to_vec());
    let node = builder.add(layer, Op::Dropout { rate }, vec![source], shape)?;
    builder.set_order(node, order);
    Some(node)
}
