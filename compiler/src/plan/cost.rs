//! How many cycles a kernel takes on one core: a count that is good enough to choose between two ways of computing a
//! layer. `convolve bench` shows it beside the time.
//!
//! What is computed and what is moved are added up: a core overlaps little of the two when memory is far away, and
//! what is near costs nothing.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Sampling, Winograd};
use convolve_runtime::weights::{PANEL, Tile, padded};

use super::{Kernel, macs};
use crate::graph::{Conv, Graph, NodeId, Op, Shape};
use crate::verify::convolved;

/// A class of processors, by the lanes of their vectors.
#[derive(Debug, PartialEq)]
pub(crate) struct Core {
    /// Lanes of a vector.
    lanes: usize,
    /// Multiply–adds a cycle at most.
    peak: f64,
    /// Multiply–adds a cycle that a register tile comes to.
    macs: f64,
    /// Pixels of the largest register tile.
    pixels: usize,
    /// Winograd's transforms, by the number of weights.
    pub(super) transforms: [Transform; 6],
    /// Cycles of one matrix product before it has computed anything.
    product: f64,
    /// Bytes a cycle of weights that a second-level cache does not hold.
    weights: f64,
    /// Bytes a cycle of tensors that it does not hold.
    tensors: f64,
    /// Bytes a cycle of tensors that it holds.
    near: f64,
    /// Floats of rows between convolutions that it holds beside their weights. The count does not know how much more costs
    /// when it does not.
    pub(super) strip: usize,
}

/// Cycles to transform [`PANEL`] channels of a tile.
#[derive(Debug, PartialEq)]
pub(super) struct Transform {
    pub(super) tile: Tile,
    window: f64,
    outputs: f64,
}

/// Of windows and of outputs, for the tiles in the order of their weights.
const fn transforms(cycles: [[f64; 2]; 6]) -> [Transform; 6] {
    let [two, strided_two, four, strided_four, blocks, phase] = cycles;
    const fn of(tile: Tile, [window, outputs]: [f64; 2]) -> Transform {
        Transform { tile, window, outputs }
    }
    [
        of(Tile::Two, two),
        of(Tile::StridedTwo, strided_two),
        of(Tile::Four, four),
        of(Tile::StridedFour, strided_four),
        of(Tile::Blocks, blocks),
        of(Tile::Phase, phase),
    ]
}

/// The first two were fitted to AMD's Zen 4, on both levels; the others hold for NEON and WebAssembly, and for portable
/// code, by the ratios of their instructions.
const CORES: [Core; 4] = [
    Core {
        lanes: 16,
        peak: 16.0,
        macs: 15.4,
        pixels: 13,
        transforms: transforms([
            [110.0, 90.0],
            [150.0, 120.0],
            [300.0, 230.0],
            [600.0, 320.0],
            [900.0, 350.0],
            [260.0, 200.0],
        ]),
        product: 40.0,
        weights: 14.0,
        tensors: 9.0,
        near: 32.0,
        strip: 96 * 1024,
    },
    Core {
        lanes: 8,
        peak: 16.0,
        macs: 15.0,
        pixels: 6,
        transforms: transforms([
            [180.0, 150.0],
            [250.0, 200.0],
            [500.0, 450.0],
            [1300.0, 750.0],
            [1400.0, 580.0],
            [420.0, 380.0],
        ]),
        product: 40.0,
        weights: 14.0,
        tensors: 9.0,
        near: 32.0,
        strip: 64 * 1024,
    },
    Core {
        lanes: 4,
        peak: 8.0,
        macs: 7.2,
        pixels: 6,
        transforms: transforms([
            [320.0, 280.0],
            [440.0, 360.0],
            [900.0, 800.0],
            [2300.0, 1300.0],
            [2500.0, 1000.0],
            [750.0, 680.0],
        ]),
        product: 60.0,
        weights: 8.0,
        tensors: 4.0,
        near: 8.0,
        strip: 64 * 1024,
    },
    Core {
        lanes: 1,
        peak: 2.0,
        macs: 1.5,
        pixels: 4,
        transforms: transforms([
            [1100.0, 900.0],
            [1500.0, 1200.0],
            [3000.0, 2600.0],
            [7500.0, 4300.0],
            [9000.0, 4000.0],
            [2500.0, 2200.0],
        ]),
        product: 60.0,
        weights: 8.0,
        tensors: 4.0,
        near: 8.0,
        strip: 64 * 1024,
    },
];

