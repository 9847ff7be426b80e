//! Receptive fields: how much of the input an output cell can see.
//!
//! Two numbers a tensor and axis: the cells of the input that one of its cells sees, and the cells of the
//! input from one of its cells to the next (Araujo, Norris and Sim, "Computing receptive fields of
//! convolutional neural networks", 2019). Padding is not cut off.

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
    size: f64,
    jump: f64,
}

impl Reach {
    const CELL: Self = Self { size: 1.0, jump: 1.0 };

    /// Of a window of `cells` neighbours whose next one starts `step` cells further.
    fn through(self, cells: f64, step: f64) -> Self {
        Self { size: self.size + (cells - 1.0) * self.jump, jump: self.jump * step }
    }

    fn slide(self, axis: &Axis) -> Self {
        self.through(axis.extent().unwrap_or(usize::MAX) as f64, axis.stride as f64)
    }

    /// Of a transposed convolution, in which neighbours overlap by less than a whole window.
    fn spread(self, axis: &Axis) -> Self {
        let cells = axis.extent().unwrap_or(usize::MAX).div_ceil(axis.stride);
        self.through(cells as f64, 1.0 / axis.stride as f64)
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
    let larger =
        |axis: usize| Reach { size: a[axis].size.max(b[axis].size), jump: a[axis].jump.max(b[axis].jump) };
    Field::Window([larger(0), larger(1)])
}

/// What a node sees whose input, of this shape, sees so much.
fn through(node: &Node, input: Shape, [rows, columns]: [Reach; 2]) -> Field {
    let [height, width, _] = input.extents();
    let [new_height, new_width, _] = node.shape.extents();
    let ratio = [new_height as f64 / height as f64, new_width as f64 / width as f64];
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
            let adapt = |reach: Reach, ratio: f64| reach.through((1.0 / ratio).ceil(), 1.0 / ratio);
            window(adapt(rows, ratio[0]), adapt(columns, ratio[1]))
        }
        Op::Copy { stride: [y, x], .. } => {
            window(rows.through(1.0, *y as f64), columns.through(1.0, *x as f64))
        }
        Op::Resize(mode) => {
            let cells = if *mode == ResizeMode::Nearest { 1.0 } else { 2.0 };
            window(rows.through(cells, 1.0 / ratio[0]), columns.through(cells, 1.0 / ratio[1]))
        }
        Op::Blocks { .. } => {
            let block = |reach: Reach, ratio: f64| reach.through((1.0 / ratio).max(1.0), 1.0 / ratio);
            window(block(rows, ratio[0]), block(columns, ratio[1]))
        }
        // The pixels of a vector are not told apart: what reads more than one element reads from everywhere.
        Op::Dense(_) | Op::Normalize { over: NormalizeOver::Groups(_), .. } => Field::All,
        Op::Reshape if matches!(node.shape, Shape::Map { .. }) => Field::All,
        Op::Softmax { .. } | Op::Normalize { .. } if matches!(input, Shape::Vector(_)) => Field::All,
        _ => window(rows, columns),
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Window([rows, columns]) => write!(f, "{}×{}", rows.size.ceil(), columns.size.ceil()),
            Self::All => f.write_str("all"),
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
