use core::ops::Range;

use super::{ActivateGradient, Pass, Saved};
use crate::kernels::{Activate, Dense};
use crate::slot::Slot;
#[cfg(feature = "std")]
use {
    super::conv::add_biases,
    crate::simd::{Grid, Level, Operand, Outer, Parts, Simd, WithSimd},
    crate::team::Team,
    crate::weights::{PANEL, padded},
    core::sync::atomic::{AtomicBool, Ordering},
};

/// A step on the vectors of some images at once, whose weights are read once for all of them.
///
/// Its slots are those of one image; the vectors of a group's images lie one after the other from that many times their
/// offset on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rows {
    /// [`Dense`], in single precision and without a residual.
    Dense(Dense),
    /// [`Activate`].
    Activate(Activate),
    /// [`ActivateGradient`].
    ActivateGradient(ActivateGradient),
}

/// A slot of the vectors of some of a group's images, of so many.
const fn rows(slot: &Slot, group: usize, images: &Range<usize>) -> Slot {
    let len = slot.len();
    Slot {
        offset: slot.offset * group + images.start * len,
        height: images.end - images.start,
        width: 1,
        channels: len,
        pitch: len,
        ..*slot
    }
}

impl Rows {
    /// Computes for some of a group's images, of so many.
    pub fn run(&self, pass: &mut Pass<'_>, group: usize, images: &Range<usize>) {
        let rows = |slot: Slot| rows(&slot, group, images);
        match *self {
            Self::Dense(kernel) => {
                Dense { input: rows(kernel.input), output: rows(kernel.output), ..kernel }.run(&mut pass.run);
            }
            Self::Activate(kernel) => {
                Activate { input: kernel.input.map(rows), output: rows(kernel.output), ..kernel }
                    .run(&mut pass.run);
            }
            Self::ActivateGradient(kernel) => {
                let saved = match kernel.saved {
                    Saved::Input(slot) => Saved::Input(rows(slot)),
                    Saved::Result(slot) => Saved::Result(rows(slot)),
                };
                let (gradient, output) = (kernel.gradient.map(rows), rows(kernel.output));
                ActivateGradient { gradient, saved, output, ..kernel }.run(pass);
            }
        }
    }
}

/// The gradients of a dense layer's kernel and biases, which are summed over the [`Rows`] of all groups in the end: so
/// they take no memory in any group, and are shared among threads by weights rather than by images.
///
/// `weight[o][i] = Σ gradient[image][o] · input[image][i]`. They lie among the totals as the weights do among the packed
/// ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DenseWeights {
    /// The vector that the layer read.
    pub input: Slot,
    /// The gradient with respect to its sums.
    pub gradient: Slot,
    /// First float of biases and panels.
    pub weights: usize,
    /// Whether the layer has biases.
    pub bias: bool,
}

#[cfg(feature = "std")]
impl DenseWeights {
    /// Most parts that a kernel's inputs are handed out in, and inputs that are worth to be.
    const PARTS: usize = 16;
    const GRAIN: usize = 64;

    /// Where the gradients lie among the totals.
    pub(super) const fn range(&self) -> Range<usize> {
        self.weights..self.weights + padded(self.gradient.len()) * (1 + self.input.len())
    }

    /// Writes the gradients to the totals; gives whether they are finite. `groups` calls what it is given with the rows of
    /// each group, of so many images at most, and with its images, always in the same order.
    pub(super) fn sum(
        &self,
        level: Level,
        team: &Team,
        totals: &mut [f32],
        groups: impl Fn(&mut dyn FnMut(&[f32], usize, usize)) + Sync,
    ) -> bool {
        let (inputs, outputs) = (self.input.len(), self.gradient.len());
        let (biases, panels) = totals[self.range()].split_at_mut(padded(outputs));
        biases.fill(0.0);
        if self.bias {
            groups(&mut |floats, group, images| {
                let gradient = rows(&self.gradient, group, &(0..images));
                add_biases(level, &floats[gradient.offset..][..gradient.len()], &gradient, 1, biases);
            });
        }
        let finite = AtomicBool::new(biases.iter().all(|total| total.is_finite()));
        // Each panel is a pixel of the grid; a part has some inputs of all of them, which stay near for all panels.
        let count = padded(outputs) / PANEL;
        let slot = Slot::arena(0, [count, 1, inputs * PANEL]);
        let parts = Parts::new(0..inputs * PANEL, Self::GRAIN * PANEL, Self::PARTS);
        Grid::new(panels, &slot, Parts::new(0..count, 1, 1), parts).each(team, &mut [], |cells, _| {
            let own = cells.channels();
            for panel in cells.squares() {
                cells.runs(panel..panel + 1, |sums| {
                    sums.fill(0.0);
                    groups(&mut |floats, group, images| {
                        let [left, right] = [&self.input, &self.gradient].map(|slot| {
                            let slot = rows(slot, group, &(0..images));
                            (&floats[slot.offset..][..slot.len()], slot.pitch)
                        });
                        level.dispatch(Products {
                            left: Operand { floats: &left.0[own.start / PANEL..], steps: [0, left.1] },
                            right: Operand { floats: &right.0[panel * PANEL..], steps: [0, right.1] },
                            outputs: PANEL.min(outputs - panel * PANEL),
                            images,
                            sums: &mut *sums,
                        });
                    });
                    if !sums.iter().all(|sum| sum.is_finite()) {
                        finite.store(false, Ordering::Relaxed);
                    }
                });
            }
        });
        finite.into_inner()
    }
}

/// Some inputs of a panel of weights, for the images of a group.
#[cfg(feature = "std")]
struct Products<'a> {
    left: Operand<'a>,
    right: Operand<'a>,
    outputs: usize,
    images: usize,
    sums: &'a mut [f32],
}

#[cfg(feature = "std")]
impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, right, outputs, images, sums } = self;
        let (run, panel) = (sums.len() / PANEL, sums.len());
        Outer {
            left,
            offsets: [(1, 0), (1, 0)],
            run,
            right,
            channels: outputs,
            pixels: [1, images],
            first: 0,
            panel,
            sums,
        }
        .add(simd);
    }
}
