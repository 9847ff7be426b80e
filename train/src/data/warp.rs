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
        if self.rotate == 0.0 {
            // Pixels come to lie on pixels.
            return self.map(shape, from, to);
        }
        self.each(shape, to, |position, to| {
            to.fill(0.0);
            // Rounded down: a cast rounds towards zero.
            let [top, left] = position.map(|at| at as isize - isize::from(at < 0.0));
            let (below, right) = (position[0] - top as f32, position[1] - left as f32);
            for (row, share) in [(top, 1.0 - below), (top + 1, below)] {
                for (column, share) in [(left, share * (1.0 - right)), (left + 1, share * right)] {
                    for (to, from) in to.iter_mut().zip(pixel(shape, from, row, column)) {
                        *to += share * from;
                    }
                }
            }
        });
    }

    /// Moves a map of `shape` whose values must not be mixed: each pixel takes the nearest.
    pub(crate) fn map(&self, shape: [usize; 3], from: &[f32], to: &mut [f32]) {
        self.each(shape, to, |position, to| {
            let [row, column] = position.map(|at| (at + 0.5) as isize - isize::from(at < -0.5));
            match pixel(shape, from, row, column) {
                [] => to.fill(0.0),
                from => to.copy_from_slice(from),
            }
        });
    }

    /// Calls `write` with where each pixel comes from and its channels; those outside of the window become zeros.
    fn each(
        &self,
        [height, width, channels]: [usize; 3],
        to: &mut [f32],
        write: impl Fn([f32; 2], &mut [f32]),
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
            write(source, to);
        }
    }
}

/// The channels of a pixel; none outside of the image.
fn pixel([height, width, channels]: [usize; 3], image: &[f32], row: isize, column: isize) -> &[f32] {
    match (usize::try_from(row), usize::try_from(column)) {
        (Ok(row), Ok(column)) if row < height && column < width => {
            &image[(row * width + column) * channels..][..channels]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 6;
    const SHAPE: [usize; 3] = [SIDE, SIDE, 3];
    const NOTHING: Warp = Warp { flip: [false; 2], shift: [0; 2], rotate: 0.0, crop: [0; 2], window: [0; 2] };

    fn image() -> Vec<f32> {
        (0..SIDE * SIDE * 3).map(|element| (element * element % 101) as f32 + 1.0).collect()
    }

    /// What comes of the image, and of the same as a map.
    fn both(warp: &Warp, from: &[f32]) -> [Vec<f32>; 2] {
        let mut results = [vec![f32::NAN; from.len()], vec![f32::NAN; from.len()]];
        warp.image(SHAPE, from, &mut results[0]);
        warp.map(SHAPE, from, &mut results[1]);
        results
    }

    /// The image turned a quarter counter-clockwise: its last column becomes the first row.
    fn quarter(from: &[f32]) -> Vec<f32> {
        let pixel = |row: usize, column: usize| &from[(row * SIDE + column) * 3..][..3];
        (0..SIDE * SIDE).flat_map(|at| pixel(at % SIDE, SIDE - 1 - at / SIDE)).copied().collect()
    }

    #[test]
    fn quarter_turns_are_exact() {
        let mut turned = image();
        for quarters in 0..=8 {
            let [mixed, picked] = both(&Warp { rotate: 90.0 * quarters as f32, ..NOTHING }, &image());
            assert_eq!(picked, turned, "{quarters}");
            // float32's sine of a whole turn is not quite zero.
            assert!(mixed.iter().zip(&turned).all(|(a, b)| (a - b).abs() < 1e-3), "{quarters}: {mixed:?}");
            turned = quarter(&turned);
        }
        let [_, clockwise] = both(&Warp { rotate: -90.0, ..NOTHING }, &image());
        assert_eq!(quarter(&clockwise), image());
    }

    #[test]
    fn flips_undo_themselves() {
        for flip in [[true, false], [false, true], [true, true]] {
            let warp = Warp { flip, ..NOTHING };
            for once in both(&warp, &image()) {
                assert_ne!(once, image());
                assert_eq!(both(&warp, &once), [image(), image()]);
            }
        }
    }

    #[test]
    fn steps_come_in_their_order() {
        let one_by_one = |warps: &[Warp]| {
            warps.iter().fold(image(), |image, warp| {
                let [mixed, picked] = both(warp, &image);
                assert_eq!(mixed, picked);
                mixed
            })
        };
        // The shift takes rows out of the frame, and the window takes none of them back.
        let all = Warp { flip: [true, false], shift: [1, -2], rotate: 0.0, crop: [2, 1], window: [0, 1] };
        let (flip, shift) = (all.flip, all.shift);
        let steps = [
            Warp { flip, ..NOTHING },
            Warp { shift, ..NOTHING },
            Warp { crop: [2, 1], window: [0, 1], ..NOTHING },
        ];
        assert_eq!(one_by_one(&[all]), one_by_one(&steps));
        let [_, turned] = both(&Warp { flip, shift, rotate: 90.0, ..NOTHING }, &image());
        assert_eq!(turned, quarter(&one_by_one(&steps[..2])));
    }

    /// A plane is its own interpolation: each pixel has the value at the place that it comes from.
    #[test]
    fn rotation_takes_values_from_where_they_were() {
        let plane: Vec<f32> =
            (0..SIDE * SIDE).flat_map(|at| [(at / SIDE) as f32, (at % SIDE) as f32, 1.0]).collect();
        let mut whole = 0;
        for degrees in [10.0f32, 37.5, -60.0] {
            let [mixed, _] = both(&Warp { rotate: degrees, ..NOTHING }, &plane);
            let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
            for (at, pixel) in mixed.chunks_exact(3).enumerate() {
                let (x, y) = ((at % SIDE) as f64 - 2.5, 2.5 - (at / SIDE) as f64);
                // Turned back, with y upwards as in geometry.
                let (x, y) = (cos * x + sin * y, cos * y - sin * x);
                if x.abs() < 2.5 && y.abs() < 2.5 {
                    assert!((f64::from(pixel[0]) - (2.5 - y)).abs() < 1e-5, "{degrees}, {at}: {pixel:?}");
                    assert!((f64::from(pixel[1]) - (2.5 + x)).abs() < 1e-5, "{degrees}, {at}: {pixel:?}");
                    assert!((pixel[2] - 1.0).abs() < 1e-6);
                    whole += 1;
                } else {
                    assert!(pixel[2] < 1.0 + 1e-6);
                }
            }
        }
        assert!(whole > 60, "{whole}");
    }
}
