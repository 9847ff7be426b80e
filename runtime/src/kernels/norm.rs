use super::Activation;
use super::rows::{copy_pixels, lanes_below, rows};
use crate::run::Run;
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};
use core::ops::Range;

/// `output = activation(scale · input + shift)`, channel by channel: a batch norm that no convolution absorbed.
///
/// Weights lie at `weights`: the scales, then the shifts, each rounded up to a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// The tensor read, or `None` to work in place on the output.
    pub input: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// First float of scales and shifts in the packed weights.
    pub weights: usize,
    /// Applied last.
    pub activation: Activation,
}

/// The elements that share a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormalizeOver {
    /// The channels of each pixel (layer norm).
    Channels,
    /// All pixels of each of this many groups of neighbouring channels (group norm; instance norm
    /// with as many groups as channels).
    Groups(usize),
}

/// `output = activation(scale · (input − mean) / √(variance + epsilon) + shift)`, mean and variance taken
/// from the input itself.
///
/// Weights as for [`Affine`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalize {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written.
    pub output: Slot,
    /// The elements that share a mean and a variance.
    pub over: NormalizeOver,
    /// Added to the variance.
    pub epsilon: f32,
    /// First float of scales and shifts in the packed weights.
    pub weights: usize,
    /// Applied last.
    pub activation: Activation,
}

impl Affine {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, weights) = (run.level, run.weights);
        let Slot { channels, pitch, width, .. } = self.output;
        let (scales, shifts) = vectors(weights, self.weights, channels);
        let affine = |row: &mut [f32]| {
            level.dispatch(AffineRow { scales, shifts, row, pitch });
            self.activation.apply(level, weights, row, 0..channels, pitch);
        };
        let Some(input) = &self.input else {
            return affine(run.in_place(&self.output));
        };
        let ([data], output) = run.operands([input], &self.output);
        for (y, row) in rows(&self.output, output).enumerate() {
            copy_pixels(&data[y * width * input.pitch..], input.pitch, row, pitch, width, channels);
            affine(row);
        }
    }
}

/// The scales and the shifts of `channels` channels, from `at` in the packed weights.
fn vectors(weights: &[f32], at: usize, channels: usize) -> (&[f32], &[f32]) {
    let shifts = at + padded(channels);
    (&weights[at..at + channels], &weights[shifts..shifts + channels])
}

struct AffineRow<'a> {
    scales: &'a [f32],
    shifts: &'a [f32],
    row: &'a mut [f32],
    pitch: usize,
}

impl WithSimd for AffineRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        for pixel in self.row.chunks_mut(self.pitch) {
            let vectors = self.scales.chunks(S::LANES).zip(self.shifts.chunks(S::LANES));
            for (lanes, (scale, shift)) in pixel[..self.scales.len()].chunks_mut(S::LANES).zip(vectors) {
                let x = s.load_partial(lanes);
                s.store_partial(s.mul_add(x, s.load_partial(scale), s.load_partial(shift)), lanes);
            }
        }
    }
}

impl Normalize {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, weights) = (run.level, run.weights);
        let ([input], output) = run.operands([&self.input], &self.output);
        let Slot { channels, pitch, .. } = self.output;
        let (scales, shifts) = vectors(weights, self.weights, channels);
        level.dispatch(NormalizeMap { kernel: self, scales, shifts, input, output: &mut *output });
        for row in rows(&self.output, output) {
            self.activation.apply(level, weights, row, 0..channels, pitch);
        }
    }
}

struct NormalizeMap<'a> {
    kernel: &'a Normalize,
    scales: &'a [f32],
    shifts: &'a [f32],
    input: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for NormalizeMap<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let Slot { height, width, channels, .. } = self.kernel.input;
        match self.kernel.over {
            NormalizeOver::Channels => {
                for pixel in 0..height * width {
                    self.one(s, Block { first: pixel, height: 1, width: 1, channels: 0..channels });
                }
            }
            NormalizeOver::Groups(groups) => {
                let size = channels / groups;
                let block = |channels| Block { first: 0, height, width, channels };
                // Small groups share vectors, so that no lane idles.
                let together = (S::LANES / size).max(1);
                for group in (0..groups).step_by(together) {
                    let end = (group + together).min(groups);
                    let block = block(group * size..end * size);
                    if together == 1 { self.one(s, block) } else { self.several(s, block, size) }
                }
            }
        }
    }
}

