//! The checker of plans notices what is wrong with one. That it finds nothing wrong with the planner's own
//! plans is proven in `property.rs`.

use convolve_compiler::graph::Graph;
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::{Kernel, Plan, plan, verify_plan};
use convolve_runtime::slot::Slot;
use convolve_tests::network::graph;
use convolve_tests::random;

/// Layers whose values all lie in the arena.
const CHAIN: &str = "
name: Chain
input: [4, 4, 2]
layers:
  - max_pool2d: { name: a, kernel_size: 2 }
  - avg_pool2d: { name: b, kernel_size: 1 }
  - add: { name: c, from: [a, b] }
  - relu: { name: d }
  - concat: { name: e, from: [b, d] }
";

fn optimised(text: &str) -> Graph {
    let mut graph = graph(text).expect("a valid network");
    _ = optimise(&mut graph, &Options::default());
    graph
}

/// The slot that a kernel writes, of kernels that may be moved without another thought.
fn output(kernel: &mut Kernel) -> Option<&mut Slot> {
    match kernel {
        Kernel::Pool(kernel) => Some(&mut kernel.output),
        Kernel::Dense(kernel) => Some(&mut kernel.output),
        Kernel::Depthwise(kernel) => Some(&mut kernel.output),
        Kernel::Conv2d(kernel) if kernel.pool.is_none() => Some(&mut kernel.output),
        _ => None,
    }
}

#[test]
fn a_missing_or_misplaced_step_is_noticed() {
    let mut damaged = 0;
    for seed in 0..100 {
        let text = random::network(seed).yaml;
        let graph = optimised(&text);
        let sound = plan(&graph, &Options::default());
        for step in 0..sound.steps.len() {
            // A copy may happen to find its result there already.
            if !matches!(sound.steps[step].kernel, Kernel::Copy(_)) {
                let mut without = sound.clone();
                without.steps.remove(step);
                assert!(verify_plan(&without).is_err(), "step {step} is missing in {sound}");
            }

            let mut moved = Plan { arena: sound.arena + 1, ..sound.clone() };
            let Some(slot) = output(&mut moved.steps[step].kernel) else { continue };
            slot.offset += 1;
            assert!(verify_plan(&moved).is_err(), "step {step} writes one float further in {sound}");
            damaged += 1;
        }
    }
    assert!(damaged > 100, "only {damaged} plans were damaged");
}

#[test]
fn swapped_operands_are_noticed() {
    let graph = optimised(&CHAIN.replace("add", "sub"));
    let sound = plan(&graph, &Options::default());
    verify_plan(&sound).expect("a sound plan");
    let mut swapped = sound.clone();
    let step = swapped.steps.iter_mut().find(|step| step.reads.len() == 2).expect("a difference");
    step.reads.reverse();
    assert!(verify_plan(&swapped).is_err(), "{sound}");
}

#[test]
fn a_value_overwritten_too_early_is_noticed() {
    let graph = optimised(CHAIN);
    let mut plan = plan(&graph, &Options::plain());
    verify_plan(&plan).expect("a sound plan");
    let Kernel::Pool(first) = plan.steps[0].kernel else { panic!("{plan}") };
    let Kernel::Pool(second) = &mut plan.steps[1].kernel else { panic!("not a pooling") };
    second.output.offset = first.output.offset;
    let why = verify_plan(&plan).expect_err("it writes what it reads");
    assert!(why.contains("writes memory that it reads"), "{why}");
}

#[test]
fn a_mistake_in_the_tail_is_noticed() {
    let graph = optimised(
        "name: Net\ninput: [6]\nlayers:\n  - dense: { name: a, units: 4 }\n  - dense: { name: b, from: input, \
         units: 3 }\n  - concat: { name: c, from: [a, b] }\n  - dense: { units: 2, activation: tanh }\n",
    );
    let sound = plan(&graph, &Options::default());
    verify_plan(&sound).expect("a sound plan");
    let tail = sound.tail.as_ref().expect("a tail");
    for step in 0..tail.steps.len() {
        let mut without = sound.clone();
        without.tail.as_mut().expect("a tail").steps.remove(step);
        assert!(verify_plan(&without).is_err(), "step {step} is missing in {sound}");
    }
    let mut unmoved = sound.clone();
    unmoved.tail.as_mut().expect("a tail").inputs.clear();
    assert!(verify_plan(&unmoved).is_err(), "nothing is moved in {sound}");
    // Rows of the first image that reach into those of the second.
    let mut narrow = sound.clone();
    narrow.tail.as_mut().expect("a tail").outputs[0].pitch -= 1;
    assert!(verify_plan(&narrow).is_err(), "images overlap in {sound}");
}
