//! `convolve explore`: its sizes against the formulas of the guide to convolution arithmetic.

use serde_json::Value;

use crate::sandbox::Sandbox;

fn json(sandbox: &Sandbox, arguments: &str) -> Vec<Value> {
    let ran = sandbox.run(&format!("explore {arguments} --format json"));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    serde_json::from_str(&ran.stdout).expect("a list")
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

#[test]
fn every_combination_follows_the_formulas() {
    let sandbox = Sandbox::new();
    let list = json(
        &sandbox,
        "--input 28x20x3,9 --padding same,valid,1 --kernel-size 3,5x2 --stride 1,2x3 --dilation 1,2,4 --pool 2,3 \
         --op max,avg --filters 7",
    );
    assert_eq!(list.len(), 2 * 3 * 2 * 2 * 3 * 2 * 2);
    let mut refused = 0;
    for case in &list {
        let axis = |axis: usize| {
            let value = |name: &str| number(&case[name][axis]);
            let (input, stride) = (value("input"), value("stride"));
            let extent = value("dilation") * (value("kernel_size") - 1) + 1;
            let pool = number(&case["pool"]["kernel_size"][axis]);
            let windows = match case["padding"].as_str().expect("a word or number") {
                "same" => Some(input.div_ceil(stride)),
                padding => {
                    let padded = input + 2 * padding.parse().unwrap_or(0);
                    padded.checked_sub(extent).map(|rest| rest / stride + 1)
                }
            };
            let pooled =
                windows.filter(|&windows| windows >= pool).map(|windows| (windows - pool) / pool + 1);
            (windows, pooled, extent + (pool - 1) * stride)
        };
        let [rows, columns] = [axis(0), axis(1)];
        let channels = number(&case["input"][2]);
        let taps = number(&case["kernel_size"][0]) * number(&case["kernel_size"][1]);
        match (rows, columns) {
            ((Some(height), Some(pooled_height), tall), (Some(width), Some(pooled_width), wide)) => {
                assert_eq!(case["convolution"], serde_json::json!([height, width, 7]), "{case}");
                assert_eq!(case["output"], serde_json::json!([pooled_height, pooled_width, 7]), "{case}");
                assert_eq!(number(&case["parameters"]), 7 * taps * channels + 7, "{case}");
                assert_eq!(case["field"], serde_json::json!([tall, wide]), "{case}");
                assert!(case.get("reason").is_none());
            }
            _ => {
                refused += 1;
                assert!(
                    case["reason"].as_str().is_some_and(|reason| reason.contains("does not fit")),
                    "{case}"
                );
            }
        }
    }
    assert!(refused > 10 && refused < list.len() / 2, "{refused}");
}

/// The numbers of the source's fifth slide: `(size - 3) // stride + 1` for the sizes 5, 10, 15, 20.
#[test]
fn curves_are_drawn_through_the_sizes() {
    let sandbox = Sandbox::new();
    let expected = [[3, 8, 13, 18], [2, 4, 7, 9], [1, 3, 5, 6]];
    let arguments = "--input 5..21..5 --kernel-size 3 --stride 1,2,3";
    let heights: Vec<usize> = json(&sandbox, &format!("{arguments} --plot s.svg"))
        .iter()
        .map(|c| number(&c["output"][0]))
        .collect();
    assert_eq!(heights, expected.concat());
    let svg = std::fs::read_to_string(sandbox.path("s.svg")).expect("a picture");
    let lines: Vec<Vec<f64>> = svg
        .lines()
        .filter_map(|line| line.strip_prefix("<polyline points=\"")?.split('"').next())
        .map(|points| points.split([',', ' ']).map(|number| number.parse().expect("a number")).collect())
        .collect();
    let curves: Vec<&Vec<f64>> = lines.iter().filter(|line| line.len() == 8).collect();
    assert_eq!(curves.len(), 3);
    // One pixel scale fits all points.
    let scale = (curves[0][1] - curves[0][7]) / 15.0;
    for (curve, sizes) in curves.iter().zip(expected) {
        for (point, size) in curve.chunks(2).zip(sizes) {
            let height = curves[0][1] - point[1];
            assert!((height / scale - (size as f64 - 3.0)).abs() < 0.02, "{size}: {curve:?}");
        }
    }
    for stride in 1..=3 {
        assert!(svg.contains(&format!(">stride {stride}<")));
    }
    sandbox.refuses("explore --input 28 --plot s.svg", &["several inputs", "--input 5..21..5"]);
}

#[test]
fn tables_say_what_cannot_be_and_why() {
    let sandbox = Sandbox::new();
    let arguments = "explore --input 8x8x2 --kernel-size 3,9 --filters 4";
    let ran = sandbox.run(arguments);
    assert_eq!(ran.code, 0);
    let (valid, invalid) = ran.stdout.split_once("cannot be:").expect("two tables");
    assert!(valid.contains("6×6×4") && valid.contains("76"), "{valid}");
    assert!(
        invalid.contains("[C0701] the 9×9 kernel of `convolution` does not fit its 8×8 input"),
        "{invalid}"
    );
    let csv = sandbox.run(&format!("{arguments} --format csv")).stdout;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[1], "8x8x2,valid,3,1,1,,6x6x4,6x6x4,76,3x3,");
    assert!(lines[2].starts_with("8x8x2,valid,9,1,1,,,,,,\"[C0701] the 9×9 kernel"), "{}", lines[2]);
    assert_eq!(lines.len(), 3);
}

#[test]
fn wrong_calls_are_refused() {
    let sandbox = Sandbox::new();
    for wrong in
        ["explore", "explore --input 5..5", "explore --input 28 --op max", "explore --input 28 --stride x"]
    {
        assert_eq!(sandbox.run(wrong).code, 2, "{wrong}");
    }
    sandbox.refuses("explore --input 1..20000 --stride 1,2", &["more than 20000 combinations"]);
    assert!(sandbox.run("explore --input 4 --stride 0").stdout.contains("cannot be:"));
}
