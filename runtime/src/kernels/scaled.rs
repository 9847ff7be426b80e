use super::rows::each_row;
use super::{Conv2d, conv, unless_written};
use crate::run::Run;
use crate::simd::{Grid, Simd, WithSimd};
use crate::slot::Slot;
use crate::weights::{PANEL, padded};

/// A convolution of a map each of whose channels is multiplied by a number, as squeeze-and-excitation does (Hu et al.,
/// 2018): the kernel's inputs are multiplied in place of the map, which is read as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    /// The convolution: of one group, without pooling, and with an activation that has no slopes.
    pub conv: Conv2d,
    /// A number for each channel of the convolution's input.
    pub scale: Slot,
    /// Memory for the multiplied weights, of as many floats as [`scratch`](Self::scratch) says.
    pub scratch: Slot,
}

impl Scaled {
    /// Floats of the weights of a convolution of so many taps, with its biases.
    #[must_use]
    pub const fn scratch(taps: usize, inputs: usize, outputs: usize) -> usize {
        padded(outputs) * (1 + taps * inputs)
    }

    /// Computes the layers.
    pub fn run(&self, run: &mut Run<'_>) {
        let Self { conv, scale, scratch } = self;
        let (level, team, all) = (run.level, run.team, run.weights);
        let inputs = [&conv.input, &unless_written(conv.residual, &conv.output).unwrap_or(conv.input), scale];
        let ([input, residual, scale], output, floats) =
            run.operands_and_scratch(inputs, &conv.output, scratch);
        let weights = &all[conv.weights..][..floats.len()];
        let biases = padded(conv.output.channels);
        floats[..biases].copy_from_slice(&weights[..biases]);
        let (from, to) = (&weights[biases..], &mut floats[biases..]);
        // A tap's inputs of a panel are a row.
        let len = scale.len() * PANEL;
        let rows = Slot::arena(0, [to.len() / len, 1, len]);
        each_row(team, &rows, to, 1, |row, to| level.dispatch(Row { from: &from[row * len..], scale, to }));

        let conv = &Conv2d { weights: 0, ..*conv };
        let operands = conv::Operands { conv, level, weights: floats, input, residual, top: 0 };
        let [pixels, channels] = conv.parts();
        Grid::new(output, &conv.output, pixels, channels).each(team, &mut [], |cells, _| {
            operands.compute(cells.rows(), 0, cells);
        });
    }
}

/// The weights of some inputs, a panel each, to multiply.
struct Row<'a> {
    from: &'a [f32],
    scale: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let panels = self.to.chunks_exact_mut(PANEL).zip(self.from.chunks_exact(PANEL));
        for ((to, from), &scale) in panels.zip(self.scale) {
            let scale = s.splat(scale);
            for (to, from) in to.chunks_exact_mut(S::LANES).zip(from.chunks_exact(S::LANES)) {
                s.store(s.mul(s.load(from), scale), to);
            }
        }
    }
}
