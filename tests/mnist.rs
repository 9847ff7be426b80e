//! The main job: the 10,000 test images, with weights that Keras and PyTorch trained.

#![forbid(unsafe_code)]

use std::path::Path;

use convolve::Workspace;
use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::execute::Executor;
use convolve_compiler::files::Directory;
use convolve_compiler::frontend::yaml;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_models::data::{Digit, mnist_test};
use convolve_models::{Mnist, MnistInline, MnistPytorch};
use convolve_runtime::simd::Level;
use safetensors::SafeTensors;

type Probabilities = [f32; 10];

#[test]
fn weights_from_keras() {
    let model = Mnist::new();
    let mut workspace = Workspace::new();
    judge("keras", 9892, |image| *model.predict(image, &mut workspace));
}

#[test]
fn weights_from_pytorch() {
    let model = MnistPytorch::new();
    let mut workspace = Workspace::new();
    judge("torch", 9883, |image| *model.predict(image, &mut workspace));
}

#[test]
fn the_network_written_in_rust() {
    let model = MnistInline::new();
    let mut workspace = Workspace::new();
    judge("keras", 9892, |image| *model.predict(image, &mut workspace));
}

/// Batches, of which a few images are left over, in a workspace with and without memory for them.
#[test]
fn many_images_at_once() {
    let model = Mnist::new();
    let digits = mnist_test();
    let mut found = vec![[0.0; 10]; digits.images.len()];
    let mut workspace = Workspace::new();
    for (images, found) in digits.images.chunks(27).zip(found.chunks_mut(27)) {
        model.predict_batch(images, found, &mut workspace);
    }
    let mut answers = found.iter();
    judge("keras", 9892, |_| *answers.next().expect("an answer for each image"));

    let memory = vec![0.0; Mnist::WORKSPACE_BYTES / size_of::<f32>()].leak();
    let mut workspace = Workspace::from_static(memory).expect("room for the arena");
    let mut one_by_one = vec![[0.0; 10]; 27];
    model.predict_batch(&digits.images[..27], &mut one_by_one, &mut workspace);
    for (image, found) in digits.images.iter().zip(one_by_one) {
        assert_eq!(found, *model.predict(image, &mut workspace));
    }
}

convolve::cnn! {
    #[weights("../models/weights/mnist_keras.safetensors", layout = keras, storage = bf16)]
    fn MnistBf16(image: Input<28, 28, 1>) -> Output<10> {
        let conv1 = conv2d(image, filters = 32, kernel_size = 3, padding = same, activation = relu);
        let pooled1 = max_pool2d(conv1, kernel_size = 2);
        let conv2 = conv2d(pooled1, filters = 64, kernel_size = 3, padding = same, activation = relu);
        let pooled2 = max_pool2d(conv2, kernel_size = 2);
        let fc1 = dense(flatten(pooled2), units = 128, activation = relu);
        let fc2 = dense(fc1, units = 10, activation = softmax);
        fc2
    }
}

/// Dense weights of eight bits of precision read as many digits right, within a tenth of a percent.
#[test]
fn dense_weights_in_half_the_memory() {
    let (model, exact) = (MnistBf16::new(), Mnist::new());
    let digits = mnist_test();
    let (mut workspace, mut other) = (Workspace::new(), Workspace::new());
    let best = |found: &Probabilities| (0..10).max_by(|&a, &b| found[a].total_cmp(&found[b]));
    let mut right = [0usize; 3];
    let mut batch = vec![[0.0; 10]; digits.images.len()];
    model.predict_batch(&digits.images, &mut batch, &mut workspace);
    for ((image, label), batched) in digits.images.iter().zip(&digits.labels).zip(&batch) {
        let found = [exact.predict(image, &mut other), model.predict(image, &mut workspace), batched];
        for (right, found) in right.iter_mut().zip(found) {
            *right += usize::from(best(found) == Some(usize::from(*label)));
        }
    }
    let [exact, rounded, batched] = right;
    assert!(exact.abs_diff(rounded) <= 10 && exact.abs_diff(batched) <= 10, "{right:?} of 10,000");
    let saved = Mnist::WEIGHT_BYTES - MnistBf16::WEIGHT_BYTES;
    assert_eq!(saved, 2 * (3136 * 128 + 128 * 16));
}

/// The first 200 images, embedded weights against the executor's, on every level.
#[test]
fn the_executor_gives_the_same_bits() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/specs");
    let text = std::fs::read(specs.join("mnist.yaml")).expect("a specification");
    let analysis = analyse(yaml::parse("mnist.yaml", &text), &Defaults::default(), Some(&Directory(specs)));
    let [network] = &analysis.networks[..] else { panic!("{:?}", analysis.diagnostics) };
    let weights = network.weights.as_ref().expect("the file names its weights");
    let data: Vec<_> = weights.places.iter().map(|place| place.data(&weights.file.bytes)).collect();
    let mut graph = network.graph.clone();
    optimise(&mut graph, &Options::default());
    let plan = plan(&graph, &Options::default());
    let mut workspace = Workspace::new();
    for level in Level::available() {
        let model = Mnist::new().with_level(level);
        let mut executor = Executor::new(&plan, &data, level);
        for image in &mnist_test().images[..200] {
            let executed = executor.run(&[image.as_flattened().as_flattened()]);
            assert_eq!(executed, [model.predict(image, &mut workspace).to_vec()], "{level}");
        }
    }
}

/// Compares every probability with the framework's, and counts the digits that are read right.
fn judge(framework: &str, right: usize, mut predict: impl FnMut(&Digit) -> Probabilities) {
    let digits = mnist_test();
    let answers = answers(framework);
    assert_eq!(answers.len(), digits.images.len());
    let mut correct = 0;
    let mut worst = 0.0f32;
    for ((image, label), answer) in digits.images.iter().zip(&digits.labels).zip(&answers) {
        let found = predict(image);
        for (found, answer) in found.iter().zip(answer) {
            assert!(found.is_finite());
            worst = worst.max((found - answer).abs());
        }
        let best = (0..10).max_by(|&a, &b| found[a].total_cmp(&found[b]));
        correct += usize::from(best == Some(usize::from(*label)));
    }
    assert!(worst <= 1e-4, "a probability is off by {worst}");
    assert_eq!(correct, right);
}

/// The framework's probabilities, by image.
fn answers(framework: &str) -> Vec<Probabilities> {
    let name = format!("golden/mnist_{framework}_test.safetensors");
    let file = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("the answers");
    let tensors = SafeTensors::deserialize(&file).expect("a safetensors file");
    let tensor = tensors.tensor("probabilities").expect("the probabilities");
    let (words, _) = tensor.data().as_chunks();
    let floats: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    floats.as_chunks().0.to_vec()
}
