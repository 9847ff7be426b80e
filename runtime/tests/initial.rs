//! What weights are before they have learnt anything.
#![cfg(feature = "std")]

use convolve_runtime::weights::{Data, Initial, Parameter, init};

#[test]
fn initial_weights_are_random_and_repeatable() {
    let parameters = [0, 1].map(|_| Parameter {
        name: "w",
        shape: &[],
        initial: Initial::Kernel { fan_in: 8, fan_out: 1 },
    });
    let [a, b] = init(&parameters, 1);
    let [other, _] = init(&parameters, 2);
    const COUNT: usize = 200_000;
    let sample = |data: Data<'_>| -> Vec<f64> { (0..COUNT).map(|i| f64::from(data.get(i))).collect() };
    let values = sample(a);
    assert_eq!(values, sample(init(&parameters, 1)[0]));
    assert_ne!(values[..10], sample(b)[..10]);
    assert_ne!(values[..10], sample(other)[..10]);

    let moment = |power: i32| values.iter().map(|x| (x / 0.5).powi(power)).sum::<f64>() / COUNT as f64;
    assert!(moment(1).abs() < 0.01, "mean {}", moment(1));
    assert!((moment(2) - 1.0).abs() < 0.02, "variance {}", moment(2));
    assert!(moment(3).abs() < 0.05, "skewness {}", moment(3));
    assert!((moment(4) - 3.0).abs() < 0.2, "kurtosis {}", moment(4));
    let within = values.iter().filter(|x| x.abs() < 0.5).count() as f64 / COUNT as f64;
    assert!((within - 0.6827).abs() < 0.005, "within one deviation: {within}");
    let neighbours = values.windows(2).map(|pair| pair[0] * pair[1] / 0.25).sum::<f64>() / COUNT as f64;
    assert!(neighbours.abs() < 0.01, "correlation of neighbours {neighbours}");

    let uniform = Data::Uniform { key: 5, limit: 0.25 };
    let values = sample(uniform);
    assert_eq!(values, sample(uniform));
    assert!(values.iter().all(|x| x.abs() <= 0.25));
    let mean = values.iter().sum::<f64>() / COUNT as f64;
    assert!(mean.abs() < 0.001, "mean {mean}");

    let constant = Parameter { name: "b", shape: &[], initial: Initial::Constant(1.5) };
    assert_eq!(constant.initial(7, 3).get(99), 1.5);
}
