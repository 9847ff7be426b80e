//! What can be wrong with a loss before anything is computed.

use core::fmt;

use convolve_runtime::train::Head;

use super::Loss;

/// Why a loss cannot be computed of a network's outputs or of a target.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LossError {
    /// The loss takes probabilities, and the network does not end in a layer that makes them.
    NoProbabilities {
        /// The loss.
        loss: Loss,
    },
    /// Softmax over one channel is 1, whatever the network says.
    OneChannel {
        /// The loss.
        loss: Loss,
    },
    /// The target has another number of floats.
    Length {
        /// The loss.
        loss: Loss,
        /// The output's height, width and channels.
        shape: [usize; 3],
        /// Floats of the target.
        found: usize,
    },
    /// An element of the target is not what the loss takes.
    Element {
        /// Row, column and, where each has a target of its own, channel.
        place: (usize, usize, Option<usize>),
        /// The element.
        found: f32,
        /// What it may be.
        allowed: Allowed,
    },
}

/// What an element of a target may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A whole number below this.
    Class(usize),
    /// A number from 0 to 1.
    Share,
    /// Neither infinite nor not a number.
    Finite,
}

impl Allowed {
    fn permits(self, element: f32) -> bool {
        match self {
            Self::Class(classes) => element >= 0.0 && element.fract() == 0.0 && (element as usize) < classes,
            Self::Share => (0.0..=1.0).contains(&element),
            Self::Finite => element.is_finite(),
        }
    }
}

impl Loss {
    /// Whether a network with this head and this output, `[height, width, channels]`, can learn by this loss.
    ///
    /// # Errors
    /// If the loss takes probabilities and the last layer does not make them, or softmax has one channel only.
    pub fn check_output(self, head: Head, [_, _, channels]: [usize; 3]) -> Result<(), LossError> {
        let softmax = matches!(head, Head::Softmax | Head::LogSoftmax);
        match self {
            Self::MeanSquaredError | Self::MeanAbsoluteError => Ok(()),
            _ if head == Head::Identity => Err(LossError::NoProbabilities { loss: self }),
            _ if channels == 1 && softmax => Err(LossError::OneChannel { loss: self }),
            Self::SparseCategoricalCrossEntropy if channels == 1 => Err(LossError::OneChannel { loss: self }),
            _ => Ok(()),
        }
    }

    /// Whether `target` is one for an output of this shape, `[height, width, channels]`.
    ///
    /// # Errors
    /// If its length is not [`Loss::target_len`], or for the first element that the loss does not take: a class that
    /// does not exist, a share that does not lie between 0 and 1, a number that is not finite.
    pub fn check_target(self, shape: [usize; 3], target: &[f32]) -> Result<(), LossError> {
        let [_, width, channels] = shape;
        if target.len() != self.target_len(shape) {
            return Err(LossError::Length { loss: self, shape, found: target.len() });
        }
        let (allowed, depth) = match self {
            Self::SparseCategoricalCrossEntropy => (Allowed::Class(channels), 1),
            Self::CategoricalCrossEntropy | Self::BinaryCrossEntropy | Self::Dice => {
                (Allowed::Share, channels)
            }
            Self::MeanSquaredError | Self::MeanAbsoluteError => (Allowed::Finite, channels),
        };
        match target.iter().position(|element| !allowed.permits(*element)) {
            None => Ok(()),
            Some(at) => {
                let channel = (self != Self::SparseCategoricalCrossEntropy).then_some(at % depth);
                let place = (at / depth / width, at / depth % width, channel);
                Err(LossError::Element { place, found: target[at], allowed })
            }
        }
    }
}

impl fmt::Display for LossError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProbabilities { loss } => {
                let layers = match loss {
                    Loss::SparseCategoricalCrossEntropy | Loss::CategoricalCrossEntropy => {
                        "`softmax` or `log_softmax`"
                    }
                    _ => "`sigmoid` or `softmax`",
                };
                write!(f, "`{loss}` takes probabilities, which the last layer does not make: end in {layers}")
            }
            Self::OneChannel { loss } => write!(
                f,
                "`{loss}` tells classes apart, one for each channel, but the output has one channel: \
                 end in a channel for each class, or use `sigmoid` and `binary_crossentropy`"
            ),
            Self::Length { loss, shape: shape @ [height, width, channels], found } => {
                let needed = loss.target_len(*shape);
                write!(
                    f,
                    "a target of `{loss}` for an output {height}×{width}×{channels} is {needed} numbers, \
                     but this one is {found}"
                )
            }
            Self::Element { place: (row, column, channel), found, allowed } => {
                write!(f, "the target in row {row}, column {column}")?;
                channel.map_or(Ok(()), |channel| write!(f, ", channel {channel}"))?;
                write!(f, " is {found}, but ")?;
                match allowed {
                    Allowed::Class(classes) => write!(
                        f,
                        "the network tells {classes} classes apart: it must be a whole number from 0 to {}",
                        classes.saturating_sub(1)
                    ),
                    Allowed::Share => write!(f, "must lie between 0 and 1"),
                    Allowed::Finite => write!(f, "must be a finite number"),
                }
            }
        }
    }
}

impl core::error::Error for LossError {}
