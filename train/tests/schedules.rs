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
fn numbers_are_checked() {
    let check = |decay| Schedule { warm_up: 5, decay }.check().map_err(|error| error.to_string());
    assert_eq!(Schedule::default().check(), Ok(()));
    assert_eq!(check(Decay::Step { every: 1, factor: 0.1 }), Ok(()));
    assert_eq!(check(Decay::Cosine { steps: 1, minimum: 0.0 }), Ok(()));
    let refused = [
        (
            Decay::Step { every: 0, factor: 0.1 },
            "the number of steps at one learning rate is 0, but must be above 0",
        ),
        (
            Decay::Step { every: 1, factor: f64::NAN },
            "the factor of the learning rate is NaN, but must be a finite number, at least 0",
        ),
        (
            Decay::Cosine { steps: 0, minimum: 0.0 },
            "the number of steps of the cosine is 0, but must be above 0",
        ),
        (
            Decay::Cosine { steps: 1, minimum: 1.5 },
            "the least factor of the learning rate is 1.5, but must be between 0 and 1",
        ),
    ];
    for (decay, message) in refused {
        assert_eq!(check(decay), Err(message.to_owned()));
    }
}

#[test]
fn nothing_changes_unless_asked_to() {
    assert_eq!([0, 1, 1_000_000].map(|step| Schedule::default().factor(step)), [1.0; 3]);
}

/// By their words, a checkpoint tells one schedule from another.
#[test]
fn schedules_are_told_in_words() {
    let told = |warm_up, decay| Schedule { warm_up, decay }.to_string();
    assert_eq!(told(0, Decay::Constant), "constant");
    assert_eq!(
        told(3, Decay::Step { every: 10, factor: 0.5 }),
        "times 0.5 after every 10 steps, after a warm-up of 3"
    );
    assert_eq!(told(0, Decay::Cosine { steps: 300, minimum: 0.0 }), "cosine over 300 steps");
    assert_eq!(told(0, Decay::Cosine { steps: 300, minimum: 0.1 }), "cosine to 0.1 over 300 steps");
}