/// Bytes of a float.
const FLOAT: f64 = size_of::<f32>() as f64;
/// Floats that stay in a second-level cache until they are used.
const CACHE: usize = 128 * 1024;
/// Floats of weights above which it counts more that they are read seldom.
const WEIGHTS: usize = 4 * 1024 * 1024;

/// Cycles of a line of pixels with the same taps, beside those of its multiplications.
const LINE: f64 = 200.0;
/// Cycles of a row that is copied, beside those of its floats.
const ROW: f64 = 30.0;
/// Cells of a map that are multiplied in the time that a weight is, which is then read from farther away: on Zen 4 there
/// was nothing in it at two or three, and all of the map's multiplication to gain from five on.
pub(super) const CELLS_OF_WEIGHT: usize = 4;

/// The class of processors with vectors of so many lanes.
pub(crate) fn core(lanes: usize) -> &'static Core {
    CORES.iter().find(|core| core.lanes <= lanes).unwrap_or(&CORES[CORES.len() - 1])
}

impl Core {
    /// Multiply–adds a cycle at most.
    pub(super) const fn peak(&self) -> f64 {
        self.peak
    }

    /// Cycles of a kernel that computes this node, or moves a part of it.
    pub(super) fn cycles(&self, graph: &Graph, id: NodeId, kernel: &Kernel) -> f64 {
        let node = &graph.nodes[id];
        let nodes = || kernel.nodes(graph, id).into_iter().map(|id| &graph.nodes[id]);
        let weights: usize =
            nodes().flat_map(|node| node.op.parameters()).map(|id| graph.parameters[id].elements()).sum();
        let tensors: Vec<usize> = kernel
            .reads()
            .into_iter()
            .chain(kernel.besides())
            .chain([kernel.output()])
            .map(|slot| slot.len())
            .collect();
        let [far, near] = self.moved(&tensors);
        let shapes = || {
            let Op::Conv(conv) = &node.op else { return None };
            let input = graph.nodes[node.inputs[0]].shape;
            Some((conv, input, convolved(conv, input, node.shape)?))
        };
        match (kernel, shapes()) {
            (Kernel::Winograd(kernel), Some((conv, input, output))) => {
                let of_size = |transform: &&Transform| transform.tile == kernel.tile;
                let count = |transform| self.in_tiles(transform, conv, input, output).1;
                self.transforms.iter().find(of_size).map_or(0.0, count)
            }
            (Kernel::Conv2d(_) | Kernel::PooledConv2d(_), Some((conv, input, output))) => {
                far + self.direct(conv, input, output)
            }
            (Kernel::Scaled(kernel), Some((conv, input, output))) => {
                far + self.direct(conv, input, output) + self.pass(&[kernel.scratch.len(); 2])
            }
            _ => {
                let products = nodes().map(|node| macs(graph, node)).sum::<u64>() as f64 / self.macs;
                products.max(weights as f64 * FLOAT / self.weights) + far + near
            }
        }
    }

    /// Cycles to move tensors of so many floats.
    pub(crate) fn pass(&self, tensors: &[usize]) -> f64 {
        self.moved(tensors).into_iter().sum()
    }

    /// Cycles to move tensors of so many floats: those that a second-level cache does not hold, and the others.
    fn moved(&self, tensors: &[usize]) -> [f64; 2] {
        let (far, near): (Vec<usize>, Vec<usize>) = tensors.iter().partition(|&&len| len > CACHE);
        let bytes = |tensors: Vec<usize>| tensors.into_iter().sum::<usize>() as f64 * FLOAT;
        [bytes(far) / self.tensors, bytes(near) / self.near]
    }

