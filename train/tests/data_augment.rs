//! Augmentation and shuffling: what they may do, and that a key alone says what they do.

use std::collections::BTreeSet;
use std::thread;

use convolve_train::data::{Arrays, Augmentation, Augmented, Dataset, order};

const SHAPE: [usize; 3] = [5, 6, 2];
const PIXELS: usize = SHAPE[0] * SHAPE[1];
const SIZE: usize = PIXELS * SHAPE[2];

/// Four examples without a zero and without equal elements; a mask has the first channel of its image.
fn masked() -> Arrays {
    let inputs: Vec<f32> = (0..4 * SIZE).map(|element| (element + 1) as f32).collect();
    let masks = inputs.iter().step_by(2).copied().collect();
    Arrays::new(inputs, masks, SHAPE).expect("four examples")
}

fn read(data: &impl Dataset, index: usize, key: u64) -> (Vec<f32>, Vec<f32>) {
    let (mut input, mut target) = (vec![f32::NAN; SIZE], vec![f32::NAN; data.target_len()]);
    data.read(index, key, &mut input, &mut target);
    (input, target)
}

fn augmented(augmentation: Augmentation) -> Augmented<Arrays> {
    Augmented::new(masked(), augmentation).expect("an augmentation that leaves something")
}

/// `image` with the pixel that `from` says at each place, or zeros.
fn moved(image: &[f32], from: impl Fn(isize, isize) -> Option<[isize; 2]>) -> Vec<f32> {
    let [height, width, channels] = SHAPE.map(|length| length as isize);
    let mut result = Vec::new();
    for row in 0..height {
        for column in 0..width {
            let place = from(row, column)
                .filter(|[row, column]| (0..height).contains(row) && (0..width).contains(column));
            for channel in 0..channels {
                let value =
                    place.map(|[row, column]| image[((row * width + column) * channels + channel) as usize]);
                result.push(value.unwrap_or(0.0));
            }
        }
    }
    result
}

/// Checks that reading gives nothing but `possible` images, each of them, and the mask that belongs to it.
#[track_caller]
fn gives_all_of(data: &impl Dataset, possible: &[Vec<f32>]) {
    let mut seen = BTreeSet::new();
    for key in 0..60 * possible.len() as u64 {
        let (input, mask) = read(data, 1, key);
        let found = possible.iter().position(|image| *image == input);
        seen.insert(found.unwrap_or_else(|| panic!("{input:?} under key {key}")));
        assert_eq!(mask, input.into_iter().step_by(2).collect::<Vec<_>>());
    }
    assert_eq!(seen.len(), possible.len());
}

#[test]
fn nothing_is_done_unless_asked() {
    let data = augmented(Augmentation::default());
    assert_eq!((data.len(), data.input_shape(), data.target_len()), (4, SHAPE, PIXELS));
    for index in 0..4 {
        assert_eq!(read(&data, index, 7), read(&masked(), index, 0));
    }
}

#[test]
fn images_flip_with_their_masks() {
    let (image, _) = read(&masked(), 1, 0);
    let upside_down = moved(&image, |row, column| Some([4 - row, column]));
    let mirrored = moved(&image, |row, column| Some([row, 5 - column]));
    let both = moved(&image, |row, column| Some([4 - row, 5 - column]));
    let flip = |flip| augmented(Augmentation { flip, ..Augmentation::default() });
    gives_all_of(&flip([true, false]), &[image.clone(), upside_down.clone()]);
    gives_all_of(&flip([false, true]), &[image.clone(), mirrored.clone()]);
    gives_all_of(&flip([true, true]), &[image, upside_down, mirrored, both]);
}

#[test]
fn images_shift_by_whole_pixels() {
    let (image, _) = read(&masked(), 1, 0);
    let mut possible = Vec::new();
    for down in -2..=2 {
        for right in -1..=1 {
            possible.push(moved(&image, |row, column| Some([row - down, column - right])));
        }
    }
    gives_all_of(&augmented(Augmentation { shift: [2, 1], ..Augmentation::default() }), &possible);
}

#[test]
fn a_window_is_put_in_the_middle() {
    let (image, _) = read(&masked(), 1, 0);
    let mut possible = Vec::new();
    for top in 0..=3 {
        for left in 0..=2 {
            // Of five rows two are left, below one; of six columns four, right of one.
            possible.push(moved(&image, |row, column| {
                let inside = (1..3).contains(&row) && (1..5).contains(&column);
                inside.then_some([row - 1 + top, column - 1 + left])
            }));
        }
    }
    gives_all_of(&augmented(Augmentation { crop: [3, 2], ..Augmentation::default() }), &possible);
}

#[test]
fn choices_are_even() {
    let data = augmented(Augmentation { flip: [false, true], shift: [1, 0], ..Augmentation::default() });
    let plain = read(&masked(), 0, 0).0;
    let mut counts = [[0; 3]; 2];
    for key in 0..6000 {
        let (input, _) = read(&data, 0, key);
        let rows: Vec<&[f32]> = input.chunks(12).collect();
        // The middle row has come from the one above it, from its own place, or from the one below.
        let mirrored = |row: usize| {
            plain.chunks(12).nth(row).map(|row| row.rchunks(2).flatten().copied().collect::<Vec<_>>())
        };
        let found = (0..3).find_map(|up| {
            let flipped = mirrored(up + 1)? == rows[2];
            (flipped || plain[(up + 1) * 12..][..12] == *rows[2]).then_some((usize::from(flipped), up))
        });
        let (flipped, up) = found.expect("one of six");
        counts[flipped][up] += 1;
    }
    // Six choices of 1000 each; the standard deviation is 29.
    assert!(counts.iter().flatten().all(|count| (880..1120).contains(count)), "{counts:?}");
}

