//! `convolve run`.

use crate::sandbox::{Sandbox, npy, read_npy, specs, weights};
use convolve::Workspace;
use convolve_models::Mnist;
use convolve_models::data::mnist_test;
use serde_json::{Value, json};

/// Gives x0 + 2 · x1 + 0.5.
const DENSE: &str = "name: Net\ninput: [2]\nlayers:\n  - dense: { name: fc, units: 1 }\n";
const POOL: &str = "name: Pool\ninput: [2, 2, 1]\nlayers:\n  - max_pool2d: { name: most, kernel_size: 2 }\n";
const SUM: &str = "name: Sum\ninput: { left: [2], right: [2] }\nlayers:\n  \
                   - sub: { name: difference, from: [left, right] }\n  \
                   - mul: { name: product, from: [left, right] }\noutput: [difference, product]\n";

fn dense() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", DENSE);
    sandbox.file("w.safetensors", weights(&[("fc.weight", &[1, 2], &[1.0, 2.0]), ("fc.bias", &[1], &[0.5])]));
    sandbox.file("x.npy", npy("(2,)", &[3.0, 4.0]));
    sandbox
}

fn pool() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("pool.yaml", POOL);
    sandbox
}

fn sum() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("sum.yaml", SUM);
    sandbox.file("a.npy", npy("(2,)", &[3.0, 4.0]));
    sandbox.file("b.npy", npy("(2,)", &[1.0, 5.0]));
    sandbox
}

fn png(image: image::DynamicImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

#[test]
fn digits_are_read_as_by_the_compiled_network() {
    let digits = mnist_test();
    let model = Mnist::new();
    let mut workspace = Workspace::new();
    let sandbox = Sandbox::new();
    let spec = specs().join("mnist.yaml");
    let digit = &digits.images[0];
    sandbox.file("digit.npy", npy("(1, 28, 28)", digit.as_flattened().as_flattened()));
    let bytes = digit.as_flattened().as_flattened().iter().map(|x| (x * 255.0).round() as u8).collect();
    let grey = image::GrayImage::from_raw(28, 28, bytes).expect("28×28 pixels");
    sandbox.file("digit.png", png(grey.into()));
    let expected = model.predict(digit, &mut workspace).to_vec();
    for input in ["digit.npy", "digit.png"] {
        let ran = sandbox.run(&format!("run {} --input {input} --output y.npy", spec.display()));
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert_eq!(ran.stdout, "y.npy: fc2, 10\n");
        assert_eq!(read_npy(&sandbox.path("y.npy")), ("(10,)".to_owned(), expected.clone()), "{input}");
    }
}

#[test]
fn programs_get_the_numbers_of_the_files() {
    let sandbox = sum();
    let run = "run sum.yaml --input left=a.npy --input right=b.npy --format json";
    let printed = |arguments: &str| {
        let ran = sandbox.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        serde_json::from_str::<Value>(&ran.stdout).expect("JSON")
    };
    let object = printed(&format!("{run} --output product=y.npy"));
    let product = json!({ "shape": [2], "data": read_npy(&sandbox.path("y.npy")).1, "file": "y.npy" });
    let difference = json!({ "shape": [2], "data": [2.0, -1.0], "file": null });
    assert_eq!(
        object,
        json!({ "network": "Sum", "outputs": { "difference": difference, "product": product } })
    );
    assert_eq!(printed(run)["outputs"]["product"]["data"], product["data"], "without files");
    for without in ["", " --format text"] {
        let ran = sandbox.run(&format!("run sum.yaml --input left=a.npy --input right=b.npy{without}"));
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("--output"), "{}", ran.stderr);
    }
}

#[test]
fn lists_are_as_deep_as_the_shape_is_long() {
    let sandbox = Sandbox::new();
    sandbox.file("up.yaml", "input: [1, 2, 2]\nlayers:\n  - upsample2d: { name: up, scale_factor: 2 }\n");
    sandbox.file("x.npy", npy("(1, 2, 2)", &[1.0, 0.1, f32::NAN, 4.0]));
    let ran = sandbox.run("run up.yaml --input x.npy --format json");
    let object: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let row = json!([[1.0, 0.1f32], [1.0, 0.1f32], [null, 4.0], [null, 4.0]]);
    assert_eq!(object["outputs"]["up"], json!({ "shape": [2, 4, 2], "data": [row, row], "file": null }));
}

