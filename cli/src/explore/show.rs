//! The combinations as text, CSV, JSON and curves.

use serde_json::{Value, json};

use super::case::{Case, Found};
use crate::draw::chart::{Chart, Curve};
use crate::failure::{Failure, Result};
use crate::table::{grouped, table};

const ARGUMENTS: [&str; 6] = ["input", "padding", "kernel", "stride", "dilation", "pool"];

/// The table of what can be, and below it what cannot and why.
pub(super) fn text(cases: &[Case], found: &[Found]) -> String {
    let heading =
        |last: &[&str]| ARGUMENTS.iter().chain(last).map(|&cell| cell.to_owned()).collect::<Vec<_>>();
    let mut rows = vec![heading(&["convolution", "output", "parameters", "field"])];
    let mut invalid = vec![heading(&["reason"])];
    for (case, found) in cases.iter().zip(found) {
        let mut row = case.arguments().to_vec();
        match found {
            Ok(sizes) => {
                row.extend([
                    sizes.convolution.to_string(),
                    sizes.output.to_string(),
                    grouped(sizes.parameters as u64),
                    sizes.field.to_string(),
                ]);
                rows.push(row);
            }
            Err(reason) => {
                row.push(reason.clone());
                invalid.push(row);
            }
        }
    }
    let mut text = String::new();
    if rows.len() > 1 {
        text += &table(&rows, &[8, 9]);
    }
    if invalid.len() > 1 {
        if rows.len() > 1 {
            text.push('\n');
        }
        text += "cannot be:\n";
        text += &table(&invalid, &[]);
    }
    text
}

/// One line for each combination; a reason in the last column where it cannot be.
pub(super) fn csv(cases: &[Case], found: &[Found]) -> String {
    let mut text =
        "input,padding,kernel_size,stride,dilation,pool,convolution,output,parameters,field,reason\n"
            .to_owned();
    for (case, found) in cases.iter().zip(found) {
        let mut cells = case.arguments().to_vec();
        match found {
            Ok(sizes) => cells.extend([
                sizes.convolution.to_string(),
                sizes.output.to_string(),
                sizes.parameters.to_string(),
                sizes.field.to_string(),
                String::new(),
            ]),
            Err(reason) => {
                cells.extend(vec![String::new(); 4]);
                cells.push(format!("\"{}\"", reason.replace('"', "\"\"")));
            }
        }
        // Programs take an x more easily than a ×.
        text += &(cells[..10].join(",").replace('×', "x") + "," + &cells[10] + "\n");
    }
    text
}

/// A list of objects.
pub(super) fn json(cases: &[Case], found: &[Found]) -> String {
    let object = |(case, found): (&Case, &Found)| {
        let mut object = json!({
            "input": case.input,
            "filters": case.filters,
            "padding": case.padding.to_string(),
            "kernel_size": case.kernel.0,
            "stride": case.stride.0,
            "dilation": case.dilation.0,
            "pool": case.pool.map(|(op, size)| json!({ "op": op.name(), "kernel_size": size.0 })),
        });
        match found {
            Ok(sizes) => {
                object["convolution"] = json!(sizes.convolution.dimensions());
                object["output"] = json!(sizes.output.dimensions());
                object["parameters"] = json!(sizes.parameters);
                object["field"] = json!(sizes.field.size());
            }
            Err(reason) => object["reason"] = json!(reason),
        }
        object
    };
    let list: Vec<Value> = cases.iter().zip(found).map(object).collect();
    format!("{}\n", Value::Array(list))
}

/// The output's height over the input's: a curve for each combination of the other arguments.
///
/// # Errors
/// If there is but one input size.
pub(super) fn chart(cases: &[Case], found: &[Found]) -> Result<Chart> {
    let first = cases.first().expect("every list of values has one");
    if cases.iter().all(|case| case.input[0] == first.input[0]) {
        return Err(Failure::new(
            "a plot shows the output's size over the input's: give several inputs, `--input 5..21..5`",
        ));
    }
    let varies = |argument: usize| {
        let value = &first.arguments()[argument];
        cases.iter().any(|case| case.arguments()[argument] != *value)
    };
    let varying: Vec<usize> = (1..ARGUMENTS.len()).filter(|&argument| varies(argument)).collect();
    let words = |case: &Case, arguments: &[usize]| {
        let values = case.arguments();
        let word = |&argument: &usize| format!("{} {}", ARGUMENTS[argument], values[argument]);
        arguments
            .iter()
            .filter(|&&argument| !values[argument].is_empty())
            .map(word)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut curves: Vec<Curve> = Vec::new();
    for (case, found) in cases.iter().zip(found) {
        let name = words(case, &varying);
        // The cases of one curve stand together.
        if curves.last().is_none_or(|curve| curve.name != name) {
            curves.push(Curve { name, points: Vec::new() });
        }
        if let (Ok(sizes), Some(curve)) = (found, curves.last_mut()) {
            curve.points.push([case.input[0] as f32, sizes.output.extents()[0] as f32]);
        }
    }
    let constant: Vec<usize> = (1..ARGUMENTS.len()).filter(|argument| !varying.contains(argument)).collect();
    let title = format!("Output size: {}", words(first, &constant));
    Ok(Chart { title, labels: ["input size".to_owned(), "output size".to_owned()], curves })
}
