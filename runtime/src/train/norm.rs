use core::ops::Range;

use super::Pass;
use super::rows::operands;
use crate::kernels::NormalizeOver;
use crate::kernels::norm::{Moments, SPAN, parts, pixel_moments, share, whole_groups};
use crate::kernels::rows::{load, store, zip_in_place};
use crate::kernels::sums::{Products, add_sums};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::padded;

/// The gradient of [`Normalize`](crate::kernels::Normalize), whose activation is differentiated before:
/// `(γ g − mean of γ g − x̂ · mean of γ g x̂) / √(variance + epsilon)`, the means over the elements that share a variance.
/// Adds `Σ g x̂` to the gradients of the scales γ, and `Σ g` to those of the shifts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalizeGradient {
    /// What the norm read.
    pub input: Slot,
    /// Gradient of the result, or `None` for the output's present content.
    pub gradient: Option<Slot>,
    /// The tensor written: the gradient of the input.
    pub output: Slot,
    /// The elements that share a mean and a variance.
    pub over: NormalizeOver,
    /// Added to the variance.
    pub epsilon: f32,
    /// First float of scales and shifts in the packed weights.
    pub weights: usize,
}

impl NormalizeGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let Pass { run, sums, .. } = pass;
        let (level, channels) = (run.level, self.input.channels);
        let scales = &run.weights[self.weights..][..channels];
        let (scale_sums, shift_sums) = sums[self.weights..].split_at_mut(padded(channels));
        let sums = [&mut scale_sums[..channels], &mut shift_sums[..channels]];
        let slots = [Some(&self.input), self.gradient.as_ref()];
        let ([input, gradient], output) = operands(run, slots, &self.output);
        let gradient = self.gradient.map(|slot| (gradient, slot.pitch));
        level.dispatch(Map { kernel: self, scales, sums, input, gradient, output });
    }
}

struct Map<'a> {
    kernel: &'a NormalizeGradient,
    scales: &'a [f32],
    /// Of the scales and of the shifts.
    sums: [&'a mut [f32]; 2],
    input: &'a [f32],
    /// The gradient's floats and their pitch.
    gradient: Option<(&'a [f32], usize)>,
    output: &'a mut [f32],
}

impl WithSimd for Map<'_> {
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
                    self.groups(s, &range, channels / groups);
                }
            }
        }
    }
}

