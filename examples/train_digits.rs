//! Trains a network on MNIST as a notebook with Keras would, evaluates it, and writes its weights and its history.
//!
//! `cargo run --release --features train --example train_digits [FOLDER [EPOCHS [SEED]]]`

mod shared;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;

use convolve::Threads;
use convolve::train::data::{self, Part};
use convolve::train::{Compiled, Config, Loss, Trainer};
use convolve_models::Digits;

use shared::{Arguments, MNIST, report};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read(5)?;
    let examples = data::idx::open_folder(Path::new(MNIST), Part::Train)?;
    let test = data::idx::open_folder(Path::new(MNIST), Part::Test)?;
    let (training, validation) = data::split(&examples, 0.1)?;

    let config = Config {
        epochs: arguments.epochs,
        batch_size: 128,
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
