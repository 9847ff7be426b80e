//! Trains a network on MNIST as a notebook with Keras would, evaluates it, and writes its weights and its history. The rate
//! of Adam falls to zero over all steps, along half a cosine.
//!
//! `cargo run --release --features train --example train_digits [FOLDER [EPOCHS [SEED]]]`

mod shared;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;

use convolve::Threads;
use convolve::train::data::{self, Dataset, Part};
use convolve::train::schedule::Decay;
use convolve::train::{Compiled, Config, Loss, Schedule, Trainer};
use convolve_models::Digits;

use shared::{Arguments, MNIST, report};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read(5)?;
    let examples = data::idx::open_folder(Path::new(MNIST), Part::Train)?;
    let test = data::idx::open_folder(Path::new(MNIST), Part::Test)?;
    let (training, validation) = data::split(&examples, 0.1)?;

    let batch_size = 128;
    let steps = (arguments.epochs * training.len().div_ceil(batch_size)) as u64;
    let config = Config {
        epochs: arguments.epochs,
        batch_size,
        schedule: Schedule { warm_up: 0, decay: Decay::Cosine { steps, minimum: 0.0 } },
        seed: arguments.seed,
        ..Config::new(Loss::SparseCategoricalCrossEntropy)
    };
    let network = Compiled::<Digits>::new();
    let threads = Threads::new(std::thread::available_parallelism()?.get());
    let mut trainer = Trainer::new(&network, config, Some(&threads))?;
    let mut out = io::stdout();
    writeln!(out, "{}", Digits::SUMMARY)?;
    trainer.fit(&training, Some(&validation), report)?;
    let evaluation = trainer.evaluate(&test)?;
    writeln!(out, "Test accuracy: {:.4}", evaluation.scores.metrics[0])?;
    arguments.save(&trainer, "digits")
}
