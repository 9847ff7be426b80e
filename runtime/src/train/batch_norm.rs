use core::ops::Range;

use super::Pass;
use super::rows::operands;
use crate::kernels::Activation;
use crate::kernels::norm::{SPAN, parts};
use crate::kernels::rows::{load, store, zip_in_place};
use crate::kernels::sums::{Apart, Products, Terms, add_sums};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// First phase of a batch norm: adds each channel's sum over the image to the sums.
///
/// Here as in the other phases an image is summed in single precision, the pixels of a row and then the rows, and the
/// images of a group after that: a sum is wrong by at most 2⁻²⁴ (width + height + images of the group) of the sum of its
/// terms' magnitudes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSum {
    /// What the norm reads.
    pub input: Slot,
    /// First of the sums, one a channel.
    pub at: usize,
}

/// Second phase: adds each channel's sum of `(x − mean)²`, so that a mean far from zero costs no digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSquares {
    /// What the norm reads.
    pub input: Slot,
    /// First of the totals of [`BatchSum`].
    pub sums: usize,
    /// First of the sums, one a channel.
    pub at: usize,
}

/// Where a batch norm's parameters and the totals of its phases lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchMoments {
    /// First γ in the packed weights, and of its gradient in the sums.
    pub gamma: usize,
    /// First β in the packed weights, and of its gradient in the sums.
    pub beta: usize,
    /// First of the totals of [`BatchSum`].
    pub sums: usize,
    /// First of the totals of [`BatchSquares`].
    pub squares: usize,
    /// Added to the variance.
    pub epsilon: f32,
}

/// Third phase: `activation(γ (x − mean) / √(variance + epsilon) + β)`, with the mean and the biased variance of the
/// whole batch (Ioffe and Szegedy 2015).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// The tensor read, or `None` to work in place on the output.
    pub input: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// Parameters and totals.
    pub moments: BatchMoments,
    /// Applied last.
    pub activation: Activation,
}

/// First phase of a batch norm's gradient: adds `Σ g (x − mean) / √(variance + epsilon)` to the gradient of γ, and `Σ g`
/// to that of β.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormGradientSums {
    /// What the norm read.
    pub input: Slot,
    /// Gradient of the result, before any activation.
    pub gradient: Slot,
    /// Parameters and totals.
    pub moments: BatchMoments,
}

/// Second phase: the gradient of what the norm read,
/// `γ / √(variance + epsilon) (g − mean of g − x̂ · mean of g x̂)`, the means from the totals of [`BatchNormGradientSums`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormGradient {
    /// What the norm read.
    pub input: Slot,
    /// Gradient of the result, before any activation, or `None` for the output's present content.
    pub gradient: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// Parameters and totals.
    pub moments: BatchMoments,
}

impl BatchSum {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let Pass { run, sums, .. } = pass;
        let ([data], slot, centers) = (run.read([&self.input]), &self.input, [0.0; SPAN]);
        for part in parts(&(0..slot.channels)) {
            let terms = Apart::<false> { data: &data[part.start..], pitch: slot.pitch, centers: &centers };
            run.level.dispatch(AddImage { terms: &terms, slot, to: &mut sums[self.at..][part] });
        }
    }
}

impl BatchSquares {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let Pass { run, sums, totals, images, .. } = pass;
        let ([data], slot) = (run.read([&self.input]), &self.input);
        let count = (*images * slot.height * slot.width) as f32;
        for part in parts(&(0..slot.channels)) {
            let mut centers = [0.0; SPAN];
            for (center, sum) in centers.iter_mut().zip(&totals[self.sums..][part.clone()]) {
                *center = sum / count;
            }
            let terms = Apart::<true> { data: &data[part.start..], pitch: slot.pitch, centers: &centers };
            run.level.dispatch(AddImage { terms: &terms, slot, to: &mut sums[self.at..][part] });
        }
    }
}

/// Adds the sums over an image to those of other images.
struct AddImage<'a, T> {
    terms: &'a T,
    slot: &'a Slot,
    to: &'a mut [f32],
}

