//! Pooling, over sliding and over adaptive windows.

use super::{Array, Window};

/// What a pooling makes of the cells of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The largest inside the input.
    Max,
    /// The mean of those inside the input.
    Average,
    /// The sum of those inside the input over the number inside the input and its padding.
    AverageWithPadding,
}

/// Pooling with as many windows down and across as `output` says.
#[must_use]
pub fn pool2d(x: &Array, op: Pool, window: &Window, output: [usize; 2]) -> Array {
    let [top, bottom, left, right] = window.padding.map(|cells| cells as isize);
    let rows = -top..x.height as isize + bottom;
    let columns = -left..x.width as isize + right;
    Array::from_fn([output[0], output[1], x.channels], |oy, ox, c| {
        let (mut inside, mut padded) = (Vec::new(), 0);
        for i in 0..window.kernel[0] {
            for j in 0..window.kernel[1] {
                let (y, x_) = window.cell([oy, ox], [i, j]);
                inside.extend(x.get(y, x_, c));
                padded += usize::from(rows.contains(&y) && columns.contains(&x_));
            }
        }
        reduce(&inside, op, padded)
    })
}

/// Pooling over windows that cover the input: output o of n reads from ⌊o·size/n⌋ up to ⌈(o+1)·size/n⌉.
///
/// Global pooling has the output [1, 1].
#[must_use]
pub fn adaptive_pool2d(x: &Array, op: Pool, output: [usize; 2]) -> Array {
    let window = |o: usize, n: usize, size: usize| o * size / n..((o + 1) * size).div_ceil(n);
    Array::from_fn([output[0], output[1], x.channels], |oy, ox, c| {
        let mut inside = Vec::new();
        for y in window(oy, output[0], x.height) {
            for x_ in window(ox, output[1], x.width) {
                inside.push(x.at(y, x_, c));
            }
        }
        reduce(&inside, op, inside.len())
    })
}

fn reduce(inside: &[f64], op: Pool, padded: usize) -> f64 {
    let sum: f64 = inside.iter().sum();
    match op {
        Pool::Max => inside.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Pool::Average => sum / inside.len() as f64,
        Pool::AverageWithPadding => sum / padded as f64,
    }
}
