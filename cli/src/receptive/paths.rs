//! Which cells of the input one cell of a layer sees, exactly, and on how many paths.
//!
//! The paths from a layer's cell back to a cell of the input are counted by going through the graph from its end to
//! its beginning. Were all weights of a linear network 1 and its channels one, the counts would be its gradient: they
//! show that a field's middle counts for far more than its border (Luo, Li, Urtasun and Zemel, "Understanding the
//! effective receptive field in deep convolutional neural networks", 2016).

use convolve_compiler::graph::{Graph, Node, NodeId, Op, Shape};
use convolve_runtime::geometry::{Axis, adaptive_window};
use convolve_runtime::kernels::{NormalizeOver, PadMode, ResizeMode, Sampling, Windows};

/// Counts for the rows and columns of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counts {
    pub(super) shape: [usize; 2],
    pub(super) paths: Vec<f64>,
}

impl Counts {
    fn zeros(shape: Shape) -> Self {
        let [height, width, _] = shape.extents();
        Self { shape: [height, width], paths: vec![0.0; height * width] }
    }

    /// The first and the last row, and column, that are seen; `None` if nothing is.
    pub(super) fn bounds(&self) -> Option<[[usize; 2]; 2]> {
        let width = self.shape[1];
        let seen = self.paths.iter().enumerate().filter(|(_, paths)| **paths > 0.0);
        let cells = seen.map(|(index, _)| [[index / width; 2], [index % width; 2]]);
        cells.reduce(|a, b| [0, 1].map(|axis| [a[axis][0].min(b[axis][0]), a[axis][1].max(b[axis][1])]))
    }
}

/// For each input of the network, the paths from it to a cell of a node.
pub(super) fn paths(graph: &Graph, node: NodeId, [row, column]: [usize; 2]) -> Vec<Counts> {
    let zeros = |id: NodeId| Counts::zeros(graph.nodes[id].shape);
    // Of those nodes that are seen, and have not been gone through.
    let mut counts: Vec<Option<Counts>> = vec![None; node + 1];
    let mut cell = zeros(node);
    cell.paths[row * cell.shape[1] + column] = 1.0;
    counts[node] = Some(cell);
    let mut inputs: Vec<Option<Counts>> = vec![None; graph.inputs.len()];
    for id in (0..=node).rev() {
        let Some(from) = counts[id].take() else { continue };
        let node = &graph.nodes[id];
        if let Op::Input(index) = node.op {
            inputs[index] = Some(from);
            continue;
        }
        for &input in &node.inputs {
            let to = counts[input].get_or_insert_with(|| zeros(input));
            spread(node, graph.nodes[input].shape, &from, to);
        }
    }
    let unseen = |index: usize| {
        let id = graph.nodes.iter().position(|node| node.op == Op::Input(index));
        zeros(id.expect("every input of a graph is a node"))
    };
    inputs.into_iter().enumerate().map(|(index, seen)| seen.unwrap_or_else(|| unseen(index))).collect()
}

/// Adds the paths that lead through a node to one of its inputs.
fn spread(node: &Node, input: Shape, from: &Counts, to: &mut Counts) {
    if let Some([rows, columns]) = taps(node, to.shape) {
        let [from_width, to_width] = [from.shape[1], to.shape[1]];
        for (y, taps) in rows.iter().enumerate() {
            for (x, across) in columns.iter().enumerate() {
                let paths = from.paths[y * from_width + x];
                if paths > 0.0 {
                    for (row, column) in
                        taps.iter().flat_map(|row| across.iter().map(move |column| (row, column)))
                    {
                        to.paths[row * to_width + column] += paths;
                    }
                }
            }
        }
        return;
    }
    // Channels are neighbours in memory, so a pixel under another shape is a run of pixels or part of one.
    let [from_channels, to_channels] = [node.shape.channels(), input.channels()];
    let all = to.paths.len();
    for (index, &paths) in from.paths.iter().enumerate() {
        let pixels = match node.op {
            Op::Reshape => {
                index * from_channels / to_channels..((index + 1) * from_channels).div_ceil(to_channels)
            }
            _ => 0..all,
        };
        to.paths[pixels].iter_mut().for_each(|to| *to += paths);
    }
}