impl<T: Terms<1>> WithSimd for AddImage<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let mut sums = [0.0; SPAN];
        let sums = &mut sums[..self.to.len()];
        add_sums(s, self.terms, self.slot, [&mut *sums]);
        zip_in_place(s, self.to, sums, |a, b| s.add(a, b));
    }
}

/// Mean and 1 / √(variance + epsilon) of some channels.
struct Scale {
    means: [f32; SPAN],
    inverses: [f32; SPAN],
}

impl BatchMoments {
    /// Those of at most `SPAN` channels, over `count` elements each.
    #[inline(always)]
    fn scale<S: Simd>(&self, s: S, totals: &[f32], count: S::V, channels: &Range<usize>) -> Scale {
        let (mut means, mut inverses) = ([0.0; SPAN], [0.0; SPAN]);
        let sums = totals[self.sums..][channels.clone()].chunks(S::LANES);
        let squares = totals[self.squares..][channels.clone()].chunks(S::LANES);
        let to = means.chunks_mut(S::LANES).zip(inverses.chunks_mut(S::LANES));
        for ((sum, square), (mean, inverse)) in sums.zip(squares).zip(to) {
            s.store(s.div(load(s, sum), count), mean);
            let variance = s.div(load(s, square), count);
            s.store(s.div(s.splat(1.0), s.sqrt(s.add(variance, s.splat(self.epsilon)))), inverse);
        }
        Scale { means, inverses }
    }
}

impl BatchNorm {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let Pass { run, totals, images, .. } = pass;
        let (level, weights) = (run.level, run.weights);
        let ([input], output) = operands(run, [self.input.as_ref()], &self.output);
        let Slot { height, width, channels, pitch, .. } = self.output;
        let count = (*images * height * width) as f32;
        let input = self.input.map(|slot| (input, slot.pitch));
        level.dispatch(Forward { kernel: self, totals, count, weights, input, output: &mut *output });
        if self.activation.limits().is_none() {
            self.activation.apply(level, weights, output, 0..channels, pitch);
        }
    }
}

struct Forward<'a> {
    kernel: &'a BatchNorm,
    totals: &'a [f32],
    count: f32,
    weights: &'a [f32],
    /// The floats read and their pitch.
    input: Option<(&'a [f32], usize)>,
    output: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let BatchNorm { moments, activation, output: Slot { channels, pitch, .. }, .. } = self.kernel;
        let [low, high] = activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
        let (low, high) = (s.splat(low), s.splat(high));
        for part in parts(&(0..*channels)) {
            let Scale { means, inverses: mut factors } =
                moments.scale(s, self.totals, s.splat(self.count), &part);
            let factors = &mut factors[..part.len()];
            zip_in_place(s, factors, &self.weights[moments.gamma..][part.clone()], |a, b| s.mul(a, b));
            let shifts = &self.weights[moments.beta..][part.clone()];
            for (index, pixel) in self.output.chunks_mut(*pitch).enumerate() {
                let from = self.input.map(|(data, pitch)| &data[index * pitch..][part.clone()]);
                for (index, lanes) in pixel[part.clone()].chunks_mut(S::LANES).enumerate() {
                    let range = index * S::LANES..index * S::LANES + lanes.len();
                    let x = load(s, from.map_or(&*lanes, |from| &from[range.clone()]));
                    let apart = s.sub(x, load(s, &means[range.clone()]));
                    let y = s.mul_add(apart, load(s, &factors[range.clone()]), load(s, &shifts[range]));
                    store(s, s.min(high, s.max(low, y)), lanes);
                }
            }
        }
    }
}

impl BatchNormGradientSums {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let Pass { run, sums, totals, images, .. } = pass;
        let data = run.read([&self.input, &self.gradient]);
        let count = (*images * self.input.height * self.input.width) as f32;
        run.level.dispatch(BackwardSums { kernel: self, totals, count, data, sums });
    }
}

