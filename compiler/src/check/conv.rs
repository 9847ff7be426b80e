//! Convolutions.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, PadMode, Sampling};
use convolve_runtime::weights::{Initial, ParameterId};

use super::activations;
use super::arguments::{Arguments, Padding, split};
use super::builder::{Builder, Checked};
use super::expand::Layer;
use super::space;
use super::values::{LARGEST, common_divisor, divisors_beside};
use super::window::Window;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Conv, Depthwise, Layout, NodeId, Op, Shape};

/// The values of `padding_mode`.
const PADDING_MODES: [&str; 4] = ["zeros", "reflect", "replicate", "circular"];

/// `kernel_size`, `stride`, `dilation` and `padding` of a convolution.
fn window(arguments: &mut Arguments<'_>) -> Option<Window> {
    let kernel = arguments.pair("kernel_size", None, 1);
    let stride = arguments.pair("stride", Some([1, 1]), 1);
    let dilation = arguments.pair("dilation", Some([1, 1]), 1);
    let padding = arguments.padding();
    Some(Window { kernel: kernel?, stride: stride?, dilation: dilation?, padding: padding? })
}

/// `padding_mode`: nothing for zeros.
fn padding_mode(arguments: &mut Arguments<'_>) -> Option<Option<PadMode>> {
    let modes = [None, Some(PadMode::Reflect), Some(PadMode::Edge), Some(PadMode::Wrap)];
    arguments.word("padding_mode", &PADDING_MODES).map(|mode| modes[mode])
}

pub(super) fn conv2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let mut arguments = builder.arguments(layer);
    let filters = arguments.integer("filters", None, 1);
    let window = window(&mut arguments);
    let groups = arguments.integer("groups", Some(1), 1);
    let bias = arguments.truth("bias", true);
    let mode = padding_mode(&mut arguments);
    let activation = activations::argument(&mut arguments);
    let (source, [height, width, channels]) = builder.map(layer)?;
    let (filters, window, groups) = (filters?, window?, groups?);
    let grouped = grouped(builder, layer, source, channels, filters, groups);
    let axes = window.axes(builder, layer, source, [height, width]);
    grouped?;
    let (source, [rows, columns]) = padded(builder, layer, source, axes?, mode?)?;
    let Shape::Map { height, width, .. } = builder.shape(source) else { return None };
    let shape = Shape::Map { height: rows.output(height)?, width: columns.output(width)?, channels: filters };
    let [kh, kw] = window.kernel;
    let inputs = channels / groups;
    let weight = kernel(builder, layer, [inputs, filters / groups], |layout| match layout {
        Layout::Pytorch => [filters, inputs, kh, kw],
        Layout::Keras => [kh, kw, inputs, filters],
    })?;
    let bias = bias?.then(|| builder.parameter(&layer.name, "bias", &[filters], Initial::Constant(0.0)));
    let conv = Conv { rows, columns, groups, ..Conv::new(filters, weight, bias) };
    let node = builder.add(layer, Op::Conv(conv), vec![source], shape)?;
    activations::apply(builder, layer, node, activation?)
}

pub(super) fn depthwise_conv2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let mut arguments = builder.arguments(layer);
    let window = window(&mut arguments);
    let multiplier = arguments.integer("multiplier", Some(1), 1);
    let bias = arguments.truth("bias", true);
    let mode = padding_mode(&mut arguments);
    let activation = activations::argument(&mut arguments);
    let (source, [height, width, channels]) = builder.map(layer)?;
    let (window, multiplier) = (window?, multiplier?);
    let axes = window.axes(builder, layer, source, [height, width])?;
    let (source, [rows, columns]) = padded(builder, layer, source, axes, mode?)?;
    let Shape::Map { height, width, .. } = builder.shape(source) else { return None };
    let outputs = channels.saturating_mul(multiplier);
    let shape = Shape::Map { height: rows.output(height)?, width: columns.output(width)?, channels: outputs };
    let [kh, kw] = window.kernel;
    let weight = kernel(builder, layer, [1, multiplier], |layout| match layout {
        Layout::Pytorch => [outputs, 1, kh, kw],
        Layout::Keras => [kh, kw, channels, multiplier],
    })?;
    let bias = bias?.then(|| builder.parameter(&layer.name, "bias", &[outputs], Initial::Constant(0.0)));
    let op = Op::Depthwise(Depthwise {
        rows,
        columns,
        multiplier,
        weight,
        bias,
        before: None,
        after: None,
        activation: Activation::Linear,
    });
    let node = builder.add(layer, op, vec![source], shape)?;
    activations::apply(builder, layer, node, activation?)
}