#[test]
fn given_weights_take_the_place_of_those_in_the_file() {
    let sandbox = dense();
    let run = "run net.yaml --weights w.safetensors --input x.npy --output y.npy";
    assert_eq!(sandbox.run(run).code, 0);
    assert_eq!(read_npy(&sandbox.path("y.npy")), ("(1,)".to_owned(), vec![11.5]));
    sandbox.file("net.yaml", DENSE.replace("layers", "weights: missing.safetensors\nlayers"));
    assert_eq!(sandbox.run(run).code, 0);
    sandbox.refuses("run net.yaml --input x.npy --output y.npy", &["missing.safetensors"]);
}

#[test]
fn a_level_can_be_forced() {
    let sandbox = dense();
    let run = "run net.yaml --weights w.safetensors --input x.npy --output y.npy --level";
    assert_eq!(sandbox.run(&format!("{run} scalar")).code, 0);
    assert_eq!(read_npy(&sandbox.path("y.npy")).1, [11.5]);
    let ran = sandbox.run(&format!("{run} avx9"));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("this processor has scalar"), "{}", ran.stderr);
}

#[test]
fn the_number_of_threads_can_be_chosen() {
    let sandbox = dense();
    let run = "run net.yaml --weights w.safetensors --input x.npy --output y.npy --threads";
    assert_eq!(sandbox.run(&format!("{run} 2")).code, 0);
    assert_eq!(read_npy(&sandbox.path("y.npy")).1, [11.5]);
    for count in ["0", "many"] {
        let ran = sandbox.run(&format!("{run} {count}"));
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("--threads"), "{}", ran.stderr);
    }
}

#[test]
fn the_layout_shows_in_the_names() {
    let sandbox = dense();
    let run = "run net.yaml --weights k.safetensors --input x.npy --output y.npy";
    sandbox.file("k.safetensors", weights(&[("fc.kernel", &[2, 1], &[1.0, 2.0]), ("fc.bias", &[1], &[0.5])]));
    assert_eq!(sandbox.run(run).code, 0);
    assert_eq!(read_npy(&sandbox.path("y.npy")).1, [11.5]);
    sandbox.refuses(&format!("{run} --layout pytorch"), &["`fc.weight`", "`--layout keras`"]);
    sandbox.file("net.yaml", DENSE.replace("layers", "weights: { layout: pytorch }\nlayers"));
    sandbox.refuses(run, &["`fc.weight`", "`--layout keras`"]);
    assert_eq!(sandbox.run(&format!("{run} --layout keras")).code, 0);
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let sandbox = dense();
    let run = "run net.yaml --weights w.safetensors --input x.npy --output y.npy";
    sandbox.refuses("run net.yaml --input x.npy --output y.npy", &["`net.yaml` names no weights"]);
    sandbox.refuses(&run.replace("w.safe", "none.safe"), &["cannot read `none.safetensors`"]);
    sandbox.file("w.safetensors", weights(&[("fc.weight", &[1, 3], &[1.0; 3]), ("fc.bais", &[1], &[0.5])]));
    sandbox.refuses(run, &["`fc.weight` is [1, 3], but must be [1, 2]", "`fc.bias`", "`fc.bais`"]);
    sandbox.file(
        "w.safetensors",
        weights(&[("fc.weight", &[1, 2], &[1.0, f32::NAN]), ("fc.bias", &[1], &[0.5])]),
    );
    sandbox.refuses(run, &["element 1 of tensor `fc.weight` is NaN"]);
    let whole = weights(&[("fc.weight", &[1, 2], &[1.0, 2.0]), ("fc.bias", &[1], &[0.5])]);
    sandbox.file("w.safetensors", &whole[..whole.len() - 1]);
    sandbox.refuses(run, &["not a whole safetensors file"]);
    assert!(!sandbox.names().iter().any(|name| name.contains("y.")), "{:?}", sandbox.names());
}

