//! `convolve check`, `summary` and `expand`.

use std::io::Read as _;
use std::process::Stdio;

use crate::sandbox::{Sandbox, specs, weights};

const GOOD: &str = "name: Good\ninput: [4, 4, 1]\nlayers:\n  - max_pool2d: { kernel_size: 2 }\n";
const BAD: &str =
    "name: Bad\ninput: [4, 4, 1]\nlayers:\n  - conv2d: { filters: 2, kernel_size: 9 }\n  - relo\n";
const EMBEDDED: &str = "name: Scale\ninput: [2]\nweights: scale.safetensors\nlayers:\n  \
                        - dense: { name: fc, units: 1, bias: false }\n";

#[test]
fn good_files_get_a_line_each() {
    let sandbox = Sandbox::new();
    sandbox.file("good.yaml", GOOD);
    sandbox.file("again.yaml", GOOD);
    let ran = sandbox.run("check good.yaml again.yaml");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, "ok: good.yaml: Good\nok: again.yaml: Good\n");
}

#[test]
fn every_mistake_of_every_file_is_shown() {
    let sandbox = Sandbox::new();
    sandbox.file("good.yaml", GOOD);
    sandbox.file("bad.yaml", BAD);
    let ran = sandbox.run("check bad.yaml missing.yaml good.yaml");
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stdout, "ok: good.yaml: Good\n");
    for words in [
        "--> bad.yaml:4:",
        "--> bad.yaml:5:5",
        "did you mean `relu`?",
        "error[C0901]: cannot read `missing.yaml`",
    ] {
        assert!(ran.stderr.contains(words), "no `{words}` in:\n{}", ran.stderr);
    }
}

#[test]
fn a_warning_is_no_failure() {
    let sandbox = Sandbox::new();
    let unused = "name: Net\ninput: [4, 4, 1]\nlayers:\n  - relu\n  - relu: { name: kept, from: input }\n";
    sandbox.file("net.yaml", unused);
    let ran = sandbox.run("check net.yaml");
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.starts_with("warning[C0801]: "), "{}", ran.stderr);
    assert_eq!(ran.stdout, "ok: net.yaml: Net\n");
}

#[test]
fn weights_are_checked_beside_the_yaml_file() {
    let sandbox = Sandbox::new();
    sandbox.file("nets/scale.yaml", EMBEDDED);
    sandbox.refuses("check nets/scale.yaml", &["--> nets/scale.yaml:3:10", "nets/scale.safetensors"]);
    sandbox.file("nets/scale.safetensors", weights(&[("fc.weight", &[1, 2], &[1.0, 2.0])]));
    assert_eq!(sandbox.run("check nets/scale.yaml").code, 0);
    sandbox.file("nets/scale.safetensors", weights(&[("fc.weight", &[1, 2], &[1.0, f32::NAN])]));
    sandbox.refuses("check nets/scale.yaml", &["fc.weight", "NaN"]);
    sandbox.file("nets/scale.safetensors", weights(&[("fc.kernel", &[2, 1], &[1.0, 2.0])]));
    sandbox.refuses("check nets/scale.yaml", &["keras layout"]);
    sandbox.file("nets/scale.safetensors", "no weights");
    sandbox.refuses("check nets/scale.yaml", &["safetensors"]);
}

#[test]
fn files_that_are_no_specifications_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.file("folder/good.yaml", GOOD);
    sandbox.file("empty.yaml", "");
    sandbox.file("latin.yaml", b"name: \xe9\n");
    sandbox.refuses("check folder", &["cannot read `folder`"]);
    sandbox.refuses("check empty.yaml", &["empty"]);
    sandbox.refuses("check latin.yaml", &["UTF-8"]);
    if cfg!(unix) {
        sandbox.refuses("check /dev/zero", &["/dev/zero"]);
        sandbox.file("endless.yaml", EMBEDDED.replace("scale.safetensors", "/dev/zero"));
        sandbox.refuses("check endless.yaml", &["/dev/zero"]);
    }
}

