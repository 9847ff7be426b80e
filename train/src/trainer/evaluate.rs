//! How good a network is on examples that it does not learn from.

use std::sync::{Mutex, PoisonError};

use convolve_runtime::team::Team;
use convolve_runtime::train::Head;

use super::Trainer;
use crate::checkpoint;
use crate::data::Dataset;
use crate::error::TrainError;
use crate::history::Scores;
use crate::metrics::{Confusion, Tally};
use crate::network::{Network, Predictor};

/// Parts that examples are evaluated in, whatever the number of threads.
const PARTS: usize = 32;

/// What an evaluation has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss, and the metrics.
    pub scores: Scores,
    /// Which classes were taken for which, where the network tells classes apart.
    pub confusion: Option<Confusion>,
}

/// What is counted of some examples.
#[derive(Clone)]
struct Counts {
    loss: f64,
    tallies: Vec<Tally>,
    confusion: Option<Confusion>,
}

impl<N: Network> Trainer<'_, N> {
    /// Scores the weights as they are.
    ///
    /// # Errors
    /// If the data does not fit the network or the loss.
    pub fn evaluate(&self, data: &dyn Dataset) -> Result<Evaluation, TrainError> {
        self.check_data(data)?;
        let tensors: Vec<Vec<u8>> = self.tensors().iter().map(|tensor| bytes(tensor)).collect();
        Ok(self.score(&self.network.predictor(&checkpoint::data(&tensors)), data))
    }

    fn score(&self, predictor: &N::Predictor<'_>, data: &dyn Dataset) -> Evaluation {
        let program = self.learner.program();
        let (slot, head, loss) = (*program.output.slot(), program.head, self.config.loss);
        let channels = slot.channels;
        let is_class = loss.target_len([1, 1, channels]) == 1 || channels > 1;
        let none = Counts {
            loss: 0.0,
            tallies: self
                .config
                .metrics
                .iter()
                .map(|metric| metric.tally(channels, Head::Identity))
                .collect(),
            confusion: (is_class && !self.config.metrics.is_empty()).then(|| Confusion::new(channels.max(2))),
        };
        let counts: Vec<Mutex<Counts>> = vec![none.clone(); PARTS].into_iter().map(Mutex::new).collect();
        let memories = Mutex::new(Vec::new());
        let team = self.threads.as_ref().map_or(Team::ALONE, |threads| Team::new(threads, 0));
        team.each(PARTS, &mut [], |part, _| {
            let waiting = memories.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = waiting.unwrap_or_else(|| predictor.memory());
            let mut counts = counts[part].lock().unwrap_or_else(PoisonError::into_inner);
            let mut input = vec![0.0; program.inputs[0]];
            let (mut target, mut output) = (vec![0.0; data.target_len()], vec![0.0; slot.len()]);
            for example in data.len() * part / PARTS..data.len() * (part + 1) / PARTS {
                data.read(example, 0, &mut input, &mut target);
                predictor.predict(&[&input], &mut output, &mut memory);
                counts.loss += loss.value(head, channels, &output, &target);
                counts.tallies.iter_mut().for_each(|tally| tally.add(&output, &target));
                if let Some(confusion) = &mut counts.confusion {
                    confusion.add(channels, &output, &target);
                }
            }
            memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        });
        let mut all = none;
        for part in &counts {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            all.loss += part.loss;
            all.tallies.iter_mut().zip(&part.tallies).for_each(|(all, part)| all.merge(part));
            if let (Some(all), Some(part)) = (&mut all.confusion, &part.confusion) {
                all.merge(part);
            }
        }
        Evaluation {
            scores: Scores {
                loss: all.loss / data.len() as f64,
                metrics: all.tallies.iter().map(Tally::value).collect(),
            },
            confusion: all.confusion,
        }
    }
}

/// The bytes of a tensor, as a weights file has them.
pub(crate) fn bytes(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|float| float.to_le_bytes()).collect()
}
