//! Every gradient is that of what the network means: derivatives beside differences of the f64 interpreter.
//!
//! `CONVOLVE_CASES` and `CONVOLVE_SEED` choose how many random networks are tried, and the first one's seed.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use convolve_compiler::train::{Training, prepare};
use convolve_runtime::simd::Level;
use convolve_runtime::train::Head;
use convolve_tests::differences::{Case, Verdict, along, difference, images, unpacked};
use convolve_tests::random::Random;
use convolve_tests::{network, random};
use convolve_train::Loss;

/// Layers below a convolution `first` of six channels, whose gradient goes through them, and beside which they may stand.
const LAYERS: &[&[&str]] = &[
    &["conv2d: { filters: 5, kernel_size: 3 }"],
    &["conv2d: { filters: 17, kernel_size: 3, padding: same, activation: relu }"],
    &["conv2d: { filters: 7, kernel_size: [3, 2], stride: [2, 1], padding: [0, 1, 2, 0], bias: false }"],
    &["conv2d: { filters: 4, kernel_size: 3, stride: 2, padding: same, groups: 2, activation: prelu }"],
    &["conv2d: { filters: 34, kernel_size: 2, stride: 3, padding: 1, groups: 2 }"],
    &["conv2d: { filters: 3, kernel_size: 1, stride: 2 }"],
    &["conv2d: { filters: 4, kernel_size: 3, dilation: [1, 2], padding: same_lower }"],
    &["conv2d: { filters: 4, kernel_size: 5, padding: 4 }"],
    &["conv2d: { filters: 4, kernel_size: 3, padding: 2, padding_mode: reflect }"],
    &["conv2d: { filters: 4, kernel_size: 3, padding: same, padding_mode: replicate, stride: 2 }"],
    &["conv2d: { filters: 4, kernel_size: 5, padding: [1, 2], padding_mode: circular }"],
    &[
        "conv2d: { filters: 16, kernel_size: 1 }",
        "conv2d: { filters: 24, kernel_size: 3, padding: same, activation: elu }",
        "conv2d: { filters: 33, kernel_size: 3 }",
    ],
    &["depthwise_conv2d: { kernel_size: 3, padding: same }"],
    &["depthwise_conv2d: { kernel_size: [2, 3], stride: 2, dilation: [2, 1], multiplier: 3, bias: false }"],
    &["depthwise_conv2d: { kernel_size: 3, padding: 1, padding_mode: reflect, activation: selu }"],
    &["conv2d_transpose: { filters: 5, kernel_size: 2, stride: 2 }"],
    &[
        "conv2d_transpose: { filters: 18, kernel_size: 3, stride: [2, 3], padding: 1, output_padding: [1, 2] }",
    ],
    &[
        "conv2d_transpose: { filters: 4, kernel_size: 3, padding: same, stride: 2, groups: 2, activation: tanh }",
    ],
    &["conv2d_transpose: { filters: 4, kernel_size: 3, dilation: 2, bias: false }"],
    &["max_pool2d: { kernel_size: 2 }"],
    &["max_pool2d: { kernel_size: 3, stride: 2, padding: 1, ceil_mode: true }"],
    &["max_pool2d: { kernel_size: 2, stride: 1, dilation: 2 }"],
    &[
        "upsample2d: { scale_factor: 2, mode: bilinear }",
        "conv2d: { filters: 32, kernel_size: 1 }",
        "conv2d: { filters: 40, kernel_size: 3, padding: same, activation: relu }",
        "conv2d: { filters: 17, kernel_size: 3 }",
    ],
    &[
        "flatten",
        "dense: { units: 5, activation: gelu }",
        "dense: { units: 4, activation: mish }",
        "dense: { units: 2 }",
    ],
    // A vector that the images take from the rows, and a longer one that they put there.
    &[
        "global_avg_pool2d: { name: v }",
        "dense: { name: d, units: 6 }",
        "add: { name: s, from: [d, v] }",
        "concat: { from: [v, s, v] }",
        "dense: { units: 16 }",
    ],
    // What limits, before what takes the largest.
    &[
        "conv2d: { filters: 5, kernel_size: 3, activation: relu6 }",
        "max_pool2d: { kernel_size: 3, stride: 2, padding: 1 }",
    ],
    &["batch_norm", "clip: { min: -0.3, max: 0.4 }", "global_max_pool2d"],
    &[
        "conv2d: { name: b, filters: 6, kernel_size: 1, activation: relu }",
        "max_pool2d: { name: p, kernel_size: 2, stride: 1, padding: same }",
        "add: { from: [b, p] }",
    ],
    &[
        "flatten",
        "dense: { units: 12, activation: relu }",
        "reshape: { shape: [2, 2, 3] }",
        "max_pool2d: { kernel_size: 2 }",
    ],
    &["avg_pool2d: { kernel_size: 2 }"],
    &["avg_pool2d: { kernel_size: 3, stride: 2, padding: 1, ceil_mode: true }"],
    &["avg_pool2d: { kernel_size: 3, stride: 2, padding: 1, count_include_pad: true }"],
    &["avg_pool2d: { kernel_size: 3, padding: same, stride: 2 }"],
    &["global_avg_pool2d"],
    &["global_max_pool2d"],
    &["adaptive_avg_pool2d: { output_size: [4, 3] }"],
    &["adaptive_max_pool2d: { output_size: [4, 3] }"],
    &["pad2d: { padding: [2, 0, 1, 1] }"],
    &["pad2d: { padding: [1, 0, 2, 3], value: -1.5 }"],
    &["pad2d: { padding: 2, mode: reflect }"],
    &["pad2d: { padding: 3, mode: symmetric }"],
    &["pad2d: { padding: [1, 0, 2, 3], mode: edge }"],
    &["pad2d: { padding: 3, mode: wrap }"],
    &["crop2d: { cropping: [1, 0, 2, 1] }"],
    &["subsample2d: { stride: [2, 3] }"],
    &["upsample2d: { scale_factor: [2, 3] }"],
    &["upsample2d: { scale_factor: 2 }", "conv2d: { filters: 5, kernel_size: 3, padding: same }"],
    &["upsample2d: { scale_factor: 2, mode: bilinear }"],
    &["upsample2d: { scale_factor: [3, 2], mode: bilinear, align_corners: true }"],
    &[
        "conv2d: { name: b, filters: 3, kernel_size: 3, padding: same }",
        "concat: { from: [b, first, input, b] }",
    ],
    &[
        "conv2d: { name: b, filters: 6, kernel_size: 3, padding: same }",
        "add: { from: [b, first, b] }",
        "relu",
    ],
    &["conv2d: { name: b, filters: 6, kernel_size: 3, padding: same }", "sub: { from: [first, b] }"],
    &["conv2d: { name: b, filters: 6, kernel_size: 3, padding: same }", "mul: { from: [first, b, first] }"],
    &["conv2d: { name: b, filters: 6, kernel_size: 3, padding: same }", "maximum: { from: [first, b] }"],
    &["global_avg_pool2d: { name: v }", "add: { from: [first, v] }", "silu"],
    &["global_avg_pool2d: { name: v }", "sub: { from: [first, v] }"],
    &["global_max_pool2d: { name: v }", "sub: { from: [v, first] }"],
    &["global_avg_pool2d: { name: v }", "mul: { from: [first, v] }"],
    &["global_avg_pool2d: { name: v }", "maximum: { from: [v, first] }"],
    &["adaptive_avg_pool2d: { name: v, output_size: 1 }", "mul: { from: [v, first] }"],
    &["flatten", "dense: { units: 5 }"],
    &["flatten", "prelu", "dense: { units: 17, activation: relu }", "dense: { units: 3, bias: false }"],
    &["dense: { units: 5, activation: sigmoid }"],
    &["reshape: { shape: [1, 30, 7] }", "conv2d: { filters: 3, kernel_size: [1, 3] }"],
    &[
        "global_avg_pool2d",
        "dense: { name: d, units: 6 }",
        "mul: { from: [first, d] }",
        "flatten",
        "dense: { units: 2 }",
    ],
    &[
        "global_avg_pool2d",
        "dense: { name: d, units: 6 }",
        "dense: { units: 6 }",
        "add: { from: [d, dense_1] }",
        "tanh",
    ],
    &["pad2d: { padding: [1, 0, 0, 1] }", "space_to_depth: { block_size: 2 }"],
    &["pad2d: { padding: [1, 0, 0, 1] }", "space_to_depth: { block_size: 2, order: crd }"],
    &["conv2d: { filters: 12, kernel_size: 1 }", "depth_to_space: { block_size: 2 }"],
    &["conv2d: { filters: 12, kernel_size: 1 }", "depth_to_space: { block_size: 2, order: crd }"],
    &["batch_norm"],
    &["batch_norm: { epsilon: 0.1 }", "relu"],
    &["batch_norm", "prelu"],
    &["flatten", "batch_norm", "dense: { units: 4 }", "batch_norm", "gelu"],
    &["batch_norm: { name: b }", "add: { from: [b, first] }", "max_pool2d: { kernel_size: 2 }"],
    &["layer_norm"],
    &["instance_norm", "relu"],
    &["group_norm: { groups: 2 }", "silu"],
    &["flatten", "layer_norm", "dense: { units: 4 }", "layer_norm: { epsilon: 0.1 }"],
    &["dropout: { rate: 0.5 }", "conv2d: { filters: 4, kernel_size: 1 }"],
    &["linear"],
    &["relu"],
    &["relu6"],
    &["leaky_relu"],
    &["leaky_relu: { negative_slope: -0.3 }"],
    &["prelu"],
    &["elu: { alpha: 0.3 }"],
    &["elu: { alpha: -0.5 }"],
    &["selu"],
    &["celu: { alpha: 0.7 }"],
    &["gelu"],
    &["gelu: { approximate: true }"],
    &["silu"],
    &["mish"],
    &["hard_sigmoid"],
    &["hard_swish"],
    &["tanh"],
    &["softplus"],
    &["softsign"],
    &["exp"],
    &["clip: { min: -0.3, max: 0.4 }"],
    &["sigmoid", "exp"],
    &["softmax", "exp"],
    &["log_softmax", "tanh"],
    // The last function is left to the loss; what else reads it or what it reads is not.
    &["sigmoid"],
    &["softmax"],
    &["log_softmax"],
    &["flatten", "dense: { units: 3, activation: softmax }"],
];

