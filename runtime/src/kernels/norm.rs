use super::Activation;
use super::rows::{copy_pixels, each_row, lanes_below, load, store};
use super::sums::{Apart, add_sums};
use crate::run::Run;
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::padded;
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
        let (level, team, weights) = (run.level, run.team, run.weights);
        let Slot { channels, pitch, width, .. } = self.output;
        let macs = 4 + self.activation.macs();
        let (scales, shifts) = vectors(weights, self.weights, channels);
        let affine = |row: &mut [f32]| {
            level.dispatch(AffineRow { scales, shifts, row, pitch });
            self.activation.apply(level, weights, row, 0..channels, pitch);
        };
        let Some(input) = &self.input else {
            return each_row(team, &self.output, run.in_place(&self.output), macs, |_, row| affine(row));
        };
        let ([data], output) = run.operands([input], &self.output);
        each_row(team, &self.output, output, macs, |y, row| {
            copy_pixels(&data[y * width * input.pitch..], input.pitch, row, pitch, width, channels);
            affine(row);
        });
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
                store(s, s.mul_add(load(s, lanes), load(s, scale), load(s, shift)), lanes);
            }
        }
    }
}

impl Normalize {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, team, weights) = (run.level, run.team, run.weights);
        let ([input], output) = run.operands([&self.input], &self.output);
        let Slot { channels, pitch, .. } = self.output;
        let (scales, shifts) = vectors(weights, self.weights, channels);
        level.dispatch(NormalizeMap { kernel: self, scales, shifts, input, output: &mut *output });
        if self.activation != Activation::Linear {
            each_row(team, &self.output, output, self.activation.macs(), |_, row| {
                self.activation.apply(level, weights, row, 0..channels, pitch);
            });
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
                    self.pixel(s, pixel);
                }
            }
            NormalizeOver::Groups(groups) => {
                for range in whole_groups(channels, groups) {
                    self.groups(s, range, channels / groups);
                }
            }
        }
    }
}

impl NormalizeMap<'_> {
    /// Normalises the channels of one pixel.
    #[inline(always)]
    fn pixel<S: Simd>(&mut self, s: S, pixel: usize) {
        let Slot { channels, pitch, .. } = self.kernel.input;
        let input = &self.input[pixel * pitch..][..channels];
        let output = &mut self.output[pixel * self.kernel.output.pitch..][..channels];
        let (mean, variance) = pixel_moments(s, input);
        let deviation = s.sqrt(s.add(variance, s.splat(self.kernel.epsilon)));
        let vectors = input.chunks(S::LANES).zip(self.scales.chunks(S::LANES));
        let vectors = vectors.zip(self.shifts.chunks(S::LANES)).zip(output.chunks_mut(S::LANES));
        for (((x, scale), shift), lanes) in vectors {
            let unit = s.div(s.sub(load(s, x), mean), deviation);
            store(s, s.mul_add(unit, load(s, scale), load(s, shift)), lanes);
        }
    }

    /// Normalises some channels, `size` neighbours of which share a mean and a variance.
    #[inline(always)]
    fn groups<S: Simd>(&mut self, s: S, channels: Range<usize>, size: usize) {
        let moments = Moments::new(s, &self.kernel.input, self.input, &channels, size);
        for part in parts(&channels) {
            self.write(s, part, &moments);
        }
    }

    #[inline(always)]
    fn write<S: Simd>(&mut self, s: S, channels: Range<usize>, moments: &Moments) {
        let Moments { means, variances } = moments;
        let mut factors = [0.0; SPAN];
        let scales = self.scales[channels.clone()].chunks(S::LANES);
        for ((scale, variance), factor) in
            scales.zip(variances.chunks(S::LANES)).zip(factors.chunks_mut(S::LANES))
        {
            let deviation = s.sqrt(s.add(load(s, variance), s.splat(self.kernel.epsilon)));
            store(s, s.div(load(s, scale), deviation), factor);
        }
        let input = self.input.chunks(self.kernel.input.pitch);
        for (from, to) in input.zip(self.output.chunks_mut(self.kernel.output.pitch)) {
            let vectors = from[channels.clone()].chunks(S::LANES).zip(means.chunks(S::LANES));
            let vectors = vectors.zip(factors.chunks(S::LANES));
            let vectors = vectors.zip(self.shifts[channels.clone()].chunks(S::LANES));
            for ((((x, mean), factor), shift), lanes) in
                vectors.zip(to[channels.clone()].chunks_mut(S::LANES))
            {
                let apart = s.sub(load(s, x), load(s, mean));
                store(s, s.mul_add(apart, load(s, factor), load(s, shift)), lanes);
            }
        }
    }
}

