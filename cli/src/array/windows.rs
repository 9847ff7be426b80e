//! Which cells of the input an output cell is made of, to be outlined in both.

use convolve_compiler::graph::{Node, Op};
use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{ResizeMode, Sampling, Windows};

use super::compute::Computed;
use crate::draw::grid::Mark;

/// What is drawn on the input and the output of a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outlines {
    /// Padding around the input: above, below, left, right.
    pub(super) around_input: [usize; 4],
    pub(super) on_input: Vec<Mark>,
    /// What a transposed convolution cuts off its output.
    pub(super) around_output: [usize; 4],
    pub(super) on_output: Vec<Mark>,
}

/// Output cells up to which each has its window drawn, if these do not overlap.
const MOST_WINDOWS: usize = 6;

/// The outlines of a layer on an input of this shape.
pub(super) fn outlines(input: [usize; 2], computed: &Computed) -> Outlines {
    let (Node { op, .. }, output) = (&computed.node, computed.grid.shape);
    match op {
        Op::Conv(conv) if conv.sampling == Sampling::Transposed => {
            let seen = sliding([&conv.rows, &conv.columns], input);
            Outlines {
                around_output: seen.around_input,
                on_output: seen.on_input,
                around_input: [0; 4],
                on_input: seen.on_output,
            }
        }
        Op::Conv(conv) => sliding([&conv.rows, &conv.columns], output),
        Op::Pool { windows: Windows::Sliding(rows, columns), .. } => sliding([rows, columns], output),
        Op::Pad { top, left, .. } => {
            let within = Mark { colour: 0, at: [*top as isize, *left as isize], cells: input, dots: [0; 2] };
            Outlines { on_output: vec![within], ..Outlines::default() }
        }
        Op::Copy { stride: [down, across], .. } => {
            let kept = cells(output).map(|[row, column]| single(0, [row * down, column * across]));
            Outlines { on_input: kept.collect(), ..Outlines::default() }
        }
        Op::Resize(ResizeMode::Nearest) => {
            let scale = [output[0] / input[0], output[1] / input[1]];
            let axis = |scale| Axis { kernel: scale, stride: scale, ..Axis::POINT };
            let seen = sliding([&axis(scale[0]), &axis(scale[1])], input);
            Outlines { on_output: seen.on_input, on_input: seen.on_output, ..Outlines::default() }
        }
        _ => Outlines::default(),
    }
}

/// Windows that slide over one side, and the cells of the other, of this shape, that they belong to.
fn sliding(axes: [&Axis; 2], shape: [usize; 2]) -> Outlines {
    let extents = axes.map(|axis| axis.extent().expect("the shapes are proven"));
    let dots = axes.map(|axis| axis.dilation);
    let dots = if dots == [1, 1] { [0, 0] } else { dots };
    let (mut windows, mut of) = (Vec::new(), Vec::new());
    let overlap = (0..2).any(|axis| axes[axis].stride < extents[axis]);
    for (colour, cell) in chosen(shape, !overlap).into_iter().enumerate() {
        let at = [0, 1].map(|axis| (cell[axis] * axes[axis].stride) as isize - axes[axis].before as isize);
        windows.push(Mark { colour, at, cells: extents, dots });
        of.push(single(colour, cell));
    }
    let [rows, columns] = axes;
    let around = [rows.before, rows.after, columns.before, columns.after];
    Outlines { around_input: around, on_input: windows, on_output: of, ..Outlines::default() }
}

/// All cells if they are few and may be shown together; or else the first, its neighbour and the last.
fn chosen(shape: [usize; 2], all: bool) -> Vec<[usize; 2]> {
    let [rows, columns] = shape;
    if all && rows * columns <= MOST_WINDOWS {
        return cells(shape).collect();
    }
    let next = if columns > 1 { [0, 1] } else { [rows.min(2) - 1, 0] };
    let mut chosen = vec![[0, 0], next, [rows - 1, columns - 1]];
    chosen.dedup();
    chosen
}

fn cells([rows, columns]: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| [row, column]))
}

fn single(colour: usize, [row, column]: [usize; 2]) -> Mark {
    Mark { colour, at: [row as isize, column as isize], cells: [1, 1], dots: [0, 0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_where_the_formula_says() {
        let axis = Axis { kernel: 3, stride: 2, dilation: 2, before: 1, after: 1 };
        let seen = sliding([&axis, &Axis::POINT], [3, 1]);
        let at: Vec<_> = seen.on_input.iter().map(|mark| mark.at).collect();
        assert_eq!(at, [[-1, 0], [1, 0], [3, 0]]);
        assert_eq!(seen.on_input[0].cells, [5, 1]);
        assert_eq!(seen.on_output[2].at, [2, 0]);
    }

    #[test]
    fn few_windows_are_all_shown() {
        assert_eq!(chosen([2, 2], true).len(), 4);
        assert_eq!(chosen([3, 3], true), [[0, 0], [0, 1], [2, 2]]);
        assert_eq!(chosen([1, 1], false), [[0, 0]]);
        assert_eq!(chosen([2, 1], false), [[0, 0], [1, 0]]);
    }
}
