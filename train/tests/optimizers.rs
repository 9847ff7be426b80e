//! Optimisers against PyTorch's trajectories.

mod golden;

use convolve_train::Optimizer;
use convolve_train::optimizer::{CHUNK, Clipping, State, squares};
use golden::{floats, read, singles};
use serde_json::Value;

/// The root of the sum of all squares.
fn norm(gradients: &[f32]) -> f64 {
    let mut sums = vec![0.0; gradients.len().div_ceil(CHUNK)];
    squares(gradients, &mut sums);
    sums.iter().sum::<f64>().sqrt()
}

/// The optimiser and clipping of a case's arguments, under PyTorch's names.
fn case(name: &str, arguments: &Value) -> (Optimizer, Clipping) {
    let mut optimizer: Optimizer = name.parse().expect("an optimizer");
    let mut clipping = Clipping::None;
    for (key, value) in arguments.as_object().expect("arguments") {
        let number = value.as_f64().unwrap_or(f64::NAN);
        match (&mut optimizer, key.as_str()) {
            (_, "lr") => optimizer = optimizer.with_learning_rate(number),
            (_, "clip_norm") => clipping = Clipping::Norm(number),
            (_, "clip_value") => clipping = Clipping::Value(number),
            (Optimizer::Sgd { momentum, .. } | Optimizer::RmsProp { momentum, .. }, "momentum") => {
                *momentum = number
            }
            (Optimizer::Sgd { nesterov, .. }, "nesterov") => *nesterov = value.as_bool().expect("a truth"),
            (Optimizer::RmsProp { smoothing, .. }, "alpha") => *smoothing = number,
            (Optimizer::Adam { betas, .. } | Optimizer::AdamW { betas, .. }, "betas") => {
                *betas = floats(value).try_into().expect("two");
            }
            (
                Optimizer::Adam { epsilon, .. }
                | Optimizer::AdamW { epsilon, .. }
                | Optimizer::RmsProp { epsilon, .. },
                "eps",
            ) => *epsilon = number,
            (
                Optimizer::Sgd { weight_decay, .. }
                | Optimizer::Adam { weight_decay, .. }
                | Optimizer::AdamW { weight_decay, .. }
                | Optimizer::RmsProp { weight_decay, .. },
                "weight_decay",
            ) => *weight_decay = number,
            _ => panic!("no argument {key} of {name}"),
        }
    }
    (optimizer, clipping)
}

#[test]
fn trajectories_are_those_of_pytorch() {
    let file = read(include_str!("golden/optimizers.json"));
    let start = singles(&file["start"]);
    let gradients: Vec<_> = file["gradients"].as_array().expect("steps").iter().map(singles).collect();
    let factors = floats(&file["factors"]);
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!((cases.len(), gradients.len()), (17, 20));
    for golden in cases {
        let (optimizer, clipping) = case(golden["name"].as_str().expect("a name"), &golden["arguments"]);
        assert_eq!((optimizer.check(), clipping.check()), (Ok(()), Ok(())));
        let mut parameters = start.clone();
        let mut state = State::new(&optimizer, parameters.len());
        let trajectory = golden["trajectory"].as_array().expect("steps");
        for (step, (gradients, expected)) in gradients.iter().zip(trajectory).enumerate() {
            let clipping = (clipping, norm(gradients));
            optimizer.update(&mut state, factors[step], clipping, &mut parameters, gradients);
            for (found, expected) in parameters.iter().zip(floats(expected)) {
                // Parameters near zero are sums of larger numbers.
                let error = (f64::from(*found) - expected).abs() / expected.abs().max(0.1);
                assert!(error < 1e-5, "step {step} of {optimizer:?}, {clipping:?}: {found}, not {expected}");
            }
        }
        assert_eq!(state.steps(), 20);
    }
}

/// One optimiser of each loop.
fn optimizers() -> [Optimizer; 7] {
    let rms = |momentum| Optimizer::RmsProp {
        learning_rate: 0.01,
        smoothing: 0.9,
        momentum,
        epsilon: 1e-7,
        weight_decay: 0.1,
    };
    let sgd =
        |momentum, nesterov| Optimizer::Sgd { learning_rate: 0.1, momentum, nesterov, weight_decay: 0.1 };
    let adam = Optimizer::Adam { learning_rate: 0.01, betas: [0.9, 0.999], epsilon: 1e-7, weight_decay: 0.1 };
    [sgd(0.0, false), sgd(0.9, false), sgd(0.9, true), adam, Optimizer::adamw(), rms(0.0), rms(0.5)]
}

/// Numbers around zero in an order without a pattern.
fn noise(count: usize, salt: usize) -> Vec<f32> {
    (0..count).map(|index| ((index + salt) * 7919 % 10_007) as f32 / 5003.5 - 1.0).collect()
}

#[test]
fn any_split_gives_the_same_bits() {
    const COUNT: usize = 1003;
    for optimizer in optimizers() {
        let run = |cuts: &[usize]| {
            let mut parameters = noise(COUNT, 1);
            let mut state = State::new(&optimizer, COUNT);
            for step in 0..5 {
                let gradients = noise(COUNT, 100 * step + 7);
                let (step, [first, second]) = state.advance();
                let update = optimizer.step(step, 0.7).clipped(Clipping::Value(0.6), 0.0);
                for range in cuts.windows(2).map(|pair| pair[0]..pair[1]) {
                    let part =
                        |slot: &mut [f32]| slot.get(range.clone()).map(<[f32]>::to_vec).unwrap_or_default();
                    let mut slots = [part(first), part(second)];
                    let [a, b] = &mut slots;
                    update.apply(&mut parameters[range.clone()], &gradients[range.clone()], [a, b]);
                    for (slot, part) in [&mut *first, &mut *second].into_iter().zip(&slots) {
                        slot.get_mut(range.clone()).into_iter().for_each(|slot| slot.copy_from_slice(part));
                    }
                }
            }
            (parameters, state)
        };
        let whole = run(&[0, COUNT]);
        assert_ne!(whole.0, noise(COUNT, 1));
        assert_eq!(whole, run(&[0, 1, 2, 9, 500, 501, 1000, COUNT]), "{optimizer:?}");
        assert_eq!(whole, run(&[0, 335, 670, COUNT]), "{optimizer:?}");
    }
}

