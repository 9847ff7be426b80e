//! The values between layers: every one of them is what the f64 reference computes for that layer, and the last is
//! what the compiled model gives.

#![forbid(unsafe_code)]

use convolve::trace::{Error, Trace, Tracer};
use convolve::{Layers, Model as _, Tensor, Unfused, Workspace, cnn};
use convolve_compiler::graph::Graph;
use convolve_compiler::trace::{layers, run, select};
use convolve_models::Mnist;
use convolve_models::data::mnist_test;
use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::Data;
use convolve_tests::interpret::interpret;
use convolve_tests::network;
use convolve_tests::random::{self, Random};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

const MNIST: &str = include_str!("../models/specs/mnist.yaml");
const KERAS: &[u8] = include_bytes!("../models/weights/mnist_keras.safetensors");

/// What `specs/traced.yaml` says: convolution, batch norm, ReLU and pooling that a prediction fuses, a residual, a
/// concatenation of an enlarged map, two inputs.
macro_rules! traced {
    ($reader:ident) => {
        $reader! {
            #[trace]
            pub(crate) fn InRust(image: Input<10, 8, 3>, arena: Input<16>) -> Output<16> {
                let first = conv2d(image, filters = 16, kernel_size = 3, padding = 1, bias = false);
                let norm = batch_norm(first);
                let cut = relu(norm);
                let small = max_pool2d(cut, kernel_size = 2);
                let second = conv2d(small, filters = 16, kernel_size = 3, padding = same, activation = silu);
                let sum = second + small;
                let rest = relu(sum);
                let large = upsample2d(rest, scale_factor = 2);
                let both = concat(large, cut);
                let mean = global_avg_pool2d(both);
                let dense = dense(mean, units = 16);
                let scaled = dense * arena;
                let scores = softmax(scaled);
                scores
            }
        }
    };
}
const IN_YAML: &str = include_str!("specs/traced.yaml");
traced!(cnn);
cnn! { pub(crate) Traced = "specs/traced.yaml" }

/// `IN_YAML` with random parameters, as numbers and as a safetensors file, and inputs.
struct Material {
    graph: Graph,
    tensors: Vec<Vec<f32>>,
    file: Vec<u8>,
    inputs: Vec<Vec<f32>>,
}

fn material() -> Material {
    let graph = network::graph(IN_YAML).expect("a network");
    let mut random = Random::new(5);
    let tensors = network::tensors(&graph.parameters, &mut random);
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|tensor| tensor.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = graph.parameters.iter().zip(&bytes).map(|(parameter, bytes)| {
        let view = TensorView::new(Dtype::F32, parameter.shape.clone(), bytes).expect("as many floats");
        (parameter.name.as_str(), view)
    });
    let file = safetensors::serialize(views, None).expect("a safetensors file");
    let inputs = network::inputs(&graph, &mut random);
    Material { graph, tensors, file, inputs }
}

#[test]
fn a_generated_type_tells_what_the_tracer_tells() {
    let Material { graph, tensors, file, inputs } = material();
    let [image, arena] = &inputs[..] else { panic!("two inputs") };
    let expected = interpret(&graph, &tensors, &inputs, |_| {});
    let in_yaml = Tracer::yaml(IN_YAML, &file).expect("a network").run(&[image, arena]).expect("inputs");
    let in_rust = Tracer::rust(traced!(stringify), &file).expect("a network");
    let in_rust = in_rust.run(&[image, arena]).expect("inputs");
    let check = |found: Layers<'_>, trace: &Trace| {
        assert_eq!((found.iter().len(), trace.values().len()), (13, 13));
        for ((layer, value), (name, node)) in found.iter().zip(trace.values()).zip(layers(&graph)) {
            assert_eq!((layer.name, value.layer.as_str()), (name, name));
            assert_eq!(layer.shape, value.shape.dimensions());
            assert_eq!(found.get(name), Some(layer));
            let expected = &expected[node].data;
            for floats in [layer.data, &value.data] {
                assert_eq!(floats.len(), expected.len());
                let error = distance(expected, floats.iter().map(|&x| f64::from(x)));
                assert!(error <= 1e-5 * scale(expected), "`{name}` is off by {error:e}");
            }
        }
        assert_eq!(found.get("third"), None);
    };
    let (map, vector) = (Tensor::view(image), Tensor::view(arena));
    let mut workspace = Workspace::new();
    let model = Traced::from_safetensors(&file).expect("weights");
    check(model.trace(map, vector, &mut workspace), &in_yaml);
    let threads = Threads::new(3);
    check(
        model.with_threads(&threads).with_level(Level::SCALAR).trace(map, vector, &mut workspace),
        &in_yaml,
    );
    let model = InRust::from_safetensors(&file).expect("weights");
    check(model.trace(map, vector, &mut Workspace::new()), &in_rust);
}

#[test]
fn a_prediction_of_a_traced_type_is_its_last_layer() {
    let Material { file, inputs, .. } = material();
    let (map, vector) = (Tensor::view(&inputs[0]), Tensor::view(&inputs[1]));
    let model = Traced::from_safetensors(&file).expect("weights");
    let (mut one, mut other) = (Workspace::new(), Workspace::new());
    let scores = *model.predict(map, vector, &mut one);
    let layers = model.trace(map, vector, &mut other);
    for (found, expected) in layers.get("scores").expect("the last layer").data.iter().zip(scores) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    // All layers are there at once, and predictions do not meet them in memory.
    assert!(layers.iter().map(|layer| layer.data.len()).sum::<usize>() <= Unfused::<Traced>::ARENA);
    assert_eq!(model.predict(map, vector, &mut one), &scores);
}

