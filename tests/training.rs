//! Training does what PyTorch does (`tests/golden/torch_training.py`), and to the bit the same on any threads.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use convolve_compiler::graph::Graph;
use convolve_compiler::train::{Training, prepare};
use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;
use convolve_runtime::train::{Head, Learner};
use convolve_tests::differences::{Case, images, load, unpacked};
use convolve_tests::golden::{self, Tensor};
use convolve_tests::random::Random;
use convolve_tests::{network, random};
use convolve_train::Loss;
use convolve_train::optimizer::{Optimizer, State};

/// A golden case as a network with weights and a batch.
fn case(golden: &golden::Case) -> Case {
    let graph = network::graph(&golden.yaml).unwrap_or_else(|errors| panic!("{}: {errors:?}", golden.id));
    let tensors =
        graph.parameters.iter().map(|parameter| golden.weights[&parameter.name].data.clone()).collect();
    let images = golden.inputs.values().next().map_or(0, |input| input.shape[0]);
    let of = |tensor: &Tensor, image: usize| {
        let floats = tensor.data.len() / images;
        tensor.data[image * floats..][..floats].to_vec()
    };
    let inputs = |image| graph.inputs.iter().map(|name| of(&golden.inputs[name], image)).collect();
    let batch = (0..images).map(inputs).collect();
    let factors = golden.training.get("factors");
    let factors =
        factors.map_or_else(Vec::new, |factors| (0..images).map(|image| of(factors, image)).collect());
    Case { graph, tensors, batch, factors }
}

fn most<'a>(values: impl IntoIterator<Item = &'a f32>) -> f32 {
    values.into_iter().fold(0.0, |most, x| most.max(x.abs()))
}

/// Compares the tensors of this kind, to `near` of the largest element of each and a tenth of that of all.
fn compare(golden: &golden::Case, kind: &str, graph: &Graph, found: &[Vec<f64>], near: f32, at: &str) {
    let expected: BTreeMap<&str, &Tensor> = golden
        .training
        .iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix(kind)?.strip_prefix('/')?, tensor)))
        .collect();
    assert!(!expected.is_empty() || kind == "after", "{}", golden.id);
    let all = most(expected.values().flat_map(|tensor| &tensor.data));
    for (parameter, found) in graph.parameters.iter().zip(found) {
        let Some(tensor) = expected.get(parameter.name.as_str()) else { continue };
        let limit = f64::from(near * most(&tensor.data).max(0.1 * all));
        assert_eq!(found.len(), tensor.data.len(), "{}", parameter.name);
        for (i, (a, b)) in found.iter().zip(tensor.values()).enumerate() {
            let (id, name) = (&golden.id, &parameter.name);
            assert!((a - b).abs() <= limit, "{id}, {at}: {kind} of {name}[{i}] is {a}, should be {b}");
        }
    }
}

/// The tensors of a learner.
fn tensors(learner: &Learner<'_>) -> Vec<Vec<f64>> {
    learner.tensors().iter().map(|tensor| tensor.iter().copied().map(f64::from).collect()).collect()
}

#[test]
fn gradients_and_running_statistics_are_pytorchs() {
    let goldens = golden::cases("training");
    let goldens: Vec<_> = goldens.iter().filter(|golden| golden.training.contains_key("factors")).collect();
    assert!(goldens.len() > 15);
    for golden in goldens {
        let case = case(golden);
        for level in Level::available() {
            let at = level.name();
            let (_, gradients) = case.gradients(level);
            compare(golden, "gradient", &case.graph, &gradients, 2e-5, at);
            let after = case.learn(level, None, |learner| {
                _ = case.step(learner);
                learner.update([&mut [], &mut []], |_, _, _| {});
                tensors(learner)
            });
            compare(golden, "after", &case.graph, &after, 1e-6, at);
        }
    }
}

