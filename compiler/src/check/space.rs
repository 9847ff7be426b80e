//! Layers that move pixels: padding, cropping, subsampling, enlargement.

use convolve_runtime::kernels::{PadMode, ResizeMode};

use super::builder::{Builder, Checked};
use super::expand::Layer;
use super::values::LARGEST;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{NodeId, Op, Shape};

pub(super) fn pad2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let mut arguments = builder.arguments(layer);
    let cells = arguments.sides("padding");
    let mode = arguments.word("mode", &["constant", "reflect", "symmetric", "edge", "wrap"]);
    let value = arguments.number("value", Some(0.0));
    let (source, _) = builder.map(layer)?;
    let (cells, value) = (cells?, value?);
    let mode = match mode? {
        0 => PadMode::Constant(value),
        1 => PadMode::Reflect,
        2 => PadMode::Symmetric,
        3 => PadMode::Edge,
        _ => PadMode::Wrap,
    };
    pad(builder, layer, source, cells, mode, "padding")
}

/// Adds a padding by `[top, bottom, left, right]`; one that the input cannot fill is reported at `argument`.
pub(super) fn pad(
    builder: &mut Builder<'_>,
    layer: &Layer,
    source: NodeId,
    [top, bottom, left, right]: [usize; 4],
    mode: PadMode,
    argument: &str,
) -> Checked {
    let Shape::Map { height, width, channels } = builder.shape(source) else { return None };
    for (size, cells, along) in [(height, top.max(bottom), "height"), (width, left.max(right), "width")] {
        let (most, rule) = match mode {
            PadMode::Constant(_) | PadMode::Edge => (LARGEST, ""),
            PadMode::Reflect => {
                (size - 1, "reflection does not repeat the border, so it can fill at most input − 1 cells")
            }
            PadMode::Symmetric => (size, "a mirror can fill at most as many cells as the input has"),
            PadMode::Wrap => (size, "wrapping once can fill at most as many cells as the input has"),
        };
        if cells > most {
            let place = builder.arguments(layer).place(argument);
            let message =
                format!("`{}` pads by {cells} cells, but its input's {along} is {size}", layer.name);
            let mistake = Diagnostic::error(Code::PaddingTooFar, place, message)
                .label(format!("at most {most}"))
                .note(builder.reads(layer, source))
                .note(rule)
                .help(format!("pad by at most {most}, or with constant or edge values"));
            builder.arguments(layer).report(argument, mistake);
            return None;
        }
    }
    let shape = Shape::Map { height: height + top + bottom, width: width + left + right, channels };
    builder.add(layer, Op::Pad { top, left, mode }, vec![source], shape)
}

pub(super) fn crop2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let cells = builder.arguments(layer).sides("cropping");
    let (source, [height, width, channels]) = builder.map(layer)?;
    let [top, bottom, left, right] = cells?;
    for (size, cut, along) in [(height, top + bottom, "height"), (width, left + right, "width")] {
        if cut >= size {
            let place = builder.arguments(layer).place("cropping");
            let message = format!("`{}` crops {cut} cells of a {along} of {size}", layer.name);
            let mistake = Diagnostic::error(Code::NothingLeft, place, message)
                .label("nothing is left")
                .note(builder.reads(layer, source))
                .help(format!("crop at most {} cells of the {along}, both sides together", size - 1));
            builder.arguments(layer).report("cropping", mistake);
            return None;
        }
    }
    let shape = Shape::Map { height: height - top - bottom, width: width - left - right, channels };
    builder.add(layer, Op::Copy { top, left, stride: [1, 1] }, vec![source], shape)
}

pub(super) fn subsample2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let stride = builder.arguments(layer).pair("stride", None, 1);
    let (source, [height, width, channels]) = builder.map(layer)?;
    let stride = stride?;
    let shape = Shape::Map { height: height.div_ceil(stride[0]), width: width.div_ceil(stride[1]), channels };
    builder.add(layer, Op::Copy { top: 0, left: 0, stride }, vec![source], shape)
}

pub(super) fn upsample2d(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let mut arguments = builder.arguments(layer);
    let scale = arguments.pair("scale_factor", None, 1);
    let mode = arguments.word("mode", &["nearest", "bilinear"]);
    let align = arguments.truth("align_corners", false);
    let mode = match (mode?, align?) {
        (0, false) => ResizeMode::Nearest,
        (0, true) => {
            let place = arguments.place("align_corners");
            let message =
                format!("`align_corners` of `{}` means nothing to nearest-neighbour upsampling", layer.name);
            let help = format!(
                "use {}, or leave `align_corners` out",
                arguments.notation.argument("mode", "bilinear")
            );
            arguments.report(
                "align_corners",
                Diagnostic::error(Code::Contradiction, place, message).label("needs `bilinear`").help(help),
            );
            return None;
        }
        (_, false) => ResizeMode::Bilinear,
        (_, true) => ResizeMode::BilinearAlignCorners,
    };
    let (source, [height, width, channels]) = builder.map(layer)?;
    let [vertical, horizontal] = scale?;
    let shape = Shape::Map {
        height: height.saturating_mul(vertical),
        width: width.saturating_mul(horizontal),
        channels,
    };
    builder.add(layer, Op::Resize(mode), vec![source], shape)
}
