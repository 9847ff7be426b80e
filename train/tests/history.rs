//! Histories as text, and what is decided by them.

use convolve_train::history::{Best, EarlyStopping, Epoch, History, Mode, Scores};

fn history(validation: bool) -> History {
    let scores = |loss, accuracy| Scores { loss, metrics: vec![accuracy, accuracy / 2.0] };
    let epoch = |number: usize| Epoch {
        training: scores(0.1 + 0.2 / number as f64, 0.9),
        validation: validation.then(|| scores(1.0 / 3.0, 0.875)),
        seconds: 5.25,
        learning_rate: 0.001 / number as f64,
    };
    History { metrics: vec!["top_3_accuracy".into(), "accuracy".into()], epochs: vec![epoch(1), epoch(3)] }
}

#[test]
fn values_have_the_names_of_keras() {
    let history = history(true);
    assert_eq!(history.value(0, "val_accuracy"), Some(0.4375));
    assert_eq!(history.value(0, "top_3_accuracy"), Some(0.9));
    assert_eq!(history.value(1, "val_loss"), Some(1.0 / 3.0));
    assert_eq!(history.value(1, "learning_rate"), Some(0.001 / 3.0));
    assert_eq!([history.value(2, "loss"), history.value(0, "val_recall")], [None, None]);
}

#[test]
fn a_history_is_comma_separated_values() {
    let mut history = history(true);
    history.epochs[0].validation = None;
    assert_eq!(
        history.to_csv(),
        "epoch,loss,top_3_accuracy,accuracy,val_loss,val_top_3_accuracy,val_accuracy,seconds,learning_rate\n\
         1,0.30000000000000004,0.9,0.45,,,,5.25,0.001\n\
         2,0.16666666666666669,0.9,0.45,0.3333333333333333,0.875,0.4375,5.25,0.0003333333333333333\n"
    );
}

#[test]
fn a_history_survives_json_to_the_last_bit() {
    for validation in [true, false] {
        let history = history(validation);
        assert_eq!(History::from_json(&history.to_json()).expect("its own text"), history);
    }
    let empty = History::default();
    assert_eq!(History::from_json(&empty.to_json()).expect("its own text"), empty);

    let text = history(true).to_json();
    let columns: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(columns["val_accuracy"], serde_json::json!([0.4375, 0.4375]));
    assert!(columns.get("epoch").is_none());
}

#[test]
fn other_json_is_refused() {
    let message = |text: &str| History::from_json(text).unwrap_err().to_string();
    assert_eq!(message("{\"accuracy\": [1]}"), "this is no history: it has no `loss`");
    assert_eq!(message("{\"loss\": [1, 2], \"accuracy\": [1]}"), "`accuracy` has 1 values, but `loss` has 2");
    assert!(message("[1]").contains("an object with an array of numbers for each name"));
    assert!(message("{\"loss\": [\"low\"]}").contains("expected f64"));
    assert!(message("{\"loss\": [1.0").starts_with("EOF"));
}

#[test]
fn stopping_waits_for_a_better_value() {
    let stops = |mode, patience, min_delta, values: &[f64]| {
        let mut stopping = EarlyStopping::new(mode, patience, min_delta);
        let at = (0..values.len()).find(|epoch| stopping.update(*epoch, values[*epoch]));
        (at, stopping.best().map(|(epoch, _)| epoch))
    };
    let losses = [3.0, 2.0, 2.5, 1.9, 1.95, 1.9, 1.8];
    assert_eq!(stops(Mode::Min, 1, 0.0, &losses), (Some(2), Some(1)));
    assert_eq!(stops(Mode::Min, 2, 0.0, &losses), (Some(5), Some(3)));
    assert_eq!(stops(Mode::Min, 3, 0.0, &losses), (None, Some(6)));
    assert_eq!(stops(Mode::Min, 3, 0.15, &losses), (Some(4), Some(1)));
    assert_eq!(stops(Mode::Max, 2, 0.0, &losses), (Some(2), Some(0)));
    assert_eq!(stops(Mode::Max, 1, 0.0, &[0.5, 0.6, 0.7]), (None, Some(2)));
    // As in Keras, no patience and one epoch's patience are the same: the first epoch is never the last.
    assert_eq!(stops(Mode::Min, 0, 0.0, &losses), (Some(2), Some(1)));
    assert_eq!(stops(Mode::Min, 2, 0.0, &[f64::NAN, f64::NAN, 1.0]), (Some(1), None));
}

#[test]
fn the_best_value_is_the_first_of_equals() {
    let mut best = Best::new(Mode::of("val_accuracy"), 0.0);
    let better = [0.5, 0.7, 0.7, f64::NAN, 0.6, 0.8].map(|value| best.update(0, value));
    assert_eq!(better, [true, true, false, false, false, true]);
    assert_eq!(best.get(), Some((0, 0.8)));
    let modes = ["loss", "val_loss", "accuracy", "val_iou", "top_5_accuracy"].map(Mode::of);
    assert_eq!(modes, [Mode::Min, Mode::Min, Mode::Max, Mode::Max, Mode::Max]);
}
