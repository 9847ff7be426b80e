//! What the examples that train have left in `models/weights`, on images that training has not seen.

#![forbid(unsafe_code)]

use convolve::Workspace;
use convolve_models::data::{Canvas, Scene, mnist_test};
use convolve_models::{DigitSegmentation, Digits};

#[test]
fn digits_are_read() {
    let digits = mnist_test();
    let mut found = vec![[0.0; 10]; digits.images.len()];
    Digits::new().predict_batch(&digits.images, &mut found, &mut Workspace::new());
    let best = |found: &[f32; 10]| (0..10).max_by(|&a, &b| found[a].total_cmp(&found[b]));
    let right =
        found.iter().zip(&digits.labels).filter(|(found, label)| best(found) == Some((**label).into()));
    let right = right.count();
    assert!(right >= 9900, "{right} of 10,000");
}

/// Of the pixels that are marked in masks or in what was found in images, the share that is marked in both.
fn overlap<'a>(pairs: impl Iterator<Item = (&'a Canvas, &'a Canvas)>, threshold: f32) -> f64 {
    let (mut both, mut either) = (0u32, 0u32);
    for (found, mask) in pairs {
        for ([found], [mask]) in found.as_flattened().iter().zip(mask.as_flattened()) {
            let (found, mask) = (*found > threshold, *mask == 1.0);
            both += u32::from(found && mask);
            either += u32::from(found || mask);
        }
    }
    f64::from(both) / f64::from(either)
}

/// Better than any threshold of brightness does.
#[test]
fn pixels_of_digits_are_found() {
    let digits = mnist_test().images;
    let compose = |seed| Scene::compose(seed, digits.len(), |index| digits[index]);
    let scenes: Vec<Scene> = (0..1000).map(compose).collect();
    let model = DigitSegmentation::new();
    let mut workspace = Workspace::new();
    let found: Vec<Canvas> =
        scenes.iter().map(|scene| *model.predict(&scene.image, &mut workspace)).collect();
    let iou = overlap(found.iter().zip(scenes.iter().map(|scene| &scene.mask)), 0.5);
    assert!(iou >= 0.9, "{iou}");

    let few = &scenes[..100];
    let by_brightness =
        |step| overlap(few.iter().map(|scene| (&scene.image, &scene.mask)), step as f32 / 50.0);
    let best = (0..50u32).map(by_brightness).fold(0.0, f64::max);
    assert!(best < 0.7, "{best}");
}
