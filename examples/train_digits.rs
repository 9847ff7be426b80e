//! Trains a network on MNIST as a notebook with Keras would, evaluates it, and writes its weights and its history.
//!
//! `cargo run --release --features train --example train_digits [FOLDER]`

use std::error::Error;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use convolve::Threads;
use convolve::train::data::{self, Part};
use convolve::train::{Compiled, Config, Event, Loss, Trainer};

convolve::cnn! {
    /// Tells digits apart.
    #[train]
    #[weights(layout = keras)]
    pub fn Digits(image: Input<28, 28, 1>) -> Output<10> {
        let conv1 = conv2d(image, filters = 32, kernel_size = 3, padding = same, activation = relu);
        let pooled1 = max_pool2d(conv1, kernel_size = 2);
        let conv2 = conv2d(pooled1, filters = 64, kernel_size = 3, padding = same, activation = relu);
        let pooled2 = max_pool2d(conv2, kernel_size = 2);
        let fc1 = dense(flatten(pooled2), units = 128, activation = relu);
        dense(fc1, units = 10, activation = softmax)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let mnist = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/data");
    let examples = data::idx::open_folder(&mnist, Part::Train)?;
    let test = data::idx::open_folder(&mnist, Part::Test)?;
    let (training, validation) = data::split(&examples, 0.1)?;

    let config = Config { epochs: 5, batch_size: 128, ..Config::new(Loss::SparseCategoricalCrossEntropy) };
    let network = Compiled::<Digits>::new();
    let threads = Threads::new(std::thread::available_parallelism()?.get());
    let mut trainer = Trainer::new(&network, config, Some(&threads))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", Digits::SUMMARY)?;
    trainer.fit(&training, Some(&validation), |_, event| {
        if let Event::Epoch { epochs, history } = event {
            let epoch = history.epochs.len();
            let value = |name| history.value(epoch - 1, name).unwrap_or(f64::NAN);
            _ = writeln!(
                out,
                "Epoch {epoch}/{epochs} - {:.1}s - loss: {:.4} - accuracy: {:.4} - val_loss: {:.4} - val_accuracy: {:.4}",
                value("seconds"),
                value("loss"),
                value("accuracy"),
                value("val_loss"),
                value("val_accuracy"),
            );
        }
        ControlFlow::Continue(())
    })?;
    let evaluation = trainer.evaluate(&test)?;
    writeln!(out, "Test accuracy: {:.4}", evaluation.scores.metrics[0])?;
    trainer.save_weights(&folder.join("digits.safetensors"))?;
    std::fs::write(folder.join("digits_history.json"), trainer.history().to_json())?;
    Ok(())
}
