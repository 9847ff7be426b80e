//! Whether a value still gets better.

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Lower ones.
    Min,
    /// Higher ones.
    Max,
}

impl Mode {
    /// That of a value by its name: a loss, the seconds and the rate should be low, every metric high.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let low = ["loss", "seconds", "learning_rate"];
        if low.contains(&name.strip_prefix("val_").unwrap_or(name)) { Self::Min } else { Self::Max }
    }
}

/// The best value so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    mode: Mode,
    min_delta: f64,
    best: Option<(usize, f64)>,
}

impl Best {
    /// No value yet. A value is better than another if it differs by more than `min_delta`.
    #[must_use]
    pub fn new(mode: Mode, min_delta: f64) -> Self {
        Self { mode, min_delta: min_delta.abs(), best: None }
    }

    /// Takes the value of an epoch, and says whether it is the best so far. What is not a number never is.
    pub fn update(&mut self, epoch: usize, value: f64) -> bool {
        let better = match (self.best, self.mode) {
            (None, _) => !value.is_nan(),
            (Some((_, best)), Mode::Min) => value + self.min_delta < best,
            (Some((_, best)), Mode::Max) => value - self.min_delta > best,
        };
        if better {
            self.best = Some((epoch, value));
        }
        better
    }

    /// The best value and its epoch, if there was any.
    #[must_use]
    pub fn get(&self) -> Option<(usize, f64)> {
        self.best
    }
}

/// Ends training when a value no longer gets better; as Keras's `EarlyStopping`.
///
/// It remembers nothing that a history does not say: to go on with an interrupted training, give it the epochs so far
/// again.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStopping {
    best: Best,
    patience: usize,
    waited: usize,
}

impl EarlyStopping {
    /// Waits for so many epochs in a row without a better value; at least one.
    #[must_use]
    pub fn new(mode: Mode, patience: usize, min_delta: f64) -> Self {
        Self { best: Best::new(mode, min_delta), patience: patience.max(1), waited: 0 }
    }

    /// Takes the value of an epoch, and says whether to stop after it.
    pub fn update(&mut self, epoch: usize, value: f64) -> bool {
        self.waited = if self.best.update(epoch, value) { 0 } else { self.waited + 1 };
        self.waited >= self.patience
    }

    /// The best value and its epoch, if there was any.
    #[must_use]
    pub fn best(&self) -> Option<(usize, f64)> {
        self.best.get()
    }
}
