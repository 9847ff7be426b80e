//! What is told of a training while it goes on: a bar for people who watch, a line for each epoch.

use std::time::{Duration, Instant};

use convolve_train::{Event, History, Progress};
use indicatif::HumanDuration;
use serde_json::{Map, Value, json};

use crate::args::Format;
use crate::failure::Result;
use crate::output;
use crate::progress::{self, Progress as Line};
use crate::table::grouped;

/// The bar, which is there while this lives, and the clock.
pub(crate) struct Display {
    line: Line,
    format: Format,
    epochs: usize,
    start: Instant,
    /// Steps since the start.
    steps: usize,
    /// When the epoch started, or went on, and with how many images.
    epoch: Option<(Instant, usize)>,
}

impl Display {
    pub(crate) fn new(epochs: usize, format: Format) -> Self {
        let line = Line::new(format, "");
        line.parts("", None);
        line.bar().set_style(progress::style("{prefix} {bar:24} {pos}/{len} - {msg}"));
        Self { line, format, epochs, start: Instant::now(), steps: 0, epoch: None }
    }

    /// Tells of a step or an epoch.
    ///
    /// # Errors
    /// If it cannot be told.
    pub(crate) fn show(&mut self, event: &Event<'_>) -> Result<()> {
        match event {
            Event::Step { steps, progress } => self.step(*steps, progress),
            Event::Epoch { history, .. } => {
                self.epoch = None;
                let line = match self.format {
                    Format::Text => line(history, self.epochs),
                    Format::Json => object(history, self.epochs),
                };
                return output::print(&line);
            }
        }
        Ok(())
    }

    fn step(&mut self, steps: usize, progress: &Progress) {
        self.steps += 1;
        let (start, before) = *self.epoch.get_or_insert((Instant::now(), progress.images));
        let rate = (progress.images - before) as f64 / start.elapsed().as_secs_f64();
        let rate =
            if rate.is_finite() { format!("{} images/s - ", grouped(rate as u64)) } else { String::new() };
        let epoch = progress.history.epochs.len();
        let ahead = steps - progress.step + self.epochs.saturating_sub(epoch + 1) * steps;
        let left = self.start.elapsed().as_secs_f64() / self.steps as f64 * ahead as f64;
        let left = HumanDuration(Duration::from_secs(left as u64));
        let scores = progress.scores();
        let names = ["loss"].into_iter().chain(progress.history.metrics.iter().map(String::as_str));
        let values = [scores.loss].into_iter().chain(scores.metrics);
        let mut shown = String::new();
        for (name, value) in names.zip(values) {
            shown += &format!("{name}: {value:.4} - ");
        }
        let bar = self.line.bar();
        bar.set_length(steps as u64);
        bar.set_prefix(format!("Epoch {}/{}", epoch + 1, self.epochs));
        bar.set_message(format!("{shown}{rate}{left} left"));
        bar.set_position(progress.step as u64);
    }
}

/// The last epoch as Keras tells it.
fn line(history: &History, epochs: usize) -> String {
    let epoch = history.epochs.len();
    let value = |name: &str| history.value(epoch - 1, name).unwrap_or(f64::NAN);
    let mut line = format!("Epoch {epoch}/{epochs} - {:.1}s", value("seconds"));
    for name in history.names() {
        if name != "seconds" && name != "learning_rate" {
            line += &format!(" - {name}: {:.4}", value(&name));
        }
    }
    line + "\n"
}

/// The last epoch for programs.
fn object(history: &History, epochs: usize) -> String {
    let epoch = history.epochs.len();
    let mut object: Map<String, Value> = history
        .names()
        .into_iter()
        .map(|name| (name.clone(), json!(history.value(epoch - 1, &name))))
        .collect();
    object.insert("epoch".to_owned(), json!(epoch));
    object.insert("epochs".to_owned(), json!(epochs));
    Value::Object(object).to_string() + "\n"
}