/// Images of a batch: up to four are groups of one; of five and nine, the last group has fewer than the others.
const BATCHES: [usize; 5] = [1, 3, 5, 6, 9];

fn yaml(lines: &[&str], layout: &str) -> String {
    let lines = lines.join("\n  - ");
    format!(
        "name: Net\nweights: {{ layout: {layout} }}\ninput: [7, 5, 3]\nlayers:\n  \
         - conv2d: {{ name: first, filters: 6, kernel_size: 1 }}\n  - {lines}\n"
    )
}

#[test]
fn layers_have_the_gradients_of_what_they_mean() {
    for (index, lines) in LAYERS.iter().enumerate() {
        for layout in ["pytorch", "keras"] {
            let yaml = yaml(lines, layout);
            let graph = network::graph(&yaml).unwrap_or_else(|errors| panic!("{errors:?} in\n{yaml}"));
            // Groups of two images, and one of one.
            let case = Case::new(graph, 5, index as u64);
            let mut random = Random::new(index as u64);
            let (loss, gradients) = case.gradients(Level::detect());
            let expected = case.exact_loss();
            assert!(
                (loss - expected).abs() < 1e-4 * (1.0 + expected.abs()),
                "{loss}, not {expected}:\n{yaml}"
            );
            for (tensor, parameter) in case.graph.parameters.iter().enumerate() {
                let right = case.agrees(&gradients, &[tensor], &mut random)
                    && case.agrees_at(&gradients, tensor, random.below(parameter.elements()));
                assert!(right, "the gradient of {} is wrong in\n{yaml}", parameter.name);
            }
            for level in Level::available() {
                let differing = case.differing(&gradients, &case.gradients(level).1);
                assert_eq!(differing, None, "on {level} in\n{yaml}");
            }
        }
    }
}

