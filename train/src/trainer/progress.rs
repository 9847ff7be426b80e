use convolve_runtime::train::Head;

use super::Config;
use crate::history::{Epoch, History};
use crate::metrics::Tally;

/// What the trainer tells while it works.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step has been taken.
    Step {
        /// Steps of an epoch.
        steps: usize,
        /// How far the epoch is.
        progress: &'a Progress,
    },
    /// An epoch has ended.
    Epoch {
        /// Epochs in all.
        epochs: usize,
        /// All epochs so far.
        history: &'a History,
    },
}

/// How far training is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The epochs that have ended.
    pub history: History,
    /// Steps of the epoch that were taken.
    pub step: usize,
    /// Images that were seen in it.
    pub images: usize,
    /// Seconds that it took before it was interrupted.
    pub(crate) seconds: f64,
    /// The sum of the losses of its images.
    pub(crate) loss: f64,
    pub(crate) tallies: Vec<Tally>,
}

impl Progress {
    pub(super) fn new(config: &Config, head: Head, channels: usize) -> Self {
        let names = config.metrics.iter().map(ToString::to_string).collect();
        Self {
            history: History { metrics: names, epochs: Vec::new() },
            step: 0,
            images: 0,
            seconds: 0.0,
            loss: 0.0,
            tallies: config.metrics.iter().map(|metric| metric.tally(channels, head)).collect(),
        }
    }

    /// Tallies of nothing, of the same metrics.
    pub(super) fn empty_tallies(&self) -> Vec<Tally> {
        let mut tallies = self.tallies.clone();
        tallies.iter_mut().for_each(Tally::clear);
        tallies
    }

    /// Adds what a step has found, and forgets it in `tallies`.
    pub(super) fn add(&mut self, loss: f64, images: usize, tallies: &mut [Tally]) {
        self.step += 1;
        self.images += images;
        self.loss += loss;
        for (own, found) in self.tallies.iter_mut().zip(tallies) {
            own.merge(found);
            found.clear();
        }
    }

    /// Ends the epoch.
    pub(super) fn end_epoch(&mut self, epoch: Epoch) {
        self.history.epochs.push(epoch);
        (self.step, self.images, self.seconds, self.loss) = (0, 0, 0.0, 0.0);
        self.tallies.iter_mut().for_each(Tally::clear);
    }
}
