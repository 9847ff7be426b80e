use super::Pass;
use super::rows::operands;
use crate::random::mix;
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// Inverted dropout (Srivastava et al. 2014): each element is zero with probability `rate`, else divided by `1 − rate`.
///
/// What becomes zero is a function of the image's key in this step, of the layer and of the element's number, pixel by
/// pixel. Hence the same kernel on the gradients is the backward pass, and nothing is kept for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The tensor read, or `None` to work in place on the output.
    pub input: Option<Slot>,
    /// The tensor written.
    pub output: Slot,
    /// Probability of zero, from 0 to 1.
    pub rate: f32,
    /// Tells layers with the same key apart.
    pub layer: u64,
}

impl Dropout {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let level = pass.run.level;
        let key = mix(pass.key ^ mix(self.layer));
        let ([input], output) = operands(&mut pass.run, [self.input.as_ref()], &self.output);
        let input = self.input.map(|slot| (input, slot.pitch));
        level.dispatch(Map { kernel: self, key, input, output });
    }
}

struct Map<'a> {
    kernel: &'a Dropout,
    key: u64,
    input: Option<(&'a [f32], usize)>,
    output: &'a mut [f32],
}

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Dropout { output: Slot { channels, pitch, .. }, rate, .. } = *self.kernel;
        // The upper 24 bits of a random number, as a fraction of one, are exact in a float.
        let threshold = (f64::from(rate) * f64::from(1 << 24)) as u64;
        let scale = 1.0 / (1.0 - rate);
        for (index, pixel) in self.output.chunks_mut(pitch).enumerate() {
            let pixel = &mut pixel[..channels];
            if let Some((input, pitch)) = self.input {
                pixel.copy_from_slice(&input[index * pitch..][..channels]);
            }
            // Plain loops, which the compiler makes vectors of.
            let first = self.key.wrapping_add((index * channels) as u64);
            for (channel, x) in pixel.iter_mut().enumerate() {
                let kept = mix(first.wrapping_add(channel as u64)) >> 40 >= threshold;
                *x = if kept { *x * scale } else { 0.0 };
            }
        }
    }
}