#[test]
fn random_networks_have_the_gradients_of_what_they_mean() {
    let number = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    };
    let (first, cases) = (number("CONVOLVE_SEED", 0), number("CONVOLVE_CASES", 200));
    let (mut tried, mut compared) = (0, 0);
    for seed in first..first + cases {
        let network = if seed % 10 == 9 { random::large(seed) } else { random::network(seed) };
        let case = Case::new(network.graph, BATCHES[seed as usize % BATCHES.len()], seed);
        if prepare(&case.graph).is_err() {
            continue;
        }
        tried += 1;
        let every = seed % 4 == 0;
        let levels = Level::available().filter(|_| every);
        let verdict = case
            .check(levels, seed)
            .unwrap_or_else(|faults| panic!("{faults}, seed {seed}:\n{}\n{}", network.yaml, case.graph));
        compared += usize::from(verdict == Verdict::Right);
    }
    assert!(compared * 10 >= tried * 9, "only {compared} of {tried} networks are steady");
}

/// Losses of the output, as their definitions have them.
fn value(loss: Loss, predictions: &[f64], targets: &[f32]) -> f64 {
    let pairs = || predictions.iter().copied().zip(targets.iter().copied().map(f64::from));
    let mean = |term: fn((f64, f64)) -> f64| pairs().map(term).sum::<f64>() / predictions.len() as f64;
    match loss {
        Loss::SparseCategoricalCrossEntropy => {
            let channels = predictions.len() / targets.len();
            let pixels = predictions.chunks_exact(channels).zip(targets);
            -pixels.map(|(pixel, class)| pixel[*class as usize].ln()).sum::<f64>() / targets.len() as f64
        }
        Loss::CategoricalCrossEntropy => -pairs().map(|(p, t)| t * p.ln()).sum::<f64>() / 4.0,
        Loss::BinaryCrossEntropy => mean(|(p, t)| -t * p.ln() - (1.0 - t) * (1.0 - p).ln()),
        Loss::MeanSquaredError => mean(|(p, t)| (p - t).powi(2)),
        Loss::MeanAbsoluteError => mean(|(p, t)| (p - t).abs()),
        Loss::Dice => {
            let sum = |term: fn((f64, f64)) -> f64| pairs().map(term).sum::<f64>();
            1.0 - (2.0 * sum(|(p, t)| p * t) + 1.0) / (sum(|(p, _)| p) + sum(|(_, t)| t) + 1.0)
        }
    }
}

