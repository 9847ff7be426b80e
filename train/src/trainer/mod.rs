//! The loop around it all.

mod config;
mod evaluate;
mod progress;
mod watch;

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use convolve_runtime::random::mix;
use convolve_runtime::train::{Images, Learner};
use convolve_runtime::weights::Data;
use convolve_runtime::{Level, Threads};

pub use config::{Config, Patience};
pub use evaluate::Evaluation;
pub(crate) use evaluate::bytes;
pub use progress::{Event, Progress};

use crate::data::{self, Dataset};
use crate::error::TrainError;
use crate::history::{Epoch, History, Scores};
use crate::metrics::Tally;
use crate::network::Network;
use crate::optimizer::{CHUNK, Clipping, State, squares};
use watch::Watch;

/// A network, its weights, and what is known of its training so far.
///
/// Everything that happens follows from the [`Config`], the data and the seed; the number of threads changes nothing. A
/// trainer that was [saved](Self::save) in the middle of an epoch and loaded again goes on to the same bits.
#[derive(Debug)]
pub struct Trainer<'n, N> {
    pub(crate) network: &'n N,
    pub(crate) config: Config,
    pub(crate) learner: Learner<'n>,
    pub(crate) threads: Option<Threads>,
    pub(crate) state: State,
    pub(crate) progress: Progress,
    /// The weights of the best epoch, as they are packed.
    pub(crate) best: Option<Vec<f32>>,
}

impl<'n, N: Network> Trainer<'n, N> {
    /// A trainer with new weights, on the threads of a pool or on the calling one.
    ///
    /// # Errors
    /// If the configuration does not fit the network.
    pub fn new(network: &'n N, config: Config, threads: Option<&Threads>) -> Result<Self, TrainError> {
        let program = network.program();
        let [inputs] = program.inputs else {
            return Err(TrainError::Inputs { found: program.inputs.len() });
        };
        _ = inputs;
        if config.batch_size == 0 {
            return Err(TrainError::BatchSize);
        }
        let slot = program.output.slot();
        config
            .loss
            .check_output(program.head, [slot.height, slot.width, slot.channels])
            .map_err(TrainError::Loss)?;
        for metric in &config.metrics {
            metric.check(slot.channels).map_err(TrainError::Metric)?;
        }
        let rates = config.optimizer.check().and_then(|()| config.schedule.check());
        rates.and_then(|()| config.clipping.check()).map_err(TrainError::Optimizer)?;
        let mut learner = Learner::new(program, config.batch_size, Level::detect(), threads);
        let tensors: Vec<Data<'_>> = program
            .tensors
            .iter()
            .enumerate()
            .map(|(index, tensor)| config.initializer.data(tensor, config.seed, index))
            .collect();
        learner.load(&tensors);
        Ok(Self {
            network,
            state: State::new(&config.optimizer, program.trained),
            progress: Progress::new(&config, program.head, slot.channels),
            config,
            learner,
            threads: threads.cloned(),
            best: None,
        })
    }