#[test]
fn several_inputs_and_outputs_go_by_name() {
    let sandbox = sum();
    let inputs = "run sum.yaml --input right=b.npy --input left=a.npy";
    assert_eq!(sandbox.run(&format!("{inputs} --output y.npy")).code, 0);
    assert_eq!(read_npy(&sandbox.path("y.difference.npy")).1, [2.0, -1.0]);
    assert_eq!(read_npy(&sandbox.path("y.product.npy")).1, [3.0, 20.0]);
    assert_eq!(sandbox.run(&format!("{inputs} --output product=only.npy")).code, 0);
    assert_eq!(read_npy(&sandbox.path("only.npy")).1, [3.0, 20.0]);
    assert_eq!(sandbox.names().iter().filter(|name| name.ends_with(".npy")).count(), 5);
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let sandbox = sum();
    let inputs = "run sum.yaml --input left=a.npy --input right=b.npy";
    sandbox.refuses("run sum.yaml --input left=a.npy --output y.npy", &["the input `right` is missing"]);
    sandbox.refuses(
        "run sum.yaml --input a.npy --output y.npy",
        &["`a.npy` is for which input?", "`left`, `right`"],
    );
    sandbox.refuses(&format!("{inputs} --input rihgt=b.npy --output y.npy"), &["did you mean `right`?"]);
    sandbox.refuses(&format!("{inputs} --input left=b.npy --output y.npy"), &["`left` is given twice"]);
    sandbox.refuses(&format!("{inputs} --output quotient=y.npy"), &["no output `quotient`", "`difference`"]);
    sandbox.refuses(&format!("{inputs} --output y.npy --output z.npy"), &["is for which output?"]);
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let sandbox = dense();
    let run = "run net.yaml --weights w.safetensors --input x.npy --output y.npy";
    let refuses = |file: &[u8], words: &[&str]| {
        sandbox.file("x.npy", file);
        sandbox.refuses(run, words);
    };
    refuses(&npy("(3,)", &[1.0; 3]), &["`x.npy`", "[3]", "`input` is [2]"]);
    refuses(&npy("(2, 2)", &[1.0; 4]), &["[2, 2]", "one at a time"]);
    refuses(&npy("(2,)", &[1.0]), &["not whole"]);
    refuses(&npy("(2,)", &[1.0; 2])[..20], &["not whole"]);
    refuses(&npy("(2,)", &[1.0; 2])[..3], &["must be an .npy file"]);
    refuses(b"", &["must be an .npy file"]);
    let complex = String::from_utf8_lossy(&npy("(2,)", &[])).replace("<f4", "<c8");
    refuses(&[&b"\x93NUMPY"[..], &complex.as_bytes()[8..]].concat(), &["`<c8`"]);
    sandbox.refuses(&run.replace("x.npy", "none.npy"), &["cannot read `none.npy`"]);
}

#[test]
fn images_are_read_as_the_input_has_channels() {
    let sandbox = pool();
    let colour = image::RgbImage::from_fn(2, 2, |x, y| image::Rgb([51 * (2 * y + x) as u8, 255, 0]));
    sandbox.file("colour.png", png(colour.into()));
    sandbox.file("pool.yaml", POOL.replace("2, 1]", "2, 3]"));
    assert_eq!(sandbox.run("run pool.yaml --input colour.png --output y.npy").code, 0);
    let (shape, most) = read_npy(&sandbox.path("y.npy"));
    assert_eq!(shape, "(1, 1, 3)");
    assert!((most[0] - 0.6).abs() < 1e-6, "{most:?}");
    assert_eq!(most[1..], [1.0, 0.0]);
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let sandbox = pool();
    let run = "run pool.yaml --input x.png --output y.npy";
    sandbox.file("x.png", png(image::GrayImage::new(3, 2).into()));
    sandbox.refuses(run, &["`x.png`", "2 pixels high and 3 wide", "2 high and 2 wide"]);
    let whole = png(image::GrayImage::new(2, 2).into());
    sandbox.file("x.png", &whole[..whole.len() - 20]);
    sandbox.refuses(run, &["not a whole image"]);
    sandbox.file("x.png", "no image");
    sandbox.refuses(run, &["neither an .npy file nor a PNG or JPEG"]);
    sandbox.file("pool.yaml", POOL.replace("2, 1]", "2, 5]"));
    sandbox.refuses(run, &["5 channels"]);
}

#[test]
fn outputs_are_written_whole_or_not_at_all() {
    let sandbox = sum();
    let inputs = "run sum.yaml --input left=a.npy --input right=b.npy";
    sandbox.refuses(
        &format!("{inputs} --output difference=y.npy --output product=none/z.npy"),
        &["cannot write `none/z.npy`"],
    );
    sandbox.file("folder/kept", "");
    sandbox.refuses(&format!("{inputs} --output product=folder"), &["cannot write `folder`"]);
    assert_eq!(sandbox.names(), ["a.npy", "b.npy", "folder", "sum.yaml"]);
    sandbox.file("y.npy", "old");
    assert_eq!(sandbox.run(&format!("{inputs} --output product=y.npy")).code, 0);
    assert_eq!(read_npy(&sandbox.path("y.npy")).1, [3.0, 20.0]);
    if cfg!(unix) {
        assert_eq!(sandbox.run(&format!("{inputs} --output product=/dev/null")).code, 0);
        assert!(!std::fs::metadata("/dev/null").expect("a device").is_file());
    }
}