#[test]
fn optimizers_go_pytorchs_way() {
    let goldens = golden::cases("training");
    for (name, optimizer) in [
        ("sgd", Optimizer::Sgd { learning_rate: 0.02, momentum: 0.9, nesterov: true, weight_decay: 0.01 }),
        ("adam", Optimizer::adam().with_learning_rate(0.002)),
        (
            "adamw",
            Optimizer::AdamW { learning_rate: 0.002, betas: [0.9, 0.999], epsilon: 1e-7, weight_decay: 0.1 },
        ),
        (
            "rmsprop",
            Optimizer::RmsProp {
                learning_rate: 0.0003,
                smoothing: 0.9,
                momentum: 0.5,
                epsilon: 1e-7,
                weight_decay: 0.0,
            },
        ),
    ] {
        let id = format!("trajectory_{name}");
        let golden = goldens.iter().find(|golden| golden.id == id).expect("a trajectory");
        let case = case(golden);
        let classes = &golden.training["classes"].data;
        let expected = &golden.training["losses"].data;
        let size = classes.len() / expected.len();
        case.learn(Level::detect(), None, |learner| {
            assert_eq!(learner.program().head, Head::Softmax);
            let mut state = State::new(&optimizer, learner.program().trained);
            for (step, expected) in expected.iter().enumerate() {
                let first = step * size;
                let judge = |image: usize, output: &[f32], gradient: &mut [f32]| {
                    let class = &classes[first + image..][..1];
                    let loss = Loss::SparseCategoricalCrossEntropy;
                    loss.gradient(Head::Softmax, output.len(), output, class, 1.0 / size as f32, gradient)
                };
                let pixels: Vec<f32> =
                    case.batch[first..][..size].iter().flatten().flatten().copied().collect();
                let loss = learner.gradients_of(&images(&[pixels], size), size, 0, &judge);
                let loss = loss.expect("a finite loss") / size as f64;
                let error = (loss - f64::from(*expected)).abs();
                assert!(
                    error <= 1e-5 * f64::from(*expected),
                    "{name}: {loss} in step {step}, not {expected}"
                );
                let (step, slots) = state.advance();
                let update = optimizer.step(step, 1.0);
                learner.update(slots, |weights, gradients, slots| update.apply(weights, gradients, slots));
            }
            compare(golden, "after", &case.graph, &tensors(learner), 1e-5, "the end");
        });
    }
}

/// Some networks and, for each, the most images of a batch.
fn networks() -> Vec<(String, Graph, usize)> {
    let golden = golden::cases("training");
    let golden =
        golden.iter().filter(|golden| ["unet", "inverted", "batch_norm"].contains(&golden.id.as_str()));
    let golden = golden.map(|golden| (golden.yaml.clone(), 5));
    // Enough weights and images for many pieces and groups.
    let wide = "name: Wide
input: [6, 6, 16]
layers:
  - conv2d: { filters: 40, kernel_size: 3, padding: same, bias: false }
  - batch_norm
  - relu
  - dropout: { rate: 0.3 }
  - conv2d: { filters: 24, kernel_size: 3, padding: same, activation: silu }
  - max_pool2d: { kernel_size: 2 }
  - flatten
  - dense: { units: 70, activation: relu }
  - dropout: { rate: 0.5 }
  - dense: { units: 10, activation: softmax }
";
    let networks = golden.chain([(wide.to_owned(), 137)]);
    let graph = |yaml: &str| network::graph(yaml).unwrap_or_else(|errors| panic!("{errors:?} in\n{yaml}"));
    let networks = networks.map(|(yaml, images)| (yaml.clone(), graph(&yaml), images));
    let random = (0..12).map(random::large).map(|network| (network.yaml, network.graph, 6));
    networks
        .chain(random.filter(|(_, graph, _)| graph.outputs.len() == 1 && prepare(graph).is_ok()))
        .collect()
}