#[test]
fn labels_do_not_move() {
    let labelled = Arrays::new(vec![1.0; 4 * SIZE], vec![3.0, 1.0, 4.0, 1.0], SHAPE).expect("four examples");
    let all = Augmentation { flip: [true; 2], shift: [2; 2], rotate: 30.0, crop: [1; 2], noise: 0.1 };
    let data = Augmented::new(labelled, all).expect("an augmentation");
    for key in 0..20 {
        assert_eq!(read(&data, 2, key).1, [4.0]);
    }
}

#[test]
fn rotation_mixes_images_and_picks_in_masks() {
    let data = augmented(Augmentation { rotate: 20.0, ..Augmentation::default() });
    let (image, mask) = read(&masked(), 1, 0);
    let mut different = 0;
    for key in 0..100 {
        let (turned, turned_mask) = read(&data, 1, key);
        assert!(turned_mask.iter().all(|value| *value == 0.0 || mask.contains(value)));
        assert!(turned.iter().all(|value| (0.0..=image[SIZE - 1]).contains(value)));
        // Around the middle nothing moves by as much as half a pixel.
        assert_eq!(turned_mask[14..16], mask[14..16]);
        different += usize::from(turned != image);
    }
    assert!(different > 95, "{different}");
}

#[test]
fn noise_is_normal_and_falls_on_inputs_alone() {
    let data = augmented(Augmentation { noise: 0.25, ..Augmentation::default() });
    let (plain, mask) = read(&masked(), 3, 0);
    let mut noise = Vec::new();
    for key in 0..1000 {
        let (noisy, noisy_mask) = read(&data, 3, key);
        assert_eq!(noisy_mask, mask);
        noise.extend(noisy.iter().zip(&plain).map(|(noisy, plain)| f64::from(noisy - plain)));
    }
    let count = noise.len() as f64;
    let moment = |power| noise.iter().map(|value| value.powi(power)).sum::<f64>() / count;
    // 60,000 numbers: the mean is within 0.001 of its own, the deviation within 0.0007, at one standard deviation.
    assert!(moment(1).abs() < 0.005, "{}", moment(1));
    assert!((moment(2).sqrt() - 0.25).abs() < 0.004, "{}", moment(2).sqrt());
    let within = noise.iter().filter(|value| value.abs() < 0.25).count() as f64 / count;
    assert!((within - 0.683).abs() < 0.02, "{within}");
}

#[test]
fn a_key_says_everything_on_any_thread() {
    let all = Augmentation { flip: [true; 2], shift: [2; 2], rotate: 30.0, crop: [1; 2], noise: 0.1 };
    // One within the other: both need memory to move images in.
    let data = Augmented::new(augmented(all), all).expect("an augmentation");
    let expected: Vec<_> = (0..200).map(|key| read(&data, key as usize % 4, key)).collect();
    thread::scope(|scope| {
        for start in 0..4 {
            let (data, expected) = (&data, &expected);
            scope.spawn(move || {
                for key in (0..200).map(|step| (step * 7 + start * 50) % 200) {
                    assert_eq!(read(data, key as usize % 4, key), expected[key as usize]);
                }
            });
        }
    });
    let different = |a: (u64, usize), b: (u64, usize)| read(&data, a.1, a.0).0 != read(&data, b.1, b.0).0;
    assert!(different((0, 1), (1, 1)) && different((1, 1), (2, 1)));
    // Two examples with the same pixels, under the same key.
    let twins = Arrays::new([read(&masked(), 0, 0).0, read(&masked(), 0, 0).0].concat(), vec![0.0; 2], SHAPE);
    let twins = Augmented::new(twins.expect("two examples"), all).expect("an augmentation");
    assert_ne!(read(&twins, 0, 5).0, read(&twins, 1, 5).0);
}

#[test]
fn augmentations_that_cannot_be_are_refused() {
    let none = Augmentation::default();
    for (augmentation, words) in [
        (
            Augmentation { shift: [5, 0], ..none },
            "expected a shift that leaves something of images of 5×6, found 5×0",
        ),
        (Augmentation { crop: [0, 6], ..none }, "expected a crop that leaves something"),
        (Augmentation { rotate: f32::NAN, ..none }, "expected a rotation in degrees, 0 or above, found NaN"),
        (
            Augmentation { noise: -1.0, ..none },
            "expected a standard deviation of noise, 0 or above, found -1",
        ),
    ] {
        let error = Augmented::new(masked(), augmentation).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(Augmented::new(masked(), Augmentation { shift: [4, 5], crop: [4, 5], ..none }).is_ok());
}

#[test]
fn an_order_has_every_example_once() {
    for len in [0, 1, 2, 1000] {
        let mut all = order(len, 3, 1);
        all.sort_unstable();
        assert!(all.into_iter().eq(0..len));
    }
    assert_eq!(order(1000, 3, 1), order(1000, 3, 1));
    assert_ne!(order(1000, 3, 1), order(1000, 3, 2));
    assert_ne!(order(1000, 3, 1), order(1000, 4, 1));
    // Each of the 24 orders of four comes up as often: 500 of 12,000 times, with a standard deviation of 22.
    let mut counts = std::collections::BTreeMap::new();
    for epoch in 0..12_000 {
        *counts.entry(order(4, 11, epoch)).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 24);
    assert!(counts.values().all(|count| (400..600).contains(count)), "{counts:?}");
}
