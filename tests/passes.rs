//! Passes and plans, over random networks and on chosen ones.

use convolve_compiler::passes::{Options, PASSES, optimise};
use convolve_compiler::plan::{DECISIONS, plan, verify_plan};
use convolve_compiler::verify::verify;
use convolve_runtime::simd::Level;
use convolve_tests::network::{execute, inputs, tensors};
use convolve_tests::random::{Random, network};

const NETWORKS: u64 = 300;

/// Every set of options that a random network is tried with.
fn options() -> Vec<Options> {
    let names = PASSES.iter().map(|pass| pass.name).chain(DECISIONS.iter().copied());
    let mut options = vec![Options::default(), Options::plain()];
    options.extend(names.map(|name| Options::default().without(name)));
    options
}

#[test]
fn graphs_and_plans_of_random_networks_hold() {
    for seed in 0..NETWORKS {
        let network = network(seed);
        verify(&network.graph).unwrap_or_else(|why| panic!("{why} in\n{}", network.yaml));
        for options in options() {
            let mut graph = network.graph.clone();
            _ = optimise(&mut graph, &options);
            verify(&graph).unwrap_or_else(|why| panic!("{why} in\n{}\n{graph}", network.yaml));
            let plan = plan(&graph, &options);
            verify_plan(&plan).unwrap_or_else(|why| panic!("{why} in\n{}\n{graph}\n{plan}", network.yaml));
            assert!(plan.bound <= plan.arena, "{plan}");
        }
    }
}

#[test]
fn options_do_not_change_what_is_computed() {
    for seed in 0..NETWORKS {
        let network = network(seed);
        let mut random = Random::new(seed);
        let tensors = tensors(&network.graph.parameters, &mut random);
        let inputs = inputs(&network.graph, &mut random);
        let run = |options: &Options| execute(&network.graph, options, Level::SCALAR, &tensors, &inputs);
        let expected = run(&Options::plain());
        for options in options() {
            for (found, expected) in run(&options).iter().zip(&expected) {
                let scale = expected.iter().fold(1e-3_f32, |scale, value| scale.max(value.abs()));
                let far = found.iter().zip(expected).position(|(a, b)| (a - b).abs() > 1e-4 * scale);
                assert_eq!(far, None, "{options:?} changes\n{}", network.yaml);
            }
        }
    }
}