#[test]
fn losses_go_through_the_last_function() {
    for (last, head, loss) in [
        ("softmax", Head::Softmax, Loss::SparseCategoricalCrossEntropy),
        ("softmax", Head::Softmax, Loss::CategoricalCrossEntropy),
        ("softmax", Head::Softmax, Loss::MeanSquaredError),
        ("sigmoid", Head::Sigmoid, Loss::BinaryCrossEntropy),
        ("sigmoid", Head::Sigmoid, Loss::Dice),
        ("sigmoid", Head::Sigmoid, Loss::MeanAbsoluteError),
        ("log_softmax", Head::LogSoftmax, Loss::MeanSquaredError),
        ("linear", Head::Identity, Loss::MeanSquaredError),
        ("hard_sigmoid", Head::Identity, Loss::Dice),
        ("relu", Head::Identity, Loss::MeanAbsoluteError),
    ] {
        let yaml = format!(
            "name: Net\ninput: [3, 3, 2]\nlayers:\n  - conv2d: {{ filters: 4, kernel_size: 2, activation: silu }}\n  \
             - conv2d: {{ filters: 3, kernel_size: 1, activation: {last} }}\n"
        );
        let case = Case::new(network::graph(&yaml).expect("a network"), 3, 5);
        let mut random = Random::new(9);
        let mut target = |pixel: usize, channel: usize| match loss {
            // One of the classes, as an index or as a vector.
            Loss::SparseCategoricalCrossEntropy => (pixel % 3) as f32,
            Loss::CategoricalCrossEntropy => f32::from(u8::from(pixel % 3 == channel)),
            Loss::BinaryCrossEntropy | Loss::Dice => random.below(2) as f32,
            Loss::MeanSquaredError | Loss::MeanAbsoluteError => random.real(),
        };
        let len = loss.target_len([2, 2, 3]);
        let channels = len / 4;
        let targets: Vec<Vec<f32>> = (0..3)
            .map(|image| (0..len).map(|i| target(image + i / channels, i % channels)).collect())
            .collect();
        let (sum, gradients) = case.learn(Level::detect(), None, |learner| {
            assert_eq!(learner.program().head, head);
            let judge = |image: usize, output: &[f32], gradient: &mut [f32]| {
                loss.gradient(head, 3, output, &targets[image], 1.0, gradient)
            };
            let sum = learner.gradients_of(&images(&case.inputs(), 3), 3, 0, &judge);
            (sum.expect("a finite loss"), unpacked(learner.program(), learner.gradients()))
        });
        let exact = |tensors: Vec<Vec<f64>>| -> f64 {
            let values = case.outputs(tensors);
            values.iter().zip(&targets).map(|(array, targets)| value(loss, &array.data, targets)).sum()
        };
        let expected = exact(case.weights());
        assert!((sum - expected).abs() < 1e-5 * (1.0 + expected), "{last}, {loss}: {sum}, not {expected}");
        let all: Vec<usize> = (0..gradients.len()).collect();
        for _ in 0..5 {
            let direction = case.direction(&gradients, &all, &mut random);
            let found = along(&gradients, &direction);
            let expected = difference(&case.tensors, &direction, 1e-6, exact);
            assert!((found - expected).abs() < 1e-3, "{last}, {loss}: {found}, not {expected}");
        }
    }
}

