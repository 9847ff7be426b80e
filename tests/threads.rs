//! Models on a pool of threads: several models, several predictions at once, predictions within a job.

#![forbid(unsafe_code)]

use std::thread;

use convolve::{Tensor, Threads, Workspace};
use convolve_models::{Mnist, MobileNetV2, data};
use convolve_runtime::team::Team;

/// The bits of the outputs for some digits, in a new workspace.
fn digits(model: &Mnist) -> Vec<u32> {
    let mut workspace = Workspace::new();
    let images = &data::mnist_test().images[..50];
    images.iter().flat_map(|image| bits(model.predict(image, &mut workspace))).collect()
}

/// The bits of the output for a picture.
fn classes(model: &MobileNetV2) -> Vec<u32> {
    let picture: Vec<f32> = (0..224 * 224 * 3).map(|i| (i % 251) as f32 / 251.0).collect();
    bits(model.predict(Tensor::view(&picture), &mut Workspace::new()))
}

fn bits(output: &impl Tensor) -> Vec<u32> {
    output.floats().iter().map(|x| x.to_bits()).collect()
}

#[test]
fn models_and_predictions_may_share_a_pool() {
    let (expected_digits, expected_classes) = (digits(&Mnist::new()), classes(&MobileNetV2::init(3)));
    for count in [1, 2, 5] {
        let threads = Threads::new(count);
        let mnist = Mnist::new().with_threads(&threads);
        let mobile = MobileNetV2::init(3).with_threads(&threads);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert!(digits(&mnist) == expected_digits, "{threads:?}"));
                scope.spawn(|| assert!(classes(&mobile) == expected_classes, "{threads:?}"));
            }
        });
    }
}

#[test]
fn a_prediction_may_run_within_a_job() {
    let expected = digits(&Mnist::new());
    let threads = Threads::new(3);
    let model = Mnist::new().with_threads(&threads);
    Team::new(&threads, 0).each(6, &mut [], |_, _| assert!(digits(&model) == expected));
}
