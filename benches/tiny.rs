//! What a call of a kernel costs: networks of about a thousand parameters beside the same ones written by
//! hand, as loops over arrays: `cargo bench --bench tiny`.

use std::hint::black_box;

use convolve::Workspace;
use criterion::{Criterion, criterion_group, criterion_main};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

convolve::cnn! {
    /// 994 parameters.
    #[weights(layout = keras)]
    fn Convolutional(image: Input<8, 8, 1>) -> Output<10> {
        let conv1 = conv2d(image, filters = 8, kernel_size = 3, padding = same, activation = relu);
        let pool1 = max_pool2d(conv1, kernel_size = 2);
        let conv2 = conv2d(pool1, filters = 8, kernel_size = 3, padding = same, activation = relu);
        let pool2 = max_pool2d(conv2, kernel_size = 2);
        let scores = dense(flatten(pool2), units = 10, activation = softmax);
        scores
    }
}

convolve::cnn! {
    /// 1,140 parameters.
    #[weights(layout = keras)]
    fn Perceptron(features: Input<16>) -> Output<4> {
        let hidden1 = dense(features, units = 32, activation = relu);
        let hidden2 = dense(hidden1, units = 16, activation = relu);
        let scores = dense(hidden2, units = 4);
        scores
    }
}

/// Weights of a convolution by hand, and its bias.
type Conv<const I: usize, const O: usize> = ([[[[f32; O]; I]; 3]; 3], [f32; O]);

/// The convolutional network by hand. Weights stand by kernel row, kernel column, input and output.
struct HandConvolutional {
    conv1: Conv<1, 8>,
    conv2: Conv<8, 8>,
    dense: ([[f32; 10]; 32], [f32; 10]),
}

impl HandConvolutional {
    fn predict(&self, image: &[[[f32; 1]; 8]; 8]) -> [f32; 10] {
        let conv1: [[[f32; 8]; 8]; 8] = conv(image, &self.conv1);
        let pool1: [[[f32; 8]; 4]; 4] = pool(&conv1);
        let conv2: [[[f32; 8]; 4]; 4] = conv(&pool1, &self.conv2);
        let pool2: [[[f32; 8]; 2]; 2] = pool(&conv2);
        let flat: &[f32; 32] = pool2.as_flattened().as_flattened().as_array().expect("2 · 2 · 8 numbers");
        let mut scores = dense(flat, &self.dense);
        let largest = scores.iter().copied().fold(f32::MIN, f32::max);
        scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
        let sum: f32 = scores.iter().sum();
        scores.map(|score| score / sum)
    }
}

/// The dense network by hand. Weights stand by input and output.
struct HandPerceptron {
    hidden1: ([[f32; 32]; 16], [f32; 32]),
    hidden2: ([[f32; 16]; 32], [f32; 16]),
    scores: ([[f32; 4]; 16], [f32; 4]),
}

impl HandPerceptron {
    fn predict(&self, features: &[f32; 16]) -> [f32; 4] {
        let hidden1 = dense(features, &self.hidden1).map(|x| x.max(0.0));
        let hidden2 = dense(&hidden1, &self.hidden2).map(|x| x.max(0.0));
        dense(&hidden2, &self.scores)
    }
}

/// A 3×3 convolution with `same` padding, and relu.
fn conv<const I: usize, const O: usize, const N: usize>(
    input: &[[[f32; I]; N]; N],
    (weights, bias): &Conv<I, O>,
) -> [[[f32; O]; N]; N] {
    let mut output = [[[0.0; O]; N]; N];
    for y in 0..N {
        for x in 0..N {
            let mut sums = *bias;
            for (ky, row) in weights.iter().enumerate().filter(|(ky, _)| (1..=N).contains(&(y + ky))) {
                for (kx, taps) in row.iter().enumerate().filter(|(kx, _)| (1..=N).contains(&(x + kx))) {
                    for (value, weights) in input[y + ky - 1][x + kx - 1].iter().zip(taps) {
                        for (sum, weight) in sums.iter_mut().zip(weights) {
                            *sum += value * weight;
                        }
                    }
                }
            }
            output[y][x] = sums.map(|sum| sum.max(0.0));
        }
    }
    output
}

