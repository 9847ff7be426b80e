//! Which classes are taken for which.

use core::fmt;

use super::{greatest, pixels};

/// Counts of pixels, by their class in the target and in the prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// `[target][prediction]`.
    counts: Vec<u64>,
}

impl Confusion {
    /// Nothing counted yet, of so many classes: the channels of the output, or two for one channel.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }

    /// Counts the pixels of one image: predictions with a channel for each class, or for two classes one channel, above
    /// 0.5 for the second. The target is as in [`super::Metric`].
    ///
    /// # Panics
    /// If the lengths do not fit, or the target names a class that does not exist.
    pub fn add(&mut self, channels: usize, prediction: &[f32], target: &[f32]) {
        for (pixel, class) in pixels(channels, prediction, target) {
            let said = if channels == 1 { usize::from(pixel[0] > 0.5) } else { greatest(pixel) };
            self.count(class, said);
        }
    }

    /// Counts one pixel.
    pub(super) fn count(&mut self, target: usize, prediction: usize) {
        assert!(target < self.classes && prediction < self.classes, "a class that exists");
        self.counts[target * self.classes + prediction] += 1;
    }

    /// Adds what another has counted.
    ///
    /// # Panics
    /// If it has other classes.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.classes, other.classes, "the same classes");
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count += other);
    }

    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }

    pub(super) fn restore(&mut self, counts: &[u64]) -> bool {
        let fits = counts.len() == self.counts.len();
        if fits {
            self.counts.copy_from_slice(counts);
        }
        fits
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// How many classes there are.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Pixels of class `target` that were taken for class `prediction`.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn get(&self, target: usize, prediction: usize) -> u64 {
        assert!(prediction < self.classes, "a class that exists");
        self.counts[target * self.classes + prediction]
    }

    /// The share of pixels on the diagonal; not a number if there are none.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|class| self.get(class, class)).sum();
        right as f64 / self.counts.iter().sum::<u64>() as f64
    }

    /// Of the pixels that are of a class in target or prediction, the share that is so in both; none if it does not
    /// occur.
    #[must_use]
    pub fn iou(&self, class: usize) -> Option<f64> {
        let both = self.get(class, class);
        let (is, said) = (self.row(class), self.column(class));
        let either = is + said - both;
        (either > 0).then(|| both as f64 / either as f64)
    }

    /// The mean of [`Confusion::iou`] over the classes that occur; 1 if none does.
    #[must_use]
    pub fn mean_iou(&self) -> f64 {
        let values = (0..self.classes).filter_map(|class| self.iou(class));
        let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
        if count == 0 { 1.0 } else { sum / f64::from(count) }
    }

    /// Of the pixels of a class, the share that was found; none if there are none.
    #[must_use]
    pub fn recall(&self, class: usize) -> Option<f64> {
        let is = self.row(class);
        (is > 0).then(|| self.get(class, class) as f64 / is as f64)
    }

    fn row(&self, target: usize) -> u64 {
        (0..self.classes).map(|prediction| self.get(target, prediction)).sum()
    }

    fn column(&self, prediction: usize) -> u64 {
        (0..self.classes).map(|target| self.get(target, prediction)).sum()
    }
}

impl fmt::Display for Confusion {
    /// A table: a row for each class of the target, a column for each of the prediction, and the share found of each
    /// row.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest = self.counts.iter().max().copied().unwrap_or(0).max(self.classes as u64);
        let width = largest.to_string().len() + 2;
        write!(f, "{:8}", "")?;
        for prediction in 0..self.classes {
            write!(f, "{prediction:>width$}")?;
        }
        writeln!(f, "{:>9}", "found")?;
        for target in 0..self.classes {
            write!(f, "{target:>8}")?;
            for prediction in 0..self.classes {
                write!(f, "{:>width$}", self.get(target, prediction))?;
            }
            match self.recall(target) {
                Some(share) => writeln!(f, "{:>7.2} %", 100.0 * share)?,
                None => writeln!(f, "{:>9}", "none")?,
            }
        }
        Ok(())
    }
}