#[test]
fn padding_stays_zero() {
    for optimizer in optimizers() {
        let mut parameters = [0.0; 5];
        let mut state = State::new(&optimizer, 5);
        for _ in 0..3 {
            let norm = (Clipping::Norm(1.0), 2.0);
            optimizer.update(&mut state, 1.0, norm, &mut parameters, &[0.0, 0.0, 0.0, 1.0, 0.0]);
        }
        assert!(parameters[3] != 0.0, "{optimizer:?}");
        parameters[3] = 0.0;
        assert_eq!(parameters, [0.0; 5], "{optimizer:?}");
    }
}

#[test]
fn a_state_goes_on_where_it_was() {
    for optimizer in optimizers() {
        let step = |state: &mut State, parameters: &mut [f32], salt| {
            optimizer.update(state, 1.0, (Clipping::None, 0.0), parameters, &noise(20, salt));
        };
        let (mut state, mut parameters) = (State::new(&optimizer, 20), noise(20, 0));
        step(&mut state, &mut parameters, 5);
        let (steps, slots) = (state.steps(), state.slots().to_vec());
        assert_eq!(slots.len(), optimizer.slots().len());
        let mut restored = State::restore(&optimizer, 20, steps, slots).expect("its own vectors");
        let mut copy = parameters.clone();
        step(&mut state, &mut parameters, 6);
        step(&mut restored, &mut copy, 6);
        assert_eq!((&state, &parameters), (&restored, &copy));
    }
    let restore = |slots| State::restore(&Optimizer::adam(), 3, 1, slots).unwrap_err().to_string();
    assert_eq!(
        restore(vec![vec![0.0; 3]]),
        "the optimizer keeps 2 vectors (mean, square), but the state has 1: it is another optimizer's"
    );
    assert_eq!(
        restore(vec![vec![0.0; 3], vec![0.0; 4]]),
        "the optimizer's `square` has 4 elements, but the network has 3 parameters: it is another network's"
    );
}

#[test]
fn norms_are_exact_and_do_not_depend_on_the_split() {
    let gradients = noise(3 * CHUNK + 77, 3);
    let exact = gradients.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    assert!((norm(&gradients) - exact).abs() < 1e-12 * exact);
    let mut whole = [0.0; 4];
    squares(&gradients, &mut whole);
    let mut parts = [0.0; 4];
    squares(&gradients[CHUNK..], &mut parts[1..]);
    squares(&gradients[..CHUNK], &mut parts[..1]);
    assert_eq!(whole, parts);

    let mut broken = gradients;
    broken[CHUNK + 5] = f32::NAN;
    assert!(!norm(&broken).is_finite());
    broken[CHUNK + 5] = f32::INFINITY;
    assert!(!norm(&broken).is_finite());
    broken.fill(f32::MAX);
    assert!(norm(&broken).is_finite());
}

#[test]
fn what_is_not_a_number_is_not_hidden_by_clipping() {
    for clipping in [Clipping::None, Clipping::Norm(1.0), Clipping::Value(1.0)] {
        let mut parameters = [1.0];
        let gradients = [f32::NAN];
        let clipping = (clipping, norm(&gradients));
        Optimizer::sgd().update(
            &mut State::new(&Optimizer::sgd(), 1),
            1.0,
            clipping,
            &mut parameters,
            &gradients,
        );
        assert!(parameters[0].is_nan(), "{clipping:?}");
    }
}

#[test]
fn numbers_are_checked() {
    for name in ["sgd", "adam", "adamw", "rmsprop"] {
        assert_eq!(name.parse::<Optimizer>().expect("a name").check(), Ok(()), "{name}");
    }
    let message = |optimizer: Optimizer| optimizer.check().unwrap_err().to_string();
    assert_eq!(
        message(Optimizer::adam().with_learning_rate(-1.0)),
        "the learning rate is -1, but must be a finite number, at least 0"
    );
    let sgd = Optimizer::Sgd { learning_rate: 0.1, momentum: 0.0, nesterov: true, weight_decay: 0.0 };
    assert_eq!(message(sgd), "the momentum is 0, but must be above 0 with Nesterov's method");
    let adam = Optimizer::Adam { learning_rate: 0.1, betas: [0.9, 1.0], epsilon: 1e-7, weight_decay: 0.0 };
    assert_eq!(message(adam), "the second beta is 1, but must be at least 0 and below 1");
    let rms = Optimizer::RmsProp {
        learning_rate: 0.1,
        smoothing: 0.9,
        momentum: 0.0,
        epsilon: 0.0,
        weight_decay: 0.0,
    };
    assert_eq!(message(rms), "the epsilon is 0, but must be a finite number above 0");
    assert_eq!(
        Clipping::Norm(0.0).check().unwrap_err().to_string(),
        "the limit of the gradients is 0, but must be above 0"
    );
    assert_eq!(
        "lion".parse::<Optimizer>().unwrap_err().to_string(),
        "there is no optimizer `lion`; there are `sgd`, `adam`, `adamw`, `rmsprop`"
    );
}
