//! One step of an optimiser, parameter by parameter.

use super::{Clipping, Optimizer};

/// A step with all of its coefficients computed. It treats each parameter on its own and alike, so any split of the
/// parameters among threads gives the same bits.
///
/// A parameter of zero whose gradients are all zero stays zero: padding among packed weights is never touched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    rule: Rule,
    /// What each gradient is multiplied by first.
    scale: f32,
    /// What no gradient's magnitude exceeds then.
    bound: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Sgd { rate: f32, momentum: f32, nesterov: bool, decay: f32 },
    Adam { rate: f32, fresh: [f32; 2], kept: f32, root: f32, epsilon: f32, decay: f32, shrink: f32 },
    RmsProp { rate: f32, kept: f32, fresh: f32, momentum: f32, epsilon: f32, decay: f32 },
}

impl Optimizer {
    /// Step number `step`, counted from 1, at `factor` times the learning rate.
    ///
    /// # Panics
    /// If `step` is 0.
    #[must_use]
    pub fn step(&self, step: u64, factor: f64) -> Update {
        assert!(step > 0, "steps are counted from 1");
        let rate = self.learning_rate() * factor;
        let adam = |betas: [f64; 2], epsilon: f64, decay: f64, shrink: f64| {
            let power = i32::try_from(step).unwrap_or(i32::MAX);
            let [mean, square] = betas.map(|beta| 1.0 - beta.powi(power));
            Rule::Adam {
                rate: (rate / mean) as f32,
                fresh: betas.map(|beta| (1.0 - beta) as f32),
                kept: betas[1] as f32,
                root: square.sqrt().recip() as f32,
                epsilon: epsilon as f32,
                decay: decay as f32,
                shrink: shrink as f32,
            }
        };
        let rule = match *self {
            Self::Sgd { momentum, nesterov, weight_decay, .. } => Rule::Sgd {
                rate: rate as f32,
                momentum: momentum as f32,
                nesterov,
                decay: weight_decay as f32,
            },
            Self::Adam { betas, epsilon, weight_decay, .. } => adam(betas, epsilon, weight_decay, 1.0),
            Self::AdamW { betas, epsilon, weight_decay, .. } => {
                adam(betas, epsilon, 0.0, 1.0 - rate * weight_decay)
            }
            Self::RmsProp { smoothing, momentum, epsilon, weight_decay, .. } => Rule::RmsProp {
                rate: rate as f32,
                kept: smoothing as f32,
                fresh: (1.0 - smoothing) as f32,
                momentum: momentum as f32,
                epsilon: epsilon as f32,
                decay: weight_decay as f32,
            },
        };
        Update { rule, scale: 1.0, bound: f32::INFINITY }
    }
}

impl Update {
    /// The same step with gradients held back. `norm` is the root of the sum of the squares of all gradients, of which
    /// [`Clipping::Norm`] alone makes use.
    #[must_use]
    pub fn clipped(self, clipping: Clipping, norm: f64) -> Self {
        match clipping {
            Clipping::None => self,
            Clipping::Norm(limit) => Self { scale: Clipping::factor(limit, norm), ..self },
            Clipping::Value(bound) => Self { bound: bound as f32, ..self },
        }
    }

    /// Moves some of the parameters. The slots are the same range of each vector that the optimiser keeps, in the order
    /// of [`Optimizer::slots`]; those that it does not keep may be empty.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn apply(&self, parameters: &mut [f32], gradients: &[f32], slots: [&mut [f32]; 2]) {
        let len = parameters.len();
        assert_eq!(len, gradients.len(), "a gradient for each parameter");
        let [first, second] = slots;
        match self.rule {
            Rule::Sgd { rate, momentum: 0.0, decay, .. } => {
                for (p, g) in parameters.iter_mut().zip(gradients) {
                    *p -= rate * (self.held(*g) + decay * *p);
                }
            }
            Rule::Sgd { rate, momentum, nesterov, decay } => {
                assert_eq!(len, first.len(), "a momentum for each parameter");
                for ((p, g), v) in parameters.iter_mut().zip(gradients).zip(first) {
                    let g = self.held(*g) + decay * *p;
                    *v = momentum * *v + g;
                    *p -= rate * if nesterov { g + momentum * *v } else { *v };
                }
            }
            Rule::Adam { rate, fresh, kept, root, epsilon, decay, shrink } => {
                assert_eq!(len, first.len(), "a mean for each parameter");
                assert_eq!(len, second.len(), "a mean square for each parameter");
                let slots = first.iter_mut().zip(second);
                for ((p, g), (m, v)) in parameters.iter_mut().zip(gradients).zip(slots) {
                    let g = self.held(*g) + decay * *p;
                    *m += fresh[0] * (g - *m);
                    *v = kept * *v + fresh[1] * g * g;
                    *p = shrink * *p - rate * *m / (root * v.sqrt() + epsilon);
                }
            }
            Rule::RmsProp { rate, kept, fresh, momentum: 0.0, epsilon, decay } => {
                assert_eq!(len, first.len(), "a mean square for each parameter");
                for ((p, g), v) in parameters.iter_mut().zip(gradients).zip(first) {
                    let g = self.held(*g) + decay * *p;
                    *v = kept * *v + fresh * g * g;
                    *p -= rate * g / (v.sqrt() + epsilon);
                }
            }
            Rule::RmsProp { rate, kept, fresh, momentum, epsilon, decay } => {
                assert_eq!(len, first.len(), "a mean square for each parameter");
                assert_eq!(len, second.len(), "a momentum for each parameter");
                let slots = first.iter_mut().zip(second);
                for ((p, g), (v, b)) in parameters.iter_mut().zip(gradients).zip(slots) {
                    let g = self.held(*g) + decay * *p;
                    *v = kept * *v + fresh * g * g;
                    *b = momentum * *b + g / (v.sqrt() + epsilon);
                    *p -= rate * *b;
                }
            }
        }
    }

    /// A gradient after clipping. Not a number stays that.
    #[inline]
    fn held(&self, gradient: f32) -> f32 {
        (gradient * self.scale).clamp(-self.bound, self.bound)
    }
}
