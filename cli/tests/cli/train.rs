//! `convolve train`, `convolve evaluate`.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::sandbox::{Sandbox, npy, read_npy, weights};

/// Has what makes training depend on more than its weights: running statistics, random numbers, order.
const NET: &str = "name: Stripes\ninput: [6, 6, 1]\nlayers:\n  \
    - conv2d: { name: conv, filters: 4, kernel_size: 3, padding: same }\n  \
    - batch_norm: { name: norm }\n  - relu\n  - max_pool2d: { kernel_size: 2 }\n  - flatten\n  \
    - dropout: { rate: 0.1 }\n  - dense: { name: fc, units: 3, activation: softmax }\n";
const TRAIN: &str = "train net.yaml --data data --batch-size 8 --validation-split 0.25 --seed 7";

/// Image `index`: a bright stripe of two rows at a place that is its class, over noise.
fn image(index: usize) -> Vec<u8> {
    (0..36).map(|at| if at / 12 == index % 3 { 200 } else { (index * 31 + at * 17) as u8 % 90 }).collect()
}

/// IDX files of images and of their labels.
fn idx(sandbox: &Sandbox, part: &str, count: usize) {
    let number = |number: usize| (number as u32).to_be_bytes();
    let images: Vec<u8> = (0..count).flat_map(image).collect();
    let labels: Vec<u8> = (0..count).map(|index| (index % 3) as u8).collect();
    let head = [[0, 0, 8, 3], number(count), number(6), number(6)].concat();
    sandbox.file(&format!("data/{part}-images-idx3-ubyte"), [head, images].concat());
    let head = [[0, 0, 8, 1], number(count)].concat();
    sandbox.file(&format!("data/{part}-labels-idx1-ubyte"), [head, labels].concat());
}

fn stripes() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", NET);
    idx(&sandbox, "train", 48);
    idx(&sandbox, "t10k", 6);
    sandbox
}

