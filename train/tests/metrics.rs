//! Metrics against PyTorch's counts, and against counts by hand.

mod golden;

use convolve_runtime::train::Head;
use convolve_train::Metric;
use convolve_train::metrics::Confusion;
use golden::{floats, read, singles};

/// The value of a metric over the pixels, added in images of `image` pixels to two tallies in turn.
fn measure(
    metric: Metric,
    channels: usize,
    pending: Head,
    output: &[f32],
    target: &[f32],
    image: usize,
) -> f64 {
    let mut tallies = [metric.tally(channels, pending), metric.tally(channels, pending)];
    let each = target.len() * image * channels / output.len();
    for (index, (output, target)) in output.chunks(image * channels).zip(target.chunks(each)).enumerate() {
        tallies[index % 2].add(output, target);
    }
    let [mut left, mut right] = tallies;
    let first = left.clone();
    left.merge(&right);
    right.merge(&first);
    assert_eq!(left, right, "the order of merging");
    left.value()
}

#[track_caller]
fn same(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
}

#[test]
fn values_are_those_of_pytorch() {
    let file = read(include_str!("golden/metrics.json"));
    let classes = file["classes"].as_u64().expect("a number") as usize;
    let (scores, target) = (singles(&file["scores"]), singles(&file["target"]));
    let one_hot: Vec<f32> = target
        .iter()
        .flat_map(|class| (0..classes).map(|c| f32::from(u8::from(c as f32 == *class))))
        .collect();
    for target in [&target, &one_hot] {
        for image in [1, 7, 60] {
            let value = |metric| measure(metric, classes, Head::Softmax, &scores, target, image);
            same(value(Metric::Accuracy), file["accuracy"].as_f64().expect("a number"));
            for (k, expected) in floats(&file["top"]).into_iter().enumerate() {
                same(value(Metric::TopK(k + 1)), expected);
            }
            same(value(Metric::MeanIou), file["mean_iou"].as_f64().expect("a number"));
        }
        let mut confusion = Confusion::new(classes);
        confusion.add(classes, &scores, target);
        for (is, row) in file["confusion"].as_array().expect("rows").iter().enumerate() {
            for (said, count) in floats(row).into_iter().enumerate() {
                assert_eq!(confusion.get(is, said), count as u64, "{is} taken for {said}");
            }
        }
        same(confusion.accuracy(), file["accuracy"].as_f64().expect("a number"));
        same(confusion.mean_iou(), file["mean_iou"].as_f64().expect("a number"));
    }
}

#[test]
fn masks_are_judged_before_and_after_the_head() {
    let file = read(include_str!("golden/metrics.json"));
    let (logits, mask) = (singles(&file["mask_logits"]), singles(&file["mask"]));
    let predictions: Vec<f32> = logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
    let accuracy = file["mask_accuracy"].as_f64().expect("a number");
    for (output, pending) in [(&logits, Head::Sigmoid), (&predictions, Head::Identity)] {
        let value = |metric| measure(metric, 1, pending, output, &mask, 10);
        same(value(Metric::Accuracy), accuracy);
        for (threshold, expected) in floats(&file["thresholds"]).into_iter().zip(floats(&file["ious"])) {
            same(value(Metric::Iou { threshold: threshold as f32 }), expected);
        }
    }
}

#[test]
fn nothing_and_ties_have_a_meaning() {
    let value = |metric: Metric, channels, output: &[f32], target: &[f32]| {
        let mut tally = metric.tally(channels, Head::Identity);
        tally.add(output, target);
        tally.value()
    };
    let iou = Metric::Iou { threshold: 0.5 };
    assert_eq!(value(iou, 1, &[0.1, 0.5], &[0.0, 0.0]), 1.0);
    assert_eq!(value(iou, 1, &[0.1, 0.6], &[0.0, 0.0]), 0.0);
    assert_eq!(value(Metric::Accuracy, 3, &[0.4, 0.4, 0.2], &[0.0]), 1.0);
    assert_eq!(value(Metric::Accuracy, 3, &[0.4, 0.4, 0.2], &[1.0]), 0.0);
    assert_eq!(value(Metric::TopK(1), 3, &[0.4, 0.4, 0.2], &[1.0]), 1.0);
    assert_eq!(value(Metric::TopK(2), 3, &[0.4, f32::NAN, 0.2], &[1.0]), 0.0);
    assert!(Metric::Accuracy.tally(2, Head::Identity).value().is_nan());
    assert_eq!(Metric::MeanIou.tally(2, Head::Identity).value(), 1.0);
    let mut tally = Metric::MeanIou.tally(2, Head::Identity);
    tally.add(&[1.0, 0.0], &[1.0]);
    assert_eq!(tally.value(), 0.0);
    tally.clear();
    assert_eq!(tally, Metric::MeanIou.tally(2, Head::Identity));
}

#[test]
fn a_confusion_is_a_table() {
    let mut left = Confusion::new(3);
    left.add(3, &[0.9, 0.1, 0.0, 0.2, 0.7, 0.1], &[0.0, 0.0]);
    let mut all = Confusion::new(3);
    all.add(3, &[0.1, 0.9, 0.0], &[1.0]);
    all.merge(&left);
    assert_eq!((all.iou(0), all.iou(1), all.iou(2)), (Some(0.5), Some(0.5), None));
    assert_eq!(
        all.to_string(),
        "          0  1  2    found\n       0  1  1  0  50.00 %\n       1  0  1  0 100.00 %\n       2  0  0  0     none\n"
    );
    let mut mask = Confusion::new(2);
    mask.add(1, &[0.9, 0.2, 0.6], &[1.0, 1.0, 0.0]);
    assert_eq!([mask.get(0, 1), mask.get(1, 0), mask.get(1, 1), mask.get(0, 0)], [1, 1, 1, 0]);
}

#[test]
fn metrics_are_checked_and_have_names() {
    for name in ["accuracy", "top_5_accuracy", "iou", "mean_iou"] {
        assert_eq!(name.parse::<Metric>().expect("a name").to_string(), name);
    }
    assert_eq!(
        "recall".parse::<Metric>().unwrap_err().to_string(),
        "there is no metric `recall`; there are `accuracy`, `top_<k>_accuracy`, `iou`, `mean_iou`"
    );
    let message = |metric: Metric, channels| metric.check(channels).unwrap_err().to_string();
    assert_eq!(
        message(Metric::TopK(10), 10),
        "`top_10_accuracy` says nothing of outputs with 10 channels: \
         the number must be above 0, and below that of the classes"
    );
    assert_eq!(
        message(Metric::MeanIou, 1),
        "`mean_iou` says nothing of outputs with 1 channel: it is for several classes, `iou` for masks of one channel"
    );
    assert_eq!(
        message(Metric::Iou { threshold: 1.0 }, 1),
        "`iou` says nothing of outputs with 1 channel: its threshold is 1, but must lie between 0 and 1"
    );
}