/// Some channels of a rectangle of pixels.
struct Block {
    first: usize,
    height: usize,
    width: usize,
    channels: Range<usize>,
}

impl NormalizeMap<'_> {
    /// Normalises a block whose elements all share a mean and a variance.
    #[inline(always)]
    fn one<S: Simd>(&mut self, s: S, block: Block) {
        let count = (block.height * block.width * block.channels.len()) as f32;
        let zero = s.splat(0.0);
        let mut sum = 0.0;
        for channels in vectors_of::<S>(&block.channels) {
            sum += s.sum(self.sums(s, &block, channels, |x| x));
        }
        let mean = s.splat(sum / count);
        let mut squares = 0.0;
        for channels in vectors_of::<S>(&block.channels) {
            let inside = lanes_below(s, channels.len());
            squares += s.sum(self.sums(s, &block, channels, |x| {
                let apart = s.select(inside, s.sub(x, mean), zero);
                s.mul(apart, apart)
            }));
        }
        let variance = s.splat(squares / count);
        for channels in vectors_of::<S>(&block.channels) {
            self.write(s, &block, channels, mean, variance);
        }
    }

    /// Normalises a block of a vector's channels, `size` neighbours of which share a mean and a
    /// variance.
    #[inline(always)]
    fn several<S: Simd>(&mut self, s: S, block: Block, size: usize) {
        let channels = block.channels.clone();
        let count = (block.height * block.width * size) as f32;
        let mean = shared(s, self.sums(s, &block, channels.clone(), |x| x), size, count);
        let squares = self.sums(s, &block, channels.clone(), |x| {
            let apart = s.sub(x, mean);
            s.mul(apart, apart)
        });
        self.write(s, &block, channels, mean, shared(s, squares, size, count));
    }

    /// Sums `f` of each of a vector's channels, pixel by pixel in each row, then the rows.
    #[inline(always)]
    fn sums<S: Simd>(&self, s: S, block: &Block, channels: Range<usize>, f: impl Fn(S::V) -> S::V) -> S::V {
        let pitch = self.kernel.input.pitch;
        let mut total = s.splat(0.0);
        for y in 0..block.height {
            let mut sum = s.splat(0.0);
            for x in 0..block.width {
                let at = (block.first + y * block.width + x) * pitch;
                sum = s.add(sum, f(s.load_partial(&self.input[at + channels.start..at + channels.end])));
            }
            total = s.add(total, sum);
        }
        total
    }

    #[inline(always)]
    fn write<S: Simd>(&mut self, s: S, block: &Block, channels: Range<usize>, mean: S::V, variance: S::V) {
        let (input, output) = (self.kernel.input.pitch, self.kernel.output.pitch);
        let deviation = s.sqrt(s.add(variance, s.splat(self.kernel.epsilon)));
        let scale = s.div(s.load_partial(&self.scales[channels.clone()]), deviation);
        let shift = s.load_partial(&self.shifts[channels.clone()]);
        for pixel in block.first..block.first + block.height * block.width {
            let from = &self.input[pixel * input..][channels.clone()];
            let to = &mut self.output[pixel * output..][channels.clone()];
            s.store_partial(s.mul_add(s.sub(s.load_partial(from), mean), scale, shift), to);
        }
    }
}

/// The vectors that hold these channels.
#[inline(always)]
fn vectors_of<S: Simd>(channels: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<S> {
    let end = channels.end;
    channels.clone().step_by(S::LANES).map(move |first| first..(first + S::LANES).min(end))
}

/// Adds up each `size` neighbouring lanes, divides by `count` and gives the result to each of them.
#[inline(always)]
fn shared<S: Simd>(s: S, sums: S::V, size: usize, count: f32) -> S::V {
    let mut lanes = [0.0; PANEL];
    s.store(sums, &mut lanes);
    for group in lanes[..S::LANES].chunks_mut(size) {
        let mean = group.iter().sum::<f32>() / count;
        group.fill(mean);
    }
    s.load(&lanes)
}
