use super::{ActivateGradient, ConvWeights, Pass, Saved};
use crate::geometry::Axis;
use crate::kernels::{Activate, Dense, Sampling};
use crate::slot::Slot;

/// A step on the vectors of all images of a group at once, whose weights are read once for all of them.
///
/// Its slots are those of one image; the vectors of so many images lie one after the other from that many times their
/// offset on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rows {
    /// [`Dense`], in single precision and without a residual.
    Dense(Dense),
    /// [`Activate`].
    Activate(Activate),
    /// [`ActivateGradient`].
    ActivateGradient(ActivateGradient),
    /// The gradients of a dense layer's kernel and biases.
    DenseWeights(DenseWeights),
}

/// The gradients of a dense layer's kernel and biases.
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

impl Rows {
    /// Computes for so many images.
    pub fn run(&self, pass: &mut Pass<'_>, images: usize) {
        let rows = |slot: Slot| Slot {
            offset: slot.offset * images,
            height: images,
            width: 1,
            channels: slot.len(),
            pitch: slot.len(),
            ..slot
        };
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
            Self::DenseWeights(DenseWeights { input, gradient, weights, bias }) => ConvWeights {
                input: rows(input),
                gradient: rows(gradient),
                rows: Axis::POINT,
                columns: Axis::POINT,
                sampling: Sampling::Direct,
                groups: 1,
                weights,
                bias,
                scratch: None,
            }
            .run(pass),
        }
    }
}
