//! `convolve features`.

use std::io::Read as _;

use convolve_tests::interpret::interpret;
use convolve_tests::network;
use convolve_tests::random::Random;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, npy, read_npy, weights};

const NET: &str = "name: Net\ninput: [12, 10, 3]\nlayers:\n  \
                   - conv2d: { name: first, filters: 20, kernel_size: 3, padding: same }\n  \
                   - batch_norm: { name: norm }\n  - relu: { name: cut }\n  \
                   - max_pool2d: { name: pool, kernel_size: 2 }\n  - flatten: { name: flat }\n  \
                   - dense: { name: last, units: 5, activation: softmax }\n";

/// Doubles a picture of two by two pixels.
const TWICE: &str = "name: Twice\ninput: [2, 2, 1]\nlayers:\n  - add: { name: twice, from: [input, input] }\n  \
                     - flatten: { name: flat }\n";

fn twice() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("twice.yaml", TWICE);
    sandbox.file("x.npy", npy("(2, 2, 1)", &[0.0, 1.0, 2.0, 3.0]));
    sandbox
}

#[test]
fn every_layer_has_the_numbers_that_the_reference_computes() {
    let graph = network::graph(NET).expect("a network");
    let mut random = Random::new(3);
    let tensors = network::tensors(&graph.parameters, &mut random);
    let inputs = network::inputs(&graph, &mut random);
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", NET);
    sandbox.file("x.npy", npy("(12, 10, 3)", &inputs[0]));
    let parameters = graph.parameters.iter().zip(&tensors);
    let parameters: Vec<_> =
        parameters.map(|(parameter, data)| (&*parameter.name, &*parameter.shape, &**data)).collect();
    sandbox.file("w.safetensors", weights(&parameters));
    let ran = sandbox
        .run("features net.yaml --weights w.safetensors --input x.npy --output maps --npz --format json");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let object: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&object["network"], &object["archive"]), (&json!("Net"), &json!("maps/features.npz")));

    let archive = std::fs::File::open(sandbox.path("maps/features.npz")).expect("the archive");
    let mut archive = zip::ZipArchive::new(archive).expect("a ZIP archive");
    let expected = interpret(&graph, &tensors, &inputs, |_| {});
    let layers = convolve_compiler::trace::layers(&graph);
    assert_eq!(archive.len(), layers.len());
    for (index, (name, node)) in layers.into_iter().enumerate() {
        let picture = format!("maps/{:03}-{name}.png", index + 1);
        assert!(image::open(sandbox.path(&picture)).is_ok(), "{picture}");
        let mut file = Vec::new();
        let mut entry = archive.by_name(&format!("{name}.npy")).expect("an array of this name");
        entry.read_to_end(&mut file).expect("a whole array");
        sandbox.file("one.npy", &file);
        let (shape, found) = read_npy(&sandbox.path("one.npy"));
        let lengths: Vec<String> =
            graph.nodes[node].shape.dimensions().iter().map(usize::to_string).collect();
        assert_eq!(shape.trim_matches(['(', ')', ',']), lengths.join(", "), "{name}");
        let expected = &expected[node].data;
        let scale = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        assert_eq!(found.len(), expected.len());
        let [least, most] = [f32::min, f32::max].map(|of| found.iter().copied().reduce(of));
        let shape = graph.nodes[node].shape.dimensions();
        let told = json!({ "layer": name, "shape": shape, "least": least, "most": most, "picture": picture });
        assert_eq!(object["layers"][index], told);
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() <= 1e-5 * scale, "{name}: {found} {expected}");
        }
    }
}

/// Of the numbers 0, 2, 4 and 6: black, white, and what lies between.
#[test]
fn a_picture_has_the_colours_of_the_numbers() {
    let sandbox = twice();
    let run = "features twice.yaml --input x.npy --output maps --colormap grey";
    let ran = sandbox.run(&format!("{run} --layer twice"));
    assert_eq!(ran.stdout, "maps/001-twice.png: twice, 2×2×1\n", "{}", ran.stderr);
    let picture = image::open(sandbox.path("maps/001-twice.png")).expect("a PNG").into_rgb8();
    let tile: Vec<u8> = [0, 85, 170, 255].to_vec();
    // The tile is there once, its four pixels stretched to squares of one colour.
    let side = 32;
    let is_tile = |x: u32, y: u32| {
        let at = |row: u32, column: u32| picture.get_pixel(x + column * side, y + row * side).0;
        [[0, 0], [0, 1], [1, 0], [1, 1]]
            .iter()
            .zip(&tile)
            .all(|(&[row, column], &grey)| at(row, column) == [grey; 3])
    };
    let (width, height) = picture.dimensions();
    let corners = (0..height - side).flat_map(|y| (0..width - side).map(move |x| (x, y)));
    assert_eq!(corners.filter(|&(x, y)| is_tile(x, y)).count(), (side * side) as usize);
}

#[test]
fn only_layers_of_the_network_can_be_asked_for() {
    let sandbox = twice();
    let run = "features twice.yaml --input x.npy --output maps";
    sandbox.refuses(&format!("{run} --layer twise --layer depth"), &["did you mean `twice`?", "`depth`"]);
    assert_eq!(sandbox.names(), ["twice.yaml", "x.npy"]);
    sandbox.file("taken", "");
    sandbox.refuses("features twice.yaml --input x.npy --output taken", &["cannot make `taken`"]);
    sandbox.file("net.yaml", NET);
    sandbox.refuses("features net.yaml --input x.npy --output maps", &["names no weights"]);
    assert_eq!(sandbox.run(&format!("{run} --colormap rainbow")).code, 2);
}
