//! `convolve report`: what the page holds. How it behaves in a browser is tested by `.ci/report`.

use convolve_models::data::mnist_test;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, npy, specs};

fn page(sandbox: &Sandbox, arguments: &str) -> String {
    let ran = sandbox.run(&format!("report {arguments} --output page.html"));
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    std::fs::read_to_string(sandbox.path("page.html")).expect("the page")
}

/// The cells of a layer's row.
fn row(page: &str, layer: &str) -> Vec<String> {
    let (_, row) =
        page.split_once(&format!("<tr data-layers=\"{layer}\" ")).unwrap_or_else(|| panic!("no {layer}"));
    let (row, _) = row.split_once("</tr>").expect("an end");
    row.split("</td>").map(|cell| cell.rsplit('>').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_page_is_whole_without_anything_else() {
    let sandbox = Sandbox::new();
    for model in ["mnist", "unet", "resnet50"] {
        let page = page(&sandbox, &specs().join(model).with_extension("yaml").display().to_string());
        let outside = page.replace("https://", "http://");
        assert!(!outside.contains("http://"), "a page names no address");
        assert!(!page.contains("src=\"/") && !page.contains("url(") && !page.contains("@import"));
        assert!(!page.contains("id=\"maps\""), "nothing was computed");
        assert_eq!(page.matches("<html").count(), 1);
    }
}

#[test]
fn a_page_has_the_numbers_of_the_summary() {
    let sandbox = Sandbox::new();
    let page = page(&sandbox, &specs().join("mnist.yaml").display().to_string());
    // By hand: 9 · 32 · 64 + 64 parameters, and 9 · 32 multiplications for each of 14 · 14 · 64 results.
    let cells = row(&page, "conv2");
    for cell in ["14×14×64", "18,496", "3,612,672", "8×8"] {
        assert!(cells.iter().any(|found| found == cell), "no {cell} in {cells:?}");
    }
    for total in ["<dd>421,642</dd>", "<dd>4,241,152</dd>"] {
        assert!(page.contains(total), "no {total}");
    }
    // Both graphs, the memory, and reasons.
    for part in [
        "id=\"graph-written\"",
        "id=\"graph-fused\" hidden",
        "class=\"buffer ",
        "it has fewer than 16 channels",
    ] {
        assert!(page.contains(part), "no {part}");
    }
}

/// By hand: a pooling of two, then a window of three steps of two pixels, the first of them outside.
#[test]
fn a_page_has_the_numbers_of_every_field() {
    let sandbox = Sandbox::new();
    let layers = "  - max_pool2d: { name: pool, from: left, kernel_size: 2 }\n  - conv2d: { name: conv, filters: 2, \
                  kernel_size: [3, 1], padding: same }\n  - global_avg_pool2d: { name: mean }\n  - add: { name: sum, \
                  from: [mean, right] }\n";
    let inputs = "input: { right: [2], left: [8, 6, 2] }";
    sandbox.file("net.yaml", format!("name: Net\n{inputs}\nlayers:\n{layers}"));
    let page = page(&sandbox, "net.yaml");
    let data = |start: &str| -> Value {
        let (_, data) = page.split_once(start).unwrap_or_else(|| panic!("no {start}"));
        let data = data.split('"').next().unwrap_or_default().replace("&quot;", "\"");
        serde_json::from_str(&data).expect("JSON")
    };
    assert_eq!(data("data-inputs=\""), json!([null, ["left", 8, 6]]));
    let field = json!({ "size": [6.0, 2.0], "stride": [2.0, 2.0], "centre": [0.5, 0.5] });
    let conv = data("<tr data-layers=\"conv\" data-sees=\"");
    assert_eq!(conv, json!({ "field": field, "cells": [4, 3], "inputs": [1] }));
    let sum = data("<tr data-layers=\"sum\" data-sees=\"");
    assert_eq!(sum, json!({ "field": null, "cells": [1, 1], "inputs": [0, 1] }));
}

#[test]
fn with_an_input_every_layer_has_a_figure() {
    let sandbox = Sandbox::new();
    let digit = mnist_test().images[0];
    sandbox.file("digit.npy", npy("(28, 28)", digit.as_flattened().as_flattened()));
    let page = page(&sandbox, &format!("{} --input digit.npy", specs().join("mnist.yaml").display()));
    let figures: Vec<&str> = page.split("<figure data-layers=\"").skip(1).collect();
    let names: Vec<&str> = figures.iter().filter_map(|figure| figure.split('"').next()).collect();
    assert_eq!(names, ["conv1", "max_pool2d_1", "conv2", "max_pool2d_2", "flatten_1", "fc1", "fc2"]);
    // The answer is 7: the bar of full length.
    let bars: Vec<&str> = figures[6].split("<div>").collect();
    let longest: Vec<&&str> = bars.iter().filter(|part| part.contains("width:100.0%")).collect();
    assert!(longest.len() == 1 && longest[0].starts_with("7</div>"), "{bars:?}");
}

#[test]
fn mistakes_are_told() {
    let sandbox = Sandbox::new();
    let spec = specs().join("resnet18.yaml").display().to_string();
    sandbox.file("x.npy", npy("(2,)", &[0.0; 2]));
    sandbox.refuses(&format!("report {spec} --input x.npy --output page.html"), &["names no weights"]);
    sandbox.refuses(&format!("report {spec} --weights none --output page.html"), &["none"]);
    sandbox.refuses("report none.yaml --output page.html", &["none.yaml"]);
    assert_eq!(sandbox.run(&format!("report {spec}")).code, 2, "nowhere to write");
    assert_eq!(sandbox.names(), ["x.npy"]);
}
