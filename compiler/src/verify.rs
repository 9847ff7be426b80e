//! The invariants of a [`Graph`]. Passes keep them; tests check them after every pass.
//!
//! - Every node stands after its inputs, has as many as its operation takes, and names a layer.
//! - Input i is the node `Op::Input(i)`, exactly once.
//! - Outputs have different names and are nodes of the graph.
//! - Every shape is the one that the operation makes of its inputs' shapes, and none is empty.
//! - Every parameter exists, has the size that the operation reads, and is read by one node at most.
//! - An order of elements covers them all.

use std::collections::BTreeSet;

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, NormalizeOver, PadMode, Sampling, Windows};
use convolve_runtime::weights::{Fold, Order, ParameterId};

use crate::graph::{Conv, Graph, Layout, Node, Op, Parameter, Shape};

/// Checks every invariant.
///
/// # Errors
/// The first that does not hold, in words. This is a mistake of the compiler, never of a user.
pub fn verify(graph: &Graph) -> Result<(), String> {
    let mut inputs = vec![0_usize; graph.inputs.len()];
    let mut read = BTreeSet::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        let fail = |why: &str| Err(format!("%{id} ({}): {why}", node.title()));
        if node.layers.is_empty() {
            return fail("no layer");
        }
        if node.inputs.iter().any(|&input| input >= id) {
            return fail("an input does not stand before it");
        }
        if let Op::Input(index) = node.op {
            match inputs.get_mut(index) {
                Some(count) => *count += 1,
                None => return fail("no such input"),
            }
        }
        if let Err(why) = node_holds(graph, node) {
            return fail(&why);
        }
        // A convolution that leaves the biases to another one shares all of its parameters with that.
        let shares = matches!(&node.op, Op::Conv(conv) if conv.part.is_some_and(|part| !part.biased));
        for parameter in node.op.parameters() {
            if !shares && !read.insert(parameter) {
                return fail(&format!("{} is read twice", graph.parameters[parameter].name));
            }
        }
    }
    if inputs.iter().any(|&count| count != 1) {
        return Err("an input does not have exactly one node".to_owned());
    }
    if graph.outputs.is_empty() {
        return Err("no output".to_owned());
    }
    let names: BTreeSet<&str> = graph.outputs.iter().map(|(name, _)| name.as_str()).collect();
    if names.len() < graph.outputs.len() || graph.outputs.iter().any(|&(_, id)| id >= graph.nodes.len()) {
        return Err("an output's name or node is wrong".to_owned());
    }
    Ok(())
}

fn holds(condition: bool, why: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(why.to_owned()) }
}

fn node_holds(graph: &Graph, node: &Node) -> Result<(), String> {
    let shapes: Vec<Shape> = node.inputs.iter().map(|&input| graph.nodes[input].shape).collect();
    holds(arity(&node.op).contains(&shapes.len()), "wrong number of inputs")?;
    holds(node.shape.extents().iter().all(|&extent| extent > 0), "an empty shape")?;
    shape_holds(node, &shapes)?;
    parameters_hold(graph, node, shapes.first().map_or(0, |shape| shape.channels()))
}

fn arity(op: &Op) -> core::ops::RangeInclusive<usize> {
    match op {
        Op::Input(_) => 0..=0,
        Op::Conv(_) | Op::Dense(_) => 1..=2,
        Op::Binary(..) => 2..=2,
        Op::Concat => 1..=usize::MAX,
        _ => 1..=1,
    }
}