    /// Cycles of a direct convolution, without what its tensors cost: taps in the padding are free.
    pub(crate) fn direct(&self, conv: &Conv, input: Shape, output: Shape) -> f64 {
        let ([height, width, inputs], [rows, columns, outputs]) = (input.extents(), output.extents());
        let repeat = if let Sampling::Upsampled(factors) = conv.sampling { factors } else { [1, 1] };
        let taps = match conv.sampling {
            Sampling::Transposed => {
                [(&conv.rows, height), (&conv.columns, width)].map(|(axis, cells)| axis.kernel * cells)
            }
            _ => [
                reads(&conv.rows, rows, height * repeat[0]),
                reads(&conv.columns, columns, width * repeat[1]),
            ],
        };
        let channels = (inputs / conv.groups * padded(outputs / conv.groups) * conv.groups) as f64;
        let weights = (conv.rows.kernel * conv.columns.kernel) as f64 * channels;
        (taps[0] * taps[1]) as f64 * channels / self.macs + self.stream(weights, 1.0)
    }

    /// Cycles of so many lines of a direct convolution beside those that [`direct`](Self::direct) counts.
    pub(crate) fn lines(&self, lines: usize) -> f64 {
        lines as f64 * LINE
    }

    /// Cycles to copy a small map, row by row, as large as it then is.
    pub(crate) fn copied(&self, shape: Shape) -> f64 {
        let [rows, ..] = shape.extents();
        shape.elements() as f64 * FLOAT / self.near + rows as f64 * ROW
    }

    /// The number of tiles to compute at once in tiles of this size, and the cycles.
    pub(super) fn in_tiles(
        &self,
        transform: &Transform,
        conv: &Conv,
        input: Shape,
        output: Shape,
    ) -> (usize, f64) {
        let &Transform { tile, window, outputs: back } = transform;
        let (inputs, [height, width, outputs]) = (tile.channels(input.channels()), output.extents());
        let elements = tile.elements();
        let tiles = Winograd::tiles(&conv.rows, height, tile) * Winograd::tiles(&conv.columns, width, tile);
        let phases = tile.phases() * tile.phases();
        let of_phase = tiles.div_ceil(phases);
        let weights = tile.kernel_elements() * inputs * padded(outputs);
        // Register tiles that read the same weights, or all.
        let most = if weights > WEIGHTS { 4 } else { 2 } * self.pixels;
        let blocks = if of_phase <= most + self.pixels / 4 { 1 } else { of_phase.div_ceil(most) };
        let block = of_phase.div_ceil(blocks);
        let multiplied =
            Winograd::elements(&conv.rows, height, tile) * Winograd::elements(&conv.columns, width, tile);
        // A register tile of one row waits for its own sums.
        let multiplied = multiplied.max(2 * phases * elements);

        let vectors = |channels: usize| channels.div_ceil(PANEL) as f64;
        let [tiles, multiplied, blocks, elements, phases] =
            [tiles, multiplied, blocks, elements, phases].map(|count| count as f64);
        let transforms = tiles * (window * vectors(inputs) + back * vectors(outputs));
        let products = multiplied * inputs as f64 * padded(outputs) as f64;
        let calls = phases * blocks * elements * (vectors(outputs) / 2.0).ceil() * self.product;
        let streams = phases * self.stream(weights as f64, blocks);
        (block, transforms + calls + products / self.macs + streams)
    }

    /// Cycles to bring weights near, so many times.
    fn stream(&self, weights: f64, times: f64) -> f64 {
        if weights > CACHE as f64 { times.min(2.0) * weights * FLOAT / self.weights } else { 0.0 }
    }
}

/// Cells that the taps of all windows of an axis read.
fn reads(axis: &Axis, outputs: usize, cells: usize) -> usize {
    (0..outputs).map(|output| axis.taps(output, cells).count).sum()
}
