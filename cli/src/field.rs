//! Receptive fields: how much of the input an output cell can see.
//!
//! Three numbers a tensor and axis: the cells of the input that one of its cells sees, the cells of the input from
//! one of its cells to the next, and where in the input the middle of what its first cell sees lies (Araujo,
//! Norris and Sim, "Computing receptive fields of convolutional neural networks", 2019). Padding is not cut off.

use convolve_compiler::graph::{Graph, Node, Op, Shape};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{NormalizeOver, ResizeMode, Sampling, Windows};

/// What one cell of a tensor sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field {
    /// This much along the rows and columns.
    Window([Reach; 2]),
    /// Everything.
    All,
}

/// Along one axis, in cells of the input; fractions come of upsampling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reach {
    /// Cells seen.
    pub(crate) size: f64,
    /// Cells from the middle of one field to that of the next.
    pub(crate) jump: f64,
    /// The middle of the first field; 0 is the middle of the input's first cell.
    pub(crate) start: f64,
}

impl Reach {
    const CELL: Self = Self { size: 1.0, jump: 1.0, start: 0.0 };

    /// Of windows of `cells` neighbours, the next one `step` cells further, the middle of the first at `middle`.
    fn through(self, cells: f64, step: f64, middle: f64) -> Self {
        Self {
            size: self.size + (cells - 1.0) * self.jump,
            jump: self.jump * step,
            start: self.start + middle * self.jump,
        }
    }

    fn slide(self, axis: &Axis) -> Self {
        let cells = axis.extent().unwrap_or(usize::MAX) as f64;
        self.through(cells, axis.stride as f64, (cells - 1.0) / 2.0 - axis.before as f64)
    }

    /// Of a transposed convolution, in which neighbours overlap by less than a whole window.
    fn spread(self, axis: &Axis) -> Self {
        let (extent, stride) = (axis.extent().unwrap_or(usize::MAX), axis.stride as f64);
        let middle = (axis.before as f64 - (extent as f64 - 1.0) / 2.0) / stride;
        self.through(extent.div_ceil(axis.stride) as f64, 1.0 / stride, middle)
    }

    /// Of cells that are each a share of a cell, or several of them: the input's cells over the output's.
    fn scale(self, cells: f64, ratio: f64) -> Self {
        self.through(cells, ratio, (ratio - 1.0) / 2.0)
    }

    /// The first and the last cell seen by cell `index`.
    pub(crate) fn ends(self, index: usize) -> [f64; 2] {
        let (middle, half) = (self.start + index as f64 * self.jump, (self.size - 1.0) / 2.0);
        [middle - half, middle + half]
    }
}

/// The field of every node.
pub(crate) fn fields(graph: &Graph) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let inputs = node.inputs.iter().map(|&input| fields[input]);
        let field = match inputs.reduce(union) {
            None => Field::Window([Reach::CELL; 2]),
            Some(Field::All) => Field::All,
            Some(Field::Window(reach)) => through(node, graph.nodes[node.inputs[0]].shape, reach),
        };
        fields.push(field);
    }
    fields
}

/// What is seen through both.
fn union(a: Field, b: Field) -> Field {
    let (Field::Window(a), Field::Window(b)) = (a, b) else { return Field::All };
    let both = |axis: usize| {
        let ([first, last], [start, end]) = (a[axis].ends(0), b[axis].ends(0));
        let (low, high) = (first.min(start), last.max(end));
        Reach {
            size: high - low + 1.0,
            jump: a[axis].jump.max(b[axis].jump),
            start: f64::midpoint(low, high),
        }
    };
    Field::Window([both(0), both(1)])
}

