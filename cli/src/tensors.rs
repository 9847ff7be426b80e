//! Which file is which tensor, and whether its shape is right.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use convolve_compiler::diagnostic::suggest;
use convolve_compiler::graph::{Graph, Op, Shape};

use crate::args::Binding;
use crate::failure::{Failure, Result};
use crate::npy::{self, Array};
use crate::picture;

/// What an image may be longer than its pixels: thumbnails, profiles.
const MOST_OVERHEAD: u64 = 64 << 20;

/// The network's inputs, in order, out of the files that the user names.
pub(crate) fn read(graph: &Graph, bindings: &[Binding]) -> Result<Vec<Vec<f32>>> {
    let paths = assign("input", &graph.inputs, bindings)?;
    let mut tensors = Vec::new();
    let mut mistakes = Vec::new();
    for (index, (name, path)) in graph.inputs.iter().zip(paths).enumerate() {
        let Some(path) = path else {
            mistakes.push(format!("the input `{name}` is missing: give `--input {name}=FILE`"));
            continue;
        };
        let shape = graph.nodes.iter().find(|node| node.op == Op::Input(index)).map(|node| node.shape);
        let shape = shape.expect("every input of a graph is a node");
        match tensor(&path, name, shape) {
            Ok(tensor) => tensors.push(tensor),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(tensors) } else { Err(Failure::all(mistakes)) }
}

/// Where each of the network's outputs is to be written, if it is.
pub(crate) fn output_paths(graph: &Graph, bindings: &[Binding]) -> Result<Vec<Option<PathBuf>>> {
    let names: Vec<String> = graph.outputs.iter().map(|(name, _)| name.clone()).collect();
    match bindings {
        [Binding { name: None, path }] if names.len() > 1 => {
            let beside = |name: &String| {
                let mut file = path.file_stem().unwrap_or_default().to_owned();
                file.push(format!(".{name}."));
                file.push(path.extension().unwrap_or_else(|| "npy".as_ref()));
                Some(path.with_file_name(file))
            };
            Ok(names.iter().map(beside).collect())
        }
        _ => assign("output", &names, bindings),
    }
}

/// The path of each name, if it has one.
fn assign(what: &str, names: &[String], bindings: &[Binding]) -> Result<Vec<Option<PathBuf>>> {
    let mut paths: Vec<Option<PathBuf>> = vec![None; names.len()];
    let mut mistakes = Vec::new();
    let all = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    for Binding { name, path } in bindings {
        let index = match name {
            Some(name) => names.iter().position(|known| known == name).ok_or_else(|| {
                let meant = suggest(name, names.iter().map(String::as_str));
                let meant = meant.map_or_else(
                    || format!("there is {}", all()),
                    |meant| format!("did you mean `{meant}`?"),
                );
                format!("there is no {what} `{name}`; {meant}")
            }),
            None if names.len() == 1 => Ok(0),
            None => Err(format!(
                "`{}` is for which {what}? Write `--{what} NAME={}`, with one of {}",
                path.display(),
                path.display(),
                all()
            )),
        };
        match index {
            Ok(index) if paths[index].is_none() => paths[index] = Some(path.clone()),
            Ok(index) => mistakes.push(format!("the {what} `{}` is given twice", names[index])),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(paths) } else { Err(Failure::all(mistakes)) }
}

/// The floats of an input of this name and shape.
fn tensor(path: &Path, name: &str, shape: Shape) -> std::result::Result<Vec<f32>, String> {
    let file = content(path, shape.elements())
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let array = if file.starts_with(npy::MAGIC) {
        Array::read(&file)
    } else if matches!(shape, Shape::Vector(_)) {
        Err(format!("the input `{name}` is a vector, so it must be an .npy file"))
    } else {
        picture::read(&file, shape.extents())
    };
    let array = array.map_err(|error| format!("`{}`: {error}", path.display()))?;
    match misfit(&array.shape, shape) {
        None => Ok(array.data),
        Some(hint) => Err(format!(
            "`{}`: the array has shape {:?}, but the input `{name}` is {:?}{hint}",
            path.display(),
            array.shape,
            shape.dimensions()
        )),
    }
}

/// A file's bytes, as far as they can be of use to an array of so many numbers.
pub(crate) fn content(path: &Path, numbers: usize) -> std::io::Result<Vec<u8>> {
    let most = (numbers as u64).saturating_mul(8).saturating_add(MOST_OVERHEAD);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Nothing if an array of this shape is an input of that one, or else what may be the reason; it may be
/// empty.
fn misfit(found: &[usize], shape: Shape) -> Option<&'static str> {
    let wanted = shape.dimensions();
    let single = |found: &[usize]| match shape {
        Shape::Map { height, width, channels: 1 } => found == wanted || found == [height, width],
        _ => found == wanted,
    };
    let without_batch = found.strip_prefix(&[1]).unwrap_or(found);
    if single(found) || single(without_batch) {
        return None;
    }
    Some(match (shape, without_batch) {
        (Shape::Map { height, width, channels }, [c, h, w]) if [*h, *w, *c] == [height, width, channels] => {
            "; it seems to have its channels first: save `x.transpose(1, 2, 0)` of one image"
        }
        (_, [_, rest @ ..]) if rest == wanted => "; this runs one at a time, so save one of the batch",
        _ => "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_one_and_a_missing_channel_are_no_misfit() {
        let grey = Shape::Map { height: 4, width: 6, channels: 1 };
        for found in [&[4, 6, 1][..], &[1, 4, 6, 1], &[4, 6], &[1, 4, 6]] {
            assert_eq!(misfit(found, grey), None, "{found:?}");
        }
        let colour = Shape::Map { height: 4, width: 6, channels: 3 };
        assert_eq!(misfit(&[1, 4, 6, 3], colour), None);
        assert!(misfit(&[3, 4, 6], colour).is_some_and(|hint| hint.contains("channels first")));
        assert!(misfit(&[1, 3, 4, 6], colour).is_some_and(|hint| hint.contains("channels first")));
        assert!(misfit(&[2, 4, 6, 3], colour).is_some_and(|hint| hint.contains("batch")));
        assert_eq!(misfit(&[4, 6], colour), Some(""));
        assert_eq!(misfit(&[72], colour), Some(""));
        assert_eq!(misfit(&[1, 5], Shape::Vector(5)), None);
        assert_eq!(misfit(&[], Shape::Vector(1)), Some(""));
    }
}