impl Map<'_> {
    /// The channels of one pixel.
    #[inline(always)]
    fn pixel<S: Simd>(&mut self, s: S, pixel: usize) {
        let Slot { channels, pitch, .. } = self.kernel.input;
        let x = &self.input[pixel * pitch..][..channels];
        let output = &mut self.output[pixel * self.kernel.output.pitch..][..channels];
        if let Some((gradient, pitch)) = self.gradient {
            output.copy_from_slice(&gradient[pixel * pitch..][..channels]);
        }
        let (mean, variance) = pixel_moments(s, x);
        let inverse = s.div(s.splat(1.0), s.sqrt(s.add(variance, s.splat(self.kernel.epsilon))));
        let (mut straight, mut bent) = (s.splat(0.0), s.splat(0.0));
        let [scale_sums, shift_sums] = &mut self.sums;
        let sums = scale_sums.chunks_mut(S::LANES).zip(shift_sums.chunks_mut(S::LANES));
        let vectors = output.chunks(S::LANES).zip(x.chunks(S::LANES)).zip(self.scales.chunks(S::LANES));
        for (((g, x), scale), (scale_sum, shift_sum)) in vectors.zip(sums) {
            let unit = s.mul(s.sub(load(s, x), mean), inverse);
            // Past the channels g is zero, and so is all that follows.
            let g = load(s, g);
            store(s, s.mul_add(g, unit, load(s, scale_sum)), scale_sum);
            store(s, s.add(load(s, shift_sum), g), shift_sum);
            let g = s.mul(g, load(s, scale));
            straight = s.add(straight, g);
            bent = s.mul_add(g, unit, bent);
        }
        let count = channels as f32;
        let [straight, bent] = s.splat_each([s.sum(straight) / count, s.sum(bent) / count]);
        let vectors = x.chunks(S::LANES).zip(self.scales.chunks(S::LANES));
        for (lanes, (x, scale)) in output.chunks_mut(S::LANES).zip(vectors) {
            let unit = s.mul(s.sub(load(s, x), mean), inverse);
            let level = s.sub(s.mul(load(s, lanes), load(s, scale)), straight);
            store(s, s.mul(s.sub(level, s.mul(unit, bent)), inverse), lanes);
        }
    }

    /// Some channels, `size` neighbours of which share a mean and a variance.
    #[inline(always)]
    fn groups<S: Simd>(&mut self, s: S, channels: &Range<usize>, size: usize) {
        let Slot { height, width, .. } = self.kernel.input;
        let count = (height * width * size) as f32;
        let Moments { means, variances: mut inverses } =
            Moments::new(s, &self.kernel.input, self.input, channels, size);
        for lanes in inverses.chunks_exact_mut(S::LANES) {
            let deviation = s.sqrt(s.add(s.load(lanes), s.splat(self.kernel.epsilon)));
            s.store(s.div(s.splat(1.0), deviation), lanes);
        }
        // The means of γ g and of γ g x̂ over the group of each channel.
        let (mut straight, mut bent) = ([0.0; SPAN], [0.0; SPAN]);
        let mut totals = [0.0; 2];
        for part in parts(channels) {
            let len = part.len();
            self.sum(s, &part, &means, &inverses, [&mut straight[..len], &mut bent[..len]]);
            totals[0] += straight[..len].iter().sum::<f32>();
            totals[1] += bent[..len].iter().sum::<f32>();
        }
        if size > SPAN {
            straight.fill(totals[0] / count);
            bent.fill(totals[1] / count);
        } else {
            share(&mut straight[..channels.len()], size, count);
            share(&mut bent[..channels.len()], size, count);
        }
        for part in parts(channels) {
            self.write(s, part, &means, &inverses, [&straight, &bent]);
        }
    }

    /// Adds to the gradients of the parameters of some channels, and makes of `to` the sums of γ g and of γ g x̂.
    #[inline(always)]
    fn sum<S: Simd>(
        &mut self,
        s: S,
        part: &Range<usize>,
        means: &[f32; SPAN],
        inverses: &[f32; SPAN],
        [straight, bent]: [&mut [f32]; 2],
    ) {
        let input = &self.kernel.input;
        let (gradient, pitch) = self.gradient.unwrap_or((self.output, self.kernel.output.pitch));
        let data = [&self.input[part.start..], &gradient[part.start..]];
        straight.fill(0.0);
        bent.fill(0.0);
        let terms = Products { data, pitches: [input.pitch, pitch], centers: means };
        add_sums(s, &terms, input, [&mut *bent, &mut *straight]);
        zip_in_place(s, bent, &inverses[..part.len()], |a, b| s.mul(a, b));
        let [scale_sums, shift_sums] = &mut self.sums;
        zip_in_place(s, &mut scale_sums[part.clone()], bent, |a, b| s.add(a, b));
        zip_in_place(s, &mut shift_sums[part.clone()], straight, |a, b| s.add(a, b));
        zip_in_place(s, bent, &self.scales[part.clone()], |a, b| s.mul(a, b));
        zip_in_place(s, straight, &self.scales[part.clone()], |a, b| s.mul(a, b));
    }

    /// Writes some channels.
    #[inline(always)]
    fn write<S: Simd>(
        &mut self,
        s: S,
        part: Range<usize>,
        means: &[f32; SPAN],
        inverses: &[f32; SPAN],
        [straight, bent]: [&[f32; SPAN]; 2],
    ) {
        let pixels = self.input.chunks(self.kernel.input.pitch);
        for (index, (x, pixel)) in pixels.zip(self.output.chunks_mut(self.kernel.output.pitch)).enumerate() {
            let pixel = &mut pixel[part.clone()];
            if let Some((gradient, pitch)) = self.gradient {
                pixel.copy_from_slice(&gradient[index * pitch..][part.clone()]);
            }
            let vectors = x[part.clone()].chunks(S::LANES).zip(self.scales[part.clone()].chunks(S::LANES));
            for (index, (lanes, (x, scale))) in pixel.chunks_mut(S::LANES).zip(vectors).enumerate() {
                let of = |array: &[f32; SPAN]| s.load(&array[index * S::LANES..]);
                let inverse = of(inverses);
                let unit = s.mul(s.sub(load(s, x), of(means)), inverse);
                let level = s.sub(s.mul(load(s, lanes), load(s, scale)), of(straight));
                store(s, s.mul(s.sub(level, s.mul(unit, of(bent))), inverse), lanes);
            }
        }
    }
}