/// What a node sees whose input, of this shape, sees so much.
fn through(node: &Node, input: Shape, [rows, columns]: [Reach; 2]) -> Field {
    let [height, width, _] = input.extents();
    let [new_height, new_width, _] = node.shape.extents();
    let ratio = [height as f64 / new_height as f64, width as f64 / new_width as f64];
    let window = |rows, columns| Field::Window([rows, columns]);
    let slide = |y: &Axis, x: &Axis| window(rows.slide(y), columns.slide(x));
    match &node.op {
        Op::Conv(conv) => match conv.sampling {
            Sampling::Transposed => window(rows.spread(&conv.rows), columns.spread(&conv.columns)),
            Sampling::Direct | Sampling::Upsampled(_) => slide(&conv.rows, &conv.columns),
        },
        Op::Depthwise(op) => slide(&op.rows, &op.columns),
        Op::Pool { windows: Windows::Sliding(y, x), .. } => slide(y, x),
        Op::Pool { windows: Windows::Adaptive, .. } => {
            if [new_height, new_width] == [1, 1] {
                return Field::All;
            }
            window(rows.scale(ratio[0].ceil(), ratio[0]), columns.scale(ratio[1].ceil(), ratio[1]))
        }
        Op::Pad { top, left, .. } => {
            window(rows.through(1.0, 1.0, -(*top as f64)), columns.through(1.0, 1.0, -(*left as f64)))
        }
        Op::Copy { top, left, stride: [down, across] } => window(
            rows.through(1.0, *down as f64, *top as f64),
            columns.through(1.0, *across as f64, *left as f64),
        ),
        Op::Resize(ResizeMode::Nearest) => window(rows.scale(1.0, ratio[0]), columns.scale(1.0, ratio[1])),
        Op::Resize(ResizeMode::Bilinear) => window(rows.scale(2.0, ratio[0]), columns.scale(2.0, ratio[1])),
        Op::Resize(ResizeMode::BilinearAlignCorners) => {
            let step = |input: usize, output: usize| (input as f64 - 1.0) / (output as f64 - 1.0).max(1.0);
            let aligned = |reach: Reach, input, output| reach.through(2.0, step(input, output), 0.0);
            window(aligned(rows, height, new_height), aligned(columns, width, new_width))
        }
        Op::Blocks { .. } => {
            let block = |reach: Reach, ratio: f64| reach.scale(ratio.max(1.0), ratio);
            window(block(rows, ratio[0]), block(columns, ratio[1]))
        }
        // The pixels of a vector are not told apart: what reads more than one element reads from everywhere.
        Op::Dense(_) | Op::Normalize { over: NormalizeOver::Groups(_), .. } => Field::All,
        Op::Reshape if matches!(node.shape, Shape::Map { .. }) => Field::All,
        Op::Softmax { .. } | Op::Normalize { .. } if matches!(input, Shape::Vector(_)) => Field::All,
        _ => window(rows, columns),
    }
}

impl Field {
    /// Rows and columns seen, those of which a part is seen included; `None` for all.
    pub(crate) fn size(self) -> Option<[usize; 2]> {
        match self {
            Self::Window(reach) => Some(reach.map(|reach| reach.size.ceil() as usize)),
            Self::All => None,
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.size() {
            Some([rows, columns]) => write!(f, "{rows}×{columns}"),
            None => f.write_str("all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use convolve_compiler::analysis::analyse;
    use convolve_compiler::check::Defaults;
    use convolve_compiler::frontend::yaml;

    use super::*;

    /// The field of the last layer of a network on 64×64×4.
    fn field(layers: &str) -> String {
        let text = format!("input: [64, 64, 4]\nlayers:\n{layers}");
        let analysis = analyse(yaml::parse("", text.as_bytes()), &Defaults::default(), None);
        let [network] = &analysis.networks[..] else { panic!("{:?}", analysis.diagnostics) };
        fields(&network.graph).last().expect("a node").to_string()
    }

    #[test]
    fn fields_are_those_of_the_formula() {
        let conv = "  - conv2d: { filters: 4, kernel_size: 3 }\n";
        assert_eq!(field(conv), "3×3");
        assert_eq!(field(&conv.repeat(3)), "7×7");
        assert_eq!(field("  - conv2d: { filters: 4, kernel_size: [3, 5], dilation: [4, 1] }"), "9×5");
        let pool = "  - max_pool2d: { kernel_size: 2 }\n";
        assert_eq!(field(&format!("{pool}{pool}{conv}")), "12×12");
        assert_eq!(field("  - global_avg_pool2d"), "all");
        assert_eq!(field("  - flatten\n  - dense: { units: 3 }"), "all");
    }

    /// By hand: upsampled cells come in pairs, so three of them see two cells of the layer below.
    #[test]
    fn upsampling_halves_the_steps() {
        let pool = "  - max_pool2d: { kernel_size: 2 }\n";
        let up = "  - upsample2d: { scale_factor: 2 }\n";
        let conv = "  - conv2d: { filters: 4, kernel_size: 3 }\n";
        assert_eq!(field(&format!("{pool}{up}{conv}")), "4×4");
        assert_eq!(
            field(&format!(
                "{pool}  - conv2d_transpose: {{ filters: 4, kernel_size: 2, stride: 2 }}\n{conv}"
            )),
            "4×4"
        );
        assert_eq!(field("  - space_to_depth: { block_size: 2 }\n"), "2×2");
    }

    /// The U-Net and ResNet fields that are known: 44 of two levels; 435 of ResNet-18's last convolution.
    #[test]
    fn a_residual_network_sees_as_published() {
        let halving = |n: usize| {
            let stride = if n == 1 { 1 } else { 2 };
            format!("  - conv2d: {{ filters: 4, kernel_size: 3, stride: {stride}, padding: 1 }}\n")
                + &"  - conv2d: { filters: 4, kernel_size: 3, padding: 1 }\n".repeat(3)
        };
        let stem = "  - conv2d: { filters: 4, kernel_size: 7, stride: 2, padding: 3 }\n  - max_pool2d: { kernel_size: 3, stride: 2, padding: 1 }\n";
        let layers: String = (1..=4).map(halving).collect();
        assert_eq!(field(&(stem.to_owned() + &layers)), "435×435");
    }
}
