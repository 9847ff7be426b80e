//! How often a network is right.

mod confusion;

use core::fmt;
use core::str::FromStr;

use convolve_runtime::train::Head;

use crate::UnknownName;
pub use confusion::Confusion;

/// What is counted over the pixels of all images.
///
/// Targets are those of the loss: for several channels a class's index for each pixel, or a share for each channel, of
/// which the greatest is the class; for one channel a number, which is the positive class from 0.5 on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// The share of pixels whose class is right: that of the greatest channel (the first of equals), or for one channel
    /// the positive one where the prediction is above 0.5. Keras's `accuracy`.
    Accuracy,
    /// The share of pixels for which fewer than so many classes are predicted above the right one.
    TopK(usize),
    /// For one channel: of the elements that are positive in prediction or target, the share that is so in both.
    /// One where there are none.
    Iou {
        /// Predictions above it are positive.
        threshold: f32,
    },
    /// The mean over the classes of what [`Metric::Iou`] is for one, without the classes that occur neither in
    /// prediction nor in target. Keras's `MeanIoU`.
    MeanIou,
}

const NAMES: [&str; 4] = ["accuracy", "top_<k>_accuracy", "iou", "mean_iou"];

/// A metric that says nothing of outputs like these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricError {
    metric: Metric,
    channels: usize,
}

impl Metric {
    /// Whether it can be counted for outputs with so many channels.
    ///
    /// # Errors
    /// If it is about one channel and there are several, or the other way round; if k is not below their number; if a
    /// threshold does not lie between 0 and 1.
    pub fn check(self, channels: usize) -> Result<(), MetricError> {
        let fits = match self {
            Self::Accuracy => true,
            Self::TopK(k) => (1..channels).contains(&k),
            Self::Iou { threshold } => channels == 1 && threshold > 0.0 && threshold < 1.0,
            Self::MeanIou => channels > 1,
        };
        if fits { Ok(()) } else { Err(MetricError { metric: self, channels }) }
    }

    /// A count of nothing so far, of outputs with so many channels to which `pending` has not been applied yet:
    /// [`Head::Identity`] for predictions, or the head of the network for what goes into it.
    ///
    /// # Panics
    /// If [`Metric::check`] refuses.
    #[must_use]
    pub fn tally(self, channels: usize, pending: Head) -> Tally {
        if let Err(error) = self.check(channels) {
            panic!("{error}");
        }
        let threshold = match self {
            Self::Iou { threshold } => threshold,
            _ => 0.5,
        };
        // The order of channels survives every head, so only a threshold has to be taken back through it.
        let threshold = match pending {
            Head::Sigmoid => (threshold / (1.0 - threshold)).ln(),
            _ => threshold,
        };
        let classes = if self == Self::MeanIou { channels } else { 0 };
        Tally { metric: self, channels, threshold, hits: 0, all: 0, confusion: Confusion::new(classes) }
    }
}

/// What a metric has counted. All are whole numbers, so tallies of parts, merged in any order, give the same value.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    metric: Metric,
    channels: usize,
    threshold: f32,
    hits: u64,
    all: u64,
    confusion: Confusion,
}

impl Tally {
    /// Counts the pixels of one image.
    ///
    /// # Panics
    /// If the target has neither a number for each pixel nor one for each element, or names a class that does not exist.
    pub fn add(&mut self, output: &[f32], target: &[f32]) {
        for (pixel, class) in pixels(self.channels, output, target) {
            let (hits, all) = match self.metric {
                Metric::Accuracy if self.channels == 1 => ((pixel[0] > self.threshold) == (class > 0), 1),
                Metric::Accuracy => (greatest(pixel) == class, 1),
                Metric::TopK(k) => {
                    let right = pixel[class];
                    // What is not a number is above nothing, and nothing above it: no hit.
                    let above = pixel.iter().filter(|other| **other > right).count();
                    (above < k && !right.is_nan(), 1)
                }
                Metric::Iou { .. } => {
                    let (said, is) = (pixel[0] > self.threshold, class > 0);
                    (said && is, u64::from(said || is))
                }
                Metric::MeanIou => {
                    self.confusion.count(class, greatest(pixel));
                    continue;
                }
            };
            self.hits += u64::from(hits);
            self.all += all;
        }
    }

