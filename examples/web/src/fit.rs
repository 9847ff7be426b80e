//! Makes of ink what MNIST made of it: <http://yann.lecun.com/exdb/mnist/> has the recipe in words.

use std::ops::Range;

/// A grey image from 0 (paper) to 1 (ink), as the network wants it.
pub(crate) type Digit = [[[f32; 1]; FIELD]; FIELD];
/// Red, green, blue and alpha, of which alpha is the ink.
pub(crate) type Pixel = [u8; 4];

/// Height and width of the canvas.
pub(crate) const SIDE: usize = 280;
/// Height and width of an image of MNIST, and of the box that the ink is scaled to.
const FIELD: usize = 28;
const BOX: usize = 20;

/// The ink scaled to a box of 20 × 20 cells, without distortion, each cell the mean of what lies in it; in a field of
/// 28 × 28, the ink's centre of mass nearest to the middle of cell 14. Like MNIST's, it moves by whole cells. `None` without
/// ink.
pub(crate) fn fit(canvas: &[[Pixel; SIDE]]) -> Option<Digit> {
    let ink = |y: usize, x: usize| f32::from(canvas[y][x][3]) / 255.0;
    let rows = span(|y| (0..SIDE).any(|x| canvas[y][x][3] > 0))?;
    let columns = span(|x| rows.clone().any(|y| canvas[y][x][3] > 0))?;
    let scale = rows.len().max(columns.len()) as f32 / BOX as f32;

    // The box begins where the ink does.
    let mut cells = [[0.0f32; BOX]; BOX];
    for (row, cells) in cells.iter_mut().enumerate() {
        for (column, cell) in cells.iter_mut().enumerate() {
            for (y, height) in shares(row, scale, &rows) {
                for (x, width) in shares(column, scale, &columns) {
                    *cell += ink(y, x) * height * width;
                }
            }
        }
    }

    let total: f32 = cells.as_flattened().iter().sum();
    // Where the box must begin for the centre of mass to lie in cell 14, as far as the ink stays in the field.
    let start = |moment: f32, ink: &Range<usize>| {
        let room = FIELD as f32 - (ink.len() as f32 / scale).ceil();
        (FIELD as f32 / 2.0 - moment / total).round().clamp(0.0, room) as usize
    };
    let weigh = |(row, cells): (usize, &[f32; BOX])| row as f32 * cells.iter().sum::<f32>();
    let top = start(cells.iter().enumerate().map(weigh).sum(), &rows);
    let weigh =
        |cells: &[f32; BOX]| cells.iter().enumerate().map(|(column, it)| column as f32 * it).sum::<f32>();
    let left = start(cells.iter().map(weigh).sum(), &columns);

    let mut field = [[[0.0]; FIELD]; FIELD];
    for (row, cells) in field[top..].iter_mut().zip(&cells) {
        for (pixel, cell) in row[left..].iter_mut().zip(cells) {
            *pixel = [*cell];
        }
    }
    Some(field)
}

/// The lines of the canvas from the first to the last with ink.
fn span(has_ink: impl Fn(usize) -> bool) -> Option<Range<usize>> {
    let first = (0..SIDE).find(|line| has_ink(*line))?;
    let last = (0..SIDE).rfind(|line| has_ink(*line))?;
    Some(first..last + 1)
}

/// The lines of the canvas that a line of cells covers, each with its share of the cell.
fn shares(cell: usize, scale: f32, ink: &Range<usize>) -> impl Iterator<Item = (usize, f32)> {
    let (start, end) = (cell as f32 * scale, (cell + 1) as f32 * scale);
    let lines = start as usize..(end.ceil() as usize).min(ink.len());
    let first = ink.start;
    lines.map(move |line| {
        let covered = end.min((line + 1) as f32) - start.max(line as f32);
        (first + line, covered / scale)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use convolve_models::data::mnist_test;

    /// An image of MNIST as it would be drawn: larger, and anywhere.
    fn enlarge(image: &Digit, scale: usize, top: usize, left: usize) -> Vec<[Pixel; SIDE]> {
        let mut canvas = vec![[[0; 4]; SIDE]; SIDE];
        for (y, row) in image.iter().enumerate() {
            for (x, [ink]) in row.iter().enumerate() {
                for line in &mut canvas[top + y * scale..][..scale] {
                    line[left + x * scale..][..scale].fill([0, 0, 0, (ink * 255.0).round() as u8]);
                }
            }
        }
        canvas
    }

    #[test]
    fn enlarged_images_come_back() {
        let images = mnist_test().images;
        let images = &images[..1000];
        for (scale, top, left) in [(10, 0, 0), (7, 80, 3)] {
            let same = |image: &&Digit| {
                let found = fit(&enlarge(image, scale, top, left)).expect("ink");
                let pairs = found.as_flattened().iter().zip(image.as_flattened());
                pairs.into_iter().all(|([one], [other])| (one - other).abs() < 1e-4)
            };
            let same = images.iter().filter(same).count();
            assert!(same >= 950, "{same} of {} at {scale} times", images.len());
        }
    }

    #[test]
    fn the_canvas_may_be_empty_or_full() {
        assert_eq!(fit(&[[[0; 4]; SIDE]; SIDE]), None);
        let full = fit(&[[[255; 4]; SIDE]; SIDE]).expect("ink");
        let ink = |row: usize, column: usize| {
            if (5..25).contains(&row) && (5..25).contains(&column) { 1.0 } else { 0.0 }
        };
        for (row, pixels) in full.iter().enumerate() {
            for (column, [pixel]) in pixels.iter().enumerate() {
                assert!((pixel - ink(row, column)).abs() < 1e-5, "{row} {column} {pixel}");
            }
        }
    }

    #[test]
    fn a_dot_from_any_corner_is_in_the_middle() {
        for (y, x) in [(0, 0), (0, SIDE - 1), (SIDE - 1, 0), (137, 42)] {
            let mut canvas = vec![[[0; 4]; SIDE]; SIDE];
            canvas[y][x][3] = 255;
            let found = fit(&canvas).expect("ink");
            assert!((found.as_flattened().iter().map(|[ink]| ink).sum::<f32>() - 400.0).abs() < 0.1);
            assert!((found[14][14][0] - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn proportions_stay() {
        // A line five times as high as wide: 20 cells by 4, about cell 14.
        let mut canvas = vec![[[0; 4]; SIDE]; SIDE];
        for row in &mut canvas[30..230] {
            row[200..240].fill([0, 0, 0, 255]);
        }
        let found = fit(&canvas).expect("ink");
        let inked =
            |at: &dyn Fn(usize) -> f32| (0..FIELD).filter(|index| at(*index) > 0.5).collect::<Vec<_>>();
        assert_eq!(inked(&|row| found[row][14][0]), (5..25).collect::<Vec<_>>());
        assert_eq!(inked(&|column| found[14][column][0]), (13..17).collect::<Vec<_>>());
    }
}
