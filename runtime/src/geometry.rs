//! Output-size arithmetic, along one axis.
//!
//! This is the only copy of these formulas: the compiler checks shapes with it and the kernels
//! compute with it. They follow Dumoulin and Visin, "A guide to convolution arithmetic for deep
//! learning" (2016). Everything is `const` and total: what does not fit is `None`.

/// How a window moves along one axis of its input.
///
/// For a transposed convolution the same numbers describe the convolution that it reverses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Number of taps, at least 1.
    pub kernel: usize,
    /// Distance between neighbouring windows, at least 1.
    pub stride: usize,
    /// Distance between neighbouring taps, at least 1.
    pub dilation: usize,
    /// Padding cells before the first input cell.
    pub before: usize,
    /// Padding cells after the last input cell.
    pub after: usize,
}

impl Axis {
    /// The axis of an operation that looks at one cell and moves by one.
    pub const POINT: Self = Self { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };

    /// Cells from a window's first tap to its last, `dilation · (kernel − 1) + 1`.
    #[must_use]
    pub const fn extent(&self) -> Option<usize> {
        let Some(gaps) = self.kernel.checked_sub(1) else { return None };
        match gaps.checked_mul(self.dilation) {
            Some(cells) => cells.checked_add(1),
            None => None,
        }
    }

    /// Input cells with the padding.
    #[must_use]
    pub const fn padded(&self, input: usize) -> Option<usize> {
        match input.checked_add(self.before) {
            Some(cells) => cells.checked_add(self.after),
            None => None,
        }
    }

    /// Number of windows: `floor((input + before + after − extent) / stride) + 1`.
    #[must_use]
    pub const fn output(&self, input: usize) -> Option<usize> {
        let (Some(padded), Some(extent)) = (self.padded(input), self.extent()) else { return None };
        if self.stride == 0 || padded < extent {
            return None;
        }
        Some((padded - extent) / self.stride + 1)
    }

    /// As [`output`](Self::output), rounded up; a last window that would start past the input and
    /// its leading padding is dropped (PyTorch's `ceil_mode`).
    #[must_use]
    pub const fn output_ceil(&self, input: usize) -> Option<usize> {
        let (Some(padded), Some(extent)) = (self.padded(input), self.extent()) else { return None };
        if self.stride == 0 || padded < extent {
            return None;
        }
        let windows = (padded - extent).div_ceil(self.stride) + 1;
        let past = (windows - 1).saturating_mul(self.stride) >= input + self.before;
        Some(if past { windows - 1 } else { windows })
    }

    /// Output of the transposed convolution,
    /// `(input − 1) · stride − before − after + extent + output_padding`.
    #[must_use]
    pub const fn transposed(&self, input: usize, output_padding: usize) -> Option<usize> {
        let (Some(steps), Some(extent)) = (input.checked_sub(1), self.extent()) else { return None };
        let Some(reach) = steps.checked_mul(self.stride) else { return None };
        let Some(full) = reach.checked_add(extent) else { return None };
        let Some(full) = full.checked_add(output_padding) else { return None };
        let Some(cut) = self.before.checked_add(self.after) else { return None };
        match full.checked_sub(cut) {
            None | Some(0) => None,
            size => size,
        }
    }

    /// Total padding that makes `output = ceil(input / stride)` (TensorFlow's SAME):
    /// `max((output − 1) · stride + extent − input, 0)`.
    #[must_use]
    pub const fn same_padding(&self, input: usize) -> Option<usize> {
        let Some(extent) = self.extent() else { return None };
        if self.stride == 0 || input == 0 {
            return None;
        }
        let reach = (input.div_ceil(self.stride) - 1) * self.stride;
        match reach.checked_add(extent) {
            Some(needed) => Some(needed.saturating_sub(input)),
            None => None,
        }
    }
}

/// The input cells that the taps of one window read, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps {
    /// The first tap inside the input.
    pub tap: usize,
    /// The cell that it reads.
    pub first: usize,
    /// Taps inside the input.
    pub count: usize,
    /// Cells from one to the next.
    pub step: usize,
    /// Taps inside the padded input.
    pub padded: usize,
}

impl Axis {
    /// The taps of window `index` on an input of `input` cells; those outside it are left out.
    #[must_use]
    #[inline]
    pub const fn taps(&self, index: usize, input: usize) -> Taps {
        // Everything is counted from the first cell of padding.
        let start = index * self.stride;
        let tap = self.taps_below(start, self.before);
        let inside = self.taps_below(start, self.before + input);
        Taps {
            tap,
            first: (start + tap * self.dilation).saturating_sub(self.before),
            count: inside - tap,
            step: self.dilation,
            padded: self.taps_below(start, self.before + input + self.after),
        }
    }

    /// Taps of the window from `start` that lie before `end`.
    #[inline]
    const fn taps_below(&self, start: usize, end: usize) -> usize {
        let cells = end.saturating_sub(start);
        // Kernels ask this for every pixel, and a division costs more than the rest.
        let taps = if self.dilation == 1 { cells } else { cells.div_ceil(self.dilation) };
        if taps < self.kernel { taps } else { self.kernel }
    }
}

/// The window `[start, end)` of output `index` of an adaptive pooling from `input` to `output`
/// cells: `floor(index · input / output)` to `ceil((index + 1) · input / output)` (PyTorch's rule).
#[must_use]
pub const fn adaptive_window(index: usize, input: usize, output: usize) -> (usize, usize) {
    (index * input / output, ((index + 1) * input).div_ceil(output))
}
