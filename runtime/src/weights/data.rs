use super::{Initial, Parameter};
use crate::random::{mix, normal, uniform};

/// The elements of one tensor: bytes of a weights file, or a rule.
///
/// Bytes are little-endian, of any alignment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Data<'a> {
    /// IEEE 754 single precision.
    F32(&'a [u8]),
    /// IEEE 754 half precision.
    F16(&'a [u8]),
    /// The upper half of single precision.
    Bf16(&'a [u8]),
    /// Every element this value.
    Constant(f32),
    /// Normally distributed around zero; element `i` depends on the key and `i` alone.
    Normal {
        /// Chooses the sequence.
        key: u64,
        /// Standard deviation.
        std: f32,
    },
    /// Uniformly distributed around zero; element `i` depends on the key and `i` alone.
    Uniform {
        /// Chooses the sequence.
        key: u64,
        /// What no element's magnitude exceeds.
        limit: f32,
    },
}

impl Data<'_> {
    /// Element `index` of the flattened tensor.
    ///
    /// # Panics
    /// If the bytes end before it.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> f32 {
        match *self {
            Self::F32(bytes) => f32::from_le_bytes(bytes.as_chunks().0[index]),
            Self::F16(bytes) => half(u16::from_le_bytes(bytes.as_chunks().0[index])),
            Self::Bf16(bytes) => {
                let high = u16::from_le_bytes(bytes.as_chunks().0[index]);
                f32::from_bits(u32::from(high) << 16)
            }
            Self::Constant(value) => value,
            Self::Normal { key, std } => std * normal(key, index as u64),
            Self::Uniform { key, limit } => limit * uniform(key, index as u64),
        }
    }
}

impl Parameter<'_> {
    /// Its elements before any training. `index` is its place in its model's list.
    #[must_use]
    pub fn initial(&self, seed: u64, index: usize) -> Data<'static> {
        match self.initial {
            Initial::Constant(value) => Data::Constant(value),
            Initial::Kernel { fan_in, .. } => {
                Data::Normal { key: key(seed, index), std: super::sqrt(2.0 / fan_in.max(1) as f64) as f32 }
            }
        }
    }
}

/// The untrained tensors of a model, the same for the same seed on every machine.
#[must_use]
pub fn init<const N: usize>(parameters: &[Parameter<'_>; N], seed: u64) -> [Data<'static>; N] {
    core::array::from_fn(|index| parameters[index].initial(seed, index))
}

/// Chooses the random elements of tensor `index` of a model: each tensor has a sequence of its own.
#[must_use]
pub fn key(seed: u64, index: usize) -> u64 {
    mix(seed ^ mix(index as u64))
}

/// Widens a half-precision float, exactly.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10 & 0x1f);
    let mantissa = u32::from(bits & 0x3ff);
    let magnitude = match exponent {
        // A denormal counts units of 2⁻²⁴.
        0 => (mantissa as f32 / 16_777_216.0).to_bits(),
        0x1f => 0x7f80_0000 | mantissa << 13,
        _ => (exponent + (127 - 15)) << 23 | mantissa << 13,
    };
    f32::from_bits(sign | magnitude)
}
