//! Schedules against PyTorch's.

mod golden;

use convolve_train::Schedule;
use convolve_train::schedule::Decay;
use golden::{floats, read};

#[test]
fn factors_are_those_of_pytorch() {
    let cases = read(include_str!("golden/schedules.json"));
    let cases = cases.as_array().expect("cases");
    assert_eq!(cases.len(), 6);
    for case in cases {
        let decay = match case["decay"].as_str().expect("a name") {
            "constant" => Decay::Constant,
            "step" => Decay::Step { every: 3, factor: 0.5 },
            "cosine" => Decay::Cosine { steps: 16, minimum: 0.1 },
            name => panic!("no decay {name}"),
        };
        let schedule = Schedule { warm_up: case["warm_up"].as_u64().expect("steps"), decay };
        for (step, expected) in floats(&case["factors"]).into_iter().enumerate() {
            let found = schedule.factor(step as u64);
            assert!((found - expected).abs() < 1e-12, "{schedule:?} at {step}: {found}, not {expected}");
        }
    }
}

#[test]
fn a_cosine_stays_at_its_end() {
    let schedule = Schedule { warm_up: 0, decay: Decay::Cosine { steps: 10, minimum: 0.25 } };
    assert_eq!([10, 11, 25, u64::MAX].map(|step| schedule.factor(step)), [0.25; 4]);
    let nothing = Schedule { warm_up: 0, decay: Decay::Cosine { steps: 0, minimum: 0.0 } };
    assert_eq!(nothing.factor(0), 0.0);
}

#[test]
fn nothing_changes_unless_asked_to() {
    assert_eq!([0, 1, 1_000_000].map(|step| Schedule::default().factor(step)), [1.0; 3]);
}
