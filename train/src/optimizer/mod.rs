//! How weights follow their gradients.

mod clipping;
mod state;
mod update;

pub use clipping::{CHUNK, Clipping, squares};
pub use state::{State, StateError};
pub use update::Update;

use core::fmt;
use core::str::FromStr;

use crate::UnknownName;

/// A rule by which each parameter follows its gradient.
///
/// The formulas are PyTorch's (`torch.optim`), the defaults of the constructors Keras's. Where the two differ:
///
/// | | here | PyTorch's default | Keras's default |
/// |---|---|---|---|
/// | rate of SGD | 0.01 | 0.001 | 0.01 |
/// | rate of RMSprop | 0.001 | 0.01 | 0.001 |
/// | epsilon | 10⁻⁷ | 10⁻⁸ | 10⁻⁷ |
/// | smoothing of RMSprop | 0.9 | 0.99 | 0.9 |
/// | weight decay of AdamW | 0.004 | 0.01 | 0.004 |
///
/// Weight decay holds for every parameter that is updated, biases and norms included, as in both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd {
        /// The step for a gradient of one.
        learning_rate: f64,
        /// What of the last step's direction is kept.
        momentum: f64,
        /// Looks ahead along the direction, as Nesterov's method does.
        nesterov: bool,
        /// Times the parameter, added to its gradient.
        weight_decay: f64,
    },
    /// Adam (Kingma and Ba 2015).
    Adam {
        /// The greatest step, about.
        learning_rate: f64,
        /// What is kept of the mean of the gradients, and of their squares.
        betas: [f64; 2],
        /// Added to the root of the mean square.
        epsilon: f64,
        /// Times the parameter, added to its gradient.
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    AdamW {
        /// The greatest step, about.
        learning_rate: f64,
        /// What is kept of the mean of the gradients, and of their squares.
        betas: [f64; 2],
        /// Added to the root of the mean square.
        epsilon: f64,
        /// Times the learning rate, the share that every parameter loses in a step.
        weight_decay: f64,
    },
    /// RMSprop (Tieleman and Hinton 2012), not centred.
    RmsProp {
        /// The step for a gradient of its usual size.
        learning_rate: f64,
        /// What is kept of the mean square of the gradients.
        smoothing: f64,
        /// What of the last step's direction is kept.
        momentum: f64,
        /// Added to the root of the mean square.
        epsilon: f64,
        /// Times the parameter, added to its gradient.
        weight_decay: f64,
    },
}

const NAMES: [&str; 4] = ["sgd", "adam", "adamw", "rmsprop"];
const EPSILON: f64 = 1e-7;
const BETAS: [f64; 2] = [0.9, 0.999];

impl Optimizer {
    /// SGD without momentum, at a rate of 0.01.
    #[must_use]
    pub const fn sgd() -> Self {
        Self::Sgd { learning_rate: 0.01, momentum: 0.0, nesterov: false, weight_decay: 0.0 }
    }

    /// Adam at a rate of 0.001, with betas 0.9 and 0.999.
    #[must_use]
    pub const fn adam() -> Self {
        Self::Adam { learning_rate: 0.001, betas: BETAS, epsilon: EPSILON, weight_decay: 0.0 }
    }

    /// AdamW at a rate of 0.001, with betas 0.9 and 0.999 and a weight decay of 0.004.
    #[must_use]
    pub const fn adamw() -> Self {
        Self::AdamW { learning_rate: 0.001, betas: BETAS, epsilon: EPSILON, weight_decay: 0.004 }
    }

    /// RMSprop without momentum, at a rate of 0.001, with smoothing 0.9.
    #[must_use]
    pub const fn rms_prop() -> Self {
        Self::RmsProp {
            learning_rate: 0.001,
            smoothing: 0.9,
            momentum: 0.0,
            epsilon: EPSILON,
            weight_decay: 0.0,
        }
    }

    /// The rate before any schedule.
    #[must_use]
    pub const fn learning_rate(&self) -> f64 {
        match *self {
            Self::Sgd { learning_rate, .. }
            | Self::Adam { learning_rate, .. }
            | Self::AdamW { learning_rate, .. }
            | Self::RmsProp { learning_rate, .. } => learning_rate,
        }
    }

    /// The same rule at another rate.
    #[must_use]
    pub const fn with_learning_rate(mut self, rate: f64) -> Self {
        match &mut self {
            Self::Sgd { learning_rate, .. }
            | Self::Adam { learning_rate, .. }
            | Self::AdamW { learning_rate, .. }
            | Self::RmsProp { learning_rate, .. } => *learning_rate = rate,
        }
        self
    }

    /// The names of the vectors that it keeps, each a float for every parameter: at most two.
    #[must_use]
    pub fn slots(&self) -> &'static [&'static str] {
        match *self {
            Self::Sgd { momentum: 0.0, .. } => &[],
            Self::Sgd { .. } => &["momentum"],
            Self::Adam { .. } | Self::AdamW { .. } => &["mean", "square"],
            Self::RmsProp { momentum: 0.0, .. } => &["square"],
            Self::RmsProp { .. } => &["square", "momentum"],
        }
    }

    /// Whether its numbers can be trained with.
    ///
    /// # Errors
    /// For the first number outside its range, with the range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        let range = |name, value: f64, allowed: bool, range| {
            if allowed { Ok(()) } else { Err(OptimizerError { name, value, range }) }
        };
        let positive = |name, value: f64| {
            range(name, value, value.is_finite() && value > 0.0, "a finite number above 0")
        };
        let not_negative = |name, value: f64| {
            range(name, value, value.is_finite() && value >= 0.0, "a finite number, at least 0")
        };
        let share =
            |name, value: f64| range(name, value, (0.0..1.0).contains(&value), "at least 0 and below 1");
        not_negative("learning rate", self.learning_rate())?;
        match *self {
            Self::Sgd { momentum, nesterov, weight_decay, .. } => {
                share("momentum", momentum)?;
                range("momentum", momentum, momentum > 0.0 || !nesterov, "above 0 with Nesterov's method")?;
                not_negative("weight decay", weight_decay)
            }
            Self::Adam { betas: [mean, square], epsilon, weight_decay, .. }
            | Self::AdamW { betas: [mean, square], epsilon, weight_decay, .. } => {
                share("first beta", mean)?;
                share("second beta", square)?;
                positive("epsilon", epsilon)?;
                not_negative("weight decay", weight_decay)
            }
            Self::RmsProp { smoothing, momentum, epsilon, weight_decay, .. } => {
                share("smoothing", smoothing)?;
                share("momentum", momentum)?;
                positive("epsilon", epsilon)?;
                not_negative("weight decay", weight_decay)
            }
        }
    }
}

impl FromStr for Optimizer {
    type Err = UnknownName;

    /// The rule of that name, `sgd`, `adam`, `adamw` or `rmsprop`, with its defaults.
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "sgd" => Ok(Self::sgd()),
            "adam" => Ok(Self::adam()),
            "adamw" => Ok(Self::adamw()),
            "rmsprop" => Ok(Self::rms_prop()),
            _ => Err(UnknownName { what: "optimizer", name: name.to_owned(), names: &NAMES }),
        }
    }
}

/// A number of an optimiser, of its clipping or of its schedule outside its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptimizerError {
    /// What it is.
    pub name: &'static str,
    /// The number.
    pub value: f64,
    /// What it must be.
    pub range: &'static str,
}

impl fmt::Display for OptimizerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} is {}, but must be {}", self.name, self.value, self.range)
    }
}

impl core::error::Error for OptimizerError {}
