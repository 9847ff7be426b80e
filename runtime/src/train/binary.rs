use core::ops::Range;

use super::Pass;
use super::rows::operands;
use crate::kernels::rows::{Steps, load, store};
use crate::kernels::sums::{Terms, add_sums};
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// What the gradient of a result is multiplied by, to be that of one of its two operands. The slots are operands as the
/// forward pass read them; one pixel stands for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// One: for a summand, and the left of a difference.
    One,
    /// −1: for the right of a difference.
    MinusOne,
    /// For a factor: the other one.
    Other(Slot),
    /// For an operand of a maximum: one where it is larger, zero where the other is, and half where they are equal
    /// (PyTorch's choice).
    Larger {
        /// The operand.
        own: Slot,
        /// The other one.
        other: Slot,
    },
}

/// The gradient of [`Binary`](crate::kernels::Binary) with respect to one operand. An activation in it is differentiated
/// before, by [`ActivateGradient`](super::ActivateGradient).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinaryGradient {
    /// Gradient of the result, or `None` for the output's present content.
    pub gradient: Option<Slot>,
    /// The tensor written: the gradient of the operand. If that was one pixel for all, it is the sum over the pixels, and
    /// `gradient` a slot of its own.
    pub output: Slot,
    /// What the gradient is multiplied by.
    pub factor: Factor,
}

impl BinaryGradient {
    /// Computes it for one image.
    pub fn run(&self, pass: &mut Pass<'_>) {
        let level = pass.run.level;
        let [own, other] = match self.factor {
            Factor::One | Factor::MinusOne => [None, None],
            Factor::Other(slot) => [None, Some(slot)],
            Factor::Larger { own, other } => [Some(own), Some(other)],
        };
        let slots = [self.gradient, own, other];
        let (data, output) =
            operands(&mut pass.run, slots.each_ref().map(|slot| slot.as_ref()), &self.output);
        let map = self.gradient.unwrap_or(self.output);
        let operand = |index: usize| {
            slots[index].map_or(Operand { data: &[], step: 0 }, |slot: Slot| Operand {
                data: data[index],
                step: Steps::beside(&slot, &map).pixel,
            })
        };
        let product = Product {
            gradient: self.gradient.map(|_| operand(0)),
            factor: self.factor,
            own: operand(1),
            other: operand(2),
        };
        level.dispatch(Map { product, map: &map, slot: &self.output, output });
    }
}

/// Floats of pixels, and from one to the next; zero where one pixel stands for all.
#[derive(Clone, Copy)]
struct Operand<'a> {
    data: &'a [f32],
    step: usize,
}

impl Operand<'_> {
    #[inline(always)]
    fn load<S: Simd>(&self, s: S, pixel: usize, channels: Range<usize>) -> S::V {
        load(s, &self.data[pixel * self.step..][channels])
    }
}

/// The gradient times the factor.
struct Product<'a> {
    /// Without it, what is changed in place.
    gradient: Option<Operand<'a>>,
    factor: Factor,
    own: Operand<'a>,
    other: Operand<'a>,
}

impl Product<'_> {
    /// Of some channels of a pixel, where the gradient is `g`.
    #[inline(always)]
    fn of<S: Simd>(&self, s: S, g: S::V, pixel: usize, channels: Range<usize>) -> S::V {
        match self.factor {
            Factor::One => g,
            Factor::MinusOne => s.neg(g),
            Factor::Other(_) => s.mul(g, self.other.load(s, pixel, channels)),
            Factor::Larger { .. } => {
                let own = self.own.load(s, pixel, channels.clone());
                let other = self.other.load(s, pixel, channels);
                let not_smaller = s.select(s.lt(other, own), s.splat(1.0), s.splat(0.5));
                s.mul(g, s.select(s.lt(own, other), s.splat(0.0), not_smaller))
            }
        }
    }
}

/// The terms of the gradient of one pixel that stood for all.
struct Sum<'a> {
    gradient: Operand<'a>,
    product: &'a Product<'a>,
}

impl Terms<1> for Sum<'_> {
    #[inline(always)]
    fn of<S: Simd>(&self, s: S, pixel: usize, channels: Range<usize>) -> [S::V; 1] {
        let g = self.gradient.load(s, pixel, channels.clone());
        [self.product.of(s, g, pixel, channels)]
    }
}

struct Map<'a> {
    product: Product<'a>,
    /// The slot of the gradient.
    map: &'a Slot,
    slot: &'a Slot,
    output: &'a mut [f32],
}

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { product, map, slot: &Slot { height, width, channels, pitch, .. }, output } = self;
        if let (Some(gradient), true) = (product.gradient, height * width < map.height * map.width) {
            output.fill(0.0);
            return add_sums(s, &Sum { gradient, product: &product }, map, [output]);
        }
        for (pixel, to) in output.chunks_mut(pitch).enumerate() {
            for (index, lanes) in to[..channels].chunks_mut(S::LANES).enumerate() {
                let channels = index * S::LANES..index * S::LANES + lanes.len();
                let g = match &product.gradient {
                    Some(gradient) => gradient.load(s, pixel, channels.clone()),
                    None => load(s, lanes),
                };
                store(s, product.of(s, g, pixel, channels), lanes);
            }
        }
    }
}
