//! Reads the goldens: what PyTorch and Keras compute for a specification (`tests/golden/README.md`).

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::reference::Array;

/// Float32 elements of any number of axes, the last one fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The elements.
    pub data: Vec<f32>,
}

/// One specification with its inputs, its weights and what a framework computes from them.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Descriptive name, unique in its file.
    pub id: String,
    /// The specification.
    pub yaml: String,
    /// Inputs by name; a single unnamed one is called "input".
    pub inputs: BTreeMap<String, Tensor>,
    /// Expected outputs by layer name; a single one has the name "".
    pub outputs: BTreeMap<String, Tensor>,
    /// Weights by `<layer>.<parameter>`, in the layout the specification names.
    pub weights: BTreeMap<String, Tensor>,
    /// What training makes of it, by kind and name.
    pub training: BTreeMap<String, Tensor>,
}

impl Tensor {
    /// As an image or a vector.
    ///
    /// # Panics
    /// If it has neither one nor three axes.
    #[must_use]
    pub fn array(&self) -> Array {
        let [height, width, channels] = match self.shape[..] {
            [height, width, channels] => [height, width, channels],
            [length] => [1, 1, length],
            _ => panic!("{:?} is neither an image nor a vector", self.shape),
        };
        Array { height, width, channels, data: self.values() }
    }

    /// The elements as f64.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.data.iter().copied().map(f64::from).collect()
    }
}

impl Case {
    /// The weights as the bytes of a safetensors file.
    #[must_use]
    pub fn weights_file(&self) -> Vec<u8> {
        let bytes: Vec<(&str, &[usize], Vec<u8>)> = self
            .weights
            .iter()
            .map(|(name, tensor)| {
                let bytes = tensor.data.iter().flat_map(|x| x.to_le_bytes()).collect();
                (name.as_str(), tensor.shape.as_slice(), bytes)
            })
            .collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("shape and data agree");
            (*name, view)
        });
        safetensors::serialize(views, None).expect("weights fit a safetensors file")
    }
}

/// The cases of `golden/<framework>.safetensors`, sorted by their id.
///
/// # Panics
/// If the file is missing or not laid out as `golden/README.md` says.
#[must_use]
pub fn cases(framework: &str) -> Vec<Case> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(framework).with_extension("safetensors");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("a safetensors file");
    let specs = metadata.metadata().iter().flatten();
    let mut cases: BTreeMap<&str, Case> = specs
        .map(|(id, yaml)| (id.as_str(), Case { id: id.clone(), yaml: yaml.clone(), ..Case::default() }))
        .collect();
    for (path, view) in SafeTensors::deserialize(&bytes).expect("a safetensors file").iter() {
        let (id, rest) = path.split_once('/').expect("<case>/<kind>");
        let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
        let case = cases.get_mut(id).unwrap_or_else(|| panic!("{id} has no specification"));
        let (map, name) = match kind {
            "input" => (&mut case.inputs, if name.is_empty() { "input" } else { name }),
            "output" => (&mut case.outputs, name),
            "weights" => (&mut case.weights, name),
            _ => (&mut case.training, rest),
        };
        map.insert(name.to_owned(), tensor(&view));
    }
    cases.into_values().collect()
}

fn tensor(view: &TensorView<'_>) -> Tensor {
    assert_eq!(view.dtype(), Dtype::F32, "goldens are float32");
    let (words, rest) = view.data().as_chunks();
    assert!(rest.is_empty(), "a float32 has four bytes");
    Tensor {
        shape: view.shape().to_vec(),
        data: words.iter().map(|word| f32::from_le_bytes(*word)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_whole() {
        for framework in ["pytorch", "keras"] {
            let cases = cases(framework);
            assert!(cases.len() > 100, "{framework} has {} cases", cases.len());
            for case in cases {
                assert!(!case.yaml.is_empty(), "{}", case.id);
                assert!(!case.inputs.is_empty(), "{}", case.id);
                assert!(!case.outputs.is_empty(), "{}", case.id);
                let tensors = case.inputs.values().chain(case.outputs.values()).chain(case.weights.values());
                for tensor in tensors {
                    assert_eq!(tensor.shape.iter().product::<usize>(), tensor.data.len(), "{}", case.id);
                    assert!(tensor.data.iter().all(|x| x.is_finite()), "{}", case.id);
                }
            }
        }
    }

    #[test]
    fn a_weights_file_holds_the_weights() {
        for case in cases("keras") {
            let bytes = case.weights_file();
            let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
            let read: BTreeMap<String, Tensor> =
                file.iter().map(|(name, view)| (name.to_owned(), tensor(&view))).collect();
            assert_eq!(read, case.weights, "{}", case.id);
        }
    }
}
