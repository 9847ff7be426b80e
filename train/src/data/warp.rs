/// How an image moves within its frame: it is flipped, shifted, rotated around the middle, and of what is then in the
/// frame a window is put in the middle. Where nothing comes to lie there are zeros. Pairs are of rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Warp {
    pub(crate) flip: [bool; 2],
    /// Pixels down and to the right.
    pub(crate) shift: [isize; 2],
    /// Degrees, counter-clockwise.
    pub(crate) rotate: f32,
    /// Pixels that the window is smaller than the frame.
    pub(crate) crop: [usize; 2],
    /// Where the window lies, from the top and from the left; at most `crop`.
    pub(crate) window: [usize; 2],
}

impl Warp {
    /// Moves an image of `shape` (height, width, channels), with values between those of its pixels.
    pub(crate) fn image(&self, shape: [usize; 3], from: &[f32], to: &mut [f32]) {
        let [height, width, channels] = shape;
        let pixel = |row: f32, column: f32| {
            let inside = row >= 0.0 && column >= 0.0 && row < height as f32 && column < width as f32;
            inside.then(|| (row as usize * width + column as usize) * channels)
        };
        self.each(shape, to, |[row, column], to| {
            to.fill(0.0);
            let (top, left) = (row.floor(), column.floor());
            for (row, down) in [(top, 1.0 - (row - top)), (top + 1.0, row - top)] {
                for (column, right) in [(left, 1.0 - (column - left)), (left + 1.0, column - left)] {
                    if let (true, Some(start)) = (down * right > 0.0, pixel(row, column)) {
                        for (to, from) in to.iter_mut().zip(&from[start..]) {
                            *to += down * right * from;
                        }
                    }
                }
            }
        });
    }

    /// Moves a map of `shape` whose values must not be mixed: each pixel takes the nearest.
    pub(crate) fn map(&self, shape: [usize; 3], from: &[f32], to: &mut [f32]) {
        let [height, width, channels] = shape;
        self.each(shape, to, |position, to| {
            let [row, column] = position.map(|at| (at + 0.5).floor());
            if row >= 0.0 && column >= 0.0 && row < height as f32 && column < width as f32 {
                let start = (row as usize * width + column as usize) * channels;
                to.copy_from_slice(&from[start..start + channels]);
            } else {
                to.fill(0.0);
            }
        });
    }

    /// Calls `pixel` with where each pixel comes from and its channels; those outside of the window become zeros.
    fn each(
        &self,
        [height, width, channels]: [usize; 3],
        to: &mut [f32],
        pixel: impl Fn([f32; 2], &mut [f32]),
    ) {
        let middle = [height, width].map(|length| (length as f32 - 1.0) / 2.0);
        let (sin, cos) = f64::from(self.rotate).to_radians().sin_cos();
        let (sin, cos) = (sin as f32, cos as f32);
        for (index, to) in to.chunks_exact_mut(channels).enumerate() {
            let at = [index / width, index % width];
            let in_frame = |axis: usize, length: usize| {
                let inside = at[axis].checked_sub(self.crop[axis] / 2)?;
                (inside < length - self.crop[axis])
                    .then(|| (inside + self.window[axis]) as f32 - middle[axis])
            };
            let (Some(down), Some(right)) = (in_frame(0, height), in_frame(1, width)) else {
                to.fill(0.0);
                continue;
            };
            let turned = [cos * down + sin * right, cos * right - sin * down];
            let source = std::array::from_fn(|axis| {
                let from_middle = turned[axis] - self.shift[axis] as f32;
                middle[axis] + if self.flip[axis] { -from_middle } else { from_middle }
            });
            pixel(source, to);
        }
    }
}
