//! Every command of `docs/slides.md`, run as it stands there: the numbers behind its picture against the f64 reference
//! or what is known of them, and the picture against the one in the repository.

use convolve_tests::pages::{root, text};
use convolve_tests::reference::{self, Array, Padding, Pool, Window, activation};
use serde_json::Value;

use crate::sandbox::{Sandbox, array, told};

/// Commands whose own tests check them; training takes too long to be repeated here.
const ELSEWHERE: [&str; 4] = ["train", "evaluate", "features", "graph"];

/// The commands of the page, each in words; quotes hold words together.
fn commands() -> Vec<Vec<String>> {
    let page = text("docs/slides.md");
    for slide in 1..=15 {
        assert!(page.contains(&format!("\n## {slide} ")), "slide {slide}");
    }
    let words = |line: &str| {
        let quoted = line.split('\'').enumerate();
        quoted
            .flat_map(|(index, part)| match index % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    };
    page.lines().filter_map(|line| line.strip_prefix("convolve ")).map(words).collect()
}

#[test]
fn every_command_makes_its_picture_of_the_right_numbers() {
    let sandbox = Sandbox::new();
    for folder in ["docs/images", "models/specs"] {
        std::fs::create_dir_all(sandbox.path(folder)).expect("a folder");
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            if name.ends_with(".yaml") || name.ends_with(".png") {
                std::fs::copy(entry.path(), sandbox.path(&format!("{folder}/{name}"))).expect("a copy");
            }
        }
    }
    // What the training of slide 9 has left.
    let history = root().join("docs/images/09-history.json");
    std::fs::copy(history, sandbox.path("digits.json")).expect("the history");
    let commands = commands();
    assert!(commands.len() > 25);
    for words in commands.iter().filter(|words| !ELSEWHERE.contains(&words[0].as_str())) {
        let mut command = sandbox.command();
        command.args(words);
        if words[0] != "summary" {
            command.args(["--format", "json"]);
        }
        let output = command.output().expect("the command");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        check(words, &stdout);
        for picture in words.iter().filter(|word| word.ends_with(".svg")) {
            let new = std::fs::read_to_string(sandbox.path(picture)).expect("a picture");
            assert_eq!(told(&new), told(&text(picture)), "{picture} is not what its command makes: renew it");
        }
    }
}

fn window(kernel: usize, stride: usize, dilation: usize, padding: usize) -> Window {
    let both = |number| [number; 2];
    Window { kernel: both(kernel), stride: both(stride), dilation: both(dilation), padding: [padding; 4] }
}

/// Checks what a command of the page has printed.
fn check(words: &[String], printed: &str) {
    // Without where it writes to.
    let option = words.iter().position(|word| word == "--output" || word == "--plot");
    let command = words[..option.unwrap_or(words.len())].join(" ");
    if words[0] == "summary" {
        let parameters = if command.contains("mnist") { "421,642" } else { "1,881,985" };
        return assert!(printed.contains(parameters), "{printed}");
    }
    let printed: Value = serde_json::from_str(printed).expect("JSON");
    match words[0].as_str() {
        "explore" => sizes(&command, &printed),
        "receptive-field" => field(&command, &printed),
        "activation" => curves(&printed),
        "signal" => signal(&printed),
        "history" => history(&printed),
        _ => arrays(&command, &printed),
    }
}

