//! Normalisation.

use convolve_runtime::kernels::{Activation, NormalizeOver};
use convolve_runtime::weights::{Fold, Initial, ParameterId};

use super::builder::{Builder, Checked};
use super::expand::Layer;
use super::values::divisors_beside;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Layout, Op};

/// `epsilon`; its default is the one of the framework whose weights are used.
fn epsilon(builder: &mut Builder<'_>, layer: &Layer) -> Option<f32> {
    let default = match builder.graph.layout {
        Layout::Keras => 1e-3,
        Layout::Pytorch => 1e-5,
    };
    let mut arguments = builder.arguments(layer);
    let epsilon = arguments.number("epsilon", Some(default))?;
    if epsilon >= 0.0 {
        return Some(epsilon);
    }
    let place = arguments.place("epsilon");
    let message = format!("`epsilon` of `{}` is {epsilon}, but a variance cannot be lowered", layer.name);
    arguments.report("epsilon", Diagnostic::error(Code::OutOfRange, place, message).label("at least 0"));
    None
}

/// γ and β.
fn scale_and_shift(builder: &mut Builder<'_>, layer: &Layer, channels: usize) -> (ParameterId, ParameterId) {
    let (scale, shift) = match builder.graph.layout {
        Layout::Pytorch => ("weight", "bias"),
        Layout::Keras => ("gamma", "beta"),
    };
    let scale = builder.parameter(&layer.name, scale, &[channels], Initial::Constant(1.0));
    (scale, builder.parameter(&layer.name, shift, &[channels], Initial::Constant(0.0)))
}

pub(super) fn batch_norm(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let epsilon = epsilon(builder, layer);
    let source = builder.source(layer)?;
    let (shape, order) = (builder.shape(source), builder.order(source).to_vec());
    let channels = shape.channels();
    let (weight, bias) = scale_and_shift(builder, layer, channels);
    let (mean, variance) = match builder.graph.layout {
        Layout::Pytorch => ("running_mean", "running_var"),
        Layout::Keras => ("moving_mean", "moving_variance"),
    };
    let mean = builder.parameter(&layer.name, mean, &[channels], Initial::Constant(0.0));
    let variance = builder.parameter(&layer.name, variance, &[channels], Initial::Constant(1.0));
    let fold = Fold { weight, bias, mean, variance, epsilon: epsilon? };
    let op = Op::Affine { fold, order: order.clone(), activation: Activation::Linear };
    let node = builder.add(layer, op, vec![source], shape)?;
    builder.set_order(node, order);
    Some(node)
}

pub(super) fn layer_norm(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    normalize(builder, layer, NormalizeOver::Channels)
}

pub(super) fn instance_norm(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let (_, [_, _, channels]) = builder.map(layer)?;
    normalize(builder, layer, NormalizeOver::Groups(channels))
}

pub(super) fn group_norm(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let groups = builder.arguments(layer).integer("groups", None, 1);
    let (source, [_, _, channels]) = builder.map(layer)?;
    let groups = groups?;
    if channels % groups != 0 {
        let ways: Vec<_> = divisors_beside(groups, channels)
            .map(|groups| builder.notation.argument("groups", groups))
            .collect();
        let place = builder.arguments(layer).place("groups");
        let message = format!(
            "`groups` of `{}` is {groups}, which does not divide its {channels} channels",
            layer.name
        );
        let mistake = Diagnostic::error(Code::NotDivisible, place, message)
            .label(format!("{channels} / {groups} is not whole"))
            .note(builder.reads(layer, source))
            .help(format!("use {}", ways.join(" or ")));
        builder.arguments(layer).report("groups", mistake);
        return None;
    }
    normalize(builder, layer, NormalizeOver::Groups(groups))
}

fn normalize(builder: &mut Builder<'_>, layer: &Layer, over: NormalizeOver) -> Checked {
    let epsilon = epsilon(builder, layer);
    let source = builder.source(layer)?;
    let (shape, order) = (builder.shape(source), builder.order(source).to_vec());
    let (weight, bias) = scale_and_shift(builder, layer, shape.channels());
    let activation = Activation::Linear;
    let op = Op::Normalize { over, epsilon: epsilon?, weight, bias, order: order.clone(), activation };
    let node = builder.add(layer, op, vec![source], shape)?;
    builder.set_order(node, order);
    Some(node)
}