#[test]
fn weights_are_the_same_bits_on_any_threads() {
    for (yaml, graph, most) in networks() {
        let prepared = prepare(&graph).unwrap_or_else(|why| panic!("{why} in\n{yaml}"));
        let training = Training::new(&prepared);
        let mut random = Random::new(7);
        let tensors = network::tensors(&graph.parameters, &mut random);
        let batch: Vec<_> = (0..most).map(|_| network::inputs(&graph, &mut random)).collect();
        let train = |threads: Option<&Threads>| {
            let mut learner = Learner::new(training.program(), most, Level::detect(), threads);
            load(&mut learner, &tensors);
            let optimizer = Optimizer::adam();
            let mut state = State::new(&optimizer, learner.program().trained);
            let mut losses = Vec::new();
            // The last of them smaller.
            for (key, count) in [(1, most), (2, most), (3, most - 1), (4, most / 2)] {
                let inputs =
                    |input: usize| batch[..count].iter().flat_map(|image| image[input].clone()).collect();
                let inputs: Vec<Vec<f32>> = (0..graph.inputs.len()).map(inputs).collect();
                let judge = |image: usize, output: &[f32], gradient: &mut [f32]| {
                    for (index, (g, y)) in gradient.iter_mut().zip(output).enumerate() {
                        *g = y / (1.0 + y.abs()) - ((index + image) % 3) as f32;
                    }
                    output.iter().map(|y| f64::from(*y)).sum::<f64>()
                };
                let loss = learner.gradients_of(&images(&inputs, count), count, key, &judge);
                losses.push(loss.expect("a finite loss").to_bits());
                let (step, slots) = state.advance();
                let update = optimizer.step(step, 1.0);
                learner.update(slots, |weights, gradients, slots| update.apply(weights, gradients, slots));
            }
            let weights: Vec<u32> = learner.weights().iter().map(|x| x.to_bits()).collect();
            (losses, weights)
        };
        let alone = train(None);
        for threads in [1, 2, 3, 5] {
            assert!(train(Some(&Threads::new(threads))) == alone, "{threads} threads differ in\n{yaml}");
        }
    }
}

/// What goes forth through dropout comes back, and what is kept makes up for the rest.
#[test]
fn dropout_keeps_the_mean_and_its_mask() {
    let yaml =
        "name: Net\ninput: [400]\nlayers:\n  - batch_norm: { name: norm }\n  - dropout: { rate: 0.25 }\n";
    let graph = network::graph(yaml).expect("a network");
    let prepared = prepare(&graph).expect("what can be trained");
    let training = Training::new(&prepared);
    let mut learner = Learner::new(training.program(), 50, Level::detect(), None);
    // All of a channel is one, whatever the images.
    load(
        &mut learner,
        &graph
            .parameters
            .iter()
            .map(|parameter| match parameter.name.as_str() {
                "norm.gamma" | "norm.weight" => vec![0.0; 400],
                _ => vec![1.0; 400],
            })
            .collect::<Vec<_>>(),
    );
    let inputs = [vec![0.5; 50 * 400]];
    let mut masks = Vec::new();
    for key in [1, 2, 1] {
        let seen = std::sync::Mutex::new(vec![0.0_f32; 50 * 400]);
        let judge = |image: usize, output: &[f32], gradient: &mut [f32]| {
            gradient.fill(1.0);
            seen.lock().expect("a lock")[image * 400..][..400].copy_from_slice(output);
            0.0
        };
        learner.gradients_of(&images(&inputs, 50), 50, key, &judge).expect("finite gradients");
        let seen = seen.into_inner().expect("a lock");
        let kept = 1.0_f32 / 0.75;
        assert!(seen.iter().all(|x| *x == 0.0 || (x - kept).abs() < 1e-6));
        let mean = seen.iter().sum::<f32>() / seen.len() as f32;
        // Four standard deviations of so many elements.
        let spread = 4.0 * (0.25_f32 / 0.75 / seen.len() as f32).sqrt();
        assert!((mean - 1.0).abs() < spread, "{mean}");
        // The gradient of the shifts is the sum over the images of what comes back.
        let gradients = unpacked(learner.program(), learner.gradients());
        let shift =
            graph.parameters.iter().position(|parameter| parameter.name.ends_with("bias")).expect("shifts");
        for (channel, gradient) in gradients[shift].iter().enumerate() {
            let there: f32 = (0..50).map(|image| seen[image * 400 + channel]).sum();
            assert!((gradient - f64::from(there)).abs() < 1e-4);
        }
        masks.push(seen);
    }
    assert_ne!(masks[0], masks[1], "another key, another mask");
    assert_eq!(masks[0], masks[2], "the same key, the same mask");
    let halves = masks[0].split_at(400);
    assert_ne!(halves.0, &halves.1[..400], "another image, another mask");
}

