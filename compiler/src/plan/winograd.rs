//! Whether a convolution is computed directly or in transformed tiles, by a count of cycles.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Sampling, Windows};
use convolve_runtime::slot::Slot;
use convolve_runtime::weights::{PANEL, padded};

use super::{Kernel, macs};
use crate::graph::{Conv, Graph, NodeId, Op, Precision, Shape};
use crate::options::Outcome;
use crate::verify::convolved;

/// A convolution in tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// Outputs of a tile along each side.
    pub(super) tile: usize,
    /// Tiles at once.
    pub(super) block: usize,
}

/// Multiply–adds a cycle of the core that cycles are counted for, at most.
pub const PEAK: f64 = 16.0;

/// Cycles and bytes of a core with vectors of sixteen, measured on AMD's Zen 4. The ratios hold for other cores too.
struct Core {
    /// Multiply–adds a cycle that a register tile comes to.
    macs: f64,
    /// Transforming a window and back, a vector of channels.
    transforms: [Transform; 2],
    /// One matrix product, before it has computed anything.
    product: f64,
    /// Bytes a cycle from the third-level cache, where weights lie that the second cannot hold.
    bytes: f64,
    /// Bytes of weights that the second-level cache holds beside the tiles.
    cache: f64,
}

/// Cycles to transform a vector of channels of a tile of this size.
struct Transform {
    tile: usize,
    window: f64,
    outputs: f64,
}

const CORE: Core = Core {
    macs: 15.0,
    transforms: [
        Transform { tile: 4, window: 180.0, outputs: 150.0 },
        Transform { tile: 2, window: 60.0, outputs: 50.0 },
    ],
    product: 60.0,
    bytes: 8.0,
    cache: 524_288.0,
};

/// Bytes of a weight.
const FLOAT: f64 = size_of::<f32>() as f64;
/// Floats of transformed windows that may be at hand at once: a good part of a second-level cache.
const WINDOWS: usize = 96 * 1024;
/// Pixels of the largest register tile.
const PIXELS: usize = 14;
/// How much faster tiles must be by the count, which knows nothing of the rest of the network.
const MARGIN: f64 = 1.1;

/// Chooses how a convolution is computed; says nothing of other nodes.
pub(super) fn choose(graph: &Graph, id: NodeId, tiles: &mut Option<Tiles>) -> Option<Outcome> {
    let node = &graph.nodes[id];
    let Op::Conv(conv) = &node.op else { return None };
    let input = graph.nodes[node.inputs[0]].shape;
    let title = node.title();
    let output = convolved(conv, input, node.shape)?;
    if let Err(reason) = fits(conv, input) {
        return Some(Outcome::declined(format!("{title}: {reason}")));
    }
    if graph.precision == Precision::Strict {
        return Some(Outcome::declined(format!("{title}: precision is strict")));
    }
    let direct = direct(conv, input, output);
    let options = CORE.transforms.iter().map(|transform| in_tiles(transform, input, output));
    let (best, cycles) = options.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let ratio = direct / cycles;
    Some(if ratio >= MARGIN {
        *tiles = Some(best);
        let Tiles { tile, block } = best;
        Outcome::done(format!(
            "{title} in tiles of {tile}×{tile}, {block} at once: {ratio:.1} times as fast by count"
        ))
    } else {
        Outcome::declined(format!("{title}: {ratio:.1} times as fast by count"))
    })
}

/// Whether the kernel can compute the convolution, and may be of use.
fn fits(conv: &Conv, input: Shape) -> Result<(), &'static str> {
    let plain = |axis: &Axis| (axis.kernel, axis.stride, axis.dilation) == (3, 1, 1);
    if !(plain(&conv.rows) && plain(&conv.columns)) {
        return Err("its windows are not 3×3 of neighbours");
    }
    if conv.groups > 1 || conv.sampling == Sampling::Transposed {
        return Err("it is grouped or transposed");
    }
    if input.channels() < PANEL || conv.filters < PANEL {
        return Err("it has fewer than 16 channels");
    }
    match &conv.pool {
        None => Ok(()),
        Some((_, Windows::Sliding(rows, columns))) if [rows.kernel, columns.kernel] == [2, 2] => {
            let limits = matches!(
                conv.activation,
                Activation::Linear | Activation::Relu | Activation::Relu6 | Activation::Clip { .. }
            );
            if limits { Ok(()) } else { Err("its activation stands between it and a pooling") }
        }
        Some(_) => Err("its pooling is not of 2×2"),
    }
}

