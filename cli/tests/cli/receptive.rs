//! `convolve receptive-field` against the f64 reference: one cell of the input is changed after the other, and what
//! changes of the layer's cell with it must be what the command says.

use convolve_compiler::graph::Graph;
use convolve_tests::interpret::interpret;
use convolve_tests::random::Random;
use convolve_tests::{network, reference::Array};
use serde_json::Value;

use crate::sandbox::{Sandbox, specs};

/// What the reference makes of a network whose weights are all 1 and whose shifts are 0.
fn values(graph: &Graph, inputs: &[Vec<f32>]) -> Vec<Array> {
    let tensors: Vec<Vec<f32>> = graph
        .parameters
        .iter()
        .map(|parameter| {
            let is_shift = ["bias", "running_mean"].iter().any(|end| parameter.name.ends_with(end));
            vec![if is_shift { 0.0 } else { 1.0 }; parameter.elements()]
        })
        .collect();
    interpret(graph, &tensors, inputs, |_| {})
}

fn pixel(array: &Array, [row, column]: [usize; 2]) -> Vec<f64> {
    (0..array.channels).map(|channel| array.at(row, column, channel)).collect()
}

/// How a network is compared, beyond that it sees what the reference sees.
#[derive(Clone, Copy, PartialEq)]
enum Also {
    /// Nothing more.
    Nothing,
    /// The recurrence gives the very bounds of the middle cell.
    Bounds,
    /// And the paths are the gradient.
    Gradient,
}

fn check(layers: &str, also: Also) {
    let text = format!("name: Net\ninput: [13, 12, 1]\nlayers:\n{layers}");
    let graph = network::graph(&text).expect(layers);
    let (_, node) = graph.outputs[0];
    let [height, width, _] = graph.nodes[node].shape.extents();
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", &text);
    let mut random = Random::new(7);
    let inputs: Vec<f32> = (0..13 * 12).map(|_| random.real()).collect();
    let before = values(&graph, std::slice::from_ref(&inputs));
    // So large a change is seen through every maximum.
    let changed: Vec<Vec<Array>> = (0..inputs.len())
        .map(|cell| {
            let mut inputs = inputs.clone();
            inputs[cell] += 64.0;
            values(&graph, &[inputs])
        })
        .collect();
    let middle = [height / 2, width / 2];
    for cell in [[0, 0], middle, [height - 1, width / 3]] {
        let ran =
            sandbox.run(&format!("receptive-field net.yaml --cell {}x{} --format json", cell[0], cell[1]));
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{layers}");
        let printed: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let input = &printed["inputs"][0];
        let paths: Vec<Vec<f64>> = serde_json::from_value(input["paths"].clone()).expect("rows");
        let old = pixel(&before[node], cell);
        for (index, after) in changed.iter().enumerate() {
            let new = pixel(&after[node], cell);
            let found = paths[index / 12][index % 12];
            assert_eq!(old != new, found > 0.0, "{layers}: {cell:?} sees {index}: {old:?} {new:?} {found}");
            if also == Also::Gradient {
                assert!(
                    ((new[0] - old[0]) / 64.0 - found).abs() < 1e-6 * found.max(1.0),
                    "{layers}: {cell:?}"
                );
            }
        }
        for (axis, name) in ["rows", "columns"].into_iter().enumerate() {
            // Where there is nothing but padding, nothing is seen.
            let (Some(bounds), Some(field)) = (input[name].as_array(), printed["field"].as_object()) else {
                continue;
            };
            let bounds: Vec<f64> = bounds.iter().map(|end| end.as_f64().expect("a number")).collect();
            let value = |name: &str| field[name][axis].as_f64().expect("a number");
            let centre = value("centre") + cell[axis] as f64 * value("stride");
            let half = (value("size") - 1.0) / 2.0;
            // Cells of an enlarged map stand beside the middle of what they were made of.
            let beside = 1e-9 + if also == Also::Nothing { 1.0 } else { 0.0 };
            // What stands in mirrored padding comes from elsewhere.
            if cell == middle || !layers.contains("pad2d") {
                assert!(bounds[0] >= centre - half - beside, "{layers}: {printed}");
                assert!(bounds[1] <= centre + half + beside, "{layers}: {printed}");
            }
            if also != Also::Nothing && cell == middle {
                assert_eq!(bounds, [centre - half, centre + half], "{layers}");
            }
        }
    }
}

#[test]
fn windows_dilation_and_strides() {
    let conv = |arguments: &str| format!("  - conv2d: {{ filters: 1, kernel_size: 3, {arguments} }}\n");
    check(&conv("padding: same"), Also::Gradient);
    check(&conv("dilation: 2"), Also::Gradient);
    check(&conv("dilation: [3, 2], padding: [3, 2]"), Also::Gradient);
    check(&(conv("stride: 2, padding: 1") + &conv("stride: [1, 2], padding: 1")), Also::Gradient);
    check(&(conv("padding: same") + &conv("dilation: 2, padding: same")), Also::Gradient);
    check("  - depthwise_conv2d: { kernel_size: [1, 4], multiplier: 2, padding: same }\n", Also::Bounds);
}

