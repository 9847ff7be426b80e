//! Register tiles of one vector and a half.
#![expect(unsafe_code, reason = "the inner loop runs without bounds checks; `Line::compute` has checked")]

use super::Simd;
use super::finish::{write, write_some};
use super::tile::Tile;
use crate::weights::PANEL;

/// A tile with `R` pixels and one vector and a half, for channels that would leave the half of two vectors empty.
pub(super) struct Halved<'a, const R: usize>(pub(super) Tile<'a>);

impl<const R: usize> Halved<'_, R> {
    /// Computes the tile; `half` has half the lanes, and `add` is [`Raw::add_products`](super::raw::Raw::add_products)
    /// of a vector and a half.
    #[inline(always)]
    pub(super) fn compute<S: Simd, H: Simd>(
        self,
        simd: S,
        half: H,
        add: impl Fn(*const f32, usize, (S::V, H::V), (&mut S::V, &mut H::V)),
    ) {
        let Tile { line, first } = self.0;
        let [rows, columns] = line.taps;
        // SAFETY: as for `Shape`; the half lies in the second of the line's two vectors.
        unsafe {
            let mut sums = [[simd.load_at(line.bias.as_ptr())]; R];
            let mut halves = [[half.load_at(line.bias.as_ptr().add(S::LANES))]; R];
            let input = line.input.as_ptr().add(first * line.pixel);
            for down in rows.taps() {
                for across in columns.taps() {
                    let input = input.add(down.input + across.input);
                    let weights = line.weights.as_ptr().add(down.weights + across.weights);
                    for k in 0..line.len {
                        let weights = weights.add(k * PANEL);
                        let (w, v) = (simd.load_at(weights), half.load_at(weights.add(line.panel)));
                        for r in 0..R {
                            add(input.add(k), r * line.pixel, (w, v), (&mut sums[r][0], &mut halves[r][0]));
                        }
                    }
                }
            }
            let step = line.step * line.output.pitch;
            let output = line.output.to.add(first * step);
            let residual = line.residual_of(first, output);
            let limits = line.limits;
            write(simd, sums, residual, simd.splat_each(limits), output, step);
            let (limits, output) = (half.splat_each(limits), output.add(S::LANES));
            let residual = residual.map(|(from, step)| (from.add(S::LANES), step));
            match line.channels - S::LANES {
                whole if whole == H::LANES => write(half, halves, residual, limits, output, step),
                some => write_some(half, halves, residual, limits, output, step, some),
            }
        }
    }
}
