//! Results as text, JSON, arrays and pictures.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::compute::Computed;
use super::source::Grid;
use super::windows::{Outlines, outlines};
use super::{PictureArgs, Step};
use crate::args::Format;
use crate::draw::grid::{MOST_CELLS, Mark, Panel, Sheet};
use crate::failure::Result;
use crate::npy::Array;
use crate::output;

/// Results side by side, if each takes no more than one step.
const MOST_ABREAST: usize = 4;

/// Prints and writes the results as the user asks.
pub(super) fn show(
    command: &str,
    args: &PictureArgs,
    input: &Grid,
    steps: &[Step],
    results: &[Computed],
    one_scale: bool,
) -> Result<()> {
    if let Some(path) = &args.output {
        output::write_all(&files(command, args, path, input, steps, results, one_scale)?)?;
    }
    match args.format {
        Format::Text => output::print(&text(args, input, steps, results)),
        Format::Json => output::print(&format!("{}\n", object(input, steps, results))),
    }
}

fn files(
    command: &str,
    args: &PictureArgs,
    path: &Path,
    input: &Grid,
    steps: &[Step],
    results: &[Computed],
    one_scale: bool,
) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    if path.extension().is_some_and(|ending| ending == "npy") {
        let arrays = steps.iter().zip(results).map(|(step, result)| {
            let Grid { shape: [rows, columns], data } = result.grid.clone();
            let path = match steps.len() {
                1 => path.to_owned(),
                _ => path.with_extension(format!("{}.npy", step.name)),
            };
            (path, Array { shape: vec![rows, columns, 1], data }.write())
        });
        return Ok(arrays.collect());
    }
    let rows = panels(args, input, steps, results);
    let title = format!("convolve {command}");
    let sheet = Sheet { title, map: args.colormap, rows, one_scale };
    Ok(vec![(path.to_owned(), sheet.figure().file(path)?)])
}

/// The input beside what became of it: one row for all results that see the same windows of it.
fn panels(args: &PictureArgs, input: &Grid, steps: &[Step], results: &[Computed]) -> Vec<Vec<Panel>> {
    let seen = |index: usize| match steps[index].from {
        None => outlines(input.shape, &results[index]),
        Some(_) => Outlines::default(),
    };
    let mut all: Vec<Outlines> = (0..steps.len()).map(seen).collect();
    let extent = |shape: [usize; 2], around: [usize; 4]| {
        (shape[0] + around[0] + around[1]).max(shape[1] + around[2] + around[3])
    };
    let large = results.iter().zip(&all).any(|(result, outlines)| {
        extent(input.shape, outlines.around_input).max(extent(result.grid.shape, outlines.around_output))
            > MOST_CELLS
    });
    if large {
        all.fill(Outlines::default());
    }
    let chained = steps.iter().any(|step| step.from.is_some());
    let mut rows: Vec<Vec<Panel>> = Vec::new();
    if steps.is_empty() {
        rows.push(vec![panel(args.source.title(), &[], input, [0; 4], &[])]);
    }
    let mut drawn: Option<&Outlines> = None;
    for (index, (step, outlines)) in steps.iter().zip(&all).enumerate() {
        let same = drawn.is_some_and(|last| {
            last.on_input == outlines.on_input && last.around_input == outlines.around_input
        });
        let follows = step.from.is_some();
        let full = rows.last().is_some_and(|row| row.len() > MOST_ABREAST);
        if rows.is_empty() || !follows && (!same || chained || full) {
            let around = outlines.around_input;
            let panel = panel(args.source.title(), &[], input, around, &outlines.on_input);
            rows.push(vec![panel]);
            drawn = Some(outlines);
        }
        let grid = &results[index].grid;
        let panel =
            panel(step.title.clone(), &step.settings, grid, outlines.around_output, &outlines.on_output);
        rows.last_mut().expect("a row was begun").push(panel);
    }
    rows
}

fn panel(title: String, settings: &[String], grid: &Grid, around: [usize; 4], marks: &[Mark]) -> Panel {
    let [rows, columns] = grid.shape;
    let label: Vec<String> =
        std::iter::once(format!("{rows}×{columns}")).chain(settings.iter().cloned()).collect();
    let (label, data, marks) = (label.join(" · "), grid.data.clone(), marks.to_vec());
    Panel { title, label, shape: grid.shape, data, around, marks }
}

/// Shapes, and the numbers if they are few.
fn text(args: &PictureArgs, input: &Grid, steps: &[Step], results: &[Computed]) -> String {
    let mut text = String::new();
    let mut array = |title: &str, settings: &[String], grid: &Grid| {
        let [rows, columns] = grid.shape;
        let settings: String = settings.iter().map(|words| format!(", {words}")).collect();
        text += &format!("{title}: {rows}×{columns}{settings}\n");
        if args.output.is_none() && rows.max(columns) <= MOST_CELLS {
            text += &numbers(grid);
        }
    };
    array(&args.source.title(), &[], input);
    for (step, result) in steps.iter().zip(results) {
        array(&step.title, &step.settings, &result.grid);
    }
    text
}

/// Rows of numbers, as many digits after the point as they need, up to four.
fn numbers(grid: &Grid) -> String {
    let whole = grid.data.iter().all(|x| x.fract() == 0.0);
    let number = |x: &f32| if whole { format!("{x:.0}") } else { format!("{x:.4}") };
    let width = grid.data.iter().map(|x| number(x).len()).max().unwrap_or(0);
    let row = |row: &[f32]| {
        let cells: String = row.iter().map(|x| format!("  {:>width$}", number(x))).collect();
        cells + "\n"
    };
    grid.data.chunks(grid.shape[1]).map(row).collect()
}

fn object(input: &Grid, steps: &[Step], results: &[Computed]) -> Value {
    let rows = |grid: &Grid| grid.data.chunks(grid.shape[1]).map(|row| json!(row)).collect::<Vec<_>>();
    let results = steps.iter().zip(results).map(|(step, result)| {
        json!({
            "name": step.name,
            "title": step.title,
            "settings": step.settings,
            "kernel": step.weights,
            "from": step.from.map_or("input", |from| &steps[from].name),
            "shape": result.grid.shape,
            "data": rows(&result.grid),
        })
    });
    json!({
        "input": { "shape": input.shape, "data": rows(input) },
        "results": results.collect::<Vec<_>>(),
    })
}
