//! The reference against PyTorch's results, so that it is proven before it proves anything.

use std::sync::LazyLock;

use super::*;
use crate::golden::{Case, cases};

type Unary = fn(f64) -> f64;
type Binary = fn(f64, f64) -> f64;
/// From the input, the scale and the shift.
type Norm = fn(&Array, &[f64], &[f64]) -> Array;

static PYTORCH: LazyLock<Vec<Case>> = LazyLock::new(|| cases("pytorch"));
static KERAS: LazyLock<Vec<Case>> = LazyLock::new(|| cases("keras"));

fn case(file: &'static [Case], id: &str) -> &'static Case {
    file.iter().find(|case| case.id == id).unwrap_or_else(|| panic!("there is no case {id}"))
}

impl Case {
    fn x(&self) -> Array {
        self.inputs["input"].array()
    }

    /// The one tensor whose name ends so.
    fn weight(&self, parameter: &str) -> Vec<f64> {
        let suffix = format!(".{parameter}");
        let named = self.weights.iter().find(|(name, _)| name.ends_with(&suffix));
        named.unwrap_or_else(|| panic!("{} has no {parameter}", self.id)).1.values()
    }

    fn output(&self) -> Array {
        self.outputs[""].array()
    }
}

#[track_caller]
fn check(file: &'static [Case], id: &str, compute: impl Fn(&Case) -> Array) {
    let case = case(file, id);
    let (ours, theirs) = (compute(case), case.output());
    assert_eq!(ours.shape(), theirs.shape(), "{id}");
    for (i, (a, b)) in ours.data.iter().zip(&theirs.data).enumerate() {
        assert!((a - b).abs() <= 1e-6 * (1.0 + b.abs()), "{id}: element {i} is {a}, should be {b}");
    }
}

#[test]
fn convolution() {
    let conv = |id: &str, window: Window, groups| {
        check(&PYTORCH, id, |case| {
            conv2d(&case.x(), &case.weight("weight"), Some(&case.weight("bias")), &window, groups)
        });
    };
    let k3 = Window::new([3, 3]);
    conv("conv2d_3x3", k3, 1);
    conv("conv2d_kernel_pair", Window::new([2, 5]), 1);
    conv("conv2d_stride_pair", Window { stride: [1, 3], ..k3 }, 1);
    conv("conv2d_stride_larger_than_kernel", Window { stride: [3, 3], ..Window::new([2, 2]) }, 1);
    conv("conv2d_dilation_pair", Window { dilation: [3, 1], ..k3 }, 1);
    conv("conv2d_stride2_same", Window { stride: [2, 2], padding: [0, 1, 1, 1], ..k3 }, 1);
    conv("conv2d_stride2_same_lower", Window { stride: [2, 2], padding: [1, 0, 1, 1], ..k3 }, 1);
    conv("conv2d_padding_quadruple", Window { padding: [2, 0, 1, 3], ..k3 }, 1);
    let window = Window { stride: [2, 2], dilation: [2, 2], padding: [2; 4], ..k3 };
    conv("conv2d_groups_stride_dilation", window, 3);
    let window = Window { dilation: [2, 3], padding: [0, 0, 3, 3], ..k3 };
    conv("depthwise_conv2d_dilation", window, 5);
    check(&PYTORCH, "conv2d_no_bias", |case| conv2d(&case.x(), &case.weight("weight"), None, &k3, 1));
}

#[test]
fn transposed_convolution() {
    let conv = |id: &str, window: Window, output_padding, groups| {
        check(&PYTORCH, id, |case| {
            let bias = case.weight("bias");
            conv2d_transpose(&case.x(), &case.weight("weight"), Some(&bias), &window, output_padding, groups)
        });
    };
    let stride2 = |kernel| Window { stride: [2, 2], ..Window::new(kernel) };
    conv("conv2d_transpose_stride_pair", Window { stride: [3, 2], ..Window::new([2, 3]) }, [0, 0], 1);
    conv(
        "conv2d_transpose_kernel_smaller_than_stride",
        Window { stride: [3; 2], ..Window::new([2; 2]) },
        [0; 2],
        1,
    );
    conv(
        "conv2d_transpose_padding_quadruple",
        Window { padding: [1, 0, 2, 3], ..stride2([4, 4]) },
        [0, 0],
        1,
    );
    conv("conv2d_transpose_output_padding_pair", Window { stride: [3; 2], ..Window::new([2; 2]) }, [2, 1], 1);
    let window = Window { dilation: [3, 2], padding: [1, 1, 0, 0], ..stride2([2, 3]) };
    conv("conv2d_transpose_dilation_stride", window, [0, 0], 1);
    conv("conv2d_transpose_groups", stride2([3, 3]), [0, 0], 2);
}

#[test]
fn pooling() {
    let pool = |id: &str, op, window: Window| {
        check(&PYTORCH, id, |case| {
            let [height, width, _] = case.output().shape();
            pool2d(&case.x(), op, &window, [height, width])
        });
    };
    let k3s2 = Window { stride: [2, 2], ..Window::new([3, 3]) };
    let padded = Window { padding: [2, 0, 1, 2], ..k3s2 };
    pool("max_pool2d_padding_quadruple", Pool::Max, padded);
    pool("max_pool2d_dilation", Pool::Max, Window { dilation: [2, 3], ..Window::new([3, 3]) });
    let dropping = Window { stride: [3, 3], padding: [1; 4], ..Window::new([2, 2]) };
    pool("max_pool2d_ceil_mode_drops_last_window", Pool::Max, dropping);
    pool("avg_pool2d_ceil_mode_drops_last_window", Pool::Average, dropping);
    pool("avg_pool2d_padding_quadruple", Pool::Average, padded);
    pool("avg_pool2d_count_include_pad_quadruple", Pool::AverageWithPadding, padded);
    let square = Window { padding: [1; 4], ..k3s2 };
    pool("avg_pool2d_count_include_pad_ceil_mode", Pool::AverageWithPadding, square);
    for (name, output) in [("pair", [3, 4]), ("larger_than_input", [9, 11]), ("one", [1, 1])] {
        for (kind, op) in [("max", Pool::Max), ("avg", Pool::Average)] {
            let id = format!("adaptive_{kind}_pool2d_{name}");
            check(&PYTORCH, &id, |case| adaptive_pool2d(&case.x(), op, output));
        }
    }
}

#[test]
fn rearrangement() {
    let pads = [
        ("value", [1, 0, 2, 3], Padding::Constant(-1.5)),
        ("reflect", [1, 2, 3, 0], Padding::Reflect),
        ("reflect_widest", [4, 4, 5, 5], Padding::Reflect),
        ("symmetric", [1, 2, 3, 0], Padding::Symmetric),
        ("symmetric_widest", [5, 5, 6, 6], Padding::Symmetric),
        ("edge_wider_than_input", [7, 0, 0, 8], Padding::Edge),
        ("wrap", [1, 2, 3, 0], Padding::Wrap),
    ];
    for (name, padding, mode) in pads {
        check(&PYTORCH, &format!("pad2d_{name}"), |case| pad(&case.x(), padding, mode));
    }
    check(&PYTORCH, "crop2d_quadruple", |case| crop(&case.x(), [2, 0, 1, 3]));
    check(&PYTORCH, "subsample2d_number", |case| subsample(&case.x(), [3, 3]));
    check(&PYTORCH, "upsample2d_nearest_2_3", |case| nearest(&case.x(), [2, 3]));
    check(&PYTORCH, "upsample2d_bilinear_2_3", |case| bilinear(&case.x(), [2, 3], false));
    check(&PYTORCH, "upsample2d_bilinear_align_corners_1_4", |case| bilinear(&case.x(), [1, 4], true));
    check(&PYTORCH, "upsample2d_bilinear_one_pixel", |case| bilinear(&case.x(), [3, 3], true));
    check(&PYTORCH, "reshape_image", |case| reshape(&case.x(), [6, 1, 10]));
    check(&PYTORCH, "concat_four_sources", |case| {
        concat(&["a", "b", "c", "d"].map(|name| case.inputs[name].array()).each_ref())
    });
    for (file, order, suffix) in [(&PYTORCH, Order::Crd, "_crd_3"), (&KERAS, Order::Dcr, "_3_dcr")] {
        check(file, &format!("depth_to_space{suffix}"), |case| depth_to_space(&case.x(), 3, order));
        check(file, &format!("space_to_depth{suffix}"), |case| space_to_depth(&case.x(), 3, order));
    }
}

#[test]
fn dense_and_binary() {
    for id in ["dense", "dense_very_wide"] {
        check(&PYTORCH, id, |case| dense(&case.x(), &case.weight("weight"), Some(&case.weight("bias"))));
    }
    check(&PYTORCH, "dense_image", |case| {
        dense(&case.x(), &case.weight("weight"), Some(&case.weight("bias"))).map(activation::relu)
    });
    let functions: [(&str, Binary); 4] =
        [("add", |a, b| a + b), ("sub", |a, b| a - b), ("mul", |a, b| a * b), ("maximum", f64::max)];
    for (name, function) in functions {
        for shapes in ["", "_vectors", "_image_vector", "_vector_image", "_image_pixel", "_pixel_image"] {
            check(&PYTORCH, &format!("{name}{shapes}"), |case| {
                binary(&case.inputs["a"].array(), &case.inputs["b"].array(), function)
            });
        }
    }
}

#[test]
fn activations() {
    use activation::*;
    let functions: [(&str, Unary); 20] = [
        ("relu", relu),
        ("relu6", relu6),
        ("leaky_relu", |x| leaky_relu(x, 0.01)),
        ("leaky_relu_slope", |x| leaky_relu(x, 0.3)),
        ("elu_alpha", |x| elu(x, 0.3)),
        ("selu", selu),
        ("celu_alpha", |x| celu(x, 0.3)),
        ("gelu", gelu),
        ("gelu_large_values", gelu),
        ("gelu_approximate", gelu_approximate),
        ("silu_large_values", silu),
        ("mish_large_values", mish),
        ("sigmoid_large_values", sigmoid),
        ("hard_sigmoid", hard_sigmoid),
        ("hard_swish", hard_swish),
        ("tanh", f64::tanh),
        ("softplus_large_values", softplus),
        ("softsign", softsign),
        ("exp", f64::exp),
        ("clip", |x| x.clamp(-0.5, 1.25)),
    ];
    for (id, function) in functions {
        check(&PYTORCH, id, |case| case.x().map(function));
    }
    for id in ["softmax", "softmax_vector", "softmax_large_values"] {
        check(&PYTORCH, id, |case| softmax(&case.x()));
    }
    check(&PYTORCH, "log_softmax_large_values", |case| log_softmax(&case.x()));
    check(&PYTORCH, "prelu", |case| prelu(&case.x(), &case.weight("weight")));
}

#[test]
fn norms() {
    let norm = |id: &str, compute: Norm| {
        check(&PYTORCH, id, |case| compute(&case.x(), &case.weight("weight"), &case.weight("bias")));
    };
    norm("layer_norm", |x, scale, shift| layer_norm(x, scale, shift, 1e-5));
    norm("layer_norm_vector_epsilon", |x, scale, shift| layer_norm(x, scale, shift, 0.02));
    norm("instance_norm", |x, scale, shift| group_norm(x, x.channels, scale, shift, 1e-5));
    norm("group_norm", |x, scale, shift| group_norm(x, 3, scale, shift, 1e-5));
    check(&KERAS, "group_norm", |case| {
        group_norm(&case.x(), 2, &case.weight("gamma"), &case.weight("beta"), 1e-3)
    });
    check(&PYTORCH, "batch_norm_epsilon", |case| {
        let [scale, shift, mean, variance] =
            ["weight", "bias", "running_mean", "running_var"].map(|name| case.weight(name));
        batch_norm(&case.x(), &scale, &shift, &mean, &variance, 0.2)
    });
}
