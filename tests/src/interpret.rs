//! What a checked graph means, computed node by node in f64 with the plain [reference](mod@crate::reference).
//!
//! Nothing of the planner and the kernels is used, nor what the checker notes about the order of flattened
//! elements: PyTorch's channels-first flatten is worked out here once more.

use convolve_compiler::graph::{Conv, Depthwise, Graph, Layout, Node, Op, Shape};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{
    Activation, BinaryOp, BlockOrder, NormalizeOver, PadMode, PoolOp, ResizeMode, Sampling, Windows,
};

use crate::reference::{self, Array, Order, Padding, Pool, Window, activation};

/// A node's value.
#[derive(Clone, Debug)]
struct Value {
    array: Array,
    /// For each element of a vector, where the weights file's framework has it.
    places: Vec<usize>,
}

/// The value of every node of a graph as the checker gives it, before any pass.
///
/// `tensors` are the parameters in the graph's order, each in the file's layout. `disturb` changes each
/// computed value in place before others read it: nothing, or the rounding of a coarser arithmetic.
///
/// # Panics
/// If a pass has fused something, or a value has another shape than the checker says.
#[must_use]
pub fn interpret(
    graph: &Graph,
    tensors: &[Vec<f32>],
    inputs: &[Vec<f32>],
    disturb: impl FnMut(&mut Array),
) -> Vec<Array> {
    let tensors = tensors.iter().map(|tensor| tensor.iter().copied().map(f64::from).collect()).collect();
    let interpreter = Interpreter { graph, tensors, training: false };
    interpreter.values(&[inputs], disturb).into_iter().flatten().collect()
}

/// The value of every node for each image of a batch, node by node, as in [`interpret`] but while the network is
/// trained: a batch norm takes the mean and variance of the batch. Dropout drops nothing.
///
/// # Panics
/// As [`interpret`].
#[must_use]
pub fn interpret_training(
    graph: &Graph,
    tensors: Vec<Vec<f64>>,
    batch: &[Vec<Vec<f32>>],
    disturb: impl FnMut(&mut Array),
) -> Vec<Vec<Array>> {
    let batch: Vec<&[Vec<f32>]> = batch.iter().map(Vec::as_slice).collect();
    Interpreter { graph, tensors, training: true }.values(&batch, disturb)
}

struct Interpreter<'g> {
    graph: &'g Graph,
    tensors: Vec<Vec<f64>>,
    /// Whether a batch norm takes the statistics of the batch.
    training: bool,
}