fn arrays(command: &str, printed: &Value) {
    let x = array(&printed["input"]);
    let results = printed["results"].as_array().expect("a list");
    let pad = |cells: usize, mode: Padding| reference::pad(&x, [cells; 4], mode);
    let pool = |x: &Array, size: usize, op: Pool| {
        reference::pool2d(x, op, &window(size, size, 1, 0), [x.height / size, x.width / size])
    };
    let conv = |kernel: &[f64], stride: usize, padding: usize, dilation: usize| {
        reference::conv2d(&x, kernel, None, &window(3, stride, dilation, padding), 1)
    };
    let transposed = |stride: usize, padding: usize| {
        reference::conv2d_transpose(&x, &[1.0; 9], None, &window(3, stride, 1, padding), [0; 2], 1)
    };
    let edges = |padding: usize| {
        conv(&[-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0], 1, padding, 1).map(|x| x.max(0.0))
    };
    let ones = "--kernel 1 1 1; 1 1 1; 1 1 1";
    let expected = match command.replace(ones, "--kernel ones").as_str() {
        "show random:5x5" => Vec::new(),
        "pad random:5x5 --padding 1" => vec![pad(1, Padding::Constant(0.0))],
        "pad random:5x5 --mode constant,reflect,edge --padding 1" => {
            vec![pad(1, Padding::Constant(0.0)), pad(1, Padding::Reflect), pad(1, Padding::Edge)]
        }
        "pad range:3x3 --mode reflect,symmetric,wrap --padding 2" => {
            vec![pad(2, Padding::Reflect), pad(2, Padding::Symmetric), pad(2, Padding::Wrap)]
        }
        "pad docs/images/seven.png --padding 2" => vec![pad(2, Padding::Constant(0.0))],
        "subsample random:5x5 --stride 2" => vec![reference::subsample(&x, [2, 2])],
        "pool random:5x5 --kernel-size 2 --op max,avg" => {
            vec![pool(&x, 2, Pool::Max), pool(&x, 2, Pool::Average)]
        }
        "pool docs/images/seven.png --kernel-size 2,4 --op max,avg" => [2, 4]
            .into_iter()
            .flat_map(|size| [pool(&x, size, Pool::Max), pool(&x, size, Pool::Average)])
            .collect(),
        "pool padded.npy --kernel-size 2 --op max" => {
            assert_eq!(x.shape(), [32, 32, 1]);
            vec![pool(&x, 2, Pool::Max)]
        }
        "conv docs/images/seven.png --kernel sobel-x --padding same,valid --activation relu --pool 2 --op max" => {
            [1, 0]
                .into_iter()
                .flat_map(|padding| [edges(padding), pool(&edges(padding), 2, Pool::Max)])
                .collect()
        }
        "conv docs/images/seven.png --kernel sobel-x --padding same,valid --activation relu --pool 3 --op avg" => {
            [1, 0]
                .into_iter()
                .flat_map(|padding| [edges(padding), pool(&edges(padding), 3, Pool::Average)])
                .collect()
        }
        "conv random:9x9 --kernel 1 0 -1; 1 0 -1; 1 0 -1 --dilation 1,2,4" => {
            [1, 2, 4].map(|dilation| conv(&[1.0, 0.0, -1.0].repeat(3), 1, 0, dilation)).to_vec()
        }
        "conv docs/images/seven.png --kernel random:3x3 --seed 3 --padding same --dilation 1,2,4 --activation relu" =>
        {
            let kernel: Vec<f64> =
                serde_json::from_value(results[0]["kernel"].clone()).expect("nine numbers");
            assert!(kernel.iter().all(|x| x.abs() <= 1.0) && kernel.iter().any(|x| *x < 0.0));
            [1, 2, 4].map(|rate| conv(&kernel, 1, rate, rate).map(|x| x.max(0.0))).to_vec()
        }
        "conv range:4x4 --kernel ones" => vec![conv(&[1.0; 9], 1, 0, 1)],
        "conv range:5x5 --kernel ones --padding 1,2" => {
            vec![conv(&[1.0; 9], 1, 1, 1), conv(&[1.0; 9], 1, 2, 1)]
        }
        "conv range:5x5 --kernel ones --stride 2 --padding 0,1" => {
            vec![conv(&[1.0; 9], 2, 0, 1), conv(&[1.0; 9], 2, 1, 1)]
        }
        "conv range:2x2 --kernel ones --transposed --stride 1,2" => vec![transposed(1, 0), transposed(2, 0)],
        "conv range:3x3 --kernel ones --transposed --stride 2 --padding 1" => vec![transposed(2, 1)],
        "upsample range:3x3 --scale-factor 2 --mode nearest,bilinear" => {
            vec![reference::nearest(&x, [2, 2]), reference::bilinear(&x, [2, 2], false)]
        }
        other => panic!("nobody checks the numbers of `convolve {other}`"),
    };
    assert_eq!(results.len(), expected.len(), "{command}");
    for (found, expected) in results.iter().map(array).zip(expected) {
        assert_eq!(found.shape(), expected.shape(), "{command}");
        for (a, b) in found.data.iter().zip(&expected.data) {
            assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{command}: {a} instead of {b}");
        }
    }
}

/// The heights of all combinations, by hand.
fn sizes(command: &str, printed: &Value) {
    let expected: &[u64] = match command {
        "explore --input 5..21..5 --kernel-size 3 --stride 1,2,3" => &[3, 8, 13, 18, 2, 4, 7, 9, 1, 3, 5, 6],
        "explore --input 28x28x1 --padding same,valid --kernel-size 3 --pool 2,3 --op max,avg" => {
            &[14, 14, 9, 9, 13, 13, 8, 8]
        }
        "explore --input 33x33x512 --filters 256 --padding same --kernel-size 3 --dilation 1,6,12,18" => {
            &[33; 4]
        }
        other => panic!("nobody checks the numbers of `convolve {other}`"),
    };
    let cases = printed.as_array().expect("a list");
    let heights: Vec<u64> = cases.iter().map(|case| case["output"][0].as_u64().expect("a size")).collect();
    assert_eq!(heights, expected, "{command}");
    if command.contains("--dilation") {
        let fields: Vec<u64> = cases.iter().map(|case| case["field"][0].as_u64().expect("a size")).collect();
        assert_eq!(fields, [3, 13, 25, 37]);
        assert!(cases.iter().all(|case| case["parameters"] == 9 * 512 * 256 + 256));
    }
}

