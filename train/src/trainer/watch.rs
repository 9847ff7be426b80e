//! Which epoch was the best, and whether to go on.

use super::Config;
use crate::error::TrainError;
use crate::history::{Best, EarlyStopping, History, Mode};

/// Watches values of the history.
pub(super) struct Watch {
    stopping: Option<(String, EarlyStopping)>,
    best: Option<(String, Best)>,
    stop: bool,
}

impl Watch {
    /// Watches what the configuration says, from the history so far on.
    pub(super) fn new(config: &Config, history: &History, validation: bool) -> Result<Self, TrainError> {
        let check = |name: &String| {
            let plain = || ["loss".to_owned()].into_iter().chain(history.metrics.iter().cloned());
            let mut names: Vec<String> = plain().collect();
            if validation {
                names.extend(plain().map(|name| format!("val_{name}")));
            }
            if names.contains(name) {
                return Ok(name.clone());
            }
            Err(TrainError::Monitor { name: name.clone(), names })
        };
        let stopping = config.early_stopping.as_ref().map(|patience| {
            let name = check(&patience.monitor)?;
            let stopping = EarlyStopping::new(Mode::of(&name), patience.epochs, patience.min_delta);
            Ok((name, stopping))
        });
        let best = config.best.as_ref().map(|name| Ok((check(name)?, Best::new(Mode::of(name), 0.0))));
        let mut watch = Self { stopping: stopping.transpose()?, best: best.transpose()?, stop: false };
        for epoch in 0..history.epochs.len() {
            watch.see(history, epoch);
        }
        Ok(watch)
    }

    /// Whether training should end.
    pub(super) const fn stop(&self) -> bool {
        self.stop
    }

    /// Looks at the last epoch; says whether it is the best.
    pub(super) fn update(&mut self, history: &History) -> bool {
        self.see(history, history.epochs.len() - 1)
    }

    fn see(&mut self, history: &History, epoch: usize) -> bool {
        let value = |name: &str| history.value(epoch, name).unwrap_or(f64::NAN);
        if let Some((name, stopping)) = &mut self.stopping {
            self.stop = stopping.update(epoch, value(name));
        }
        self.best.as_mut().is_some_and(|(name, best)| best.update(epoch, value(name)))
    }
}
