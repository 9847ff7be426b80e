use super::parts::parts;
use super::rows::{copy_channels, copy_pixels, each_row, load, store};
use crate::run::Run;
use crate::simd::{Grid, Parts, Simd, WithSimd};
use crate::slot::Slot;
use crate::team::Team;

/// Which input cells an enlarged cell takes its value from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResizeMode {
    /// Cell `o / scale`.
    Nearest,
    /// The two nearest along each axis, with half-pixel centres, clamped at the border.
    Bilinear,
    /// The two nearest along each axis, the corner cells aligned.
    BilinearAlignCorners,
}

/// Enlarges a tensor; the scale is output over input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// The tensor read.
    pub input: Slot,
    /// The tensor written; whole multiples of the input's height and width.
    pub output: Slot,
    /// The interpolation.
    pub mode: ResizeMode,
}

impl Resize {
    /// Computes the layer.
    pub fn run(&self, run: &mut Run<'_>) {
        let (level, team) = (run.level, run.team);
        let ([input], output) = run.operands([&self.input], &self.output);
        if self.mode == ResizeMode::Nearest {
            return self.repeat(team, input, output);
        }
        each_row(team, &self.output, output, 8, |y, row| {
            let between = self.mode.between(y, self.input.height, self.output.height);
            level.dispatch(Row { resize: self, rows: between, input, output: row });
        });
    }

    /// Writes each input row with its pixels repeated, then copies of that row.
    fn repeat(&self, team: &Team, input: &[f32], output: &mut [f32]) {
        let Slot { height, width, channels, pitch, .. } = self.output;
        let scale = [height / self.input.height, width / self.input.width];
        // The copies of a row stay together.
        let squares = Parts::new(0..height * width, scale[0] * width, parts(4 * self.output.len()));
        let grid = Grid::new(output, &self.output, squares, Parts::new(0..channels, channels, 1));
        grid.each(team, &mut [], |cells, _| {
            for y in cells.rows().step_by(scale[0]) {
                let from = &input[y / scale[0] * self.input.width * self.input.pitch..];
                cells.runs(y * width..(y + scale[0]) * width, |rows| {
                    let (first, others) = rows.split_at_mut((width * pitch).min(rows.len()));
                    let squares = first.chunks_mut(pitch * scale[1]);
                    for (square, cell) in squares.zip(from.chunks(self.input.pitch)) {
                        for pixel in square.chunks_mut(pitch) {
                            copy_channels(&cell[..channels], &mut pixel[..channels]);
                        }
                    }
                    for row in others.chunks_mut(width * pitch) {
                        copy_pixels(first, pitch, row, pitch, width, channels);
                    }
                });
            }
        });
    }
}

/// A place between two neighbouring cells: `share` of the second, the rest of the first.
#[derive(Clone, Copy)]
pub(crate) struct Between {
    pub(crate) cells: [usize; 2],
    pub(crate) share: f32,
}

impl ResizeMode {
    /// Where cell `index` of `outputs` lies among `inputs` cells.
    pub(crate) fn between(self, index: usize, inputs: usize, outputs: usize) -> Between {
        // The place as a fraction, exactly. A half-pixel centre lies at (index + ½) / scale − ½, and
        // no further out than the first cell's.
        let (numerator, denominator) = match self {
            Self::BilinearAlignCorners => (index * (inputs - 1), (outputs - 1).max(1)),
            Self::Bilinear | Self::Nearest => {
                (((2 * index + 1) * inputs).saturating_sub(outputs), 2 * outputs)
            }
        };
        let first = numerator / denominator;
        let share = (numerator % denominator) as f32 / denominator as f32;
        Between { cells: [first, (first + 1).min(inputs - 1)], share }
    }
}

/// One row of a bilinear enlargement.
struct Row<'a> {
    resize: &'a Resize,
    rows: Between,
    input: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Slot { width, pitch, .. } = self.resize.input;
        let Slot { width: outputs, pitch: out_pitch, channels, .. } = self.resize.output;
        let [above, below] = self.rows.cells.map(|row| &self.input[row * width * pitch..]);
        let down = s.splat(self.rows.share);
        for (x, pixel) in self.output.chunks_mut(out_pitch).enumerate() {
            let columns = self.resize.mode.between(x, width, outputs);
            let across = s.splat(columns.share);
            let [left, right] = columns.cells.map(|column| column * pitch);
            let corners = [&above[left..], &above[right..], &below[left..], &below[right..]];
            let [a, b, c, d] = corners.map(|corner| corner[..channels].chunks(S::LANES));
            let lanes = pixel[..channels].chunks_mut(S::LANES);
            for ((((a, b), c), d), lanes) in a.zip(b).zip(c).zip(d).zip(lanes) {
                let top = mix(s, load(s, a), load(s, b), across);
                let bottom = mix(s, load(s, c), load(s, d), across);
                store(s, mix(s, top, bottom, down), lanes);
            }
        }
    }
}

/// A share of `b`, the rest of `a`.
#[inline(always)]
fn mix<S: Simd>(s: S, a: S::V, b: S::V, share: S::V) -> S::V {
    s.mul_add(s.sub(b, a), share, a)
}
