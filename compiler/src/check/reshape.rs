//! Layers that keep the floats and change the shape.

use convolve_runtime::kernels::BlockOrder;
use convolve_runtime::weights::Order;

use super::builder::{Builder, Checked};
use super::expand::Layer;
use super::values::{LARGEST, integer_between, kind_of};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Layout, NodeId, Op, Shape};
use crate::spec::Value;

pub(super) fn flatten(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let source = builder.source(layer)?;
    let length = builder.shape(source).elements();
    let node = builder.add(layer, Op::Reshape, vec![source], Shape::Vector(length))?;
    keep_order(builder, source, node);
    Some(node)
}

pub(super) fn reshape(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    let shape = shape(builder, layer);
    let source = builder.source(layer)?;
    let shape = shape?;
    let before = builder.shape(source);
    let [height, width, channels] = shape.extents();
    // Each number is at most 2³¹; three of them may still exceed 64 bits.
    let elements = [width, channels].iter().try_fold(height, |all, n| all.checked_mul(*n));
    if elements != Some(before.elements()) {
        let place = builder.arguments(layer).place("shape");
        let counted = elements.map_or("too many".to_owned(), |n| n.to_string());
        let message = format!("`{}` cannot reshape {before} into {shape}", layer.name);
        let mistake = Diagnostic::error(Code::ReshapeCount, place, message)
            .label(format!("{counted} elements, not {}", before.elements()))
            .note(builder.reads(layer, source));
        builder.arguments(layer).report("shape", mistake);
        return None;
    }
    let node = builder.add(layer, Op::Reshape, vec![source], shape)?;
    keep_order(builder, source, node);
    Some(node)
}

/// PyTorch flattens channels first: its weights know the elements of a flattened map in another order.
fn keep_order(builder: &mut Builder<'_>, source: NodeId, node: NodeId) {
    let order = match (builder.shape(source), builder.shape(node)) {
        (Shape::Map { height, width, channels }, Shape::Vector(_))
            if builder.graph.layout == Layout::Pytorch && height * width > 1 && channels > 1 =>
        {
            vec![Order { pixels: height * width, channels }]
        }
        (Shape::Vector(_), Shape::Vector(_)) => builder.order(source).to_vec(),
        _ => vec![],
    };
    builder.set_order(node, order);
}

/// The `shape` argument: `[n]` or `[height, width, channels]`.
fn shape(builder: &mut Builder<'_>, layer: &Layer) -> Option<Shape> {
    let mut arguments = builder.arguments(layer);
    let given = arguments.given("shape")?;
    let what = arguments.what("shape");
    let Value::List(items) = &given.value.value else {
        let found = kind_of(&given.value.value);
        let mistake =
            Diagnostic::error(Code::WrongType, given.value.place, format!("{what} is {found}, not a list"))
                .label("expected `[length]` or `[height, width, channels]`");
        arguments.report("shape", mistake);
        return None;
    };
    match dimensions(items, &what) {
        Ok(Some(shape)) => Some(shape),
        Ok(None) => {
            let message = format!("{what} is a list of {}", items.len());
            let mistake = Diagnostic::error(Code::ListLength, given.value.place, message)
                .label("expected `[length]` or `[height, width, channels]`");
            arguments.report("shape", mistake);
            None
        }
        Err(mistake) => {
            arguments.report("shape", mistake);
            None
        }
    }
}

/// A shape out of one or three numbers; `None` for any other count.
pub(super) fn dimensions(
    items: &[crate::spec::Spanned<Value>],
    what: &str,
) -> Result<Option<Shape>, Diagnostic> {
    let size = |item| integer_between(item, what, 1, LARGEST);
    match items {
        [length] => Ok(Some(Shape::Vector(size(length)?))),
        [height, width, channels] => {
            Ok(Some(Shape::Map { height: size(height)?, width: size(width)?, channels: size(channels)? }))
        }
        _ => Ok(None),
    }
}

pub(super) fn depth_to_space(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    blocks(builder, layer, |[height, width, channels], block| {
        let square = block * block;
        let rest = channels % square;
        if rest != 0 {
            return Err(format!("its {channels} channels are not a multiple of {block}² = {square}"));
        }
        Ok(Shape::Map {
            height: height.saturating_mul(block),
            width: width.saturating_mul(block),
            channels: channels / square,
        })
    })
}

pub(super) fn space_to_depth(builder: &mut Builder<'_>, layer: &Layer) -> Checked {
    blocks(builder, layer, |[height, width, channels], block| {
        for (size, along) in [(height, "height"), (width, "width")] {
            if size % block != 0 {
                return Err(format!("its {along} of {size} is not a multiple of {block}"));
            }
        }
        Ok(Shape::Map {
            height: height / block,
            width: width / block,
            channels: channels.saturating_mul(block * block),
        })
    })
}

fn blocks(
    builder: &mut Builder<'_>,
    layer: &Layer,
    shape: impl Fn([usize; 3], usize) -> Result<Shape, String>,
) -> Checked {
    let mut arguments = builder.arguments(layer);
    let block = arguments.integer("block_size", None, 1);
    let order = arguments.word("order", &["dcr", "crd"]);
    let (source, extents) = builder.map(layer)?;
    let order = if order? == 0 { BlockOrder::DepthLast } else { BlockOrder::DepthFirst };
    let block = block?;
    match shape(extents, block) {
        Ok(shape) => builder.add(layer, Op::Blocks { block, order }, vec![source], shape),
        Err(reason) => {
            let place = builder.arguments(layer).place("block_size");
            let mistake = Diagnostic::error(
                Code::NotDivisible,
                place,
                format!("`block_size` of `{}` is {block}, but {reason}", layer.name),
            )
            .label("does not divide")
            .note(builder.reads(layer, source));
            builder.arguments(layer).report("block_size", mistake);
            None
        }
    }
}
