//! What an optimiser remembers from step to step.

use core::fmt;

use super::{Clipping, Optimizer};

/// The vectors that an optimiser keeps, and the number of steps taken.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    steps: u64,
    parameters: usize,
    slots: Vec<Vec<f32>>,
}

/// Vectors that are not an optimiser's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// It keeps another number of vectors.
    Slots {
        /// The names of those that it keeps.
        expected: &'static [&'static str],
        /// The number given.
        found: usize,
    },
    /// A vector is not as long as the parameters.
    Length {
        /// Its name.
        slot: &'static str,
        /// The number of parameters.
        expected: usize,
        /// Its length.
        found: usize,
    },
}

impl State {
    /// Of an optimiser before its first step.
    #[must_use]
    pub fn new(optimizer: &Optimizer, parameters: usize) -> Self {
        let slots = optimizer.slots().iter().map(|_| vec![0.0; parameters]).collect();
        Self { steps: 0, parameters, slots }
    }

    /// Of an optimiser after `steps` steps, whose vectors [`State::slots`] gave.
    ///
    /// # Errors
    /// If the optimiser keeps other vectors.
    pub fn restore(
        optimizer: &Optimizer,
        parameters: usize,
        steps: u64,
        slots: Vec<Vec<f32>>,
    ) -> Result<Self, StateError> {
        let expected = optimizer.slots();
        if slots.len() != expected.len() {
            return Err(StateError::Slots { expected, found: slots.len() });
        }
        match expected.iter().zip(&slots).find(|(_, vector)| vector.len() != parameters) {
            Some((slot, vector)) => {
                Err(StateError::Length { slot, expected: parameters, found: vector.len() })
            }
            None => Ok(Self { steps, parameters, slots }),
        }
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The vectors, in the order of [`Optimizer::slots`].
    #[must_use]
    pub fn slots(&self) -> &[Vec<f32>] {
        &self.slots
    }

    /// Counts a step, and lends the vectors to those who take it, for [`super::Update::apply`]: the number of the step,
    /// and the vectors in full, to be split where the parameters are; those that the optimiser does not keep are empty.
    pub fn advance(&mut self) -> (u64, [&mut [f32]; 2]) {
        self.steps += 1;
        let mut slots = self.slots.iter_mut().map(Vec::as_mut_slice);
        (self.steps, core::array::from_fn(|_| slots.next().unwrap_or_default()))
    }
}

impl Optimizer {
    /// Takes a step with all parameters at once: at `factor` times the learning rate, with gradients held back if their
    /// norm or values ask for it.
    ///
    /// # Panics
    /// If the state is another optimiser's, or the lengths differ.
    pub fn update(
        &self,
        state: &mut State,
        factor: f64,
        (clipping, norm): (Clipping, f64),
        parameters: &mut [f32],
        gradients: &[f32],
    ) {
        let (step, slots) = state.advance();
        self.step(step, factor).clipped(clipping, norm).apply(parameters, gradients, slots);
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slots { expected, found } => write!(
                f,
                "the optimizer keeps {} vectors ({}), but the state has {found}: it is another optimizer's",
                expected.len(),
                expected.join(", ")
            ),
            Self::Length { slot, expected, found } => write!(
                f,
                "the optimizer's `{slot}` has {found} elements, but the network has {expected} parameters: \
                 it is another network's"
            ),
        }
    }
}

impl core::error::Error for StateError {}
