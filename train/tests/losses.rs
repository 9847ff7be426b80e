//! Losses and their gradients against PyTorch's autograd, and against differences of their definitions in f64.

mod golden;

use convolve_runtime::train::Head;
use convolve_train::Loss;
use golden::{floats, read, singles};

const LOSSES: [Loss; 6] = [
    Loss::SparseCategoricalCrossEntropy,
    Loss::CategoricalCrossEntropy,
    Loss::BinaryCrossEntropy,
    Loss::MeanSquaredError,
    Loss::MeanAbsoluteError,
    Loss::Dice,
];
const HEADS: [Head; 4] = [Head::Identity, Head::Softmax, Head::LogSoftmax, Head::Sigmoid];

fn head(name: &str) -> Head {
    match name {
        "identity" => Head::Identity,
        "softmax" => Head::Softmax,
        "log_softmax" => Head::LogSoftmax,
        "sigmoid" => Head::Sigmoid,
        _ => panic!("no head {name}"),
    }
}

#[track_caller]
fn close(found: f64, expected: f64, scale: f64, what: &str) {
    assert!((found - expected).abs() <= scale, "{what}: {found}, not {expected}");
}

/// The largest magnitude.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

#[test]
fn losses_and_gradients_are_those_of_pytorch() {
    let cases = read(include_str!("golden/losses.json"));
    let cases = cases.as_array().expect("cases");
    assert_eq!(cases.len(), 61);
    for case in cases {
        let (loss, head) =
            (case["loss"].as_str().expect("a name"), head(case["head"].as_str().expect("a name")));
        let what = format!("{loss} after {head:?}, {}", case["shape"]);
        let loss: Loss = loss.parse().expect("a loss");
        let shape: Vec<usize> = floats(&case["shape"]).into_iter().map(|size| size as usize).collect();
        let shape = [shape[0], shape[1], shape[2]];
        let (output, target) = (singles(&case["output"]), singles(&case["target"]));
        assert_eq!(loss.check_target(shape, &target), Ok(()), "{what}");
        let mut gradient = vec![f32::NAN; output.len()];
        let value = loss.gradient(head, shape[2], &output, &target, 3.0, &mut gradient);
        let expected = case["value"].as_f64().expect("a number");
        close(value, expected, 1e-6 * expected.abs().max(1.0), &what);

        let slopes = floats(&case["gradient"]);
        let scale = 2e-6 * largest(&slopes).max(1e-3);
        for (found, expected) in gradient.iter().zip(&slopes) {
            close(f64::from(*found) / 3.0, *expected, scale, &what);
        }

        // Of far logits, softmax's probabilities lie beyond the clip.
        if largest(&floats(&case["output"])) < 15.0 {
            let prediction = singles(&case["prediction"]);
            close(
                loss.value(head, shape[2], &prediction, &target),
                expected,
                3e-6 * expected.max(1.0),
                &what,
            );
        }
    }
}

/// The loss by its definition, through the prediction, in f64.
fn definition(loss: Loss, head: Head, channels: usize, output: &[f64], target: &[f32]) -> f64 {
    let mut p = Vec::new();
    for pixel in output.chunks(channels) {
        let sum: f64 = pixel.iter().map(|x| x.exp()).sum();
        p.extend(pixel.iter().map(|x| match head {
            Head::Identity => *x,
            Head::Softmax => x.exp() / sum,
            Head::LogSoftmax => x - sum.ln(),
            Head::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        }));
    }
    let logs = head == Head::LogSoftmax;
    let ln = |p: f64| if logs { p } else { p.ln() };
    let probability = |p: f64| if logs { p.exp() } else { p };
    let (pixels, elements) = ((output.len() / channels) as f64, output.len() as f64);
    let sum = |cost: &dyn Fn(f64, f64) -> f64| -> f64 {
        p.iter().zip(target).map(|(p, t)| cost(*p, f64::from(*t))).sum()
    };
    match loss {
        Loss::SparseCategoricalCrossEntropy => {
            let right = target.iter().enumerate().map(|(pixel, class)| p[pixel * channels + *class as usize]);
            -right.map(ln).sum::<f64>() / pixels
        }
        Loss::CategoricalCrossEntropy => -sum(&|p, t| t * ln(p)) / pixels,
        Loss::BinaryCrossEntropy => {
            let cost = |p: f64, t: f64| -t * probability(p).ln() - (1.0 - t) * (1.0 - probability(p)).ln();
            sum(&cost) / elements
        }
        Loss::MeanSquaredError => sum(&|p, t| (p - t) * (p - t)) / elements,
        Loss::MeanAbsoluteError => sum(&|p, t| (p - t).abs()) / elements,
        Loss::Dice => {
            let both = sum(&|p, t| probability(p) * t);
            1.0 - (2.0 * both + 1.0) / (sum(&|p, _| probability(p)) + sum(&|_, t| t) + 1.0)
        }
    }
}