/// Whether the node's shape is the one that its operation makes of these.
fn shape_holds(node: &Node, inputs: &[Shape]) -> Result<(), String> {
    let Some(&input) = inputs.first() else { return Ok(()) };
    let ([height, width, channels], [rows, columns, filters]) = (input.extents(), node.shape.extents());
    let is_map = |shape: Shape| matches!(shape, Shape::Map { .. });
    let shape = match &node.op {
        Op::Input(_) => true,
        Op::Conv(conv) => {
            let Some(own) = convolved(conv, input, node.shape) else { return Err("no room".to_owned()) };
            let pooled = match &conv.pool {
                None => own == node.shape,
                Some((_, windows)) => {
                    conv.sampling != Sampling::Transposed && pools(windows, own, node.shape)
                }
            };
            holds(channels % conv.groups == 0 && filters % conv.groups == 0, "groups do not divide")?;
            holds(inputs.get(1).is_none_or(|&residual| residual == own), "the residual has another shape")?;
            is_map(input) && filters == conv.filters && pooled
        }
        Op::Depthwise(op) => {
            let size = [op.rows.output(height), op.columns.output(width), Some(channels * op.multiplier)];
            is_map(input) && size == node.shape.extents().map(Some)
        }
        Op::Dense(_) => !is_map(input) && !is_map(node.shape) && inputs[1..].iter().all(|&s| s == node.shape),
        Op::Pool { windows, .. } => pools(windows, input, node.shape),
        Op::Pad { top, left, mode } => {
            let (bottom, right) = (rows.checked_sub(top + height), columns.checked_sub(left + width));
            let (Some(bottom), Some(right)) = (bottom, right) else { return Err("pads less".to_owned()) };
            let fits = |padding: usize, size: usize| match mode {
                PadMode::Constant(_) | PadMode::Edge => true,
                PadMode::Reflect => padding < size,
                PadMode::Symmetric | PadMode::Wrap => padding <= size,
            };
            let fit = fits(*top.max(&bottom), height) && fits(*left.max(&right), width);
            is_map(input) && is_map(node.shape) && filters == channels && fit
        }
        Op::Copy { top, left, stride } => {
            let inside = top + (rows - 1) * stride[0] < height && left + (columns - 1) * stride[1] < width;
            is_map(node.shape) && filters == channels && inside
        }
        Op::Resize(_) => filters == channels && rows % height == 0 && columns % width == 0,
        Op::Concat => {
            let alike = |shape: &Shape| {
                shape.extents()[..2] == node.shape.extents()[..2] && is_map(*shape) == is_map(node.shape)
            };
            inputs.iter().all(alike) && inputs.iter().map(|shape| shape.channels()).sum::<usize>() == filters
        }
        Op::Binary(..) => {
            let fits = |shape: Shape| shape == node.shape || shape.elements() == filters;
            inputs.iter().all(|&shape| fits(shape)) && inputs.contains(&node.shape)
        }
        Op::Reshape => input.elements() == node.shape.elements(),
        Op::Blocks { block, .. } => {
            let deep = |deep: [usize; 3], flat: [usize; 3]| {
                deep[0] * block == flat[0] && deep[1] * block == flat[1] && deep[2] == flat[2] * block * block
            };
            deep(input.extents(), node.shape.extents()) || deep(node.shape.extents(), input.extents())
        }
        Op::Affine { order, .. } | Op::Normalize { order, .. } | Op::Activate { order, .. } => {
            holds(covers(order, channels), "an order that does not cover the channels")?;
            if let Op::Normalize { over: NormalizeOver::Groups(groups), .. } = node.op {
                holds(channels % groups == 0, "groups do not divide")?;
            }
            input == node.shape
        }
        Op::Dropout { .. } | Op::Softmax { .. } => input == node.shape,
    };
    holds(shape, &format!("{} does not follow from {input}", node.shape))
}

fn covers(order: &[Order], elements: usize) -> bool {
    order.is_empty() || order.iter().map(|run| run.pixels * run.channels).sum::<usize>() == elements
}

/// The shape of a convolution's result, before any pooling. Of a transposed one, whose output padding stands
/// only in its shape, that shape, if a stride or dilation allows it.
#[must_use]
pub fn convolved(conv: &Conv, input: Shape, shape: Shape) -> Option<Shape> {
    let ([height, width, _], [rows, columns, _]) = (input.extents(), shape.extents());
    let axis = |axis: &Axis, factor: usize, size: usize, found: usize| match conv.sampling {
        Sampling::Direct | Sampling::Upsampled(_) => axis.output(size * factor),
        Sampling::Transposed => {
            let least = axis.transposed(size, 0).unwrap_or(0);
            (least <= found && found - least < 2 * axis.stride.max(axis.dilation)).then_some(found)
        }
    };
    let [y, x] = if let Sampling::Upsampled(factors) = conv.sampling { factors } else { [1, 1] };
    let (height, width) = (axis(&conv.rows, y, height, rows)?, axis(&conv.columns, x, width, columns)?);
    Some(Shape::Map { height, width, channels: conv.filters })
}