impl Interpreter<'_> {
    /// For each node its value for each image.
    fn values(&self, batch: &[&[Vec<f32>]], mut disturb: impl FnMut(&mut Array)) -> Vec<Vec<Array>> {
        let mut values: Vec<Vec<Value>> = Vec::new();
        for node in &self.graph.nodes {
            let sources = |image: usize| -> Vec<&Value> {
                node.inputs.iter().map(|&input| &values[input][image]).collect()
            };
            let moments = match node.op {
                Op::Affine { .. } if self.training => Some(moments(&values[node.inputs[0]])),
                _ => None,
            };
            let value = |(image, inputs): (usize, &&[Vec<f32>])| {
                let sources = sources(image);
                let mut array = match node.op {
                    Op::Input(index) => {
                        let [height, width, channels] = node.shape.extents();
                        let data = inputs[index].iter().copied().map(f64::from).collect();
                        Array { height, width, channels, data }
                    }
                    _ => self.compute(node, &sources, moments.as_ref()),
                };
                assert_eq!(array.shape(), node.shape.extents(), "{}", node.title());
                disturb(&mut array);
                let places = self.places(node, &sources);
                Value { array, places }
            };
            let value = batch.iter().enumerate().map(value).collect();
            values.push(value);
        }
        values.into_iter().map(|images| images.into_iter().map(|value| value.array).collect()).collect()
    }

    /// Where the framework of the weights file has each element of the node's value.
    fn places(&self, node: &Node, sources: &[&Value]) -> Vec<usize> {
        let Shape::Vector(length) = node.shape else { return Vec::new() };
        let is_map = |value: &Value| value.places.is_empty();
        match (&node.op, sources) {
            (Op::Reshape, [source]) if is_map(source) && self.graph.layout == Layout::Pytorch => {
                let [height, width, channels] = source.array.shape();
                let pixels = height * width;
                (0..length).map(|i| i % channels * pixels + i / channels).collect()
            }
            (Op::Concat, _) => {
                let mut places = Vec::new();
                for source in sources {
                    let start = places.len();
                    places.extend(source.places.iter().map(|place| start + place));
                }
                places
            }
            (Op::Input(_) | Op::Dense(_), _) => (0..length).collect(),
            (_, [source, ..]) if !is_map(source) => source.places.clone(),
            _ => (0..length).collect(),
        }
    }

    /// A vector of the weights file, in the order of the value's elements.
    fn vector(&self, id: usize, source: &Value) -> Vec<f64> {
        let tensor = &self.tensors[id];
        match source.places.as_slice() {
            [] => tensor.clone(),
            places => places.iter().map(|&place| tensor[place]).collect(),
        }
    }

    /// A node's value. `moments` are the mean and variance that a batch norm takes for those of the weights file.
    fn compute(&self, node: &Node, sources: &[&Value], moments: Option<&[Vec<f64>; 2]>) -> Array {
        let x = &sources[0].array;
        let [height, width, _] = node.shape.extents();
        let array = match &node.op {
            Op::Input(_) => unreachable!("inputs are given"),
            Op::Conv(op) => self.conv(op, node, x),
            Op::Depthwise(op) => self.depthwise(op, x),
            Op::Dense(op) => {
                assert!(op.before.is_none() && op.after.is_none() && sources.len() == 1, "a pass has run");
                let weight = self.matrix(op.weight, x.channels);
                let rows = weight.chunks_exact(x.channels);
                let weight: Vec<f64> =
                    rows.flat_map(|row| sources[0].places.iter().map(|&place| row[place])).collect();
                reference::dense(x, &weight, op.bias.map(|id| self.tensors[id].as_slice()))
            }
            Op::Pool { op, windows } => {
                let op = match op {
                    PoolOp::Max => Pool::Max,
                    PoolOp::Average => Pool::Average,
                    PoolOp::AverageWithPadding => Pool::AverageWithPadding,
                };
                match windows {
                    Windows::Sliding(rows, columns) => {
                        reference::pool2d(x, op, &window(rows, columns), [height, width])
                    }
                    Windows::Adaptive => reference::adaptive_pool2d(x, op, [height, width]),
                }
            }
            &Op::Pad { top, left, mode } => {
                let mode = match mode {
                    PadMode::Constant(value) => Padding::Constant(value.into()),
                    PadMode::Reflect => Padding::Reflect,
                    PadMode::Symmetric => Padding::Symmetric,
                    PadMode::Edge => Padding::Edge,
                    PadMode::Wrap => Padding::Wrap,
                };
                reference::pad(x, [top, height - top - x.height, left, width - left - x.width], mode)
            }
            &Op::Copy { top, left, stride: [down, across] } => {
                let bottom = x.height - top - ((height - 1) * down + 1);
                let right = x.width - left - ((width - 1) * across + 1);
                reference::subsample(&reference::crop(x, [top, bottom, left, right]), [down, across])
            }
            Op::Resize(mode) => {
                let scale = [height / x.height, width / x.width];
                match mode {
                    ResizeMode::Nearest => reference::nearest(x, scale),
                    ResizeMode::Bilinear => reference::bilinear(x, scale, false),
                    ResizeMode::BilinearAlignCorners => reference::bilinear(x, scale, true),
                }
            }
            Op::Concat => reference::concat(&sources.iter().map(|source| &source.array).collect::<Vec<_>>()),
            Op::Binary(op, _) => reference::binary(x, &sources[1].array, |a, b| match op {
                BinaryOp::Add => a + b,
                BinaryOp::Sub => a - b,
                BinaryOp::Mul => a * b,
                BinaryOp::Maximum => a.max(b),
            }),
            Op::Reshape => reference::reshape(x, node.shape.extents()),
            &Op::Blocks { block, order } => {
                let order = match order {
                    BlockOrder::DepthLast => Order::Dcr,
                    BlockOrder::DepthFirst => Order::Crd,
                };
                if height < x.height {
                    reference::space_to_depth(x, block, order)
                } else {
                    reference::depth_to_space(x, block, order)
                }
            }
            Op::Affine { fold, .. } => {
                let vector = |id| self.vector(id, sources[0]);
                let (scale, shift) = (vector(fold.weight), vector(fold.bias));
                let [mean, variance] =
                    moments.cloned().unwrap_or_else(|| [fold.mean, fold.variance].map(vector));
                reference::batch_norm(x, &scale, &shift, &mean, &variance, fold.epsilon.into())
            }
            &Op::Normalize { over, epsilon, weight, bias, .. } => {
                let (scale, shift) = (self.vector(weight, sources[0]), self.vector(bias, sources[0]));
                match over {
                    NormalizeOver::Channels => reference::layer_norm(x, &scale, &shift, epsilon.into()),
                    NormalizeOver::Groups(groups) => {
                        reference::group_norm(x, groups, &scale, &shift, epsilon.into())
                    }
                }
            }
            Op::Dropout { .. } => x.clone(),
            &Op::Activate { activation, .. } => match activation {
                Activation::Prelu { slopes } => reference::prelu(x, &self.vector(slopes, sources[0])),
                function => x.map(|x| activate(function, x)),
            },
            Op::Softmax { log: false } => reference::softmax(x),
            Op::Softmax { log: true } => reference::log_softmax(x),
        };
        let fused = node.op.activation().filter(|_| !matches!(node.op, Op::Activate { .. }));
        assert!(fused.is_none_or(|function| function == Activation::Linear), "a pass has run");
        array
    }

    fn conv(&self, op: &Conv, node: &Node, x: &Array) -> Array {
        let is_plain = op.before.is_none() && op.after.is_none() && op.pool.is_none();
        assert!(is_plain && node.inputs.len() == 1, "a pass has run");
        let bias = op.bias.map(|id| self.tensors[id].as_slice());
        let window = window(&op.rows, &op.columns);
        let shape = &self.graph.parameters[op.weight].shape;
        if shape.len() == 2 {
            return reference::dense(x, &self.matrix(op.weight, x.channels), bias);
        }
        let weight = self.kernel(op.weight, [3, 2, 0, 1]);
        if op.sampling == Sampling::Direct {
            return reference::conv2d(x, &weight, bias, &window, op.groups);
        }
        assert_eq!(op.sampling, Sampling::Transposed, "a pass has run");
        let [height, width, _] = node.shape.extents();
        let extra = |axis: &Axis, input: usize, output: usize| {
            let reach = (input - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1;
            output + axis.before + axis.after - reach
        };
        let extra = [extra(&op.rows, x.height, height), extra(&op.columns, x.width, width)];
        reference::conv2d_transpose(x, &weight, bias, &window, extra, op.groups)
    }

    fn depthwise(&self, op: &Depthwise, x: &Array) -> Array {
        assert!(op.before.is_none() && op.after.is_none(), "a pass has run");
        let weight = self.kernel(op.weight, [2, 3, 0, 1]);
        let bias = op.bias.map(|id| self.tensors[id].as_slice());
        reference::conv2d(x, &weight, bias, &window(&op.rows, &op.columns), x.channels)
    }

    /// A kernel in PyTorch's order; `axes` are the axes of Keras's kernel in that order.
    fn kernel(&self, id: usize, axes: [usize; 4]) -> Vec<f64> {
        let tensor = &self.tensors[id];
        if self.graph.layout == Layout::Pytorch {
            return tensor.clone();
        }
        let shape = &self.graph.parameters[id].shape;
        let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
        let mut places = vec![0];
        for axis in axes {
            let steps = |place: &usize| {
                let place = *place;
                (0..shape[axis]).map(move |i| (place, i))
            };
            places = places.iter().flat_map(steps).map(|(place, i)| place + i * stride(axis)).collect();
        }
        places.into_iter().map(|place| tensor[place]).collect()
    }

    /// The kernel of a dense layer as [units, inputs].
    fn matrix(&self, id: usize, inputs: usize) -> Vec<f64> {
        let tensor = &self.tensors[id];
        let units = tensor.len() / inputs;
        match self.graph.layout {
            Layout::Pytorch => tensor.clone(),
            Layout::Keras => (0..tensor.len()).map(|i| tensor[i % inputs * units + i / inputs]).collect(),
        }
    }
}

