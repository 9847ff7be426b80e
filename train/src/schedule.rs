//! How the learning rate changes over time.

use core::f64::consts::PI;
use core::fmt;

use crate::optimizer::OptimizerError;

/// The learning rate's factor at each step. Steps are counted from 0; a schedule in epochs takes epochs times the steps
/// of one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Steps over which the factor first grows to one, evenly: the first step has `1 / warm_up` of the rate.
    pub warm_up: u64,
    /// What comes after, counted from the end of the warm-up.
    pub decay: Decay,
}

/// How the learning rate falls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Decay {
    /// It does not.
    #[default]
    Constant,
    /// By `factor` after every so many steps; as PyTorch's `StepLR`.
    Step {
        /// Steps at one rate.
        every: u64,
        /// From one rate to the next.
        factor: f64,
    },
    /// Along half a cosine to `minimum`, where it stays: minimum + (1 − minimum) · (1 + cos (π · step / steps)) / 2, as
    /// Keras's `CosineDecay`, and PyTorch's `CosineAnnealingLR` until its end (Loshchilov and Hutter 2017).
    Cosine {
        /// Steps until the minimum.
        steps: u64,
        /// The share of the rate at the end.
        minimum: f64,
    },
}

impl Schedule {
    /// Whether its numbers can be trained with.
    ///
    /// # Errors
    /// For a number of steps that is 0, a negative factor, or a minimum that does not lie between 0 and 1.
    pub fn check(&self) -> Result<(), OptimizerError> {
        let range = |name, value: f64, allowed: bool, range| {
            if allowed { Ok(()) } else { Err(OptimizerError { name, value, range }) }
        };
        match self.decay {
            Decay::Constant => Ok(()),
            Decay::Step { every, factor } => {
                range("number of steps at one learning rate", every as f64, every > 0, "above 0")?;
                let allowed = factor.is_finite() && factor >= 0.0;
                range("factor of the learning rate", factor, allowed, "a finite number, at least 0")
            }
            Decay::Cosine { steps, minimum } => {
                range("number of steps of the cosine", steps as f64, steps > 0, "above 0")?;
                let allowed = (0.0..=1.0).contains(&minimum);
                range("least factor of the learning rate", minimum, allowed, "between 0 and 1")
            }
        }
    }

    /// What the learning rate is multiplied by at a step.
    #[must_use]
    pub fn factor(&self, step: u64) -> f64 {
        match step.checked_sub(self.warm_up) {
            None => (step + 1) as f64 / self.warm_up as f64,
            Some(step) => self.decay.factor(step),
        }
    }
}

/// In a few words, which differ where schedules do.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decay {
            Decay::Constant => f.write_str("constant")?,
            Decay::Step { every, factor } => write!(f, "times {factor} after every {every} steps")?,
            Decay::Cosine { steps, minimum: 0.0 } => write!(f, "cosine over {steps} steps")?,
            Decay::Cosine { steps, minimum } => write!(f, "cosine to {minimum} over {steps} steps")?,
        }
        match self.warm_up {
            0 => Ok(()),
            steps => write!(f, ", after a warm-up of {steps}"),
        }
    }
}

impl Decay {
    fn factor(self, step: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => factor.powf((step / every.max(1)) as f64),
            Self::Cosine { steps, minimum } => {
                let done = if step < steps { step as f64 / steps as f64 } else { 1.0 };
                minimum + (1.0 - minimum) * 0.5 * (1.0 + (PI * done).cos())
            }
        }
    }
}