/// Keras keeps the biased variance and goes a hundredth of the way, PyTorch the unbiased one and a tenth.
#[test]
fn running_statistics_follow_each_framework() {
    for (layout, rate, unbiased) in [("pytorch", 0.1, true), ("keras", 0.01, false)] {
        let yaml = format!(
            "name: Net\nweights: {{ layout: {layout} }}\ninput: [2, 3, 2]\nlayers:\n  - batch_norm\n"
        );
        let case = Case::new(network::graph(&yaml).expect("a network"), 3, 1);
        let after = case.learn(Level::detect(), None, |learner| {
            _ = case.step(learner);
            learner.update([&mut [], &mut []], |_, _, _| {});
            tensors(learner)
        });
        let pixels = 18.0;
        for channel in 0..2 {
            let values =
                case.inputs()[0].iter().skip(channel).step_by(2).map(|x| f64::from(*x)).collect::<Vec<_>>();
            let mean = values.iter().sum::<f64>() / pixels;
            let squares = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
            let variance = squares / if unbiased { pixels - 1.0 } else { pixels };
            for (parameter, (tensor, before)) in
                case.graph.parameters.iter().zip(after.iter().zip(&case.tensors))
            {
                let before = f64::from(before[channel]);
                let expected = match parameter.name.rsplit('.').next() {
                    Some("running_mean" | "moving_mean") => before + rate * (mean - before),
                    Some("running_var" | "moving_variance") => before + rate * (variance - before),
                    _ => before,
                };
                assert!((tensor[channel] - expected).abs() < 1e-6, "{layout}: {}", parameter.name);
            }
        }
    }
}

/// A batch so large that its images are computed a few at a time has the gradients of the images that it repeats.
#[test]
fn images_of_large_batches_all_count() {
    let layers = "conv2d: { filters: 5, kernel_size: 3, activation: relu }\n  - flatten\n  - dense: { units: 9, activation: tanh }";
    let yaml = format!("name: Net\ninput: [5, 5, 2]\nlayers:\n  - {layers}\n  - dense: {{ units: 4 }}\n");
    let small = Case::new(network::graph(&yaml).expect("a network"), 3, 1);
    let (loss, gradients) = small.gradients(Level::detect());
    for times in [10, 22, 23, 45, 101] {
        let factors = small.factors.iter().cycle().take(3 * times).cloned().collect();
        let batch = small.batch.iter().cycle().take(3 * times).cloned().collect();
        let large = Case { batch, factors, ..small.clone() };
        let (many, found) = large.gradients(Level::detect());
        let times = times as f64;
        assert!((many / times - loss).abs() < 1e-5 * (1.0 + loss.abs()), "{many}, not {times} times {loss}");
        for (found, expected) in found.iter().zip(&gradients) {
            let limit = 1e-5 * expected.iter().fold(0.1, |most: f64, x| most.max(x.abs()));
            assert!(found.iter().zip(expected).all(|(a, b)| (a / times - b).abs() < limit), "{times} times");
        }
    }
}
