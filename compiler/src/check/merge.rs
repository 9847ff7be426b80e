//! Layers of several sources.

use convolve_runtime::kernels::{Activation, BinaryOp};
use convolve_runtime::weights::Order;

use super::builder::{Builder, Checked};
use super::expand::Layer;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{NodeId, Op, Shape};

pub(super) fn add(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    binary(builder, layer, BinaryOp::Add)
}

pub(super) fn sub(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    binary(builder, layer, BinaryOp::Sub)
}

pub(super) fn mul(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    binary(builder, layer, BinaryOp::Mul)
}

pub(super) fn maximum(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    binary(builder, layer, BinaryOp::Maximum)
}

pub(super) fn concat(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let sources = builder.sources(layer)?;
    let first = builder.shape(sources[0]);
    let mut channels = 0_usize;
    for (index, source) in sources.iter().enumerate() {
        let shape = builder.shape(*source);
        let agree = match (first, shape) {
            (Shape::Vector(_), Shape::Vector(_)) => true,
            (Shape::Map { height, width, .. }, Shape::Map { height: h, width: w, .. }) => {
                [height, width] == [h, w]
            }
            _ => false,
        };
        if !agree {
            let rule = "concat joins channels: height and width must be equal";
            return disagree(builder, layer, sources[0], *source, index, rule);
        }
        channels = channels.saturating_add(shape.channels());
    }
    let (shape, order) = match first {
        Shape::Map { height, width, .. } => (Shape::Map { height, width, channels }, vec![]),
        Shape::Vector(_) => (Shape::Vector(channels), joined_order(builder, &sources)),
    };
    let node = builder.add(layer, Op::Concat, sources, shape)?;
    builder.set_order(node, order);
    Some(node)
}

/// The orders of vectors joined end to end; empty where all stand as in memory.
fn joined_order(builder: &Builder<'_>, sources: &[NodeId]) -> Vec<Order> {
    if sources.iter().all(|source| builder.order(*source).is_empty()) {
        return vec![];
    }
    let plain = |source: NodeId| vec![Order { pixels: builder.shape(source).elements(), channels: 1 }];
    let order = |source: &NodeId| match builder.order(*source) {
        [] => plain(*source),
        order => order.to_vec(),
    };
    sources.iter().flat_map(order).collect()
}

fn binary(builder: &mut Builder<'_>, layer: &Layer, op: BinaryOp) -> Checked {
    let sources = builder.sources(layer)?;
    let mut node = sources[0];
    for (index, source) in sources.iter().enumerate().skip(1) {
        let Some(shape) = broadcast(builder.shape(node), builder.shape(*source)) else {
            let rule = "the shapes must be equal, or one a vector [c] or [1, 1, c] against [h, w, c]";
            return disagree(builder, layer, sources[0], *source, index, rule);
        };
        let order = common_order(builder, layer, node, *source)?;
        node = builder.add(layer, Op::Binary(op, Activation::Linear), vec![node, *source], shape)?;
        builder.set_order(node, order);
    }
    Some(node)
}

/// The shape of an operation on two tensors; a single pixel stands for all pixels.
fn broadcast(a: Shape, b: Shape) -> Option<Shape> {
    if a == b {
        return Some(a);
    }
    let single = |shape: Shape| shape.extents()[..2] == [1, 1];
    if a.channels() != b.channels() {
        None
    } else if single(b) && matches!(a, Shape::Map { .. }) {
        Some(a)
    } else if single(a) && matches!(b, Shape::Map { .. }) {
        Some(b)
    } else {
        None
    }
}

/// The order of a result's elements. Vectors flattened in different orders would meet wrong partners; no
/// framework's weights could mean that.
fn common_order(builder: &mut Builder<'_>, layer: &Layer, a: NodeId, b: NodeId) -> Option<Vec<Order>> {
    let (left, right) = (builder.order(a), builder.order(b));
    if left == right {
        return Some(left.to_vec());
    }
    let message = format!("`{}` combines vectors whose elements stand in different orders", layer.name);
    let mistake = Diagnostic::error(Code::OrdersDiffer, layer.kind_place, message)
        .label("one is a flattened map, the other is not")
        .note(builder.origin(a))
        .note(builder.origin(b))
        .note("PyTorch flattens channels first, this network's tensors are channels last, so the elements would not match")
        .help("combine the maps before they are flattened, or put a `dense` layer between");
    builder.diagnostics.push(mistake);
    None
}

/// Reports two sources whose shapes disagree, with how each came to its shape.
fn disagree(
    builder: &mut Builder<'_>,
    layer: &Layer,
    first: NodeId,
    other: NodeId,
    index: usize,
    rule: &str,
) -> Checked {
    let (a, b) = (builder.shape(first), builder.shape(other));
    let message = format!("`{}` cannot {} {a} and {b}", layer.name, layer.kind.name);
    let mistake = Diagnostic::error(Code::ShapesDiffer, layer.sources[index].place, message)
        .label(format!("{b}, the first source is {a}"))
        .note(builder.origin(first))
        .note(builder.origin(other))
        .note(rule)
        .maybe_help(remedy(builder, layer, first, other));
    builder.diagnostics.push(mistake);
    None
}

/// A layer that would make the shapes agree.
fn remedy(builder: &Builder<'_>, layer: &Layer, first: NodeId, other: NodeId) -> Option<String> {
    let name = |node: NodeId| builder.graph.nodes[node].layers[0].clone();
    let notation = builder.notation;
    let (Shape::Map { height, width, channels }, Shape::Map { height: h, width: w, channels: c }) =
        (builder.shape(first), builder.shape(other))
    else {
        return None;
    };
    if [height, width] == [h, w] {
        let conv = notation.layer(
            "conv2d",
            &name(other),
            &[("filters", channels.to_string()), ("kernel_size", "1".to_owned())],
        );
        return (layer.kind.name != "concat" && c != channels)
            .then(|| format!("project the channels with {conv}"));
    }
    if h * 2 <= height && height % h == 0 && width % w == 0 && height / h == width / w {
        let scale = [("scale_factor", (height / h).to_string())];
        return Some(format!("enlarge with {}", notation.layer("upsample2d", &name(other), &scale)));
    }
    // The larger one is cropped in the middle to the smaller one's size, where it is larger along both axes.
    let (large, [tall, wide], [low, narrow]) = if height >= h && width >= w {
        (first, [height, width], [h, w])
    } else if h >= height && w >= width {
        (other, [h, w], [height, width])
    } else {
        return None;
    };
    let [vertical, horizontal] = [tall - low, wide - narrow];
    let halves = [vertical / 2, vertical - vertical / 2, horizontal / 2, horizontal - horizontal / 2];
    let cropping = if halves.iter().all(|half| *half == halves[0]) {
        halves[0].to_string()
    } else {
        format!("[{}, {}, {}, {}]", halves[0], halves[1], halves[2], halves[3])
    };
    let crop = notation.layer("crop2d", &name(large), &[("cropping", cropping)]);
    Some(format!("crop `{}` with {crop}, or give the layers above it other padding", name(large)))
}
