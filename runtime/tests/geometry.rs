//! The geometry against counting by hand.

use convolve_runtime::geometry::{Axis, adaptive_window};

/// Every small axis, each with inputs of 1 to 9 cells.
fn small(mut check: impl FnMut(Axis, usize)) {
    for kernel in 1..=4 {
        for stride in 1..=4 {
            for dilation in 1..=3 {
                for before in 0..=3 {
                    for after in 0..=3 {
                        for input in 1..=9 {
                            check(Axis { kernel, stride, dilation, before, after }, input);
                        }
                    }
                }
            }
        }
    }
}

/// The cell that tap `k` of window `o` reads, counted from the input's first.
fn cell(axis: &Axis, o: usize, k: usize) -> isize {
    (o * axis.stride + k * axis.dilation) as isize - axis.before as isize
}

#[test]
fn output_counts_the_windows_that_fit() {
    small(|axis, input| {
        let end = (input + axis.after) as isize;
        let fit = (0..).take_while(|&o| cell(&axis, o, axis.kernel - 1) < end).count();
        assert_eq!(axis.output(input), (fit > 0).then_some(fit), "{axis:?} on {input}");
    });
}

#[test]
fn ceil_mode_adds_a_window_for_the_cells_left_over() {
    small(|axis, input| {
        let end = (input + axis.after) as isize;
        let Some(fit) = axis.output(input) else {
            return assert_eq!(axis.output_ceil(input), None);
        };
        let covered = cell(&axis, fit - 1, axis.kernel - 1) + 1 >= end;
        // The first window of all starts at the first padding cell, whatever the padding.
        let starts_inside = cell(&axis, fit, 0) < input as isize;
        let last_starts_inside = cell(&axis, fit - 1, 0) < input as isize;
        let expected = if !covered && starts_inside {
            fit + 1
        } else if covered && !last_starts_inside {
            fit - 1
        } else {
            fit
        };
        assert_eq!(axis.output_ceil(input), Some(expected), "{axis:?} on {input}");
    });
}

#[test]
fn transposed_is_what_scattering_reaches() {
    small(|axis, input| {
        for output_padding in 0..axis.stride {
            let mut reached = 0;
            for i in 0..input {
                for k in 0..axis.kernel {
                    reached = reached.max(i * axis.stride + k * axis.dilation + 1);
                }
            }
            let size = (reached + output_padding) as isize - (axis.before + axis.after) as isize;
            let expected = usize::try_from(size).ok().filter(|&size| size > 0);
            assert_eq!(axis.transposed(input, output_padding), expected, "{axis:?} on {input}");
        }
    });
}

#[test]
fn same_padding_is_the_least_that_reaches_every_stride() {
    small(|axis, input| {
        let windows = input.div_ceil(axis.stride);
        let enough = |total: &usize| {
            Axis { before: 0, after: *total, ..axis }.output(input).is_some_and(|output| output >= windows)
        };
        assert_eq!(axis.same_padding(input), (0..).find(enough), "{axis:?} on {input}");
    });
}

#[test]
fn taps_are_those_inside() {
    small(|axis, input| {
        for o in 0..axis.output_ceil(input).unwrap_or(0) {
            let cells: Vec<isize> = (0..axis.kernel).map(|k| cell(&axis, o, k)).collect();
            let inside = |&c: &isize| (0..input as isize).contains(&c);
            let taps = axis.taps(o, input);
            let read: Vec<isize> = (0..taps.count).map(|n| (taps.first + n * taps.step) as isize).collect();
            let expected: Vec<isize> = cells.iter().copied().filter(inside).collect();
            assert_eq!(read, expected, "{axis:?} on {input}, window {o}");
            if let Some(first) = cells.iter().position(inside) {
                assert_eq!(taps.tap, first, "{axis:?} on {input}, window {o}");
            }
            let padded = cells.iter().filter(|&&c| c < (input + axis.after) as isize).count();
            assert_eq!(taps.padded, padded, "{axis:?} on {input}, window {o}");
        }
    });
}

#[test]
fn adaptive_windows_are_the_rounded_fractions() {
    for input in 1..=20 {
        for output in 1..=25 {
            for index in 0..output {
                let (start, end) = adaptive_window(index, input, output);
                let fraction = |numerator: usize| (numerator * input) as f64 / output as f64;
                assert_eq!(start, fraction(index).floor() as usize);
                assert_eq!(end, fraction(index + 1).ceil() as usize);
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_none() {
    const MAX: usize = usize::MAX;
    let point = Axis::POINT;
    assert_eq!(Axis { kernel: 0, ..point }.output(4), None);
    assert_eq!(Axis { stride: 0, ..point }.output(4), None);
    assert_eq!(Axis { stride: 0, ..point }.output_ceil(4), None);
    assert_eq!(Axis { stride: 0, ..point }.same_padding(4), None);
    assert_eq!(Axis { kernel: MAX, dilation: 2, ..point }.output(4), None);
    assert_eq!(Axis { before: MAX, ..point }.output(4), None);
    assert_eq!(Axis { before: MAX, after: MAX, ..point }.transposed(4, 0), None);
    assert_eq!(Axis { stride: MAX, ..point }.transposed(MAX, MAX), None);
    assert_eq!(point.transposed(0, 0), None);
    assert_eq!(point.same_padding(0), None);
    assert_eq!(Axis { stride: MAX - 1, ..point }.output_ceil(MAX), Some(2));
    assert_eq!(point.output(MAX), Some(MAX));
}
