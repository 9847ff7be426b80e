/// Numbers as they came: bytes stay bytes, at a quarter of the memory of floats.
#[derive(Clone, PartialEq)]
pub(crate) enum Values {
    /// Each divided by `unit` when it is read.
    Bytes { bytes: Vec<u8>, unit: f32 },
    /// Finite ones.
    Floats(Vec<f32>),
}

/// What the brightest pixel of an image is divided by, to be 1.
pub(crate) const WHITE: f32 = 255.0;

impl Values {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bytes { bytes, .. } => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }

    /// Writes those from `start` on, as many as `out` takes.
    pub(crate) fn read(&self, start: usize, out: &mut [f32]) {
        let range = start..start + out.len();
        match self {
            Self::Bytes { bytes, unit } => {
                for (value, byte) in out.iter_mut().zip(&bytes[range]) {
                    *value = f32::from(*byte) / unit;
                }
            }
            Self::Floats(floats) => out.copy_from_slice(&floats[range]),
        }
    }

    /// The first that is infinite or not a number.
    pub(crate) fn unusable(&self) -> Option<(usize, f32)> {
        match self {
            Self::Bytes { .. } => None,
            Self::Floats(floats) => floats.iter().copied().enumerate().find(|(_, value)| !value.is_finite()),
        }
    }
}