#[test]
fn gradients_are_differences_of_the_definition() {
    const STEP: f64 = 1e-5;
    for (loss, head) in LOSSES.into_iter().flat_map(|loss| HEADS.map(|head| (loss, head))) {
        for [pixels, channels] in [[1, 2], [6, 3], [70, 2], [3, 40]] {
            let what = format!("{loss} after {head:?}, {pixels} pixels of {channels}");
            // Between 0.05 and 0.95, in an order without a pattern.
            let draw = |index: usize| 0.05 + 0.9 * ((index * 7919 + 13) % 101) as f32 / 100.0;
            let stretch = |x: f32| if head == Head::Identity { x } else { 8.0 * x - 4.0 };
            let output: Vec<f32> = (0..pixels * channels).map(|index| stretch(draw(index))).collect();
            let target: Vec<f32> = match loss {
                Loss::SparseCategoricalCrossEntropy => {
                    (0..pixels).map(|pixel| (pixel % channels) as f32).collect()
                }
                _ => (0..output.len()).map(|index| draw(index + 50)).collect(),
            };
            let mut gradient = vec![f32::NAN; output.len()];
            let value = loss.gradient(head, channels, &output, &target, 0.5, &mut gradient);
            let wide: Vec<f64> = output.iter().copied().map(f64::from).collect();
            let exact = definition(loss, head, channels, &wide, &target);
            close(value, exact, 1e-6 * exact.abs().max(1.0), &what);
            let differences: Vec<f64> = (0..wide.len())
                .map(|index| {
                    let moved = |by: f64| {
                        let mut moved = wide.clone();
                        moved[index] += by;
                        definition(loss, head, channels, &moved, &target)
                    };
                    (moved(STEP) - moved(-STEP)) / (2.0 * STEP)
                })
                .collect();
            for (found, expected) in gradient.iter().zip(&differences) {
                close(f64::from(*found) / 0.5, *expected, 5e-6 * largest(&differences).max(1e-4), &what);
            }
        }
    }
}

#[test]
fn far_logits_give_exact_losses() {
    let mut gradient = [0.0; 3];
    let sparse = Loss::SparseCategoricalCrossEntropy;
    let logits = [1000.0, 0.0, -1000.0];
    assert_eq!(sparse.gradient(Head::Softmax, 3, &logits, &[2.0], 1.0, &mut gradient), 2000.0);
    assert_eq!(gradient, [1.0, 0.0, -1.0]);
    let shares = Loss::CategoricalCrossEntropy;
    let masked = [f32::NEG_INFINITY, 0.0, 0.0];
    let value = shares.gradient(Head::Softmax, 3, &masked, &[0.0, 1.0, 0.0], 1.0, &mut gradient);
    close(value, 2f64.ln(), 1e-12, "a class that is ruled out");
    assert_eq!(gradient, [0.0, -0.5, 0.5]);
    let binary = Loss::BinaryCrossEntropy;
    let value =
        binary.gradient(Head::Sigmoid, 1, &[-200.0, 200.0, 0.0], &[1.0, 0.0, 1.0], 3.0, &mut gradient);
    close(3.0 * value, 400.0 + 2f64.ln(), 1e-9, "the wrong side of the logistic function");
    assert_eq!(gradient, [-1.0, 1.0, -0.5]);
}

#[test]
fn predictions_are_clipped_as_in_keras() {
    let wrong = -(1e-7f64).ln();
    let certain = [0.0, 1.0];
    close(
        Loss::SparseCategoricalCrossEntropy.value(Head::Softmax, 2, &certain, &[0.0]),
        wrong,
        1e-6,
        "sparse",
    );
    close(Loss::CategoricalCrossEntropy.value(Head::Softmax, 2, &certain, &[1.0, 0.0]), wrong, 1e-6, "dense");
    close(Loss::BinaryCrossEntropy.value(Head::Sigmoid, 1, &certain, &[1.0, 0.0]), wrong, 1e-6, "binary");
    let right = Loss::BinaryCrossEntropy.value(Head::Sigmoid, 1, &certain, &certain);
    assert!(right > 0.9e-7 && right < 1.2e-7, "{right}");
}

