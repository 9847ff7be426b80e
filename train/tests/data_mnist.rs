//! MNIST as it ships with the repository, against what is known of it.

use std::path::PathBuf;

use convolve_train::data::{Arrays, Dataset, Part, Subset, class_counts, idx, open, split};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/data"))
}

fn label(data: &dyn Dataset, index: usize) -> f32 {
    let mut target = [0.0];
    data.read(index, 0, &mut [0.0; 784], &mut target);
    target[0]
}

fn first_labels(data: &dyn Dataset) -> [f32; 5] {
    std::array::from_fn(|index| label(data, index))
}

#[test]
fn the_training_set_is_mnist() {
    let data = idx::open_folder(&folder(), Part::Train).expect("the training set");
    assert_eq!((data.len(), data.input_shape(), data.target_len()), (60_000, [28, 28, 1], 1));
    assert_eq!(first_labels(&data), [5.0, 0.0, 4.0, 1.0, 9.0]);
    // As the set's publishers count them.
    let counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    let counted = class_counts(&data).expect("labels are class indices");
    assert_eq!(counted.into_iter().collect::<Vec<_>>(), counts.into_iter().enumerate().collect::<Vec<_>>());

    let (mut sum, mut squares) = (0.0, 0.0);
    let (mut image, mut target) = ([0.0; 784], [0.0]);
    for index in 0..data.len() {
        data.read(index, 0, &mut image, &mut target);
        for pixel in image {
            assert!((0.0..=1.0).contains(&pixel));
            sum += f64::from(pixel);
            squares += f64::from(pixel).powi(2);
        }
    }
    let pixels = 60_000.0 * 784.0;
    let mean = sum / pixels;
    let std = (squares / pixels - mean * mean).sqrt();
    // The numbers that everybody normalises MNIST by.
    assert!((mean - 0.1307).abs() < 5e-5, "{mean}");
    assert!((std - 0.3081).abs() < 5e-5, "{std}");
}

#[test]
fn the_test_set_is_found_by_itself() {
    let data = open(&folder(), Part::Test, None).expect("the test set");
    assert_eq!((data.len(), data.input_shape()), (10_000, [28, 28, 1]));
    assert_eq!(first_labels(&data), [7.0, 2.0, 1.0, 0.0, 4.0]);
}

#[test]
fn validation_takes_the_last_tenth() {
    let data = idx::open_folder(&folder(), Part::Train).expect("the training set");
    let (train, validation) = split(&data, 0.1).expect("two parts");
    assert_eq!((train.len(), validation.len()), (54_000, 6_000));
    assert_eq!(label(&train, 53_999), label(&data, 53_999));
    assert_eq!(label(&validation, 0), label(&data, 54_000));
    assert_eq!(label(&validation, 5_999), label(&data, 59_999));
}

#[test]
fn parts_without_examples_are_refused() {
    let data = Arrays::new(vec![0.0; 10], vec![0.0; 10], [1, 1, 1]).expect("ten examples");
    for fraction in [0.0, 1.0, -0.5, 1.5, 0.95, f64::NAN, f64::INFINITY] {
        assert!(split(&data, fraction).is_err(), "{fraction}");
    }
    // Keras rounds the part that is learned from down: 10 · 0.75 is 7.5.
    let (train, validation) = split(&data, 0.25).expect("two parts");
    assert_eq!((train.len(), validation.len()), (7, 3));
    for range in [3..3, 9..11, 11..12] {
        assert!(Subset::new(&data, range).is_err());
    }
}