fn scale(data: &[f64]) -> f64 {
    data.iter().fold(1e-6, |most: f64, x| most.max(x.abs()))
}

fn distance(a: &[f64], b: impl Iterator<Item = f64>) -> f64 {
    a.iter()
        .zip(b)
        .fold(0.0, |most: f64, (a, b)| if (a - b).is_nan() { f64::NAN } else { most.max((a - b).abs()) })
}

/// A network is skipped where rounding its values to one part in a million changes a layer's by more than this.
const STEADY: f64 = 2e-5;
const TOLERANCE: f64 = 1e-4;

#[test]
fn every_layer_of_random_networks_is_what_the_reference_computes() {
    let (mut compared, mut seen) = (0, 0);
    for seed in 0..120 {
        let network = random::network(seed);
        let graph = network.graph;
        let mut random = Random::new(seed);
        let tensors = network::tensors(&graph.parameters, &mut random);
        let inputs = network::inputs(&graph, &mut random);
        let expected = interpret(&graph, &tensors, &inputs, |_| {});
        let rounded = interpret(&graph, &tensors, &inputs, |array| {
            let step = 1e-6 * scale(&array.data);
            array.data.iter_mut().for_each(|x| *x += step * f64::from(random.real()));
        });
        let bytes: Vec<Vec<u8>> =
            tensors.iter().map(|tensor| tensor.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
        let data: Vec<Data<'_>> = bytes.iter().map(|bytes| Data::F32(bytes)).collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let layers = layers(&graph);
        let names: Vec<&str> = layers.iter().map(|(name, _)| *name).collect();
        let selected = select(&graph, &names).expect("the layers' own names");
        let trace = run(&selected, &data, &inputs, Level::detect(), &Threads::new(1));
        assert_eq!(trace.values().len(), layers.len());
        for (value, (name, node)) in trace.values().iter().zip(layers) {
            seen += 1;
            assert_eq!((value.layer.as_str(), value.shape), (name, graph.nodes[node].shape));
            let expected = &expected[node].data;
            let scale = scale(expected);
            if distance(expected, rounded[node].data.iter().copied()) > STEADY * scale {
                continue;
            }
            compared += 1;
            assert_eq!(value.data.len(), expected.len());
            let error = distance(expected, value.data.iter().map(|&x| f64::from(x)));
            assert!(
                error <= TOLERANCE * scale,
                "`{name}` is off by {error:e}, seed {seed}:\n{}",
                network.yaml
            );
        }
    }
    assert!(compared * 10 >= seen * 8 && seen > 300, "only {compared} of {seen} layers are steady");
}

#[test]
fn the_last_layer_is_what_the_compiled_model_gives() {
    let tracer = Tracer::yaml(MNIST, KERAS).expect("a network");
    assert_eq!(
        tracer.layers().collect::<Vec<_>>(),
        ["conv1", "max_pool2d_1", "conv2", "max_pool2d_2", "flatten_1", "fc1", "fc2"]
    );
    let model = Mnist::new();
    let mut workspace = Workspace::new();
    for image in &mnist_test().images[..20] {
        let trace = tracer.run(&[image.as_flattened().as_flattened()]).expect("an image");
        let found = &trace.get("fc2").expect("the last layer").data;
        for (found, expected) in found.iter().zip(model.predict(image, &mut workspace)) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let [conv, pooled] = ["conv1", "max_pool2d_1"].map(|name| trace.get(name).expect("a layer"));
        assert_eq!((conv.data.len(), pooled.data.len()), (28 * 28 * 32, 14 * 14 * 32));
        assert!(conv.data.iter().all(|&x| x >= 0.0), "a layer's own activation is part of it");
    }
}

#[test]
fn layers_may_be_chosen() {
    let image = mnist_test().images[0];
    let of = |tracer: &Tracer<'_>| tracer.run(&[image.as_flattened().as_flattened()]).expect("an image");
    let whole = Tracer::yaml(MNIST, KERAS).expect("a network");
    let some = whole.clone().only(&["fc1", "conv1", "fc1"]).expect("two layers");
    let names = |trace: &Trace| trace.values().iter().map(|value| value.layer.clone()).collect::<Vec<_>>();
    let trace = of(&some);
    assert_eq!(names(&trace), ["fc1", "conv1"]);
    assert_eq!(trace.get("conv1"), of(&whole).get("conv1"));
    assert_eq!(trace.get("conv2"), None);
    let error = whole.only(&["conv3", "softmax"]).expect_err("no such layers");
    assert_eq!(error.mistakes().len(), 2);
    assert!(error.mistakes()[0].contains("did you mean `conv1`?"), "{error}");
}

#[test]
fn mistakes_are_told() {
    let mistakes = |result: Result<Tracer<'_>, Error>| result.map(drop).expect_err("a mistake").to_string();
    assert!(mistakes(Tracer::yaml("layers:\n  - relo", &[])).contains("did you mean `relu`?"));
    assert!(mistakes(Tracer::yaml(MNIST, b"weights")).contains("safetensors"));
    assert!(mistakes(Tracer::rust("fn {", &[])).contains("not Rust"));
    assert!(mistakes(Tracer::rust("pub Net = \"net.yaml\"", &[])).contains("holds no network"));
    assert!(mistakes(Tracer::rust("pub fn Net(x: Input<4>) -> Output<4> { relo(x) }", &[])).contains("relu"));
    let tracer = Tracer::yaml(MNIST, KERAS).expect("a network");
    assert!(tracer.run(&[]).expect_err("no input").to_string().contains("1 inputs"));
    let error = tracer.run(&[&[0.0; 4]]).expect_err("too short").to_string();
    assert!(error.contains("28×28×1") && error.contains("gets 4"), "{error}");
}