#[test]
fn pooling() {
    let conv = "  - conv2d: { filters: 1, kernel_size: 3, padding: same }\n";
    check(&format!("  - max_pool2d: {{ kernel_size: 2 }}\n{conv}"), Also::Bounds);
    check(&format!("{conv}  - avg_pool2d: {{ kernel_size: 3, stride: 2, padding: 1 }}\n"), Also::Bounds);
    check("  - max_pool2d: { kernel_size: 3, dilation: 2, stride: 1, ceil_mode: true }\n", Also::Bounds);
    check("  - adaptive_avg_pool2d: { output_size: [5, 4] }\n", Also::Nothing);
    check("  - global_max_pool2d\n", Also::Nothing);
}

#[test]
fn enlargement() {
    let conv = "  - conv2d: { filters: 1, kernel_size: 3, padding: same }\n";
    for (scale, mode) in
        [(2, "nearest"), (3, "nearest"), (2, "bilinear"), (2, "bilinear, align_corners: true")]
    {
        let up = format!("  - upsample2d: {{ scale_factor: {scale}, mode: {mode} }}\n");
        check(&up, Also::Nothing);
        check(&format!("  - max_pool2d: {{ kernel_size: 2 }}\n{up}{conv}"), Also::Nothing);
    }
    let transposed = |arguments: &str| {
        check(&format!("  - conv2d_transpose: {{ filters: 1, {arguments} }}\n"), Also::Nothing);
    };
    transposed("kernel_size: 3, stride: 2");
    transposed("kernel_size: 4, stride: 2, padding: 1");
    transposed("kernel_size: 3, stride: 3, dilation: 2, output_padding: 1");
    check("  - conv2d_transpose: { filters: 1, kernel_size: 3, padding: 1 }\n", Also::Gradient);
}

#[test]
fn branches_see_what_any_of_them_sees() {
    let branches = "  - conv2d: { name: near, filters: 1, kernel_size: 3, padding: same }\n  \
                    - conv2d: { name: far, from: input, filters: 1, kernel_size: 3, dilation: 3, padding: same }\n";
    check(&format!("{branches}  - add: {{ from: [near, far] }}\n"), Also::Gradient);
    check(&format!("{branches}  - concat: {{ from: [near, far, input] }}\n"), Also::Bounds);
    check(
        &format!(
            "{branches}  - conv2d: {{ filters: 1, kernel_size: 3, padding: same }}\n  - maximum: {{ from: [near, conv2d_1] }}\n"
        ),
        Also::Nothing,
    );
    // Each branch sees beyond the other.
    let sides = "  - pad2d: { name: left, from: input, padding: [0, 0, 2, 0] }\n  \
                 - crop2d: { name: cut, cropping: [0, 0, 0, 2] }\n  - add: { from: [cut, input] }\n";
    check(sides, Also::Bounds);
    let gate = "  - global_avg_pool2d: { name: mean }\n  - mul: { from: [input, mean] }\n";
    check(gate, Also::Nothing);
}

#[test]
fn what_moves_pixels() {
    for mode in ["constant", "reflect", "symmetric", "edge", "wrap"] {
        let pad = format!("  - pad2d: {{ padding: [3, 1, 2, 4], mode: {mode} }}\n");
        check(&format!("{pad}  - conv2d: {{ filters: 1, kernel_size: 3 }}\n"), Also::Gradient);
    }
    check("  - subsample2d: { stride: [2, 3] }\n  - crop2d: { cropping: 1 }\n", Also::Gradient);
    check("  - crop2d: { cropping: [1, 0, 0, 0] }\n  - space_to_depth: { block_size: 2 }\n", Also::Bounds);
    let deep = "  - conv2d: { filters: 4, kernel_size: 3, padding: same }\n";
    check(&format!("{deep}  - depth_to_space: {{ block_size: 2 }}\n"), Also::Nothing);
    check("  - reshape: { shape: [12, 13, 1] }\n", Also::Nothing);
    check("  - reshape: { shape: [13, 4, 3] }\n", Also::Nothing);
    check("  - flatten\n  - dense: { units: 2 }\n", Also::Nothing);
    check(&format!("{deep}  - group_norm: {{ groups: 2 }}\n"), Also::Nothing);
}

#[test]
fn a_known_network_is_described() {
    let sandbox = Sandbox::new();
    let spec = specs().join("mnist.yaml");
    let ran = sandbox.run(&format!("receptive-field {} --layer conv2 --output f.svg", spec.display()));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    // By hand: 3, 4 after the pooling, then 2 · 2 more; the first cell's field starts 3 before the input.
    for words in ["size    8 × 8", "stride  2 × 2", "centre  0.5, 0.5", "8 × 8 of `input`: rows 11 to 18"]
    {
        assert!(ran.stdout.contains(words), "no `{words}` in:\n{}", ran.stdout);
    }
    let svg = std::fs::read_to_string(sandbox.path("f.svg")).expect("a picture");
    assert!(svg.contains(">input as seen by conv2 at 7, 7<") && svg.contains("8×8 of 28×28"), "{svg}");
    let field = format!("receptive-field {}", spec.display());
    sandbox.refuses(&format!("{field} --layer conv3"), &["no layer `conv3`", "did you mean `conv"]);
    sandbox
        .refuses(&format!("{field} --layer conv2 --cell 14x0"), &["14 rows and 14 columns", "no cell 14x0"]);
}