struct BackwardSums<'a> {
    kernel: &'a BatchNormGradientSums,
    totals: &'a [f32],
    count: f32,
    /// Floats of the input and of the gradient.
    data: [&'a [f32]; 2],
    sums: &'a mut [f32],
}

impl WithSimd for BackwardSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let BatchNormGradientSums { input, gradient, moments } = self.kernel;
        for part in parts(&(0..input.channels)) {
            let Scale { means, inverses } = moments.scale(s, self.totals, s.splat(self.count), &part);
            let data = self.data.map(|data| &data[part.start..]);
            let terms = Products { data, pitches: [input.pitch, gradient.pitch], centers: &means };
            let (mut products, mut sums) = ([0.0; SPAN], [0.0; SPAN]);
            let (products, sums) = (&mut products[..part.len()], &mut sums[..part.len()]);
            add_sums(s, &terms, input, [&mut *products, &mut *sums]);
            zip_in_place(s, products, &inverses[..part.len()], |a, b| s.mul(a, b));
            zip_in_place(s, &mut self.sums[moments.gamma..][part.clone()], products, |a, b| s.add(a, b));
            zip_in_place(s, &mut self.sums[moments.beta..][part], sums, |a, b| s.add(a, b));
        }
    }
}

impl BatchNormGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let Pass { run, totals, images, .. } = pass;
        let (level, weights) = (run.level, run.weights);
        let count = (*images * self.input.height * self.input.width) as f32;
        let slots = [Some(&self.input), self.gradient.as_ref()];
        let ([input, gradient], output) = operands(run, slots, &self.output);
        let gradient = self.gradient.map(|slot| (gradient, slot.pitch));
        level.dispatch(Backward { kernel: self, totals, count, weights, input, gradient, output });
    }
}

struct Backward<'a> {
    kernel: &'a BatchNormGradient,
    totals: &'a [f32],
    count: f32,
    weights: &'a [f32],
    input: &'a [f32],
    /// The gradient's floats and their pitch.
    gradient: Option<(&'a [f32], usize)>,
    output: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let BatchNormGradient { moments, input, output: Slot { channels, pitch, .. }, .. } = self.kernel;
        let count = s.splat(self.count);
        for part in parts(&(0..*channels)) {
            let Scale { means, inverses } = moments.scale(s, self.totals, count, &part);
            // factor · (g − mean of g − (x − mean) · bend)
            let (mut factors, mut levels, mut bends) = ([0.0; SPAN], [0.0; SPAN], [0.0; SPAN]);
            for first in (0..part.len()).step_by(S::LANES) {
                let lanes = first..(first + S::LANES).min(part.len());
                let inverse = s.load(&inverses[first..]);
                let gamma = load(s, &self.weights[moments.gamma + part.start..][lanes.clone()]);
                let products = load(s, &self.totals[moments.gamma + part.start..][lanes.clone()]);
                let sums = load(s, &self.totals[moments.beta + part.start..][lanes]);
                s.store(s.mul(gamma, inverse), &mut factors[first..]);
                s.store(s.div(sums, count), &mut levels[first..]);
                s.store(s.div(s.mul(products, inverse), count), &mut bends[first..]);
            }
            let pixels = self.input.chunks(input.pitch).zip(self.output.chunks_mut(*pitch));
            for (index, (x, pixel)) in pixels.enumerate() {
                let from = self.gradient.map(|(data, pitch)| &data[index * pitch..][part.clone()]);
                let x = x[part.clone()].chunks(S::LANES);
                for (index, (x, lanes)) in x.zip(pixel[part.clone()].chunks_mut(S::LANES)).enumerate() {
                    let first = index * S::LANES;
                    let g = load(s, from.map_or(&*lanes, |from| &from[first..][..lanes.len()]));
                    let apart = s.sub(load(s, x), s.load(&means[first..]));
                    let level = s.sub(g, s.load(&levels[first..]));
                    let straight = s.sub(level, s.mul(apart, s.load(&bends[first..])));
                    store(s, s.mul(straight, s.load(&factors[first..])), lanes);
                }
            }
        }
    }
}
