//! `convolve bench`.

use serde_json::Value;

use crate::sandbox::{Sandbox, specs, weights};

const NET: &str = "name: Net\ninput: [8, 8, 2]\nlayers:\n  \
                   - conv2d: { name: conv, filters: 4, kernel_size: 3, padding: same }\n  \
                   - global_avg_pool2d: { name: mean }\n";

#[test]
fn a_table_shows_every_step_and_the_whole() {
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", NET);
    let ran = sandbox.run("bench net.yaml --rounds 3 --level scalar");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.starts_with("Net, scalar, 1 thread, 3 rounds; peak of a core "), "{}", ran.stdout);
    for start in ["   0  conv ", "   1  conv ", "   2  mean ", "      total ", "prediction "] {
        assert!(ran.stdout.lines().any(|line| line.starts_with(start)), "no `{start}` in:\n{}", ran.stdout);
    }
}

#[test]
fn an_object_holds_the_same_for_programs() {
    let sandbox = Sandbox::new();
    let mnist = specs().join("mnist.yaml");
    let ran = sandbox.run(&format!("bench {} --rounds 5 --format json", mnist.display()));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let object: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&object["network"], &object["rounds"]), (&Value::from("Mnist"), &Value::from(5)));
    let steps = object["steps"].as_array().expect("steps");
    let sum = |key: &str| steps.iter().map(|step| step[key].as_f64().expect("a number")).sum::<f64>();
    // By hand: 28² · 32 · 9 + 14² · 64 · 9 · 32 + 3136 · 128 + 1280.
    assert_eq!(sum("macs"), 4_241_152.0);
    for key in ["seconds", "cycles", "predicted"] {
        assert!(steps.iter().all(|step| step[key].as_f64().is_some_and(|x| x > 0.0)), "{key}: {object}");
    }
    let [least, median] = ["least", "median"].map(|key| object[key].as_f64().expect("seconds"));
    assert!(0.0 < least && least <= median, "{object}");
}

#[test]
fn weights_may_be_given_and_must_fit() {
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", NET);
    let tensors = |filters: usize| {
        let bias = vec![0.5; filters];
        weights(&[
            ("conv.weight", &[filters, 2, 3, 3], &vec![0.1; filters * 18]),
            ("conv.bias", &[filters], &bias),
        ])
    };
    sandbox.file("good.safetensors", tensors(4));
    assert_eq!(sandbox.run("bench net.yaml --rounds 1 --weights good.safetensors").code, 0);
    sandbox.file("bad.safetensors", tensors(5));
    sandbox
        .refuses("bench net.yaml --rounds 1 --weights bad.safetensors", &["bad.safetensors", "conv.weight"]);
    sandbox.refuses("bench net.yaml --weights missing.safetensors", &["missing.safetensors"]);
    sandbox.refuses("bench missing.yaml", &["missing.yaml"]);
    for arguments in
        ["bench net.yaml --rounds 0", "bench net.yaml --level sse9", "bench net.yaml --format xml"]
    {
        assert_eq!(sandbox.run(arguments).code, 2, "{arguments}");
    }
}
