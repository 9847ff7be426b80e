//! Reads digits with a network that `convolve-models` has compiled: what an application does.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use convolve::Workspace;
use convolve_models::Mnist;
use convolve_models::data::Digit;

/// Reads digits, one at a time.
#[derive(Debug)]
pub struct Reader {
    model: Mnist,
    workspace: Workspace<Mnist>,
}

impl Reader {
    /// A reader with the weights that were compiled in.
    #[must_use]
    pub fn new() -> Self {
        Self { model: Mnist::new(), workspace: Workspace::new() }
    }

    /// The digit that the image most likely shows, and how likely that is.
    pub fn read(&mut self, image: &Digit) -> (u8, f32) {
        let probabilities = self.model.predict(image, &mut self.workspace);
        let ranked = (0..).zip(probabilities.iter().copied());
        ranked.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}