/// The rows of the input that each row of the node's result reads, and the columns; `None` where they do not go by
/// rows and columns.
fn taps(node: &Node, input: [usize; 2]) -> Option<[Vec<Vec<usize>>; 2]> {
    let [height, width, _] = node.shape.extents();
    let output = [height, width];
    let each = |cells: &dyn Fn(usize, usize) -> Vec<usize>| {
        [0, 1].map(|axis| (0..output[axis]).map(|index| cells(axis, index)).collect())
    };
    let sliding = |rows: &Axis, columns: &Axis| {
        let axes = [*rows, *columns];
        each(&|axis, index| direct(&axes[axis], index, input[axis]))
    };
    Some(match &node.op {
        Op::Conv(conv) if conv.sampling == Sampling::Transposed => {
            let axes = [conv.rows, conv.columns];
            each(&|axis, index| transposed(&axes[axis], index, input[axis]))
        }
        Op::Conv(conv) => sliding(&conv.rows, &conv.columns),
        Op::Depthwise(op) => sliding(&op.rows, &op.columns),
        Op::Pool { windows: Windows::Sliding(rows, columns), .. } => sliding(rows, columns),
        Op::Pool { windows: Windows::Adaptive, .. } => each(&|axis, index| {
            let (start, end) = adaptive_window(index, input[axis], output[axis]);
            (start..end).collect()
        }),
        Op::Pad { top, left, mode } => {
            let before = [*top, *left];
            each(&|axis, index| padded(index as isize - before[axis] as isize, input[axis], *mode))
        }
        Op::Copy { top, left, stride } => {
            let before = [*top, *left];
            each(&|axis, index| vec![before[axis] + index * stride[axis]])
        }
        Op::Resize(mode) => each(&|axis, index| resized(index, input[axis], output[axis], *mode)),
        Op::Blocks { .. } if height < input[0] => each(&|axis, index| {
            let block = input[axis] / output[axis];
            (index * block..(index + 1) * block).collect()
        }),
        Op::Blocks { .. } => each(&|axis, index| vec![index * input[axis] / output[axis]]),
        Op::Reshape | Op::Normalize { over: NormalizeOver::Groups(_), .. } => return None,
        // One pixel stands for all of the other operand's.
        Op::Binary(..) if input == [1, 1] => each(&|_, _| vec![0]),
        _ => each(&|_, index| vec![index]),
    })
}

fn direct(axis: &Axis, index: usize, input: usize) -> Vec<usize> {
    let taps = axis.taps(index, input);
    (0..taps.count).map(|tap| taps.first + tap * taps.step).collect()
}

fn transposed(axis: &Axis, index: usize, input: usize) -> Vec<usize> {
    let cell = |tap: usize| {
        let place = (index + axis.before).checked_sub(tap * axis.dilation)?;
        (place.is_multiple_of(axis.stride) && place / axis.stride < input).then_some(place / axis.stride)
    };
    (0..axis.kernel).filter_map(cell).collect()
}

/// The cell that stands at a place inside or outside the input.
fn padded(place: isize, input: usize, mode: PadMode) -> Vec<usize> {
    let last = input as isize - 1;
    let cell = match mode {
        PadMode::Constant(_) if !(0..=last).contains(&place) => return Vec::new(),
        PadMode::Constant(_) => place,
        PadMode::Edge => place.clamp(0, last),
        PadMode::Wrap => place.rem_euclid(last + 1),
        PadMode::Reflect if place > last => 2 * last - place,
        PadMode::Reflect => place.abs(),
        PadMode::Symmetric if place > last => 2 * last + 1 - place,
        PadMode::Symmetric if place < 0 => -place - 1,
        PadMode::Symmetric => place,
    };
    vec![cell.unsigned_abs()]
}

/// One cell, or the two that an interpolated cell lies between.
fn resized(index: usize, input: usize, output: usize, mode: ResizeMode) -> Vec<usize> {
    // The place of the cell as a fraction of the input's cells.
    let (place, parts) = match mode {
        ResizeMode::Nearest => return vec![index * input / output],
        ResizeMode::Bilinear => (((2 * index + 1) * input).saturating_sub(output), 2 * output),
        ResizeMode::BilinearAlignCorners => (index * (input - 1), (output - 1).max(1)),
    };
    let first = place / parts;
    let between = !place.is_multiple_of(parts) && first + 1 < input;
    if between { vec![first, first + 1] } else { vec![first] }
}