fn field(command: &str, printed: &Value) {
    let input = &printed["inputs"][0];
    let paths: Vec<Vec<f64>> = serde_json::from_value(input["paths"].clone()).expect("rows of counts");
    // The paths to every cell that is seen, as those of its distances from the middle.
    let check = |middle: isize, count: &dyn Fn(isize, isize) -> f64| {
        for (y, row) in paths.iter().enumerate() {
            for (x, &found) in row.iter().enumerate() {
                assert_eq!(found, count(y as isize - middle, x as isize - middle), "{command}: {y}, {x}");
            }
        }
    };
    let taps = |rate: isize| move |y: isize, x: isize| [y, x].iter().all(|d| [-rate, 0, rate].contains(d));
    match command {
        "receptive-field models/specs/dilated.yaml --layer rate4" => {
            check(14, &|y, x| f64::from(u8::from(taps(4)(y, x))))
        }
        "receptive-field models/specs/atrous_pyramid.yaml --layer project" => {
            let rates = [0, 6, 12, 18];
            check(16, &|y, x| rates.iter().filter(|&&rate| taps(rate)(y, x)).count() as f64);
        }
        "receptive-field models/specs/mnist.yaml --layer conv2" => {
            // Three pooled rows are six rows of the first convolution, each of which sees itself and its neighbours.
            let along = [1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 2.0, 1.0];
            check(11, &|y, x| {
                let paths =
                    |d: isize| along.get(usize::try_from(d).unwrap_or(usize::MAX)).copied().unwrap_or(0.0);
                paths(y) * paths(x)
            });
        }
        "receptive-field models/specs/unet.yaml --layer mask" => {
            assert_eq!([&input["rows"], &input["columns"]], [&serde_json::json!([106, 149]); 2]);
        }
        other => panic!("nobody checks the numbers of `convolve {other}`"),
    }
}

fn curves(printed: &Value) {
    let numbers = |value: &Value| serde_json::from_value::<Vec<f64>>(value.clone()).expect("numbers");
    let inputs = numbers(&printed["input"]);
    assert_eq!((inputs[0], inputs[inputs.len() - 1]), (-4.0, 4.0));
    let functions: [(&str, &dyn Fn(f64) -> f64); 4] = [
        ("relu", &|x| x.max(0.0)),
        ("leaky_relu", &|x| activation::leaky_relu(x, 0.01)),
        ("prelu", &|x| if x < 0.0 { 0.25 * x } else { x }),
        ("elu", &|x| activation::elu(x, 1.0)),
    ];
    let results = printed["results"].as_array().expect("a list");
    assert_eq!(results.len(), functions.len());
    for (result, (name, function)) in results.iter().zip(functions) {
        assert_eq!(result["name"], name);
        for (x, y) in inputs.iter().zip(numbers(&result["data"])) {
            assert!((function(*x) - y).abs() < 1e-6, "{name}({x}) is not {y}");
        }
    }
}

/// The network of slide 9 has learned, and what the page says of it is what its history says.
fn history(printed: &Value) {
    let values = |name: &str| serde_json::from_value::<Vec<f64>>(printed[name].clone()).expect(name);
    let page = text("docs/slides.md");
    let train = commands().into_iter().find(|words| words[0] == "train").expect("the command");
    assert!(train.join(" ").contains("--epochs 5 --batch-size 128 --validation-split 0.1"), "{train:?}");
    let [losses, accuracies] = ["loss", "accuracy"].map(values);
    assert_eq!((losses.len(), accuracies.len()), (5, 5));
    assert!(losses.is_sorted_by(|a, b| a > b) && accuracies.is_sorted_by(|a, b| a < b), "{printed}");
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let (first, last) = (percent(accuracies[0]), percent(values("val_accuracy")[4]));
    assert!(values("val_accuracy")[4] > 0.985);
    for number in [first, last] {
        assert!(page.contains(&number), "the page does not say {number}");
    }
}

/// A ReLU network without biases grows as its weights do, so half the variance is the root of a half for each layer.
fn signal(printed: &Value) {
    let sizes = |index: usize| -> Vec<f64> {
        serde_json::from_value(printed[index]["rms"].clone()).expect("numbers")
    };
    let (he, glorot) = (sizes(0), sizes(1));
    assert_eq!((he.len(), glorot.len()), (30, 30));
    for (layer, (he, glorot)) in (1..).zip(he.iter().zip(&glorot)) {
        let expected = he * 0.5_f64.powf(f64::from(layer) / 2.0);
        assert!((glorot / expected - 1.0).abs() < 1e-4, "layer {layer}: {glorot} instead of {expected}");
        // An input from −1 to 1 has a mean square of 1/3, and so has every layer, but for chance.
        assert!((0.15..2.0).contains(he), "layer {layer}: {he}");
    }
}