/// Cycles of a kernel that computes this node, or moves a part of it.
pub(super) fn cycles(graph: &Graph, id: NodeId, kernel: &Kernel) -> f64 {
    let node = &graph.nodes[id];
    let shapes = || {
        let Op::Conv(conv) = &node.op else { return None };
        let input = graph.nodes[node.inputs[0]].shape;
        Some((conv, input, convolved(conv, input, node.shape)?))
    };
    match (kernel, shapes()) {
        (Kernel::Winograd(kernel), Some((_, input, output))) => {
            let of_size = |transform: &&Transform| transform.tile == kernel.tile;
            CORE.transforms.iter().find(of_size).map_or(0.0, |transform| in_tiles(transform, input, output).1)
        }
        (Kernel::Conv2d(_), Some((conv, input, output)))
            if conv.groups == 1 && conv.sampling != Sampling::Transposed =>
        {
            direct(conv, input, output)
        }
        (kernel, _) => {
            let weights: usize = node.op.parameters().iter().map(|&id| graph.parameters[id].elements()).sum();
            let tensors: usize = kernel.reads().iter().map(Slot::len).sum::<usize>() + kernel.output().len();
            let moved = tensors as f64 / 2.0 + weights as f64;
            (macs(graph, node) as f64 / CORE.macs).max(moved * FLOAT / CORE.bytes)
        }
    }
}

/// Cycles of the direct convolution: taps in the padding cost nothing.
fn direct(conv: &Conv, input: Shape, output: Shape) -> f64 {
    let ([height, width, inputs], [rows, columns, outputs]) = (input.extents(), output.extents());
    let repeat = if let Sampling::Upsampled(factors) = conv.sampling { factors } else { [1, 1] };
    // Outputs whose tap `k` reads a cell.
    let reads = |axis: &Axis, k: usize, outputs: usize, cells: usize| {
        let end = (cells + axis.before).saturating_sub(k).min(outputs);
        end - axis.before.saturating_sub(k).min(end)
    };
    let taps = |axis: &Axis, outputs: usize, cells: usize| -> f64 {
        (0..axis.kernel).map(|k| reads(axis, k, outputs, cells)).sum::<usize>() as f64
    };
    let taps = taps(&conv.rows, rows, height * repeat[0]) * taps(&conv.columns, columns, width * repeat[1]);
    let channels = inputs as f64 * padded(outputs) as f64;
    (taps * channels / CORE.macs).max(9.0 * channels * FLOAT / CORE.bytes)
}

/// Cycles in tiles, and how many at once.
fn in_tiles(transform: &Transform, input: Shape, output: Shape) -> (Tiles, f64) {
    let &Transform { tile, window, outputs: back } = transform;
    let (inputs, [rows, columns, outputs]) = (input.channels(), output.extents());
    let elements = (tile + 2) * (tile + 2);
    let tiles = rows.div_ceil(tile) * columns.div_ceil(tile);
    let most = (WINDOWS / (elements * padded(inputs)) / PIXELS).clamp(1, 4) * PIXELS;
    let blocks = tiles.div_ceil(most);
    let block = tiles.div_ceil(blocks);

    let vectors = |channels: usize| channels.div_ceil(PANEL) as f64;
    let [tiles, blocks, elements] = [tiles, blocks, elements].map(|count| count as f64);
    let transforms = tiles * (window * vectors(inputs) + back * vectors(outputs));
    let products = elements * inputs as f64 * padded(outputs) as f64;
    let calls = blocks * elements * (vectors(outputs) / 2.0).ceil() * CORE.product;
    let bytes = products * FLOAT;
    let passes = if bytes > CORE.cache { blocks } else { 1.0 };
    (
        Tiles { tile, block },
        transforms + calls + (tiles * products / CORE.macs).max(bytes * passes / CORE.bytes),
    )
}