fn bytes(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    std::fs::read(sandbox.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[track_caller]
fn succeeds(sandbox: &Sandbox, arguments: &str) -> String {
    let ran = sandbox.run(arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments}");
    ran.stdout
}

#[test]
fn a_network_learns_and_is_evaluated_as_it_predicts() {
    let sandbox = stripes();
    let train = format!("{TRAIN} --epochs 12 --learning-rate 0.01 --output w.safetensors");
    let epochs = lines(&succeeds(&sandbox, &format!("{train} --history h.json --format json")));
    assert_eq!(epochs.len(), 12);
    let value = |epoch: usize, name: &str| epochs[epoch][name].as_f64().expect(name);
    assert_eq!((value(0, "epoch"), value(11, "epoch"), value(11, "epochs")), (1.0, 12.0, 12.0));
    assert!(value(11, "loss") < value(0, "loss") / 3.0, "{epochs:?}");
    assert!(value(11, "val_accuracy") == 1.0 && value(11, "val_loss") < 0.3, "{epochs:?}");
    let mut names = sandbox.names();
    names.sort();
    assert_eq!(names, ["data", "h.json", "net.yaml", "w.safetensors"], "the checkpoint is of no more use");
    let history: Value = serde_json::from_slice(&bytes(&sandbox, "h.json")).expect("JSON");
    for (epoch, told) in epochs.iter().enumerate() {
        for name in ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"] {
            assert_eq!(history[name][epoch], told[name]);
        }
    }

    let (mut loss, mut confusion) = (0.0, vec![vec![0; 3]; 3]);
    for index in 0..6 {
        let floats: Vec<f32> = image(index).iter().map(|&byte| f32::from(byte) / 255.0).collect();
        sandbox.file("x.npy", npy("(6, 6, 1)", &floats));
        succeeds(&sandbox, "run net.yaml --weights w.safetensors --input x.npy --output y.npy");
        let (_, said) = read_npy(&sandbox.path("y.npy"));
        loss -= f64::from(said[index % 3]).ln() / 6.0;
        let most = (0..3).max_by(|&a, &b| said[a].total_cmp(&said[b])).expect("three");
        confusion[index % 3][most] += 1;
    }
    let evaluate = "evaluate net.yaml --weights w.safetensors --data data --confusion";
    let found: Value =
        serde_json::from_str(&succeeds(&sandbox, &format!("{evaluate} --format json"))).expect("JSON");
    assert!((found["loss"].as_f64().expect("a loss") - loss).abs() < 1e-6, "{found} instead of {loss}");
    assert_eq!(found["confusion"], serde_json::json!(confusion));
    let right: i32 = (0..3).map(|class| confusion[class][class]).sum();
    assert_eq!(found["accuracy"], serde_json::json!(f64::from(right) / 6.0));
    let text = succeeds(&sandbox, evaluate);
    assert!(text.contains(&format!("loss: {loss:.4}\n")) && text.contains("found"), "{text}");
    let top =
        succeeds(&sandbox, "evaluate net.yaml --weights w.safetensors --data data --metric top_2_accuracy");
    assert!(top.contains("top_2_accuracy: "), "{top}");
}

#[test]
fn epochs_are_told_as_keras_tells_them() {
    let sandbox = stripes();
    let train = format!("{TRAIN} --epochs 2 --output w.safetensors --history h.csv");
    let told = succeeds(&sandbox, &train);
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(
        told[0],
        "Stripes: 167 parameters; 36 examples to learn from, 12 to validate with; sparse_categorical_crossentropy"
    );
    let (start, rest) = told[2].split_once("s - loss: ").expect("seconds");
    assert!(start.starts_with("Epoch 2/2 - "), "{start}");
    let names: Vec<&str> =
        rest.split(" - ").skip(1).map(|part| part.split(':').next().expect("a name")).collect();
    assert_eq!(names, ["accuracy", "val_loss", "val_accuracy"]);
    assert_eq!(told[3], "w.safetensors: the weights of `net.yaml` after epoch 2");
    assert_eq!(told.len(), 4);
    let csv = String::from_utf8(bytes(&sandbox, "h.csv")).expect("UTF-8");
    assert!(csv.starts_with("epoch,loss,accuracy,val_loss,val_accuracy,seconds,learning_rate\n1,"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
}

#[test]
fn a_seed_means_the_same_bits_on_any_threads() {
    let sandbox = stripes();
    let run = |seed: u32, threads: u32| {
        let augment = "--augment shift=1,flip,rotate=5,crop=1,noise=0.01";
        let train = TRAIN.replace("--seed 7", &format!("--seed {seed} --threads {threads} {augment}"));
        succeeds(&sandbox, &format!("{train} --epochs 2 --output w.safetensors"));
        bytes(&sandbox, "w.safetensors")
    };
    let alone = run(1, 1);
    assert!(alone == run(1, 3), "threads change nothing");
    assert!(alone != run(2, 1), "a seed does");
}

#[test]
fn every_option_changes_what_is_learned() {
    let sandbox = stripes();
    let learned = |options: &str| {
        let train = format!("{TRAIN} --epochs 3 --output w.safetensors {options}");
        succeeds(&sandbox, &train);
        bytes(&sandbox, "w.safetensors")
    };
    let mut seen = vec![learned(""), learned("--optimizer sgd")];
    succeeds(&sandbox, &format!("{TRAIN} --epochs 1 --output start.safetensors"));
    for option in [
        "--optimizer adamw",
        "--optimizer rmsprop",
        "--optimizer sgd --learning-rate 0.1",
        "--learning-rate 0.002",
        "--optimizer sgd --momentum 0.9",
        "--optimizer sgd --momentum 0.9 --nesterov",
        "--weight-decay 0.01",
        "--schedule constant",
        "--schedule step:1:0.5",
        "--warm-up 5",
        "--clip-norm 0.001 --optimizer sgd",
        "--clip-value 0.001 --optimizer sgd",
        "--initializer glorot_uniform",
        "--no-shuffle",
        "--weights start.safetensors",
    ] {
        let found = learned(option);
        assert!(!seen.contains(&found), "{option} changed nothing");
        seen.push(found);
    }
}

#[test]
fn the_learning_rate_falls_to_zero_over_all_epochs() {
    let sandbox = stripes();
    let train = format!("{TRAIN} --epochs 4 --output w.safetensors --format json");
    for (options, expected) in [
        // Half a cosine at the last of the 5, 10, 15 and 20 steps.
        ("", [0.904_508, 0.578_217, 0.206_107, 0.006_156]),
        ("--warm-up 10", [0.5, 1.0, 0.654_508, 0.024_472]),
        ("--warm-up 100", [0.05, 0.1, 0.15, 0.2]),
        ("--schedule constant", [1.0; 4]),
    ] {
        let epochs = lines(&succeeds(&sandbox, &format!("{train} --learning-rate 0.01 {options}")));
        for (epoch, expected) in epochs.iter().zip(expected) {
            let rate = epoch["learning_rate"].as_f64().expect("a rate") / 0.01;
            assert!((rate - expected).abs() < 1e-6, "{options}: {rate} instead of {expected}");
        }
    }
}

#[test]
fn epochs_are_stopped_and_chosen_by_their_values() {
    let sandbox = stripes();
    // Without learning and without running statistics, every epoch is as good as the first.
    sandbox.file("net.yaml", NET.replace("  - batch_norm: { name: norm }\n", ""));
    let still = format!("{TRAIN} --learning-rate 0 --epochs 9 --output w.safetensors --format json");
    assert_eq!(lines(&succeeds(&sandbox, &format!("{still} --early-stopping 2"))).len(), 3);
    assert_eq!(lines(&succeeds(&sandbox, &still)).len(), 9);

    let diverging =
        format!("{TRAIN} --learning-rate 0.01 --schedule step:4:100 --output w.safetensors --format json");
    let epochs = lines(&succeeds(&sandbox, &format!("{diverging} --epochs 6 --best val_loss")));
    let best = bytes(&sandbox, "w.safetensors");
    let losses: Vec<f64> = epochs.iter().map(|epoch| epoch["val_loss"].as_f64().expect("a loss")).collect();
    let least = (0..6).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).expect("six");
    assert!(least < 5, "the last epoch is the best, which shows nothing: {losses:?}");
    succeeds(&sandbox, &format!("{diverging} --epochs {}", least + 1));
    assert!(best == bytes(&sandbox, "w.safetensors"), "those of epoch {}", least + 1);
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_goes_on_to_the_same_bits() {
    let sandbox = stripes();
    let train = format!("{TRAIN} --epochs 60 --best val_loss --format json");
    succeeds(&sandbox, &format!("{train} --output whole.safetensors --history whole.json"));
    let part = format!("{train} --output part.safetensors --history part.json");
    let mut child = sandbox.command();
    child.args(part.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().expect("the command");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    for _ in 0..2 {
        stdout.read_line(&mut line).expect("an epoch");
    }
    signal("-INT", child.id());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).expect("the other epochs");
    let output = child.wait_with_output().expect("the command");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.starts_with("warning: interrupted in epoch "), "{stderr}");
    assert!(stderr.contains("`part.safetensors.checkpoint`") && stderr.contains("`--resume`"), "{stderr}");
    assert!(!sandbox.names().contains(&"part.safetensors".to_owned()));

    sandbox.refuses(&part, &["`part.safetensors.checkpoint`", "has not ended", "`--resume`"]);
    sandbox.refuses(
        &format!("{part} --resume").replace("--seed 7", "--seed 8"),
        &["`part.safetensors.checkpoint`", "seed 7", "now it is 8"],
    );
    sandbox.refuses(
        &format!("{part} --resume").replace("--epochs 60", "--epochs 61"),
        &["schedule cosine over 300 steps", "now it is cosine over 305 steps", "as it began"],
    );
    let resumed = lines(&succeeds(&sandbox, &format!("{part} --resume")));
    assert!(!resumed.is_empty() && resumed.len() < 59, "{} epochs", resumed.len());
    assert!(bytes(&sandbox, "whole.safetensors") == bytes(&sandbox, "part.safetensors"));
    let history = |name: &str| {
        let mut history: Value = serde_json::from_slice(&bytes(&sandbox, name)).expect("JSON");
        history["seconds"] = Value::Null;
        history
    };
    assert_eq!(history("whole.json"), history("part.json"));
    assert!(!sandbox.names().contains(&"part.safetensors.checkpoint".to_owned()));
}

#[cfg(unix)]
fn signal(signal: &str, process: u32) {
    let status = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(status.expect("kill").success());
}

/// The epochs that a checkpoint holds.
fn saved_epochs(checkpoint: &[u8]) -> usize {
    let (_, metadata) = safetensors::SafeTensors::read_metadata(checkpoint).expect("a whole file");
    let saved = &metadata.metadata().as_ref().expect("metadata")["convolve"];
    let saved: Value = serde_json::from_str(saved).expect("JSON");
    let history: Value = serde_json::from_str(saved["history"].as_str().expect("text")).expect("JSON");
    history["loss"].as_array().expect("losses").len()
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_saved() {
    let sandbox = stripes();
    let train = format!("{TRAIN} --threads 2 --schedule constant");
    let mut epochs = 0;
    for round in 0_u64..10 {
        let resume = if epochs > 0 { " --resume" } else { "" };
        let mut command = sandbox.command();
        let arguments = format!("{train} --epochs 100000 --output w.safetensors{resume}");
        command.args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command");
        std::thread::sleep(Duration::from_millis(20 + 23 * round));
        child.kill().expect("a process that runs");
        let output = child.wait_with_output().expect("the command");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "round {round}");
        let checkpoint = std::fs::read(sandbox.path("w.safetensors.checkpoint")).ok();
        let found = checkpoint.map_or(0, |checkpoint| saved_epochs(&checkpoint));
        assert!(found >= epochs, "{found} epochs after round {round}, {epochs} before");
        epochs = found;
    }
    assert!(epochs > 0, "nothing was ever saved");
    let epochs = epochs + 1;
    succeeds(&sandbox, &format!("{train} --epochs {epochs} --output w.safetensors --resume"));
    succeeds(&sandbox, &format!("{train} --epochs {epochs} --output whole.safetensors"));
    assert!(bytes(&sandbox, "w.safetensors") == bytes(&sandbox, "whole.safetensors"));
}

#[test]
fn files_that_cannot_be_written_are_told_before_anything_is_read() {
    let sandbox = stripes();
    sandbox.file("folder/kept", "");
    let train = "train none.yaml --data none";
    for (options, words) in [
        ("--output none/w.safetensors", ["cannot write `none/w.safetensors`", "No such file"]),
        ("--output folder", ["cannot write `folder`", "irectory"]),
        ("--output w --history none/h.json", ["cannot write `none/h.json`", "No such file"]),
        ("--output w --history h.txt", ["`h.txt`", ".json"]),
        ("--output w --history w.json --checkpoint w.json", ["`w.json`", "twice"]),
        ("--output w --resume", ["no checkpoint `w.checkpoint`", "leave `--resume` out"]),
        ("--output w --checkpoint /dev/null", ["`/dev/null`", "checkpoint"]),
    ] {
        sandbox.refuses(&format!("{train} {options}"), &words);
    }
    assert_eq!(sandbox.names(), ["data", "folder", "net.yaml"]);
}

#[test]
fn data_that_does_not_fit_is_refused() {
    let sandbox = stripes();
    let train = "train net.yaml --data data --output w.safetensors";
    let net = |from: &str, to: &str| sandbox.file("net.yaml", NET.replace(from, to));
    net("[6, 6, 1]", "[8, 6, 1]");
    sandbox.refuses(train, &["`data`", "6×6×1", "the input `input` of `Stripes` is 8×6×1"]);
    net("units: 3", "units: 2");
    sandbox.refuses(train, &["`data`", "example 2", "is 2", "2 classes"]);
    net(", activation: softmax", "");
    sandbox.refuses(train, &["mean_squared_error", "3 numbers", "help: ", "`softmax`"]);
    net("input: [6, 6, 1]", "input: { left: [6, 6, 1], right: [2] }");
    let ran = sandbox.run(train);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    net("", "");
    sandbox.refuses(&format!("{train} --loss binary_crossentropy"), &["example 0", "3 numbers"]);
    sandbox.refuses(&format!("{train} --metric iou"), &["`iou`", "3 channels"]);
    sandbox.refuses(&format!("{train} --best val_loss"), &["no value `val_loss`", "loss, accuracy"]);
    sandbox.refuses(&format!("{train} --validation-split 1.5"), &["48 examples", "1.5"]);
    sandbox.refuses(&format!("{train} --augment crop=6"), &["a crop", "6×6"]);
    sandbox.refuses(&format!("{train} --learning-rate=-1"), &["learning rate", "-1"]);
    sandbox.refuses(&format!("{train} --momentum 0.9"), &["`--momentum`", "rmsprop`"]);
    sandbox.refuses(&format!("{train} --schedule step:0:0.5"), &["above 0"]);
    sandbox.refuses(&format!("{train} --weights none.safetensors"), &["cannot read `none.safetensors`"]);
    sandbox.file("old.safetensors", weights(&[("fc.weight", &[3, 36], &[0.0; 108])]));
    sandbox.refuses(&format!("{train} --weights old.safetensors"), &["`conv.weight`", "`norm.bias`"]);
    std::fs::remove_file(sandbox.path("data/train-labels-idx1-ubyte")).expect("a file");
    sandbox.refuses(train, &["data", "train-labels-idx1-ubyte"]);
    sandbox.refuses(&train.replace("--data data", "--data net.yaml"), &["net.yaml", ".npz"]);
    sandbox.file("net.yaml", "name: Pool\ninput: [6, 6, 1]\nlayers:\n  - flatten\n  - softmax\n");
    idx(&sandbox, "train", 3);
    sandbox.refuses(train, &["`net.yaml`", "no parameter"]);
    let ran = sandbox.run(&format!("{train} --optimizer lion"));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no optimizer `lion`; there are `sgd`"), "{}", ran.stderr);
    assert!(!sandbox.names().iter().any(|name| name.starts_with("w.")), "{:?}", sandbox.names());
}

#[test]
fn numbers_that_are_none_name_the_step() {
    let sandbox = stripes();
    let train = format!("{TRAIN} --optimizer sgd --learning-rate 1e38 --output w.safetensors");
    sandbox.refuses(&train, &["epoch 1, step ", "smaller learning rate"]);
    let ran = sandbox.run(&train);
    assert!(["`conv`", "`norm`", "`fc`"].iter().any(|layer| ran.stderr.contains(layer)), "{}", ran.stderr);
    assert!(!sandbox.names().contains(&"w.safetensors".to_owned()));
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let sandbox = stripes();
    sandbox.refuses("evaluate net.yaml --data data", &["`net.yaml` names no weights"]);
    sandbox.file("net.yaml", "name: Line\ninput: [2]\nlayers:\n  - dense: { name: fc, units: 1 }\n");
    sandbox.file("w.safetensors", weights(&[("fc.weight", &[1, 2], &[1.0, 2.0]), ("fc.bias", &[1], &[0.5])]));
    sandbox.file("line/x.npy", npy("(2, 2)", &[1.0, 1.0, 2.0, 0.0]));
    sandbox.file("line/y.npy", npy("(2, 1)", &[3.5, 4.5]));
    let evaluate = "evaluate net.yaml --weights w.safetensors --data line";
    // Squares of 0 and of 2.
    assert_eq!(succeeds(&sandbox, evaluate), "loss: 2.0000\n");
    assert_eq!(succeeds(&sandbox, &format!("{evaluate} --loss mean_absolute_error")), "loss: 1.0000\n");
    sandbox.refuses(&format!("{evaluate} --confusion"), &["no classes to confuse"]);
    sandbox.refuses(&evaluate.replace("data line", "data data"), &["6×6×1", "36", "2"]);
}
