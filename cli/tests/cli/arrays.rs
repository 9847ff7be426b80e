//! `convolve pad`, `pool`, `conv`, `subsample` and `upsample`: their numbers against NumPy's and the f64
//! reference's, and the files they write.

use convolve_tests::reference::{self, Array, Padding, Pool, Window};
use serde_json::Value;

use crate::sandbox::{Sandbox, array, npy, read_npy};

/// What a command computed from what.
struct Printed {
    input: Array,
    results: Vec<(String, Array)>,
}

/// Runs a command whose words have no spaces, and reads its JSON.
fn run(sandbox: &Sandbox, words: &[&str]) -> Printed {
    let output = sandbox.command().args(words).args(["--format", "json"]).output().expect("the command");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let results = printed["results"].as_array().expect("a list");
    let name = |result: &Value| result["name"].as_str().expect("a name").to_owned();
    let results = results.iter().map(|result| (name(result), array(result))).collect();
    Printed { input: array(&printed["input"]), results }
}

fn words(command: &str) -> Vec<&str> {
    command.split_whitespace().collect()
}

#[track_caller]
fn same(found: &Array, expected: &Array) {
    assert_eq!(found.shape(), expected.shape());
    for (index, (a, b)) in found.data.iter().zip(&expected.data).enumerate() {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{index}: {a} instead of {b}");
    }
}

fn window(kernel: usize, stride: usize, dilation: usize, around: [usize; 4]) -> Window {
    Window { kernel: [kernel; 2], stride: [stride; 2], dilation: [dilation; 2], padding: around }
}

/// `np.pad(np.arange(9).reshape(3, 3), 2, mode)`, its first row and its middle row.
#[test]
fn paddings_are_those_of_numpy() {
    let sandbox = Sandbox::new();
    let modes = "constant,reflect,symmetric,edge,wrap";
    let printed = run(&sandbox, &words(&format!("pad range:3x3 --mode {modes} --padding 2 --value -1")));
    let expected = [
        ("constant", [-1, -1, -1, -1, -1, -1, -1], [-1, -1, 3, 4, 5, -1, -1]),
        ("reflect", [8, 7, 6, 7, 8, 7, 6], [5, 4, 3, 4, 5, 4, 3]),
        ("symmetric", [4, 3, 3, 4, 5, 5, 4], [4, 3, 3, 4, 5, 5, 4]),
        ("edge", [0, 0, 0, 1, 2, 2, 2], [3, 3, 3, 4, 5, 5, 5]),
        ("wrap", [4, 5, 3, 4, 5, 3, 4], [4, 5, 3, 4, 5, 3, 4]),
    ];
    assert_eq!(printed.results.len(), expected.len());
    for ((name, array), (mode, first, middle)) in printed.results.iter().zip(expected) {
        assert_eq!((name.as_str(), array.shape()), (mode, [7, 7, 1]));
        assert_eq!(array.data[..7], first.map(f64::from), "{mode}");
        assert_eq!(array.data[21..28], middle.map(f64::from), "{mode}");
    }
    let printed = run(&sandbox, &words("pad range:2x2 --padding 0x1x2x0 --mode replicate"));
    assert_eq!(printed.results[0].1.data, [0, 0, 0, 1, 2, 2, 2, 3, 2, 2, 2, 3].map(f64::from));
}

#[test]
fn every_combination_is_what_the_reference_computes() {
    let sandbox = Sandbox::new();
    let printed = run(&sandbox, &words("pool random:9x8 --kernel-size 2,3 --stride 1,2 --padding 0,1"));
    let mut results = printed.results.iter();
    for kernel in [2, 3] {
        for stride in [1, 2] {
            for padding in [0, 1] {
                for op in [Pool::Max, Pool::Average] {
                    let window = window(kernel, stride, 1, [padding; 4]);
                    let shape = [9, 8].map(|size| (size + 2 * padding - kernel) / stride + 1);
                    let (_, found) = results.next().expect("a result for each combination");
                    same(found, &reference::pool2d(&printed.input, op, &window, shape));
                }
            }
        }
    }
    assert!(results.next().is_none());
}