/// Mean and biased variance of each channel over all pixels of all images.
fn moments(images: &[Value]) -> [Vec<f64>; 2] {
    let channels = images[0].array.channels;
    let mean = |cell: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
        let mut sums = vec![0.0; channels];
        let pixels = images.iter().flat_map(|image| image.array.data.chunks_exact(channels));
        let count = pixels.clone().count() as f64;
        for (channel, &x) in pixels.flat_map(|pixel| pixel.iter().enumerate()) {
            sums[channel] += cell(channel, x);
        }
        sums.into_iter().map(|sum| sum / count).collect()
    };
    let means = mean(&|_, x| x);
    let variances = mean(&|channel, x| (x - means[channel]).powi(2));
    [means, variances]
}

fn window(rows: &Axis, columns: &Axis) -> Window {
    Window {
        kernel: [rows.kernel, columns.kernel],
        stride: [rows.stride, columns.stride],
        dilation: [rows.dilation, columns.dilation],
        padding: [rows.before, rows.after, columns.before, columns.after],
    }
}

fn activate(function: Activation, x: f64) -> f64 {
    match function {
        Activation::Linear => x,
        Activation::Relu => activation::relu(x),
        Activation::Relu6 => activation::relu6(x),
        Activation::LeakyRelu { negative_slope } => activation::leaky_relu(x, negative_slope.into()),
        Activation::Prelu { .. } => unreachable!("its slopes differ from channel to channel"),
        Activation::Elu { alpha } => activation::elu(x, alpha.into()),
        Activation::Selu => activation::selu(x),
        Activation::Celu { alpha } => activation::celu(x, alpha.into()),
        Activation::Gelu => activation::gelu(x),
        Activation::GeluApproximate => activation::gelu_approximate(x),
        Activation::Silu => activation::silu(x),
        Activation::Mish => activation::mish(x),
        Activation::Sigmoid => activation::sigmoid(x),
        Activation::HardSigmoid => activation::hard_sigmoid(x),
        Activation::HardSwish => activation::hard_swish(x),
        Activation::Tanh => x.tanh(),
        Activation::Softplus => activation::softplus(x),
        Activation::Softsign => activation::softsign(x),
        Activation::Exp => x.exp(),
        Activation::Clip { min, max } => x.clamp(min.into(), max.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{golden, network};

    #[test]
    fn graphs_mean_what_the_frameworks_compute() {
        for case in ["pytorch", "keras"].into_iter().flat_map(golden::cases) {
            let graph = network::graph(&case.yaml).unwrap_or_else(|errors| panic!("{}: {errors:?}", case.id));
            let tensors: Vec<Vec<f32>> =
                graph.parameters.iter().map(|parameter| case.weights[&parameter.name].data.clone()).collect();
            let inputs: Vec<Vec<f32>> =
                graph.inputs.iter().map(|name| case.inputs[name].data.clone()).collect();
            let values = interpret(&graph, &tensors, &inputs, |_| {});
            for (name, id) in &graph.outputs {
                let expected = case.outputs.get(name).unwrap_or_else(|| &case.outputs[""]).array();
                let found = &values[*id];
                assert_eq!(found.shape(), expected.shape(), "{}", case.id);
                let scale = expected.data.iter().fold(1.0_f64, |scale, x| scale.max(x.abs()));
                for (i, (a, b)) in found.data.iter().zip(&expected.data).enumerate() {
                    assert!((a - b).abs() <= 1e-6 * scale, "{}: {name}[{i}] is {a}, should be {b}", case.id);
                }
            }
        }
    }
}
