//! Trains on demand and tells how long each epoch took: the engine `convolve` of `benches/training.py`.
//!
//! `epochs THREADS`: prints `ready`, then for every line that it reads the seconds of an epoch of 54,000 images of MNIST
//! with the validation after it, and once its input ends the accuracy on the test images.

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use convolve::Threads;
use convolve::train::data::{self, Part};
use convolve::train::{Compiled, Config, Event, Loss, Trainer};
use convolve_models::Digits;

fn main() -> Result<(), Box<dyn Error>> {
    let threads = std::env::args().nth(1).ok_or("how many threads?")?.parse()?;
    let mnist = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/data");
    let examples = data::idx::open_folder(&mnist, Part::Train)?;
    let test = data::idx::open_folder(&mnist, Part::Test)?;
    let (training, validation) = data::split(&examples, 0.1)?;
    let config =
        Config { epochs: usize::MAX, batch_size: 128, ..Config::new(Loss::SparseCategoricalCrossEntropy) };
    let network = Compiled::<Digits>::new();
    let threads = Threads::new(threads);
    let mut trainer = Trainer::new(&network, config, Some(&threads))?;
    let mut out = io::stdout();
    writeln!(out, "ready")?;
    for line in io::stdin().lock().lines() {
        _ = line?;
        let start = std::time::Instant::now();
        trainer.fit(&training, Some(&validation), |_, event| match event {
            Event::Epoch { .. } => ControlFlow::Break(()),
            Event::Step { .. } => ControlFlow::Continue(()),
        })?;
        writeln!(out, "{}", start.elapsed().as_secs_f64())?;
    }
    writeln!(out, "{}", trainer.evaluate(&test)?.scores.metrics[0])?;
    Ok(())
}
