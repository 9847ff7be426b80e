//! Initial weights: their distributions, and the fans that these depend on.

mod golden;

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::frontend::yaml;
use convolve_compiler::graph::Layout;
use convolve_runtime::weights::{Data, Initial, Parameter};
use convolve_train::Initializer;
use golden::{floats, read};

/// How the parameters of a layer on a map of 8 channels start.
fn initials(layout: Layout, layer: &str) -> Vec<Initial> {
    let text = format!("name: T\ninput: [9, 9, 8]\nlayers:\n  - {layer}\n");
    let defaults = Defaults { layout: Some(layout), ..Defaults::default() };
    let analysis = analyse(yaml::parse("test.yaml", text.as_bytes()), &defaults, None);
    let messages: Vec<_> = analysis.diagnostics.iter().map(|diagnostic| &diagnostic.message).collect();
    let network = analysis.networks.first().unwrap_or_else(|| panic!("{layer}: {messages:?}"));
    network.graph.parameters.iter().map(|parameter| parameter.initial).collect()
}

#[test]
fn fans_are_those_of_pytorch_in_both_layouts() {
    let cases = read(include_str!("golden/fans.json"));
    let cases = cases.as_array().expect("cases");
    assert_eq!(cases.len(), 7);
    for case in cases {
        let (layer, groups) =
            (case["layer"].as_str().expect("a layer"), case["groups"].as_u64().expect("a number") as usize);
        let fans: Vec<usize> = floats(&case["fans"]).into_iter().map(|fan| fan as usize).collect();
        // PyTorch reads the fans off the kernel's shape: its fan_out counts the outputs of all groups, though an input
        // goes into those of its own group alone, and those of a transposed kernel are exchanged.
        let [fan_in, fan_out] = match layer.starts_with("conv2d_transpose") {
            true => [fans[1] / groups, fans[0]],
            false => [fans[0], fans[1] / groups],
        };
        for layout in [Layout::Pytorch, Layout::Keras] {
            let expected = [Initial::Kernel { fan_in, fan_out }, Initial::Constant(0.0)];
            assert_eq!(initials(layout, layer), expected, "{layer}, {layout:?}");
        }
    }
}

const COUNT: usize = 100_000;

fn sample(data: &Data<'_>) -> Vec<f64> {
    (0..COUNT).map(|index| f64::from(data.get(index))).collect()
}

/// A kernel with fans of 50 and 200.
const KERNEL: Parameter<'_> =
    Parameter { name: "k", shape: &[], initial: Initial::Kernel { fan_in: 50, fan_out: 200 } };

#[test]
fn distributions_have_their_mean_variance_and_limits() {
    // The variance by the fans, and the fourth moment over its square: 9/5 for uniform numbers, and for a sum of twelve of
    // them, as which normal ones are made, 2.9 where it should be 3.
    let rows = [
        (Initializer::HeNormal, 2.0 / 50.0, 2.9),
        (Initializer::HeUniform, 2.0 / 50.0, 1.8),
        (Initializer::GlorotNormal, 2.0 / 250.0, 2.9),
        (Initializer::GlorotUniform, 2.0 / 250.0, 1.8),
    ];
    for (initializer, variance, peak) in rows {
        let values = sample(&initializer.data(&KERNEL, 7, 3));
        let moment = |power: i32| values.iter().map(|x| x.powi(power)).sum::<f64>() / COUNT as f64;
        let near = |found: f64, expected: f64, slack: f64, what: &str| {
            assert!((found - expected).abs() < slack, "{what} of {initializer}: {found}, not {expected}");
        };
        near(moment(1) / f64::sqrt(variance), 0.0, 0.015, "mean");
        near(moment(2) / variance, 1.0, 0.02, "variance");
        near(moment(3) / variance.powf(1.5), 0.0, 0.05, "skewness");
        near(moment(4) / variance.powi(2), peak, 0.1, "peak");
        let neighbours =
            values.windows(2).map(|pair| pair[0] * pair[1] / variance).sum::<f64>() / COUNT as f64;
        near(neighbours, 0.0, 0.015, "correlation of neighbours");
        if peak < 2.0 {
            let limit = (3.0 * variance).sqrt();
            let most = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            assert!(most < limit * 1.000_001 && most > limit * 0.999, "limit of {initializer}: {most}");
        }
    }
    assert_eq!(Initializer::Zeros.data(&KERNEL, 7, 3), Data::Constant(0.0));
}

#[test]
fn seeds_and_places_choose_the_numbers() {
    for initializer in [Initializer::HeNormal, Initializer::HeUniform, Initializer::GlorotUniform] {
        let values = sample(&initializer.data(&KERNEL, 7, 3));
        assert_eq!(values, sample(&initializer.data(&KERNEL, 7, 3)), "{initializer}");
        for (seed, index) in [(8, 3), (7, 4)] {
            assert_ne!(values[..5], sample(&initializer.data(&KERNEL, seed, index))[..5], "{initializer}");
        }
    }
    assert_eq!(Initializer::HeNormal.data(&KERNEL, 7, 3), KERNEL.initial(7, 3));
}

#[test]
fn uniform_numbers_are_the_same_on_every_machine() {
    // By whole numbers of any size: SplitMix64's upper 24 bits of the key and the scrambled index.
    let data = Data::Uniform { key: 1, limit: 1.0 };
    let bits: Vec<_> = (0..4).map(|index| data.get(index).to_bits()).collect();
    assert_eq!(bits, [3211695621, 1062468289, 1061215137, 1062770871]);
}

#[test]
fn biases_and_norms_start_alike_whatever_is_chosen() {
    for constant in [0.0, 1.0] {
        let parameter = Parameter { name: "b", shape: &[], initial: Initial::Constant(constant) };
        for name in ["he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "zeros"] {
            let initializer: Initializer = name.parse().expect("a name");
            assert_eq!(initializer.data(&parameter, 1, 0), Data::Constant(constant), "{name}");
        }
    }
}
