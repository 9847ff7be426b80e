//! Tensors to pack, and norms among them.

use convolve_runtime::weights::{Data, Fold, Load, pack};

use crate::trial::Rng;

pub(crate) fn bytes(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Tensors 1 to 4 are the norm before, 5 to 8 the norm after, 9 the bias.
pub(crate) const BEFORE: Fold = Fold { weight: 1, bias: 2, mean: 3, variance: 4, epsilon: 1e-3 };
pub(crate) const AFTER: Fold = Fold { weight: 5, bias: 6, mean: 7, variance: 8, epsilon: 1e-5 };
pub(crate) const BIAS: usize = 9;

pub(crate) struct Tensors(pub(crate) Vec<Vec<f32>>);

impl Tensors {
    pub(crate) fn new(weight: usize, inputs: usize, outputs: usize) -> Self {
        let mut rng = Rng(weight as u64);
        let mut tensors = vec![rng.floats(weight, 1.0)];
        for channels in [inputs, outputs] {
            tensors.extend([1.0, 1.0, 1.0, 0.4].map(|size| rng.floats(channels, size)));
            let variances = tensors.last_mut().expect("four were added");
            variances.iter_mut().for_each(|x| *x += 0.5);
        }
        tensors.push(rng.floats(outputs, 1.0));
        Self(tensors)
    }

    /// What the loads make of these tensors, in memory that was not zero before.
    pub(crate) fn pack(&self, load: Load<'_>) -> Vec<f32> {
        let stored: Vec<Vec<u8>> = self.0.iter().map(|tensor| bytes(tensor)).collect();
        let data: Vec<Data<'_>> = stored.iter().map(|bytes| Data::F32(bytes)).collect();
        let mut packed = vec![f32::NAN; load.at() + load.len() + 3];
        pack(&[load], &data, &mut packed);
        assert!(packed[..load.at()].iter().chain(&packed[load.at() + load.len()..]).all(|x| x.is_nan()));
        packed
    }

    pub(crate) fn get(&self, tensor: usize, element: usize) -> f64 {
        f64::from(self.0[tensor][element])
    }

    pub(crate) fn norm(&self, fold: Option<Fold>, channel: usize) -> (f64, f64) {
        fold.map_or((1.0, 0.0), |fold| {
            let deviation = (self.get(fold.variance, channel) + f64::from(fold.epsilon)).sqrt();
            let scale = self.get(fold.weight, channel) / deviation;
            (scale, self.get(fold.bias, channel) - self.get(fold.mean, channel) * scale)
        })
    }
}

pub(crate) fn near(got: f32, want: f64, what: &str) {
    assert!((f64::from(got) - want).abs() <= 6e-8 * want.abs().max(1e-3), "{what}: {got}, expected {want}");
}