#[test]
fn a_wrong_call_has_exit_code_2() {
    let sandbox = Sandbox::new();
    for arguments in
        ["", "check", "chekc a.yaml", "explain C0000", "summary", "run a.yaml", "check --layout torch a.yaml"]
    {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 2, "{arguments}: {}", ran.stderr);
    }
    let ran = sandbox.run("run --help");
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("Examples:"));
}

#[test]
fn a_summary_shows_layers_and_totals() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&format!("summary {}", specs().join("mnist.yaml").display()));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let line = |start: &str| {
        let line = ran.stdout.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("no `{start}` in:\n{}", ran.stdout))
            .split_whitespace()
            .collect::<Vec<_>>()
    };
    // By hand: 9 · 32 · 64 + 64 parameters, and 9 · 32 multiplications for each of 14 · 14 · 64 results.
    let conv2 = line("conv2 ");
    for cell in ["14×14×64", "18,496", "3,612,672", "8×8", "Winograd"] {
        assert!(conv2.contains(&cell), "{conv2:?}");
    }
    assert_eq!(line("parameters"), ["parameters", "421,642"]);
    assert_eq!(line("MACs"), ["MACs", "4,241,152"]);
    assert_eq!(line("arena bytes")[2..].len(), 4);
}

#[test]
fn a_summary_tells_what_was_decided_and_why() {
    let sandbox = Sandbox::new();
    let text = "name: Net\ninput: [16, 16, 32]\nlayers:\n  \
                - conv2d: { name: wide, filters: 32, kernel_size: 3, padding: same }\n  \
                - batch_norm: { name: norm }\n  - conv2d: { name: narrow, filters: 4, kernel_size: 3 }\n";
    sandbox.file("net.yaml", text);
    let ran = sandbox.run("summary net.yaml");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let section = |name: &str| {
        let start = lines.iter().position(|line| *line == name);
        let start = start.unwrap_or_else(|| panic!("no `{name}` in:\n{}", ran.stdout));
        lines[start + 1..].iter().take_while(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    assert_eq!(section("fold_norm"), [&"  wide with norm"]);
    let [wide, narrow] = section("winograd")[..] else { panic!("{}", ran.stdout) };
    assert!(wide.starts_with("  wide+norm in tiles of 4×4"), "{wide}");
    assert_eq!(*narrow, "  not: narrow: it has fewer than 16 channels");
    assert!(!lines.contains(&"fuse_pooling"), "there is no pooling");
}

#[test]
fn a_summary_needs_no_weights() {
    let sandbox = Sandbox::new();
    sandbox.file("scale.yaml", EMBEDDED);
    assert_eq!(sandbox.run("summary scale.yaml").code, 0);
    sandbox.file("bad.yaml", BAD);
    sandbox.refuses("summary bad.yaml", &["--> bad.yaml:4:", "--> bad.yaml:5:5"]);
}

#[test]
fn a_reader_may_leave_early() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.arg("summary").arg(specs().join("resnet50.yaml"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("UTF-8");
    assert_eq!(stderr, "");
    assert!(child.wait().expect("an end").success());
}

#[test]
fn an_expansion_is_rust() {
    let sandbox = Sandbox::new();
    for (spec, name) in [("mnist", "Mnist"), ("resnet50", "ResNet50")] {
        let ran = sandbox.run(&format!("expand {}", specs().join(spec).with_extension("yaml").display()));
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        let file = syn::parse_file(&ran.stdout).expect("Rust");
        assert!(file.items.iter().any(|item| matches!(item, syn::Item::Struct(item) if item.ident == name)));
        assert!(ran.stdout.lines().count() > 50, "not formatted");
    }
    sandbox.file("bad.yaml", BAD);
    sandbox.refuses("expand bad.yaml", &["--> bad.yaml:4:"]);
}
