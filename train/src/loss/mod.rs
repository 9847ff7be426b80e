//! How wrong an output is, and in which direction it should have gone.

mod chain;
mod check;
mod cross_entropy;

use convolve_runtime::train::Head;

pub use check::{Allowed, LossError};

/// What training makes small.
///
/// The loss of one image is a mean, so that of images of one shape the mean over a batch is what Keras
/// (`sum_over_batch_size`) and PyTorch (`reduction="mean"`) report. With targets t and predictions p:
///
/// | loss | of one image |
/// |---|---|
/// | sparse categorical cross-entropy | mean over the pixels of −ln p\[t\], t being the class's index |
/// | categorical cross-entropy | mean over the pixels of −Σ t · ln p over the channels |
/// | binary cross-entropy | mean over the elements of −t · ln p − (1 − t) · ln (1 − p) |
/// | mean squared error | mean over the elements of (p − t)² |
/// | mean absolute error | mean over the elements of \|p − t\| |
/// | Dice | 1 − (2 Σ p · t + 1) / (Σ p + Σ t + 1), each sum over all elements |
///
/// The ones in Dice make the loss of an empty mask that is predicted as empty zero, and let an empty mask teach; Keras
/// has nothing above, and 10⁻⁷ below. Where a loss takes probabilities and the network gives their logarithms
/// ([`Head::LogSoftmax`]), it takes the exponential; the errors take the logarithms as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The target is a class's index for each pixel; the prediction is a probability for each class.
    SparseCategoricalCrossEntropy,
    /// The target is a share, mostly zero or one, for each class.
    CategoricalCrossEntropy,
    /// The target is 0 or 1, or a share between, for each element.
    BinaryCrossEntropy,
    /// The target is a number for each element.
    MeanSquaredError,
    /// The target is a number for each element.
    MeanAbsoluteError,
    /// The target is a mask, 0 or 1 for each element.
    Dice,
}

/// Probabilities are kept this far from 0 and 1 before a logarithm is taken, as in Keras.
const CLIP: f64 = 1e-7;

/// What a probability counts as under a logarithm. Not a number stays that.
fn clipped(probability: f32) -> f64 {
    f64::from(probability).clamp(CLIP, 1.0 - CLIP)
}

crate::names::named! {
    Loss, "loss" {
        "sparse_categorical_crossentropy" => Loss::SparseCategoricalCrossEntropy,
        "categorical_crossentropy" => Loss::CategoricalCrossEntropy,
        "binary_crossentropy" => Loss::BinaryCrossEntropy,
        "mean_squared_error" => Loss::MeanSquaredError,
        "mean_absolute_error" => Loss::MeanAbsoluteError,
        "dice" => Loss::Dice,
    }
}

impl Loss {
    /// Floats of a target for an output of this shape, `[height, width, channels]`: a class's index for each pixel, as
    /// a float, or a number for each element.
    #[must_use]
    pub fn target_len(self, [height, width, channels]: [usize; 3]) -> usize {
        match self {
            Self::SparseCategoricalCrossEntropy => height * width,
            _ => height * width * channels,
        }
    }

    /// The loss of one image, and in `gradient` `weight` times its derivative with respect to each element of `output`,
    /// which is what goes **into** the head.
    ///
    /// Cross-entropy after softmax and binary cross-entropy after the logistic function are computed from the logits and
    /// exact for any of them; the other pairs go through the probabilities, clipped as in [`Loss::value`]. There, the
    /// slope beyond the clip is the one at its edge.
    ///
    /// # Panics
    /// If the lengths do not fit each other, or a class does not exist; [`Loss::check_target`] finds the latter.
    pub fn gradient(
        self,
        head: Head,
        channels: usize,
        output: &[f32],
        target: &[f32],
        weight: f32,
        gradient: &mut [f32],
    ) -> f64 {
        assert_eq!(output.len(), gradient.len(), "a gradient for each element");
        match (self, head) {
            (Self::SparseCategoricalCrossEntropy, Head::Softmax | Head::LogSoftmax) => {
                cross_entropy::sparse(channels, output, target, weight, gradient)
            }
            (Self::CategoricalCrossEntropy, Head::Softmax | Head::LogSoftmax) => {
                cross_entropy::categorical(channels, output, target, weight, gradient)
            }
            (Self::BinaryCrossEntropy, Head::Sigmoid) => {
                cross_entropy::binary(output, target, weight, gradient)
            }
            _ => chain::gradient(self, head, channels, output, target, weight, gradient),
        }
    }

    /// The loss of one image's prediction, which is what **came out of** the head. Probabilities are kept 10⁻⁷ away from
    /// 0 and 1 under a logarithm, as Keras does.
    ///
    /// # Panics
    /// As [`Loss::gradient`].
    #[must_use]
    pub fn value(self, head: Head, channels: usize, prediction: &[f32], target: &[f32]) -> f64 {
        let logarithms = head == Head::LogSoftmax;
        let log = |p: f32| if logarithms { f64::from(p) } else { clipped(p).ln() };
        let probability = |p: f32| if logarithms { p.exp() } else { p };
        let pairs = || prediction.iter().copied().zip(target.iter().copied());
        let pixels = prediction.len() / channels;
        if self == Self::SparseCategoricalCrossEntropy {
            assert_eq!(pixels, target.len(), "a class for each pixel");
            let pixel = |(p, t): (&[f32], &f32)| -log(p[*t as usize]);
            return prediction.chunks_exact(channels).zip(target).map(pixel).sum::<f64>() / pixels as f64;
        }
        assert_eq!(prediction.len(), target.len(), "a target for each element");
        let mean = |cost: &dyn Fn(f32, f64) -> f64| {
            pairs().map(|(p, t)| cost(p, f64::from(t))).sum::<f64>() / prediction.len() as f64
        };
        match self {
            Self::SparseCategoricalCrossEntropy | Self::CategoricalCrossEntropy => {
                channels as f64 * mean(&|p, t| -t * log(p))
            }
            Self::BinaryCrossEntropy => mean(&|p, t| {
                let p = clipped(probability(p));
                -t * p.ln() - (1.0 - t) * (1.0 - p).ln()
            }),
            Self::MeanSquaredError => mean(&|p, t| (f64::from(p) - t).powi(2)),
            Self::MeanAbsoluteError => mean(&|p, t| (f64::from(p) - t).abs()),
            Self::Dice => {
                let (above, below) = dice(pairs().map(|(p, t)| (probability(p), t)));
                1.0 - above / below
            }
        }
    }
}

/// What stands above and below the line in the Dice coefficient.
fn dice(pairs: impl Iterator<Item = (f32, f32)>) -> (f64, f64) {
    pairs.fold((1.0, 1.0), |(above, below), (p, t)| {
        let (p, t) = (f64::from(p), f64::from(t));
        (above + 2.0 * p * t, below + p + t)
    })
}
