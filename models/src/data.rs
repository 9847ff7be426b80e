//! Data to try the networks on.
//!
//! The folder `data` of this crate's sources has all of MNIST. The test set is compiled in; the 60,000 images to learn from
//! are not, but lie beside it as `train-images-idx3-ubyte.gz` and `train-labels-idx1-ubyte.gz`, for `convolve-train` to open.

mod scene;

use std::io::Read as _;

use flate2::read::GzDecoder;

pub use scene::{Canvas, Scene};

/// A grey image of 28×28 pixels, from 0 (paper) to 1 (ink).
pub type Digit = [[[f32; 1]; 28]; 28];

/// Images of digits, and which digits they are.
#[derive(Clone, Debug)]
pub struct Digits {
    /// The images, as many as labels.
    pub images: Vec<Digit>,
    /// 0 to 9.
    pub labels: Vec<u8>,
}

/// The 10,000 test images of MNIST (LeCun, Cortes and Burges), which come with this crate.
///
/// # Panics
/// Never: the files are compiled in and tested.
#[must_use]
pub fn mnist_test() -> Digits {
    let images = unzip(include_bytes!("../data/t10k-images-idx3-ubyte.gz"));
    let labels = unzip(include_bytes!("../data/t10k-labels-idx1-ubyte.gz"));
    let (rows, _) = images[IMAGES_HEADER..].as_chunks::<28>();
    let (images, _) = rows.as_chunks::<28>();
    let grey = |pixel: u8| [f32::from(pixel) / 255.0];
    Digits {
        images: images.iter().map(|image| image.map(|row| row.map(grey))).collect(),
        labels: labels[LABELS_HEADER..].to_vec(),
    }
}

/// Bytes before the pixels: a magic number, the count, the height and the width, of 4 bytes each.
const IMAGES_HEADER: usize = 16;
/// Bytes before the labels: a magic number and the count.
const LABELS_HEADER: usize = 8;

fn unzip(file: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).expect("the file is whole");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_set_is_whole() {
        let Digits { images, labels } = mnist_test();
        assert_eq!((images.len(), labels.len()), (10_000, 10_000));
        // As the set's publishers count them.
        let counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
        for (digit, count) in counts.into_iter().enumerate() {
            assert_eq!(labels.iter().filter(|label| usize::from(**label) == digit).count(), count);
        }
        let ink = images.iter().flatten().flatten().flatten();
        let (least, most) =
            ink.clone().fold((1.0f32, 0.0f32), |(least, most), x| (least.min(*x), most.max(*x)));
        assert_eq!((least, most), (0.0, 1.0));
        // The mean of the test set, as it is known.
        let mean = ink.map(|x| f64::from(*x)).sum::<f64>() / 7_840_000.0;
        assert!((mean - 0.1325).abs() < 1e-4, "{mean}");
    }
}