/// Mean and variance of the channels of one pixel.
#[inline(always)]
pub(crate) fn pixel_moments<S: Simd>(s: S, pixel: &[f32]) -> (S::V, S::V) {
    let (zero, count) = (s.splat(0.0), pixel.len() as f32);
    let mut sum = zero;
    for lanes in pixel.chunks(S::LANES) {
        sum = s.add(sum, load(s, lanes));
    }
    let mean = s.splat(s.sum(sum) / count);
    let mut squares = zero;
    for lanes in pixel.chunks(S::LANES) {
        let apart = s.select(lanes_below(s, lanes.len()), s.sub(load(s, lanes), mean), zero);
        squares = s.mul_add(apart, apart, squares);
    }
    (mean, s.splat(s.sum(squares) / count))
}

/// Channels whose sums are kept at once.
pub(crate) const SPAN: usize = 256;

/// The channels in ranges of as many whole groups as fit, so that no lane idles and memory is read in order; or of one
/// group that is larger than `SPAN`.
pub(crate) fn whole_groups(channels: usize, groups: usize) -> impl Iterator<Item = Range<usize>> {
    let size = channels / groups;
    let step = if size > SPAN { size } else { SPAN / size * size };
    (0..channels).step_by(step).map(move |first| first..(first + step).min(channels))
}

/// Parts of at most `SPAN` channels.
pub(crate) fn parts(channels: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let end = channels.end;
    channels.clone().step_by(SPAN).map(move |first| first..(first + SPAN).min(end))
}

/// For each channel of a range that [`whole_groups`] gives, its group's mean and variance; where a part is one group's,
/// they hold for the other parts too.
pub(crate) struct Moments {
    pub(crate) means: [f32; SPAN],
    pub(crate) variances: [f32; SPAN],
}

impl Moments {
    /// Those of the tensor in `data`, of groups of `size` channels.
    #[inline(always)]
    pub(crate) fn new<S: Simd>(
        s: S,
        slot: &Slot,
        data: &[f32],
        channels: &Range<usize>,
        size: usize,
    ) -> Self {
        let means = mean_terms::<S, false>(s, slot, data, channels, size, &[0.0; SPAN]);
        let variances = mean_terms::<S, true>(s, slot, data, channels, size, &means);
        Self { means, variances }
    }
}

/// The mean of `x − center`, or of its square, over the group of each channel.
#[inline(always)]
fn mean_terms<S: Simd, const SQUARED: bool>(
    s: S,
    slot: &Slot,
    data: &[f32],
    channels: &Range<usize>,
    size: usize,
    centers: &[f32; SPAN],
) -> [f32; SPAN] {
    let count = (slot.height * slot.width * size) as f32;
    let mut total = 0.0;
    for part in parts(channels) {
        let mut sums = [0.0; SPAN];
        let terms = Apart::<SQUARED> { data: &data[part.start..], pitch: slot.pitch, centers };
        add_sums(s, &terms, slot, [&mut sums[..part.len()]]);
        if size <= SPAN {
            share(&mut sums[..part.len()], size, count);
            return sums;
        }
        total += sums[..part.len()].iter().sum::<f32>();
    }
    [total / count; SPAN]
}

/// Adds up each `size` neighbours, divides by `count` and gives the result to each of them.
pub(crate) fn share(sums: &mut [f32], size: usize, count: f32) {
    for group in sums.chunks_mut(size) {
        let mean = group.iter().sum::<f32>() / count;
        group.fill(mean);
    }
}
