//! Trains a small U-Net to find the pixels of handwritten digits over noise, and writes its weights and its history.
//!
//! `cargo run --release --features train --example train_segmentation [FOLDER [EPOCHS [SEED]]]`

mod shared;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;

use convolve::Threads;
use convolve::train::data::{self, Dataset, Part};
use convolve::train::schedule::Decay;
use convolve::train::{Compiled, Config, Loss, Metric, Optimizer, Schedule, Trainer};
use convolve_models::DigitSegmentation;
use convolve_models::data::Scene;

use shared::{Arguments, MNIST, report};

/// Scenes with digits of a data set, new ones for each epoch.
struct Scenes<D> {
    digits: D,
    scenes: usize,
}

impl<D: Dataset> Dataset for Scenes<D> {
    fn len(&self) -> usize {
        self.scenes
    }

    fn input_shape(&self) -> [usize; 3] {
        [64, 64, 1]
    }

    fn target_len(&self) -> usize {
        64 * 64
    }

    fn read(&self, index: usize, key: u64, input: &mut [f32], target: &mut [f32]) {
        let scene = Scene::compose(key ^ index as u64, self.digits.len(), |index| {
            let mut digit = [[[0.0]; 28]; 28];
            self.digits.read(index, 0, digit.as_flattened_mut().as_flattened_mut(), &mut [0.0]);
            digit
        });
        input.copy_from_slice(scene.image.as_flattened().as_flattened());
        target.copy_from_slice(scene.mask.as_flattened().as_flattened());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read(8)?;
    let digits = data::idx::open_folder(Path::new(MNIST), Part::Train)?;
    let (training, validation) = data::split(&digits, 0.1)?;
    let training = Scenes { digits: training, scenes: 4000 };
    let validation = Scenes { digits: validation, scenes: 500 };
    let test = Scenes { digits: data::idx::open_folder(Path::new(MNIST), Part::Test)?, scenes: 1000 };

    let batch_size = 16;
    let steps = (arguments.epochs * training.len().div_ceil(batch_size)) as u64;
    let config = Config {
        epochs: arguments.epochs,
        batch_size,
        metrics: vec![Metric::Iou { threshold: 0.5 }],
        optimizer: Optimizer::adam().with_learning_rate(0.003),
        schedule: Schedule { warm_up: 0, decay: Decay::Cosine { steps, minimum: 0.0 } },
        seed: arguments.seed,
        ..Config::new(Loss::BinaryCrossEntropy)
    };
    let network = Compiled::<DigitSegmentation>::new();
    let threads = Threads::new(std::thread::available_parallelism()?.get());
    let mut trainer = Trainer::new(&network, config, Some(&threads))?;
    let mut out = io::stdout();
    writeln!(out, "{}", DigitSegmentation::SUMMARY)?;
    trainer.fit(&training, Some(&validation), report)?;
    let evaluation = trainer.evaluate(&test)?;
    writeln!(out, "IoU on digits never seen: {:.4}", evaluation.scores.metrics[0])?;
    arguments.save(&trainer, "digit_segmentation")
}