#[test]
fn kernels_are_slid_as_they_are_written() {
    let sandbox = Sandbox::new();
    let kernel = "1 0 -1; 2 0 -2; 1 0.5 -1";
    let numbers = [1.0, 0.0, -1.0, 2.0, 0.0, -2.0, 1.0, 0.5, -1.0];
    let words =
        ["conv", "random:8x7", "--kernel", kernel, "--stride", "1,2", "--padding", "2", "--dilation", "1,2"];
    let printed = run(&sandbox, &words);
    let mut results = printed.results.iter();
    for stride in [1, 2] {
        for dilation in [1, 2] {
            let window = window(3, stride, dilation, [2; 4]);
            let (_, found) = results.next().expect("a result for each combination");
            same(found, &reference::conv2d(&printed.input, &numbers, None, &window, 1));
        }
    }
    // By hand: a step from 0 to 1 is an edge of 1 + 2 + 1 from both sides; a flat image has none.
    sandbox.file("step.npy", npy("(3, 4)", &[0.0, 0.0, 1.0, 1.0].repeat(3)));
    let printed = run(&sandbox, &["conv", "step.npy", "--kernel", "sobel-x,sobel-y,laplacian,box"]);
    let names: Vec<&str> = printed.results.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["sobel_x", "sobel_y", "laplacian", "box"]);
    let data: Vec<&[f64]> = printed.results.iter().map(|(_, array)| array.data.as_slice()).collect();
    assert_eq!(data[..3], [&[4.0, 4.0][..], &[0.0, 0.0], &[1.0, -1.0]]);
    assert!((data[3][0] - 1.0 / 3.0).abs() < 1e-6 && (data[3][1] - 2.0 / 3.0).abs() < 1e-6);
}

/// Dumoulin and Visin's transposed cases: the output of `i` cells is `s (i − 1) + k − 2 p`.
#[test]
fn transposed_convolutions_spread_cells() {
    let sandbox = Sandbox::new();
    for (stride, padding) in [(1, 0), (1, 2), (2, 0), (2, 1)] {
        let command =
            format!("conv random:5x5 --kernel gaussian --transposed --stride {stride} --padding {padding}");
        let printed = run(&sandbox, &words(&command));
        let numbers = [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0].map(|x| x / 16.0);
        let size = stride * 4 + 3 - 2 * padding;
        let window = window(3, stride, 1, [padding; 4]);
        let expected = reference::conv2d_transpose(&printed.input, &numbers, None, &window, [0; 2], 1);
        assert_eq!(expected.shape(), [size, size, 1]);
        same(&printed.results[0].1, &expected);
    }
}

#[test]
fn convolutions_may_be_pooled() {
    let sandbox = Sandbox::new();
    let printed = run(
        &sandbox,
        &words("conv random:12x12 --kernel sobel-x --padding same --activation relu --pool 2,3 --op avg"),
    );
    let sobel = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0];
    let edges = reference::conv2d(&printed.input, &sobel, None, &window(3, 1, 1, [1; 4]), 1);
    let edges = edges.map(|x| x.max(0.0));
    same(&printed.results[0].1, &edges);
    for (index, kernel) in [2, 3].into_iter().enumerate() {
        let expected =
            reference::pool2d(&edges, Pool::Average, &window(kernel, kernel, 1, [0; 4]), [12 / kernel; 2]);
        same(&printed.results[1 + index].1, &expected);
    }
}

#[test]
fn sizes_change_as_the_reference_says() {
    let sandbox = Sandbox::new();
    let printed = run(&sandbox, &words("subsample random:5x6 --stride 2,2x3"));
    same(&printed.results[0].1, &reference::subsample(&printed.input, [2, 2]));
    same(&printed.results[1].1, &reference::subsample(&printed.input, [2, 3]));
    let printed = run(&sandbox, &words("upsample random:3x4 --scale-factor 3"));
    same(&printed.results[0].1, &reference::nearest(&printed.input, [3, 3]));
    same(&printed.results[1].1, &reference::bilinear(&printed.input, [3, 3], false));
    let printed = run(&sandbox, &words("upsample random:3x4 --mode bilinear --align-corners"));
    same(&printed.results[0].1, &reference::bilinear(&printed.input, [2, 2], true));
}

#[test]
fn random_numbers_depend_on_the_seed_alone() {
    let sandbox = Sandbox::new();
    let input = |seed: &str| run(&sandbox, &["subsample", "random:4x4", "--seed", seed]).input;
    assert_eq!(input("1"), input("1"));
    assert_ne!(input("1"), input("2"));
    assert!(input("3").data.iter().all(|x| (0.0..=1.0).contains(x)));
}

#[test]
fn arrays_are_written_and_read_again() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run("pad range:2x3 --padding 1 --output padded.npy").code, 0);
    let (shape, data) = read_npy(&sandbox.path("padded.npy"));
    assert_eq!((shape.as_str(), data.len()), ("(4, 5, 1)", 20));
    let printed = run(&sandbox, &words("pool padded.npy --output pooled.npy"));
    assert_eq!(printed.results[0].1.data, [0.0, 2.0, 3.0, 5.0]);
    assert_eq!(sandbox.names(), ["padded.npy", "pooled.avg.npy", "pooled.max.npy"]);
}

