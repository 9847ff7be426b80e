//! Kernels by name or number by number.

use std::str::FromStr;

use convolve_runtime::random::uniform;

use super::source::Source;

/// A kernel as it is slid over the input, not flipped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    pub(crate) name: String,
    pub(crate) shape: [usize; 2],
    numbers: Numbers,
}

#[derive(Clone, Debug, PartialEq)]
enum Numbers {
    Given(Vec<f32>),
    /// From −1 to 1, of the seed that the command is given.
    Random,
}

/// The kernels that have names, each as a divisor and its numbers.
const NAMED: &[(&str, f32, [i8; 9])] = &[
    ("sobel-x", 1.0, [-1, 0, 1, -2, 0, 2, -1, 0, 1]),
    ("sobel-y", 1.0, [-1, -2, -1, 0, 0, 0, 1, 2, 1]),
    ("laplacian", 1.0, [0, 1, 0, 1, -4, 1, 0, 1, 0]),
    ("sharpen", 1.0, [0, -1, 0, -1, 5, -1, 0, -1, 0]),
    ("box", 9.0, [1; 9]),
    ("gaussian", 16.0, [1, 2, 1, 2, 4, 2, 1, 2, 1]),
];

impl FromStr for Kernel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((name, divisor, numbers)) = NAMED.iter().find(|(name, ..)| *name == text) {
            let numbers = numbers.iter().map(|&x| f32::from(x) / divisor).collect();
            return Ok(Self { name: (*name).to_owned(), shape: [3, 3], numbers: Numbers::Given(numbers) });
        }
        if let Ok(Source::Random(shape)) = text.parse() {
            return Ok(Self { name: "random kernel".to_owned(), shape, numbers: Numbers::Random });
        }
        let number = |word: &str| word.parse::<f32>().ok().filter(|x| x.is_finite());
        let rows: Option<Vec<Vec<f32>>> =
            text.split(';').map(|row| row.split_whitespace().map(number).collect()).collect();
        match rows {
            Some(rows) if !rows[0].is_empty() && rows.iter().all(|row| row.len() == rows[0].len()) => {
                let shape = [rows.len(), rows[0].len()];
                let numbers = Numbers::Given(rows.concat());
                Ok(Self { name: "kernel".to_owned(), shape, numbers })
            }
            _ => {
                let names: Vec<&str> = NAMED.iter().map(|(name, ..)| *name).collect();
                Err(format!(
                    "expected {}, `random:3x3`, or rows of as many numbers each, as '1 0 -1; 2 0 -2; 1 0 -1'",
                    names.join(", ")
                ))
            }
        }
    }
}

impl Kernel {
    /// Its numbers, row by row.
    pub(crate) fn numbers(&self, seed: u64) -> Vec<f32> {
        match &self.numbers {
            Numbers::Given(numbers) => numbers.clone(),
            // Not the numbers of a random input.
            Numbers::Random => {
                (0..self.shape[0] * self.shape[1]).map(|index| uniform(!seed, index as u64)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_named_or_written_down() {
        let kernel: Kernel = "1 0 -1; 2 0 -2.5".parse().expect("a kernel");
        assert_eq!((kernel.shape, kernel.numbers(0)), ([2, 3], vec![1.0, 0.0, -1.0, 2.0, 0.0, -2.5]));
        for (name, divisor, numbers) in NAMED {
            let sum: i32 = numbers.iter().map(|&x| i32::from(x)).sum();
            // Those that blur or sharpen keep the mean; those that find edges see none in a flat image.
            assert!(sum == 0 || sum as f32 == *divisor, "{name}");
            assert_eq!(name.parse::<Kernel>().map(|kernel| kernel.shape), Ok([3, 3]));
        }
        for wrong in ["", ";", "1 2; 3", "sobel", "1 nan", "1 inf"] {
            assert!(wrong.parse::<Kernel>().is_err(), "{wrong}");
        }
    }
}
