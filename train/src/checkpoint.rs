//! Weights and whole trainings as safetensors files.
//!
//! A checkpoint holds the tensors of the weights under their names, after `weights.`, those of the best epoch after `best.`,
//! and the optimiser's vectors after `optimizer.`; its metadata say how far training was.

use std::collections::BTreeMap;
use std::path::Path;

use convolve_runtime::weights::file::open;
use convolve_runtime::weights::{Data, Parameter};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::file::{failure, replace};
use crate::history::History;
use crate::network::Network;
use crate::optimizer::State;
use crate::trainer::{Trainer, bytes};

/// The name of the metadata.
const METADATA: &str = "convolve";

/// How far a training was.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// What must not change between parts of a training.
    setup: BTreeMap<String, String>,
    /// Steps of the optimiser.
    steps: u64,
    /// Steps, images, seconds and losses of the epoch that had not ended.
    step: usize,
    images: usize,
    seconds: f64,
    loss: f64,
    tallies: Vec<Vec<u64>>,
    /// The epochs that had.
    history: String,
    best: bool,
}

impl<N: Network> Trainer<'_, N> {
    /// The weights as the bytes of a safetensors file, which `from_safetensors` and `cnn!` read.
    #[must_use]
    pub fn to_safetensors(&self) -> Vec<u8> {
        let program = self.learner.program();
        let tensors = self.tensors();
        let tensors = program.tensors.iter().zip(&tensors);
        write(
            tensors.map(|(tensor, floats)| (tensor.name.to_owned(), tensor.shape.to_vec(), bytes(floats))),
            None,
        )
    }

    /// Writes the weights. The file appears whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save_weights(&self, path: &Path) -> Result<(), TrainError> {
        replace(path, &self.to_safetensors())
    }

    /// Goes on from the weights of a safetensors file.
    ///
    /// # Errors
    /// If the file cannot be read, or is not for this network.
    pub fn load_weights(&mut self, path: &Path) -> Result<(), TrainError> {
        let file = read(path)?;
        let tensors = open(&file, self.learner.program().tensors).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            failure(path, &errors.join("; "))
        })?;
        self.load_tensors(&tensors);
        Ok(())
    }

    /// Writes all that training goes on from. The file appears whole or not at all: whenever the program is killed, under
    /// this name lies the last checkpoint that was complete.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let program = self.learner.program();
        let named = |prefix: &str, tensors: Vec<Vec<f32>>| -> Vec<(String, Vec<usize>, Vec<u8>)> {
            let tensors = program.tensors.iter().zip(tensors);
            tensors
                .map(|(tensor, floats)| {
                    (format!("{prefix}.{}", tensor.name), tensor.shape.to_vec(), bytes(&floats))
                })
                .collect()
        };
        let mut tensors = named("weights", self.tensors());
        if let Some(best) = &self.best {
            tensors.extend(named("best", self.learner.tensors_of(best)));
        }
        for (name, slot) in self.config.optimizer.slots().iter().zip(self.state.slots()) {
            tensors.push((format!("optimizer.{name}"), vec![slot.len()], bytes(slot)));
        }
        let progress = &self.progress;
        let saved = Saved {
            setup: self.setup(),
            steps: self.state.steps(),
            step: progress.step,
            images: progress.images,
            seconds: progress.seconds,
            loss: progress.loss,
            tallies: progress.tallies.iter().map(|tally| tally.counts()).collect(),
            history: progress.history.to_json(),
            best: self.best.is_some(),
        };
        let metadata = serde_json::to_string(&saved).unwrap_or_else(|_| unreachable!("numbers and words"));
        replace(path, &write(tensors.into_iter(), Some(metadata)))
    }

    /// Goes on from a checkpoint, to the same bits as a training that was never interrupted.
    ///
    /// # Errors
    /// If the file cannot be read, is no checkpoint, or one of another network or configuration.
    pub fn resume(&mut self, path: &Path) -> Result<(), TrainError> {
        let file = read(path)?;
        let wrong = |reason: &str| failure(path, reason);
        let tensors = SafeTensors::deserialize(&file)
            .map_err(|error| wrong(&format!("it is no safetensors file: {error}")))?;
        let metadata = SafeTensors::read_metadata(&file).map(|(_, metadata)| metadata);
        let metadata = metadata.map_err(|error| wrong(&format!("it is no safetensors file: {error}")))?;
        let saved: Saved = metadata
            .metadata()
            .as_ref()
            .and_then(|metadata| serde_json::from_str(metadata.get(METADATA)?).ok())
            .ok_or_else(|| {
                wrong("it is no checkpoint of a training; weights are given where training begins")
            })?;
        for (name, now) in self.setup() {
            match saved.setup.get(&name) {
                Some(then) if *then == now => {}
                Some(then) => {
                    return Err(wrong(&format!(
                        "it was made with {name} {then}, but now it is {now}: go on as it began"
                    )));
                }
                None => return Err(wrong(&format!("it does not say with which {name} it was made"))),
            }
        }
        let program = *self.learner.program();
        let named = |prefix: &str| -> Result<Vec<Vec<u8>>, TrainError> {
            let one = |tensor: &Parameter<'_>| {
                let name = format!("{prefix}.{}", tensor.name);
                let found = tensors
                    .tensor(&name)
                    .ok()
                    .filter(|found| found.dtype() == Dtype::F32 && found.shape() == tensor.shape);
                found.map(|found| found.data().to_vec()).ok_or_else(|| {
                    wrong(&format!(
                        "it has no tensor `{name}` of {:?}: it is another network's",
                        tensor.shape
                    ))
                })
            };
            program.tensors.iter().map(one).collect()
        };
        let slots = self.config.optimizer.slots().iter().map(|name| {
            let found = tensors.tensor(&format!("optimizer.{name}")).ok()?;
            let singles = found.data().as_chunks().0;
            Some(singles.iter().map(|single| f32::from_le_bytes(*single)).collect())
        });
        let slots = slots.collect::<Option<Vec<Vec<f32>>>>();
        let slots = slots.ok_or_else(|| wrong("it lacks a vector of the optimizer"))?;
        let state = State::restore(&self.config.optimizer, program.trained, saved.steps, slots)
            .map_err(|error| wrong(&error.to_string()))?;
        let history = History::from_json(&saved.history).map_err(|error| wrong(&error.to_string()))?;
        let weights = named("weights")?;
        let best = if saved.best { Some(named("best")?) } else { None };
        let mut tallies = self.progress.tallies.clone();
        let counted = tallies.len() == saved.tallies.len()
            && tallies.iter_mut().zip(&saved.tallies).all(|(tally, counts)| tally.restore(counts));
        if !counted || history.metrics != self.progress.history.metrics {
            return Err(wrong("it counts other metrics"));
        }

        if let Some(best) = best {
            self.learner.load(&data(&best));
            self.best = Some(self.learner.weights().to_vec());
        }
        self.learner.load(&data(&weights));
        self.state = state;
        let progress = &mut self.progress;
        (progress.history, progress.tallies) = (history, tallies);
        (progress.step, progress.images) = (saved.step, saved.images);
        (progress.seconds, progress.loss) = (saved.seconds, saved.loss);
        Ok(())
    }

    /// What must not change between parts of a training, in words.
    fn setup(&self) -> BTreeMap<String, String> {
        let config = &self.config;
        [
            ("batch size", config.batch_size.to_string()),
            ("seed", config.seed.to_string()),
            ("shuffling", config.shuffle.to_string()),
            ("loss", config.loss.to_string()),
            ("optimizer", format!("{:?}", config.optimizer)),
            ("schedule", config.schedule.to_string()),
            ("clipping", format!("{:?}", config.clipping)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// Tensors as a weights file has them.
pub(crate) fn data(tensors: &[Vec<u8>]) -> Vec<Data<'_>> {
    tensors.iter().map(|bytes| Data::F32(bytes)).collect()
}

/// A safetensors file of float32 tensors.
fn write(tensors: impl Iterator<Item = (String, Vec<usize>, Vec<u8>)>, metadata: Option<String>) -> Vec<u8> {
    let tensors: Vec<_> = tensors.collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        (name, view.unwrap_or_else(|_| unreachable!("as many floats as the shape says")))
    });
    let metadata = metadata.map(|text| [(METADATA.to_owned(), text)].into());
    serialize(views, metadata).unwrap_or_else(|_| unreachable!("all tensors are of one kind"))
}

fn read(path: &Path) -> Result<Vec<u8>, TrainError> {
    std::fs::read(path).map_err(|error| failure(path, &format!("cannot be read: {error}")))
}
