//! The network and what it computed last.

use convolve::{Unfused, Workspace};

use crate::fit::{Digit, Pixel, SIDE, fit};
use crate::picture::Picture;

convolve::cnn! {
    /// Reads a digit, and tells what its layers give, which a prediction never writes to memory.
    #[weights("../../models/weights/mnist_keras.safetensors", layout = keras)]
    #[trace]
    pub(crate) fn Mnist(image: Input<28, 28, 1>) -> Output<10> {
        let conv1 = conv2d(image, filters = 32, kernel_size = 3, padding = same, activation = relu);
        let pool1 = max_pool2d(conv1, kernel_size = 2);
        let conv2 = conv2d(pool1, filters = 64, kernel_size = 3, padding = same, activation = relu);
        let pool2 = max_pool2d(conv2, kernel_size = 2);
        let fc1 = dense(flatten(pool2), units = 128, activation = relu);
        let fc2 = dense(fc1, units = 10, activation = softmax);
        fc2
    }
}

/// What the page shows, and the network that computed it.
pub(crate) struct Page {
    pub(crate) canvas: Vec<[Pixel; SIDE]>,
    /// The ink on the canvas as MNIST would have it.
    pub(crate) image: Digit,
    pub(crate) probabilities: [f32; 10],
    /// Of both convolutions and poolings, in order.
    pub(crate) pictures: Vec<Picture>,
    mnist: Mnist,
    workspace: Workspace<Mnist>,
    layers: Workspace<Unfused<Mnist>>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            canvas: vec![[[0; 4]; SIDE]; SIDE],
            image: [[[0.0]; 28]; 28],
            probabilities: [0.0; 10],
            pictures: Vec::new(),
            mnist: Mnist::new(),
            workspace: Workspace::new(),
            layers: Workspace::new(),
        }
    }
}

impl Page {
    /// Reads the canvas, if there is ink on it.
    pub(crate) fn read(&mut self) -> bool {
        let Some(image) = fit(&self.canvas) else { return false };
        self.image = image;
        self.predict();
        let layers = self.mnist.trace(&self.image, &mut self.layers);
        self.pictures = layers.iter().filter_map(Picture::of).collect();
        true
    }

    /// Predicts from the image that was read last.
    pub(crate) fn predict(&mut self) {
        self.probabilities = *self.mnist.predict(&self.image, &mut self.workspace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_and_layers_agree() {
        let digits = convolve_models::data::mnist_test();
        let mut page = Page::default();
        let mut right = 0;
        for (image, label) in digits.images.iter().zip(&digits.labels).take(100) {
            page.image = *image;
            page.predict();
            let last = page.mnist.trace(image, &mut page.layers).get("fc2").expect("the last layer");
            for (one, other) in page.probabilities.iter().zip(last.data) {
                assert!((one - other).abs() < 1e-5, "{:?} {last:?}", page.probabilities);
            }
            right += usize::from(page.probabilities[usize::from(*label)] > 0.5);
        }
        assert!(right >= 97, "{right}");
    }

    #[test]
    fn an_empty_canvas_is_not_read() {
        let mut page = Page::default();
        assert!(!page.read());
        assert!(page.pictures.is_empty());
    }

    #[test]
    fn every_layer_has_a_picture() {
        let mut page = Page::default();
        page.canvas[140][100..180].fill([0, 0, 0, 255]);
        assert!(page.read());
        let sizes: Vec<_> = page.pictures.iter().map(|it| (it.width, it.pixels.len() / it.width)).collect();
        assert_eq!(sizes, [(231, 115), (119, 59), (239, 59), (127, 31)]);
        assert!(page.pictures.iter().all(|it| it.most > 0.0));
    }
}
