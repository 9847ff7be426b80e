//! Gradients that are too large, and how large they are.

use super::OptimizerError;

/// Gradients of which [`squares`] makes one sum.
pub const CHUNK: usize = 4096;

/// How gradients are held back before a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clipping {
    /// Not at all.
    #[default]
    None,
    /// All by one factor, such that the root of the sum of all squares is at most this; as PyTorch's
    /// `clip_grad_norm_`.
    Norm(f64),
    /// Each to this magnitude; as PyTorch's `clip_grad_value_`.
    Value(f64),
}

impl Clipping {
    /// Whether its limit is one.
    ///
    /// # Errors
    /// If it is not above 0.
    pub fn check(self) -> Result<(), OptimizerError> {
        match self {
            Self::Norm(value) | Self::Value(value) if value.is_nan() || value <= 0.0 => {
                Err(OptimizerError { name: "limit of the gradients", value, range: "above 0" })
            }
            _ => Ok(()),
        }
    }

    /// What gradients of this norm are multiplied by under a limit.
    #[must_use]
    pub fn factor(limit: f64, norm: f64) -> f32 {
        // PyTorch's 10⁻⁶ below keeps the factor finite.
        (limit / (norm + 1e-6)).min(1.0) as f32
    }
}

/// The sum of the squares of each [`CHUNK`] of the gradients, the last one perhaps shorter, into `sums`.
///
/// A chunk has a sum of its own whichever thread makes it, so the sum of all, taken in order, has the same bits for any
/// split between chunks; its root is the norm that [`super::Update::clipped`] takes. It is finite if and only if all
/// gradients are.
///
/// # Panics
/// If `sums` has not an element for each chunk.
pub fn squares(gradients: &[f32], sums: &mut [f64]) {
    assert_eq!(gradients.len().div_ceil(CHUNK), sums.len(), "a sum for each chunk");
    for (chunk, sum) in gradients.chunks(CHUNK).zip(sums) {
        // Eight sums side by side, which vector instructions make together.
        let mut lanes = [0.0; 8];
        let (rows, rest) = chunk.as_chunks::<8>();
        for row in rows {
            for (lane, gradient) in lanes.iter_mut().zip(row) {
                *lane += f64::from(*gradient) * f64::from(*gradient);
            }
        }
        let rest: f64 = rest.iter().map(|gradient| f64::from(*gradient).powi(2)).sum();
        *sum = lanes.iter().sum::<f64>() + rest;
    }
}