pub(super) fn conv2d_transpose(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let mut arguments = builder.arguments(layer);
    let filters = arguments.integer("filters", None, 1);
    let window = window(&mut arguments);
    let extra = arguments.pair("output_padding", Some([0, 0]), 0);
    let groups = arguments.integer("groups", Some(1), 1);
    let bias = arguments.truth("bias", true);
    let activation = activations::argument(&mut arguments);
    let (source, [height, width, channels]) = builder.map(layer)?;
    let (filters, window, groups, extra) = (filters?, window?, groups?, extra?);
    grouped(builder, layer, source, channels, filters, groups)?;
    let axes = transposed_axes(builder, layer, source, &window, [height, width], extra)?;
    let [(rows, height), (columns, width)] = axes;
    let [kh, kw] = window.kernel;
    let outputs = filters / groups;
    let weight = kernel(builder, layer, [channels / groups, outputs], |layout| match layout {
        Layout::Pytorch => [channels, outputs, kh, kw],
        Layout::Keras => [kh, kw, outputs, channels],
    })?;
    let bias = bias?.then(|| builder.parameter(&layer.name, "bias", &[filters], Initial::Constant(0.0)));
    let sampling = Sampling::Transposed;
    let conv = Conv { rows, columns, sampling, groups, ..Conv::new(filters, weight, bias) };
    let shape = Shape::Map { height, width, channels: filters };
    let node = builder.add(layer, Op::Conv(conv), vec![source], shape)?;
    activations::apply(builder, layer, node, activation?)
}

/// The axes and output sizes of a transposed convolution. With `same` the output is `in · stride`, as in Keras:
/// what the kernel reaches beyond is cut on both sides, what it does not reach is added after.
fn transposed_axes(
    builder: &mut Builder<'_>,
    layer: &Layer,
    source: NodeId,
    window: &Window,
    input: [usize; 2],
    output_padding: [usize; 2],
) -> Option<[(Axis, usize); 2]> {
    let mut axes = [(Axis::POINT, 0); 2];
    for i in 0..2 {
        let bare = Axis {
            kernel: window.kernel[i],
            stride: window.stride[i],
            dilation: window.dilation[i],
            before: 0,
            after: 0,
        };
        let extent = bare.extent()?;
        let given = output_padding[i];
        let (axis, extra) = match window.padding {
            Padding::Cells(cells) => (Axis { before: cells[2 * i], after: cells[2 * i + 1], ..bare }, given),
            Padding::Same { lower } => {
                let (before, after) = split(extent.saturating_sub(bare.stride), lower);
                (Axis { before, after, ..bare }, bare.stride.saturating_sub(extent) + given)
            }
        };
        let limit = bare.stride.max(bare.dilation);
        let mut arguments = builder.arguments(layer);
        if given >= limit {
            let place = arguments.place("output_padding");
            let message = format!(
                "`output_padding` of `{}` is {given}, but must be smaller than the stride or the dilation, {limit}",
                layer.name
            );
            arguments.report(
                "output_padding",
                Diagnostic::error(Code::OutOfRange, place, message).label(format!("at most {}", limit - 1)),
            );
            return None;
        }
        let Some(size) = axis.transposed(input[i], extra) else {
            let place = arguments.place("padding");
            let mistake = Diagnostic::error(
                Code::NothingLeft,
                place,
                format!("the padding of `{}` cuts away its whole output", layer.name),
            )
            .label("too large");
            let reads = builder.reads(layer, source);
            let formula = format!(
                "({} − 1) · {} − {} − {} + {extent} + {extra} is less than 1",
                input[i], bare.stride, axis.before, axis.after
            );
            let most = ((input[i] - 1) * bare.stride + extent + extra - 1) / 2;
            let mistake = mistake
                .note(reads)
                .note("out = (in − 1) · stride − before − after + e + output_padding, e = dilation · (kernel_size − 1) + 1")
                .note(formula)
                .help(format!("use a `padding` of at most {most}"));
            builder.arguments(layer).report("padding", mistake);
            return None;
        };
        axes[i] = (axis, size);
    }
    Some(axes)
}