#[test]
fn what_is_not_a_number_shows_in_the_loss() {
    for (loss, head) in LOSSES.into_iter().flat_map(|loss| HEADS.map(|head| (loss, head))) {
        let mut gradient = [0.0; 4];
        let output = [0.5, f32::NAN, 0.25, 0.5];
        let target = &[1.0, 1.0, 0.0, 0.0][..loss.target_len([1, 2, 2])];
        let value = loss.gradient(head, 2, &output, target, 1.0, &mut gradient);
        assert!(value.is_nan(), "{loss} after {head:?}: {value}");
        assert!(loss.value(head, 2, &output, target).is_nan(), "{loss} of a prediction");
    }
}

#[test]
fn an_empty_mask_predicted_empty_is_no_loss() {
    assert_eq!(Loss::Dice.value(Head::Sigmoid, 1, &[0.0; 6], &[0.0; 6]), 0.0);
    let mut gradient = [0.0; 2];
    Loss::Dice.gradient(Head::Sigmoid, 1, &[0.0, 1.0], &[0.0, 0.0], 1.0, &mut gradient);
    assert!(gradient.iter().all(|slope| *slope > 0.0), "{gradient:?}");
}

#[test]
fn targets_are_checked() {
    let shape = [2, 3, 4];
    let sparse = Loss::SparseCategoricalCrossEntropy;
    assert_eq!((sparse.target_len(shape), Loss::Dice.target_len(shape)), (6, 24));
    let message = |loss: Loss, target: &[f32]| loss.check_target(shape, target).unwrap_err().to_string();
    assert_eq!(
        message(sparse, &[0.0; 5]),
        "a target of `sparse_categorical_crossentropy` for an output 2×3×4 is 6 numbers, but this one is 5"
    );
    let classes = "the network tells 4 classes apart: it must be a whole number from 0 to 3";
    for bad in [4.0, -1.0, 0.5, f32::NAN, f32::INFINITY] {
        let found = message(sparse, &[0.0, 0.0, 0.0, 0.0, bad, 0.0]);
        assert_eq!(found, format!("the target in row 1, column 1 is {bad}, but {classes}"));
    }
    let mut shares = [1.0; 24];
    assert_eq!(Loss::Dice.check_target(shape, &shares), Ok(()));
    shares[21] = 255.0;
    assert_eq!(
        message(Loss::BinaryCrossEntropy, &shares),
        "the target in row 1, column 2, channel 1 is 255, but must lie between 0 and 1"
    );
    assert_eq!(Loss::MeanSquaredError.check_target(shape, &shares), Ok(()));
    shares[0] = f32::NAN;
    assert_eq!(
        message(Loss::MeanAbsoluteError, &shares),
        "the target in row 0, column 0, channel 0 is NaN, but must be a finite number"
    );
}

#[test]
fn outputs_are_checked() {
    let ten = [1, 1, 10];
    for loss in LOSSES {
        let errors = matches!(loss, Loss::MeanSquaredError | Loss::MeanAbsoluteError);
        assert_eq!(loss.check_output(Head::Identity, ten).is_ok(), errors, "{loss}");
        assert_eq!(loss.check_output(Head::Softmax, [4, 4, 1]).is_ok(), errors, "{loss}");
        assert_eq!(loss.check_output(Head::Softmax, ten), Ok(()));
        assert_eq!(loss.to_string().parse(), Ok(loss));
    }
    assert_eq!(
        Loss::SparseCategoricalCrossEntropy.check_output(Head::Identity, ten).unwrap_err().to_string(),
        "`sparse_categorical_crossentropy` takes probabilities, which the last layer does not make: \
         end in `softmax` or `log_softmax`"
    );
    assert_eq!(
        Loss::SparseCategoricalCrossEntropy.check_output(Head::Sigmoid, [8, 8, 1]).unwrap_err().to_string(),
        "`sparse_categorical_crossentropy` tells classes apart, one for each channel, but the output has one \
         channel: end in a channel for each class, or use `sigmoid` and `binary_crossentropy`"
    );
    assert_eq!(
        "mse".parse::<Loss>().unwrap_err().to_string(),
        "there is no loss `mse`; there are `sparse_categorical_crossentropy`, `categorical_crossentropy`, \
         `binary_crossentropy`, `mean_squared_error`, `mean_absolute_error`, `dice`"
    );
}
