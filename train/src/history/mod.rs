//! How training went, epoch by epoch, and what follows from it.

mod columns;
mod watch;

use std::fmt::Write as _;

pub use watch::{Best, EarlyStopping, Mode};

/// A loss, and the values of the metrics in the order of [`History::metrics`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// The mean over the images.
    pub loss: f64,
    /// The metrics' values.
    pub metrics: Vec<f64>,
}

/// One pass over the training set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Epoch {
    /// Over the images trained on, each as the network was when it came to it.
    pub training: Scores,
    /// Over the images held out, as the network was at the end.
    pub validation: Option<Scores>,
    /// How long it took.
    pub seconds: f64,
    /// Of its last step.
    pub learning_rate: f64,
}

/// All epochs so far, under the names that Keras gives their values: `loss`, `accuracy`, `val_loss`, `val_accuracy`, and
/// so on for other metrics; and `seconds` and `learning_rate`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The metrics' names.
    pub metrics: Vec<String>,
    /// In order.
    pub epochs: Vec<Epoch>,
}

impl History {
    /// A value of an epoch, counted from 0, by its name; none if it has no such value.
    #[must_use]
    pub fn value(&self, epoch: usize, name: &str) -> Option<f64> {
        let epoch = self.epochs.get(epoch)?;
        let scores = |scores: &Scores, name: &str| match name {
            "loss" => Some(scores.loss),
            _ => self
                .metrics
                .iter()
                .position(|metric| metric == name)
                .and_then(|at| scores.metrics.get(at).copied()),
        };
        match (name, name.strip_prefix("val_")) {
            ("seconds", _) => Some(epoch.seconds),
            ("learning_rate", _) => Some(epoch.learning_rate),
            (_, Some(name)) => scores(epoch.validation.as_ref()?, name),
            (_, None) => scores(&epoch.training, name),
        }
    }

    /// The names of the values that the epochs have.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let scores = || std::iter::once("loss").chain(self.metrics.iter().map(String::as_str));
        let mut names: Vec<_> = scores().map(str::to_owned).collect();
        if self.epochs.iter().any(|epoch| epoch.validation.is_some()) {
            names.extend(scores().map(|name| format!("val_{name}")));
        }
        names.extend(["seconds", "learning_rate"].map(str::to_owned));
        names
    }

    /// As comma-separated values: a row of names, then a row for each epoch, counted from 1. A value that an epoch has
    /// not is empty.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let names = self.names();
        let mut text = format!("epoch,{}\n", names.join(","));
        for epoch in 0..self.epochs.len() {
            let _ = write!(text, "{}", epoch + 1);
            for name in &names {
                let value = self.value(epoch, name).map(|value| value.to_string());
                let _ = write!(text, ",{}", value.unwrap_or_default());
            }
            text.push('\n');
        }
        text
    }

    /// As JSON: an object with an array for each name, as Keras's `history.history` is.
    ///
    /// # Panics
    /// Never: numbers and names can always be written.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&columns::Columns::from(self)).expect("numbers and names")
    }

    /// What [`History::to_json`] wrote, to the last bit.
    ///
    /// # Errors
    /// If the text is not JSON, or not that of a history.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let columns: columns::Columns = serde_json::from_str(text)?;
        columns.try_into().map_err(serde::de::Error::custom)
    }
}