/// Whether the groups divide both input channels and filters; reported if not.
fn grouped(
    builder: &mut Builder<'_>,
    layer: &Layer,
    source: NodeId,
    channels: usize,
    filters: usize,
    groups: usize,
) -> Option<()> {
    let undivided =
        [("input channels", channels), ("filters", filters)].into_iter().find(|(_, n)| n % groups != 0);
    let Some((what, number)) = undivided else { return Some(()) };
    let ways: Vec<_> = divisors_beside(groups, common_divisor(channels, filters))
        .map(|groups| builder.notation.argument("groups", groups))
        .collect();
    let place = builder.arguments(layer).place("groups");
    let message =
        format!("`groups` of `{}` is {groups}, which does not divide its {number} {what}", layer.name);
    let mistake = Diagnostic::error(Code::NotDivisible, place, message)
        .label(format!("{number} / {groups} is not whole"))
        .note(builder.reads(layer, source))
        .note(format!(
            "the {channels} input channels and the {filters} filters are split evenly among the groups"
        ))
        .help(format!("use {}", ways.join(" or ")));
    builder.arguments(layer).report("groups", mistake);
    None
}

/// With a padding mode other than zeros, a padding layer before and an unpadded window.
fn padded(
    builder: &mut Builder<'_>,
    layer: &Layer,
    source: NodeId,
    [rows, columns]: [Axis; 2],
    mode: Option<PadMode>,
) -> Option<(NodeId, [Axis; 2])> {
    let cells = [rows.before, rows.after, columns.before, columns.after];
    let Some(mode) = mode.filter(|_| cells != [0; 4]) else { return Some((source, [rows, columns])) };
    let source = space::pad(builder, layer, source, cells, mode, "padding")?;
    let bare = |axis: Axis| Axis { before: 0, after: 0, ..axis };
    Some((source, [bare(rows), bare(columns)]))
}

/// The kernel's tensor; one too large is reported. `fans` are the inputs that an output sums for each tap, and the
/// outputs that an input goes into.
fn kernel(
    builder: &mut Builder<'_>,
    layer: &Layer,
    fans: [usize; 2],
    shape: impl Fn(Layout) -> [usize; 4],
) -> Option<ParameterId> {
    let layout = builder.graph.layout;
    let shape = shape(layout);
    let (suffix, taps) = match layout {
        Layout::Pytorch => ("weight", [shape[2], shape[3]]),
        Layout::Keras => ("kernel", [shape[0], shape[1]]),
    };
    weights_fit(builder, layer, &shape)?;
    let [fan_in, fan_out] = fans.map(|fan| fan.saturating_mul(taps[0] * taps[1]));
    Some(builder.parameter(&layer.name, suffix, &shape, Initial::Kernel { fan_in, fan_out }))
}

/// Whether a tensor of weights stays within the limit; reported if not.
pub(super) fn weights_fit(builder: &mut Builder<'_>, layer: &Layer, shape: &[usize]) -> Option<()> {
    let elements = shape.iter().try_fold(1_usize, |all, n| all.checked_mul(*n));
    if elements.is_some_and(|elements| elements <= LARGEST) {
        return Some(());
    }
    let shown: Vec<_> = shape.iter().map(usize::to_string).collect();
    let message =
        format!("the weights of `{}`, {}, have more than 2³¹ elements", layer.name, shown.join("×"));
    builder
        .diagnostics
        .push(Diagnostic::error(Code::TooManyElements, layer.kind_place, message).label("too large"));
    None
}