    /// Adds what another has counted.
    ///
    /// # Panics
    /// If it is of another metric.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!((self.metric, self.channels), (other.metric, other.channels), "tallies of one metric");
        self.hits += other.hits;
        self.all += other.all;
        self.confusion.merge(&other.confusion);
    }

    /// Forgets what was counted.
    pub fn clear(&mut self) {
        (self.hits, self.all) = (0, 0);
        self.confusion.clear();
    }

    /// What it has counted, as numbers that [`Tally::restore`] takes.
    #[must_use]
    pub fn counts(&self) -> Vec<u64> {
        [self.hits, self.all].into_iter().chain(self.confusion.counts().iter().copied()).collect()
    }

    /// Goes on from what another tally of the same metric has counted; says whether these are such counts.
    #[must_use]
    pub fn restore(&mut self, counts: &[u64]) -> bool {
        let [hits, all, confusion @ ..] = counts else { return false };
        (self.hits, self.all) = (*hits, *all);
        self.confusion.restore(confusion)
    }

    /// The metric's value, from 0 to 1; not a number for an accuracy of nothing.
    #[must_use]
    pub fn value(&self) -> f64 {
        match self.metric {
            Metric::MeanIou => self.confusion.mean_iou(),
            Metric::Iou { .. } if self.all == 0 => 1.0,
            _ => self.hits as f64 / self.all as f64,
        }
    }
}

/// Each pixel's channels, and its class in the target: for one channel 1 from 0.5 on.
fn pixels<'a>(
    channels: usize,
    output: &'a [f32],
    target: &'a [f32],
) -> impl Iterator<Item = (&'a [f32], usize)> {
    let count = output.len() / channels;
    let each = target.len() == output.len();
    assert!(each || target.len() == count, "a target for each pixel or for each element");
    output.chunks_exact(channels).enumerate().map(move |(index, pixel)| {
        let class = match (channels, each) {
            (1, _) => usize::from(target[index] >= 0.5),
            (_, true) => greatest(&target[index * channels..][..channels]),
            (_, false) => target[index] as usize,
        };
        (pixel, class)
    })
}

/// The index of the greatest, the first of equals.
fn greatest(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

impl fmt::Display for Metric {
    /// Its name in a history.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accuracy => f.write_str("accuracy"),
            Self::TopK(k) => write!(f, "top_{k}_accuracy"),
            Self::Iou { .. } => f.write_str("iou"),
            Self::MeanIou => f.write_str("mean_iou"),
        }
    }
}

impl FromStr for Metric {
    type Err = UnknownName;

    /// The metric of that name: `accuracy`, `top_5_accuracy` with any number, `iou` with its threshold at 0.5, or
    /// `mean_iou`.
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let k = || name.strip_prefix("top_")?.strip_suffix("_accuracy")?.parse().ok();
        match name {
            "accuracy" => Ok(Self::Accuracy),
            "iou" => Ok(Self::Iou { threshold: 0.5 }),
            "mean_iou" => Ok(Self::MeanIou),
            _ => k().map(Self::TopK).ok_or_else(|| UnknownName {
                what: "metric",
                name: name.to_owned(),
                names: &NAMES,
            }),
        }
    }
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, channels } = self;
        let outputs = if *channels == 1 { "1 channel".into() } else { format!("{channels} channels") };
        write!(f, "`{metric}` says nothing of outputs with {outputs}: ")?;
        match metric {
            Metric::Iou { threshold } if *channels == 1 => {
                write!(f, "its threshold is {threshold}, but must lie between 0 and 1")
            }
            Metric::Iou { .. } => {
                f.write_str("it is for masks of one channel, `mean_iou` for several classes")
            }
            Metric::MeanIou => f.write_str("it is for several classes, `iou` for masks of one channel"),
            Metric::TopK(_) => f.write_str("the number must be above 0, and below that of the classes"),
            Metric::Accuracy => f.write_str("there must be some"),
        }
    }
}

impl core::error::Error for MetricError {}
