use std::fmt;

use super::values::Values;
use super::{DataError, Dataset};

/// Examples in memory. Images that came as bytes stay bytes, and are scaled to 0 to 1 when they are read.
#[derive(Clone, PartialEq)]
pub struct Arrays {
    inputs: Values,
    targets: Values,
    shape: [usize; 3],
    examples: usize,
    classes: Vec<String>,
}

impl Arrays {
    /// Of numbers: inputs of `shape` (height, width, channels) one after the other, and as many targets of any length.
    ///
    /// # Errors
    /// If there is no input, or part of one, or part of a target, or a number that is not finite.
    pub fn new(inputs: Vec<f32>, targets: Vec<f32>, shape: [usize; 3]) -> Result<Self, DataError> {
        Self::from_values(Values::Floats(inputs), Values::Floats(targets), shape)
    }

    pub(crate) fn from_values(inputs: Values, targets: Values, shape: [usize; 3]) -> Result<Self, DataError> {
        let size = shape.iter().try_fold(1usize, |size, &length| size.checked_mul(length));
        let examples = size.and_then(|size| inputs.len().checked_div(size)).unwrap_or(0);
        if examples == 0 || size.is_none_or(|size| size * examples != inputs.len()) {
            let [height, width, channels] = shape;
            return Err(DataError::new(
                format!("whole inputs of {height}×{width}×{channels} numbers, at least one"),
                format!("{} numbers", inputs.len()),
            ));
        }
        if targets.len() == 0 || !targets.len().is_multiple_of(examples) {
            return Err(DataError::new(
                format!("a target for each of the {examples} inputs, all of the same length"),
                format!("{} numbers in all", targets.len()),
            ));
        }
        for (values, name) in [(&inputs, "inputs"), (&targets, "targets")] {
            if let Some((index, value)) = values.unusable() {
                let example = index / (values.len() / examples);
                return Err(DataError::new(
                    format!("finite {name}"),
                    format!("{value} in example {example}"),
                ));
            }
        }
        Ok(Self { inputs, targets, shape, examples, classes: Vec::new() })
    }

    pub(crate) fn with_classes(mut self, classes: Vec<String>) -> Self {
        self.classes = classes;
        self
    }

    /// Names of the classes in the order of their indices, where the data has names for them.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }
}

impl Dataset for Arrays {
    fn len(&self) -> usize {
        self.examples
    }

    fn input_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn target_len(&self) -> usize {
        self.targets.len() / self.examples
    }

    fn read(&self, index: usize, _key: u64, input: &mut [f32], target: &mut [f32]) {
        for (values, out) in [(&self.inputs, input), (&self.targets, target)] {
            assert_eq!(out.len(), values.len() / self.examples, "the length of what is read");
            values.read(index * out.len(), out);
        }
    }
}

/// Without the numbers.
impl fmt::Debug for Arrays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrays")
            .field("examples", &self.examples)
            .field("input_shape", &self.shape)
            .field("target_len", &self.target_len())
            .field("classes", &self.classes)
            .finish_non_exhaustive()
    }
}
