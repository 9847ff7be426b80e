//! The printed form of a graph: one line a node, the same on every run.

use core::fmt::{self, Display, Formatter};

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{
    Activation, BinaryOp, BlockOrder, NormalizeOver, PadMode, PoolOp, ResizeMode, Sampling, Windows,
};
use convolve_runtime::weights::Stored;

use super::{Graph, Op, Precision, Shape};

impl Graph {
    /// The layout of the weights, and what else is not as usual, in a few words.
    #[must_use]
    pub fn settings(&self) -> String {
        let mut words = format!("{} weights", self.layout);
        if self.precision == Precision::Strict {
            words += ", strict precision";
        }
        if self.train.is_some() {
            words += ", trained";
        }
        if self.trace {
            words += ", traced";
        }
        words
    }
}

impl Display for Graph {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.name, self.settings())?;
        for (id, node) in self.nodes.iter().enumerate() {
            let inputs: Vec<String> = node.inputs.iter().map(|input| format!("%{input}")).collect();
            let words = words(&node.op, node.shape);
            writeln!(f, "%{id} = {words} ({}) -> {}  # {}", inputs.join(", "), node.shape, node.title())?;
            let parameters: Vec<&str> =
                node.op.parameters().iter().map(|&id| self.parameters[id].name.as_str()).collect();
            if !parameters.is_empty() {
                writeln!(f, "     {}", parameters.join(", "))?;
            }
        }
        for (name, id) in &self.outputs {
            writeln!(f, "output {name} = %{id}")?;
        }
        Ok(())
    }
}

/// The operation in a few words.
#[must_use]
pub fn words(op: &Op, shape: Shape) -> String {
    let mut words = match op {
        Op::Input(index) => format!("input {index}"),
        Op::Conv(conv) => {
            let mut words = window(&conv.rows, &conv.columns);
            if conv.groups > 1 {
                words += &format!(" groups {}", conv.groups);
            }
            match conv.sampling {
                Sampling::Direct => format!("conv {words}"),
                Sampling::Upsampled([y, x]) => format!("conv of ×{y},{x} upsampled {words}"),
                Sampling::Transposed => format!("transposed conv {words}"),
            }
        }
        Op::Depthwise(op) => format!("depthwise conv {}", window(&op.rows, &op.columns)),
        Op::Dense(dense) => match dense.stored {
            Stored::F32 => "dense".to_owned(),
            Stored::Bf16 => "dense bf16".to_owned(),
        },
        Op::Pool { op, windows } => pool(*op, windows, shape),
        Op::Pad { top, left, mode } => {
            let mode = match mode {
                PadMode::Constant(value) => format!("{value}"),
                other => format!("{other:?}").to_lowercase(),
            };
            format!("pad top {top} left {left} with {mode}")
        }
        Op::Copy { top, left, stride: [y, x] } => format!("copy top {top} left {left} stride {y},{x}"),
        Op::Resize(mode) => match mode {
            ResizeMode::Nearest => "resize nearest".to_owned(),
            ResizeMode::Bilinear => "resize bilinear".to_owned(),
            ResizeMode::BilinearAlignCorners => "resize bilinear, corners aligned".to_owned(),
        },
        Op::Concat => "concat".to_owned(),
        Op::Binary(op, _) => match op {
            BinaryOp::Add => "add",
            BinaryOp::Sub => "sub",
            BinaryOp::Mul => "mul",
            BinaryOp::Maximum => "maximum",
        }
        .to_owned(),
        Op::Reshape => "reshape".to_owned(),
        Op::Blocks { block, order } => {
            let order = match order {
                BlockOrder::DepthLast => "dcr",
                BlockOrder::DepthFirst => "crd",
            };
            format!("blocks {block} {order}")
        }
        Op::Affine { .. } => "affine".to_owned(),
        Op::Normalize { over, .. } => match over {
            NormalizeOver::Channels => "normalize channels".to_owned(),
            NormalizeOver::Groups(groups) => format!("normalize {groups} groups"),
        },
        Op::Dropout { rate } => format!("dropout rate={rate}"),
        Op::Activate { activation, .. } => activation_words(*activation),
        Op::Softmax { log: false } => "softmax".to_owned(),
        Op::Softmax { log: true } => "log softmax".to_owned(),
    };
    let activation = op.activation().filter(|_| !matches!(op, Op::Activate { .. }));
    if let Some(activation) = activation.filter(|&activation| activation != Activation::Linear) {
        words += &format!(", {}", activation_words(activation));
    }
    if let Op::Conv(conv) = op
        && let Some((op, windows)) = &conv.pool
    {
        words += &format!(", {}", pool(*op, windows, shape));
    }
    words
}

/// The activation's name, with the arguments that it has.
#[must_use]
pub fn activation_words(activation: Activation) -> String {
    match activation {
        Activation::LeakyRelu { negative_slope } => format!("leaky_relu {negative_slope}"),
        Activation::Elu { alpha } => format!("elu {alpha}"),
        Activation::Celu { alpha } => format!("celu {alpha}"),
        Activation::Clip { min, max } => format!("clip {min}..{max}"),
        Activation::Linear => "linear".to_owned(),
        Activation::Relu => "relu".to_owned(),
        Activation::Relu6 => "relu6".to_owned(),
        Activation::Prelu { .. } => "prelu".to_owned(),
        Activation::Selu => "selu".to_owned(),
        Activation::Gelu => "gelu".to_owned(),
        Activation::GeluApproximate => "gelu approximate".to_owned(),
        Activation::Silu => "silu".to_owned(),
        Activation::Mish => "mish".to_owned(),
        Activation::Sigmoid => "sigmoid".to_owned(),
        Activation::HardSigmoid => "hard_sigmoid".to_owned(),
        Activation::HardSwish => "hard_swish".to_owned(),
        Activation::Tanh => "tanh".to_owned(),
        Activation::Softplus => "softplus".to_owned(),
        Activation::Softsign => "softsign".to_owned(),
        Activation::Exp => "exp".to_owned(),
    }
}

fn pool(op: PoolOp, windows: &Windows, shape: Shape) -> String {
    let op = match op {
        PoolOp::Max => "max pool",
        PoolOp::Average => "average pool",
        PoolOp::AverageWithPadding => "average pool with padding",
    };
    match windows {
        Windows::Sliding(rows, columns) => format!("{op} {}", window(rows, columns)),
        Windows::Adaptive => {
            let [height, width, _] = shape.extents();
            format!("{op} to {height}×{width}")
        }
    }
}

/// The window's size, and whatever about it is not the usual.
fn window(rows: &Axis, columns: &Axis) -> String {
    let mut words = format!("{}×{}", rows.kernel, columns.kernel);
    for (name, y, x) in
        [("stride", rows.stride, columns.stride), ("dilation", rows.dilation, columns.dilation)]
    {
        if (y, x) != (1, 1) {
            words += &format!(" {name} {y},{x}");
        }
    }
    let padding = [rows.before, columns.before, rows.after, columns.after];
    if padding != [0; 4] {
        let [top, left, bottom, right] = padding;
        words += &format!(" padding {top},{left},{bottom},{right}");
    }
    words
}
