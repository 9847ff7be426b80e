//! The compiled networks give the very bits that the executor gives for their specifications.

#![forbid(unsafe_code)]

use std::path::Path;

use convolve::Model;
use convolve::Workspace;
use convolve_compiler::check::parameters;
use convolve_compiler::execute::Executor;
use convolve_compiler::graph::Graph;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_models as models;
use convolve_runtime::simd::Level;
use convolve_runtime::weights::Data;
use convolve_tests::network;
use convolve_tests::random::Random;

const SEED: u64 = 7;

/// One test a network.
macro_rules! bit_equal {
    ($($test:ident: $model:ident, $spec:literal;)*) => {$(
        #[test]
        fn $test() {
            let graph = graph($spec);
            let input = network::inputs(&graph, &mut Random::new(SEED));
            let mut workspace = Workspace::new();
            for level in levels(<models::$model as Model>::MACS) {
                let model = models::$model::init(SEED).with_level(level);
                let compiled = model.predict(image(&input[0]), &mut workspace).bits();
                assert!(compiled == executed(&graph, level, &input), "{level}");
            }
        }
    )*};
}

bit_equal! {
    mnist: Mnist, "mnist";
    mnist_pytorch: MnistPytorch, "mnist_pytorch";
    digits: Digits, "digits";
    digit_segmentation: DigitSegmentation, "digit_segmentation";
    unet: UNet, "unet";
    dilated: DilatedNet, "dilated";
    same_max2: SameMax2, "same_max2";
    valid_max2: ValidMax2, "valid_max2";
    same_avg3: SameAvg3, "same_avg3";
    valid_avg3: ValidAvg3, "valid_avg3";
    atrous_pyramid: AtrousPyramid, "atrous_pyramid";
    resnet18: ResNet18, "resnet18";
    resnet50: ResNet50, "resnet50";
    mobilenetv2: MobileNetV2, "mobilenetv2";
}

/// Every level of the host for small networks; the best one where the slow ones would take minutes.
fn levels(macs: u64) -> Vec<Level> {
    if macs < 100_000_000 { Level::available().collect() } else { vec![Level::detect()] }
}

fn graph(spec: &str) -> Graph {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/specs");
    let text = std::fs::read_to_string(specs.join(spec).with_extension("yaml")).expect("a specification");
    network::graph(&text).expect("a network without mistakes")
}

/// The bits of each output.
fn executed(graph: &Graph, level: Level, inputs: &[Vec<f32>]) -> Vec<Vec<u32>> {
    let mut graph = graph.clone();
    let options = Options::default();
    optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    let tensors = parameters(&graph);
    let tensors: Vec<Data<'_>> =
        tensors.iter().enumerate().map(|(index, tensor)| tensor.initial(SEED, index)).collect();
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    Executor::new(&plan, &tensors, level).run(&inputs).iter().map(|output| bits(output)).collect()
}

fn image<const C: usize, const W: usize, const H: usize>(floats: &[f32]) -> &[[[f32; C]; W]; H] {
    let (pixels, _) = floats.as_chunks();
    let (rows, _) = pixels.as_chunks();
    rows.first_chunk().expect("as many floats as the image has")
}

fn bits(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|x| x.to_bits()).collect()
}

/// What `predict` gives.
trait Outputs {
    /// The bits of each output.
    fn bits(&self) -> Vec<Vec<u32>>;
}

impl<const N: usize> Outputs for &[f32; N] {
    fn bits(&self) -> Vec<Vec<u32>> {
        vec![bits(&self[..])]
    }
}

impl<const C: usize, const W: usize, const H: usize> Outputs for &[[[f32; C]; W]; H] {
    fn bits(&self) -> Vec<Vec<u32>> {
        vec![bits(self.as_flattened().as_flattened())]
    }
}

impl<A: Outputs, B: Outputs> Outputs for (A, B) {
    fn bits(&self) -> Vec<Vec<u32>> {
        [self.0.bits(), self.1.bits()].concat()
    }
}

impl<A: Outputs, B: Outputs, C: Outputs> Outputs for (A, B, C) {
    fn bits(&self) -> Vec<Vec<u32>> {
        [self.0.bits(), self.1.bits(), self.2.bits()].concat()
    }
}
