//! The values between layers: every one of them is what the f64 reference computes for that layer, and the last is
//! what the compiled model gives.

#![forbid(unsafe_code)]

use convolve::Workspace;
use convolve::trace::{Error, Trace, Tracer};
use convolve_compiler::trace::{layers, run, select};
use convolve_models::Mnist;
use convolve_models::data::mnist_test;
use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::Data;
use convolve_tests::interpret::interpret;
use convolve_tests::network;
use convolve_tests::random::{self, Random};

const MNIST: &str = include_str!("../models/specs/mnist.yaml");
const KERAS: &[u8] = include_bytes!("../models/weights/mnist_keras.safetensors");

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
