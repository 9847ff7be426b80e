//! Pooling.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{PoolOp, Windows};

use super::arguments::Padding;
use super::builder::{Builder, Checked};
use super::expand::Layer;
use super::window::Window;
use crate::diagnostic::Diagnostic;
use crate::graph::{Op, Shape};

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
    if let Padding::Cells(_) = window.padding {
        covered(builder, layer, rows)?;
        covered(builder, layer, columns)?;
    }
    let ceil = ceil?;
    let size = |axis: &Axis, input| if ceil { axis.output_ceil(input) } else { axis.output(input) };
    let shape = Shape::Map { height: size(&rows, height)?, width: size(&columns, width)?, channels };
    builder.add(layer, Op::Pool { op: op?, windows: Windows::Sliding(rows, columns) }, vec![source], shape)
}

/// Padding beyond half the window would leave windows without any input cell (PyTorch's rule).
fn covered(builder: &mut Builder<'_>, layer: &Layer, axis: Axis) -> Option<()> {
    let half = axis.extent()? / 2;
    let most = axis.before.max(axis.after);
    if most <= half {
        return Some(());
    }
    let mut arguments = builder.arguments(layer);
    let place = arguments.place("padding");
    let message = format!(
        "the padding of `{}` is {most}, more than half of its window of {}",
        layer.name,
        axis.extent()?
    );
    arguments.report(
        "padding",
        Diagnostic::error(place, message)
            .label(format!("at most {half}"))
            .note("a window that lies wholly in the padding has no value"),
    );
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