/// Whether these windows make `output` of `input`; a sliding pooling may round either way.
fn pools(windows: &Windows, input: Shape, output: Shape) -> bool {
    let ([height, width, channels], [rows, columns, filters]) = (input.extents(), output.extents());
    let fits = |axis: &Axis, size: usize, found: usize| {
        axis.output(size) == Some(found) || axis.output_ceil(size) == Some(found)
    };
    let slides = match windows {
        Windows::Adaptive => true,
        Windows::Sliding(y, x) => fits(y, height, rows) && fits(x, width, columns),
    };
    channels == filters && slides
}

/// Whether each parameter exists and has the size that the operation reads; `channels` are the input's.
fn parameters_hold(graph: &Graph, node: &Node, channels: usize) -> Result<(), String> {
    let filters = node.shape.channels();
    let channels = match &node.op {
        // The kernel and the norm before it are those of all inputs.
        Op::Conv(Conv { rows, columns, weight, groups: 1, part: Some(part), .. }) => {
            let elements = graph.parameters.get(*weight).map_or(0, Parameter::elements);
            let all = elements / (rows.kernel * columns.kernel * filters).max(1);
            holds(part.first + channels <= all, "a part that its kernel has not")?;
            all
        }
        _ => channels,
    };
    let sized = |id: ParameterId, size: usize| {
        let shape = graph.parameters.get(id).map(|parameter| parameter.shape.as_slice());
        let fits = shape.is_some_and(|shape| shape.iter().product::<usize>() == size);
        holds(fits, &format!("parameter {id} is {shape:?}, not of {size} elements"))
    };
    let norm = |fold: &Fold, size: usize| {
        [fold.weight, fold.bias, fold.mean, fold.variance].into_iter().try_for_each(|id| sized(id, size))
    };
    let kernel = |weight, size, bias: Option<ParameterId>, before: Option<Fold>, after: Option<Fold>| {
        sized(weight, size)?;
        bias.map_or(Ok(()), |bias| sized(bias, filters))?;
        before.map_or(Ok(()), |fold| norm(&fold, channels))?;
        after.map_or(Ok(()), |fold| norm(&fold, filters))
    };
    match &node.op {
        Op::Conv(op) => {
            let size = op.rows.kernel * op.columns.kernel * (channels / op.groups) * filters;
            holds(op.part.is_none() || op.groups == 1, "a part of a grouped kernel")?;
            let rank = graph.parameters.get(op.weight).map_or(0, |parameter| parameter.shape.len());
            holds(rank == 4 || rank == 2 && is_point(op), "a kernel of the wrong rank")?;
            kernel(op.weight, size, op.bias, op.before, op.after)?;
        }
        Op::Depthwise(op) => {
            kernel(op.weight, op.rows.kernel * op.columns.kernel * filters, op.bias, op.before, op.after)?;
        }
        Op::Dense(op) => {
            holds(covers(&op.order, channels), "an order that does not cover the inputs")?;
            let expected = match graph.layout {
                Layout::Pytorch => [filters, channels],
                Layout::Keras => [channels, filters],
            };
            let shape = graph.parameters.get(op.weight).map(|parameter| parameter.shape.as_slice());
            holds(shape == Some(&expected), "a kernel of the wrong shape")?;
            kernel(op.weight, channels * filters, op.bias, op.before, op.after)?;
        }
        Op::Affine { fold, .. } => norm(fold, filters)?,
        Op::Normalize { weight, bias, .. } => {
            [*weight, *bias].iter().try_for_each(|&id| sized(id, filters))?
        }
        _ => {}
    }
    match node.op.activation() {
        Some(Activation::Prelu { slopes }) => sized(slopes, filters),
        _ => Ok(()),
    }
}

/// Whether a convolution is a dense layer on pixels, whose kernel has two axes.
fn is_point(conv: &Conv) -> bool {
    conv.rows.kernel == 1 && conv.columns.kernel == 1 && conv.groups == 1
}
