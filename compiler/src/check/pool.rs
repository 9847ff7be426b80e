//! Pooling.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{PoolOp, Windows};

use super::builder::{Builder, Checked};
use super::expand::Layer;
use super::window::Window;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{NodeId, Op, Shape};

pub(super) fn max_pool2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    sliding(builder, layer, Some(PoolOp::Max))
}

pub(super) fn avg_pool2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let op = builder
        .arguments(layer)
        .truth("count_include_pad", false)
        .map(|include| if include { PoolOp::AverageWithPadding } else { PoolOp::Average });
    sliding(builder, layer, op)
}

pub(super) fn global_avg_pool2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    global(builder, layer, PoolOp::Average)
}

pub(super) fn global_max_pool2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    global(builder, layer, PoolOp::Max)
}

pub(super) fn adaptive_avg_pool2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    adaptive(builder, layer, PoolOp::Average)
}

pub(super) fn adaptive_max_pool2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    adaptive(builder, layer, PoolOp::Max)
}

fn sliding(builder: &mut Builder<'_>, layer: &Layer, op: Option<PoolOp>) -> Checked {
    let mut arguments = builder.arguments(layer);
    let kernel = arguments.pair("kernel_size", None, 1);
    let stride = arguments.pair("stride", Some(kernel.unwrap_or([1, 1])), 1);
    let dilation = arguments.pair("dilation", Some([1, 1]), 1);
    let padding = arguments.padding();
    let ceil = arguments.truth("ceil_mode", false);
    let (source, [height, width, channels]) = builder.map(layer)?;
    let window = Window { kernel: kernel?, stride: stride?, dilation: dilation?, padding: padding? };
    let [rows, columns] = window.axes(builder, layer, source, [height, width])?;
    let ceil = ceil?;
    let size = |axis: &Axis, input| if ceil { axis.output_ceil(input) } else { axis.output(input) };
    let shape = Shape::Map { height: size(&rows, height)?, width: size(&columns, width)?, channels };
    let [windows_down, windows_across, _] = shape.extents();
    covered(builder, layer, source, &rows, height, windows_down)?;
    covered(builder, layer, source, &columns, width, windows_across)?;
    builder.add(layer, Op::Pool { op: op?, windows: Windows::Sliding(rows, columns) }, vec![source], shape)
}

/// Whether every window reads a cell of the input; reported if not. One that lies wholly in the padding, or
/// whose taps step over the input, would have no value.
fn covered(
    builder: &mut Builder<'_>,
    layer: &Layer,
    source: NodeId,
    axis: &Axis,
    input: usize,
    windows: usize,
) -> Option<()> {
    let Some(empty) = (0..windows).find(|&window| axis.taps(window, input).count == 0) else {
        return Some(());
    };
    let half = axis.extent()? / 2;
    let (argument, label, remedy) = if axis.dilation > input {
        ("dilation", format!("more than the input's {input}"), format!("a `dilation` of at most {input}"))
    } else {
        ("padding", format!("too much for a window of {}", axis.extent()?), format!("at most {half} a side"))
    };
    let message = format!("window {} of {windows} of `{}` reads nothing but padding", empty + 1, layer.name);
    let reads = builder.reads(layer, source);
    let mut arguments = builder.arguments(layer);
    let place = arguments.place(argument);
    let mistake = Diagnostic::error(Code::EmptyWindow, place, message)
        .label(label)
        .note(reads)
        .note("a window without a cell of the input has neither a largest cell nor a mean")
        .help(format!("use {remedy}"));
    arguments.report(argument, mistake);
    None
}

fn global(builder: &mut Builder<'_>, layer: &Layer, op: PoolOp) -> Checked {
    let (source, [_, _, channels]) = builder.map(layer)?;
    builder.add(layer, Op::Pool { op, windows: Windows::Adaptive }, vec![source], Shape::Vector(channels))
}

fn adaptive(builder: &mut Builder<'_>, layer: &Layer, op: PoolOp) -> Checked {
    let size = builder.arguments(layer).pair("output_size", None, 1);
    let (source, [_, _, channels]) = builder.map(layer)?;
    let [height, width] = size?;
    let shape = Shape::Map { height, width, channels };
    builder.add(layer, Op::Pool { op, windows: Windows::Adaptive }, vec![source], shape)
}
