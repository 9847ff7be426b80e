use std::ops::Range;

use convolve_runtime::random::mix;

use super::{DataError, Dataset};

/// Some of a data set's examples, in their order.
#[derive(Clone, Debug)]
pub struct Subset<D> {
    data: D,
    range: Range<usize>,
}

impl<D: Dataset> Subset<D> {
    /// The examples `range` of `data`.
    ///
    /// # Errors
    /// If they are none, or more than there are.
    pub fn new(data: D, range: Range<usize>) -> Result<Self, DataError> {
        if range.is_empty() || range.end > data.len() {
            return Err(DataError::new(
                format!("a range of some of the {} examples", data.len()),
                format!("{} to {}", range.start, range.end),
            ));
        }
        Ok(Self { data, range })
    }
}

impl<D: Dataset> Dataset for Subset<D> {
    fn len(&self) -> usize {
        self.range.len()
    }

    fn input_shape(&self) -> [usize; 3] {
        self.data.input_shape()
    }

    fn target_len(&self) -> usize {
        self.data.target_len()
    }

    fn read(&self, index: usize, key: u64, input: &mut [f32], target: &mut [f32]) {
        assert!(index < self.len(), "example {index} of {}", self.len());
        self.data.read(self.range.start + index, key, input, target);
    }
}

/// What is learned from, and what is kept for validation: the last `validation` of the examples, from above 0 to below 1,
/// as in Keras, before any shuffling.
///
/// # Errors
/// If either would be without an example.
pub fn split<D: Dataset + ?Sized>(data: &D, validation: f64) -> Result<(Subset<&D>, Subset<&D>), DataError> {
    let examples = data.len();
    let at = (examples as f64 * (1.0 - validation)).floor();
    if !(at >= 1.0 && at < examples as f64) {
        return Err(DataError::new(
            format!("a fraction for validation that parts {examples} examples in two"),
            validation.to_string(),
        ));
    }
    let at = at as usize;
    Ok((Subset::new(data, 0..at)?, Subset::new(data, at..examples)?))
}

/// The examples 0 to `len` in random order, another for each seed and epoch, the same on every machine.
#[must_use]
pub fn order(len: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let key = mix(seed ^ mix(epoch as u64));
    let mut order: Vec<usize> = (0..len).collect();
    // Fisher and Yates' shuffle, as Durstenfeld (1964) wrote it.
    for last in (1..len).rev() {
        order.swap(last, below(mix(key ^ mix(last as u64)), last + 1));
    }
    order
}

/// One of `0..bound`, from 64 random bits: their share of 2⁶⁴ (Lemire 2019; the bias is at most `bound` in 2⁶⁴).
pub(crate) fn below(bits: u64, bound: usize) -> usize {
    ((u128::from(bits) * bound as u128) >> 64) as usize
}
