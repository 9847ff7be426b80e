//! Digits over noise, to be found pixel by pixel.

use super::Digit;

/// A grey image of 64×64 pixels, from 0 to 1.
pub type Canvas = [[[f32; 1]; SIZE]; SIZE];

const SIZE: usize = 64;
/// Pixels along a digit's side.
const DIGIT: usize = 28;
/// Ink above it makes a pixel one of a digit.
const MARKED: f32 = 0.5;
/// Bright round spots in the background: as bright as digits, so that brightness alone tells nothing.
const SPOTS: usize = 12;
/// The share of the image that is noise of single pixels.
const NOISE: f32 = 0.2;

/// An image with one to three digits, and which of its pixels are theirs.
///
/// ```
/// use convolve_models::DigitSegmentation;
/// use convolve_models::data::{Scene, mnist_test};
///
/// let digits = mnist_test().images;
/// let scene = Scene::compose(1, digits.len(), |index| digits[index]);
/// let model = DigitSegmentation::new();
/// let mut workspace = convolve::Workspace::new();
/// let found = model.predict(&scene.image, &mut workspace);
/// let pairs = found.as_flattened().iter().zip(scene.mask.as_flattened());
/// let right = pairs.filter(|([found], [mask])| (*found > 0.5) == (*mask == 1.0)).count();
/// assert!(right > 64 * 64 * 98 / 100);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Digits over bright spots, under noise.
    pub image: Canvas,
    /// 1 where a digit's ink is more than a half, 0 elsewhere.
    pub mask: Canvas,
}

impl Scene {
    /// Scene number `seed`, with some of `digits` digits, of which `digit` gives the one of an index. Equal arguments give
    /// equal bits.
    ///
    /// # Panics
    /// If there are no digits.
    #[must_use]
    pub fn compose(seed: u64, digits: usize, digit: impl Fn(usize) -> Digit) -> Self {
        let mut random = Random(seed);
        let mut ink = [[0.0f32; SIZE]; SIZE];
        for _ in 0..=random.below(3) {
            let digit = digit(random.below(digits));
            let [top, left] = [(); 2].map(|()| random.below(SIZE - DIGIT + 1));
            for (row, pixels) in ink[top..].iter_mut().zip(&digit) {
                for (ink, [pixel]) in row[left..].iter_mut().zip(pixels) {
                    *ink = ink.max(*pixel);
                }
            }
        }
        let background = spots(&mut random);
        let mut scene = Self { image: [[[0.0]; SIZE]; SIZE], mask: [[[0.0]; SIZE]; SIZE] };
        for row in 0..SIZE {
            for column in 0..SIZE {
                let (ink, behind) = (ink[row][column], background[row][column]);
                let clean = ink + (1.0 - ink) * behind;
                scene.image[row][column] = [(1.0 - NOISE) * clean + NOISE * random.unit()];
                scene.mask[row][column] = [f32::from(ink > MARKED)];
            }
        }
        scene
    }
}

/// Round spots that fade towards their edges, where several meet the brightest.
fn spots(random: &mut Random) -> [[f32; SIZE]; SIZE] {
    let mut background = [[0.0f32; SIZE]; SIZE];
    for _ in 0..SPOTS {
        let [y, x] = [(); 2].map(|()| SIZE as f32 * random.unit());
        let (radius, peak) = (3.0 + 7.0 * random.unit(), 0.5 + 0.5 * random.unit());
        for (row, pixels) in background.iter_mut().enumerate() {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let [down, right] = [row as f32 - y, column as f32 - x];
                let inside = 1.0 - (down * down + right * right) / (radius * radius);
                *pixel = pixel.max(peak * inside.max(0.0) * inside.max(0.0));
            }
        }
    }
    background
}

/// Random numbers in a row: SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number below `end`, from 0.
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// A number from 0 to 1, of the 2²⁴ that single precision holds evenly.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 16_777_216.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Digit = [[[1.0]; DIGIT]; DIGIT];
    const EMPTY: Digit = [[[0.0]; DIGIT]; DIGIT];

    fn pixels(canvas: &Canvas) -> impl Iterator<Item = f32> {
        canvas.as_flattened().iter().map(|[pixel]| *pixel)
    }

    #[test]
    fn masks_mark_one_to_three_digits() {
        let mut counts = [0; 3];
        for seed in 0..100 {
            let scene = Scene::compose(seed, 10, |_| BLACK);
            let marked = pixels(&scene.mask).filter(|mask| *mask == 1.0).count();
            assert!((DIGIT * DIGIT..=3 * DIGIT * DIGIT).contains(&marked));
            counts[(marked - 1) / (DIGIT * DIGIT)] += 1;
            for (pixel, mask) in pixels(&scene.image).zip(pixels(&scene.mask)) {
                assert!(mask == 0.0 || mask == 1.0);
                assert!((0.0..=1.0).contains(&pixel));
                assert!(mask == 0.0 || pixel >= 1.0 - NOISE, "{pixel}");
            }
            let without = Scene::compose(seed, 10, |_| EMPTY);
            assert!(pixels(&without.mask).all(|mask| mask == 0.0));
            let unmarked = pixels(&scene.image).zip(pixels(&without.image)).zip(pixels(&scene.mask));
            assert!(unmarked.filter(|(_, mask)| *mask == 0.0).all(|((with, without), _)| with == without));
        }
        assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
    }

    #[test]
    fn a_seed_is_a_scene() {
        let scene = |seed| Scene::compose(seed, 10, |_| EMPTY);
        assert!(scene(1) == scene(1));
        assert!(scene(1) != scene(2));
    }

    #[test]
    fn all_digits_are_taken() {
        let taken = std::cell::RefCell::new([0; 10]);
        for seed in 0..100 {
            _ = Scene::compose(seed, 10, |index| {
                taken.borrow_mut()[index] += 1;
                EMPTY
            });
        }
        assert!(taken.into_inner().iter().all(|count| *count > 5));
    }
}
