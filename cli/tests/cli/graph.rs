//! `convolve graph`.

use std::collections::BTreeSet;

use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_compiler::trace::layers;
use convolve_tests::network;
use serde_json::Value;

use crate::sandbox::{Sandbox, specs};

/// A residual block, whose sum and activation a pass fuses into the second convolution.
const BLOCK: &str = "name: Block\ninput: [8, 8, 4]\nlayers:\n  \
                     - conv2d: { name: one, filters: 4, kernel_size: 3, padding: same, activation: relu }\n  \
                     - conv2d: { name: two, filters: 4, kernel_size: 1 }\n  \
                     - add: { name: sum, from: [two, input] }\n  - relu: { name: cut }\n";

const MODELS: [&str; 5] = ["mnist", "unet", "resnet50", "mobilenetv2", "atrous_pyramid"];

fn block() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("block.yaml", BLOCK);
    sandbox
}

#[test]
fn mermaid_says_what_is_written() {
    let ran = block().run("graph block.yaml --format mermaid");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let expected = "flowchart TD
  n0[\"input<br/>input 8×8×4\"]
  n1[\"one<br/>conv 3×3 padding 1,1,1,1, relu<br/>148 parameters · 1.02 kB result\"]
  n2[\"two<br/>conv 1×1<br/>20 parameters · 1.02 kB result\"]
  n3[\"sum<br/>add<br/>1.02 kB result\"]
  n4[\"cut<br/>relu<br/>1.02 kB result\"]
  n5[\"cut<br/>output 8×8×4\"]
  n0 -->|\"8×8×4\"| n1
  n1 -->|\"8×8×4\"| n2
  n2 -->|\"8×8×4\"| n3
  n0 -->|\"8×8×4\"| n3
  n3 -->|\"8×8×4\"| n4
  n4 -->|\"8×8×4\"| n5
";
    assert_eq!(ran.stdout, expected);
}

#[test]
fn dot_says_what_is_fused() {
    let ran = block().run("graph block.yaml --format dot --fused");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let wanted = "[label=\"two + sum + cut\\nconv 1×1, relu\\nConv2d · 80 B weights · 1.02 kB result\"];";
    assert!(ran.stdout.lines().any(|line| line.ends_with(wanted)), "{}", ran.stdout);
    // It reads what the first convolution gives, and the input again.
    let fused = ran
        .stdout
        .lines()
        .find(|line| line.ends_with(wanted))
        .and_then(|line| line.split_whitespace().next());
    let readers = format!("-> {} [label=\"8×8×4\"];", fused.expect("a name"));
    assert_eq!(ran.stdout.matches(&readers).count(), 2, "{}", ran.stdout);
}

fn object(sandbox: &Sandbox, arguments: &str) -> Value {
    let ran = sandbox.run(arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    serde_json::from_str(&ran.stdout).expect("JSON")
}

#[test]
fn every_layer_and_every_kernel_has_a_box() {
    let sandbox = Sandbox::new();
    for model in MODELS {
        let spec = specs().join(model).with_extension("yaml");
        let mut graph = network::graph(&std::fs::read_to_string(&spec).expect("a file")).expect("a network");
        let names = |object: &Value| {
            let boxes = object["boxes"].as_array().expect("boxes").clone();
            let names = |part: &Value| part["layers"].as_array().expect("names").clone();
            boxes
                .iter()
                .flat_map(names)
                .map(|name| name.as_str().expect("a name").to_owned())
                .collect::<BTreeSet<_>>()
        };
        let written = object(&sandbox, &format!("graph {} --format json", spec.display()));
        let expected = layers(&graph).into_iter().map(|(name, _)| name.to_owned());
        assert_eq!(names(&written), expected.chain(graph.inputs.clone()).collect(), "{model}");

        let fused = object(&sandbox, &format!("graph {} --format json --fused", spec.display()));
        optimise(&mut graph, &Options::default());
        let plan = plan(&graph, &Options::default());
        let boxes = fused["boxes"].as_array().expect("boxes");
        for step in &plan.steps {
            let layers: Vec<Value> = step
                .nodes(&graph)
                .iter()
                .flat_map(|&id| graph.nodes[id].layers.clone())
                .map(Value::from)
                .collect();
            let holds = |part: &&Value| {
                layers.iter().all(|layer| part["layers"].as_array().expect("names").contains(layer))
            };
            assert!(boxes.iter().any(|part| holds(&part)), "{model}: no box of {layers:?}");
        }
        // Arrows lead down, and end at boxes.
        for arrow in written["arrows"].as_array().expect("arrows") {
            assert!(arrow["from"].as_u64() < arrow["to"].as_u64(), "{model}: {arrow}");
        }
    }
}

/// Left, top, right and bottom of every box, from the picture itself.
fn boxes(svg: &str) -> Vec<[f32; 4]> {
    let document = roxmltree::Document::parse(svg).expect("XML");
    let groups = document.descendants().filter(|node| node.attribute("data-index").is_some());
    let number = |text: &str| text.parse::<f32>().expect("a number");
    groups
        .map(|group| {
            let place = group.attribute("transform").expect("a place");
            let place = place.trim_start_matches("translate(").trim_end_matches(')');
            let (x, y) = place.split_once(' ').map(|(x, y)| (number(x), number(y))).expect("two numbers");
            let body = group.children().find(|node| node.attribute("class") == Some("body")).expect("a body");
            let [width, height] =
                ["width", "height"].map(|name| number(body.attribute(name).expect("a size")));
            [x, y, x + width, y + height]
        })
        .collect()
}

#[test]
fn boxes_of_every_model_are_apart() {
    let sandbox = Sandbox::new();
    for model in MODELS {
        for fused in ["", " --fused"] {
            let spec = specs().join(model).with_extension("yaml");
            let ran = sandbox.run(&format!("graph {}{fused} --output net.svg", spec.display()));
            assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
            let boxes = boxes(&std::fs::read_to_string(sandbox.path("net.svg")).expect("a file"));
            assert!(boxes.len() > 6);
            for (index, a) in boxes.iter().enumerate() {
                for b in &boxes[..index] {
                    let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                    assert!(apart, "{model}: {a:?} {b:?}");
                }
            }
        }
    }
}

/// Upright labels of arrows, which start at these points, are about 60 wide and 10 high.
#[test]
fn labels_can_be_read() {
    let sandbox = Sandbox::new();
    for model in MODELS {
        let spec = specs().join(model).with_extension("yaml");
        let svg = sandbox.run(&format!("graph {} --fused", spec.display())).stdout;
        let document = roxmltree::Document::parse(&svg).expect("XML");
        let labels = document.descendants().filter(|node| node.attribute("class") == Some("shape"));
        let place = |node: roxmltree::Node<'_, '_>| {
            let place = node.attribute("transform")?.strip_prefix("translate(")?.strip_suffix(')')?;
            let (x, y) = place.split_once(' ')?;
            Some((x.parse::<f32>().ok()?, y.parse::<f32>().ok()?))
        };
        let places: Vec<(f32, f32)> = labels.filter_map(place).collect();
        assert!(places.len() > 5, "{model}");
        for (index, (x, y)) in places.iter().enumerate() {
            let apart = |(a, b): &(f32, f32)| (x - a).abs() > 40.0 || (y - b).abs() > 8.0;
            assert!(places[..index].iter().all(apart), "{model}: {x} {y}");
        }
    }
}

#[test]
fn mistakes_are_those_of_the_compiler() {
    let sandbox = block();
    sandbox.file("bad.yaml", BLOCK.replace("add", "ad"));
    sandbox.refuses("graph bad.yaml", &["--> bad.yaml:6", "did you mean `add`?"]);
    sandbox.refuses("graph block.yaml --output none/block.svg", &["cannot write `none/block.svg`"]);
    assert_eq!(sandbox.run("graph block.yaml --format gif").code, 2);
}