/// Every kernel of training has its part in some network of this file.
#[test]
fn every_step_is_taken() {
    let mut steps = BTreeSet::new();
    for lines in LAYERS {
        let graph = network::graph(&yaml(lines, "pytorch")).expect("a network");
        let prepared = prepare(&graph).expect("what can be trained");
        let training = Training::new(&prepared);
        let program = training.program();
        let words = program.steps.iter().map(|step| format!("{step:?}"));
        let words = words.chain(program.rows.iter().map(|step| format!("rows {step:?}")));
        let words = words.chain(program.dense.iter().map(|dense| format!("{dense:?}")));
        let words = words.chain(program.derived.iter().map(|derived| format!("{derived:?}")));
        steps.extend(
            words.filter_map(|word| word.split(['(', '{']).next().map(|word| word.trim().to_owned())),
        );
    }
    let expected = [
        "Activate",
        "ActivateGradient",
        "BatchNorm",
        "BatchNormGradient",
        "BatchNormGradientSums",
        "BatchSquares",
        "BatchSum",
        "Binary",
        "BinaryGradient",
        "Blocks",
        "Conv2d",
        "ConvWeights",
        "Copy",
        "CopyGradient",
        "DenseWeights",
        "Depthwise",
        "DepthwiseGradient",
        "Dropout",
        "Exchanged",
        "Gather",
        "MaxPool",
        "Normalize",
        "NormalizeGradient",
        "Pad",
        "PadGradient",
        "Pool",
        "PoolGradient",
        "Resize",
        "ResizeGradient",
        "Scatter",
        "Softmax",
        "SoftmaxGradient",
        "Tiles",
        "Winograd",
        "WinogradWeights",
        "rows Activate",
        "rows ActivateGradient",
        "rows Dense",
    ];
    assert_eq!(steps, expected.map(str::to_owned).into());
}