#[test]
fn images_are_read_as_grey() {
    let sandbox = Sandbox::new();
    let grey = image::GrayImage::from_fn(3, 2, |x, y| image::Luma([(51 * (x + 3 * y)) as u8]));
    grey.save(sandbox.path("grey.png")).expect("a PNG");
    let printed = run(&sandbox, &words("pad grey.png --mode reflect"));
    let expected = Array::from_fn([2, 3, 1], |y, x, _| (x + 3 * y) as f64 / 5.0);
    same(&printed.input, &expected);
    same(&printed.results[0].1, &reference::pad(&expected, [1; 4], Padding::Reflect));
}

#[test]
fn pictures_hold_the_numbers_that_they_show() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("pool range:4x4 --output pooled.svg");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let svg = std::fs::read_to_string(sandbox.path("pooled.svg")).expect("a picture");
    for words in [">max pooling 2×2<", ">average pooling 2×2<", ">2×2 · stride 2<", ">13<", ">12.50<"] {
        assert!(svg.contains(words), "no `{words}` in:\n{svg}");
    }
    assert_eq!(sandbox.run("pool range:4x4 --output pooled.png").code, 0);
    let image = image::open(sandbox.path("pooled.png")).expect("a whole PNG").to_rgba8();
    // Viridis' last colour is that of 15, which is in the input and in the maxima.
    let yellow = image.pixels().filter(|pixel| pixel.0 == [253, 231, 37, 255]).count();
    assert!(yellow > 1000, "{yellow}");
}

#[test]
fn activations_are_those_of_the_language() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("activation relu6,hard_swish --from 5 --to 7");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let rows: Vec<Vec<&str>> = ran.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[2..], [["5", "5.0000", "5.0000"], ["6", "6.0000", "6.0000"], ["7", "6.0000", "7.0000"]]);
    // Its slopes are no kernel, and start at a quarter.
    let printed = run(&sandbox, &["conv", "range:1x2", "--kernel", "-1", "--activation", "prelu"]);
    assert_eq!(printed.results[0].1.data, [0.0, -0.25]);
    sandbox.refuses("activation rellu", &["did you mean `relu`?"]);
    sandbox.refuses("activation flatten", &["error[C0404]: "]);
    sandbox.refuses("signal --activation rellu", &["did you mean `relu`?"]);
    for wrong in ["activation", "activation a:b", "signal --depth 0"] {
        assert_eq!(sandbox.run(wrong).code, 2, "{wrong}");
    }
}

#[test]
fn an_array_may_be_shown_by_itself() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("show range:2x3 --output a.svg");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "input: 2×3\n"));
    assert_eq!(sandbox.run("show range:2x3").stdout, "input: 2×3\n  0  1  2\n  3  4  5\n");
    let svg = std::fs::read_to_string(sandbox.path("a.svg")).expect("a picture");
    assert_eq!(svg.lines().filter(|line| line.starts_with("<text")).count(), 2 + 6 + 2);
    let seen = sandbox.run("show random:40x2000 --output a.svg --colour-map grey");
    assert_eq!(seen.code, 0, "{}", seen.stderr);
    assert!(
        std::fs::read_to_string(sandbox.path("a.svg")).expect("a picture").contains("data:image/png;base64,")
    );
}

#[test]
fn mistakes_are_refused_in_the_words_of_the_compiler() {
    let sandbox = Sandbox::new();
    sandbox.refuses("pad range:3x3 --mode reflect --padding 3", &["--> convolve pad:", "at most 2"]);
    sandbox.refuses("conv range:3x3 --kernel box --activation rellu", &["did you mean `relu`?"]);
    sandbox.refuses("pool range:4x4 --op avg --dilation 2", &["dilation"]);
    sandbox.refuses("pool range:2x2 --kernel-size 3", &["error[C0701]: "]);
    sandbox.refuses("pool none.png", &["`none.png`", "cannot read"]);
    sandbox.refuses("pool range:4x4 --output pooled.gif", &["neither in .svg nor in .png"]);
    sandbox.file("colour.npy", npy("(2, 2, 3)", &[0.0; 12]));
    sandbox.refuses("pool colour.npy", &["[2, 2, 3]", "save one channel"]);
    sandbox.refuses(
        "pool range:64x64 --kernel-size 1,2,3,4 --stride 1,2,3 --padding 0,1,2",
        &["72 combinations"],
    );
    for wrong in
        ["pad range:3x3 --mode mirror", "pad range:3", "conv range:3x3 --kernel sobel", "pool x --op sum"]
    {
        assert_eq!(sandbox.run(wrong).code, 2, "{wrong}");
    }
}