    /// Goes on from other weights: one tensor for each of the program's, of its size.
    pub fn load_tensors(&mut self, tensors: &[Data<'_>]) {
        self.learner.load(tensors);
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The epochs so far.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.progress.history
    }

    /// The tensors of the weights, in the order of the program's.
    #[must_use]
    pub fn tensors(&self) -> Vec<Vec<f32>> {
        self.learner.tensors()
    }

    /// Trains until the last epoch, or until something stops it. `validation` is evaluated after every epoch. `watch` is told
    /// of every step and epoch, and may end training; it goes on with the next call.
    ///
    /// # Errors
    /// If the data does not fit the network or the loss, or a number becomes infinite or none.
    pub fn fit(
        &mut self,
        data: &dyn Dataset,
        validation: Option<&dyn Dataset>,
        mut watch: impl FnMut(&Self, Event<'_>) -> ControlFlow<()>,
    ) -> Result<&History, TrainError> {
        self.check_data(data)?;
        if let Some(validation) = validation {
            self.check_data(validation)?;
        }
        let mut watched = Watch::new(&self.config, self.history(), validation.is_some())?;
        let steps = data.len().div_ceil(self.config.batch_size);
        let mut batch = Batch::new(self, data);
        while self.progress.history.epochs.len() < self.config.epochs && !watched.stop() {
            let order = self.order(data.len());
            let start = Instant::now();
            while self.progress.step < steps {
                let first = self.progress.step * self.config.batch_size;
                let examples = &order[first..data.len().min(first + self.config.batch_size)];
                self.step(data, examples, &mut batch)?;
                let event = Event::Step { steps, progress: &self.progress };
                if watch(self, event).is_break() {
                    self.progress.seconds += start.elapsed().as_secs_f64();
                    return Ok(self.history());
                }
            }
            let validation = validation.map(|data| self.evaluate(data)).transpose()?;
            let last = self.state.steps().saturating_sub(1);
            let rate = self.config.optimizer.learning_rate() * self.config.schedule.factor(last);
            let epoch = Epoch {
                training: self.progress.scores(),
                validation: validation.map(|validation| validation.scores),
                seconds: self.progress.seconds + start.elapsed().as_secs_f64(),
                learning_rate: rate,
            };
            self.progress.end_epoch(epoch);
            if watched.update(self.history()) {
                self.best = Some(self.learner.weights().to_vec());
            }
            let event = Event::Epoch { epochs: self.config.epochs, history: self.history() };
            if watch(self, event).is_break() {
                return Ok(self.history());
            }
        }
        if let Some(best) = &self.best {
            self.learner.weights_mut().copy_from_slice(best);
        }
        Ok(self.history())
    }

    /// The order of the examples in this epoch.
    fn order(&self, examples: usize) -> Vec<usize> {
        let epoch = self.progress.history.epochs.len();
        if self.config.shuffle {
            data::order(examples, self.config.seed, epoch)
        } else {
            (0..examples).collect()
        }
    }

    /// One step.
    fn step(&mut self, data: &dyn Dataset, examples: &[usize], batch: &mut Batch) -> Result<(), TrainError> {
        let epoch = self.progress.history.epochs.len();
        let key = mix(self.config.seed ^ mix(self.state.steps()));
        let Batch { records, input, record, tallies, squares: sums } = batch;
        let (input, record) = (*input, *record);
        let augmentation = mix(self.config.seed ^ mix(epoch as u64) ^ 1);
        let records = &mut records[..examples.len() * record];
        self.learner.each_piece(records, record, |index, floats| {
            let (image, target) = floats.split_at_mut(input);
            data.read(examples[index], augmentation, image, target);
        });
        let program = self.learner.program();
        let (head, channels, loss) = (program.head, program.output.slot().channels, self.config.loss);
        let weight = 1.0 / examples.len() as f32;
        let (records, counted) = (&*records, &*tallies);
        let judge = |image: usize, output: &[f32], gradient: &mut [f32]| {
            let target = &records[image * record + input..(image + 1) * record];
            let value = loss.gradient(head, channels, output, target, weight, gradient);
            let mut tallies = counted.lock().unwrap_or_else(PoisonError::into_inner);
            tallies.iter_mut().for_each(|tally| tally.add(output, target));
            value
        };
        let images = [Images { floats: records, step: record }];
        let found = self.learner.gradients_of(&images, examples.len(), key, &judge);
        let total = found.map_err(|fault| TrainError::NotFinite {
            epoch: epoch + 1,
            step: self.progress.step + 1,
            place: fault.to_string(),
        })?;
        let factor = self.config.schedule.factor(self.state.steps());
        let norm = match self.config.clipping {
            Clipping::Norm(_) => {
                squares(self.learner.gradients(), sums);
                sums.iter().sum::<f64>().sqrt()
            }
            Clipping::None | Clipping::Value(_) => 0.0,
        };
        let (step, slots) = self.state.advance();
        let update = self.config.optimizer.step(step, factor).clipped(self.config.clipping, norm);
        self.learner.update(slots, |weights, gradients, slots| update.apply(weights, gradients, slots));
        let tallies = tallies.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.progress.add(total, examples.len(), tallies);
        Ok(())
    }

    /// Whether examples fit the network and the loss.
    ///
    /// # Errors
    /// If there are none, or images or targets are of another size, or for the first target that the loss does not take.
    pub fn check_data(&self, data: &dyn Dataset) -> Result<(), TrainError> {
        let program = self.learner.program();
        let (expected, found) = (program.inputs[0], data.input_shape());
        if found.iter().product::<usize>() != expected {
            return Err(TrainError::Input { expected, found });
        }
        if data.is_empty() {
            return Err(TrainError::Empty);
        }
        let slot = program.output.slot();
        let shape = [slot.height, slot.width, slot.channels];
        let (mut input, mut target) = (vec![0.0; expected], vec![0.0; data.target_len()]);
        for example in 0..data.len() {
            data.read(example, 0, &mut input, &mut target);
            let checked = self.config.loss.check_target(shape, &target);
            checked.map_err(|error| TrainError::Target { example, error })?;
        }
        Ok(())
    }
}

/// The examples of a step, and what is counted of them.
struct Batch {
    /// Image and target of each.
    records: Vec<f32>,
    /// Floats of an image.
    input: usize,
    /// Floats of an image and its target.
    record: usize,
    tallies: Mutex<Vec<Tally>>,
    /// Squares of the gradients, chunk by chunk.
    squares: Vec<f64>,
}

impl Batch {
    fn new<N: Network>(trainer: &Trainer<'_, N>, data: &dyn Dataset) -> Self {
        let program = trainer.learner.program();
        let input = program.inputs[0];
        let record = input + data.target_len();
        Self {
            records: vec![0.0; trainer.config.batch_size.min(data.len()) * record],
            input,
            record,
            tallies: Mutex::new(trainer.progress.empty_tallies()),
            squares: vec![0.0; program.trained.div_ceil(CHUNK)],
        }
    }
}

/// What a trainer has scored, where it may be read.
impl Progress {
    /// The scores of the epoch so far.
    #[must_use]
    pub fn scores(&self) -> Scores {
        Scores {
            loss: self.loss / self.images.max(1) as f64,
            metrics: self.tallies.iter().map(Tally::value).collect(),
        }
    }
}