/// The maximum of each 2×2 window.
fn pool<const C: usize, const N: usize, const M: usize>(input: &[[[f32; C]; N]; N]) -> [[[f32; C]; M]; M] {
    let mut output = [[[0.0; C]; M]; M];
    for (y, row) in output.iter_mut().enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            for (c, cell) in pixel.iter_mut().enumerate() {
                let pair = |y: usize| input[y][2 * x][c].max(input[y][2 * x + 1][c]);
                *cell = pair(2 * y).max(pair(2 * y + 1));
            }
        }
    }
    output
}

fn dense<const I: usize, const O: usize>(
    input: &[f32; I],
    (weights, bias): &([[f32; O]; I], [f32; O]),
) -> [f32; O] {
    let mut sums = *bias;
    for (value, weights) in input.iter().zip(weights) {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += value * weight;
        }
    }
    sums
}

/// Weights as numbers of no meaning, the same for the compiled network and for that by hand.
#[derive(Default)]
struct File(Vec<(String, Vec<usize>, Vec<f32>)>);

impl File {
    /// The kernel and the bias of a layer, in the Keras layout.
    fn layer(&mut self, name: &str, shape: &[usize]) -> [Vec<f32>; 2] {
        let outputs = shape.last().copied().unwrap_or(1);
        [("kernel", shape), ("bias", &[outputs])].map(|(part, shape)| {
            let salt = 7 * self.0.len();
            let count = shape.iter().product::<usize>();
            let numbers: Vec<f32> =
                (0..count).map(|index| ((index * 37 + salt) % 101) as f32 * 0.005 - 0.25).collect();
            self.0.push((format!("{name}.{part}"), shape.to_vec(), numbers.clone()));
            numbers
        })
    }

    fn conv<const I: usize, const O: usize>(&mut self, name: &str) -> Conv<I, O> {
        let [kernel, bias] = self.layer(name, &[3, 3, I, O]);
        let rows = kernel.as_chunks::<O>().0.as_chunks::<I>().0.as_chunks::<3>().0;
        (*rows.as_array().expect("three rows"), *bias.as_array().expect("a bias for each output"))
    }

    fn dense<const I: usize, const O: usize>(&mut self, name: &str) -> ([[f32; O]; I], [f32; O]) {
        let [kernel, bias] = self.layer(name, &[I, O]);
        let inputs = kernel.as_chunks::<O>().0;
        (*inputs.as_array().expect("a row for each input"), *bias.as_array().expect("a bias for each output"))
    }

    fn bytes(&self) -> Vec<u8> {
        let bytes: Vec<Vec<u8>> =
            self.0.iter().map(|(_, _, data)| data.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
        let tensors = self.0.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
            (
                name,
                TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many numbers as the shape says"),
            )
        });
        safetensors::serialize(tensors, None).expect("a safetensors file")
    }
}

/// Times both, once they are found to compute the same.
macro_rules! compare {
    ($criterion:ident, $title:literal, $network:ident, $file:ident, $hand:ident, $input:expr) => {
        let model = $network::from_safetensors(&$file.bytes()).expect("weights that fit");
        let mut workspace = Workspace::new();
        let input = $input;
        for (ours, theirs) in model.predict(&input, &mut workspace).iter().zip($hand.predict(&input)) {
            assert!((ours - theirs).abs() <= 1e-5 * theirs.abs().max(1.0), "{ours} is not {theirs}");
        }
        let mut group = $criterion.benchmark_group($title);
        group.bench_function("compiled", |bencher| {
            bencher.iter(|| {
                black_box(model.predict(black_box(&input), &mut workspace));
            });
        });
        group.bench_function("by hand", |bencher| {
            bencher.iter(|| black_box($hand.predict(black_box(&input))));
        });
        group.finish();
    };
}

fn tiny(criterion: &mut Criterion) {
    let mut file = File::default();
    let (conv1, conv2, dense) = (file.conv("conv1"), file.conv("conv2"), file.dense("scores"));
    let hand = HandConvolutional { conv1, conv2, dense };
    let image: [[[f32; 1]; 8]; 8] =
        std::array::from_fn(|y| std::array::from_fn(|x| [(y * x % 7) as f32 / 7.0]));
    compare!(criterion, "convolutional", Convolutional, file, hand, image);

    let mut file = File::default();
    let (hidden1, hidden2) = (file.dense("hidden1"), file.dense("hidden2"));
    let hand = HandPerceptron { hidden1, hidden2, scores: file.dense("scores") };
    let features: [f32; 16] = std::array::from_fn(|index| index as f32 / 16.0);
    compare!(criterion, "perceptron", Perceptron, file, hand, features);
}

criterion_group!(benches, tiny);
criterion_main!(benches);
