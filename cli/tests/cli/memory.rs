//! `convolve memory`.

use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_tests::network;
use serde_json::Value;

use crate::sandbox::{Sandbox, specs};

/// Two poolings of a picture: 64·4 floats in, 16·4 and 4·4 floats between and out.
const POOLS: &str = "name: Pools\ninput: [8, 8, 4]\nlayers:\n  - max_pool2d: { name: one, kernel_size: 2 }\n  \
                     - max_pool2d: { name: two, kernel_size: 2 }\n";

fn object(sandbox: &Sandbox, spec: &str) -> Value {
    let ran = sandbox.run(&format!("memory {spec} --format json"));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    serde_json::from_str(&ran.stdout).expect("JSON")
}

fn number(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or_else(|| panic!("no number `{key}` in {object}"))
}

#[test]
fn a_table_has_a_line_for_each_buffer() {
    let sandbox = Sandbox::new();
    sandbox.file("pools.yaml", POOLS);
    let ran = sandbox.run("memory pools.yaml");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let row = |name: &str| {
        let line =
            lines.iter().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{}", ran.stdout));
        line.split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("one"), ["one", "256", "0", "0", "to", "1", "██"]);
    assert_eq!(row("two"), ["two", "64", "256", "1", "·█"]);
    for line in ["arena bytes  320", "lower bound  320", "most in use  320 at step 1, Pool of two"] {
        assert!(lines.contains(&line), "no `{line}` in:\n{}", ran.stdout);
    }
}

/// What the planner promises, found again from the outside: buffers in use at once are apart, they fill no more than the
/// arena, and never more than the lower bound.
#[test]
fn buffers_of_every_model_are_apart_and_within_the_bound() {
    let sandbox = Sandbox::new();
    for model in ["mnist", "unet", "resnet18", "resnet50", "mobilenetv2", "dilated", "atrous_pyramid"] {
        let spec = specs().join(model).with_extension("yaml");
        let object = object(&sandbox, &spec.display().to_string());
        let [arena, bound] = ["arena_bytes", "bound_bytes"].map(|key| number(&object, key));
        let buffers = object["buffers"].as_array().expect("buffers");
        let range = |buffer: &Value| {
            let start = number(buffer, "offset");
            start..start + number(buffer, "bytes")
        };
        let steps = |buffer: &Value| number(buffer, "first_step")..=number(buffer, "last_step");
        let mut used = vec![0; object["steps"].as_array().expect("steps").len()];
        for (index, a) in buffers.iter().enumerate() {
            assert!(range(a).end <= arena, "{model}: {a}");
            for step in steps(a) {
                // The planner gives every buffer whole panels of 64 bytes.
                used[step as usize] += number(a, "bytes").next_multiple_of(64);
            }
            for b in &buffers[..index] {
                let at_once = steps(a).any(|step| steps(b).contains(&step));
                let apart = range(a).end <= range(b).start || range(b).end <= range(a).start;
                assert!(apart || !at_once, "{model}: {a} {b}");
            }
        }
        let most = used.iter().copied().max().expect("steps");
        assert!(most <= bound && bound <= arena, "{model}: {most} {bound} {arena}");
        assert!(
            most * 10 >= bound * 9,
            "{model}: the picture misses what fills the arena: {most} of {bound}"
        );
    }
}

/// Every float that a step reads or writes lies in a buffer that is in use at the step.
#[test]
fn every_operand_lies_in_a_buffer() {
    let sandbox = Sandbox::new();
    for model in ["unet", "mobilenetv2", "atrous_pyramid"] {
        let spec = specs().join(model).with_extension("yaml");
        let object = object(&sandbox, &spec.display().to_string());
        let mut graph = network::graph(&std::fs::read_to_string(&spec).expect("a file")).expect("a network");
        optimise(&mut graph, &Options::default());
        let plan = plan(&graph, &Options::default());
        for (index, step) in plan.steps.iter().enumerate() {
            let operands =
                step.kernel.reads().into_iter().chain([step.kernel.output()]).chain(step.kernel.scratch());
            let arena = operands.filter(|slot| slot.memory == convolve_runtime::slot::Memory::Arena);
            for slot in arena {
                let (start, end) = (4 * slot.offset as u64, 4 * (slot.offset + slot.span()) as u64);
                let holds = |buffer: &Value| {
                    let offset = number(buffer, "offset");
                    let steps = number(buffer, "first_step")..=number(buffer, "last_step");
                    steps.contains(&(index as u64))
                        && offset <= start
                        && end <= offset + number(buffer, "bytes")
                };
                let buffers = object["buffers"].as_array().expect("buffers");
                assert!(buffers.iter().any(holds), "{model}: step {index} uses {start} to {end}");
            }
        }
    }
}

#[test]
fn a_picture_has_every_buffer_and_both_lines() {
    let sandbox = Sandbox::new();
    let spec = specs().join("unet.yaml").display().to_string();
    let ran = sandbox.run(&format!("memory {spec} --output memory.svg"));
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let text = std::fs::read_to_string(sandbox.path("memory.svg")).expect("a file");
    let document = roxmltree::Document::parse(&text).expect("XML");
    let count = |class: &str| {
        let classes = document.descendants().filter_map(|node| node.attribute("class"));
        classes.filter(|classes| classes.split(' ').any(|name| name == class)).count()
    };
    assert_eq!(count("buffer"), object(&sandbox, &spec)["buffers"].as_array().expect("buffers").len());
    // Each once in the picture and once in its legend.
    assert_eq!(["peak", "bound", "used"].map(count), [2, 2, 2]);
    let ran = sandbox.run(&format!("memory {spec} --output memory.svg --format json"));
    assert_eq!(ran.code, 2, "one or the other");
}
