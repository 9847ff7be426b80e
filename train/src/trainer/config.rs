use crate::optimizer::Clipping;
use crate::{Initializer, Loss, Metric, Optimizer, Schedule};

/// How a network is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Times that each example is seen.
    pub epochs: usize,
    /// Images of a step; the last step of an epoch takes what is left.
    pub batch_size: usize,
    /// What is made small.
    pub loss: Loss,
    /// What else is counted.
    pub metrics: Vec<Metric>,
    /// How weights follow their gradients.
    pub optimizer: Optimizer,
    /// How the learning rate changes from step to step.
    pub schedule: Schedule,
    /// The limit of the gradients.
    pub clipping: Clipping,
    /// What the weights are at first.
    pub initializer: Initializer,
    /// Chooses weights, order, augmentation and dropout: the same seed gives the same weights, to the bit.
    pub seed: u64,
    /// Whether each epoch sees the examples in another order.
    pub shuffle: bool,
    /// When to stop before the last epoch.
    pub early_stopping: Option<Patience>,
    /// The value, such as `val_loss`, by whose best epoch the final weights are chosen; without, they are the last.
    pub best: Option<String>,
}

/// Stops when a value has not become better for some epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct Patience {
    /// The value, such as `val_loss`.
    pub monitor: String,
    /// Epochs without a better one.
    pub epochs: usize,
    /// What a value must be better by.
    pub min_delta: f64,
}

impl Config {
    /// What Keras does without being told: 32 images a step, Adam at a constant rate; and the accuracy for losses over
    /// classes, the overlap for masks.
    #[must_use]
    pub fn new(loss: Loss) -> Self {
        let metrics = match loss {
            Loss::SparseCategoricalCrossEntropy
            | Loss::CategoricalCrossEntropy
            | Loss::BinaryCrossEntropy => vec![Metric::Accuracy],
            Loss::Dice => vec![Metric::Iou { threshold: 0.5 }],
            Loss::MeanSquaredError | Loss::MeanAbsoluteError => Vec::new(),
        };
        Self {
            epochs: 1,
            batch_size: 32,
            loss,
            metrics,
            optimizer: Optimizer::adam(),
            schedule: Schedule::default(),
            clipping: Clipping::None,
            initializer: Initializer::HeNormal,
            seed: 0,
            shuffle: true,
            early_stopping: None,
            best: None,
        }
    }
}
