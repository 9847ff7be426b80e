use super::Activation;
use super::rows::{Steps, each_row, zip_in_place, zip_into};
use crate::run::Run;
use crate::simd::{Simd, WithSimd};
use crate::slot::Slot;

/// An operation of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// The larger of both; NaN if either is.
    Maximum,
}

/// An operation of two tensors, element by element; an operand of one pixel stands for all pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binary {
    /// Left operand, or `None` for the output's present content.
    pub left: Option<Slot>,
    /// Right operand.
    pub right: Slot,
    /// The tensor written.
    pub output: Slot,
    /// The operation.
    pub op: BinaryOp,
    /// Applied last.
    pub activation: Activation,
}

impl Binary {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, team, weights) = (run.level, run.team, run.weights);
        // Read in place, the left operand is the output: the right one then stands for both.
        let left = self.left.as_ref();
        let ([a, b], output) = run.operands([left.unwrap_or(&self.right), &self.right], &self.output);
        let left = left.map(|slot| (a, Steps::beside(slot, &self.output)));
        let right = Steps::beside(&self.right, &self.output);
        let Slot { channels, pitch, .. } = self.output;
        each_row(team, &self.output, output, 4 + self.activation.macs(), |y, output| {
            level.dispatch(Row {
                op: self.op,
                limits: self.activation.limits().unwrap_or([f32::NEG_INFINITY, f32::INFINITY]),
                left: left.map(|(data, steps)| (&data[y * steps.row..], steps.pixel)),
                right: (&b[y * right.row..], right.pixel),
                output: &mut *output,
                channels,
                pitch,
            });
            if self.activation.limits().is_none() {
                self.activation.apply(level, weights, output, 0..channels, pitch);
            }
        });
    }
}

/// One row; operands as their floats from its first pixel on and the floats from pixel to pixel.
struct Row<'a> {
    op: BinaryOp,
    limits: [f32; 2],
    left: Option<(&'a [f32], usize)>,
    right: (&'a [f32], usize),
    output: &'a mut [f32],
    channels: usize,
    pitch: usize,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        match self.op {
            BinaryOp::Add => self.each(s, |a, b| s.add(a, b)),
            BinaryOp::Sub => self.each(s, |a, b| s.sub(a, b)),
            BinaryOp::Mul => self.each(s, |a, b| s.mul(a, b)),
            BinaryOp::Maximum => self.each(s, |a, b| s.maximum(a, b)),
        }
    }
}

impl Row<'_> {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, op: impl Fn(S::V, S::V) -> S::V) {
        let (low, high) = (s.splat(self.limits[0]), s.splat(self.limits[1]));
        let op = |a, b| s.min(high, s.max(low, op(a, b)));
        let (right, step) = self.right;
        let gapless = self.pitch == self.channels
            && step == self.channels
            && self.left.is_none_or(|(_, step)| step == self.channels);
        // Without gaps the row is one long pixel.
        let floats = if gapless { self.output.len() } else { self.channels };
        for (x, pixel) in self.output.chunks_mut(floats.max(self.pitch)).enumerate() {
            let (pixel, b) = (&mut pixel[..floats], &right[x * step..][..floats]);
            match self.left {
                Some((left, step)) => zip_into(s, &left[x * step..][..floats], b, pixel, op),
                None => zip_in_place(s, pixel, b, op),
            }
        }
    }
}
